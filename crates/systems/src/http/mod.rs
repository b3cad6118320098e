//! Systems that are reached over HTTP.
//!
//! What makes an attempt's state honest is knowing when a request was handed to a connection. Until then nothing left:
//! no address, no connection, no TLS, or time over. From then on, as long as no complete head of an answer is there, the
//! attempt is in doubt, also when a kept-alive connection turns out to be dead, because that cannot be told apart from
//! one that died after reading. For this the client is hyper's own, whose phases can be seen, with its silent second
//! attempts switched off.
//!
//! An answer whose body breaks off is an answer when it refuses, and in doubt when it is a success: what it said is
//! needed. A body longer than the limit is cut there, and one that is not UTF-8 is cut where it stops being so.

mod limit;
mod options;
mod retry_after;
mod target;

use std::future::{Future, poll_fn};
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use countersign_ir::wire::{Call, Reply, Verb};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{HttpConnector as Tcp, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::limit::Limit;
use self::target::Base;
use crate::{Connector, InvalidOptions, Now, Performing, cause, too_late, unsendable};

pub use self::options::{Auth, HttpOptions};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("countersign/", env!("CARGO_PKG_VERSION")));

/// Redirects that a read follows before the next one is its answer.
const HOPS: u32 = 5;

/// How long a connection is kept for the next call: shorter than servers commonly keep theirs, because a call that meets
/// a connection in its closing is in doubt.
const KEEP: Duration = Duration::from_secs(3);

/// A system that is reached over HTTP.
pub struct Http {
    client: Client<HttpsConnector<Tcp>, Full<Bytes>>,
    base: Base,
    auth: Auth,
    timeout: Duration,
    limit: Option<Limit>,
    max_body: usize,
    now: Now,
}

impl Http {
    /// A connector with its own pool of connections. Nothing is opened yet.
    pub fn new(options: HttpOptions) -> Result<Self, InvalidOptions> {
        let HttpOptions { base, auth, timeout, limit_per_second, max_body, now } = options;
        let base = Base::new(base)?;
        auth.header()?;
        if timeout.is_zero() {
            return Err(InvalidOptions::new("timeout", "expected more than no time at all"));
        }
        let limit = match limit_per_second.map(NonZeroU32::new) {
            None => None,
            Some(Some(calls)) => Some(Limit::per_second(calls)),
            Some(None) => return Err(InvalidOptions::new("limit", "expected at least one call a second")),
        };
        let client = client(&base, timeout)?;
        Ok(Self { client, base, auth, timeout, limit, max_body, now })
    }

    async fn attempt(&self, call: &Call) -> Reply {
        let mut url = match self.base.join(&call.target) {
            Ok(url) => url,
            Err(reason) => return unsendable(reason),
        };
        if let Some(limit) = &self.limit
            && !limit.turn(self.left(call)).await
        {
            return too_late();
        }
        let until = Instant::now() + self.timeout;
        for _ in 0..HOPS {
            let response = match self.exchange(call, &url, until).await {
                Ok(response) => response,
                Err(reply) => return reply,
            };
            match self.redirect(call, &url, &response) {
                Some(next) => url = next,
                None => return self.answer(response, until).await,
            }
        }
        match self.exchange(call, &url, until).await {
            Ok(response) => self.answer(response, until).await,
            Err(reply) => reply,
        }
    }

    /// Send one request and wait for the head of its answer.
    async fn exchange(&self, call: &Call, url: &Url, until: Instant) -> Result<Response<Incoming>, Reply> {
        let mut request = self.request(call, url).map_err(unsendable)?;
        let connection = capture_connection(&mut request);
        let handed_over = || connection.connection_metadata().is_some();
        let mut sending = pin!(self.client.request(request));
        // Each time this wakes, be it for a connection that has just come about, the clock is read before the client can
        // hand the request over. So nothing leaves late, however long name look-up, connection and TLS have taken.
        let sent_in_time = poll_fn(|context| {
            if !handed_over() && (self.now)() >= call.send_before {
                return Poll::Ready(None);
            }
            sending.as_mut().poll(context).map(Some)
        });
        let host = self.base.authority();
        match timeout_at(until, sent_in_time).await {
            Ok(Some(Ok(response))) => Ok(response),
            Ok(None) => Err(too_late()),
            Ok(Some(Err(error))) if handed_over() => {
                Err(Reply::InDoubt { reason: format!("no answer from {host}: {}", cause(&error)) })
            }
            Ok(Some(Err(error))) => {
                Err(Reply::NotSent { reason: format!("{host} cannot be reached: {}", cause(&error)) })
            }
            Err(_) if handed_over() => {
                Err(Reply::InDoubt { reason: format!("no answer from {host} within {:?}", self.timeout) })
            }
            Err(_) => Err(Reply::NotSent {
                reason: format!("{host} cannot be reached: no connection within {:?}", self.timeout),
            }),
        }
    }

