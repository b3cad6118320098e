//! The findings that every renderer is shown: over several files, over several bytes a character, over several lines,
//! of no width and at the end of a file.

use std::ops::Range;

use countersign_diagnostics::{Counterexample, Diagnostic, FileId, Files, Fix, Severity, codes};

pub const RULES: &str = "\
/// Wer muss zustimmen? Prüfung über 5.000 €.
decide approval_level(invoice: Invoice, größe: Bool) -> payment.Level {
  when größe and                    => full_review
  when invoice.amount <= 5_000 EUR  => fast_track
}
";

pub const PEOPLE: &str = "role finance_lead {\r\n\tmembers \"dana@acme.test\"\r\n\r\n";

/// The files and the findings, the findings in no order and one of them twice.
pub fn project() -> (Files, Vec<Diagnostic>) {
    let mut files = Files::new();
    let rules = files.add("flows/rules.flow", RULES);
    let people = files.add("people.flow", PEOPLE);
    let empty = files.add("empty, with: signs 100%.flow", "");

    let at_the_end =
        Diagnostic::new(codes::UNCLOSED_BRACKET, people, end(&files, people), "`{` is never closed")
            .primary("the file ends here")
            .label(people, span_of(PEOPLE, "{"), "opened here")
            .help("close the role with `}`")
            .fix(Fix::safe("close it").insert(people, PEOPLE.len(), "}\n"));

    let multi_byte =
        Diagnostic::new(codes::MISSING_OPERAND, rules, span_of(RULES, "and"), "`and` has no right side")
            .primary("a condition is missing after this")
            .label(rules, span_of(RULES, "größe: Bool"), "the left side comes from here")
            .fix(Fix::suggested("leave `and` out").remove(rules, span_of(RULES, " and")));

    let rule_block = RULES.find("when").unwrap()..RULES.len() - 2;
    let multi_line = Diagnostic::new(codes::UNEXPECTED_TOKEN, rules, rule_block, "these rules leave a gap")
        .primary("no rule takes what remains")
        .label(people, span_of(PEOPLE, "finance_lead"), "who would have to decide")
        .reason(
            "an invoice above 5,000 EUR would wait for nobody in particular, and the vendor would neither be paid nor \
             told why, until somebody goes looking for it",
        )
        .counterexample(
            Counterexample::new()
                .input("invoice.amount", "5_000.01 EUR")
                .input("größe", "false")
                .story("no rule says what to do"),
        )
        .help("say what happens to the rest")
        .fix(Fix::suggested("add an `otherwise` rule").insert(
            rules,
            RULES.len() - 2,
            "  otherwise                         => full_review\n",
        ));

    let zero_width = Diagnostic::new(codes::UNEXPECTED_TOKEN, rules, 0..0, "a module says what it is for")
        .severity(Severity::Warning)
        .fix(Fix::safe("say it").insert(rules, 0, "//! Rules.\n\n"));

    let nothing_there = Diagnostic::new(
        codes::TOO_LARGE,
        empty,
        Range { start: 7, end: 3 },
        "an empty file,\nwith \u{202E}signs\u{1b}[31m",
    )
    .severity(Severity::Note);

    let twice = multi_byte.clone();
    (files, vec![at_the_end, multi_line, twice, multi_byte, nothing_there, zero_width])
}

pub fn span_of(text: &str, part: &str) -> Range<usize> {
    let start = text.find(part).unwrap();
    start..start + part.len()
}

fn end(files: &Files, file: FileId) -> Range<usize> {
    files.text(file).len()..files.text(file).len()
}
