//! One process from its options to its end: the runtime, the door, the API, signals.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_ir::program::Program;
use countersign_ir::suite;
use countersign_ir::value::Value;
use countersign_runtime::simulation::{LATENCY, simulate, simulate_declared};
use countersign_runtime::{
    Checkpoints, ClockSpec, Environment, Fatal, Handle, Limits, Options, Runtime, Secrets, StartError,
    StoreAt, connect,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::answer::No;
use crate::api::types::Health;
use crate::door::{Keys, KeysError, door};
use crate::operator::{OperatorKey, OperatorKeyError};

/// Whether systems are real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All systems are simulated.
    Dev,
    /// All systems are real.
    Run,
}

impl Mode {
    /// As the command line has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Run => "run",
        }
    }
}

/// Where a process listens unless it is told otherwise.
pub const LISTEN: &str = "127.0.0.1:7400";

/// Secrets by name, then those of the environment. Their values are never shown.
#[derive(Clone, Default)]
pub struct Given(pub BTreeMap<String, String>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a process is started with.
#[derive(Debug)]
pub struct ServeOptions {
    /// The project's folder; `.countersign` lies in it.
    pub project: PathBuf,
    /// The compiled program.
    pub program: Program,
    /// The values of its settings, in its order.
    pub settings: Vec<Value>,
    /// What holds in simulated systems: `suite.simulation`. In [`Mode::Run`] these are only those that are `via sim`.
    pub simulation: Vec<suite::Given>,
    /// Whether systems are real.
    pub mode: Mode,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether that may be an address that other machines reach.
    pub beyond_loopback: bool,
    /// The store's file; `.countersign/runs.db` if there is none (`.countersign/dev.db` for [`Mode::Dev`]).
    pub store: Option<PathBuf>,
    /// The folder of the checkpoints, relative to the project; `.countersign/checkpoints` if there is none
    /// (`.countersign/dev-checkpoints` for [`Mode::Dev`]).
    pub checkpoints: Option<PathBuf>,
    /// A scaled clock.
    pub clock: Option<ClockSpec>,
    /// Secrets that go before the environment's: those that `dev` makes up.
    pub secrets: Given,
    /// How much is done at a time.
    pub limits: Limits,
}

impl ServeOptions {
    /// What holds unless something else is said.
    pub fn new(project: PathBuf, program: Program, settings: Vec<Value>, mode: Mode) -> Self {
        Self {
            project,
            program,
            settings,
            simulation: Vec::new(),
            mode,
            listen: SocketAddr::from(([127, 0, 0, 1], 7400)),
            beyond_loopback: false,
            store: None,
            checkpoints: None,
            clock: None,
            secrets: Given::default(),
            limits: Limits::default(),
        }
    }

    /// The folder of what a process keeps beside the project.
    pub fn state_folder(&self) -> PathBuf {
        self.project.join(".countersign")
    }

    /// Where the store is.
    pub fn store_path(&self) -> PathBuf {
        let name = match self.mode {
            Mode::Dev => "dev.db",
            Mode::Run => "runs.db",
        };
        self.store.clone().unwrap_or_else(|| self.state_folder().join(name))
    }

    /// Where checkpoints go.
    pub fn checkpoints_path(&self) -> PathBuf {
        let name = match self.mode {
            Mode::Dev => ".countersign/dev-checkpoints",
            Mode::Run => ".countersign/checkpoints",
        };
        self.project.join(self.checkpoints.clone().unwrap_or_else(|| PathBuf::from(name)))
    }
}

/// What is true once the process takes events.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where it listens, with the port that it got.
    pub address: SocketAddr,
    /// Each system's name, and where its calls go.
    pub systems: Vec<(String, String)>,
    /// The paths of the triggers.
    pub triggers: Vec<String>,
    /// Paths that take unsigned events although the program wants a signature: in [`Mode::Dev`], without the secret.
    pub unsigned: Vec<String>,
    /// Where the operator's key lies.
    pub operator_key: PathBuf,
    /// Where the store lies.
    pub store: PathBuf,
    /// The time by the host's clock, in nanoseconds since 1970, and how fast it runs.
    pub now: (i64, u32),
}

/// Why a process did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The secrets of the triggers cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is no operator's key.
    #[error(transparent)]
    Operator(#[from] OperatorKeyError),
    /// Other machines would reach it.
    #[error(
        "{0} can be reached from other machines, and people's tokens would travel unencrypted; put a proxy with TLS before a loopback address, or say that you want it"
    )]
    BeyondLoopback(SocketAddr),
    /// The address cannot be listened at.
    #[error("{address} cannot be listened at: {why}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// The door failed.
    #[error("the process stopped listening: {0}")]
    Door(std::io::Error),
    /// The runtime ended by itself.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub handle: Handle,
    pub keys: Arc<Keys>,
    pub operator: Arc<OperatorKey>,
    pub mode: Mode,
    pub most_bytes: usize,
    requests: Arc<AtomicU64>,
}