    fn request(&self, call: &Call, url: &Url) -> Result<Request<Full<Bytes>>, String> {
        let method = match call.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
            Verb::Deliver => {
                return Err(format!(
                    "not sent: `{}` is reached over http, which delivers no messages; use get, post, put, patch or delete",
                    call.system
                ));
            }
        };
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, JSON);
        if let Some(key) = &call.key {
            let key = HeaderValue::from_str(key)
                .map_err(|_| "not sent: the key contains a character that no header can carry".to_owned())?;
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some((name, value)) = self.auth.header().map_err(|error| format!("not sent: {error}"))? {
            request = request.header(name, value);
        }
        let body = match &call.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, JSON);
                Full::new(Bytes::from(body.clone()))
            }
            None => Full::default(),
        };
        request.body(body).map_err(|error| format!("not sent: the request cannot be written: {error}"))
    }

    /// Where a read goes on. For anything else a redirect is an answer, since what was asked for may have been done.
    fn redirect(&self, call: &Call, from: &Url, response: &Response<Incoming>) -> Option<Url> {
        let elsewhere = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        if call.verb != Verb::Get || !elsewhere {
            return None;
        }
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        self.base.follow(from, location)
    }

    async fn answer(&self, response: Response<Incoming>, until: Instant) -> Reply {
        let status = response.status();
        let retry_after = retry_after::seconds(response.headers(), SystemTime::now());
        match (read(response.into_body(), self.max_body, until).await, status.is_success()) {
            (Read { broken: Some(problem), .. }, true) => Reply::InDoubt {
                reason: format!(
                    "{} answered {status}, but the answer broke off: {problem}",
                    self.base.authority()
                ),
            },
            (Read { bytes, .. }, success) => {
                Reply::Answered { status: status.as_u16(), retry_after, body: text(bytes, success) }
            }
        }
    }

    fn left(&self, call: &Call) -> Duration {
        let nanoseconds = call.send_before.saturating_sub((self.now)());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
    }
}

impl Connector for Http {
    fn perform<'a>(&'a self, call: &'a Call) -> Performing<'a> {
        Box::pin(self.attempt(call))
    }

    fn describe(&self) -> String {
        format!("http {}", self.base.as_str())
    }
}

fn client(
    base: &Base,
    timeout: Duration,
) -> Result<Client<HttpsConnector<Tcp>, Full<Bytes>>, InvalidOptions> {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(timeout));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls(base)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEEP)
        .pool_max_idle_per_host(64)
        .retry_canceled_requests(false)
        .build(connector))
}

/// The certificates that the machine trusts; for a base without TLS none, so that a machine without any can call it.
fn tls(base: &Base) -> Result<rustls::ClientConfig, InvalidOptions> {
    let invalid = |error: rustls::Error| {
        InvalidOptions::new("base", format!("no TLS on this machine: {error}; install its certificates"))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(invalid)?;
    let builder = if base.is_https() {
        builder.with_platform_verifier().map_err(invalid)?
    } else {
        builder.with_root_certificates(rustls::RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

/// What of a body came.
struct Read {
    bytes: Vec<u8>,
    broken: Option<String>,
}

async fn read(mut body: Incoming, max: usize, until: Instant) -> Read {
    let mut bytes = Vec::new();
    while bytes.len() < max {
        let broken = match timeout_at(until, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    let room = max - bytes.len();
                    bytes.extend_from_slice(data.get(..room).unwrap_or(data));
                }
                continue;
            }
            Ok(Some(Err(error))) => cause(&error),
            Err(_) => "its time was over".to_owned(),
        };
        return Read { bytes, broken: Some(broken) };
    }
    Read { bytes, broken: None }
}

/// A success is data and ends where it stops being UTF-8, so that it cannot pass for something else; a refusal is for
/// people to read.
fn text(bytes: Vec<u8>, success: bool) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let whole = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let kept = if success { bytes.get(..whole).unwrap_or_default() } else { &bytes };
        String::from_utf8_lossy(kept).into_owned()
    })
}
