//! Expressions and texts.

use super::basics::{
    Ex, Extra, In, Inp, P, ahead, commas_in_brackets, name, one, path, skip_bracket, skip_computed, span, tk,
};
use super::fail::Fail;
use crate::ast::{
    Arg, BinaryOp, CompareOp, Comparison, Expr, ExprKind, FieldValue, Generator, IsTest, Name, Path, Period,
    PlainText, RecordLiteral, Text, TextPart, UnaryOp,
};
use crate::error::{Expected, SyntaxErrorKind};
use crate::literal;
use crate::{MAX_HEIGHT, Span, TokenKind as T};
use chumsky::pratt::{infix, left, postfix, prefix};
use chumsky::prelude::*;
use smol_str::SmolStr;

/// An expression, with what the rules that go on from it need to know.
#[derive(Clone)]
struct Built {
    expr: Expr,
    /// Of its tree.
    height: u16,
    /// Whether no brackets stand around it.
    bare: bool,
}

impl Built {
    fn leaf(span: Span, kind: ExprKind) -> Self {
        Self { expr: Expr { span, kind }, height: 1, bare: true }
    }

    /// On top of parts of this height. What grows too high becomes an error, and the parts are dropped.
    fn on(height: u16, span: Span, kind: ExprKind, extra: &mut Extra<'_, '_>) -> Self {
        if height >= MAX_HEIGHT {
            extra.emit(Fail::about(SyntaxErrorKind::TooDeep, span));
            return Self::leaf(span, ExprKind::Error);
        }
        Self { expr: Expr { span, kind }, height: height + 1, bare: true }
    }

    fn boxed(self) -> Box<Expr> {
        Box::new(self.expr)
    }
}

/// Something made of expressions, with the height of the highest.
type High<O> = (O, u16);

/// The rules of expressions, made once and used by all others.
#[derive(Clone)]
pub(super) struct Exprs<'t> {
    /// Any expression.
    pub(super) expr: P<'t, Expr>,
    /// One without operators, such as stands before further words of a clause.
    pub(super) operand: P<'t, Expr>,
    /// `{ a: 1, b }`
    pub(super) record: P<'t, RecordLiteral>,
    /// A text into which something may be computed.
    pub(super) text: P<'t, Text>,
    /// A text into which nothing may be computed.
    pub(super) plain: P<'t, PlainText>,
    /// `(a, name: b)`
    pub(super) args: P<'t, Vec<Arg>>,
    /// `[a, b]`
    pub(super) list: P<'t, Vec<Expr>>,
}

impl Exprs<'_> {
    pub(super) fn new() -> Self {
        let built = recursive(|expr| operators(operand(expr.clone().boxed()), record(expr.boxed()))).boxed();
        let expr = built.clone().map(|built| built.expr).boxed();
        let text = text(built.clone()).map(|(text, _)| text).boxed();
        let list =
            tk(T::BracketOpen).ignore_then(commas_in_brackets(expr.clone())).then_ignore(tk(T::BracketClose));
        Self {
            expr,
            operand: operand(built.clone()).map(|built| built.expr).boxed(),
            record: record(built.clone()).map(|(record, _)| record).boxed(),
            plain: plain(text.clone()),
            text,
            args: plain_args(built).map(|(args, _)| args).boxed(),
            list: list.boxed(),
        }
    }
}

