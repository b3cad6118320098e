//! Opening a file: who owns it, whether it is ours, and how `SQLite` must treat it.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::read::{File, failure};
use super::{schema, write};
use crate::store::{Damaged, META_STORE_ID, StoreError, StoreRead};
use crate::types::Hex;

/// Why a store could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process owns it.
    #[error("the store {path} is in use by {}; stop that process first, or name another store with `--store`", owner(*pid))]
    InUse {
        /// The store.
        path: String,
        /// Who owns it, when that could be read.
        pid: Option<u32>,
    },
    /// There is none.
    #[error("there is no store at {path}; one is made when the project first runs")]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// The file is something else.
    #[error("{path} is not a store of this program; name another file with `--store`")]
    NotAStore {
        /// The file.
        path: String,
    },
    /// The file was written by a later version of this program.
    #[error(
        "the store {path} has layout {found}, and this program knows layouts up to {known}; use a newer version"
    )]
    Newer {
        /// The store.
        path: String,
        /// Its layout.
        found: i64,
        /// The newest layout that this program knows.
        known: i64,
    },
    /// The `SQLite` that this program was built with can lose data.
    #[error("SQLite {found} can lose what was committed; build with 3.51.3 or later")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// The file system refused.
    #[error("the store {path} cannot be opened: {why}")]
    Io {
        /// The store.
        path: String,
        /// What the system said.
        why: String,
    },
    /// `SQLite` refused, or the file is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// The first version without the bug by which a reset of the write-ahead log could lose a commit.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long to wait for another program that has the file open.
const PATIENCE: Duration = Duration::from_secs(5);

fn io(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError::Io { path: path.display().to_string(), why: error.to_string() }
}

/// The owner's mark: a locked file beside the store that holds the owner's process id. The lock ends with the
/// process, however it ends.
pub(crate) struct Ownership {
    _lock: fs::File,
}

impl Ownership {
    fn take(store: &Path) -> Result<Self, OpenError> {
        let mut name = OsString::from(store.as_os_str());
        name.push(".lock");
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&path).map_err(|e| io(&path, &e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(OpenError::InUse { path: store.display().to_string(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(io(&path, &error)),
        }
        let note = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        note.map_err(|e| io(&path, &e))?;
        Ok(Self { _lock: lock })
    }
}

fn sqlite_is_new_enough() -> Result<(), OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::OldSqlite { found: rusqlite::version().to_owned() });
    }
    Ok(())
}

/// Opens the file for its one owner, and makes it when there is none.
pub(crate) fn own(path: &Path) -> Result<(File, Ownership), OpenError> {
    sqlite_is_new_enough()?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|e| io(folder, &e))?;
    let ownership = Ownership::take(path)?;
    if !path.try_exists().map_err(|e| io(path, &e))? {
        create_file(path, folder).map_err(|e| io(path, &e))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| failure(path, &e))?;
    let mut file = File { path: path.to_owned(), connection };
    let is_empty = recognise(&file)?;
    configure(&file)?;
    if is_empty {
        create_schema(&mut file)?;
    }
    check_schema(&file)?;
    check_searches(&file)?;
    Ok((file, ownership))
}

