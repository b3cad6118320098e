//! What can go wrong in the runtime, in words for whoever operates it.

use countersign_engine::CellId;
use countersign_store::audit::AuditError;
use countersign_store::{CommitError, OpenError, StoreError};

use crate::clock::ClockError;
use crate::connectors::ConnectError;

/// Why the runtime did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store and the clock do not go together.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The checkpoints and the store do not go together, or the key cannot be used.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A system cannot be reached as the program says.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The store's systems were of the other kind.
    #[error(
        "this store has run with {before} systems and cannot go on with {now} ones, because what was done to the first would count for the second; name another store"
    )]
    OtherSystems {
        /// `real` or `simulated`.
        before: String,
        /// `simulated` or `real`.
        now: &'static str,
    },
    /// The machine does not give us what we need.
    #[error("the process could not be set up: {0}")]
    System(#[from] std::io::Error),
}

/// Why the runtime ended by itself. Nothing was acknowledged that is not on disk.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fatal {
    /// A batch could not be committed.
    #[error("a commit failed, and the process ends before it could say something untrue: {0}")]
    Commit(#[from] CommitError),
    /// The store could not be read.
    #[error("the store failed, and the process ends: {0}")]
    Store(#[from] StoreError),
    /// The driver is gone without a word.
    #[error("the process ends because its driver stopped unexpectedly")]
    Stopped,
}

/// Why an input was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InputError {
    /// The process is on its way down; whether the input was kept is not known.
    #[error("the process is going down")]
    Ending,
    /// More waits than may wait.
    #[error("more waits to be worked on than may wait")]
    Busy,
    /// There is no such thing.
    #[error("there is no {what} `{key}`")]
    NotFound {
        /// `run`, `task` or `trigger`.
        what: &'static str,
        /// Which.
        key: String,
    },
    /// The engine could not make the step; nothing of it happened.
    #[error("{cell} could not take the input: {why}")]
    Step {
        /// Which cell.
        cell: CellId,
        /// Why.
        why: String,
    },
    /// The person may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// It was recorded, and does not count.
    #[error("{0}")]
    Declined(String),
    /// It was recorded, and came too late.
    #[error("it was settled before: {0}")]
    Late(String),
    /// The payload is larger than is taken.
    #[error("the payload has more than {limit} bytes")]
    TooLarge {
        /// The most that is taken.
        limit: usize,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers: {0}")]
    Random(String),
}
