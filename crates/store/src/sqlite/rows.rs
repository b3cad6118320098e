//! Rows of the file: from columns to values, with the checksum compared on the way.
//!
//! A row that was damaged may hold anything, also values of another type than its column's, so nothing is taken
//! for granted. A fault says which row it is as far as that can still be read.

use std::collections::BTreeMap;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::hash::{EntryContent, Hasher, Sum, entry_hash, row as sum_of, state_hash};
use crate::plan::Head;
use crate::store::Damaged;
use crate::types::{
    CellId, Hash, Hex, IndexRow, Leaf, MessageId, StoredCell, StoredEntry, StoredMessage, StoredTimer, Target,
};

/// A table: what its rows are called, how many columns name a row, and all columns in the order of reading.
pub(crate) struct Table {
    pub what: &'static str,
    pub name: &'static str,
    named_by: usize,
    pub columns: &'static str,
}

pub(crate) const META: Table =
    Table { what: "meta value", name: "meta", named_by: 1, columns: "name, value, sum" };
pub(crate) const CELLS: Table = Table {
    what: "cell",
    name: "cells",
    named_by: 1,
    columns: "cell, seq, fence, state_hash, head, sum, state",
};
/// A cell without its state.
pub(crate) const HEADS: Table =
    Table { what: "cell", name: "cells", named_by: 1, columns: "cell, seq, fence, state_hash, head, sum" };
pub(crate) const ENTRIES: Table = Table {
    what: "entry",
    name: "entries",
    named_by: 3,
    columns: "position, cell, seq, at, kind, actor, state_hash, prev, hash, sum, body, facts",
};
pub(crate) const LEAVES: Table =
    Table { what: "entry", name: "entries", named_by: 1, columns: "position, hash, sum" };
pub(crate) const CONSUMED: Table =
    Table { what: "consumed message", name: "consumed", named_by: 2, columns: "cell, message, seq, sum" };
pub(crate) const TIMERS: Table =
    Table { what: "timer", name: "timers", named_by: 2, columns: "cell, id, at, sum" };
pub(crate) const OUTBOX: Table = Table {
    what: "message",
    name: "outbox",
    named_by: 2,
    columns: "position, id, sender, target, priority, sum, body",
};
pub(crate) const LISTS: Table = Table {
    what: "index row",
    name: "lists",
    named_by: 3,
    columns: "tenant, list, key, cell, sort, fields, sum",
};
pub(crate) const PROGRAMS: Table =
    Table { what: "program", name: "programs", named_by: 1, columns: "hash, sum, bytes" };
pub(crate) const BLOBS: Table =
    Table { what: "blob", name: "blobs", named_by: 1, columns: "hash, sum, bytes" };

impl Table {
    /// A query of all columns of this table.
    pub(crate) fn select(&self, rest: &str) -> String {
        format!("SELECT {} FROM {} {rest}", self.columns, self.name)
    }
}

/// The columns of one row.
struct Columns<'r, 's> {
    table: &'static Table,
    row: &'r Row<'s>,
}

impl Columns<'_, '_> {
    fn value(&self, column: usize) -> ValueRef<'_> {
        self.row.get_ref(column).unwrap_or(ValueRef::Null)
    }

    fn damaged(&self, wrong: impl Into<String>) -> Damaged {
        let names: Vec<String> = (0..self.table.named_by)
            .map(|column| match self.value(column) {
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Text(text) => format!("`{}`", String::from_utf8_lossy(text)),
                ValueRef::Blob(bytes) => Hex(bytes).to_string(),
                ValueRef::Real(_) | ValueRef::Null => "?".to_owned(),
            })
            .collect();
        Damaged { what: self.table.what, place: names.join(" "), wrong: wrong.into() }
    }

    fn wrong_type(&self, column: usize, expected: &str) -> Damaged {
        let name = self.table.columns.split(", ").nth(column).unwrap_or("?");
        self.damaged(format!("its {name} is not {expected}"))
    }

    fn text(&self, column: usize) -> Result<&str, Damaged> {
        match self.value(column) {
            ValueRef::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        }
        .ok_or_else(|| self.wrong_type(column, "a text"))
    }

    fn signed(&self, column: usize) -> Result<i64, Damaged> {
        match self.value(column) {
            ValueRef::Integer(number) => Ok(number),
            _ => Err(self.wrong_type(column, "a number")),
        }
    }

    fn unsigned(&self, column: usize) -> Result<u64, Damaged> {
        u64::try_from(self.signed(column)?).map_err(|_| self.wrong_type(column, "a positive number"))
    }

    fn bytes(&self, column: usize) -> Result<&[u8], Damaged> {
        match self.value(column) {
            ValueRef::Blob(bytes) => Ok(bytes),
            _ => Err(self.wrong_type(column, "a sequence of bytes")),
        }
    }

    fn hash(&self, column: usize) -> Result<Hash, Damaged> {
        let bytes = self.bytes(column)?.try_into().map_err(|_| self.wrong_type(column, "a hash"))?;
        Ok(Hash(bytes))
    }

    fn cell(&self, column: usize) -> Result<CellId, Damaged> {
        self.text(column)?.parse().map_err(|_| self.wrong_type(column, "the name of a cell"))
    }

    fn check(&self, column: usize, expected: Sum) -> Result<(), Damaged> {
        if self.bytes(column)? == expected.0 {
            Ok(())
        } else {
            Err(self.damaged("its checksum does not match its contents"))
        }
    }
}

