//! Tests and the simulation.

use super::basics::{Ex, In, Inp, P, block, commas_in_brackets, name, path, seq, span, tk};
use super::expr::Exprs;
use super::fail::Fail;
use super::people::{because, deadline};
use crate::ast::{
    Answer, CallPattern, Consequence, Expectation, Given, ItemKind, Lasting, PatternArg, PersonDoes,
    Simulation, SimulationEntry, SimulationEntryKind, Test, TestEntry, TestEntryKind, Times, Who,
};
use crate::error::{Expected, SyntaxErrorKind};
use crate::{TokenKind as T, literal};
use chumsky::prelude::*;

/// `given billing.pay(_) fails with 503 for 1h`
pub(super) fn given<'t>(exprs: &Exprs<'t>) -> P<'t, Given> {
    let argument = choice((tk(T::Underscore).to(None).boxed(), exprs.expr.clone().map(Some).boxed()));
    let argument = name()
        .then_ignore(tk(T::Colon))
        .or_not()
        .then(argument)
        .map_with(|(name, value), e| PatternArg { span: span(e), name, value });
    let args = tk(T::ParenOpen).ignore_then(commas_in_brackets(argument)).then_ignore(tk(T::ParenClose));
    let call = name()
        .then(tk(T::Dot).ignore_then(name()).or_not())
        .then(args.or_not())
        .map_with(|((system, operation), args), e| CallPattern { span: span(e), system, operation, args });
    tk(T::Given)
        .ignore_then(call)
        .then(answer(exprs).map_with(|answer, e| (answer, span(e))))
        .map(|(call, (answer, answer_span))| Given { call, answer, answer_span })
        .boxed()
}

fn answer<'t>(exprs: &Exprs<'t>) -> P<'t, Answer> {
    let lasting = choice((
        tk(T::For).ignore_then(exprs.operand.clone()).map(Lasting::For).boxed(),
        times().map(Lasting::Times).boxed(),
    ))
    .or_not();
    choice((
        tk(T::Is).ignore_then(exprs.expr.clone()).map(Answer::Is).boxed(),
        seq(&[T::Answers, T::Without, T::Effect]).to(Answer::WithoutEffect).boxed(),
        tk(T::Answers).ignore_then(exprs.expr.clone()).map(Answer::Answers).boxed(),
        seq(&[T::Fails, T::With])
            .ignore_then(exprs.operand.clone())
            .then(lasting.clone())
            .map(|(status, lasting)| Answer::FailsWith { status, lasting })
            .boxed(),
        seq(&[T::Times, T::Out]).ignore_then(lasting).map(|lasting| Answer::TimesOut { lasting }).boxed(),
        seq(&[T::Goes, T::Down, T::For])
            .ignore_then(exprs.operand.clone())
            .map(|lasting| Answer::GoesDown { lasting })
            .boxed(),
        seq(&[T::Takes, T::Effect, T::But, T::Answers])
            .ignore_then(exprs.operand.clone())
            .map(|status| Answer::EffectButAnswers { status })
            .boxed(),
    ))
    .boxed()
}

/// `once`, `twice`, `3 times`
fn times<'t>() -> P<'t, Times> {
    let count = custom::<_, In<'t>, _, Ex<'t>>(|inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if matches!(tok.kind, T::Int | T::BadLiteral) => {
            inp.skip();
            let value = literal::number(tok.span.text(inp.state().source));
            Ok((value.and_then(|value| u32::try_from(value.unscaled).ok()), tok.span, tok.kind))
        }
        tok => Err(Fail::label(tok, Expected::Number)),
    });
    let counted = count.then_ignore(tk(T::Times)).map_with(|(count, span, kind), e| {
        if let Some(count @ 1..) = count {
            count
        } else {
            if kind == T::Int {
                e.emit(Fail::about(SyntaxErrorKind::BadCount, span));
            }
            1
        }
    });
    choice((tk(T::Once).to(1).boxed(), tk(T::Twice).to(2).boxed(), counted.boxed()))
        .map_with(|count, e| Times { span: span(e), count })
        .boxed()
}

