//! What holds of every text: nothing panics, nothing is lost, and places are places.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_syntax::ast::walk;
use countersign_syntax::{Parse, Span, TokenKind, parse};
use proptest::prelude::*;

fn examples() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/invoices");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let flows = paths.filter(|path| path.extension().is_some_and(|extension| extension == "flow"));
    flows.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn is_place(span: Span, source: &str) -> bool {
    span.start <= span.end && source.get(span.range()).is_some()
}

/// Parses, and checks all that must hold.
fn check(source: &str) -> Parse {
    let parse = parse(source);
    let mut end = 0;
    for token in &parse.tokens {
        assert_eq!(token.span.start, end, "a gap between tokens of {source:?}");
        assert!(token.span.end > token.span.start, "an empty token in {source:?}");
        assert!(is_place(token.span, source), "a token splits a character of {source:?}");
        end = token.span.end;
    }
    assert_eq!(end as usize, source.len(), "the tokens do not reach the end of {source:?}");
    walk(&parse.module, &mut |node| assert!(is_place(node.span(), source), "{node:?} in {source:?}"));
    for error in &parse.errors {
        assert!(is_place(error.span, source), "{error:?} in {source:?}");
        assert!(error.related.is_none_or(|(span, _)| is_place(span, source)), "{error:?} in {source:?}");
        assert!(error.expected.is_sorted(), "{error:?}");
    }
    assert!(parse.errors.is_sorted_by_key(|error| error.span), "errors out of order in {source:?}");
    parse
}

#[test]
fn every_prefix_of_every_example_can_be_parsed() {
    for source in examples() {
        for (end, _) in source.char_indices() {
            check(&source[..end]);
        }
    }
}

#[test]
fn every_example_without_one_of_its_tokens_can_be_parsed() {
    for source in examples() {
        for token in parse(&source).tokens {
            let (before, after) = (&source[..token.span.start as usize], &source[token.span.end as usize..]);
            check(&format!("{before}{after}"));
        }
    }
}

/// A word, mark or literal of the language.
fn piece() -> impl Strategy<Value = String> {
    let literals =
        ["x", "1", "1.5", "3%", "1h30min", "10sec", "2026-11-22", "09:00", "\"a\"", "\"{", "}\"", "\"", "\\"];
    let extra = ["// c", "/// d", "//! m", "\n", "\n  ", "é", "\u{feff}", "EUR", "// \"{"];
    let words: Vec<String> = TokenKind::ALL
        .iter()
        .map(|kind| kind.text())
        .filter(|text| !text.contains(' '))
        .chain(literals)
        .chain(extra)
        .map(str::to_owned)
        .collect();
    prop::sample::select(words)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_characters_can_be_parsed(source in "\\PC*") {
        check(&source);
    }

    #[test]
    fn any_bytes_that_are_text_can_be_parsed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens_can_be_parsed(pieces in prop::collection::vec(piece(), 0..60), gap in prop::sample::select(vec!["", " ", "\n"])) {
        check(&pieces.join(gap));
    }

    #[test]
    fn an_example_with_tokens_exchanged_can_be_parsed(which in 0..6_usize, swaps in prop::collection::vec((0..2_000_usize, piece()), 1..6)) {
        let examples = examples();
        let source = &examples[which % examples.len()];
        let mut pieces: Vec<String> = parse(source).tokens.iter().map(|token| token.span.text(source).to_owned()).collect();
        for (at, piece) in swaps {
            let at = at % pieces.len();
            pieces[at] = piece;
        }
        check(&pieces.concat());
    }
}
