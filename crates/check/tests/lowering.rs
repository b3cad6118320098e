//! What a flow becomes: steps over one frame, chained by block, with what was lifted out of expressions ahead of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod common;

use std::fmt::Write as _;

use common::{beside_the_example, human};
use countersign_check::check;
use countersign_ir::program::{Action, Branch, Flow, Program, Step, StepKind, Undo, Verification};
use countersign_ir::suite::{Suite, TestStepKind};

fn compiled(case: &str) -> (Program, Suite) {
    let checked = check(&beside_the_example(case));
    let said = human(&checked);
    let compiled = checked.compiled.unwrap_or_else(|| panic!("{said}"));
    (compiled.program, compiled.suite)
}

/// A flow as a table: stage, step, where it goes on, where it stands, what it does.
fn steps(flow: &Flow) -> String {
    let mut out = String::new();
    let names: Vec<&str> = flow.slots.iter().map(|slot| slot.name.as_str()).collect();
    writeln!(out, "slots {names:?}, entry {:?}", flow.entry.map(|id| id.0)).unwrap();
    for (at, step) in flow.steps.iter().enumerate() {
        let next = step.next.map_or("-".to_owned(), |id| id.0.to_string());
        let place = step.parent.map_or(String::new(), |(id, branch)| match branch {
            Branch::Body => format!(" in {}", id.0),
            Branch::Refused => format!(" in {} refused", id.0),
        });
        writeln!(out, "{at} → {next}{place}: {:?} {}", step.stage, does(step)).unwrap();
    }
    out
}

fn does(step: &Step) -> String {
    match &step.kind {
        StepKind::Let { into, .. } => format!("let {}", into.0),
        StepKind::Decide { into, .. } => format!("decide {}", into.0),
        StepKind::Read { into, .. } => format!("read {}", into.0),
        StepKind::History { into, .. } => format!("history {}", into.0),
        StepKind::Render { into, .. } => format!("render {}", into.0),
        StepKind::Approve(approve) => {
            let shown: Vec<&str> = approve.showing.iter().map(|shown| shown.label.as_str()).collect();
            format!(
                "approve, yes {:?}, no {:?}, showing {shown:?}",
                approve.body.map(|id| id.0),
                approve.refused.map(|id| id.0)
            )
        }
        StepKind::Act { into, inside, .. } => {
            format!(
                "act {:?} inside {:?}",
                into.map(|slot| slot.0),
                inside.iter().map(|id| id.0).collect::<Vec<_>>()
            )
        }
        StepKind::When { body, .. } => format!("when, then {:?}", body.map(|id| id.0)),
        StepKind::Verify { check, .. } => {
            format!(
                "verify `{}` reading into {:?}",
                check.text,
                check.reads.iter().map(|(slot, _)| slot.0).collect::<Vec<_>>()
            )
        }
        StepKind::Skip { .. } => "skip".into(),
        StepKind::Hand { .. } => "hand".into(),
        StepKind::Tell { .. } => "tell".into(),
    }
}

#[test]
fn blocks_are_chained_and_reads_stand_ahead_of_what_needs_them() {
    let (program, _) = compiled(
        r#"use people.{accounts_payable, cfo, finance_lead}
use records.{Invoice}
use systems.{billing, erp, mail}
secret HOOK
approval payment { full => ask finance_lead within 4h else refuse }
flow pay owned by accounts_payable {
  on webhook "/invoices" as invoice: Invoice { signed standard with secret HOOK  once per invoice.id for 30d }
  understand {
    trusted = erp.vendor(erp.invoice(invoice.id).vendor).trusted
    vendor  = erp.vendor(invoice.vendor)
  }
  decide { when not trusted => skip because "unknown" }
  act {
    approve payment at full "Pay?" showing [invoice, vendor.contact] {
      four eyes with invoice.entered_by
      paid = billing.pay(invoice)
      when paid.status is settled => { erp.mark(invoice, settled) }
    } if refused {
      erp.mark(invoice, refused)
      tell cfo "refused"
    }
    mail.send(to: vendor.contact, body: render "remittance.txt" with { paid, invoice })
  }
  verify { erp.invoice(invoice.id).status is settled and billing.payment(paid.id).status is settled within 1d }
}"#,
    );
    insta::assert_snapshot!(steps(&program.flows[0]), @r#"
    slots ["invoice", "", "", "trusted", "vendor", "paid", "", "", ""], entry Some(0)
    0 → 1: Understand read 1
    1 → 2: Understand read 2
    2 → 3: Understand let 3
    3 → 4: Understand read 4
    4 → 6: Decide when, then Some(5)
    5 → - in 4: Decide skip
    6 → 12: Act approve, yes Some(7), no Some(10), showing ["invoice", "vendor.contact"]
    7 → 8 in 6: Act act Some(5) inside [6]
    8 → - in 6: Act when, then Some(9)
    9 → - in 8: Act act None inside [6]
    10 → 11 in 6 refused: Act act None inside []
    11 → - in 6 refused: Act tell
    12 → 13: Act render 6
    13 → 14: Act act None inside []
    14 → -: Verify verify `erp.invoice(invoice.id).status is settled and billing.payment(paid.id).status is settled` reading into [7, 8]
    "#);
}

fn action<'p>(program: &'p Program, name: &str) -> &'p Action {
    program.systems.iter().flat_map(|system| &system.actions).find(|action| action.name == name).unwrap()
}