/// `test "…" { … }`
pub(super) fn test<'t>(exprs: &Exprs<'t>, given: &P<'t, Given>) -> P<'t, ItemKind> {
    let receives = name()
        .then_ignore(tk(T::Receives))
        .then(exprs.expr.clone())
        .then(times().or_not())
        .map(|((flow, event), times)| TestEntryKind::Receives { flow, event, times });
    let who = choice((exprs.plain.clone().map(Who::Person).boxed(), name().map(Who::Role).boxed()));
    let reason = because(exprs).or_not();
    let does = choice((
        tk(T::Approves).to(PersonDoes::Approves).boxed(),
        tk(T::Refuses).ignore_then(reason.clone()).map(|because| PersonDoes::Refuses { because }).boxed(),
        tk(T::Objects).ignore_then(reason).map(|because| PersonDoes::Objects { because }).boxed(),
        tk(T::Answers).ignore_then(exprs.expr.clone()).map(PersonDoes::Answers).boxed(),
    ));
    let person = who.then(does).map(|(who, does)| TestEntryKind::Person { who, does });
    let entry = choice((
        given.clone().map(TestEntryKind::Given).boxed(),
        tk(T::When).ignore_then(choice((receives.boxed(), person.boxed()))).boxed(),
        tk(T::After).ignore_then(deadline(exprs)).map(TestEntryKind::After).boxed(),
        tk(T::Then).ignore_then(expectation(exprs)).map(TestEntryKind::Then).boxed(),
    ))
    .map_with(|kind, e| TestEntry { span: span(e), kind });
    let broken = |span| TestEntry { span, kind: TestEntryKind::Error };
    let cases = seq(&[T::For, T::Each, T::Case, T::In]).ignore_then(exprs.plain.clone()).or_not();
    tk(T::Test)
        .ignore_then(exprs.plain.clone())
        .then(super::basics::header(cases, |_| None))
        .then(block(entry, &[T::Then, T::Given], broken))
        .map(|((title, cases), entries)| ItemKind::Test(Test { title, cases, entries }))
        .boxed()
}

fn expectation<'t>(exprs: &Exprs<'t>) -> P<'t, Expectation> {
    let about = tk(T::About).ignore_then(path()).or_not();
    choice((
        tk(T::Did)
            .ignore_then(path())
            .then(times().or_not())
            .map(|(action, times)| Expectation::Did { action, times })
            .boxed(),
        tk(T::Never).ignore_then(path()).map(|action| Expectation::Never { action }).boxed(),
        tk(T::Unverified).ignore_then(path()).map(|action| Expectation::Unverified { action }).boxed(),
        seq(&[T::Task, T::For])
            .ignore_then(name())
            .then(about)
            .map(|(role, about)| Expectation::Task { role, about })
            .boxed(),
        tk(T::Asked).ignore_then(exprs.operand.clone()).map(|whom| Expectation::Asked { whom }).boxed(),
        tk(T::Told).ignore_then(exprs.operand.clone()).map(|whom| Expectation::Told { whom }).boxed(),
        tk(T::Run).ignore_then(name()).map(|outcome| Expectation::Run { outcome }).boxed(),
        exprs.expr.clone().map(Expectation::Holds).boxed(),
    ))
    .boxed()
}

/// `simulation { … }`
pub(super) fn simulation<'t>(exprs: &Exprs<'t>, given: &P<'t, Given>) -> P<'t, ItemKind> {
    let consequence = tk(T::Then)
        .ignore_then(exprs.operand.clone())
        .then_ignore(tk(T::Is))
        .then(exprs.expr.clone())
        .map_with(|(read, value), e| Consequence { span: span(e), read, value });
    let params = tk(T::ParenOpen).ignore_then(commas_in_brackets(name())).then_ignore(tk(T::ParenClose));
    let when = tk(T::When)
        .ignore_then(name())
        .then_ignore(tk(T::Dot))
        .then(name())
        .then(params)
        .then(consequence.repeated().at_least(1).collect())
        .map(|(((system, action), params), then)| SimulationEntryKind::When { system, action, params, then });
    let entry = choice((given.clone().map(SimulationEntryKind::Given).boxed(), when.boxed()))
        .map_with(|kind, e| SimulationEntry { span: span(e), kind });
    let broken = |span| SimulationEntry { span, kind: SimulationEntryKind::Error };
    tk(T::Simulation)
        .ignore_then(block(entry, &[T::Given, T::When], broken))
        .map(|entries| ItemKind::Simulation(Simulation { entries }))
        .boxed()
}
