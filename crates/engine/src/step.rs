//! The one step: a cell and an input in, the cell's next state, outputs and facts out.

use std::sync::Arc;

use countersign_ir::hash::Hash;
use countersign_ir::program::{
    Action, ActionCall, ActionId, Approval, ApprovalId, Flow, FlowId, Read, ReadCall, Role, RoleId, StepId,
    System, SystemId,
};

use crate::cell::{CellId, CellKind};
use crate::eval::EvalError;
use crate::protocol::{Body, Fact, Input, Output};
use crate::state::{Deployment, Deployments, State};
use crate::{claim, delivery, history, run, task};

/// What came of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<S = State> {
    /// The next state; none if nothing changed, and then there is nothing to commit.
    pub state: Option<S>,
    /// What should happen next.
    pub outputs: Vec<Output>,
    /// What followed, for people.
    pub facts: Vec<Fact>,
}

impl<S> Step<S> {
    /// Nothing changed.
    pub(crate) fn unchanged() -> Self {
        Self { state: None, outputs: Vec::new(), facts: Vec::new() }
    }

    /// A next state.
    pub(crate) fn to(state: S, outputs: Vec<Output>, facts: Vec<Fact>) -> Self {
        Self { state: Some(state), outputs, facts }
    }

    fn wrap(self, wrap: impl Fn(S) -> State) -> Step {
        Step { state: self.state.map(wrap), outputs: self.outputs, facts: self.facts }
    }
}

/// Why a step could not be made. Never the fault of a payload or a reply: those have states of their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The cell was sent something that such a cell never gets.
    #[error("a {cell} cell cannot take {what}")]
    Misplaced {
        /// What the cell is.
        cell: &'static str,
        /// What came.
        what: String,
    },
    /// The deployment that the cell is pinned to is not in the store.
    #[error("the program {0} is not in the store")]
    NoProgram(String),
    /// The program does not fit itself, or a number left its range.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

impl StepError {
    pub(crate) fn misplaced(cell: CellKind, body: &Body) -> Self {
        let what = format!("{body:?}");
        let what = what.split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
        Self::Misplaced { cell: cell.name(), what }
    }
}

/// The deployment of that identity.
pub(crate) fn fetch(deployments: &dyn Deployments, hash: &Hash) -> Result<Arc<Deployment>, StepError> {
    deployments.get(hash).ok_or_else(|| StepError::NoProgram(hash.short()))
}

fn missing(what: &str, id: u16) -> EvalError {
    EvalError::Malformed(format!("there is no {what} {id}"))
}

/// Look-ups by index. A program that was compiled here never misses; one that was tampered with is told so.
impl Deployment {
    /// A flow.
    ///
    /// # Errors
    /// If the program has no such flow; so for all of these.
    pub fn flow(&self, id: FlowId) -> Result<&Flow, EvalError> {
        self.program.flows.get(id.index()).ok_or_else(|| missing("flow", id.0))
    }

    /// A step of a flow.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn step(&self, flow: FlowId, id: StepId) -> Result<&countersign_ir::program::Step, EvalError> {
        self.flow(flow)?.steps.get(id.index()).ok_or_else(|| missing("step", id.0))
    }

    /// A role.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn role(&self, id: RoleId) -> Result<&Role, EvalError> {
        self.program.roles.get(id.index()).ok_or_else(|| missing("role", id.0))
    }

    /// A policy.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn approval(&self, id: ApprovalId) -> Result<&Approval, EvalError> {
        self.program.approvals.get(id.index()).ok_or_else(|| missing("approval", id.0))
    }

    /// A system.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn system(&self, id: SystemId) -> Result<&System, EvalError> {
        self.program.systems.get(id.index()).ok_or_else(|| missing("system", id.0))
    }

    /// A system's action.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn action(&self, system: SystemId, id: ActionId) -> Result<(&System, &Action), EvalError> {
        let system = self.system(system)?;
        system.actions.get(id.index()).map(|action| (system, action)).ok_or_else(|| missing("action", id.0))
    }

    /// The action of a call.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn called(&self, call: &ActionCall) -> Result<(&System, &Action), EvalError> {
        self.action(call.system, call.action)
    }

    /// The read of a call.
    ///
    /// # Errors
    /// See [`Deployment::flow`].
    pub fn read(&self, call: &ReadCall) -> Result<(&System, &Read), EvalError> {
        let system = self.system(call.system)?;
        system
            .reads
            .get(call.read.index())
            .map(|read| (system, read))
            .ok_or_else(|| missing("read", call.read.0))
    }
}

/// The pure step of every cell: no clock, no I/O, no chance. The same cell and the same input give the same to the byte.
///
/// # Errors
/// If the input does not belong to such a cell, its program is unknown, or the program is not well-formed.
pub fn step(
    deployments: &dyn Deployments,
    cell: &CellId,
    state: Option<State>,
    input: Input,
) -> Result<Step, StepError> {
    let Input { at, by, body } = input;
    match (cell.kind, state) {
        (CellKind::Delivery, None) => {
            Ok(delivery::step(deployments, cell, None, at, body)?.wrap(State::Delivery))
        }
        (CellKind::Delivery, Some(State::Delivery(state))) => {
            Ok(delivery::step(deployments, cell, Some(state), at, body)?.wrap(State::Delivery))
        }
        (CellKind::Claim, None) => Ok(claim::step(None, at, body)?.wrap(State::Claim)),
        (CellKind::Claim, Some(State::Claim(state))) => {
            Ok(claim::step(Some(state), at, body)?.wrap(State::Claim))
        }
        (CellKind::History, None) => Ok(history::step(None, body)?.wrap(State::History)),
        (CellKind::History, Some(State::History(state))) => {
            Ok(history::step(Some(state), body)?.wrap(State::History))
        }
        (CellKind::Run, None) => Ok(run::step(deployments, cell, None, at, &by, body)?.wrap(boxed_run)),
        (CellKind::Run, Some(State::Run(state))) => {
            Ok(run::step(deployments, cell, Some(*state), at, &by, body)?.wrap(boxed_run))
        }
        (CellKind::Task, None) => Ok(task::step(deployments, cell, None, at, &by, body)?.wrap(boxed_task)),
        (CellKind::Task, Some(State::Task(state))) => {
            Ok(task::step(deployments, cell, Some(*state), at, &by, body)?.wrap(boxed_task))
        }
        (kind, Some(_)) => Err(StepError::misplaced(kind, &body)),
    }
}

fn boxed_run(run: run::Run) -> State {
    State::Run(Box::new(run))
}

fn boxed_task(task: task::Task) -> State {
    State::Task(Box::new(task))
}
