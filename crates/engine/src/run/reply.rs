//! Calls made and replies read: requests rendered from their declarations, bodies decoded by their types.

use countersign_ir::classify::{Outcome, StatusRule, classify};
use countersign_ir::json::{Style, decode, to_json};
use countersign_ir::program::{Read, ReadCall, Request, StepKind, System, Type};
use countersign_ir::value::{SECOND, Value};
use countersign_ir::wire::{Call, FailureClass, Operation, Reply, Verb};

use super::{Context, Doing, Run};
use crate::backoff;
use crate::eval::Refinements;
use crate::protocol::{Fact, Number, Output};
use crate::step::StepError;
use crate::task::{Choice, Shown};

/// How long a read or an action that failed transiently is tried before its owner is asked.
pub(super) const TRANSIENT_BUDGET: i64 = 3_600 * SECOND;
/// How long one that could not be reached is held before its owner is asked.
pub(super) const INFRASTRUCTURE_BUDGET: i64 = 86_400 * SECOND;
/// How long after its commit a call may still leave.
const SEND_WITHIN: i64 = 60 * SECOND;

/// The longest wait between two attempts.
fn ceiling(class: FailureClass) -> i64 {
    match class {
        FailureClass::Infrastructure => 60 * SECOND,
        FailureClass::Transient | FailureClass::Data => 300 * SECOND,
    }
}

/// Until when a failure of that class is tried again.
pub(super) fn budget(class: FailureClass) -> i64 {
    match class {
        FailureClass::Transient => TRANSIENT_BUDGET,
        FailureClass::Infrastructure => INFRASTRUCTURE_BUDGET,
        FailureClass::Data => 0,
    }
}

pub(super) fn class_word(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Transient => "transient",
        FailureClass::Data => "data",
        FailureClass::Infrastructure => "infrastructure",
    }
}

fn digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

/// Percent-encodes everything but the unreserved characters, so that a value can never become another path, another
/// parameter or another host.
fn encoded(value: &Value) -> String {
    let mut text = String::new();
    for byte in value.to_string().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
    }
    // A segment of dots alone would be read as a step in the path.
    if text == "." || text == ".." { text.replace('.', "%2E") } else { text }
}

/// What came of a read.
pub(super) enum Reading {
    /// The value.
    Value(Value),
    /// It failed.
    Failed { class: FailureClass, reason: String, retry_after: Option<u32> },
}

impl Run {
    /// A request as the connector gets it.
    pub(super) fn call(
        context: &Context<'_>,
        system: &System,
        request: &Request,
        frame: &[Option<Value>],
        key: Option<String>,
        operation: Operation,
    ) -> Result<Call, StepError> {
        let scope = context.scope(frame);
        let target = scope.text_with(&request.target, encoded)?;
        let body = match &request.body {
            Some(body) => {
                let value = scope.eval(&body.expr)?;
                Some(to_json(&context.deployment.program, &body.ty, &value, Style::Wire).to_string())
            }
            None => None,
        };
        let send_before = context.at.saturating_add(SEND_WITHIN);
        let (system, operation) = (system.name.clone(), Some(operation));
        Ok(Call { system, verb: request.verb, target, body, key, send_before, operation })
    }

    /// Sends a read whose arguments lie in `frame`.
    pub(super) fn send_read(
        &mut self,
        context: &mut Context<'_>,
        call: &ReadCall,
        frame: &[Option<Value>],
    ) -> Result<Number, StepError> {
        let (system, read) = context.deployment.read(call)?;
        let args = context.scope(frame).all(&call.args)?;
        let operation = Operation::Read { name: read.name.clone(), args: args.clone() };
        let args: Vec<_> = args.into_iter().map(Some).collect();
        let call = Self::call(context, system, &read.request, &args, None, operation)?;
        let number = self.number();
        context.outputs.push(Output::Call { number, call });
        Ok(number)
    }

    /// What a reply to a read means.
    pub(super) fn reading(context: &Context<'_>, system: &System, read: &Read, reply: &Reply) -> Reading {
        let rules: Vec<StatusRule> = read.statuses.iter().chain(&system.statuses).cloned().collect();
        match classify(Verb::Get, reply, &rules) {
            Outcome::Succeeded { body } => match Self::decode(context, &read.result, body) {
                Ok(value) => Reading::Value(value),
                Err(reason) => Reading::Failed { class: FailureClass::Data, reason, retry_after: None },
            },
            // What is not there: an empty list, or none.
            Outcome::Nothing => match &read.result {
                Type::List(..) => Reading::Value(Value::list([])),
                Type::Optional(_) => Reading::Value(Value::None),
                _ => Reading::Failed {
                    class: FailureClass::Data,
                    reason: "what was asked for does not exist".into(),
                    retry_after: None,
                },
            },
            Outcome::Failed { class, reason, retry_after }
            | Outcome::InDoubt { class, reason, retry_after } => {
                Reading::Failed { class, reason, retry_after }
            }
        }
    }

