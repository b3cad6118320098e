//! Checkpoints as text: C2SP `tlog-checkpoint`, which is a C2SP `signed-note`.
//!
//! ```text
//! countersign/5f0c…        the origin: which store
//! 1204                     how many entries
//! CsUYapGGPo4dkMgIAUqo…    the root over them, in base64
//!
//! — countersign/5f0c… Az3grlgtzPICa5OS…
//! ```

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::key::{AuditKey, PublicKey};
use crate::types::Hash;

/// What a checkpoint states: this store had these entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which store.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why a text is not a checkpoint that can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not have the form of a checkpoint.
    #[error("it is not a checkpoint: {0}")]
    Malformed(&'static str),
    /// The key did not sign it.
    #[error("it is not signed with this key")]
    Unsigned,
    /// It bears a signature of the key that does not fit the text.
    #[error("its signature does not match its text")]
    Forged,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

impl Checkpoint {
    /// The checkpoint as a signed note.
    pub fn sign(&self, key: &AuditKey) -> String {
        let text = self.to_string();
        format!("{text}\n— {} {}\n", self.origin, key.sign(&self.origin, &text))
    }

    /// Reads a signed note and checks that the key signed it. Signatures of others are passed over.
    pub fn open(note: &str, key: &PublicKey) -> Result<Self, NoteError> {
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed("it has no signatures"))?;
        let (text, signatures) = note.split_at(end + 1);
        if note.chars().any(|c| c.is_ascii_control() && c != '\n') || !note.ends_with('\n') {
            return Err(NoteError::Malformed("it is not made of whole lines of text"));
        }
        let checkpoint = Self::parse(text)?;
        let mut signed = false;
        for line in signatures.lines().skip(1) {
            let (name, payload) = signature_line(line).ok_or(NoteError::Malformed("a signature's form"))?;
            let Some((id, signature)) = payload.split_first_chunk::<4>() else {
                return Err(NoteError::Malformed("a signature is too short"));
            };
            if name != checkpoint.origin || *id != key.id(name) {
                continue;
            }
            match signature.try_into() {
                Ok(signature) if key.is_signed(text, signature) => signed = true,
                _ => return Err(NoteError::Forged),
            }
        }
        if signed { Ok(checkpoint) } else { Err(NoteError::Unsigned) }
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Malformed("it has fewer than three lines"));
        };
        if origin.is_empty() {
            return Err(NoteError::Malformed("its origin is empty"));
        }
        let number: u64 = size.parse().map_err(|_| NoteError::Malformed("its size is not a number"))?;
        if number.to_string() != size {
            return Err(NoteError::Malformed("its size is not written plainly"));
        }
        let root = decode_hash(root).ok_or(NoteError::Malformed("its root is not a hash"))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}

pub(crate) fn decode_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok().map(Hash)
}

fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, payload) = line.strip_prefix("— ")?.split_once(' ')?;
    let payload = STANDARD.decode(payload).ok()?;
    (!name.is_empty()).then_some((name, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AuditKey {
        AuditKey::from_secret(&[7; 32])
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "countersign/store".to_owned(), size: 12, root: Hash([3; 32]) }
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let note = checkpoint().sign(&key());
        assert_eq!(Checkpoint::open(&note, &key().public()), Ok(checkpoint()));
    }

    #[test]
    fn signatures_of_others_are_passed_over() {
        let note = checkpoint().sign(&key()) + "— witness.example AAAAAAECAwQ=\n";
        assert_eq!(Checkpoint::open(&note, &key().public()), Ok(checkpoint()));
        let other = AuditKey::from_secret(&[8; 32]).public();
        assert_eq!(Checkpoint::open(&note, &other), Err(NoteError::Unsigned));
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let note = checkpoint().sign(&key());
        for place in 0..note.len() {
            let mut changed = note.clone().into_bytes();
            changed[place] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(Checkpoint::open(&changed, &key().public()).is_err(), "{changed}");
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_said_to_be_none() {
        for text in ["", "\n\n", "a\n1\n", "a\n01\nAA==\n\n— a AAAA\n", "a\nx\ny\n\n— a AAAA\n"] {
            let error = Checkpoint::open(text, &key().public()).unwrap_err();
            assert!(matches!(error, NoteError::Malformed(_)), "{text:?} gave {error:?}");
        }
    }
}
