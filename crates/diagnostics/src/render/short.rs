//! A line per finding, for shells and for editors that read compilers.

use crate::files::{Encoding, Files};
use crate::model::Diagnostic;
use crate::render::text::one_line;

/// `path:line:column: severity[code]: headline`, lines and columns counted from one.
pub fn render(files: &Files, diagnostics: &[&Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| line(files, diagnostic)).collect()
}

fn line(files: &Files, diagnostic: &Diagnostic) -> String {
    let start = files.clamp(diagnostic.file, &diagnostic.span).start;
    let at = files.position(diagnostic.file, start, Encoding::CodePoints);
    format!(
        "{}:{}:{}: {}[{}]: {}\n",
        one_line(files.path(diagnostic.file)),
        at.line + 1,
        at.column + 1,
        diagnostic.severity,
        diagnostic.code,
        one_line(&diagnostic.headline),
    )
}
