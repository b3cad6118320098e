//! Who and what gets in.

use std::time::Duration;

use e2e::stack::ANA;
use e2e::{Invoice, Message, Stack, http};
use serde_json::json;

#[track_caller]
fn nothing_runs(stack: &Stack) {
    assert_eq!(stack.api(ANA).runs().expect("runs"), []);
    assert_eq!(stack.receiver.record(), []);
}

#[test]
fn a_payload_that_breaks_its_type_is_turned_away_with_the_place_and_its_owner_sees_it() {
    let stack = Stack::start();
    let good = Invoice::new("i-1", "120.00").json();
    for (place, (field, value)) in [
        ("amount", json!({"amount": "-5.00", "currency": "EUR"})),
        ("amount", json!({"amount": "5.00", "currency": "USD"})),
        ("due", json!("tomorrow")),
        ("status", json!("perhaps")),
        ("entered_by", json!(null)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut payload = good.clone();
        payload[field] = value;
        let reply = stack.send(&Message::new(&format!("msg-{place}"), &payload));
        assert_eq!((reply.status, reply.field("path")), (422, field), "{reply:?}");
        assert!(!reply.field("problem").is_empty(), "{reply:?}");
    }
    let mut missing = good.clone();
    missing.as_object_mut().expect("an object").remove("vendor");
    let reply = stack.send(&Message::new("msg-missing", &missing));
    assert_eq!((reply.status, reply.field("path")), (422, "vendor"), "{reply:?}");

    e2e::eventually("the owner sees all six", || {
        let tasks = stack.api(ANA).inbox()?;
        let rejected = tasks.iter().filter(|task| task.kind == "rejected").count();
        if rejected == 6 { Ok(()) } else { Err(format!("{tasks:?}")) }
    });
    let inbox = stack.cli(ANA, &["inbox"]);
    assert!(inbox.ok().contains("`due`"), "{}", inbox.out);
    let task = stack.task(ANA, "rejected", None);
    let shown = json!(stack.task_detail(&task.id).showing).to_string();
    assert!(shown.contains("-5.00"), "the payload is kept: {shown}");
    nothing_runs(&stack);

    // The sender's id names one delivery: a better payload needs another.
    let again = stack.send(&Message::new("msg-2", &good));
    assert_eq!((again.status, again.field("path")), (422, "due"), "{again:?}");
    nothing_runs(&stack);
    let corrected = stack.send(&Message::new("msg-better", &good));
    assert_eq!(corrected.status, 202, "{corrected:?}");
}

#[test]
fn what_is_no_json_or_no_object_is_turned_away() {
    let stack = Stack::start();
    for (id, body) in
        [("msg-1", "{"), ("msg-2", "[]"), ("msg-3", "null"), ("msg-4", ""), ("msg-5", "\"i-1\"")]
    {
        let message = Message::with_body(id, body);
        let reply = stack.send(&message);
        assert_eq!(reply.status, 422, "{body:?}: {reply:?}");
    }
    nothing_runs(&stack);
}

#[test]
fn who_does_not_sign_or_signs_wrongly_or_comes_late_is_turned_away() {
    let stack = Stack::start();
    let invoice = Invoice::new("i-1", "120.00");
    let message = Message::about(&invoice);
    let rejected = [
        message.clone().signed_with("whsec_b3RoZXIgc2VjcmV0IG9mIHNvbWVib2R5").post(&stack.door()),
        message.clone().sent_before(Duration::from_mins(10)).post(&stack.door()),
        message.post_as(&stack.door(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        message.post_as(&stack.door(), "v1a,nonsense"),
        message.post_as(&stack.door(), ""),
    ];
    for reply in rejected {
        let reply = reply.expect("the door answers");
        assert_eq!(reply.status, 401, "{reply:?}");
        assert!(!reply.field("error").is_empty(), "{reply:?}");
    }
    let bare = http::send("POST", &stack.door(), &[], Some(&message.body)).expect("the door answers");
    assert_eq!(bare.status, 401, "{bare:?}");
    let elsewhere = http::send("POST", &format!("{}/erp/bills", stack.url()), &[], Some("{}"));
    assert_eq!(elsewhere.expect("the door answers").status, 404);
    nothing_runs(&stack);
    assert_eq!(stack.api(ANA).all_tasks().expect("tasks"), []);

    // What was turned away was not kept, so that the same id may come again.
    stack.until(&stack.post(&invoice).run(), "done");
}

#[test]
fn a_repeated_id_gets_the_first_answer_again_whatever_it_carries() {
    let mut stack = Stack::start();
    let first = stack.post(&Invoice::new("i-1", "120.00"));
    let run = first.run();
    let other = Message::new("msg-i-1", &Invoice::new("i-2", "20.00").json());
    assert_eq!(stack.send(&other), first);
    stack.until(&run, "done");
    stack.restart();
    assert_eq!(stack.send(&other), first);
    assert_eq!(stack.api(ANA).runs().expect("runs").len(), 1);
    assert!(stack.receiver.books().of("i-2").is_empty());
}
