//! What an action brings about: its result, what reads answer from then on, and what follows from it.

use std::sync::Arc;

use countersign_engine::eval::Scope;
use countersign_ir::program::{
    Action, ActionId, Expr, Program, Read, ReadCall, ReadId, SystemId, Type, Verification,
};
use countersign_ir::value::Value;
use countersign_ir::wire::{Call, Verb};

use crate::becoming::{Demand, demands};
use crate::record::{Maker, Named};
use crate::world::{Effect, World, ids, message};

/// What an action brings about.
pub(crate) struct Outcome {
    pub result: Value,
    /// Reads and what they answer from now on.
    pub answers: Vec<(SystemId, ReadId, Vec<Value>, Value)>,
}

impl World {
    pub(crate) fn take_effect(
        &mut self,
        now: i64,
        system: SystemId,
        action: ActionId,
        declared: &Action,
        args: &[Value],
        call: &Call,
    ) -> Value {
        let Outcome { result, answers } = self.outcome(now, system, action, declared, args, None);
        for (system, read, args, value) in answers {
            self.turn(system, read, args, value);
        }
        if declared.request.verb == Verb::Deliver {
            self.messages.push(message(now, call, false));
        }
        let effect = Effect {
            at: now,
            system,
            action,
            args: args.to_vec(),
            result: result.clone(),
            key: call.key.clone(),
        };
        self.effects.push(effect);
        self.follow(system, action, declared, args, &result);
        result
    }

    /// The system answered with this, whatever it means: who looks the record up finds it so, and nothing else is done.
    pub(crate) fn pretend(
        &mut self,
        system: SystemId,
        action: ActionId,
        declared: &Action,
        args: &[Value],
        value: &Value,
    ) {
        let answers = self.outcome(0, system, action, declared, args, Some(value)).answers;
        let deployment = Arc::clone(&self.deployment);
        for (system, read, args, value) in answers {
            let of = read_of(&deployment.program, system, read).map(|read| element(&read.result));
            if of == declared.result.as_ref() {
                self.turn(system, read, args, value);
            }
        }
    }

    /// A read answers this from now on, and so do the lists that hold the same record.
    fn turn(&mut self, system: SystemId, read: ReadId, args: Vec<Value>, value: Value) {
        let deployment = Arc::clone(&self.deployment);
        let program = &deployment.program;
        if let Some(Type::Record(id)) = read_of(program, system, read).map(|read| element(&read.result))
            && let Some(record) = program.records.get(id.index())
            && let Some(place) = record.fields.iter().position(|field| field.name == "id")
            && let Some(declared) = program.systems.get(system.index())
        {
            let lists = ids(&declared.reads, ReadId).filter_map(|(read, declared)| match &declared.result {
                Type::List(of, _) => Some((read, (**of).clone())),
                _ => None,
            });
            let lists: Vec<(ReadId, Type)> = lists.collect();
            let listed = lists.iter().any(|(list, _)| *list == read);
            self.facts.turn(system, read, args, value.clone());
            if !listed {
                self.facts.renew(system, &lists, &Type::Record(*id), place, &value);
            }
            return;
        }
        self.facts.turn(system, read, args, value);
    }

    /// What the simulation says follows from the action.
    fn follow(
        &mut self,
        system: SystemId,
        action: ActionId,
        declared: &Action,
        args: &[Value],
        result: &Value,
    ) {
        let deployment = Arc::clone(&self.deployment);
        let fitting = self.consequences.iter().filter(|c| c.system == system && c.action == action);
        for consequence in fitting.cloned().collect::<Vec<_>>() {
            let mut frame: Vec<Option<Value>> = args.iter().cloned().map(Some).collect();
            frame.resize(declared.params.len() + 1, None);
            if let Some(place) = frame.get_mut(declared.params.len()) {
                *place = Some(result.clone());
            }
            for (arg, slot) in args.iter().zip(&consequence.binds) {
                let Some(slot) = slot else { continue };
                if frame.len() <= slot.index() {
                    frame.resize(slot.index() + 1, None);
                }
                if let Some(place) = frame.get_mut(slot.index()) {
                    *place = Some(arg.clone());
                }
            }
            let scope = Scope { frame: &frame, settings: &deployment.settings };
            match (scope.all(&consequence.read.args), scope.eval(&consequence.value)) {
                (Ok(args), Ok(value)) => {
                    self.turn(consequence.read.system, consequence.read.read, args, value);
                }
                (Err(error), _) | (_, Err(error)) => {
                    self.troubles.push(format!("what follows from {} has no value: {error}", declared.name));
                }
            }
        }
    }