#[test]
fn the_frame_of_an_action_holds_params_result_before_probe_and_the_reads_of_its_proof() {
    let (program, _) = compiled(
        "use systems.{billing, erp}\nuse records.{Invoice}\nsimulation { when billing.pay(it) then erp.invoice(it.id) is it }\nsample x: Invoice = { id: \"i\", vendor: \"v\", amount: 1 EUR, due: 2026-12-01, status: open, entered_by: \"Ana@acme.test\" }",
    );
    let mark = action(&program, "mark");
    let Verification::Independent { check, within } = &mark.verify else { panic!("{:?}", mark.verify) };
    assert_eq!((mark.result_slot(), mark.before_slot(), mark.probe_slot(), mark.frame_size()), (2, 3, 4, 6));
    assert_eq!(check.reads.iter().map(|(slot, _)| slot.index()).collect::<Vec<_>>(), [5]);
    assert_eq!(format!("{:?}", check.condition), "Compare(Equal, Field(Slot(Slot(5)), 4), Slot(Slot(1)))");
    assert_eq!(check.text, "invoice(invoice.id).status == status");
    assert_eq!(*within, 60_000_000_000);
    let Undo::By { args, .. } = &mark.undo else { panic!("{:?}", mark.undo) };
    assert_eq!(format!("{args:?}"), "[Slot(Slot(0)), Field(Slot(Slot(3)), 4)]");
    let matches = mark.probe.as_ref().unwrap().matches.as_ref().unwrap();
    assert_eq!(format!("{matches:?}"), "Compare(Equal, Field(Slot(Slot(4)), 4), Slot(Slot(1)))");
}

#[test]
fn bodies_of_the_same_shape_are_one_record_without_a_name() {
    let (program, _) = compiled(
        "record Case { id: Text }\nsystem desk {\n  via sim {}\n  read known(id: Text) -> Bool { get \"/{id}\" }\n\
         \x20 action open(id: Text, note: Text) {\n    effect creates Case\n    do post \"/a\" { id, note }\n    verify known(id) within 1min\n    undo close(id, note)\n  }\n\
         \x20 action close(id: Text, note: Text) {\n    effect deletes Case\n    do post \"/b\" { id: id, note: note }\n    verify not known(id) within 1min\n    irreversible because \"gone\"\n  }\n}",
    );
    let nameless: Vec<usize> =
        program.records.iter().filter(|record| record.name.is_empty()).map(|r| r.fields.len()).collect();
    assert_eq!(nameless, [2]);
}

#[test]
fn a_fault_of_a_whole_system_is_one_of_each_of_its_operations() {
    let (_, suite) = compiled(
        "use systems.{billing}\ntest \"down\" {\n  given billing goes down for 3h\n  then never billing.pay\n}",
    );
    let given = suite.tests[0].steps.iter().filter(|step| matches!(step.kind, TestStepKind::Given(_)));
    let lines: Vec<(&str, u32)> = given.map(|step| (step.text.as_str(), step.line)).collect();
    assert_eq!(lines, [("given billing goes down for 3h", 3); 5]);
}

#[test]
fn what_follows_on_a_yes_is_written_behind_each_ask() {
    let (program, _) = compiled(
        "use people.{cfo, finance_lead}\napproval payment { full => ask finance_lead within 1d else ask cfo within 2d else refuse then ask cfo within 3d else refuse }",
    );
    let shown = format!("{:?}", program.approvals[0].levels[0].consent);
    assert_eq!(shown.matches("then: Some").count(), 2, "{shown}");
    assert_eq!(shown.matches("259200000000000").count(), 2, "{shown}");
}
