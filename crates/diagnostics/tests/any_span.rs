//! No span, text or label makes a renderer panic, and no fix leaves a text that is not one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use countersign_diagnostics::{
    Counterexample, Counts, Diagnostic, FileId, Files, Fix, Format, Severity, Style, all, apply_fixes, render,
};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "when ", "ö", "€", "😀", "\u{301}", "\u{200D}", "\u{202E}", "\t", "\n", "\r\n", "\r",
        "\u{2028}", "\u{85}", "\u{0B}", "\u{1b}", "日本", " ", "%", ":", ",", "\"", "\u{FEFF}", "",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// Mostly inside the text, now and then nowhere near it.
fn span() -> impl Strategy<Value = std::ops::Range<usize>> {
    let offset = || prop_oneof![8 => 0..60_usize, 1 => Just(usize::MAX), 1 => any::<usize>()];
    prop_oneof![4 => (offset(), offset()).prop_map(|(start, end)| start..end), 1 => offset().prop_map(|at| at..at)]
}

fn file() -> impl Strategy<Value = FileId> {
    (0..4_u32).prop_map(FileId::new)
}

fn fix() -> impl Strategy<Value = Fix> {
    (any::<bool>(), text(), prop::collection::vec((file(), span(), text()), 0..4)).prop_map(
        |(safe, title, edits)| {
            let fix = if safe { Fix::safe(title) } else { Fix::suggested(title) };
            edits.into_iter().fold(fix, |fix, (file, span, text)| fix.edit(file, span, text))
        },
    )
}

fn diagnostic() -> impl Strategy<Value = Diagnostic> {
    let labels = prop::collection::vec((file(), span(), text()), 0..6);
    let fixes = prop::collection::vec(fix(), 0..3);
    let code = (0..all().len()).prop_map(|nth| all().nth(nth).unwrap());
    let severity = prop::sample::select(vec![Severity::Error, Severity::Warning, Severity::Note]);
    (code, severity, file(), span(), text(), labels, fixes, prop::option::of(text())).prop_map(
        |(code, severity, file, span, text, labels, fixes, primary)| {
            let mut found = Diagnostic::new(code, file, span, text.clone()).severity(severity);
            if let Some(primary) = primary {
                found = found.primary(primary).reason(text.clone()).help(text.clone());
                found =
                    found.counterexample(Counterexample::new().input(text.clone(), text.clone()).story(text));
            }
            let found =
                labels.into_iter().fold(found, |found, (file, span, text)| found.label(file, span, text));
            fixes.into_iter().fold(found, Diagnostic::fix)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn renders(
        texts in prop::collection::vec((text(), text()), 3),
        found in prop::collection::vec(diagnostic(), 1..4),
        color in any::<bool>(),
        width in 0..120_usize,
    ) {
        let mut files = Files::new();
        for (path, text) in texts {
            files.add(path, text);
        }
        let counts = Counts::of(&files, &found);
        for format in Format::ALL {
            let out = render(format, Style { color, width }, &files, &found);
            let lines = out.lines().count();
            let expected = counts.errors + counts.warnings + counts.notes;
            match format {
                Format::Short | Format::Json | Format::Github => prop_assert_eq!(lines, expected, "{}: {}", format, out),
                Format::Human | Format::Sarif => prop_assert!(lines >= expected, "{}: {}", format, out),
            }
            if format != Format::Json && format != Format::Sarif {
                prop_assert!(color && format == Format::Human || !out.contains('\u{1b}'), "{}: {}", format, out);
            }
        }
        let plan = apply_fixes(&files, &found);
        for (file, edits) in &plan.edits {
            let grown: usize = edits.iter().map(|edit| edit.text.len()).sum();
            let gone: usize = edits.iter().map(|edit| edit.span.len()).sum();
            prop_assert_eq!(plan.text(&files, *file).len() + gone, files.text(*file).len() + grown);
        }
    }
}
