//! `cargo xtask chaos`: the kill test of the end-to-end tests, as often as asked.

use crate::runner::{Report, target};
use crate::suite::{build, end_to_end};
use crate::tally::Tally;

/// Runs the kill test with that many kills.
pub fn run(kills: u32) -> Result<Tally, String> {
    let target = target()?;
    let mut report = Report::new();
    if build(&mut report) {
        let name = format!("killed {kills} times");
        let arguments = ["kill_nine", "--", "--nocapture", "--test-threads", "1"];
        end_to_end(&mut report, &name, &target, &arguments, &[("CHAOS_KILLS", kills.to_string())]);
    }
    Ok(report.sum())
}
