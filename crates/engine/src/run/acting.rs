//! One action: claimed, gated, sent, settled where its fate is unknown, and proved.
//!
//! The order is what keeps the promise. The claim makes sure that nobody else does the same; the gate and the intent are
//! one commit; only then does the call leave; what is in doubt is looked up before anything is sent again; and the run
//! goes on only when the world was read back.

use countersign_ir::classify::{Outcome, StatusRule, classify};
use countersign_ir::program::{Action, ActionId, StepId, StepKind, System, SystemId, Verification};
use countersign_ir::value::Value;
use countersign_ir::wire::{FailureClass, Operation, Reply};
use serde::{Deserialize, Serialize};

use super::checking::Look;
use super::reply::{Reading, class_word, reply_text};
use super::{Agenda, Checking, Context, Deed, DeedStatus, Doing, Run, action_name};
use crate::cell::{CellId, CellKind, claim_key};
use crate::eval::EvalError;
use crate::gate;
use crate::protocol::{Body, Fact, Number, Output};
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
pub(super) struct Declared<'a> {
    pub(super) system: &'a System,
    pub(super) action: &'a Action,
    pub(super) name: String,
}

pub(super) fn declared<'a>(context: &Context<'a>, deed: &Deed) -> Result<Declared<'a>, EvalError> {
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

    pub(super) fn deed_mut(&mut self, acting: &Acting) -> Result<&mut Deed, EvalError> {
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

    pub(super) fn look_before(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
    ) -> Result<(), StepError> {
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
    pub(super) fn pause_action(
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
