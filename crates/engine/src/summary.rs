//! What lists show of a cell: a few searchable words, made from its state alone.

use crate::cell::CellId;
use crate::run::{Agenda, Doing, Run};
use crate::state::{Deployments, State};
use crate::task::{Mode, Task, TopicKind};

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which list: `run` or `task`.
    pub list: &'static str,
    /// The cell's key.
    pub key: String,
    /// By what it is sorted: when it began, in nanoseconds since 1970.
    pub sort: i64,
    /// Name and value.
    pub fields: Vec<(String, String)>,
}

/// The row of a cell; none for cells that no list shows.
pub fn row(deployments: &dyn Deployments, cell: &CellId, state: &State) -> Option<Row> {
    let (list, sort, fields) = match state {
        State::Run(run) => ("run", run.began, run_fields(deployments, run)),
        State::Task(task) => ("task", task.opened, task_fields(deployments, task)),
        State::Delivery(_) | State::Claim(_) | State::History(_) => return None,
    };
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Some(Row { list, key: cell.key.clone(), sort, fields })
}

fn run_fields(deployments: &dyn Deployments, run: &Run) -> Vec<(&'static str, String)> {
    let flow =
        deployments.get(&run.deployment).and_then(|d| d.flow(run.flow).ok().map(|flow| flow.name.clone()));
    let mut fields = vec![
        ("status", run.status().to_owned()),
        ("flow", flow.unwrap_or_default()),
        ("event", run.event.clone()),
    ];
    match &run.doing {
        Doing::Asking { task } | Doing::Blocked { task, .. } => fields.push(("task", task.key.clone())),
        _ => {}
    }
    if let Agenda::Undo { of, .. } = &run.agenda {
        fields.push(("undoes", of.key.clone()));
    }
    if let Some(taken) = &run.undo {
        fields.push(("undone_by", taken.run.key.clone()));
        if taken.whole == Some(true) {
            fields.push(("undone", "yes".into()));
        }
    }
    fields
}

/// What kind of task it is, in one word.
pub fn kind_word(kind: &TopicKind) -> &'static str {
    match kind {
        TopicKind::Consent { .. } => "approval",
        TopicKind::Problem { .. } => "problem",
        TopicKind::Conflict => "conflict",
        TopicKind::Rejected => "rejected",
        TopicKind::Objection => "objection",
        TopicKind::Tell { .. } => "notice",
    }
}

fn task_fields(deployments: &dyn Deployments, task: &Task) -> Vec<(&'static str, String)> {
    let deployment = deployments.get(&task.topic.deployment);
    let about = task.topic.about.and_then(|(system, action)| {
        let deployment = deployment.as_ref()?;
        let (system, action) = deployment.action(system, action).ok()?;
        Some(format!("{}.{}", system.name, action.name))
    });
    let mut fields = vec![
        ("status", if task.open() { "open" } else { "settled" }.to_owned()),
        ("kind", kind_word(&task.topic.kind).to_owned()),
        ("roles", task.asked.join(",")),
        ("people", task.people.iter().map(|(person, _)| person.as_str()).collect::<Vec<_>>().join(",")),
        ("question", task.topic.question.clone()),
    ];
    if matches!(task.mode, Mode::Silence { .. }) {
        fields.push(("silence", "yes".into()));
    }
    if let Some(run) = &task.topic.run {
        fields.push(("run", run.key.clone()));
    }
    if let Some(about) = about {
        fields.push(("about", about));
    }
    if let Some(deadline) = task.deadline {
        fields.push(("deadline", countersign_ir::time::instant_text(deadline)));
    }
    fields
}
