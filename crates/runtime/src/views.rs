//! What people look at: lists from the index, one run or task with its journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_engine::protocol::{Body, Fact, Input};
use countersign_engine::run::Run;
use countersign_engine::summary::{Row, row};
use countersign_engine::task::Task;
use countersign_engine::{CellId, CellKind, Deployment, Deployments, State};
use countersign_store::{IndexCursor, IndexQuery, IndexRow, StoreError, StoredEntry};

use crate::batch::parse_cell;
use crate::cells::stored;
use crate::error::InputError;
use crate::handle::Handle;
use crate::library::Shelf;

/// Which runs to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only those that stand so.
    pub status: Option<String>,
    /// Only those of this flow.
    pub flow: Option<String>,
    /// At most so many; 0 is as many as may be.
    pub limit: usize,
}

/// The most rows of one list.
pub const MOST_ROWS: usize = 1000;

/// Which tasks to list, oldest first.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Only those that this person may answer.
    pub person: Option<String>,
    /// Settled ones too.
    pub settled: bool,
}

/// One entry of the journal, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in the store's journal.
    pub position: u64,
    /// The cell that learned it.
    pub cell: CellId,
    /// Its place in that cell's chain.
    pub seq: u64,
    /// What kind of input it was.
    pub kind: String,
    /// What came in, when and from whom.
    pub input: Input,
    /// What followed.
    pub facts: Vec<Fact>,
}

/// One run.
#[derive(Debug, Clone)]
pub struct RunView {
    /// What the list shows.
    pub row: Row,
    /// The run itself.
    pub run: Run,
    /// The program and settings that it is pinned to.
    pub deployment: Arc<Deployment>,
    /// The journal of the run, of the event that started it and of its tasks, in the order of commits.
    pub journal: Vec<Entry>,
}

/// One task.
#[derive(Debug, Clone)]
pub struct TaskView {
    /// What the list shows.
    pub row: Row,
    /// The task itself.
    pub task: Task,
}

impl Handle {
    /// Runs, newest first.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<IndexRow>, InputError> {
        self.read(move |shelf| {
            let mut query = IndexQuery { newest_first: true, ..IndexQuery::default() };
            query.fields.extend(filter.status.map(|status| ("status".to_owned(), status)));
            query.fields.extend(filter.flow.map(|flow| ("flow".to_owned(), flow)));
            let limit = if filter.limit == 0 { MOST_ROWS } else { filter.limit.min(MOST_ROWS) };
            shelf.store.index("run", &query, limit)
        })
        .await
    }

    /// Tasks, oldest first.
    pub async fn tasks(&self, filter: TaskFilter) -> Result<Vec<IndexRow>, InputError> {
        self.read(move |shelf| {
            let mut query = IndexQuery::default();
            if !filter.settled {
                query.fields.insert("status".to_owned(), "open".to_owned());
            }
            let mut found = Vec::new();
            loop {
                let page = shelf.store.index("task", &query, MOST_ROWS)?;
                let last: Option<IndexCursor> = page.last().map(IndexRow::cursor);
                found.extend(page.into_iter().filter(|row| concerns(row, filter.person.as_deref())));
                match last {
                    Some(last) if found.len() < MOST_ROWS => query.after = Some(last),
                    _ => break,
                }
            }
            found.truncate(MOST_ROWS);
            Ok(found)
        })
        .await
    }

    /// One run with its journal.
    pub async fn run(&self, id: &str) -> Result<Option<RunView>, InputError> {
        let cell = CellId::new(CellKind::Run, id);
        self.read(move |shelf| run_view(shelf, &cell)).await
    }

    /// One task.
    pub async fn task(&self, id: &str) -> Result<Option<TaskView>, InputError> {
        let cell = CellId::new(CellKind::Task, id);
        self.read(move |shelf| {
            Ok(match state(shelf, &cell)? {
                Some(state @ State::Task(_)) => {
                    let row = row(shelf, &cell, &state);
                    let State::Task(task) = state else { return Ok(None) };
                    row.map(|row| TaskView { row, task: *task })
                }
                _ => None,
            })
        })
        .await
    }
}

