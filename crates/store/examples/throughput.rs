//! How many transitions a second a store commits, one at a time and in batches of 64.
//!
//! `cargo run --release -p countersign-store --example throughput [folder]`

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for people")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use countersign_store::{
    CellId, InMemory, IndexChange, NewEntry, OutboxRow, SqliteStore, Store, Target, TimerChange, Transition,
};

/// A transition such as a plain run makes: one entry, one call, one timer, one row of a list.
fn transition(number: u64) -> Transition {
    let at = i64::try_from(number).unwrap();
    Transition {
        consumed: vec![format!("message-{number}").into()],
        entries: vec![NewEntry {
            at,
            kind: "decided".to_owned(),
            actor: "invoices/approve".to_owned(),
            body: vec![7; 300],
            facts: vec![9; 100],
        }],
        state: vec![5; 600],
        timers: vec![TimerChange::Set { id: "deadline".to_owned(), at }],
        outbox: vec![OutboxRow {
            id: format!("call-{number}").into(),
            target: Target::World,
            body: vec![3; 200],
            priority: 0,
        }],
        settled: number.checked_sub(100).map(|old| format!("call-{old}").into()).into_iter().collect(),
        index: vec![IndexChange::Put {
            index: "run".to_owned(),
            key: format!("run-{number}"),
            sort: at,
            fields: BTreeMap::from([("status".to_owned(), "waiting".to_owned())]),
        }],
        ..Transition::new(CellId::new("acme", "run", format!("run-{number}")), 0, 1)
    }
}

fn measure(name: &str, store: &mut dyn Store, batch: u64) {
    let (start, mut number) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(4) {
        let transitions: Vec<_> = (number..number + batch).map(transition).collect();
        store.commit(&transitions).unwrap();
        number += batch;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = number as f64 / start.elapsed().as_secs_f64();
    println!(
        "{name}, batches of {batch}: {rate:.0} transitions/s, {:.0} commits/s",
        rate / f64::from(u32::try_from(batch).unwrap())
    );
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/throughput".to_owned());
    for batch in [1, 64] {
        let path = std::path::Path::new(&folder).join(format!("{}-{batch}.db", std::process::id()));
        let mut store = SqliteStore::open(&path).unwrap();
        measure("sqlite", &mut store, batch);
        store.close().unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_file(path.with_extension("db.lock")).unwrap();
        measure("memory", &mut InMemory::new(), batch);
    }
}
