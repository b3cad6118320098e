//! From what the engine and the store keep to what the API says of it.

use std::collections::BTreeMap;

use countersign_engine::narrate::sentence;
use countersign_engine::run::{Agenda, Deed, DeedStatus, Doing, Ended, Phase, Run};
use countersign_engine::summary::Row;
use countersign_engine::{Deployment, protocol::Verdict, task::Task};
use countersign_ir::json::{Style, to_json};
use countersign_ir::time::instant_text;
use countersign_runtime::{Entry, RunView};
use countersign_store::IndexRow;

use super::types::{
    ActionSummary, Notice, RunDetail, RunEnded, RunSummary, Said, Settled, Shown, TaskDetail, TaskSummary,
    TimelineEntry,
};

/// A list's row, wherever it comes from.
pub(super) struct Listed {
    key: String,
    sort: i64,
    fields: BTreeMap<String, String>,
}

impl From<IndexRow> for Listed {
    fn from(row: IndexRow) -> Self {
        Self { key: row.key, sort: row.sort, fields: row.fields }
    }
}

impl From<Row> for Listed {
    fn from(row: Row) -> Self {
        Self { key: row.key, sort: row.sort, fields: row.fields.into_iter().collect() }
    }
}

impl Listed {
    fn take(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name)
    }

    fn text(&mut self, name: &str) -> String {
        self.take(name).unwrap_or_default()
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name);
        text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

pub(super) fn run_summary(row: impl Into<Listed>) -> RunSummary {
    let mut row: Listed = row.into();
    RunSummary {
        flow: row.text("flow"),
        status: row.text("status"),
        event: row.text("event"),
        began: instant_text(row.sort),
        task: row.take("task"),
        undoes: row.take("undoes"),
        undone_by: row.take("undone_by"),
        undone: row.take("undone").is_some(),
        id: row.key,
    }
}

pub(super) fn task_summary(row: impl Into<Listed>) -> TaskSummary {
    let mut row: Listed = row.into();
    TaskSummary {
        status: row.text("status"),
        kind: row.text("kind"),
        question: row.text("question"),
        silence: row.take("silence").is_some(),
        run: row.take("run"),
        about: row.take("about"),
        roles: row.list("roles"),
        people: row.list("people"),
        opened: instant_text(row.sort),
        deadline: row.take("deadline"),
        id: row.key,
    }
}

/// How a task was settled.
pub(super) fn settled(task: &Task) -> Option<Settled> {
    let (verdict, at) = task.verdict.as_ref()?;
    let verdict = match verdict {
        Verdict::Approved => "approved",
        Verdict::Silence => "silence",
        Verdict::Refused => "refused",
        Verdict::Unanswered => "unanswered",
        Verdict::Handed { .. } => "handed",
        Verdict::Settled(choice) => choice.word(),
    };
    Some(Settled { verdict: verdict.to_owned(), at: instant_text(*at) })
}

fn shown(shown: &countersign_engine::task::Shown) -> Shown {
    let value = serde_json::from_str(&shown.json);
    // What is kept is JSON; a text is what is left if it ever were not.
    let value = value.unwrap_or_else(|_| serde_json::Value::from(shown.json.clone()));
    Shown { label: shown.label.clone(), value }
}

pub(super) fn task_detail(row: Row, task: &Task, person: &str) -> TaskDetail {
    let said = task.answers.iter().map(|said| Said {
        person: said.person.clone(),
        role: said.role.clone(),
        choice: said.choice.word().to_owned(),
        because: said.because.clone(),
        at: instant_text(said.at),
    });
    let notices = task.notices.iter().map(|notice| Notice {
        system: notice.system.clone(),
        to: notice.to.clone(),
        accepted: notice.accepted,
    });
    let choices = if task.open() { task.choices() } else { Vec::new() };
    TaskDetail {
        summary: task_summary(row),
        showing: task.topic.showing.iter().map(shown).collect(),
        shown: task.shown.hex(),
        suggestion: task.topic.suggestion.clone(),
        choices: choices.into_iter().map(|choice| choice.word().to_owned()).collect(),
        yours: task.open() && task.people.iter().any(|(one, _)| one == person),
        at_deadline: task.at_deadline.clone(),
        remarks: task.remarks.clone(),
        answers: said.collect(),
        notices: notices.collect(),
        settled: settled(task),
    }
}

