//! Calendars: a zone, opening times, closed days.

use countersign_diagnostics::{Diagnostic, codes};
use countersign_ir::program::CalendarId;
use countersign_syntax::{Span, ast};

use super::ics;
use crate::checker::Checker;
use crate::expr::{date_days, time_seconds};
use crate::words::nearest;

/// How many closed days a calendar may have.
const MAX_CLOSED: usize = 10_000;

impl Checker<'_> {
    pub(super) fn calendar_body(&mut self, tree: &ast::Calendar, id: CalendarId) {
        let mut zone: Option<String> = None;
        let mut zone_named = false;
        let mut open: Vec<(u8, u32, u32, Span)> = Vec::new();
        let mut closed: Vec<i32> = Vec::new();
        for entry in &tree.entries {
            match &entry.kind {
                ast::CalendarEntryKind::Zone(name) => {
                    if zone_named {
                        self.repeated(entry.span, "zone");
                    }
                    zone_named = true;
                    zone = self.zone(name);
                }
                ast::CalendarEntryKind::Open { days, hours } => self.opening(days, hours, &mut open),
                ast::CalendarEntryKind::ClosedFrom(name) => closed.extend(self.closed_from(name)),
                ast::CalendarEntryKind::ClosedOn(dates) => {
                    for (date, span) in dates {
                        match date_days(*date) {
                            Some(day) => closed.push(day),
                            None => self.push(self.at(
                                codes::IMPOSSIBLE_VALUE,
                                *span,
                                format!("`{}` is no day of the calendar", self.clause(*span)),
                            )),
                        }
                    }
                }
                ast::CalendarEntryKind::Error => {}
            }
        }
        if !zone_named {
            self.push(
                self.at(codes::MISSING_CLAUSE, tree.name.span, format!("the calendar `{}` has no zone", tree.name.text))
                    .reason("`09:00` is another moment in every zone, and deadlines would shift with the machine they run on")
                    .help("say where its clocks hang: `zone \"Europe/Berlin\"`"),
            );
        }
        if open.is_empty()
            && !self.has_errors_in(tree.entries.first().map_or(tree.name.span, |first| {
                first.span.to(tree.entries.last().map_or(first.span, |last| last.span))
            }))
        {
            self.push(
                self.at(
                    codes::BAD_CALENDAR,
                    tree.name.span,
                    format!("the calendar `{}` is never open", tree.name.text),
                )
                .reason("a deadline in it would never come")
                .help("say when people are at work: `open mon..fri 09:00..17:30`"),
            );
        }
        closed.sort_unstable();
        closed.dedup();
        open.sort_by_key(|(day, from, to, _)| (*day, *from, *to));
        if let Some(calendar) = self.program.calendars.get_mut(id.index()) {
            calendar.zone = zone.unwrap_or_default();
            calendar.open = open.into_iter().map(|(day, from, to, _)| (day, from, to)).collect();
            calendar.closed = closed;
        }
    }

    /// Says that a clause stands twice.
    pub(crate) fn repeated(&mut self, span: Span, clause: &str) {
        self.push(
            self.at(codes::REPEATED_CLAUSE, span, format!("`{clause}` stands here twice"))
                .primary("again here")
                .help("leave one of them out"),
        );
    }

    fn zone(&mut self, name: &ast::PlainText) -> Option<String> {
        let database = jiff::tz::db();
        if let Ok(zone) = database.get(&name.value) {
            // The database's own spelling, so that the program does not rest on the case of letters.
            return Some(zone.iana_name().unwrap_or(&name.value).to_owned());
        }
        let known: Vec<String> = database.available().map(|zone| zone.to_string()).collect();
        let mut problem = self
            .at(codes::BAD_CALENDAR, name.span, format!("there is no zone `{}`", name.value))
            .primary("not in the tz database");
        problem = match nearest(&name.value, known.iter().map(String::as_str)) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem.help("zones are named as in the tz database, such as `Europe/Berlin`"),
        };
        self.push(problem);
        None
    }

    fn opening(
        &mut self,
        days: &[ast::DayRange],
        hours: &[ast::HourRange],
        open: &mut Vec<(u8, u32, u32, Span)>,
    ) {
        for hours in hours {
            let (Some(from), Some(to)) = (time_seconds(hours.from), time_seconds(hours.to)) else {
                self.push(self.at(codes::IMPOSSIBLE_VALUE, hours.span, "these are no times of day"));
                continue;
            };
            if from >= to {
                self.push(
                    self.at(codes::BAD_CALENDAR, hours.span, "this closes before it opens")
                        .primary("from the earlier to the later time of one day")
                        .help(
                            "a night is two ranges: `22:00..23:59` on one day and `00:00..06:00` on the next",
                        ),
                );
                continue;
            }
            for range in days {
                let (first, last) = (range.from as u8, range.to as u8);
                let length = (last + 7 - first) % 7;
                for step in 0..=length {
                    let day = (first + step) % 7;
                    let clash =
                        open.iter().find(|(other, a, b, _)| *other == day && *a < to && from < *b).copied();
                    match clash {
                        Some((_, _, _, other)) => {
                            let file = self.file();
                            self.push(
                                self.at(codes::BAD_CALENDAR, hours.span, "this calendar opens twice at once")
                                    .primary("overlaps")
                                    .label(file, other.range(), "with this")
                                    .reason(
                                        "office time would be counted twice, and deadlines come too early",
                                    )
                                    .help("join the two ranges"),
                            );
                            return;
                        }
                        None => open.push((day, from, to, hours.span)),
                    }
                }
            }
        }
    }

    fn closed_from(&mut self, name: &ast::PlainText) -> Vec<i32> {
        let Some(path) = self.beside(name) else { return Vec::new() };
        let text = match self.sources.read(&path) {
            Ok(text) => text,
            Err(error) => {
                self.push(
                    self.at(
                        codes::BAD_CALENDAR_FILE,
                        name.span,
                        format!("the holidays `{path}` cannot be read: {error}"),
                    )
                    .primary("looked for beside this module")
                    .reason("deadlines would run on days when nobody is at work"),
                );
                return Vec::new();
            }
        };
        let file = self.files.find(&path).unwrap_or_else(|| self.files.add(path.clone(), text.as_str()));
        let (days, problems) = ics::closed_days(&text, MAX_CLOSED);
        for problem in problems {
            let found = Diagnostic::new(codes::BAD_CALENDAR_FILE, file, problem.span, problem.headline);
            self.push(match problem.help {
                Some(help) => found.help(help),
                None => found,
            });
        }
        days
    }
}
