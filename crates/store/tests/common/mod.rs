//! A store with something of everything in it, and the means to damage it.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests: a panic is the verdict")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_store::audit::{AuditKey, AuditReport, Checkpointer, verify};
use countersign_store::{
    CellId, Hash, IndexChange, IndexQuery, META_STORE_ID, NewEntry, OutboxRow, SqliteStore, Store,
    StoreError, StoreRead, Target, TimerChange, Transition,
};
use tempfile::TempDir;

/// Numbers that look random and are the same each time (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

impl Random {
    /// At least `least` bytes, and fewer than `spread` more.
    pub fn some_bytes(&mut self, least: usize, spread: usize) -> Vec<u8> {
        let count = least + self.below(spread);
        self.bytes(count)
    }
}

/// A folder with a store, its checkpoints and its key.
pub struct Project {
    pub folder: TempDir,
}

impl Project {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn db(&self) -> PathBuf {
        self.folder.path().join("runs.db")
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.folder.path().join("checkpoints")
    }

    pub fn key(&self) -> AuditKey {
        AuditKey::open_or_create(&self.folder.path().join("audit.pem")).unwrap()
    }

    pub fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.db()).unwrap()
    }

    pub fn sign(&self, store: &SqliteStore) {
        Checkpointer::open(store, &self.checkpoints(), self.key()).unwrap().write(store).unwrap();
    }

    pub fn verify(&self) -> AuditReport {
        self.verify_file(&self.db())
    }

    pub fn verify_file(&self, path: &Path) -> AuditReport {
        verify(path, &self.checkpoints(), &self.key().public())
    }

    /// A store of `entries` entries and something of everything else, signed at three places and closed.
    pub fn filled(entries: u64) -> Self {
        let project = Self::new();
        let mut store = project.open();
        let mut checkpointer = Checkpointer::open(&store, &project.checkpoints(), project.key()).unwrap();
        let mut random = Random(1);
        for number in 0..entries {
            store.commit(&[transition(&store, number, &mut random)]).unwrap();
            if number % (entries / 3).max(1) == 0 {
                checkpointer.write(&store).unwrap();
            }
        }
        for number in 0..5u8 {
            let size = 200 * usize::from(number) * usize::from(number);
            store.put_program(&Hash([number; 32]), &random.bytes(size)).unwrap();
            store.put_blob(&Hash([100 + number; 32]), &random.bytes(size)).unwrap();
        }
        store.put_meta("clock", "real").unwrap();
        store.close().unwrap();
        project
    }
}

pub fn cell(number: u64) -> CellId {
    CellId::new(
        "acme",
        match number % 3 {
            0 => "run",
            1 => "task",
            _ => "claim",
        },
        format!("c{number}"),
    )
}

/// The `number`th transition of a made-up history over forty cells.
pub fn transition(store: &dyn StoreRead, number: u64, random: &mut Random) -> Transition {
    let cell = cell(number * 7 % 40);
    let expected = store.load(&cell).unwrap().map_or(0, |stored| stored.seq);
    // Some rows are larger than a page.
    let size = if number.is_multiple_of(17) { 6000 } else { 40 + random.below(400) };
    let at = i64::try_from(number).unwrap() * 1_000_000_007 + 1_700_000_000_000_000_000;
    let index = if number.is_multiple_of(3) { "run" } else { "task" };
    Transition {
        consumed: vec![format!("in-{number}").into()],
        entries: vec![NewEntry {
            at,
            kind: "noted".to_owned(),
            actor: "ann@acme.example".to_owned(),
            body: random.bytes(size),
            facts: random.some_bytes(20, 60),
        }],
        state: random.some_bytes(100, 900),
        timers: vec![TimerChange::Set { id: format!("t{}", number % 3), at }],
        outbox: vec![OutboxRow {
            id: format!("out-{number}").into(),
            target: if number.is_multiple_of(2) { Target::World } else { Target::Cell(self::cell(number)) },
            body: random.bytes(30),
            priority: 3,
        }],
        settled: number.checked_sub(9).map(|old| format!("out-{old}").into()).into_iter().collect(),
        index: vec![IndexChange::Put {
            index: index.to_owned(),
            key: format!("k{}", number % 60),
            sort: at,
            fields: BTreeMap::from([
                ("status".to_owned(), if number.is_multiple_of(2) { "open" } else { "done" }.to_owned()),
                ("flow".to_owned(), "invoices".to_owned()),
            ]),
        }],
        ..Transition::new(cell, expected, 1)
    }
}

/// All that a store tells through its trait about the store that [`Project::filled`] makes.
pub fn everything(store: &dyn StoreRead, entries: u64) -> Result<String, StoreError> {
    let mut told = Vec::new();
    let mut tell = |what: &dyn std::fmt::Debug| told.push(format!("{what:?}"));
    tell(&store.cells(None, 10_000)?);
    for number in 0..45 {
        let cell = CellId { key: format!("c{number}"), ..cell(number) };
        tell(&store.load(&cell)?);
        tell(&store.entries(&cell, 1, 10_000)?);
        tell(&store.entries(&cell, 3, 2)?);
    }
    for number in 0..entries {
        let message = format!("in-{number}").into();
        tell(&store.consumed(&cell(number * 7 % 40), &message)?);
        tell(&store.consumed(&cell(number * 7 % 40 + 1), &message)?);
    }
    tell(&store.entries_after(0, 10_000)?);
    tell(&store.leaves_after(0, 10_000)?);
    tell(&store.last_position()?);
    tell(&store.due_timers(i64::MAX, 10_000)?);
    tell(&store.next_timer()?);
    tell(&store.outbox(0, 10_000)?);
    tell(&store.outbox_len()?);
    for index in ["run", "task", "none"] {
        for newest_first in [false, true] {
            tell(&store.index(index, &IndexQuery { newest_first, ..IndexQuery::default() }, 10_000)?);
        }
        for number in 0..60 {
            tell(&store.index_row("acme", index, &format!("k{number}"))?);
        }
    }
    for number in 0..6 {
        tell(&store.program(&Hash([number; 32]))?);
        tell(&store.blob(&Hash([100 + number; 32]))?);
    }
    tell(&store.meta(META_STORE_ID)?);
    tell(&store.meta("clock")?);
    tell(&store.meta("none")?);
    Ok(told.join("\n"))
}

/// Puts a changed copy of a file beside it, without anything that a reader left there.
pub fn copy_with(original: &[u8], to: &Path, change: impl FnOnce(&mut [u8])) {
    for leftover in ["-wal", "-shm"] {
        let mut name = to.as_os_str().to_owned();
        name.push(leftover);
        let _ = fs::remove_file(name);
    }
    let mut bytes = original.to_vec();
    change(&mut bytes);
    fs::write(to, bytes).unwrap();
}
