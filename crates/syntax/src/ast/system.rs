//! Systems: what can be read, what can be done, how it is proved and taken back.

use super::{Docs, Expr, Name, Param, Path, PlainText, Text, TypeExpr};
use crate::Span;

/// `system billing { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Its name.
    pub name: Name,
    /// In order.
    pub entries: Vec<SystemEntry>,
}

/// An entry of a system.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemEntry {
    /// Where it stands.
    pub span: Span,
    /// The `///` lines before it.
    pub docs: Docs,
    /// What it says.
    pub kind: SystemEntryKind,
}

/// The entries of a system.
#[derive(Debug, Clone, PartialEq)]
pub enum SystemEntryKind {
    /// `via http { … }`
    Via(Via),
    /// `failure { … }`
    Failure(Vec<FailureRule>),
    /// `honours key for 24h`
    HonoursKey {
        /// For how long.
        lasting: Expr,
    },
    /// `visible within 1min`
    VisibleWithin(Expr),
    /// `truth Customer.tier`
    Truth(Path),
    /// `breaker { … }`
    Breaker(Vec<BreakerEntry>),
    /// `read payment(id: Text) -> Payment { … }`
    Read(Read),
    /// `action pay(invoice: Invoice) -> Payment { … }`
    Action(Action),
    /// Not understood.
    Error,
}

/// `via http { base url  auth bearer TOKEN }`
#[derive(Debug, Clone, PartialEq)]
pub struct Via {
    /// `http`, `smtp`, …
    pub connector: Name,
    /// In order.
    pub options: Vec<ConnectorOption>,
}

/// `timeout 10s`
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorOption {
    /// Where it stands.
    pub span: Span,
    /// Its first word.
    pub key: Name,
    /// What stands behind that.
    pub value: OptionValue,
}

/// What a connector's option says.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// `base billing_url`
    Value(Expr),
    /// `auth bearer BILLING_TOKEN`
    Auth {
        /// `bearer`, …
        scheme: Name,
        /// The secret.
        secret: Expr,
    },
    /// `limit 50 per second`
    Rate {
        /// How many.
        count: Expr,
        /// `second`, `minute`, …
        per: Name,
    },
    /// Not understood.
    Error,
}

/// `status 409 is data "already paid"`
#[derive(Debug, Clone, PartialEq)]
pub struct FailureRule {
    /// Where it stands.
    pub span: Span,
    /// The status code.
    pub status: Expr,
    /// What it means.
    pub class: FailureClass,
    /// Where the class stands.
    pub class_span: Span,
    /// In the words of the system's owner.
    pub reason: Option<Text>,
}

/// How a failure is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The input is wrong: blocks and alerts.
    Data,
    /// Tried again.
    Transient,
    /// Opens the breaker.
    Infrastructure,
    /// No failure: nothing was found.
    None,
    /// Not understood.
    Error,
}

/// An entry of `breaker`.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: BreakerEntryKind,
}

/// The entries of `breaker`.
#[derive(Debug, Clone, PartialEq)]
pub enum BreakerEntryKind {
    /// `open after 5 failures in 30s`
    Open {
        /// How many.
        failures: Expr,
        /// Within what.
        within: Expr,
    },
    /// `try after 1min`
    TryAfter(Expr),
    /// `health get "/healthz"`
    Health(Request),
    /// Not understood.
    Error,
}

/// `read payment(id: Text) -> Payment { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub params: Vec<Param>,
    /// What it gives.
    pub result: TypeExpr,
    /// In order.
    pub entries: Vec<ReadEntry>,
}

/// An entry of a read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: ReadEntryKind,
}

/// The entries of a read.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadEntryKind {
    /// `get "/payments/{id}"`
    Request(Request),
    /// `fresh for 5min`
    FreshFor(Expr),
    /// `failure { … }`
    Failure(Vec<FailureRule>),
    /// Not understood.
    Error,
}

/// `post "/payments" { amount: 3 EUR }`, `deliver { to, body }`
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Where it stands.
    pub span: Span,
    /// `get`, `post`, `deliver`, …
    pub verb: Name,
    /// The path.
    pub path: Option<Text>,
    /// What is sent.
    pub body: Option<Expr>,
}

