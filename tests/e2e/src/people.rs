//! People at the command line, each with a home and credentials of their own.

use std::path::Path;
use std::process::{Command, Output};

use crate::programs;

/// What a command said.
#[derive(Debug, Clone)]
pub struct Said {
    /// What was asked, for messages.
    pub asked: String,
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Expects that it went well, and gives what was printed.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "`{}` failed:\n{}{}", self.asked, self.out, self.err);
        &self.out
    }

    /// Expects that it did not go well, without a crash, and gives all that was printed.
    #[track_caller]
    pub fn fails(&self) -> String {
        assert!(
            self.code > 0 && self.code < 100,
            "`{}` was expected to fail properly, and ended with {}:\n{}{}",
            self.asked,
            self.code,
            self.out,
            self.err
        );
        format!("{}{}", self.out, self.err)
    }
}

/// Runs `countersign` in a project's folder, with nothing of this machine's settings.
pub fn countersign(project: &Path, home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = command(project, home, variables);
    command.args(arguments);
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("cannot start countersign: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what it prints is UTF-8");
    Said {
        asked: format!("countersign {}", arguments.join(" ")),
        code: status.code().unwrap_or(-1),
        out: text(stdout),
        err: text(stderr),
    }
}

/// The command itself, without arguments.
pub fn command(project: &Path, home: &Path, variables: &[(&str, &str)]) -> Command {
    std::fs::create_dir_all(home).unwrap_or_else(|error| panic!("{}: {error}", home.display()));
    let mut command = Command::new(programs::countersign());
    command.current_dir(project).env_clear().env("HOME", home).env("NO_COLOR", "1");
    command.env("XDG_CONFIG_HOME", home.join("config"));
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.envs(variables.iter().copied());
    command
}
