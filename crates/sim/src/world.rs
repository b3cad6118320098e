//! The world: what the systems hold, what befell them, and what happened so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_engine::Deployment;
use countersign_ir::classify::TOO_LATE;
use countersign_ir::json::{Style, to_json};
use countersign_ir::program::{
    Action, ActionId, Expr, Program, Read, ReadCall, ReadId, Slot, System, SystemId, Type,
};
use countersign_ir::suite::{Extent, Fault, Given, Operation};
use countersign_ir::value::{Draft, Value};
use countersign_ir::wire::{self, Call, Reply, Verb};

use crate::facts::Facts;
use crate::faults::{self, Planned};

/// What the reply of a mail server that took a message is.
const TAKEN: u16 = 250;
const OK: u16 = 200;

/// One call that reached a system, or tried to.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// When.
    pub at: i64,
    /// Whose; none if the program has no such system.
    pub system: Option<SystemId>,
    /// Which operation; none for a notice.
    pub operation: Option<Operation>,
    /// As it came.
    pub call: Call,
    /// What it was told.
    pub reply: Reply,
}

/// One action that took effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// When.
    pub at: i64,
    /// Whose.
    pub system: SystemId,
    /// Which.
    pub action: ActionId,
    /// With what.
    pub args: Vec<Value>,
    /// What the system keeps of it.
    pub result: Value,
    /// Its idempotency key.
    pub key: Option<String>,
}

/// One message that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: i64,
    /// By which system.
    pub system: String,
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Whether it tells somebody of a task, as opposed to an action of a flow.
    pub notice: bool,
}

/// `when billing.pay(invoice) then erp.invoice(invoice.id) is …`
#[derive(Debug, Clone)]
pub(crate) struct Consequence {
    pub system: SystemId,
    pub action: ActionId,
    pub binds: Vec<Option<Slot>>,
    pub read: ReadCall,
    pub value: Expr,
}

/// All simulated systems of a program.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) facts: Facts,
    pub(crate) consequences: Vec<Consequence>,
    faults: Vec<Planned>,
    /// What actions answered first, by idempotency key, and when.
    replies: BTreeMap<(SystemId, String), (i64, Value)>,
    /// How many new records each action made.
    pub(crate) made: BTreeMap<(SystemId, ActionId), u32>,
    calls: Vec<Called>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) messages: Vec<Message>,
    pub(crate) troubles: Vec<String>,
}

impl World {
    /// The systems of a program, with what holds from the start.
    pub fn new(deployment: Arc<Deployment>, simulation: &[Given]) -> Self {
        let mut world = Self {
            deployment,
            facts: Facts::default(),
            consequences: Vec::new(),
            faults: Vec::new(),
            replies: BTreeMap::new(),
            made: BTreeMap::new(),
            calls: Vec::new(),
            effects: Vec::new(),
            messages: Vec::new(),
            troubles: Vec::new(),
        };
        for given in simulation {
            world.given(i64::MIN, given);
        }
        world.facts.next_epoch();
        world
    }

    /// From now on this holds.
    pub fn given(&mut self, now: i64, given: &Given) {
        match given {
            Given::Read { system, read, args, value } => {
                self.facts.say(*system, *read, args.clone(), value.clone());
            }
            Given::Consequence { system, action, binds, read_system, read, args, value } => {
                self.consequences.push(Consequence {
                    system: *system,
                    action: *action,
                    binds: binds.clone(),
                    read: ReadCall { system: *read_system, read: *read, args: args.clone() },
                    value: value.clone(),
                });
            }
            Given::Fault { system, operation, args, fault, extent } => {
                // What a simulation says lasts from the first call on.
                let since = if now == i64::MIN && matches!(extent, Extent::For(_)) { 0 } else { now };
                let (system, operation, args) = (*system, *operation, args.clone());
                let planned =
                    Planned { system, operation, args, fault: fault.clone(), extent: *extent, since };
                self.faults.push(planned);
            }
        }
    }

