//! The door: what senders post to the paths of triggers.
//!
//! Signature first, over the bytes as they came; then type, claim and commit in the runtime; then the answer. Nothing is
//! evaluated on the request's path, and nothing is acknowledged that is not on disk.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_engine::Deployment;
use countersign_engine::protocol::{Fate, Receipt};
use countersign_ir::program::Signature;
use countersign_runtime::Secrets;

use crate::answer::No;
use crate::api::types::{Accepted, Fate as Told};
use crate::serve::App;
use crate::signature::{
    ID_HEADER, InvalidSecret, SIGNATURE_HEADER, Signed, SigningKey, TIMESTAMP_HEADER, TOLERANCE, verify,
};

/// How long a sender may take to send a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest id of a sender that is taken.
const LONGEST_ID: usize = 512;

/// How each trigger's senders prove themselves, by path.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    by_path: BTreeMap<String, SigningKey>,
    /// Paths that want a signature and whose secret is not there: in `dev` alone, and there they take anybody.
    open: Vec<String>,
}

/// Why the triggers' secrets cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// It is not set.
    #[error("the environment variable {0} must be set: it holds the secret by which senders sign")]
    Missing(String),
    /// It is no secret.
    #[error("the environment variable {name} is no signing secret: {why}")]
    Invalid {
        /// Which variable.
        name: String,
        /// What is wrong with it.
        why: InvalidSecret,
    },
    /// The path is the server's own.
    #[error("a trigger has the path {0}, which the process itself uses; give it another one")]
    Taken(String),
}

impl Keys {
    pub(crate) fn new(deployment: &Deployment, secrets: &dyn Secrets, dev: bool) -> Result<Self, KeysError> {
        let mut keys = Self::default();
        for flow in &deployment.program.flows {
            let path = &flow.trigger.path;
            if path == "/healthz" || path == "/api" || path.starts_with("/api/") {
                return Err(KeysError::Taken(path.clone()));
            }
            let Signature::Standard { secret } = &flow.trigger.signature else { continue };
            let name = deployment.program.secrets.get(secret.index()).cloned().unwrap_or_default();
            match secrets.get(&name) {
                Some(value) => {
                    let key = SigningKey::new(&value)
                        .map_err(|why| KeysError::Invalid { name: name.clone(), why })?;
                    keys.by_path.insert(path.clone(), key);
                }
                None if dev => keys.open.push(path.clone()),
                None => return Err(KeysError::Missing(name)),
            }
        }
        Ok(keys)
    }

    /// Paths that take anybody, although the program wants a signature.
    pub(crate) fn open(&self) -> &[String] {
        &self.open
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Real time, also where the host's clock is a scaled one: senders know no other.
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Everything that is no other route.
pub(crate) async fn door(State(app): State<App>, request: Request) -> Response {
    match receive(&app, request).await {
        Ok(response) => response,
        Err(no) => no.into_response(),
    }
}

async fn receive(app: &App, request: Request) -> Result<Response, No> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let Some((_, flow)) = app.handle.trigger(&path) else {
        return Err(No::new(
            StatusCode::NOT_FOUND,
            format!("nothing is at {path}"),
            "the paths of the triggers are in the `.flow` files; the rest of the interface is under /api/v1",
        ));
    };
    if parts.method != Method::POST {
        return Err(No::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{path} is the trigger of a flow, and takes POST alone"),
            "send the event as the body of a POST",
        ));
    }
    // Turned away before the body is read: it costs the sender and us the least.
    if app.handle.busy() {
        return Err(countersign_runtime::InputError::Busy.into());
    }
    let signature = flow.trigger.signature.clone();
    let body = read_body(body, app.most_bytes).await?;
    let signed = Signed {
        id: header(&parts.headers, ID_HEADER),
        timestamp: header(&parts.headers, TIMESTAMP_HEADER),
        signature: header(&parts.headers, SIGNATURE_HEADER),
    };
    let id = match (&signature, app.keys.by_path.get(&path)) {
        (Signature::Standard { .. }, Some(key)) => {
            let id = verify(key, signed, &body, seconds(), TOLERANCE).map_err(|why| {
                tracing::warn!(%path, %why, "an event was turned away at the door");
                No::new(
                    StatusCode::UNAUTHORIZED,
                    why.to_string(),
                    "sign the message by Standard Webhooks, with the secret that both sides know and the time of now",
                )
            })?;
            Some(id)
        }
        (Signature::Standard { .. }, None) if app.keys.open.contains(&path) => signed.id,
        (Signature::Standard { .. }, None) => {
            return Err(No::new(StatusCode::UNAUTHORIZED, "the secret of this trigger is not known", ""));
        }
        (Signature::Unsigned { .. }, _) => signed.id,
    };
    let id = id.map(str::trim).filter(|id| !id.is_empty());
    if id.is_some_and(|id| id.len() > LONGEST_ID) {
        return Err(No::new(
            StatusCode::BAD_REQUEST,
            format!("the header `{ID_HEADER}` has more than {LONGEST_ID} bytes"),
            "give each message a short id of its own",
        ));
    }
    let receipt = app.handle.deliver(&path, id, &body).await?;
    Ok(answer(receipt))
}

async fn read_body(body: Body, most: usize) -> Result<axum::body::Bytes, No> {
    match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let text = error.to_string();
            if text.contains("length limit") {
                return Err(countersign_runtime::InputError::TooLarge { limit: most }.into());
            }
            Err(No::new(StatusCode::BAD_REQUEST, format!("the body broke off: {text}"), "send it again"))
        }
        Err(_) => Err(No::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body took longer than {} s", PATIENCE.as_secs()),
            "send it again",
        )),
    }
}

fn answer(receipt: Receipt) -> Response {
    let Receipt { event, run, fate } = receipt;
    match fate {
        Fate::Accepted => accepted(event, run, Told::Accepted),
        Fate::Duplicate => accepted(event, run, Told::Duplicate),
        Fate::Conflict => {
            let mut no = No::new(
                StatusCode::CONFLICT,
                format!("the same key came before with another payload, as {event}"),
                "the flow's owner has a task; the first event counts until they have decided",
            );
            no.body.event = Some(event);
            no.body.run = run;
            no.into_response()
        }
        Fate::Rejected { path, problem } => {
            let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
            let mut no = No::unprocessable(
                format!("the payload breaks its type: {place}{problem}"),
                "correct it and send it under a new id; the flow's owner can see it",
            );
            no.body.event = Some(event);
            no.body.path = Some(path);
            no.body.problem = Some(problem);
            no.into_response()
        }
    }
}

fn accepted(event: String, run: Option<String>, fate: Told) -> Response {
    (StatusCode::ACCEPTED, Json(Accepted { event, run, fate })).into_response()
}
