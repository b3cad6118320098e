//! One action: claimed, gated, sent, settled where its fate is unknown, and proved.
//!
//! The order is what keeps the promise. The claim makes sure that nobody else does the same; the gate and the intent are
//! one commit; only then does the call leave; what is in doubt is looked up before anything is sent again; and the run
//! goes on only when the world was read back.

use std::collections::BTreeSet;

use countersign_ir::classify::{Outcome, StatusRule, classify};
use countersign_ir::program::{Action, ActionId, StepId, StepKind, System, SystemId, Type, Verification};
use countersign_ir::value::Value;
use countersign_ir::wire::{FailureClass, Operation, Reply};
use serde::{Deserialize, Serialize};

use super::checking::Look;
use super::reply::{Reading, class_word, reply_text};
use super::{Agenda, Checking, Context, Deed, DeedStatus, Doing, Run, action_name};
use crate::cell::{CellId, CellKind, claim_key};
use crate::eval::EvalError;
use crate::gate;
use crate::protocol::{Body, ClaimVerdict, Claimed, Fact, Number, Output, Take};
use crate::step::StepError;
use crate::task::{Choice, Shown};

/// An action that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acting {
    /// Its place among the run's deeds.
    pub deed: u32,
    /// How far it is.
    pub phase: Phase,
    /// Failed attempts in a row.
    pub attempts: u32,
    /// When those began.
    pub since: i64,
    /// When it was first sent.
    pub first_sent: Option<i64>,
    /// When the last attempt was answered or lost.
    pub last_ended: i64,
    /// Why the last attempt is in doubt: what counts once a look-up says that it took no effect.
    pub doubt: Option<Doubt>,
}

/// Why an attempt is in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What kind of failure it was.
    pub class: FailureClass,
    /// In words.
    pub reason: String,
    /// Seconds to wait first, where the system named them.
    pub retry_after: Option<u32>,
}

/// How far an action is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It waits for its claim.
    Claiming {
        /// What the claim's answer will name.
        token: Number,
    },
    /// What is there before the change is read.
    Before {
        /// The call that is out.
        call: Number,
    },
    /// The call is out.
    Sending {
        /// Its number.
        call: Number,
    },
    /// It is looked up whether it took effect.
    Probing {
        /// The call that is out.
        call: Number,
    },
    /// It waits.
    Paused {
        /// For which timer.
        timer: Number,
        /// And then.
        then: Then,
    },
    /// The world is read back.
    Proving(Checking),
    /// It was turned down: nothing happened, and nothing is under way.
    Stopped,
    /// Nobody knows whether it took effect.
    Unknown,
}

/// What follows a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It reads what is there before the change.
    Before,
    /// It sends.
    Send,
    /// It looks up.
    Probe,
}

/// Whether an input was meant for this action; if not, the action is given back as it was.
pub(super) type Taken = Result<(), Box<Acting>>;

/// The declaration of a deed, with what belongs to it.
struct Declared<'a> {
    system: &'a System,
    action: &'a Action,
    name: String,
}

fn declared<'a>(context: &Context<'a>, deed: &Deed) -> Result<Declared<'a>, EvalError> {
    let deployment = context.deployment;
    let (system, action) = deployment.action(deed.system, deed.action)?;
    Ok(Declared { system, action, name: action_name(system, action) })
}

impl Run {
    pub(super) fn deed(&self, acting: &Acting) -> Result<&Deed, EvalError> {
        self.deeds
            .get(acting.deed as usize)
            .ok_or_else(|| EvalError::Malformed("there is no such deed".into()))
    }

    fn deed_mut(&mut self, acting: &Acting) -> Result<&mut Deed, EvalError> {
        self.deeds
            .get_mut(acting.deed as usize)
            .ok_or_else(|| EvalError::Malformed("there is no such deed".into()))
    }

