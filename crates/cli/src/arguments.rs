//! The words of the command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    answer, audit, check, completions, dev, explain, fmt, inbox, login, run, runs, send, test, undo, why,
};

/// Typed flows between systems and people: checked, proved, run, and kept on record.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  countersign check                        compile and prove the project around the current folder
  countersign test                         run its tests in virtual time
  countersign dev                          run it with simulated systems: the first thing to try
  countersign login dana@acme.test         act as a person
  countersign inbox                        what waits for that person

Exit code: 0 all is well, 1 something was found or refused, 2 the command could not be carried out")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked for, in the order in which it is needed.
#[derive(Debug, Subcommand)]
pub enum Command {
    Check(check::Arguments),
    Explain(explain::Arguments),
    Fmt(fmt::Arguments),
    Test(test::Arguments),
    Dev(dev::Arguments),
    Run(run::Arguments),
    Send(send::Arguments),
    Login(login::Arguments),
    Inbox(inbox::Arguments),
    Approve(answer::Approve),
    Refuse(answer::Refuse),
    Object(answer::Object),
    Answer(answer::Other),
    Runs(runs::Arguments),
    Why(why::Arguments),
    Undo(undo::Arguments),
    Audit(audit::Arguments),
    Completions(completions::Arguments),
    Man(completions::Man),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
