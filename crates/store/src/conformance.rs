//! What every store must do, as a suite that a store's tests run: `conformance::run(&factory)`.
//!
//! Each check is one sentence about stores, and panics where a store breaks it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite of tests: a panic is its verdict")]

use std::collections::BTreeMap;

use crate::hash::{EntryContent, entry_hash, state_hash};
use crate::store::{CommitError, META_STORE_ID, Store, StoreError};
use crate::types::{
    CellId, Hash, IndexChange, IndexQuery, MessageId, NewEntry, OutboxRow, Target, TimerChange, Transition,
};

/// Makes the stores that are put to the test.
pub trait Factory {
    /// A new, empty store.
    fn fresh(&self) -> Box<dyn Store>;

    /// The same store after its process ended and another began. One that cannot outlive its process gives itself.
    fn reopen(&self, store: Box<dyn Store>) -> Box<dyn Store>;
}

/// Runs every check against fresh stores.
pub fn run(factory: &dyn Factory) {
    a_cell_grows_by_its_transitions(factory);
    a_sequence_conflict_is_stale(factory);
    a_lower_fence_is_refused(factory);
    a_message_is_consumed_once_by_a_cell(factory);
    messages_may_arrive_before_they_are_sent(factory);
    a_batch_is_all_or_nothing(factory);
    a_batch_sees_its_own_earlier_transitions(factory);
    a_transition_that_contradicts_itself_is_refused(factory);
    timers_fire_in_order_until_they_are_cancelled(factory);
    the_outbox_is_recovered_in_order(factory);
    index_rows_are_listed_and_replaced(factory);
    chains_and_journal_have_no_gaps(factory);
    programs_blobs_and_meta_are_kept(factory);
    everything_is_there_after_reopening(factory);
}

fn cell(key: &str) -> CellId {
    CellId::new("acme", "run", key)
}

fn entry(text: &str) -> NewEntry {
    NewEntry {
        at: 1_700_000_000_000_000_000,
        kind: "noted".to_owned(),
        actor: "ann@acme.example".to_owned(),
        body: text.as_bytes().to_vec(),
        facts: vec![0, 255, 1],
    }
}

/// A transition with one entry, after `expected` others.
fn step(key: &str, expected: u64) -> Transition {
    Transition {
        entries: vec![entry(&format!("{key} {expected}"))],
        state: format!("state of {key} after {}", expected + 1).into_bytes(),
        ..Transition::new(cell(key), expected, 1)
    }
}

fn message(id: &str, target: Target) -> OutboxRow {
    OutboxRow { id: id.into(), target, body: format!("body of {id}").into_bytes(), priority: 0 }
}

fn waiting(store: &dyn Store) -> Vec<String> {
    store.outbox(0, 100).unwrap().into_iter().map(|message| message.id.0).collect()
}

fn put(key: &str, sort: i64, status: &str) -> IndexChange {
    let fields = BTreeMap::from([
        ("status".to_owned(), status.to_owned()),
        ("flow".to_owned(), "invoices \"Ä\"".to_owned()),
    ]);
    IndexChange::Put { index: "run".to_owned(), key: key.to_owned(), sort, fields }
}

fn listed(store: &dyn Store, query: &IndexQuery, limit: usize) -> Vec<String> {
    store.index("run", query, limit).unwrap().into_iter().map(|row| row.key).collect()
}

fn a_cell_grows_by_its_transitions(factory: &dyn Factory) {
    let mut store = factory.fresh();
    assert_eq!(store.load(&cell("a")).unwrap(), None, "a cell that nobody wrote to is new");
    let committed = store.commit(&[step("a", 0)]).unwrap();
    assert_eq!(committed.last, 1);
    let committed = store.commit(&[step("a", 1)]).unwrap();
    assert_eq!((committed.last, committed.entries.len()), (2, 1));
    assert_eq!((committed.entries[0].position, committed.entries[0].seq), (2, 2));
    let stored = store.load(&cell("a")).unwrap().unwrap();
    assert_eq!((stored.seq, stored.fence), (2, 1));
    assert_eq!(stored.state, b"state of a after 2");
    assert_eq!(store.load(&cell("b")).unwrap(), None);
    assert_eq!(store.cells(None, 10).unwrap(), [cell("a")]);
}

