//! The journal is the audit: what makes it tamper-evident, and how that is checked.
//!
//! Each cell's entries are a chain of hashes. All entries of a store, in the order of their positions, are the
//! leaves of a Merkle tree ([`merkle`]), whose root a [`Checkpointer`] signs from time to time into a folder outside
//! the store. [`verify`] finds whatever was changed in the file, and a store that was put back to an older state or
//! written anew. A [`Receipt`] proves one entry to somebody who has neither the store nor this program.

mod checkpoint;
mod files;
mod key;
pub mod merkle;
mod note;
mod receipt;
mod verify;

pub use checkpoint::{Checkpointer, LATEST, NOTE_KEY, PUBLIC_KEY, origin};
pub use key::{AuditKey, PublicKey};
pub use note::{Checkpoint, NoteError};
pub use receipt::{Receipt, ReceiptEntry, ReceiptError};
pub use verify::{AuditReport, BadEntry, verify};

use crate::store::StoreError;

/// Why a checkpoint or a receipt could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// A file of the audit cannot be read or written.
    #[error("the audit file {path} cannot be used: {why}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A key cannot be used.
    #[error("the key {path} cannot be used: {why}")]
    Key {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint cannot be relied on.
    #[error("the checkpoint {path} cannot be relied on: {why}")]
    Checkpoint {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: NoteError,
    },
    /// The folder holds another store's checkpoints.
    #[error(
        "the folder {folder} holds checkpoints of another store, {origin}; name a folder of this store's own"
    )]
    OtherStore {
        /// Which folder.
        folder: String,
        /// Whose checkpoints.
        origin: String,
    },
    /// The store was put back to an older state.
    #[error("the store was put back to an older state: {signed} entries were signed, and it has {found}")]
    Rewound {
        /// How many entries the newest checkpoint names.
        signed: u64,
        /// How many the store has.
        found: u64,
    },
    /// The store's entries are not those that were signed.
    #[error("the journal was rewritten: its first {signed} entries are not those that were signed")]
    Rewritten {
        /// How many entries the newest checkpoint names.
        signed: u64,
    },
    /// There is no such entry, or no checkpoint covers it yet.
    #[error("entry {position} is not under a checkpoint: the newest one covers {signed} entries")]
    NotSigned {
        /// Which entry.
        position: u64,
        /// How many entries the newest checkpoint names.
        signed: u64,
    },
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
}
