//! Literals: which of them are well formed, and what they stand for.
//!
//! In: the text of one token. The lexer calls [`classify`] once and reports; the parser then asks for the values of
//! those that passed.

use crate::Span;
use crate::TokenKind;
use crate::ast::{DateLiteral, DurationLiteral, Number, TimeLiteral};
use crate::error::{Hint, SyntaxError, SyntaxErrorKind};
use smol_str::{SmolStr, SmolStrBuilder};

/// The most digits that a number may have, before and behind its point together.
const MOST_DIGITS: usize = 18;

/// What kind of literal a token is that starts with a digit.
pub(crate) fn classify(kind: TokenKind, text: &str, span: Span) -> Result<TokenKind, Failure> {
    match kind {
        TokenKind::Date => {
            check(date(text).is_some(), kind, SyntaxErrorKind::BadDate, span, || pad_date(text))
        }
        TokenKind::Time => {
            check(time(text).is_some(), kind, SyntaxErrorKind::BadTime, span, || pad_time(text))
        }
        TokenKind::Instant => check(is_instant(text), kind, SyntaxErrorKind::BadInstant, span, || None),
        _ => classify_number(text, span),
    }
}

fn check(
    good: bool,
    kind: TokenKind,
    bad: SyntaxErrorKind,
    span: Span,
    mend: impl FnOnce() -> Option<SmolStr>,
) -> Result<TokenKind, Failure> {
    if good { Ok(kind) } else { Err(Box::new(error(span, bad, mend()))) }
}

type Failure = Box<SyntaxError>;

fn error(span: Span, kind: SyntaxErrorKind, mended: Option<SmolStr>) -> SyntaxError {
    let hint = mended.map(|with| Hint::Replace { span, with });
    SyntaxError { hint, ..SyntaxError::new(span, kind) }
}

fn classify_number(text: &str, span: Span) -> Result<TokenKind, Failure> {
    let (digits, unit) = split_unit(text);
    let is_whole = !digits.contains('.');
    match unit {
        "" | "%" => {
            let kind = match (unit, is_whole) {
                ("%", _) => TokenKind::Percent,
                (_, true) => TokenKind::Int,
                (_, false) => TokenKind::Decimal,
            };
            let bad = SyntaxErrorKind::BadNumber;
            check(number(digits).is_some(), kind, bad, span, || mend_underscores(digits, unit))
        }
        _ if duration_parts(text).is_some() => {
            let good = duration(text).is_some();
            check(good, TokenKind::Duration, SyntaxErrorKind::BadDuration, span, || None)
        }
        _ if !is_whole && unit_rank(unit).is_some() => {
            Err(Box::new(error(span, SyntaxErrorKind::BadDuration, None)))
        }
        _ => {
            let mended = meant_unit(unit).map(|unit| SmolStr::from_iter([digits, unit]));
            Err(Box::new(error(span, SyntaxErrorKind::UnknownUnit, mended)))
        }
    }
}

/// The digits, with their point, and what stands behind them.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '_' || c == '.')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn mend_underscores(digits: &str, unit: &str) -> Option<SmolStr> {
    let bare: String = digits.chars().filter(|c| *c != '_').collect();
    number(&bare).map(|_| SmolStr::from_iter([bare.as_str(), unit]))
}

/// The unit that somebody meant who wrote another word for it.
fn meant_unit(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "sec" | "secs" | "second" | "seconds" | "S" => "s",
        "m" | "mins" | "minute" | "minutes" | "Min" => "min",
        "hr" | "hrs" | "hour" | "hours" | "H" => "h",
        "day" | "days" | "D" => "d",
        "wk" | "week" | "weeks" | "W" => "w",
        "EUR" => " EUR",
        "USD" => " USD",
        "GBP" => " GBP",
        "CHF" => " CHF",
        _ => return None,
    })
}

/// The value of digits with an optional point.
pub(crate) fn number(text: &str) -> Option<Number> {
    let mut unscaled: i64 = 0;
    let mut digits = 0;
    let mut scale: Option<u8> = None;
    let mut last = '_';
    for c in text.chars() {
        match c {
            '0'..='9' => {
                digits += 1;
                unscaled = unscaled.checked_mul(10)?.checked_add(i64::from(c.to_digit(10)?))?;
                scale = scale.map(|scale| scale + 1);
            }
            '_' if last.is_ascii_digit() => {}
            '.' if last.is_ascii_digit() && scale.is_none() => scale = Some(0),
            _ => return None,
        }
        if digits > MOST_DIGITS {
            return None;
        }
        last = c;
    }
    last.is_ascii_digit().then_some(Number { unscaled, scale: scale.unwrap_or(0) })
}

/// The value of a percentage's text.
pub(crate) fn percent(text: &str) -> Option<Number> {
    number(text.strip_suffix('%')?)
}

