//! Systems with their reads and actions, and the guardrails over what actions do.

use super::basics::{P, block, block_of_good, commas, docs, header, name, one, path, seq, span, tk};
use super::expr::Exprs;
use super::people::because;
use crate::TokenKind as T;
use crate::ast::{
    Action, ActionEntry, ActionEntryKind, BreakerEntry, BreakerEntryKind, ConnectorOption, Covered,
    Direction, Effect, EffectKind, Expr, ExprKind, FailureClass, FailureRule, Guardrail, GuardrailCondition,
    GuardrailRule, ItemKind, Name, Need, Once, OptionValue, Param, Read, ReadEntry, ReadEntryKind, Request,
    System, SystemEntry, SystemEntryKind, TypeExpr, TypeKind, Via,
};
use chumsky::prelude::*;

const ENTRY_STARTS: &[T] =
    &[T::Via, T::Failure, T::Honours, T::Visible, T::Truth, T::Breaker, T::Read, T::Action];

/// `system billing { … }`
pub(super) fn system<'t>(
    exprs: &Exprs<'t>,
    types: &P<'t, TypeExpr>,
    params: &P<'t, Vec<Param>>,
) -> P<'t, ItemKind> {
    let entry = choice([
        via(exprs),
        failure(exprs).map(SystemEntryKind::Failure).boxed(),
        seq(&[T::Honours, T::Key, T::For])
            .ignore_then(exprs.operand.clone())
            .map(|lasting| SystemEntryKind::HonoursKey { lasting })
            .boxed(),
        seq(&[T::Visible, T::Within])
            .ignore_then(exprs.operand.clone())
            .map(SystemEntryKind::VisibleWithin)
            .boxed(),
        tk(T::Truth).ignore_then(path()).map(SystemEntryKind::Truth).boxed(),
        breaker(exprs),
        read(exprs, types, params),
        action(exprs, types, params),
    ])
    .map_with(|kind, e| (kind, span(e)));
    let entry = docs().then(entry).map(|(docs, (kind, span))| SystemEntry { span, docs, kind });
    let broken = |span| SystemEntry { span, docs: crate::ast::Docs::default(), kind: SystemEntryKind::Error };
    tk(T::System)
        .ignore_then(name())
        .then(block(entry, ENTRY_STARTS, broken))
        .map(|(name, entries)| ItemKind::System(System { name, entries }))
        .boxed()
}

fn via<'t>(exprs: &Exprs<'t>) -> P<'t, SystemEntryKind> {
    let auth =
        name().then(exprs.operand.clone()).map(|(scheme, secret)| OptionValue::Auth { scheme, secret });
    let rate = exprs
        .operand
        .clone()
        .then_ignore(tk(T::Per))
        .then(name())
        .map(|(count, per)| OptionValue::Rate { count, per });
    let word = |kind| {
        tk(kind).map_with(|at, e| {
            let text = at.text(e.state().source);
            Name { span: at, text: text.into() }
        })
    };
    let option = choice((
        word(T::Auth).then(auth).boxed(),
        word(T::Limit).then(rate).boxed(),
        name().then(exprs.expr.clone().map(OptionValue::Value)).boxed(),
    ))
    .map_with(|(key, value), e| ConnectorOption { span: span(e), key, value });
    tk(T::Via)
        .ignore_then(name())
        .then(block_of_good(option, &[]).or_not())
        .map(|(connector, options)| {
            SystemEntryKind::Via(Via { connector, options: options.unwrap_or_default() })
        })
        .boxed()
}

fn failure<'t>(exprs: &Exprs<'t>) -> P<'t, Vec<FailureRule>> {
    let rule = tk(T::Status)
        .ignore_then(exprs.operand.clone())
        .then_ignore(tk(T::Is))
        .then(one(&[T::Data, T::Transient, T::Infrastructure, T::None]))
        .then(exprs.text.clone().or_not())
        .map_with(|((status, (class, class_span)), reason), e| {
            let class = match class {
                T::Data => FailureClass::Data,
                T::Transient => FailureClass::Transient,
                T::Infrastructure => FailureClass::Infrastructure,
                _ => FailureClass::None,
            };
            FailureRule { span: span(e), status, class, class_span, reason }
        });
    tk(T::Failure).ignore_then(block_of_good(rule, &[T::Status])).boxed()
}

