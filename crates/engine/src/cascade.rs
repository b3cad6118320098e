//! One input and all that follows from it inside the engine: cells that tell each other, and questions that the host
//! answers at once. What is left for the world comes out as data.
//!
//! A host that keeps all cells in one place commits the whole of it in one transaction; the meaning never rests on that.

use std::collections::{BTreeMap, VecDeque};

use countersign_ir::wire::Call;

use crate::cell::CellId;
use crate::protocol::{Actor, Answer, Body, Fact, Input, Number, Output, Question, Receipt};
use crate::state::{Deployments, State};
use crate::step::{StepError, step};

/// What a cascade asks of its host.
pub trait Host {
    /// Why a state could not be had.
    type Error;
    /// The state of a cell.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn load(&mut self, cell: &CellId) -> Result<Option<State>, Self::Error>;
    /// The answer to what is not pure. Never waits for long.
    fn consult(&mut self, question: &Question) -> Answer;
}

/// One step that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Advanced {
    /// Which cell.
    pub cell: CellId,
    /// What it learned.
    pub input: Input,
    /// Its next state; none if nothing changed.
    pub state: Option<State>,
    /// What followed, for people.
    pub facts: Vec<Fact>,
    /// Calls to be made.
    pub calls: Vec<(Number, Call)>,
    /// Timers to be set.
    pub set: Vec<(Number, i64)>,
    /// Timers to be forgotten.
    pub cancelled: Vec<Number>,
    /// Receipts for the door.
    pub receipts: Vec<Receipt>,
}

/// Why a cascade failed. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum CascadeError<E> {
    /// A step could not be made.
    #[error("{cell}: {error}")]
    Step {
        /// Which cell.
        cell: CellId,
        /// Why.
        error: StepError,
    },
    /// The store could not be read.
    #[error("{0}")]
    Host(E),
    /// It does not end.
    #[error("more than {LIMIT} steps followed from one input")]
    Endless,
}

/// How many steps may follow from one input.
const LIMIT: usize = 10_000;

/// Makes the step of an input and all that follow from it.
///
/// # Errors
/// If a step cannot be made or the host cannot load a cell; then nothing must be committed.
pub fn cascade<H: Host>(
    deployments: &dyn Deployments,
    host: &mut H,
    cell: CellId,
    input: Input,
) -> Result<Vec<Advanced>, CascadeError<H::Error>> {
    let mut states: BTreeMap<CellId, Option<State>> = BTreeMap::new();
    let mut queue = VecDeque::from([(cell, input)]);
    let mut all = Vec::new();
    while let Some((cell, input)) = queue.pop_front() {
        if all.len() >= LIMIT {
            return Err(CascadeError::Endless);
        }
        let state = match states.remove(&cell) {
            Some(state) => state,
            None => host.load(&cell).map_err(CascadeError::Host)?,
        };
        let made = step(deployments, &cell, state.clone(), input.clone());
        let made = made.map_err(|error| CascadeError::Step { cell: cell.clone(), error })?;
        states.insert(cell.clone(), made.state.clone().or(state));
        let at = input.at;
        let mut advanced = Advanced {
            cell: cell.clone(),
            input,
            state: made.state,
            facts: made.facts,
            calls: Vec::new(),
            set: Vec::new(),
            cancelled: Vec::new(),
            receipts: Vec::new(),
        };
        let mut consulted = Vec::new();
        for output in made.outputs {
            match output {
                Output::Send { to, body } => queue.push_back((to, Input { at, by: Actor::Engine, body })),
                Output::Call { number, call } => advanced.calls.push((number, call)),
                Output::SetTimer { timer, at } => advanced.set.push((timer, at)),
                Output::CancelTimer { timer } => advanced.cancelled.push(timer),
                Output::Consult { number, question } => {
                    let answer = host.consult(&question);
                    let body = Body::Consulted { question: number, answer };
                    consulted.push((cell.clone(), Input { at, by: Actor::Operator, body }));
                }
                Output::Acknowledge(receipt) => advanced.receipts.push(receipt),
            }
        }
        // What the host answers comes before what other cells have to say: the asker waits for nothing else.
        for next in consulted.into_iter().rev() {
            queue.push_front(next);
        }
        all.push(advanced);
    }
    Ok(all)
}

/// Makes one recorded step again: what a replay does with each entry of a journal.
///
/// # Errors
/// As [`step`].
pub fn replay(
    deployments: &dyn Deployments,
    cell: &CellId,
    state: Option<State>,
    input: Input,
) -> Result<(Option<State>, Vec<Fact>), StepError> {
    let made = step(deployments, cell, state, input)?;
    Ok((made.state, made.facts))
}
