//! The handle: what the door, people and their tools ask of a running process.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use countersign_engine::cell::derived;
use countersign_engine::eval::Refinements;
use countersign_engine::protocol::{Actor, Arrived, Body, Fact, Receipt, Rejected};
use countersign_engine::run::Run;
use countersign_engine::task::{Choice, Task};
use countersign_engine::{Advanced, CellId, CellKind, Deployment, State};
use countersign_ir::hash::{Hash, Hasher};
use countersign_ir::json;
use countersign_ir::program::{Flow, FlowId};
use countersign_store::{StoreError, StoreRead};
use tokio::sync::{oneshot, watch};

use crate::calls::Announce;
use crate::clock::Clock;
use crate::command::{Command, Delivery, Query};
use crate::error::{Fatal, InputError};
use crate::gauges::Gauges;
use crate::library::{Library, Shelf};
use crate::limits::Limits;
use crate::people::{self, Tokens};
use crate::start::Outcome;

/// The thread that reads the store beside the driver.
pub(crate) struct Reader {
    pub queries: Sender<Query>,
    pub thread: JoinHandle<()>,
}

/// What a handle shares with its clones.
pub(crate) struct Inner {
    pub inbox: Sender<Command>,
    pub gauges: Arc<Gauges>,
    pub library: Arc<Library>,
    pub current: Arc<Deployment>,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
    pub reader: Mutex<Option<Reader>>,
    pub systems: Vec<(String, String)>,
    pub ended: watch::Receiver<Outcome>,
    pub announce: Option<Announce>,
    pub tokens: OnceLock<Tokens>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without a handle nobody could ever stop it.
        let _ = self.inbox.send(Command::Shutdown);
    }
}

/// A running process. Clones speak to the same one; when the last is dropped, it goes down.
#[derive(Clone)]
pub struct Handle {
    inner: Arc<Inner>,
}

/// What came of an answer that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The task as it stands now.
    pub task: Task,
}

/// What came of an undo that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoing {
    /// The run that takes it back.
    pub undo: String,
    /// What stays as it is, and why.
    pub stays: Vec<String>,
}

/// A body that is kept because it was rejected is cut at this many bytes.
const KEPT_BODY: usize = 64 << 10;

impl Handle {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// The program with its settings that new events go to.
    pub fn deployment(&self) -> &Arc<Deployment> {
        &self.inner.current
    }

    /// The host's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Depths and counts.
    pub fn gauges(&self) -> &Gauges {
        &self.inner.gauges
    }

    /// Each system's name, and where its calls go.
    pub fn systems(&self) -> &[(String, String)] {
        &self.inner.systems
    }

    /// The flow whose trigger has this path.
    pub fn trigger(&self, path: &str) -> Option<(FlowId, &Flow)> {
        let flows = &self.inner.current.program.flows;
        let place = flows.iter().position(|flow| flow.trigger.path == path)?;
        Some((FlowId(u16::try_from(place).ok()?), flows.get(place)?))
    }

    /// Whether the door should turn events away for now.
    pub fn busy(&self) -> bool {
        let inner = &self.inner;
        inner.gauges.closing()
            || inner.gauges.queued() >= inner.limits.queued
            || inner.gauges.calls_out() >= inner.limits.calls_out
    }

    /// Takes a payload in. When this returns, it is on disk; what it breaks of its type is said in the receipt.
    ///
    /// `transport_id` is the sender's own id of the message, by which a repeat is recognised.
    pub async fn deliver(
        &self,
        path: &str,
        transport_id: Option<&str>,
        body: &[u8],
    ) -> Result<Receipt, InputError> {
        let limit = self.inner.limits.payload;
        if body.len() > limit {
            return Err(InputError::TooLarge { limit });
        }
        let (flow_id, flow) = self
            .trigger(path)
            .ok_or_else(|| InputError::NotFound { what: "trigger", key: path.to_owned() })?;
        if self.busy() {
            return Err(InputError::Busy);
        }
        let event = event_id(path, transport_id)?;
        let deployment = &self.inner.current;
        let hash = Hasher::new("countersign/body/v1").bytes(body).finish();
        let refine = Refinements { settings: &deployment.settings };
        let decoded = json::decode(&deployment.program, &flow.trigger.payload, body, &refine);
        let what = match decoded {
            Ok(payload) => {
                if let Some(announce) = &self.inner.announce {
                    announce(&flow.trigger.payload, &payload);
                }
                Body::Arrived(Box::new(Arrived {
                    deployment: deployment.hash,
                    flow: flow_id,
                    event: event.clone(),
                    body: hash,
                    payload,
                }))
            }
            Err(violation) => Body::Rejected(Box::new(Rejected {
                deployment: deployment.hash,
                flow: flow_id,
                event: event.clone(),
                hash,
                body: cut(body),
                path: violation.path,
                problem: violation.problem,
            })),
        };
        let cell = CellId::new(CellKind::Delivery, event);
        let steps = self.input(cell.clone(), Actor::Sender(path.to_owned()), what, false).await?;
        let receipt =
            steps.into_iter().filter(|step| step.cell == cell).flat_map(|step| step.receipts).last();
        receipt.ok_or_else(|| InputError::Step { cell, why: "the delivery gave no receipt".to_owned() })
    }

