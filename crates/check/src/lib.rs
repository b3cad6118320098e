//! Names, types, effects and lowering: from trees to a program.
//!
//! In: the files of a project, through [`Sources`]. Out: [`Checked`], which has all that is wrong and, if nothing is, the
//! compiled [`Program`], its [`Suite`] of tests, where its parts stand in the source, and the project's [`Manifest`].
//! Checking never fails and never panics; it stands between `syntax` and `ir`, and knows neither prover nor runtime.

#![expect(
    clippy::single_match_else,
    reason = "a value, and what is said where there is none, read best side by side"
)]

mod checker;
mod clause;
mod collect;
mod currency;
mod decisions;
mod expr;
mod flows;
mod guardrails;
mod manifest;
mod modules;
mod people;
mod scope;
mod settings;
mod sources;
mod suite;
mod syntax;
mod systems;
mod templates;
mod types;
mod words;

pub use manifest::{FILE as MANIFEST_FILE, Manifest, ManifestSetting};
pub use settings::{SettingError, settings};
pub use sources::{Memory, SourceError, Sources};

use countersign_diagnostics::{Diagnostic, FileId, Files, Fix, codes};
use countersign_ir::program::Program;
use countersign_ir::spans::SpanTable;
use countersign_ir::suite::Suite;
use countersign_ir::value::Value;

use crate::checker::Checker;
use crate::words::nearest;

/// What a project is called whose manifest gives it no name.
const UNNAMED: &str = "project";

/// What came of a check.
#[derive(Debug)]
pub struct Checked {
    /// All texts that were read.
    pub files: Files,
    /// All that is wrong, and all that may be.
    pub diagnostics: Vec<Diagnostic>,
    /// The program, if there is no error.
    pub compiled: Option<Compiled>,
}

/// A project that compiles.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What runs.
    pub program: Program,
    /// What its tests and its simulation say.
    pub suite: Suite,
    /// Where the program's parts stand; its files are those of [`Checked::files`], in their order.
    pub spans: SpanTable,
    /// What `countersign.toml` says.
    pub manifest: Manifest,
}

/// Checks a project. Never fails, never panics; `compiled` is there exactly if there is no error.
pub fn check(sources: &dyn Sources) -> Checked {
    let mut files = Files::new();
    let mut found = Vec::new();
    let modules = modules::read(sources, &mut files, &mut found);
    let (manifest, manifest_file) = manifest::read(sources, &mut files, &mut found);
    let name = manifest.name.as_deref().unwrap_or(UNNAMED);
    let mut checker = Checker::new(sources, files, &modules, name, found);
    checker.run();
    let Checker { files, mut found, program, suite, spans, .. } = checker;
    if let Some(file) = manifest_file
        && !found.iter().any(Diagnostic::is_error)
    {
        check_settings(&program, &manifest, file, &mut found);
    }
    let clean = !found.iter().any(Diagnostic::is_error);
    let compiled = clean.then_some(Compiled { program, suite, spans, manifest });
    Checked { files, diagnostics: found, compiled }
}

/// What `countersign.toml` says, as far as it can be read. No other file is looked at, and nothing is checked.
pub fn manifest(sources: &dyn Sources) -> Manifest {
    manifest::read(sources, &mut Files::new(), &mut Vec::new()).0
}

/// The values that the manifest gives; a setting without one is the business of whoever starts the program.
fn check_settings(program: &Program, manifest: &Manifest, file: FileId, found: &mut Vec<Diagnostic>) {
    let mut values: Vec<Value> =
        program.settings.iter().map(|setting| setting.default.clone().unwrap_or(Value::None)).collect();
    let mut bad = false;
    for entry in &manifest.settings {
        let Some(at) = program.settings.iter().position(|setting| setting.name == entry.name) else {
            found.push(unknown_setting(program, entry, file));
            continue;
        };
        let Some(setting) = program.settings.get(at) else { continue };
        match (settings::read(program, setting, &entry.value), values.get_mut(at)) {
            (Ok(value), Some(slot)) => *slot = value,
            (Err(problem), _) => {
                bad = true;
                found.push(bad_setting(entry, file, &problem));
            }
            _ => {}
        }
    }
    if bad {
        return;
    }
    for error in settings::outside(program, &values) {
        if let Some(entry) = manifest.settings.iter().find(|entry| entry.name == error.name) {
            found.push(bad_setting(entry, file, &error.problem).reason(
                "every proof takes the bounds for granted, and a deployment with another value is refused",
            ));
        }
    }
}

fn bad_setting(entry: &ManifestSetting, file: FileId, problem: &str) -> Diagnostic {
    let headline = format!("the setting `{}` {problem}", entry.name);
    Diagnostic::new(codes::BAD_SETTING_VALUE, file, entry.value_span.clone(), headline).primary("this value")
}

fn unknown_setting(program: &Program, entry: &ManifestSetting, file: FileId) -> Diagnostic {
    let names = program.settings.iter().map(|setting| setting.name.as_str());
    let problem = Diagnostic::new(
        codes::UNKNOWN_MANIFEST_KEY,
        file,
        entry.name_span.clone(),
        format!("no module declares a setting `{}`", entry.name),
    )
    .primary("nobody reads this")
    .reason("whoever wrote it expects it to do something");
    match nearest(&entry.name, names) {
        Some(meant) => problem
            .help(format!("did you mean `{meant}`?"))
            .fix(Fix::suggested(format!("write `{meant}`")).edit(file, entry.name_span.clone(), meant)),
        None => problem.help("declare it with `setting`, or leave it out"),
    }
}