fn breaker<'t>(exprs: &Exprs<'t>) -> P<'t, SystemEntryKind> {
    let entry = choice((
        seq(&[T::Open, T::After])
            .ignore_then(exprs.operand.clone())
            .then_ignore(seq(&[T::Failures, T::In]))
            .then(exprs.operand.clone())
            .map(|(failures, within)| BreakerEntryKind::Open { failures, within })
            .boxed(),
        seq(&[T::Try, T::After]).ignore_then(exprs.operand.clone()).map(BreakerEntryKind::TryAfter).boxed(),
        tk(T::Health).ignore_then(request(exprs)).map(BreakerEntryKind::Health).boxed(),
    ))
    .map_with(|kind, e| BreakerEntry { span: span(e), kind });
    let broken = |span| BreakerEntry { span, kind: BreakerEntryKind::Error };
    tk(T::Breaker)
        .ignore_then(block(entry, &[T::Open, T::Try, T::Health], broken))
        .map(SystemEntryKind::Breaker)
        .boxed()
}

/// `post "/payments" { … }`, `deliver { … }`
fn request<'t>(exprs: &Exprs<'t>) -> P<'t, Request> {
    let body =
        exprs.record.clone().map(|record| Expr { span: record.span, kind: ExprKind::Record(record) }).boxed();
    let rest = choice((
        exprs.text.clone().then(body.clone().or_not()).map(|(path, body)| (Some(path), body)).boxed(),
        body.map(|body| (None, Some(body))).boxed(),
    ));
    name().then(rest).map_with(|(verb, (path, body)), e| Request { span: span(e), verb, path, body }).boxed()
}

fn read<'t>(
    exprs: &Exprs<'t>,
    types: &P<'t, TypeExpr>,
    params: &P<'t, Vec<Param>>,
) -> P<'t, SystemEntryKind> {
    let entry = choice((
        seq(&[T::Fresh, T::For]).ignore_then(exprs.operand.clone()).map(ReadEntryKind::FreshFor).boxed(),
        failure(exprs).map(ReadEntryKind::Failure).boxed(),
        request(exprs).map(ReadEntryKind::Request).boxed(),
    ))
    .map_with(|kind, e| ReadEntry { span: span(e), kind });
    let broken = |span| ReadEntry { span, kind: ReadEntryKind::Error };
    let head = params.clone().then_ignore(tk(T::Arrow)).then(types.clone());
    let head = header(head, |span| (Vec::new(), TypeExpr { span, kind: TypeKind::Error }));
    tk(T::Read)
        .ignore_then(name())
        .then(head)
        .then(block(entry, &[T::Fresh, T::Failure], broken))
        .map(|((name, (params, result)), entries)| {
            SystemEntryKind::Read(Read { name, params, result, entries })
        })
        .boxed()
}

fn action<'t>(
    exprs: &Exprs<'t>,
    types: &P<'t, TypeExpr>,
    params: &P<'t, Vec<Param>>,
) -> P<'t, SystemEntryKind> {
    let within = tk(T::Within).ignore_then(exprs.operand.clone()).or_not();
    let verify = choice((
        tk(T::Acknowledged).to(ActionEntryKind::VerifyAcknowledged).boxed(),
        exprs
            .expr
            .clone()
            .then(within)
            .map(|(condition, within)| ActionEntryKind::Verify { condition, within })
            .boxed(),
    ));
    let entry = choice([
        tk(T::Effect).ignore_then(commas(effect(exprs))).map(ActionEntryKind::Effect).boxed(),
        once(exprs).map(ActionEntryKind::Once).boxed(),
        tk(T::Before).ignore_then(exprs.operand.clone()).map(ActionEntryKind::Before).boxed(),
        tk(T::Do).ignore_then(request(exprs)).map(ActionEntryKind::Do).boxed(),
        tk(T::Probe).ignore_then(exprs.expr.clone()).map(ActionEntryKind::Probe).boxed(),
        tk(T::Verify).ignore_then(verify).boxed(),
        tk(T::Unverified)
            .ignore_then(because(exprs))
            .map(|because| ActionEntryKind::Unverified { because })
            .boxed(),
        tk(T::Undo).ignore_then(exprs.operand.clone()).map(ActionEntryKind::Undo).boxed(),
        tk(T::Irreversible)
            .ignore_then(because(exprs))
            .map(|because| ActionEntryKind::Irreversible { because })
            .boxed(),
    ])
    .map_with(|kind, e| ActionEntry { span: span(e), kind });
    let broken = |span| ActionEntry { span, kind: ActionEntryKind::Error };
    let head = params.clone().then(tk(T::Arrow).ignore_then(types.clone()).or_not());
    let head = header(head, |span| (Vec::new(), Some(TypeExpr { span, kind: TypeKind::Error })));
    tk(T::Action)
        .ignore_then(name())
        .then(head)
        .then(block(entry, &[], broken))
        .map(|((name, (params, result)), entries)| {
            SystemEntryKind::Action(Action { name, params, result, entries })
        })
        .boxed()
}

