//! How many checks passed and failed, read from what the runners print.

use std::fmt;
use std::ops::AddAssign;

/// Checks that passed and checks that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// One check.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// Whether something ran and nothing failed.
    pub fn is_clean(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What a line says, if it sums up a run of tests: `cargo test` prints one per binary, `cargo nextest` one in all.
pub fn of_line(line: &str) -> Option<Tally> {
    let line = plain(line);
    // An indented result is what nextest repeats of a test that failed; its own summary counts that test.
    let counts = match line.strip_prefix("test result:") {
        Some(rest) => rest.split_once('.')?.1,
        None => line.trim().strip_prefix("Summary")?.split_once(" run:")?.1,
    };
    let mut tally = Tally::default();
    for part in without_parentheses(counts).split([',', ';']) {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what.trim() {
            "passed" => tally.passed += number,
            "failed" | "timed out" | "exec failed" => tally.failed += number,
            _ => {}
        }
    }
    Some(tally)
}

/// The line without the colours of a terminal.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A sequence ends with a letter.
            let _ = characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|character| {
            depth += u32::from(*character == '(');
            let outside = depth == 0;
            depth = depth.saturating_sub(u32::from(*character == ')'));
            outside
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(line: &str) -> Option<(u64, u64)> {
        of_line(line).map(|tally| (tally.passed, tally.failed))
    }

    #[test]
    fn the_summaries_of_both_runners_are_understood() {
        let cargo = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.2s";
        assert_eq!(counted(cargo), Some((12, 3)));
        let next = "     Summary [   0.010s] 9 tests run: 6 passed (1 slow, 2 leaky), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(counted(next), Some((6, 3)));
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.010s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(counted(coloured), Some((2, 0)));
    }

    #[test]
    fn other_lines_say_nothing() {
        assert_eq!(counted("running 12 tests"), None);
        assert_eq!(counted("test a ... ok"), None);
        assert_eq!(counted("    test result: FAILED. 0 passed; 1 failed; 0 ignored"), None);
    }

    #[test]
    fn nothing_that_ran_is_not_clean() {
        assert!(!Tally::default().is_clean());
        assert!(Tally::one(true).is_clean());
        assert!(!Tally::one(false).is_clean());
    }
}
