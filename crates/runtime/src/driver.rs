//! The driver: the one thread that owns the store, the cells and the timers.
//!
//! It takes what has been queued, makes the steps that follow on the states as this batch has made them, commits all of
//! it at once, and only then answers, starts calls and lets others read. There is no artificial delay: the batch is what
//! came in while the last one was being committed. A failed commit ends the process; nothing of it was acknowledged.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use countersign_engine::protocol::{Actor, Answer, Body, Input, Question};
use countersign_engine::{Advanced, CascadeError, CellId, CellKind, Deployment, Host, State, cascade};
use countersign_host::Oracle;
use countersign_ir::classify::TOO_LATE;
use countersign_ir::wire::Reply;
use countersign_store::{
    CommitError, IndexChange, MessageId, SqliteStore, Store, StoreError, StoreRead, TimerChange, Transition,
};
use tokio::sync::oneshot;

use crate::aside::{self, Aside, Failed};
use crate::batch::{Batch, call_id, kind};
use crate::calls::Calls;
use crate::cells::{Cells, LoadError, stored};
use crate::clock::Clock;
use crate::command::{Command, Delivery, Query};
use crate::error::{Fatal, InputError};
use crate::gauges::Gauges;
use crate::library::{Library, Shelf};
use crate::limits::Limits;
use crate::seal::Seal;
use crate::tell;

/// The store, owned.
pub(crate) enum Kept {
    /// A file.
    File(SqliteStore),
    /// Whatever else keeps transitions.
    Other(Box<dyn Store + Send>),
}

impl Kept {
    pub(crate) fn read(&self) -> &dyn StoreRead {
        match self {
            Self::File(store) => store,
            Self::Other(store) => &**store,
        }
    }

    pub(crate) fn write(&mut self) -> &mut dyn Store {
        match self {
            Self::File(store) => store,
            Self::Other(store) => &mut **store,
        }
    }
}

/// The longest the driver sleeps: the machine's clock may jump, or the machine sleep.
const NAP: Duration = Duration::from_secs(1);
/// How long it sleeps while calls are still out and the process goes down.
const CLOSING_NAP: Duration = Duration::from_millis(5);
/// How long it sleeps at least while a due timer is set aside.
const HELD_NAP: Duration = Duration::from_millis(20);
/// How often a commit is tried while another program holds the file's lock. Each attempt waits for five seconds itself.
const BUSY_ATTEMPTS: u32 = 12;

type Done = oneshot::Sender<Result<Vec<Advanced>, InputError>>;

/// What one turn has taken up.
#[derive(Default)]
struct Work {
    at: i64,
    batch: Batch,
    answers: Vec<(Done, Result<Vec<Advanced>, InputError>)>,
    later: Vec<Later>,
}

/// What is done after the commit.
enum Later {
    Query(Query),
    Meta { name: String, value: String, done: oneshot::Sender<Result<(), StoreError>> },
}

/// See the module.
pub(crate) struct Driver {
    pub store: Kept,
    pub cells: Cells,
    pub library: Arc<Library>,
    pub current: Arc<Deployment>,
    pub oracle: Oracle,
    pub clock: Arc<dyn Clock>,
    pub last_at: i64,
    pub inbox: Receiver<Command>,
    pub calls: Calls,
    pub gauges: Arc<Gauges>,
    pub limits: Limits,
    pub seal: Option<Seal>,
    pub aside: Aside,
    /// Inputs that come before those of the inbox.
    pub backlog: VecDeque<Delivery>,
    pub next_due: Option<i64>,
    pub closing: Option<Instant>,
}

/// What the engine asks for while it steps.
struct Stage<'a> {
    cells: &'a mut Cells,
    store: &'a dyn StoreRead,
    oracle: &'a Oracle,
}

impl Host for Stage<'_> {
    type Error = LoadError;

    fn load(&mut self, cell: &CellId) -> Result<Option<State>, LoadError> {
        Ok(self.cells.get(self.store, cell)?.map(|known| known.state.clone()))
    }

    fn consult(&mut self, question: &Question) -> Answer {
        self.oracle.answer(question)
    }
}

