//! An object per finding and line.
//!
//! The shape is a promise to programs: keys are added, never renamed, removed or given another meaning. Every key is
//! always there, `null` or an empty list where a finding has nothing to say. `docs/diagnostics/README.md` describes it.

use std::ops::Range;

use serde::Serialize;

use crate::files::{Encoding, FileId, Files};
use crate::model::{Diagnostic, Fix};

/// One object per line.
pub fn render(files: &Files, diagnostics: &[&Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Texts, numbers and lists alone: there is nothing in it that cannot be written.
        out.push_str(&serde_json::to_string(&object(files, diagnostic)).unwrap_or_default());
        out.push('\n');
    }
    out
}

#[derive(Serialize)]
struct Object<'a> {
    code: &'static str,
    name: &'static str,
    severity: &'static str,
    headline: &'a str,
    path: &'a str,
    span: Span,
    labels: Vec<LabelObject<'a>>,
    reason: Option<&'a str>,
    counterexample: Option<CounterexampleObject<'a>>,
    help: &'a [String],
    fixes: Vec<FixObject<'a>>,
}

#[derive(Serialize)]
struct Span {
    start: Place,
    end: Place,
}

/// `byte` counts from zero, `line` and the columns from one.
#[derive(Serialize)]
struct Place {
    byte: usize,
    line: usize,
    column: usize,
    utf8_column: usize,
    utf16_column: usize,
}

#[derive(Serialize)]
struct LabelObject<'a> {
    path: &'a str,
    span: Span,
    text: &'a str,
    primary: bool,
}

#[derive(Serialize)]
struct CounterexampleObject<'a> {
    inputs: Vec<InputObject<'a>>,
    story: Option<&'a str>,
}

#[derive(Serialize)]
struct InputObject<'a> {
    name: &'a str,
    literal: &'a str,
}

#[derive(Serialize)]
struct FixObject<'a> {
    title: &'a str,
    applicability: &'static str,
    edits: Vec<EditObject<'a>>,
}

#[derive(Serialize)]
struct EditObject<'a> {
    path: &'a str,
    span: Span,
    text: &'a str,
}

fn object<'a>(files: &'a Files, diagnostic: &'a Diagnostic) -> Object<'a> {
    Object {
        code: diagnostic.code.as_str(),
        name: diagnostic.code.name,
        severity: diagnostic.severity.as_str(),
        headline: &diagnostic.headline,
        path: files.path(diagnostic.file),
        span: span(files, diagnostic.file, &diagnostic.span),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelObject {
                path: files.path(label.file),
                span: span(files, label.file, &label.span),
                text: &label.text,
                primary: diagnostic.is_primary(label),
            })
            .collect(),
        reason: diagnostic.reason.as_deref(),
        counterexample: diagnostic.counterexample.as_ref().map(|case| CounterexampleObject {
            inputs: case.inputs.iter().map(|(name, literal)| InputObject { name, literal }).collect(),
            story: case.story.as_deref(),
        }),
        help: &diagnostic.help,
        fixes: diagnostic.fixes.iter().map(|fix| fix_object(files, fix)).collect(),
    }
}

fn fix_object<'a>(files: &'a Files, fix: &'a Fix) -> FixObject<'a> {
    FixObject {
        title: &fix.title,
        applicability: fix.applicability.as_str(),
        edits: fix
            .edits
            .iter()
            .map(|edit| EditObject {
                path: files.path(edit.file),
                span: span(files, edit.file, &edit.span),
                text: &edit.text,
            })
            .collect(),
    }
}

fn span(files: &Files, file: FileId, span: &Range<usize>) -> Span {
    let span = files.clamp(file, span);
    Span { start: place(files, file, span.start), end: place(files, file, span.end) }
}

fn place(files: &Files, file: FileId, byte: usize) -> Place {
    let at = files.position(file, byte, Encoding::CodePoints);
    let column = |encoding| files.position(file, byte, encoding).column + 1;
    Place {
        byte,
        line: at.line + 1,
        column: at.column + 1,
        utf8_column: column(Encoding::Utf8),
        utf16_column: column(Encoding::Utf16),
    }
}
