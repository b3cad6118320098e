//! What a reader may rely on in every file.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines that a file of sources may have; the pull of a big file is resisted by concept long before.
const MOST_LINES: usize = 800;

/// What has no place in a tree that others build on. Written apart, so that this file does not find itself.
const MARKERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ign", "ore"),
    concat!("db", "g!("),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the root").to_owned()
}

/// Every file with that ending below a folder of the repository, apart from what is built.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", shown(path)))
}

fn is_source(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "src")
}

/// What is wrong, as lines; nothing is asserted of a tree without files.
fn each(files: &[PathBuf], wrong: impl Fn(&Path, &str) -> Vec<String>) {
    assert!(!files.is_empty(), "no files were found");
    let found: Vec<String> = files.iter().flat_map(|path| wrong(path, &text(path))).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn no_file_of_sources_is_too_long() {
    let sources: Vec<_> = files(&root(), ".rs").into_iter().filter(|path| is_source(path)).collect();
    each(&sources, |path, text| {
        let lines = text.lines().count();
        let wrong =
            format!("{} has {lines} lines, the most are {MOST_LINES}: split it by concept", shown(path));
        Some(wrong).filter(|_| lines > MOST_LINES).into_iter().collect()
    });
}

#[test]
fn every_file_of_sources_says_what_it_is_for() {
    let sources: Vec<_> = files(&root(), ".rs").into_iter().filter(|path| is_source(path)).collect();
    each(&sources, |path, text| {
        let wrong = format!("{} does not begin with `//!`", shown(path));
        Some(wrong).filter(|_| !text.starts_with("//! ")).into_iter().collect()
    });
}

#[test]
fn nothing_is_left_for_later_in_the_sources() {
    each(&files(&root(), ".rs"), |path, text| {
        let mark = |(number, line): (usize, &str)| {
            let marker = MARKERS.iter().find(|marker| line.contains(**marker))?;
            Some(format!("{}:{}: `{marker}`", shown(path), number + 1))
        };
        text.lines().enumerate().filter_map(mark).collect()
    });
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let pages: BTreeSet<String> = files(&root().join("crates/diagnostics/src/pages"), ".md")
        .iter()
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    let codes: BTreeSet<String> =
        countersign_diagnostics::all().map(|code| code.as_str().to_owned()).collect();
    assert!(!codes.is_empty());
    assert_eq!(pages, codes);
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    each(&files(&root(), ".md"), |path, text| {
        let folder = path.parent().unwrap_or(path);
        let dead = |link: &str| {
            let target = link.split(['#', ' ']).next().unwrap_or_default();
            let is_ours = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            (is_ours && !folder.join(target).exists()).then(|| format!("{}: {link}", shown(path)))
        };
        links(text).into_iter().filter_map(dead).collect()
    });
}

/// What `[…](here)` names, outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        let outside = line.split('`').step_by(2);
        for part in outside {
            links.extend(
                part.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link),
            );
        }
    }
    links
}
