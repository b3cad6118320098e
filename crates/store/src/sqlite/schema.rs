//! The tables of a store's file, the views for people, and the numbers by which a file is recognised.
//!
//! The journal is `entries`; everything else follows from it, or is what must still happen. Each row has a `sum`, a
//! checksum over its other columns, that is compared whenever the row is read.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::store::Damaged;

/// `SQLite`'s application id of our files: "CSgn".
pub(crate) const APPLICATION_ID: i64 = 0x4353_676e;

/// The version of this layout.
pub(crate) const VERSION: i64 = 1;

/// One object of the schema.
pub(crate) struct Object {
    pub name: &'static str,
    pub sql: &'static str,
}

/// All objects, in the order in which they are created. `verify` compares them with what the file holds.
pub(crate) const OBJECTS: &[Object] = &[
    Object {
        name: "meta",
        sql: "CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  sum BLOB NOT NULL
) STRICT, WITHOUT ROWID",
    },
    Object {
        name: "entries",
        sql: "CREATE TABLE entries (
  position INTEGER NOT NULL PRIMARY KEY,
  cell TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  state_hash BLOB NOT NULL,
  prev BLOB NOT NULL,
  hash BLOB NOT NULL,
  sum BLOB NOT NULL,
  body BLOB NOT NULL,
  facts BLOB NOT NULL
) STRICT",
    },
    Object { name: "entries_by_cell", sql: "CREATE UNIQUE INDEX entries_by_cell ON entries (cell, seq)" },
    Object {
        name: "cells",
        sql: "CREATE TABLE cells (
  cell TEXT NOT NULL UNIQUE,
  seq INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  state_hash BLOB NOT NULL,
  head BLOB NOT NULL,
  sum BLOB NOT NULL,
  state BLOB NOT NULL
) STRICT",
    },
    Object {
        name: "consumed",
        sql: "CREATE TABLE consumed (
  cell TEXT NOT NULL,
  message TEXT NOT NULL,
  seq INTEGER NOT NULL,
  sum BLOB NOT NULL,
  PRIMARY KEY (cell, message)
) STRICT, WITHOUT ROWID",
    },
    Object {
        name: "timers",
        sql: "CREATE TABLE timers (
  cell TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  sum BLOB NOT NULL,
  PRIMARY KEY (cell, id)
) STRICT, WITHOUT ROWID",
    },
    Object { name: "timers_by_time", sql: "CREATE INDEX timers_by_time ON timers (at, cell, id)" },
    Object {
        name: "outbox",
        sql: "CREATE TABLE outbox (
  position INTEGER NOT NULL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  sender TEXT NOT NULL,
  target TEXT,
  priority INTEGER NOT NULL,
  sum BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT",
    },
    Object {
        name: "lists",
        sql: "CREATE TABLE lists (
  tenant TEXT NOT NULL,
  list TEXT NOT NULL,
  key TEXT NOT NULL,
  cell TEXT NOT NULL,
  sort INTEGER NOT NULL,
  fields TEXT NOT NULL,
  sum BLOB NOT NULL,
  PRIMARY KEY (tenant, list, key)
) STRICT, WITHOUT ROWID",
    },
    Object { name: "lists_by_sort", sql: "CREATE INDEX lists_by_sort ON lists (list, sort, tenant, key)" },
    Object {
        name: "programs",
        sql: "CREATE TABLE programs (
  hash BLOB NOT NULL PRIMARY KEY,
  sum BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT",
    },
    Object {
        name: "blobs",
        sql: "CREATE TABLE blobs (
  hash BLOB NOT NULL PRIMARY KEY,
  sum BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT",
    },
    Object {
        name: "runs",
        sql: "CREATE VIEW runs AS
SELECT tenant, key AS run, fields ->> '$.flow' AS flow, fields ->> '$.status' AS status, sort, fields, cell
FROM lists WHERE list = 'run' ORDER BY sort",
    },
    Object {
        name: "tasks",
        sql: "CREATE VIEW tasks AS
SELECT tenant, key AS task, fields ->> '$.flow' AS flow, fields ->> '$.role' AS role,
  fields ->> '$.status' AS status, sort, fields, cell
FROM lists WHERE list = 'task' ORDER BY sort",
    },
    Object {
        name: "journal",
        sql: "CREATE VIEW journal AS
SELECT position, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e9, 'unixepoch') AS at, cell, seq, kind, actor,
  body, facts, lower(hex(hash)) AS hash
FROM entries ORDER BY position",
    },
];

/// What the file's schema has that it must not have, and lacks that it must have.
///
/// Views and indexes that people have added are theirs; a trigger would change what a commit means.
pub(crate) fn differences(connection: &Connection) -> Result<Vec<Damaged>, rusqlite::Error> {
    let mut missing: BTreeMap<&str, &str> = OBJECTS.iter().map(|object| (object.name, object.sql)).collect();
    let mut found = Vec::new();
    let mut damaged = |place: &str, wrong: &str| {
        found.push(Damaged { what: "schema", place: format!("`{place}`"), wrong: wrong.to_owned() });
    };
    let mut statement = connection
        .prepare("SELECT type, name, CAST(sql AS BLOB) FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| match row.get_ref(column) {
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        let (kind, name, sql) = (text(0), text(1), text(2));
        match missing.remove(name.as_str()) {
            Some(expected) if expected == sql => {}
            Some(_) => damaged(&name, "it is not defined as this program defines it"),
            None if kind == "view" || kind == "index" || name.starts_with("sqlite_") => {}
            None => damaged(&name, "it is not part of a store"),
        }
    }
    for name in missing.keys() {
        damaged(name, "it is missing");
    }
    Ok(found)
}
