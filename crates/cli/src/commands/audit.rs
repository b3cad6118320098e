//! `countersign audit`: whether the journal is what was written.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_runtime::audit::{self, Report};
use countersign_store::audit::{PUBLIC_KEY, PublicKey};

use crate::Outcome;
use crate::commands::Form;
use crate::failure::Failure;
use crate::page::{Page, Tone};
use crate::project;
use crate::screen::Screen;

/// The journal, held against itself and against what was signed
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub what: What,
}

/// What can be asked of the journal.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Check every entry, chain and checkpoint, and make every step again; name the first that is wrong
    #[command(after_help = "\
Examples:
  countersign audit verify                            # the project around the current folder
  countersign audit verify --store runs.db --checkpoints /mnt/audit --key auditor.pem

It reads only, and may run beside the process. Where checkpoints and key come from matters: those beside \
the store prove less than a copy that whoever could change the store could not reach.")]
    Verify(Verify),
}

/// How the journal is checked.
#[derive(Debug, Args)]
pub struct Verify {
    /// A folder or file of the project
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// The store, if it is not the project's own
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// The folder of signed checkpoints, if it is not the project's own
    #[arg(long, value_name = "FOLDER")]
    pub checkpoints: Option<PathBuf>,
    /// What `countersign dev` did, though there is a store of `countersign run` too
    #[arg(long, conflicts_with_all = ["store", "checkpoints"])]
    pub dev: bool,
    /// The public key, if it is not the one beside the checkpoints
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let What::Verify(verify) = &arguments.what;
    let (store, checkpoints) = places(verify)?;
    if !store.is_file() {
        return Err(Failure::new(
            format!("there is no store at {}", store.display()),
            "a process makes one when it starts; name another with `--store FILE`",
        ));
    }
    let key = verify.key.clone().unwrap_or_else(|| checkpoints.join(PUBLIC_KEY));
    let key = PublicKey::open(&key).map_err(|error| {
        Failure::new(
            error.to_string(),
            "name the folder of the checkpoints with `--checkpoints FOLDER`, or the key with `--key FILE`",
        )
    })?;
    let report = audit::verify(&store, &checkpoints, &key);
    match verify.format {
        Form::Json => screen.json(&json(&report))?,
        Form::Human => {
            let mut page = screen.page();
            human(&mut page, &report);
            screen.show(page)?;
        }
    }
    Ok(if report.is_sound() { Outcome::Clean } else { Outcome::Findings })
}

fn places(verify: &Verify) -> Result<(PathBuf, PathBuf), Failure> {
    if let (Some(store), Some(checkpoints)) = (&verify.store, &verify.checkpoints) {
        return Ok((store.clone(), checkpoints.clone()));
    }
    let sources = project::find(verify.path.as_deref())?;
    let manifest = countersign::manifest(&sources);
    let configured = |name: Option<String>| name.map(|name| sources.root().join(name));
    let store = configured(manifest.store).unwrap_or_else(|| project::beside(&sources, "runs.db"));
    let dev = project::beside(&sources, "dev.db");
    let wants_dev = verify.dev || (verify.store.is_none() && !store.exists() && dev.exists());
    let (store, checkpoints) = if wants_dev {
        (dev, project::beside(&sources, "dev-checkpoints"))
    } else {
        let folder = configured(manifest.checkpoints);
        (store, folder.unwrap_or_else(|| project::beside(&sources, "checkpoints")))
    };
    let named = (verify.store.clone(), verify.checkpoints.clone());
    Ok((named.0.unwrap_or(store), named.1.unwrap_or(checkpoints)))
}

fn human(page: &mut Page, report: &Report) {
    let store = &report.store;
    if let Some(bad) = &store.first_bad {
        page.say(Tone::Bad, "not what was written: ").plain(&bad.to_string()).end();
    }
    for damage in &store.damage {
        let place = format!("{} {}: ", damage.what, damage.place);
        page.say(Tone::Bad, &place).plain(&damage.wrong).end();
    }
    if let Some(parted) = &report.parted {
        page.say(Tone::Bad, "does not follow: ").plain(&parted.to_string()).end();
    }
    for why in &report.unreplayed {
        page.say(Tone::Bad, "cannot be made again: ").plain(why).end();
    }
    let (tone, verdict) = if report.is_sound() { (Tone::Good, "sound") } else { (Tone::Bad, "damaged") };
    page.say(tone, verdict).plain(&format!(
        ": {} of {} are what was written; {} follow from their inputs; {} signed, under {}",
        some(store.entries, "entry", "entries"),
        some(store.cells, "cell", "cells"),
        report.replayed_entries,
        store.signed,
        some(store.checkpoints, "checkpoint", "checkpoints"),
    ));
    page.end();
    if let Some(root) = &store.root {
        page.say(Tone::Dim, &format!("root {root}")).end();
    }
}

fn some(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn json(report: &Report) -> serde_json::Value {
    let store = &report.store;
    serde_json::json!({
        "sound": report.is_sound(),
        "entries": store.entries,
        "cells": store.cells,
        "checkpoints": store.checkpoints,
        "signed": store.signed,
        "root": store.root.as_ref().map(ToString::to_string),
        "first_bad": store.first_bad.as_ref().map(|bad| serde_json::json!({
            "position": bad.position, "cell": bad.cell, "seq": bad.seq, "wrong": bad.wrong,
        })),
        "damage": store.damage.iter().map(|damage| serde_json::json!({
            "what": damage.what, "place": damage.place, "wrong": damage.wrong,
        })).collect::<Vec<_>>(),
        "replayed_cells": report.replayed_cells,
        "replayed_entries": report.replayed_entries,
        "parted": report.parted.as_ref().map(|parted| serde_json::json!({
            "position": parted.position, "cell": parted.cell, "seq": parted.seq, "how": parted.how,
        })),
        "unreplayed": report.unreplayed,
    })
}
