//! How the process is doing.

use axum::Json;
use axum::extract::State;
use countersign_ir::time::instant_text;

use super::Person;
use super::types::Status;
use crate::serve::App;

pub(crate) async fn status(State(app): State<App>, _: Person) -> Json<Status> {
    let handle = &app.handle;
    let gauges = handle.gauges();
    let deployment = handle.deployment();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        project: deployment.program.name.clone(),
        mode: app.mode.word().to_owned(),
        deployment: deployment.hash.hex(),
        now: instant_text(handle.clock().now()),
        speed: handle.clock().speed(),
        triggers: deployment.program.flows.iter().map(|flow| flow.trigger.path.clone()).collect(),
        runs: gauges.rows("run"),
        open_tasks: gauges.rows("task").get("open").copied().unwrap_or(0),
        queued: number(gauges.queued()),
        calls_out: number(gauges.calls_out()),
        dead_letters: gauges.dead_letters(),
        entries: gauges.entries(),
        signed: gauges.signed(),
    })
}
