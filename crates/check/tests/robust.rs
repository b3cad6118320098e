//! Whatever it is given, a check ends with an answer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use common::{folder, human};
use countersign_check::{Memory, Sources, check};
use proptest::prelude::*;

const FILES: [&str; 6] =
    ["invoices.flow", "people.flow", "records.flow", "simulation.flow", "systems.flow", "tests.flow"];

/// The example with one file replaced.
fn example_with(path: &str, text: &str) -> Memory {
    folder("examples/invoices").with(path, text)
}

/// A check keeps its promise: the program is there exactly if there is no error, and all can be rendered.
fn keeps_its_promise(sources: &Memory) {
    let checked = check(sources);
    if let Some(compiled) = &checked.compiled {
        countersign_prove::prove(&compiled.program, &compiled.spans);
    }
    let errors = checked.diagnostics.iter().filter(|problem| problem.is_error()).count();
    assert_eq!(checked.compiled.is_some(), errors == 0, "{}", human(&checked));
}

#[test]
fn every_file_can_end_anywhere() {
    let example = folder("examples/invoices");
    for path in FILES {
        let text = example.read(path).unwrap();
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).filter(|at| at % 13 == 0).collect();
        for end in ends {
            keeps_its_promise(&example.clone().with(path, &text[..end]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn tokens_can_be_lost_doubled_and_swapped(
        file in 0..FILES.len(),
        edits in prop::collection::vec((0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        let path = FILES[file];
        let text = folder("examples/invoices").read(path).unwrap();
        let tokens = countersign_syntax::parse(&text).tokens;
        let mut words: Vec<&str> = tokens.iter().map(|token| token.span.text(&text)).collect();
        for (kind, one, other) in edits {
            let (one, other) = (one.index(words.len()), other.index(words.len()));
            match kind {
                0 => words[one] = " ",
                1 => words.insert(one, words[other]),
                2 => words.swap(one, other),
                _ => words[one] = words[other],
            }
        }
        keeps_its_promise(&example_with(path, &words.concat()));
    }

    #[test]
    fn any_text_can_be_a_module_a_manifest_a_template_or_a_list_of_holidays(text in "\\PC{0,200}", which in 0..4_usize) {
        let path = ["invoices.flow", "countersign.toml", "remittance.txt", "holidays.ics"][which];
        keeps_its_promise(&example_with(path, &text));
    }
}

#[test]
fn a_project_has_at_most_so_many_modules() {
    let modules = |count: usize| {
        (0..count).fold(Memory::new(), |sources, at| sources.with(format!("m{at}.flow"), "enum A { a }"))
    };
    assert!(check(&modules(2_000)).compiled.is_some());
    let refused = check(&modules(2_001));
    assert!(human(&refused).contains("this project has 2001 modules, and 2000 is the most"));
}

#[test]
fn functions_that_double_each_other_end_in_a_refusal_and_not_in_smoke() {
    let mut text = String::from("fn f0(n: Int) -> Int = n + n\n");
    for at in 1..60 {
        writeln!(text, "fn f{at}(n: Int) -> Int = f{}(n) + f{}(n)", at - 1, at - 1).unwrap();
    }
    let begun = Instant::now();
    let checked = check(&Memory::new().with("main.flow", text));
    assert!(checked.compiled.is_none());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_long_chain_of_functions_modules_or_records_exhausts_no_stack() {
    let mut sources = Memory::new();
    let (mut functions, mut records) = (String::new(), String::from("record R0 { id: Text }\n"));
    for at in 0..2_000 {
        writeln!(functions, "fn f{at}(n: Int) -> Int = f{}(n)", at + 1).unwrap();
        writeln!(records, "record R{} {{ inner: R{at} }}", at + 1).unwrap();
        if at < 1_000 {
            sources = sources.with(format!("m{at}.flow"), format!("use m{}.{{x}}", at + 1));
        }
    }
    keeps_its_promise(&sources.with("functions.flow", functions).with("records.flow", records));
}
