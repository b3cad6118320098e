//! Checking a store: its file, its rows, its chains, and the checkpoints outside it.
//!
//! In go the file, the folder of checkpoints and the public key; out comes a report. Whatever is wrong with the file
//! is a finding, never an error, so that one fault does not hide another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use super::checkpoint::{self, LATEST, file_name, origin_of};
use super::merkle::Frontier;
use super::note::Checkpoint;
use super::{AuditError, PublicKey};
use crate::plan::Head;
use crate::sqlite::scan::{Found, Names, Scan};
use crate::store::Damaged;
use crate::types::{CellId, Hash, StoredEntry};

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries could be read and are what was written.
    pub entries: u64,
    /// How many cells could be read and are what was written.
    pub cells: u64,
    /// How many checkpoints bear a good signature.
    pub checkpoints: u64,
    /// How many entries the newest good checkpoint covers.
    pub signed: u64,
    /// The root over all entries, when all could be read.
    pub root: Option<Hash>,
    /// The first entry of the journal that is not what was written.
    pub first_bad: Option<BadEntry>,
    /// Everything else that is wrong.
    pub damage: Vec<Damaged>,
}

/// An entry that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntry {
    /// Its place among all entries of the store.
    pub position: u64,
    /// Whose chain it is in, when that can still be told.
    pub cell: Option<String>,
    /// Its place in that chain, when that can still be told.
    pub seq: Option<u64>,
    /// How it shows.
    pub wrong: String,
}

impl fmt::Display for BadEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.position)?;
        match (&self.seq, &self.cell) {
            (Some(seq), Some(cell)) => write!(f, " ({seq} of `{cell}`)")?,
            (None, Some(cell)) => write!(f, " (of `{cell}`)")?,
            _ => {}
        }
        write!(f, ": {}", self.wrong)
    }
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.first_bad.is_none() && self.damage.is_empty()
    }
}

/// The end of a chain as far as the journal was read.
struct Link {
    seq: u64,
    hash: Option<Hash>,
    state_hash: Option<Hash>,
}

struct Audit<'a> {
    report: AuditReport,
    scan: &'a Scan,
    chains: HashMap<String, Link>,
    names: Option<Names>,
    /// The tree, until an entry is lost whose leaf nobody knows any more.
    tree: Option<Frontier>,
    /// The sizes for which checkpoints state a root, and the roots that were found.
    roots: BTreeMap<u64, Option<Hash>>,
    /// How many positions the journal has.
    size: u64,
}

/// Checks the store at `path` against itself and against the checkpoints in `folder`.
///
/// It may be called while a process owns the store: it reads one snapshot.
pub fn verify(path: &Path, folder: &Path, key: &PublicKey) -> AuditReport {
    let mut damage = Vec::new();
    // Read before the snapshot is taken: whatever was signed by now is in it.
    let checkpoints = checkpoints(folder, key, &mut damage);
    let scan = match Scan::open(path) {
        Ok(scan) => scan,
        Err(damaged) => {
            damage.push(damaged);
            return AuditReport { damage, ..AuditReport::default() };
        }
    };
    let mut audit = Audit {
        report: AuditReport { damage, ..AuditReport::default() },
        scan: &scan,
        chains: HashMap::new(),
        names: None,
        tree: Some(Frontier::default()),
        roots: checkpoints.iter().map(|(_, checkpoint)| (checkpoint.size, None)).collect(),
        size: 0,
    };
    scan.structure(&mut audit.report.damage);
    audit.journal();
    audit.cells();
    let id = scan.other_rows(&mut audit.report.damage);
    audit.signatures(&checkpoints, id.as_deref().map(origin_of).as_deref());
    audit.report
}

