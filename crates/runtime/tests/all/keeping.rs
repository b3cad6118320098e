//! What is kept on disk: the SQLite store, its checkpoints, the audit of both; and what two processes must not share.

use std::path::Path;

use countersign_engine::task::Choice;
use countersign_ir::value::Value;
use countersign_runtime::audit::{replay_store, verify};
use countersign_runtime::{Checkpoints, Handle, Options, Runtime, StartError, StoreAt};
use countersign_store::audit::{AuditError, PUBLIC_KEY, PublicKey};

use crate::stage::{Systems, answer, deliver, eventually, options, run_is, start, start_scaled, task};
use crate::stores::Shared;

fn on_disk(folder: &Path, systems: &std::sync::Arc<Systems>) -> Options {
    let checkpoints = Checkpoints { folder: folder.join("checkpoints"), key: folder.join("audit.key") };
    let store = StoreAt::File(folder.join("runs.db"));
    Options { checkpoints: Some(checkpoints), ..options(store, systems) }
}

async fn pay(handle: &Handle, id: &str) {
    let run = deliver(handle, id, 120).await.run.unwrap();
    run_is(handle, &run, "done").await;
}

fn public_key(folder: &Path) -> PublicKey {
    PublicKey::open(&folder.join("checkpoints").join(PUBLIC_KEY)).unwrap()
}

#[tokio::test]
async fn a_store_on_disk_is_signed_while_it_is_quiet_and_passes_its_audit() {
    let (folder, systems) = (tempfile::tempdir().unwrap(), Systems::new());
    let handle = Runtime::start(on_disk(folder.path(), &systems)).await.unwrap();
    pay(&handle, "i-1").await;
    eventually("a checkpoint", async || {
        let gauges = handle.gauges();
        (gauges.signed() > 0 && gauges.signed() == gauges.entries()).then_some(())
    })
    .await;
    let beside = verify(
        &folder.path().join("runs.db"),
        &folder.path().join("checkpoints"),
        &public_key(folder.path()),
    );
    assert!(beside.is_sound(), "{beside:?}");
    handle.shutdown().await.unwrap();

    let again = Runtime::start(on_disk(folder.path(), &systems)).await.unwrap();
    pay(&again, "i-2").await;
    again.shutdown().await.unwrap();
    assert!(!folder.path().join("runs.db-wal").exists(), "the file alone is the whole store");
    let report = verify(
        &folder.path().join("runs.db"),
        &folder.path().join("checkpoints"),
        &public_key(folder.path()),
    );
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.store.signed, report.store.entries);
    assert_eq!(report.replayed_entries, report.store.entries);
    assert_eq!(report.replayed_cells, report.store.cells);
}

#[tokio::test]
async fn a_store_that_was_put_back_is_not_started() {
    let (folder, systems) = (tempfile::tempdir().unwrap(), Systems::new());
    let handle = Runtime::start(on_disk(folder.path(), &systems)).await.unwrap();
    pay(&handle, "i-1").await;
    handle.shutdown().await.unwrap();
    std::fs::copy(folder.path().join("runs.db"), folder.path().join("old.db")).unwrap();
    let handle = Runtime::start(on_disk(folder.path(), &systems)).await.unwrap();
    pay(&handle, "i-2").await;
    handle.shutdown().await.unwrap();
    std::fs::rename(folder.path().join("old.db"), folder.path().join("runs.db")).unwrap();
    let error = Runtime::start(on_disk(folder.path(), &systems)).await.err().unwrap();
    assert!(matches!(error, StartError::Audit(AuditError::Rewound { .. })), "{error}");
}

#[tokio::test]
async fn a_store_has_one_process_one_clock_and_one_kind_of_systems() {
    let (folder, systems) = (tempfile::tempdir().unwrap(), Systems::new());
    let path = folder.path().join("runs.db");
    let handle = Runtime::start(options(StoreAt::File(path.clone()), &systems)).await.unwrap();
    let second = Runtime::start(options(StoreAt::File(path.clone()), &systems)).await.err().unwrap();
    assert!(second.to_string().contains("is in use by process"), "{second}");
    handle.shutdown().await.unwrap();
    let scaled = start_scaled(StoreAt::File(path.clone()), &systems, 10).await.err().unwrap();
    assert!(matches!(scaled, StartError::Clock(_)), "{scaled}");
    let simulated = Options { simulated: true, ..options(StoreAt::File(path), &systems) };
    let error = Runtime::start(simulated).await.err().unwrap();
    assert!(error.to_string().starts_with("this store has run with real systems"), "{error}");
}

