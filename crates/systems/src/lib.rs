//! Connectors: how a call reaches a system, and what is known of the attempt afterwards.
//!
//! In goes a complete [`Call`]; out comes a [`Reply`] that says one of three things and never guesses: nothing left, the
//! system answered, or something left and no answer came. A connector adds its base address, its credentials and its
//! transport, and knows nothing of runs. What a reply *means* is [`countersign_ir::classify`]'s to say.
//!
//! This is the one place where secrets are unwrapped, at the moment of use.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_ir::classify::{TOO_LATE, UNSENDABLE};
use countersign_ir::wire::{Call, Reply};

pub mod http;
mod secret;
pub mod smtp;

pub use secret::Secret;

/// What a connector does for one call.
pub type Performing<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// A way to reach one system.
///
/// Dropping the future of [`Connector::perform`] midway leaves the attempt in doubt.
pub trait Connector: Send + Sync {
    /// Make one attempt. Never a second one: whether to try again is not a connector's to decide.
    fn perform<'a>(&'a self, call: &'a Call) -> Performing<'a>;

    /// Where calls go, for people; no secrets.
    fn describe(&self) -> String;
}

/// The time in nanoseconds since 1970, from the clock by which [`Call::send_before`] was set.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The machine's own clock.
pub fn system_clock() -> Now {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// Why a connector cannot be made from its options.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct InvalidOptions {
    setting: &'static str,
    problem: String,
}

impl InvalidOptions {
    fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into() }
    }

    /// The option at fault, as the program writes it: `base`, `auth`, `server`, `from`, `limit`, `timeout`.
    pub const fn setting(&self) -> &'static str {
        self.setting
    }
}

/// The reply to a call that can never be sent as it is.
fn unsendable(reason: impl Into<String>) -> Reply {
    Reply::Answered { status: UNSENDABLE, retry_after: None, body: reason.into() }
}

fn too_late() -> Reply {
    Reply::NotSent { reason: TOO_LATE.to_owned() }
}

/// The innermost cause of an error, which is what a person can act on.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        // The kind says it without the number that the machine has for it.
        Some(error) if error.raw_os_error().is_some() => error.kind().to_string(),
        _ => innermost.to_string(),
    }
}