pub(super) fn ended(ended: &Ended) -> RunEnded {
    RunEnded {
        outcome: ended.outcome.word().to_owned(),
        at: instant_text(ended.at),
        because: ended.because.clone(),
    }
}

/// `billing.pay`
pub(super) fn action_name(deployment: &Deployment, deed: &Deed) -> String {
    match deployment.action(deed.system, deed.action) {
        Ok((system, action)) => format!("{}.{}", system.name, action.name),
        Err(_) => "an action that the program does not have".to_owned(),
    }
}

pub(super) fn deed_status(status: DeedStatus) -> &'static str {
    match status {
        DeedStatus::Planned => "planned",
        DeedStatus::Sent => "sent",
        DeedStatus::Done => "done",
        DeedStatus::Verified => "verified",
        DeedStatus::Unverified => "unverified",
        DeedStatus::NotDone => "not_done",
    }
}

pub(super) fn timeline(entry: Entry) -> TimelineEntry {
    let facts = entry.facts.iter();
    TimelineEntry {
        position: entry.position,
        cell: entry.cell.to_string(),
        seq: entry.seq,
        at: instant_text(entry.input.at),
        kind: entry.kind,
        actor: entry.input.by.to_string(),
        lines: facts.clone().map(sentence).collect(),
        facts: facts.map(|fact| serde_json::to_value(fact).unwrap_or_default()).collect(),
    }
}

/// What a run waits for, in words.
fn doing(run: &Run, deployment: &Deployment) -> String {
    if run.ended.is_some() {
        return String::new();
    }
    match &run.doing {
        Doing::Nothing => String::new(),
        Doing::Reading { timer: Some(_), .. } => "waits to read again".to_owned(),
        Doing::Reading { .. } => "reads".to_owned(),
        Doing::Rendering { .. } => "has a text rendered".to_owned(),
        Doing::Recalling => "asks for the history of its key".to_owned(),
        Doing::Asking { task } => format!("waits for an answer to {}", task.key),
        Doing::Blocked { task, .. } => format!("cannot go on before {} is answered", task.key),
        Doing::Checking(_) => "waits for what must be true in the end".to_owned(),
        Doing::Ours(_) => "looks whether what was written is still there".to_owned(),
        Doing::Acting(acting) => {
            let deed = run.deeds.get(usize::try_from(acting.deed).unwrap_or(usize::MAX));
            let name = deed.map_or_else(|| "an action".to_owned(), |deed| action_name(deployment, deed));
            match &acting.phase {
                Phase::Claiming { .. } => format!("{name}: waits for whoever does the same"),
                Phase::Before { .. } => format!("{name}: reads what is there before"),
                Phase::Sending { .. } => format!("{name}: is out"),
                Phase::Probing { .. } => format!("{name}: looks whether it took effect"),
                Phase::Paused { .. } => format!("{name}: waits for the next attempt"),
                Phase::Proving(_) => format!("{name}: reads the world back"),
                Phase::Stopped => format!("{name}: is stopped"),
                Phase::Unknown => format!("{name}: nobody knows whether it took effect"),
            }
        }
    }
}

fn names(run: &Run, deployment: &Deployment) -> Vec<Shown> {
    let Ok(flow) = deployment.flow(run.flow) else { return Vec::new() };
    let bound = flow.slots.iter().zip(&run.frame).filter(|(slot, _)| !slot.name.is_empty());
    let known = bound.filter_map(|(slot, value)| {
        let value = to_json(&deployment.program, &slot.ty, value.as_ref()?, Style::People);
        Some(Shown { label: slot.name.clone(), value })
    });
    known.collect()
}

pub(super) fn run_detail(view: RunView) -> RunDetail {
    let RunView { row, run, deployment, journal } = view;
    let actions = run.deeds.iter().map(|deed| ActionSummary {
        action: action_name(&deployment, deed),
        status: deed_status(deed.status).to_owned(),
        key: deed.key.clone(),
        undone: deed.undone,
    });
    RunDetail {
        summary: run_summary(row),
        deployment: run.deployment.hex(),
        doing: match &run.agenda {
            Agenda::Flow { .. } | Agenda::Undo { .. } => doing(&run, &deployment),
        },
        names: names(&run, &deployment),
        actions: actions.collect(),
        ended: run.ended.as_ref().map(ended),
        timeline: journal.into_iter().map(timeline).collect(),
    }
}