/// Everything above single operands.
fn operators<'t>(operand: P<'t, Built>, record: P<'t, High<RecordLiteral>>) -> P<'t, Built> {
    let with = tk(T::With).ignore_then(record.clone());
    let matches = tk(T::Matches).ignore_then(record);
    let convert = tk(T::In).ignore_then(name()).then_ignore(tk(T::At)).then(path());
    let is = tk(T::Is).ignore_then(tk(T::Not).or_not()).map(|not| not.is_some());
    let list = tk(T::BracketOpen)
        .ignore_then(commas_in_brackets(operand.clone()))
        .then_ignore(tk(T::BracketClose))
        .map(high);
    let test = choice((
        tk(T::One)
            .ignore_then(tk(T::Of))
            .ignore_then(list)
            .map(|(list, height)| (IsTest::OneOf(list), height)),
        tk(T::Some).to((IsTest::Some, 0)),
        tk(T::None).to((IsTest::None, 0)),
    ));
    let is_test = is.clone().then(test).map_with(|(negated, test), e| (negated, test, span(e))).boxed();
    let was = tk(T::Was).ignore_then(name());
    operand
        .pratt((
            prefix(8, tk(T::Minus), |at: Span, of: Built, e: &mut _| unary(UnaryOp::Minus, at, of, e)),
            prefix(3, tk(T::Not), |at: Span, of: Built, e: &mut _| unary(UnaryOp::Not, at, of, e)),
            postfix(10, with.boxed(), |base: Built, (changes, high): High<RecordLiteral>, e: &mut _| {
                let (height, span) = (base.height.max(high), base.expr.span.to(changes.span));
                Built::on(height, span, ExprKind::With { base: base.boxed(), changes }, e)
            }),
            postfix(9, convert.boxed(), |amount: Built, (currency, rates): (Name, Path), e: &mut _| {
                let (height, whole) = (amount.height, amount.expr.span.to(rates.span));
                let rates = Box::new(path_expr(rates.names));
                Built::on(height, whole, ExprKind::Convert { amount: amount.boxed(), currency, rates }, e)
            }),
            infix(left(7), one(&[T::Star, T::Slash]), binary),
            infix(left(6), one(&[T::Plus, T::Minus]), binary),
            infix(left(5), one(&[T::QuestionQuestion]), binary),
            postfix(4, is_test, |subject: Built, (negated, (test, high), end), e: &mut _| {
                let (height, span) = (subject.height.max(high), subject.expr.span.to(end));
                Built::on(height, span, ExprKind::Is { subject: subject.boxed(), negated, test }, e)
            }),
            postfix(4, matches.boxed(), |subject: Built, (pattern, high): High<RecordLiteral>, e: &mut _| {
                let (height, span) = (subject.height.max(high), subject.expr.span.to(pattern.span));
                Built::on(height, span, ExprKind::Matches { subject: subject.boxed(), pattern }, e)
            }),
            postfix(4, was.boxed(), |subject: Built, how: Name, e: &mut _| {
                let (height, span) = (subject.height, subject.expr.span.to(how.span));
                Built::on(height, span, ExprKind::Was { subject: subject.boxed(), how }, e)
            }),
            infix(left(4), is.boxed(), |subject: Built, negated, value: Built, e: &mut _| {
                let height = subject.height.max(value.height);
                let span = subject.expr.span.to(value.expr.span);
                let test = IsTest::Value(value.boxed());
                Built::on(height, span, ExprKind::Is { subject: subject.boxed(), negated, test }, e)
            }),
            infix(
                left(4),
                one(&[T::EqualEqual, T::NotEqual, T::Less, T::AtMost, T::More, T::AtLeast]),
                compare,
            ),
            infix(left(2), one(&[T::And]), binary),
            infix(left(1), one(&[T::Or]), binary),
        ))
        .boxed()
}

fn unary(op: UnaryOp, at: Span, operand: Built, e: &mut Extra<'_, '_>) -> Built {
    let (height, span) = (operand.height, at.to(operand.expr.span));
    Built::on(height, span, ExprKind::Unary { op, operand: operand.boxed() }, e)
}

fn binary(left: Built, (kind, op_span): (T, Span), right: Built, e: &mut Extra<'_, '_>) -> Built {
    let op = match kind {
        T::Star => BinaryOp::Times,
        T::Slash => BinaryOp::Divide,
        T::Plus => BinaryOp::Plus,
        T::Minus => BinaryOp::Minus,
        T::QuestionQuestion => BinaryOp::Default,
        T::And => BinaryOp::And,
        _ => BinaryOp::Or,
    };
    let (height, span) = (left.height.max(right.height), left.expr.span.to(right.expr.span));
    Built::on(height, span, ExprKind::Binary { op, op_span, left: left.boxed(), right: right.boxed() }, e)
}

