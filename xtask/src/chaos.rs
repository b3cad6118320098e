//! `cargo xtask chaos`: the kill test of the end-to-end tests, as often as asked.

use crate::machine;
use crate::runner::{Report, cargo, target};
use crate::suite::{END_TO_END, binary, build, has_package};
use crate::tally::Tally;

/// Runs the kill test with that many kills.
pub fn run(kills: u32) -> Result<Tally, String> {
    if !has_package(END_TO_END) {
        return Err(format!("there are no end-to-end tests in tests/{END_TO_END}"));
    }
    let target = target()?;
    let mut report = Report::new();
    if build(&mut report) {
        let python = machine::python(&target)?;
        let mut command = cargo(&[
            "test",
            "--package",
            END_TO_END,
            "--",
            "kill_nine",
            "--nocapture",
            "--test-threads",
            "1",
        ]);
        command
            .env("COUNTERSIGN_BIN", binary(&target))
            .env("E2E_PYTHON", python)
            .env("CHAOS_KILLS", kills.to_string());
        report.tests(&format!("{kills} kills"), &mut command);
    }
    Ok(report.sum())
}