    /// What an action would bring about. `result` is given where the system's answer is.
    pub(crate) fn outcome(
        &mut self,
        now: i64,
        system: SystemId,
        action: ActionId,
        declared: &Action,
        args: &[Value],
        result: Option<&Value>,
    ) -> Outcome {
        let deployment = Arc::clone(&self.deployment);
        let program = &deployment.program;
        let settings = &deployment.settings;
        let mut frame: Vec<Option<Value>> = args.iter().cloned().map(Some).collect();
        frame.resize(declared.frame_size(), None);
        let named = named(program, settings, declared, &frame);
        let count = self.made.entry((system, action)).or_insert(0);
        if result.is_none() {
            *count += 1;
        }
        let name = program.systems.get(system.index()).map_or("", |system| system.name.as_str());
        let id = format!("{name}-{}-{count}", declared.name);
        let maker = Maker { program, named: &named, id: &id, now };
        let args_of =
            |frame: &[Option<Value>], call: &ReadCall| Scope { frame, settings }.all(&call.args).ok();
        if let Some(before) = &declared.before
            && let Some(args) = args_of(&frame, before)
            && let Some(place) = frame.get_mut(declared.before_slot())
        {
            *place = self.facts.answer(before.system, before.read, &args).cloned();
        }

        // The condition of the proof, and that of the look-up, as demands on what reads answer.
        let reads = match &declared.verify {
            Verification::Independent { check, .. } => check.reads.as_slice(),
            _ => &[],
        };
        let mut demanded = match &declared.verify {
            Verification::Independent { check, .. } => demands(&check.condition, declared.probe_slot()),
            _ => Vec::new(),
        };
        let probed = declared.probe.as_ref().and_then(|probe| probe.matches.as_ref());
        demanded.extend(probed.into_iter().flat_map(|matches| demands(matches, declared.probe_slot())));
        let of_slot = |slot: usize| {
            let read = reads.iter().find(|(s, _)| s.index() == slot).map(|(_, call)| call);
            let probe = declared.probe.as_ref().map(|probe| &probe.call);
            let call = if slot == declared.probe_slot() { probe } else { read }?;
            read_of(program, call.system, call.read).map(|read| element(&read.result))
        };
        let meet = |frame: &[Option<Value>], ty: &Type, value: Value, wanted: &dyn Fn(&Demand) -> bool| {
            let eval = |expr: &Expr| Scope { frame, settings }.eval(expr).ok();
            let wanted = demanded.iter().filter(|demand| wanted(demand));
            wanted.fold(value, |value, demand| demand.meet(&maker, ty, value, &eval))
        };

        // The result: what the system holds already, what is handed over, or something new.
        let answer = match (&declared.result, result) {
            (_, Some(given)) => given.clone(),
            (None, None) => Value::None,
            (Some(ty), None) => {
                let held = reads.iter().find_map(|(_, call)| {
                    let args = args_of(&frame, call)?;
                    let read = read_of(program, call.system, call.read)?;
                    let held = self.facts.answer(call.system, call.read, &args);
                    held.filter(|_| element(&read.result) == ty && !matches!(read.result, Type::List(..)))
                });
                let handed = declared.params.iter().zip(args).find(|(param, _)| param.ty == *ty);
                let base = held.cloned().or_else(|| handed.map(|(_, arg)| arg.clone()));
                let base = base.unwrap_or_else(|| maker.value(&declared.name, ty));
                if let Some(place) = frame.get_mut(declared.result_slot()) {
                    *place = Some(base.clone());
                }
                meet(&frame, ty, base, &|demand| of_slot(demand.slot.index()) == Some(ty))
            }
        };
        if let Some(place) = frame.get_mut(declared.result_slot()) {
            *place = Some(answer.clone());
        }

        let mut answers: Vec<(SystemId, ReadId, Vec<Value>, Value)> = Vec::new();
        for (slot, call) in reads {
            let Some(read) = read_of(program, call.system, call.read) else { continue };
            let Some(args) = args_of(&frame, call) else { continue };
            let held = self.facts.answer(call.system, call.read, &args).cloned();
            // The same read may stand there more than once; each adds its demands.
            let same = |(system, read, known, _): &(SystemId, ReadId, Vec<Value>, Value)| {
                *system == call.system && *read == call.read && *known == args
            };
            let earlier = answers.iter().rposition(same).map(|place| answers.remove(place).3);
            let base = if let Some(earlier) = earlier {
                earlier
            } else if declared.result.as_ref() == Some(element(&read.result)) {
                answer.clone()
            } else {
                let handed = declared.params.iter().zip(&frame);
                let handed = handed.filter(|(param, _)| param.ty == *element(&read.result));
                let mut handed = handed.filter_map(|(_, arg)| arg.clone());
                held.or_else(|| handed.next()).unwrap_or_else(|| maker.value(&read.name, &read.result))
            };
            let value = if result.is_some() {
                base
            } else {
                meet(&frame, &read.result, base, &|demand| demand.slot == *slot)
            };
            answers.push((call.system, call.read, args, value));
        }
        if let Some(probe) = &declared.probe
            && let Some(read) = read_of(program, probe.call.system, probe.call.read)
            && let Type::List(of, _) = &read.result
            && let Some(args) = args_of(&frame, &probe.call)
        {
            let held = self.facts.answer(probe.call.system, probe.call.read, &args);
            let mut elements = match held {
                Some(Value::List(elements)) => elements.to_vec(),
                _ => Vec::new(),
            };
            let found = if declared.result.as_ref() == Some(&**of) {
                answer.clone()
            } else {
                let slot = declared.probe_slot();
                meet(&frame, of, maker.value(&read.name, of), &|demand| demand.slot.index() == slot)
            };
            if !elements.contains(&found) {
                elements.push(found);
            }
            answers.push((probe.call.system, probe.call.read, args, Value::list(elements)));
        }
        Outcome { result: answer, answers }
    }
}

