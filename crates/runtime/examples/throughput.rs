//! How many events a second are acknowledged, and how many runs a second end, with systems that answer at once.
//!
//! `cargo run --release -p countersign-runtime --example throughput [CLIENTS [EVENTS]]`

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_check::{Memory, check, settings};
use countersign_ir::wire::{Call, Reply, Verb};
use countersign_runtime::{Checkpoints, Connectors, Handle, Limits, Options, Runtime, StoreAt};
use countersign_systems::{Connector, Performing};

const FILES: [&str; 8] = [
    "countersign.toml",
    "holidays.ics",
    "invoices.flow",
    "people.flow",
    "records.flow",
    "remittance.txt",
    "simulation.flow",
    "systems.flow",
];

/// Systems that hold nothing and say what is expected.
struct AtOnce;

impl Connector for AtOnce {
    fn perform<'a>(&'a self, call: &'a Call) -> Performing<'a> {
        Box::pin(async move { reply(call) })
    }

    fn describe(&self) -> String {
        "an answer".to_owned()
    }
}

fn reply(call: &Call) -> Reply {
    let mut parts = call.target.trim_start_matches('/').splitn(2, '/');
    let (what, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let payment = |invoice: &str| {
        format!(r#"{{"id":"p-{invoice}","invoice":"{invoice}","amount":"120.00 EUR","status":"settled"}}"#)
    };
    let body = match (call.verb, what) {
        (Verb::Deliver, _) => return Reply::Answered { status: 250, retry_after: None, body: String::new() },
        (Verb::Post, _) => {
            let sent: serde_json::Value =
                call.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
            payment(sent.get("invoice").and_then(serde_json::Value::as_str).unwrap_or_default())
        }
        (_, "vendors") => {
            format!(
                r#"{{"id":"{id}","name":"Acme","trusted":true,"blocked":false,"contact":"ap@acme.test"}}"#
            )
        }
        (_, "payments") => payment(id.trim_start_matches("p-")),
        _ => format!(
            r#"{{"id":"{id}","vendor":"w","amount":"120.00 EUR","due":"2026-12-01","status":"settled","entered_by":"ana@acme.test"}}"#
        ),
    };
    Reply::Answered { status: 200, retry_after: None, body }
}

fn number(place: usize, otherwise: usize) -> usize {
    std::env::args().nth(place).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn options(folder: &Path) -> Result<Options, Box<dyn Error>> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    let mut sources = Memory::new();
    for name in FILES {
        sources = sources.with(name, std::fs::read_to_string(example.join(name))?);
    }
    let compiled = check(&sources).compiled.ok_or("the example does not compile")?;
    let values =
        settings(&compiled.program, &compiled.manifest, &[]).map_err(|errors| format!("{errors:?}"))?;
    let connectors = ["erp", "billing", "mail"]
        .iter()
        .fold(Connectors::new(), |all, system| all.with(*system, Arc::new(AtOnce)));
    Ok(Options {
        program: compiled.program,
        settings: values,
        store: StoreAt::File(folder.join("runs.db")),
        connect: Box::new(move |_, _| Ok(connectors)),
        simulated: true,
        clock: None,
        checkpoints: Some(Checkpoints { folder: folder.join("checkpoints"), key: folder.join("audit.key") }),
        limits: Limits { calls_out: usize::MAX, queued: usize::MAX, ..Limits::default() },
    })
}

async fn client(handle: Handle, from: usize, count: usize) -> Result<(), String> {
    for n in from..from + count {
        let body = format!(
            r#"{{"id":"i-{n}","vendor":"w-{n}","amount":"120.00 EUR","due":"2026-12-01","status":"open","entered_by":"ana@acme.test"}}"#
        );
        let id = format!("msg-{n}");
        handle
            .deliver("/erp/invoices", Some(&id), body.as_bytes())
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (clients, events) = (number(1, 64).max(1), number(2, 6400));
    let folder = tempfile::tempdir_in(".")?;
    let handle = Runtime::start(options(folder.path())?).await?;
    let each = (events / clients).max(1);
    let began = Instant::now();
    let all: Vec<_> = (0..clients).map(|n| tokio::spawn(client(handle.clone(), n * each, each))).collect();
    for one in all {
        one.await??;
    }
    let acknowledged = began.elapsed();
    let (sent, commits) = (clients * each, handle.gauges().commits());
    let total = u64::try_from(sent)?;
    while handle.gauges().rows("run").get("done").copied().unwrap_or(0) < total {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let done = began.elapsed();
    let entries = handle.gauges().entries();
    let rate = |time: Duration| f64::from(u32::try_from(sent).unwrap_or(u32::MAX)) / time.as_secs_f64();
    println!("{clients} clients, {sent} events");
    println!("acknowledged {:.0}/s ({acknowledged:.2?}, {commits} commits so far)", rate(acknowledged));
    println!(
        "runs done    {:.0}/s ({done:.2?}, {} commits, {entries} entries)",
        rate(done),
        handle.gauges().commits()
    );
    handle.shutdown().await?;
    Ok(())
}
