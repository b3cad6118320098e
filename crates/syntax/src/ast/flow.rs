//! Decisions and flows.

use super::{Arg, Deadline, Docs, Expr, HandTo, Name, Once, Param, PlainText, Steps, Tell, Text, TypeExpr};
use crate::Span;

/// `decide approval_level(invoice: Invoice) -> payment.Level owned by finance_lead { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Decide {
    /// Its name.
    pub name: Name,
    /// What it is asked with.
    pub params: Vec<Param>,
    /// What it gives.
    pub result: TypeExpr,
    /// Whose it is.
    pub owner: Option<Name>,
    /// In order; those that were not understood are left out.
    pub rules: Vec<Rule>,
}

/// `when invoice.amount <= 500 EUR => instant because "small"`
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where it stands.
    pub span: Span,
    /// The `///` lines before it.
    pub docs: Docs,
    /// When it applies; nothing for `otherwise`.
    pub condition: Option<Expr>,
    /// What it gives.
    pub result: Expr,
    /// Why.
    pub because: Option<Text>,
}

/// `flow pay_invoice owned by accounts_payable { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its name.
    pub name: Name,
    /// Whose it is.
    pub owner: Option<Name>,
    /// `shadow`, `suggest` or `live`, where it was said.
    pub mode: Option<(FlowMode, Span)>,
    /// In order.
    pub entries: Vec<FlowEntry>,
}

/// How much a flow may do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowMode {
    /// Decides and records, never acts.
    Shadow,
    /// Asks its owner to confirm each action.
    Suggest,
    /// Acts.
    Live,
}

/// An entry of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: FlowEntryKind,
}

/// The entries of a flow.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowEntryKind {
    /// `on webhook "/erp/invoices" as invoice: Invoice { … }`
    On(Trigger),
    /// `key invoice.vendor`
    Key(Expr),
    /// `priority high when …`
    Priority {
        /// Which.
        level: Name,
        /// When.
        when: Option<Expr>,
    },
    /// `understand { … }`
    Stage(Stage),
    /// Not understood.
    Error,
}

/// What starts a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// `webhook "/erp/invoices" as invoice: Invoice { … }`
    Webhook {
        /// The address.
        path: PlainText,
        /// The name of the event in the flow.
        event: Name,
        /// The event's type.
        ty: TypeExpr,
        /// In order.
        entries: Vec<WebhookEntry>,
    },
}

/// An entry of a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: WebhookEntryKind,
}

/// The entries of a webhook.
#[derive(Debug, Clone, PartialEq)]
pub enum WebhookEntryKind {
    /// `signed standard with secret ERP_WEBHOOK`
    Signed {
        /// By which standard.
        scheme: Name,
        /// With which secret.
        secret: Name,
    },
    /// `unsigned because "…"`
    Unsigned {
        /// Why.
        because: Text,
    },
    /// `once per invoice.id for 30d`
    Once(Once),
    /// Not understood.
    Error,
}

/// `act { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Which.
    pub kind: StageKind,
    /// Where its keyword stands.
    pub keyword: Span,
    /// In order.
    pub entries: Vec<Entry>,
}

/// The stages after the trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageKind {
    /// Reads.
    Understand,
    /// Evaluates rules.
    Decide,
    /// Changes the world.
    Act,
    /// Proves that it did.
    Verify,
}

/// An entry of a stage, or of a block in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: EntryKind,
}

/// The entries of stages. The parser takes any of them in any stage; the checker says which belong where.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryKind {
    /// `vendor = erp.vendor(invoice.vendor) within 1min else hand to cfo`
    Bind {
        /// The name from here on.
        name: Name,
        /// Its value.
        value: Expr,
        /// How long it may take.
        limit: Option<Limit>,
    },
    /// `mail.send(to: x, body: y)`; also any other expression outside of `verify` that has no `throughout`.
    Do {
        /// A call, or an expression that the checker refuses.
        call: Expr,
        /// How long it may take.
        limit: Option<Limit>,
    },
    /// `approve payment at level "…" showing [a, b] { … } if refused { … }`
    Approve(Box<Approve>),
    /// `when x => …`
    When {
        /// When.
        condition: Expr,
        /// What then: a block, or one entry.
        body: Block,
    },
    /// `skip because "…"`
    Skip {
        /// Why.
        because: Text,
    },
    /// `hand to support because "…"`
    HandTo(HandTo),
    /// `tell support "…"`
    Tell(Tell),
    /// `still vendor.trusted`
    Still(Expr),
    /// `four eyes with invoice.entered_by`
    FourEyes {
        /// Who may not answer.
        with: Expr,
    },
    /// In `verify`: `erp.invoice(id).status is settled within 1d`, `… throughout 30min else undo live`
    Claim(Claim),
    /// Not understood.
    Error,
}

/// `within 2d in office else hand to cfo`
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Where it stands.
    pub span: Span,
    /// By when.
    pub within: Deadline,
    /// What happens otherwise.
    pub otherwise: Option<Steps>,
}

/// What must become true, or stay true.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What.
    pub condition: Expr,
    /// By when, or how long; nothing where it was not said.
    pub time: Option<ClaimTime>,
    /// What happens otherwise.
    pub otherwise: Option<Steps>,
}

/// The time of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimTime {
    /// Becomes true by then.
    Within(Deadline),
    /// Stays true for so long.
    Throughout(Deadline),
}

/// Entries in braces, or a single one without.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// With its braces.
    pub span: Span,
    /// In order.
    pub entries: Vec<Entry>,
}

/// `approve payment at level "Pay?" showing [invoice] { … } if refused { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Approve {
    /// The policy.
    pub policy: Name,
    /// What the policy speaks of.
    pub args: Vec<Arg>,
    /// Its level.
    pub level: Expr,
    /// What people are asked.
    pub question: Text,
    /// What they are shown.
    pub showing: Vec<Expr>,
    /// What happens after a yes.
    pub body: Block,
    /// What happens after a no.
    pub if_refused: Option<Block>,
}