    /// Begins an action: takes its claim.
    pub(super) fn begin_action(
        &mut self,
        context: &mut Context<'_>,
        step: Option<StepId>,
        system: SystemId,
        action: ActionId,
        args: Vec<Value>,
    ) -> Result<(), StepError> {
        let (declared_system, declared_action) = context.deployment.action(system, action)?;
        let mut frame: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        frame.resize(declared_action.frame_size(), None);
        let per = match &declared_action.once {
            Some(once) => context.scope(&frame).eval(once)?,
            // Without `once`, run and step make it unique.
            None => Value::list([
                Value::text(&*context.cell.key),
                Value::Int(step.map_or(-1, |step| i64::from(step.0))),
                Value::Int(i64::try_from(self.deeds.len()).unwrap_or(i64::MAX)),
            ]),
        };
        let key = claim_key(
            &[&context.deployment.tenant, "action", &declared_system.name, &declared_action.name],
            &per,
        );
        let (token, status) = (0, DeedStatus::Planned);
        let deed = Deed { step, system, action, frame, key, token, status, undone: false };
        self.deeds.push(deed);
        let place = u32::try_from(self.deeds.len() - 1).unwrap_or(u32::MAX);
        let phase = Phase::Stopped;
        let at = context.at;
        self.take_claim(
            context,
            Box::new(Acting {
                deed: place,
                phase,
                attempts: 0,
                since: at,
                first_sent: None,
                last_ended: at,
                doubt: None,
            }),
        )
    }

    pub(super) fn take_claim(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
    ) -> Result<(), StepError> {
        let token = self.number();
        let deed = self.deed_mut(&acting)?;
        deed.token = token;
        let deed = deed.clone();
        let deed = &deed;
        let params = declared(context, deed)?.action.params.len();
        let subject =
            Value::record(deed.frame.iter().take(params).map(|arg| arg.clone().unwrap_or(Value::None)));
        let to = CellId::new(CellKind::Claim, deed.key.clone());
        let take = Take { taker: context.cell.clone(), token, subject, until: None };
        context.send(to, Body::Take(Box::new(take)));
        acting.phase = Phase::Claiming { token };
        self.doing = Doing::Acting(acting);
        Ok(())
    }