    /// A person answers a task.
    pub async fn answer(
        &self,
        person: &str,
        task: &str,
        choice: Choice,
        because: Option<String>,
        shown: Option<Hash>,
    ) -> Result<Answered, InputError> {
        self.must_know(person)?;
        let cell = CellId::new(CellKind::Task, task);
        let body = Body::Answer { choice, because, shown };
        let steps = self.input(cell.clone(), Actor::Person(person.to_owned()), body, true).await?;
        let mut state = None;
        for step in steps.into_iter().filter(|step| step.cell == cell) {
            for fact in step.facts {
                match fact {
                    Fact::Late { forestalled, .. } => return Err(InputError::Late(forestalled)),
                    Fact::Declined { reason, .. } => return Err(InputError::Declined(reason)),
                    _ => {}
                }
            }
            if let Some(State::Task(task)) = step.state {
                state = Some(*task);
            }
        }
        match state {
            Some(task) => Ok(Answered { task }),
            None => Err(InputError::Step { cell, why: "the task took no notice of it".to_owned() }),
        }
    }

    /// A person of the role that owns the flow takes a run back.
    pub async fn undo(&self, person: &str, run: &str, because: &str) -> Result<Undoing, InputError> {
        self.must_know(person)?;
        let cell = CellId::new(CellKind::Run, run);
        self.must_own(person, &cell).await?;
        let body = Body::Undo { because: because.to_owned() };
        let steps = self.input(cell.clone(), Actor::Person(person.to_owned()), body, true).await?;
        // The first step is the run's own; what follows is already the undo.
        let Some(Advanced { facts, .. }) = steps.into_iter().next() else {
            return Err(InputError::Step { cell, why: "the run took no notice of it".to_owned() });
        };
        let mut declined = Vec::new();
        for fact in facts {
            match fact {
                Fact::TakesBack { by, stays, .. } => return Ok(Undoing { undo: by, stays }),
                Fact::Declined { reason, .. } => declined.push(reason),
                _ => {}
            }
        }
        Err(InputError::Declined(declined.join("; ")))
    }

    fn must_know(&self, person: &str) -> Result<(), InputError> {
        if people::roles_of(&self.inner.current.program, person).is_empty() {
            return Err(InputError::Forbidden(format!("no role of the program has `{person}` as a member")));
        }
        Ok(())
    }

    /// The owner is who the flow of this name has now; of a flow that is gone, whoever has the role's name.
    async fn must_own(&self, person: &str, cell: &CellId) -> Result<(), InputError> {
        let Some((run, pinned)) = self.run_state(cell).await? else {
            return Err(InputError::NotFound { what: "run", key: cell.key.clone() });
        };
        let flow = pinned
            .flow(run.flow)
            .map_err(|error| InputError::Step { cell: cell.clone(), why: error.to_string() })?;
        let program = &self.inner.current.program;
        let now = program.flows.iter().find(|now| now.name == flow.name);
        let owner = match now {
            Some(now) => program.roles.get(now.owner.index()),
            None => pinned.program.roles.get(flow.owner.index()),
        };
        let owner = owner.map(|role| role.name.clone()).unwrap_or_default();
        let members = program.roles.iter().find(|role| role.name == owner).map(|role| &role.members);
        if members.is_some_and(|members| members.iter().any(|member| member == person)) {
            return Ok(());
        }
        Err(InputError::Forbidden(format!(
            "{} is owned by {owner}, and only its members can take a run back",
            flow.name
        )))
    }