fn a_sequence_conflict_is_stale(factory: &dyn Factory) {
    let mut store = factory.fresh();
    store.commit(&[step("a", 0)]).unwrap();
    let stale = |expected, found| CommitError::Stale { cell: cell("a"), expected, found };
    assert_eq!(store.commit(&[step("a", 0)]).unwrap_err(), stale(0, 1));
    assert_eq!(store.commit(&[step("a", 7)]).unwrap_err(), stale(7, 1));
    let missing = CommitError::Stale { cell: cell("b"), expected: 1, found: 0 };
    assert_eq!(store.commit(&[step("b", 1)]).unwrap_err(), missing);
    assert_eq!(store.last_position().unwrap(), 1);
}

fn a_lower_fence_is_refused(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let with = |expected, fence| Transition { fence, ..step("a", expected) };
    store.commit(&[with(0, 5)]).unwrap();
    store.commit(&[with(1, 5)]).unwrap();
    let zombie = store.commit(&[with(2, 4)]).unwrap_err();
    assert_eq!(zombie, CommitError::Fenced { cell: cell("a"), fence: 4, found: 5 });
    // Taking a cell over without doing anything to it raises the fence all the same.
    let state = store.load(&cell("a")).unwrap().unwrap().state;
    store.commit(&[Transition { state, ..Transition::new(cell("a"), 2, 9) }]).unwrap();
    let zombie = store.commit(&[with(2, 5)]).unwrap_err();
    assert_eq!(zombie, CommitError::Fenced { cell: cell("a"), fence: 5, found: 9 });
    store.commit(&[with(2, 9)]).unwrap();
    assert_eq!(store.load(&cell("a")).unwrap().unwrap().fence, 9);
}

fn a_message_is_consumed_once_by_a_cell(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let consuming = |key: &str, expected| Transition { consumed: vec!["m".into()], ..step(key, expected) };
    store.commit(&[consuming("a", 0)]).unwrap();
    assert!(store.consumed(&cell("a"), &"m".into()).unwrap());
    assert!(!store.consumed(&cell("b"), &"m".into()).unwrap());
    let repeated = CommitError::Repeated { cell: cell("a"), message: "m".into() };
    // Said of the very same transition and of one that is up to date.
    assert_eq!(store.commit(&[consuming("a", 0)]).unwrap_err(), repeated);
    assert_eq!(store.commit(&[consuming("a", 1)]).unwrap_err(), repeated);
    assert_eq!(store.load(&cell("a")).unwrap().unwrap().seq, 1);
    let twice = Transition { consumed: vec!["n".into(), "n".into()], ..step("a", 1) };
    let repeated = CommitError::Repeated { cell: cell("a"), message: "n".into() };
    assert_eq!(store.commit(&[twice]).unwrap_err(), repeated);
    assert!(!store.consumed(&cell("a"), &"n".into()).unwrap());
    store.commit(&[consuming("b", 0)]).unwrap();
}

fn messages_may_arrive_before_they_are_sent(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let sends = |id: &str, expected| Transition {
        outbox: vec![message(id, Target::Cell(cell("b")))],
        ..step("a", expected)
    };
    let consumes =
        |id: &str, expected| Transition { consumed: vec![MessageId::from(id)], ..step("b", expected) };
    store.commit(&[consumes("early", 0)]).unwrap();
    store.commit(&[sends("early", 0)]).unwrap();
    assert_eq!(waiting(&*store), [""; 0], "what has arrived is not sent again");
    store.commit(&[consumes("earlier in the batch", 1), sends("earlier in the batch", 1)]).unwrap();
    assert_eq!(waiting(&*store), [""; 0]);
    store.commit(&[sends("late", 2)]).unwrap();
    assert_eq!(waiting(&*store), ["late"]);
    store.commit(&[consumes("late", 2)]).unwrap();
    assert_eq!(waiting(&*store), [""; 0]);
}

