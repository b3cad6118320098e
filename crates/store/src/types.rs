//! The vocabulary of a store: cells, transitions that go in, rows that come out.
//!
//! Nothing here knows what an entry means. Names are text, contents are bytes, instants are nanoseconds since
//! the Unix epoch. The crate that drives the store gives all of it a meaning.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a cell: the unit that is read, stepped and committed as one.
///
/// Written `tenant/kind/key`. `tenant` and `kind` are not empty and hold no `/`; `key` is not empty and may
/// hold anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellId {
    /// Whose cell it is.
    pub tenant: String,
    /// What it is: a run, a claim, a task, a budget…
    pub kind: String,
    /// Which one of its kind.
    pub key: String,
}

impl CellId {
    /// Names a cell. Whether the parts are well formed is checked when the cell is committed.
    pub fn new(tenant: impl Into<String>, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), kind: kind.into(), key: key.into() }
    }

    /// Whether the name can be written as `tenant/kind/key` and read back as the same name.
    pub fn is_well_formed(&self) -> bool {
        let plain = |part: &str| !part.is_empty() && !part.contains('/');
        plain(&self.tenant) && plain(&self.kind) && !self.key.is_empty()
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.kind, self.key)
    }
}

/// A text that is not the name of a cell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name a cell: expected `tenant/kind/key`")]
pub struct NotACell(pub String);

impl FromStr for CellId {
    type Err = NotACell;

    fn from_str(text: &str) -> Result<Self, NotACell> {
        let mut parts = text.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(tenant), Some(kind), Some(key)) => {
                let cell = Self::new(tenant, kind, key);
                if cell.is_well_formed() { Ok(cell) } else { Err(NotACell(text.to_owned())) }
            }
            _ => Err(NotACell(text.to_owned())),
        }
    }
}

/// The id of a message or an input, unique for ever within its store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub String);

impl MessageId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for MessageId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<String> for MessageId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

/// A SHA-256 hash, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Thirty-two zero bytes: what the first entry of a chain has as its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// A text that is not a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a hash: expected 64 hexadecimal digits")]
pub struct NotAHash(pub String);

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let wrong = || NotAHash(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One step of one cell, committed as a whole or not at all.
///
/// Every transition appends at least one entry, with one exception: a transition of an existing cell that leaves
/// its state as it is and sends nothing may come without entries (it then only records what was consumed, settles,
/// moves timers and index rows, or raises the fence).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The cell that steps.
    pub cell: CellId,
    /// How many entries the cell had before; 0 for a new one.
    pub expected: u64,
    /// The writer's fence. A fence lower than the stored one is refused; the higher one is kept.
    pub fence: u64,
    /// Messages and inputs that this step consumed. Those that were in the outbox for this cell leave it.
    pub consumed: Vec<MessageId>,
    /// What is appended to the cell's chain, in order; normally one.
    pub entries: Vec<NewEntry>,
    /// The cell's state after the last entry.
    pub state: Vec<u8>,
    /// Timers of this cell that are set or cancelled.
    pub timers: Vec<TimerChange>,
    /// Messages to other cells and calls to the world that must happen.
    pub outbox: Vec<OutboxRow>,
    /// Outbox rows for the world that are done. An id that is not there is ignored.
    pub settled: Vec<MessageId>,
    /// Small searchable rows for lists.
    pub index: Vec<IndexChange>,
}

impl Transition {
    /// A transition of `cell` that does nothing yet: no entries, an empty state.
    pub fn new(cell: CellId, expected: u64, fence: u64) -> Self {
        Self {
            cell,
            expected,
            fence,
            consumed: Vec::new(),
            entries: Vec::new(),
            state: Vec::new(),
            timers: Vec::new(),
            outbox: Vec::new(),
            settled: Vec::new(),
            index: Vec::new(),
        }
    }
}

/// An entry to be appended to a cell's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// When, in nanoseconds since the Unix epoch.
    pub at: i64,
    /// What kind of thing happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// What came in.
    pub body: Vec<u8>,
    /// What followed from it.
    pub facts: Vec<u8>,
}

/// A change to one timer of the transition's cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerChange {
    /// Sets the timer, or moves it when there is one with this id.
    Set {
        /// The timer's id within its cell.
        id: String,
        /// When it is due, in nanoseconds since the Unix epoch.
        at: i64,
    },
    /// Removes the timer; nothing happens when there is none.
    Cancel {
        /// The timer's id within its cell.
        id: String,
    },
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// To another cell, which removes it from the outbox by consuming it.
    Cell(CellId),
    /// Out of the store: a call, a mail, a notice. It stays until a transition settles it.
    World,
}

