//! What is hashed, and how: the byte layout that journals and receipts rest on.
//!
//! Every hash is SHA-256 over one unambiguous sequence of bytes:
//!
//! - a *text* or *bytes* is its length as 8 bytes, big-endian, followed by the bytes themselves (text in UTF-8);
//! - a *number* is 8 bytes, big-endian, two's complement when it is signed;
//! - a *hash* is its 32 bytes;
//! - the sequence begins with the domain as a text, followed by one byte with the version of the layout, which is 1.
//!
//! | hash | domain | then |
//! |---|---|---|
//! | state | `countersign/state` | the state as bytes |
//! | entry | `countersign/entry` | tenant, kind and key of the cell as texts; seq and at as numbers; kind and actor as texts; body and facts as bytes; hash of the state; hash of the previous entry of the cell, 32 zeros for the first |
//! | checksum of a row | `countersign/row` | the table's name as text, the columns in the order given where each table is written; the first 8 bytes of the hash are kept |
//!
//! Test vectors are published in `vectors/`.

use sha2::{Digest, Sha256};

use crate::types::{CellId, Hash};

const VERSION: u8 = 1;

/// A hash in the making.
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn new(domain: &str) -> Self {
        Self(Sha256::new()).text(domain).raw(&[VERSION])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        // A length is at most `isize::MAX` and always fits.
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.unsigned(length).raw(bytes)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn signed(self, number: i64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    pub(crate) fn unsigned(self, number: u64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    pub(crate) fn hash(self, hash: &Hash) -> Self {
        self.raw(hash.as_bytes())
    }

    pub(crate) fn done(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// The hash of a cell's state.
pub fn state_hash(state: &[u8]) -> Hash {
    Hasher::new("countersign/state").bytes(state).done()
}

/// What the hash of an entry covers.
#[derive(Clone, Copy, Debug)]
pub struct EntryContent<'a> {
    /// Whose chain it is in.
    pub cell: &'a CellId,
    /// Its place in that chain, from 1.
    pub seq: u64,
    /// When it happened, in nanoseconds since the Unix epoch.
    pub at: i64,
    /// What kind of thing happened.
    pub kind: &'a str,
    /// Who did it.
    pub actor: &'a str,
    /// What came in.
    pub body: &'a [u8],
    /// What followed.
    pub facts: &'a [u8],
    /// The hash of the cell's state after the transition.
    pub state_hash: &'a Hash,
    /// The hash of the entry before it in the chain, or zeros.
    pub prev: &'a Hash,
}

/// The hash of an entry.
pub fn entry_hash(entry: &EntryContent<'_>) -> Hash {
    Hasher::new("countersign/entry")
        .text(&entry.cell.tenant)
        .text(&entry.cell.kind)
        .text(&entry.cell.key)
        .unsigned(entry.seq)
        .signed(entry.at)
        .text(entry.kind)
        .text(entry.actor)
        .bytes(entry.body)
        .bytes(entry.facts)
        .hash(entry.state_hash)
        .hash(entry.prev)
        .done()
}

/// The checksum of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum(pub [u8; 8]);

/// A checksum in the making: the columns of one row of a table.
pub(crate) fn row(table: &str) -> Hasher {
    Hasher::new("countersign/row").text(table)
}

impl Hasher {
    pub(crate) fn sum(self) -> Sum {
        let hash = self.done();
        Sum(hash.0.first_chunk().copied().unwrap_or_default())
    }
}
