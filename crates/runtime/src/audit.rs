//! The audit of a store as a whole: that nothing was changed, and that its inputs lead to its states.
//!
//! In go the file, the checkpoints and the public key; out comes a report. The first half is the store's own
//! ([`countersign_store::audit::verify`]): rows, chains, signatures. The second half makes every step again from the inputs
//! that the journal kept, and compares facts and states to the byte.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use countersign_engine::cascade::replay;
use countersign_engine::{CellId, Deployment, State};
use countersign_ir::hash::Hash;
use countersign_ir::to_cbor;
use countersign_store::audit::{AuditReport, PublicKey};
use countersign_store::{SqliteReader, StoreError, StoreRead, StoredEntry, audit, hash};

use crate::batch::parse_cell;
use crate::library::{Library, Shelf, Tenure, tenures};
use crate::views::decode;

/// What an audit found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Of the file, the chains and the checkpoints.
    pub store: AuditReport,
    /// How many cells were made again from their entries.
    pub replayed_cells: u64,
    /// How many entries were made again.
    pub replayed_entries: u64,
    /// The first entry, by its place in the journal, that does not follow from those before it.
    pub parted: Option<Parted>,
    /// Why the steps could not be made again, where they could not.
    pub unreplayed: Vec<String>,
}

/// An entry that does not follow from those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// Its place in the store's journal.
    pub position: u64,
    /// The cell, such as `run/run-1f…`.
    pub cell: String,
    /// Its place in that cell's chain.
    pub seq: u64,
    /// How it differs.
    pub how: String,
}

impl fmt::Display for Parted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} ({} of `{}`): {}", self.position, self.seq, self.cell, self.how)
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.store.is_sound() && self.parted.is_none() && self.unreplayed.is_empty()
    }
}

/// Checks the store at `path` against itself, against the checkpoints in `folder`, and against the engine.
///
/// It may be called while a process owns the store.
pub fn verify(path: &Path, folder: &Path, key: &PublicKey) -> Report {
    let mut report = Report {
        store: audit::verify(path, folder, key),
        replayed_cells: 0,
        replayed_entries: 0,
        parted: None,
        unreplayed: Vec::new(),
    };
    match SqliteReader::open(path) {
        Ok(store) => report.replay(&store),
        // The first half has said what is wrong with a file that cannot be opened.
        Err(_) if !report.store.is_sound() => {}
        Err(error) => report.unreplayed.push(error.to_string()),
    }
    report
}

/// Makes every step of a store again, whatever kind of store it is; the report says nothing of its rows and chains.
pub fn replay_store(store: &dyn StoreRead) -> Report {
    let mut report = Report {
        store: AuditReport::default(),
        replayed_cells: 0,
        replayed_entries: 0,
        parted: None,
        unreplayed: Vec::new(),
    };
    report.replay(store);
    report
}

const PAGE: usize = 1000;

/// Which deployment was current at an entry.
struct History {
    library: Library,
    tenures: Vec<Tenure>,
}

impl History {
    fn at(&self, store: &dyn StoreRead, position: u64) -> Option<Arc<Deployment>> {
        let tenure = self.tenures.iter().rev().find(|tenure| tenure.after < position)?;
        let hash = Hash::parse(&tenure.hash)?;
        self.library.get(store, &hash)
    }
}

impl Report {
    /// Makes every step of a store again.
    fn replay(&mut self, store: &dyn StoreRead) {
        if let Err(error) = self.replay_all(store) {
            self.unreplayed.push(error.to_string());
        }
    }

    fn replay_all(&mut self, store: &dyn StoreRead) -> Result<(), StoreError> {
        let history = History { library: Library::default(), tenures: tenures(store)? };
        let mut after = None;
        loop {
            let cells = store.cells(after.as_ref(), PAGE)?;
            let Some(last) = cells.last() else { return Ok(()) };
            after = Some(last.clone());
            for cell in cells {
                // A damaged cell is named, and does not hide another.
                if let Err(error) = self.replay_cell(store, &history, &cell) {
                    self.unreplayed.push(format!("{cell}: {error}"));
                }
            }
        }
    }

    fn replay_cell(
        &mut self,
        store: &dyn StoreRead,
        history: &History,
        name: &countersign_store::CellId,
    ) -> Result<(), StoreError> {
        let Some(cell) = parse_cell(&format!("{}/{}", name.kind, name.key)) else {
            self.unreplayed.push(format!("{name} is no cell of this engine"));
            return Ok(());
        };
        self.replayed_cells += 1;
        let mut state: Option<State> = None;
        let mut from = 1;
        loop {
            let page = store.entries(name, from, PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            for entry in page {
                from = entry.seq + 1;
                let (position, seq) = (entry.position, entry.seq);
                match replay_entry(store, history, &cell, state.take(), entry)? {
                    Ok(next) => state = next,
                    Err(how) => {
                        self.part(Parted { position, cell: cell.to_string(), seq, how });
                        return Ok(());
                    }
                }
                self.replayed_entries += 1;
            }
        }
    }

    fn part(&mut self, parted: Parted) {
        if self.parted.as_ref().is_none_or(|first| parted.position < first.position) {
            self.parted = Some(parted);
        }
    }
}

/// Makes one step again; the next state, or how it differs from what was recorded.
fn replay_entry(
    store: &dyn StoreRead,
    history: &History,
    cell: &CellId,
    state: Option<State>,
    stored: StoredEntry,
) -> Result<Result<Option<State>, String>, StoreError> {
    let (position, state_hash) = (stored.position, stored.state_hash);
    let facts = stored.facts.clone();
    let entry = decode(stored)?;
    let Some(current) = history.at(store, position) else {
        return Ok(Err("which program was current then is not known".to_owned()));
    };
    let shelf = Shelf { library: &history.library, store, current: &current };
    let made = match replay(&shelf, cell, state.clone(), entry.input) {
        Ok(made) => made,
        Err(error) => return Ok(Err(format!("its step cannot be made again: {error}"))),
    };
    let (next, again) = made;
    if to_cbor(&again) != facts {
        return Ok(Err(format!("other facts follow from it: {again:?} instead of {:?}", entry.facts)));
    }
    let next = next.or(state);
    let bytes = next.as_ref().map(State::to_bytes).unwrap_or_default();
    if hash::state_hash(&bytes) != state_hash {
        return Ok(Err("another state follows from it".to_owned()));
    }
    Ok(Ok(next))
}
