//! What the runs of one key have in common: their past, up to a thousand runs.

use countersign_ir::value::Value;
use serde::{Deserialize, Serialize};

use crate::cell::CellKind;
use crate::protocol::{Body, Output};
use crate::step::{Step, StepError};

/// How many runs are remembered.
const LIMIT: usize = 1000;

/// The state of a history: the records of ended runs, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Records `{ run, when, outcome, decisions, key }`.
    pub entries: Vec<Value>,
}

/// When the run of an entry ended: its second field.
fn when(entry: &Value) -> Option<i64> {
    match entry {
        Value::Record(fields) => match fields.get(1) {
            Some(Value::Instant(at)) => Some(*at),
            _ => None,
        },
        _ => None,
    }
}

/// Which run an entry is of: its first field.
fn run_of(entry: &Value) -> Option<&Value> {
    match entry {
        Value::Record(fields) => fields.first(),
        _ => None,
    }
}

/// What a history does with an input.
pub(crate) fn step(state: Option<History>, body: Body) -> Result<Step<History>, StepError> {
    let mut history = state.unwrap_or_default();
    match body {
        Body::Recall { run, since } => {
            let recent = history.entries.iter().filter(|entry| when(entry).is_some_and(|at| at >= since));
            let list = Value::list(recent.cloned());
            let output = Output::Send { to: run, body: Body::Recalled { history: list } };
            Ok(Step::to(history, vec![output], Vec::new()))
        }
        Body::Ended { entry } => {
            if history.entries.iter().any(|known| run_of(known) == run_of(&entry)) {
                return Ok(Step::unchanged());
            }
            history.entries.push(entry);
            if history.entries.len() > LIMIT {
                history.entries.remove(0);
            }
            Ok(Step::to(history, Vec::new(), Vec::new()))
        }
        other => Err(StepError::misplaced(CellKind::History, &other)),
    }
}
