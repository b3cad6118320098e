//! The examples that ship with the language are read without a mistake.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_syntax::parse;

fn examples() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/invoices");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "flow"))
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(found.len() >= 6, "the examples have moved");
    found
}

#[test]
fn every_example_is_read_without_a_mistake() {
    for (name, source) in examples() {
        let parse = parse(&source);
        let errors: Vec<_> = parse.errors.iter().map(|e| (e, e.span.text(&source))).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}
