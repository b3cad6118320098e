//! A host of the engine in memory and in virtual time: cells in a map, timers and calls in one queue, the world
//! simulated. It keeps every input in order, so that what happened can be replayed.
//!
//! Nothing here waits: time is what the caller says, and passes from one thing that is due to the next.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use countersign_engine::cascade::{Advanced, CascadeError, cascade, replay};
use countersign_engine::cell::derived;
use countersign_engine::protocol::{Actor, Answer, Arrived, Body, Fact, Input, Number, Question, Receipt};
use countersign_engine::run::Run;
use countersign_engine::task::{Choice, Task};
use countersign_engine::{CellId, CellKind, Deployment, Deployments, Host, State};
use countersign_host::Oracle;
use countersign_ir::hash::{Hash, Hasher};
use countersign_ir::program::FlowId;
use countersign_ir::value::{SECOND, Value};
use countersign_ir::wire::{Call, Reply};
use countersign_sim::World;

/// How long a call takes.
pub const LATENCY: i64 = SECOND / 50;
/// How much may happen before something is wrong.
const LIMIT: usize = 200_000;

/// Something that will happen.
#[derive(Debug, Clone)]
enum Due {
    Timer(CellId, Number),
    Call(CellId, Number, Box<Call>),
}

/// One input that a cell took.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which cell.
    pub cell: CellId,
    /// What it learned.
    pub input: Input,
    /// What followed.
    pub facts: Vec<Fact>,
}

/// Something that happened, for people.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A cell found a fact.
    Fact(CellId, Fact),
    /// A system was called.
    Called(CellId, Box<Call>, Reply),
}

/// Why a host could not go on. A program that was compiled never gets here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The engine refused an input.
    #[error("the engine could not take a step: {0}")]
    Step(String),
    /// It does not come to rest.
    #[error("more than {LIMIT} things happened at a stretch")]
    Endless,
}

struct Catalogue {
    all: Vec<Arc<Deployment>>,
    current: Arc<Deployment>,
}

impl Deployments for Catalogue {
    fn get(&self, hash: &Hash) -> Option<Arc<Deployment>> {
        self.all.iter().find(|deployment| deployment.hash == *hash).cloned()
    }

    fn current(&self) -> Arc<Deployment> {
        Arc::clone(&self.current)
    }
}

struct Cells<'a> {
    cells: &'a BTreeMap<CellId, State>,
    oracle: &'a Oracle,
}

impl Host for Cells<'_> {
    type Error = Infallible;

    fn load(&mut self, cell: &CellId) -> Result<Option<State>, Infallible> {
        Ok(self.cells.get(cell).cloned())
    }

    fn consult(&mut self, question: &Question) -> Answer {
        self.oracle.answer(question)
    }
}

/// The host.
pub struct Virtual {
    catalogue: Catalogue,
    oracle: Oracle,
    world: World,
    now: i64,
    cells: BTreeMap<CellId, State>,
    /// Cells in the order in which they began.
    order: Vec<CellId>,
    due: BTreeMap<(i64, u64), Due>,
    sequence: u64,
    events: u64,
    journal: Vec<Entry>,
    happened: Vec<(i64, Event)>,
}

impl Virtual {
    /// A host that begins at an instant, with nothing in its store.
    pub fn new(deployment: Arc<Deployment>, world: World, now: i64) -> Self {
        Self {
            oracle: Oracle::new(Arc::clone(&deployment)),
            catalogue: Catalogue { all: vec![Arc::clone(&deployment)], current: deployment },
            world,
            now,
            cells: BTreeMap::new(),
            order: Vec::new(),
            due: BTreeMap::new(),
            sequence: 0,
            events: 0,
            journal: Vec::new(),
            happened: Vec::new(),
        }
    }

    /// Sends new events to another deployment; the old one stays known for runs that are pinned to it.
    pub fn deploy(&mut self, deployment: Arc<Deployment>) {
        self.oracle = Oracle::new(Arc::clone(&deployment));
        self.catalogue.all.push(Arc::clone(&deployment));
        self.catalogue.current = deployment;
    }

    /// The deployment that new events go to.
    pub fn deployment(&self) -> &Arc<Deployment> {
        &self.catalogue.current
    }

    /// What time it is, in nanoseconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The simulated systems.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The simulated systems, to be changed.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Every input so far, in the order in which cells took them.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// Everything that happened so far, and when.
    pub fn happened(&self) -> &[(i64, Event)] {
        &self.happened
    }

    /// The state of a cell.
    pub fn cell(&self, cell: &CellId) -> Option<&State> {
        self.cells.get(cell)
    }