/// What the request and its arguments name: fields of the body first, then parameters, then fields of parameters.
fn named(program: &Program, settings: &[Value], declared: &Action, frame: &[Option<Value>]) -> Vec<Named> {
    let fields = |ty: &Type, value: &Value| -> Vec<Named> {
        match (ty, value) {
            (Type::Record(id), Value::Record(values)) => {
                let fields = program.records.get(id.index()).map_or(&[][..], |record| &record.fields);
                let pairs = fields.iter().zip(values.iter());
                pairs.map(|(field, value)| (field.name.clone(), field.ty.clone(), value.clone())).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut all = Vec::new();
    if let Some(body) = &declared.request.body
        && let Ok(value) = (Scope { frame, settings }).eval(&body.expr)
    {
        all.extend(fields(&body.ty, &value));
    }
    let given = || declared.params.iter().zip(frame.iter().flatten());
    all.extend(given().map(|(param, arg)| (param.name.clone(), param.ty.clone(), arg.clone())));
    all.extend(given().flat_map(|(param, arg)| fields(&param.ty, arg)));
    all
}

fn read_of(program: &Program, system: SystemId, read: ReadId) -> Option<&Read> {
    program.systems.get(system.index())?.reads.get(read.index())
}

/// What an answer is, or what it is a list or a chance of.
fn element(ty: &Type) -> &Type {
    match ty {
        Type::List(of, _) | Type::Optional(of) => of,
        single => single,
    }
}
