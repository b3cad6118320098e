//! One invoice, one run, one payment: whatever comes how often.

use std::time::Duration;

use e2e::stack::ANA;
use e2e::{Invoice, Message, Reply, Stack};

use crate::books::{attempts, paid_once_and_read_back};

#[test]
fn a_webhook_that_comes_a_hundred_times_at_once_starts_one_run() {
    let stack = Stack::start();
    let invoice = Invoice::new("i-1", "120.00");
    stack.receiver.enter(std::slice::from_ref(&invoice));
    let message = Message::about(&invoice);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..100).map(|_| scope.spawn(|| stack.send(&message))).collect();
        posts.into_iter().map(|post| post.join().expect("a post gets its answer")).collect()
    });

    let run = replies[0].run();
    for reply in &replies {
        assert_eq!((reply.run(), reply.field("event")), (run.clone(), replies[0].field("event")));
    }
    stack.until(&run, "done");
    assert_eq!(stack.api(ANA).runs().expect("runs").len(), 1);
    paid_once_and_read_back(&stack, "i-1", "120.00");
    assert_eq!(attempts(&stack.receiver.record(), "i-1").len(), 1);
}

#[test]
fn a_second_event_for_an_invoice_that_says_something_else_is_a_conflict_for_the_owner() {
    let mut stack = Stack::start();
    let invoice = Invoice::new("i-1", "120.00");
    let first = stack.post(&invoice);
    let run = first.run();
    let other = Message::new("msg-other", &Invoice::new("i-1", "130.00").json());
    let second = stack.send(&other);
    assert_eq!((second.status, second.field("run")), (409, run.as_str()), "{second:?}");
    assert_eq!(second.field("event"), first.field("event"));

    let task = stack.task(ANA, "conflict", None);
    let shown = serde_json::json!(stack.task_detail(&task.id).showing).to_string();
    for amount in ["120.00 EUR", "130.00 EUR"] {
        assert!(shown.contains(amount), "`{amount}` is not in {shown}");
    }
    stack.until(&run, "done");
    stack.restart();
    assert_eq!(stack.send(&other).status, 409, "a repeated id gets the first answer again");
    paid_once_and_read_back(&stack, "i-1", "120.00");
    assert_eq!(stack.api(ANA).runs().expect("runs").len(), 1);
}

#[test]
fn a_second_event_for_an_invoice_under_another_id_pays_nothing() {
    let mut stack = Stack::start();
    let invoice = Invoice::new("i-1", "120.00");
    let run = stack.submit(&invoice);
    // The same, though it is written otherwise.
    let same = serde_json::json!({"entered_by": "ana@acme.test", "status": "open", "due": "2026-12-01",
        "amount": "120 EUR", "vendor": "v-1", "id": "i-1"});
    let second = stack.send(&Message::new("msg-2", &same));
    assert_eq!((second.run().as_str(), second.field("fate")), (run.as_str(), "duplicate"));
    stack.until(&run, "done");

    stack.restart();
    let third = stack.send(&Message::new("msg-3", &invoice.json()));
    assert_eq!((third.run().as_str(), third.field("fate")), (run.as_str(), "duplicate"));

    // When the door has forgotten the event, the payment is still remembered.
    stack.sleep_through(Duration::from_hours(31 * 24));
    let fourth = stack.send(&Message::new("msg-4", &invoice.json()));
    assert_eq!(fourth.field("fate"), "accepted", "{fourth:?}");
    stack.until(&fourth.run(), "done");
    let payment = paid_once_and_read_back(&stack, "i-1", "120.00");
    let record = stack.receiver.record();
    assert_eq!(attempts(&record, "i-1").len(), 1);
    let path = format!("/payments/{}", payment.id);
    assert!(
        record.iter().filter(|entry| entry.path == path).count() >= 2,
        "the second run proved it as well"
    );
}