    /// Somebody sent an event about a record: the reads that look such a record up by its fields find it, as long as
    /// nothing else is said of them. Who announces an invoice holds it.
    pub fn announce(&mut self, ty: &Type, payload: &Value) {
        let deployment = Arc::clone(&self.deployment);
        let (Type::Record(id), Value::Record(values)) = (ty, payload) else { return };
        let Some(record) = deployment.program.records.get(id.index()) else { return };
        let field = |name: &str, ty: &Type| {
            let place = record.fields.iter().position(|field| field.name == name && field.ty == *ty)?;
            values.get(place).cloned()
        };
        for (system, declared) in ids(&deployment.program.systems, SystemId) {
            for (read, declared) in ids(&declared.reads, ReadId) {
                if declared.result != *ty || declared.params.is_empty() {
                    continue;
                }
                let args = declared.params.iter().map(|param| field(&param.name, &param.ty));
                if let Some(args) = args.collect::<Option<Vec<Value>>>() {
                    self.facts.announce(system, read, args, payload.clone());
                }
            }
        }
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> &[Called] {
        &self.calls
    }

    /// Every effect so far, in order.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Every message that was delivered, in order.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What the simulation itself could not do, in words.
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }

    /// What a read would answer now; none if nobody spoke of it.
    pub fn answer(&self, system: SystemId, read: ReadId, args: &[Value]) -> Option<&Value> {
        self.facts.answer(system, read, args)
    }

    /// Takes a call and gives the reply that a connector would.
    pub fn perform(&mut self, now: i64, call: &Call) -> Reply {
        let deployment = Arc::clone(&self.deployment);
        let mut systems = ids(&deployment.program.systems, SystemId);
        let found = systems.find(|(_, system)| system.name == call.system);
        let system = found.as_ref().map(|(id, _)| *id);
        let (operation, reply) = match found {
            _ if now > call.send_before => (None, Reply::NotSent { reason: TOO_LATE.into() }),
            Some((id, system)) => self.reached(now, id, system, call),
            None => (None, Reply::NotSent { reason: format!("there is no system `{}`", call.system) }),
        };
        self.calls.push(Called { at: now, system, operation, call: call.clone(), reply: reply.clone() });
        reply
    }

    fn reached(
        &mut self,
        now: i64,
        id: SystemId,
        system: &System,
        call: &Call,
    ) -> (Option<Operation>, Reply) {
        match &call.operation {
            Some(wire::Operation::Read { name, args }) => {
                match ids(&system.reads, ReadId).find(|(_, read)| read.name == *name) {
                    Some((read, declared)) => {
                        (Some(Operation::Read(read)), self.read(now, id, read, declared, args))
                    }
                    None => (None, unknown(&format!("{}.{name}", system.name))),
                }
            }
            Some(wire::Operation::Action { name, args }) => {
                match ids(&system.actions, ActionId).find(|(_, action)| action.name == *name) {
                    Some((action, declared)) => {
                        (Some(Operation::Action(action)), self.act(now, id, action, declared, args, call))
                    }
                    None => (None, unknown(&format!("{}.{name}", system.name))),
                }
            }
            None if call.verb == Verb::Deliver => (None, self.notice(now, id, system, call)),
            None => (None, unknown(&call.target)),
        }
    }

    fn read(&mut self, now: i64, system: SystemId, read: ReadId, declared: &Read, args: &[Value]) -> Reply {
        let program = &self.deployment.program;
        match faults::next(&mut self.faults, now, system, Operation::Read(read), args) {
            Some(Fault::Answers(value)) => body(program, &declared.result, &value),
            Some(Fault::FailsWith(status) | Fault::TakesEffectButAnswers(status)) => failed(status),
            Some(Fault::TimesOut) => timed_out(),
            Some(Fault::GoesDown) => refused(),
            None | Some(Fault::AnswersWithoutEffect) => {
                match (self.facts.answer(system, read, args), &declared.result) {
                    (Some(value), Type::Optional(_)) => body(program, &declared.result, value),
                    (None | Some(Value::None), Type::List(..)) => {
                        Reply::Answered { status: OK, retry_after: None, body: "[]".into() }
                    }
                    (None, Type::Optional(_)) => {
                        Reply::Answered { status: OK, retry_after: None, body: "null".into() }
                    }
                    (None | Some(Value::None), _) => unknown(&declared.name),
                    (Some(value), _) => body(program, &declared.result, value),
                }
            }
        }
    }

