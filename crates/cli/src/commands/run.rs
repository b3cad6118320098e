//! `countersign run`: the process for production, with real systems.

use clap::Args;
use countersign_ir::program::Program;
use countersign_server::{Mode, Ready};

use crate::Outcome;
use crate::commands::serve::{Common, missing, prepare, stay};
use crate::failure::Failure;
use crate::page::{Page, Tone};
use crate::screen::Screen;

/// Run the project with real systems, until it is interrupted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign run                               # secrets come from the environment, by name
  countersign run --store /var/lib/flows/runs.db
  countersign run --listen 127.0.0.1:8080

It can be stopped and killed at any moment: what was acknowledged is on disk, and goes on at the next start.
RUST_LOG=info shows a line for each notable fact.")]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let prepared = prepare(&arguments.common, screen)?;
    let missing = missing(&prepared.compiled.program);
    if !missing.is_empty() {
        let many = if missing.len() == 1 { "a secret is not set" } else { "secrets are not set" };
        return Err(Failure::new(
            format!("{many}: {}", missing.join(", ")),
            "set the environment variables of these names, or try it with `countersign dev`, which needs none",
        ));
    }
    let compiled = &prepared.compiled;
    let settings = countersign::settings(&compiled.program, &compiled.manifest, &[]).map_err(|wrong| {
        let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        Failure::new(wrong.join("\n"), "give them values under `[settings]` of countersign.toml")
    })?;
    let secrets = std::collections::BTreeMap::new();
    stay(&arguments.common, prepared, settings, Mode::Run, secrets, screen, greet)
}

fn greet(page: &mut Page, program: &Program, ready: &Ready) {
    page.say(Tone::Good, "running ").say(Tone::Strong, &program.name);
    page.plain(&format!(" at http://{}", ready.address)).end();
    for path in &ready.triggers {
        page.line(&format!("  takes events at http://{}{path}", ready.address));
    }
    for (system, at) in &ready.systems {
        page.line(&format!("  reaches {system} at {at}"));
    }
    page.line(&format!("  keeps everything in {}", ready.store.display()));
    if ready.now.1 != 1 {
        let now = countersign_ir::time::instant_text(ready.now.0);
        page.say(
            Tone::Warn,
            &format!("  by a clock that shows {now} and runs {} times as fast", ready.now.1),
        )
        .end();
    }
}
