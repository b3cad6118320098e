//! The trait that every store implements, and what can go wrong.
//!
//! In go batches of [`Transition`]s, out come what was committed and plain reads. The calls block: a host gives
//! the one writer a thread of its own and collects what arrives meanwhile into the next batch.

use crate::types::{
    CellId, Committed, Hash, IndexQuery, IndexRow, Leaf, MessageId, StoredCell, StoredEntry, StoredMessage,
    StoredTimer, Transition,
};

/// What can be read from a store. Every row is checked against its checksum before it is handed out.
pub trait StoreRead {
    /// The cell as it stands, or nothing when it is new.
    fn load(&self, cell: &CellId) -> Result<Option<StoredCell>, StoreError>;

    /// Cells in the order of their names, behind `after`.
    fn cells(&self, after: Option<&CellId>, limit: usize) -> Result<Vec<CellId>, StoreError>;

    /// Whether the cell has consumed this message.
    fn consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError>;

    /// Timers due at `until` or before, the earliest first. A timer stays until a transition of its cell cancels
    /// or moves it.
    fn due_timers(&self, until: i64, limit: usize) -> Result<Vec<StoredTimer>, StoreError>;

    /// When the earliest timer is due.
    fn next_timer(&self) -> Result<Option<i64>, StoreError>;

    /// Messages that wait, in the order in which they were committed, behind position `after` (0 for the start).
    fn outbox(&self, after: u64, limit: usize) -> Result<Vec<StoredMessage>, StoreError>;

    /// How many messages wait.
    fn outbox_len(&self) -> Result<u64, StoreError>;

    /// Entries of one cell from `from_seq` on (the first is 1).
    fn entries(&self, cell: &CellId, from_seq: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError>;

    /// Entries of all cells in the order of commits, behind `position` (0 for the start).
    fn entries_after(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError>;

    /// The hashes of the entries behind `position`, for the tree over all of them.
    fn leaves_after(&self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError>;

    /// The position of the last entry; 0 when there is none.
    fn last_position(&self) -> Result<u64, StoreError>;

    /// Rows of an index, sorted by `sort`, then tenant, then key.
    fn index(&self, index: &str, query: &IndexQuery, limit: usize) -> Result<Vec<IndexRow>, StoreError>;

    /// One row of an index.
    fn index_row(&self, tenant: &str, index: &str, key: &str) -> Result<Option<IndexRow>, StoreError>;

    /// The program with this content hash.
    fn program(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError>;

    /// The blob that was put under this hash, unless it was erased.
    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError>;

    /// A value about the store itself. [`META_STORE_ID`] is there from the beginning.
    fn meta(&self, name: &str) -> Result<Option<String>, StoreError>;
}

/// A store: reads, and the one way to write. A host moves it into the thread that writes.
pub trait Store: StoreRead + Send {
    /// Commits all transitions of the batch, in order, or none of them. When this returns, they are durable.
    ///
    /// A later transition of a batch sees the earlier ones: it expects their entries, and may consume what they
    /// sent.
    fn commit(&mut self, batch: &[Transition]) -> Result<Committed, CommitError>;

    /// Keeps a program under its content hash. The same bytes again change nothing; other bytes are refused.
    fn put_program(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError>;

    /// Keeps a blob under a hash. The same bytes again change nothing; other bytes are refused.
    fn put_blob(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError>;

    /// Erases a blob. Says whether there was one.
    fn erase_blob(&mut self, hash: &Hash) -> Result<bool, StoreError>;

    /// Sets a value about the store itself.
    fn put_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError>;
}

/// The name of the meta value that tells one store from every other: 32 hexadecimal digits, set on creation.
pub const META_STORE_ID: &str = "store_id";

/// Something stored is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is damaged: {what} {place}: {wrong}; run `countersign audit verify`")]
pub struct Damaged {
    /// What kind of row it is: `cell`, `entry`, `timer`…
    pub what: &'static str,
    /// Which one.
    pub place: String,
    /// How it shows.
    pub wrong: String,
}

/// Why a read, or a write beside the journal, did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Something stored is not what was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// Other bytes are kept under this hash already.
    #[error("a different {what} is kept under the hash {hash}")]
    Different {
        /// `program` or `blob`.
        what: &'static str,
        /// Under which hash.
        hash: Hash,
    },
    /// Another program holds the file's lock. Nothing was written; the same call may be made again.
    #[error("another program is writing to the store {0}; close it, or wait until it is done")]
    Busy(String),
    /// The store cannot be read or written any more, or it is not known what of the last write is on disk.
    /// Nothing may be acknowledged after this: the process must end, and open the store anew.
    #[error("the store failed and must be opened again: {0}")]
    Fatal(String),
}

/// Why a batch was not committed. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The cell has moved on, or never was where the writer thought it to be.
    #[error("cell `{cell}` has {found} entries where {expected} were expected")]
    Stale {
        /// Which cell.
        cell: CellId,
        /// What the transition expected.
        expected: u64,
        /// What is stored.
        found: u64,
    },
    /// Another writer with a higher fence has taken the cell over.
    #[error("cell `{cell}` was taken over: its fence is {found}, the writer's is {fence}")]
    Fenced {
        /// Which cell.
        cell: CellId,
        /// The writer's fence.
        fence: u64,
        /// The stored fence.
        found: u64,
    },
    /// The cell has consumed this message before. Whoever delivers it must drop it.
    #[error("cell `{cell}` has consumed message `{message}` before")]
    Repeated {
        /// Which cell.
        cell: CellId,
        /// Which message.
        message: MessageId,
    },
    /// The transition contradicts itself: a mistake of the program that made it.
    #[error("the transition of cell `{cell}` cannot be kept: {why}")]
    Invalid {
        /// Which cell.
        cell: CellId,
        /// What is wrong.
        why: String,
    },
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommitError {
    /// Whether the process must end: see [`StoreError::Fatal`].
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Store(StoreError::Fatal(_)))
    }

    /// The cell whose transition is at fault, when it is one.
    pub fn cell(&self) -> Option<&CellId> {
        match self {
            Self::Stale { cell, .. }
            | Self::Fenced { cell, .. }
            | Self::Repeated { cell, .. }
            | Self::Invalid { cell, .. } => Some(cell),
            Self::Store(_) => None,
        }
    }
}

impl From<Damaged> for CommitError {
    fn from(damaged: Damaged) -> Self {
        Self::Store(StoreError::Damaged(damaged))
    }
}
