//! Expressions: from the tree to the program's, with their types.
//!
//! A hint of the expected type goes down, so that `refused` finds its enum and `"ap@acme.test"` becomes an address; the
//! type comes up. Reads, renderings and questions to decisions inside an expression are lifted out of it: they go into a
//! slot of the frame, and whoever called turns them into steps. What is wrong is poison, and nothing is said of it again.

mod call;
mod compare;
mod frame;
mod lift;
mod name;
mod number;
mod record;
mod text;

pub(crate) use call::Callee;
pub(crate) use compare::shown;
pub(crate) use frame::{Frame, Lift, Lifting, Local, Missing, children, height, map_slots, mentions, size};

use countersign_diagnostics::{Fix, codes};
use countersign_ir::program::{Expr, Type, Typed};
use countersign_ir::value::{NUMBER_LIMIT, Value};
use countersign_syntax::{Span, ast};
use rust_decimal::Decimal;

use crate::checker::{Checker, POISON};
use crate::collect::is_poisoned;

/// Where enough has been said.
pub(crate) fn poisoned() -> Typed {
    Typed { expr: Expr::Const(Value::None), ty: POISON }
}

pub(crate) fn constant(value: Value, ty: Type) -> Typed {
    Typed { expr: Expr::Const(value), ty }
}

/// The type inside `T?`, or the type itself.
pub(crate) fn opened(ty: &Type) -> &Type {
    match ty {
        Type::Optional(of) => of,
        ty => ty,
    }
}

