//! A run: one event on its way through a flow, or one undo.
//!
//! The state says at which step it stands and what it waits for; every other input is stale and changes nothing. A step
//! goes on for as long as nothing has to be waited for. Names are bound once and never again, so what was shown to people
//! is what runs.

mod acting;
mod checking;
mod claiming;
mod doubt;
mod flow;
mod problem;
mod reply;
mod undo;

use std::collections::BTreeMap;

use countersign_ir::hash::Hash;
use countersign_ir::program::{Action, ActionId, FlowId, RoleId, StepId, System, SystemId};
use countersign_ir::value::Value;
use serde::{Deserialize, Serialize};

pub use acting::{Acting, Doubt, Phase, Then};
pub use checking::Checking;

use crate::cell::{CellId, CellKind};
use crate::eval::Scope;
use crate::protocol::{Actor, Answer, Body, Fact, Number, Output, UndoStep};
use crate::state::{Deployment, Deployments};
use crate::step::{Step, StepError, fetch};
use crate::task::Choice;

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The program and settings that it is pinned to.
    pub deployment: Hash,
    /// Its flow.
    pub flow: FlowId,
    /// The event that started it; for an undo, the run that it takes back.
    pub event: String,
    /// When it began.
    pub began: i64,
    /// What it has to do.
    pub agenda: Agenda,
    /// The flow's names and what they are.
    pub frame: Vec<Option<Value>>,
    /// What it does now.
    pub doing: Doing,
    /// What decisions said: name and answer.
    pub decisions: Vec<(String, String)>,
    /// Who agreed to what, by the approve step.
    pub consents: BTreeMap<StepId, Consent>,
    /// What it did to the world.
    pub deeds: Vec<Deed>,
    /// The next free number of a call, timer, task or question.
    pub next: Number,
    /// How it ended.
    pub ended: Option<Ended>,
    /// The undo that takes it back, or has.
    pub undo: Option<Taken>,
}

/// What a run has to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agenda {
    /// The steps of its flow.
    Flow {
        /// Where it stands; none at the end.
        at: Option<StepId>,
    },
    /// Actions of another run to be taken back.
    Undo {
        /// That run.
        of: CellId,
        /// Who wanted it.
        by: String,
        /// Why.
        because: String,
        /// What is taken back, in this order.
        plan: Vec<UndoStep>,
        /// Where it stands.
        at: u32,
        /// Whether something could not be taken back.
        partial: bool,
    },
}

/// What a run does now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Nothing: it has ended, or goes on at once.
    Nothing,
    /// It reads.
    Reading {
        /// The call that is out.
        call: Option<Number>,
        /// The timer for the next attempt.
        timer: Option<Number>,
        /// Failed attempts so far.
        attempts: u32,
        /// When it tried first.
        since: i64,
    },
    /// The host renders a text.
    Rendering {
        /// The question.
        question: Number,
    },
    /// It waits for its key's history.
    Recalling,
    /// People are asked.
    Asking {
        /// The task.
        task: CellId,
    },
    /// It acts.
    Acting(Box<Acting>),
    /// It checks what the flow says must be true.
    Checking(Checking),
    /// An undo looks whether what was written is still there.
    Ours(Checking),
    /// It cannot go on before a person has decided.
    Blocked {
        /// The owner's task.
        task: CellId,
        /// What it did when it was blocked.
        was: Box<Doing>,
    },
}

/// Who agreed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    /// The policy's name.
    pub policy: String,
    /// The level's name.
    pub level: String,
    /// On what it rests.
    pub evidence: Evidence,
    /// The hash of what was shown; the gate computes it again.
    pub shown: Hash,
}

/// On what a consent rests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// On a rule.
    Automatic,
    /// On a notice that arrived and to which nobody objected.
    Silence {
        /// The task.
        task: CellId,
    },
    /// On people who said yes.
    Human {
        /// The task.
        task: CellId,
        /// Who: person and role.
        people: Vec<(String, String)>,
        /// Whether they are whom the level names; an owner who was asked instead is not.
        of_level: bool,
    },
}

