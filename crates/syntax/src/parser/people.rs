//! Calendars, roles, approval policies, and the steps that ask and tell people.

use super::basics::{Ex, In, Inp, P, block, block_of_good, commas, docs, header, name, seq, span, tk};
use super::expr::Exprs;
use super::fail::Fail;
use crate::ast::{
    Approval, Ask, Calendar, CalendarEntry, CalendarEntryKind, Channel, Consent, DateLiteral, DayRange,
    Deadline, HandTo, HourRange, ItemKind, Level, Param, Reminding, Role, RoleEntry, RoleEntryKind, Step,
    StepKind, Steps, Tell, Text, TimeLiteral, Weekday,
};
use crate::error::Expected;
use crate::literal;
use crate::{Span, TokenKind as T};
use chumsky::prelude::*;

/// `calendar office { … }`
pub(super) fn calendar<'t>(exprs: &Exprs<'t>) -> P<'t, ItemKind> {
    let days = weekday()
        .then(tk(T::DotDot).ignore_then(weekday()).or_not())
        .map_with(|(from, to), e| DayRange { span: span(e), from, to: to.unwrap_or(from) });
    let hours = time().then_ignore(tk(T::DotDot)).then(time()).map_with(|(from, to), e| HourRange {
        span: span(e),
        from,
        to,
    });
    let from = tk(T::From).ignore_then(exprs.plain.clone()).map(CalendarEntryKind::ClosedFrom);
    let on = tk(T::On).ignore_then(commas(date())).map(CalendarEntryKind::ClosedOn);
    let entry = choice((
        tk(T::Zone).ignore_then(exprs.plain.clone()).map(CalendarEntryKind::Zone).boxed(),
        tk(T::Open)
            .ignore_then(commas(days))
            .then(commas(hours))
            .map(|(days, hours)| CalendarEntryKind::Open { days, hours })
            .boxed(),
        tk(T::Closed).ignore_then(choice((from.boxed(), on.boxed()))).boxed(),
    ))
    .map_with(|kind, e| CalendarEntry { span: span(e), kind });
    let broken = |span| CalendarEntry { span, kind: CalendarEntryKind::Error };
    tk(T::Calendar)
        .ignore_then(name())
        .then(block(entry, &[T::Zone, T::Open, T::Closed], broken))
        .map(|(name, entries)| ItemKind::Calendar(Calendar { name, entries }))
        .boxed()
}

fn weekday<'t>() -> impl Parser<'t, In<'t>, Weekday, Ex<'t>> + Clone {
    custom(|inp: &mut Inp<'t, '_>| {
        let tok = inp.peek_ref();
        let day = match tok.map_or("", |tok| tok.span.text(inp.state().source)) {
            "mon" => Weekday::Monday,
            "tue" => Weekday::Tuesday,
            "wed" => Weekday::Wednesday,
            "thu" => Weekday::Thursday,
            "fri" => Weekday::Friday,
            "sat" => Weekday::Saturday,
            "sun" => Weekday::Sunday,
            _ => return Err(Fail::label(tok, Expected::Weekday)),
        };
        inp.skip();
        Ok(day)
    })
}

/// A bad literal has had its error; midnight stands in for it.
fn time<'t>() -> impl Parser<'t, In<'t>, TimeLiteral, Ex<'t>> + Clone {
    custom(|inp: &mut Inp<'t, '_>| {
        let tok = inp.peek_ref();
        match tok {
            Some(tok) if matches!(tok.kind, T::Time | T::BadLiteral) => {
                inp.skip();
                let midnight = TimeLiteral { hour: 0, minute: 0, second: 0 };
                Ok(literal::time(tok.span.text(inp.state().source)).unwrap_or(midnight))
            }
            tok => Err(Fail::label(tok, Expected::Time)),
        }
    })
}

/// A bad literal has had its error; the first day of the calendar stands in for it.
fn date<'t>() -> impl Parser<'t, In<'t>, (DateLiteral, Span), Ex<'t>> + Clone {
    custom(|inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if matches!(tok.kind, T::Date | T::BadLiteral) => {
            inp.skip();
            let first = DateLiteral { year: 0, month: 1, day: 1 };
            Ok((literal::date(tok.span.text(inp.state().source)).unwrap_or(first), tok.span))
        }
        tok => Err(Fail::label(tok, Expected::Date)),
    })
}

/// `role cfo { … }`
pub(super) fn role<'t>(exprs: &Exprs<'t>) -> P<'t, ItemKind> {
    let channel = name().then(exprs.plain.clone().or_not()).map_with(|(system, place), e| Channel {
        span: span(e),
        system,
        place,
    });
    let entry = choice((
        tk(T::Members).ignore_then(commas(exprs.plain.clone())).map(RoleEntryKind::Members).boxed(),
        tk(T::Notify).ignore_then(commas(channel)).map(RoleEntryKind::Notify).boxed(),
        seq(&[T::Away, T::To]).ignore_then(name()).map(RoleEntryKind::AwayTo).boxed(),
    ))
    .map_with(|kind, e| RoleEntry { span: span(e), kind });
    let broken = |span| RoleEntry { span, kind: RoleEntryKind::Error };
    tk(T::Role)
        .ignore_then(name())
        .then(block(entry, &[T::Members, T::Notify, T::Away], broken))
        .map(|(name, entries)| ItemKind::Role(Role { name, entries }))
        .boxed()
}

