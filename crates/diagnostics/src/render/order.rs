//! The order of findings, and each of them once.

use crate::files::Files;
use crate::model::Diagnostic;

/// The findings by path, then place, then gravity; of those that say the same at the same place, the first.
pub fn arranged<'a>(files: &Files, diagnostics: &'a [Diagnostic]) -> Vec<&'a Diagnostic> {
    let mut arranged: Vec<&Diagnostic> = diagnostics.iter().collect();
    arranged.sort_by(|a, b| key(files, a).cmp(&key(files, b)));
    arranged.dedup_by(|a, b| key(files, a) == key(files, b));
    arranged
}

fn key<'a>(files: &'a Files, diagnostic: &'a Diagnostic) -> impl Ord + 'a {
    let span = files.clamp(diagnostic.file, &diagnostic.span);
    (
        files.path(diagnostic.file),
        diagnostic.file,
        span.start,
        span.end,
        diagnostic.severity,
        diagnostic.code,
        diagnostic.headline.as_str(),
    )
}
