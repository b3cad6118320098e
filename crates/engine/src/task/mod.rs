//! A task: one question to people, whoever asks it and whatever hangs on it.
//!
//! Approvals, problems that need their owner, conflicts and rejected payloads are all this one machine: people are found,
//! told, waited for, and what they say is weighed. The order of commits in the task's cell decides between two answers,
//! and between an answer and the deadline; whoever comes late is recorded and told so.

mod answer;
mod notice;
mod round;

use countersign_ir::hash::{Hash, Hasher};
use countersign_ir::json::{Style, to_json};
use countersign_ir::program::{
    ActionId, ApprovalId, Ask, FlowId, LevelId, Program, RoleId, Span, SystemId, Type,
};
use countersign_ir::value::Value;
use serde::{Deserialize, Serialize};

use crate::cell::{CellId, CellKind};
use crate::protocol::{Actor, Answered, Body, Fact, Number, Output, Verdict};
use crate::state::{Deployment, Deployments};
use crate::step::{Step, StepError, fetch};

/// What a person may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes.
    Approve,
    /// No.
    Refuse,
    /// No to what would pass by silence.
    Object,
    /// Try again.
    Retry,
    /// It did happen: go on.
    TookEffect,
    /// Give up; the run ends.
    Drop,
    /// Seen.
    Acknowledge,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Approve,
        Self::Refuse,
        Self::Object,
        Self::Retry,
        Self::TookEffect,
        Self::Drop,
        Self::Acknowledge,
    ];

    /// As people write it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Object => "object",
            Self::Retry => "retry",
            Self::TookEffect => "took-effect",
            Self::Drop => "drop",
            Self::Acknowledge => "acknowledge",
        }
    }

    /// Reads what [`Choice::word`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.word() == word)
    }
}

/// What a task is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// What kind of question.
    pub kind: TopicKind,
    /// By which program.
    pub deployment: Hash,
    /// Of which flow.
    pub flow: FlowId,
    /// Which run waits for it.
    pub run: Option<CellId>,
    /// The question.
    pub question: String,
    /// The context.
    pub showing: Vec<Shown>,
    /// Which action it is about.
    pub about: Option<(SystemId, ActionId)>,
    /// What we would do.
    pub suggestion: Option<String>,
}

/// What kind of question it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicKind {
    /// `approve POLICY at LEVEL`
    Consent {
        /// The policy.
        policy: ApprovalId,
        /// The level.
        level: LevelId,
        /// Who cannot answer.
        excluded: Vec<String>,
    },
    /// A run cannot go on; its owner decides.
    Problem {
        /// What the owner may decide.
        choices: Vec<Choice>,
    },
    /// Two events of one key differ.
    Conflict,
    /// A payload was turned away.
    Rejected,
    /// Somebody objected after it was done.
    Objection,
    /// `tell ROLE "…"`
    Tell {
        /// Who.
        role: RoleId,
    },
}

/// Something that is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// As what.
    pub label: String,
    /// What, as JSON for people.
    pub json: String,
}

impl Shown {
    /// A text.
    pub fn text(label: &str, text: &str) -> Self {
        Self { label: label.into(), json: serde_json::Value::from(text).to_string() }
    }

    /// A value of a type.
    pub fn value(program: &Program, label: &str, ty: &Type, value: &Value) -> Self {
        Self { label: label.into(), json: to_json(program, ty, value, Style::People).to_string() }
    }
}

impl Topic {
    /// The hash of what people see: question, context, and the program that gives them their meaning.
    pub fn shown_hash(&self) -> Hash {
        let hasher = Hasher::new("countersign/shown/v1").bytes(&self.deployment.0).text(&self.question);
        self.showing.iter().fold(hasher, |h, shown| h.text(&shown.label).text(&shown.json)).finish()
    }

    /// What may be said.
    pub fn choices(&self, silence: bool) -> Vec<Choice> {
        match &self.kind {
            TopicKind::Consent { .. } if silence => vec![Choice::Object],
            TopicKind::Consent { .. } => vec![Choice::Approve, Choice::Refuse],
            TopicKind::Problem { choices } => choices.clone(),
            TopicKind::Conflict | TopicKind::Rejected | TopicKind::Objection | TopicKind::Tell { .. } => {
                vec![Choice::Acknowledge]
            }
        }
    }
}

