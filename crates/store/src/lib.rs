//! One trait, commit transitions; the embedded SQLite store; the audit chains.
//!
//! In go batches of transitions of cells, out come durable entries, states, timers, outbox and index rows. The
//! store knows nothing of what they mean: names are text, contents are bytes.

mod store;
mod types;

pub use store::*;
pub use types::*;
