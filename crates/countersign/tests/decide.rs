//! The example project, compiled and asked from a Rust program.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

use std::path::Path;

use countersign::{Memory, Program, compile, compile_dir};
use serde_json::{Value as Json, json};

fn invoices() -> Program {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    compile_dir(root).unwrap_or_else(|error| panic!("{error}"))
}

fn input(amount: &str, trusted: bool, blocked: bool) -> Json {
    json!({
        "invoice": {
            "id": "i-1", "vendor": "v-1", "amount": amount, "due": "2026-12-01", "status": "open",
            "entered_by": "ana@acme.test",
        },
        "vendor": {
            "id": "v-1", "name": "Acme", "trusted": trusted, "blocked": blocked, "contact": "ap@acme.test",
        },
    })
}

#[test]
fn the_first_rule_that_holds_answers_and_says_why() {
    let program = invoices();
    let cases = [
        ("120.00 EUR", true, "instant", 2, "small, and we know them"),
        ("120.00 EUR", false, "fast_track", 3, "within the lead's mandate"),
        ("5000.01 EUR", true, "full_review", 4, "above the lead's mandate"),
    ];
    for (amount, trusted, answer, rule, because) in cases {
        let decided = program.decide("approval_level", &input(amount, trusted, false)).unwrap();
        assert_eq!(decided.answer, json!(answer), "{amount}");
        assert_eq!((decided.rule, decided.because.as_deref()), (rule, Some(because)));
    }
    let blocked = program.decide("approval_level", &input("1.00 EUR", true, true)).unwrap();
    assert_eq!((blocked.when.as_str(), blocked.answer), ("vendor.blocked", json!("full_review")));
}

#[test]
fn what_is_wrong_with_an_input_is_named_by_its_path() {
    let program = invoices();
    let refused = |name: &str, input: &Json| program.decide(name, input).unwrap_err().to_string();
    let message = refused("approval_level", &input("-1.00 EUR", true, false));
    assert!(message.starts_with("invoice.amount: "), "{message}");
    let mut partial = input("1.00 EUR", true, false);
    partial["vendor"]["trusted"] = json!("yes");
    assert!(refused("approval_level", &partial).starts_with("vendor.trusted: "));
    partial.as_object_mut().unwrap().remove("vendor");
    assert!(refused("approval_level", &partial).starts_with("vendor: "));
    partial["vendr"] = json!({});
    assert_eq!(refused("approval_level", &partial), "`approval_level` has no parameter `vendr`");
    assert_eq!(
        refused("approval_level", &json!([])),
        "the input of `approval_level` is an object with a field for each parameter"
    );
    assert_eq!(refused("level", &json!({})), "there is no decision `level`; there are: approval_level");
}

#[test]
fn a_project_that_is_refused_says_all_that_is_wrong() {
    let sources = Memory::new().with("a.flow", "enum Colour { red }\nrecord Paint { colour: Color }\n");
    let refused = compile(&sources).into_program().unwrap_err();
    assert_eq!(refused.diagnostics.len(), 1);
    let said = refused.to_string();
    assert!(said.contains("there is no type `Color` here"), "{said}");
    assert!(said.ends_with("the project is refused: 1 error in 1 file"), "{said}");
}

#[test]
fn a_setting_without_a_value_is_named() {
    let sources = Memory::new().with("a.flow", "setting erp_url: Url\n");
    let refused = compile(&sources).into_program().unwrap_err();
    assert!(refused.to_string().contains("the setting `erp_url` has no value"), "{refused}");
}

#[test]
fn a_guardrail_that_does_not_hold_refuses_the_project() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    let mut sources = Memory::new();
    for entry in std::fs::read_dir(root).unwrap().flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        let looser = text.replace("invoice.amount <= 5_000 EUR ", "invoice.amount <= 50_000 EUR ");
        sources = sources.with(entry.file_name().to_str().unwrap(), looser);
    }
    let said = compile(&sources).into_program().unwrap_err().to_string();
    assert!(said.contains("a large payment needs a full review"), "{said}");
}
