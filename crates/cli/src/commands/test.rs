//! `countersign test`: the project's tests, in virtual time.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use countersign_engine::Deployment;
use countersign_ir::time::duration_literal;
use countersign_test::{Coverage, TestResult, coverage, run_suite};

use crate::Outcome;
use crate::failure::Failure;
use crate::page::{Page, Tone};
use crate::project;
use crate::safe;
use crate::screen::Screen;

/// Run the project's tests in virtual time: three weeks take a moment
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign test                                  # the project around the current folder
  countersign test examples/invoices \"small invoice\"  # tests whose name contains these words
  countersign test --format junit > report.xml

A test that fails shows what was expected, what was found, and everything that had happened until then.")]
pub struct Arguments {
    /// A folder or file of the project
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Only tests whose name contains these words
    #[arg(value_name = "FILTER")]
    pub filter: Option<String>,
    /// How results are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
}

/// How results are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
    /// JUnit's XML, for continuous integration
    Junit,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let sources = project::find(arguments.path.as_deref())?;
    let compiled = project::compiled(&sources, screen)?;
    let settings = project::settings_without_systems(&compiled)?;
    let deployment = Arc::new(Deployment::new(compiled.program, settings, "test"));
    let began = Instant::now();
    let results = run_suite(&deployment, &compiled.suite, arguments.filter.as_deref());
    let took = began.elapsed();
    if results.is_empty() {
        return nothing(arguments, compiled.suite.tests.len(), screen);
    }
    let seen = coverage(&deployment.program, &results);
    match arguments.format {
        Form::Human => {
            let mut page = screen.page();
            human(&mut page, &results, &seen, arguments.filter.is_none(), took);
            screen.show(page)?;
        }
        Form::Json => screen.json(&json(&results, &seen))?,
        Form::Junit => screen.result(&junit(&deployment.program.name, &results))?,
    }
    Ok(if results.iter().all(TestResult::passed) { Outcome::Clean } else { Outcome::Findings })
}

fn nothing(arguments: &Arguments, tests: usize, screen: &mut Screen) -> Result<Outcome, Failure> {
    match &arguments.filter {
        Some(filter) if tests > 0 => Err(Failure::new(
            format!("no test's name contains `{filter}`"),
            "`countersign test` without words runs all of them and shows their names",
        )),
        _ => {
            screen.note("the project has no tests");
            Ok(Outcome::Clean)
        }
    }
}

fn human(page: &mut Page, results: &[TestResult], seen: &[Coverage], all: bool, took: Duration) {
    for result in results {
        let (tone, word) = if result.passed() { (Tone::Good, "passed") } else { (Tone::Bad, "FAILED") };
        page.say(tone, word).plain("  ").plain(&result.name);
        page.say(Tone::Dim, &format!("  {}", rounded(result.virtual_time))).end();
        let Some(failure) = &result.failure else { continue };
        page.plain("        ").say(Tone::Dim, &format!("{}:{}: ", result.file, failure.line));
        page.plain(&failure.step).end();
        page.line(&format!("        expected {}", failure.expected));
        page.line(&format!("        found    {}", failure.found));
        for line in &failure.trace {
            page.plain("        ").say(Tone::Dim, line).end();
        }
    }
    // What some of the tests did not see, others may have.
    if all && !seen.is_empty() {
        page.gap();
        for decision in seen {
            page.line(&format!(
                "{}: {} of {} rules fired",
                decision.decision, decision.covered, decision.rules
            ));
            for (rule, when) in &decision.missing {
                let when = if when == "otherwise" { when.clone() } else { format!("when {when}") };
                page.plain("  ").say(Tone::Warn, "never").plain(&format!(": rule {rule}, {when}")).end();
            }
        }
    }
    let failed = results.iter().filter(|result| !result.passed()).count();
    let virtual_time = results.iter().map(|result| result.virtual_time).fold(0, i64::saturating_add);
    page.gap().plain(&format!("{} passed, {failed} failed", results.len() - failed));
    let millis = took.as_secs_f64() * 1e3;
    page.say(Tone::Dim, &format!("; {} of virtual time in {millis:.0} ms", rounded(virtual_time))).end();
}

/// A length of time without what is shorter than a second.
fn rounded(ns: i64) -> String {
    duration_literal(ns - ns % 1_000_000_000)
}

fn json(results: &[TestResult], seen: &[Coverage]) -> serde_json::Value {
    let tests: Vec<_> = results
        .iter()
        .map(|result| {
            serde_json::json!({
                "name": result.name,
                "file": result.file,
                "passed": result.passed(),
                "virtual_seconds": result.virtual_time / 1_000_000_000,
                "failure": result.failure.as_ref().map(|failure| serde_json::json!({
                    "line": failure.line,
                    "step": failure.step,
                    "expected": failure.expected,
                    "found": failure.found,
                    "trace": failure.trace,
                })),
            })
        })
        .collect();
    let decisions: Vec<_> = seen
        .iter()
        .map(|decision| {
            serde_json::json!({
                "decision": decision.decision,
                "covered": decision.covered,
                "rules": decision.rules,
                "missing": decision.missing.iter().map(|(rule, when)| {
                    serde_json::json!({ "rule": rule, "when": when })
                }).collect::<Vec<_>>(),
            })
        })
        .collect();
    let failed = results.iter().filter(|result| !result.passed()).count();
    serde_json::json!({
        "passed": results.len() - failed,
        "failed": failed,
        "tests": tests,
        "coverage": decisions,
    })
}

fn junit(project: &str, results: &[TestResult]) -> String {
    let failed = results.iter().filter(|result| !result.passed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">",
        xml(project),
        results.len()
    );
    for result in results {
        let case = format!("  <testcase name=\"{}\" file=\"{}\"", xml(&result.name), xml(&result.file));
        match &result.failure {
            None => {
                let _ = writeln!(out, "{case}/>");
            }
            Some(failure) => {
                let message =
                    format!("{}: expected {}, found {}", failure.step, failure.expected, failure.found);
                let place = format!("{}:{}", result.file, failure.line);
                let _ = writeln!(out, "{case} line=\"{}\">", failure.line);
                let _ = writeln!(
                    out,
                    "    <failure message=\"{}\">{}</failure>",
                    xml(&message),
                    xml(&format!("{place}\n{}", failure.trace.join("\n")))
                );
                let _ = writeln!(out, "  </testcase>");
            }
        }
    }
    out.push_str("</testsuite>\n");
    out
}

/// A text inside of XML. What XML cannot hold at all is written out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in safe::lines(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_cannot_break_the_report() {
        assert_eq!(xml("a<b> & \"c\"\u{0}"), "a&lt;b&gt; &amp; &quot;c&quot;\\u{0}");
    }
}
