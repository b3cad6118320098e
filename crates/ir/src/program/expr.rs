//! Expressions: pure arithmetic and comparison over a frame of slots. They end, they do nothing, they fail only by
//! leaving the range of numbers.

use serde::{Deserialize, Serialize};

use super::{SettingId, Slot, Type};
use crate::value::Value;

/// One expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// A literal.
    Const(Value),
    /// What a slot of the frame holds.
    Slot(Slot),
    /// What this deployment sets.
    Setting(SettingId),
    /// A field of a record, by its place.
    Field(Box<Expr>, u16),
    /// A record, its fields in order.
    Record(Vec<Expr>),
    /// A record with some fields replaced.
    With(Box<Expr>, Vec<(u16, Expr)>),
    /// A list.
    List(Vec<Expr>),
    /// Text with holes.
    Text(Vec<TextPart>),
    /// Two values compared.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// Whether a value is one of several.
    OneOf(Box<Expr>, Vec<Expr>),
    /// Whether an optional value is there.
    IsSome(Box<Expr>),
    /// All of them hold. Empty: yes.
    And(Vec<Expr>),
    /// One of them holds. Empty: no.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// Arithmetic.
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    /// The first value, or the second where the first is none.
    Default(Box<Expr>, Box<Expr>),
    /// How many elements a list has.
    Count(Box<Expr>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TextPart {
    /// As it stands.
    Literal(String),
    /// A value, as [`Value`] displays it.
    Hole(Expr),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `==`, `is`
    Equal,
    /// `!=`, `is not`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What two numbers become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operator {
    /// `+`: numbers, money of one currency, durations; a date or an instant plus a duration.
    Add,
    /// `-`: as `+`; two dates or two instants give a duration.
    Subtract,
    /// `*`: money or a duration times a number or a share; half to even.
    Multiply,
}

/// An expression with its type, for where values leave as JSON or are shown to people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Typed {
    /// The expression.
    pub expr: Expr,
    /// Its type.
    pub ty: Type,
}
