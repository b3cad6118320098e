//! The evaluator: exact arithmetic, refused where it would leave its range, and rules in their order.
#![allow(clippy::unwrap_used, clippy::unnecessary_box_returns, missing_docs, reason = "tests")]

use countersign_engine::eval::{EvalError, Scope, decide};
use countersign_ir::program::{
    Clause, Comparison, Decision, Expr, Operator, RoleId, Rule, Slot, TextPart, Type,
};
use countersign_ir::value::{Currency, Money, NUMBER_LIMIT, SECOND, Value};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn money(minor: i64, currency: &str) -> Value {
    Value::Money(Money { minor, currency: Currency::new(currency).unwrap() })
}

fn eur(minor: i64) -> Value {
    money(minor, "EUR")
}

fn percent(text: &str) -> Value {
    Value::Percent(text.parse().unwrap())
}

fn constant(value: Value) -> Box<Expr> {
    Box::new(Expr::Const(value))
}

fn eval(expr: &Expr) -> Result<Value, EvalError> {
    Scope { frame: &[], settings: &[] }.eval(expr)
}

fn arithmetic(operator: Operator, left: Value, right: Value) -> Result<Value, EvalError> {
    eval(&Expr::Arithmetic(operator, constant(left), constant(right)))
}

fn compare(how: Comparison, left: Value, right: Value) -> Result<Value, EvalError> {
    eval(&Expr::Compare(how, constant(left), constant(right)))
}

#[test]
fn money_times_a_share_rounds_half_to_even_in_the_minor_unit() {
    let times = |amount: Value, share: &str| arithmetic(Operator::Multiply, amount, percent(share)).unwrap();
    // 0.125, 0.135, 0.25: half of a cent goes to the even one.
    assert_eq!(times(eur(25), "50"), eur(12));
    assert_eq!(times(eur(27), "50"), eur(14));
    assert_eq!(times(eur(100), "19"), eur(19));
    assert_eq!(times(eur(-25), "50"), eur(-12));
    assert_eq!(times(money(1_001, "JPY"), "10"), money(100, "JPY"));
}

#[test]
fn what_leaves_the_range_is_an_error_and_never_wraps() {
    let limit = Value::Int(NUMBER_LIMIT);
    assert_eq!(arithmetic(Operator::Add, limit.clone(), Value::Int(1)), Err(EvalError::Range));
    assert_eq!(arithmetic(Operator::Multiply, limit.clone(), limit), Err(EvalError::Range));
    assert_eq!(arithmetic(Operator::Subtract, eur(-NUMBER_LIMIT), eur(1)), Err(EvalError::Range));
    assert_eq!(
        arithmetic(Operator::Multiply, Value::Duration(i64::MAX), Value::Int(2)),
        Err(EvalError::Range)
    );
    assert_eq!(
        arithmetic(Operator::Add, Value::Instant(i64::MAX), Value::Duration(1)),
        Err(EvalError::Range)
    );
    let wide = Value::Decimal(Decimal::MAX);
    assert_eq!(arithmetic(Operator::Multiply, wide.clone(), wide), Err(EvalError::Range));
}

#[test]
fn two_currencies_are_never_mixed() {
    assert!(matches!(compare(Comparison::Less, eur(1), money(2, "USD")), Err(EvalError::Malformed(_))));
    assert!(matches!(arithmetic(Operator::Add, eur(1), money(2, "USD")), Err(EvalError::Malformed(_))));
}

#[test]
fn dates_and_durations_add_up() {
    let day = 86_400 * SECOND;
    assert_eq!(
        arithmetic(Operator::Add, Value::Date(20_779), Value::Duration(7 * day)),
        Ok(Value::Date(20_786))
    );
    assert_eq!(
        arithmetic(Operator::Subtract, Value::Date(20_786), Value::Date(20_779)),
        Ok(Value::Duration(7 * day))
    );
    // A date has no hours, so half a day cannot be added to it.
    assert!(arithmetic(Operator::Add, Value::Date(20_779), Value::Duration(day / 2)).is_err());
}

#[test]
fn a_whole_number_equals_the_same_decimal() {
    let decimal = Value::Decimal("2".parse().unwrap());
    assert_eq!(compare(Comparison::Equal, Value::Int(2), decimal.clone()), Ok(Value::Bool(true)));
    assert_eq!(compare(Comparison::GreaterOrEqual, Value::Int(2), decimal), Ok(Value::Bool(true)));
}

