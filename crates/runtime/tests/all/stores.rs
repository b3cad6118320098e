//! Stores for tests: one that several processes can have after one another, as it was when the first was killed; one that
//! is slow; one that fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_runtime::StoreAt;
use countersign_store::{
    CellId, CommitError, Committed, Hash, InMemory, IndexQuery, IndexRow, Leaf, MessageId, Store, StoreError,
    StoreRead, StoredCell, StoredEntry, StoredMessage, StoredTimer, Transition,
};

/// A store in memory that outlives its process.
#[derive(Clone, Default)]
pub struct Shared {
    inside: Arc<Mutex<InMemory>>,
    slow: Option<Duration>,
    failing: Arc<AtomicBool>,
    forging: Arc<AtomicBool>,
}

impl Shared {
    pub fn slow(by: Duration) -> Self {
        Self { slow: Some(by), ..Self::default() }
    }

    pub fn at(&self) -> StoreAt {
        StoreAt::Given(Box::new(self.clone()))
    }

    /// The disk as it is now: what is left when the process is killed at this moment.
    pub fn killed_now(&self) -> Self {
        let inside = Arc::new(Mutex::new(self.inside.lock().unwrap().clone()));
        Self { inside, ..Self::default() }
    }

    /// From now on no commit succeeds.
    pub fn fail(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    /// From now on the facts of each run's beginning are left out, with everything else as it should be: somebody who
    /// owns the process writes what did not happen.
    pub fn forge(&self) {
        self.forging.store(true, Ordering::Relaxed);
    }

    pub fn look<T>(&self, look: impl FnOnce(&InMemory) -> T) -> T {
        look(&self.inside.lock().unwrap())
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut InMemory) -> T) -> T {
        change(&mut self.inside.lock().unwrap())
    }
}

macro_rules! reads {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl StoreRead for Shared {
            $(fn $name(&self, $($arg: $ty),*) -> Result<$out, StoreError> {
                self.inside.lock().unwrap().$name($($arg),*)
            })*
        }
    };
}

reads! {
    load(cell: &CellId) -> Option<StoredCell>;
    cells(after: Option<&CellId>, limit: usize) -> Vec<CellId>;
    consumed(cell: &CellId, message: &MessageId) -> bool;
    due_timers(until: i64, limit: usize) -> Vec<StoredTimer>;
    next_timer() -> Option<i64>;
    outbox(after: u64, limit: usize) -> Vec<StoredMessage>;
    outbox_len() -> u64;
    entries(cell: &CellId, from_seq: u64, limit: usize) -> Vec<StoredEntry>;
    entries_after(position: u64, limit: usize) -> Vec<StoredEntry>;
    leaves_after(position: u64, limit: usize) -> Vec<Leaf>;
    last_position() -> u64;
    index(index: &str, query: &IndexQuery, limit: usize) -> Vec<IndexRow>;
    index_row(tenant: &str, index: &str, key: &str) -> Option<IndexRow>;
    program(hash: &Hash) -> Option<Vec<u8>>;
    blob(hash: &Hash) -> Option<Vec<u8>>;
    meta(name: &str) -> Option<String>;
}

impl Store for Shared {
    fn commit(&mut self, batch: &[Transition]) -> Result<Committed, CommitError> {
        if let Some(slow) = self.slow {
            std::thread::sleep(slow);
        }
        if self.failing.load(Ordering::Relaxed) {
            return Err(StoreError::Fatal("the disk is gone".to_owned()).into());
        }
        let mut batch = batch.to_vec();
        if self.forging.load(Ordering::Relaxed) {
            let entries = batch.iter_mut().flat_map(|transition| &mut transition.entries);
            for entry in entries.filter(|entry| entry.kind == "start") {
                entry.facts = countersign_ir::to_cbor::<[u8; 0]>(&[]);
            }
        }
        self.inside.lock().unwrap().commit(&batch)
    }

    fn put_program(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        self.inside.lock().unwrap().put_program(hash, bytes)
    }

    fn put_blob(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        self.inside.lock().unwrap().put_blob(hash, bytes)
    }

    fn erase_blob(&mut self, hash: &Hash) -> Result<bool, StoreError> {
        self.inside.lock().unwrap().erase_blob(hash)
    }

    fn put_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.inside.lock().unwrap().put_meta(name, value)
    }
}
