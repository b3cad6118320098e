//! The renderers: the same findings for people, for shells, for programs and for the places where code is reviewed.
//!
//! In: files and findings in any order, with spans as they come. Out: one text, always the same for the same findings:
//! ordered by file and place, each finding once. No renderer panics, whatever the spans are.

mod diff;
mod github;
mod human;
mod json;
mod order;
mod sarif;
mod short;
mod summary;
mod text;

use std::fmt;
use std::str::FromStr;

use crate::files::Files;
use crate::model::Diagnostic;

pub use order::arranged;
pub use summary::Counts;

/// What `--format` chooses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Pictures of the code with everything that is known of a finding.
    #[default]
    Human,
    /// A line per finding: `path:line:column: severity[code]: headline`.
    Short,
    /// A JSON object per finding and line.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// One SARIF 2.1.0 log.
    Sarif,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::Human, Self::Short, Self::Json, Self::Github, Self::Sarif];

    /// The word that chooses it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Short => "short",
            Self::Json => "json",
            Self::Github => "github",
            Self::Sarif => "sarif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| format!("`{word}` is not a format; choose human, short, json, github or sarif"))
    }
}

/// How the human format looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colours of the terminal.
    pub color: bool,
    /// The columns after which sentences are wrapped. Code is never wrapped.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Renders all findings. The text ends in a newline unless it is empty; the summary is apart, in [`Counts`].
pub fn render(format: Format, style: Style, files: &Files, diagnostics: &[Diagnostic]) -> String {
    let arranged = arranged(files, diagnostics);
    match format {
        Format::Human => human::render(style, files, &arranged),
        Format::Short => short::render(files, &arranged),
        Format::Json => json::render(files, &arranged),
        Format::Github => github::render(files, &arranged),
        Format::Sarif => sarif::render(files, &arranged),
    }
}
