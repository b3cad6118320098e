//! The published test vectors: others who check receipts and journals build on these bytes. They were made by another
//! implementation, and may only ever be added to.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the verdict")]

use countersign_store::audit::{AuditKey, Checkpoint, merkle};
use countersign_store::hash::{EntryContent, entry_hash, state_hash};
use countersign_store::{CellId, Hash};
use serde::Deserialize;

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[derive(Deserialize)]
struct Hashes {
    states: Vec<State>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct State {
    state: String,
    hash: Hash,
}

#[derive(Deserialize)]
struct Entry {
    tenant: String,
    cell_kind: String,
    key: String,
    seq: u64,
    at: i64,
    kind: String,
    actor: String,
    body: String,
    facts: String,
    state_hash: Hash,
    prev: Hash,
    hash: Hash,
}

#[test]
fn states_and_entries_hash_as_published() {
    let vectors: Hashes = serde_json::from_str(include_str!("../vectors/hashes.json")).unwrap();
    assert_eq!((vectors.states.len(), vectors.entries.len()), (4, 6));
    for vector in vectors.states {
        assert_eq!(state_hash(&bytes(&vector.state)), vector.hash);
    }
    for vector in vectors.entries {
        let hash = entry_hash(&EntryContent {
            cell: &CellId::new(vector.tenant, vector.cell_kind, vector.key),
            seq: vector.seq,
            at: vector.at,
            kind: &vector.kind,
            actor: &vector.actor,
            body: &bytes(&vector.body),
            facts: &bytes(&vector.facts),
            state_hash: &vector.state_hash,
            prev: &vector.prev,
        });
        assert_eq!(hash, vector.hash, "entry {} of {}", vector.seq, vector.actor);
    }
}

#[derive(Deserialize)]
struct Merkle {
    entries: Vec<Hash>,
    trees: Vec<Tree>,
    proofs: Vec<Proof>,
}

#[derive(Deserialize)]
struct Tree {
    size: usize,
    root: Hash,
}

#[derive(Deserialize)]
struct Proof {
    size: usize,
    index: u64,
    path: Vec<Hash>,
}

#[test]
fn trees_and_proofs_are_as_published() {
    let vectors: Merkle = serde_json::from_str(include_str!("../vectors/merkle.json")).unwrap();
    assert_eq!((vectors.trees.len(), vectors.proofs.len()), (12, 7));
    for vector in vectors.trees {
        assert_eq!(merkle::root(&vectors.entries[..vector.size]), vector.root);
    }
    for vector in vectors.proofs {
        let entries = &vectors.entries[..vector.size];
        assert_eq!(merkle::inclusion_proof(entries, vector.index), Some(vector.path));
    }
}

#[derive(Deserialize)]
struct Signed {
    secret: String,
    origin: String,
    size: u64,
    root: Hash,
    note_key: String,
    note: String,
}

#[test]
fn checkpoints_are_signed_as_published() {
    let vector: Signed = serde_json::from_str(include_str!("../vectors/checkpoint.json")).unwrap();
    let key = AuditKey::from_secret(&bytes(&vector.secret).try_into().unwrap());
    let checkpoint = Checkpoint { origin: vector.origin, size: vector.size, root: vector.root };
    assert_eq!(checkpoint.sign(&key), vector.note);
    assert_eq!(key.public().to_note_key(&checkpoint.origin), vector.note_key);
    assert_eq!(Checkpoint::open(&vector.note, &key.public()), Ok(checkpoint));
}
