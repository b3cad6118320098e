//! What developers run: `cargo xtask test` before a change is handed in, `cargo xtask chaos` for longer.
//!
//! In go the sources and the tools of the machine; out come the tools' own words, and a last line that counts. No logic of
//! the project lives here.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for developers, whose output is its result"
)]

mod chaos;
mod machine;
mod runner;
mod suite;
mod tally;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What developers run.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that a change must pass; ends with `N passed, N failed`
    Test,
    /// The process killed at random moments under load, with the receiver as the judge
    Chaos {
        /// How many times it is killed
        #[arg(long, default_value_t = 50, value_name = "N")]
        kills: u32,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        Command::Test => suite::run(),
        Command::Chaos { kills } => chaos::run(kills),
    };
    match ended {
        Ok(tally) => {
            println!("{tally}");
            if tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}