/// One action of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// The step; none in an undo.
    pub step: Option<StepId>,
    /// Whose action.
    pub system: SystemId,
    /// Which.
    pub action: ActionId,
    /// Parameters, result, before, and what the verification read.
    pub frame: Vec<Option<Value>>,
    /// The claim, which is the idempotency key too.
    pub key: String,
    /// What was named when the claim was last taken.
    pub token: Number,
    /// What is known of it.
    pub status: DeedStatus,
    /// Whether it was taken back.
    pub undone: bool,
}

/// What is known of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeedStatus {
    /// Nothing was sent yet.
    Planned,
    /// It was sent, or may have been.
    Sent,
    /// It took effect, by the system's word or by a look-up.
    Done,
    /// It took effect, and the world was read back.
    Verified,
    /// It took effect by somebody's word, and no proof came.
    Unverified,
    /// It took no effect, and will not.
    NotDone,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// When.
    pub at: i64,
    /// Why.
    pub because: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With every proof.
    Done,
    /// By a no.
    Refused,
    /// By `skip`.
    Skipped,
    /// In a role's hands.
    Handed(RoleId),
    /// Given up by a person.
    Dropped,
}

impl Outcome {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Handed(_) => "handed",
            Self::Dropped => "dropped",
        }
    }
}

/// An undo of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// The undo's run.
    pub run: CellId,
    /// Who wanted it.
    pub by: String,
    /// How many there were.
    pub count: u32,
    /// Whether it ended, and whether it took everything back.
    pub whole: Option<bool>,
}

/// What a step of a run works with.
pub(crate) struct Context<'a> {
    pub deployments: &'a dyn Deployments,
    pub deployment: &'a Deployment,
    pub cell: &'a CellId,
    pub at: i64,
    pub outputs: Vec<Output>,
    pub facts: Vec<Fact>,
}

impl Context<'_> {
    pub(crate) fn scope<'s>(&'s self, frame: &'s [Option<Value>]) -> Scope<'s> {
        Scope { frame, settings: &self.deployment.settings }
    }

    pub(crate) fn send(&mut self, to: CellId, body: Body) {
        self.outputs.push(Output::Send { to, body });
    }
}

/// `billing.pay`
pub(crate) fn action_name(system: &System, action: &Action) -> String {
    format!("{}.{}", system.name, action.name)
}

impl Run {
    pub(crate) fn number(&mut self) -> Number {
        self.next += 1;
        self.next
    }

    pub(crate) fn set_timer(&mut self, context: &mut Context<'_>, at: i64) -> Number {
        let timer = self.number();
        context.outputs.push(Output::SetTimer { timer, at });
        timer
    }

