//! An action in doubt: looked up, sent again under a key that is honoured, or asked about. Never a blind second attempt.

use countersign_ir::program::{StepKind, Type};
use countersign_ir::value::Value;
use countersign_ir::wire::{FailureClass, Reply};

use super::acting::{Acting, Doubt, Phase, Then, declared};
use super::reply::{Reading, reply_text};
use super::{Context, DeedStatus, Doing, Run};
use crate::eval::EvalError;
use crate::protocol::Fact;
use crate::step::StepError;
use crate::task::{Choice, Shown};

impl Run {
    pub(super) fn unknown(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        problem: &str,
        showing: Vec<Shown>,
    ) -> Result<(), StepError> {
        let deed = self.deed(&acting)?;
        let declared = declared(context, deed)?;
        // Only a look-up can say what the system answered; where a name waits for that, a person's word is not enough.
        let named = match deed.step {
            Some(step) => {
                matches!(context.deployment.step(self.flow, step)?.kind, StepKind::Act { into: Some(_), .. })
            }
            None => false,
        };
        let mut choices = vec![Choice::Retry, Choice::TookEffect, Choice::Drop];
        if named && declared.action.result.is_some() {
            choices.retain(|choice| *choice != Choice::TookEffect);
        }
        acting.phase = Phase::Unknown;
        self.block_action(context, acting, problem, showing, &choices)
    }

    /// An attempt is in doubt: it is looked up, or sent again under the same key where the system honours it, or a person
    /// is asked. Never a blind second attempt.
    pub(super) fn settle_doubt(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        doubt: Doubt,
        reply: &Reply,
    ) -> Result<(), StepError> {
        let deed = self.deed(&acting)?.clone();
        let declared = declared(context, &deed)?;
        let Doubt { class, reason, retry_after } = doubt.clone();
        acting.doubt = Some(doubt);
        if let Some(probe) = &declared.action.probe {
            context.facts.push(Fact::Failed {
                what: declared.name,
                class: "in doubt".into(),
                reason,
                again_at: None,
            });
            let call = self.send_read(context, &probe.call, &deed.frame)?;
            acting.phase = Phase::Probing { call };
            self.doing = Doing::Acting(acting);
            return Ok(());
        }
        let honoured = declared.system.honours_key.zip(acting.first_sent);
        if honoured.is_some_and(|(window, first)| context.at < first.saturating_add(window)) {
            let class = if class == FailureClass::Data { FailureClass::Transient } else { class };
            return self.pause_action(context, acting, Then::Send, class, reason, retry_after, reply);
        }
        context.facts.push(Fact::Failed {
            what: declared.name.clone(),
            class: "in doubt".into(),
            reason: reason.clone(),
            again_at: None,
        });
        let problem = format!("nobody knows whether {} took effect: {reason}", declared.name);
        let showing = vec![Shown::text("reply", &reply_text(reply))];
        self.unknown(context, acting, &problem, showing)
    }

    pub(super) fn probe_replied(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        reply: &Reply,
    ) -> Result<(), StepError> {
        let deed = self.deed(&acting)?.clone();
        let declared = declared(context, &deed)?;
        let Some(probe) = &declared.action.probe else { return Ok(()) };
        let (system, read) = context.deployment.read(&probe.call)?;
        let value = match Self::reading(context, system, read, reply) {
            Reading::Value(value) => value,
            Reading::Failed { class: FailureClass::Data, reason, .. } => {
                context.facts.push(Fact::Probed { action: declared.name.clone(), outcome: "unknown".into() });
                let problem = format!(
                    "nobody knows whether {} took effect: the look-up failed: {reason}",
                    declared.name
                );
                return self.unknown(
                    context,
                    acting,
                    &problem,
                    vec![Shown::text("reply", &reply_text(reply))],
                );
            }
            Reading::Failed { class, reason, retry_after } => {
                return self.pause_action(context, acting, Then::Probe, class, reason, retry_after, reply);
            }
        };
        let ours = |element: &Value| -> Result<bool, EvalError> {
            let Some(matches) = &probe.matches else { return Ok(true) };
            let mut frame = deed.frame.clone();
            if let Some(slot) = frame.get_mut(declared.action.probe_slot()) {
                *slot = Some(element.clone());
            }
            context.scope(&frame).holds(matches)
        };
        let found = match (&read.result, &value) {
            (Type::List(..), Value::List(elements)) => match &elements[..] {
                [] => Some(None),
                [one] if ours(one)? => Some(Some(one.clone())),
                _ => None,
            },
            (_, Value::None) => Some(None),
            (_, one) => Some(if ours(one)? { Some(one.clone()) } else { None }),
        };
        let said = |outcome: &str| Fact::Probed { action: declared.name.clone(), outcome: outcome.into() };
        match found {
            Some(Some(result)) => {
                context.facts.push(said("found"));
                // The look-up answers what the action would have, where both have the same type.
                let element = match &read.result {
                    Type::List(of, _) | Type::Optional(of) => of,
                    single => single,
                };
                let result =
                    if declared.action.result.as_ref() == Some(element) { result } else { Value::None };
                self.done(context, acting, result, "found")
            }
            Some(None) => {
                // Absent counts only once a read is sure to show what was written.
                let sure = acting.last_ended.saturating_add(declared.system.visible_within);
                if context.at < sure {
                    let timer = self.set_timer(context, sure);
                    acting.phase = Phase::Paused { timer, then: Then::Probe };
                    self.doing = Doing::Acting(acting);
                    return Ok(());
                }
                context.facts.push(said("absent"));
                self.deed_mut(&acting)?.status = DeedStatus::NotDone;
                // What kind of failure it was counts from here: a system that is down is waited for as long as any.
                let Doubt { class, reason, retry_after } = acting.doubt.take().unwrap_or(Doubt {
                    class: FailureClass::Transient,
                    reason: "nobody knew what came of it".into(),
                    retry_after: None,
                });
                let reason = format!("{reason}, and it took no effect");
                // Whoever took over what was in doubt has not yet read what is there before the change.
                let unread = deed.frame.get(declared.action.before_slot()).is_none_or(Option::is_none);
                let then = if declared.action.before.is_some() && unread { Then::Before } else { Then::Send };
                self.pause_action(context, acting, then, class, reason, retry_after, reply)
            }
            None => {
                context.facts.push(said("unknown"));
                let problem = format!(
                    "nobody knows whether {} took effect: the look-up found something that is not ours alone",
                    declared.name
                );
                self.unknown(context, acting, &problem, vec![Shown::text("found", &reply_text(reply))])
            }
        }
    }
}
