//! The compiler from end to end: check, then prove what was checked.

use std::fmt;
use std::path::Path;

use countersign_check::{Compiled, Sources};
use countersign_diagnostics::{Counts, Diagnostic, Files, Format, Style, render};

use crate::decide::Program;
use crate::directory::DirectorySources;

/// What the compiler made of a project, for tools that show it.
#[derive(Debug)]
pub struct Compilation {
    /// The texts that the findings point into.
    pub files: Files,
    /// Everything that was found, errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The program with what belongs to it; none if there is an error.
    pub compiled: Option<Compiled>,
}

/// Checks a project and proves its guarantees. It never fails: what is wrong is in the findings.
pub fn compile(sources: &dyn Sources) -> Compilation {
    let checked = countersign_check::check(sources);
    let mut diagnostics = checked.diagnostics;
    let mut compiled = checked.compiled;
    if let Some(checked) = &compiled {
        diagnostics.extend(countersign_prove::prove(&checked.program, &checked.spans));
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        compiled = None;
    }
    Compilation { files: checked.files, diagnostics, compiled }
}

/// Compiles the project in a directory, the one with `countersign.toml`.
///
/// # Errors
/// If anything was found that refuses the project.
pub fn compile_dir(path: impl AsRef<Path>) -> Result<Program, CompileError> {
    compile(&DirectorySources::new(path.as_ref())).into_program()
}

impl Compilation {
    /// Whether something was found that refuses the project.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The program, ready to decide.
    ///
    /// # Errors
    /// If there is none, or a setting has no value that it could decide with.
    pub fn into_program(self) -> Result<Program, CompileError> {
        match self.compiled {
            Some(compiled) => {
                let settings = countersign_check::settings(&compiled.program, &compiled.manifest, &[]);
                let settings = settings.map_err(|errors| CompileError {
                    files: self.files,
                    diagnostics: self.diagnostics,
                    settings: errors.iter().map(ToString::to_string).collect(),
                })?;
                Ok(Program::new(compiled.program, settings))
            }
            None => {
                Err(CompileError { files: self.files, diagnostics: self.diagnostics, settings: Vec::new() })
            }
        }
    }
}

/// Why a project is refused. Displayed, it says all that was found.
#[derive(Debug)]
pub struct CompileError {
    /// The texts that the findings point into.
    pub files: Files,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// What is wrong with the values of the settings, in words.
    pub settings: Vec<String>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = render(Format::Human, Style::default(), &self.files, &self.diagnostics);
        f.write_str(&found)?;
        if self.settings.is_empty() {
            write!(f, "the project is refused: {}", Counts::of(&self.files, &self.diagnostics))
        } else {
            f.write_str(&self.settings.join("\n"))
        }
    }
}

impl std::error::Error for CompileError {}
