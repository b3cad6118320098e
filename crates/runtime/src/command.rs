//! What others ask of the driver.

use countersign_engine::protocol::{Actor, Body};
use countersign_engine::{Advanced, CellId};
use countersign_store::{StoreError, StoreRead};
use tokio::sync::oneshot;

use crate::error::InputError;

/// A question to the store, asked between two batches.
pub(crate) type Query = Box<dyn FnOnce(&dyn StoreRead) + Send>;

/// One input for a cell.
pub(crate) struct Delivery {
    pub cell: CellId,
    pub by: Actor,
    pub body: Body,
    /// Whether there must be such a cell already.
    pub existing: bool,
    /// Who waits for what came of it, once that is committed.
    pub done: Option<oneshot::Sender<Result<Vec<Advanced>, InputError>>>,
}

impl Delivery {
    /// An input that nobody waits for.
    pub(crate) fn new(cell: CellId, by: Actor, body: Body) -> Self {
        Self { cell, by, body, existing: false, done: None }
    }
}

/// One thing to do.
pub(crate) enum Command {
    /// A cell learns something.
    Input(Delivery),
    /// Somebody wants to read.
    Query(Query),
    /// A value beside the journal is kept.
    PutMeta { name: String, value: String, done: oneshot::Sender<Result<(), StoreError>> },
    /// The process goes down.
    Shutdown,
}
