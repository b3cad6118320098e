//! Where texts come from: the one way in which the compiler reads anything.
//!
//! The command line gives it a directory, the language server its unsaved buffers, a test a few texts. Paths are relative
//! to the project, with forward slashes.

use std::collections::BTreeMap;

/// The texts of one project.
pub trait Sources {
    /// The paths of all modules: every `*.flow` of the project, in any order.
    fn modules(&self) -> Vec<String>;

    /// The text of a file: a module, `countersign.toml`, a template, a file of holidays.
    ///
    /// # Errors
    /// If there is no such file, or it cannot be read as text.
    fn read(&self, path: &str) -> Result<String, SourceError>;
}

/// Why a text could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It is not UTF-8.
    #[error("it is not text in UTF-8")]
    NotText,
    /// Something else, in words.
    #[error("{0}")]
    Unreadable(String),
}

/// Texts in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, String>,
}

impl Memory {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more file, or another text for one that is there.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }
}

impl Sources for Memory {
    fn modules(&self) -> Vec<String> {
        self.files.keys().filter(|path| path.strip_suffix(".flow").is_some()).cloned().collect()
    }

    fn read(&self, path: &str) -> Result<String, SourceError> {
        self.files.get(path).cloned().ok_or(SourceError::Missing)
    }
}