impl Checker<'_> {
    /// An expression that must be of that type.
    pub(crate) fn expr(&mut self, frame: &mut Frame, tree: &ast::Expr, want: &Type) -> Expr {
        let found = self.infer(frame, tree, Some(want));
        self.fit(tree.span, found, want)
    }

    /// An expression of any type.
    pub(crate) fn infer(&mut self, frame: &mut Frame, tree: &ast::Expr, hint: Option<&Type>) -> Typed {
        if let (ast::ExprKind::Name(name), Some(hint)) = (&tree.kind, hint)
            && is_poisoned(hint)
            && !self.is_known(frame, name)
        {
            // Something is wrong with the type that is expected; this may be one of its values.
            return poisoned();
        }
        let hint = hint.map(opened).filter(|ty| !is_poisoned(ty));
        let found = match &tree.kind {
            ast::ExprKind::Text(text) => self.text(frame, text, hint),
            ast::ExprKind::Int(n) => self.int(tree.span, *n, hint),
            ast::ExprKind::Decimal(number) => self.decimal(tree.span, *number),
            ast::ExprKind::Money { amount, currency } => self.money(tree.span, *amount, currency),
            ast::ExprKind::Percent(number) => match self.decimal(tree.span, *number) {
                Typed { expr: Expr::Const(Value::Decimal(n)), .. } => {
                    constant(Value::Percent(n), Type::Percent)
                }
                failed => failed,
            },
            ast::ExprKind::Duration(literal) => self.duration_literal(tree.span, *literal),
            ast::ExprKind::Date(date) => self.date(tree.span, *date),
            ast::ExprKind::Time(time) => self.time(tree.span, *time),
            ast::ExprKind::Instant(text) => match countersign_ir::time::parse_instant(text) {
                Some(ns) => constant(Value::Instant(ns), Type::Instant),
                None => self.impossible(tree.span, "is no point in time that exists"),
            },
            ast::ExprKind::Bool(yes) => constant(Value::Bool(*yes), Type::Bool),
            ast::ExprKind::None => match hint {
                Some(of) => constant(Value::None, Type::Optional(Box::new(of.clone()))),
                None => {
                    self.push(
                        self.at(codes::TYPE_MISMATCH, tree.span, "`none` of what?")
                            .help("`none` can stand only where a value of a known type may be absent"),
                    );
                    poisoned()
                }
            },
            ast::ExprKind::Name(name) => self.name(frame, name, hint),
            ast::ExprKind::Field { base, name } => self.field(frame, base, name),
            ast::ExprKind::Call { callee, args } => self.call(frame, tree.span, callee, args),
            ast::ExprKind::Record(literal) => self.record(frame, literal, hint),
            ast::ExprKind::List(items) => self.list(frame, tree.span, items, hint),
            ast::ExprKind::With { base, changes } => self.with(frame, base, changes, hint),
            ast::ExprKind::Unary { op, operand } => self.unary(frame, tree.span, *op, operand, hint),
            ast::ExprKind::Binary { op, op_span, left, right } => {
                self.binary(frame, tree.span, *op, *op_span, left, right, hint)
            }
            ast::ExprKind::Compare { first, rest } => self.comparison(frame, first, rest),
            ast::ExprKind::Is { subject, negated, test } => {
                self.is(frame, tree.span, subject, *negated, test)
            }
            ast::ExprKind::Matches { subject, pattern } => self.matches(frame, subject, pattern),
            ast::ExprKind::Aggregate { function, generator } => {
                self.aggregate(frame, tree.span, function, generator)
            }
            ast::ExprKind::Render { template, with } => {
                self.render(frame, tree.span, template, with.as_ref())
            }
            ast::ExprKind::History { within } => self.history(frame, tree.span, within),
            ast::ExprKind::Period(_) => self.later(tree.span, "a period of the calendar"),
            ast::ExprKind::Lookup { .. } => self.later(tree.span, "a lookup in a keyed list"),
            ast::ExprKind::Build(_) => self.later(tree.span, "building a list"),
            ast::ExprKind::Was { .. } => self.later(tree.span, "asking how a fact was reached"),
            ast::ExprKind::Convert { .. } => self.later(tree.span, "a conversion of currencies"),
            ast::ExprKind::Error => poisoned(),
        };
        opened_where_known(frame, found)
    }

    fn later(&mut self, span: Span, what: &str) -> Typed {
        self.not_yet(span, what);
        poisoned()
    }

    fn impossible(&mut self, span: Span, what: &str) -> Typed {
        let shown = self.clause(span);
        self.push(self.at(codes::IMPOSSIBLE_VALUE, span, format!("`{shown}` {what}")));
        poisoned()
    }

    /// Whether a value can stand where that type is needed; says so if not.
    pub(crate) fn fit(&mut self, span: Span, found: Typed, want: &Type) -> Expr {
        if !fits(&found.ty, want) {
            self.misfit(span, &found.ty, want);
        }
        found.expr
    }

    pub(super) fn misfit(&mut self, span: Span, found: &Type, want: &Type) {
        let (found_name, want_name) = (self.type_name(found), self.type_name(want));
        let shown = self.clause(span);
        let problem = match (found, want) {
            (Type::Optional(of), want) if fits(of, want) => self
                .at(codes::MAY_BE_ABSENT, span, format!("`{shown}` may be absent"))
                .primary(format!("`{found_name}`, and `{want_name}` is needed"))
                .reason("the rule would have nothing to go by in the very case that somebody has to decide")
                .help("say what holds then, as in `x ?? default`, or ask first: `when x is some and …`"),
            (Type::Money(Some(a)), Type::Money(Some(b))) => self
                .at(codes::CURRENCY_MISMATCH, span, format!("{a} where {b} is needed"))
                .primary(format!("an amount in {a}"))
                .reason("amounts of two currencies cannot be taken for each other: a limit in one is no limit in the other")
                .help(format!("write the amount in {b}")),
            (Type::Int | Type::Decimal, Type::Money(currency)) => {
                let code = currency.map_or("EUR".to_owned(), |currency| currency.to_string());
                self.at(codes::TYPE_MISMATCH, span, format!("`{shown}` is a number, and an amount of money is needed"))
                    .primary("of which currency?")
                    .help(format!("write `{shown} {code}`"))
                    .fix(Fix::suggested(format!("write `{shown} {code}`")).insert(self.file(), span.end as usize, format!(" {code}")))
            }
            (Type::List(a, most), Type::List(b, room)) if fits(a, b) => self
                .at(codes::LIST_BOUNDS, span, format!("`{shown}` may hold more than there is room for"))
                .primary(format!("up to {most}, and {room} is the most"))
                .help("let the narrower type hold as many"),
            (Type::Text, Type::Enum(id)) => {
                let known = self.program.enums.get(id.index()).map_or(&[][..], |known| known.variants.as_slice());
                let bare = shown.trim_matches('"').to_owned();
                let problem = self
                    .at(codes::TYPE_MISMATCH, span, format!("`{shown}` is a text, and {} is needed", crate::words::a(&want_name)))
                    .primary("a value of an enum has no quotes");
                if known.contains(&bare) {
                    let fix = Fix::safe(format!("write `{bare}`")).edit(self.file(), span.range(), bare.clone());
                    problem.help(format!("write `{bare}`")).fix(fix)
                } else {
                    problem.help(format!("its values are {}", crate::words::listed(known, "and")))
                }
            }
            (found, want) => {
                let problem = self
                    .at(codes::TYPE_MISMATCH, span, format!("expected `{want_name}`, found `{found_name}`"))
                    .primary(format!("this is `{found_name}`"));
                match (found, want) {
                    (Type::Text, Type::Draft) => problem.help("a message is rendered: `render \"file.txt\" with { … }`"),
                    (Type::Email, Type::Person) | (Type::Person, Type::Email) => {
                        problem.help("a `Person` is somebody who can sign in, an `Email` an address to write to")
                    }
                    _ => problem,
                }
            }
        };
        self.push(problem);
    }

    fn int(&mut self, span: Span, n: i64, hint: Option<&Type>) -> Typed {
        if n.checked_abs().is_none_or(|size| size > NUMBER_LIMIT) {
            return self.impossible(span, "is larger than the largest number, 1e15");
        }
        if hint == Some(&Type::Decimal) {
            return constant(Value::decimal(Decimal::from(n)), Type::Decimal);
        }
        constant(Value::Int(n), Type::Int)
    }

    fn decimal(&mut self, span: Span, number: ast::Number) -> Typed {
        match exact(number).filter(|n| n.abs() <= Decimal::from(NUMBER_LIMIT)) {
            Some(n) => constant(Value::decimal(n), Type::Decimal),
            None => self.impossible(span, "is larger than the largest number, 1e15"),
        }
    }

    fn money(&mut self, span: Span, amount: ast::Number, code: &ast::Name) -> Typed {
        let Some(currency) = self.currency(code) else { return poisoned() };
        let money = exact(amount).and_then(|n| countersign_ir::value::Money::from_decimal(n, currency));
        match money {
            Some(money) => constant(Value::Money(money), Type::Money(Some(currency))),
            None => {
                let shown = self.clause(span);
                self.push(
                    self.at(codes::IMPOSSIBLE_VALUE, span, format!("`{shown}` is no amount of {currency}"))
                        .help(format!("{currency} has {} decimal places, and an amount at most 1e15 of its smallest unit", currency.exponent())),
                );
                poisoned()
            }
        }
    }

    fn duration_literal(&mut self, span: Span, literal: ast::DurationLiteral) -> Typed {
        match i64::try_from(literal.total_millis()).ok().and_then(|ms| ms.checked_mul(1_000_000)) {
            Some(ns) => constant(Value::Duration(ns), Type::Duration),
            None => self.impossible(span, "is longer than any deadline"),
        }
    }

    fn date(&mut self, span: Span, date: ast::DateLiteral) -> Typed {
        match date_days(date) {
            Some(days) => constant(Value::Date(days), Type::Date),
            None => self.impossible(span, "is no day of the calendar"),
        }
    }

    fn time(&mut self, span: Span, time: ast::TimeLiteral) -> Typed {
        match time_seconds(time) {
            Some(seconds) => constant(Value::Time(seconds), Type::Time),
            None => self.impossible(span, "is no time of day"),
        }
    }
}

