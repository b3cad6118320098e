//! What test blocks can say, and what they see of the example.

use countersign_test::coverage;

use crate::project::{check_passes, invoices, report, run};

#[test]
fn the_examples_own_tests_pass_and_see_every_rule() {
    let tests = include_str!("../../../../examples/invoices/tests.flow");
    let own = tests.split_once("\n// Who").map(|(_, rest)| format!("// Who{rest}")).unwrap();
    let results = run(&own);
    for result in &results {
        assert!(result.passed(), "{}", report(result));
    }
    for decision in coverage(&invoices().program, &results) {
        assert_eq!(
            (decision.covered, &decision.missing),
            (decision.rules, &Vec::new()),
            "{}",
            decision.decision
        );
    }
}

#[test]
fn fast_track_tells_and_waits_for_objections() {
    check_passes(
        r#"
        test "silence approves after half an hour" {
          when  pay_invoice receives middle
          then  level is fast_track
          then  told finance_lead
          then  never billing.pay
          after 29min
          then  never billing.pay
          then  run open
          after 2min
          then  did billing.pay once
          then  run done
        }

        test "an objection in time refuses, and the ledger hears of it" {
          when  pay_invoice receives middle
          when  "dana@acme.test" objects because "not ours"
          then  never billing.pay
          then  did erp.mark once
          then  run refused
        }

        test "a late objection changes nothing and offers the way back" {
          when  pay_invoice receives middle
          after 31min
          then  run done
          when  "eli@acme.test" objects because "too late"
          then  did billing.pay once
          then  run done
          then  task for accounts_payable about billing.pay
        }
        "#,
    );
}

#[test]
fn full_review_needs_two_people_and_escalates() {
    check_passes(
        r#"
        test "two of the named people" {
          when  pay_invoice receives large
          then  asked [finance_lead, cfo]
          when  finance_lead approves
          then  never billing.pay
          when  cfo approves
          then  did billing.pay once
          then  run done
        }

        test "two members of one role are two people, one person twice is not" {
          when  pay_invoice receives large
          when  "dana@acme.test" approves
          when  "dana@acme.test" approves
          then  never billing.pay
          when  finance_lead approves
          then  run done
        }

        test "refused as soon as two of three can no longer agree" {
          when  pay_invoice receives large
          when  "dana@acme.test" refuses because "no order"
          then  run open
          when  "carol@acme.test" refuses because "no order"
          then  run refused
          then  never billing.pay
          then  did erp.mark once
        }

        test "after two office days the cfo alone is asked" {
          when  pay_invoice receives large
          after 1d in office
          when  "dana@acme.test" approves
          after 1d in office
          then  run open
          then  task for cfo about billing.pay
          when  "carol@acme.test" approves
          then  run done
        }

        test "nobody answers at all" {
          when  pay_invoice receives large
          after 3d in office
          then  run refused
          then  never billing.pay
          then  did erp.mark once
        }
        "#,
    );
}

#[test]
fn four_eyes_are_two_pairs() {
    check_passes(
        r#"
        test "whoever entered it cannot agree to it" {
          when  pay_invoice receives large with { entered_by: "dana@acme.test" }
          when  "dana@acme.test" approves
          when  "eli@acme.test" approves
          then  never billing.pay
          then  run open
          when  "carol@acme.test" approves
          then  run done
        }

        test "a stranger to the directory makes the question go to the owner, whose yes is not the level's" {
          when  pay_invoice receives large with { entered_by: "mallory@acme.test" }
          then  asked accounts_payable
          when  "dana@acme.test" approves
          when  accounts_payable approves
          then  never billing.pay
          then  run blocked
          then  task for accounts_payable about billing.pay
        }

        test "the owner may refuse it" {
          when  pay_invoice receives large with { entered_by: "mallory@acme.test" }
          when  accounts_payable refuses because "who is that"
          then  run open
          when  accounts_payable refuses because "indeed"
          then  never billing.pay
          then  run refused
        }
        "#,
    );
}

