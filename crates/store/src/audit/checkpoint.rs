//! Writing checkpoints: signed statements of what the journal holds, kept outside the store.

use std::fs;
use std::path::{Path, PathBuf};

use super::merkle::Frontier;
use super::note::Checkpoint;
use super::{AuditError, AuditKey, PublicKey, files};
use crate::store::{META_STORE_ID, StoreError, StoreRead};

/// The name of the newest checkpoint's file.
pub const LATEST: &str = "latest";

/// The name of the public key's file beside the checkpoints, in PEM.
pub const PUBLIC_KEY: &str = "public-key.pem";

/// The name of the same key in the form of tools for signed notes.
pub const NOTE_KEY: &str = "public-key.note";

/// How many leaves are read at once.
const PAGE: usize = 4096;

/// What a store's checkpoints are about: the first line of each.
pub fn origin(store: &dyn StoreRead) -> Result<String, StoreError> {
    Ok(origin_of(&store.meta(META_STORE_ID)?.unwrap_or_default()))
}

pub(crate) fn origin_of(store_id: &str) -> String {
    format!("countersign/{store_id}")
}

/// The file for a checkpoint of this size.
pub(crate) fn file_name(size: u64) -> String {
    format!("{size:020}.txt")
}

/// Signs what a store holds. It keeps the edge of the tree in memory, so that each checkpoint costs what was
/// appended since the last one.
#[derive(Debug)]
pub struct Checkpointer {
    folder: PathBuf,
    key: AuditKey,
    origin: String,
    tree: Frontier,
    signed: Option<Checkpoint>,
}

impl Checkpointer {
    /// Begins with the checkpoints in `folder`, which is made when there is none.
    ///
    /// A store that has fewer entries than its newest checkpoint names, or other ones, is refused with
    /// [`AuditError::Rewound`] or [`AuditError::Rewritten`]: nothing is signed that contradicts what was signed.
    pub fn open(store: &dyn StoreRead, folder: &Path, key: AuditKey) -> Result<Self, AuditError> {
        fs::create_dir_all(folder).map_err(|e| files::failure(folder, &e))?;
        let public = key.public();
        let origin = origin(store)?;
        files::write_whole(folder, PUBLIC_KEY, &public.to_pem()?)?;
        files::write_whole(folder, NOTE_KEY, &format!("{}\n", public.to_note_key(&origin)))?;
        let signed = newest(folder, &public)?;
        if let Some(checkpoint) = signed.as_ref().filter(|checkpoint| checkpoint.origin != origin) {
            return Err(AuditError::OtherStore {
                folder: folder.display().to_string(),
                origin: checkpoint.origin.clone(),
            });
        }
        let tree = Frontier::default();
        let mut checkpointer = Self { folder: folder.to_owned(), key, origin, tree, signed };
        checkpointer.compare(store)?;
        Ok(checkpointer)
    }

    fn compare(&mut self, store: &dyn StoreRead) -> Result<(), AuditError> {
        let Some(signed) = self.signed.clone() else { return Ok(()) };
        self.grow(store, signed.size)?;
        if self.tree.size() < signed.size {
            return Err(AuditError::Rewound { signed: signed.size, found: self.tree.size() });
        }
        if self.tree.root() != signed.root {
            return Err(AuditError::Rewritten { signed: signed.size });
        }
        Ok(())
    }

    /// Reads leaves until the tree has `size` of them or the store has no more.
    fn grow(&mut self, store: &dyn StoreRead, size: u64) -> Result<(), AuditError> {
        while self.tree.size() < size {
            let missing = usize::try_from(size - self.tree.size()).unwrap_or(PAGE);
            let leaves = store.leaves_after(self.tree.size(), missing.min(PAGE))?;
            if leaves.is_empty() {
                break;
            }
            for leaf in leaves {
                self.tree.push(&leaf.hash);
            }
        }
        Ok(())
    }

    /// Signs all entries that the store has now. When there are no new ones, the last checkpoint stands.
    pub fn write(&mut self, store: &dyn StoreRead) -> Result<Checkpoint, AuditError> {
        self.grow(store, u64::MAX)?;
        let checkpoint =
            Checkpoint { origin: self.origin.clone(), size: self.tree.size(), root: self.tree.root() };
        if self.signed.as_ref() != Some(&checkpoint) {
            let note = checkpoint.sign(&self.key);
            files::write_whole(&self.folder, &file_name(checkpoint.size), &note)?;
            files::write_whole(&self.folder, LATEST, &note)?;
            self.signed = Some(checkpoint.clone());
        }
        Ok(checkpoint)
    }

    /// The public half of the key that signs.
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }
}

/// The files in the folder that claim to be checkpoints, oldest first.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).map_err(|e| files::failure(folder, &e))? {
        let path = item.map_err(|e| files::failure(folder, &e))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.strip_suffix(".txt").is_some_and(|stem| stem.bytes().all(|b| b.is_ascii_digit())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The checkpoint with the most entries; `latest` alone is not trusted to be it.
fn newest(folder: &Path, key: &PublicKey) -> Result<Option<Checkpoint>, AuditError> {
    let mut candidates: Vec<PathBuf> = list(folder)?.into_iter().next_back().into_iter().collect();
    let latest = folder.join(LATEST);
    if latest.exists() {
        candidates.push(latest);
    }
    let mut newest: Option<Checkpoint> = None;
    for path in candidates {
        let checkpoint = read(&path, key)?;
        if newest.as_ref().is_none_or(|known| checkpoint.size > known.size) {
            newest = Some(checkpoint);
        }
    }
    Ok(newest)
}

pub(crate) fn read(path: &Path, key: &PublicKey) -> Result<Checkpoint, AuditError> {
    let note = files::read_text(path)?;
    Checkpoint::open(&note, key)
        .map_err(|why| AuditError::Checkpoint { path: path.display().to_string(), why })
}
