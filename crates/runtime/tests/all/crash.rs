//! A process that is killed: what was acknowledged goes on, nothing is done twice, nothing is fired twice.

use countersign_engine::protocol::{Body, Fact};
use countersign_ir::wire::Verb;
use countersign_runtime::audit::replay_store;
use countersign_store::StoreRead;

use crate::stage::{
    Act, PATH, Systems, deliver, eventually, invoice, name, run_is, start, start_scaled, task,
};
use crate::stores::Shared;

#[tokio::test]
async fn a_read_that_was_out_is_made_again() {
    let (store, systems) = (Shared::default(), Systems::new());
    systems.script(|call| if name(call) == "erp.vendor" { Act::Hang } else { Act::World });
    let first = start(store.at(), &systems).await;
    let receipt = deliver(&first, "i-1", 120).await;
    eventually("the read", async || (systems.calls("erp.vendor") == 1).then_some(())).await;

    let after = store.killed_now();
    systems.script(|_| Act::World);
    let second = start(after.at(), &systems).await;
    run_is(&second, receipt.run.as_deref().unwrap(), "done").await;
    assert_eq!(systems.calls("erp.vendor"), 2);
    assert_eq!(systems.payments(), ["i-1"]);
}

async fn killed_while_paying(act: impl Fn() -> Act + Send + Sync + 'static) -> (Vec<String>, Vec<String>) {
    let (store, systems) = (Shared::default(), Systems::new());
    systems.script(move |call| if name(call) == "billing.pay" { act() } else { Act::World });
    let first = start(store.at(), &systems).await;
    let receipt = deliver(&first, "i-1", 120).await;
    eventually("the payment", async || (systems.calls("billing.pay") == 1).then_some(())).await;

    let after = store.killed_now();
    systems.script(|_| Act::World);
    let second = start(after.at(), &systems).await;
    let view = run_is(&second, receipt.run.as_deref().unwrap(), "done").await;
    second.shutdown().await.unwrap();
    let report = after.look(|store| replay_store(store));
    assert!(report.is_sound(), "{:?} {:?}", report.parted, report.unreplayed);
    let facts = view.journal.into_iter().flat_map(|entry| entry.facts);
    let probed = facts.filter_map(|fact| match fact {
        Fact::Probed { outcome, .. } => Some(outcome),
        _ => None,
    });
    (systems.payments(), probed.collect())
}

#[tokio::test]
async fn a_payment_that_was_out_and_never_arrived_is_looked_up_and_then_sent_once() {
    let (payments, probed) = killed_while_paying(|| Act::Hang).await;
    assert_eq!(payments, ["i-1"]);
    assert_eq!(probed, ["absent"]);
}

#[tokio::test]
async fn a_payment_that_took_effect_is_found_and_not_sent_again() {
    let (payments, probed) = killed_while_paying(|| Act::EffectThenHang).await;
    assert_eq!(payments, ["i-1"]);
    assert_eq!(probed, ["found"]);
}

#[tokio::test]
async fn an_event_that_was_acknowledged_is_known_to_the_next_process() {
    let (store, systems) = (Shared::default(), Systems::new());
    systems.script(|_| Act::Hang);
    let first = start(store.at(), &systems).await;
    let receipt = deliver(&first, "i-1", 120).await;
    let after = store.killed_now();
    systems.script(|_| Act::World);
    let second = start(after.at(), &systems).await;
    let again = second.deliver(PATH, Some("msg-i-1"), &invoice("i-1", 120)).await.unwrap();
    assert_eq!(again, receipt);
    run_is(&second, receipt.run.as_deref().unwrap(), "done").await;
    assert_eq!(systems.payments(), ["i-1"]);
}

#[tokio::test]
async fn timers_that_came_due_while_away_fire_once_and_in_order() {
    let (store, systems) = (Shared::default(), Systems::new());
    let first = start_scaled(store.at(), &systems, 60).await.unwrap();
    let mut runs = Vec::new();
    for n in 0..3 {
        runs.push(deliver(&first, &format!("i-{n}"), 3_000).await.run.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // The window of an objection opens once the notice was taken.
    eventually("three windows", async || {
        let open = store.look(|store| store.due_timers(i64::MAX, 100).unwrap());
        (open.len() == 3).then_some(())
    })
    .await;
    let after = store.killed_now();
    let before = after.look(|store| store.last_position().unwrap());
    // The next process finds itself an hour later.
    after.change(|store| {
        use countersign_store::Store;
        let clock = store.meta("clock").unwrap().unwrap();
        let mut words: Vec<String> = clock.split(' ').map(str::to_owned).collect();
        words[1] = (words[1].parse::<i64>().unwrap() + 3_600_000_000_000).to_string();
        store.put_meta("clock", &words.join(" ")).unwrap();
    });
    let second = start_scaled(after.at(), &systems, 60).await.unwrap();
    for run in &runs {
        run_is(&second, run, "done").await;
    }
    let due = after.look(|store| store.entries_after(before, 1000).unwrap());
    let due: Vec<_> =
        due.into_iter().filter(|entry| entry.kind == "due" && entry.cell.kind == "task").collect();
    assert_eq!(due.len(), 3, "each fired once");
    let mut payments = systems.payments();
    payments.sort();
    assert_eq!(payments, ["i-0", "i-1", "i-2"]);
    let mut times = Vec::new();
    for entry in &due {
        let opened = after.look(|store| store.entries(&entry.cell, 1, 1).unwrap()[0].at);
        times.push(opened);
    }
    assert!(times.is_sorted(), "in the order in which they came due");
}

#[tokio::test]
async fn a_stale_reply_changes_nothing_and_still_leaves_the_outbox() {
    let (store, systems) = (Shared::default(), Systems::new());
    systems.script(|call| if call.verb == Verb::Deliver { Act::Hang } else { Act::World });
    let first = start(store.at(), &systems).await;
    let receipt = deliver(&first, "i-3", 20_000).await;
    let approval = task(&first, "approval", "Pay").await;
    eventually("the notices", async || (systems.calls("notice") == 3).then_some(())).await;
    for person in ["dana@acme.test", "carol@acme.test"] {
        crate::stage::answer(&first, person, &approval.key, countersign_engine::task::Choice::Approve)
            .await
            .unwrap();
    }
    eventually("the remittance", async || (systems.calls("mail.send") == 1).then_some(())).await;
    let after = store.killed_now();
    assert!(after.look(|store| store.outbox_len().unwrap()) >= 4);
    systems.script(|_| Act::World);
    let second = start(after.at(), &systems).await;
    // Of the remittance nobody knows whether it left: a person is asked. The notices are about a settled task.
    eventually("an empty outbox", async || {
        (after.look(|store| store.outbox_len().unwrap()) == 0).then_some(())
    })
    .await;
    run_is(&second, receipt.run.as_deref().unwrap(), "blocked").await;
    let cell = countersign_store::CellId::new("main", "task", approval.key.as_str());
    let entries = after.look(|store| store.entries(&cell, 1, 1000).unwrap());
    let told_after = entries.iter().filter(|entry| {
        let input: countersign_engine::protocol::Input = countersign_ir::from_cbor(&entry.body).unwrap();
        matches!(input.body, Body::Replied { .. })
    });
    assert!(told_after.count() <= 3);
}
