//! JSON at the border: what passes, what is refused, and by which path it is named.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use countersign_ir::json::{Refine, Style, decode, to_json};
use countersign_ir::program::{
    Comparison, Enum, EnumId, Expr, FORMAT, Field, Program, Record, RecordId, Refinement, SEMANTICS, Slot,
    Type,
};
use countersign_ir::value::{Currency, Money, Value};

struct AmountIsPositive;

impl Refine for AmountIsPositive {
    fn holds(&self, _: &Expr, fields: &[Value]) -> bool {
        matches!(fields.get(1), Some(Value::Money(money)) if money.minor > 0)
    }
}

fn program() -> Program {
    let eur = Currency::new("EUR").unwrap();
    let field = |name: &str, ty| Field { name: name.into(), ty, refinement: None };
    let positive = Expr::Compare(
        Comparison::Greater,
        Box::new(Expr::Slot(Slot(1))),
        Box::new(Expr::Const(Value::Money(Money { minor: 0, currency: eur }))),
    );
    let amount = Field {
        name: "amount".into(),
        ty: Type::Money(Some(eur)),
        refinement: Some(Refinement { condition: positive, text: "amount > 0 EUR".into() }),
    };
    let line =
        Record { name: "Line".into(), fields: vec![field("sku", Type::Text), field("count", Type::Int)] };
    let invoice = Record {
        name: "Invoice".into(),
        fields: vec![
            field("id", Type::Text),
            amount,
            field("due", Type::Date),
            field("status", Type::Enum(EnumId(0))),
            field("entered_by", Type::Person),
            field("note", Type::Optional(Box::new(Type::Text))),
            field("lines", Type::List(Box::new(Type::Record(RecordId(0))), 2)),
            field("share", Type::Decimal),
        ],
    };
    Program {
        format: FORMAT,
        semantics: SEMANTICS,
        name: "t".into(),
        records: vec![line, invoice],
        enums: vec![Enum { name: "Status".into(), variants: vec!["open".into(), "settled".into()] }],
        settings: vec![],
        secrets: vec![],
        calendars: vec![],
        roles: vec![],
        systems: vec![],
        approvals: vec![],
        decisions: vec![],
        guardrails: vec![],
        flows: vec![],
        templates: vec![],
    }
}

const GOOD: &str = r#"{"id":"i-1","amount":{"amount":"120.10","currency":"EUR"},"due":"2026-12-01","status":"open","entered_by":"ana@acme.test","lines":[{"sku":"a","count":2}],"share":"0.30","unknown":{"deep":[1,2]}}"#;

fn read(json: &str) -> Result<Value, String> {
    let program = program();
    decode(&program, &Type::Record(RecordId(1)), json.as_bytes(), &AmountIsPositive)
        .map_err(|v| v.to_string())
}

fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replace(from, to)).unwrap_err()
}

#[test]
fn a_payload_becomes_slots_and_unknown_fields_are_passed_over() {
    let value = read(GOOD).unwrap();
    let json = to_json(&program(), &Type::Record(RecordId(1)), &value, Style::Wire);
    insta::assert_snapshot!(json, @r#"{"amount":{"amount":"120.10","currency":"EUR"},"due":"2026-12-01","entered_by":"ana@acme.test","id":"i-1","lines":[{"count":2,"sku":"a"}],"note":null,"share":"0.3","status":"open"}"#);
    let people = to_json(&program(), &Type::Record(RecordId(1)), &value, Style::People);
    assert_eq!(people["amount"], "120.10 EUR");
}

#[test]
fn money_comes_in_four_forms_and_keeps_its_digits() {
    let amount = |json: &str| {
        let json = GOOD.replace(r#"{"amount":"120.10","currency":"EUR"}"#, json);
        read(&json).map(|value| match value {
            Value::Record(fields) => fields[1].to_string(),
            other => other.to_string(),
        })
    };
    for form in ["120.1", "\"120.10\"", "\"120.10 EUR\"", r#"{"currency":"EUR","amount":120.10}"#, "1.201e2"]
    {
        assert_eq!(amount(form).unwrap(), "120.10 EUR", "{form}");
    }
    // Seventeen digits, which no float holds.
    assert_eq!(amount("9999999999999.99").unwrap(), "9999999999999.99 EUR");
    for (form, part) in [
        ("\"120 USD\"", "expected EUR, found USD"),
        ("120.105", "at most 2 decimal places"),
        ("1e14", "at most 1e15 minor units"),
        ("\"12o\"", "expected an amount in EUR"),
        ("true", "expected an amount in EUR"),
        ("0", "expected amount > 0 EUR, found 0.00 EUR"),
        ("-5", "expected amount > 0 EUR"),
        ("1e999999999", "expected an amount in EUR"),
    ] {
        let error = amount(form).unwrap_err();
        assert!(error.starts_with("amount: ") && error.contains(part), "{form}: {error}");
    }
}

#[test]
fn what_breaks_the_type_is_named_by_its_path() {
    insta::assert_snapshot!(changed(r#""2026-12-01""#, r#""2026-02-30""#), @r#"due: expected a date such as "2026-11-22", found "2026-02-30""#);
    insta::assert_snapshot!(changed(r#""status":"open""#, r#""status":"paid""#), @r#"status: expected one of open, settled, found "paid""#);
    insta::assert_snapshot!(changed(r#""count":2"#, r#""count":2.5"#), @"lines[0].count: expected a whole number up to 1e15, found 2.5");
    insta::assert_snapshot!(changed(r#"{"sku":"a","count":2}"#, r#"{"sku":"a","count":2},{"sku":"b"}"#), @"lines[1].count: missing, expected Int");
    insta::assert_snapshot!(changed(r#"[{"sku":"a","count":2}]"#, r#"[{"sku":"a","count":1},{"sku":"a","count":1},{"sku":"a","count":1}]"#), @"lines[2]: expected at most 2 elements");
    insta::assert_snapshot!(changed(r#""id":"i-1""#, r#""id":1"#), @"id: expected a text, found 1");
    insta::assert_snapshot!(changed(r#""id":"i-1","#, ""), @"id: missing, expected Text");
    insta::assert_snapshot!(changed(r#""id":"i-1""#, r#""id":"i-1","id":"i-2""#), @"id: this field stands there twice");
    insta::assert_snapshot!(changed("ana@acme.test", "ana"), @r#"entered_by: expected an e-mail address, found "ana""#);
    insta::assert_snapshot!(changed("ana@acme.test", "ana@acme.test>,b@x.test"), @r#"entered_by: expected an e-mail address, found "ana@acme.test>,b@x.test""#);
    insta::assert_snapshot!(read("[]").unwrap_err(), @"invalid type: sequence, expected an object with the fields of Invoice");
    insta::assert_snapshot!(read("{").unwrap_err(), @"not valid JSON: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(read(&format!("{GOOD} x")).unwrap_err(), @"not valid JSON: trailing characters at line 1 column 196");
}

#[test]
fn a_person_is_one_identity_however_their_address_is_written() {
    let json = GOOD.replace("ana@acme.test", "Ana@ACME.test");
    let Value::Record(fields) = read(&json).unwrap() else { panic!("a record") };
    assert_eq!(fields[4], Value::text("ana@acme.test"));
}

#[test]
fn no_prefix_of_a_payload_panics_or_passes() {
    for end in 0..GOOD.len() {
        assert!(read(&GOOD[..end]).is_err(), "{}", &GOOD[..end]);
    }
}
