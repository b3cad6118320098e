//! The written grammar and the lexer know the same words and marks, and every rule that it uses is there.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_syntax::TokenKind;
use std::collections::BTreeSet;

/// The rules of the grammar, without its comments.
fn rules() -> String {
    let grammar =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../grammar/flow.ebnf")).unwrap();
    let mut rules = String::new();
    let mut rest = grammar.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        rules.push_str(before);
        rest = comment.split_once("*/").unwrap().1;
    }
    rules + rest
}

fn quoted(rules: &str) -> BTreeSet<&str> {
    rules.split('"').skip(1).step_by(2).collect()
}

#[test]
fn every_word_of_the_grammar_is_a_token_and_the_other_way_round() {
    let rules = rules();
    let written = quoted(&rules);
    let known: BTreeSet<_> = TokenKind::ALL
        .iter()
        .filter(|kind| {
            kind.is_reserved() || kind.is_contextual() || !kind.text().starts_with(char::is_alphabetic)
        })
        .map(|kind| kind.text())
        .collect();
    // Periods are told apart from names behind a number only; the others wait for parts of the language to come.
    let only_written = BTreeSet::from(["month", "months", "year", "years"]);
    let only_known = BTreeSet::from([";", "|", "until", "while"]);
    assert_eq!(written.difference(&known).copied().collect::<BTreeSet<_>>(), only_written);
    assert_eq!(known.difference(&written).copied().collect::<BTreeSet<_>>(), only_known);
}

#[test]
fn every_rule_is_defined_once_and_used() {
    let rules = rules();
    let mut defined = BTreeSet::new();
    let mut used = BTreeSet::from(["module"]);
    for line in rules.lines() {
        let (name, body) = line.split_once("::=").map_or(("", line), |(name, body)| (name.trim(), body));
        assert!(name.is_empty() || defined.insert(name), "{name} is defined twice");
        let outside = body.split('"').step_by(2);
        let words = outside.flat_map(|text| text.split(|c: char| !(c.is_ascii_lowercase() || c == '_')));
        used.extend(words.filter(|word| word.len() > 1));
    }
    assert_eq!(defined, used);
}
