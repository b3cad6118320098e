//! Decisions and flows with their stages.

use super::basics::{In, P, block, block_of_good, docs, header, name, one, seq, skip_to_block, span, tk};
use super::expr::Exprs;
use super::fail::Fail;
use super::people::{because, deadline, hand_to, tell};
use super::system::once;
use crate::TokenKind as T;
use crate::ast::{
    Approve, Block, Claim, ClaimTime, Decide, Entry, EntryKind, Expr, ExprKind, Flow, FlowEntry,
    FlowEntryKind, FlowMode, ItemKind, Limit, Name, Param, Rule, Stage, StageKind, Steps, Text, Trigger,
    TypeExpr, TypeKind, WebhookEntry, WebhookEntryKind,
};
use crate::error::Expected;
use chumsky::prelude::*;

/// `decide approval_level(invoice: Invoice) -> payment.Level owned by finance_lead { … }`
pub(super) fn decide<'t>(
    exprs: &Exprs<'t>,
    types: &P<'t, TypeExpr>,
    params: &P<'t, Vec<Param>>,
) -> P<'t, ItemKind> {
    let condition = choice((
        tk(T::When).ignore_then(exprs.expr.clone()).map(Some).boxed(),
        tk(T::Otherwise).to(None).boxed(),
    ));
    let rule = condition
        .then_ignore(tk(T::FatArrow))
        .then(exprs.expr.clone())
        .then(because(exprs).or_not())
        .map_with(|((condition, result), because), e| (span(e), condition, result, because));
    let rule = docs().then(rule).map(|(docs, (span, condition, result, because))| Rule {
        span,
        docs,
        condition,
        result,
        because,
    });
    let head = params.clone().then_ignore(tk(T::Arrow)).then(types.clone()).then(owner().or_not());
    let head = header(head, |span| ((Vec::new(), TypeExpr { span, kind: TypeKind::Error }), None));
    tk(T::Decide)
        .ignore_then(name())
        .then(head)
        .then(block_of_good(rule, &[T::When, T::Otherwise]))
        .map(|((name, ((params, result), owner)), rules)| {
            ItemKind::Decide(Decide { name, params, result, owner, rules })
        })
        .boxed()
}

fn owner<'t>() -> P<'t, Name> {
    seq(&[T::Owned, T::By]).ignore_then(name()).boxed()
}

/// `flow pay_invoice owned by accounts_payable { … }`
pub(super) fn flow<'t>(exprs: &Exprs<'t>, types: &P<'t, TypeExpr>, steps: &P<'t, Steps>) -> P<'t, ItemKind> {
    let mode = one(&[T::Shadow, T::Suggest, T::Live]).map(|(kind, span)| {
        let mode = match kind {
            T::Shadow => FlowMode::Shadow,
            T::Suggest => FlowMode::Suggest,
            _ => FlowMode::Live,
        };
        (mode, span)
    });
    let entry = choice((
        webhook(exprs, types),
        tk(T::Key).ignore_then(exprs.expr.clone()).map(FlowEntryKind::Key).boxed(),
        tk(T::Priority)
            .ignore_then(name())
            .then(tk(T::When).ignore_then(exprs.expr.clone()).or_not())
            .map(|(level, when)| FlowEntryKind::Priority { level, when })
            .boxed(),
        stage(exprs, steps),
    ))
    .map_with(|kind, e| FlowEntry { span: span(e), kind });
    let broken = |span| FlowEntry { span, kind: FlowEntryKind::Error };
    let head = owner().or_not().then(mode.clone().or_not()).then(owner().or_not());
    // A mode may stand before or behind the owner.
    let head = head.map(|((first, mode), second)| (first.or(second), mode));
    tk(T::Flow)
        .ignore_then(name())
        .then(header(head, |_| (None, None)))
        .then(block(entry, &[], broken))
        .map(|((name, (owner, mode)), entries)| ItemKind::Flow(Flow { name, owner, mode, entries }))
        .boxed()
}

