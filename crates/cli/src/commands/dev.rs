//! `countersign dev`: the project with simulated systems, ready to be tried.

use clap::Args;
use countersign_ir::json::{Style, to_json};
use countersign_ir::program::{Consent, Flow, FlowId, Program, Signature};
use countersign_ir::suite::{Suite, TestStepKind};
use countersign_server::{Mode, Ready};

use crate::Outcome;
use crate::commands::serve::{Common, from_here, keep_made_up, made_up, missing, prepare, quoted, stay};
use crate::failure::Failure;
use crate::page::{Page, Tone};
use crate::project;
use crate::screen::Screen;

/// Run the project with simulated systems: the first thing to try
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign dev                      # the project around the current folder
  countersign dev examples/invoices
  countersign dev --listen 127.0.0.1:0   # any port that is free

It needs no secrets and reaches nothing outside. Simulated systems begin anew with each start; \
runs, tasks and the journal are kept in `.countersign/dev.db`.")]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let prepared = prepare(&arguments.common, screen)?;
    let compiled = &prepared.compiled;
    let program = &compiled.program;
    let settings = project::settings_without_systems(compiled)?;

    let mut secrets = made_up(&prepared.sources)?;
    let absent = missing(program);
    secrets.retain(|name, _| absent.contains(name));
    let unknown: Vec<_> =
        senders(program).filter(|name| absent.contains(name) && !secrets.contains_key(name)).collect();
    if !unknown.is_empty() {
        for name in unknown {
            secrets.insert(name, make_up()?);
        }
        keep_made_up(&prepared.sources, &secrets)?;
    }

    let folder = from_here(prepared.sources.root());
    let examples: Vec<String> = (0..)
        .zip(&program.flows)
        .map(|(at, flow)| example(program, &compiled.suite, FlowId(at), flow))
        .collect();
    let greet = move |page: &mut Page, program: &Program, ready: &Ready| {
        greeting(page, program, ready, folder.as_deref(), &examples);
    };
    stay(&arguments.common, prepared, settings, Mode::Dev, secrets, screen, greet)
}

/// The names of the secrets that senders sign with.
fn senders(program: &Program) -> impl Iterator<Item = String> {
    program.flows.iter().filter_map(|flow| match &flow.trigger.signature {
        Signature::Standard { secret } => program.secrets.get(secret.index()).cloned(),
        Signature::Unsigned { .. } => None,
    })
}

/// A secret as senders hand them out.
fn make_up() -> Result<String, Failure> {
    use base64::Engine as _;
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            format!("the machine gives no random numbers: {error}"),
            "set the secret in the environment",
        )
    })?;
    Ok(format!("whsec_{}", base64::prelude::BASE64_STANDARD.encode(bytes)))
}

/// A payload to try a flow with: the first that a test sends, else something of its type.
fn example(program: &Program, suite: &Suite, id: FlowId, flow: &Flow) -> String {
    let sent = suite.tests.iter().flat_map(|test| &test.steps).find_map(|step| match &step.kind {
        TestStepKind::Receive { flow, payload, .. } if *flow == id => Some(payload.clone()),
        _ => None,
    });
    let payload =
        sent.unwrap_or_else(|| countersign_sim::plausible(program, &flow.name, &flow.trigger.payload));
    to_json(program, &flow.trigger.payload, &payload, Style::People).to_string()
}

fn greeting(page: &mut Page, program: &Program, ready: &Ready, folder: Option<&str>, examples: &[String]) {
    let address = ready.address;
    page.say(Tone::Good, "running ").say(Tone::Strong, &program.name);
    page.plain(&format!(" at http://{address}, with simulated systems")).end();
    page.line(&format!("  keeps everything in {}", ready.store.display()));

    let binary = binary();
    let project = folder.map(|folder| format!(" --project {folder}")).unwrap_or_default();
    let server = if address.port() == 7400 { String::new() } else { format!(" --server http://{address}") };
    for (flow, example) in program.flows.iter().zip(examples) {
        page.gap().plain(&format!("{} takes events at ", flow.name));
        page.say(Tone::Strong, &format!("http://{address}{}", flow.trigger.path))
            .plain("; send it one:")
            .end();
        let json = quoted(example);
        page.line(&format!("  echo {json} | {binary} send {}{project}{server}", flow.trigger.path));
    }
    if let Some(person) = somebody(program) {
        page.gap().line("see what happened, and act:");
        page.line(&format!("  {binary} login {person}{project}{server}"));
        page.line(&format!("  {binary} runs{server}"));
        page.line(&format!("  {binary} inbox{server}"));
    }
    page.gap().say(Tone::Dim, "Ctrl-C ends it").end();
}

/// Somebody who is asked to agree, else anybody.
fn somebody(program: &Program) -> Option<&str> {
    let asked = program.approvals.iter().flat_map(|approval| &approval.levels).find_map(|level| match &level
        .consent
    {
        Consent::Automatic => None,
        Consent::Silence { tell, .. } => Some(*tell),
        Consent::Ask(ask) => ask.of.first().copied(),
    });
    let role = asked.and_then(|role| program.roles.get(role.index())).or(program.roles.first());
    role.and_then(|role| role.members.first()).map(String::as_str)
}

/// How this program was called, so that a line can be pasted.
fn binary() -> String {
    let called = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned());
    let called = called.filter(|name| !name.is_empty()).unwrap_or_else(|| "countersign".to_owned());
    if called.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_')) {
        called
    } else {
        quoted(&called)
    }
}
