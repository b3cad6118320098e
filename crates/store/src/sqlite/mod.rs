//! The embedded store: one SQLite file in WAL mode, `synchronous = FULL`, owned by one process.
//!
//! A batch is one transaction. Once a write has failed nothing is known of what reached the disk, so the store
//! refuses everything from then on; its process must end and open it again.

mod open;
mod read;
mod rows;
pub(crate) mod scan;
mod schema;
mod write;

use std::cell::OnceCell;
use std::path::Path;

pub use open::OpenError;
use open::Ownership;
use read::File;

use crate::plan::plan;
use crate::store::{CommitError, Store, StoreError, StoreRead};
use crate::types::{
    CellId, Committed, Hash, IndexQuery, IndexRow, Leaf, MessageId, StoredCell, StoredEntry, StoredMessage,
    StoredTimer, Transition,
};

/// The store in a SQLite file, owned by this process.
pub struct SqliteStore {
    // Closed before the ownership ends: fields are dropped in this order.
    file: File,
    _ownership: Ownership,
    last: u64,
    failed: OnceCell<String>,
}

/// A reader of a store's file, beside its owner or without one.
pub struct SqliteReader {
    file: File,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.file.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteReader").field("path", &self.file.path).finish_non_exhaustive()
    }
}

impl SqliteReader {
    /// Opens the store at `path` to read it. Each read sees the last commit.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = open::read(path)?;
        open::store_id(&file)?;
        Ok(Self { file })
    }
}

impl SqliteStore {
    /// Opens the store at `path`, with its folder and file made when there are none, and takes ownership of it
    /// until it is dropped or the process ends.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (file, ownership) = open::own(path)?;
        open::store_id(&file)?;
        let last = file.last_position()?;
        Ok(Self { file, _ownership: ownership, last, failed: OnceCell::new() })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Opens a reader of the same file, for another thread.
    pub fn reader(&self) -> Result<SqliteReader, OpenError> {
        SqliteReader::open(&self.file.path)
    }

    /// Moves the write-ahead log into the file and closes it, so that the file alone is the whole store.
    pub fn close(self) -> Result<(), StoreError> {
        let path = self.file.path.clone();
        let File { connection, .. } = self.file;
        let moved = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let closed = connection.close().map_err(|(_, error)| error);
        moved.and(closed).map_err(|e| read::failure(&path, &e))
    }

    fn alive(&self) -> Result<(), StoreError> {
        match self.failed.get() {
            Some(why) => Err(StoreError::Fatal(why.clone())),
            None => Ok(()),
        }
    }

    /// Marks the store as failed when the error says so.
    fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Fatal(why)) = &result {
            let _ = self.failed.set(why.clone());
        }
        result
    }

    fn fatal(&self, doing: &str, error: &rusqlite::Error) -> StoreError {
        let why = format!("{}: {doing}: {error}", self.file.path.display());
        let _ = self.failed.set(why.clone());
        StoreError::Fatal(why)
    }

    fn read<T>(&self, read: impl FnOnce(&File) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.alive()?;
        self.note(read(&self.file))
    }

    fn begin(&self) -> Result<(), StoreError> {
        self.alive()?;
        match self.execute("BEGIN IMMEDIATE") {
            Ok(()) => Ok(()),
            // Nothing was written yet: a busy file can be tried again.
            Err(error) => self.note(Err(self.file.failure(&error))),
        }
    }

    fn execute(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.file.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn roll_back(&self) -> Result<(), StoreError> {
        self.execute("ROLLBACK").map_err(|e| self.fatal("a commit could not be taken back", &e))
    }

    /// Writes within a transaction that has begun, and commits it. From here on every failure is fatal.
    fn finish<T>(&self, write: impl FnOnce() -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        let written = write().and_then(|value| self.execute("COMMIT").map(|()| value));
        written.map_err(|error| {
            let failure = self.fatal("a commit failed", &error);
            let _ = self.execute("ROLLBACK");
            failure
        })
    }

    fn put(&self, table: &'static rows::Table, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        let kept = self.read(|file| match table.name {
            "programs" => file.program(hash),
            _ => file.blob(hash),
        })?;
        match kept {
            Some(kept) if kept == bytes => Ok(()),
            Some(_) => Err(StoreError::Different { what: table.what, hash: *hash }),
            None => {
                self.begin()?;
                self.finish(|| write::bytes(&self.file.connection, table, hash, bytes))
            }
        }
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, batch: &[Transition]) -> Result<Committed, CommitError> {
        self.begin()?;
        let plan = match plan(&self.file, self.last, batch) {
            Ok(plan) => plan,
            Err(error) => {
                if let CommitError::Store(StoreError::Fatal(why)) = &error {
                    let _ = self.failed.set(why.clone());
                }
                self.roll_back()?;
                return Err(error);
            }
        };
        self.finish(|| write::write(&self.file.connection, &plan))?;
        self.last = plan.last;
        Ok(plan.committed())
    }

    fn put_program(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(&rows::PROGRAMS, hash, bytes)
    }

    fn put_blob(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(&rows::BLOBS, hash, bytes)
    }

    fn erase_blob(&mut self, hash: &Hash) -> Result<bool, StoreError> {
        self.begin()?;
        self.finish(|| write::erase_blob(&self.file.connection, hash))
    }

    fn put_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.begin()?;
        self.finish(|| write::meta(&self.file.connection, name, value))
    }
}

