//! However the blanks of a program stand, formatting keeps the program, and formatting again changes nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_fmt::format;
use countersign_syntax::{TokenKind, parse};
use proptest::prelude::*;

fn examples() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/invoices");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let flows = paths.filter(|path| path.extension().is_some_and(|extension| extension == "flow"));
    flows.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// What is left of a text without its blanks.
fn meaning(source: &str) -> Vec<(TokenKind, String)> {
    let parsed = parse(source);
    assert_eq!(parsed.errors, [], "in:\n{source}");
    let kept = parsed.tokens.iter().filter(|token| token.kind != TokenKind::Whitespace);
    kept.map(|token| (token.kind, token.span.text(source).trim_end().to_owned())).collect()
}

/// The text with other blanks between its tokens, where it had any or may have some.
fn perturb(source: &str, mut blanks: impl FnMut(&str) -> &'static str) -> String {
    let mut out = String::new();
    for token in parse(source).tokens {
        let text = token.span.text(source);
        match token.kind {
            TokenKind::Whitespace => {
                let blank = blanks(text);
                let after_comment = out.rsplit('\n').next().is_some_and(|line| line.contains("//"));
                out.push_str(if after_comment && !blank.contains('\n') { "\n" } else { blank });
            }
            _ => out.push_str(text),
        }
    }
    out
}

fn check(source: &str) {
    let once = format(source).unwrap();
    assert_eq!(meaning(&once), meaning(source));
    assert_eq!(format(&once).unwrap(), once, "from:\n{source}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_blanks_are_formatted_for_good(which in 0..6_usize, choices in prop::collection::vec(0..6_usize, 1..400)) {
        let examples = examples();
        let source = &examples[which % examples.len()];
        let mut choices = choices.iter().cycle();
        let blanks = [" ", "  ", "\n", "\n\n", "\n   \n\n  ", " \t "];
        check(&perturb(source, |_| blanks[*choices.next().unwrap()]));
    }

    #[test]
    fn blanks_within_lines_never_matter(which in 0..6_usize, widths in prop::collection::vec(1..5_usize, 1..100)) {
        let examples = examples();
        let source = &examples[which % examples.len()];
        let mut widths = widths.iter().cycle();
        let changed = perturb(source, |blank| match (blank.matches('\n').count(), widths.next().unwrap()) {
            (0, 1) => " ",
            (0, _) => "    ",
            (1, 1) => "\n",
            (1, _) => "  \n      ",
            (_, 1) => "\n\n",
            _ => "\n  \n \n ",
        });
        prop_assert_eq!(&format(&changed).unwrap(), source);
    }
}

#[test]
fn a_program_on_one_line_is_formatted_for_good() {
    for source in examples() {
        check(&perturb(&source, |_| " "));
        check(&perturb(&source, |_| "\n"));
    }
}