    /// How the run stands, in one word.
    pub fn status(&self) -> &'static str {
        match (&self.ended, &self.doing) {
            (Some(ended), _) => ended.outcome.word(),
            (None, Doing::Blocked { .. }) => "blocked",
            (None, _) => "open",
        }
    }

    /// Ends the run and tells whoever has to know.
    pub(crate) fn end(
        &mut self,
        context: &mut Context<'_>,
        outcome: Outcome,
        because: Option<String>,
    ) -> Result<(), StepError> {
        context.facts.push(Fact::Ended { outcome: outcome.word().into(), because: because.clone() });
        self.doing = Doing::Nothing;
        self.ended = Some(Ended { outcome, at: context.at, because });
        match &self.agenda {
            Agenda::Undo { of, partial, .. } => {
                let whole = !*partial && outcome == Outcome::Done;
                let body = Body::Undone { by: context.cell.key.clone(), whole };
                context.send(of.clone(), body);
            }
            Agenda::Flow { .. } => {
                let flow = context.deployment.flow(self.flow)?;
                if flow.uses_history
                    && let Some(key) = self.key(context)?
                {
                    let entry = self.history_entry(context, &key, outcome);
                    context.send(history_cell(context.deployment, &flow.name, &key), Body::Ended { entry });
                }
            }
        }
        Ok(())
    }

    /// The value of the flow's `key`.
    pub(crate) fn key(&self, context: &Context<'_>) -> Result<Option<Value>, StepError> {
        let flow = context.deployment.flow(self.flow)?;
        match &flow.key {
            Some(key) => Ok(Some(context.scope(&self.frame).eval(key)?)),
            None => Ok(None),
        }
    }

    fn history_entry(&self, context: &Context<'_>, key: &Value, outcome: Outcome) -> Value {
        let decisions = self.decisions.iter().take(50);
        let decisions =
            decisions.map(|(name, answer)| Value::record([Value::text(&**name), Value::text(&**answer)]));
        Value::record([
            Value::text(&*context.cell.key),
            Value::Instant(context.at),
            Value::text(outcome.word()),
            Value::list(decisions),
            Value::text(key.to_string()),
        ])
    }
}

/// The history of a key.
pub(crate) fn history_cell(deployment: &Deployment, flow: &str, key: &Value) -> CellId {
    CellId::new(CellKind::History, crate::cell::claim_key(&[&deployment.tenant, "history", flow], key))
}

/// What a run does with an input.
pub(crate) fn step(
    deployments: &dyn Deployments,
    cell: &CellId,
    state: Option<Run>,
    at: i64,
    by: &Actor,
    body: Body,
) -> Result<Step<Run>, StepError> {
    let Some(mut run) = state else { return begin(deployments, cell, at, body) };
    let deployment = fetch(deployments, &run.deployment)?;
    let mut context = context(deployments, &deployment, cell, at);
    let before = run.clone();
    let changed = match run.learn(&mut context, by, body) {
        // What the evaluator refuses is a problem of this run alone: it waits for its owner where it stood.
        Err(StepError::Eval(error)) => {
            run = before;
            context.outputs.clear();
            context.facts.clear();
            run.block_evaluation(&mut context, &error.to_string())?;
            true
        }
        changed => changed?,
    };
    let Context { outputs, facts, .. } = context;
    Ok(if changed { Step::to(run, outputs, facts) } else { Step { outputs, facts, ..Step::unchanged() } })
}

fn context<'a>(
    deployments: &'a dyn Deployments,
    deployment: &'a Deployment,
    cell: &'a CellId,
    at: i64,
) -> Context<'a> {
    Context { deployments, deployment, cell, at, outputs: Vec::new(), facts: Vec::new() }
}

fn begin(deployments: &dyn Deployments, cell: &CellId, at: i64, body: Body) -> Result<Step<Run>, StepError> {
    let (hash, flow_id, event, payload, plan) = match body {
        Body::Start(start) => (start.deployment, start.flow, start.event, Some(start.payload), None),
        Body::StartUndo(start) => {
            let event = start.of.key.clone();
            let agenda = Agenda::Undo {
                of: start.of,
                by: start.by,
                because: start.because,
                plan: start.plan,
                at: 0,
                partial: false,
            };
            (start.deployment, start.flow, event, None, Some(agenda))
        }
        other => return Err(StepError::misplaced(CellKind::Run, &other)),
    };
    let deployment = fetch(deployments, &hash)?;
    let flow = deployment.flow(flow_id)?;
    let mut frame = vec![None; flow.slots.len()];
    if let (Some(slot), Some(payload)) = (frame.first_mut(), payload) {
        *slot = Some(payload);
    }
    let mut run = Run {
        deployment: hash,
        flow: flow_id,
        event: event.clone(),
        began: at,
        agenda: plan.unwrap_or(Agenda::Flow { at: flow.entry }),
        frame,
        doing: Doing::Nothing,
        decisions: Vec::new(),
        consents: BTreeMap::new(),
        deeds: Vec::new(),
        next: 0,
        ended: None,
        undo: None,
    };
    let mut context = context(deployments, &deployment, cell, at);
    context.facts.push(match &run.agenda {
        Agenda::Flow { .. } => Fact::Began { flow: flow.name.clone(), event },
        Agenda::Undo { of, by, because, .. } => Fact::TakesBack {
            person: by.clone(),
            because: because.clone(),
            run: of.key.clone(),
            by: cell.key.clone(),
            stays: Vec::new(),
        },
    });
    let before = run.clone();
    match run.go_on(&mut context) {
        Err(StepError::Eval(error)) => {
            run = before;
            context.outputs.clear();
            run.block_evaluation(&mut context, &error.to_string())?;
        }
        done => done?,
    }
    let Context { outputs, facts, .. } = context;
    Ok(Step::to(run, outputs, facts))
}

