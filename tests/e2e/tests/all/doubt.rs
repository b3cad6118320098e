//! When a system's word and the world differ, or no word comes.

use e2e::clock::instant;
use e2e::stack::ANA;
use e2e::{Does, Fault, Invoice, Setup, Stack};

use crate::books::{attempts, never_tried_blindly, paid_once_and_read_back};

#[test]
fn a_payment_that_is_confirmed_but_never_made_is_a_task_and_the_run_is_not_done() {
    let stack = Stack::with(&Setup { speed: 600, ..Setup::default() });
    stack.receiver.misbehave(&Fault::on("POST /payments", Does::AnswerWithoutEffect));
    let run = stack.submit(&Invoice::new("i-1", "120.00"));

    // The window is ten minutes: a second of ours.
    let seen = stack.until(&run, "blocked");
    assert_eq!(seen.action("billing.pay"), "unverified");
    let task = stack.task(ANA, "problem", Some(&run));
    assert_eq!(task.about.as_deref(), Some("billing.pay"));
    let took = instant(&seen.began).duration_until(instant(&task.opened));
    assert!((10..15).contains(&took.as_mins()), "the owner was asked after {took:#}");
    assert_eq!(stack.receiver.books().payments, []);
    assert_eq!(attempts(&stack.receiver.record(), "i-1").len(), 1);
    assert_eq!(stack.mailbox().iter().filter(|mail| mail.to == "ap@paper.test").count(), 0);
    stack.mail_to(ANA, &["billing.pay"]);
}

#[track_caller]
fn is_found_and_not_made_again(does: Does) {
    let stack = Stack::start();
    stack.receiver.misbehave(&Fault::on("POST /payments", does).times(1));
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    stack.until(&run, "done");

    let payment = paid_once_and_read_back(&stack, "i-1", "120.00");
    let record = stack.receiver.record();
    assert_eq!(attempts(&record, "i-1").len(), 1, "it was found: {record:#?}");
    let looked = record.iter().find(|e| e.is("GET /payments") && e.query == "invoice=i-1");
    assert!(looked.is_some_and(|looked| looked.n > payment.n), "{record:#?}");
    let why = stack.api(ANA).why(&run).expect("the run has a why");
    let pay = why["actions"].as_array().and_then(|all| all.iter().find(|a| a["action"] == "billing.pay"));
    assert_eq!(pay.map(|pay| &pay["how"]), Some(&"found".into()), "{why}");
}

#[test]
fn a_payment_that_was_made_though_the_answer_was_500_is_found() {
    is_found_and_not_made_again(Does::EffectThenFail(500));
}

#[test]
fn a_payment_that_was_made_though_the_connection_broke_is_found() {
    is_found_and_not_made_again(Does::EffectThenClose);
}

#[test]
fn a_payment_that_failed_is_made_again_only_after_a_look() {
    let stack = Stack::start();
    stack.receiver.misbehave(&Fault::on("POST /payments", Does::Fail(500)).times(2));
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "120.00");
    let record = stack.receiver.record();
    let attempts = attempts(&record, "i-1");
    assert_eq!(attempts.iter().map(|a| a.status).collect::<Vec<_>>(), [Some(500), Some(500), Some(201)]);
    assert!(attempts.iter().all(|attempt| attempt.key == attempts[0].key), "one payment has one key");
    never_tried_blindly(&record, "i-1");
}

#[test]
fn a_refusal_of_billing_is_a_task_at_once_that_shows_what_it_said() {
    let stack = Stack::start();
    stack.receiver.misbehave(&Fault::on("POST /payments", Does::Fail(422)).times(1));
    let run = stack.submit(&Invoice::new("i-1", "120.00"));
    stack.until(&run, "blocked");
    let task = stack.task(ANA, "problem", Some(&run));
    let shown = serde_json::json!(stack.task_detail(&task.id).showing).to_string();
    assert!(shown.contains("failed as told"), "{shown}");
    assert_eq!(stack.receiver.books().payments, []);

    stack.cli(ANA, &["answer", &task.id, "retry"]).ok();
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "120.00");
}

#[test]
fn what_a_dead_system_could_not_take_goes_out_when_it_is_back() {
    let mut stack = Stack::start();
    stack.receiver.enter(&[Invoice::new("i-1", "120.00")]);
    stack.receiver.down();
    let run = stack.send(&e2e::Message::about(&Invoice::new("i-1", "120.00"))).run();
    stack.pass(std::time::Duration::from_mins(2));
    assert_eq!(stack.run(&run).status, "open");
    stack.receiver.up();
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "120.00");
}
