//! The rules of a commit, in one place for every store.
//!
//! In goes a batch and a view of what is stored; out comes either the reason why nothing may be written, or a plan
//! in which every entry has its position and hash, and which a store only has to write down.

use std::collections::{HashMap, HashSet};

use crate::hash::{EntryContent, entry_hash, state_hash};
use crate::store::{CommitError, StoreError};
use crate::types::{
    Appended, CellId, Committed, Hash, IndexChange, MessageId, NewEntry, OutboxRow, Target, TimerChange,
    Transition,
};

/// The end of a cell's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub seq: u64,
    pub fence: u64,
    pub state_hash: Hash,
    /// The hash of the last entry.
    pub hash: Hash,
}

/// What the rules must know of what is stored.
pub(crate) trait Base {
    fn head(&self, cell: &CellId) -> Result<Option<Head>, StoreError>;
    fn has_consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError>;
    fn is_waiting(&self, message: &MessageId) -> Result<bool, StoreError>;
}

/// What to write for one transition, in the order of the fields.
pub(crate) struct Step<'a> {
    pub transition: &'a Transition,
    pub is_new: bool,
    pub head: Head,
    pub entries: Vec<Sealed<'a>>,
    /// Messages with their positions, without those that their target consumed before they were sent.
    pub outbox: Vec<(u64, &'a OutboxRow)>,
}

/// An entry with its place and hash.
pub(crate) struct Sealed<'a> {
    pub position: u64,
    pub seq: u64,
    pub prev: Hash,
    pub hash: Hash,
    pub entry: &'a NewEntry,
}

/// What to write for a batch.
pub(crate) struct Plan<'a> {
    pub last: u64,
    pub steps: Vec<Step<'a>>,
}

impl Plan<'_> {
    pub(crate) fn committed(&self) -> Committed {
        let appended = |e: &Sealed<'_>| Appended { position: e.position, seq: e.seq, hash: e.hash };
        Committed {
            last: self.last,
            entries: self.steps.iter().flat_map(|s| s.entries.iter().map(appended)).collect(),
        }
    }
}

/// A message's position is its last entry's position and its number within the transition, so that positions grow
/// for ever without a counter of their own.
const MESSAGES_PER_TRANSITION: u64 = 1 << 20;

/// The largest number that every store can keep.
const LARGEST: u64 = i64::MAX as u64;

pub(crate) fn plan<'a>(base: &dyn Base, last: u64, batch: &'a [Transition]) -> Result<Plan<'a>, CommitError> {
    let mut planner =
        Planner { base, last, heads: HashMap::new(), consumed: HashSet::new(), sent: HashSet::new() };
    let steps = batch.iter().map(|t| planner.step(t)).collect::<Result<_, _>>()?;
    Ok(Plan { last: planner.last, steps })
}

struct Planner<'a> {
    base: &'a dyn Base,
    last: u64,
    heads: HashMap<CellId, Head>,
    consumed: HashSet<(CellId, MessageId)>,
    sent: HashSet<MessageId>,
}

