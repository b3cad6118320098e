//! Reading the file, for its owner and for readers beside it.

use std::path::PathBuf;

use rusqlite::{Connection, Params, Row, params};

use super::rows;
use crate::plan::{Base, Head};
use crate::store::{Damaged, StoreError, StoreRead};
use crate::types::{
    CellId, Hash, IndexQuery, IndexRow, Leaf, MessageId, StoredCell, StoredEntry, StoredMessage, StoredTimer,
};

/// An open file.
pub(crate) struct File {
    pub path: PathBuf,
    pub connection: Connection,
}

/// What a failure of `SQLite` means for a store.
pub(crate) fn failure(path: &std::path::Path, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(Damaged {
            what: "file",
            place: path.display().to_string(),
            wrong: error.to_string(),
        }),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy(path.display().to_string())
        }
        _ => StoreError::Fatal(format!("{}: {error}", path.display())),
    }
}

fn number(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl File {
    pub(crate) fn failure(&self, error: &rusqlite::Error) -> StoreError {
        failure(&self.path, error)
    }

    /// Runs `take` on each row until it says to stop.
    fn each(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<bool, Damaged>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|e| self.failure(&e))?;
        let mut rows = statement.query(params).map_err(|e| self.failure(&e))?;
        while let Some(row) = rows.next().map_err(|e| self.failure(&e))? {
            if !take(row)? {
                break;
            }
        }
        Ok(())
    }

    fn list<T>(
        &self,
        sql: &str,
        params: impl Params,
        decode: impl Fn(&Row<'_>) -> Result<T, Damaged>,
    ) -> Result<Vec<T>, StoreError> {
        let mut list = Vec::new();
        self.each(sql, params, |row| {
            list.push(decode(row)?);
            Ok(true)
        })?;
        Ok(list)
    }

    fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        decode: impl Fn(&Row<'_>) -> Result<T, Damaged>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.each(sql, params, |row| {
            first = Some(decode(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    fn exists(&self, sql: &str, params: impl Params) -> Result<bool, StoreError> {
        Ok(self.first(sql, params, |_| Ok(()))?.is_some())
    }

    fn count(&self, sql: &str) -> Result<u64, StoreError> {
        let wrong = |wrong: String| Damaged { what: "file", place: self.path.display().to_string(), wrong };
        let count =
            self.first(sql, [], |row| row.get::<_, Option<i64>>(0).map_err(|e| wrong(e.to_string())))?;
        Ok(u64::try_from(count.flatten().unwrap_or(0)).map_err(|e| wrong(e.to_string()))?)
    }

    /// Reads that belong together see the same commit.
    fn snapshot<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let transaction = self.connection.unchecked_transaction().map_err(|e| self.failure(&e))?;
        let result = read();
        transaction.commit().map_err(|e| self.failure(&e))?;
        result
    }

    fn find_head(&self, cell: &CellId) -> Result<Option<Head>, StoreError> {
        let name = cell.to_string();
        let found = self.first(&rows::HEADS.select("WHERE cell = ?1"), [&name], rows::head)?;
        match found {
            Some((_, head)) => Ok(Some(head)),
            None => self.is_new(cell, &name).map(|()| None),
        }
    }

    /// A cell that is not found must not have entries either: one damaged page must not make it look new.
    fn is_new(&self, cell: &CellId, name: &str) -> Result<(), StoreError> {
        if self.exists("SELECT 1 FROM entries WHERE cell = ?1 LIMIT 1", [name])? {
            let wrong = "it has entries, but its state is gone".to_owned();
            return Err(Damaged { what: "cell", place: format!("`{cell}`"), wrong }.into());
        }
        Ok(())
    }

    fn find_cell(&self, cell: &CellId) -> Result<Option<StoredCell>, StoreError> {
        let found = self.first(&rows::CELLS.select("WHERE cell = ?1"), [cell.to_string()], rows::cell)?;
        Ok(found.map(|(_, _, stored)| stored))
    }

    fn bytes_of(&self, table: &'static rows::Table, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = table.select("WHERE hash = ?1");
        let found = self.first(&sql, [hash.as_bytes()], |row| rows::bytes(table, row))?;
        Ok(found.map(|(_, bytes)| bytes))
    }
}

impl Base for File {
    fn head(&self, cell: &CellId) -> Result<Option<Head>, StoreError> {
        self.find_head(cell)
    }

    fn has_consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError> {
        self.consumed(cell, message)
    }

    fn is_waiting(&self, message: &MessageId) -> Result<bool, StoreError> {
        self.exists("SELECT 1 FROM outbox WHERE id = ?1", [message.as_str()])
    }
}

/// What a row must be followed by in a journal without gaps.
fn gap(place: String, wrong: &str) -> StoreError {
    Damaged { what: "entry", place, wrong: wrong.to_owned() }.into()
}

impl StoreRead for File {
    fn load(&self, cell: &CellId) -> Result<Option<StoredCell>, StoreError> {
        if let Some(stored) = self.find_cell(cell)? {
            return Ok(Some(stored));
        }
        self.snapshot(|| match self.find_cell(cell)? {
            Some(stored) => Ok(Some(stored)),
            None => self.is_new(cell, &cell.to_string()).map(|()| None),
        })
    }

    fn cells(&self, after: Option<&CellId>, limit: usize) -> Result<Vec<CellId>, StoreError> {
        let after = after.map(CellId::to_string).unwrap_or_default();
        let sql = rows::HEADS.select("WHERE cell > ?1 ORDER BY cell LIMIT ?2");
        self.list(&sql, params![after, number(limit)], |row| rows::head(row).map(|(cell, _)| cell))
    }

    fn consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError> {
        let sql = rows::CONSUMED.select("WHERE cell = ?1 AND message = ?2");
        Ok(self.first(&sql, params![cell.to_string(), message.as_str()], rows::consumed)?.is_some())
    }

    fn due_timers(&self, until: i64, limit: usize) -> Result<Vec<StoredTimer>, StoreError> {
        let sql = rows::TIMERS.select("WHERE at <= ?1 ORDER BY at, cell, id LIMIT ?2");
        self.list(&sql, params![until, number(limit)], rows::timer)
    }

    fn next_timer(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.due_timers(i64::MAX, 1)?.first().map(|timer| timer.at))
    }

    fn outbox(&self, after: u64, limit: usize) -> Result<Vec<StoredMessage>, StoreError> {
        let sql = rows::OUTBOX.select("WHERE position > ?1 ORDER BY position LIMIT ?2");
        self.list(&sql, params![signed(after), number(limit)], rows::message)
    }

    fn outbox_len(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM outbox")
    }

    fn entries(&self, cell: &CellId, from_seq: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let from = from_seq.max(1);
        let sql = rows::ENTRIES.select("WHERE cell = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3");
        let (chain, head) = self.snapshot(|| {
            let chain =
                self.list(&sql, params![cell.to_string(), signed(from), number(limit)], rows::entry)?;
            Ok((chain, self.find_head(cell)?))
        })?;
        let place = |seq: u64| format!("{seq} of `{cell}`");
        for (seq, entry) in (from..).zip(&chain) {
            if entry.seq != seq {
                return Err(gap(place(seq), "it is missing from its chain"));
            }
        }
        for (before, entry) in chain.iter().zip(chain.iter().skip(1)) {
            if entry.prev != before.hash {
                return Err(gap(place(entry.seq), "it does not follow from the entry before it"));
            }
        }
        let length = head.map_or(0, |head| head.seq);
        let next = chain.last().map_or(from, |entry| entry.seq.saturating_add(1));
        if chain.len() < limit && next <= length {
            return Err(gap(place(next), "it is missing from its chain"));
        }
        Ok(chain)
    }

    fn entries_after(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let sql = rows::ENTRIES.select("WHERE position > ?1 ORDER BY position LIMIT ?2");
        let entries = self.list(&sql, params![signed(position), number(limit)], rows::entry)?;
        for (expected, entry) in (position.saturating_add(1)..).zip(&entries) {
            if entry.position != expected {
                return Err(gap(expected.to_string(), "it is missing from the journal"));
            }
        }
        Ok(entries)
    }

    fn leaves_after(&self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        let sql = rows::LEAVES.select("WHERE position > ?1 ORDER BY position LIMIT ?2");
        let leaves = self.list(&sql, params![signed(position), number(limit)], rows::leaf)?;
        for (expected, leaf) in (position.saturating_add(1)..).zip(&leaves) {
            if leaf.position != expected {
                return Err(gap(expected.to_string(), "it is missing from the journal"));
            }
        }
        Ok(leaves)
    }

    fn last_position(&self) -> Result<u64, StoreError> {
        self.count("SELECT max(position) FROM entries")
    }

    fn index(&self, index: &str, query: &IndexQuery, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        // The fields are compared here and not in SQL, so that a damaged row is an error and not a missing one.
        let mut list = Vec::new();
        let take = |row: &Row<'_>| {
            let row = rows::index_row(row)?;
            if query.picks(&row) {
                list.push(row);
            }
            Ok(list.len() < limit)
        };
        let (behind, order) = if query.newest_first { ("<", " DESC") } else { (">", "") };
        let order = format!("ORDER BY sort{order}, tenant{order}, key{order}");
        match &query.after {
            None => {
                let sql = rows::LISTS.select(&format!("WHERE list = ?1 {order}"));
                self.each(&sql, [index], take)?;
            }
            Some(after) => {
                let place = format!("(sort, tenant, key) {behind} (?2, ?3, ?4)");
                let sql = rows::LISTS.select(&format!("WHERE list = ?1 AND {place} {order}"));
                self.each(&sql, params![index, after.sort, after.tenant, after.key], take)?;
            }
        }
        Ok(list)
    }

    fn index_row(&self, tenant: &str, index: &str, key: &str) -> Result<Option<IndexRow>, StoreError> {
        let sql = rows::LISTS.select("WHERE tenant = ?1 AND list = ?2 AND key = ?3");
        self.first(&sql, [tenant, index, key], rows::index_row)
    }

    fn program(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.bytes_of(&rows::PROGRAMS, hash)
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.bytes_of(&rows::BLOBS, hash)
    }

    fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        let found = self.first(&rows::META.select("WHERE name = ?1"), [name], rows::meta)?;
        Ok(found.map(|(_, value)| value))
    }
}
