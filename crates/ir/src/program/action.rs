//! Systems: what can be read, what can be done, how it is proved and taken back.

use serde::{Deserialize, Serialize};

use super::{ActionId, Expr, ReadId, RecordId, SecretId, SettingId, Slot, SystemId, Type, Typed};
use crate::classify::StatusRule;
use crate::wire::Verb;

/// Something outside that is read and acted upon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct System {
    /// Its name.
    pub name: String,
    /// What the source documents.
    pub doc: String,
    /// How it is reached.
    pub connector: Connector,
    /// Deviations from how the connector classes failures.
    pub statuses: Vec<StatusRule>,
    /// For how long a repeated idempotency key is recognised, in nanoseconds; none if it is not.
    pub honours_key: Option<i64>,
    /// When a read is sure to show what was written, in nanoseconds.
    pub visible_within: i64,
    /// What can be read.
    pub reads: Vec<Read>,
    /// What can be done.
    pub actions: Vec<Action>,
}

/// How a system is reached: `via http { … }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    /// `http`, `smtp`, `sim`.
    pub kind: String,
    /// Options by name: `base`, `auth bearer`, `timeout`, `server`, `from`, `limit`.
    pub options: Vec<(String, OptionValue)>,
}

/// The value of a connector's option. Settings and secrets are bound late, by the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OptionValue {
    /// A literal.
    Value(crate::value::Value),
    /// What the deployment sets.
    Setting(SettingId),
    /// A secret, which only the connector unwraps.
    Secret(SecretId),
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// Something that can be read. The frame holds the parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub params: Vec<Param>,
    /// What it answers.
    pub result: Type,
    /// What is asked.
    pub request: Request,
    /// Deviations from the system's classes.
    pub statuses: Vec<StatusRule>,
}

/// A request, complete but for the system's address and credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What kind.
    pub verb: Verb,
    /// Path and query. Holes are percent-encoded, so that a value can never become another path.
    pub target: Vec<super::TextPart>,
    /// The body, sent as JSON.
    pub body: Option<Typed>,
}

/// A read with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadCall {
    /// Whose.
    pub system: SystemId,
    /// Which.
    pub read: ReadId,
    /// With what.
    pub args: Vec<Expr>,
}

/// An action with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionCall {
    /// Whose.
    pub system: SystemId,
    /// Which.
    pub action: ActionId,
    /// With what.
    pub args: Vec<Expr>,
}

/// Something that can be done.
///
/// The frame holds the parameters, then `result` at [`Action::result_slot`], `before` at [`Action::before_slot`], the
/// looked-up element of a probe at [`Action::probe_slot`], and behind them the reads of the verification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// What the source documents.
    pub doc: String,
    /// What it takes.
    pub params: Vec<Param>,
    /// What the system answers; none if the reply's body does not matter.
    pub result: Option<Type>,
    /// What it does to the world.
    pub effect: Effect,
    /// What makes two of them the same. Without it, run and step do.
    pub once: Option<Expr>,
    /// What is read and journalled ahead of the change.
    pub before: Option<ReadCall>,
    /// What is sent.
    pub request: Request,
    /// How to find out whether an attempt took effect.
    pub probe: Option<Probe>,
    /// How it is proved.
    pub verify: Verification,
    /// How it is taken back.
    pub undo: Undo,
}

impl Action {
    /// Where `result` lies in the frame.
    pub fn result_slot(&self) -> usize {
        self.params.len()
    }

    /// Where `before` lies in the frame.
    pub fn before_slot(&self) -> usize {
        self.params.len() + 1
    }

    /// Where the element that a probe looks at lies in the frame.
    pub fn probe_slot(&self) -> usize {
        self.params.len() + 2
    }

    /// How large the frame is.
    pub fn frame_size(&self) -> usize {
        let reads = match &self.verify {
            Verification::Independent { check, .. } => check.reads.len(),
            _ => 0,
        };
        self.params.len() + 3 + reads
    }
}

/// What an action does to the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// `moves money out M`, `moves money in M`
    MovesMoney {
        /// Whether it leaves us.
        out: bool,
        /// How much.
        amount: Expr,
    },
    /// `messages WHO`
    Messages {
        /// Whom.
        to: Expr,
    },
    /// `changes Record.field`
    Changes {
        /// Of which record.
        record: RecordId,
        /// Which field, by its place.
        field: u16,
    },
    /// `creates Record`
    Creates(RecordId),
    /// `deletes Record`
    Deletes(RecordId),
    /// `grants WHAT`
    Grants(Expr),
}

/// How to find out whether an attempt took effect.
///
/// A list: no element is absent, exactly one that matches is found (and is the result), all else unknown. An optional:
/// none is absent. A single record: found if it matches, else absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// What is read.
    pub call: ReadCall,
    /// What an element must meet to be ours; the element lies at [`Action::probe_slot`]. None: each is ours.
    pub matches: Option<Expr>,
}

/// How an action is proved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Verification {
    /// By reading the world back.
    Independent {
        /// What must become true.
        check: Postcondition,
        /// For how long it may take, in nanoseconds.
        within: i64,
    },
    /// By the system's own word: a lesser grade.
    Acknowledged,
    /// Not at all, and why.
    Unverified {
        /// As the source says it.
        because: String,
    },
}

/// A condition over fresh reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Postcondition {
    /// What is read, and into which slot of the frame.
    pub reads: Vec<(Slot, ReadCall)>,
    /// What must hold then.
    pub condition: Expr,
    /// As the source says it.
    pub text: String,
}

/// How an action is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Undo {
    /// By another action of the same system, with arguments from this one's frame.
    By {
        /// Which.
        action: ActionId,
        /// With what.
        args: Vec<Expr>,
    },
    /// Not at all, and why.
    Irreversible {
        /// As the source says it.
        because: String,
    },
}