/// A message that must be delivered, kept until it is consumed or settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The message's id, never used before.
    pub id: MessageId,
    /// Where it goes.
    pub target: Target,
    /// What it says.
    pub body: Vec<u8>,
    /// Its priority, kept for whoever delivers; the store itself keeps the order of commits.
    pub priority: i32,
}

/// A change to the searchable rows. A row is named by the cell's tenant, its index and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexChange {
    /// Writes the row, in place of the one that had this key.
    Put {
        /// Which list, such as `run` or `task`.
        index: String,
        /// Which row of it.
        key: String,
        /// What the list is sorted by.
        sort: i64,
        /// What can be shown and searched: status, flow, role…
        fields: BTreeMap<String, String>,
    },
    /// Removes the row; nothing happens when there is none.
    Remove {
        /// Which list.
        index: String,
        /// Which row of it.
        key: String,
    },
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The position of the last entry in the store after this commit; 0 when there is none.
    pub last: u64,
    /// The entries that were appended, in the order of the batch.
    pub entries: Vec<Appended>,
}

/// Where an entry landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place among all entries of the store, from 1.
    pub position: u64,
    /// Its place in its cell's chain, from 1.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A cell as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCell {
    /// How many entries it has.
    pub seq: u64,
    /// The highest fence that wrote to it.
    pub fence: u64,
    /// Its state.
    pub state: Vec<u8>,
}

/// A timer that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTimer {
    /// Whose it is.
    pub cell: CellId,
    /// Its id within the cell.
    pub id: String,
    /// When it is due.
    pub at: i64,
}

/// A message that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place in the order of commits; grows for ever and is never used twice.
    pub position: u64,
    /// The cell that sent it.
    pub from: CellId,
    /// Its id.
    pub id: MessageId,
    /// Where it goes.
    pub target: Target,
    /// What it says.
    pub body: Vec<u8>,
    /// Its priority.
    pub priority: i32,
}

/// An entry as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place among all entries of the store, from 1.
    pub position: u64,
    /// Whose chain it is in.
    pub cell: CellId,
    /// Its place in that chain, from 1.
    pub seq: u64,
    /// When it happened.
    pub at: i64,
    /// What kind of thing happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// What came in.
    pub body: Vec<u8>,
    /// What followed.
    pub facts: Vec<u8>,
    /// The hash of the cell's state after the transition that appended it.
    pub state_hash: Hash,
    /// The hash of the entry before it in the chain, or zeros.
    pub prev: Hash,
    /// Its own hash.
    pub hash: Hash,
}

/// A leaf of the tree over all entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The entry's position; the leaf's index in the tree is one less.
    pub position: u64,
    /// The entry's hash.
    pub hash: Hash,
}

/// A row of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    /// Which list.
    pub index: String,
    /// Which row of it.
    pub key: String,
    /// The cell that wrote it last.
    pub cell: CellId,
    /// What the list is sorted by.
    pub sort: i64,
    /// What can be shown and searched.
    pub fields: BTreeMap<String, String>,
}

/// Which rows of an index to list.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IndexQuery {
    /// Whose rows; all tenants' when absent.
    pub tenant: Option<String>,
    /// Rows whose fields have all of these values.
    pub fields: BTreeMap<String, String>,
    /// Largest `sort` first.
    pub newest_first: bool,
    /// Goes on behind the last row of the previous page.
    pub after: Option<IndexCursor>,
}

/// The place in a list behind which the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexCursor {
    /// The last row's `sort`.
    pub sort: i64,
    /// The last row's tenant.
    pub tenant: String,
    /// The last row's key.
    pub key: String,
}

impl IndexRow {
    /// The place behind this row.
    pub fn cursor(&self) -> IndexCursor {
        IndexCursor { sort: self.sort, tenant: self.cell.tenant.clone(), key: self.key.clone() }
    }
}

impl IndexQuery {
    /// Whether the row is one that the query asks for, wherever it stands in the list.
    pub(crate) fn picks(&self, row: &IndexRow) -> bool {
        let behind = self.after.as_ref().is_none_or(|after| {
            if self.newest_first { row.cursor() < *after } else { row.cursor() > *after }
        });
        behind
            && self.tenant.as_ref().is_none_or(|tenant| row.cell.tenant == *tenant)
            && self.fields.iter().all(|(name, value)| row.fields.get(name) == Some(value))
    }
}
