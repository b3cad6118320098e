//! Files of holidays (RFC 5545): all-day events as closed days.
//!
//! Only what a calendar of closed days needs is read: `VEVENT`s whose `DTSTART` and `DTEND` are dates. What would make
//! the days depend on more, such as a rule of recurrence or a time of day, is refused in words, because a holiday that
//! is passed over is a deadline that comes too early.

use std::ops::Range;

/// Something in the file that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) span: Range<usize>,
    pub(super) headline: String,
    pub(super) help: Option<&'static str>,
}

/// A content line: its name, its parameters, its value, and where it stands.
struct Line {
    name: String,
    params: String,
    value: String,
    span: Range<usize>,
}

#[derive(Default)]
struct Event {
    span: Range<usize>,
    start: Option<i32>,
    end: Option<i32>,
    whole_days: Option<i32>,
    cancelled: bool,
    broken: bool,
}

/// The closed days of a file, and what is wrong with it. At most `limit` days are taken.
pub(super) fn closed_days(text: &str, limit: usize) -> (Vec<i32>, Vec<Problem>) {
    let mut days = Vec::new();
    let mut problems = Vec::new();
    let mut event: Option<Event> = None;
    let mut depth = 0_usize;
    let mut seen_calendar = false;
    for line in unfolded(text) {
        match (line.name.as_str(), line.value.to_ascii_uppercase().as_str()) {
            ("BEGIN", "VCALENDAR") => seen_calendar = true,
            ("BEGIN", "VEVENT") if event.is_none() => {
                event = Some(Event { span: line.span, ..Event::default() });
            }
            ("BEGIN", _) if event.is_some() => depth += 1,
            ("END", "VEVENT") if depth == 0 => {
                if let Some(event) = event.take() {
                    close(event, limit, &mut days, &mut problems);
                }
            }
            ("END", _) if event.is_some() => depth = depth.saturating_sub(1),
            _ => {
                if let Some(event) = event.as_mut().filter(|_| depth == 0) {
                    property(event, &line, &mut problems);
                }
            }
        }
    }
    if !seen_calendar {
        problems.push(Problem {
            span: 0..0,
            headline: "this is no iCalendar file".into(),
            help: Some(
                "it begins with `BEGIN:VCALENDAR`; calendars export such files with the ending `.ics`",
            ),
        });
    } else if let Some(event) = event {
        problems.push(Problem {
            span: event.span,
            headline: "this event never ends".into(),
            help: Some("the file may be cut off"),
        });
    }
    (days, problems)
}

fn property(event: &mut Event, line: &Line, problems: &mut Vec<Problem>) {
    match line.name.as_str() {
        "DTSTART" => event.start = date(line, event, problems),
        "DTEND" => event.end = date(line, event, problems),
        "DURATION" => {
            event.whole_days = duration_days(&line.value);
            if event.whole_days.is_none() {
                event.broken = true;
                problems.push(Problem {
                    span: line.span.clone(),
                    headline: format!("`{}` is no number of whole days", line.value),
                    help: Some("closed days are whole days: `DURATION:P2D`"),
                });
            }
        }
        "RRULE" | "RDATE" => {
            event.broken = true;
            problems.push(Problem {
                span: line.span.clone(),
                headline: "a holiday that repeats by a rule is not supported".into(),
                help: Some("write one event for each day, such as most calendars export them"),
            });
        }
        "STATUS" if line.value.eq_ignore_ascii_case("CANCELLED") => event.cancelled = true,
        _ => {}
    }
}

fn date(line: &Line, event: &mut Event, problems: &mut Vec<Problem>) -> Option<i32> {
    let is_date =
        line.params.split(';').any(|param| param.eq_ignore_ascii_case("VALUE=DATE")) || line.value.len() == 8;
    let day = is_date.then(|| parse_date(&line.value)).flatten();
    if day.is_none() {
        event.broken = true;
        problems.push(Problem {
            span: line.span.clone(),
            headline: format!("`{}` is no day", line.value),
            help: Some("closed days are whole days: `DTSTART;VALUE=DATE:20261225`"),
        });
    }
    day
}

fn parse_date(text: &str) -> Option<i32> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    countersign_ir::time::parse_date(&format!("{year}-{month}-{day}"))
}

fn duration_days(text: &str) -> Option<i32> {
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i32 = number.parse().ok()?;
    match unit {
        "D" => Some(number),
        "W" => number.checked_mul(7),
        _ => None,
    }
}