/// `once per invoice.id for 30d`
pub(super) fn once<'t>(exprs: &Exprs<'t>) -> P<'t, Once> {
    seq(&[T::Once, T::Per])
        .ignore_then(exprs.expr.clone())
        .then(tk(T::For).ignore_then(exprs.operand.clone()).or_not())
        .map(|(per, lasting)| Once { per, lasting })
        .boxed()
}

fn effect<'t>(exprs: &Exprs<'t>) -> P<'t, Effect> {
    let money = seq(&[T::Moves, T::Money]).ignore_then(one(&[T::In, T::Out])).then(exprs.expr.clone()).map(
        |((direction, _), amount)| {
            let direction = if direction == T::In { Direction::In } else { Direction::Out };
            EffectKind::MovesMoney { direction, amount }
        },
    );
    choice((
        money.boxed(),
        tk(T::Messages).ignore_then(exprs.expr.clone()).map(EffectKind::Messages).boxed(),
        tk(T::Changes).ignore_then(path()).map(EffectKind::Changes).boxed(),
        tk(T::Creates).ignore_then(path()).map(EffectKind::Creates).boxed(),
        tk(T::Deletes).ignore_then(path()).map(EffectKind::Deletes).boxed(),
        tk(T::Grants).ignore_then(exprs.expr.clone()).map(EffectKind::Grants).boxed(),
    ))
    .map_with(|kind, e| Effect { span: span(e), kind })
    .boxed()
}

const COVERED: &[T] = &[T::Money, T::Messages, T::Deletes, T::Changes, T::Creates];

/// `guardrail "…" { … }`
pub(super) fn guardrail<'t>(exprs: &Exprs<'t>) -> P<'t, ItemKind> {
    let needs = one(&[T::Needs, T::Need]);
    let rule = covered(exprs)
        .then_ignore(needs)
        .then(need(exprs).map_with(|need, e| (need, span(e))))
        .then(tk(T::When).ignore_then(condition(exprs)).or_not())
        .map_with(|((covers, (need, need_span)), when), e| GuardrailRule {
            span: span(e),
            covers,
            need,
            need_span,
            when,
        });
    tk(T::Guardrail)
        .ignore_then(exprs.plain.clone())
        .then(block_of_good(rule, COVERED))
        .map(|(title, rules)| ItemKind::Guardrail(Guardrail { title, rules }))
        .boxed()
}

fn covered<'t>(exprs: &Exprs<'t>) -> P<'t, Covered> {
    let per = tk(T::Per).ignore_then(path()).then_ignore(tk(T::In)).then(exprs.operand.clone());
    choice((
        seq(&[T::Money, T::Above])
            .ignore_then(exprs.operand.clone())
            .then(per.or_not())
            .map(|(above, per)| Covered::Money { above, per })
            .boxed(),
        tk(T::Messages)
            .ignore_then(tk(T::From).ignore_then(exprs.plain.clone()).or_not())
            .map(|template| Covered::Messages { template })
            .boxed(),
        seq(&[T::Deletes, T::Of]).ignore_then(path()).map(Covered::Deletes).boxed(),
        seq(&[T::Changes, T::Of]).ignore_then(path()).map(Covered::Changes).boxed(),
        seq(&[T::Creates, T::Of]).ignore_then(path()).map(Covered::Creates).boxed(),
    ))
    .boxed()
}

fn need<'t>(exprs: &Exprs<'t>) -> P<'t, Need> {
    let silence = seq(&[T::Silence, T::Is, T::Enough]).or_not();
    choice((
        tk(T::Review).to(Need::Review).boxed(),
        tk(T::Nothing).ignore_then(because(exprs)).map(|because| Need::Nothing { because }).boxed(),
        path()
            .then(silence)
            .map(|(level, silence)| Need::Level { level, silence_is_enough: silence.is_some() })
            .boxed(),
    ))
    .boxed()
}

fn condition<'t>(exprs: &Exprs<'t>) -> P<'t, GuardrailCondition> {
    let values = choice((
        seq(&[T::One, T::Of]).ignore_then(exprs.list.clone()).boxed(),
        exprs.operand.clone().map(|value| vec![value]).boxed(),
    ));
    let is = tk(T::Is).ignore_then(values).map(Ok);
    let has = tk(T::Has).ignore_then(name()).then(exprs.operand.clone()).map(Err);
    one(&[T::A, T::An])
        .ignore_then(path())
        .then(choice((is.boxed(), has.boxed())))
        .map(|(ty, test)| match test {
            Ok(values) => GuardrailCondition::Is { ty, values },
            Err((field, value)) => GuardrailCondition::Has { ty, field, value },
        })
        .boxed()
}
