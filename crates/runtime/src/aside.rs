//! Inputs that could not be worked on and that nobody waits for: a reply, a timer.
//!
//! They are tried three times in all, and after that put aside for good: their timer or call leaves the store in the same
//! commit that writes a row into the index `dead`, and the owner of the flow gets a task. Until then the store still has
//! the timer or the call, so a process that ends midway loses nothing; the count begins anew with the process.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use countersign_engine::cell::derived;
use countersign_engine::protocol::{Actor, Body, Number};
use countersign_engine::task::{Choice, Shown, Topic, TopicKind};
use countersign_engine::{CellId, CellKind, State};

/// How often an input is tried.
const ATTEMPTS: u32 = 3;

/// The index that lists what was put aside.
pub(crate) const INDEX: &str = "dead";

/// One input that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub cell: CellId,
    pub by: Actor,
    pub body: Body,
    pub attempts: u32,
    again: Instant,
}

/// The inputs that wait for another attempt.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    waiting: Vec<Failed>,
    /// Timers that are among them, or that cannot be worked on in this process at all.
    timers: HashSet<(CellId, Number)>,
}

impl Aside {
    /// Whether a due timer is in our hands already.
    pub(crate) fn has(&self, cell: &CellId, timer: Number) -> bool {
        self.timers.contains(&(cell.clone(), timer))
    }

    /// Whether some due timer is in our hands.
    pub(crate) fn holds_timers(&self) -> bool {
        !self.timers.is_empty()
    }

    /// Notes a failure. The input comes back when it has used up its attempts.
    pub(crate) fn failed(
        &mut self,
        cell: CellId,
        by: Actor,
        body: Body,
        attempts: u32,
        pause: Duration,
    ) -> Option<Failed> {
        if let Body::Due { timer } = body {
            self.timers.insert((cell.clone(), timer));
        }
        let failed = Failed { cell, by, body, attempts, again: Instant::now() + pause * attempts };
        if attempts >= ATTEMPTS {
            return Some(failed);
        }
        self.waiting.push(failed);
        None
    }

    /// A timer was worked on after all, or is gone for good.
    pub(crate) fn release(&mut self, cell: &CellId, body: &Body) {
        if let Body::Due { timer } = body {
            self.timers.remove(&(cell.clone(), *timer));
        }
    }

    /// When the next attempt is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        let next = self.waiting.iter().map(|failed| failed.again).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Those that are due for another attempt.
    pub(crate) fn take_due(&mut self) -> Vec<Failed> {
        let now = Instant::now();
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|failed| failed.again <= now);
        self.waiting = waiting;
        due
    }
}

/// The task that tells the owner of what was put aside, where the cell says whose it is.
pub(crate) fn task(state: &State, cell: &CellId, key: &str, why: &str) -> Option<(CellId, Body)> {
    let (deployment, flow, run) = match state {
        State::Run(run) => (run.deployment, run.flow, cell.key.as_str()),
        State::Task(task) => {
            (task.topic.deployment, task.topic.flow, task.topic.run.as_ref().map_or("", |run| &run.key))
        }
        State::Delivery(_) | State::Claim(_) | State::History(_) => return None,
    };
    let topic = Topic {
        kind: TopicKind::Problem { choices: vec![Choice::Acknowledge] },
        deployment,
        flow,
        run: None,
        question: format!(
            "{cell} could not take what came ({key}) after {ATTEMPTS} attempts, and it was put aside"
        ),
        showing: vec![Shown::text("why", why), Shown::text("run", run)],
        about: None,
        suggestion: Some("look at the run and at what its systems hold; it goes no further by itself".into()),
    };
    let key = derived("task", "countersign/task/v1", &["dead", key]);
    Some((CellId::new(CellKind::Task, key), Body::Open(Box::new(topic))))
}
