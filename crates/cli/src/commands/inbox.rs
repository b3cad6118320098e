//! `countersign inbox`: what waits for a person.

use clap::Args;
use countersign_server::api::types::{TaskList, TaskSummary};

use crate::Outcome;
use crate::client::{Client, PersonArguments};
use crate::commands::Form;
use crate::failure::Failure;
use crate::page::{Tone, instant};
use crate::screen::Screen;
use crate::table::Table;

/// What waits for the person who signed in
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign inbox
  countersign inbox --all                # everybody's tasks, the settled ones too
  countersign approve TASK               # shows the question, then answers it")]
pub struct Arguments {
    /// Show everybody's tasks, also those that are settled
    #[arg(long)]
    pub all: bool,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    #[command(flatten)]
    pub person: PersonArguments,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let client = Client::signed_in(&arguments.person)?;
    let answer = client.get("/api/v1/tasks", &[("all", arguments.all.then(|| "true".into()))])?;
    if arguments.format == Form::Json {
        screen.json(&answer.body)?;
        return Ok(Outcome::Clean);
    }
    let TaskList { tasks } = answer.read()?;
    if tasks.is_empty() {
        screen.note("nothing waits");
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new(&["task", "kind", "status", "waits until", "for", "question"]);
    for task in &tasks {
        table.row(vec![
            (Tone::Strong, task.id.clone()),
            (Tone::Plain, task.kind.clone()),
            (Tone::of_status(&task.status), task.status.clone()),
            (Tone::Plain, until(task)),
            (Tone::Plain, task.roles.join(", ")),
            (Tone::Plain, task.question.clone()),
        ]);
    }
    let mut page = screen.page();
    table.print(&mut page);
    screen.show(page)?;
    Ok(Outcome::Clean)
}

fn until(task: &TaskSummary) -> String {
    match &task.deadline {
        Some(deadline) if task.status == "open" && task.silence => {
            format!("{} (then passes)", instant(deadline))
        }
        Some(deadline) if task.status == "open" => instant(deadline),
        _ => "—".into(),
    }
}
