//! The local API, as far as the tests read it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{self, Response};

/// The API, as one person.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    token: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// `open`, `blocked`, `done`, `refused`, `skipped`, `handed` or `dropped`.
    pub status: String,
    /// When it began.
    pub began: String,
    /// The task that it waits for.
    pub task: Option<String>,
    /// The run that it takes back.
    pub undoes: Option<String>,
    /// Whether all of it was taken back.
    #[serde(default)]
    pub undone: bool,
    /// What it waits for, in words.
    #[serde(default)]
    pub doing: String,
    /// What it did.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Its entries in the journal.
    #[serde(default)]
    pub timeline: Vec<Moment>,
}

impl Run {
    /// The state of an action, such as `verified`.
    pub fn action(&self, name: &str) -> &str {
        self.actions.iter().find(|action| action.action == name).map_or("absent", |action| &action.status)
    }

    /// Everything the journal says, a line each, after who brought it about.
    pub fn story(&self) -> String {
        let lines =
            self.timeline.iter().map(|m| format!("{} {} {}: {}", m.at, m.actor, m.kind, m.lines.join("; ")));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// One action of a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Action {
    /// Such as `billing.pay`.
    pub action: String,
    /// `planned`, `sent`, `done`, `verified`, `unverified` or `not_done`.
    pub status: String,
    /// The idempotency key.
    pub key: String,
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Moment {
    /// When.
    pub at: String,
    /// What kind of input.
    pub kind: String,
    /// Who brought it about.
    pub actor: String,
    /// What followed.
    pub lines: Vec<String>,
    /// What followed, as data.
    #[serde(default)]
    pub facts: Vec<Value>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// `open` or `settled`.
    pub status: String,
    /// `approval`, `problem`, `conflict`, `rejected`, `objection` or `notice`.
    pub kind: String,
    /// The question.
    pub question: String,
    /// The run that waits for it.
    pub run: Option<String>,
    /// The action that it is about.
    pub about: Option<String>,
    /// The roles that were asked.
    pub roles: Vec<String>,
    /// Who may answer now.
    pub people: Vec<String>,
    /// When it was opened.
    pub opened: String,
    /// When this round ends.
    pub deadline: Option<String>,
    /// What we would do.
    pub suggestion: Option<String>,
    /// The context.
    #[serde(default)]
    pub showing: Vec<Value>,
    /// The hash of what is shown.
    #[serde(default)]
    pub shown: String,
    /// How it was settled.
    pub settled: Option<Value>,
}

/// The process.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Status {
    /// The time by its clock.
    pub now: String,
    /// Runs by status.
    pub runs: std::collections::BTreeMap<String, u64>,
    /// Tasks that wait for somebody.
    pub open_tasks: u64,
    /// Inputs that wait.
    pub queued: u64,
    /// Inputs that were put aside.
    pub dead_letters: u64,
}

impl Status {
    /// How many runs there are of a status.
    pub fn runs(&self, status: &str) -> u64 {
        self.runs.get(status).copied().unwrap_or(0)
    }
}

impl Api {
    /// Signs in, with the key of whoever operates the process.
    pub fn login(base: &str, person: &str, operator_key: &str) -> Result<Self, String> {
        let body = json!({"person": person, "operator_key": operator_key}).to_string();
        let response = http::send("POST", &format!("{base}/api/v1/login"), &[], Some(&body))?;
        match response.body["token"].as_str() {
            Some(token) => Ok(Self { base: base.to_owned(), token: token.to_owned() }),
            None => Err(format!("{person} cannot sign in: {} {}", response.status, response.body)),
        }
    }

    /// A request, as this person.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response, String> {
        let authorization = format!("Bearer {}", self.token);
        let text = body.map(Value::to_string);
        let url = format!("{}/api/v1{path}", self.base);
        http::send(method, &url, &[("authorization", &authorization)], text.as_deref())
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let response = self.send("GET", path, None)?;
        if response.status != 200 {
            return Err(format!("GET {path}: {} {}", response.status, response.body));
        }
        serde_json::from_value(response.body.clone())
            .map_err(|error| format!("GET {path}: {error} in {}", response.body))
    }

    /// One run.
    pub fn run(&self, id: &str) -> Result<Run, String> {
        self.get(&format!("/runs/{id}"))
    }

    /// Why a run went as it did.
    pub fn why(&self, id: &str) -> Result<Value, String> {
        self.get(&format!("/runs/{id}/why"))
    }

    /// All runs, newest first.
    pub fn runs(&self) -> Result<Vec<Run>, String> {
        #[derive(Deserialize)]
        struct Runs {
            runs: Vec<Run>,
        }
        self.get::<Runs>("/runs?limit=1000").map(|list| list.runs)
    }

    /// The open tasks of this person.
    pub fn inbox(&self) -> Result<Vec<Task>, String> {
        self.tasks("/tasks")
    }

    /// Every task, of everybody, settled ones too.
    pub fn all_tasks(&self) -> Result<Vec<Task>, String> {
        self.tasks("/tasks?all=true")
    }

    fn tasks(&self, path: &str) -> Result<Vec<Task>, String> {
        #[derive(Deserialize)]
        struct Tasks {
            tasks: Vec<Task>,
        }
        self.get::<Tasks>(path).map(|list| list.tasks)
    }

    /// One task with its context.
    pub fn task(&self, id: &str) -> Result<Task, String> {
        self.get(&format!("/tasks/{id}"))
    }

    /// The process.
    pub fn status(&self) -> Result<Status, String> {
        self.get("/status")
    }
}
