//! The commands, a file each.

pub mod answer;
pub mod audit;
pub mod check;
pub mod completions;
pub mod dev;
pub mod explain;
pub mod fmt;
pub mod inbox;
pub mod login;
pub mod run;
pub mod runs;
pub mod send;
pub mod serve;
pub mod test;
pub mod undo;
pub mod why;

use clap::ValueEnum;

use crate::Outcome;
use crate::arguments::Command;
use crate::failure::Failure;
use crate::screen::Screen;

/// For whom a result is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// Carries out a command.
pub fn execute(command: Command, screen: &mut Screen) -> Result<Outcome, Failure> {
    match command {
        Command::Check(arguments) => check::execute(&arguments, screen),
        Command::Explain(arguments) => explain::execute(&arguments, screen),
        Command::Fmt(arguments) => fmt::execute(&arguments, screen),
        Command::Test(arguments) => test::execute(&arguments, screen),
        Command::Dev(arguments) => dev::execute(&arguments, screen),
        Command::Run(arguments) => run::execute(&arguments, screen),
        Command::Send(arguments) => send::execute(&arguments, screen),
        Command::Login(arguments) => login::execute(&arguments, screen),
        Command::Inbox(arguments) => inbox::execute(&arguments, screen),
        Command::Approve(arguments) => answer::approve(&arguments, screen),
        Command::Refuse(arguments) => answer::refuse(&arguments, screen),
        Command::Object(arguments) => answer::object(&arguments, screen),
        Command::Answer(arguments) => answer::other(&arguments, screen),
        Command::Runs(arguments) => runs::execute(&arguments, screen),
        Command::Why(arguments) => why::execute(&arguments, screen),
        Command::Undo(arguments) => undo::execute(&arguments, screen),
        Command::Audit(arguments) => audit::execute(&arguments, screen),
        Command::Completions(arguments) => completions::execute(&arguments, screen),
        Command::Man(_) => completions::man(screen),
    }
}
