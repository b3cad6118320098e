//! Signed checkpoints, written while the driver has nothing better to do.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use countersign_store::StoreRead;
use countersign_store::audit::{AuditError, AuditKey, Checkpointer};

/// Where checkpoints go, and what signs them.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    /// The folder, outside the store.
    pub folder: PathBuf,
    /// The file of the signing key; it is made when there is none.
    pub key: PathBuf,
}

/// Signs what the store holds, at most so often.
pub(crate) struct Seal {
    checkpointer: Checkpointer,
    every: Duration,
    last: Instant,
    signed: u64,
}

/// Under load there is no quiet moment; after so many periods a checkpoint is written all the same.
const PATIENCE: u32 = 5;

impl Seal {
    pub(crate) fn open(
        store: &dyn StoreRead,
        checkpoints: &Checkpoints,
        every: Duration,
    ) -> Result<Self, AuditError> {
        let key = AuditKey::open_or_create(&checkpoints.key)?;
        let checkpointer = Checkpointer::open(store, &checkpoints.folder, key)?;
        // What was signed before is read again by the first checkpoint.
        Ok(Self { checkpointer, every, last: Instant::now(), signed: 0 })
    }

    /// How many entries are signed.
    pub(crate) fn signed(&self) -> u64 {
        self.signed
    }

    /// How long until a checkpoint may be written, if there is something to sign.
    pub(crate) fn due_in(&self, entries: u64) -> Option<Duration> {
        (entries > self.signed).then(|| self.every.saturating_sub(self.last.elapsed()))
    }

    /// Whether it is time.
    pub(crate) fn is_due(&self, entries: u64, quiet: bool) -> bool {
        let waited = self.last.elapsed();
        entries > self.signed && (waited >= self.every * PATIENCE || (quiet && waited >= self.every))
    }

    /// Signs all entries of now. A failure is told and tried again later: the journal itself is not in danger.
    pub(crate) fn write(&mut self, store: &dyn StoreRead) {
        self.last = Instant::now();
        match self.checkpointer.write(store) {
            Ok(checkpoint) => {
                self.signed = checkpoint.size;
                tracing::debug!(entries = checkpoint.size, root = %checkpoint.root, "checkpoint signed");
            }
            Err(error) => {
                tracing::error!(%error, "a checkpoint could not be written; it is tried again");
            }
        }
    }
}