    /// All runs in the order in which they began, undos among them.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = (&CellId, &Run)> {
        self.order.iter().filter_map(|cell| match self.cells.get(cell) {
            Some(State::Run(run)) => Some((cell, &**run)),
            _ => None,
        })
    }

    /// All tasks in the order in which they were opened.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = (&CellId, &Task)> {
        self.order.iter().filter_map(|cell| match self.cells.get(cell) {
            Some(State::Task(task)) => Some((cell, &**task)),
            _ => None,
        })
    }

    /// Which one of its kind a cell is, from 1.
    pub fn place(&self, cell: &CellId) -> usize {
        let same = self.order.iter().filter(|other| other.kind == cell.kind);
        same.take_while(|other| *other != cell).count() + 1
    }

    /// Whether a cell still waits for a timer or a call.
    pub fn awaits(&self, cell: &CellId) -> bool {
        self.due.values().any(|due| match due {
            Due::Timer(waiting, _) | Due::Call(waiting, ..) => waiting == cell,
        })
    }

    /// Gives an input to a cell, with all that follows from it at once.
    ///
    /// # Errors
    /// If the engine refuses it; then nothing has happened.
    pub fn input(&mut self, cell: CellId, by: Actor, body: Body) -> Result<Vec<Receipt>, HostError> {
        let input = Input { at: self.now, by, body };
        let mut host = Cells { cells: &self.cells, oracle: &self.oracle };
        let made = cascade(&self.catalogue, &mut host, cell, input).map_err(|error| match error {
            CascadeError::Endless => HostError::Endless,
            other => HostError::Step(other.to_string()),
        })?;
        let mut receipts = Vec::new();
        for advanced in made {
            receipts.extend(self.take(advanced));
        }
        Ok(receipts)
    }

    fn take(&mut self, advanced: Advanced) -> Vec<Receipt> {
        let Advanced { cell, input, state, facts, calls, set, cancelled, receipts } = advanced;
        self.happened.extend(facts.iter().map(|fact| (self.now, Event::Fact(cell.clone(), fact.clone()))));
        self.journal.push(Entry { cell: cell.clone(), input, facts });
        if let Some(state) = state
            && self.cells.insert(cell.clone(), state).is_none()
        {
            self.order.push(cell.clone());
        }
        for number in cancelled {
            self.due.retain(
                |_, due| !matches!(due, Due::Timer(waiting, timer) if *waiting == cell && *timer == number),
            );
        }
        for (number, at) in set {
            self.plan(at, Due::Timer(cell.clone(), number));
        }
        for (number, call) in calls {
            self.plan(self.now.saturating_add(LATENCY), Due::Call(cell.clone(), number, Box::new(call)));
        }
        receipts
    }

    fn plan(&mut self, at: i64, due: Due) {
        self.sequence += 1;
        self.due.insert((at, self.sequence), due);
    }

    /// Lets time pass until an instant; everything that comes due happens in order.
    ///
    /// # Errors
    /// If the engine refuses a step, or nothing ever comes to rest.
    pub fn advance(&mut self, until: i64) -> Result<(), HostError> {
        for _ in 0..LIMIT {
            if !self.next(until)? {
                self.now = self.now.max(until);
                return Ok(());
            }
        }
        Err(HostError::Endless)
    }

    /// Lets happen what follows by itself within so many nanoseconds; no more time passes than that takes.
    ///
    /// # Errors
    /// As [`Virtual::advance`].
    pub fn settle(&mut self, within: i64) -> Result<(), HostError> {
        let until = self.now.saturating_add(within);
        for _ in 0..LIMIT {
            if !self.next(until)? {
                return Ok(());
            }
        }
        Err(HostError::Endless)
    }

    /// Lets the next thing happen, if it is due by then.
    fn next(&mut self, until: i64) -> Result<bool, HostError> {
        let Some((&(at, sequence), _)) = self.due.first_key_value() else { return Ok(false) };
        if at > until {
            return Ok(false);
        }
        let Some(due) = self.due.remove(&(at, sequence)) else { return Ok(false) };
        self.now = self.now.max(at);
        match due {
            Due::Timer(cell, timer) => {
                self.input(cell, Actor::Clock, Body::Due { timer })?;
            }
            Due::Call(asker, number, call) => {
                let reply = self.world.perform(self.now, &call);
                let by = Actor::System(call.system.clone());
                self.happened.push((self.now, Event::Called(asker.clone(), call, reply.clone())));
                self.input(asker, by, Body::Replied { call: number, reply })?;
            }
        }
        Ok(true)
    }

    /// How many calls are under way.
    pub fn under_way(&self) -> usize {
        self.due.values().filter(|due| matches!(due, Due::Call(..))).count()
    }

    /// One of the calls under way ends before its turn: with its reply, or lost on its way back, which the caller
    /// learns as doubt. The reply that was lost is given back.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn end_call(&mut self, nth: usize, lost: bool) -> Result<Option<(CellId, Number, Reply)>, HostError> {
        let mut calls = self.due.iter().filter(|(_, due)| matches!(due, Due::Call(..)));
        let Some((&key, _)) = calls.nth(nth) else { return Ok(None) };
        let Some(Due::Call(asker, number, call)) = self.due.remove(&key) else { return Ok(None) };
        let reply = self.world.perform(self.now, &call);
        let told =
            if lost { Reply::InDoubt { reason: "the connection was lost".into() } } else { reply.clone() };
        let by = Actor::System(call.system.clone());
        self.happened.push((self.now, Event::Called(asker.clone(), call, told.clone())));
        self.input(asker.clone(), by, Body::Replied { call: number, reply: told })?;
        Ok(lost.then_some((asker, number, reply)))
    }

    /// A cell learns once more what it learned before, now.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn repeat(&mut self, nth: usize) -> Result<(), HostError> {
        let Some(Entry { cell, input, .. }) = self.journal.get(nth).cloned() else { return Ok(()) };
        self.input(cell, input.by, input.body).map(drop)
    }

    /// An event arrives under a transport id that was not seen before.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn receive(&mut self, flow: FlowId, payload: &Value) -> Result<Vec<Receipt>, HostError> {
        self.events += 1;
        let event = derived("evt", "countersign/test/event", &[&self.events.to_string()]);
        self.receive_as(flow, payload, &event)
    }

    /// An event arrives under the id that its sender gave it.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn receive_as(
        &mut self,
        flow: FlowId,
        payload: &Value,
        event: &str,
    ) -> Result<Vec<Receipt>, HostError> {
        let deployment = Arc::clone(&self.catalogue.current);
        let trigger = deployment.program.flows.get(flow.index()).map(|flow| flow.trigger.clone());
        let trigger = trigger.ok_or_else(|| HostError::Step("there is no such flow".into()))?;
        self.world.announce(&trigger.payload, payload);
        let encoded = countersign_ir::encoding::encode(payload);
        let arrived = Arrived {
            deployment: deployment.hash,
            flow,
            event: event.to_owned(),
            body: Hasher::new("countersign/test/body").bytes(&encoded).finish(),
            payload: payload.clone(),
        };
        let cell = CellId::new(CellKind::Delivery, event);
        self.input(cell, Actor::Sender(trigger.path), Body::Arrived(Box::new(arrived)))
    }

    /// A person answers a task, having seen what it shows now.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn answer(
        &mut self,
        task: &CellId,
        person: &str,
        choice: Choice,
        because: Option<&str>,
    ) -> Result<(), HostError> {
        let shown = match self.cells.get(task) {
            Some(State::Task(task)) => Some(task.shown),
            _ => None,
        };
        let body = Body::Answer { choice, because: because.map(str::to_owned), shown };
        self.input(task.clone(), Actor::Person(person.to_owned()), body).map(drop)
    }

    /// A person wants a run taken back.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn undo(&mut self, run: &CellId, person: &str, because: &str) -> Result<(), HostError> {
        let body = Body::Undo { because: because.to_owned() };
        self.input(run.clone(), Actor::Person(person.to_owned()), body).map(drop)
    }

    /// Takes every recorded input again, from nothing, and says where the states part: they must not in a single byte.
    ///
    /// # Errors
    /// In words, the first cell that differs, or the first fact.
    pub fn replay(&self) -> Result<(), String> {
        let mut cells: BTreeMap<CellId, State> = BTreeMap::new();
        for (place, Entry { cell, input, facts }) in self.journal.iter().enumerate() {
            let state = cells.get(cell).cloned();
            let (next, found) = replay(&self.catalogue, cell, state, input.clone())
                .map_err(|error| format!("entry {place} of {cell}: {error}"))?;
            if found != *facts {
                return Err(format!("entry {place} of {cell}: {found:?} follows, not {facts:?}"));
            }
            if let Some(next) = next {
                cells.insert(cell.clone(), next);
            }
        }
        if cells.len() != self.cells.len() {
            return Err(format!("{} cells came of it, not {}", cells.len(), self.cells.len()));
        }
        for (cell, state) in &self.cells {
            let bytes = state.to_bytes();
            if cells.get(cell).map(State::to_bytes).as_ref() != Some(&bytes) {
                return Err(format!("{cell} differs"));
            }
            // What a store keeps is read back as it was.
            if State::from_bytes(&bytes).as_ref() != Ok(state) {
                return Err(format!("{cell} is not what its bytes say"));
            }
        }
        Ok(())
    }
}