fn a_batch_is_all_or_nothing(factory: &dyn Factory) {
    let mut store = factory.fresh();
    store.commit(&[step("a", 0)]).unwrap();
    let full = Transition {
        consumed: vec!["m".into()],
        timers: vec![TimerChange::Set { id: "t".to_owned(), at: 1 }],
        outbox: vec![message("o", Target::World)],
        index: vec![put("r", 1, "new")],
        ..step("b", 0)
    };
    let stale = CommitError::Stale { cell: cell("a"), expected: 5, found: 1 };
    let error = store.commit(&[step("a", 1), full.clone(), step("a", 5)]).unwrap_err();
    assert_eq!(error, CommitError::Stale { cell: cell("a"), expected: 5, found: 2 });
    assert_eq!(store.commit(&[full.clone(), step("a", 5)]).unwrap_err(), stale);
    assert_eq!(store.load(&cell("a")).unwrap().unwrap().seq, 1);
    assert_eq!(store.load(&cell("b")).unwrap(), None);
    assert!(!store.consumed(&cell("b"), &"m".into()).unwrap());
    assert_eq!(store.next_timer().unwrap(), None);
    assert_eq!(waiting(&*store), [""; 0]);
    assert_eq!(listed(&*store, &IndexQuery::default(), 10), [""; 0]);
    assert_eq!(store.last_position().unwrap(), 1);
    // And the store goes on: the same transition without the bad one is committed.
    assert_eq!(store.commit(&[full]).unwrap().last, 2);
    assert_eq!(store.commit(&[]).unwrap().last, 2, "an empty batch changes nothing");
}

fn a_batch_sees_its_own_earlier_transitions(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let sender = Transition { outbox: vec![message("m", Target::Cell(cell("b")))], ..step("a", 0) };
    let receiver = Transition { consumed: vec!["m".into()], ..step("b", 0) };
    let committed = store.commit(&[sender, receiver, step("a", 1)]).unwrap();
    let places: Vec<_> = committed.entries.iter().map(|e| (e.position, e.seq)).collect();
    assert_eq!(places, [(1, 1), (2, 1), (3, 2)]);
    assert_eq!(waiting(&*store), [""; 0]);
    let again = Transition { consumed: vec!["n".into()], ..step("b", 1) };
    let and_again = Transition { consumed: vec!["n".into()], ..step("b", 2) };
    let repeated = CommitError::Repeated { cell: cell("b"), message: "n".into() };
    assert_eq!(store.commit(&[again, and_again]).unwrap_err(), repeated);
}

fn a_transition_that_contradicts_itself_is_refused(factory: &dyn Factory) {
    let mut store = factory.fresh();
    store.commit(&[Transition { outbox: vec![message("m", Target::World)], ..step("a", 0) }]).unwrap();
    let state = store.load(&cell("a")).unwrap().unwrap().state;
    let quiet = Transition { state, ..Transition::new(cell("a"), 1, 1) };
    let long_fence = u64::MAX;
    let wrong = [
        Transition::new(cell("new"), 0, 1),
        Transition { state: b"other".to_vec(), ..quiet.clone() },
        Transition { outbox: vec![message("n", Target::World)], ..quiet.clone() },
        Transition { outbox: vec![message("m", Target::World)], ..step("a", 1) },
        Transition { outbox: vec![message("n", Target::World), message("n", Target::World)], ..step("a", 1) },
        Transition { outbox: vec![message("", Target::World)], ..step("a", 1) },
        Transition { outbox: vec![message("n", Target::Cell(CellId::new("", "", "")))], ..step("a", 1) },
        Transition { cell: CellId::new("acme/x", "run", "a"), ..step("a", 0) },
        Transition { cell: CellId::new("acme", "run", ""), ..step("a", 0) },
        Transition { timers: vec![TimerChange::Set { id: String::new(), at: 0 }], ..step("a", 1) },
        Transition { index: vec![put("", 0, "new")], ..step("a", 1) },
        Transition { fence: long_fence, ..step("a", 1) },
    ];
    for (number, transition) in wrong.into_iter().enumerate() {
        let error = store.commit(&[transition]).unwrap_err();
        assert!(matches!(error, CommitError::Invalid { .. }), "transition {number} gave {error:?}");
    }
    store.commit(&[quiet]).unwrap();
    assert_eq!(store.last_position().unwrap(), 1);
}