/// `action pay(invoice: Invoice) -> Payment { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub params: Vec<Param>,
    /// What it gives.
    pub result: Option<TypeExpr>,
    /// In order.
    pub entries: Vec<ActionEntry>,
}

/// An entry of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: ActionEntryKind,
}

/// The entries of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionEntryKind {
    /// `effect moves money out invoice.amount`
    Effect(Vec<Effect>),
    /// `once per invoice.id`
    Once(Once),
    /// `before invoice(invoice.id)`
    Before(Expr),
    /// `do post "/payments" { … }`
    Do(Request),
    /// `probe payments_for(invoice.id) matches { … }`: a call, or the `matches` of one.
    Probe(Expr),
    /// `verify payment(result.id).status is settled within 10min`
    Verify {
        /// What must become true: a `matches`, or a condition.
        condition: Expr,
        /// By when.
        within: Option<Expr>,
    },
    /// `verify acknowledged`
    VerifyAcknowledged,
    /// `unverified because "…"`
    Unverified {
        /// Why.
        because: Text,
    },
    /// `undo refund(result)`
    Undo(Expr),
    /// `irreversible because "…"`
    Irreversible {
        /// Why.
        because: Text,
    },
    /// Not understood.
    Error,
}

/// `per invoice.id for 30d`
#[derive(Debug, Clone, PartialEq)]
pub struct Once {
    /// What may happen only once.
    pub per: Expr,
    /// For how long that is kept.
    pub lasting: Option<Expr>,
}

/// `moves money out invoice.amount`
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: EffectKind,
}

/// What an action does to the world.
#[derive(Debug, Clone, PartialEq)]
pub enum EffectKind {
    /// `moves money out invoice.amount`
    MovesMoney {
        /// In or out.
        direction: Direction,
        /// How much.
        amount: Expr,
    },
    /// `messages to`
    Messages(Expr),
    /// `changes Invoice.status`
    Changes(Path),
    /// `creates Invoice`
    Creates(Path),
    /// `deletes Invoice`
    Deletes(Path),
    /// `grants access`
    Grants(Expr),
    /// Not understood.
    Error,
}

/// Where money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

/// `guardrail "…" { money above 5_000 EUR needs payment.full_review }`
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    /// What it is for, in the words of its owner.
    pub title: PlainText,
    /// In order; those that were not understood are left out.
    pub rules: Vec<GuardrailRule>,
}

/// `money above 5_000 EUR needs payment.full_review`
#[derive(Debug, Clone, PartialEq)]
pub struct GuardrailRule {
    /// Where it stands.
    pub span: Span,
    /// Which actions.
    pub covers: Covered,
    /// What they need.
    pub need: Need,
    /// Where the need stands.
    pub need_span: Span,
    /// `when an Intent is one of [complaint, legal]`
    pub when: Option<GuardrailCondition>,
}

/// Which actions a guardrail is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Covered {
    /// `money above 20_000 EUR per Invoice.vendor in 7d`
    Money {
        /// More than this.
        above: Expr,
        /// `per Invoice.vendor in 7d`: of what, and in what time.
        per: Option<(Path, Expr)>,
    },
    /// `messages from "remittance.txt"`
    Messages {
        /// Only those of this template.
        template: Option<PlainText>,
    },
    /// `deletes of Customer`
    Deletes(Path),
    /// `changes of Customer.tier`
    Changes(Path),
    /// `creates of Customer`
    Creates(Path),
}

/// What a guardrail asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// `payment.full_review`
    Level {
        /// The policy and its level.
        level: Path,
        /// Whether `silence is enough` was said.
        silence_is_enough: bool,
    },
    /// `review`
    Review,
    /// `nothing because "…"`
    Nothing {
        /// Why.
        because: Text,
    },
}

/// When a guardrail asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum GuardrailCondition {
    /// `an Intent is one of [complaint, legal]`
    Is {
        /// A type.
        ty: Path,
        /// The values; one where no list was written.
        values: Vec<Expr>,
    },
    /// `a Customer has tier platinum`
    Has {
        /// A record.
        ty: Path,
        /// Its field.
        field: Name,
        /// The field's value.
        value: Expr,
    },
}