/// How the task is being settled now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A quorum of people says yes.
    Ask(Ask),
    /// People are told and may object.
    Silence {
        /// Who.
        tell: RoleId,
        /// For how long.
        after: Span,
    },
    /// A member of that role decides, whenever.
    Owner {
        /// Whose.
        role: RoleId,
    },
}

/// The state of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What it is about.
    pub topic: Topic,
    /// The hash of what people see.
    pub shown: Hash,
    /// When it was opened.
    pub opened: i64,
    /// How it is being settled now.
    pub mode: Mode,
    /// Which round of asking this is, from 0.
    pub round: u32,
    /// The round in which the present consent was first asked for: a yes counts on when others are asked because nobody
    /// answered, but not towards a second consent.
    pub consent_since: u32,
    /// Who may answer in this round: person and role.
    pub people: Vec<(String, String)>,
    /// Roles asked so far, by name.
    pub asked: Vec<String>,
    /// What was said and counts.
    pub answers: Vec<Said>,
    /// Who was told, and whether that arrived.
    pub notices: Vec<Notice>,
    /// When this round ends.
    pub deadline: Option<i64>,
    /// What happens at the deadline, in words.
    pub at_deadline: String,
    /// Remarks for whoever answers.
    pub remarks: Vec<String>,
    /// The question or timer that the machine waits for.
    pub waits: Waits,
    /// The next free number of a call, timer or question.
    pub next: Number,
    /// How it ended, and when.
    pub verdict: Option<(Verdict, i64)>,
}

/// Numbers that the machine waits for; answers to others are stale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    /// The directory.
    pub members: Option<Number>,
    /// The calendar.
    pub calendar: Option<Number>,
    /// The deadline's timer.
    pub deadline: Option<Number>,
    /// The reminder's timer.
    pub reminder: Option<Number>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Whose.
    pub person: String,
    /// In which role.
    pub role: String,
    /// What.
    pub choice: Choice,
    /// Why.
    pub because: Option<String>,
    /// When.
    pub at: i64,
    /// In which round.
    pub round: u32,
}

/// One message to somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The system that carries it.
    pub system: String,
    /// The address.
    pub to: String,
    /// The call that is out.
    pub call: Option<Number>,
    /// The timer for the next attempt.
    pub timer: Option<Number>,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether the channel took it.
    pub accepted: bool,
}

/// What a step of a task works with.
pub(crate) struct Context<'a> {
    pub deployment: &'a Deployment,
    pub cell: &'a CellId,
    pub at: i64,
    pub outputs: Vec<Output>,
    pub facts: Vec<Fact>,
}

impl Task {
    pub(crate) fn number(&mut self) -> Number {
        self.next += 1;
        self.next
    }

    /// Whether nobody has settled it yet.
    pub fn open(&self) -> bool {
        self.verdict.is_none()
    }

    /// What may be said to it now.
    pub fn choices(&self) -> Vec<Choice> {
        self.topic.choices(matches!(self.mode, Mode::Silence { .. }))
    }

