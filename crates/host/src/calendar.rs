//! Office time: when so many office days or so much office time is over.
//!
//! In go an instant, a span and a calendar, out comes an instant. The tz database is the one that was built in, so the
//! same question has the same answer on every machine.
//!
//! A calendar is open at an instant when its zone's clock shows a time of one of the opening times of that weekday, and
//! the day is not closed. Where the clock is set forward over an opening time, it opens at the jump; where it is set
//! back over one, the earlier of the two readings counts.

use countersign_ir::program::{Calendar, Span};
use countersign_ir::value::SECOND;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

const DAY: i64 = 86_400 * SECOND;
/// No wait is longer, office time included: a deadline behind it is this.
pub const CEILING: i64 = 30 * DAY;
/// How far [`elapse`] looks ahead.
const HORIZON: i64 = 3_660 * DAY;

/// When a span that begins at `from` is over, at most [`CEILING`] later.
///
/// # Errors
/// In words, if the span needs a calendar that is missing, never open, or in an unknown zone.
pub fn deadline(from: i64, span: Span, calendar: Option<&Calendar>) -> Result<i64, String> {
    over(from, span, calendar, CEILING)
}

/// The same without a ceiling, for tests that let time go by.
///
/// # Errors
/// As [`deadline`].
pub fn elapse(from: i64, span: Span, calendar: Option<&Calendar>) -> Result<i64, String> {
    over(from, span, calendar, HORIZON)
}

fn over(from: i64, span: Span, calendar: Option<&Calendar>, ceiling: i64) -> Result<i64, String> {
    let latest = from.saturating_add(ceiling);
    let at = match span {
        Span::Wall(ns) => Some(from.saturating_add(ns.max(0))),
        Span::Days(days, _) => Hours::of(calendar)?.days(from, days, latest),
        Span::Hours(ns, _) => Hours::of(calendar)?.hours(from, ns, latest),
    };
    Ok(at.unwrap_or(latest).min(latest))
}

/// A time during which a calendar is open: from an instant until just before another.
#[derive(Debug, Clone, Copy)]
struct Opening {
    date: Date,
    from: i64,
    to: i64,
}

/// A calendar whose zone is known and which opens at all.
struct Hours<'a> {
    calendar: &'a Calendar,
    zone: TimeZone,
}

impl<'a> Hours<'a> {
    fn of(calendar: Option<&'a Calendar>) -> Result<Self, String> {
        let calendar = calendar.ok_or("the program has no such calendar")?;
        let zone = TimeZone::get(&calendar.zone).map_err(|_| {
            format!(
                "the zone `{}` of the calendar `{}` is not in the tz database",
                calendar.zone, calendar.name
            )
        })?;
        if !calendar.open.iter().any(|(day, from, to)| *day < 7 && from < to && *to <= 86_400) {
            return Err(format!("the calendar `{}` is never open", calendar.name));
        }
        Ok(Self { calendar, zone })
    }

    /// When the zone's clock first shows that time on that date, or has jumped over it.
    fn instant(&self, date: Date, nanoseconds: i64) -> Option<i64> {
        let (date, rest) = if nanoseconds >= DAY { (date.tomorrow().ok()?, 0) } else { (date, nanoseconds) };
        let ambiguous = self.zone.to_ambiguous_timestamp(at(date, rest)?);
        let at = match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                let before = ambiguous.earlier().ok()?;
                self.zone.following(before).next()?.timestamp()
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok()?,
        };
        i64::try_from(at.as_nanosecond()).ok()
    }

    fn local(&self, at: i64) -> Option<DateTime> {
        Some(self.zone.to_datetime(Timestamp::from_nanosecond(i128::from(at)).ok()?))
    }

    /// When it is open on a date, in order and without overlap.
    fn on(&self, date: Date) -> Vec<Opening> {
        let weekday = date.weekday().to_monday_zero_offset();
        let number = (date - Date::constant(1970, 1, 1)).get_days();
        if self.calendar.closed.contains(&number) {
            return Vec::new();
        }
        let times = self
            .calendar
            .open
            .iter()
            .filter(|(day, from, to)| i8::try_from(*day) == Ok(weekday) && from < to && *to <= 86_400);
        let mut openings: Vec<Opening> = times
            .filter_map(|(_, from, to)| {
                let from = self.instant(date, i64::from(*from) * SECOND)?;
                let to = self.instant(date, i64::from(*to) * SECOND)?;
                (from < to).then_some(Opening { date, from, to })
            })
            .collect();
        openings.sort_by_key(|opening| (opening.from, opening.to));
        let mut merged: Vec<Opening> = Vec::new();
        for opening in openings {
            match merged.last_mut() {
                Some(last) if opening.from <= last.to => last.to = last.to.max(opening.to),
                _ => merged.push(opening),
            }
        }
        merged
    }

    /// What is left of the openings at and after an instant, up to those that begin after `latest`.
    fn from(&self, from: i64, latest: i64) -> impl Iterator<Item = Opening> + '_ {
        let first = self.local(from).map(DateTime::date);
        let dates = std::iter::successors(first, |date| date.tomorrow().ok());
        dates
            .take(usize::try_from((latest.saturating_sub(from)) / DAY).unwrap_or(0).saturating_add(3))
            .flat_map(|date| self.on(date))
            .filter(move |opening| opening.to > from)
            .map(move |opening| Opening { from: opening.from.max(from), ..opening })
            .take_while(move |opening| opening.from <= latest)
    }

    /// The same time of day so many office days later; from outside office hours, counted from the next opening. What
    /// would fall outside the hours of that day falls on the next opening of the day, or else on its close.
    fn days(&self, from: i64, days: u32, latest: i64) -> Option<i64> {
        let start = self.from(from, latest).next()?;
        if days == 0 {
            return Some(start.from);
        }
        let mut later: Vec<Date> = Vec::new();
        for opening in self.from(start.to, latest).filter(|opening| opening.date > start.date) {
            if later.last() != Some(&opening.date) {
                later.push(opening.date);
            }
            if later.len() >= usize::try_from(days).ok()? {
                break;
            }
        }
        let date = later.get(usize::try_from(days).ok()?.checked_sub(1)?)?;
        let time = self.local(start.from)?.time();
        let wanted = self.instant(*date, nanoseconds(time))?;
        let openings = self.on(*date);
        let close = openings.last()?.to;
        let open = openings.iter().find(|opening| opening.to > wanted);
        Some(open.map_or(close, |opening| opening.from.max(wanted)))
    }

    /// When so much open time has gone by.
    fn hours(&self, from: i64, ns: i64, latest: i64) -> Option<i64> {
        let mut left = ns.max(0);
        for opening in self.from(from, latest) {
            let length = opening.to - opening.from;
            if left <= length {
                return Some(opening.from + left);
            }
            left -= length;
        }
        None
    }
}

fn nanoseconds(time: Time) -> i64 {
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    seconds * SECOND + i64::from(time.subsec_nanosecond())
}

fn at(date: Date, nanoseconds: i64) -> Option<DateTime> {
    let second = nanoseconds / SECOND;
    let part = |n: i64| i8::try_from(n).ok();
    let time = Time::new(
        part(second / 3_600)?,
        part(second / 60 % 60)?,
        part(second % 60)?,
        i32::try_from(nanoseconds % SECOND).ok()?,
    );
    Some(DateTime::from_parts(date, time.ok()?))
}
