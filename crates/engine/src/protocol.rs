//! What goes into a step and what comes out of it.
//!
//! An [`Input`] is everything that a cell ever learns; it is what the journal keeps. [`Output`]s are what should happen
//! next. Cells speak to each other by inputs alone ([`Output::Send`]), which may be repeated or reordered: each cell
//! knows from its own state whether an input still means anything.

use std::fmt;

use countersign_ir::hash::Hash;
use countersign_ir::program::{ActionId, Calendar, FlowId, RoleId, Span, SystemId};
use countersign_ir::value::Value;
use countersign_ir::wire::{Call, Reply};
use serde::{Deserialize, Serialize};

use crate::cell::CellId;
use crate::task::{Choice, Topic};

/// One thing that a cell learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// When, by the host's clock, in nanoseconds since 1970.
    pub at: i64,
    /// From whom.
    pub by: Actor,
    /// What.
    pub body: Body,
}

/// Who brought something about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Another cell of the engine.
    Engine,
    /// The sender of a webhook, by the trigger's path.
    Sender(String),
    /// A system that answered.
    System(String),
    /// The clock.
    Clock,
    /// A person who signed in.
    Person(String),
    /// Whoever operates the process.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine => f.write_str("engine"),
            Self::Sender(path) => write!(f, "sender {path}"),
            Self::System(name) => write!(f, "system {name}"),
            Self::Clock => f.write_str("clock"),
            Self::Person(email) => f.write_str(email),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// The number of a call, a timer or a question within its cell.
pub type Number = u32;

/// What a cell learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    // To a delivery.
    /// A payload passed signature and type.
    Arrived(Box<Arrived>),
    /// A payload did not pass; it is kept, and the owner sees it.
    Rejected(Box<Rejected>),

    // To a claim.
    /// Somebody wants it.
    Take(Box<Take>),
    /// The holder is done: equal takers adopt this outcome.
    Settle {
        /// The holder.
        by: CellId,
        /// What came of it.
        outcome: Value,
    },
    /// The holder gave up: the next taker may have it.
    Release {
        /// The holder.
        by: CellId,
        /// What it had named when it took it.
        token: Number,
        /// Whether nobody knows if something was done under it.
        doubtful: bool,
    },

    // From a claim, to who took it.
    /// The answer of a claim.
    Claimed(Claimed),

    // To a run.
    /// It begins.
    Start(Box<Start>),
    /// It begins, as the undo of another run.
    StartUndo(Box<StartUndo>),
    /// What earlier runs of the key came to.
    Recalled {
        /// The list.
        history: Value,
    },
    /// A task has its answer.
    Answered(Box<Answered>),
    /// A person wants it taken back.
    Undo {
        /// Why.
        because: String,
    },
    /// The undo of this run ended.
    Undone {
        /// The undo's run.
        by: String,
        /// Whether all of it was taken back.
        whole: bool,
    },

    // To a history.
    /// A run wants to know.
    Recall {
        /// Who asks.
        run: CellId,
        /// Since when.
        since: i64,
    },
    /// A run ended.
    Ended {
        /// Its entry.
        entry: Value,
    },

    // To a task.
    /// It begins.
    Open(Box<Topic>),
    /// A person answers.
    Answer {
        /// What.
        choice: Choice,
        /// Why.
        because: Option<String>,
        /// The hash of what the person saw, where the client sends it.
        shown: Option<Hash>,
    },
    /// The run no longer waits for it.
    Withdraw {
        /// Why.
        because: String,
    },

    // To runs and tasks.
    /// A system answered, or did not.
    Replied {
        /// Which call.
        call: Number,
        /// What is known.
        reply: Reply,
    },
    /// A timer is due.
    Due {
        /// Which.
        timer: Number,
    },
    /// The host answered a question.
    Consulted {
        /// Which.
        question: Number,
        /// The answer.
        answer: Answer,
    },
}

/// A payload at the door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrived {
    /// Which program takes it.
    pub deployment: Hash,
    /// Which flow.
    pub flow: FlowId,
    /// The event's id.
    pub event: String,
    /// Hash of the body as it came.
    pub body: Hash,
    /// The payload, typed.
    pub payload: Value,
}

/// A payload that did not pass the type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// Which program turned it away.
    pub deployment: Hash,
    /// Which flow.
    pub flow: FlowId,
    /// The event's id.
    pub event: String,
    /// Hash of the body as it came.
    pub hash: Hash,
    /// The body, cut at 64 KiB.
    pub body: String,
    /// The path of the field at fault.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Somebody wants a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Take {
    /// Who, and who is answered.
    pub taker: CellId,
    /// What distinguishes this attempt of the taker.
    pub token: Number,
    /// What it is wanted for: the payload, or the arguments. Equal ones share the outcome.
    pub subject: Value,
    /// Until when it is kept; none for ever.
    pub until: Option<i64>,
}