    /// Ends the task and tells the run.
    pub(crate) fn settle(&mut self, context: &mut Context<'_>, verdict: Verdict) {
        for timer in [self.waits.deadline.take(), self.waits.reminder.take()].into_iter().flatten() {
            context.outputs.push(Output::CancelTimer { timer });
        }
        for notice in &mut self.notices {
            if let Some(timer) = notice.timer.take() {
                context.outputs.push(Output::CancelTimer { timer });
            }
        }
        self.waits = Waits::default();
        let because = self.answers.last().and_then(|said| said.because.clone());
        let outcome = match &verdict {
            Verdict::Approved => "approved",
            Verdict::Silence => "nobody objected",
            Verdict::Refused => "refused",
            Verdict::Unanswered => "nobody answered",
            Verdict::Handed { .. } => "handed over",
            Verdict::Settled(choice) => choice.word(),
        };
        context.facts.push(Fact::Ended { outcome: outcome.into(), because: because.clone() });
        if let Some(run) = &self.topic.run {
            let counts = |choice: Choice| match &verdict {
                Verdict::Approved => choice == Choice::Approve,
                Verdict::Refused => matches!(choice, Choice::Refuse | Choice::Object),
                Verdict::Settled(settled) => choice == *settled,
                Verdict::Silence | Verdict::Unanswered | Verdict::Handed { .. } => false,
            };
            let said = self.answers.iter().filter(|said| counts(said.choice));
            let people = said.map(|said| (said.person.clone(), said.role.clone())).collect();
            let answered = Answered {
                task: context.cell.clone(),
                verdict: verdict.clone(),
                people,
                because,
                shown: self.shown,
            };
            context.outputs.push(Output::Send { to: run.clone(), body: Body::Answered(Box::new(answered)) });
        }
        self.verdict = Some((verdict, context.at));
    }
}

/// What a task does with an input.
pub(crate) fn step(
    deployments: &dyn Deployments,
    cell: &CellId,
    state: Option<Task>,
    at: i64,
    by: &Actor,
    body: Body,
) -> Result<Step<Task>, StepError> {
    let (mut task, opening) = match (state, body) {
        (None, Body::Open(topic)) => return open(deployments, cell, at, *topic),
        (None, other) => return Err(StepError::misplaced(CellKind::Task, &other)),
        (Some(_), Body::Open(_)) => return Ok(Step::unchanged()),
        (Some(task), body) => (task, body),
    };
    let deployment = fetch(deployments, &task.topic.deployment)?;
    let mut context = Context { deployment: &deployment, cell, at, outputs: Vec::new(), facts: Vec::new() };
    match opening {
        Body::Answer { choice, because, shown } => {
            let Actor::Person(person) = by else { return Ok(Step::unchanged()) };
            task.answer(&mut context, person, choice, because, shown)?;
        }
        Body::Consulted { question, answer } if task.open() => {
            task.consulted(&mut context, question, answer)?;
        }
        Body::Replied { call, reply } => task.noticed(&mut context, call, &reply)?,
        Body::Due { timer } if task.open() => task.due(&mut context, timer)?,
        Body::Withdraw { because } if task.open() => {
            let said = Fact::Ended { outcome: "withdrawn".into(), because: Some(because) };
            context.facts.push(said);
            task.topic.run = None;
            task.settle(&mut context, Verdict::Settled(Choice::Drop));
        }
        Body::Consulted { .. } | Body::Due { .. } | Body::Withdraw { .. } => return Ok(Step::unchanged()),
        other => return Err(StepError::misplaced(CellKind::Task, &other)),
    }
    let Context { outputs, facts, .. } = context;
    Ok(Step::to(task, outputs, facts))
}

fn open(
    deployments: &dyn Deployments,
    cell: &CellId,
    at: i64,
    topic: Topic,
) -> Result<Step<Task>, StepError> {
    let deployment = fetch(deployments, &topic.deployment)?;
    let owner = deployment.flow(topic.flow)?.owner;
    let mode = match &topic.kind {
        TopicKind::Consent { policy, level, .. } => round::first_mode(&deployment, *policy, *level, owner)?,
        TopicKind::Tell { role } => Mode::Owner { role: *role },
        _ => Mode::Owner { role: owner },
    };
    let mut task = Task {
        shown: topic.shown_hash(),
        topic,
        opened: at,
        mode,
        round: 0,
        consent_since: 0,
        people: Vec::new(),
        asked: Vec::new(),
        answers: Vec::new(),
        notices: Vec::new(),
        deadline: None,
        at_deadline: String::new(),
        remarks: Vec::new(),
        waits: Waits::default(),
        next: 0,
        verdict: None,
    };
    let mut context = Context { deployment: &deployment, cell, at, outputs: Vec::new(), facts: Vec::new() };
    task.begin_round(&mut context)?;
    let Context { outputs, facts, .. } = context;
    Ok(Step::to(task, outputs, facts))
}
