//! Arithmetic, defaults and counts.

use countersign_diagnostics::codes;
use countersign_ir::program::{Expr, Operator, Type, Typed};
use countersign_ir::value::{Money, Value};
use countersign_syntax::{Span, ast};
use rust_decimal::Decimal;

use super::{Frame, constant, opened, poisoned};
use crate::checker::Checker;
use crate::collect::is_poisoned;
use crate::words::a;

impl Checker<'_> {
    pub(super) fn unary(
        &mut self,
        frame: &mut Frame,
        span: Span,
        op: ast::UnaryOp,
        operand: &ast::Expr,
        hint: Option<&Type>,
    ) -> Typed {
        if op == ast::UnaryOp::Not {
            let of = self.expr(frame, operand, &Type::Bool);
            return Typed { expr: Expr::Not(Box::new(of)), ty: Type::Bool };
        }
        let of = self.infer(frame, operand, hint);
        if let Expr::Const(value) = &of.expr
            && let Some(negative) = negated(value)
        {
            return constant(negative, of.ty);
        }
        let zero = match &of.ty {
            ty if is_poisoned(ty) => return poisoned(),
            Type::Int => Value::Int(0),
            Type::Decimal => Value::Decimal(Decimal::ZERO),
            Type::Percent => Value::Percent(Decimal::ZERO),
            Type::Money(Some(currency)) => Value::Money(Money { minor: 0, currency: *currency }),
            Type::Duration => Value::Duration(0),
            ty => {
                let name = self.type_name(ty);
                self.push(
                    self.at(codes::BAD_ARITHMETIC, span, format!("there is no negative of {}", a(&name)))
                        .primary("not a number"),
                );
                return poisoned();
            }
        };
        Typed {
            expr: Expr::Arithmetic(Operator::Subtract, Box::new(Expr::Const(zero)), Box::new(of.expr)),
            ty: of.ty,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one node of the tree")]
    pub(super) fn binary(
        &mut self,
        frame: &mut Frame,
        span: Span,
        op: ast::BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
    ) -> Typed {
        let operator = match op {
            ast::BinaryOp::And => return self.joined(frame, true, left, right),
            ast::BinaryOp::Or => return self.joined(frame, false, left, right),
            ast::BinaryOp::Default => return self.default(frame, left, right, hint),
            ast::BinaryOp::Divide => {
                self.not_yet(op_span, "division");
                return poisoned();
            }
            ast::BinaryOp::Plus => Operator::Add,
            ast::BinaryOp::Minus => Operator::Subtract,
            ast::BinaryOp::Times => Operator::Multiply,
        };
        let decimal = hint.filter(|hint| **hint == Type::Decimal);
        let a = self.infer(frame, left, decimal);
        let b = self.infer(frame, right, decimal);
        if is_poisoned(&a.ty) || is_poisoned(&b.ty) {
            return poisoned();
        }
        match outcome(operator, &a.ty, &b.ty) {
            Some(ty) => Typed { expr: Expr::Arithmetic(operator, Box::new(a.expr), Box::new(b.expr)), ty },
            None => {
                self.refuse_arithmetic(span, operator, &a.ty, &b.ty);
                poisoned()
            }
        }
    }

    fn refuse_arithmetic(&mut self, span: Span, operator: Operator, left: &Type, right: &Type) {
        let (a, b) = (self.type_name(left), self.type_name(right));
        let verb = match operator {
            Operator::Add => "added",
            Operator::Subtract => "subtracted",
            Operator::Multiply => "multiplied",
        };
        let problem = match (left, right) {
            (Type::Money(x), Type::Money(y)) if x != y => self
                .at(codes::CURRENCY_MISMATCH, span, format!("amounts of two currencies cannot be {verb}"))
                .primary(format!("`{a}` and `{b}`"))
                .reason("the sum would depend on the day's rate, and the rule names none")
                .help("write both in one currency"),
            (Type::Optional(_), _) | (_, Type::Optional(_)) => self
                .at(codes::MAY_BE_ABSENT, span, "one side of this may be absent")
                .primary(format!("`{a}` and `{b}`"))
                .help("say what holds then, as in `x ?? default`"),
            (Type::Text, _) | (_, Type::Text) => self
                .at(codes::BAD_ARITHMETIC, span, "texts are not added, they are filled in")
                .primary(format!("`{a}` and `{b}`"))
                .help("write `\"{one} {other}\"`"),
            (Type::Money(_), Type::Duration) | (Type::Duration, Type::Money(_)) => self
                .at(codes::BAD_ARITHMETIC, span, format!("money and time cannot be {verb}"))
                .primary(format!("`{a}` and `{b}`"))
                .help("multiply the amount by a number, as in `amount * 3`"),
            _ => self
                .at(codes::BAD_ARITHMETIC, span, format!("`{a}` and `{b}` cannot be {verb}"))
                .primary("these do not go together")
                .help("numbers, shares, money of one currency and durations add up; money and durations are multiplied by numbers or shares"),
        };
        self.push(problem);
    }

    /// `x ?? default`
    fn default(
        &mut self,
        frame: &mut Frame,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
    ) -> Typed {
        let first = self.infer(frame, left, hint);
        let Type::Optional(of) = &first.ty else {
            if !is_poisoned(&first.ty) {
                let shown = self.clause(left.span);
                let name = self.type_name(&first.ty);
                self.push(
                    self.at(codes::TYPE_MISMATCH, left.span, format!("`{shown}` is never absent"))
                        .primary(format!("`{name}` is always there"))
                        .help("leave `??` and what stands behind it out"),
                );
            }
            return poisoned();
        };
        let second = self.infer(frame, right, Some(of));
        let ty =
            if matches!(second.ty, Type::Optional(_)) { first.ty.clone() } else { opened(&first.ty).clone() };
        let second = self.fit(right.span, second, &ty);
        Typed { expr: Expr::Default(Box::new(first.expr), Box::new(second)), ty }
    }

    /// `count(line in lines)`
    pub(super) fn aggregate(
        &mut self,
        frame: &mut Frame,
        span: Span,
        function: &ast::Name,
        generator: &ast::Generator,
    ) -> Typed {
        if function.as_str() != "count" || generator.condition.is_some() {
            self.not_yet(span, &format!("`{}` over a list", function.text));
            return poisoned();
        }
        let list = self.infer(frame, &generator.source, None);
        match &list.ty {
            ty if is_poisoned(ty) => poisoned(),
            Type::List(..) => Typed { expr: Expr::Count(Box::new(list.expr)), ty: Type::Int },
            ty => {
                let name = self.type_name(ty);
                self.push(
                    self.at(
                        codes::TYPE_MISMATCH,
                        generator.source.span,
                        format!("only lists are counted, and this is `{name}`"),
                    )
                    .primary("not a list"),
                );
                poisoned()
            }
        }
    }
}

/// What two types become, if they go together.
fn outcome(operator: Operator, left: &Type, right: &Type) -> Option<Type> {
    use Type as T;
    let adds = operator != Operator::Multiply;
    Some(match (left, right) {
        (T::Int, T::Int) => T::Int,
        (T::Int | T::Decimal, T::Int | T::Decimal) => T::Decimal,
        (T::Percent, T::Percent) if adds => T::Percent,
        (T::Money(Some(a)), T::Money(Some(b))) if adds && a == b => T::Money(Some(*a)),
        (T::Money(Some(a)), T::Int | T::Decimal | T::Percent) if !adds => T::Money(Some(*a)),
        (T::Int | T::Decimal | T::Percent, T::Money(Some(a))) if !adds => T::Money(Some(*a)),
        (T::Duration, T::Duration) if adds => T::Duration,
        (T::Duration, T::Int) | (T::Int, T::Duration) if !adds => T::Duration,
        (T::Instant, T::Duration) if adds => T::Instant,
        (T::Date, T::Duration) if adds => T::Date,
        (T::Instant, T::Instant) | (T::Date, T::Date) if operator == Operator::Subtract => T::Duration,
        _ => return None,
    })
}

fn negated(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Int(n) => Value::Int(n.checked_neg()?),
        Value::Decimal(n) => Value::Decimal(-*n),
        Value::Percent(n) => Value::Percent(-*n),
        Value::Money(money) => Value::Money(Money { minor: money.minor.checked_neg()?, ..*money }),
        Value::Duration(ns) => Value::Duration(ns.checked_neg()?),
        _ => return None,
    })
}