fn webhook<'t>(exprs: &Exprs<'t>, types: &P<'t, TypeExpr>) -> P<'t, FlowEntryKind> {
    let entry = choice((
        tk(T::Signed)
            .ignore_then(name())
            .then_ignore(seq(&[T::With, T::Secret]))
            .then(name())
            .map(|(scheme, secret)| WebhookEntryKind::Signed { scheme, secret })
            .boxed(),
        tk(T::Unsigned)
            .ignore_then(because(exprs))
            .map(|because| WebhookEntryKind::Unsigned { because })
            .boxed(),
        once(exprs).map(WebhookEntryKind::Once).boxed(),
    ))
    .map_with(|kind, e| WebhookEntry { span: span(e), kind });
    let broken = |span| WebhookEntry { span, kind: WebhookEntryKind::Error };
    let entries = block(entry, &[T::Signed, T::Unsigned], broken);
    let trigger = seq(&[T::On, T::Webhook])
        .ignore_then(exprs.plain.clone())
        .then_ignore(tk(T::As))
        .then(name())
        .then_ignore(tk(T::Colon))
        .then(types.clone())
        .then(entries.clone().or_not())
        .map(|(((path, event), ty), entries)| {
            FlowEntryKind::On(Trigger::Webhook { path, event, ty, entries: entries.unwrap_or_default() })
        });
    let broken = tk(T::On).ignore_then(skip_to_block()).then(entries).to(FlowEntryKind::Error);
    trigger.recover_with(via_parser(broken)).boxed()
}

fn stage<'t>(exprs: &Exprs<'t>, steps: &P<'t, Steps>) -> P<'t, FlowEntryKind> {
    let does = one(&[T::Understand, T::Decide, T::Act]).then(entries(exprs, steps, false));
    let proves = one(&[T::Verify]).then(entries(exprs, steps, true));
    choice((does.boxed(), proves.boxed()))
        .map(|((kind, keyword), entries)| {
            let kind = match kind {
                T::Understand => StageKind::Understand,
                T::Decide => StageKind::Decide,
                T::Act => StageKind::Act,
                _ => StageKind::Verify,
            };
            FlowEntryKind::Stage(Stage { kind, keyword, entries })
        })
        .boxed()
}

fn broken(span: crate::Span) -> Entry {
    Entry { span, kind: EntryKind::Error }
}

/// The entries of a stage with their braces. Where it proves, an expression is a claim.
fn entries<'t>(exprs: &Exprs<'t>, steps: &P<'t, Steps>, proves: bool) -> P<'t, Vec<Entry>> {
    let (exprs, steps) = (exprs.clone(), steps.clone());
    recursive(|inner| {
        let body = inner.map_with(|entries, e| Block { span: span(e), entries }).boxed();
        let single = choice(single_entries(&exprs, &steps, proves))
            .map_with(|kind, e| Entry { span: span(e), kind })
            .boxed();
        let one = single.clone().map_with(|entry, e| Block { span: span(e), entries: vec![entry] });
        let when = tk(T::When)
            .ignore_then(exprs.expr.clone())
            .then_ignore(tk(T::FatArrow))
            .then(choice((body.clone(), one.boxed())))
            .map(|(condition, body)| EntryKind::When { condition, body });
        let when_broken = tk(T::When)
            .ignore_then(skip_to_block())
            .then(body.clone())
            .map(|(span, body)| EntryKind::When { condition: Expr { span, kind: ExprKind::Error }, body });
        let when = when.recover_with(via_parser(when_broken));
        let many = choice((when.boxed(), approve(&exprs, body)));
        let many = many.map_with(|kind, e| Entry { span: span(e), kind });
        block(choice((many.boxed(), single)), &[], broken)
    })
    .boxed()
}

