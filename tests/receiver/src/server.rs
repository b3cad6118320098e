//! The door: HTTP in, the store's verdict out, and connections closed where the verdict says so.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::control;
use crate::log::LogError;
use crate::route::Route;
use crate::store::{Store, Then};
use crate::systems::Request;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Why the receiver cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
}

/// What handlers share.
#[derive(Clone)]
pub struct App {
    store: Arc<Mutex<Store>>,
    tokens: Arc<[String]>,
}

/// The record could not be written. Nothing can be promised any more, so nothing is.
#[derive(Debug)]
pub struct Failure;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        closing()
    }
}

impl App {
    /// Do something with the store, away from the threads that serve connections. A store that cannot write ends the
    /// process: a judge with gaps in its record is none.
    pub async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Store) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = Arc::clone(&self.store);
        let acting = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut store).map_err(|error| give_up(&error))
        });
        match acting.await {
            Ok(done) => done.map_err(|never| match never {}),
            Err(_) => Err(Failure),
        }
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        self.tokens.is_empty() || shown.is_some_and(|shown| self.tokens.iter().any(|token| token == shown))
    }
}

#[expect(
    clippy::print_stderr,
    clippy::exit,
    reason = "a record that cannot be written ends everything at once"
)]
fn give_up(error: &io::Error) -> Infallible {
    eprintln!("receiver: the record cannot be written: {error}");
    std::process::exit(1)
}

/// Serve until the process is killed.
#[expect(clippy::print_stdout, reason = "the line that whoever started this waits for")]
pub async fn run(listen: SocketAddr, log: &Path, tokens: Vec<String>) -> Result<(), RunError> {
    let store = Arc::new(Mutex::new(Store::open(log)?));
    let app = App { store, tokens: tokens.into() };
    let router = control::routes().fallback(serve).with_state(app);
    let listener = TcpListener::bind(listen).await.map_err(|error| RunError::Listen(listen, error))?;
    let address = listener.local_addr().map_err(|error| RunError::Listen(listen, error))?;
    println!("listening on {address}");
    loop {
        // A connection that failed before it was accepted is its client's to notice.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, router.clone()));
        }
    }
}

/// A marker on an answer that is not sent: the connection is closed instead.
#[derive(Clone, Copy)]
struct Close;

#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed as told")
    }
}

impl std::error::Error for Closed {}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let response = match router.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            if response.extensions().get::<Close>().is_some() { Err(Closed) } else { Ok(response) }
        }
    });
    // An error is a connection that broke or was closed as told; the record has what came of it.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

fn closing() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Close);
    response
}

/// Every route of ERP and billing.
async fn serve(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let request = Request {
        route: Route::of(&method, uri.path()),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        key: headers.get(KEY).and_then(|key| key.to_str().ok()).map(str::to_owned),
        body: json_body(&body),
        let_in: app.lets_in(&headers),
    };
    let verdict = app.with(move |store| store.serve(&request)).await?;
    tokio::time::sleep(verdict.latency).await;
    let mut response = match verdict.then {
        Then::Answer(status, answer) => (status, Json(answer)).into_response(),
        Then::Hang => std::future::pending().await,
        Then::Close => return Ok(closing()),
    };
    if let Some(seconds) = verdict.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

fn json_body(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| format!("expected JSON: {error}"))
}
