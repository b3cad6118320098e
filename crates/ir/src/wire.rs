//! What crosses the border between the engine and the world: one call out, one reply back.
//!
//! The engine renders every call completely (target, body, key); a connector adds nothing but its base address, its
//! credentials and its transport. What comes back is classed by *what is known about the attempt*, never by guesswork.

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// What a connector is asked to do. The verbs of HTTP, and `Deliver` for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Read without effect.
    Get,
    /// Create, or act.
    Post,
    /// Replace.
    Put,
    /// Change in part.
    Patch,
    /// Remove.
    Delete,
    /// Hand a message to a mail server or a chat.
    Deliver,
}

/// One call, complete but for address and credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The name of the system as the program declares it.
    pub system: String,
    /// What to do.
    pub verb: Verb,
    /// Path and query, each inserted value already percent-encoded. Empty for `Deliver`.
    pub target: String,
    /// The body as JSON text, if there is one. For `Deliver`: `{"to": "a@b", "body": {"subject": "…", "text": "…"}}`.
    pub body: Option<String>,
    /// The idempotency key of an action; reads have none.
    pub key: Option<String>,
    /// The time, in nanoseconds since 1970, after which the first byte must not leave any more.
    pub send_before: i64,
    /// The same in the program's own terms, for systems that are simulated; connectors pass it over. Notices have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
}

/// What a call is in the program's own terms: which read or action, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A read of the system.
    Read {
        /// Its name.
        name: String,
        /// With what.
        args: Vec<Value>,
    },
    /// An action of the system.
    Action {
        /// Its name.
        name: String,
        /// With what.
        args: Vec<Value>,
    },
}

/// What is known of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Nothing left: the address did not resolve, the connection was refused, the time was over.
    NotSent {
        /// In words, for people.
        reason: String,
    },
    /// The system answered. Every status is here, also those that say that something went wrong.
    Answered {
        /// The status of HTTP; for mail the reply code of SMTP (250, 550, …).
        status: u16,
        /// `Retry-After`, in seconds, where the answer named one.
        retry_after: Option<u32>,
        /// The body as it came, cut at the connector's limit.
        body: String,
    },
    /// The first byte left and no answer came: time-out, lost connection.
    InDoubt {
        /// In words, for people.
        reason: String,
    },
}

/// What kind of failure it was, and so what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Passes by itself: tried again with back-off.
    Transient,
    /// Something about this case is wrong: a person looks at it.
    Data,
    /// The system is down: held until it is back.
    Infrastructure,
}