pub(crate) fn meta_sum(name: &str, value: &str) -> Sum {
    sum_of("meta").text(name).text(value).sum()
}

pub(crate) fn meta(row: &Row<'_>) -> Result<(String, String), Damaged> {
    let columns = Columns { table: &META, row };
    let (name, value) = (columns.text(0)?, columns.text(1)?);
    columns.check(2, meta_sum(name, value))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn cell_sum(cell: &str, head: &Head) -> Sum {
    let sum = sum_of("cells").text(cell).unsigned(head.seq).unsigned(head.fence);
    sum.hash(&head.state_hash).hash(&head.hash).sum()
}

fn head_of(columns: &Columns<'_, '_>) -> Result<(CellId, Head), Damaged> {
    let head = Head {
        seq: columns.unsigned(1)?,
        fence: columns.unsigned(2)?,
        state_hash: columns.hash(3)?,
        hash: columns.hash(4)?,
    };
    columns.check(5, cell_sum(columns.text(0)?, &head))?;
    Ok((columns.cell(0)?, head))
}

pub(crate) fn head(row: &Row<'_>) -> Result<(CellId, Head), Damaged> {
    head_of(&Columns { table: &HEADS, row })
}

pub(crate) fn cell(row: &Row<'_>) -> Result<(CellId, Head, StoredCell), Damaged> {
    let columns = Columns { table: &CELLS, row };
    let (cell, head) = head_of(&columns)?;
    let state = columns.bytes(6)?;
    if state_hash(state) != head.state_hash {
        return Err(columns.damaged("its state does not match the hash of its state"));
    }
    let stored = StoredCell { seq: head.seq, fence: head.fence, state: state.to_vec() };
    Ok((cell, head, stored))
}

pub(crate) fn entry_sum(position: u64, hash: &Hash) -> Sum {
    sum_of("entries").unsigned(position).hash(hash).sum()
}

pub(crate) fn entry(row: &Row<'_>) -> Result<StoredEntry, Damaged> {
    let columns = Columns { table: &ENTRIES, row };
    let entry = StoredEntry {
        position: columns.unsigned(0)?,
        cell: columns.cell(1)?,
        seq: columns.unsigned(2)?,
        at: columns.signed(3)?,
        kind: columns.text(4)?.to_owned(),
        actor: columns.text(5)?.to_owned(),
        state_hash: columns.hash(6)?,
        prev: columns.hash(7)?,
        hash: columns.hash(8)?,
        body: columns.bytes(10)?.to_vec(),
        facts: columns.bytes(11)?.to_vec(),
    };
    if hash_of(&entry) != entry.hash {
        return Err(columns.damaged("its hash does not match its contents"));
    }
    columns.check(9, entry_sum(entry.position, &entry.hash))?;
    Ok(entry)
}

/// The hash that an entry must have.
pub(crate) fn hash_of(entry: &StoredEntry) -> Hash {
    entry_hash(&EntryContent {
        cell: &entry.cell,
        seq: entry.seq,
        at: entry.at,
        kind: &entry.kind,
        actor: &entry.actor,
        body: &entry.body,
        facts: &entry.facts,
        state_hash: &entry.state_hash,
        prev: &entry.prev,
    })
}

/// What can still be told of an entry that is damaged.
pub(crate) struct Remains {
    pub position: Option<u64>,
    pub cell: Option<String>,
    pub seq: Option<u64>,
    pub state_hash: Option<Hash>,
    pub hash: Option<Hash>,
}

pub(crate) fn remains(row: &Row<'_>) -> Remains {
    let columns = Columns { table: &ENTRIES, row };
    Remains {
        position: columns.unsigned(0).ok(),
        cell: columns.text(1).ok().map(str::to_owned),
        seq: columns.unsigned(2).ok(),
        state_hash: columns.hash(6).ok(),
        hash: columns.hash(8).ok(),
    }
}

pub(crate) fn leaf(row: &Row<'_>) -> Result<Leaf, Damaged> {
    let columns = Columns { table: &LEAVES, row };
    let leaf = Leaf { position: columns.unsigned(0)?, hash: columns.hash(1)? };
    columns.check(2, entry_sum(leaf.position, &leaf.hash))?;
    Ok(leaf)
}

pub(crate) fn consumed_sum(cell: &str, message: &str, seq: u64) -> Sum {
    sum_of("consumed").text(cell).text(message).unsigned(seq).sum()
}

pub(crate) fn consumed(row: &Row<'_>) -> Result<(CellId, MessageId), Damaged> {
    let columns = Columns { table: &CONSUMED, row };
    let (cell, message) = (columns.text(0)?, columns.text(1)?);
    columns.check(3, consumed_sum(cell, message, columns.unsigned(2)?))?;
    Ok((columns.cell(0)?, message.into()))
}

pub(crate) fn timer_sum(cell: &str, id: &str, at: i64) -> Sum {
    sum_of("timers").text(cell).text(id).signed(at).sum()
}

pub(crate) fn timer(row: &Row<'_>) -> Result<StoredTimer, Damaged> {
    let columns = Columns { table: &TIMERS, row };
    let (cell, id, at) = (columns.text(0)?, columns.text(1)?, columns.signed(2)?);
    columns.check(3, timer_sum(cell, id, at))?;
    Ok(StoredTimer { cell: columns.cell(0)?, id: id.to_owned(), at })
}

/// The columns of a message that go into its checksum.
pub(crate) struct MessageColumns<'a> {
    pub position: u64,
    pub id: &'a str,
    pub sender: &'a str,
    /// Absent for the world.
    pub target: Option<&'a str>,
    pub priority: i64,
    pub body: &'a [u8],
}