#[tokio::test]
async fn a_replay_names_the_first_entry_that_does_not_follow() {
    let (store, systems) = (Shared::default(), Systems::new());
    let handle = start(store.at(), &systems).await;
    pay(&handle, "i-1").await;
    store.forge();
    let run = deliver(&handle, "i-2", 120).await.run.unwrap();
    run_is(&handle, &run, "done").await;
    handle.shutdown().await.unwrap();
    let report = store.look(|store| replay_store(store));
    let parted = report.parted.unwrap();
    assert_eq!((parted.cell.as_str(), parted.seq), (format!("run/{run}").as_str(), 1));
    assert!(parted.how.starts_with("other facts follow from it"), "{parted}");
}

#[tokio::test]
async fn runs_go_on_under_their_own_program_and_a_replay_knows_which_was_current() {
    let (store, systems) = (Shared::default(), Systems::new());
    let handle = start(store.at(), &systems).await;
    let waiting = deliver(&handle, "i-3", 20_000).await.run.unwrap();
    let asked = task(&handle, "approval", "Pay").await;
    handle.shutdown().await.unwrap();

    let mut other = options(store.at(), &systems);
    let limit = other.program.settings.iter().position(|setting| setting.name == "unattended_limit").unwrap();
    let Value::Money(money) = &mut other.settings[limit] else { panic!() };
    money.minor = 0;
    let handle = Runtime::start(other).await.unwrap();
    let small = deliver(&handle, "i-1", 120).await.run.unwrap();
    for person in ["dana@acme.test", "carol@acme.test"] {
        answer(&handle, person, &asked.key, Choice::Approve).await.unwrap();
    }
    let done = run_is(&handle, &waiting, "done").await;
    let now = handle.run(&small).await.unwrap().unwrap();
    assert_ne!(done.run.deployment, now.run.deployment);
    task(&handle, "approval", "Pay 120.00 EUR").await;
    handle.shutdown().await.unwrap();
    let report = store.look(|store| replay_store(store));
    assert!(report.is_sound(), "{:?} {:?}", report.parted, report.unreplayed);
}

#[tokio::test]
async fn a_scaled_clock_goes_on_over_a_restart() {
    let (folder, systems) = (tempfile::tempdir().unwrap(), Systems::new());
    let path = folder.path().join("runs.db");
    let handle = start_scaled(StoreAt::File(path.clone()), &systems, 1000).await.unwrap();
    let run = deliver(&handle, "i-1", 120).await.run.unwrap();
    let first = run_is(&handle, &run, "done").await.run.ended.unwrap().at;
    handle.shutdown().await.unwrap();
    let again = start_scaled(StoreAt::File(path), &systems, 1000).await.unwrap();
    assert!(again.clock().now() >= first);
    let run = deliver(&again, "i-2", 120).await.run.unwrap();
    assert!(run_is(&again, &run, "done").await.run.began >= first);
}

#[tokio::test]
async fn going_down_finishes_what_is_queued_and_leaves_nothing_in_doubt() {
    let (folder, systems) = (tempfile::tempdir().unwrap(), Systems::new());
    *systems.latency.lock().unwrap() = std::time::Duration::from_millis(5);
    let path = folder.path().join("runs.db");
    let handle = Runtime::start(options(StoreAt::File(path.clone()), &systems)).await.unwrap();
    let mut runs = Vec::new();
    for n in 0..20 {
        runs.push(deliver(&handle, &format!("i-{n}"), 120).await.run.unwrap());
    }
    handle.shutdown().await.unwrap();
    let again = Runtime::start(options(StoreAt::File(path), &systems)).await.unwrap();
    for run in &runs {
        let view = run_is(&again, run, "done").await;
        let facts = view.journal.iter().flat_map(|entry| &entry.facts);
        let probed = facts.filter(|fact| matches!(fact, countersign_engine::protocol::Fact::Probed { .. }));
        assert_eq!(probed.count(), 0, "no payment was in doubt");
    }
    let mut payments = systems.payments();
    payments.sort();
    payments.dedup();
    assert_eq!((payments.len(), systems.payments().len()), (20, 20));
}
