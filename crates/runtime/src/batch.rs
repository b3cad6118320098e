//! From what the engine made of inputs to what the store commits: one transition per step, the calls that may leave once
//! it is committed, and what people are told.

use std::collections::{BTreeMap, HashSet};

use countersign_engine::protocol::{Body, Fact, Input, Number};
use countersign_engine::summary::{Row, row};
use countersign_engine::{Advanced, CellId, Deployments, State};
use countersign_ir::to_cbor;
use countersign_ir::wire::Call;
use countersign_store::{IndexChange, MessageId, NewEntry, OutboxRow, Target, TimerChange, Transition};

use crate::cells::{Cells, Known, stored};

/// A call that may leave once its batch is committed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outgoing {
    pub cell: CellId,
    pub number: Number,
    pub call: Call,
    /// When the step was made, by the host's clock.
    pub at: i64,
}

/// How a list's row changed: its list, its status before and after.
pub(crate) struct Moved {
    pub list: &'static str,
    pub before: Option<String>,
    pub after: String,
}

/// What a batch has come to so far.
#[derive(Default)]
pub(crate) struct Batch {
    pub transitions: Vec<Transition>,
    pub calls: Vec<Outgoing>,
    pub moved: Vec<Moved>,
    pub told: Vec<(CellId, Fact)>,
    cancelled: HashSet<(CellId, Number)>,
}

/// The name of an input's kind, as the journal has it.
pub(crate) fn kind(body: &Body) -> &'static str {
    match body {
        Body::Arrived(_) => "arrived",
        Body::Rejected(_) => "rejected",
        Body::Take(_) => "take",
        Body::Settle { .. } => "settle",
        Body::Release { .. } => "release",
        Body::Claimed(_) => "claimed",
        Body::Start(_) => "start",
        Body::StartUndo(_) => "start_undo",
        Body::Recalled { .. } => "recalled",
        Body::Answered(_) => "answered",
        Body::Undo { .. } => "undo",
        Body::Undone { .. } => "undone",
        Body::Recall { .. } => "recall",
        Body::Ended { .. } => "ended",
        Body::Open(_) => "open",
        Body::Answer { .. } => "answer",
        Body::Withdraw { .. } => "withdraw",
        Body::Replied { .. } => "replied",
        Body::Due { .. } => "due",
        Body::Consulted { .. } => "consulted",
    }
}

/// The id of a call in the outbox.
pub(crate) fn call_id(cell: &CellId, number: Number) -> MessageId {
    MessageId(format!("{cell}#{number}"))
}

/// Reads what [`call_id`] wrote.
pub(crate) fn parse_call_id(id: &MessageId) -> Option<(CellId, Number)> {
    let (cell, number) = id.as_str().rsplit_once('#')?;
    Some((parse_cell(cell)?, number.parse().ok()?))
}

/// Reads the name of a cell, such as `run/run-1f…`.
pub(crate) fn parse_cell(text: &str) -> Option<CellId> {
    let (kind, key) = text.split_once('/')?;
    Some(CellId::new(countersign_engine::CellKind::parse(kind)?, key))
}

/// What an input uses up, whatever the cell makes of it: its timer, its call.
fn used_up(cell: &CellId, body: &Body) -> (Vec<TimerChange>, Vec<MessageId>) {
    match body {
        Body::Due { timer } => (vec![TimerChange::Cancel { id: timer.to_string() }], Vec::new()),
        Body::Replied { call, .. } => (Vec::new(), vec![call_id(cell, *call)]),
        _ => (Vec::new(), Vec::new()),
    }
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.transitions.is_empty()
    }

    /// Whether a timer was cancelled by an earlier step of this batch.
    pub(crate) fn has_cancelled(&self, cell: &CellId, timer: Number) -> bool {
        self.cancelled.contains(&(cell.clone(), timer))
    }

    /// Takes up all steps that followed from one input.
    pub(crate) fn absorb(&mut self, cells: &mut Cells, deployments: &dyn Deployments, steps: &[Advanced]) {
        for step in steps {
            self.absorb_step(cells, deployments, step);
        }
    }

    fn absorb_step(&mut self, cells: &mut Cells, deployments: &dyn Deployments, step: &Advanced) {
        let cell = stored(cells.tenant(), &step.cell);
        let before = cells.known(&step.cell);
        let seq = before.map_or(0, |known| known.seq);
        let (mut timers, settled) = used_up(&step.cell, &step.input.body);
        let recorded = step.state.is_some()
            || (before.is_some() && !(step.facts.is_empty() && step.calls.is_empty() && step.set.is_empty()));
        if !recorded && (before.is_none() || (timers.is_empty() && settled.is_empty())) {
            return;
        }
        // A timer that is set anew under the number that has just come due must stay: changes are kept in order.
        self.cancelled.extend(step.cancelled.iter().map(|timer| (step.cell.clone(), *timer)));
        timers.extend(step.cancelled.iter().map(|timer| TimerChange::Cancel { id: timer.to_string() }));
        timers.extend(step.set.iter().map(|(timer, at)| TimerChange::Set { id: timer.to_string(), at: *at }));
        let mut index = Vec::new();
        if let Some(state) = &step.state {
            let old = before.and_then(|known| row(deployments, &step.cell, &known.state));
            index.extend(self.list(old.as_ref(), row(deployments, &step.cell, state)));
        }
        let state = match (&step.state, before) {
            (Some(state), _) => state.to_bytes(),
            (None, Some(known)) => known.bytes.clone(),
            (None, None) => return,
        };
        self.transitions.push(Transition {
            consumed: Vec::new(),
            entries: if recorded { vec![entry(&step.input, &step.facts)] } else { Vec::new() },
            state: state.clone(),
            timers,
            outbox: step.calls.iter().map(|(number, call)| outbox_row(&step.cell, *number, call)).collect(),
            settled,
            index,
            ..Transition::new(cell, seq, 0)
        });
        self.calls.extend(step.calls.iter().map(|(number, call)| Outgoing {
            cell: step.cell.clone(),
            number: *number,
            call: call.clone(),
            at: step.input.at,
        }));
        self.told.extend(step.facts.iter().map(|fact| (step.cell.clone(), fact.clone())));
        if recorded {
            let kept: Option<State> = step.state.clone().or_else(|| before.map(|known| known.state.clone()));
            if let Some(kept) = kept {
                cells.put(&step.cell, Known { seq: seq + 1, state: kept, bytes: state });
            }
        }
    }

    fn list(&mut self, old: Option<&Row>, new: Option<Row>) -> Option<IndexChange> {
        let new = new?;
        if old == Some(&new) {
            return None;
        }
        let status =
            |row: &Row| row.fields.iter().find(|(name, _)| name == "status").map(|(_, value)| value.clone());
        let before = old.and_then(status);
        let after = status(&new).unwrap_or_default();
        if before.as_ref() != Some(&after) {
            self.moved.push(Moved { list: new.list, before, after });
        }
        let fields: BTreeMap<_, _> = new.fields.into_iter().collect();
        Some(IndexChange::Put { index: new.list.to_owned(), key: new.key, sort: new.sort, fields })
    }
}

fn entry(input: &Input, facts: &[Fact]) -> NewEntry {
    NewEntry {
        at: input.at,
        kind: kind(&input.body).to_owned(),
        actor: input.by.to_string(),
        body: to_cbor(input),
        facts: to_cbor(&facts),
    }
}

fn outbox_row(from: &CellId, number: Number, call: &Call) -> OutboxRow {
    OutboxRow { id: call_id(from, number), target: Target::World, body: to_cbor(call), priority: 0 }
}
