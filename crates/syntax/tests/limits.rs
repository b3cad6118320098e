//! Whatever a text nests, repeats or is made of, parsing it ends, with an error and without a panic.

use countersign_syntax::{MAX_BYTES, MAX_TOKENS, SyntaxErrorKind, parse};

fn kinds(source: &str) -> Vec<SyntaxErrorKind> {
    parse(source).errors.iter().map(|error| error.kind).collect()
}

fn check_too_deep(before: &str, repeated: &str, after: &str) {
    for times in [60, 1_000, 20_000] {
        let source = format!("{before}{}{after}", repeated.repeat(times));
        assert!(
            kinds(&source).contains(&SyntaxErrorKind::TooDeep),
            "{before}{repeated} × {times}: {:?}",
            kinds(&source)
        );
    }
}

#[test]
fn brackets_cannot_nest_without_end() {
    check_too_deep("sample x: T = ", "(", "1");
    check_too_deep("sample x: T = ", "[", "1");
    check_too_deep("sample x: T = ", "{ a: ", "1");
    check_too_deep("sample x: T = ", "f(a: ", "1");
    check_too_deep("sample x: T = a", "[b", "1");
    check_too_deep("sample x: ", "[", "T");
    check_too_deep("flow x { act ", "{ when a => ", "b()");
}

#[test]
fn operators_cannot_pile_up_without_end() {
    check_too_deep("sample x: T = 1", " + 1 + 1 + 1 + 1", "");
    check_too_deep("sample x: T = a", ".b.b.b.b", "");
    check_too_deep("sample x: T = a", "()()()()", "");
    check_too_deep("sample x: T = ", "not ", "a");
    check_too_deep("sample x: T = ", "- ", "a");
    check_too_deep("sample x: T = a", " is b is b is b is b", "");
    check_too_deep("sample x: T = a", " with {} with {} with {} with {}", "");
}

#[test]
fn what_is_as_deep_as_allowed_is_read() {
    let deep = |times: usize| format!("sample x: T = {}1{}", "f(a: [(".repeat(times), ")])".repeat(times));
    assert_eq!(kinds(&deep(16)), []);
    let high = format!("sample x: T = 1{}", " + 1".repeat(150));
    assert_eq!(kinds(&high), []);
    let flow = format!("flow x {{ act {}a(){} }}", "{ when a => ".repeat(40), "}".repeat(40));
    assert_eq!(kinds(&flow), []);
}

#[test]
fn a_text_in_a_text_in_a_text_ends_with_its_line() {
    let source = format!("sample x: T = {}\nsecret A", "\"{".repeat(100_000));
    let parse = parse(&source);
    assert!(!parse.errors.is_empty());
    assert_eq!(parse.module.items.len(), 2);
}

#[test]
fn a_file_that_is_too_long_is_refused_unread() {
    let source = " ".repeat(MAX_BYTES + 1);
    assert_eq!(kinds(&source), [SyntaxErrorKind::FileTooLong]);
    assert!(parse(&source).tokens.is_empty());
    let source = " a".repeat(MAX_TOKENS / 2 + 1);
    assert_eq!(kinds(&source), [SyntaxErrorKind::TooManyTokens]);
}
