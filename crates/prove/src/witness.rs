//! A case that slips through: values for what the rules look at, found by trying and checked by evaluating the rules.
//!
//! The amount is fixed just above the limit; everything else that the conditions compare gets each of the few values that
//! make a difference. A case counts only if the evaluated rules, in their order, really give the rule in question.

use countersign_ir::program::{Comparison, Expr, Rule};
use countersign_ir::value::{Money, Value};

/// How many cases are tried before it is given up.
const BUDGET: usize = 20_000;

/// Terms and the values that they have in a case.
pub(crate) type Case = Vec<(Expr, Value)>;

/// Whether a term is a plain place: a slot, a field, a setting.
pub(crate) fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Slot(_) | Expr::Setting(_) => true,
        Expr::Field(of, _) => is_place(of),
        _ => false,
    }
}

/// Collects places and the values that are worth a try for each.
fn collect(expr: &Expr, terms: &mut Vec<(Expr, Vec<Value>)>) {
    let mut note = |term: &Expr, values: &[Value]| {
        let at = terms.iter().position(|(known, _)| known == term).unwrap_or_else(|| {
            terms.push((term.clone(), Vec::new()));
            terms.len() - 1
        });
        if let Some((_, known)) = terms.get_mut(at) {
            for value in values {
                if !known.contains(value) {
                    known.push(value.clone());
                }
            }
        }
    };
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, terms)),
        Expr::Not(of) => collect(of, terms),
        place if is_place(place) => note(place, &[Value::Bool(true), Value::Bool(false)]),
        Expr::Compare(_, left, right) => {
            for (term, other) in [(left, right), (right, left)] {
                match (&**term, &**other) {
                    (place, Expr::Const(value)) if is_place(place) => note(place, &around(value)),
                    (place, other) if is_place(place) && is_place(other) => note(place, &[]),
                    _ => {}
                }
            }
        }
        Expr::OneOf(of, options) if is_place(of) => {
            let values: Vec<Value> = options
                .iter()
                .filter_map(|option| if let Expr::Const(value) = option { Some(value.clone()) } else { None })
                .collect();
            note(of, &values);
        }
        _ => {}
    }
}

/// Whether a condition looks at a place.
pub(crate) fn looks_at(condition: &Expr, term: &Expr) -> bool {
    let mut terms = Vec::new();
    collect(condition, &mut terms);
    terms.iter().any(|(known, _)| known == term)
}

/// A constant and its neighbours: enough to be on either side of a comparison with it.
fn around(value: &Value) -> Vec<Value> {
    let step = |by: i64| match value {
        Value::Int(n) => n.checked_add(by).map(Value::Int),
        Value::Money(money) => {
            money.minor.checked_add(by).map(|minor| Value::Money(Money { minor, currency: money.currency }))
        }
        Value::Duration(ns) => ns.checked_add(by).map(Value::Duration),
        Value::Date(days) => i32::try_from(by).ok().and_then(|by| days.checked_add(by)).map(Value::Date),
        _ => None,
    };
    std::iter::once(value.clone()).chain([step(1), step(-1)].into_iter().flatten()).collect()
}

fn lookup(case: &[(Expr, Value)], term: &Expr) -> Option<Value> {
    match term {
        Expr::Const(value) => Some(value.clone()),
        _ => case.iter().find(|(known, _)| known == term).map(|(_, value)| value.clone()),
    }
}

/// Whether a condition holds in a case; none if the case does not say.
pub(crate) fn holds(case: &[(Expr, Value)], condition: &Expr) -> Option<bool> {
    match condition {
        Expr::And(parts) => {
            let all: Vec<_> = parts.iter().map(|part| holds(case, part)).collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else {
                all.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
        }
        Expr::Or(parts) => {
            let all: Vec<_> = parts.iter().map(|part| holds(case, part)).collect();
            if all.contains(&Some(true)) {
                Some(true)
            } else {
                all.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
            }
        }
        Expr::Not(of) => holds(case, of).map(|holds| !holds),
        Expr::Compare(how, left, right) => {
            let (left, right) = (lookup(case, left)?, lookup(case, right)?);
            let order = match (&left, &right) {
                (Value::Int(a), Value::Int(b)) | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
                (Value::Date(a), Value::Date(b)) => a.cmp(b),
                (Value::Money(a), Value::Money(b)) if a.currency == b.currency => a.minor.cmp(&b.minor),
                (a, b) => {
                    return match how {
                        Comparison::Equal => Some(a == b),
                        Comparison::NotEqual => Some(a != b),
                        _ => None,
                    };
                }
            };
            Some(match how {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            })
        }
        Expr::OneOf(of, options) => {
            let value = lookup(case, of)?;
            let options: Option<Vec<Value>> = options.iter().map(|option| lookup(case, option)).collect();
            options.map(|options| options.contains(&value))
        }
        Expr::Const(Value::Bool(yes)) => Some(*yes),
        place => match lookup(case, place)? {
            Value::Bool(yes) => Some(yes),
            _ => None,
        },
    }
}

/// A case in which the rule at `wanted` is the first that fires, with the amount as given.
///
/// The conditions are already in the words of the flow. `settings` are the values that settings have in the case.
pub(crate) fn find(
    conditions: &[Option<Expr>],
    wanted: usize,
    amount: (&Expr, Money),
    settings: &[(Expr, Value)],
) -> Option<Case> {
    let mut terms = Vec::new();
    for condition in conditions.iter().take(wanted + 1).flatten() {
        collect(condition, &mut terms);
    }
    let mut case: Case = vec![(amount.0.clone(), Value::Money(amount.1))];
    case.extend(settings.iter().cloned());
    terms.retain(|(term, values)| !values.is_empty() && !case.iter().any(|(known, _)| known == term));
    let mut budget = BUDGET;
    search(conditions, wanted, &terms, &mut case, &mut budget)
}

fn search(
    conditions: &[Option<Expr>],
    wanted: usize,
    terms: &[(Expr, Vec<Value>)],
    case: &mut Case,
    budget: &mut usize,
) -> Option<Case> {
    let Some(((term, values), rest)) = terms.split_first() else {
        *budget = budget.checked_sub(1)?;
        return fires(conditions, wanted, case).then(|| case.clone());
    };
    for value in values {
        if *budget == 0 {
            return None;
        }
        case.push((term.clone(), value.clone()));
        let found = search(conditions, wanted, rest, case, budget);
        case.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

fn fires(conditions: &[Option<Expr>], wanted: usize, case: &Case) -> bool {
    conditions.iter().take(wanted + 1).enumerate().all(|(place, condition)| {
        let holds = condition.as_ref().map_or(Some(true), |condition| holds(case, condition));
        holds == Some(place == wanted)
    })
}

/// The rules' conditions in the words of the flow.
pub(crate) fn conditions(rules: &[Rule], args: &[Expr]) -> Vec<Option<Expr>> {
    let condition =
        |rule: &Rule| rule.when.as_ref().map(|clause| crate::terms::substitute(&clause.condition, args));
    rules.iter().map(condition).collect()
}
