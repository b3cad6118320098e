//! Tasks: what waits for people, and their answers.

use axum::Json;
use axum::extract::State;
use countersign_engine::task::Choice;
use countersign_ir::hash::Hash;
use countersign_runtime::TaskFilter;
use serde::Deserialize;

use super::describe::{settled, task_detail, task_summary};
use super::types::{AnswerRequest, AnswerResponse, TaskDetail, TaskList};
use super::{Asked, Given, Id, Person};
use crate::answer::No;
use crate::serve::App;

/// The query of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    /// `?all`, `?all=true`
    all: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    Person(person): Person,
    Asked(Which { all }): Asked<Which>,
) -> Result<Json<TaskList>, No> {
    let all = match all.as_deref() {
        None | Some("false" | "0") => false,
        Some("" | "true" | "1") => true,
        Some(other) => {
            return Err(No::unprocessable(format!("`all` is `{other}`, expected true or false"), ""));
        }
    };
    let filter = TaskFilter { person: (!all).then_some(person), settled: all };
    let rows = app.handle.tasks(filter).await?;
    Ok(Json(TaskList { tasks: rows.into_iter().map(task_summary).collect() }))
}

pub(crate) async fn show(
    State(app): State<App>,
    Person(person): Person,
    Id(id): Id,
) -> Result<Json<TaskDetail>, No> {
    let view = app.handle.task(&id).await?.ok_or_else(|| No::not_found("task", &id))?;
    Ok(Json(task_detail(view.row, &view.task, &person)))
}

pub(crate) async fn answer(
    State(app): State<App>,
    Person(person): Person,
    Id(id): Id,
    Given(request): Given<AnswerRequest>,
) -> Result<Json<AnswerResponse>, No> {
    let choice = Choice::parse(&request.choice).ok_or_else(|| {
        let words: Vec<_> = Choice::ALL.iter().map(|choice| choice.word()).collect();
        No::unprocessable(
            format!("`{}` is no answer", request.choice),
            format!("expected one of {}", words.join(", ")),
        )
    })?;
    let shown = match &request.shown {
        None => None,
        Some(text) => Some(Hash::parse(text).ok_or_else(|| {
            No::unprocessable("`shown` is not a hash", "send what `shown` of the task says, or leave it out")
        })?),
    };
    let because = request.because.filter(|because| !because.trim().is_empty());
    let task = app.handle.answer(&person, &id, choice, because, shown).await?.task;
    let status = if task.open() { "open" } else { "settled" };
    Ok(Json(AnswerResponse {
        task: id,
        status: status.to_owned(),
        settled: settled(&task),
        run: task.topic.run.map(|run| run.key),
    }))
}