/// The answer of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claimed {
    /// What the taker named.
    pub token: Number,
    /// Who holds it.
    pub holder: CellId,
    /// What that means.
    pub verdict: ClaimVerdict,
}

/// What a claim says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimVerdict {
    /// The taker has it.
    Granted,
    /// The taker has it; but whoever had it before gave it up, and nobody knows whether something was done under it.
    Doubtful,
    /// Somebody had it for the same; this came of it. None while it is not settled and only the holder matters.
    Same {
        /// The outcome.
        outcome: Option<Value>,
    },
    /// Somebody has it for something else.
    Conflict {
        /// What for.
        held: Value,
    },
}

/// A run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Its program and settings.
    pub deployment: Hash,
    /// Its flow.
    pub flow: FlowId,
    /// The event that started it.
    pub event: String,
    /// The payload.
    pub payload: Value,
}

/// An undo begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartUndo {
    /// Its program and settings.
    pub deployment: Hash,
    /// The flow of the run that is taken back.
    pub flow: FlowId,
    /// The run that is taken back.
    pub of: CellId,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub because: String,
    /// What is taken back, in this order.
    pub plan: Vec<UndoStep>,
}

/// One action to be taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoStep {
    /// Whose action was done.
    pub system: SystemId,
    /// Which was done.
    pub done: ActionId,
    /// Its frame: parameters, result, before.
    pub frame: Vec<Option<Value>>,
    /// Which action takes it back.
    pub undo: ActionId,
    /// With what.
    pub args: Vec<Value>,
}

/// A task's answer, to the run that asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Which task.
    pub task: CellId,
    /// What came of it.
    pub verdict: Verdict,
    /// Whose answers it rests on: person and role.
    pub people: Vec<(String, String)>,
    /// The reason of whoever gave one last.
    pub because: Option<String>,
    /// The hash of what they saw.
    pub shown: Hash,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Enough people said yes.
    Approved,
    /// Nobody objected in time.
    Silence,
    /// Somebody said no, or too few can still say yes.
    Refused,
    /// Nobody answered, and the policy's last resort is a no.
    Unanswered,
    /// Nobody answered, and the policy hands the run to a role.
    Handed {
        /// Whose.
        role: RoleId,
        /// Why.
        because: String,
    },
    /// How a problem is settled.
    Settled(Choice),
}

/// What should happen next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Another cell learns something.
    Send {
        /// Which.
        to: CellId,
        /// What.
        body: Body,
    },
    /// The world is called.
    Call {
        /// The call's number within its cell.
        number: Number,
        /// The call.
        call: Call,
    },
    /// A timer is set.
    SetTimer {
        /// Its number within its cell.
        timer: Number,
        /// When it is due.
        at: i64,
    },
    /// A timer no longer matters.
    CancelTimer {
        /// Its number within its cell.
        timer: Number,
    },
    /// The host is asked for what is not pure.
    Consult {
        /// The question's number within its cell.
        number: Number,
        /// The question.
        question: Question,
    },
    /// The door may answer.
    Acknowledge(Receipt),
}

/// What only the host can answer. The answers are journalled as inputs and never asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// When is so much time over?
    Deadline {
        /// Beginning when.
        from: i64,
        /// How much.
        span: Span,
        /// In which calendar, for spans that name one.
        calendar: Option<Calendar>,
    },
    /// Who are these roles' members now, and who stands in?
    Members {
        /// The roles' names.
        roles: Vec<String>,
        /// Persons who must be known to the directory.
        persons: Vec<String>,
    },
    /// What does a template say?
    Render {
        /// Its name.
        template: String,
        /// Its text.
        source: String,
        /// What it may show, as JSON.
        context: String,
    },
}

/// The host's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Question::Deadline`].
    At(i64),
    /// To [`Question::Members`].
    Members {
        /// Members of each role, in the order of the question, with how each role is told.
        roles: Vec<Membership>,
        /// Which of the persons the directory does not know.
        unknown: Vec<String>,
    },
    /// To [`Question::Render`].
    Text {
        /// The first line, if a blank line follows.
        subject: String,
        /// The rest.
        text: String,
    },
    /// The host cannot answer, in words.
    Failed(String),
}

