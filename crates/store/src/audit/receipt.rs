//! A receipt: one entry, and the proof that it is in the journal under a signed checkpoint.
//!
//! It is checked offline, with the public key alone. The proof is in C2SP `tlog-proof` form, which others' tools
//! read; the data of its leaf is the entry's hash, made as [`crate::hash`] says.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::checkpoint::{LATEST, read};
use super::note::{Checkpoint, NoteError, decode_hash};
use super::{AuditError, PublicKey, files, merkle};
use crate::hash::{EntryContent, entry_hash};
use crate::store::StoreRead;
use crate::types::{CellId, Hash, StoredEntry};

const FORMAT: &str = "countersign-receipt/1";
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// How many leaves are read at once.
const PAGE: usize = 4096;

/// One entry with its proof. Serialised, it is the receipt's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `countersign-receipt/1`.
    pub format: String,
    /// The entry, as it is hashed.
    pub entry: ReceiptEntry,
    /// The proof of inclusion with its checkpoint, as text.
    pub proof: String,
}

/// An entry as a receipt shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptEntry {
    /// Whose chain it is in, as `tenant/kind/key`.
    pub cell: String,
    /// Its place in that chain, from 1.
    pub seq: u64,
    /// When it happened, in nanoseconds since the Unix epoch.
    pub at: i64,
    /// What kind of thing happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// What came in, in base64.
    pub body: String,
    /// What followed, in base64.
    pub facts: String,
    /// The hash of the cell's state after it.
    pub state_hash: Hash,
    /// The hash of the entry before it in the chain, or zeros.
    pub prev: Hash,
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It does not have the form of a receipt.
    #[error("it is not a receipt: {0}")]
    Malformed(&'static str),
    /// Its checkpoint cannot be relied on.
    #[error("its checkpoint cannot be relied on: {0}")]
    Checkpoint(#[from] NoteError),
    /// The entry is not the one that the proof speaks of, or the proof does not lead to the checkpoint's root.
    #[error("its entry is not in the journal that the checkpoint was signed for")]
    NotIncluded,
}

impl Receipt {
    /// Makes the receipt for the entry at `position`, under the newest checkpoint in `folder`.
    pub fn issue(
        store: &dyn StoreRead,
        folder: &Path,
        key: &PublicKey,
        position: u64,
    ) -> Result<Self, AuditError> {
        let latest = folder.join(LATEST);
        let checkpoint = read(&latest, key)?;
        let not_signed = AuditError::NotSigned { position, signed: checkpoint.size };
        if position == 0 || position > checkpoint.size {
            return Err(not_signed);
        }
        let hashes = hashes(store, checkpoint.size)?;
        if u64::try_from(hashes.len()).unwrap_or(u64::MAX) < checkpoint.size {
            let found = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
            return Err(AuditError::Rewound { signed: checkpoint.size, found });
        }
        if merkle::root(&hashes) != checkpoint.root {
            return Err(AuditError::Rewritten { signed: checkpoint.size });
        }
        let entry = store.entries_after(position - 1, 1)?.pop();
        let path = merkle::inclusion_proof(&hashes, position - 1);
        let (Some(entry), Some(path)) = (entry, path) else { return Err(not_signed) };
        let mut proof = format!("{PROOF}\nindex {}\n", position - 1);
        for hash in path {
            proof.push_str(&STANDARD.encode(hash.as_bytes()));
            proof.push('\n');
        }
        proof.push('\n');
        proof.push_str(&files::read_text(&latest)?);
        Ok(Self { format: FORMAT.to_owned(), entry: ReceiptEntry::of(&entry), proof })
    }

    /// Checks the receipt with the public key alone, and says under which checkpoint the entry stands.
    pub fn verify(&self, key: &PublicKey) -> Result<Checkpoint, ReceiptError> {
        if self.format != FORMAT {
            return Err(ReceiptError::Malformed("its format is not `countersign-receipt/1`"));
        }
        let hash = self.entry.hash()?;
        let malformed = || ReceiptError::Malformed("its proof is not in `tlog-proof` form");
        let (head, note) = self.proof.split_once("\n\n").ok_or_else(malformed)?;
        let checkpoint = Checkpoint::open(note, key)?;
        let mut lines = head.lines();
        if lines.next() != Some(PROOF) {
            return Err(malformed());
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or_else(malformed)?;
        let index: u64 = index.parse().map_err(|_| malformed())?;
        let path: Option<Vec<Hash>> = lines.map(decode_hash).collect();
        let path = path.ok_or_else(malformed)?;
        if merkle::is_included(&hash, index, checkpoint.size, &path, &checkpoint.root) {
            Ok(checkpoint)
        } else {
            Err(ReceiptError::NotIncluded)
        }
    }
}

impl ReceiptEntry {
    fn of(entry: &StoredEntry) -> Self {
        Self {
            cell: entry.cell.to_string(),
            seq: entry.seq,
            at: entry.at,
            kind: entry.kind.clone(),
            actor: entry.actor.clone(),
            body: STANDARD.encode(&entry.body),
            facts: STANDARD.encode(&entry.facts),
            state_hash: entry.state_hash,
            prev: entry.prev,
        }
    }

    fn hash(&self) -> Result<Hash, ReceiptError> {
        let cell: CellId =
            self.cell.parse().map_err(|_| ReceiptError::Malformed("its cell is not `tenant/kind/key`"))?;
        let bytes = |text: &str| {
            STANDARD.decode(text).map_err(|_| ReceiptError::Malformed("its body or facts are not base64"))
        };
        Ok(entry_hash(&EntryContent {
            cell: &cell,
            seq: self.seq,
            at: self.at,
            kind: &self.kind,
            actor: &self.actor,
            body: &bytes(&self.body)?,
            facts: &bytes(&self.facts)?,
            state_hash: &self.state_hash,
            prev: &self.prev,
        }))
    }
}

/// The hashes of the first `size` entries, as far as there are any.
fn hashes(store: &dyn StoreRead, size: u64) -> Result<Vec<Hash>, AuditError> {
    let mut hashes: Vec<Hash> = Vec::new();
    loop {
        let known = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        let missing = usize::try_from(size.saturating_sub(known)).unwrap_or(PAGE);
        let leaves = store.leaves_after(known, missing.min(PAGE))?;
        if leaves.is_empty() {
            return Ok(hashes);
        }
        hashes.extend(leaves.into_iter().map(|leaf| leaf.hash));
    }
}
