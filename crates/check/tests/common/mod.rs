//! What the tests of the checker share.
#![allow(dead_code, reason = "each test uses a part")]

use std::path::{Path, PathBuf};

use countersign_check::{Checked, Memory, check};
use countersign_diagnostics::{Format, Style, render};

/// A folder of the repository, as sources.
pub fn folder(path: &str) -> Memory {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let mut sources = Memory::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(root.join(&next)).unwrap() {
            let entry = entry.unwrap();
            let inner = next.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                todo.push(inner);
            } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
                sources = sources.with(inner.to_str().unwrap().replace('\\', "/"), text);
            }
        }
    }
    sources
}

/// The findings as people see them.
pub fn human(checked: &Checked) -> String {
    render(Format::Human, Style::default(), &checked.files, &checked.diagnostics)
}

/// Checks a project and proves what was checked.
pub fn prove(sources: &Memory) -> Checked {
    let mut checked = check(sources);
    if let Some(compiled) = &checked.compiled {
        checked.diagnostics.extend(countersign_prove::prove(&compiled.program, &compiled.spans));
    }
    checked
}

/// Checks one file.
pub fn check_text(text: &str) -> Checked {
    check(&Memory::new().with("main.flow", text))
}

/// A case with those modules of the example beside it that it uses, and those that they use.
pub fn beside_the_example(case: &str) -> Memory {
    let example = folder("examples/invoices");
    let read = |path: &str| countersign_check::Sources::read(&example, path).unwrap();
    let mut sources = Memory::new()
        .with("holidays.ics", read("holidays.ics"))
        .with("remittance.txt", read("remittance.txt"));
    let mut used = case.to_owned();
    for module in ["people", "systems", "records"] {
        if used.contains(&format!("use {module}.")) {
            let text = read(&format!("{module}.flow"));
            used.push_str(&text);
            sources = sources.with(format!("{module}.flow"), text);
        }
    }
    let mut parts = case.split("\n--- ");
    sources = sources.with("main.flow", format!("{}\n", parts.next().unwrap().trim_end()));
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap();
        sources = sources.with(name.trim(), text);
    }
    sources
}
