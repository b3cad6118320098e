//! A store in memory: for tests, simulations and hosts in virtual time. Same rules, nothing survives the process.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::hash::Hasher;
use crate::plan::{Base, Head, Plan, Step, plan};
use crate::store::{CommitError, META_STORE_ID, Store, StoreError, StoreRead};
use crate::types::{
    CellId, Committed, Hash, IndexChange, IndexCursor, IndexQuery, IndexRow, Leaf, MessageId, StoredCell,
    StoredEntry, StoredMessage, StoredTimer, Target, TimerChange, Transition,
};

type RowName = (String, String, String);

/// A store in memory.
#[derive(Clone, Debug)]
pub struct InMemory {
    cells: BTreeMap<CellId, (Head, Vec<u8>)>,
    /// All entries; the one at position `p` is at index `p - 1`.
    entries: Vec<StoredEntry>,
    /// For each cell the indexes of its entries.
    chains: HashMap<CellId, Vec<usize>>,
    consumed: HashSet<(CellId, MessageId)>,
    timers: HashMap<(CellId, String), i64>,
    timers_by_time: BTreeSet<(i64, CellId, String)>,
    outbox: BTreeMap<u64, StoredMessage>,
    waiting: HashMap<MessageId, u64>,
    /// Rows by index, tenant and key.
    rows: HashMap<RowName, IndexRow>,
    rows_by_sort: HashMap<String, BTreeSet<IndexCursor>>,
    programs: HashMap<Hash, Vec<u8>>,
    blobs: HashMap<Hash, Vec<u8>>,
    meta: BTreeMap<String, String>,
}

impl InMemory {
    /// An empty store with a fixed id.
    pub fn new() -> Self {
        Self::named("memory")
    }

    /// An empty store whose id is derived from a name, so that runs in virtual time can be repeated to the byte.
    pub fn named(name: &str) -> Self {
        let mut id = Hasher::new("countersign/store").text(name).done().to_string();
        id.truncate(32);
        Self {
            cells: BTreeMap::new(),
            entries: Vec::new(),
            chains: HashMap::new(),
            consumed: HashSet::new(),
            timers: HashMap::new(),
            timers_by_time: BTreeSet::new(),
            outbox: BTreeMap::new(),
            waiting: HashMap::new(),
            rows: HashMap::new(),
            rows_by_sort: HashMap::new(),
            programs: HashMap::new(),
            blobs: HashMap::new(),
            meta: BTreeMap::from([(META_STORE_ID.to_owned(), id)]),
        }
    }

    fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.position)
    }

    fn behind(&self, position: u64) -> &[StoredEntry] {
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        self.entries.get(start..).unwrap_or_default()
    }

    fn apply(&mut self, plan: &Plan<'_>) {
        for step in &plan.steps {
            self.keep_cell(step);
            self.keep_messages(step);
            for change in &step.transition.timers {
                self.keep_timer(&step.transition.cell, change);
            }
            for change in &step.transition.index {
                self.keep_row(&step.transition.cell, change);
            }
        }
    }

    fn keep_cell(&mut self, step: &Step<'_>) {
        let cell = &step.transition.cell;
        for sealed in &step.entries {
            self.chains.entry(cell.clone()).or_default().push(self.entries.len());
            self.entries.push(StoredEntry {
                position: sealed.position,
                cell: cell.clone(),
                seq: sealed.seq,
                at: sealed.entry.at,
                kind: sealed.entry.kind.clone(),
                actor: sealed.entry.actor.clone(),
                body: sealed.entry.body.clone(),
                facts: sealed.entry.facts.clone(),
                state_hash: step.head.state_hash,
                prev: sealed.prev,
                hash: sealed.hash,
            });
        }
        self.cells.insert(cell.clone(), (step.head, step.transition.state.clone()));
    }

    fn keep_messages(&mut self, step: &Step<'_>) {
        let cell = &step.transition.cell;
        for message in &step.transition.consumed {
            self.consumed.insert((cell.clone(), message.clone()));
            self.leave(message, &Target::Cell(cell.clone()));
        }
        for (position, message) in &step.outbox {
            self.waiting.insert(message.id.clone(), *position);
            let stored = StoredMessage {
                position: *position,
                from: cell.clone(),
                id: message.id.clone(),
                target: message.target.clone(),
                body: message.body.clone(),
                priority: message.priority,
            };
            self.outbox.insert(*position, stored);
        }
        for message in &step.transition.settled {
            self.leave(message, &Target::World);
        }
    }

    fn leave(&mut self, message: &MessageId, target: &Target) {
        let Some(position) = self.waiting.get(message) else { return };
        if self.outbox.get(position).is_some_and(|stored| stored.target == *target) {
            self.outbox.remove(position);
            self.waiting.remove(message);
        }
    }

    fn keep_timer(&mut self, cell: &CellId, change: &TimerChange) {
        let (id, new) = match change {
            TimerChange::Set { id, at } => (id, Some(*at)),
            TimerChange::Cancel { id } => (id, None),
        };
        let name = (cell.clone(), id.clone());
        let old = match new {
            Some(at) => self.timers.insert(name, at),
            None => self.timers.remove(&name),
        };
        if let Some(at) = old {
            self.timers_by_time.remove(&(at, cell.clone(), id.clone()));
        }
        if let Some(at) = new {
            self.timers_by_time.insert((at, cell.clone(), id.clone()));
        }
    }

    fn keep_row(&mut self, cell: &CellId, change: &IndexChange) {
        let (index, key, new) = match change {
            IndexChange::Put { index, key, sort, fields } => {
                let row = IndexRow {
                    index: index.clone(),
                    key: key.clone(),
                    cell: cell.clone(),
                    sort: *sort,
                    fields: fields.clone(),
                };
                (index, key, Some(row))
            }
            IndexChange::Remove { index, key } => (index, key, None),
        };
        let name = (index.clone(), cell.tenant.clone(), key.clone());
        let sorted = self.rows_by_sort.entry(index.clone()).or_default();
        if let Some(row) = &new {
            sorted.insert(row.cursor());
        }
        let kept = new.as_ref().map(IndexRow::cursor);
        let old = match new {
            Some(row) => self.rows.insert(name, row),
            None => self.rows.remove(&name),
        };
        if let Some(gone) = old.map(|row| row.cursor()).filter(|gone| Some(gone) != kept.as_ref()) {
            sorted.remove(&gone);
        }
    }
}

