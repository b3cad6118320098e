//! Taking back what was done.

use e2e::stack::{ANA, BEN, DANA};
use e2e::{Does, Fault, Invoice, Stack, eventually};

use crate::books::paid_once_and_read_back;

fn until_taken_back(stack: &Stack, run: &str) {
    eventually("the run is taken back", || {
        let seen = stack.api(ANA).run(run)?;
        if seen.undone { Ok(()) } else { Err(seen.story()) }
    });
}

#[test]
fn a_payment_is_taken_back_once_by_its_owner_with_a_reason_that_stays_on_record() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    stack.until(&run, "done");
    let payment = paid_once_and_read_back(&stack, "i-1", "120.00");

    let other = stack.cli(DANA, &["undo", &run, "--because", "I would rather not"]).fails();
    assert!(other.contains("accounts_payable"), "it says who may: {other}");
    assert_eq!(stack.receiver.books().refunds, []);

    stack.cli(ANA, &["undo", &run, "--because", "the vendor has sent it twice"]).ok();
    until_taken_back(&stack, &run);
    let books = stack.receiver.books();
    assert_eq!(books.refunds.iter().map(|refund| &refund.payment).collect::<Vec<_>>(), [&payment.id]);
    assert_eq!(books.of("i-1")[0].status, "refunded");
    let record = stack.receiver.record();
    let refunded = record.iter().find(|e| e.is("POST /payments/{id}/refund")).expect("a refund").n;
    let path = format!("/payments/{}", payment.id);
    assert!(record.iter().any(|e| e.n > refunded && e.path == path), "it was read back: {record:#?}");

    let story = stack.run(&run).story();
    assert!(story.contains(ANA) && story.contains("the vendor has sent it twice"), "{story}");
    for person in [ANA, BEN] {
        stack.cli(person, &["undo", &run, "--because", "once more"]).fails();
    }
    assert_eq!(stack.receiver.books().refunds.len(), 1);
    stack.cli(ANA, &["audit", "verify"]).ok();
}

#[test]
fn a_refund_that_was_made_though_the_answer_was_500_is_found() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    stack.until(&run, "done");
    stack.receiver.misbehave(&Fault::on("POST /payments/{id}/refund", Does::EffectThenFail(500)).times(1));
    stack.cli(BEN, &["undo", &run, "--because", "the vendor has sent it twice"]).ok();
    until_taken_back(&stack, &run);
    assert_eq!(stack.receiver.books().refunds.len(), 1);
    let asked = stack.receiver.record().into_iter().filter(|e| e.is("POST /payments/{id}/refund")).count();
    assert_eq!(asked, 1, "it was found, and not asked for again");
}

#[test]
fn a_run_that_did_nothing_cannot_be_taken_back() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00"));
    stack.task(DANA, "approval", Some(&run));
    let open = stack.cli(ANA, &["undo", &run, "--because", "a mistake"]).fails();
    assert!(open.contains("on its way"), "{open}");
    assert_eq!(stack.receiver.books().refunds, []);
}
