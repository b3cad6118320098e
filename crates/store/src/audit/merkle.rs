//! The RFC 6962 Merkle tree over all entries, in the order of their positions.
//!
//! The data of a leaf is the 32 bytes of an entry's hash. A leaf hashes as `SHA-256(0x00 ‖ data)`, a node as
//! `SHA-256(0x01 ‖ left ‖ right)`, the empty tree as `SHA-256("")`.

use sha2::{Digest, Sha256};

use crate::types::Hash;

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// The hash of the leaf for an entry.
pub fn leaf(entry: &Hash) -> Hash {
    sha256(&[&[0], entry.as_bytes()])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The right edge of a growing tree: the roots of its perfect subtrees, the largest first. Enough to append
/// leaves and to know the root, in space that is logarithmic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the leaf for an entry.
    pub fn push(&mut self, entry: &Hash) {
        let mut peak = leaf(entry);
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                peak = node(&left, &peak);
            }
        }
        self.peaks.push(peak);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return sha256(&[]) };
        peaks.fold(*last, |right, left| node(left, &right))
    }
}

/// The root over these entries.
pub fn root(entries: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for entry in entries {
        frontier.push(entry);
    }
    frontier.root()
}

/// The siblings on the way from the leaf at `index` up to the root over these entries, the lowest first; nothing
/// when there is no such leaf.
pub fn inclusion_proof(entries: &[Hash], index: u64) -> Option<Vec<Hash>> {
    let index = usize::try_from(index).ok().filter(|index| *index < entries.len())?;
    let (mut part, mut place, mut path) = (entries, index, Vec::new());
    while part.len() > 1 {
        // The left subtree is the largest perfect one that is smaller than the whole.
        let (left, right) = part.split_at(1 << (part.len() - 1).ilog2());
        if place < left.len() {
            path.push(root(right));
            part = left;
        } else {
            path.push(root(left));
            place -= left.len();
            part = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether the proof shows that the entry is the leaf at `index` of the tree with this size and root.
pub fn is_included(entry: &Hash, index: u64, size: u64, proof: &[Hash], expected: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = leaf(entry);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node(sibling, &hash);
            // On the right edge, levels without a sibling are passed over.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *expected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: u8) -> Vec<Hash> {
        (0..count).map(|number| Hash([number; 32])).collect()
    }

    /// The definition in RFC 6962, section 2.1, word by word.
    fn defined(entries: &[Hash]) -> Hash {
        match entries {
            [] => sha256(&[]),
            [one] => leaf(one),
            many => {
                let mut k = 1;
                while k * 2 < many.len() {
                    k *= 2;
                }
                node(&defined(&many[..k]), &defined(&many[k..]))
            }
        }
    }

    #[test]
    fn the_root_of_a_growing_tree_is_the_defined_one() {
        for count in 0..70 {
            assert_eq!(root(&entries(count)), defined(&entries(count)), "with {count} leaves");
        }
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(root(&[]).to_string(), empty);
    }

    #[test]
    fn every_entry_of_every_small_tree_can_be_proved_and_no_other() {
        for count in 1..40 {
            let all = entries(count);
            let (size, root) = (u64::from(count), root(&all));
            for (index, entry) in (0..).zip(&all) {
                let proof = inclusion_proof(&all, index).unwrap();
                assert!(is_included(entry, index, size, &proof, &root), "{index} of {count}");
                assert!(!is_included(&Hash([99; 32]), index, size, &proof, &root));
                assert!(!is_included(entry, index + 1, size, &proof, &root));
                assert!(!is_included(entry, index, size, &proof, &Hash([99; 32])));
                let mut longer = proof.clone();
                longer.push(Hash::ZERO);
                assert!(!is_included(entry, index, size, &longer, &root));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!is_included(entry, index, size, shorter, &root));
                }
            }
            assert_eq!(inclusion_proof(&all, size), None);
        }
    }
}