impl Driver {
    /// Works until it is told to go down or the store fails.
    pub(crate) fn run(mut self) -> Result<(), Fatal> {
        loop {
            let first = match self.inbox.recv_timeout(self.patience()) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                // Nobody is left who could ask for anything; the calls that are out hold a sender too.
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.turn(first)?;
            if self.closing.is_some_and(|since| self.may_close(since)) {
                break;
            }
        }
        self.close();
        Ok(())
    }

    fn patience(&self) -> Duration {
        if !self.backlog.is_empty() {
            return Duration::ZERO;
        }
        if self.closing.is_some() {
            return CLOSING_NAP;
        }
        // A due timer that failed and waits for another attempt must not keep us spinning.
        let least = if self.aside.holds_timers() { HELD_NAP } else { Duration::ZERO };
        let timer = self.next_due.map(|at| self.clock.real_until(at).max(least));
        let seal = self.seal.as_ref().and_then(|seal| seal.due_in(self.gauges.entries()));
        [timer, seal, self.aside.next()].into_iter().flatten().fold(NAP, Duration::min)
    }

    fn may_close(&self, since: Instant) -> bool {
        let idle = self.backlog.is_empty() && self.gauges.calls_out() == 0 && self.gauges.queued() == 0;
        idle || since.elapsed() >= self.limits.grace
    }

    fn now(&mut self) -> i64 {
        self.last_at = self.last_at.max(self.clock.now());
        self.gauges.last_at.store(self.last_at, Ordering::Relaxed);
        self.last_at
    }

    /// One batch.
    fn turn(&mut self, first: Option<Command>) -> Result<(), Fatal> {
        let mut work = Work { at: self.now(), ..Work::default() };
        if self.closing.is_none() {
            self.fire_timers(&mut work)?;
            for failed in self.aside.take_due() {
                let Failed { cell, by, body, attempts, .. } = failed;
                self.step(&mut work, Delivery::new(cell, by, body), attempts)?;
            }
        }
        let mut taken = 0;
        while taken < self.limits.batch
            && let Some(delivery) = self.backlog.pop_front()
        {
            taken += 1;
            self.step(&mut work, delivery, 0)?;
        }
        let mut next = first;
        loop {
            match next.take().or_else(|| self.inbox.try_recv().ok()) {
                None => break,
                Some(Command::Input(delivery)) => {
                    self.gauges.queued.fetch_sub(1, Ordering::Relaxed);
                    taken += 1;
                    self.step(&mut work, delivery, 0)?;
                }
                Some(Command::Query(query)) => work.later.push(Later::Query(query)),
                Some(Command::PutMeta { name, value, done }) => {
                    work.later.push(Later::Meta { name, value, done });
                }
                Some(Command::Shutdown) => {
                    self.gauges.closing.store(true, Ordering::Relaxed);
                    self.closing.get_or_insert_with(Instant::now);
                }
            }
            if taken >= self.limits.batch {
                break;
            }
        }
        let quiet = work.batch.is_empty();
        self.finish(work)?;
        if let Some(seal) = self.seal.as_mut().filter(|seal| seal.is_due(self.gauges.entries(), quiet)) {
            seal.write(self.store.read());
            self.gauges.signed.store(seal.signed(), Ordering::Relaxed);
        }
        Ok(())
    }

    fn fire_timers(&mut self, work: &mut Work) -> Result<(), Fatal> {
        if self.next_due.is_none_or(|at| at > work.at) {
            return Ok(());
        }
        for timer in self.store.read().due_timers(work.at, self.limits.batch)? {
            let kind = CellKind::parse(&timer.cell.kind);
            let (Some(kind), Ok(number)) = (kind, timer.id.parse()) else {
                tracing::error!(cell = %timer.cell, timer = %timer.id, "a timer that is none of ours");
                continue;
            };
            let cell = CellId::new(kind, timer.cell.key);
            if self.aside.has(&cell, number) || work.batch.has_cancelled(&cell, number) {
                continue;
            }
            self.step(work, Delivery::new(cell, Actor::Clock, Body::Due { timer: number }), 0)?;
        }
        Ok(())
    }