/// How long requests that are under way may take once the process goes down.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Runs a process until it is interrupted (SIGINT or SIGTERM) or fails. Called outside of any async runtime.
///
/// # Errors
/// If it did not start, or ended by itself.
pub fn serve_blocking(options: ServeOptions, ready: impl FnOnce(Ready)) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(StartError::System)?;
    let served = runtime.block_on(serve(options, interrupted(), ready));
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Runs a process until `stop` or until it fails. `ready` is told once it takes events.
///
/// # Errors
/// If it did not start, or ended by itself.
pub async fn serve(
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(Ready),
) -> Result<(), ServeError> {
    let address = options.listen;
    if !address.ip().is_loopback() && !options.beyond_loopback {
        return Err(ServeError::BeyondLoopback(address));
    }
    // Before anything is opened: a port that is taken is the commonest of all failures.
    let listener = TcpListener::bind(address).await.map_err(|why| ServeError::Listen { address, why })?;
    let address = listener.local_addr().map_err(|why| ServeError::Listen { address, why })?;
    let operator_key = options.state_folder().join("operator.key");
    let operator = OperatorKey::open_or_create(&operator_key)?;
    let store = options.store_path();
    let mode = options.mode;
    let most_bytes = options.limits.payload;
    let secrets = options.secrets.clone();
    let handle = start(options).await?;
    let keys = match Keys::new(handle.deployment(), &secrets, mode == Mode::Dev) {
        Ok(keys) => keys,
        Err(error) => {
            handle.shutdown().await?;
            return Err(error.into());
        }
    };
    let said = Ready {
        address,
        systems: handle.systems().to_vec(),
        triggers: handle.deployment().program.flows.iter().map(|flow| flow.trigger.path.clone()).collect(),
        unsigned: keys.open().to_vec(),
        operator_key,
        store,
        now: (handle.clock().now(), handle.clock().speed()),
    };
    for path in &said.unsigned {
        tracing::warn!(%path, "this trigger takes unsigned events, because its secret is not set");
    }
    let app = App {
        handle: handle.clone(),
        keys: Arc::new(keys),
        operator: Arc::new(operator),
        mode,
        most_bytes,
        requests: Arc::default(),
    };
    let (closing, closes) = watch::channel(false);
    let served = axum::serve(listener, router(app)).with_graceful_shutdown(async move {
        let mut closes = closes;
        let _ = closes.wait_for(|closing| *closing).await;
    });
    let mut served = tokio::spawn(async move { served.await });
    tracing::info!(%address, mode = mode.word(), "listening");
    ready(said);
    tokio::select! {
        () = stop => {}
        ended = handle.ended() => {
            served.abort();
            return Ok(ended?);
        }
        door = &mut served => {
            let _ = handle.shutdown().await;
            let lost = || Err(std::io::Error::other("its task ended"));
            return door.unwrap_or_else(|_| lost()).map_err(ServeError::Door);
        }
    }
    tracing::info!("going down: the door is closed, what is queued is finished");
    let _ = closing.send(true);
    if tokio::time::timeout(LAST_REQUESTS, &mut served).await.is_err() {
        served.abort();
    }
    handle.shutdown().await?;
    Ok(())
}

impl Secrets for Given {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned().or_else(|| Environment.get(name))
    }
}

async fn start(options: ServeOptions) -> Result<Handle, StartError> {
    let store = StoreAt::File(options.store_path());
    let checkpoints =
        Checkpoints { folder: options.checkpoints_path(), key: options.state_folder().join("audit.key") };
    let ServeOptions { program, settings, simulation, mode, clock, limits, secrets, .. } = options;
    Runtime::start(Options {
        program,
        settings,
        store,
        connect: Box::new(move |deployment, clock| match mode {
            Mode::Dev => Ok(simulate(deployment, clock, &simulation, LATENCY)),
            Mode::Run => {
                let real = connect(deployment, &secrets)?;
                Ok(simulate_declared(deployment, clock, &simulation, LATENCY, real))
            }
        }),
        simulated: mode == Mode::Dev,
        clock,
        checkpoints: Some(checkpoints),
        limits,
    })
    .await
}

/// Waits until somebody wants the process to end.
pub async fn interrupted() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .method_not_allowed_fallback(only_get)
        .nest("/api/v1", crate::api::routes())
        .fallback(door)
        .layer(from_fn_with_state(app.clone(), numbered))
        .with_state(app)
}

async fn only_get() -> No {
    No::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes GET alone", "")
}

async fn health(State(app): State<App>) -> Result<axum::Json<Health>, No> {
    if app.handle.gauges().closing() {
        return Err(No::new(StatusCode::SERVICE_UNAVAILABLE, "the process is going down", ""));
    }
    Ok(axum::Json(Health { status: "ok".to_owned() }))
}

/// Gives each request a number, which its answer and its line in the log bear.
async fn numbered(State(app): State<App>, request: Request, next: Next) -> Response {
    let number = app.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let id = format!("req-{:x}-{number}", std::process::id());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let began = std::time::Instant::now();
    // In a task of its own, so that a mistake in a handler costs one request and not the connection.
    let answered = tokio::spawn(next.run(request)).await;
    let mut response = answered.unwrap_or_else(|error| {
        tracing::error!(request = %id, %error, "a handler failed in itself");
        let help = format!("the log of the process says more under {id}");
        No::new(StatusCode::INTERNAL_SERVER_ERROR, "the process failed in itself", help).into_response()
    });
    let (status, took) = (response.status().as_u16(), began.elapsed());
    if response.status().is_server_error() {
        tracing::warn!(request = %id, %method, %path, status, ?took, "answered");
    } else {
        tracing::debug!(request = %id, %method, %path, status, ?took, "answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
