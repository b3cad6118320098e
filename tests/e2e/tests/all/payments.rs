//! What needs nobody, and what needs nobody's objection.

use std::time::Duration;

use e2e::stack::{ANA, DANA, ELI};
use e2e::{Invoice, Setup, Stack, eventually};

use crate::books::{nothing_was_paid, paid_once_and_read_back};

#[test]
fn a_small_invoice_of_a_trusted_vendor_is_paid_at_once_proved_and_told() {
    let mut stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    let seen = stack.until(&run, "done");

    let payment = paid_once_and_read_back(&stack, "i-1", "120.00");
    assert_eq!(seen.action("billing.pay"), "verified");
    assert_eq!(stack.receiver.invoice_status("i-1"), "settled");

    let mail = stack.mail_to("ap@paper.test", &["i-1"]);
    assert_eq!(mail.subject, format!("Payment {}", payment.id));
    assert!(mail.text.contains("We have paid your invoice i-1: 120.00 EUR."), "{mail:?}");
    assert_eq!(stack.mailbox().len(), 1, "nobody else was told: {:?}", stack.mailbox());

    let why = stack.cli(ANA, &["why", &run]);
    for word in ["small, and we know them", "billing.pay", "120.00 EUR"] {
        assert!(why.ok().contains(word), "`{word}` is not in:\n{}", why.out);
    }
    stack.cli(ANA, &["audit", "verify"]).ok();
    stack.down();
    stack.command(ANA, &["audit", "verify"]).ok();
}

#[test]
fn an_invoice_within_the_leads_mandate_is_paid_when_nobody_objects_in_time() {
    let stack = Stack::with(&Setup { speed: 600, ..Setup::default() });
    let run = stack.submit(&Invoice::new("i-1", "3000.00"));
    for lead in [DANA, ELI] {
        stack.mail_to(lead, &["Pay 3000.00 EUR to Acme Paper?"]);
    }
    nothing_was_paid(&stack);
    assert_eq!(stack.run(&run).status, "open");

    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "3000.00");
    stack.mail_to("ap@paper.test", &["i-1", "3000.00 EUR"]);
    let why = stack.api(ANA).why(&run).expect("the run has a why");
    assert_eq!(why["consents"][0]["evidence"], "silence", "{why}");
}

#[test]
fn an_objection_stops_the_payment_and_the_ledger_says_so() {
    let stack = Stack::with(&Setup { speed: 120, ..Setup::default() });
    let run = stack.submit(&Invoice::new("i-1", "3000.00"));
    let task = stack.task(DANA, "approval", Some(&run));
    stack.cli(DANA, &["object", &task.id, "--because", "we have not received the goods"]).ok();

    stack.until(&run, "refused");
    assert_eq!(stack.receiver.invoice_status("i-1"), "refused");
    let why = stack.cli(ANA, &["why", &run]);
    for word in [DANA, "we have not received the goods"] {
        assert!(why.ok().contains(word), "`{word}` is not in:\n{}", why.out);
    }
    // The window ends, and nothing follows from it.
    stack.pass(Duration::from_mins(35));
    assert_eq!(stack.run(&run).status, "refused");
    nothing_was_paid(&stack);
}

#[test]
fn nobody_is_taken_to_agree_who_could_not_be_told() {
    let mut stack = Stack::with(&Setup { speed: 600, ..Setup::default() });
    stack.mail.down();
    let run = stack.submit(&Invoice::new("i-1", "3000.00"));
    stack.task(DANA, "approval", Some(&run));
    stack.pass(Duration::from_mins(45));
    assert_eq!(stack.run(&run).status, "open");
    nothing_was_paid(&stack);

    stack.mail.up();
    stack.mail_to(DANA, &["Pay 3000.00 EUR to Acme Paper?"]);
    nothing_was_paid(&stack);
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "3000.00");
}

#[test]
fn an_objection_that_comes_too_late_offers_the_way_back() {
    let mut stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "3000.00"));
    let task = eventually("the window begins", || {
        let tasks = stack.api(DANA).inbox()?;
        tasks.iter().find(|task| task.deadline.is_some()).cloned().ok_or_else(|| format!("{tasks:?}"))
    });
    stack.sleep_past(task.deadline.as_deref().expect("it has one"));
    stack.until(&run, "done");

    let late = stack.cli(DANA, &["object", &task.id, "--because", "we have not received the goods"]).fails();
    assert!(late.contains("nobody objected in time"), "{late}");
    let offer = stack.task(ANA, "objection", None);
    let suggestion = offer.suggestion.or(stack.task_detail(&offer.id).suggestion).unwrap_or_default();
    assert!(suggestion.contains(&format!("countersign undo {run}")), "{suggestion}");
    paid_once_and_read_back(&stack, "i-1", "3000.00");

    stack.cli(ANA, &["undo", &run, "--because", "as Dana says"]).ok();
    eventually("it is taken back", || match stack.receiver.books().refunds.len() {
        1 => Ok(()),
        count => Err(format!("{count} refunds")),
    });
}

#[test]
fn a_dead_mail_server_holds_up_the_remittance_and_not_the_payment() {
    let mut stack = Stack::start();
    stack.mail.down();
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    eventually("the payment is proved", || match stack.run(&run).action("billing.pay") {
        "verified" => Ok(()),
        other => Err(other.to_owned()),
    });
    assert_eq!(stack.run(&run).status, "open");
    stack.mail.up();
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "120.00");
    stack.mail_to("ap@paper.test", &["i-1"]);
    assert_eq!(stack.mailbox().len(), 1, "{:?}", stack.mailbox());
}
