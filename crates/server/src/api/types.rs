//! What crosses the local API: requests and responses, as JSON.
//!
//! The handlers answer with these, and clients (the command line, tests) read them. Names are in `snake_case`; instants
//! are RFC 3339 in UTC by the clock of the host, which may be a scaled one; fields that do not apply are left out.

use serde::{Deserialize, Serialize};

/// Every error, whatever its status: `{"error", "help"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong, in lower case and without a full stop.
    pub error: String,
    /// What to do next; empty if there is nothing.
    #[serde(default)]
    pub help: String,
    /// The event's id, where an event was kept: a rejected payload, a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// With 422: the path of the field at fault, such as `lines[2].amount`; empty for the whole payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// With 422: what was expected, and what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// With 409 at a trigger: the run of the first event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What a trigger answers with 202.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The event's id; for a repeat, that of the first.
    pub event: String,
    /// The run that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an event that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It started a run.
    Accepted,
    /// The same came before; nothing new was started.
    Duplicate,
}

/// `POST /api/v1/login`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The e-mail address of a person whom some role of the program has as a member.
    pub person: String,
    /// What stands in the project's `.countersign/operator.key`.
    pub operator_key: String,
}

/// The answer to [`LoginRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginResponse {
    /// What to send as `Authorization: Bearer …`. It is shown this once.
    pub token: String,
    /// Who it stands for.
    pub person: String,
    /// The roles that have this person as a member.
    pub roles: Vec<String>,
}

/// `GET /api/v1/tasks`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskList {
    /// The tasks, oldest first.
    pub tasks: Vec<TaskSummary>,
}

/// One row of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// The task's id.
    pub id: String,
    /// `open` or `settled`.
    pub status: String,
    /// `approval`, `problem`, `conflict`, `rejected`, `objection` or `notice`.
    pub kind: String,
    /// The question.
    pub question: String,
    /// Whether it passes by silence unless somebody objects.
    #[serde(default)]
    pub silence: bool,
    /// The run that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The action that it is about, such as `billing.pay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Roles asked so far.
    pub roles: Vec<String>,
    /// Who may answer now.
    pub people: Vec<String>,
    /// When it was opened.
    pub opened: String,
    /// When this round ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
}

/// `GET /api/v1/tasks/{id}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDetail {
    /// What the inbox shows.
    #[serde(flatten)]
    pub summary: TaskSummary,
    /// What the question rests on.
    pub showing: Vec<Shown>,
    /// The hash of question and context: send it back with the answer, and an answer to something else is declined.
    pub shown: String,
    /// What would be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// What may be said now: `approve`, `refuse`, `object`, `retry`, `took-effect`, `drop`, `acknowledge`.
    pub choices: Vec<String>,
    /// Whether the person who asks may answer.
    pub yours: bool,
    /// What happens at the deadline, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at_deadline: String,
    /// Remarks, such as a role that had no members.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Answers that count so far.
    pub answers: Vec<Said>,
    /// Who was told, and whether the channel took it.
    pub notices: Vec<Notice>,
    /// How it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// Something that is shown with a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// As what: a name of the flow.
    pub label: String,
    /// The value, as JSON for people.
    pub value: serde_json::Value,
}

/// One answer of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whose.
    pub person: String,
    /// In which role.
    pub role: String,
    /// What.
    pub choice: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// When.
    pub at: String,
}

/// One message about a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The system that carries it.
    pub system: String,
    /// The address.
    pub to: String,
    /// Whether the channel took it.
    pub accepted: bool,
}

/// How a task was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// `approved`, `silence`, `refused`, `unanswered`, `handed`, or the owner's choice.
    pub verdict: String,
    /// When.
    pub at: String,
}

/// `POST /api/v1/tasks/{id}/answer`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRequest {
    /// One of the task's choices.
    pub choice: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// [`TaskDetail::shown`] of what the person saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// The answer to [`AnswerRequest`], when it counted. A late one is 409, one that is not accepted 403.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerResponse {
    /// The task's id.
    pub task: String,
    /// `open` while further people are needed, else `settled`.
    pub status: String,
    /// How it was settled, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// The run that waited for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// `GET /api/v1/runs`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunList {
    /// The runs, newest first.
    pub runs: Vec<RunSummary>,
}

/// One row of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run's id: `run-…`, or `undo-…` for one that takes another back.
    pub id: String,
    /// Its flow.
    pub flow: String,
    /// `open`, `blocked`, `done`, `refused`, `skipped`, `handed` or `dropped`.
    pub status: String,
    /// The event that started it; for an undo, the run that it takes back.
    pub event: String,
    /// When it began.
    pub began: String,
    /// The task that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The run that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
    /// The undo that takes it back, or has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
    /// Whether all of it was taken back.
    #[serde(default)]
    pub undone: bool,
}

