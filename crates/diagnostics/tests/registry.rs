//! What must hold of every code and its page, and how codes are found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::collections::BTreeSet;

use countersign_diagnostics::{Code, all, codes, did_you_mean, lookup};

const SECTIONS: [&str; 4] = ["## What", "## Why it matters", "## Wrong", "## Right"];

/// Each page with what is wrong with it, for all pages at once.
fn check(rule: impl Fn(Code) -> Result<(), String>) {
    let broken: Vec<String> =
        all().filter_map(|code| rule(code).err().map(|error| format!("{code}: {error}"))).collect();
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_page_is_headed_by_its_code_and_name() {
    check(|code| {
        let heading = format!("# {} {}", code.code, code.name);
        let found = code.page.lines().next().unwrap_or_default();
        if found == heading { Ok(()) } else { Err(format!("the heading is `{found}`, not `{heading}`")) }
    });
}

#[test]
fn every_page_has_the_four_sections_in_order_with_something_in_them() {
    check(|code| {
        let headings: Vec<&str> = code.page.lines().filter(|line| line.starts_with("## ")).collect();
        if headings != SECTIONS {
            return Err(format!("the sections are {headings:?}"));
        }
        match code
            .page
            .split("\n## ")
            .skip(1)
            .find(|section| section.lines().nth(1).is_none_or(str::is_empty))
        {
            Some(section) => {
                Err(format!("there is nothing under `{}`", section.lines().next().unwrap_or_default()))
            }
            None => Ok(()),
        }
    });
}

#[test]
fn every_page_shows_what_is_wrong_and_how_it_is_right() {
    check(|code| {
        let (_, wrong) = code.page.split_once("\n## Wrong\n").ok_or("no wrong section")?;
        let (wrong, right) = wrong.split_once("\n## Right\n").ok_or("no right section")?;
        for (section, fence) in [(wrong, "```flow wrong\n"), (right, "```flow right\n")] {
            let fences = section.matches("```flow").count();
            if section.matches(fence).count() != 1 || fences != 1 {
                return Err(format!("one example fenced as {fence:?} is expected, there are {fences}"));
            }
        }
        Ok(())
    });
}

#[test]
fn codes_and_names_are_unique_and_well_formed() {
    let codes: BTreeSet<&str> = all().map(|code| code.code).collect();
    let names: BTreeSet<&str> = all().map(|code| code.name).collect();
    assert_eq!((codes.len(), names.len()), (all().len(), all().len()));
    check(|code| {
        let digits = code.code.strip_prefix("CS").ok_or("a code starts with CS")?;
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("a code ends in four digits".to_owned());
        }
        if !code.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(format!("`{}` is not in kebab-case", code.name));
        }
        if code.summary.ends_with('.') || code.summary.starts_with(|first: char| first.is_uppercase()) {
            return Err(format!("`{}` is not lowercase without a full stop", code.summary));
        }
        Ok(())
    });
}

#[test]
fn the_table_is_in_the_order_of_the_codes() {
    assert!(all().is_sorted(), "{:?}", all().collect::<Vec<_>>());
}

#[test]
fn every_page_belongs_to_a_row() {
    let known: BTreeSet<String> = all().map(|code| format!("{code}.md")).collect();
    let pages = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/pages")).unwrap();
    let pages: BTreeSet<String> =
        pages.map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(pages, known);
}

#[test]
fn a_code_is_found_as_people_write_it() {
    for asked in ["CS0002", "cs0002", " CS0002 ", "0002", "2", "unclosed-bracket", "Unclosed-Bracket"] {
        assert_eq!(lookup(asked), Some(codes::UNCLOSED_BRACKET), "{asked}");
    }
    for asked in ["", "CS", "CS9999", "bracket", "²"] {
        assert_eq!(lookup(asked), None, "{asked}");
    }
}

#[test]
fn an_unknown_code_suggests_its_neighbours() {
    assert_eq!(did_you_mean("unclosed-braket").first(), Some(&codes::UNCLOSED_BRACKET));
    assert_eq!(did_you_mean("mispelt-keyword").first(), Some(&codes::MISSPELT_KEYWORD));
    assert!(did_you_mean("CS00001").contains(&codes::UNEXPECTED_TOKEN));
    assert_eq!(did_you_mean("weather"), []);
    assert!(did_you_mean("CS000").len() <= 3);
}
