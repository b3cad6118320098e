//! Events become runs: once each, in groups, all the way to the proof.

use std::time::Duration;

use countersign_engine::protocol::{Fact, Fate};
use countersign_engine::task::Choice;
use countersign_runtime::audit::replay_store;
use countersign_runtime::{InputError, Limits, Options, RunFilter, Runtime};

use crate::stage::{
    PATH, Systems, answer, deliver, eventually, invoice, memory, options, quick, run_is, start, start_scaled,
    task,
};
use crate::stores::Shared;

#[tokio::test]
async fn a_small_invoice_is_paid_proved_and_on_record() {
    let (store, systems) = (Shared::default(), Systems::new());
    let handle = start(store.at(), &systems).await;
    let receipt = deliver(&handle, "i-1", 120).await;
    assert_eq!(receipt.fate, Fate::Accepted);
    let view = run_is(&handle, receipt.run.as_deref().unwrap(), "done").await;
    assert_eq!(systems.payments(), ["i-1"]);
    let facts: Vec<_> = view.journal.iter().flat_map(|entry| &entry.facts).collect();
    assert!(facts.iter().any(
        |fact| matches!(fact, Fact::Decided { decision, answer, .. } if decision == "approval_level" && answer == "instant")
    ));
    assert!(facts.iter().any(
        |fact| matches!(fact, Fact::Verified { what, grade, .. } if what == "billing.pay" && grade == "independent")
    ));
    let listed = handle.runs(RunFilter::default()).await.unwrap();
    assert_eq!((listed.len(), listed[0].fields["status"].as_str()), (1, "done"));
    assert_eq!(handle.gauges().rows("run").get("done"), Some(&1));
    handle.shutdown().await.unwrap();

    let report = store.look(|store| replay_store(store));
    assert!(report.is_sound(), "{:?} {:?}", report.parted, report.unreplayed);
    assert!(report.replayed_entries > 5);
}

#[tokio::test]
async fn the_same_message_a_hundred_times_at_once_is_one_run() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let body = invoice("i-1", 120);
    let sent: Vec<_> = (0..100)
        .map(|_| {
            let (handle, body) = (handle.clone(), body.clone());
            tokio::spawn(async move { handle.deliver(PATH, Some("msg-1"), &body).await.unwrap() })
        })
        .collect();
    let mut receipts = Vec::new();
    for one in sent {
        receipts.push(one.await.unwrap());
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "each got the first answer");
    run_is(&handle, receipts[0].run.as_deref().unwrap(), "done").await;
    assert_eq!(handle.runs(RunFilter::default()).await.unwrap().len(), 1);
    assert_eq!(systems.payments(), ["i-1"]);
}

#[tokio::test]
async fn the_same_event_under_other_ids_is_a_duplicate_of_the_first() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let body = invoice("i-1", 120);
    let mut accepted = 0;
    let mut events = Vec::new();
    let sent: Vec<_> = (0..50)
        .map(|n| {
            let (handle, body) = (handle.clone(), body.clone());
            tokio::spawn(async move { handle.deliver(PATH, Some(&format!("msg-{n}")), &body).await.unwrap() })
        })
        .collect();
    for one in sent {
        let receipt = one.await.unwrap();
        accepted += usize::from(receipt.fate == Fate::Accepted);
        events.push((receipt.event, receipt.run));
    }
    assert_eq!(accepted, 1);
    events.dedup();
    assert_eq!(events.len(), 1, "all name the first event and its run");
    run_is(&handle, events[0].1.as_deref().unwrap(), "done").await;
    assert_eq!(systems.payments(), ["i-1"]);
}

