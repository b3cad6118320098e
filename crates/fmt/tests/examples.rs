//! The examples that ship with the language stand in the one style already.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_fmt::format;

#[test]
fn every_example_is_formatted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/invoices");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "flow") {
            let source = std::fs::read_to_string(&path).unwrap();
            let formatted = format(&source).unwrap();
            assert!(formatted == source, "{} is not formatted; it would be:\n{formatted}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 6, "the examples have moved");
}