/// The checkpoints of the folder that bear a good signature, with their files' names, the smallest first.
fn checkpoints(folder: &Path, key: &PublicKey, damage: &mut Vec<Damaged>) -> Vec<(String, Checkpoint)> {
    let mut found = Vec::new();
    let mut finding = |name: &str, wrong: String| {
        damage.push(Damaged { what: "checkpoint", place: name.to_owned(), wrong });
    };
    let mut files = match checkpoint::list(folder) {
        Ok(files) => files,
        Err(_) if !folder.exists() => Vec::new(),
        Err(error) => {
            finding(&folder.display().to_string(), error.to_string());
            Vec::new()
        }
    };
    let numbered = files.len();
    if folder.join(LATEST).exists() {
        files.push(folder.join(LATEST));
    } else if numbered > 0 {
        finding(LATEST, "it is missing beside the numbered checkpoints".to_owned());
    }
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match checkpoint::read(&path, key) {
            Ok(checkpoint) if name != LATEST && name != file_name(checkpoint.size) => {
                finding(&name, format!("it names {} entries, unlike its file's name", checkpoint.size));
            }
            Ok(checkpoint) => found.push((name, checkpoint)),
            Err(AuditError::Checkpoint { why, .. }) => finding(&name, why.to_string()),
            Err(error) => finding(&name, error.to_string()),
        }
    }
    found.sort_by_key(|(_, checkpoint)| checkpoint.size);
    found
}

