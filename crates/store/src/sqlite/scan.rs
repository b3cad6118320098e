//! Reading every row of a file that may be damaged anywhere: for the audit.
//!
//! Nothing here stops at the first fault. What can still be read is handed on, what cannot is a finding.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use rusqlite::{Error, ErrorCode, Row, params};

use super::read::{File, failure};
use super::rows::{self, Remains, Table};
use super::{open, schema};
use crate::plan::Head;
use crate::store::{Damaged, META_STORE_ID, StoreError};
use crate::types::{CellId, StoredEntry};

/// A file under audit, in one snapshot.
pub(crate) struct Scan {
    file: File,
}

/// What stands at a position of the journal.
pub(crate) enum Found {
    Good(StoredEntry),
    /// A row that is not what was written, and why.
    Bad(Remains, String),
    /// Rows that cannot be read at all, or are not there.
    Lost(RangeInclusive<u64>, String),
}

/// Where an entry belongs, as the index of the chains still knows it.
pub(crate) type Names = BTreeMap<u64, (String, u64)>;

fn file_damage(path: &Path, wrong: String) -> Damaged {
    Damaged { what: "file", place: path.display().to_string(), wrong }
}

/// An error of any kind as a finding.
pub(crate) fn finding(path: &Path, error: &StoreError) -> Damaged {
    match error {
        StoreError::Damaged(damaged) => damaged.clone(),
        other => file_damage(path, other.to_string()),
    }
}