    async fn run_state(&self, cell: &CellId) -> Result<Option<(Run, Arc<Deployment>)>, InputError> {
        let cell = cell.clone();
        self.read(move |shelf| {
            let stored = crate::cells::stored(&shelf.current.tenant, &cell);
            let Some(kept) = shelf.store.load(&stored)? else { return Ok(None) };
            let Ok(State::Run(run)) = State::from_bytes(&kept.state) else { return Ok(None) };
            let deployment = countersign_engine::Deployments::get(shelf, &run.deployment);
            Ok(deployment.map(|deployment| (*run, deployment)))
        })
        .await
    }

    /// Gives an input to the driver and waits until what came of it is committed.
    async fn input(
        &self,
        cell: CellId,
        by: Actor,
        body: Body,
        existing: bool,
    ) -> Result<Vec<Advanced>, InputError> {
        let (done, outcome) = oneshot::channel();
        let delivery = Delivery { cell, by, body, existing, done: Some(done) };
        self.inner.gauges.queued.fetch_add(1, Ordering::Relaxed);
        self.inner.inbox.send(Command::Input(delivery)).map_err(|_| InputError::Ending)?;
        outcome.await.map_err(|_| InputError::Ending)?
    }

    /// Asks the store, beside the driver where it can be read beside it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Shelf<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, InputError> {
        let (done, outcome) = oneshot::channel();
        let (library, current) = (Arc::clone(&self.inner.library), Arc::clone(&self.inner.current));
        let query: Query = Box::new(move |store: &dyn StoreRead| {
            let _ = done.send(ask(&Shelf { library: &library, store, current: &current }));
        });
        let beside = {
            let reader = self.inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.as_ref().map(|reader| reader.queries.clone())
        };
        let sent = match beside {
            Some(queries) => queries.send(query).is_ok(),
            None => self.inner.inbox.send(Command::Query(query)).is_ok(),
        };
        if !sent {
            return Err(InputError::Ending);
        }
        Ok(outcome.await.map_err(|_| InputError::Ending)??)
    }

    pub(crate) async fn put_meta(&self, name: String, value: String) -> Result<(), InputError> {
        let (done, outcome) = oneshot::channel();
        let command = Command::PutMeta { name, value, done };
        self.inner.inbox.send(command).map_err(|_| InputError::Ending)?;
        Ok(outcome.await.map_err(|_| InputError::Ending)??)
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        self.inner.tokens.get_or_init(Tokens::default)
    }

    /// Asks the process to go down: what is queued is finished, calls that are out are waited for a while, a checkpoint is
    /// written and the store is closed.
    ///
    /// # Errors
    /// If the store failed meanwhile.
    pub async fn shutdown(&self) -> Result<(), Fatal> {
        // The file is whole again only when nobody else has it open; what is still asked goes to the driver.
        let reader = self.inner.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Reader { queries, thread }) = reader {
            drop(queries);
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        let _ = self.inner.inbox.send(Command::Shutdown);
        self.ended().await
    }

    /// Waits until the process has ended, by [`Handle::shutdown`] or by itself.
    ///
    /// # Errors
    /// If it ended by itself: the store failed.
    pub async fn ended(&self) -> Result<(), Fatal> {
        let mut watching = self.inner.ended.clone();
        match watching.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Fatal::Stopped)),
            Err(_) => Err(Fatal::Stopped),
        }
    }
}

/// The id of an event: of its sender's making where there is an id of the transport's, else drawn.
fn event_id(path: &str, transport_id: Option<&str>) -> Result<String, InputError> {
    if let Some(id) = transport_id {
        return Ok(derived("evt", "countersign/event/v1", &[path, id]));
    }
    let mut drawn = [0; 32];
    getrandom::fill(&mut drawn).map_err(|error| InputError::Random(error.to_string()))?;
    Ok(derived("evt", "countersign/event/v1/drawn", &[path, &Hash(drawn).hex()]))
}

/// A body as text, cut to what is kept of it.
fn cut(body: &[u8]) -> String {
    let kept = body.get(..KEPT_BODY).unwrap_or(body);
    let mut text = String::from_utf8_lossy(kept).into_owned();
    if body.len() > KEPT_BODY {
        text.push('…');
    }
    text
}
