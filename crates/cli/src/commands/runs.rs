//! `countersign runs`: what happened, as a list and one by one.

use clap::{Args, Subcommand};
use countersign_server::api::types::{RunDetail, RunList, RunSummary};

use crate::Outcome;
use crate::client::{Client, PersonArguments, segment};
use crate::commands::Form;
use crate::failure::Failure;
use crate::page::{Tone, instant};
use crate::screen::Screen;
use crate::story;
use crate::table::Table;

/// What happened: the runs, newest first, or one of them in full
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  countersign runs
  countersign runs --status blocked
  countersign runs show run-0a4be2c19f7d8e31
  countersign why run-0a4be2c19f7d8e31         # the same in short: rules, consents, proofs")]
pub struct Arguments {
    #[command(subcommand)]
    pub one: Option<One>,
    /// Only runs that stand so: open, blocked, done, refused, skipped, handed, dropped
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Only runs of this flow
    #[arg(long, value_name = "FLOW")]
    pub flow: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    #[command(flatten)]
    pub person: PersonArguments,
}

/// What can be asked of one run.
#[derive(Debug, Subcommand)]
pub enum One {
    /// One run: its five stages, every fact with its time, and how to take it back
    #[command(after_help = "\
Examples:
  countersign runs show run-0a4be2c19f7d8e31
  countersign runs show run-0a4be2c19f7d8e31 --format json")]
    Show {
        /// Its id, as `countersign runs` shows it
        #[arg(value_name = "RUN")]
        run: String,
        /// For whom the result is written
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: Form,
        #[command(flatten)]
        person: PersonArguments,
    },
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    match &arguments.one {
        Some(One::Show { run, format, person }) => show(run, *format, person, screen),
        None => list(arguments, screen),
    }
}

fn list(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let client = Client::signed_in(&arguments.person)?;
    let query = [
        ("status", arguments.status.clone()),
        ("flow", arguments.flow.clone()),
        ("limit", Some(arguments.limit.to_string())),
    ];
    let answer = client.get("/api/v1/runs", &query)?;
    if arguments.format == Form::Json {
        screen.json(&answer.body)?;
        return Ok(Outcome::Clean);
    }
    let RunList { runs } = answer.read()?;
    if runs.is_empty() {
        screen.note("no runs");
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new(&["run", "flow", "status", "began", ""]);
    for run in &runs {
        table.row(vec![
            (Tone::Strong, run.id.clone()),
            (Tone::Plain, run.flow.clone()),
            (Tone::of_status(&run.status), run.status.clone()),
            (Tone::Plain, instant(&run.began)),
            (Tone::Dim, remark(run)),
        ]);
    }
    let mut page = screen.page();
    table.print(&mut page);
    screen.show(page)?;
    Ok(Outcome::Clean)
}

fn remark(run: &RunSummary) -> String {
    let mut remarks = Vec::new();
    if let Some(task) = &run.task {
        remarks.push(format!("waits for {task}"));
    }
    if let Some(of) = &run.undoes {
        remarks.push(format!("takes back {of}"));
    }
    match &run.undone_by {
        Some(by) if run.undone => remarks.push(format!("taken back by {by}")),
        Some(by) => remarks.push(format!("being taken back by {by}")),
        None => {}
    }
    remarks.join(", ")
}

fn show(run: &str, format: Form, person: &PersonArguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let client = Client::signed_in(person)?;
    let answer = client.get(&format!("/api/v1/runs/{}", segment(run)), &[])?;
    if format == Form::Json {
        screen.json(&answer.body)?;
        return Ok(Outcome::Clean);
    }
    let run: RunDetail = answer.read()?;
    let mut page = screen.page();
    story::run(&mut page, &run);
    screen.show(page)?;
    Ok(Outcome::Clean)
}
