//! Values: what rules compare, what payloads become, what the journal keeps.
//!
//! A value carries no names but those of enum variants; the names of fields and the units of a type live in the
//! program. `Email`, `Url` and `Person` are texts whose form the door has checked.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

/// Nanoseconds in a second: durations and instants count nanoseconds.
pub const SECOND: i64 = 1_000_000_000;
/// The largest absolute value of an `Int`, of the minor units of money and of the mantissa of decimals at the door.
pub const NUMBER_LIMIT: i64 = 1_000_000_000_000_000;

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads three upper-case letters. Whether the code is in use is not asked.
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        // The constructor admits ASCII alone, so this never falls back.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimal places the minor unit has (ISO 4217, edition of 2024).
    pub fn exponent(&self) -> u32 {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
            | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of one currency, in its minor unit (cents for EUR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The amount in minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// The amount as a decimal number of major units, with all the places of the currency.
    pub fn decimal(&self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// Reads a decimal number of major units. `None` if it has more places than the currency or is out of range.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Option<Self> {
        let scaled = amount.checked_mul(Decimal::from(10_i64.checked_pow(currency.exponent())?))?;
        if !scaled.fract().is_zero() {
            return None;
        }
        let minor = i64::try_from(scaled.trunc().mantissa()).ok().filter(|_| scaled.trunc().scale() == 0);
        let minor = match minor {
            Some(minor) => minor,
            None => i64::try_from(scaled.normalize().mantissa()).ok()?,
        };
        (minor.abs() <= NUMBER_LIMIT).then_some(Self { minor, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

/// Text that was rendered from a template: what a message says, and by which template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Draft {
    /// The template's name, as the source gives it.
    pub template: Arc<str>,
    /// The first line of the template, if a blank line follows it.
    pub subject: Arc<str>,
    /// The rest.
    pub text: Arc<str>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// An optional value that is absent.
    None,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal number, normalised (no trailing zeros).
    Decimal(Decimal),
    /// A share, in percent points: `12.5%` is 12.5.
    Percent(Decimal),
    /// Text; also an e-mail address, a URL, a person.
    Text(Arc<str>),
    /// An amount of money.
    Money(Money),
    /// A length of time in nanoseconds.
    Duration(i64),
    /// A day, counted from 1970-01-01.
    Date(i32),
    /// A time of day in seconds since midnight.
    Time(u32),
    /// A point in time in nanoseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// A variant of an enum, by name.
    Enum(Arc<str>),
    /// The fields of a record in the order of its declaration.
    Record(Arc<[Value]>),
    /// The elements of a list.
    List(Arc<[Value]>),
    /// A rendered text.
    Draft(Arc<Draft>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A variant of an enum.
    pub fn variant(name: impl Into<Arc<str>>) -> Self {
        Self::Enum(name.into())
    }

    /// A record from its fields, in the order of the declaration.
    pub fn record(fields: impl IntoIterator<Item = Value>) -> Self {
        Self::Record(fields.into_iter().collect())
    }

    /// A list.
    pub fn list(elements: impl IntoIterator<Item = Value>) -> Self {
        Self::List(elements.into_iter().collect())
    }

    /// A decimal in its normal form.
    pub fn decimal(number: Decimal) -> Self {
        Self::Decimal(number.normalize())
    }

    /// What kind of value this is, in the words of the language.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Decimal(_) => "Decimal",
            Self::Percent(_) => "Percent",
            Self::Text(_) => "Text",
            Self::Money(_) => "Money",
            Self::Duration(_) => "Duration",
            Self::Date(_) => "Date",
            Self::Time(_) => "Time",
            Self::Instant(_) => "Instant",
            Self::Enum(_) => "enum",
            Self::Record(_) => "record",
            Self::List(_) => "list",
            Self::Draft(_) => "Draft",
        }
    }
}

/// How a value reads inside a sentence: `120.00 EUR`, `2026-12-01`, `settled`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Bool(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Int(n) => write!(f, "{n}"),
            Self::Decimal(n) => write!(f, "{n}"),
            Self::Percent(n) => write!(f, "{n}%"),
            Self::Text(text) | Self::Enum(text) => f.write_str(text),
            Self::Money(money) => write!(f, "{money}"),
            Self::Duration(ns) => f.write_str(&crate::time::duration_literal(*ns)),
            Self::Date(days) => f.write_str(&crate::time::date_text(*days)),
            Self::Time(seconds) => f.write_str(&crate::time::time_text(*seconds)),
            Self::Instant(ns) => f.write_str(&crate::time::instant_text(*ns)),
            Self::Record(fields) => {
                f.write_str("(")?;
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{field}")?;
                }
                f.write_str(")")
            }
            Self::List(elements) => write!(f, "{} entries", elements.len()),
            Self::Draft(draft) => write!(f, "\u{201c}{}\u{201d}", draft.subject),
        }
    }
}
