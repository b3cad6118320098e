//! The words of the command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    answer, audit, check, completions, dev, explain, fmt, inbox, login, run, runs, send, test, undo, why,
};

/// Typed flows between systems and people: checked, proved, run, and kept on record.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(max_term_width = 100)]
#[command(after_help = "\
Examples:
  countersign check                      # compile and prove the project around the current folder
  countersign test                       # run its tests in virtual time
  countersign dev                        # run it with simulated systems: the first thing to try
  countersign login dana@acme.test       # act as a person
  countersign inbox                      # what waits for that person

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

    /// The command lines in the fences of a page, without what a shell makes of them.
    fn command_lines(page: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut is_shell = false;
        let mut is_fence = false;
        for line in page.lines() {
            if let Some(kind) = line.trim_start().strip_prefix("```") {
                is_shell = !is_fence && ["sh", "shell", "console", "bash"].contains(&kind.trim());
                is_fence = !is_fence;
            } else if is_shell {
                let line = line.trim_start().trim_start_matches("$ ");
                for part in line.split([';', '|', '&']) {
                    let part = part.split(['#', '>', '<']).next().unwrap_or_default().trim();
                    let ours = part.strip_prefix("cargo run --release -- ");
                    let ours = ours.or(part.strip_prefix("target/release/countersign "));
                    found.extend(ours.or(part.strip_prefix("countersign ")).map(str::to_owned));
                }
            }
        }
        found
    }

    fn words(line: &str) -> Vec<String> {
        let quoted = |(place, part): (usize, &str)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            _ => vec![part.to_owned()],
        };
        line.split(['"', '\'']).enumerate().flat_map(quoted).collect()
    }

    fn pages(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                pages(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_that_the_documentation_shows_is_one() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let mut found = vec![root.join("README.md")];
        pages(&root.join("docs"), &mut found);
        let mut checked = 0;
        for page in found {
            for line in command_lines(&std::fs::read_to_string(&page).unwrap()) {
                let words = std::iter::once("countersign".to_owned()).chain(words(&line));
                match Arguments::try_parse_from(words) {
                    Ok(_) => {}
                    Err(error) if !error.use_stderr() => {}
                    Err(error) => panic!("{}: `countersign {line}`: {error}", page.display()),
                }
                checked += 1;
            }
        }
        assert!(checked > 10, "only {checked} commands were found");
    }
}
