//! Tests, and the simulation that stands in for the systems.

use super::{Deadline, Expr, Name, Path, PlainText, Text};
use crate::Span;

/// `test "…" { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What it shows.
    pub title: PlainText,
    /// `for each case in "cases.csv"`
    pub cases: Option<PlainText>,
    /// In order.
    pub entries: Vec<TestEntry>,
}

/// An entry of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: TestEntryKind,
}

/// The entries of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestEntryKind {
    /// `given billing.pay(_) answers without effect`
    Given(Given),
    /// `when pay_invoice receives small twice`
    Receives {
        /// The flow.
        flow: Name,
        /// The event.
        event: Expr,
        /// How often; once where it was not said.
        times: Option<Times>,
    },
    /// `when finance_lead approves`, `when "dana@acme.test" refuses because "…"`
    Person {
        /// Who.
        who: Who,
        /// Does what.
        does: PersonDoes,
    },
    /// `after 4d in office`
    After(Deadline),
    /// `then …`
    Then(Expectation),
    /// Not understood.
    Error,
}

/// `given billing.pay(_) fails with 503 for 1h`
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Which calls.
    pub call: CallPattern,
    /// What becomes of them.
    pub answer: Answer,
    /// Where that stands.
    pub answer_span: Span,
}

/// `erp.vendor("v-1")`, `billing.pay(_)`, or `billing` for all that it does.
#[derive(Debug, Clone, PartialEq)]
pub struct CallPattern {
    /// Where it stands.
    pub span: Span,
    /// The system.
    pub system: Name,
    /// Its read or action.
    pub operation: Option<Name>,
    /// With which arguments; nothing where no brackets were written, which is with any.
    pub args: Option<Vec<PatternArg>>,
}

/// An argument of a call pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternArg {
    /// Where it stands.
    pub span: Span,
    /// The name before the colon.
    pub name: Option<Name>,
    /// Its value; nothing for `_`.
    pub value: Option<Expr>,
}

/// What becomes of a call in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `is { id: "v-1" }`: what a read finds
    Is(Expr),
    /// `answers { … }`: what an action gives
    Answers(Expr),
    /// `fails with 503 for 1h`
    FailsWith {
        /// The status.
        status: Expr,
        /// How long.
        lasting: Option<Lasting>,
    },
    /// `times out 2 times`
    TimesOut {
        /// How long.
        lasting: Option<Lasting>,
    },
    /// `goes down for 3h`
    GoesDown {
        /// How long.
        lasting: Expr,
    },
    /// `answers without effect`
    WithoutEffect,
    /// `takes effect but answers 500`
    EffectButAnswers {
        /// The status.
        status: Expr,
    },
    /// Not understood.
    Error,
}

/// `for 1h`, or `2 times`
#[derive(Debug, Clone, PartialEq)]
pub enum Lasting {
    /// For so long.
    For(Expr),
    /// So often.
    Times(Times),
}

/// `once`, `twice`, `3 times`
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    /// Where it stands.
    pub span: Span,
    /// How often.
    pub count: u32,
}

/// Who does something in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Who {
    /// Somebody of a role.
    Role(Name),
    /// A person, by address.
    Person(PlainText),
}

/// What a person does in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum PersonDoes {
    /// `approves`
    Approves,
    /// `refuses because "…"`
    Refuses {
        /// Why.
        because: Option<Text>,
    },
    /// `objects because "…"`
    Objects {
        /// Why.
        because: Option<Text>,
    },
    /// `answers renew`
    Answers(Expr),
}

/// What a test says must be so.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// `level is instant`: any condition
    Holds(Expr),
    /// `did billing.pay 2 times`
    Did {
        /// The action.
        action: Path,
        /// How often; at least once where it was not said.
        times: Option<Times>,
    },
    /// `never billing.pay`
    Never {
        /// The action.
        action: Path,
    },
    /// `unverified billing.pay`
    Unverified {
        /// The action.
        action: Path,
    },
    /// `task for accounts_payable about billing.pay`
    Task {
        /// Who has it.
        role: Name,
        /// What it is about.
        about: Option<Path>,
    },
    /// `asked [finance_lead, cfo]`
    Asked {
        /// One, or a list.
        whom: Expr,
    },
    /// `told finance_lead`
    Told {
        /// One, or a list.
        whom: Expr,
    },
    /// `run refused`
    Run {
        /// `done`, `refused`, `open`, `failed`, `blocked`, …
        outcome: Name,
    },
}

/// `simulation { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// In order.
    pub entries: Vec<SimulationEntry>,
}

/// An entry of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: SimulationEntryKind,
}

/// The entries of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub enum SimulationEntryKind {
    /// `given erp.vendor(_) is { … }`
    Given(Given),
    /// `when billing.pay(invoice) then erp.invoice(invoice.id) is invoice with { status: settled }`
    When {
        /// The system.
        system: Name,
        /// Its action.
        action: Name,
        /// The names of its arguments here.
        params: Vec<Name>,
        /// What is so from then on: at least one.
        then: Vec<Consequence>,
    },
    /// Not understood.
    Error,
}

/// `erp.invoice(invoice.id) is invoice with { status: settled }`
#[derive(Debug, Clone, PartialEq)]
pub struct Consequence {
    /// Where it stands.
    pub span: Span,
    /// A call of a read.
    pub read: Expr,
    /// What it finds.
    pub value: Expr,
}
