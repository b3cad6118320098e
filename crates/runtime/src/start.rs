//! Starting and stopping: the store opened, what was left behind taken up again, the driver's thread and the reader's.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use countersign_engine::Deployment;
use countersign_engine::protocol::{Actor, Body, Input};
use countersign_host::Oracle;
use countersign_ir::program::Program;
use countersign_ir::value::Value;
use countersign_ir::wire::{Call, Reply, Verb};
use countersign_store::{IndexQuery, SqliteReader, SqliteStore, Store, StoreError, StoreRead, Target};
use tokio::sync::{oneshot, watch};

use crate::aside::{self, Aside};
use crate::batch::{Moved, Outgoing, parse_call_id};
use crate::calls::{Announce, Calls, Connectors};
use crate::cells::Cells;
use crate::clock::{self, Clock, ClockSpec};
use crate::command::{Command, Delivery, Query};
use crate::connectors::ConnectError;
use crate::driver::{Driver, Kept};
use crate::error::{Fatal, StartError};
use crate::gauges::Gauges;
use crate::handle::{Handle, Inner, Reader};
use crate::library::{Library, install};
use crate::limits::Limits;
use crate::seal::{Checkpoints, Seal};

/// Whose cells they are, while a store has one owner alone.
pub const TENANT: &str = "main";

/// Where the cells are kept.
pub enum StoreAt {
    /// In a SQLite file, which is made when there is none.
    File(PathBuf),
    /// In a store that is given: in memory, for tests.
    Given(Box<dyn Store + Send>),
}

/// How connectors are made, once the clock is known.
pub type Connect =
    Box<dyn FnOnce(&Arc<Deployment>, &Arc<dyn Clock>) -> Result<Connectors, ConnectError> + Send>;

/// What a process is started with.
pub struct Options {
    /// The program.
    pub program: Program,
    /// The values of its settings, in its order.
    pub settings: Vec<Value>,
    /// Where the cells are kept.
    pub store: StoreAt,
    /// How systems are reached.
    pub connect: Connect,
    /// Whether they are simulated. A store belongs to one or the other for ever: what was paid in a simulation must never
    /// count as paid.
    pub simulated: bool,
    /// A scaled clock, if it is not the machine's.
    pub clock: Option<ClockSpec>,
    /// Where checkpoints go; none are written without.
    pub checkpoints: Option<Checkpoints>,
    /// How much is done at a time.
    pub limits: Limits,
}

impl Options {
    /// A program with connectors that are there already, on a store.
    pub fn new(program: Program, settings: Vec<Value>, store: StoreAt, connectors: Connectors) -> Self {
        Self {
            program,
            settings,
            store,
            connect: Box::new(move |_, _| Ok(connectors)),
            simulated: false,
            clock: None,
            checkpoints: None,
            limits: Limits::default(),
        }
    }
}

/// The host of the engine.
pub struct Runtime;

/// What the driver's thread says once it stands.
struct Ready {
    clock: Arc<dyn Clock>,
    current: Arc<Deployment>,
    library: Arc<Library>,
    reader: Option<SqliteReader>,
    systems: Vec<(String, String)>,
    announce: Option<Announce>,
}

impl Runtime {
    /// Opens the store and begins to work.
    ///
    /// # Errors
    /// If the store, the clock, the checkpoints or the systems are not as they must be. Nothing has been sent then.
    pub async fn start(options: Options) -> Result<Handle, StartError> {
        let (inbox, commands) = channel();
        let (ready, stands) = oneshot::channel();
        let (ended, watching) = watch::channel(None);
        let gauges = Arc::new(Gauges::default());
        let limits = options.limits.clone();
        let tokio = tokio::runtime::Handle::current();
        let thread = thread::Builder::new().name("countersign-driver".into());
        let (to_driver, for_driver) = (inbox.clone(), Arc::clone(&gauges));
        thread.spawn(move || {
            let outcome = match open(options, commands, to_driver, for_driver, tokio) {
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
                Ok((driver, reader, systems)) => {
                    let stands = Ready {
                        clock: Arc::clone(&driver.clock),
                        current: Arc::clone(&driver.current),
                        library: Arc::clone(&driver.library),
                        reader,
                        systems,
                        announce: driver.calls.connectors.announce().cloned(),
                    };
                    let _ = ready.send(Ok(stands));
                    driver.run()
                }
            };
            if let Err(error) = &outcome {
                tracing::error!(%error, "the process must end");
            }
            let _ = ended.send(Some(outcome));
        })?;
        let lost = || StartError::System(std::io::Error::other("the driver ended while it started"));
        let Ready { clock, current, library, reader, systems, announce } =
            stands.await.map_err(|_| lost())??;
        let reader = reader.map(spawn_reader).transpose()?;
        Ok(Handle::new(Inner {
            inbox,
            gauges,
            library,
            current,
            clock,
            limits,
            reader: Mutex::new(reader),
            systems,
            announce,
            ended: watching,
            tokens: OnceLock::new(),
        }))
    }
}

/// A thread that reads the file beside the driver, so that long lists hold up nobody.
fn spawn_reader(reader: SqliteReader) -> Result<Reader, StartError> {
    let (sender, queries): (_, Receiver<Query>) = channel();
    let thread = thread::Builder::new().name("countersign-reader".into()).spawn(move || {
        for query in queries {
            query(&reader);
        }
    })?;
    Ok(Reader { queries: sender, thread })
}

type Opened = (Driver, Option<SqliteReader>, Vec<(String, String)>);