impl Planner<'_> {
    fn step<'t>(&mut self, transition: &'t Transition) -> Result<Step<'t>, CommitError> {
        well_formed(transition)?;
        let cell = &transition.cell;
        let stored = match self.heads.get(cell) {
            Some(head) => Some(*head),
            None => self.base.head(cell)?,
        };
        fence(transition, stored)?;
        self.consume(transition)?;
        let found = stored.map_or(0, |head| head.seq);
        if transition.expected != found {
            return Err(CommitError::Stale { cell: cell.clone(), expected: transition.expected, found });
        }
        let before = stored.unwrap_or(Head { seq: 0, fence: 0, state_hash: Hash::ZERO, hash: Hash::ZERO });
        let (entries, head) = self.append(transition, stored.is_none(), before)?;
        let outbox = self.send(transition)?;
        self.heads.insert(cell.clone(), head);
        Ok(Step { transition, is_new: stored.is_none(), head, entries, outbox })
    }

    fn consume(&mut self, transition: &Transition) -> Result<(), CommitError> {
        for message in &transition.consumed {
            let fresh = self.consumed.insert((transition.cell.clone(), message.clone()));
            if !fresh || self.base.has_consumed(&transition.cell, message)? {
                return Err(CommitError::Repeated {
                    cell: transition.cell.clone(),
                    message: message.clone(),
                });
            }
        }
        Ok(())
    }

    fn append<'t>(
        &mut self,
        transition: &'t Transition,
        is_new: bool,
        before: Head,
    ) -> Result<(Vec<Sealed<'t>>, Head), CommitError> {
        let cell = &transition.cell;
        let state_hash = state_hash(&transition.state);
        if transition.entries.is_empty() {
            if is_new {
                return Err(invalid(cell, "a new cell needs an entry"));
            }
            if state_hash != before.state_hash {
                return Err(invalid(cell, "its state changes without an entry that says why"));
            }
            if !transition.outbox.is_empty() {
                return Err(invalid(cell, "it sends without an entry that says why"));
            }
        }
        let mut head = Head { fence: transition.fence, state_hash, ..before };
        let mut sealed = Vec::with_capacity(transition.entries.len());
        for entry in &transition.entries {
            let seq = head.seq.saturating_add(1);
            let position = self.last.saturating_add(1);
            if position >= LARGEST / MESSAGES_PER_TRANSITION {
                return Err(invalid(cell, "the store is full: it has used up its positions"));
            }
            let prev = head.hash;
            let hash = entry_hash(&EntryContent {
                cell,
                seq,
                at: entry.at,
                kind: &entry.kind,
                actor: &entry.actor,
                body: &entry.body,
                facts: &entry.facts,
                state_hash: &state_hash,
                prev: &prev,
            });
            sealed.push(Sealed { position, seq, prev, hash, entry });
            head.seq = seq;
            head.hash = hash;
            self.last = position;
        }
        Ok((sealed, head))
    }

    fn send<'t>(&mut self, transition: &'t Transition) -> Result<Vec<(u64, &'t OutboxRow)>, CommitError> {
        let first = self.last.saturating_mul(MESSAGES_PER_TRANSITION);
        let mut sent = Vec::with_capacity(transition.outbox.len());
        for (number, message) in (0..MESSAGES_PER_TRANSITION).zip(&transition.outbox) {
            if !self.sent.insert(message.id.clone()) || self.base.is_waiting(&message.id)? {
                let why = format!("it sends a second message with the id `{}`", message.id);
                return Err(invalid(&transition.cell, &why));
            }
            if !self.arrived_before(message)? {
                sent.push((first.saturating_add(number), message));
            }
        }
        Ok(sent)
    }

    /// Whether the target consumed the message before it was sent, as repeated and reordered delivery allows.
    fn arrived_before(&self, message: &OutboxRow) -> Result<bool, CommitError> {
        match &message.target {
            Target::World => Ok(false),
            Target::Cell(cell) => Ok(self.consumed.contains(&(cell.clone(), message.id.clone()))
                || self.base.has_consumed(cell, &message.id)?),
        }
    }
}

fn fence(transition: &Transition, stored: Option<Head>) -> Result<(), CommitError> {
    match stored {
        Some(head) if transition.fence < head.fence => Err(CommitError::Fenced {
            cell: transition.cell.clone(),
            fence: transition.fence,
            found: head.fence,
        }),
        _ => Ok(()),
    }
}

fn invalid(cell: &CellId, why: &str) -> CommitError {
    CommitError::Invalid { cell: cell.clone(), why: why.to_owned() }
}

/// Refuses what cannot be kept or could not be told apart later.
fn well_formed(transition: &Transition) -> Result<(), CommitError> {
    let cell = &transition.cell;
    let refuse = |why: &str| Err(invalid(cell, why));
    if !cell.is_well_formed() {
        return refuse("its name is not of the form `tenant/kind/key`");
    }
    if transition.fence > LARGEST {
        return refuse("its fence is larger than 2^63-1");
    }
    if u64::try_from(transition.outbox.len()).unwrap_or(u64::MAX) >= MESSAGES_PER_TRANSITION {
        return refuse("it sends more than a million messages");
    }
    for message in &transition.outbox {
        if matches!(&message.target, Target::Cell(target) if !target.is_well_formed()) {
            return refuse("it sends to a cell whose name is not of the form `tenant/kind/key`");
        }
    }
    let mut ids = transition
        .consumed
        .iter()
        .chain(&transition.settled)
        .map(MessageId::as_str)
        .chain(transition.outbox.iter().map(|m| m.id.as_str()));
    if ids.any(str::is_empty) {
        return refuse("a message id is empty");
    }
    let mut timers = transition.timers.iter().map(|change| match change {
        TimerChange::Set { id, .. } | TimerChange::Cancel { id } => id,
    });
    if timers.any(String::is_empty) {
        return refuse("a timer's id is empty");
    }
    let mut rows = transition.index.iter().map(|change| match change {
        IndexChange::Put { index, key, .. } | IndexChange::Remove { index, key } => (index, key),
    });
    if rows.any(|(index, key)| index.is_empty() || key.is_empty()) {
        return refuse("an index row has no name or no key");
    }
    Ok(())
}
