//! The binary `countersign`.
//!
//! In go the words of a command line, out comes what a crate of ours answers, put on a terminal or into a program's hands.
//! Nothing is decided here: each command reads its words, calls one thing, and shows what it says.
//!
//! The exit code is 0 where all is well, 1 where something was found or refused, 2 where the command could not be carried
//! out.

mod arguments;
mod client;
mod commands;
mod credentials;
mod failure;
mod page;
mod project;
mod safe;
mod screen;
mod story;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::screen::Screen;

/// What a command that was carried out has to say to a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Clean,
    /// Something was found.
    Findings,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut screen = Screen::detect();
    match commands::execute(arguments.command, &mut screen) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(failure) => {
            screen.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
