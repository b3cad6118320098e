//! The cells that were in use lately, with what this batch has made of them and has not committed yet.
//!
//! Cells that have not been asked for since two rotations are forgotten; the store has them.

use std::collections::HashMap;

use countersign_engine::{CellId, State};
use countersign_store::{StoreError, StoreRead};

/// A cell as it stands, the uncommitted steps of this batch included.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// How many entries it has.
    pub seq: u64,
    /// What it is.
    pub state: State,
    /// The same as the store keeps it.
    pub bytes: Vec<u8>,
}

/// Why a cell could not be had.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the state of {cell} cannot be read: {why}")]
    State { cell: String, why: String },
}

/// The cells in use.
#[derive(Debug)]
pub(crate) struct Cells {
    tenant: String,
    recent: HashMap<CellId, Known>,
    older: HashMap<CellId, Known>,
    capacity: usize,
}

/// The name under which the store has a cell.
pub(crate) fn stored(tenant: &str, cell: &CellId) -> countersign_store::CellId {
    countersign_store::CellId::new(tenant, cell.kind.name(), cell.key.as_str())
}

impl Cells {
    pub(crate) fn new(tenant: &str, capacity: usize) -> Self {
        Self { tenant: tenant.to_owned(), recent: HashMap::new(), older: HashMap::new(), capacity }
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// A cell that is here already.
    pub(crate) fn known(&self, cell: &CellId) -> Option<&Known> {
        self.recent.get(cell).or_else(|| self.older.get(cell))
    }

    /// A cell as it stands; none if it is new.
    pub(crate) fn get(&mut self, store: &dyn StoreRead, cell: &CellId) -> Result<Option<&Known>, LoadError> {
        if !self.recent.contains_key(cell) {
            let found = match self.older.remove(cell) {
                Some(known) => Some(known),
                None => load(store, &self.tenant, cell)?,
            };
            if let Some(known) = found {
                self.recent.insert(cell.clone(), known);
            }
        }
        Ok(self.recent.get(cell))
    }

    /// What a step has made of a cell.
    pub(crate) fn put(&mut self, cell: &CellId, known: Known) {
        self.recent.insert(cell.clone(), known);
    }

    /// Forgets what was not in use lately. Only between batches: nothing uncommitted may be lost.
    pub(crate) fn rotate(&mut self) {
        if self.recent.len() >= self.capacity {
            self.older = std::mem::take(&mut self.recent);
        }
    }
}

fn load(store: &dyn StoreRead, tenant: &str, cell: &CellId) -> Result<Option<Known>, LoadError> {
    let Some(kept) = store.load(&stored(tenant, cell))? else { return Ok(None) };
    let state =
        State::from_bytes(&kept.state).map_err(|why| LoadError::State { cell: cell.to_string(), why })?;
    Ok(Some(Known { seq: kept.seq, state, bytes: kept.state }))
}
