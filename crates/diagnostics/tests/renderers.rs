//! What each renderer makes of the same findings.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use countersign_diagnostics::{Counts, Diagnostic, Files, Format, Style, codes, render};

fn rendered(format: Format) -> String {
    let (files, diagnostics) = common::project();
    render(format, Style::default(), &files, &diagnostics)
}

#[test]
fn people_see_the_code_the_reason_a_case_and_what_to_do() {
    insta::assert_snapshot!(rendered(Format::Human));
}

#[test]
fn people_see_colours_on_a_terminal_and_only_there() {
    let (files, diagnostics) = common::project();
    let colored = render(Format::Human, Style { color: true, ..Style::default() }, &files, &diagnostics);
    let plain = render(Format::Human, Style::default(), &files, &diagnostics);
    assert!(colored.contains("\u{1b}[31merror[CS0005]\u{1b}[0m: `and` has no right side"), "{colored}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn sentences_wrap_at_the_width_and_code_does_not() {
    let (files, diagnostics) = common::project();
    let narrow = render(Format::Human, Style { color: false, width: 40 }, &files, &diagnostics);
    let why: Vec<&str> = narrow
        .lines()
        .skip_while(|line| !line.contains("why:"))
        .take_while(|line| !line.contains("for example"))
        .collect();
    insta::assert_snapshot!(why.join("\n"));
}

#[test]
fn a_line_that_is_too_long_for_a_picture_is_named_instead() {
    let mut files = Files::new();
    let short = files.add("short.flow", "enum A { a }\n");
    let long = files.add("long.flow", format!("enum B {{ {} }}\n", "b, ".repeat(1_000)));
    let found = Diagnostic::new(codes::INVALID_CHARACTER, long, 9..10, "`b` is there too often")
        .primary("the first of them")
        .label(short, 9..10, "`a` is there once");
    let unlabelled = Diagnostic::new(codes::INVALID_CHARACTER, long, 12..13, "`b` is there too often");
    insta::assert_snapshot!(render(Format::Human, Style::default(), &files, &[found, unlabelled]), @r"
    error[CS0008]: `b` is there too often
      at long.flow:1:10 the first of them
      at short.flow:1:10 `a` is there once

    error[CS0008]: `b` is there too often
      at long.flow:1:13
    ");
}

#[test]
fn shells_see_a_line_per_finding() {
    insta::assert_snapshot!(rendered(Format::Short));
}

#[test]
fn programs_read_an_object_per_line() {
    let text = rendered(Format::Json);
    let objects: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&objects).unwrap());
}

#[test]
fn github_reads_a_command_per_finding() {
    insta::assert_snapshot!(rendered(Format::Github));
}

#[test]
fn code_scanning_reads_one_log() {
    let text = rendered(Format::Sarif);
    let mut log: serde_json::Value = serde_json::from_str(&text).unwrap();
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        let page = rule["help"]["markdown"].as_str().unwrap();
        assert!(page.contains("## Why it matters"), "{page}");
        assert_eq!(rule["help"]["text"], rule["help"]["markdown"]);
        rule["help"] = "the page".into();
    }
    log["runs"][0]["tool"]["driver"]["semanticVersion"] = "0.0.0".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
}

#[test]
fn a_fingerprint_survives_lines_that_come_before_it() {
    let fingerprints = |text: &str| {
        let mut files = Files::new();
        let file = files.add("a.flow", text);
        let at = |nth: usize| text.match_indices('§').nth(nth).map(|(at, sign)| at..at + sign.len()).unwrap();
        let found =
            [0, 1].map(|nth| Diagnostic::new(codes::INVALID_CHARACTER, file, at(nth), "`§` means nothing"));
        let log: serde_json::Value =
            serde_json::from_str(&render(Format::Sarif, Style::default(), &files, &found)).unwrap();
        [0, 1].map(|nth| log["runs"][0]["results"][nth]["partialFingerprints"]["countersign/v1"].to_string())
    };
    let before = fingerprints("enum A { § }\nenum A { § }\n");
    let after = fingerprints("// new\n\nenum A { § }\nenum A { § }\n");
    assert_eq!(before, after);
    assert_ne!(before[0], before[1]);
}

#[test]
fn the_summary_counts_each_finding_once() {
    let (files, diagnostics) = common::project();
    let line = |diagnostics: &[Diagnostic]| Counts::of(&files, diagnostics).to_string();
    assert_eq!(line(&diagnostics), "3 errors, 1 warning, 1 note in 3 files");
    assert_eq!(line(&diagnostics[0..1]), "1 error in 1 file");
    assert_eq!(line(&[]), "nothing found");
}

#[test]
fn nothing_found_renders_nothing_but_a_log() {
    let files = Files::new();
    let of = |format| render(format, Style::default(), &files, &[]);
    assert_eq!(
        [Format::Human, Format::Short, Format::Json, Format::Github].map(of),
        ["", "", "", ""].map(String::from)
    );
    let log: serde_json::Value = serde_json::from_str(&of(Format::Sarif)).unwrap();
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn a_format_is_chosen_by_its_word() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert_eq!(
        "xml".parse::<Format>(),
        Err("`xml` is not a format; choose human, short, json, github or sarif".to_owned())
    );
}