fn open(
    options: Options,
    inbox: Receiver<Command>,
    to_self: Sender<Command>,
    gauges: Arc<Gauges>,
    tokio: tokio::runtime::Handle,
) -> Result<Opened, StartError> {
    let Options { program, settings, store, connect, simulated, clock, checkpoints, limits } = options;
    let mut reader = None;
    let mut store = match store {
        StoreAt::File(path) => {
            let store = SqliteStore::open(&path)?;
            reader = Some(store.reader()?);
            Kept::File(store)
        }
        StoreAt::Given(store) => Kept::Other(store),
    };
    belongs(store.write(), simulated)?;
    let clock = clock::open(store.write(), clock)?;
    clock::show_in_log(&clock);
    let seal = match &checkpoints {
        Some(checkpoints) => Some(Seal::open(store.read(), checkpoints, limits.checkpoint_every)?),
        None => None,
    };
    let current = Arc::new(Deployment::new(program, settings, TENANT));
    let connectors = connect(&current, &clock)?;
    install(store.write(), &current)?;
    let systems = connectors.describe().map(|(system, at)| (system.to_owned(), at)).collect();
    gauges.entries.store(store.read().last_position()?, Ordering::Relaxed);
    count(store.read(), &gauges)?;
    let last_at = clock::last_at(store.read())?;
    let mut driver = Driver {
        cells: Cells::new(TENANT, limits.cells),
        library: Arc::new(Library::new(&current)),
        oracle: Oracle::new(Arc::clone(&current)),
        current,
        clock,
        last_at,
        inbox,
        calls: Calls { connectors, tokio, inbox: to_self, gauges: Arc::clone(&gauges) },
        gauges,
        limits,
        seal,
        aside: Aside::default(),
        backlog: VecDeque::new(),
        next_due: store.read().next_timer()?,
        closing: None,
        store,
    };
    announce_again(&driver)?;
    take_up(&mut driver)?;
    Ok((driver, reader, systems))
}

/// The meta value that says whether a store's systems are real.
const META_SYSTEMS: &str = "systems";

/// Refuses a store whose systems were real where they are simulated now, or the other way round.
fn belongs(store: &mut dyn Store, simulated: bool) -> Result<(), StartError> {
    let now = if simulated { "simulated" } else { "real" };
    match store.meta(META_SYSTEMS)? {
        Some(before) if before == now => Ok(()),
        Some(before) => Err(StartError::OtherSystems { before, now }),
        None => Ok(store.put_meta(META_SYSTEMS, now)?),
    }
}

/// How many rows are read at a time.
const PAGE: usize = 1000;

/// Counts the rows of the lists.
fn count(store: &dyn StoreRead, gauges: &Gauges) -> Result<(), StoreError> {
    for list in ["run", "task", aside::INDEX] {
        let mut query = IndexQuery::default();
        loop {
            let rows = store.index(list, &query, PAGE)?;
            let Some(last) = rows.last() else { break };
            query.after = Some(last.cursor());
            if list == aside::INDEX {
                let more = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                gauges.dead_letters.fetch_add(more, Ordering::Relaxed);
                continue;
            }
            gauges.moved(rows.into_iter().map(|mut row| Moved {
                list,
                before: None,
                after: row.fields.remove("status").unwrap_or_default(),
            }));
        }
    }
    Ok(())
}

/// Tells simulated systems of the payloads that came before this process: they remember nothing themselves.
fn announce_again(driver: &Driver) -> Result<(), StoreError> {
    let Some(announce) = driver.calls.connectors.announce() else { return Ok(()) };
    let mut after = 0;
    loop {
        let page = driver.store.read().entries_after(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        for entry in page.into_iter().filter(|entry| entry.kind == "arrived") {
            let Ok(Input { body: Body::Arrived(arrived), .. }) = countersign_ir::from_cbor(&entry.body)
            else {
                continue;
            };
            // The types of another program are not those of this one.
            if arrived.deployment == driver.current.hash
                && let Ok(flow) = driver.current.flow(arrived.flow)
            {
                announce(&flow.trigger.payload, &arrived.payload);
            }
        }
    }
}

/// Takes up the calls that the last process left behind: reads are made again, of all else nobody knows whether it left.
fn take_up(driver: &mut Driver) -> Result<(), StoreError> {
    let mut after = 0;
    let mut again = 0_u32;
    let mut in_doubt = 0_u32;
    loop {
        let messages = driver.store.read().outbox(after, PAGE)?;
        let Some(last) = messages.last() else { break };
        after = last.position;
        for message in messages {
            if message.target != Target::World {
                continue;
            }
            let Some((cell, number)) = parse_call_id(&message.id) else {
                tracing::error!(id = %message.id, "a call that is none of ours waits in the outbox");
                continue;
            };
            match countersign_ir::from_cbor::<Call>(&message.body) {
                Ok(mut read) if read.verb == Verb::Get => {
                    again += 1;
                    let at = driver.clock.now();
                    read.send_before = at.saturating_add(READ_WITHIN);
                    driver.calls.start(Outgoing { cell, number, call: read, at });
                }
                other => {
                    in_doubt += 1;
                    let system = other.map_or_else(|_| "unknown".to_owned(), |action| action.system);
                    let reason = "the process ended while the call was out".to_owned();
                    let body = Body::Replied { call: number, reply: Reply::InDoubt { reason } };
                    driver.backlog.push_back(Delivery::new(cell, Actor::System(system), body));
                }
            }
        }
    }
    if again + in_doubt > 0 {
        tracing::info!(
            reads_made_again = again,
            actions_in_doubt = in_doubt,
            "calls that the last process left behind"
        );
    }
    Ok(())
}

/// How long after a start a read that is made again may still leave, in nanoseconds.
const READ_WITHIN: i64 = 60 * countersign_ir::value::SECOND;

/// What became of a process that ended.
pub(crate) type Outcome = Option<Result<(), Fatal>>;
