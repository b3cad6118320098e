//! What was written stays as it was written, or somebody is told.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::stack::{ANA, DANA};
use e2e::{Invoice, Random, Stack};
use rusqlite::{Connection, OpenFlags};

/// A stopped stack with some history: a payment, an approval, a refusal, an undo.
fn with_history() -> Stack {
    let mut stack = Stack::start();
    let first = stack.submit(&Invoice::new("i-1", "120.00"));
    stack.until(&first, "done");
    let second = stack.submit(&Invoice::new("i-2", "3000.00"));
    let task = stack.task(DANA, "approval", Some(&second));
    stack.cli(DANA, &["object", &task.id, "--because", "not ours"]).ok();
    stack.until(&second, "refused");
    stack.cli(ANA, &["undo", &first, "--because", "sent twice"]).ok();
    e2e::eventually("the run is taken back", || {
        if stack.api(ANA).run(&first)?.undone { Ok(()) } else { Err("not yet".to_owned()) }
    });
    stack.down();
    stack
}

fn verify(stack: &Stack) -> e2e::Said {
    stack.command(ANA, &["audit", "verify"])
}

/// Brings the write-ahead log into the file, so that the file alone is the store.
fn fold(store: &Path) {
    let connection = Connection::open(store).expect("the store can be opened");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("it can be folded");
    drop(connection);
    for suffix in ["-wal", "-shm"] {
        let mut path = store.as_os_str().to_owned();
        path.push(suffix);
        // They are gone already where nothing had them open.
        let _ = fs::remove_file(PathBuf::from(path));
    }
}

struct StoredEntry {
    position: i64,
    cell: String,
    body: Vec<u8>,
    facts: Vec<u8>,
}

fn entries(store: &Path) -> Vec<StoredEntry> {
    let connection = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens");
    let mut query = connection
        .prepare("SELECT position, cell, body, facts FROM entries ORDER BY position")
        .expect("a table");
    let rows = query.query_map([], |row| {
        Ok(StoredEntry { position: row.get(0)?, cell: row.get(1)?, body: row.get(2)?, facts: row.get(3)? })
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// Where these bytes lie, if they lie in one place only.
fn only_place(file: &[u8], bytes: &[u8]) -> Option<usize> {
    let mut places = file.windows(bytes.len()).enumerate().filter(|(_, window)| *window == bytes);
    let (place, _) = places.next()?;
    places.next().is_none().then_some(place)
}

#[test]
fn a_flipped_byte_in_an_entry_is_found_and_the_entry_is_named() {
    let stack = with_history();
    let store = stack.store();
    verify(&stack).ok();
    fold(&store);
    verify(&stack).ok();

    let intact = fs::read(&store).expect("the store is a file");
    let mut random = Random::seeded("FLIP_SEED");
    let stored = entries(&store);
    let mut flipped = 0;
    for entry in &stored {
        let part = if random.below(2) == 0 || entry.facts.len() < 16 { &entry.body } else { &entry.facts };
        // A part that is long enough to be its own, and lies in one piece.
        let Some(place) = (part.len() >= 16).then(|| only_place(&intact, part)).flatten() else { continue };
        let mut damaged = intact.clone();
        let at = place + usize::try_from(random.below(part.len() as u64)).expect("it is small");
        damaged[at] ^= 1 << random.below(8);
        fs::write(&store, &damaged).expect("it can be written");
        let said = verify(&stack).fails();
        let named = said.contains(&format!("entry {} ", entry.position));
        assert!(named, "entry {} of {} is not named:\n{said}", entry.position, entry.cell);
        flipped += 1;
        if flipped == 25 {
            break;
        }
    }
    assert!(flipped >= 10, "only {flipped} of {} entries could be flipped", stored.len());
    fs::write(&store, &intact).expect("it can be written");
    verify(&stack).ok();
}

#[test]
fn a_flipped_byte_elsewhere_is_reported_or_changes_nothing() {
    let mut stack = with_history();
    let store = stack.store();
    stack.up();
    let truth = answers(&stack).expect("an intact store answers");
    stack.down();
    fold(&store);
    let good = verify(&stack).ok().to_owned();
    let intact = fs::read(&store).expect("the store is a file");
    let mut random = Random::seeded("FLIP_SEED");
    let (mut unnoticed, mut reported) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let mut damaged = intact.clone();
        let at = usize::try_from(random.below(intact.len() as u64)).expect("it is small");
        damaged[at] ^= 1 << random.below(8);
        fs::write(&store, &damaged).expect("it can be written");
        let said = verify(&stack);
        if said.code == 0 {
            assert_eq!(said.out, good, "byte {at} changes what is said, and is not reported");
            unnoticed.push((at, damaged));
        } else {
            said.fails();
            reported.push((at, damaged));
        }
    }

    // What verification lets pass must mean the same to whoever asks the process. Of what it reports the process may
    // say nothing at all; what it says must be true.
    for (at, damaged) in unnoticed.into_iter().take(3) {
        let said = answers_from(&mut stack, &damaged);
        assert_eq!(said.as_ref(), Ok(&truth), "byte {at} changes what the process answers");
    }
    for (at, damaged) in reported.into_iter().take(8) {
        if let Ok(said) = answers_from(&mut stack, &damaged) {
            assert_eq!(said, truth, "byte {at} changes what the process answers");
        }
    }
}

/// What a process says that is started on this store, or why it says nothing.
fn answers_from(stack: &mut Stack, store: &[u8]) -> Result<String, String> {
    for suffix in ["-wal", "-shm"] {
        let mut path = stack.store().into_os_string();
        path.push(suffix);
        // They may be gone already.
        let _ = fs::remove_file(PathBuf::from(path));
    }
    fs::write(stack.store(), store).expect("it can be written");
    stack.try_up()?;
    let said = answers(stack);
    stack.kill();
    said
}

/// What the process says of all that it has done.
fn answers(stack: &Stack) -> Result<String, String> {
    let api = stack.api(ANA);
    let mut said = format!("{:#?}", api.all_tasks()?);
    for run in api.runs()? {
        said = format!("{said}\n{:#?}\n{}", api.run(&run.id)?, api.why(&run.id)?);
    }
    Ok(said)
}

#[test]
fn an_older_copy_of_the_store_is_found_out_by_the_checkpoints() {
    let mut stack = with_history();
    fold(&stack.store());
    let older = fs::read(stack.store()).expect("the store is a file");
    stack.up();
    let run = stack.submit(&Invoice::new("i-3", "120.00"));
    stack.until(&run, "done");
    stack.down();
    verify(&stack).ok();

    fold(&stack.store());
    fs::write(stack.store(), older).expect("it can be written");
    let said = verify(&stack).fails();
    assert!(said.contains("checkpoint"), "{said}");
}
