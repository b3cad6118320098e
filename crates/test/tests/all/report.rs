//! What a failing test says, and which rules tests have seen.

use countersign_ir::program::FlowId;
use countersign_ir::suite::{Claim, Suite, Test, TestStep, TestStepKind};
use countersign_test::{TestResult, coverage, run_suite};

use crate::engine::{invoice, small};
use crate::project::{deployment, invoices, report, run};

#[test]
fn a_failure_says_what_was_expected_what_was_found_and_what_had_happened() {
    let results = run(r#"
        test "too early" {
          when  pay_invoice receives middle
          after 10min
          then  did billing.pay once
          then  run refused
        }
    "#);
    insta::assert_snapshot!(report(&results[0]));
}

fn failure(tests: &str) -> String {
    let results = run(&format!("test \"t\" {{ {tests} }}"));
    match &results[0].failure {
        Some(failure) => format!("{}: expected {}, found {}", failure.step, failure.expected, failure.found),
        None => "passed".to_owned(),
    }
}

#[test]
fn each_claim_says_what_it_missed() {
    let failures = [
        "when pay_invoice receives small  then level is full_review",
        "when pay_invoice receives small  then did billing.pay 2 times",
        "then did billing.pay",
        "when pay_invoice receives small  then never billing.pay",
        "when pay_invoice receives small  then unverified billing.pay",
        "when pay_invoice receives small  then unverified erp.mark",
        "when pay_invoice receives large  then task for accounts_payable about billing.pay",
        "when pay_invoice receives small  then asked [cfo]",
        "when pay_invoice receives small  then told cfo",
        "when pay_invoice receives large  then run done",
        "when pay_invoice receives small  then run open",
        "when finance_lead approves  then never billing.pay",
        "when pay_invoice receives middle  when finance_lead approves  then did billing.pay",
    ];
    let said: Vec<String> = failures.iter().map(|test| failure(test)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// The claims of a suite that a test block makes in the engine's own terms.
fn steps(kinds: impl IntoIterator<Item = TestStepKind>) -> Vec<TestResult> {
    let steps = kinds.into_iter().map(|kind| TestStep { text: "a step".into(), line: 1, kind });
    let test = Test { name: "by hand".into(), file: "tests.flow".into(), steps: steps.collect() };
    let compiled = invoices();
    let suite = Suite { simulation: compiled.suite.simulation.clone(), tests: vec![test] };
    run_suite(&deployment(compiled.program.clone()), &suite, None)
}

#[test]
fn runs_are_counted_and_conflicts_seen() {
    let receive = |payload, times| TestStepKind::Receive { flow: FlowId(0), payload, times };
    let claims = [
        receive(small(), 100),
        TestStepKind::Then(Claim::Runs(1)),
        receive(invoice("i-1", 130, "ana@acme.test"), 1),
        TestStepKind::Then(Claim::Runs(1)),
        TestStepKind::Then(Claim::Conflict),
        receive(invoice("i-2", 130, "ana@acme.test"), 1),
        TestStepKind::Then(Claim::Runs(2)),
    ];
    assert!(steps(claims)[0].passed());
    let found =
        |claim| steps([receive(small(), 2), TestStepKind::Then(claim)]).remove(0).failure.unwrap().found;
    assert_eq!(found(Claim::Runs(2)), "1 runs");
    assert_eq!(found(Claim::Conflict), "no such task");
}

#[test]
fn coverage_names_the_rules_that_never_fired() {
    let results = run(r#"
        test "small" { when pay_invoice receives small  then run done }
        test "large" { when pay_invoice receives large  then run open }
    "#);
    let seen = coverage(&invoices().program, &results);
    let lines = seen.iter().map(|decision| {
        format!(
            "{}: {}/{}, never {:?}",
            decision.decision, decision.covered, decision.rules, decision.missing
        )
    });
    let lines: Vec<String> = lines.collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn only_tests_whose_name_contains_the_filter_run() {
    let compiled = invoices();
    let test = |name: &str| Test { name: name.into(), file: "tests.flow".into(), steps: Vec::new() };
    let suite =
        Suite { simulation: Vec::new(), tests: vec![test("a refund"), test("a payment"), test("refunds")] };
    let results = run_suite(&deployment(compiled.program.clone()), &suite, Some("refund"));
    let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names, ["a refund", "refunds"]);
}

#[test]
fn three_weeks_pass_in_no_time() {
    let results = run(r#"
        test "three weeks" {
          when  pay_invoice receives large
          after 21d
          then  run refused
        }
    "#);
    assert!(results[0].passed(), "{}", report(&results[0]));
    assert!(results[0].virtual_time >= 21 * 86_400 * 1_000_000_000);
}
