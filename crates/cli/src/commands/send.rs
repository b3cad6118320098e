//! `countersign send`: a webhook posted as its sender would, to try things out.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use countersign::DirectorySources;
use countersign_ir::program::{Program, Signature};
use countersign_server::api::types::{Accepted, Fate};
use countersign_server::signature::{ID_HEADER, SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER, sign};

use crate::Outcome;
use crate::client::{Client, ServerArguments};
use crate::commands::{Form, serve};
use crate::failure::Failure;
use crate::page::Tone;
use crate::project;
use crate::screen::Screen;

/// Post a webhook to the running process, signed as its sender would
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign send /erp/invoices --file invoice.json
  echo '{\"id\": \"i-1\"}' | countersign send /erp/invoices
  countersign send /erp/invoices --file invoice.json --id msg-1   # the same id, the same message

The secret is taken from the environment variable that the flow names, else the one that `countersign dev` made up.")]
pub struct Arguments {
    /// The path of the trigger
    #[arg(value_name = "TRIGGER")]
    pub trigger: String,
    /// The payload as JSON; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The sender's id for the message; by default a new one
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// A folder or file of the project that runs
    #[arg(long, value_name = "PATH")]
    pub project: Option<PathBuf>,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let sources = project::find(arguments.project.as_deref())?;
    let compiled = project::compiled(&sources, screen)?;
    let body = payload(&arguments.file, screen)?;
    let key = match secret_of(&compiled.program, &arguments.trigger)? {
        Some(name) => Some(key(&name, &sources)?),
        None => None,
    };
    let client = Client::anonymous(&arguments.server)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = arguments.id.clone().unwrap_or_else(|| format!("msg-{}", now.as_nanos()));
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let timestamp = seconds.to_string();
    let signature = key.map(|key| sign(&key, &id, seconds, &body)).unwrap_or_default();
    let mut headers = vec![("content-type", "application/json"), (ID_HEADER, id.as_str())];
    if !signature.is_empty() {
        headers.extend([(TIMESTAMP_HEADER, timestamp.as_str()), (SIGNATURE_HEADER, signature.as_str())]);
    }
    let answer = client.post_raw(&arguments.trigger, &headers, &body)?;
    if arguments.format == Form::Json {
        screen.json(&answer.body)?;
    }
    if !(200..300).contains(&answer.status) {
        return match answer.status {
            409 | 422 => {
                screen.failure(&answer.refusal());
                Ok(Outcome::Findings)
            }
            _ => Err(answer.refusal()),
        };
    }
    if arguments.format == Form::Human {
        let accepted: Accepted = answer.read()?;
        let mut page = screen.page();
        let (tone, fate) = match accepted.fate {
            Fate::Accepted => (Tone::Good, "accepted"),
            Fate::Duplicate => (Tone::Warn, "the same came before"),
        };
        page.say(tone, fate).plain(&format!(": event {}", accepted.event));
        if let Some(run) = &accepted.run {
            page.plain(&format!(", run {run}")).end();
            page.say(Tone::Dim, &format!("`countersign runs show {run}` shows how it goes on"));
        }
        page.end();
        screen.show(page)?;
    }
    Ok(Outcome::Clean)
}

fn payload(file: &Path, screen: &mut Screen) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        if screen.interactive {
            screen.note("type the payload as JSON, and end with Ctrl-D");
        }
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| Failure::read(Path::new("standard input"), error));
    }
    std::fs::read(file).map_err(|error| Failure::read(file, error))
}

/// The name of the secret that a trigger is signed with; none for one that is not.
fn secret_of(program: &Program, trigger: &str) -> Result<Option<String>, Failure> {
    let Some(flow) = program.flows.iter().find(|flow| flow.trigger.path == trigger) else {
        let known: Vec<_> = program.flows.iter().map(|flow| format!("`{}`", flow.trigger.path)).collect();
        return Err(Failure::new(
            format!("no flow of this project has a trigger at `{trigger}`"),
            format!("there are: {}", known.join(", ")),
        ));
    };
    Ok(match &flow.trigger.signature {
        Signature::Standard { secret } => program.secrets.get(secret.index()).cloned(),
        Signature::Unsigned { .. } => None,
    })
}

fn key(name: &str, sources: &DirectorySources) -> Result<SigningKey, Failure> {
    let from_environment = std::env::var(name).ok().filter(|secret| !secret.is_empty());
    let secret = match from_environment {
        Some(secret) => secret,
        None => serve::made_up(sources)?.remove(name).ok_or_else(|| {
            Failure::new(
                format!("the secret {name} is not known here"),
                format!(
                    "set the environment variable {name}, or start `countersign dev`, which makes one up"
                ),
            )
        })?,
    };
    SigningKey::new(&secret).map_err(|error| {
        Failure::new(format!("{name}: {error}"), format!("set {name} to the sender's secret"))
    })
}
