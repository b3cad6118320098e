//! `countersign approve`, `refuse`, `object` and `answer`: a task answered, by what was shown.

use std::io::{BufRead, Write};

use clap::Args;
use countersign_server::api::types::{AnswerRequest, AnswerResponse, TaskDetail};

use crate::Outcome;
use crate::client::{Client, PersonArguments, segment};
use crate::commands::Form;
use crate::failure::Failure;
use crate::page::{Page, Tone, instant, value};
use crate::screen::Screen;

/// Say yes to a task
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign approve task-5c1f0b2a9d3e4f60
  countersign approve task-5c1f0b2a9d3e4f60 --because \"the contract is signed\" --yes

The question and what it rests on are shown first. What was shown is part of the answer: if it \
changes meanwhile, the answer does not count.")]
pub struct Approve {
    /// Its id, as `countersign inbox` shows it
    #[arg(value_name = "TASK")]
    pub task: String,
    #[command(flatten)]
    pub how: How,
}

/// Say no to a task
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign refuse task-5c1f0b2a9d3e4f60 --because \"we never ordered this\"")]
pub struct Refuse {
    /// Its id, as `countersign inbox` shows it
    #[arg(value_name = "TASK")]
    pub task: String,
    #[command(flatten)]
    pub how: How,
}

/// Stop what would pass by silence
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign object task-5c1f0b2a9d3e4f60 --because \"the amount is wrong\"")]
pub struct Object {
    /// Its id, as `countersign inbox` shows it
    #[arg(value_name = "TASK")]
    pub task: String,
    #[command(flatten)]
    pub how: How,
}

/// Settle a problem: `retry`, `took-effect`, `drop`, `acknowledge`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign answer task-5c1f0b2a9d3e4f60 retry
  countersign answer task-5c1f0b2a9d3e4f60 took-effect --because \"the bank confirms it\"
  countersign answer task-5c1f0b2a9d3e4f60 drop --because \"sent in error\"")]
pub struct Other {
    /// Its id, as `countersign inbox` shows it
    #[arg(value_name = "TASK")]
    pub task: String,
    /// One of the choices that the task shows
    #[arg(value_name = "CHOICE")]
    pub choice: String,
    #[command(flatten)]
    pub how: How,
}

/// How an answer is given.
#[derive(Debug, Args)]
pub struct How {
    /// Why; it is kept in the journal
    #[arg(long, value_name = "REASON")]
    pub because: Option<String>,
    /// Do not ask again on a terminal
    #[arg(long, short)]
    pub yes: bool,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    #[command(flatten)]
    pub person: PersonArguments,
}

/// Carries out `approve`.
pub fn approve(arguments: &Approve, screen: &mut Screen) -> Result<Outcome, Failure> {
    give(&arguments.task, "approve", &arguments.how, screen)
}

/// Carries out `refuse`.
pub fn refuse(arguments: &Refuse, screen: &mut Screen) -> Result<Outcome, Failure> {
    give(&arguments.task, "refuse", &arguments.how, screen)
}

/// Carries out `object`.
pub fn object(arguments: &Object, screen: &mut Screen) -> Result<Outcome, Failure> {
    give(&arguments.task, "object", &arguments.how, screen)
}

/// Carries out `answer`.
pub fn other(arguments: &Other, screen: &mut Screen) -> Result<Outcome, Failure> {
    give(&arguments.task, &arguments.choice, &arguments.how, screen)
}

fn give(task: &str, choice: &str, how: &How, screen: &mut Screen) -> Result<Outcome, Failure> {
    let client = Client::signed_in(&how.person)?;
    let path = format!("/api/v1/tasks/{}", segment(task));
    let detail: TaskDetail = client.get(&path, &[])?.read()?;
    if how.format == Form::Human {
        let mut page = screen.page();
        question(&mut page, &detail);
        screen.show(page)?;
        if screen.interactive && !how.yes && !confirmed(choice, screen)? {
            screen.note("nothing was answered");
            return Ok(Outcome::Findings);
        }
    }
    let request = AnswerRequest {
        choice: choice.to_owned(),
        because: how.because.clone(),
        shown: Some(detail.shown.clone()),
    };
    let answer = client.post(&format!("{path}/answer"), &request)?;
    if how.format == Form::Json {
        screen.json(&answer.body)?;
        return Ok(Outcome::Clean);
    }
    let answered: AnswerResponse = answer.read()?;
    let mut page = screen.page();
    page.end().plain(&format!("{choice}: "));
    match &answered.settled {
        Some(settled) => {
            page.say(Tone::of_status(&settled.verdict), &format!("settled, {}", settled.verdict)).end();
        }
        None => {
            page.say(Tone::Warn, "counted, and others are waited for").end();
        }
    }
    if let Some(run) = &answered.run {
        page.say(Tone::Dim, &format!("`countersign runs show {run}` shows how it goes on")).end();
    }
    screen.show(page)?;
    Ok(Outcome::Clean)
}

/// Everything that an answer rests on.
fn question(page: &mut Page, task: &TaskDetail) {
    page.say(Tone::Strong, &task.summary.question).end();
    for shown in &task.showing {
        page.plain("  ").say(Tone::Dim, &format!("{}: ", shown.label)).plain(&value(&shown.value)).end();
    }
    if let Some(about) = &task.summary.about {
        page.plain("  ").say(Tone::Dim, "about: ").plain(about).end();
    }
    if let Some(suggestion) = &task.suggestion {
        page.plain("  ").say(Tone::Dim, "suggested: ").plain(suggestion).end();
    }
    for remark in &task.remarks {
        page.plain("  ").say(Tone::Warn, remark).end();
    }
    for said in &task.answers {
        let because =
            said.because.as_ref().map(|because| format!(", because \"{because}\"")).unwrap_or_default();
        page.line(&format!("  {} ({}) said {}{because}", said.person, said.role, said.choice));
    }
    if let Some(settled) = &task.settled {
        page.line(&format!("  settled at {}: {}", instant(&settled.at), settled.verdict));
    } else {
        if let Some(deadline) = &task.summary.deadline {
            page.line(&format!("  until {}: {}", instant(deadline), task.at_deadline));
        }
        if !task.choices.is_empty() {
            page.say(Tone::Dim, &format!("  choices: {}", task.choices.join(", "))).end();
        }
    }
}

fn confirmed(choice: &str, screen: &mut Screen) -> Result<bool, Failure> {
    screen.result(&format!("\n{}? [y/N] ", crate::safe::line(choice)))?;
    std::io::stdout().flush().map_err(Failure::Output)?;
    let mut said = String::new();
    std::io::stdin().lock().read_line(&mut said).map_err(Failure::Output)?;
    Ok(matches!(said.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
