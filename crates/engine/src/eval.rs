//! Expressions and decisions evaluated: the naive interpreter, which is the reference for whatever is made faster.
//!
//! In go an expression and a frame, out comes a value. Nothing here waits, reads or remembers.

use std::cmp::Ordering;

use countersign_ir::json::Refine;
use countersign_ir::program::{
    Comparison, Decision, DecisionId, Expr, Operator, Program, SettingId, TextPart,
};
use countersign_ir::value::{Money, NUMBER_LIMIT, Value};
use rust_decimal::{Decimal, RoundingStrategy};

/// Why an expression has no value. The checker rules out all but the range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A number left its range.
    #[error("a number left the range of 1e15")]
    Range,
    /// A slot is empty: a name is used before it has its value.
    #[error("`{0}` has no value yet")]
    Unset(String),
    /// The program does not fit itself.
    #[error("the program is not well-formed: {0}")]
    Malformed(String),
    /// No rule fired.
    #[error("no rule of `{0}` covers this case")]
    NoRule(String),
}

fn malformed<T>(what: impl Into<String>) -> Result<T, EvalError> {
    Err(EvalError::Malformed(what.into()))
}

/// What an expression may look at.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Values by slot; `None` is not bound yet.
    pub frame: &'a [Option<Value>],
    /// What the deployment sets.
    pub settings: &'a [Value],
}

/// The rule that fired, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided<'a> {
    /// Its place, from 0.
    pub rule: usize,
    /// The answer.
    pub answer: Value,
    /// Why, in the owner's words.
    pub because: Option<&'a str>,
}

