//! Conditions over fresh reads: read everything, look, and read again until it holds or its time is over.

use countersign_ir::program::{Lasting, Postcondition, StepKind};
use countersign_ir::value::Value;
use countersign_ir::wire::Reply;
use serde::{Deserialize, Serialize};

use super::reply::Reading;
use super::{Context, Doing, Run};
use crate::backoff;
use crate::protocol::{Fact, Number};
use crate::step::StepError;
use crate::task::Choice;

/// One condition being checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checking {
    /// Which of the reads is out or next.
    pub place: u32,
    /// The call that is out.
    pub call: Option<Number>,
    /// The timer for the next look.
    pub timer: Option<Number>,
    /// When its time is over.
    pub ends: i64,
    /// For how long in all.
    pub lasting: i64,
    /// Whether it must hold until then, instead of becoming true before.
    pub throughout: bool,
    /// How often it was looked at.
    pub polls: u32,
    /// Why the last look did not see it hold.
    pub last: Option<String>,
}

/// What a look came to.
pub(super) enum Look {
    /// Another read is out, or a timer is set.
    Waiting(Checking),
    /// It holds.
    Holds,
    /// It did not hold in time, or ceased to.
    Fails(String),
}

impl Checking {
    pub(super) fn new(at: i64, lasting: i64, throughout: bool) -> Self {
        let ends = at.saturating_add(lasting);
        Self { place: 0, call: None, timer: None, ends, lasting, throughout, polls: 0, last: None }
    }
}

impl Run {
    /// Begins a look: sends the first read, or evaluates at once if there is none.
    pub(super) fn look(
        &mut self,
        context: &mut Context<'_>,
        check: &Postcondition,
        frame: &mut [Option<Value>],
        mut checking: Checking,
    ) -> Result<Look, StepError> {
        checking.place = 0;
        checking.timer = None;
        self.look_on(context, check, frame, checking)
    }

    fn look_on(
        &mut self,
        context: &mut Context<'_>,
        check: &Postcondition,
        frame: &mut [Option<Value>],
        mut checking: Checking,
    ) -> Result<Look, StepError> {
        if let Some((_, call)) = check.reads.get(checking.place as usize) {
            checking.call = Some(self.send_read(context, call, frame)?);
            return Ok(Look::Waiting(checking));
        }
        let holds = context.scope(frame).holds(&check.condition)?;
        if !holds {
            let seen = check.reads.iter().filter_map(|(slot, _)| frame.get(slot.index())?.as_ref());
            let seen: Vec<String> = seen.map(ToString::to_string).collect();
            checking.last = Some(format!("read {}", seen.join("; ")));
        }
        Ok(self.looked(context, checking, holds))
    }

    fn looked(&mut self, context: &mut Context<'_>, mut checking: Checking, holds: bool) -> Look {
        let over = context.at >= checking.ends;
        if holds && (!checking.throughout || over) {
            return Look::Holds;
        }
        // What cannot be read is not yet a no; what is read as a no ends a `throughout`.
        let seen_false = !holds && checking.last.as_deref().is_some_and(|last| last.starts_with("read "));
        if over || (checking.throughout && seen_false) {
            return Look::Fails(checking.last.unwrap_or_else(|| "it was never seen to hold".into()));
        }
        let next =
            context.at.saturating_add(backoff::poll(checking.polls, checking.lasting)).min(checking.ends);
        checking.polls += 1;
        checking.call = None;
        checking.timer = Some(self.set_timer(context, next));
        Look::Waiting(checking)
    }

    /// A read of a look was answered.
    pub(super) fn look_replied(
        &mut self,
        context: &mut Context<'_>,
        check: &Postcondition,
        frame: &mut [Option<Value>],
        mut checking: Checking,
        reply: &Reply,
    ) -> Result<Look, StepError> {
        checking.call = None;
        let Some((slot, call)) = check.reads.get(checking.place as usize) else {
            return Ok(self.looked(context, checking, false));
        };
        let (system, read) = context.deployment.read(call)?;
        match Self::reading(context, system, read, reply) {
            Reading::Value(value) => {
                if let Some(slot) = frame.get_mut(slot.index()) {
                    *slot = Some(value);
                }
                checking.place += 1;
                self.look_on(context, check, frame, checking)
            }
            Reading::Failed { reason, .. } => {
                checking.last = Some(format!("{}.{} could not be read: {reason}", system.name, read.name));
                Ok(self.looked(context, checking, false))
            }
        }
    }

    /// The flow's own condition at this step.
    pub(super) fn begin_check(
        &mut self,
        context: &mut Context<'_>,
        lasting: Lasting,
    ) -> Result<(), StepError> {
        let (ns, throughout) = match lasting {
            Lasting::Within(ns) => (ns, false),
            Lasting::Throughout(ns) => (ns, true),
        };
        self.check_again(context, Checking::new(context.at, ns, throughout))
    }

    pub(super) fn check_again(
        &mut self,
        context: &mut Context<'_>,
        checking: Checking,
    ) -> Result<(), StepError> {
        let deployment = context.deployment;
        let StepKind::Verify { check, .. } = &deployment.step(self.flow, self.here()?)?.kind else {
            return Ok(());
        };
        let mut frame = std::mem::take(&mut self.frame);
        let look = self.look(context, check, &mut frame, checking);
        self.frame = frame;
        self.check_looked(context, check, look?)?;
        self.go_on(context)
    }

    pub(super) fn check_replied(
        &mut self,
        context: &mut Context<'_>,
        checking: Checking,
        reply: &Reply,
    ) -> Result<(), StepError> {
        let deployment = context.deployment;
        let StepKind::Verify { check, .. } = &deployment.step(self.flow, self.here()?)?.kind else {
            return Ok(());
        };
        let mut frame = std::mem::take(&mut self.frame);
        let look = self.look_replied(context, check, &mut frame, checking, reply);
        self.frame = frame;
        self.check_looked(context, check, look?)
    }

    fn check_looked(
        &mut self,
        context: &mut Context<'_>,
        check: &Postcondition,
        look: Look,
    ) -> Result<(), StepError> {
        let what = context.deployment.flow(self.flow)?.name.clone();
        match look {
            Look::Waiting(checking) => {
                self.doing = Doing::Checking(checking);
                Ok(())
            }
            Look::Holds => {
                let (condition, grade) = (check.text.clone(), "independent".into());
                context.facts.push(Fact::Verified { what, condition, grade });
                self.next_step(context)
            }
            Look::Fails(last) => {
                let condition = check.text.clone();
                context.facts.push(Fact::Unverified { what, condition: condition.clone() });
                let problem = format!("`{condition}` did not become true in time: {last}");
                let choices = [Choice::Retry, Choice::TookEffect, Choice::Drop];
                self.block(context, &problem, Vec::new(), None, &choices, Doing::Nothing)
            }
        }
    }
}
