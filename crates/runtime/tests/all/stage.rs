//! A stage for tests: the example's program, systems that do as a script says, and helpers to wait.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_check::{Compiled, Memory, check, settings};
use countersign_engine::Deployment;
use countersign_engine::protocol::Receipt;
use countersign_engine::task::Choice;
use countersign_ir::wire::{Call, Reply};
use countersign_runtime::{
    Clock, ClockSpec, Connectors, Handle, InputError, Limits, Options, RealClock, RunView, Runtime,
    StartError, StoreAt, TENANT, TaskFilter,
};
use countersign_sim::World;
use countersign_store::IndexRow;
use countersign_systems::{Connector, Performing};

pub const PATH: &str = "/erp/invoices";

const FILES: [&str; 8] = [
    "countersign.toml",
    "holidays.ics",
    "invoices.flow",
    "people.flow",
    "records.flow",
    "remittance.txt",
    "simulation.flow",
    "systems.flow",
];

/// The example, compiled.
pub fn invoices() -> Compiled {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    let sources = FILES.iter().fold(Memory::new(), |sources, name| {
        sources.with(*name, std::fs::read_to_string(folder.join(name)).unwrap())
    });
    let checked = check(&sources);
    checked.compiled.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// An invoice as its sender writes it.
pub fn invoice(id: &str, amount: u32) -> Vec<u8> {
    invoice_of(id, amount, "ana@acme.test")
}

pub fn invoice_of(id: &str, amount: u32, entered_by: &str) -> Vec<u8> {
    format!(
        r#"{{"id":"{id}","vendor":"v-1","amount":"{amount}.00 EUR","due":"2026-12-01","status":"open","entered_by":"{entered_by}"}}"#
    )
    .into_bytes()
}

/// What a system does with one call.
pub enum Act {
    /// As simulated.
    World,
    /// As simulated, but the answer never comes.
    EffectThenHang,
    /// Nothing, and this is the answer.
    Reply(Reply),
    /// It never answers.
    Hang,
    /// The connector fails in itself.
    Panic,
}

pub type Script = Arc<dyn Fn(&Call) -> Act + Send + Sync>;

/// All systems of the example: a simulated world, and a script before it.
pub struct Systems {
    world: Mutex<World>,
    script: Mutex<Script>,
    seen: Mutex<Vec<Call>>,
    pub latency: Mutex<Duration>,
}

impl Systems {
    pub fn new() -> Arc<Self> {
        let compiled = invoices();
        let values = settings(&compiled.program, &compiled.manifest, &[]).unwrap();
        let deployment = Arc::new(Deployment::new(compiled.program, values, TENANT));
        Arc::new(Self {
            world: Mutex::new(World::new(deployment, &compiled.suite.simulation)),
            script: Mutex::new(Arc::new(|_| Act::World)),
            seen: Mutex::default(),
            latency: Mutex::new(Duration::ZERO),
        })
    }

    /// From now on systems do as it says.
    pub fn script(&self, script: impl Fn(&Call) -> Act + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// Calls of an operation that reached a system, or tried to.
    pub fn calls(&self, operation: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|call| name(call) == operation).count()
    }

    /// Payments that took effect, by invoice.
    pub fn payments(&self) -> Vec<String> {
        let world = self.world.lock().unwrap();
        let effects = world.effects().iter();
        let paid =
            effects.filter(|effect| effect.key.is_some() && effect.system.0 == 1 && effect.action.0 == 0);
        paid.map(|effect| match effect.args.first() {
            Some(countersign_ir::value::Value::Record(fields)) => fields[0].to_string(),
            other => panic!("{other:?}"),
        })
        .collect()
    }
}

/// `billing.pay`, `erp.vendor`; a notice is `notice`.
pub fn name(call: &Call) -> String {
    use countersign_ir::wire::Operation;
    match &call.operation {
        Some(Operation::Read { name, .. } | Operation::Action { name, .. }) => {
            format!("{}.{name}", call.system)
        }
        None => "notice".to_owned(),
    }
}

struct Line(Arc<Systems>);

impl Connector for Line {
    fn perform<'a>(&'a self, call: &'a Call) -> Performing<'a> {
        Box::pin(async move {
            let latency = *self.0.latency.lock().unwrap();
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            self.0.seen.lock().unwrap().push(call.clone());
            let script = Arc::clone(&self.0.script.lock().unwrap());
            let act = script(call);
            let simulated = || {
                let call = Call { send_before: i64::MAX, ..call.clone() };
                self.0.world.lock().unwrap().perform(RealClock.now(), &call)
            };
            match act {
                Act::World => simulated(),
                Act::EffectThenHang => {
                    simulated();
                    std::future::pending().await
                }
                Act::Reply(reply) => reply,
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("a connector of this test fails in itself"),
            }
        })
    }

    fn describe(&self) -> String {
        "a script".to_owned()
    }
}

pub fn connectors(systems: &Arc<Systems>) -> Connectors {
    let announced = Arc::clone(systems);
    ["erp", "billing", "mail"]
        .iter()
        .fold(Connectors::new(), |all, system| all.with(*system, Arc::new(Line(Arc::clone(systems)))))
        .announcing(Arc::new(move |ty, payload| announced.world.lock().unwrap().announce(ty, payload)))
}

pub fn quick() -> Limits {
    Limits {
        checkpoint_every: Duration::from_millis(20),
        retry_after: Duration::from_millis(5),
        grace: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// The options of a process with the example on a store.
pub fn options(store: StoreAt, systems: &Arc<Systems>) -> Options {
    let compiled = invoices();
    let values = settings(&compiled.program, &compiled.manifest, &[]).unwrap();
    Options { limits: quick(), ..Options::new(compiled.program, values, store, connectors(systems)) }
}

/// A process in real time on a store.
pub async fn start(store: StoreAt, systems: &Arc<Systems>) -> Handle {
    Runtime::start(options(store, systems)).await.unwrap()
}

/// A process whose clock begins on a Monday at nine in Berlin and runs so many times as fast.
pub async fn start_scaled(store: StoreAt, systems: &Arc<Systems>, speed: u32) -> Result<Handle, StartError> {
    let clock: ClockSpec = format!("2026-11-23T09:00:00+01:00x{speed}").parse().unwrap();
    Runtime::start(Options { clock: Some(clock), ..options(store, systems) }).await
}

pub fn memory() -> StoreAt {
    StoreAt::Given(Box::new(countersign_store::InMemory::new()))
}

pub async fn deliver(handle: &Handle, id: &str, amount: u32) -> Receipt {
    handle.deliver(PATH, Some(&format!("msg-{id}")), &invoice(id, amount)).await.unwrap()
}

/// Waits until something is there, for at most half a minute.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until a run stands so.
pub async fn run_is(handle: &Handle, run: &str, status: &str) -> RunView {
    eventually(&format!("{run} {status}"), async || {
        let view = handle.run(run).await.unwrap()?;
        (view.run.status() == status).then_some(view)
    })
    .await
}

/// Waits for an open task of that kind whose question contains these words.
pub async fn task(handle: &Handle, kind: &str, words: &str) -> IndexRow {
    eventually(&format!("a task of kind {kind} about {words}"), async || {
        let tasks = handle.tasks(TaskFilter::default()).await.unwrap();
        tasks.into_iter().find(|row| {
            row.fields["kind"] == kind
                && row.fields["question"].contains(words)
                && !row.fields["people"].is_empty()
        })
    })
    .await
}

pub async fn answer(handle: &Handle, person: &str, task: &str, choice: Choice) -> Result<(), InputError> {
    handle.answer(person, task, choice, None, None).await.map(drop)
}
