//! Expressions.

use super::{Name, PlainText};
use crate::Span;
use smol_str::SmolStr;

/// An expression. Its nesting is bounded by the parser, so a walk may recurse.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Where it stands, with the brackets around it.
    pub span: Span,
    /// Its form.
    pub kind: ExprKind,
}

/// The forms of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `"Pay {amount}?"`
    Text(Text),
    /// `1_000`
    Int(i64),
    /// `0.5`
    Decimal(Number),
    /// `1_000.50 EUR`
    Money {
        /// How much.
        amount: Number,
        /// Of what.
        currency: Name,
    },
    /// `5%`
    Percent(Number),
    /// `1h30min`
    Duration(DurationLiteral),
    /// `1 month`, `2 years`
    Period(Period),
    /// `2026-11-22`
    Date(DateLiteral),
    /// `09:00`
    Time(TimeLiteral),
    /// `2026-11-22T09:00:00Z`, as RFC 3339
    Instant(SmolStr),
    /// `true`, `false`
    Bool(bool),
    /// `none`
    None,
    /// `invoice`
    Name(Name),
    /// `invoice.amount`
    Field {
        /// What has the field.
        base: Box<Expr>,
        /// The field.
        name: Name,
    },
    /// `erp.vendor(id)`, `total(lines)`, `mail.send(to: x, body: y)`
    Call {
        /// A name or a field of one.
        callee: Box<Expr>,
        /// In order.
        args: Vec<Arg>,
    },
    /// `lines[sku]`
    Lookup {
        /// The keyed list.
        base: Box<Expr>,
        /// The key.
        key: Box<Expr>,
    },
    /// `{ a: 1, b }`
    Record(RecordLiteral),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `[line.sku for line in lines where …]`
    Build(Box<Generator>),
    /// `any(line in lines where …)`, `sum(line.amount for line in lines)`
    Aggregate {
        /// `any`, `all`, `count`, `sum`, `min`, `max`, `first`.
        function: Name,
        /// Over what.
        generator: Box<Generator>,
    },
    /// `invoice with { status: settled }`
    With {
        /// The record that is changed.
        base: Box<Expr>,
        /// What is different.
        changes: RecordLiteral,
    },
    /// `not x`, `-x`
    Unary {
        /// Which.
        op: UnaryOp,
        /// Of what.
        operand: Box<Expr>,
    },
    /// `a and b`, `a + b`, `a ?? b`
    Binary {
        /// Which.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Before it.
        left: Box<Expr>,
        /// Behind it.
        right: Box<Expr>,
    },
    /// `a < b`, `0 <= x <= 9`
    Compare {
        /// Before the first operator.
        first: Box<Expr>,
        /// At least one operator with what stands behind it.
        rest: Vec<Comparison>,
    },
    /// `x is open`, `x is not none`, `x is one of [a, b]`
    Is {
        /// What is tested.
        subject: Box<Expr>,
        /// `is not`.
        negated: bool,
        /// For what.
        test: IsTest,
    },
    /// `payment(id) matches { status: settled }`
    Matches {
        /// What is tested.
        subject: Box<Expr>,
        /// The fields that must be so.
        pattern: RecordLiteral,
    },
    /// `intent was automatic`
    Was {
        /// The fact.
        subject: Box<Expr>,
        /// How it was reached.
        how: Name,
    },
    /// `render "remittance.txt" with { paid, invoice }`
    Render {
        /// The file.
        template: PlainText,
        /// What it may speak of.
        with: Option<RecordLiteral>,
    },
    /// `history within 90d`
    History {
        /// How far back.
        within: Box<Expr>,
    },
    /// `amount in EUR at rates`
    Convert {
        /// What is converted.
        amount: Box<Expr>,
        /// To what.
        currency: Name,
        /// By which table.
        rates: Box<Expr>,
    },
    /// Not understood, or missing.
    Error,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// Where it stands.
    pub span: Span,
    /// The name before the colon.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// `{ a: 1, b }`
#[derive(Debug, Clone, PartialEq)]
pub struct RecordLiteral {
    /// With its braces.
    pub span: Span,
    /// In order.
    pub fields: Vec<FieldValue>,
}

/// `a: 1`, or `b` for `b: b`
#[derive(Debug, Clone, PartialEq)]
pub struct FieldValue {
    /// Where it stands.
    pub span: Span,
    /// The field.
    pub name: Name,
    /// Its value; nothing where it is the name itself.
    pub value: Option<Expr>,
}

/// `line.sku for line in lines where …`
#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    /// Where it stands, without its brackets.
    pub span: Span,
    /// What stands before `for`.
    pub value: Option<Expr>,
    /// The name of each.
    pub item: Name,
    /// What they are taken from.
    pub source: Expr,
    /// Which of them.
    pub condition: Option<Expr>,
}

/// A text with what is computed into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// With its quotes.
    pub span: Span,
    /// In order; no two literals stand side by side, and none is empty.
    pub parts: Vec<TextPart>,
}

impl Text {
    /// The text, if nothing is computed into it.
    pub fn as_plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TextPart::Literal { value, .. }] => Some(value.as_str()),
            _ => None,
        }
    }
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum TextPart {
    /// Characters that stand for themselves.
    Literal {
        /// Where they stand.
        span: Span,
        /// With escapes resolved.
        value: SmolStr,
    },
    /// `{invoice.amount}`
    Computed(Expr),
}

/// An exact number: `unscaled` × 10^-`scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// All digits.
    pub unscaled: i64,
    /// How many of them stand behind the point.
    pub scale: u8,
}

/// `1h30min`, in the parts in which it was written; `2d in office` counts days, not seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DurationLiteral {
    /// `w`
    pub weeks: u32,
    /// `d`
    pub days: u32,
    /// `h`
    pub hours: u32,
    /// `min`
    pub minutes: u32,
    /// `s`
    pub seconds: u32,
    /// `ms`
    pub millis: u32,
}

impl DurationLiteral {
    /// Weeks and days together, where it has no smaller part.
    pub fn whole_days(self) -> Option<u64> {
        let smaller = self.hours | self.minutes | self.seconds | self.millis;
        (smaller == 0).then(|| u64::from(self.weeks) * 7 + u64::from(self.days))
    }

    /// All of it, with days of 24 hours. Cannot overflow: five 32-bit counts of at most a week each.
    pub fn total_millis(self) -> u64 {
        let days = u64::from(self.weeks) * 7 + u64::from(self.days);
        let hours = days * 24 + u64::from(self.hours);
        let minutes = hours * 60 + u64::from(self.minutes);
        let seconds = minutes * 60 + u64::from(self.seconds);
        seconds * 1_000 + u64::from(self.millis)
    }
}

/// `1 month`, `2 years`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// A year is twelve.
    pub months: u32,
}

/// A day that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateLiteral {
    /// 0 to 9999.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLiteral {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// Operators before their operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`
    Not,
    /// `-`
    Minus,
}

/// Operators between two operands, all to the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `??`
    Default,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Divide,
}

/// One link of a chained comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Which.
    pub op: CompareOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// What stands behind it.
    pub operand: Expr,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// What `is` asks.
#[derive(Debug, Clone, PartialEq)]
pub enum IsTest {
    /// `is settled`
    Value(Box<Expr>),
    /// `is one of [sales, support]`
    OneOf(Vec<Expr>),
    /// `is some`
    Some,
    /// `is none`
    None,
}
