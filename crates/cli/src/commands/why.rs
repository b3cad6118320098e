//! `countersign why`: rules, consents and proofs of a run.

use clap::Args;
use countersign_server::api::types::Why;

use crate::Outcome;
use crate::client::{Client, PersonArguments, segment};
use crate::commands::Form;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::story;

/// Why a run went as it did: which rule, whose consent, which proof
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign why run-0a4be2c19f7d8e31")]
pub struct Arguments {
    /// Its id, as `countersign runs` shows it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    #[command(flatten)]
    pub person: PersonArguments,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let client = Client::signed_in(&arguments.person)?;
    let answer = client.get(&format!("/api/v1/runs/{}/why", segment(&arguments.run)), &[])?;
    if arguments.format == Form::Json {
        screen.json(&answer.body)?;
        return Ok(Outcome::Clean);
    }
    let why: Why = answer.read()?;
    let mut page = screen.page();
    story::why(&mut page, &why);
    screen.show(page)?;
    Ok(Outcome::Clean)
}