    /// A notice has no operation of its own: it shares the faults of the action that delivers.
    fn notice(&mut self, now: i64, id: SystemId, system: &System, call: &Call) -> Reply {
        let message = message(now, call, true);
        let delivering =
            ids(&system.actions, ActionId).find(|(_, action)| action.request.verb == Verb::Deliver);
        let fault = delivering.and_then(|(action, declared)| {
            let args: Vec<Value> = declared.params.iter().map(|param| message.argument(&param.ty)).collect();
            faults::next(&mut self.faults, now, id, Operation::Action(action), &args)
        });
        match fault {
            None | Some(Fault::Answers(_)) => self.messages.push(message),
            Some(Fault::TakesEffectButAnswers(status)) => {
                self.messages.push(message);
                return failed(status);
            }
            Some(Fault::AnswersWithoutEffect) => {}
            Some(Fault::FailsWith(status)) => return failed(status),
            Some(Fault::TimesOut) => return timed_out(),
            Some(Fault::GoesDown) => return refused(),
        }
        Reply::Answered { status: TAKEN, retry_after: None, body: "taken".into() }
    }

    fn act(
        &mut self,
        now: i64,
        system: SystemId,
        action: ActionId,
        declared: &Action,
        args: &[Value],
        call: &Call,
    ) -> Reply {
        let fault = faults::next(&mut self.faults, now, system, Operation::Action(action), args);
        match &fault {
            Some(Fault::FailsWith(status)) => return failed(*status),
            Some(Fault::TimesOut) => return timed_out(),
            Some(Fault::GoesDown) => return refused(),
            _ => {}
        }
        let deployment = Arc::clone(&self.deployment);
        let honoured = deployment.program.systems.get(system.index()).and_then(|system| system.honours_key);
        let key = call.key.clone().zip(honoured);
        let first = key.as_ref().and_then(|(key, window)| {
            let (at, result) = self.replies.get(&(system, key.clone()))?;
            (now < at.saturating_add(*window)).then(|| result.clone())
        });
        let result = match (first, &fault) {
            (Some(first), _) => first,
            (None, Some(Fault::Answers(value))) => {
                self.pretend(system, action, declared, args, value);
                value.clone()
            }
            (None, Some(Fault::AnswersWithoutEffect)) => {
                self.outcome(now, system, action, declared, args, None).result
            }
            (None, _) => self.take_effect(now, system, action, declared, args, call),
        };
        if let Some((key, _)) = key {
            self.replies.entry((system, key)).or_insert_with(|| (now, result.clone()));
        }
        match (&fault, &declared.result) {
            (Some(Fault::TakesEffectButAnswers(status)), _) => failed(*status),
            (_, Some(ty)) => body(&deployment.program, ty, &result),
            (_, None) if declared.request.verb == Verb::Deliver => {
                Reply::Answered { status: TAKEN, retry_after: None, body: "taken".into() }
            }
            (_, None) => Reply::Answered { status: OK, retry_after: None, body: "{}".into() },
        }
    }
}

pub(crate) fn ids<T, I>(all: &[T], id: impl Fn(u16) -> I) -> impl Iterator<Item = (I, &T)> {
    (0..=u16::MAX).map(id).zip(all)
}

fn body(program: &Program, ty: &Type, value: &Value) -> Reply {
    let body = to_json(program, ty, value, Style::Wire).to_string();
    Reply::Answered { status: OK, retry_after: None, body }
}

fn failed(status: u16) -> Reply {
    Reply::Answered { status, retry_after: None, body: r#"{"error": "simulated"}"#.into() }
}

fn unknown(what: &str) -> Reply {
    let body = serde_json::json!({"error": format!("{what}: not found")}).to_string();
    Reply::Answered { status: 404, retry_after: None, body }
}

fn timed_out() -> Reply {
    Reply::InDoubt { reason: "no answer came in time".into() }
}

fn refused() -> Reply {
    Reply::NotSent { reason: "the connection was refused".into() }
}

pub(crate) fn message(at: i64, call: &Call, notice: bool) -> Message {
    let body: serde_json::Value =
        call.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let text =
        |place: &str| body.pointer(place).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    Message {
        at,
        system: call.system.clone(),
        to: text("/to"),
        subject: text("/body/subject"),
        text: text("/body/text"),
        notice,
    }
}

impl Message {
    /// The message as the argument of a delivering action.
    fn argument(&self, ty: &Type) -> Value {
        match ty {
            Type::Draft => {
                let (subject, text) = (self.subject.as_str().into(), self.text.as_str().into());
                Value::Draft(Arc::new(Draft { template: "".into(), subject, text }))
            }
            _ => Value::text(self.to.as_str()),
        }
    }
}