    /// A body by its type.
    pub(super) fn decode(context: &Context<'_>, ty: &Type, body: &str) -> Result<Value, String> {
        let refine = Refinements { settings: &context.deployment.settings };
        decode(&context.deployment.program, ty, body.as_bytes(), &refine)
            .map_err(|violation| format!("the reply breaks its type: {violation}"))
    }

    /// Sends the read of the step where the run stands.
    pub(super) fn read_again(
        &mut self,
        context: &mut Context<'_>,
        attempts: u32,
        since: i64,
    ) -> Result<(), StepError> {
        let StepKind::Read { call, .. } = &context.deployment.step(self.flow, self.here()?)?.kind else {
            return Ok(());
        };
        let frame = std::mem::take(&mut self.frame);
        let sent = self.send_read(context, call, &frame);
        self.frame = frame;
        self.doing = Doing::Reading { call: Some(sent?), timer: None, attempts, since };
        Ok(())
    }

    /// A system answered, or did not.
    pub(super) fn replied(
        &mut self,
        context: &mut Context<'_>,
        call: Number,
        reply: &Reply,
    ) -> Result<bool, StepError> {
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Reading { call: Some(waited), attempts, since, .. } if waited == call => {
                self.read_replied(context, reply, attempts, since)?;
            }
            Doing::Acting(acting) => match acting.on_reply(self, context, call, reply)? {
                Ok(()) => {}
                Err(acting) => {
                    self.doing = Doing::Acting(acting);
                    return Ok(false);
                }
            },
            Doing::Checking(checking) if checking.call == Some(call) => {
                self.check_replied(context, checking, reply)?;
            }
            Doing::Ours(checking) if checking.call == Some(call) => {
                self.ours_replied(context, checking, reply)?;
            }
            other => {
                self.doing = other;
                return Ok(false);
            }
        }
        self.go_on(context)?;
        Ok(true)
    }

    fn read_replied(
        &mut self,
        context: &mut Context<'_>,
        reply: &Reply,
        attempts: u32,
        since: i64,
    ) -> Result<(), StepError> {
        let deployment = context.deployment;
        let StepKind::Read { into, call } = &deployment.step(self.flow, self.here()?)?.kind else {
            return Ok(());
        };
        let (system, read) = deployment.read(call)?;
        let what = format!("{}.{}", system.name, read.name);
        match Self::reading(context, system, read, reply) {
            Reading::Value(value) => {
                self.bind(context, *into, value)?;
                self.next_step(context)
            }
            Reading::Failed { class, reason, retry_after } => {
                let attempts = attempts + 1;
                let class_name = class_word(class).to_owned();
                if let Some(delay) = self.pause(context, class, attempts, since, retry_after) {
                    let at = context.at.saturating_add(delay);
                    let timer = self.set_timer(context, at);
                    context.facts.push(Fact::Failed { what, class: class_name, reason, again_at: Some(at) });
                    self.doing = Doing::Reading { call: None, timer: Some(timer), attempts, since };
                    return Ok(());
                }
                context.facts.push(Fact::Failed {
                    what: what.clone(),
                    class: class_name,
                    reason: reason.clone(),
                    again_at: None,
                });
                let problem = format!("{what} could not be read: {reason}");
                let showing = vec![Shown::text("reply", &reply_text(reply))];
                self.block(context, &problem, showing, None, &[Choice::Retry, Choice::Drop], Doing::Nothing)
            }
        }
    }

    /// How long to wait before the next attempt; none if the budget is used up.
    pub(super) fn pause(
        &self,
        context: &Context<'_>,
        class: FailureClass,
        attempts: u32,
        since: i64,
        retry_after: Option<u32>,
    ) -> Option<i64> {
        let named = i64::from(retry_after.unwrap_or(0)).saturating_mul(SECOND);
        let delay = backoff::delay(context.cell, self.next, attempts, ceiling(class)).max(named);
        (context.at.saturating_add(delay).saturating_sub(since) <= budget(class)).then_some(delay)
    }
}

/// A reply as people read it in a task.
pub(super) fn reply_text(reply: &Reply) -> String {
    match reply {
        Reply::NotSent { reason } => format!("not sent: {reason}"),
        Reply::InDoubt { reason } => format!("no answer: {reason}"),
        Reply::Answered { status, body, .. } => {
            let body: String = body.chars().take(2000).collect();
            format!("status {status}: {body}")
        }
    }
}
