//! The last line: how many findings of which gravity, in how many files.

use std::collections::BTreeSet;
use std::fmt;

use crate::files::Files;
use crate::model::{Diagnostic, Severity};
use crate::render::arranged;

/// How many findings there are; displayed as `2 errors, 1 warning in 3 files`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that refuse the project.
    pub errors: usize,
    /// Findings that experience warns of.
    pub warnings: usize,
    /// Findings that are worth knowing.
    pub notes: usize,
    /// Files with a finding.
    pub files: usize,
}

impl Counts {
    /// Counts what [`super::render`] shows: each finding once.
    pub fn of(files: &Files, diagnostics: &[Diagnostic]) -> Self {
        let arranged = arranged(files, diagnostics);
        let of = |severity| arranged.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        Self {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            notes: of(Severity::Note),
            files: arranged.iter().map(|diagnostic| diagnostic.file).collect::<BTreeSet<_>>().len(),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| some(count, noun))
            .collect();
        if counts.is_empty() {
            return f.write_str("nothing found");
        }
        write!(f, "{} in {}", counts.join(", "), some(self.files, "file"))
    }
}

fn some(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
