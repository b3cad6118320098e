//! `countersign undo`: take a run back.

use clap::Args;
use countersign_server::api::types::{UndoRequest, UndoResponse};

use crate::Outcome;
use crate::client::{Client, PersonArguments, segment};
use crate::commands::Form;
use crate::failure::Failure;
use crate::page::Tone;
use crate::screen::Screen;

/// Take back what a run did, as far as it can be
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign undo run-0a4be2c19f7d8e31 --because \"paid to the wrong vendor\"

An undo is a run of its own: it passes the same guardrails, and is proved like any other.")]
pub struct Arguments {
    /// Its id, as `countersign runs` shows it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Why; it is kept in the journal
    #[arg(long, value_name = "REASON", required = true)]
    pub because: String,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    #[command(flatten)]
    pub person: PersonArguments,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let client = Client::signed_in(&arguments.person)?;
    let path = format!("/api/v1/runs/{}/undo", segment(&arguments.run));
    let answer = client.post(&path, &UndoRequest { because: arguments.because.clone() })?;
    if arguments.format == Form::Json {
        screen.json(&answer.body)?;
        return Ok(Outcome::Clean);
    }
    let begun: UndoResponse = answer.read()?;
    let mut page = screen.page();
    page.plain(&format!("{} takes back {}", begun.undo, begun.run)).end();
    for stays in &begun.stays {
        page.plain("  ").say(Tone::Warn, "stays: ").plain(stays).end();
    }
    page.say(Tone::Dim, &format!("`countersign runs show {}` shows how it goes on", begun.undo)).end();
    screen.show(page)?;
    Ok(Outcome::Clean)
}