/// The store holds what people said and paid: nobody else on the machine may read it.
fn create_file(path: &Path, folder: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()?;
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Whether the file is empty. Anything that is neither empty nor a store that this program knows is refused.
pub(crate) fn recognise(file: &File) -> Result<bool, OpenError> {
    let path = file.path.display().to_string();
    let number = |sql: &str| file.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let read = || {
        Ok::<_, rusqlite::Error>((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let (application, version, objects) = match read() {
        Ok(found) => found,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(OpenError::NotAStore { path });
        }
        Err(error) => return Err(file.failure(&error).into()),
    };
    match (application, version, objects) {
        (0, 0, 0) => Ok(true),
        (schema::APPLICATION_ID, schema::VERSION, _) => Ok(false),
        (schema::APPLICATION_ID, found, _) if found > schema::VERSION => {
            Err(OpenError::Newer { path, found, known: schema::VERSION })
        }
        _ => Err(OpenError::NotAStore { path }),
    }
}

/// Refuses a file whose tables are not those that this program makes.
fn check_schema(file: &File) -> Result<(), OpenError> {
    let differences = schema::differences(&file.connection).map_err(|e| file.failure(&e))?;
    match differences.into_iter().next() {
        Some(damaged) => Err(StoreError::Damaged(damaged).into()),
        None => Ok(()),
    }
}

/// The tables that say how things stand now. What a search does not find in them counts as never having been.
const STANDING: [&str; 6] = ["meta", "cells", "consumed", "timers", "outbox", "lists"];

/// Refuses a file in whose trees a search would go astray. A row that is read shows its damage by its sum; one that is not
/// found shows nothing, and a claim that seems free, or a timer that never comes due, would break a promise in silence.
fn check_searches(file: &File) -> Result<(), OpenError> {
    let check = |table: &str| {
        let mut statement = file.connection.prepare(&format!("PRAGMA integrity_check({table})"))?;
        statement.query_row([], |row| row.get::<_, String>(0))
    };
    for table in STANDING {
        let said = check(table).map_err(|error| file.failure(&error))?;
        if said != "ok" {
            let place = file.path.display().to_string();
            return Err(StoreError::Damaged(Damaged { what: "file", place, wrong: said }).into());
        }
    }
    Ok(())
}

fn configure(file: &File) -> Result<(), OpenError> {
    let connection = &file.connection;
    let set = || {
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
    };
    let mode = set().map_err(|e| file.failure(&e))?;
    if mode != "wal" {
        let why = "its file system does not support a write-ahead log".to_owned();
        return Err(OpenError::Io { path: file.path.display().to_string(), why });
    }
    let pragmas = "PRAGMA synchronous = FULL;
        PRAGMA fullfsync = ON;
        PRAGMA checkpoint_fullfsync = ON;
        PRAGMA secure_delete = ON;
        PRAGMA cell_size_check = ON;
        PRAGMA trusted_schema = OFF;
        PRAGMA temp_store = MEMORY;
        PRAGMA journal_size_limit = 67108864;";
    connection.execute_batch(pragmas).map_err(|e| file.failure(&e))?;
    Ok(())
}

fn create_schema(file: &mut File) -> Result<(), OpenError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|e| OpenError::Io {
        path: file.path.display().to_string(),
        why: format!("the system gives no random bytes: {e}"),
    })?;
    let id = Hex(&id).to_string();
    let path = file.path.clone();
    let create = |connection: &mut Connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for object in schema::OBJECTS {
            transaction.execute_batch(object.sql)?;
        }
        write::meta(&transaction, META_STORE_ID, &id)?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
        transaction.commit()
    };
    create(&mut file.connection).map_err(|e| failure(&path, &e))?;
    Ok(())
}

/// Opens the file to read it only, beside its owner or without one.
pub(crate) fn read(path: &Path) -> Result<File, OpenError> {
    sqlite_is_new_enough()?;
    if !path.try_exists().map_err(|e| io(path, &e))? {
        return Err(OpenError::Missing { path: path.display().to_string() });
    }
    let file = connect_read_only(path)?;
    if recognise(&file)? {
        return Err(OpenError::NotAStore { path: path.display().to_string() });
    }
    check_schema(&file)?;
    Ok(file)
}

/// A connection that can only read; what the file is has not been looked at yet.
pub(crate) fn connect_read_only(path: &Path) -> Result<File, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| failure(path, &e))?;
    let set = || {
        connection.busy_timeout(PATIENCE)?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
    };
    set().map_err(|e| failure(path, &e))?;
    Ok(File { path: path.to_owned(), connection })
}

/// The id of an open store.
pub(crate) fn store_id(file: &File) -> Result<String, StoreError> {
    file.meta(META_STORE_ID)?.ok_or_else(|| {
        StoreError::Damaged(crate::store::Damaged {
            what: "meta value",
            place: format!("`{META_STORE_ID}`"),
            wrong: "it is missing".to_owned(),
        })
    })
}