/// Both handles read in the same way.
macro_rules! reads {
    ($handle:ty, |$self:ident, $read:ident| $through:expr) => {
        impl $handle {
            fn through<T>(
                &$self,
                $read: impl FnOnce(&File) -> Result<T, StoreError>,
            ) -> Result<T, StoreError> {
                $through
            }
        }

        impl StoreRead for $handle {
            fn load(&self, cell: &CellId) -> Result<Option<StoredCell>, StoreError> {
                self.through(|file| file.load(cell))
            }

            fn cells(&self, after: Option<&CellId>, limit: usize) -> Result<Vec<CellId>, StoreError> {
                self.through(|file| file.cells(after, limit))
            }

            fn consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError> {
                self.through(|file| file.consumed(cell, message))
            }

            fn due_timers(&self, until: i64, limit: usize) -> Result<Vec<StoredTimer>, StoreError> {
                self.through(|file| file.due_timers(until, limit))
            }

            fn next_timer(&self) -> Result<Option<i64>, StoreError> {
                self.through(StoreRead::next_timer)
            }

            fn outbox(&self, after: u64, limit: usize) -> Result<Vec<StoredMessage>, StoreError> {
                self.through(|file| file.outbox(after, limit))
            }

            fn outbox_len(&self) -> Result<u64, StoreError> {
                self.through(StoreRead::outbox_len)
            }

            fn entries(
                &self,
                cell: &CellId,
                from_seq: u64,
                limit: usize,
            ) -> Result<Vec<StoredEntry>, StoreError> {
                self.through(|file| file.entries(cell, from_seq, limit))
            }

            fn entries_after(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
                self.through(|file| file.entries_after(position, limit))
            }

            fn leaves_after(&self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
                self.through(|file| file.leaves_after(position, limit))
            }

            fn last_position(&self) -> Result<u64, StoreError> {
                self.through(StoreRead::last_position)
            }

            fn index(
                &self,
                index: &str,
                query: &IndexQuery,
                limit: usize,
            ) -> Result<Vec<IndexRow>, StoreError> {
                self.through(|file| file.index(index, query, limit))
            }

            fn index_row(&self, tenant: &str, index: &str, key: &str) -> Result<Option<IndexRow>, StoreError> {
                self.through(|file| file.index_row(tenant, index, key))
            }

            fn program(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
                self.through(|file| file.program(hash))
            }

            fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
                self.through(|file| file.blob(hash))
            }

            fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
                self.through(|file| file.meta(name))
            }
        }
    };
}

reads!(SqliteStore, |self, read| self.read(read));
reads!(SqliteReader, |self, read| read(&self.file));

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::types::NewEntry;

    fn step(expected: u64, size: usize) -> Transition {
        let entry = NewEntry {
            at: 0,
            kind: String::new(),
            actor: String::new(),
            body: vec![1; size],
            facts: Vec::new(),
        };
        Transition { entries: vec![entry], ..Transition::new(CellId::new("t", "k", "c"), expected, 0) }
    }

    #[test]
    fn a_failed_write_is_fatal_and_nothing_is_acknowledged_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut store = SqliteStore::open(&path).unwrap();
        store.commit(&[step(0, 10)]).unwrap();
        // A full disk, as far as the store can tell.
        store.file.connection.pragma_update(None, "max_page_count", 30).unwrap();
        let error = store.commit(&[step(1, 1_000_000)]).unwrap_err();
        assert!(error.is_fatal(), "{error:?}");
        assert!(store.commit(&[step(1, 10)]).unwrap_err().is_fatal(), "a failed store accepts nothing");
        assert!(matches!(store.load(&CellId::new("t", "k", "c")), Err(StoreError::Fatal(_))));
        drop(store);
        let mut store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.last_position().unwrap(), 1);
        assert_eq!(store.commit(&[step(1, 10)]).unwrap().last, 2);
    }

    #[test]
    fn a_foreign_writer_is_waited_for_and_then_reported_without_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut store = SqliteStore::open(&path).unwrap();
        store.file.connection.busy_timeout(Duration::from_millis(20)).unwrap();
        let foreign = rusqlite::Connection::open(&path).unwrap();
        foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
        let busy = store.commit(&[step(0, 10)]).unwrap_err();
        assert_eq!(busy, CommitError::Store(StoreError::Busy(path.display().to_string())));
        foreign.execute_batch("ROLLBACK").unwrap();
        assert_eq!(store.commit(&[step(0, 10)]).unwrap().last, 1);
    }

    #[test]
    fn the_file_is_written_as_the_promises_need_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("runs.db")).unwrap();
        let pragma = |name: &str| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            store.file.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let synchronous_full = "2";
        assert_eq!(pragma("journal_mode"), "wal");
        assert_eq!(pragma("synchronous"), synchronous_full);
        assert_eq!(pragma("secure_delete"), "1");
    }
}