/// `approval payment { … }`
pub(super) fn approval<'t>(exprs: &Exprs<'t>, params: &P<'t, Vec<Param>>) -> P<'t, ItemKind> {
    let consent = commas_by(steps_of(consent_step(exprs)), T::Then)
        .map_with(|rounds, e| Consent { span: span(e), rounds });
    let level = name()
        .then_ignore(tk(T::FatArrow))
        .then(consent)
        .map_with(|(name, consent), e| (span(e), name, consent));
    let level = docs().then(level).map(|(docs, (span, name, consent))| Level { span, docs, name, consent });
    let params = header(params.clone().or_not(), |_| None);
    tk(T::Approval)
        .ignore_then(name())
        .then(params)
        .then(block_of_good(level, &[]))
        .map(|((name, params), levels)| {
            ItemKind::Approval(Approval { name, params: params.unwrap_or_default(), levels })
        })
        .boxed()
}

/// One or more, with this word between them.
fn commas_by<'t, O: 't>(item: P<'t, O>, word: T) -> P<'t, Vec<O>> {
    item.separated_by(tk(word)).at_least(1).collect().boxed()
}

fn steps_of(step: P<'_, Step>) -> P<'_, Steps> {
    commas_by(step, T::Else).map_with(|steps, e| Steps { span: span(e), steps }).boxed()
}

/// A step of an approval's level.
fn consent_step<'t>(exprs: &Exprs<'t>) -> P<'t, Step> {
    let tell = tk(T::Tell)
        .ignore_then(exprs.operand.clone())
        .then_ignore(seq(&[T::Comma, T::Approved, T::After]))
        .then(deadline(exprs))
        .then_ignore(seq(&[T::Unless, T::Objected]))
        .map(|(whom, after)| StepKind::TellUnlessObjected { whom, after });
    choice((
        tk(T::Automatic).to(StepKind::Automatic).boxed(),
        tell.boxed(),
        ask(exprs),
        tk(T::Refuse).to(StepKind::Refuse).boxed(),
        hand_to(exprs).map(StepKind::HandTo).boxed(),
    ))
    .map_with(|kind, e| Step { span: span(e), kind })
    .boxed()
}

/// What may stand behind `else` in a flow.
pub(super) fn steps<'t>(exprs: &Exprs<'t>) -> P<'t, Steps> {
    let step = choice((
        ask(exprs),
        hand_to(exprs).map(StepKind::HandTo).boxed(),
        tell(exprs).map(StepKind::Tell).boxed(),
        tk(T::Skip).ignore_then(because(exprs)).map(|because| StepKind::Skip { because }).boxed(),
        tk(T::Undo).ignore_then(exprs.operand.clone()).map(StepKind::Undo).boxed(),
        tk(T::Refuse).to(StepKind::Refuse).boxed(),
    ))
    .map_with(|kind, e| Step { span: span(e), kind });
    steps_of(step.boxed())
}

fn ask<'t>(exprs: &Exprs<'t>) -> P<'t, StepKind> {
    let people = exprs.operand.clone().then_ignore(seq(&[T::People, T::Of])).or_not();
    let every = tk(T::Every).ignore_then(exprs.operand.clone()).boxed();
    let reminding = tk(T::Reminding)
        .ignore_then(choice((
            every.clone().map(|every| (None, every)),
            exprs.operand.clone().map(Some).then(every),
        )))
        .map_with(|(whom, every), e| Reminding { span: span(e), whom, every });
    tk(T::Ask)
        .ignore_then(people)
        .then(exprs.operand.clone())
        .then(tk(T::Within).ignore_then(deadline(exprs)).or_not())
        .then(reminding.or_not())
        .map(|(((people, whom), within), reminding)| {
            StepKind::Ask(Box::new(Ask { people, whom, within, reminding }))
        })
        .boxed()
}

/// `2d in office`
pub(super) fn deadline<'t>(exprs: &Exprs<'t>) -> P<'t, Deadline> {
    exprs
        .operand
        .clone()
        .then(tk(T::In).ignore_then(name()).or_not())
        .map_with(|(length, calendar), e| Deadline { span: span(e), length, calendar })
        .boxed()
}

/// `because "…"`
pub(super) fn because<'t>(exprs: &Exprs<'t>) -> P<'t, Text> {
    tk(T::Because).ignore_then(exprs.text.clone()).boxed()
}

/// `hand to cfo because "…"`
pub(super) fn hand_to<'t>(exprs: &Exprs<'t>) -> P<'t, HandTo> {
    seq(&[T::Hand, T::To])
        .ignore_then(exprs.operand.clone())
        .then(because(exprs).or_not())
        .map(|(whom, because)| HandTo { whom, because })
        .boxed()
}

/// `tell cfo "…"`
pub(super) fn tell<'t>(exprs: &Exprs<'t>) -> P<'t, Tell> {
    tk(T::Tell)
        .ignore_then(exprs.operand.clone())
        .then(exprs.text.clone())
        .map(|(whom, message)| Tell { whom, message })
        .boxed()
}
