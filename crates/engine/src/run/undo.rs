//! Taking back: a run of its own, in reverse order, each action only while what it wrote is still there.

use countersign_ir::program::{Undo, Verification};
use countersign_ir::value::Value;
use countersign_ir::wire::Reply;

use super::checking::Look;
use super::{Agenda, Checking, Context, Deed, DeedStatus, Doing, Outcome, Run, Taken, action_name};
use crate::cell::{CellId, CellKind, derived};
use crate::eval::EvalError;
use crate::protocol::{Actor, Body, Fact, StartUndo, UndoStep};
use crate::step::StepError;
use crate::task::Choice;

impl Run {
    /// A person wants this run taken back.
    pub(super) fn undo(
        &mut self,
        context: &mut Context<'_>,
        by: &Actor,
        because: String,
    ) -> Result<bool, StepError> {
        let Actor::Person(person) = by else { return Ok(false) };
        let decline = |context: &mut Context<'_>, reason: String| {
            context.facts.push(Fact::Declined { person: person.clone(), reason });
            Ok(false)
        };
        if matches!(self.agenda, Agenda::Undo { .. }) {
            return decline(context, "this run is itself an undo".into());
        }
        if let Some(Taken { run, whole: None, .. }) = &self.undo {
            return decline(context, format!("{} is already taking it back", run.key));
        }
        if self.ended.is_none() && !matches!(self.doing, Doing::Blocked { .. }) {
            return decline(
                context,
                "the run is still on its way; refuse its question or wait until it has ended".into(),
            );
        }
        let mut plan = Vec::new();
        let mut kept = Vec::new();
        for deed in self.deeds.iter().rev().filter(|deed| took_effect(deed)) {
            let (system, action) = context.deployment.action(deed.system, deed.action)?;
            match &action.undo {
                Undo::By { action: undo, args } => {
                    // What was done by an earlier run, or found, was not read before the change.
                    let Ok(args) = context.scope(&deed.frame).all(args) else {
                        let name = action_name(system, action);
                        kept.push(format!("{name}: what was there before is not known"));
                        continue;
                    };
                    let frame = deed.frame.clone();
                    plan.push(UndoStep { system: deed.system, done: deed.action, frame, undo: *undo, args });
                }
                Undo::Irreversible { because } => {
                    kept.push(format!("{}: {because}", action_name(system, action)));
                }
            }
        }
        if plan.is_empty() {
            let why = if kept.is_empty() { "it did nothing".to_owned() } else { kept.join("; ") };
            return decline(context, format!("there is nothing that could be taken back: {why}"));
        }
        if let Doing::Blocked { task, was } = std::mem::replace(&mut self.doing, Doing::Nothing) {
            if let Doing::Acting(acting) = *was {
                self.give_up(context, &acting)?;
            }
            context.send(task, Body::Withdraw { because: format!("{person} takes the run back") });
            self.end(context, Outcome::Dropped, Some(format!("{person} takes it back: {because}")))?;
        }
        let count = self.undo.as_ref().map_or(0, |taken| taken.count) + 1;
        let key = derived("undo", "countersign/undo/v1", &[&context.cell.key, &count.to_string()]);
        let run = CellId::new(CellKind::Run, key);
        let start = StartUndo {
            deployment: self.deployment,
            flow: self.flow,
            of: context.cell.clone(),
            by: person.clone(),
            because: because.clone(),
            plan,
        };
        context.send(run.clone(), Body::StartUndo(Box::new(start)));
        context.facts.push(Fact::TakesBack {
            person: person.clone(),
            because,
            run: context.cell.key.clone(),
            by: run.key.clone(),
            stays: kept,
        });
        self.undo = Some(Taken { run, by: person.clone(), count, whole: None });
        Ok(true)
    }

    /// The undo of this run ended.
    pub(super) fn undone(&mut self, context: &mut Context<'_>, by: &str, whole: bool) -> bool {
        let Some(taken) = self.undo.as_mut().filter(|taken| taken.run.key == by && taken.whole.is_none())
        else {
            return false;
        };
        taken.whole = Some(whole);
        if whole {
            for deed in &mut self.deeds {
                let declared = context.deployment.action(deed.system, deed.action);
                deed.undone |=
                    took_effect(deed) && matches!(declared, Ok((_, a)) if matches!(a.undo, Undo::By { .. }));
            }
        }
        let outcome = if whole { "taken back" } else { "taken back in part" };
        context.facts.push(Fact::Ended { outcome: outcome.into(), because: Some(by.to_owned()) });
        true
    }

    fn plan_step(&self) -> Option<&UndoStep> {
        match &self.agenda {
            Agenda::Undo { plan, at, .. } => plan.get(*at as usize),
            Agenda::Flow { .. } => None,
        }
    }

    /// The next action to be taken back, if what it wrote is still there.
    pub(super) fn undo_next(&mut self, context: &mut Context<'_>) -> Result<(), StepError> {
        if self.plan_step().is_none() {
            return self.end(context, Outcome::Done, None);
        }
        self.look_ours(context, None)
    }

    fn look_ours(
        &mut self,
        context: &mut Context<'_>,
        reply: Option<(Checking, &Reply)>,
    ) -> Result<(), StepError> {
        let Some(step) = self.plan_step().cloned() else { return Ok(()) };
        let (system, action) = context.deployment.action(step.system, step.done)?;
        let name = action_name(system, action);
        let Verification::Independent { check, .. } = &action.verify else {
            return self.undo_regardless(context);
        };
        let mut frame = step.frame.clone();
        frame.resize(action.frame_size(), None);
        let look = match reply {
            None => self.look(context, check, &mut frame, Checking::new(context.at, 0, false))?,
            Some((checking, reply)) => self.look_replied(context, check, &mut frame, checking, reply)?,
        };
        self.keep_frame(frame);
        match look {
            Look::Waiting(checking) => {
                self.doing = Doing::Ours(checking);
                Ok(())
            }
            Look::Holds => self.undo_regardless(context),
            Look::Fails(last) => {
                let problem =
                    format!("{name} is not what we left there any more ({last}); take it back all the same?");
                let choices = [Choice::Approve, Choice::Retry, Choice::Drop];
                let about = Some((step.system, step.done));
                let was = Doing::Ours(Checking::new(context.at, 0, false));
                self.block(context, &problem, Vec::new(), about, &choices, was)
            }
        }
    }

    fn keep_frame(&mut self, frame: Vec<Option<Value>>) {
        if let Agenda::Undo { plan, at, .. } = &mut self.agenda
            && let Some(step) = plan.get_mut(*at as usize)
        {
            step.frame = frame;
        }
    }

    /// Takes back the action where the plan stands.
    pub(super) fn undo_regardless(&mut self, context: &mut Context<'_>) -> Result<(), StepError> {
        let step = self.plan_step().cloned();
        let step = step.ok_or_else(|| EvalError::Malformed("an undo without a plan".into()))?;
        self.doing = Doing::Nothing;
        self.begin_action(context, None, step.system, step.undo, step.args)
    }

    pub(super) fn ours_replied(
        &mut self,
        context: &mut Context<'_>,
        checking: Checking,
        reply: &Reply,
    ) -> Result<(), StepError> {
        self.look_ours(context, Some((checking, reply)))
    }

    pub(super) fn look_ours_again(&mut self, context: &mut Context<'_>) -> Result<(), StepError> {
        self.look_ours(context, None)
    }
}

fn took_effect(deed: &Deed) -> bool {
    !deed.undone && matches!(deed.status, DeedStatus::Done | DeedStatus::Verified | DeedStatus::Unverified)
}
