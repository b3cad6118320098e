//! A run that cannot go on by itself: its owner gets a task, and what the owner says is done.

use countersign_ir::program::{ActionId, SystemId};
use countersign_ir::value::Value;
use countersign_ir::wire::{FailureClass, Reply};

use super::acting::Doubt;
use super::{Acting, Agenda, Context, DeedStatus, Doing, Outcome, Phase, Run, action_name};
use crate::cell::{CellId, CellKind};
use crate::protocol::{Answered, Body, Fact};
use crate::step::StepError;
use crate::task::{Choice, Shown, Topic, TopicKind};

impl Run {
    /// Opens a task for the owner and waits for it.
    pub(super) fn block(
        &mut self,
        context: &mut Context<'_>,
        problem: &str,
        mut showing: Vec<Shown>,
        about: Option<(SystemId, ActionId)>,
        choices: &[Choice],
        was: Doing,
    ) -> Result<(), StepError> {
        let flow = context.deployment.flow(self.flow)?;
        if let Some(Some(payload)) = self.frame.first() {
            let shown = Shown::value(&context.deployment.program, "payload", &flow.trigger.payload, payload);
            showing.insert(0, shown);
        }
        let topic = Topic {
            kind: TopicKind::Problem { choices: choices.to_vec() },
            deployment: self.deployment,
            flow: self.flow,
            run: Some(context.cell.clone()),
            question: problem.to_owned(),
            showing,
            about,
            suggestion: None,
        };
        let task = self.open_task(context, topic);
        context.facts.push(Fact::Blocked { task: task.key.clone(), problem: problem.to_owned() });
        self.doing = Doing::Blocked { task, was: Box::new(was) };
        Ok(())
    }

    /// The same for an action.
    pub(super) fn block_action(
        &mut self,
        context: &mut Context<'_>,
        acting: Box<Acting>,
        problem: &str,
        showing: Vec<Shown>,
        choices: &[Choice],
    ) -> Result<(), StepError> {
        let deed = self.deed(&acting)?;
        let about = Some((deed.system, deed.action));
        self.block(context, problem, showing, about, choices, Doing::Acting(acting))
    }

    /// The owner has decided.
    pub(super) fn unblock(
        &mut self,
        context: &mut Context<'_>,
        choice: Choice,
        answered: &Answered,
    ) -> Result<(), StepError> {
        let Doing::Blocked { was, .. } = std::mem::replace(&mut self.doing, Doing::Nothing) else {
            return Ok(());
        };
        let people = answered.people.iter().map(|(person, _)| person.clone()).collect::<Vec<_>>();
        context.facts.push(Fact::Consented {
            task: Some(answered.task.key.clone()),
            evidence: choice.word().into(),
            people: people.clone(),
            because: answered.because.clone(),
        });
        match (*was, choice) {
            (Doing::Acting(acting), Choice::Drop) => self.drop_action(context, &acting, answered)?,
            (_, Choice::Drop) => self.end(context, Outcome::Dropped, answered.because.clone())?,
            (Doing::Acting(acting), choice) => self.resume_action(context, acting, choice, &people)?,
            (Doing::Ours(_), Choice::Retry) => {}
            (Doing::Ours(_), _) => self.undo_regardless(context)?,
            // A flow's own condition that a person takes on their word.
            (_, Choice::TookEffect) if matches!(self.agenda, Agenda::Flow { .. }) => {
                let what = context.deployment.flow(self.flow)?.name.clone();
                let grade = format!("the word of {}", people.join(", "));
                context.facts.push(Fact::Verified { what, condition: String::new(), grade });
                self.next_step(context)?;
            }
            // Try again: the step is performed anew.
            _ => {}
        }
        self.go_on(context)
    }

    fn resume_action(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        choice: Choice,
        people: &[String],
    ) -> Result<(), StepError> {
        acting.attempts = 0;
        acting.since = context.at;
        let word = format!("the word of {}", people.join(", "));
        match (&acting.phase, choice) {
            (Phase::Claiming { .. }, _) => self.take_claim(context, acting),
            (Phase::Proving(_), Choice::TookEffect) => self.proved(context, &acting, String::new(), word),
            (Phase::Proving(_), _) => self.prove(context, acting),
            (Phase::Unknown, Choice::TookEffect) => self.done(context, acting, Value::None, "person"),
            (Phase::Unknown, _) => {
                let deed = self.deed(&acting)?;
                let (_, action) = context.deployment.action(deed.system, deed.action)?;
                if action.probe.is_some() {
                    let reason = "a person wants it looked up again".to_owned();
                    let reply = Reply::InDoubt { reason: reason.clone() };
                    let class = FailureClass::Transient;
                    self.settle_doubt(context, acting, Doubt { class, reason, retry_after: None }, &reply)
                } else {
                    self.intend(context, acting)
                }
            }
            _ => self.intend(context, acting),
        }
    }

    /// A claim without effect is free again; one whose fate nobody knows too, and whoever takes it next is told so and
    /// looks before it does anything.
    pub(super) fn give_up(&mut self, context: &mut Context<'_>, acting: &Acting) -> Result<(), StepError> {
        let deed = self.deed(acting)?;
        let (token, by) = (deed.token, context.cell.clone());
        let claim = CellId::new(CellKind::Claim, deed.key.clone());
        match acting.phase {
            Phase::Claiming { .. } | Phase::Proving(_) => {}
            Phase::Unknown => context.send(claim, Body::Release { by, token, doubtful: true }),
            _ => {
                if let Some(deed) = self.deeds.get_mut(acting.deed as usize) {
                    deed.status = DeedStatus::NotDone;
                }
                context.send(claim, Body::Release { by, token, doubtful: false });
            }
        }
        Ok(())
    }

    /// The owner gives the action up.
    fn drop_action(
        &mut self,
        context: &mut Context<'_>,
        acting: &Acting,
        answered: &Answered,
    ) -> Result<(), StepError> {
        let deed = self.deed(acting)?.clone();
        let (system, action) = context.deployment.action(deed.system, deed.action)?;
        let name = action_name(system, action);
        self.give_up(context, acting)?;
        let because = answered.because.clone().map_or_else(|| name.clone(), |why| format!("{name}: {why}"));
        self.end(context, Outcome::Dropped, Some(because))
    }

    /// What the evaluator refuses: a number out of range, a program that does not fit. The run stops where it was.
    pub(super) fn block_evaluation(
        &mut self,
        context: &mut Context<'_>,
        reason: &str,
    ) -> Result<(), StepError> {
        let was = std::mem::replace(&mut self.doing, Doing::Nothing);
        let problem = format!("the rules could not be evaluated: {reason}");
        self.block(context, &problem, Vec::new(), None, &[Choice::Retry, Choice::Drop], was)
    }
}