fn timers_fire_in_order_until_they_are_cancelled(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let set = |id: &str, at| TimerChange::Set { id: id.to_owned(), at };
    let cancel = |id: &str| TimerChange::Cancel { id: id.to_owned() };
    assert_eq!(store.next_timer().unwrap(), None);
    store
        .commit(&[
            Transition { timers: vec![set("x", 30), set("y", 10), cancel("none")], ..step("a", 0) },
            Transition { timers: vec![set("x", 20), set("z", -5), set("far", i64::MAX)], ..step("b", 0) },
        ])
        .unwrap();
    let due = |store: &dyn Store, until, limit| -> Vec<(String, String, i64)> {
        let timers = store.due_timers(until, limit).unwrap();
        timers.into_iter().map(|t| (t.cell.key, t.id, t.at)).collect()
    };
    let timer = |cell: &str, id: &str, at| (cell.to_owned(), id.to_owned(), at);
    assert_eq!(store.next_timer().unwrap(), Some(-5));
    assert_eq!(due(&*store, 20, 10), [timer("b", "z", -5), timer("a", "y", 10), timer("b", "x", 20)]);
    assert_eq!(due(&*store, 20, 1), [timer("b", "z", -5)]);
    let mut store = factory.reopen(store);
    let moves = Transition { timers: vec![set("y", 40), cancel("x")], ..step("a", 1) };
    store.commit(&[moves, Transition { timers: vec![cancel("z")], ..step("b", 1) }]).unwrap();
    assert_eq!(due(&*store, 100, 10), [timer("b", "x", 20), timer("a", "y", 40)]);
    assert_eq!(store.next_timer().unwrap(), Some(20));
}

