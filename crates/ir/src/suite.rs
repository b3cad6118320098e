//! Tests and the simulation that belong to a project. They stand beside the program, not in it: changing a test changes
//! no hash.

use serde::{Deserialize, Serialize};

use crate::program::{ActionId, Expr, FlowId, ReadId, RoleId, Slot, Span, SystemId, Type};
use crate::value::Value;

/// What a project's `simulation` and `test` blocks say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// What holds in `dev` and in every test, until a test says otherwise. Later entries go before earlier ones.
    pub simulation: Vec<Given>,
    /// The tests, in the order of the source.
    pub tests: Vec<Test>,
}

/// One `test` block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// What it says, in order.
    pub steps: Vec<TestStep>,
}

/// One line of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestStep {
    /// As the source says it, with single spaces.
    pub text: String,
    /// Its line in the file, from 1.
    pub line: u32,
    /// What it does.
    pub kind: TestStepKind,
}

/// What one line of a test does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TestStepKind {
    /// `given …`
    Given(Given),
    /// `when FLOW receives VALUE [twice | N times]`
    Receive {
        /// Which flow.
        flow: FlowId,
        /// The payload.
        payload: Value,
        /// How often the same event is sent.
        times: u32,
    },
    /// `when ROLE approves`, `when "dana@…" refuses because "…"`
    Person {
        /// Who.
        who: Who,
        /// What they do.
        does: Verdict,
        /// Why they say so.
        because: Option<String>,
    },
    /// `after 10min`, `after 4d in office`
    After(Span),
    /// `then …`
    Then(Claim),
}

/// Who answers in a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Who {
    /// Some member of a role who has not answered yet.
    Role(RoleId),
    /// That person.
    Person(String),
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Yes.
    Approves,
    /// No.
    Refuses,
    /// No to what would pass by silence.
    Objects,
}

/// A fact about a simulated system, or a fault of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Given {
    /// `given erp.vendor("v-1") is VALUE`
    Read {
        /// Whose.
        system: SystemId,
        /// Which read.
        read: ReadId,
        /// The arguments it holds for; none is `_`.
        args: Vec<Option<Value>>,
        /// What the read answers.
        value: Value,
    },
    /// `when billing.pay(invoice) then erp.invoice(invoice.id) is invoice with { … }`: the frame of `args` and `value`
    /// holds the action's parameters and its result behind them.
    Consequence {
        /// Whose.
        system: SystemId,
        /// After which action took effect.
        action: ActionId,
        /// Where the patterns' names lie: pattern i binds argument i to this slot, or ignores it.
        binds: Vec<Option<Slot>>,
        /// Which read changes.
        read_system: SystemId,
        /// Which read changes.
        read: ReadId,
        /// For which arguments.
        args: Vec<Expr>,
        /// To what.
        value: Expr,
    },
    /// `given billing.pay(_) answers without effect`, `given erp.vendor(_) fails with 503 for 1h`
    Fault {
        /// Whose.
        system: SystemId,
        /// Of what.
        operation: Operation,
        /// The arguments it holds for; none is `_`.
        args: Vec<Option<Value>>,
        /// What goes wrong.
        fault: Fault,
        /// For how long, or how often.
        extent: Extent,
    },
}

/// A read or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// A read.
    Read(ReadId),
    /// An action.
    Action(ActionId),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// `answers VALUE`: that reply, and no effect of it beyond what the value says.
    Answers(Value),
    /// `fails with N`: that status, no effect.
    FailsWith(u16),
    /// `times out`: no answer, no effect.
    TimesOut,
    /// `goes down`: refuses connections.
    GoesDown,
    /// `answers without effect`: says yes and does nothing.
    AnswersWithoutEffect,
    /// `takes effect but answers N`.
    TakesEffectButAnswers(u16),
}

/// For how long, or how often, a fault holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    /// Until the test ends.
    Always,
    /// For that many nanoseconds from where it stands in the test.
    For(i64),
    /// That often.
    Times(u32),
}

/// What must hold where it stands in a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Claim {
    /// `NAME is VALUE`: a name of the flow's frame, in the latest run.
    Binding {
        /// Which flow's frame.
        flow: FlowId,
        /// Which name.
        slot: Slot,
        /// Its name, for the message.
        name: String,
        /// Its type.
        ty: Type,
        /// What it must be.
        value: Value,
    },
    /// `did billing.pay [once | N times]`: how often the effect was brought about. None: at least once.
    Did {
        /// Whose.
        system: SystemId,
        /// Which.
        action: ActionId,
        /// How often.
        times: Option<u32>,
    },
    /// `never billing.pay`: it was not even tried.
    Never {
        /// Whose.
        system: SystemId,
        /// Which.
        action: ActionId,
    },
    /// `unverified billing.pay`: it was done or tried, and no proof came in time.
    Unverified {
        /// Whose.
        system: SystemId,
        /// Which.
        action: ActionId,
    },
    /// `task for ROLE [about SYSTEM.action]`: an open task.
    Task {
        /// Whose task.
        role: RoleId,
        /// About what.
        about: Option<(SystemId, ActionId)>,
    },
    /// `asked ROLE`, `asked [A, B]`: all of them have been asked.
    Asked(Vec<RoleId>),
    /// `told ROLE`
    Told(RoleId),
    /// `run done`: where the latest run stands.
    Run(RunState),
    /// `N runs`: how many runs there are.
    Runs(u32),
    /// `conflict`: the owner has been told that two events of one key differ.
    Conflict,
}

/// Where a run stands, as a test names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    /// Done, with every proof.
    Done,
    /// Still on its way.
    Open,
    /// Ended by a no.
    Refused,
    /// Ended by `skip`.
    Skipped,
    /// In a role's hands, by `hand to` or because something could not be settled.
    Handed,
    /// Waiting for a person to settle a failure.
    Blocked,
}