#[test]
fn what_billing_does_wrong_is_settled_or_shown() {
    check_passes(
        r#"
        test "200 and nothing done" {
          given billing.pay(_) answers without effect
          when  pay_invoice receives small
          after 10min
          then  unverified billing.pay
          then  run blocked
          then  task for accounts_payable about billing.pay
        }

        test "500 but applied" {
          given billing.pay(_) takes effect but answers 500
          when  pay_invoice receives small
          after 1h
          then  did billing.pay once
          then  run done
        }

        test "500 and not applied, once" {
          given billing.pay(_) fails with 500 1 times
          when  pay_invoice receives small
          after 1min
          then  did billing.pay once
          then  run done
        }

        test "time-outs without effect" {
          given billing.pay(_) times out 3 times
          when  pay_invoice receives small
          after 10min
          then  did billing.pay once
          then  run done
        }

        test "a look-up that fails for a while is tried again before anything is sent" {
          given billing.pay(_) takes effect but answers 502
          given billing.payments_for(_) fails with 500 for 10min
          when  pay_invoice receives small
          then  run open
          after 20min
          then  did billing.pay once
          then  run done
        }

        test "503 for an hour" {
          given billing.pay(_) fails with 503 for 1h
          when  pay_invoice receives small
          then  run open
          after 62min
          then  did billing.pay once
          then  run done
        }

        test "down for three hours" {
          given billing.pay(_) goes down for 3h
          when  pay_invoice receives small
          then  run open
          after 182min
          then  did billing.pay once
          then  run done
        }

        test "down for longer than a day" {
          given billing.pay(_) goes down for 30d
          when  pay_invoice receives small
          after 25h
          then  run blocked
          then  task for accounts_payable about billing.pay
        }

        test "500 for hours ends with the owner" {
          given billing.pay(_) fails with 500
          when  pay_invoice receives small
          after 2h
          then  run blocked
          then  task for accounts_payable about billing.pay
        }

        test "409 is the owner's at once" {
          given billing.pay(_) fails with 409
          when  pay_invoice receives small
          then  run blocked
          then  task for accounts_payable about billing.pay
        }

        test "an answer that says failed" {
          given billing.pay(_) answers { id: "p-9", invoice: "i-1", amount: 120 EUR, status: failed }
          when  pay_invoice receives small
          after 10min
          then  unverified billing.pay
          then  run blocked
        }

        test "an amount that differs" {
          given billing.pay(_) answers { id: "p-9", invoice: "i-1", amount: 12 EUR, status: settled }
          when  pay_invoice receives small
          after 10min
          then  unverified billing.pay
        }
        "#,
    );
}

#[test]
fn what_else_goes_wrong() {
    check_passes(
        r#"
        test "the ledger is down when the vendor is looked up" {
          given erp.vendor(_) goes down for 1h
          when  pay_invoice receives small
          then  run open
          after 62min
          then  run done
        }

        test "there is no such vendor" {
          given erp.vendor("v-9") fails with 404
          when  pay_invoice receives small with { vendor: "v-9" }
          then  run blocked
          then  task for accounts_payable
        }

        test "the mail server is down for an hour" {
          given mail.send(_, _) goes down for 1h
          when  pay_invoice receives small
          then  did billing.pay once
          then  run open
          after 62min
          then  did mail.send once
          then  run done
        }

        test "nobody can be told, so silence approves nothing" {
          given mail.send(_, _) goes down for 30d
          when  pay_invoice receives middle
          after 31min
          then  run open
          then  never billing.pay
        }

        test "the ledger never hears of the payment" {
          given erp.invoice("i-1") is small
          given erp.invoice(_) fails with 500
          when  pay_invoice receives small
          then  did billing.pay once
          after 25h
          then  run blocked
          then  task for accounts_payable
        }
        "#,
    );
}
