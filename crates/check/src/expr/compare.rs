//! Comparisons, and the words that join conditions.

use countersign_diagnostics::codes;
use countersign_ir::program::{Comparison, Expr, Type, Typed};
use countersign_syntax::{Span, ast};

use super::{Frame, fits, opened, poisoned};
use crate::checker::Checker;
use crate::collect::is_poisoned;

impl Checker<'_> {
    /// `0 <= x <= 9`
    pub(super) fn comparison(
        &mut self,
        frame: &mut Frame,
        first: &ast::Expr,
        rest: &[ast::Comparison],
    ) -> Typed {
        let operands: Vec<&ast::Expr> =
            std::iter::once(first).chain(rest.iter().map(|link| &link.operand)).collect();
        let values = self.alike(frame, &operands);
        let mut parts = Vec::new();
        for (at, link) in rest.iter().enumerate() {
            if let (Some(left), Some(right)) = (values.get(at), values.get(at + 1)) {
                let how = comparison(link.op);
                let whole = operands.get(at).map_or(link.op_span, |left| left.span.to(link.operand.span));
                parts.push(self.compared(how, link.operand.span, whole, left.clone(), right.clone()));
            }
        }
        let expr = match <[Expr; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) => Expr::And(parts),
        };
        Typed { expr, ty: Type::Bool }
    }

    /// Values that are compared with each other: those that need no hint first, since they give it to the others.
    fn alike(&mut self, frame: &mut Frame, operands: &[&ast::Expr]) -> Vec<Typed> {
        let leader = operands.iter().position(|operand| !self.needs_hint(frame, operand)).unwrap_or_default();
        let Some(first) = operands.get(leader).map(|operand| self.infer(frame, operand, None)) else {
            return Vec::new();
        };
        let mut values = Vec::new();
        for (at, operand) in operands.iter().enumerate() {
            values.push(if at == leader {
                first.clone()
            } else {
                self.infer(frame, operand, Some(&first.ty))
            });
        }
        values
    }

    /// Whether an expression means something only, or something else, by the type that is expected.
    fn needs_hint(&self, frame: &Frame, tree: &ast::Expr) -> bool {
        match &tree.kind {
            ast::ExprKind::Name(name) => {
                let known =
                    self.scopes.get(self.here).is_some_and(|scope| scope.peek(name.as_str()).is_some());
                frame.local(name.as_str()).is_none() && !known
            }
            ast::ExprKind::None
            | ast::ExprKind::Int(_)
            | ast::ExprKind::Record(_)
            | ast::ExprKind::List(_) => true,
            ast::ExprKind::Text(text) => text.as_plain().is_some(),
            _ => false,
        }
    }

    /// Whether a name means something whatever type is expected.
    pub(super) fn is_known(&self, frame: &Frame, name: &ast::Name) -> bool {
        let known = self.scopes.get(self.here).is_some_and(|scope| scope.peek(name.as_str()).is_some());
        known || frame.local(name.as_str()).is_some()
    }

    /// One comparison; `value` is where its right side stands, `whole` all of it.
    pub(super) fn compared(
        &mut self,
        how: Comparison,
        value: Span,
        whole: Span,
        left: Typed,
        right: Typed,
    ) -> Expr {
        if !is_poisoned(&left.ty) && !is_poisoned(&right.ty) {
            self.refuse_unlike(how, value, whole, &left.ty, &right.ty);
        }
        Expr::Compare(how, Box::new(left.expr), Box::new(right.expr))
    }

    fn refuse_unlike(&mut self, how: Comparison, value: Span, whole: Span, left: &Type, right: &Type) {
        let (a, b) = (self.type_name(left), self.type_name(right));
        let ordered = !matches!(how, Comparison::Equal | Comparison::NotEqual);
        let problem = match (left, right) {
            (Type::Money(Some(x)), Type::Money(Some(y))) if x != y => self
                .at(codes::CURRENCY_MISMATCH, whole, format!("{x} is compared with {y}"))
                .primary("amounts of two currencies")
                .reason("which of two amounts is larger depends on the day's rate, and the rule names none")
                .help("write both in one currency"),
            (Type::Money(None), Type::Money(_)) | (Type::Money(_), Type::Money(None)) => self
                .at(codes::CURRENCY_MISMATCH, whole, "money of any currency is compared")
                .primary("of which currency?")
                .reason("which of two amounts is larger depends on the day's rate, and the rule names none")
                .help("give the field a currency: `Money(EUR)`"),
            (Type::Optional(_), _) | (_, Type::Optional(_)) if ordered => self
                .at(codes::MAY_BE_ABSENT, whole, "one side of this may be absent")
                .primary(format!("`{a}` and `{b}`"))
                .reason("the rule would have nothing to go by in the very case that somebody has to decide")
                .help("say what holds then, as in `x ?? default`, or ask first: `when x is some and …`"),
            _ => {
                let (left, right) = (opened(left), opened(right));
                let alike = fits(left, right) || fits(right, left);
                if alike && (!ordered || is_ordered(left)) {
                    return;
                }
                if let (Type::Enum(_), Type::Text) = (left, right) {
                    self.misfit(value, right, left);
                    return;
                }
                let problem = if alike {
                    self.at(codes::UNLIKE_COMPARISON, whole, format!("`{a}` has no order"))
                        .primary("neither is more than the other")
                        .help("numbers, money, durations, dates and times can be ordered; ask others with `is` or `is one of`")
                } else {
                    self.at(codes::UNLIKE_COMPARISON, whole, format!("`{a}` is compared with `{b}`"))
                        .primary("these can never be compared")
                        .reason("the rule would say nothing about the case that it was written for")
                };
                match (left, right) {
                    (Type::Money(Some(c)), Type::Int | Type::Decimal)
                    | (Type::Int | Type::Decimal, Type::Money(Some(c))) => {
                        problem.help(format!("write the currency: `… {c}`"))
                    }
                    (Type::Duration, Type::Int) | (Type::Int, Type::Duration) => {
                        problem.help("write the unit: `30min`, `2h`, `5d`")
                    }
                    _ => problem,
                }
            }
        };
        self.push(problem);
    }

    /// `x is open`, `x is one of [a, b]`, `x is some`
    pub(super) fn is(
        &mut self,
        frame: &mut Frame,
        span: Span,
        subject: &ast::Expr,
        negated: bool,
        test: &ast::IsTest,
    ) -> Typed {
        let found = self.infer(frame, subject, None);
        let expr = match test {
            ast::IsTest::Value(value) => {
                let wanted = self.infer(frame, value, Some(&found.ty));
                let how = if negated { Comparison::NotEqual } else { Comparison::Equal };
                return Typed { expr: self.compared(how, value.span, span, found, wanted), ty: Type::Bool };
            }
            ast::IsTest::OneOf(values) => {
                let mut options = Vec::new();
                for value in values {
                    let wanted = self.infer(frame, value, Some(&found.ty));
                    if let Expr::Compare(_, _, option) =
                        self.compared(Comparison::Equal, value.span, span, found.clone(), wanted)
                    {
                        options.push(*option);
                    }
                }
                Expr::OneOf(Box::new(found.expr), options)
            }
            ast::IsTest::Some | ast::IsTest::None => {
                // A condition before may have shown it already; to ask again is harmless.
                let known = frame.some.contains(&found.expr);
                if !known && !matches!(found.ty, Type::Optional(_)) && !is_poisoned(&found.ty) {
                    let shown = self.clause(subject.span);
                    let name = self.type_name(&found.ty);
                    self.push(
                        self.at(codes::TYPE_MISMATCH, span, format!("`{shown}` is never absent"))
                            .primary(format!("`{name}` is always there"))
                            .help("ask `is some` and `is none` only of what has a type `T?`"),
                    );
                    return poisoned();
                }
                let some = Expr::IsSome(Box::new(found.expr));
                if matches!(test, ast::IsTest::Some) { some } else { Expr::Not(Box::new(some)) }
            }
        };
        let expr = if negated { Expr::Not(Box::new(expr)) } else { expr };
        Typed { expr, ty: Type::Bool }
    }

    /// `and` and `or`: what the left side has shown to be there counts on the right.
    pub(super) fn joined(
        &mut self,
        frame: &mut Frame,
        all: bool,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Typed {
        let first = self.expr(frame, left, &Type::Bool);
        let before = frame.some.len();
        frame.some.extend(if all { shown(&first, true) } else { shown(&first, false) });
        let second = self.expr(frame, right, &Type::Bool);
        frame.some.truncate(before);
        let mut parts = Vec::new();
        for part in [first, second] {
            match part {
                Expr::And(inner) if all => parts.extend(inner),
                Expr::Or(inner) if !all => parts.extend(inner),
                part => parts.push(part),
            }
        }
        Typed { expr: if all { Expr::And(parts) } else { Expr::Or(parts) }, ty: Type::Bool }
    }
}

/// The optional values that are there if a condition has that outcome.
pub(crate) fn shown(condition: &Expr, holds: bool) -> Vec<Expr> {
    match condition {
        Expr::IsSome(of) if holds => vec![(**of).clone()],
        Expr::Not(of) => shown(of, !holds),
        Expr::And(parts) if holds => parts.iter().flat_map(|part| shown(part, true)).collect(),
        Expr::Or(parts) if !holds => parts.iter().flat_map(|part| shown(part, false)).collect(),
        _ => Vec::new(),
    }
}

const fn comparison(op: ast::CompareOp) -> Comparison {
    match op {
        ast::CompareOp::Equal => Comparison::Equal,
        ast::CompareOp::NotEqual => Comparison::NotEqual,
        ast::CompareOp::Less => Comparison::Less,
        ast::CompareOp::AtMost => Comparison::LessOrEqual,
        ast::CompareOp::More => Comparison::Greater,
        ast::CompareOp::AtLeast => Comparison::GreaterOrEqual,
    }
}

const fn is_ordered(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Int
            | Type::Decimal
            | Type::Percent
            | Type::Money(_)
            | Type::Duration
            | Type::Date
            | Type::Time
            | Type::Instant
    )
}
