//! Numbers that others look at while the driver works.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::batch::Moved;

/// Depths and counts of a running process.
#[derive(Debug, Default)]
pub struct Gauges {
    pub(crate) queued: AtomicUsize,
    pub(crate) calls_out: AtomicUsize,
    pub(crate) entries: AtomicU64,
    pub(crate) signed: AtomicU64,
    pub(crate) dead_letters: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) last_at: AtomicI64,
    pub(crate) closing: AtomicBool,
    rows: Mutex<BTreeMap<(&'static str, String), u64>>,
}

impl Gauges {
    /// Inputs that wait for the driver.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Calls that are out, or wait to go out.
    pub fn calls_out(&self) -> usize {
        self.calls_out.load(Ordering::Relaxed)
    }

    /// Entries in the journal.
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// Entries under the newest signed checkpoint.
    pub fn signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }

    /// Inputs that were put aside.
    pub fn dead_letters(&self) -> u64 {
        self.dead_letters.load(Ordering::Relaxed)
    }

    /// Commits since the process started.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Whether the process is on its way down.
    pub fn closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// How many rows of a list have each status.
    pub fn rows(&self, list: &str) -> BTreeMap<String, u64> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let of_list = rows.iter().filter(|((l, _), count)| *l == list && **count > 0);
        of_list.map(|((_, status), count)| (status.clone(), *count)).collect()
    }

    pub(crate) fn moved(&self, moved: impl IntoIterator<Item = Moved>) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        for Moved { list, before, after } in moved {
            if let Some(before) = before {
                let count = rows.entry((list, before)).or_default();
                *count = count.saturating_sub(1);
            }
            *rows.entry((list, after)).or_default() += 1;
        }
    }
}