impl Audit<'_> {
    fn journal(&mut self) {
        self.mark();
        let scan = self.scan;
        scan.entries(|found| {
            match found {
                Found::Good(entry) => {
                    self.good(&entry);
                    self.size = self.size.saturating_add(1);
                }
                Found::Bad(remains, wrong) => {
                    let position = remains.position.unwrap_or(self.size.saturating_add(1));
                    let (cell, seq) = self.name(position).unzip();
                    let (cell, seq) = (cell.or(remains.cell), seq.or(remains.seq));
                    self.break_chain(cell.as_deref(), seq, remains.hash, remains.state_hash);
                    self.bad(BadEntry { position, cell, seq, wrong });
                    self.leaf(remains.hash.as_ref());
                    self.size = self.size.saturating_add(1);
                }
                Found::Lost(positions, wrong) => self.lost(&positions, wrong),
            }
            self.mark();
        });
        self.report.root = self.tree.as_ref().map(Frontier::root);
    }

    fn lost(&mut self, positions: &RangeInclusive<u64>, wrong: String) {
        let names: Vec<_> = self.names().range(positions.clone()).map(|(_, name)| name.clone()).collect();
        for (cell, seq) in names {
            self.break_chain(Some(&cell), Some(seq), None, None);
        }
        let (first, last) = (*positions.start(), *positions.end());
        let (cell, seq) = self.name(first).unzip();
        let wrong = if first == last { wrong } else { format!("{wrong}, like all others up to {last}") };
        self.bad(BadEntry { position: first, cell, seq, wrong });
        self.leaf(None);
        self.size = self.size.max(last);
    }

    fn good(&mut self, entry: &StoredEntry) {
        let name = entry.cell.to_string();
        let link = self.chains.get(&name);
        let expected = link.map_or(1, |link| link.seq.saturating_add(1));
        let prev = link.map_or(Some(Hash::ZERO), |link| link.hash);
        let wrong = if entry.seq != expected {
            Some(format!("it is number {} of its cell where {expected} was expected", entry.seq))
        } else if prev.is_some_and(|prev| prev != entry.prev) {
            Some("it does not follow from the entry before it in its cell".to_owned())
        } else {
            None
        };
        self.leaf(Some(&entry.hash));
        let link = Link { seq: entry.seq, hash: Some(entry.hash), state_hash: Some(entry.state_hash) };
        self.chains.insert(name.clone(), link);
        match wrong {
            None => self.report.entries = self.report.entries.saturating_add(1),
            Some(wrong) => {
                let (cell, seq) = (Some(name), Some(entry.seq));
                self.bad(BadEntry { position: entry.position, cell, seq, wrong });
            }
        }
    }

    /// Goes on behind a bad entry with what is still known of it, so that it does not discredit the next ones.
    fn break_chain(
        &mut self,
        cell: Option<&str>,
        seq: Option<u64>,
        hash: Option<Hash>,
        state_hash: Option<Hash>,
    ) {
        if let (Some(cell), Some(seq)) = (cell, seq) {
            self.chains.insert(cell.to_owned(), Link { seq, hash, state_hash });
        }
    }

    fn names(&mut self) -> &Names {
        self.names.get_or_insert_with(|| self.scan.names())
    }

    fn name(&mut self, position: u64) -> Option<(String, u64)> {
        self.names().get(&position).cloned()
    }

    fn bad(&mut self, entry: BadEntry) {
        if self.report.first_bad.is_none() {
            self.report.first_bad = Some(entry);
            return;
        }
        let place = match (&entry.cell, entry.seq) {
            (Some(cell), Some(seq)) => format!("{} ({seq} of `{cell}`)", entry.position),
            _ => entry.position.to_string(),
        };
        self.report.damage.push(Damaged { what: "entry", place, wrong: entry.wrong });
    }

    fn leaf(&mut self, hash: Option<&Hash>) {
        match (hash, &mut self.tree) {
            (Some(hash), Some(tree)) => tree.push(hash),
            _ => self.tree = None,
        }
    }

    /// Notes the root where a checkpoint states one.
    fn mark(&mut self) {
        if let Some(root) = self.roots.get_mut(&self.size) {
            *root = self.tree.as_ref().map(Frontier::root);
        }
    }

    fn cells(&mut self) {
        let chains = std::mem::take(&mut self.chains);
        let mut seen = HashSet::new();
        let mut short = None;
        let mut damage = std::mem::take(&mut self.report.damage);
        let mut good: u64 = 0;
        self.scan.cells(&mut damage, |cell, head, damage| {
            let wrong = wrong_end(&cell, &head, &chains);
            let entries = chains.get(&cell.to_string()).map_or(0, |link| link.seq);
            if head.seq > entries && short.is_none() {
                short = Some((cell.to_string(), entries.saturating_add(1)));
            }
            seen.insert(cell.to_string());
            match wrong {
                None => good = good.saturating_add(1),
                Some(wrong) => damage.push(Damaged { what: "cell", place: format!("`{cell}`"), wrong }),
            }
        });
        // A chain that is too short, in a journal without a hole: its end was cut off.
        if let Some((cell, seq)) = short.filter(|_| self.report.first_bad.is_none()) {
            self.bad(BadEntry {
                position: self.size.saturating_add(1),
                cell: Some(cell),
                seq: Some(seq),
                wrong: "it is missing from the end of the journal".to_owned(),
            });
        }
        seen.extend(damage.iter().filter(|d| d.what == "cell").map(|d| d.place.trim_matches('`').to_owned()));
        let mut lost: Vec<&String> = chains.keys().filter(|name| !seen.contains(*name)).collect();
        lost.sort();
        damage.extend(lost.into_iter().map(|name| Damaged {
            what: "cell",
            place: format!("`{name}`"),
            wrong: "it has entries, but its state cannot be read".to_owned(),
        }));
        self.report.damage = damage;
        self.report.cells = good;
    }

    fn signatures(&mut self, checkpoints: &[(String, Checkpoint)], origin: Option<&str>) {
        // What was signed up to here is what the store has.
        let mut agreed = 0;
        for (name, checkpoint) in checkpoints {
            let size = checkpoint.size;
            let root = self.roots.get(&size).copied().flatten();
            let wrong = if origin.is_some_and(|origin| origin != checkpoint.origin) {
                Some(format!("it was signed for another store, {}", checkpoint.origin))
            } else if size > self.size {
                Some(format!(
                    "it names {size} entries and the store has {}: the store was put back to an older state",
                    self.size
                ))
            } else {
                match root {
                    Some(root) if root == checkpoint.root => None,
                    Some(_) => {
                        let first = agreed + 1;
                        Some(format!("entries {first} to {size} are not those that were signed"))
                    }
                    None => Some("its root cannot be compared: an entry before it is lost".to_owned()),
                }
            };
            match wrong {
                None => {
                    agreed = size;
                    if name != LATEST {
                        self.report.checkpoints = self.report.checkpoints.saturating_add(1);
                    }
                    self.report.signed = self.report.signed.max(size);
                }
                Some(wrong) => {
                    self.report.damage.push(Damaged { what: "checkpoint", place: name.clone(), wrong });
                }
            }
        }
    }
}

/// What is wrong between a cell and the end of its chain.
fn wrong_end(cell: &CellId, head: &Head, chains: &HashMap<String, Link>) -> Option<String> {
    let Some(link) = chains.get(&cell.to_string()) else {
        return Some("it has a state, but no entries".to_owned());
    };
    if head.seq != link.seq {
        return Some(format!("it counts {} entries, and its chain has {}", head.seq, link.seq));
    }
    if link.hash.is_some_and(|hash| hash != head.hash) {
        return Some("it names another last entry than its chain has".to_owned());
    }
    if link.state_hash.is_some_and(|hash| hash != head.state_hash) {
        return Some("its state is not the one that its last entry names".to_owned());
    }
    None
}