fn compare(left: Built, (kind, op_span): (T, Span), right: Built, e: &mut Extra<'_, '_>) -> Built {
    let op = match kind {
        T::EqualEqual => CompareOp::Equal,
        T::NotEqual => CompareOp::NotEqual,
        T::Less => CompareOp::Less,
        T::AtMost => CompareOp::AtMost,
        T::More => CompareOp::More,
        _ => CompareOp::AtLeast,
    };
    let span = left.expr.span.to(right.expr.span);
    let link = Comparison { op, op_span, operand: right.expr };
    match left {
        Built { bare: true, height, expr: Expr { kind: ExprKind::Compare { first, mut rest }, .. } } => {
            rest.push(link);
            let height = height.max(right.height.saturating_add(1));
            Built { expr: Expr { span, kind: ExprKind::Compare { first, rest } }, height, bare: true }
        }
        left => {
            let height = left.height.max(right.height);
            Built::on(height, span, ExprKind::Compare { first: left.boxed(), rest: vec![link] }, e)
        }
    }
}

/// What stands behind an operand, again and again.
enum Tail {
    Field(Name),
    Call(Span, High<Vec<Arg>>),
    Aggregate(Span, High<Box<Generator>>),
    Lookup(Span, Built),
    Broken(Span),
}

/// A single thing with its fields, calls and look-ups.
fn operand(expr: P<'_, Built>) -> P<'_, Built> {
    let field = tk(T::Dot).ignore_then(name()).map(Tail::Field);
    let call = tk(T::ParenOpen)
        .ignore_then(inside_call(expr.clone()))
        .then_ignore(tk(T::ParenClose))
        .map_with(|inside, e| match inside {
            Inside::Args(args) => Tail::Call(span(e), args),
            Inside::Generator(generator) => Tail::Aggregate(span(e), generator),
        })
        .recover_with(via_parser(skip_bracket(T::ParenOpen).map(Tail::Broken)));
    let lookup = tk(T::BracketOpen)
        .ignore_then(expr.clone())
        .then_ignore(tk(T::BracketClose))
        .map_with(|key, e| Tail::Lookup(span(e), key))
        .recover_with(via_parser(skip_bracket(T::BracketOpen).map(Tail::Broken)));
    let tail = choice((field, call, lookup)).boxed();
    atom(expr).foldl_with(tail.repeated(), add_tail).boxed()
}

fn add_tail(base: Built, tail: Tail, e: &mut Extra<'_, '_>) -> Built {
    let start = base.expr.span;
    match tail {
        Tail::Field(name) => {
            let (height, span) = (base.height, start.to(name.span));
            Built::on(height, span, ExprKind::Field { base: base.boxed(), name }, e)
        }
        Tail::Call(end, (args, high)) => {
            let height = base.height.max(high);
            Built::on(height, start.to(end), ExprKind::Call { callee: base.boxed(), args }, e)
        }
        Tail::Aggregate(end, (generator, high)) => {
            if let ExprKind::Name(function) = base.expr.kind {
                let kind = ExprKind::Aggregate { function, generator };
                Built::on(high, start.to(end), kind, e)
            } else {
                let item = generator.item.span;
                e.emit(Fail::about(SyntaxErrorKind::Unexpected, item));
                Built::leaf(start.to(end), ExprKind::Error)
            }
        }
        Tail::Lookup(end, key) => {
            let height = base.height.max(key.height);
            let kind = ExprKind::Lookup { base: base.boxed(), key: key.boxed() };
            Built::on(height, start.to(end), kind, e)
        }
        Tail::Broken(end) => Built::leaf(start.to(end), ExprKind::Error),
    }
}

fn high(parts: Vec<Built>) -> High<Vec<Expr>> {
    let height = parts.iter().map(|part| part.height).max().unwrap_or(0);
    (parts.into_iter().map(|part| part.expr).collect(), height)
}

fn high_args(args: Vec<High<Arg>>) -> High<Vec<Arg>> {
    let height = args.iter().map(|(_, height)| *height).max().unwrap_or(0);
    (args.into_iter().map(|(arg, _)| arg).collect(), height)
}

fn arg(expr: P<'_, Built>) -> P<'_, High<Arg>> {
    name()
        .then_ignore(tk(T::Colon))
        .or_not()
        .then(expr)
        .map_with(|(name, value), e| (Arg { span: span(e), name, value: value.expr }, value.height))
        .boxed()
}

fn plain_args(expr: P<'_, Built>) -> P<'_, High<Vec<Arg>>> {
    tk(T::ParenOpen)
        .ignore_then(commas_in_brackets(arg(expr)))
        .then_ignore(tk(T::ParenClose))
        .map(high_args)
        .boxed()
}

/// What stands between the brackets of a call.
enum Inside {
    Args(High<Vec<Arg>>),
    Generator(High<Box<Generator>>),
}

/// Arguments, `line in lines where …`, or `line.amount for line in lines where …`. No part is read twice, since that
/// would double the work with each bracket inside of another.
fn inside_call(expr: P<'_, Built>) -> P<'_, Inside> {
    let short = each(expr.clone())
        .then_ignore(ahead(&[T::ParenClose]))
        .map_with(|each, e| Inside::Generator(generate(None, each, span(e))));
    let rest = choice((
        tk(T::For).ignore_then(each(expr.clone())).map(|each| (Some(each), Vec::new())).boxed(),
        more(arg(expr.clone())).map(|more| (None, more)).boxed(),
    ));
    let full = arg(expr).then(rest).or_not().map_with(|found, e| match found {
        None => Inside::Args((Vec::new(), 0)),
        Some((first, (None, more))) => Inside::Args(high_args(std::iter::once(first).chain(more).collect())),
        Some(((first, height), (Some(each), _))) => {
            if let Some(name) = &first.name {
                e.emit(Fail::about(SyntaxErrorKind::Unexpected, name.span));
            }
            let value = Built { expr: first.value, height, bare: true };
            Inside::Generator(generate(Some(value), each, span(e)))
        }
    });
    choice((short.boxed(), full.boxed())).boxed()
}

/// `line in lines where …`
type Each = ((Name, Built), Option<Built>);

fn each(expr: P<'_, Built>) -> P<'_, Each> {
    name().then_ignore(tk(T::In)).then(expr.clone()).then(tk(T::Where).ignore_then(expr).or_not()).boxed()
}

fn generate(value: Option<Built>, ((item, source), condition): Each, span: Span) -> High<Box<Generator>> {
    let height = |built: &Option<Built>| built.as_ref().map_or(0, |built| built.height);
    let highest = source.height.max(height(&value)).max(height(&condition));
    let generator = Generator {
        span,
        value: value.map(|value| value.expr),
        item,
        source: source.expr,
        condition: condition.map(|condition| condition.expr),
    };
    (Box::new(generator), highest)
}

/// What stands behind the first of several: the others, and perhaps a comma at the end.
fn more<'t, O: 't>(item: P<'t, O>) -> P<'t, Vec<O>> {
    let others = tk(T::Comma).ignore_then(item).repeated().collect::<Vec<_>>();
    others.then_ignore(tk(T::Comma).or_not()).boxed()
}

fn record(expr: P<'_, Built>) -> P<'_, High<RecordLiteral>> {
    fields(expr)
        .recover_with(via_parser(
            skip_bracket(T::BraceOpen).map(|span| (RecordLiteral { span, fields: Vec::new() }, 0)),
        ))
        .boxed()
}

fn fields(expr: P<'_, Built>) -> P<'_, High<RecordLiteral>> {
    let field = name().then(tk(T::Colon).ignore_then(expr).or_not()).map_with(|(name, value), e| {
        let height = value.as_ref().map_or(1, |value| value.height);
        (FieldValue { span: span(e), name, value: value.map(|value| value.expr) }, height)
    });
    tk(T::BraceOpen)
        .ignore_then(commas_in_brackets(field))
        .then_ignore(tk(T::BraceClose))
        .map_with(|fields, e| {
            let height = fields.iter().map(|(_, height)| *height).max().unwrap_or(0);
            let fields = fields.into_iter().map(|(field, _)| field).collect();
            (RecordLiteral { span: span(e), fields }, height)
        })
        .boxed()
}

fn atom(expr: P<'_, Built>) -> P<'_, Built> {
    let broken = |open| skip_bracket(open).map(|span| Built::leaf(span, ExprKind::Error));
    let bracketed = tk(T::ParenOpen)
        .ignore_then(expr.clone())
        .then_ignore(tk(T::ParenClose))
        .map_with(|inner, e| Built { expr: Expr { span: span(e), ..inner.expr }, bare: false, ..inner })
        .recover_with(via_parser(broken(T::ParenOpen)));
    let list = tk(T::BracketOpen)
        .ignore_then(list_body(expr.clone()))
        .then_ignore(tk(T::BracketClose))
        .map_with(|(kind, height), e| Built::on(height, span(e), kind, e))
        .recover_with(via_parser(broken(T::BracketOpen)));
    let record = fields(expr.clone())
        .map_with(|(record, height), e| Built::on(height, record.span, ExprKind::Record(record), e))
        .recover_with(via_parser(broken(T::BraceOpen)));
    let computed = computed_text(expr.clone())
        .map_with(|(text, height), e| Built::on(height, text.span, ExprKind::Text(text), e));
    let render = tk(T::Render)
        .ignore_then(plain(text(expr.clone()).map(|(text, _)| text).boxed()))
        .then(tk(T::With).ignore_then(self::record(expr)).or_not())
        .map_with(|(template, with), e| {
            let (with, height) = with.map_or((None, 0), |(with, height)| (Some(with), height));
            Built::on(height, span(e), ExprKind::Render { template, with }, e)
        });
    let history = tk(T::History).ignore_then(tk(T::Within)).ignore_then(simple()).map_with(|within, e| {
        let kind = ExprKind::History { within: within.boxed() };
        Built::on(1, span(e), kind, e)
    });
    choice((
        simple_but(&[T::Render, T::History]).boxed(),
        computed.boxed(),
        bracketed.boxed(),
        list.boxed(),
        record.boxed(),
        render.boxed(),
        history.boxed(),
        simple().boxed(),
    ))
    .boxed()
}

fn list_body(expr: P<'_, Built>) -> P<'_, High<ExprKind>> {
    let rest = choice((
        tk(T::For).ignore_then(each(expr.clone())).map(|each| (Some(each), Vec::new())).boxed(),
        more(expr.clone()).map(|more| (None, more)).boxed(),
    ));
    expr.then(rest)
        .or_not()
        .map_with(|found, e| match found {
            None => (ExprKind::List(Vec::new()), 0),
            Some((first, (None, more))) => {
                let (all, height) = high(std::iter::once(first).chain(more).collect());
                (ExprKind::List(all), height)
            }
            Some((value, (Some(each), _))) => {
                let (generator, height) = generate(Some(value), each, span(e));
                (ExprKind::Build(generator), height)
            }
        })
        .boxed()
}

fn simple<'t>() -> impl Parser<'t, In<'t>, Built, Ex<'t>> + Clone {
    simple_but(&[])
}

/// What is one token, or a number with its currency.
fn simple_but<'t>(not: &'static [T]) -> impl Parser<'t, In<'t>, Built, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| {
        let Some(tok) = inp.peek_ref().filter(|tok| !not.contains(&tok.kind)) else {
            return Err(Fail::label(inp.peek_ref(), Expected::Expression));
        };
        let source = inp.state().source;
        let text = tok.span.text(source);
        let bad = ExprKind::Error;
        let kind = match tok.kind {
            T::Int | T::Decimal => {
                inp.skip();
                return Ok(number(inp, tok.kind, tok.span, source));
            }
            T::Percent => literal::percent(text).map_or(bad, ExprKind::Percent),
            T::Duration => literal::duration(text).map_or(bad, ExprKind::Duration),
            T::Date => literal::date(text).map_or(bad, ExprKind::Date),
            T::Time => literal::time(text).map_or(bad, ExprKind::Time),
            T::Instant => ExprKind::Instant(SmolStr::new(text)),
            T::True => ExprKind::Bool(true),
            T::False => ExprKind::Bool(false),
            T::None => ExprKind::None,
            T::Text => ExprKind::Text(Text { span: tok.span, parts: literal_part(tok.span, source) }),
            T::BadLiteral | T::BadText => bad,
            kind if kind.can_be_name() => ExprKind::Name(Name { span: tok.span, text: SmolStr::new(text) }),
            _ => return Err(Fail::label(Some(tok), Expected::Expression)),
        };
        inp.skip();
        Ok(Built::leaf(tok.span, kind))
    })
}

/// A number; with a currency behind it, an amount of money, and with `months` or `years`, a period.
fn number<'t>(inp: &mut Inp<'t, '_>, kind: T, at: Span, source: &'t str) -> Built {
    let Some(value) = literal::number(at.text(source)) else {
        return Built::leaf(at, ExprKind::Error);
    };
    if let Some(unit) = inp.peek_ref().filter(|tok| tok.kind == T::Name) {
        let word = unit.span.text(source);
        if word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase()) {
            inp.skip();
            let currency = Name { span: unit.span, text: SmolStr::new(word) };
            return Built::leaf(at.to(unit.span), ExprKind::Money { amount: value, currency });
        }
        let each = match word {
            "month" | "months" => 1,
            "year" | "years" => 12,
            _ => 0,
        };
        let months = u32::try_from(value.unscaled).ok().and_then(|count| count.checked_mul(each));
        if let Some(months) = months.filter(|_| each > 0 && kind == T::Int) {
            inp.skip();
            return Built::leaf(at.to(unit.span), ExprKind::Period(Period { months }));
        }
    }
    let kind = if kind == T::Int { ExprKind::Int(value.unscaled) } else { ExprKind::Decimal(value) };
    Built::leaf(at, kind)
}

/// What stands for itself in a token of a text, which has a quote or brace on each side.
fn literal_part(token: Span, source: &str) -> Vec<TextPart> {
    let text = token.text(source);
    let from = usize::from(text.starts_with(['"', '}']));
    let until = if text.len() > from && text.ends_with(['"', '{']) { text.len() - 1 } else { text.len() };
    let value = literal::unescape(text.get(from..until).unwrap_or(""));
    if value.is_empty() {
        return Vec::new();
    }
    let narrow = |offset: usize| token.start + u32::try_from(offset).unwrap_or(0);
    vec![TextPart::Literal { span: Span::new(narrow(from), narrow(until)), value }]
}

/// A piece of text as it stands in one token.
fn piece<'t>(kind: T) -> impl Parser<'t, In<'t>, Vec<TextPart>, Ex<'t>> + Clone {
    tk(kind).map_with(|at, e| literal_part(at, e.state().source))
}

/// A text into which something is computed.
fn computed_text(expr: P<'_, Built>) -> P<'_, High<Text>> {
    let skipped = skip_computed().map(|span| Built::leaf(span, ExprKind::Error));
    let goes_on = ahead(&[T::TextMiddle, T::TextTail]);
    let computed = expr.then_ignore(goes_on).recover_with(via_parser(skipped)).boxed();
    let more = piece(T::TextMiddle).then(computed.clone()).repeated().collect::<Vec<_>>();
    piece(T::TextHead)
        .then(computed)
        .then(more)
        .then(piece(T::TextTail))
        .map_with(|(((mut parts, first), more), end), e| {
            let mut height = first.height;
            parts.push(TextPart::Computed(first.expr));
            for (literal, computed) in more {
                height = height.max(computed.height);
                parts.extend(literal);
                parts.push(TextPart::Computed(computed.expr));
            }
            parts.extend(end);
            (Text { span: span(e), parts }, height)
        })
        .boxed()
}

fn text<'t>(expr: P<'t, Built>) -> P<'t, High<Text>> {
    let whole = custom(|inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if matches!(tok.kind, T::Text | T::BadText | T::BadLiteral) => {
            inp.skip();
            let parts = match tok.kind {
                T::BadLiteral => Vec::new(),
                _ => literal_part(tok.span, inp.state().source),
            };
            Ok((Text { span: tok.span, parts }, 1))
        }
        tok => Err(Fail::label(tok, Expected::Text)),
    });
    choice((whole.boxed(), computed_text(expr))).boxed()
}

fn plain(text: P<'_, Text>) -> P<'_, PlainText> {
    text.map_with(|text, e| {
        if text.as_plain().is_none() {
            let computed = text.parts.iter().find_map(|part| match part {
                TextPart::Computed(expr) => Some(expr.span),
                TextPart::Literal { .. } => None,
            });
            e.emit(Fail::about(SyntaxErrorKind::ComputedText, computed.unwrap_or(text.span)));
        }
        let value = match text.parts.first() {
            Some(TextPart::Literal { value, .. }) => value.clone(),
            _ => SmolStr::default(),
        };
        PlainText { span: text.span, value }
    })
    .boxed()
}

/// A path as an expression; never empty.
fn path_expr(names: Vec<Name>) -> Expr {
    let mut names = names.into_iter();
    let Some(first) = names.next() else {
        return Expr { span: Span::default(), kind: ExprKind::Error };
    };
    let start = first.span;
    let first = Expr { span: start, kind: ExprKind::Name(first) };
    names.fold(first, |base, name| Expr {
        span: start.to(name.span),
        kind: ExprKind::Field { base: Box::new(base), name },
    })
}
