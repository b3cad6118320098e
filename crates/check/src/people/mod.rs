//! People and their time: calendars, roles, and the policies that say who must agree.

mod approval;
mod calendar;
mod ics;
mod role;

pub(crate) use role::distinct_members;

use countersign_diagnostics::codes;
use countersign_ir::program::{CalendarId, Span};
use countersign_syntax::ast;

use crate::checker::{Checker, Declared};
use crate::scope::Symbol;

/// The ceiling of every deadline, in days.
const CEILING: u32 = 30;
const DAY: i64 = 86_400 * countersign_ir::value::SECOND;

impl<'a> Checker<'a> {
    pub(crate) fn people(&mut self, declared: Declared<'a>) {
        match (&declared.item.kind, declared.symbol) {
            (ast::ItemKind::Calendar(tree), Symbol::Calendar(id)) => self.calendar_body(tree, id),
            (ast::ItemKind::Role(tree), Symbol::Role(id)) => self.role_body(tree, id),
            _ => {}
        }
    }

    /// How long something waits, within the ceiling.
    pub(crate) fn deadline(&mut self, tree: &ast::Deadline) -> Option<Span> {
        let span = self.time_span(tree)?;
        let (too_long, most) = match span {
            Span::Wall(ns) => (ns > i64::from(CEILING) * DAY, format!("{CEILING} days")),
            // Four weeks of office time are reached within 28 days, and holidays add to that at most until the ceiling,
            // at which the runtime ends every wait.
            Span::Days(days, calendar) => {
                let week = self.week(calendar).0;
                (days > week.saturating_mul(4), format!("four weeks of it: {} days", week.saturating_mul(4)))
            }
            Span::Hours(ns, calendar) => {
                let week = self.week(calendar).1;
                let most = week.saturating_mul(4);
                (ns > most, format!("four weeks of it: {}", countersign_ir::time::duration_literal(most)))
            }
        };
        if too_long {
            let problem = self.too_long(tree.span, &most);
            self.push(
                problem.help("ask again after a shorter time with `else ask …`, or hand the run to somebody"),
            );
            return None;
        }
        Some(span)
    }

    /// Refuses a length of time on the wall beyond the ceiling.
    pub(crate) fn refuse_too_long(&mut self, span: countersign_syntax::Span, ns: i64) {
        if ns > i64::from(CEILING) * DAY {
            let problem = self.too_long(span, &format!("{CEILING} days"));
            self.push(problem);
        }
    }

    fn too_long(&self, span: countersign_syntax::Span, most: &str) -> countersign_diagnostics::Diagnostic {
        let shown = self.clause(span);
        self.at(codes::DEADLINE_TOO_LONG, span, format!("`{shown}` is longer than anything may wait"))
            .primary(format!("at most {most}"))
            .reason("what waits for longer than a month waits for nobody in particular")
    }

    /// A length of time, on the wall or in a calendar.
    pub(crate) fn time_span(&mut self, tree: &ast::Deadline) -> Option<Span> {
        let ns = self.length(&tree.length);
        let calendar = tree.calendar.as_ref().map(|name| self.calendar(name));
        let ast::ExprKind::Duration(literal) = &tree.length.kind else { return None };
        match calendar {
            None => ns.map(Span::Wall),
            Some(calendar) => {
                let (ns, calendar) = (ns?, calendar?);
                Some(match literal.whole_days().and_then(|days| u32::try_from(days).ok()) {
                    Some(days) => Span::Days(days, calendar),
                    None => Span::Hours(ns, calendar),
                })
            }
        }
    }

    /// How many days and how much time a calendar is open in a week.
    fn week(&self, id: CalendarId) -> (u32, i64) {
        let Some(calendar) = self.program.calendars.get(id.index()) else { return (7, 7 * DAY) };
        let mut days: Vec<u8> = calendar.open.iter().map(|(day, _, _)| *day).collect();
        days.sort_unstable();
        days.dedup();
        let seconds: i64 =
            calendar.open.iter().map(|(_, from, to)| i64::from(to.saturating_sub(*from))).sum();
        if days.is_empty() {
            // A calendar that could not be read: nothing more is said of it.
            return (7, 7 * DAY);
        }
        (u32::try_from(days.len()).unwrap_or(7), seconds.saturating_mul(countersign_ir::value::SECOND))
    }
}
