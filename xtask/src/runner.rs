//! Commands run with their output passed through, and their summaries counted on the way.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use crate::tally::{Tally, of_line};

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}

/// Cargo, in the repository.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    if std::env::var_os("CARGO_TERM_COLOR").is_none()
        && std::env::var_os("NO_COLOR").is_none()
        && std::io::stdout().is_terminal()
    {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// Where cargo puts what it builds.
pub fn target() -> Result<PathBuf, String> {
    let output = cargo(&["metadata", "--format-version", "1", "--no-deps"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read what `cargo metadata` says: {error}"))?;
    let directory = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    directory.map(PathBuf::from).ok_or_else(|| "`cargo metadata` names no target directory".to_owned())
}

/// One part of a run, with its name and what came of it.
pub struct Report {
    parts: Vec<(String, Tally)>,
}

impl Report {
    pub fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Runs a command that counts as one check.
    pub fn check(&mut self, name: &str, command: &mut Command) -> bool {
        let passed = heading(name, || spawn(command).is_some_and(|(success, _)| success));
        self.parts.push((name.to_owned(), Tally::one(passed)));
        passed
    }

    /// Runs a command that runs tests, and counts them. One that fails without a failed test counts as one.
    pub fn tests(&mut self, name: &str, command: &mut Command) {
        let tally = heading(name, || match spawn(command) {
            Some((true, tally)) => tally,
            Some((false, tally)) if tally.failed > 0 => tally,
            Some((false, tally)) => Tally { failed: 1, ..tally },
            None => Tally::one(false),
        });
        self.parts.push((name.to_owned(), tally));
    }

    /// Notes a check that was made otherwise.
    pub fn note(&mut self, name: &str, tally: Tally) {
        self.parts.push((name.to_owned(), tally));
    }

    /// Prints the parts and sums them up.
    pub fn sum(self) -> Tally {
        println!();
        let width = self.parts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut sum = Tally::default();
        for (name, tally) in self.parts {
            println!("  {name:width$}  {tally}");
            sum += tally;
        }
        sum
    }
}

fn heading<T>(name: &str, work: impl FnOnce() -> T) -> T {
    println!("\n── {name}");
    let began = Instant::now();
    let done = work();
    println!("── {name}: {:.1} s", began.elapsed().as_secs_f64());
    done
}

/// Whether the command succeeded, and what its output counts; none if it could not be started.
fn spawn(command: &mut Command) -> Option<(bool, Tally)> {
    let mut child = match command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("error: cannot run {}: {error}", command.get_program().to_string_lossy());
            return None;
        }
    };
    let (send, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    for stream in streams.into_iter().flatten() {
        let send = send.clone();
        std::thread::spawn(move || pass_on(stream, &send));
    }
    drop(send);
    let mut tally = Tally::default();
    for line in lines {
        println!("{line}");
        if let Some(counted) = of_line(&line) {
            tally += counted;
        }
    }
    let success = child.wait().is_ok_and(|status| status.success());
    Some((success, tally))
}

fn pass_on(stream: impl Read, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return };
        if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
            return;
        }
    }
}