#[tokio::test]
async fn the_same_key_with_another_payload_is_a_conflict_that_the_owner_sees() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let first = deliver(&handle, "i-1", 120).await;
    let second = handle.deliver(PATH, Some("msg-other"), &invoice("i-1", 121)).await.unwrap();
    assert_eq!((second.fate, &second.event), (Fate::Conflict, &first.event));
    let task = task(&handle, "conflict", "say different things").await;
    assert_eq!(task.fields["people"], "ana@acme.test,ben@acme.test");
    run_is(&handle, first.run.as_deref().unwrap(), "done").await;
    assert_eq!(systems.payments(), ["i-1"]);
}

#[tokio::test]
async fn what_breaks_its_type_is_kept_with_the_path_and_runs_nothing() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let body = String::from_utf8(invoice("i-1", 120)).unwrap().replace("EUR", "USD");
    let receipt = handle.deliver(PATH, Some("msg-1"), body.as_bytes()).await.unwrap();
    let Fate::Rejected { path, problem } = &receipt.fate else { panic!("{receipt:?}") };
    assert_eq!((path.as_str(), problem.as_str()), ("amount", "expected EUR, found USD"));
    let task = task(&handle, "rejected", "amount").await;
    answer(&handle, "ana@acme.test", &task.key, Choice::Acknowledge).await.unwrap();
    assert!(handle.runs(RunFilter::default()).await.unwrap().is_empty());
    let again = handle.deliver(PATH, Some("msg-1"), &invoice("i-1", 120)).await.unwrap();
    assert_eq!(again, receipt, "a repeated id gets the first answer");
}

#[tokio::test]
async fn many_events_share_a_commit() {
    let (store, systems) = (Shared::slow(Duration::from_millis(10)), Systems::new());
    let handle = start(store.at(), &systems).await;
    let sent: Vec<_> = (0..100)
        .map(|n| {
            let handle = handle.clone();
            tokio::spawn(async move { deliver(&handle, &format!("i-{n}"), 120).await })
        })
        .collect();
    for one in sent {
        assert_eq!(one.await.unwrap().fate, Fate::Accepted);
    }
    let commits = handle.gauges().commits();
    assert!(commits <= 20, "100 events in {commits} commits");
    eventually("100 payments", async || (systems.payments().len() == 100).then_some(())).await;
}

#[tokio::test]
async fn the_door_is_busy_past_its_depth_and_keeps_nothing_then() {
    let (store, systems) = (Shared::default(), Systems::new());
    let limits = Limits { calls_out: 0, ..quick() };
    let handle = Runtime::start(Options { limits, ..options(store.at(), &systems) }).await.unwrap();
    let error = handle.deliver(PATH, Some("msg-1"), &invoice("i-1", 120)).await.unwrap_err();
    assert!(matches!(error, InputError::Busy), "{error}");
    assert_eq!(handle.gauges().entries(), 0);
    let unknown = handle.deliver("/nowhere", None, b"{}").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no trigger `/nowhere`");
    let large = handle.deliver(PATH, None, &vec![b' '; (1 << 20) + 1]).await.unwrap_err();
    assert!(matches!(large, InputError::TooLarge { .. }), "{large}");
}

#[tokio::test]
async fn events_without_an_id_of_their_own_are_told_apart_by_their_key_alone() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let first = handle.deliver(PATH, None, &invoice("i-1", 120)).await.unwrap();
    let second = handle.deliver(PATH, None, &invoice("i-1", 120)).await.unwrap();
    assert_eq!((first.fate, second.fate), (Fate::Accepted, Fate::Duplicate));
    assert_eq!(first.event, second.event);
}

#[tokio::test]
async fn silence_approves_after_the_window_in_scaled_time() {
    let systems = Systems::new();
    let handle = start_scaled(memory(), &systems, 10_000).await.unwrap();
    let receipt = deliver(&handle, "i-2", 3_000).await;
    let view = run_is(&handle, receipt.run.as_deref().unwrap(), "done").await;
    let waited = view.run.ended.unwrap().at - view.run.began;
    assert!(waited >= 30 * 60 * 1_000_000_000, "it waited half an hour of its own time: {waited} ns");
    assert_eq!(systems.payments(), ["i-2"]);
}
