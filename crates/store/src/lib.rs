//! One trait, commit transitions; the embedded SQLite store; the audit chains.
//!
//! In go batches of transitions of cells, out come durable entries, states, timers, outbox and index rows. The
//! store knows nothing of what they mean: names are text, contents are bytes.
//!
//! - [`Store`] and [`StoreRead`] are the whole interface; [`conformance`] is what every store must pass.
//! - [`SqliteStore`] is the embedded store, [`InMemory`] the one for tests and virtual time.
//! - [`audit`] signs the journal, checks it, and proves single entries.
//! - [`hash`] says what is hashed and how.

pub mod audit;
pub mod conformance;
pub mod hash;
mod memory;
mod plan;
mod sqlite;
mod store;
mod types;

pub use memory::InMemory;
pub use sqlite::{OpenError, SqliteReader, SqliteStore};
pub use store::*;
pub use types::*;
