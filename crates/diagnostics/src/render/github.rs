//! Annotations of GitHub Actions: workflow commands, one a line.

use crate::files::{Encoding, Files};
use crate::model::{Diagnostic, Severity};
use crate::render::text::{message, one_line};

/// `::error file=…,line=…,col=…,title=…::…`. A finding over several lines has an `endLine` and no column, since GitHub
/// takes columns only within a line.
pub fn render(files: &Files, diagnostics: &[&Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| command(files, diagnostic)).collect()
}

fn command(files: &Files, diagnostic: &Diagnostic) -> String {
    let span = files.clamp(diagnostic.file, &diagnostic.span);
    let start = files.position(diagnostic.file, span.start, Encoding::CodePoints);
    // A span that ends with a line's break ends in that line.
    let last = span.end.saturating_sub(1).max(span.start);
    let end = files.position(diagnostic.file, last, Encoding::CodePoints);
    let place = if start.line == end.line {
        format!("line={},col={}", start.line + 1, start.column + 1)
    } else {
        format!("line={},endLine={}", start.line + 1, end.line + 1)
    };
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    format!(
        "::{command} file={},{place},title={}::{}\n",
        property(&one_line(files.path(diagnostic.file))),
        property(&format!("{} {}", diagnostic.code, diagnostic.code.name)),
        data(&message(diagnostic)),
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
