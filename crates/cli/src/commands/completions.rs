//! `countersign completions` and `countersign man`: for shells, and for who reads manuals.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Outcome;
use crate::failure::Failure;
use crate::screen::Screen;

/// Completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign completions bash > ~/.local/share/bash-completion/completions/countersign
  countersign completions zsh > ~/.zfunc/_countersign
  countersign completions fish > ~/.config/fish/completions/countersign.fish")]
pub struct Arguments {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// The manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign man | man -l -")]
pub struct Man {}

/// Carries out `completions`.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    let mut command = crate::arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "countersign", &mut script);
    screen.result(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Clean)
}

/// Carries out `man`: the page of the binary, then that of each command.
pub fn man(screen: &mut Screen) -> Result<Outcome, Failure> {
    let mut command = crate::arguments::Arguments::command();
    command.build();
    let mut manual = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut manual).map_err(Failure::Output)?;
    for part in command.get_subcommands() {
        clap_mangen::Man::new(part.clone()).render(&mut manual).map_err(Failure::Output)?;
    }
    screen.result(&String::from_utf8_lossy(&manual))?;
    Ok(Outcome::Clean)
}