fn unit_rank(unit: &str) -> Option<u8> {
    Some(match unit {
        "w" => 6,
        "d" => 5,
        "h" => 4,
        "min" => 3,
        "s" => 2,
        "ms" => 1,
        _ => return None,
    })
}

/// The counts of a duration, each with its unit's rank, if all units exist.
fn duration_parts(text: &str) -> Option<Vec<(&str, u8)>> {
    let mut rest = text;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '_'))?;
        let (count, behind) = rest.split_at_checked(digits)?;
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        parts.push((count, unit_rank(unit)?));
        rest = behind;
    }
    Some(parts)
}

/// The value of a duration's text.
pub(crate) fn duration(text: &str) -> Option<DurationLiteral> {
    let mut value = DurationLiteral::default();
    let mut smallest = u8::MAX;
    for (count, rank) in duration_parts(text)? {
        if rank >= smallest {
            return None;
        }
        smallest = rank;
        let count = number(count).and_then(|count| u32::try_from(count.unscaled).ok())?;
        match rank {
            6 => value.weeks = count,
            5 => value.days = count,
            4 => value.hours = count,
            3 => value.minutes = count,
            2 => value.seconds = count,
            _ => value.millis = count,
        }
    }
    Some(value)
}

/// Exactly `width` digits.
fn fixed(text: &str, width: usize) -> Option<u8> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The value of a date's text, if it is a day of the calendar.
pub(crate) fn date(text: &str) -> Option<DateLiteral> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let year: i16 = year.parse().ok()?;
    let (month, day) = (fixed(month, 2)?, fixed(day, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&day).then_some(DateLiteral { year, month, day })
}

fn pad_date(text: &str) -> Option<SmolStr> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let padded = format!("{year}-{month:0>2}-{day:0>2}");
    date(&padded).map(|_| padded.into())
}

/// The value of a time's text, if the day has it.
pub(crate) fn time(text: &str) -> Option<TimeLiteral> {
    let mut parts = text.split(':');
    let hour = fixed(parts.next()?, 2)?;
    let minute = fixed(parts.next()?, 2)?;
    let second = parts.next().map_or(Some(0), |second| fixed(second, 2))?;
    let exists = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    exists.then_some(TimeLiteral { hour, minute, second })
}

fn pad_time(text: &str) -> Option<SmolStr> {
    let padded = format!("0{text}");
    time(&padded).map(|_| padded.into())
}

/// Whether it is a date and time with an offset, as in RFC 3339.
fn is_instant(text: &str) -> bool {
    let Some((day, rest)) = text.split_once('T') else { return false };
    let Some(end) = rest.find(['Z', '+', '-']) else { return false };
    let Some((clock, offset)) = rest.split_at_checked(end) else { return false };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let good_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
    let good_offset = offset == "Z" || offset.get(1..).is_some_and(|o| o.len() == 5 && time(o).is_some());
    date(day).is_some() && clock.len() == 8 && time(clock).is_some() && good_fraction && good_offset
}

/// Where a text has backslashes that mean nothing, relative to its start.
pub(crate) fn bad_escapes(text: &str) -> Vec<Span> {
    let mut bad = Vec::new();
    let mut at = 0_u32;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' => {
                let (length, value) = escape(rest);
                if value.is_none() {
                    let length = u32::try_from(length).unwrap_or(1);
                    bad.push(Span::new(at, at + length));
                }
                length
            }
            _ => c.len_utf8(),
        };
        rest = rest.get(length..).unwrap_or("");
        at += u32::try_from(length).unwrap_or(0);
    }
    bad
}

/// The escape that `text` starts with: its length in bytes, and what it stands for.
fn escape(text: &str) -> (usize, Option<char>) {
    let mut chars = text.chars();
    chars.next();
    let Some(c) = chars.next() else { return (text.len(), None) };
    let plain = match c {
        'n' => '\n',
        't' => '\t',
        '"' | '\\' | '{' | '}' => c,
        'u' => {
            let Some((digits, _)) = chars.as_str().strip_prefix('{').and_then(|rest| rest.split_once('}'))
            else {
                return (2, None);
            };
            let is_number = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            if !is_number {
                return (2, None);
            }
            let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            return (digits.len() + 4, value);
        }
        _ => return (1 + c.len_utf8(), None),
    };
    (1 + c.len_utf8(), Some(plain))
}

/// The characters that a piece of text stands for; it comes without its quotes and braces.
pub(crate) fn unescape(text: &str) -> SmolStr {
    if !text.contains('\\') {
        return SmolStr::new(text);
    }
    let mut out = SmolStrBuilder::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (plain, escaped) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let (length, value) = escape(escaped);
        match value {
            Some(c) => out.push(c),
            None => out.push_str(escaped.get(..length).unwrap_or(escaped)),
        }
        rest = escaped.get(length..).unwrap_or("");
    }
    out.push_str(rest);
    out.finish()
}
