//! Both stores pass the suite that every store must pass.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the verdict")]

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use countersign_store::conformance::{Factory, run};
use countersign_store::{InMemory, SqliteStore, Store};
use tempfile::TempDir;

struct Memory;

impl Factory for Memory {
    fn fresh(&self) -> Box<dyn Store> {
        Box::new(InMemory::new())
    }

    fn reopen(&self, store: Box<dyn Store>) -> Box<dyn Store> {
        store
    }
}

struct Sqlite {
    folder: TempDir,
    made: Cell<u32>,
    path: RefCell<PathBuf>,
}

impl Factory for Sqlite {
    fn fresh(&self) -> Box<dyn Store> {
        self.made.set(self.made.get() + 1);
        let path = self.folder.path().join(format!("new/{}/runs.db", self.made.get()));
        let store = SqliteStore::open(&path).unwrap();
        self.path.replace(path);
        Box::new(store)
    }

    fn reopen(&self, store: Box<dyn Store>) -> Box<dyn Store> {
        drop(store);
        Box::new(SqliteStore::open(&self.path.borrow()).unwrap())
    }
}

#[test]
fn the_store_in_memory_conforms() {
    run(&Memory);
}

#[test]
fn the_sqlite_store_conforms() {
    run(&Sqlite { folder: TempDir::new().unwrap(), made: Cell::new(0), path: RefCell::default() });
}