    /// Makes one input's steps on top of the batch. Only a store that failed is an error here.
    fn step(&mut self, work: &mut Work, delivery: Delivery, attempts: u32) -> Result<(), Fatal> {
        let Delivery { cell, by, body, existing, done } = delivery;
        if existing && !self.exists(&cell)? {
            let error = InputError::NotFound { what: cell.kind.name(), key: cell.key };
            work.answers.extend(done.map(|done| (done, Err(error))));
            return Ok(());
        }
        let again = done.is_none().then(|| (by.clone(), body.clone()));
        let kind = kind(&body);
        match (self.advance(work, &cell, Input { at: work.at, by, body })?, done) {
            (Ok(steps), done) => {
                if let Some((_, body)) = again {
                    self.aside.release(&cell, &body);
                }
                work.answers.extend(done.map(|done| (done, Ok(steps))));
            }
            (Err(why), done) => {
                tracing::error!(%cell, input = kind, attempt = attempts + 1, %why, "an input could not be worked on");
                if let Some(done) = done {
                    work.answers.push((done, Err(InputError::Step { cell, why })));
                } else if let Some((by, body)) = again {
                    let pause = self.limits.retry_after;
                    if let Some(failed) = self.aside.failed(cell, by, body, attempts + 1, pause) {
                        self.put_aside(work, failed, &why)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn exists(&mut self, cell: &CellId) -> Result<bool, Fatal> {
        match self.cells.get(self.store.read(), cell) {
            Ok(known) => Ok(known.is_some()),
            Err(LoadError::Store(error @ StoreError::Fatal(_))) => Err(error.into()),
            // The step says what is wrong.
            Err(_) => Ok(true),
        }
    }

    /// The steps of one input, taken up by the batch; or why there are none, and then nothing of it happened.
    fn advance(
        &mut self,
        work: &mut Work,
        cell: &CellId,
        input: Input,
    ) -> Result<Result<Vec<Advanced>, String>, Fatal> {
        let store = self.store.read();
        let deployments = Shelf { library: &self.library, store, current: &self.current };
        let mut stage = Stage { cells: &mut self.cells, store, oracle: &self.oracle };
        let made = catch_unwind(AssertUnwindSafe(|| cascade(&deployments, &mut stage, cell.clone(), input)));
        match made {
            Ok(Ok(steps)) => {
                work.batch.absorb(&mut self.cells, &deployments, &steps);
                Ok(Ok(steps))
            }
            Ok(Err(CascadeError::Host(LoadError::Store(error @ StoreError::Fatal(_))))) => Err(error.into()),
            Ok(Err(error)) => Ok(Err(error.to_string())),
            Err(_) => Ok(Err("the engine failed in itself".to_owned())),
        }
    }

    /// Puts an input aside for good: see [`aside`].
    fn put_aside(&mut self, work: &mut Work, failed: Failed, why: &str) -> Result<(), Fatal> {
        let Failed { cell, by, body, .. } = failed;
        let known = match self.cells.get(self.store.read(), &cell) {
            Ok(Some(known)) => known.clone(),
            Ok(None) => {
                tracing::error!(%cell, input = kind(&body), "an input for a cell that does not exist is dropped");
                return Ok(());
            }
            Err(LoadError::Store(error @ StoreError::Fatal(_))) => return Err(error.into()),
            Err(error) => {
                // Nothing can be written to a cell that cannot be read; the store keeps the timer or the call.
                tracing::error!(%cell, input = kind(&body), %error, "a cell is damaged and stands still; run `countersign audit verify`");
                return Ok(());
            }
        };
        let mut transition = Transition {
            state: known.bytes,
            ..Transition::new(stored(self.cells.tenant(), &cell), known.seq, 0)
        };
        let key = match &body {
            Body::Due { timer } => {
                transition.timers.push(TimerChange::Cancel { id: timer.to_string() });
                format!("{cell}#timer-{timer}")
            }
            Body::Replied { call, .. } => {
                let MessageId(id) = call_id(&cell, *call);
                transition.settled.push(MessageId(id.clone()));
                id
            }
            _ => format!("{cell}#{}", kind(&body)),
        };
        let fields = [
            ("cell", cell.to_string()),
            ("input", kind(&body).to_owned()),
            ("actor", by.to_string()),
            ("why", why.to_owned()),
        ];
        transition.index.push(IndexChange::Put {
            index: aside::INDEX.to_owned(),
            key: key.clone(),
            sort: work.at,
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        });
        work.batch.transitions.push(transition);
        self.aside.release(&cell, &body);
        self.gauges.dead_letters.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%cell, input = kind(&body), %why, "an input was put aside as a dead letter");
        if let Some((task, open)) = aside::task(&known.state, &cell, &key, why) {
            let input = Input { at: work.at, by: Actor::Operator, body: open };
            if let Err(why) = self.advance(work, &task, input)? {
                tracing::error!(%cell, %why, "no task could be opened for a dead letter");
            }
        }
        Ok(())
    }

    /// Commits the batch, and lets out what had to wait for it.
    fn finish(&mut self, work: Work) -> Result<(), Fatal> {
        let Work { batch, answers, later, .. } = work;
        if !batch.is_empty() {
            self.commit(&batch.transitions)?;
        }
        let Batch { transitions, calls, moved, told, .. } = batch;
        if transitions.iter().any(|transition| !transition.timers.is_empty()) {
            self.next_due = self.store.read().next_timer()?;
        }
        self.gauges.moved(moved);
        for (done, answer) in answers {
            // Who asked may have gone; it happened all the same.
            let _ = done.send(answer);
        }
        for outgoing in calls {
            if self.closing.is_some() {
                let reply = Reply::NotSent { reason: TOO_LATE.to_owned() };
                let by = Actor::System(outgoing.call.system);
                let body = Body::Replied { call: outgoing.number, reply };
                self.backlog.push_back(Delivery::new(outgoing.cell, by, body));
            } else {
                self.calls.start(outgoing);
            }
        }
        for (cell, fact) in &told {
            tell::log(cell, fact);
        }
        for later in later {
            match later {
                Later::Query(query) => query(self.store.read()),
                Later::Meta { name, value, done } => {
                    let kept = self.store.write().put_meta(&name, &value);
                    let fatal = kept.as_ref().err().filter(|error| matches!(error, StoreError::Fatal(_)));
                    let fatal = fatal.cloned();
                    let _ = done.send(kept);
                    if let Some(error) = fatal {
                        return Err(error.into());
                    }
                }
            }
        }
        self.cells.rotate();
        Ok(())
    }

    fn commit(&mut self, transitions: &[Transition]) -> Result<(), Fatal> {
        let mut attempts = 0;
        loop {
            match self.store.write().commit(transitions) {
                Ok(committed) => {
                    self.gauges.entries.store(committed.last, Ordering::Relaxed);
                    self.gauges.commits.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Err(CommitError::Store(StoreError::Busy(path))) if attempts < BUSY_ATTEMPTS => {
                    attempts += 1;
                    tracing::warn!(%path, attempts, "another program holds the store's lock; waiting");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn close(mut self) {
        if let Some(seal) = &mut self.seal {
            seal.write(self.store.read());
            self.gauges.signed.store(seal.signed(), Ordering::Relaxed);
        }
        if let Kept::File(store) = self.store
            && let Err(error) = store.close()
        {
            tracing::warn!(%error, "the store's log could not be folded in; the next start does it");
        }
        tracing::info!("the store is closed");
    }
}