/// A role as the directory knows it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// The role's name.
    pub role: String,
    /// Its members.
    pub members: Vec<String>,
    /// How it is told: a system's name and an address (empty: each member's own).
    pub channels: Vec<(String, String)>,
}

/// What the door answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The event's id; for a repeat, that of the first.
    pub event: String,
    /// The run, where there is one.
    pub run: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It started a run.
    Accepted,
    /// The same came before.
    Duplicate,
    /// The same key came before with something else; the owner has a task.
    Conflict,
    /// It breaks its type; the owner has a task.
    Rejected {
        /// The path of the field at fault.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// What followed from an input, for people: the journal keeps it beside the input, and a replay must find the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A run began.
    Began {
        /// The flow.
        flow: String,
        /// What started it.
        event: String,
    },
    /// A name got its value.
    Learned {
        /// The name.
        name: String,
        /// The value, as people read it.
        value: String,
    },
    /// Rules were asked.
    Decided {
        /// The decision.
        decision: String,
        /// Which rule fired, from 1.
        rule: u32,
        /// The rule's condition as the source says it; `otherwise`.
        when: String,
        /// The answer.
        answer: String,
        /// Why, in the owner's words.
        because: Option<String>,
        /// What the rules looked at.
        inputs: Vec<(String, String)>,
    },
    /// People were asked or told.
    Asked {
        /// The task.
        task: String,
        /// The question.
        question: String,
        /// By which policy and level.
        level: String,
    },
    /// A question was answered.
    Consented {
        /// The task, or none where the level is automatic.
        task: Option<String>,
        /// `automatic`, `silence`, `human`, `refused`, `unanswered`.
        evidence: String,
        /// Who.
        people: Vec<String>,
        /// Why.
        because: Option<String>,
    },
    /// The gate let an action through, and its intent is on record.
    Intended {
        /// `billing.pay`
        action: String,
        /// The arguments.
        args: Vec<(String, String)>,
        /// The idempotency key.
        key: String,
        /// Which guardrails were checked.
        guardrails: Vec<String>,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// The gate stopped an action.
    Stopped {
        /// The action.
        action: String,
        /// By which guardrail.
        guardrail: String,
        /// What is missing.
        missing: String,
    },
    /// What a system was seen to hold before the change.
    Before {
        /// The action.
        action: String,
        /// What was there.
        value: String,
    },
    /// A system took an action, by its own word or because a look-up found it.
    Done {
        /// The action.
        action: String,
        /// What it answered.
        result: String,
        /// `answered`, `found` (by the probe), `adopted` (from an earlier run), `person` (somebody said so).
        how: String,
    },
    /// A call failed.
    Failed {
        /// The read or action.
        what: String,
        /// `transient`, `data`, `infrastructure`, `in doubt`.
        class: String,
        /// In words.
        reason: String,
        /// When it is tried again, if it is.
        again_at: Option<i64>,
    },
    /// A look-up said whether an action in doubt took effect.
    Probed {
        /// The action.
        action: String,
        /// `found`, `absent`, `unknown`.
        outcome: String,
    },
    /// The world was read back.
    Verified {
        /// The action, or the flow's own condition.
        what: String,
        /// The condition.
        condition: String,
        /// `independent`, `acknowledged`, `unverified because …`.
        grade: String,
    },
    /// The proof did not come in time.
    Unverified {
        /// The action, or the flow's own condition.
        what: String,
        /// The condition that stayed false.
        condition: String,
    },
    /// A problem waits for a person.
    Blocked {
        /// The task.
        task: String,
        /// What about.
        problem: String,
    },
    /// A person was told.
    Told {
        /// Who.
        whom: String,
        /// By which channel.
        channel: String,
        /// Whether it was taken.
        accepted: bool,
    },
    /// Somebody answered after it was settled.
    Late {
        /// Who.
        person: String,
        /// What they said.
        choice: String,
        /// What had settled it.
        forestalled: String,
    },
    /// An answer was not accepted.
    Declined {
        /// Whose.
        person: String,
        /// Why.
        reason: String,
    },
    /// A run or a task ended.
    Ended {
        /// How.
        outcome: String,
        /// Why.
        because: Option<String>,
    },
    /// A person takes a run back.
    TakesBack {
        /// Who.
        person: String,
        /// Why.
        because: String,
        /// The run that is taken back.
        run: String,
        /// The run that takes it back.
        by: String,
        /// What stays as it is, and why.
        stays: Vec<String>,
    },
    /// An event repeated an earlier one, or contradicted it.
    Repeated {
        /// The earlier event or run.
        first: String,
        /// Whether both say the same.
        same: bool,
    },
}
