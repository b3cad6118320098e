//! Why a command could not be carried out, and what to do next.
//!
//! These are errors of operation: files, the network, the process on the other side. Findings in a project are
//! diagnostics, and no failures.

use std::io;

use miette::Diagnostic;

use crate::safe;

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Failure {
    /// There is no project.
    #[error("no project here: there is no `countersign.toml` in {0} or above it")]
    #[diagnostic(help("name the project's folder, or change into it"))]
    NoProject(String),
    /// A file cannot be read or written.
    #[error("{path} cannot be {done}: {}", plainly(why))]
    File {
        /// Which.
        path: String,
        /// `read` or `written`.
        done: &'static str,
        /// What the system said.
        why: io::Error,
    },
    /// Something else, in words.
    #[error("{what}")]
    Other {
        /// What went wrong.
        what: String,
        /// What to do next.
        #[help]
        help: Option<String>,
    },
    /// The project does not compile, and what was asked needs a program.
    #[error("the project does not compile: {0}")]
    #[diagnostic(help("mend what is shown above; `countersign explain CODE` says more"))]
    DoesNotCompile(String),
    /// Nobody listens at the address.
    #[error("no process answers at {url}: {why}")]
    #[diagnostic(help(
        "start one with `countersign dev` or `countersign run`, or name where it listens with `--server URL`"
    ))]
    NoServer {
        /// Where.
        url: String,
        /// What the connection said.
        why: String,
    },
    /// The process answered with an error.
    #[error("{error}")]
    Refused {
        /// Its status.
        status: u16,
        /// What it said.
        error: String,
        /// What it said to do next.
        #[help]
        help: Option<String>,
    },
    /// What the process answered is not what its interface promises.
    #[error("the process at {url} answers what this binary does not understand: {why}")]
    #[diagnostic(help("is it of the same version, and is it Countersign at all?"))]
    NotUnderstood {
        /// Where.
        url: String,
        /// How it shows.
        why: String,
    },
    /// Standard output is gone.
    #[error("the result cannot be written: {0}")]
    Output(io::Error),
}

/// What the system said, without its numbers.
fn plainly(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "it is not permitted to this user".into(),
        _ => why.to_string(),
    }
}

impl Failure {
    /// Something in words, with what to do next.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Other { what: safe::line(&what.into()), help: Some(safe::lines(&help.into())) }
    }

    /// A file that cannot be read.
    pub fn read(path: &std::path::Path, why: io::Error) -> Self {
        Self::File { path: safe::line(&path.display().to_string()), done: "read", why }
    }

    /// A file that cannot be written.
    pub fn write(path: &std::path::Path, why: io::Error) -> Self {
        Self::File { path: safe::line(&path.display().to_string()), done: "written", why }
    }

    /// 1 where the other side understood and said no, 2 where the command could not be carried out.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { status: 403 | 409, .. } | Self::DoesNotCompile(_) => 1,
            _ if self.is_nobody_listening() => 0,
            _ => 2,
        }
    }

    /// Whether whoever read our output has had enough, as `head` does.
    pub fn is_nobody_listening(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
