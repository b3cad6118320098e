//! `countersign fmt`: one style for all files.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign::{DirectorySources, Sources};
use countersign_fmt::format;

use crate::Outcome;
use crate::failure::Failure;
use crate::project;
use crate::screen::Screen;

/// Write every file in the one style; comments stay where they are
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign fmt                   # all files of the project around the current folder
  countersign fmt people.flow       # one file
  countersign fmt --check           # change nothing; exit 1 if something would change
  countersign fmt --stdin < a.flow  # for editors: the text in, the text out")]
pub struct Arguments {
    /// A folder of the project, or one file
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Change nothing, and name the files that would change
    #[arg(long)]
    pub check: bool,
    /// Read one text from standard input and write it to standard output
    #[arg(long, conflicts_with_all = ["path", "check"])]
    pub stdin: bool,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    if arguments.stdin {
        return one_text(screen);
    }
    let mut outcome = Outcome::Clean;
    for (name, path) in files(arguments.path.as_deref())? {
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::read(&path, error))?;
        match format(&text) {
            Ok(formatted) if formatted == text => {}
            Ok(_) if arguments.check => {
                screen.note(&format!("{name} is not in the one style; `countersign fmt` writes it so"));
                outcome = Outcome::Findings;
            }
            Ok(formatted) => {
                project::replace(&path, &formatted).map_err(|error| Failure::write(&path, error))?;
                screen.note(&format!("changed {name}"));
            }
            Err(refused) => {
                screen.note(&format!("{name}: {refused}; `countersign check` shows where"));
                outcome = Outcome::Findings;
            }
        }
    }
    Ok(outcome)
}

fn one_text(screen: &mut Screen) -> Result<Outcome, Failure> {
    let mut text = String::new();
    let input = Path::new("standard input");
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| Failure::read(input, error))?;
    match format(&text) {
        Ok(formatted) => {
            screen.result(&formatted)?;
            Ok(Outcome::Clean)
        }
        Err(refused) => {
            screen.note(&refused.to_string());
            Ok(Outcome::Findings)
        }
    }
}

/// The files to write, each with the name that people know it by.
fn files(path: Option<&Path>) -> Result<Vec<(String, PathBuf)>, Failure> {
    if let Some(path) = path.filter(|path| path.is_file()) {
        return Ok(vec![(path.display().to_string(), path.to_owned())]);
    }
    let sources: DirectorySources = project::find(path)?;
    let located = |name: String| sources.locate(&name).map(|path| (name, path));
    Ok(sources.modules().into_iter().filter_map(located).collect())
}
