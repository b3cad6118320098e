//! Runs `test` blocks in virtual time, on the real engine.
//!
//! In goes a compiled program with its suite, out comes a [`TestResult`] for each test: passed, or the step that failed
//! with what was expected, what was found and everything that happened until then in plain sentences. Systems are
//! simulated by [`countersign_sim`], questions are answered by [`countersign_host`], and nothing waits: a test of three
//! weeks takes a few milliseconds.
//!
//! [`host::Virtual`] is the host that tests run on. It serves whoever wants to drive the engine step by step too.

mod claim;
mod coverage;
pub mod host;
mod runner;
mod trace;

pub use coverage::{Coverage, RuleSeen, coverage};
pub use runner::{Failure, START, TestResult, play, run_suite, run_test, start_of};

use std::collections::BTreeMap;

use countersign_ir::program::Program;
use countersign_ir::value::Value;

/// The settings of a program for tests: what is named, else the default, else something plausible of the type, since
/// simulated systems have no address.
pub fn settings_for_tests(program: &Program, named: &BTreeMap<String, Value>) -> Vec<Value> {
    let settings = program.settings.iter().map(|setting| {
        let value = named.get(&setting.name).or(setting.default.as_ref()).cloned();
        value.unwrap_or_else(|| countersign_sim::plausible(program, &setting.name, &setting.ty))
    });
    settings.collect()
}
