//! Calls to systems: performed on tokio, so many at a time for each system, their replies fed back as inputs.
//!
//! A call starts only after the commit that put it into the outbox. It is started once in the life of a process; what a
//! process that ended left behind is not sent again from here, the engine decides.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use countersign_engine::protocol::{Actor, Body};
use countersign_ir::classify::TOO_LATE;
use countersign_ir::program::Type;
use countersign_ir::value::Value;
use countersign_ir::wire::{Call, Reply, Verb};
use countersign_systems::Connector;
use tokio::sync::Semaphore;

use crate::batch::Outgoing;
use crate::clock::real_now;
use crate::command::{Command, Delivery};
use crate::gauges::Gauges;

/// How many calls to one system are out at once.
pub const CALLS_AT_ONCE: usize = 32;

/// Who wants to know of every payload that passed its type.
pub type Announce = Arc<dyn Fn(&Type, &Value) + Send + Sync>;

/// How each system is reached, by its name in the program.
#[derive(Clone, Default)]
pub struct Connectors {
    by_system: BTreeMap<String, Line>,
    announce: Option<Announce>,
}

#[derive(Clone)]
struct Line {
    connector: Arc<dyn Connector>,
    permits: Arc<Semaphore>,
}

impl Connectors {
    /// Nothing can be reached yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a way to reach one more system.
    #[must_use]
    pub fn with(self, system: impl Into<String>, connector: Arc<dyn Connector>) -> Self {
        self.with_at_once(system, connector, CALLS_AT_ONCE)
    }

    /// With a way to reach one more system, and how many calls to it may be out at once.
    #[must_use]
    pub fn with_at_once(
        mut self,
        system: impl Into<String>,
        connector: Arc<dyn Connector>,
        at_once: usize,
    ) -> Self {
        let line = Line { connector, permits: Arc::new(Semaphore::new(at_once.max(1))) };
        self.by_system.insert(system.into(), line);
        self
    }

    /// With somebody who wants to know of every payload before its run begins: simulated systems hold what is announced.
    #[must_use]
    pub fn announcing(mut self, announce: Announce) -> Self {
        self.announce = Some(announce);
        self
    }

    pub(crate) fn announce(&self) -> Option<&Announce> {
        self.announce.as_ref()
    }

    /// System and where its calls go, for people.
    pub fn describe(&self) -> impl Iterator<Item = (&str, String)> {
        self.by_system.iter().map(|(system, line)| (system.as_str(), line.connector.describe()))
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.describe()).finish()
    }
}

/// Starts calls and brings back what came of them.
pub(crate) struct Calls {
    pub connectors: Connectors,
    pub tokio: tokio::runtime::Handle,
    pub inbox: Sender<Command>,
    pub gauges: Arc<Gauges>,
}

impl Calls {
    /// Performs a committed call. Its reply comes as an input.
    pub(crate) fn start(&self, outgoing: Outgoing) {
        let Outgoing { cell, number, mut call, at } = outgoing;
        // The time to send it is counted from the commit in real time, also when the host's clock runs faster.
        call.send_before = real_now().saturating_add(call.send_before.saturating_sub(at).max(0));
        self.gauges.calls_out.fetch_add(1, Ordering::Relaxed);
        let line = self.connectors.by_system.get(&call.system).cloned();
        let gauges = Arc::clone(&self.gauges);
        let inbox = self.inbox.clone();
        self.tokio.spawn(async move {
            let system = call.system.clone();
            let reply = match line {
                Some(line) => perform(line, call, &gauges).await,
                None => Reply::NotSent { reason: format!("there is no connector for `{system}`") },
            };
            let body = Body::Replied { call: number, reply };
            gauges.queued.fetch_add(1, Ordering::Relaxed);
            // If the driver is gone, the outbox still has the call.
            let _ = inbox.send(Command::Input(Delivery::new(cell, Actor::System(system), body)));
            gauges.calls_out.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn perform(line: Line, call: Call, gauges: &Gauges) -> Reply {
    let Ok(permit) = line.permits.acquire_owned().await else {
        return Reply::NotSent { reason: TOO_LATE.to_owned() };
    };
    if gauges.closing() {
        return Reply::NotSent { reason: TOO_LATE.to_owned() };
    }
    let reads = call.verb == Verb::Get;
    let system = call.system.clone();
    let connector = line.connector;
    // In a task of its own, so that a panic of a connector ends nothing else.
    let performed = tokio::spawn(async move { connector.perform(&call).await }).await;
    drop(permit);
    performed.unwrap_or_else(|error| {
        tracing::error!(%system, %error, "a connector failed in itself");
        let reason = format!("the connector of `{system}` failed in itself");
        // It may have sent before it failed.
        if reads { Reply::NotSent { reason } } else { Reply::InDoubt { reason } }
    })
}