#[test]
fn and_stops_at_the_first_no() {
    let unset = Expr::Slot(Slot(0));
    let no = Expr::Const(Value::Bool(false));
    let scope = Scope { frame: &[None], settings: &[] };
    assert_eq!(scope.eval(&Expr::And(vec![no.clone(), unset.clone()])), Ok(Value::Bool(false)));
    assert!(matches!(scope.eval(&Expr::And(vec![unset, no])), Err(EvalError::Unset(_))));
}

#[test]
fn a_text_writes_its_values_as_people_read_them() {
    let parts = vec![
        TextPart::Literal("Pay ".into()),
        TextPart::Hole(Expr::Const(eur(123_450))),
        TextPart::Literal(" by ".into()),
        TextPart::Hole(Expr::Const(Value::Date(20_779))),
    ];
    assert_eq!(eval(&Expr::Text(parts)), Ok(Value::text("Pay 1234.50 EUR by 2026-11-22")));
}

/// `when n <= bounds[0] => 0, when n <= bounds[1] => 1, … otherwise => last`
fn ladder(bounds: &[i64], otherwise: bool) -> Decision {
    let mut rules: Vec<Rule> = (0_i64..)
        .zip(bounds)
        .map(|(place, bound)| Rule {
            when: Some(Clause {
                condition: Expr::Compare(
                    Comparison::LessOrEqual,
                    Box::new(Expr::Slot(Slot(0))),
                    constant(Value::Int(*bound)),
                ),
                text: format!("n <= {bound}"),
            }),
            result: Expr::Const(Value::Int(place)),
            because: None,
        })
        .collect();
    if otherwise {
        rules.push(Rule {
            when: None,
            result: Expr::Const(Value::Int(-1)),
            because: Some("above all".into()),
        });
    }
    let param = countersign_ir::program::Param { name: "n".into(), ty: Type::Int };
    Decision {
        name: "ladder".into(),
        doc: String::new(),
        params: vec![param],
        result: Type::Int,
        owner: RoleId(0),
        rules,
    }
}

#[test]
fn a_decision_without_a_rule_for_a_case_says_so() {
    let decision = ladder(&[10], false);
    let error = decide(&decision, &[Some(Value::Int(11))], &[]).unwrap_err();
    assert_eq!(error, EvalError::NoRule("ladder".into()));
}

proptest! {
    #[test]
    fn the_first_rule_that_holds_answers(bounds in prop::collection::vec(-50_i64..50, 0..12), n in -60_i64..60) {
        let decision = ladder(&bounds, true);
        let decided = decide(&decision, &[Some(Value::Int(n))], &[]).unwrap();
        let expected = bounds.iter().position(|bound| n <= *bound);
        prop_assert_eq!(decided.rule, expected.unwrap_or(bounds.len()));
        prop_assert_eq!(decided.because, expected.is_none().then_some("above all"));
    }

    #[test]
    fn shares_of_money_are_what_exact_arithmetic_says(minor in -1_000_000_000_i64..1_000_000_000, basis in 0_i64..20_000) {
        let share = Value::Percent(Decimal::new(basis, 2));
        let Value::Money(result) = arithmetic(Operator::Multiply, eur(minor), share).unwrap() else { panic!() };
        // The naive reference, in integers: minor * basis / 10000, half to even.
        let exact = i128::from(minor) * i128::from(basis);
        let (quotient, rest) = (exact.div_euclid(10_000), exact.rem_euclid(10_000));
        let up = rest > 5_000 || (rest == 5_000 && quotient % 2 != 0);
        prop_assert_eq!(i128::from(result.minor), quotient + i128::from(up));
    }

    #[test]
    fn comparisons_are_a_total_order(a in any::<i64>(), b in any::<i64>()) {
        let holds = |how| compare(how, eur(a), eur(b)).unwrap() == Value::Bool(true);
        let (less, equal, greater) = (holds(Comparison::Less), holds(Comparison::Equal), holds(Comparison::Greater));
        prop_assert_eq!(u8::from(less) + u8::from(equal) + u8::from(greater), 1);
        prop_assert_eq!(holds(Comparison::LessOrEqual), less || equal);
        prop_assert_eq!(holds(Comparison::GreaterOrEqual), greater || equal);
        prop_assert_eq!(holds(Comparison::NotEqual), !equal);
    }
}