/// `GET /api/v1/runs/{id}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The program and settings that it is pinned to.
    pub deployment: String,
    /// What it waits for now, in words; empty when it has ended.
    #[serde(default)]
    pub doing: String,
    /// The flow's names and what they are, as JSON for people, in the flow's order.
    pub names: Vec<Shown>,
    /// What it did to the world.
    pub actions: Vec<ActionSummary>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<RunEnded>,
    /// Every entry of the journal of this run, its delivery and its tasks, in the order of commits.
    pub timeline: Vec<TimelineEntry>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// `done`, `refused`, `skipped`, `handed` or `dropped`.
    pub outcome: String,
    /// When.
    pub at: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// One action of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionSummary {
    /// Such as `billing.pay`.
    pub action: String,
    /// `planned`, `sent`, `done`, `verified`, `unverified` or `not_done`.
    pub status: String,
    /// The idempotency key.
    pub key: String,
    /// Whether it was taken back.
    #[serde(default)]
    pub undone: bool,
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// Its place in the store's journal.
    pub position: u64,
    /// The cell that learned it, such as `run/run-1f…`.
    pub cell: String,
    /// Its place in that cell's chain.
    pub seq: u64,
    /// When.
    pub at: String,
    /// What kind of input it was, such as `start`, `replied`, `answer`, `due`.
    pub kind: String,
    /// Who brought it about: a person's address, `sender /path`, `system erp`, `clock`, `engine`, `operator`.
    pub actor: String,
    /// What followed, one sentence each; may be empty.
    pub lines: Vec<String>,
    /// What followed, as data: the engine's facts, `{"decided": {…}}` and so on.
    pub facts: Vec<serde_json::Value>,
}

/// `GET /api/v1/runs/{id}/why`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The run.
    pub run: String,
    /// Its flow.
    pub flow: String,
    /// How it stands.
    pub status: String,
    /// What was decided, by which rule, and from what.
    pub decisions: Vec<WhyDecision>,
    /// Who agreed, and on what that rests.
    pub consents: Vec<WhyConsent>,
    /// What was done, and how it was proved.
    pub actions: Vec<WhyAction>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<RunEnded>,
    /// Why it goes no further: the open problem, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
}

/// One decision of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyDecision {
    /// The decision's name.
    pub decision: String,
    /// Which rule fired, from 1.
    pub rule: u32,
    /// The rule's condition as the source says it; `otherwise`.
    pub when: String,
    /// The answer.
    pub answer: String,
    /// The rule's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// What the rules looked at.
    pub inputs: Vec<Named>,
}

/// A name and its value, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// One consent, or its refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyConsent {
    /// The task, unless the level asks nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// `automatic`, `silence`, `human`, `refused` or `unanswered`.
    pub evidence: String,
    /// Who answered.
    pub people: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// One action, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyAction {
    /// Such as `billing.pay`.
    pub action: String,
    /// `planned`, `sent`, `done`, `verified`, `unverified` or `not_done`.
    pub status: String,
    /// The guardrails that the gate checked.
    pub guardrails: Vec<String>,
    /// The attempts that were made.
    pub attempts: u32,
    /// `answered`, `found`, `adopted` or `person`: how it is known that it took effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// The condition that was proved, or that stayed false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// `independent`, `acknowledged` or `unverified because …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
}

/// `POST /api/v1/runs/{id}/undo`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRequest {
    /// Why; it is kept in the journal.
    pub because: String,
}

/// The answer to [`UndoRequest`]. Where there is nothing to take back the status is 409, and says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoResponse {
    /// The run that takes it back.
    pub undo: String,
    /// The run that is taken back.
    pub run: String,
    /// What stays as it is, and why.
    #[serde(default)]
    pub stays: Vec<String>,
}

/// `GET /api/v1/status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the binary.
    pub version: String,
    /// The project's name.
    pub project: String,
    /// `dev` (systems are simulated) or `run`.
    pub mode: String,
    /// The identity of the program with its settings that new events go to.
    pub deployment: String,
    /// The time by the host's clock.
    pub now: String,
    /// How many times faster than real time that clock runs; 1 for the real one.
    pub speed: u32,
    /// The trigger paths.
    pub triggers: Vec<String>,
    /// Runs by status.
    pub runs: std::collections::BTreeMap<String, u64>,
    /// Tasks that wait for somebody.
    pub open_tasks: u64,
    /// Inputs that wait for the driver.
    pub queued: u64,
    /// Calls that are out, or wait to go out.
    pub calls_out: u64,
    /// Inputs that could not be worked on and were put aside; each has a line in the log and, where possible, a task.
    pub dead_letters: u64,
    /// Entries in the journal.
    pub entries: u64,
    /// Entries under the newest signed checkpoint.
    pub signed: u64,
}

/// `GET /healthz`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
}