    /// The claim answered.
    pub(super) fn claimed(&mut self, context: &mut Context<'_>, claimed: Claimed) -> Result<bool, StepError> {
        let acting = match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Acting(acting) if acting.phase == (Phase::Claiming { token: claimed.token }) => acting,
            other => {
                self.doing = other;
                self.decline_claim(context, &claimed);
                return Ok(false);
            }
        };
        let declared = declared(context, self.deed(&acting)?)?;
        match claimed.verdict {
            ClaimVerdict::Granted => self.look_before(context, acting)?,
            ClaimVerdict::Same { outcome } => {
                self.done(context, acting, outcome.unwrap_or(Value::None), "adopted")?;
            }
            ClaimVerdict::Conflict { held } => {
                let first = claimed.holder.key.clone();
                context.facts.push(Fact::Repeated { first: first.clone(), same: false });
                let problem = format!("{} was already begun by {first} with other values", declared.name);
                let showing = vec![Shown::text("begun with", &held.to_string())];
                self.block_action(context, acting, &problem, showing, &[Choice::Retry, Choice::Drop])?;
            }
        }
        self.go_on(context)?;
        Ok(true)
    }

    /// A claim that was granted to an attempt that is over, because a message came late or twice, is given back; unless
    /// something was done under it.
    fn decline_claim(&self, context: &mut Context<'_>, claimed: &Claimed) {
        let under = self.deeds.iter().find(|deed| deed.token == claimed.token);
        let over = match (under, &self.doing) {
            (Some(deed), _) if !matches!(deed.status, DeedStatus::Planned | DeedStatus::NotDone) => false,
            // It is under way, perhaps with a person.
            (Some(deed), Doing::Acting(acting)) => self.deed(acting).ok() != Some(deed),
            (Some(deed), Doing::Blocked { was, .. }) => match &**was {
                Doing::Acting(acting) => self.deed(acting).ok() != Some(deed),
                _ => true,
            },
            _ => true,
        };
        if claimed.verdict != ClaimVerdict::Granted || !over {
            return;
        }
        // A token that no deed has any more was one of them: whichever it was, the others do not know it.
        let keys: BTreeSet<&String> = self
            .deeds
            .iter()
            .filter(|deed| under.is_none_or(|under| under == *deed))
            .map(|d| &d.key)
            .collect();
        for key in keys {
            let (by, token) = (context.cell.clone(), claimed.token);
            context.send(CellId::new(CellKind::Claim, key.as_str()), Body::Release { by, token });
        }
    }

    fn look_before(&mut self, context: &mut Context<'_>, mut acting: Box<Acting>) -> Result<(), StepError> {
        let deed = self.deed(&acting)?;
        let declared = declared(context, deed)?;
        let Some(before) = &declared.action.before else { return self.intend(context, acting) };
        let frame = deed.frame.clone();
        let call = self.send_read(context, before, &frame)?;
        acting.phase = Phase::Before { call };
        self.doing = Doing::Acting(acting);
        Ok(())
    }

    /// The gate and the intent: one step, and so one commit. The call leaves after it.
    pub(super) fn intend(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
    ) -> Result<(), StepError> {
        let deed = self.deed(&acting)?.clone();
        let declared = declared(context, &deed)?;
        let guardrails = match gate::check(self, context, &deed)? {
            Ok(names) => names,
            Err(stop) => {
                let gate::Stop { guardrail, missing } = stop;
                let problem = format!("the guardrail \"{guardrail}\" stops {}: {missing}", declared.name);
                context.facts.push(Fact::Stopped { action: declared.name, guardrail, missing });
                acting.phase = Phase::Stopped;
                return self.block_action(
                    context,
                    acting,
                    &problem,
                    Vec::new(),
                    &[Choice::Retry, Choice::Drop],
                );
            }
        };
        let values = declared.action.params.iter().zip(&deed.frame);
        let values = values.map(|(_, arg)| arg.clone().unwrap_or(Value::None)).collect();
        let operation = Operation::Action { name: declared.action.name.clone(), args: values };
        let request = &declared.action.request;
        let key = Some(deed.key.clone());
        let call = Self::call(context, declared.system, request, &deed.frame, key, operation)?;
        let params = declared.action.params.iter().zip(&deed.frame);
        let args = params.map(|(param, arg)| {
            let value = arg.as_ref().unwrap_or(&Value::None);
            let style = countersign_ir::json::Style::People;
            let json = countersign_ir::json::to_json(&context.deployment.program, &param.ty, value, style);
            (param.name.clone(), json.to_string())
        });
        let attempt = acting.attempts + 1;
        let intended = Fact::Intended {
            action: declared.name,
            args: args.collect(),
            key: deed.key,
            guardrails,
            attempt,
        };
        context.facts.push(intended);
        let number = self.number();
        context.outputs.push(Output::Call { number, call });
        self.deed_mut(&acting)?.status = DeedStatus::Sent;
        acting.first_sent.get_or_insert(context.at);
        acting.phase = Phase::Sending { call: number };
        self.doing = Doing::Acting(acting);
        Ok(())
    }

    /// It took effect: the claim is settled, and the proof begins.
    pub(super) fn done(
        &mut self,
        context: &mut Context<'_>,
        acting: Box<Acting>,
        result: Value,
        how: &str,
    ) -> Result<(), StepError> {
        let declared = declared(context, self.deed(&acting)?)?;
        let deed = self.deed_mut(&acting)?;
        deed.status = DeedStatus::Done;
        let key = deed.key.clone();
        let slot = declared.action.result_slot();
        let text = match &declared.action.result {
            Some(ty) => {
                let style = countersign_ir::json::Style::People;
                countersign_ir::json::to_json(&context.deployment.program, ty, &result, style).to_string()
            }
            None => String::new(),
        };
        if let Some(place) = deed.frame.get_mut(slot) {
            *place = Some(result.clone());
        }
        if how != "adopted" {
            let by = context.cell.clone();
            context.send(CellId::new(CellKind::Claim, key), Body::Settle { by, outcome: result });
        }
        context.facts.push(Fact::Done { action: declared.name, result: text, how: how.into() });
        self.prove(context, acting)
    }

    /// Reads the world back.
    pub(super) fn prove(&mut self, context: &mut Context<'_>, acting: Box<Acting>) -> Result<(), StepError> {
        let declared = declared(context, self.deed(&acting)?)?;
        let (condition, grade) = match &declared.action.verify {
            Verification::Independent { check, within } => {
                let checking = Checking::new(context.at, *within, false);
                let mut frame = std::mem::take(&mut self.deed_mut(&acting)?.frame);
                let look = self.look(context, check, &mut frame, checking);
                self.deed_mut(&acting)?.frame = frame;
                return self.proof(context, acting, look?);
            }
            Verification::Acknowledged => (String::new(), "acknowledged".to_owned()),
            Verification::Unverified { because } => (String::new(), format!("unverified because {because}")),
        };
        self.proved(context, &acting, condition, grade)
    }

    fn proof(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        look: Look,
    ) -> Result<(), StepError> {
        let declared = declared(context, self.deed(&acting)?)?;
        let condition = match &declared.action.verify {
            Verification::Independent { check, .. } => check.text.clone(),
            _ => String::new(),
        };
        match look {
            Look::Waiting(checking) => {
                acting.phase = Phase::Proving(checking);
                self.doing = Doing::Acting(acting);
                Ok(())
            }
            Look::Holds => self.proved(context, &acting, condition, "independent".into()),
            Look::Fails(last) => {
                self.deed_mut(&acting)?.status = DeedStatus::Unverified;
                context
                    .facts
                    .push(Fact::Unverified { what: declared.name.clone(), condition: condition.clone() });
                let problem = format!(
                    "{} was answered, but `{condition}` did not become true in time: {last}",
                    declared.name
                );
                acting.phase = Phase::Proving(Checking::new(context.at, 0, false));
                let choices = [Choice::Retry, Choice::TookEffect, Choice::Drop];
                self.block_action(context, acting, &problem, Vec::new(), &choices)
            }
        }
    }

    /// The action is proved, or needs no proof: its result gets its name, and the run goes on.
    pub(super) fn proved(
        &mut self,
        context: &mut Context<'_>,
        acting: &Acting,
        condition: String,
        grade: String,
    ) -> Result<(), StepError> {
        let deed = self.deed_mut(acting)?;
        if grade == "independent" {
            deed.status = DeedStatus::Verified;
        }
        let deed = deed.clone();
        let declared = declared(context, &deed)?;
        context.facts.push(Fact::Verified { what: declared.name, condition, grade });
        self.doing = Doing::Nothing;
        if let Agenda::Undo { at, .. } = &mut self.agenda {
            *at += 1;
            return Ok(());
        }
        if let StepKind::Act { into: Some(into), .. } =
            &context.deployment.step(self.flow, self.here()?)?.kind
        {
            let result = deed.frame.get(declared.action.result_slot()).cloned().flatten();
            self.bind(context, *into, result.unwrap_or(Value::None))?;
        }
        self.next_step(context)
    }

    /// Sends again, looks up again or reads again after a pause; or asks the owner when the budget is used up.
    #[expect(clippy::too_many_arguments, reason = "one failure, told once with all that is known of it")]
    fn pause_action(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        then: Then,
        class: FailureClass,
        reason: String,
        retry_after: Option<u32>,
        reply: &Reply,
    ) -> Result<(), StepError> {
        let declared = declared(context, self.deed(&acting)?)?;
        acting.attempts += 1;
        if let Some(delay) = self.pause(context, class, acting.attempts, acting.since, retry_after) {
            let at = context.at.saturating_add(delay);
            let timer = self.set_timer(context, at);
            let class = class_word(class).into();
            context.facts.push(Fact::Failed { what: declared.name, class, reason, again_at: Some(at) });
            acting.phase = Phase::Paused { timer, then };
            self.doing = Doing::Acting(acting);
            return Ok(());
        }
        let showing = vec![Shown::text("reply", &reply_text(reply))];
        let class = class_word(class);
        context.facts.push(Fact::Failed {
            what: declared.name.clone(),
            class: class.into(),
            reason: reason.clone(),
            again_at: None,
        });
        if then == Then::Probe {
            let problem = format!(
                "nobody knows whether {} took effect, and it could not be looked up: {reason}",
                declared.name
            );
            return self.unknown(context, acting, &problem, showing);
        }
        acting.phase = Phase::Stopped;
        let problem = format!("{} failed: {reason}", declared.name);
        self.block_action(context, acting, &problem, showing, &[Choice::Retry, Choice::Drop])
    }

    fn unknown(
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

    fn sent_replied(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
        reply: &Reply,
    ) -> Result<(), StepError> {
        let declared = declared(context, self.deed(&acting)?)?;
        acting.last_ended = context.at;
        let rules: &[StatusRule] = &declared.system.statuses;
        match classify(declared.action.request.verb, reply, rules) {
            Outcome::Succeeded { body } => match &declared.action.result {
                None => self.done(context, acting, Value::None, "answered"),
                Some(ty) => match Self::decode(context, ty, body) {
                    Ok(result) => self.done(context, acting, result, "answered"),
                    // It said yes in words that nobody understands: whether it happened is looked up.
                    Err(reason) => {
                        let doubt = Doubt { class: FailureClass::Data, reason, retry_after: None };
                        self.settle_doubt(context, acting, doubt, reply)
                    }
                },
            },
            Outcome::Nothing => {
                let reason = "the system answered that there is nothing".to_owned();
                let doubt = Doubt { class: FailureClass::Data, reason, retry_after: None };
                self.settle_doubt(context, acting, doubt, reply)
            }
            Outcome::Failed { class, reason, retry_after } => {
                self.deed_mut(&acting)?.status = DeedStatus::NotDone;
                self.pause_action(context, acting, Then::Send, class, reason, retry_after, reply)
            }
            Outcome::InDoubt { class, reason, retry_after } => {
                self.settle_doubt(context, acting, Doubt { class, reason, retry_after }, reply)
            }
        }
    }

    fn before_replied(
        &mut self,
        context: &mut Context<'_>,
        acting: Box<Acting>,
        reply: &Reply,
    ) -> Result<(), StepError> {
        let declared = declared(context, self.deed(&acting)?)?;
        let Some(before) = &declared.action.before else { return self.intend(context, acting) };
        let (system, read) = context.deployment.read(before)?;
        match Self::reading(context, system, read, reply) {
            Reading::Value(value) => {
                context.facts.push(Fact::Before { action: declared.name, value: value.to_string() });
                let slot = declared.action.before_slot();
                if let Some(place) = self.deed_mut(&acting)?.frame.get_mut(slot) {
                    *place = Some(value);
                }
                self.intend(context, acting)
            }
            Reading::Failed { class, reason, retry_after } => {
                self.pause_action(context, acting, Then::Before, class, reason, retry_after, reply)
            }
        }
    }

    fn probe_replied(
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
                self.pause_action(context, acting, Then::Send, class, reason, retry_after, reply)
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

impl Acting {
    /// A reply for this action.
    pub(super) fn on_reply(
        self: Box<Self>,
        run: &mut Run,
        context: &mut Context<'_>,
        call: Number,
        reply: &Reply,
    ) -> Result<Taken, StepError> {
        let mut acting = self;
        match &acting.phase {
            Phase::Sending { call: waited } if *waited == call => run.sent_replied(context, acting, reply)?,
            Phase::Before { call: waited } if *waited == call => {
                run.before_replied(context, acting, reply)?;
            }
            Phase::Probing { call: waited } if *waited == call => {
                run.probe_replied(context, acting, reply)?;
            }
            Phase::Proving(checking) if checking.call == Some(call) => {
                let checking = checking.clone();
                acting.phase = Phase::Stopped;
                let declared = declared(context, run.deed(&acting)?)?;
                if let Verification::Independent { check, .. } = &declared.action.verify {
                    let mut frame = std::mem::take(&mut run.deed_mut(&acting)?.frame);
                    let look = run.look_replied(context, check, &mut frame, checking, reply);
                    run.deed_mut(&acting)?.frame = frame;
                    run.proof(context, acting, look?)?;
                }
            }
            _ => return Ok(Err(acting)),
        }
        Ok(Ok(()))
    }

    /// A timer for this action.
    pub(super) fn on_timer(
        self: Box<Self>,
        run: &mut Run,
        context: &mut Context<'_>,
        timer: Number,
    ) -> Result<Taken, StepError> {
        let mut acting = self;
        match &acting.phase {
            Phase::Paused { timer: waited, then } if *waited == timer => match then {
                Then::Before => run.look_before(context, acting)?,
                Then::Send => run.intend(context, acting)?,
                Then::Probe => {
                    let deed = run.deed(&acting)?.clone();
                    let declared = declared(context, &deed)?;
                    if let Some(probe) = &declared.action.probe {
                        let call = run.send_read(context, &probe.call, &deed.frame)?;
                        acting.phase = Phase::Probing { call };
                        run.doing = Doing::Acting(acting);
                    }
                }
            },
            Phase::Proving(checking) if checking.timer == Some(timer) => {
                let checking = checking.clone();
                let declared = declared(context, run.deed(&acting)?)?;
                if let Verification::Independent { check, .. } = &declared.action.verify {
                    let mut frame = std::mem::take(&mut run.deed_mut(&acting)?.frame);
                    let look = run.look(context, check, &mut frame, checking);
                    run.deed_mut(&acting)?.frame = frame;
                    run.proof(context, acting, look?)?;
                }
            }
            _ => return Ok(Err(acting)),
        }
        Ok(Ok(()))
    }
}
