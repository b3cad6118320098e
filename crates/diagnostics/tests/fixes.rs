//! Which fixes are made without asking, and what a file is afterwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use countersign_diagnostics::{Diagnostic, FileId, Files, Fix, apply_fixes, codes};

const TEXT: &str = "otherwize => größe\n";

struct Case {
    files: Files,
    file: FileId,
    found: Vec<Diagnostic>,
}

impl Case {
    fn new() -> Self {
        let mut files = Files::new();
        let file = files.add("a.flow", TEXT);
        Self { files, file, found: Vec::new() }
    }

    /// A finding at the `nth` byte with these fixes.
    fn finding(mut self, nth: usize, fixes: impl IntoIterator<Item = Fix>) -> Self {
        let found =
            Diagnostic::new(codes::MISSPELT_KEYWORD, self.file, nth..nth + 1, format!("finding {nth}"));
        self.found.push(fixes.into_iter().fold(found, Diagnostic::fix));
        self
    }

    /// The text after the fixes, with how many were made and how many stood back.
    fn fixed(&self) -> (String, usize, usize) {
        let plan = apply_fixes(&self.files, &self.found);
        (plan.text(&self.files, self.file), plan.applied, plan.skipped)
    }
}

fn case() -> Case {
    Case::new()
}

const FILE: FileId = FileId::new(0);

#[test]
fn a_safe_fix_is_made_and_a_suggested_one_is_not() {
    let case = case()
        .finding(0, [Fix::safe("write `otherwise`").edit(FILE, 0..9, "otherwise")])
        .finding(13, [Fix::suggested("write `size`").edit(FILE, 13..20, "size")]);
    assert_eq!(case.fixed(), ("otherwise => größe\n".to_owned(), 1, 0));
}

#[test]
fn of_two_safe_fixes_for_a_finding_the_first_is_made() {
    let case = case().finding(
        0,
        [
            Fix::suggested("s").edit(FILE, 0..9, "suggested"),
            Fix::safe("a").edit(FILE, 0..9, "first"),
            Fix::safe("b").edit(FILE, 10..12, "->"),
        ],
    );
    assert_eq!(case.fixed(), ("first => größe\n".to_owned(), 1, 0));
}

#[test]
fn of_two_fixes_for_the_same_bytes_the_earlier_finding_wins() {
    let case = case()
        .finding(5, [Fix::safe("later").edit(FILE, 4..12, "LATER")])
        .finding(0, [Fix::safe("earlier").edit(FILE, 0..9, "EARLIER")]);
    assert_eq!(case.fixed(), ("EARLIER => größe\n".to_owned(), 1, 1));
}

#[test]
fn a_fix_is_made_as_a_whole_or_not_at_all() {
    let case = case()
        .finding(0, [Fix::safe("one").edit(FILE, 0..9, "ONE")])
        .finding(5, [Fix::safe("two").edit(FILE, 8..9, "X").edit(FILE, 10..12, "->")]);
    assert_eq!(case.fixed(), ("ONE => größe\n".to_owned(), 1, 1));
}

#[test]
fn fixes_that_touch_are_both_made() {
    let case = case()
        .finding(0, [Fix::safe("one").edit(FILE, 0..9, "ONE")])
        .finding(9, [Fix::safe("two").insert(FILE, 9, "!")])
        .finding(10, [Fix::safe("three").edit(FILE, 9..12, " ->")]);
    assert_eq!(case.fixed(), ("ONE! -> größe\n".to_owned(), 3, 0));
}

#[test]
fn two_insertions_at_one_place_clash_unless_they_are_the_same() {
    let same = case()
        .finding(0, [Fix::safe("import").insert(FILE, 0, "use a\n")])
        .finding(5, [Fix::safe("import").insert(FILE, 0, "use a\n")]);
    assert_eq!(same.fixed(), (format!("use a\n{TEXT}"), 2, 0));
    let different = case()
        .finding(0, [Fix::safe("import").insert(FILE, 0, "use a\n")])
        .finding(5, [Fix::safe("import").insert(FILE, 0, "use b\n")]);
    assert_eq!(different.fixed(), (format!("use a\n{TEXT}"), 1, 1));
}

#[test]
fn a_fix_that_names_bytes_the_file_does_not_have_stands_back() {
    let inside_a_character = TEXT.find('ö').unwrap() + 1;
    let broken = [
        Fix::safe("past the end").edit(FILE, 0..999, ""),
        Fix::safe("inside a character").insert(FILE, inside_a_character, "x"),
        Fix::safe("reversed").edit(FILE, std::ops::Range { start: 9, end: 3 }, ""),
        Fix::safe("another file").insert(FileId::new(9), 0, "x"),
        Fix::safe("itself twice").edit(FILE, 0..9, "a").edit(FILE, 3..4, "b"),
        Fix::safe("nothing"),
    ];
    for fix in broken {
        let title = fix.title.clone();
        assert_eq!(case().finding(0, [fix]).fixed(), (TEXT.to_owned(), 0, 1), "{title}");
    }
}
