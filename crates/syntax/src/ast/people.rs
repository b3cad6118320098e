//! Who decides and when: calendars, roles, approval policies, and the steps that ask or tell people.

use super::{DateLiteral, Docs, Expr, Name, Param, PlainText, Text, TimeLiteral};
use crate::Span;

/// `calendar office { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// Its name.
    pub name: Name,
    /// In order.
    pub entries: Vec<CalendarEntry>,
}

/// An entry of a calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct CalendarEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: CalendarEntryKind,
}

/// The entries of a calendar.
#[derive(Debug, Clone, PartialEq)]
pub enum CalendarEntryKind {
    /// `zone "Europe/Berlin"`
    Zone(PlainText),
    /// `open mon..fri 09:00..12:00, 13:00..17:30`
    Open {
        /// On which days.
        days: Vec<DayRange>,
        /// At which hours of these.
        hours: Vec<HourRange>,
    },
    /// `closed from "holidays.ics"`
    ClosedFrom(PlainText),
    /// `closed on 2026-12-24, 2026-12-31`
    ClosedOn(Vec<(DateLiteral, Span)>),
    /// Not understood.
    Error,
}

/// `mon..fri`, or `sat`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRange {
    /// Where it stands.
    pub span: Span,
    /// The first day.
    pub from: Weekday,
    /// The last day, which may be the first.
    pub to: Weekday,
}

/// `09:00..17:30`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourRange {
    /// Where it stands.
    pub span: Span,
    /// Opens.
    pub from: TimeLiteral,
    /// Closes.
    pub to: TimeLiteral,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weekday {
    /// `mon`
    Monday,
    /// `tue`
    Tuesday,
    /// `wed`
    Wednesday,
    /// `thu`
    Thursday,
    /// `fri`
    Friday,
    /// `sat`
    Saturday,
    /// `sun`
    Sunday,
}

/// `role finance_lead { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: Name,
    /// In order.
    pub entries: Vec<RoleEntry>,
}

/// An entry of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleEntry {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: RoleEntryKind,
}

/// The entries of a role.
#[derive(Debug, Clone, PartialEq)]
pub enum RoleEntryKind {
    /// `members "dana@acme.test", "eli@acme.test"`
    Members(Vec<PlainText>),
    /// `notify mail, slack "#finance"`
    Notify(Vec<Channel>),
    /// `away to cfo`
    AwayTo(Name),
    /// Not understood.
    Error,
}

/// `slack "#finance"`
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Where it stands.
    pub span: Span,
    /// The system.
    pub system: Name,
    /// Where in it.
    pub place: Option<PlainText>,
}

/// `approval payment { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its name.
    pub name: Name,
    /// What its levels speak of.
    pub params: Vec<Param>,
    /// In order; those that were not understood have a consent of one error step.
    pub levels: Vec<Level>,
}

/// `full_review => ask cfo within 1d in office else refuse`
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Where it stands.
    pub span: Span,
    /// The `///` lines before it.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub consent: Consent,
}

/// The consents that must follow on each other, joined by `then`: at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Consent {
    /// Where it stands.
    pub span: Span,
    /// In order.
    pub rounds: Vec<Steps>,
}

/// A step, and what happens instead when nobody answers in time, joined by `else`: at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// Where they stand.
    pub span: Span,
    /// The first, then its replacements in order.
    pub steps: Vec<Step>,
}

/// A step of a consent, or what happens when time is up.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it stands.
    pub span: Span,
    /// What happens.
    pub kind: StepKind,
}

/// What can be a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// `automatic`
    Automatic,
    /// `tell finance_lead, approved after 30min unless objected`
    TellUnlessObjected {
        /// Who is told.
        whom: Expr,
        /// When silence is consent.
        after: Deadline,
    },
    /// `ask 2 people of [finance_lead, cfo] within 2d in office`
    Ask(Box<Ask>),
    /// `refuse`
    Refuse,
    /// `hand to accounts_payable because "…"`
    HandTo(HandTo),
    /// `tell operations "…"`
    Tell(Tell),
    /// `skip because "…"`
    Skip {
        /// Why.
        because: Text,
    },
    /// `undo live`
    Undo(Expr),
    /// Not understood.
    Error,
}

/// `ask 2 people of [finance_lead, cfo] within 2d in office reminding every 1d`
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// How many; nothing is one.
    pub people: Option<Expr>,
    /// A role, a list of roles, or data that names one.
    pub whom: Expr,
    /// By when.
    pub within: Option<Deadline>,
    /// How often they are reminded.
    pub reminding: Option<Reminding>,
}

/// `reminding signer every 2d`
#[derive(Debug, Clone, PartialEq)]
pub struct Reminding {
    /// Where it stands.
    pub span: Span,
    /// Who; nothing is those that are asked.
    pub whom: Option<Expr>,
    /// How often.
    pub every: Expr,
}

/// `2d in office`
#[derive(Debug, Clone, PartialEq)]
pub struct Deadline {
    /// Where it stands.
    pub span: Span,
    /// How long.
    pub length: Expr,
    /// By which calendar.
    pub calendar: Option<Name>,
}

/// `hand to accounts_payable because "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct HandTo {
    /// Who has the run from now on.
    pub whom: Expr,
    /// Why; may be missing after `else`, where the reason is the time that is up.
    pub because: Option<Text>,
}

/// `tell accounts_payable "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct Tell {
    /// Who.
    pub whom: Expr,
    /// What.
    pub message: Text,
}