impl Scope<'_> {
    /// The value of an expression.
    ///
    /// # Errors
    /// If a number leaves its range, or the program is not well-formed.
    pub fn eval(&self, expr: &Expr) -> Result<Value, EvalError> {
        Ok(match expr {
            Expr::Const(value) => value.clone(),
            Expr::Slot(slot) => match self.frame.get(slot.index()) {
                Some(Some(value)) => value.clone(),
                Some(None) => return Err(EvalError::Unset(format!("slot {}", slot.0))),
                None => return malformed(format!("there is no slot {}", slot.0)),
            },
            Expr::Setting(id) => self.setting(*id)?,
            Expr::Field(of, place) => match self.eval(of)? {
                Value::Record(fields) => match fields.get(usize::from(*place)) {
                    Some(field) => field.clone(),
                    None => return malformed(format!("there is no field {place}")),
                },
                other => return malformed(format!("a field of {}", other.kind())),
            },
            Expr::Record(fields) => Value::Record(self.all(fields)?.into()),
            Expr::With(of, changes) => match self.eval(of)? {
                Value::Record(fields) => {
                    let mut fields = fields.to_vec();
                    for (place, change) in changes {
                        match fields.get_mut(usize::from(*place)) {
                            Some(field) => *field = self.eval(change)?,
                            None => return malformed(format!("there is no field {place}")),
                        }
                    }
                    Value::Record(fields.into())
                }
                other => return malformed(format!("`with` on {}", other.kind())),
            },
            Expr::List(elements) => Value::List(self.all(elements)?.into()),
            Expr::Text(parts) => Value::text(self.text(parts)?),
            Expr::Compare(how, left, right) => {
                Value::Bool(compare(*how, &self.eval(left)?, &self.eval(right)?)?)
            }
            Expr::OneOf(of, options) => {
                let value = self.eval(of)?;
                let mut found = false;
                for option in options {
                    found |= self.eval(option)? == value;
                }
                Value::Bool(found)
            }
            Expr::IsSome(of) => Value::Bool(self.eval(of)? != Value::None),
            Expr::And(parts) => {
                for part in parts {
                    if !self.holds(part)? {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            Expr::Or(parts) => {
                for part in parts {
                    if self.holds(part)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
            Expr::Not(of) => Value::Bool(!self.holds(of)?),
            Expr::Arithmetic(operator, left, right) => {
                arithmetic(*operator, &self.eval(left)?, &self.eval(right)?)?
            }
            Expr::Default(first, second) => match self.eval(first)? {
                Value::None => self.eval(second)?,
                value => value,
            },
            Expr::Count(of) => match self.eval(of)? {
                Value::List(elements) => {
                    Value::Int(i64::try_from(elements.len()).map_err(|_| EvalError::Range)?)
                }
                other => return malformed(format!("the count of {}", other.kind())),
            },
        })
    }

    /// The values of several expressions.
    ///
    /// # Errors
    /// As [`Scope::eval`].
    pub fn all(&self, exprs: &[Expr]) -> Result<Vec<Value>, EvalError> {
        exprs.iter().map(|expr| self.eval(expr)).collect()
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// As [`Scope::eval`]; also if it is not a condition.
    pub fn holds(&self, condition: &Expr) -> Result<bool, EvalError> {
        match self.eval(condition)? {
            Value::Bool(holds) => Ok(holds),
            other => malformed(format!("{} as a condition", other.kind())),
        }
    }

    /// A text with its holes filled.
    ///
    /// # Errors
    /// As [`Scope::eval`].
    pub fn text(&self, parts: &[TextPart]) -> Result<String, EvalError> {
        self.text_with(parts, ToString::to_string)
    }

    /// A text with its holes filled, each value written by `write`.
    ///
    /// # Errors
    /// As [`Scope::eval`].
    pub fn text_with(
        &self,
        parts: &[TextPart],
        write: impl Fn(&Value) -> String,
    ) -> Result<String, EvalError> {
        let mut text = String::new();
        for part in parts {
            match part {
                TextPart::Literal(literal) => text.push_str(literal),
                TextPart::Hole(expr) => text.push_str(&write(&self.eval(expr)?)),
            }
        }
        Ok(text)
    }

    fn setting(&self, id: SettingId) -> Result<Value, EvalError> {
        match self.settings.get(id.index()) {
            Some(value) => Ok(value.clone()),
            None => malformed(format!("there is no setting {}", id.0)),
        }
    }
}

/// Asks a decision: the first rule whose condition holds answers.
///
/// # Errors
/// If no rule fires (which the checker rules out) or evaluation fails.
pub fn decide<'p>(
    decision: &'p Decision,
    args: &[Option<Value>],
    settings: &[Value],
) -> Result<Decided<'p>, EvalError> {
    let scope = Scope { frame: args, settings };
    for (place, rule) in decision.rules.iter().enumerate() {
        let fires = match &rule.when {
            Some(clause) => scope.holds(&clause.condition)?,
            None => true,
        };
        if fires {
            let answer = scope.eval(&rule.result)?;
            return Ok(Decided { rule: place, answer, because: rule.because.as_deref() });
        }
    }
    Err(EvalError::NoRule(decision.name.clone()))
}

/// Asks a decision of a program by its index.
///
/// # Errors
/// As [`decide`]; also if there is no such decision.
pub fn decide_by_id<'p>(
    program: &'p Program,
    id: DecisionId,
    args: &[Option<Value>],
    settings: &[Value],
) -> Result<(&'p Decision, Decided<'p>), EvalError> {
    match program.decisions.get(id.index()) {
        Some(decision) => decide(decision, args, settings).map(|decided| (decision, decided)),
        None => malformed(format!("there is no decision {}", id.0)),
    }
}

/// The order of two values of one type; none for values that have no order.
fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, EvalError> {
    use Value as V;
    Ok(match (left, right) {
        (V::Int(a), V::Int(b)) | (V::Duration(a), V::Duration(b)) | (V::Instant(a), V::Instant(b)) => {
            Some(a.cmp(b))
        }
        (V::Decimal(a), V::Decimal(b)) | (V::Percent(a), V::Percent(b)) => Some(a.cmp(b)),
        (V::Int(a), V::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (V::Decimal(a), V::Int(b)) => Some(a.cmp(&Decimal::from(*b))),
        (V::Money(a), V::Money(b)) if a.currency == b.currency => Some(a.minor.cmp(&b.minor)),
        (V::Date(a), V::Date(b)) => Some(a.cmp(b)),
        (V::Time(a), V::Time(b)) => Some(a.cmp(b)),
        (V::Money(a), V::Money(b)) => {
            return malformed(format!("{} compared with {}", a.currency, b.currency));
        }
        _ => None,
    })
}

fn compare(how: Comparison, left: &Value, right: &Value) -> Result<bool, EvalError> {
    let ordered = order(left, right)?;
    Ok(match (how, ordered) {
        (Comparison::Equal, None) => left == right,
        (Comparison::NotEqual, None) => left != right,
        (Comparison::Equal, Some(order)) => order.is_eq(),
        (Comparison::NotEqual, Some(order)) => order.is_ne(),
        (Comparison::Less, Some(order)) => order.is_lt(),
        (Comparison::LessOrEqual, Some(order)) => order.is_le(),
        (Comparison::Greater, Some(order)) => order.is_gt(),
        (Comparison::GreaterOrEqual, Some(order)) => order.is_ge(),
        (_, None) => return malformed(format!("the order of {} and {}", left.kind(), right.kind())),
    })
}

fn in_range(number: i128) -> Result<i64, EvalError> {
    i64::try_from(number).ok().filter(|n| n.abs() <= NUMBER_LIMIT).ok_or(EvalError::Range)
}

fn sum(operator: Operator, a: i64, b: i64) -> Result<i128, EvalError> {
    match operator {
        Operator::Add => Ok(i128::from(a) + i128::from(b)),
        Operator::Subtract => Ok(i128::from(a) - i128::from(b)),
        Operator::Multiply => Err(EvalError::Malformed("a product of two amounts".into())),
    }
}

/// Durations and instants may use the whole of 64 bits: they are bounded where they enter.
fn time_sum(operator: Operator, a: i64, b: i64) -> Result<i64, EvalError> {
    i64::try_from(sum(operator, a, b)?).map_err(|_| EvalError::Range)
}

fn decimal_op(operator: Operator, a: Decimal, b: Decimal) -> Result<Decimal, EvalError> {
    let result = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
    };
    let result = result.ok_or(EvalError::Range)?.normalize();
    if result.abs() <= Decimal::from(NUMBER_LIMIT) { Ok(result) } else { Err(EvalError::Range) }
}

/// Rounds half to even to whole minor units.
fn scaled(amount: i64, factor: Decimal) -> Result<i64, EvalError> {
    let product = Decimal::from(amount).checked_mul(factor).ok_or(EvalError::Range)?;
    let rounded = product.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).normalize();
    if rounded.scale() == 0 { in_range(rounded.mantissa()) } else { Err(EvalError::Range) }
}

const DAY: i64 = 86_400 * countersign_ir::value::SECOND;

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, EvalError> {
    use Value as V;
    let hundredth = |percent: &Decimal| percent.checked_div(Decimal::ONE_HUNDRED).ok_or(EvalError::Range);
    Ok(match (operator, left, right) {
        (Operator::Multiply, V::Int(a), V::Int(b)) => V::Int(in_range(i128::from(*a) * i128::from(*b))?),
        (_, V::Int(a), V::Int(b)) => V::Int(in_range(sum(operator, *a, *b)?)?),
        (_, V::Decimal(a), V::Decimal(b)) => V::Decimal(decimal_op(operator, *a, *b)?),
        (_, V::Int(a), V::Decimal(b)) => V::Decimal(decimal_op(operator, Decimal::from(*a), *b)?),
        (_, V::Decimal(a), V::Int(b)) => V::Decimal(decimal_op(operator, *a, Decimal::from(*b))?),
        (Operator::Add | Operator::Subtract, V::Percent(a), V::Percent(b)) => {
            V::Percent(decimal_op(operator, *a, *b)?)
        }
        (Operator::Add | Operator::Subtract, V::Money(a), V::Money(b)) if a.currency == b.currency => {
            V::Money(Money { minor: in_range(sum(operator, a.minor, b.minor)?)?, currency: a.currency })
        }
        (Operator::Multiply, V::Money(money), V::Int(n))
        | (Operator::Multiply, V::Int(n), V::Money(money)) => V::Money(Money {
            minor: in_range(i128::from(money.minor) * i128::from(*n))?,
            currency: money.currency,
        }),
        (Operator::Multiply, V::Money(money), V::Decimal(n))
        | (Operator::Multiply, V::Decimal(n), V::Money(money)) => {
            V::Money(Money { minor: scaled(money.minor, *n)?, currency: money.currency })
        }
        (Operator::Multiply, V::Money(money), V::Percent(n))
        | (Operator::Multiply, V::Percent(n), V::Money(money)) => {
            V::Money(Money { minor: scaled(money.minor, hundredth(n)?)?, currency: money.currency })
        }
        (Operator::Add | Operator::Subtract, V::Duration(a), V::Duration(b)) => {
            V::Duration(time_sum(operator, *a, *b)?)
        }
        (Operator::Multiply, V::Duration(a), V::Int(n)) | (Operator::Multiply, V::Int(n), V::Duration(a)) => {
            V::Duration(a.checked_mul(*n).ok_or(EvalError::Range)?)
        }
        (Operator::Add | Operator::Subtract, V::Instant(a), V::Duration(b)) => {
            V::Instant(time_sum(operator, *a, *b)?)
        }
        (Operator::Subtract, V::Instant(a), V::Instant(b)) => V::Duration(time_sum(operator, *a, *b)?),
        (Operator::Add | Operator::Subtract, V::Date(a), V::Duration(b)) if b % DAY == 0 => {
            let days = time_sum(operator, i64::from(*a), b / DAY)?;
            V::Date(i32::try_from(days).map_err(|_| EvalError::Range)?)
        }
        (Operator::Subtract, V::Date(a), V::Date(b)) => {
            let days = i64::from(*a) - i64::from(*b);
            V::Duration(days.checked_mul(DAY).ok_or(EvalError::Range)?)
        }
        _ => return malformed(format!("{operator:?} of {} and {}", left.kind(), right.kind())),
    })
}

/// Refinements at the door, by this evaluator.
pub struct Refinements<'a> {
    /// What the deployment sets.
    pub settings: &'a [Value],
}

impl Refine for Refinements<'_> {
    fn holds(&self, condition: &Expr, fields: &[Value]) -> bool {
        let frame: Vec<Option<Value>> = fields.iter().cloned().map(Some).collect();
        // A condition that cannot be evaluated does not hold: what is doubtful stays outside.
        Scope { frame: &frame, settings: self.settings }.holds(condition).unwrap_or(false)
    }
}