fn concerns(row: &IndexRow, person: Option<&str>) -> bool {
    let Some(person) = person else { return true };
    row.fields.get("people").is_some_and(|people| people.split(',').any(|one| one == person))
}

fn damaged(cell: &CellId, why: String) -> StoreError {
    StoreError::Damaged(countersign_store::Damaged { what: "cell", place: cell.to_string(), wrong: why })
}

fn state(shelf: &Shelf<'_>, cell: &CellId) -> Result<Option<State>, StoreError> {
    let Some(kept) = shelf.store.load(&stored(&shelf.current.tenant, cell))? else { return Ok(None) };
    State::from_bytes(&kept.state).map(Some).map_err(|why| damaged(cell, why))
}

/// Reads an entry's bytes.
pub(crate) fn decode(entry: StoredEntry) -> Result<Entry, StoreError> {
    let name = format!("{}/{}", entry.cell.kind, entry.cell.key);
    let wrong = |why: String| {
        StoreError::Damaged(countersign_store::Damaged {
            what: "entry",
            place: entry.position.to_string(),
            wrong: why,
        })
    };
    let cell = parse_cell(&name).ok_or_else(|| wrong(format!("`{name}` is no cell of ours")))?;
    let input: Input = countersign_ir::from_cbor(&entry.body).map_err(wrong)?;
    let facts: Vec<Fact> = countersign_ir::from_cbor(&entry.facts).map_err(wrong)?;
    let (position, seq, kind) = (entry.position, entry.seq, entry.kind);
    Ok(Entry { position, cell, seq, kind, input, facts })
}

/// How many entries of one cell are read at a time, and how many at most.
const PAGE: usize = 1000;
const MOST_ENTRIES: usize = 100_000;

fn journal(shelf: &Shelf<'_>, cell: &CellId) -> Result<Vec<Entry>, StoreError> {
    let mut all: Vec<Entry> = Vec::new();
    let name = stored(&shelf.current.tenant, cell);
    loop {
        let from = all.last().map_or(1, |entry| entry.seq + 1);
        let page = shelf.store.entries(&name, from, PAGE)?;
        if page.is_empty() || all.len() >= MOST_ENTRIES {
            return Ok(all);
        }
        for entry in page {
            all.push(decode(entry)?);
        }
    }
}

/// The tasks that a run's own journal names.
fn tasks_of(journal: &[Entry]) -> BTreeSet<String> {
    let mut tasks = BTreeSet::new();
    for entry in journal {
        if let Body::Answered(answered) = &entry.input.body {
            tasks.insert(answered.task.key.clone());
        }
        for fact in &entry.facts {
            match fact {
                Fact::Asked { task, .. } | Fact::Blocked { task, .. } => {
                    tasks.insert(task.clone());
                }
                _ => {}
            }
        }
    }
    tasks
}

fn run_view(shelf: &Shelf<'_>, cell: &CellId) -> Result<Option<RunView>, StoreError> {
    let Some(state) = state(shelf, cell)? else { return Ok(None) };
    let row = row(shelf, cell, &state);
    let (State::Run(run), Some(row)) = (state, row) else { return Ok(None) };
    let Some(deployment) = shelf.get(&run.deployment) else {
        return Err(damaged(cell, format!("its program {} is not in the store", run.deployment.short())));
    };
    let mut entries = journal(shelf, cell)?;
    for task in tasks_of(&entries) {
        entries.extend(journal(shelf, &CellId::new(CellKind::Task, task))?);
    }
    entries.extend(journal(shelf, &CellId::new(CellKind::Delivery, run.event.as_str()))?);
    entries.sort_by_key(|entry| entry.position);
    Ok(Some(RunView { row, run: *run, deployment, journal: entries }))
}
