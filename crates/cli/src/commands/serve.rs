//! What `countersign dev` and `countersign run` have in common: from a project to a process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign::{Compiled, DirectorySources};
use countersign_ir::program::Program;
use countersign_ir::value::Value;
use countersign_runtime::{ClockSpec, Secrets};
use countersign_server::{
    Given, LISTEN, Mode, Ready, ServeError, ServeOptions, log_to_stderr, serve_blocking,
};

use crate::Outcome;
use crate::failure::Failure;
use crate::page::Page;
use crate::project;
use crate::screen::Screen;

/// What both can be told.
#[derive(Debug, Args)]
pub struct Common {
    /// A folder or file of the project
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    pub listen: SocketAddr,
    /// Listen where other machines reach it, though people's tokens travel unencrypted
    #[arg(long)]
    pub beyond_loopback: bool,
    /// The store's file, if it is not the project's own
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// A clock for tests: where it begins and how fast it runs, such as 2026-11-23T09:00:00+01:00x3600
    #[arg(long, value_name = "CLOCK")]
    pub clock: Option<ClockSpec>,
}

/// A project on its way to a process.
pub struct Prepared {
    /// Where its files are.
    pub sources: DirectorySources,
    /// What it compiles to.
    pub compiled: Compiled,
}

/// Finds and compiles the project.
pub fn prepare(common: &Common, screen: &mut Screen) -> Result<Prepared, Failure> {
    let sources = project::find(common.path.as_deref())?;
    let compiled = project::compiled(&sources, screen)?;
    Ok(Prepared { sources, compiled })
}

/// Starts the process and stays with it. `greet` says what is true once it takes events.
pub fn stay(
    common: &Common,
    prepared: Prepared,
    settings: Vec<Value>,
    mode: Mode,
    secrets: BTreeMap<String, String>,
    screen: &mut Screen,
    greet: impl FnOnce(&mut Page, &Program, &Ready),
) -> Result<Outcome, Failure> {
    let Prepared { sources, compiled } = prepared;
    let root = sources.root().to_owned();
    let in_project = |path: &String| root.join(path);
    let manifest = &compiled.manifest;
    let mut options = ServeOptions::new(root.clone(), compiled.program.clone(), settings, mode);
    options.simulation = compiled.suite.simulation;
    options.listen = common.listen;
    options.beyond_loopback = common.beyond_loopback;
    options.store.clone_from(&common.store);
    options.clock = common.clock;
    options.secrets = Given(secrets);
    if mode == Mode::Run {
        options.store = options.store.or_else(|| manifest.store.as_ref().map(in_project));
        options.checkpoints = manifest.checkpoints.as_ref().map(in_project);
    }
    log_to_stderr("warn", screen.error_color);
    let served = serve_blocking(options, |ready| {
        let mut page = screen.page();
        greet(&mut page, &compiled.program, &ready);
        // A process whose greeting nobody reads works all the same.
        let _ = screen.show(page);
    });
    served.map(|()| Outcome::Clean).map_err(|error| not_served(&error))
}

fn not_served(error: &ServeError) -> Failure {
    let help = match error {
        ServeError::Listen { .. } => {
            "name another address with `--listen ADDRESS`; port 0 takes any that is free"
        }
        ServeError::BeyondLoopback(_) => "give `--beyond-loopback` if you want it all the same",
        ServeError::Fatal(_) => {
            "nothing was acknowledged that is not on disk: mend the cause and start it again"
        }
        _ => "nothing was sent to any system",
    };
    Failure::new(error.to_string(), help)
}

/// Secrets of the program that nothing in the environment has.
pub fn missing(program: &Program) -> Vec<String> {
    let environment = countersign_runtime::Environment;
    program.secrets.iter().filter(|name| environment.get(name).is_none()).cloned().collect()
}

/// The secrets that `countersign dev` made up for a project, by name.
pub fn made_up(sources: &DirectorySources) -> Result<BTreeMap<String, String>, Failure> {
    let path = made_up_path(sources);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| {
            Failure::new(
                format!("{} is not what `countersign dev` writes: {error}", path.display()),
                "remove the file, and a new one is made",
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Failure::read(&path, error)),
    }
}

/// Keeps secrets that were made up, readable by their owner alone.
pub fn keep_made_up(sources: &DirectorySources, secrets: &BTreeMap<String, String>) -> Result<(), Failure> {
    let path = made_up_path(sources);
    project::write_private(&path, secrets).map_err(|error| Failure::write(&path, error))
}

fn made_up_path(sources: &DirectorySources) -> PathBuf {
    project::beside(sources, "dev-secrets.json")
}

/// How a folder is named in a line to be pasted from where the person is now.
pub fn from_here(root: &Path) -> Option<String> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    if here.starts_with(root) {
        return None;
    }
    let path = root.strip_prefix(&here).unwrap_or(root).display().to_string();
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
    Some(if is_plain { path } else { quoted(&path) })
}

/// A word that no shell takes apart.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