impl Run {
    /// Takes one input. Whether it meant anything.
    fn learn(&mut self, context: &mut Context<'_>, by: &Actor, body: Body) -> Result<bool, StepError> {
        match body {
            // A repeated start.
            Body::Start(_) | Body::StartUndo(_) => Ok(false),
            Body::Undo { because } => self.undo(context, by, because),
            Body::Undone { by, whole } => Ok(self.undone(context, &by, whole)),
            Body::Claimed(claimed) => self.claimed(context, claimed),
            _ if self.ended.is_some() => Ok(false),
            Body::Replied { call, reply } => self.replied(context, call, &reply),
            Body::Due { timer } => self.due(context, timer),
            Body::Consulted { question, answer } => self.rendered(context, question, answer),
            Body::Recalled { history } => self.recalled(context, history),
            Body::Answered(answered) => self.answered(context, *answered),
            other => Err(StepError::misplaced(CellKind::Run, &other)),
        }
    }

    /// A timer came due: another attempt, another look.
    fn due(&mut self, context: &mut Context<'_>, timer: Number) -> Result<bool, StepError> {
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Reading { call: None, timer: Some(waited), attempts, since } if waited == timer => {
                self.read_again(context, attempts, since)?;
            }
            Doing::Acting(acting) => match acting.on_timer(self, context, timer)? {
                Ok(()) => {}
                Err(acting) => {
                    self.doing = Doing::Acting(acting);
                    return Ok(false);
                }
            },
            Doing::Checking(checking) if checking.timer == Some(timer) => {
                self.check_again(context, checking)?;
            }
            Doing::Ours(checking) if checking.timer == Some(timer) => self.look_ours_again(context)?,
            other => {
                self.doing = other;
                return Ok(false);
            }
        }
        self.go_on(context)?;
        Ok(true)
    }

    /// The host answered what is not pure: a rendered text.
    fn rendered(
        &mut self,
        context: &mut Context<'_>,
        question: Number,
        answer: Answer,
    ) -> Result<bool, StepError> {
        if !matches!(self.doing, Doing::Rendering { question: waited } if waited == question) {
            return Ok(false);
        }
        self.doing = Doing::Nothing;
        match answer {
            Answer::Text { subject, text } => self.take_draft(context, subject, text)?,
            Answer::Failed(reason) => {
                let problem = format!("a text could not be rendered: {reason}");
                self.block(
                    context,
                    &problem,
                    Vec::new(),
                    None,
                    &[Choice::Retry, Choice::Drop],
                    Doing::Nothing,
                )?;
            }
            Answer::At(_) | Answer::Members { .. } => return Ok(false),
        }
        Ok(true)
    }

    fn recalled(&mut self, context: &mut Context<'_>, history: Value) -> Result<bool, StepError> {
        if self.doing != Doing::Recalling {
            return Ok(false);
        }
        self.doing = Doing::Nothing;
        self.take_history(context, history)?;
        Ok(true)
    }
}
