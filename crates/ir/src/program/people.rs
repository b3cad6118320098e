//! People and time: calendars, roles, approval policies.

use serde::{Deserialize, Serialize};

use super::{CalendarId, Expr, Param, RoleId};

/// When people are at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// The zone's name in the tz database.
    pub zone: String,
    /// Opening times: weekday (0 is Monday) and seconds since midnight, from and to.
    pub open: Vec<(u8, u32, u32)>,
    /// Closed days, as days since 1970-01-01; sorted.
    pub closed: Vec<i32>,
}

/// Some people by what they are responsible for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What the source documents.
    pub doc: String,
    /// Who they are, by e-mail address.
    pub members: Vec<String>,
    /// How they are told: a mail system of the program, and where (empty: each member's own address).
    pub notify: Vec<Channel>,
    /// Who stands in.
    pub away_to: Option<RoleId>,
}

/// A way to tell somebody something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Index of the system in the program.
    pub system: super::SystemId,
    /// Address within it; empty: each member's own.
    pub address: String,
}

/// Who has to agree: an ordered list of levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub params: Vec<Param>,
    /// The enum of its levels; the variants stand in the same order.
    pub level_type: super::EnumId,
    /// Its levels.
    pub levels: Vec<Level>,
}

/// One level of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// What it takes to pass.
    pub consent: Consent,
}

/// What it takes to pass a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Consent {
    /// Nothing.
    Automatic,
    /// `tell ROLE, approved after D unless objected`
    Silence {
        /// Who is told.
        tell: RoleId,
        /// For how long they can object.
        after: Span,
    },
    /// `ask …`
    Ask(Ask),
}

/// `ask 2 people of [a, b] within 2d in office else … then …`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// How many distinct persons have to agree.
    pub quorum: u16,
    /// Who may.
    pub of: Vec<RoleId>,
    /// Until when.
    pub within: Span,
    /// What happens when nobody answers in time.
    pub otherwise: LastResort,
    /// The next consent after a yes.
    pub then: Option<Box<Ask>>,
}

/// What happens when nobody answers in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LastResort {
    /// The answer is no.
    Refuse,
    /// Others are asked.
    Ask(Box<Ask>),
    /// The run ends in that role's hands.
    Hand {
        /// Whose.
        role: RoleId,
        /// Why.
        because: String,
    },
}

/// A length of time, on the wall or in a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Span {
    /// In nanoseconds.
    Wall(i64),
    /// `2d in office`: that many office days.
    Days(u32, CalendarId),
    /// `4h in office`: that much office time, in nanoseconds.
    Hours(i64, CalendarId),
}

/// A condition with the words of the source, for the engine and for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// The condition.
    pub condition: Expr,
    /// As the source says it, with single spaces.
    pub text: String,
}