impl MessageColumns<'_> {
    pub(crate) fn sum(&self) -> Sum {
        let sum: Hasher = sum_of("outbox").unsigned(self.position).text(self.id).text(self.sender);
        let sum = match self.target {
            Some(target) => sum.unsigned(1).text(target),
            None => sum.unsigned(0),
        };
        sum.signed(self.priority).bytes(self.body).sum()
    }
}

pub(crate) fn message(row: &Row<'_>) -> Result<StoredMessage, Damaged> {
    let columns = Columns { table: &OUTBOX, row };
    let target = match columns.value(3) {
        ValueRef::Null => None,
        _ => Some(columns.text(3)?),
    };
    let kept = MessageColumns {
        position: columns.unsigned(0)?,
        id: columns.text(1)?,
        sender: columns.text(2)?,
        target,
        priority: columns.signed(4)?,
        body: columns.bytes(6)?,
    };
    columns.check(5, kept.sum())?;
    Ok(StoredMessage {
        position: kept.position,
        from: columns.cell(2)?,
        id: kept.id.into(),
        target: if target.is_some() { Target::Cell(columns.cell(3)?) } else { Target::World },
        body: kept.body.to_vec(),
        priority: i32::try_from(kept.priority).map_err(|_| columns.wrong_type(4, "a priority"))?,
    })
}

/// The columns of an index row that go into its checksum.
pub(crate) struct ListColumns<'a> {
    pub tenant: &'a str,
    pub list: &'a str,
    pub key: &'a str,
    pub cell: &'a str,
    pub sort: i64,
    /// A JSON object of texts, sorted by name.
    pub fields: &'a str,
}

impl ListColumns<'_> {
    pub(crate) fn sum(&self) -> Sum {
        let sum = sum_of("lists").text(self.tenant).text(self.list).text(self.key).text(self.cell);
        sum.signed(self.sort).text(self.fields).sum()
    }
}

pub(crate) fn index_row(row: &Row<'_>) -> Result<IndexRow, Damaged> {
    let columns = Columns { table: &LISTS, row };
    let kept = ListColumns {
        tenant: columns.text(0)?,
        list: columns.text(1)?,
        key: columns.text(2)?,
        cell: columns.text(3)?,
        sort: columns.signed(4)?,
        fields: columns.text(5)?,
    };
    columns.check(6, kept.sum())?;
    let fields: BTreeMap<String, String> =
        serde_json::from_str(kept.fields).map_err(|_| columns.wrong_type(5, "a JSON object of texts"))?;
    Ok(IndexRow {
        index: kept.list.to_owned(),
        key: kept.key.to_owned(),
        cell: columns.cell(3)?,
        sort: kept.sort,
        fields,
    })
}

/// The checksum of a row of `programs` or `blobs`.
pub(crate) fn bytes_sum(table: &Table, hash: &Hash, bytes: &[u8]) -> Sum {
    sum_of(table.name).hash(hash).bytes(bytes).sum()
}

pub(crate) fn bytes(table: &'static Table, row: &Row<'_>) -> Result<(Hash, Vec<u8>), Damaged> {
    let columns = Columns { table, row };
    let (hash, bytes) = (columns.hash(0)?, columns.bytes(2)?);
    columns.check(1, bytes_sum(table, &hash, bytes))?;
    Ok((hash, bytes.to_vec()))
}
