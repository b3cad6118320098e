//! Every `flow` block of the documentation: those of a diagnostic's page find what they say, those of the guides are what
//! stands in the file that they name.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::path::{Path, PathBuf};

use countersign::diagnostics::{Diagnostic, all};
use countersign::{Memory, compile};

/// A fenced block: what stands behind the fence, and the text.
struct Block {
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.trim().to_owned(), text: String::new() }),
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Compiles a block as a project. `// file: NAME` begins a further file.
fn compiled(text: &str) -> Vec<Diagnostic> {
    let mut sources = Memory::new();
    let mut name = "main.flow".to_owned();
    let mut body = String::new();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("// file: ") {
            if !body.trim().is_empty() {
                sources = sources.with(&*name, &*body);
            }
            next.trim().clone_into(&mut name);
            body.clear();
        } else {
            body.push_str(line);
            body.push('\n');
        }
    }
    compile(&sources.with(&*name, &*body)).diagnostics
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

#[test]
fn the_wrong_example_of_every_page_finds_its_code_and_the_right_one_compiles() {
    let mut problems = Vec::new();
    for code in all() {
        for block in blocks(code.page) {
            let found = compiled(&block.text);
            let is_found = found.iter().any(|d| d.code == code);
            let listed = || {
                let found = found.iter().map(|d| format!("    {} {}", d.code, d.headline));
                found.collect::<Vec<_>>().join("\n")
            };
            match block.info.as_str() {
                "flow wrong" if !is_found => {
                    problems.push(format!("{code}: the wrong example does not find it\n{}", listed()));
                }
                "flow right" if is_found || found.iter().any(Diagnostic::is_error) => {
                    problems.push(format!("{code}: the right example is refused\n{}", listed()));
                }
                _ => {}
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn markdown(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            markdown(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_flow_block_of_a_guide_stands_in_the_file_it_names_or_compiles() {
    let mut pages = vec![root().join("README.md")];
    markdown(&root().join("docs"), &mut pages);
    let mut seen = 0;
    let mut problems = Vec::new();
    for page in pages {
        for block in blocks(&std::fs::read_to_string(&page).unwrap()) {
            let Some(info) = block.info.strip_prefix("flow") else { continue };
            seen += 1;
            let info = info.trim();
            if info == "sketch" {
                // A decision may show what was turned down.
                continue;
            }
            let at = page.display();
            if let Some(file) = info.strip_prefix("from ") {
                let source = squeezed(&std::fs::read_to_string(root().join(file)).unwrap());
                for part in block.text.split("// …") {
                    if !source.contains(&squeezed(part)) {
                        problems.push(format!("{at}: this does not stand in {file}:\n{part}"));
                    }
                }
                continue;
            }
            let found: Vec<_> = compiled(&block.text).into_iter().filter(Diagnostic::is_error).collect();
            if let Some(first) = found.first() {
                problems.push(format!("{at}: {} {}\n{}", first.code, first.headline, block.text));
            }
        }
    }
    assert!(seen > 0, "no page shows anything");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
