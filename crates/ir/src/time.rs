//! Dates, times, instants and durations as text: RFC 3339 for what crosses the border, the language's own literals for
//! durations.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::value::SECOND;

/// Units of a duration literal, longest first, in nanoseconds.
const UNITS: [(&str, i64); 6] = [
    ("w", 7 * 86_400 * SECOND),
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("min", 60 * SECOND),
    ("s", SECOND),
    ("ms", 1_000_000),
];

/// A duration as the language writes it: `1h30min`. Parts below a millisecond are written in nanoseconds.
pub fn duration_literal(ns: i64) -> String {
    if ns == 0 {
        return "0s".into();
    }
    let mut rest = ns.unsigned_abs();
    let mut text = String::from(if ns < 0 { "-" } else { "" });
    for (unit, size) in UNITS {
        let size = size.unsigned_abs();
        // Weeks are written only when nothing else is: `10d` reads better than `1w3d`.
        if unit == "w" && !rest.is_multiple_of(size) {
            continue;
        }
        if rest >= size {
            text.push_str(&(rest / size).to_string());
            text.push_str(unit);
            rest %= size;
        }
    }
    if rest > 0 {
        text.push_str(&rest.to_string());
        text.push_str("ns");
    }
    text
}

/// Reads `90s`, `1h30min`, `2d`.
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = rest.get(..letters)?;
        let size = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size)?;
        total = total.checked_add(number.checked_mul(size)?)?;
        rest = rest.get(letters..)?;
    }
    Some(total)
}

fn epoch() -> Date {
    Date::constant(1970, 1, 1)
}

/// Reads `2026-11-22` into days since 1970-01-01.
pub fn parse_date(text: &str) -> Option<i32> {
    if text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    (date - epoch()).get_days().into()
}

/// Days since 1970-01-01 as `2026-11-22`.
pub fn date_text(days: i32) -> String {
    let span = jiff::Span::new().try_days(i64::from(days));
    match span.and_then(|span| epoch().checked_add(span)) {
        Ok(date) => date.to_string(),
        Err(_) => format!("{days} days after 1970-01-01"),
    }
}

/// Reads `09:00` or `09:00:30` into seconds since midnight.
pub fn parse_time(text: &str) -> Option<u32> {
    if text.len() != 5 && text.len() != 8 {
        return None;
    }
    let time: Time = text.parse().ok()?;
    let seconds = i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    u32::try_from(seconds).ok()
}

/// Seconds since midnight as `09:00` or `09:00:30`.
pub fn time_text(seconds: u32) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if s == 0 { format!("{h:02}:{m:02}") } else { format!("{h:02}:{m:02}:{s:02}") }
}

/// Reads an instant in RFC 3339 into nanoseconds since 1970.
pub fn parse_instant(text: &str) -> Option<i64> {
    let instant: Timestamp = text.parse().ok()?;
    i64::try_from(instant.as_nanosecond()).ok()
}

/// Nanoseconds since 1970 in RFC 3339, in UTC.
pub fn instant_text(ns: i64) -> String {
    match Timestamp::from_nanosecond(i128::from(ns)) {
        Ok(instant) => instant.to_string(),
        Err(_) => format!("{ns}ns after 1970-01-01T00:00:00Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_back_as_it_was_written() {
        for text in ["90s", "30min", "2h", "5d", "1w", "1h30min", "10d"] {
            let ns = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&duration_literal(ns)), Some(ns), "{text}");
        }
        assert_eq!(duration_literal(90 * 60 * SECOND), "1h30min");
        assert_eq!(parse_duration("5"), None);
        assert_eq!(parse_duration("5 d"), None);
        assert_eq!(parse_duration("99999999999w"), None);
    }

    #[test]
    fn a_date_counts_days_from_1970() {
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(date_text(20_779), "2026-11-22");
        assert_eq!(parse_date("2026-02-30"), None);
    }

    #[test]
    fn an_instant_keeps_its_nanoseconds() {
        let ns = parse_instant("2026-11-22T09:00:00.123456789+01:00").unwrap();
        assert_eq!(instant_text(ns), "2026-11-22T08:00:00.123456789Z");
    }
}