impl Scan {
    pub(crate) fn open(path: &Path) -> Result<Self, Damaged> {
        let missing = || file_damage(path, "there is no such file".to_owned());
        if !path.try_exists().map_err(|e| file_damage(path, e.to_string()))? {
            return Err(missing());
        }
        let file = open::connect_read_only(path).map_err(|e| file_damage(path, e.to_string()))?;
        let begin = file.connection.execute_batch("BEGIN");
        begin.map_err(|e| finding(path, &failure(path, &e)))?;
        match file.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        {
            Ok(0) => Err(file_damage(path, "it is empty".to_owned())),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                Err(file_damage(path, "it is not a store of this program".to_owned()))
            }
            // What else is wrong with it does not keep the rest from being looked at.
            _ => Ok(Self { file }),
        }
    }

    fn finding(&self, error: &Error) -> Damaged {
        finding(&self.file.path, &self.file.failure(error))
    }

    /// What `SQLite` finds wrong with its own structures, and what is not as this program lays a file out.
    pub(crate) fn structure(&self, found: &mut Vec<Damaged>) {
        if let Err(error) = open::recognise(&self.file) {
            found.push(file_damage(&self.file.path, error.to_string()));
        }
        match schema::differences(&self.file.connection) {
            Ok(differences) => found.extend(differences),
            Err(error) => found.push(self.finding(&error)),
        }
        let mut check = || -> Result<(), Error> {
            let mut statement = self.file.connection.prepare("PRAGMA integrity_check")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                if text != "ok" {
                    found.push(file_damage(&self.file.path, text));
                }
            }
            Ok(())
        };
        if let Err(error) = check() {
            let damage = self.finding(&error);
            found.push(damage);
        }
    }

    /// Every row of a table, good or not.
    fn rows<T>(
        &self,
        table: &'static Table,
        decode: impl Fn(&Row<'_>) -> Result<T, Damaged>,
        found: &mut Vec<Damaged>,
        mut take: impl FnMut(T, &mut Vec<Damaged>),
    ) {
        let mut read = || -> Result<(), Error> {
            let mut statement = self.file.connection.prepare(&table.select(""))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                match decode(row) {
                    Ok(value) => take(value, found),
                    Err(damaged) => found.push(damaged),
                }
            }
            Ok(())
        };
        if let Err(error) = read() {
            let mut damage = self.finding(&error);
            damage.wrong = format!("not every {} can be read: {}", table.what, damage.wrong);
            found.push(damage);
        }
    }

    /// Every cell that can be read.
    pub(crate) fn cells(
        &self,
        found: &mut Vec<Damaged>,
        mut take: impl FnMut(CellId, Head, &mut Vec<Damaged>),
    ) {
        self.rows(&rows::CELLS, rows::cell, found, |(cell, head, _), found| take(cell, head, found));
    }

    /// The rows of all tables beside cells and entries. Gives back the store's id when it can be read.
    pub(crate) fn other_rows(&self, found: &mut Vec<Damaged>) -> Option<String> {
        let mut id = None;
        self.rows(&rows::META, rows::meta, found, |(name, value), _| {
            if name == META_STORE_ID {
                id = Some(value);
            }
        });
        self.rows(&rows::CONSUMED, rows::consumed, found, |_, _| ());
        self.rows(&rows::TIMERS, rows::timer, found, |_, _| ());
        self.rows(&rows::OUTBOX, rows::message, found, |_, _| ());
        self.rows(&rows::LISTS, rows::index_row, found, |_, _| ());
        self.rows(&rows::PROGRAMS, |row| rows::bytes(&rows::PROGRAMS, row), found, |_, _| ());
        self.rows(&rows::BLOBS, |row| rows::bytes(&rows::BLOBS, row), found, |_, _| ());
        if id.is_none() {
            found.push(Damaged {
                what: "meta value",
                place: format!("`{META_STORE_ID}`"),
                wrong: "it is missing".to_owned(),
            });
        }
        id
    }

    /// What stands at each position of the journal, in order and without gaps.
    ///
    /// Where a page cannot be read, reading goes on behind it, position by position, up to the last one that the
    /// rest of the file still knows of.
    pub(crate) fn entries(&self, mut take: impl FnMut(Found)) {
        let end = self.end();
        let (mut last, mut faults) = (0, 0);
        while let Err(error) = self.entries_behind(&mut last, end, &mut take) {
            faults += 1;
            if last >= end || faults > MOST_FAULTS {
                break;
            }
            last = last.saturating_add(1);
            take(Found::Lost(last..=last, format!("it cannot be read: {error}")));
        }
        if last < end {
            take(Found::Lost(last.saturating_add(1)..=end, "it is missing from the journal".to_owned()));
        }
    }

    fn entries_behind(&self, last: &mut u64, end: u64, take: &mut impl FnMut(Found)) -> Result<(), Error> {
        let sql = rows::ENTRIES.select("WHERE position > ?1 ORDER BY position");
        let mut statement = self.file.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![i64::try_from(*last).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let mut remains = rows::remains(row);
            let next = last.saturating_add(1);
            let position = remains.position.unwrap_or(next);
            if position < next || (position > next && position > end) {
                *last = next;
                remains.position = Some(next);
                take(Found::Bad(remains, format!("its position is {position} where {next} was expected")));
                continue;
            }
            if position > next {
                take(Found::Lost(next..=position - 1, "it is missing from the journal".to_owned()));
            }
            *last = position;
            match rows::entry(row) {
                Ok(entry) => take(Found::Good(entry)),
                Err(damaged) => take(Found::Bad(remains, damaged.wrong)),
            }
        }
        Ok(())
    }

    /// The last position that there must be, from three places, of which one may be damaged: the journal itself,
    /// the index of the chains, and the lengths of the chains as the cells count them.
    fn end(&self) -> u64 {
        let number = |sql: &str| {
            let number = self.file.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
            number.ok().flatten().and_then(|number| u64::try_from(number).ok())
        };
        let journal = number("SELECT max(position) FROM entries NOT INDEXED");
        let counted = number("SELECT sum(seq) FROM cells");
        let known = journal.max(counted).unwrap_or(u64::MAX);
        let named = self.all_names().last_key_value().map(|(position, _)| *position);
        match named {
            Some(named) => named.min(known),
            None if known == u64::MAX => 0,
            None => known,
        }
    }

    /// Where entries belong, from the index of the chains, as far as that can be read.
    pub(crate) fn names(&self) -> Names {
        let end = self.end();
        let mut names = self.all_names();
        names.retain(|position, _| *position <= end);
        names
    }

    fn all_names(&self) -> Names {
        let mut names = Names::new();
        let mut read = || -> Result<(), Error> {
            let sql = "SELECT position, cell, seq FROM entries INDEXED BY entries_by_cell ORDER BY cell, seq";
            let mut statement = self.file.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let place = (row.get::<_, i64>(0), row.get::<_, String>(1), row.get::<_, i64>(2));
                if let (Ok(position), Ok(cell), Ok(seq)) = place
                    && let (Ok(position), Ok(seq)) = (u64::try_from(position), u64::try_from(seq))
                {
                    names.insert(position, (cell, seq));
                }
            }
            Ok(())
        };
        // An index that cannot be read gives what was read of it; the structure check reports it.
        let _ = read();
        names
    }
}

/// After so many places that cannot be read, the rest of the journal is given up as one.
const MOST_FAULTS: u32 = 100_000;