/// The entries that hold no others.
fn single_entries<'t>(exprs: &Exprs<'t>, steps: &P<'t, Steps>, proves: bool) -> [P<'t, EntryKind>; 7] {
    let within = tk(T::Within).ignore_then(deadline(exprs));
    let otherwise = tk(T::Else).ignore_then(steps.clone()).or_not();
    let limit = within.clone().then(otherwise.clone()).map_with(|(within, otherwise), e| Limit {
        span: span(e),
        within,
        otherwise,
    });
    let bind = name()
        .then_ignore(tk(T::Equals))
        .then(exprs.expr.clone())
        .then(limit.clone().or_not())
        .map(|((name, value), limit)| EntryKind::Bind { name, value, limit });
    [
        bind.boxed(),
        tk(T::Skip).ignore_then(because(exprs)).map(|because| EntryKind::Skip { because }).boxed(),
        hand_to(exprs).map(EntryKind::HandTo).boxed(),
        tell(exprs).map(EntryKind::Tell).boxed(),
        tk(T::Still).ignore_then(exprs.expr.clone()).map(EntryKind::Still).boxed(),
        seq(&[T::Four, T::Eyes, T::With])
            .ignore_then(exprs.expr.clone())
            .map(|with| EntryKind::FourEyes { with })
            .boxed(),
        expression_entry(exprs, steps, proves),
    ]
}

/// A call with its limit, or a claim with its time.
fn expression_entry<'t>(exprs: &Exprs<'t>, steps: &P<'t, Steps>, proves: bool) -> P<'t, EntryKind> {
    let time = choice((
        tk(T::Within).ignore_then(deadline(exprs)).map(ClaimTime::Within).boxed(),
        tk(T::Throughout).ignore_then(deadline(exprs)).map(ClaimTime::Throughout).boxed(),
    ));
    let otherwise = tk(T::Else).ignore_then(steps.clone()).or_not();
    let suffix = time.then(otherwise).map_with(|suffix, e| (suffix, span(e)));
    exprs
        .expr
        .clone()
        .then(suffix.or_not())
        .try_map_with(move |(expr, suffix), e| {
            if suffix.is_some() || can_stand_alone(&expr, proves) {
                return Ok((expr, suffix));
            }
            let tokens: In<'t> = e.slice();
            Err(Fail::label(tokens.first(), Expected::Entry))
        })
        .map(move |(expr, suffix)| match suffix {
            Some(((ClaimTime::Within(within), otherwise), span)) if !proves => {
                EntryKind::Do { call: expr, limit: Some(Limit { span, within, otherwise }) }
            }
            None if !proves => EntryKind::Do { call: expr, limit: None },
            suffix => {
                let (time, otherwise) =
                    suffix.map_or((None, None), |((time, otherwise), _)| (Some(time), otherwise));
                EntryKind::Claim(Claim { condition: expr, time, otherwise })
            }
        })
        .boxed()
}

/// Whether it can be an entry without a time behind it. A single word cannot: it is more likely a misspelt keyword.
fn can_stand_alone(expr: &Expr, proves: bool) -> bool {
    match expr.kind {
        ExprKind::Call { .. } | ExprKind::Aggregate { .. } | ExprKind::Error => true,
        ExprKind::Field { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Compare { .. }
        | ExprKind::Is { .. }
        | ExprKind::Matches { .. }
        | ExprKind::Was { .. } => proves,
        _ => false,
    }
}

fn approve<'t>(exprs: &Exprs<'t>, body: P<'t, Block>) -> P<'t, EntryKind> {
    let showing = tk(T::Showing).ignore_then(exprs.list.clone()).or_not();
    let refused = seq(&[T::If, T::Refused]).ignore_then(body.clone()).or_not();
    let head = exprs
        .args
        .clone()
        .or_not()
        .then_ignore(tk(T::At))
        .then(exprs.operand.clone())
        .then(exprs.text.clone())
        .then(showing)
        .map(|(((args, level), question), showing)| {
            (args.unwrap_or_default(), level, question, showing.unwrap_or_default())
        });
    let head = header(head, |span| {
        let level = Expr { span, kind: ExprKind::Error };
        (Vec::new(), level, Text { span, parts: Vec::new() }, Vec::new())
    });
    tk(T::Approve)
        .ignore_then(name())
        .then(head)
        .then(body)
        .then(refused)
        .map(|(((policy, (args, level, question, showing)), body), if_refused)| {
            EntryKind::Approve(Box::new(Approve { policy, args, level, question, showing, body, if_refused }))
        })
        .boxed()
}