impl Default for InMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl Base for InMemory {
    fn head(&self, cell: &CellId) -> Result<Option<Head>, StoreError> {
        Ok(self.cells.get(cell).map(|(head, _)| *head))
    }

    fn has_consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError> {
        self.consumed(cell, message)
    }

    fn is_waiting(&self, message: &MessageId) -> Result<bool, StoreError> {
        Ok(self.waiting.contains_key(message))
    }
}

impl StoreRead for InMemory {
    fn load(&self, cell: &CellId) -> Result<Option<StoredCell>, StoreError> {
        let stored = |(head, state): &(Head, Vec<u8>)| StoredCell {
            seq: head.seq,
            fence: head.fence,
            state: state.clone(),
        };
        Ok(self.cells.get(cell).map(stored))
    }

    fn cells(&self, after: Option<&CellId>, limit: usize) -> Result<Vec<CellId>, StoreError> {
        // The order is that of the written name, as in every other store.
        let mut names: Vec<(String, &CellId)> = self.cells.keys().map(|c| (c.to_string(), c)).collect();
        names.sort();
        let after = after.map(CellId::to_string);
        let behind = names.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
        Ok(behind.take(limit).map(|(_, cell)| cell.clone()).collect())
    }

    fn consumed(&self, cell: &CellId, message: &MessageId) -> Result<bool, StoreError> {
        Ok(self.consumed.contains(&(cell.clone(), message.clone())))
    }

    fn due_timers(&self, until: i64, limit: usize) -> Result<Vec<StoredTimer>, StoreError> {
        let due = self.timers_by_time.iter().take_while(|(at, _, _)| *at <= until).take(limit);
        Ok(due.map(|(at, cell, id)| StoredTimer { cell: cell.clone(), id: id.clone(), at: *at }).collect())
    }

    fn next_timer(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.timers_by_time.first().map(|(at, _, _)| *at))
    }

    fn outbox(&self, after: u64, limit: usize) -> Result<Vec<StoredMessage>, StoreError> {
        let behind = self.outbox.range(after.saturating_add(1)..);
        Ok(behind.take(limit).map(|(_, message)| message.clone()).collect())
    }

    fn outbox_len(&self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.outbox.len()).unwrap_or(u64::MAX))
    }

    fn entries(&self, cell: &CellId, from_seq: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let skip = usize::try_from(from_seq.saturating_sub(1)).unwrap_or(usize::MAX);
        let chain = self.chains.get(cell).map(Vec::as_slice).unwrap_or_default();
        Ok(chain.iter().skip(skip).take(limit).filter_map(|i| self.entries.get(*i).cloned()).collect())
    }

    fn entries_after(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(self.behind(position).iter().take(limit).cloned().collect())
    }

    fn leaves_after(&self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        let leaf = |entry: &StoredEntry| Leaf { position: entry.position, hash: entry.hash };
        Ok(self.behind(position).iter().take(limit).map(leaf).collect())
    }

    fn last_position(&self) -> Result<u64, StoreError> {
        Ok(self.last())
    }

    fn index(&self, index: &str, query: &IndexQuery, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
        let Some(sorted) = self.rows_by_sort.get(index) else { return Ok(Vec::new()) };
        let row =
            |place: &IndexCursor| self.rows.get(&(index.to_owned(), place.tenant.clone(), place.key.clone()));
        let list = |places: &mut dyn Iterator<Item = &IndexCursor>| {
            places.filter_map(row).filter(|row| query.picks(row)).take(limit).cloned().collect()
        };
        Ok(if query.newest_first { list(&mut sorted.iter().rev()) } else { list(&mut sorted.iter()) })
    }

    fn index_row(&self, tenant: &str, index: &str, key: &str) -> Result<Option<IndexRow>, StoreError> {
        Ok(self.rows.get(&(index.to_owned(), tenant.to_owned(), key.to_owned())).cloned())
    }

    fn program(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.programs.get(hash).cloned())
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.blobs.get(hash).cloned())
    }

    fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.meta.get(name).cloned())
    }
}

fn put(
    kept: &mut HashMap<Hash, Vec<u8>>,
    what: &'static str,
    hash: &Hash,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let there = kept.entry(*hash).or_insert_with(|| bytes.to_vec());
    if there == bytes { Ok(()) } else { Err(StoreError::Different { what, hash: *hash }) }
}

impl Store for InMemory {
    fn commit(&mut self, batch: &[Transition]) -> Result<Committed, CommitError> {
        let plan = plan(self, self.last(), batch)?;
        let committed = plan.committed();
        self.apply(&plan);
        Ok(committed)
    }

    fn put_program(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        put(&mut self.programs, "program", hash, bytes)
    }

    fn put_blob(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        put(&mut self.blobs, "blob", hash, bytes)
    }

    fn erase_blob(&mut self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.blobs.remove(hash).is_some())
    }

    fn put_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.meta.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}