/// What a condition before has shown to be there is no longer optional.
fn opened_where_known(frame: &Frame, found: Typed) -> Typed {
    match found {
        Typed { expr, ty: Type::Optional(of) } if frame.some.contains(&expr) => Typed { expr, ty: *of },
        found => found,
    }
}

/// Whether a value of one type is one of another without a change.
pub(crate) fn fits(found: &Type, want: &Type) -> bool {
    if is_poisoned(found) || is_poisoned(want) || found == want {
        return true;
    }
    match (found, want) {
        (Type::Optional(found), Type::Optional(want)) => fits(found, want),
        (found, Type::Optional(want)) => fits(found, want),
        (Type::List(found, most), Type::List(want, room)) => most <= room && fits(found, want),
        // An address was checked at the door, and what is left is a text; an amount of one currency is an amount.
        (Type::Money(Some(_)), Type::Money(None)) | (Type::Email | Type::Url | Type::Person, Type::Text) => {
            true
        }
        _ => false,
    }
}

/// The exact decimal of a number as it was written.
fn exact(number: ast::Number) -> Option<Decimal> {
    Decimal::try_new(number.unscaled, u32::from(number.scale)).ok()
}

/// Days since 1970-01-01, of a day that exists.
pub(crate) fn date_days(date: ast::DateLiteral) -> Option<i32> {
    let month = i8::try_from(date.month).ok()?;
    let day = i8::try_from(date.day).ok()?;
    let date = jiff::civil::Date::new(date.year, month, day).ok()?;
    countersign_ir::time::parse_date(&date.to_string())
}

/// Seconds since midnight, of a time that exists.
pub(crate) fn time_seconds(time: ast::TimeLiteral) -> Option<u32> {
    (time.hour < 24 && time.minute < 60 && time.second < 60)
        .then(|| u32::from(time.hour) * 3_600 + u32::from(time.minute) * 60 + u32::from(time.second))
}
