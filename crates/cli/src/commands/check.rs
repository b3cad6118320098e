//! `countersign check`: compile a project, prove its guarantees, show what was found.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use countersign::{Compilation, DirectorySources};
use countersign_diagnostics::{Counts, Format, Style, apply_fixes, render};

use crate::Outcome;
use crate::failure::Failure;
use crate::page::{Page, Tone};
use crate::project;
use crate::screen::Screen;

/// Compile and prove; exit 1 if anything refuses the project
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign check                          # the project around the current folder
  countersign check examples/invoices
  countersign check --format github          # annotations for GitHub Actions
  countersign check --format sarif > log.sarif
  countersign check --fix                    # make the changes that keep what was meant

Warnings are shown and refuse nothing.")]
pub struct Arguments {
    /// A folder or file of the project
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    /// Make the changes that keep what the author meant, then check again
    #[arg(long)]
    pub fix: bool,
    /// Say what the project consists of, and how long it took
    #[arg(long)]
    pub stats: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Pictures of the code, with reasons and what to do
    #[default]
    Human,
    /// A line for each finding
    Short,
    /// A JSON object for each finding
    Json,
    /// One SARIF 2.1.0 log
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Human => Self::Human,
            Form::Short => Self::Short,
            Form::Json => Self::Json,
            Form::Sarif => Self::Sarif,
            Form::Github => Self::Github,
        }
    }
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let sources = project::find(arguments.path.as_deref())?;
    let began = Instant::now();
    let mut compilation = countersign::compile(&sources);
    let took = began.elapsed();
    if arguments.fix && fix(&sources, &compilation, screen)? {
        compilation = countersign::compile(&sources);
    }
    let Compilation { files, diagnostics, .. } = &compilation;
    let style = Style { color: screen.color, width: screen.width };
    screen.result(&render(arguments.format.into(), style, files, diagnostics))?;
    let counts = Counts::of(files, diagnostics);
    if arguments.format == Form::Human {
        let mut page = screen.page();
        summary(&mut page, &compilation, counts);
        screen.show(page)?;
    } else {
        screen.note(&counts.to_string());
    }
    if arguments.stats {
        for line in stats(&compilation, took) {
            screen.note(&line);
        }
    }
    Ok(if compilation.has_errors() { Outcome::Findings } else { Outcome::Clean })
}

fn summary(page: &mut Page, compilation: &Compilation, counts: Counts) {
    match &compilation.compiled {
        Some(compiled) if counts.warnings + counts.notes == 0 => {
            let program = &compiled.program;
            page.say(Tone::Good, "checked").plain(&format!(
                ": {}, {}, {}; program {}",
                some(program.flows.len(), "flow"),
                some(program.decisions.len(), "decision"),
                some(program.guardrails.len(), "guardrail"),
                program.hash().short(),
            ));
        }
        Some(_) => {
            page.say(Tone::Warn, "checked").plain(&format!(": {counts}"));
        }
        None => {
            page.say(Tone::Bad, "refused").plain(&format!(": {counts}"));
        }
    }
    page.end();
}

/// Makes the safe fixes. Says whether there were any.
fn fix(sources: &DirectorySources, compilation: &Compilation, screen: &mut Screen) -> Result<bool, Failure> {
    let plan = apply_fixes(&compilation.files, &compilation.diagnostics);
    for file in plan.edits.keys() {
        let name = compilation.files.path(*file);
        let Some(path) = sources.locate(name) else { continue };
        let text = plan.text(&compilation.files, *file);
        project::replace(&path, &text).map_err(|error| Failure::write(&path, error))?;
        screen.note(&format!("changed {name}"));
    }
    if plan.skipped > 0 {
        screen.note(&format!(
            "{} stood in each other's way: run `countersign check --fix` again",
            some(plan.skipped, "fix")
        ));
    }
    Ok(!plan.edits.is_empty())
}

fn stats(compilation: &Compilation, took: Duration) -> Vec<String> {
    let files = &compilation.files;
    let lines: usize = files.ids().map(|file| files.text(file).lines().count()).sum();
    let mut stats = vec![format!("{} with {}", some(files.len(), "file"), some(lines, "line"))];
    if let Some(compiled) = &compilation.compiled {
        let program = &compiled.program;
        let rules = program.decisions.iter().map(|decision| decision.rules.len()).sum();
        let reads = program.systems.iter().map(|system| system.reads.len()).sum();
        let actions = program.systems.iter().map(|system| system.actions.len()).sum();
        let steps = program.flows.iter().map(|flow| flow.steps.len()).sum();
        stats.push(format!("{} with {}", some(program.flows.len(), "flow"), some(steps, "step")));
        stats.push(format!("{} with {}", some(program.decisions.len(), "decision"), some(rules, "rule")));
        stats.push(format!(
            "{} with {} and {}",
            some(program.systems.len(), "system"),
            some(reads, "read"),
            some(actions, "action")
        ));
        stats.push(some(program.guardrails.len(), "guardrail"));
        stats.push(some(compiled.suite.tests.len(), "test"));
        stats.push(format!("program {}, {} bytes", program.hash().hex(), program.to_bytes().len()));
    }
    stats.push(format!("compiled and proved in {:.1} ms", took.as_secs_f64() * 1e3));
    stats
}

fn some(count: usize, noun: &str) -> String {
    let plural = match (count, noun) {
        (1, _) => "",
        (_, "fix") => "es",
        _ => "s",
    };
    format!("{count} {noun}{plural}")
}