fn the_outbox_is_recovered_in_order(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let to_b = |id: &str| message(id, Target::Cell(cell("b")));
    let calls = OutboxRow { priority: -7, ..message("call", Target::World) };
    store
        .commit(&[Transition { outbox: vec![to_b("1"), calls.clone(), to_b("2")], ..step("a", 0) }])
        .unwrap();
    store.commit(&[Transition { outbox: vec![to_b("3")], ..step("a", 1) }]).unwrap();
    let store = factory.reopen(store);
    assert_eq!(waiting(&*store), ["1", "call", "2", "3"]);
    assert_eq!(store.outbox_len().unwrap(), 4);
    let first = store.outbox(0, 2).unwrap();
    assert_eq!(first[1].from, cell("a"));
    let kept = &first[1];
    let back = OutboxRow {
        id: kept.id.clone(),
        target: kept.target.clone(),
        body: kept.body.clone(),
        priority: kept.priority,
    };
    assert_eq!(back, calls);
    let rest: Vec<_> = store.outbox(first[1].position, 10).unwrap();
    assert_eq!(rest.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    let mut store = store;
    // A cell consumes what was sent to it and settles calls; it can do neither for the other kind.
    let confused = Transition {
        consumed: vec!["call".into()],
        settled: vec!["1".into(), "unknown".into()],
        ..step("b", 0)
    };
    store.commit(&[confused]).unwrap();
    assert_eq!(waiting(&*store), ["1", "call", "2", "3"]);
    let done =
        Transition { consumed: vec!["2".into(), "1".into()], settled: vec!["call".into()], ..step("b", 1) };
    store.commit(&[done]).unwrap();
    assert_eq!(waiting(&*store), ["3"]);
    let last = rest[1].position;
    store.commit(&[Transition { consumed: vec!["3".into()], ..step("b", 2) }]).unwrap();
    store.commit(&[Transition { outbox: vec![to_b("4")], ..step("a", 2) }]).unwrap();
    assert!(store.outbox(last, 10).unwrap().len() == 1, "positions are never used twice");
}

fn index_rows_are_listed_and_replaced(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let other = Transition {
        cell: CellId::new("other", "run", "o"),
        index: vec![put("r1", 15, "open")],
        ..step("o", 0)
    };
    let rows =
        vec![put("r1", 10, "open"), put("r2", 30, "done"), put("r3", 20, "open"), put("r0", 20, "open")];
    store.commit(&[Transition { index: rows, ..step("a", 0) }, other]).unwrap();
    let all = IndexQuery::default();
    assert_eq!(listed(&*store, &all, 10), ["r1", "r1", "r0", "r3", "r2"]);
    let open = IndexQuery {
        tenant: Some("acme".to_owned()),
        fields: BTreeMap::from([("status".to_owned(), "open".to_owned())]),
        ..IndexQuery::default()
    };
    assert_eq!(listed(&*store, &open, 10), ["r1", "r0", "r3"]);
    let newest = IndexQuery { newest_first: true, ..open.clone() };
    assert_eq!(listed(&*store, &newest, 2), ["r3", "r0"]);
    let page = store.index("run", &newest, 2).unwrap();
    let next = IndexQuery { after: page.last().map(crate::types::IndexRow::cursor), ..newest };
    assert_eq!(listed(&*store, &next, 2), ["r1"]);
    assert_eq!(listed(&*store, &all, 0), [""; 0]);
    assert_eq!(store.index("task", &all, 10).unwrap(), []);
    let remove = IndexChange::Remove { index: "run".to_owned(), key: "r3".to_owned() };
    store.commit(&[Transition { index: vec![put("r1", 40, "done"), remove], ..step("b", 0) }]).unwrap();
    assert_eq!(listed(&*store, &open, 10), ["r0"]);
    assert_eq!(listed(&*store, &all, 10), ["r1", "r0", "r2", "r1"]);
    let row = store.index_row("acme", "run", "r1").unwrap().unwrap();
    assert_eq!((row.cell, row.sort), (cell("b"), 40));
    assert_eq!(row.fields["flow"], "invoices \"Ä\"");
    assert_eq!(store.index_row("acme", "run", "r3").unwrap(), None);
}

fn chains_and_journal_have_no_gaps(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let two = Transition { entries: vec![entry("first"), entry("second")], ..step("a", 0) };
    let committed = store.commit(&[two, step("b", 0)]).unwrap();
    store.commit(&[step("a", 2)]).unwrap();
    let chain = store.entries(&cell("a"), 1, 10).unwrap();
    assert_eq!(chain.iter().map(|e| (e.position, e.seq)).collect::<Vec<_>>(), [(1, 1), (2, 2), (4, 3)]);
    assert_eq!((chain[0].prev, chain[1].prev, chain[2].prev), (Hash::ZERO, chain[0].hash, chain[1].hash));
    assert_eq!(chain[1].state_hash, state_hash(b"state of a after 1"));
    assert_eq!(chain[2].state_hash, state_hash(b"state of a after 3"));
    assert_eq!(committed.entries[1].hash, chain[1].hash);
    for e in &chain {
        let content = EntryContent {
            cell: &e.cell,
            seq: e.seq,
            at: e.at,
            kind: &e.kind,
            actor: &e.actor,
            body: &e.body,
            facts: &e.facts,
            state_hash: &e.state_hash,
            prev: &e.prev,
        };
        assert_eq!(entry_hash(&content), e.hash);
    }
    assert_eq!(store.entries(&cell("a"), 2, 1).unwrap(), chain[1..2]);
    assert_eq!(store.entries(&cell("a"), 4, 10).unwrap(), []);
    assert_eq!(store.entries(&cell("none"), 1, 10).unwrap(), []);
    let journal = store.entries_after(0, 10).unwrap();
    assert_eq!(journal.iter().map(|e| e.position).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(journal[3], chain[2]);
    assert_eq!(store.entries_after(2, 1).unwrap(), journal[2..3]);
    assert_eq!(store.entries_after(4, 10).unwrap(), []);
    let leaves = store.leaves_after(1, 10).unwrap();
    let expected: Vec<_> = journal[1..].iter().map(|e| (e.position, e.hash)).collect();
    assert_eq!(leaves.iter().map(|l| (l.position, l.hash)).collect::<Vec<_>>(), expected);
    assert_eq!(store.cells(None, 10).unwrap(), [cell("a"), cell("b")]);
    assert_eq!(store.cells(Some(&cell("a")), 10).unwrap(), [cell("b")]);
}

fn programs_blobs_and_meta_are_kept(factory: &dyn Factory) {
    let mut store = factory.fresh();
    let (one, two) = (Hash([1; 32]), Hash([2; 32]));
    assert_eq!(store.program(&one).unwrap(), None);
    store.put_program(&one, b"program").unwrap();
    store.put_program(&one, b"program").unwrap();
    let different = StoreError::Different { what: "program", hash: one };
    assert_eq!(store.put_program(&one, b"another").unwrap_err(), different);
    store.put_blob(&one, b"blob").unwrap();
    store.put_blob(&two, b"").unwrap();
    let different = StoreError::Different { what: "blob", hash: two };
    assert_eq!(store.put_blob(&two, b"another").unwrap_err(), different);
    let id = store.meta(META_STORE_ID).unwrap().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "`{id}` is not an id");
    assert_eq!(store.meta("clock").unwrap(), None);
    store.put_meta("clock", "scaled").unwrap();
    store.put_meta("clock", "real").unwrap();
    let mut store = factory.reopen(store);
    assert_eq!(store.program(&one).unwrap().unwrap(), b"program");
    assert_eq!(store.program(&two).unwrap(), None);
    assert_eq!(store.blob(&one).unwrap().unwrap(), b"blob");
    assert_eq!(store.blob(&two).unwrap().unwrap(), b"");
    assert_eq!(store.meta("clock").unwrap().unwrap(), "real");
    assert_eq!(store.meta(META_STORE_ID).unwrap().unwrap(), id);
    assert!(store.erase_blob(&one).unwrap());
    assert!(!store.erase_blob(&one).unwrap());
    assert_eq!(store.blob(&one).unwrap(), None);
}

fn everything_is_there_after_reopening(factory: &dyn Factory) {
    let mut store = factory.fresh();
    for number in 0..50 {
        let full = Transition {
            consumed: vec![format!("in {number}").into()],
            timers: vec![TimerChange::Set { id: "t".to_owned(), at: number }],
            outbox: vec![message(&format!("out {number}"), Target::World)],
            index: vec![put(&format!("r{number:02}"), number, "open")],
            ..step(&format!("c{number:02}"), 0)
        };
        store.commit(&[full]).unwrap();
    }
    let before = store.entries_after(0, 100).unwrap();
    let store = factory.reopen(store);
    assert_eq!(store.entries_after(0, 100).unwrap(), before);
    assert_eq!(store.cells(None, 100).unwrap().len(), 50);
    assert_eq!(store.outbox(0, 100).unwrap().len(), 50);
    assert_eq!(store.due_timers(i64::MAX, 100).unwrap().len(), 50);
    assert_eq!(listed(&*store, &IndexQuery::default(), 100).len(), 50);
    assert!(store.consumed(&cell("c49"), &"in 49".into()).unwrap());
    let mut store = store;
    assert_eq!(store.commit(&[step("c00", 1)]).unwrap().last, 51);
}
