//! Runs: what happened, why, and taking it back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use countersign_runtime::{InputError, RunFilter};
use serde::Deserialize;

use super::describe::{run_detail, run_summary};
use super::types::{RunDetail, RunList, UndoRequest, UndoResponse, Why};
use super::{Asked, Given, Id, Person};
use crate::answer::No;
use crate::serve::App;

/// The query of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    status: Option<String>,
    flow: Option<String>,
    limit: Option<usize>,
}

/// How many runs are listed unless the query says otherwise.
const LIMIT: usize = 100;

const STATUSES: [&str; 7] = ["open", "blocked", "done", "refused", "skipped", "handed", "dropped"];

pub(crate) async fn list(
    State(app): State<App>,
    _: Person,
    Asked(Which { status, flow, limit }): Asked<Which>,
) -> Result<Json<RunList>, No> {
    if let Some(status) = &status
        && !STATUSES.contains(&status.as_str())
    {
        return Err(No::unprocessable(
            format!("no run is `{status}`"),
            format!("expected one of {}", STATUSES.join(", ")),
        ));
    }
    let limit = limit.unwrap_or(LIMIT).max(1);
    let rows = app.handle.runs(RunFilter { status, flow, limit }).await?;
    Ok(Json(RunList { runs: rows.into_iter().map(run_summary).collect() }))
}

pub(crate) async fn show(State(app): State<App>, _: Person, Id(id): Id) -> Result<Json<RunDetail>, No> {
    let view = app.handle.run(&id).await?.ok_or_else(|| No::not_found("run", &id))?;
    Ok(Json(run_detail(view)))
}

pub(crate) async fn why(State(app): State<App>, _: Person, Id(id): Id) -> Result<Json<Why>, No> {
    let view = app.handle.run(&id).await?.ok_or_else(|| No::not_found("run", &id))?;
    Ok(Json(super::why::why(view)))
}

pub(crate) async fn undo(
    State(app): State<App>,
    Person(person): Person,
    Id(id): Id,
    Given(request): Given<UndoRequest>,
) -> Result<(StatusCode, Json<UndoResponse>), No> {
    let because = request.because.trim();
    if because.is_empty() {
        return Err(No::unprocessable("`because` is empty", "say why: it is kept in the journal"));
    }
    match app.handle.undo(&person, &id, because).await {
        Ok(undoing) => {
            let body = UndoResponse { undo: undoing.undo, run: id, stays: undoing.stays };
            Ok((StatusCode::ACCEPTED, Json(body)))
        }
        Err(InputError::Declined(reason)) => Err(No::new(
            StatusCode::CONFLICT,
            reason,
            format!("look at what it did with `countersign runs show {id}`"),
        )),
        Err(error) => Err(error.into()),
    }
}