fn close(event: Event, limit: usize, days: &mut Vec<i32>, problems: &mut Vec<Problem>) {
    if event.broken || event.cancelled {
        return;
    }
    let Some(start) = event.start else {
        problems.push(Problem {
            span: event.span,
            headline: "this event has no `DTSTART`".into(),
            help: None,
        });
        return;
    };
    // The end is the day behind the last one; without one it is a single day (RFC 5545, 3.6.1).
    let behind =
        event.end.or_else(|| start.checked_add(event.whole_days?)).unwrap_or_else(|| start.saturating_add(1));
    let behind = if behind == start { start.saturating_add(1) } else { behind };
    let length = usize::try_from(i64::from(behind) - i64::from(start)).ok();
    match length.filter(|length| days.len().saturating_add(*length) <= limit) {
        Some(_) => days.extend(start..behind),
        None if length.is_none() => {
            problems.push(Problem {
                span: event.span,
                headline: "this event ends before it starts".into(),
                help: None,
            });
        }
        None => problems.push(Problem {
            span: event.span,
            headline: format!("more than {limit} closed days"),
            help: Some("a deadline would hardly ever come: look for an event that lasts for years"),
        }),
    }
}

/// Content lines, with folded ones joined (RFC 5545, 3.1).
fn unfolded(text: &str) -> Vec<Line> {
    let mut raw: Vec<(String, Range<usize>)> = Vec::new();
    let mut at = 0;
    for piece in text.split_inclusive('\n') {
        let (start, end) = (at, at + piece.trim_end_matches(['\r', '\n']).len());
        at += piece.len();
        let line = piece.trim_end_matches(['\r', '\n']);
        match (line.strip_prefix([' ', '\t']), raw.last_mut()) {
            (Some(more), Some((before, span))) => {
                before.push_str(more);
                span.end = end;
            }
            _ => raw.push((line.to_owned(), start..end)),
        }
    }
    raw.into_iter()
        .filter_map(|(line, span)| {
            let colon = colon(&line)?;
            let (head, value) = line.split_at_checked(colon)?;
            let (name, params) = head.split_once(';').unwrap_or((head, ""));
            Some(Line {
                name: name.trim().to_ascii_uppercase(),
                params: params.to_owned(),
                value: value.strip_prefix(':')?.trim().to_owned(),
                span,
            })
        })
        .collect()
}

/// The first colon that does not stand in a quoted parameter.
fn colon(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.char_indices().find_map(|(at, letter)| {
        if letter == '"' {
            quoted = !quoted;
        }
        (letter == ':' && !quoted).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_ir::time::date_text;

    fn check(events: &str) -> String {
        let text = format!("BEGIN:VCALENDAR\r\n{events}\r\nEND:VCALENDAR\r\n");
        let (days, problems) = closed_days(&text, 20);
        let days = days.into_iter().map(date_text);
        days.chain(problems.into_iter().map(|problem| problem.headline)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn an_all_day_event_closes_its_days_and_not_the_one_behind() {
        let event = "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\nEND:VEVENT";
        assert_eq!(check(event), "2026-12-25, 2026-12-26");
    }

    #[test]
    fn without_an_end_it_is_one_day() {
        assert_eq!(check("BEGIN:VEVENT\nDTSTART:20270101\nEND:VEVENT"), "2027-01-01");
        assert_eq!(
            check("BEGIN:VEVENT\nDTSTART:20270101\nDURATION:P2D\nEND:VEVENT"),
            "2027-01-01, 2027-01-02"
        );
    }

    #[test]
    fn folded_lines_quoted_parameters_and_alarms_are_read_over() {
        let event = "BEGIN:VEVENT\nSUMMARY;X=\"a:b\":New\n  Year\nDTSTART;VALUE=DA\n TE:20270101\nBEGIN:VALARM\n\
                     DTSTART:broken\nEND:VALARM\nEND:VEVENT";
        assert_eq!(check(event), "2027-01-01");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(
            check("BEGIN:VEVENT\nDTSTART:20261225\nRRULE:FREQ=YEARLY\nEND:VEVENT"),
            "a holiday that repeats by a rule is not supported"
        );
        assert_eq!(
            check("BEGIN:VEVENT\nDTSTART:20261225T090000Z\nEND:VEVENT"),
            "`20261225T090000Z` is no day"
        );
        assert_eq!(check("BEGIN:VEVENT\nDTSTART:20260230\nEND:VEVENT"), "`20260230` is no day");
        assert_eq!(
            check("BEGIN:VEVENT\nDTSTART:20261225\nDTEND:20261220\nEND:VEVENT"),
            "this event ends before it starts"
        );
        assert_eq!(
            check("BEGIN:VEVENT\nDTSTART:20261225\nDTEND:20281220\nEND:VEVENT"),
            "more than 20 closed days"
        );
        assert_eq!(check("BEGIN:VEVENT\nDTSTART:20261225"), "this event never ends");
        assert_eq!(closed_days("hello", 9).1.len(), 1);
    }

    #[test]
    fn a_cancelled_event_closes_nothing() {
        assert_eq!(check("BEGIN:VEVENT\nDTSTART:20261225\nSTATUS:CANCELLED\nEND:VEVENT"), "");
    }
}
