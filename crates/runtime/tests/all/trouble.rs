//! What fails: the store, connectors, inputs that no step can be made of.

use std::sync::Arc;

use countersign_engine::protocol::Fact;
use countersign_ir::value::Value;
use countersign_runtime::{Connectors, Fatal, InputError, Options, RunFilter, Runtime};
use countersign_store::{InMemory, IndexQuery, NewEntry, Store, StoreRead, TimerChange, Transition};

use crate::stage::{
    Act, PATH, Systems, deliver, eventually, invoice, memory, name, options, run_is, start, task,
};
use crate::stores::Shared;

#[tokio::test]
async fn a_commit_that_fails_acknowledges_nothing_and_ends_the_process() {
    let (store, systems) = (Shared::default(), Systems::new());
    let handle = start(store.at(), &systems).await;
    deliver(&handle, "i-1", 120).await;
    store.fail();
    let before = store.look(|store| store.last_position().unwrap());
    let error = handle.deliver(PATH, Some("msg-2"), &invoice("i-2", 120)).await.unwrap_err();
    assert!(matches!(error, InputError::Ending), "{error}");
    let ended = handle.ended().await.unwrap_err();
    assert!(matches!(&ended, Fatal::Commit(_)), "{ended}");
    assert!(ended.to_string().contains("the disk is gone"), "{ended}");
    assert_eq!(store.look(|store| store.last_position().unwrap()), before);
    let after = handle.deliver(PATH, Some("msg-3"), &invoice("i-3", 120)).await.unwrap_err();
    assert!(matches!(after, InputError::Ending), "{after}");
}

#[tokio::test]
async fn a_system_without_a_connector_is_one_that_nothing_was_sent_to() {
    let systems = Systems::new();
    let bare = Options { connect: Box::new(|_, _| Ok(Connectors::new())), ..options(memory(), &systems) };
    let handle = Runtime::start(bare).await.unwrap();
    let run = deliver(&handle, "i-1", 120).await.run.unwrap();
    let reason = eventually("a failure", async || {
        let view = handle.run(&run).await.unwrap()?;
        view.journal.into_iter().flat_map(|entry| entry.facts).find_map(|fact| match fact {
            Fact::Failed { class, reason, .. } => Some(format!("{class}: {reason}")),
            _ => None,
        })
    })
    .await;
    assert_eq!(reason, "infrastructure: there is no connector for `erp`");
}

#[tokio::test]
async fn a_connector_that_fails_in_itself_leaves_a_payment_in_doubt_and_nothing_else() {
    let systems = Systems::new();
    let first = Arc::new(std::sync::atomic::AtomicBool::new(true));
    systems.script(move |call| {
        let panics = name(call) == "billing.pay" && first.swap(false, std::sync::atomic::Ordering::Relaxed);
        if panics { Act::Panic } else { Act::World }
    });
    let handle = start(memory(), &systems).await;
    let run = deliver(&handle, "i-1", 120).await.run.unwrap();
    let view = run_is(&handle, &run, "done").await;
    let probed =
        view.journal.iter().flat_map(|entry| &entry.facts).any(|fact| matches!(fact, Fact::Probed { .. }));
    assert!(probed, "it was looked up before it was sent again");
    assert_eq!(systems.payments(), ["i-1"]);
}

/// The same cells and timers in a store that has lost the program.
fn without_program(from: &InMemory) -> InMemory {
    let mut to = InMemory::new();
    to.put_meta("systems", "real").unwrap();
    for cell in from.cells(None, 1000).unwrap() {
        let kept = from.load(&cell).unwrap().unwrap();
        let entries = (0..kept.seq).map(|n| NewEntry {
            at: i64::try_from(n).unwrap(),
            kind: "k".into(),
            actor: "a".into(),
            body: Vec::new(),
            facts: Vec::new(),
        });
        let timers = from.due_timers(i64::MAX, 1000).unwrap().into_iter().filter(|timer| timer.cell == cell);
        let timers = timers.map(|timer| TimerChange::Set { id: timer.id, at: 1 });
        let transition = Transition {
            entries: entries.collect(),
            state: kept.state,
            timers: timers.collect(),
            ..Transition::new(cell, 0, 0)
        };
        to.commit(&[transition]).unwrap();
    }
    to
}

#[tokio::test]
async fn an_input_that_no_step_can_be_made_of_is_put_aside_after_three_attempts() {
    let (store, systems) = (Shared::default(), Systems::new());
    systems.script(|call| {
        let refused = countersign_ir::wire::Reply::NotSent { reason: "connection refused".to_owned() };
        if name(call) == "erp.vendor" { Act::Reply(refused) } else { Act::World }
    });
    let handle = start(store.at(), &systems).await;
    let run = deliver(&handle, "i-1", 120).await.run.unwrap();
    eventually("a pause", async || {
        (!store.look(|store| store.due_timers(i64::MAX, 10).unwrap()).is_empty()).then_some(())
    })
    .await;
    handle.shutdown().await.unwrap();

    let lost = Shared::default();
    lost.change(|inside| *inside = store.look(without_program));
    // Another value of a setting makes another deployment; the run's own is gone.
    let mut other = options(lost.at(), &systems);
    let limit = other.program.settings.iter().position(|setting| setting.name == "unattended_limit").unwrap();
    let Value::Money(money) = &mut other.settings[limit] else { panic!() };
    money.minor -= 1;
    let handle = Runtime::start(other).await.unwrap();
    eventually("a dead letter", async || (handle.gauges().dead_letters() == 1).then_some(())).await;
    // It is counted when it is put aside, and on record with the commit that follows.
    let rows = eventually("a dead letter on record", async || {
        let rows = lost.look(|store| store.index("dead", &IndexQuery::default(), 10).unwrap());
        (!rows.is_empty()).then_some(rows)
    })
    .await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].fields["cell"], format!("run/{run}"));
    assert_eq!(rows[0].fields["input"], "due");
    assert!(rows[0].fields["why"].contains("is not in the store"), "{:?}", rows[0].fields);
    assert!(lost.look(|store| store.due_timers(i64::MAX, 10).unwrap()).is_empty(), "it fires no more");

    // The process goes on with everything else.
    systems.script(|_| Act::World);
    let run = deliver(&handle, "i-9", 120).await.run.unwrap();
    run_is(&handle, &run, "done").await;
    handle.shutdown().await.unwrap();
    let again = start(lost.at(), &systems).await;
    assert_eq!(again.gauges().dead_letters(), 1, "the count survives");
}

#[tokio::test]
async fn a_problem_of_a_run_is_a_task_of_its_owner() {
    let systems = Systems::new();
    systems.script(|call| {
        let no =
            countersign_ir::wire::Reply::Answered { status: 404, retry_after: None, body: String::new() };
        if name(call) == "erp.vendor" { Act::Reply(no) } else { Act::World }
    });
    let handle = start(memory(), &systems).await;
    let run = deliver(&handle, "i-1", 120).await.run.unwrap();
    let problem = task(&handle, "problem", "erp.vendor").await;
    assert_eq!(problem.fields["run"], run);
    run_is(&handle, &run, "blocked").await;
    systems.script(|_| Act::World);
    crate::stage::answer(&handle, "ben@acme.test", &problem.key, countersign_engine::task::Choice::Retry)
        .await
        .unwrap();
    run_is(&handle, &run, "done").await;
    assert_eq!(
        handle
            .runs(RunFilter { flow: Some("pay_invoice".into()), ..RunFilter::default() })
            .await
            .unwrap()
            .len(),
        1
    );
}
