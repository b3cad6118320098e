//! What a test or the simulation says of the systems: facts, faults, and what follows on an action.

use countersign_diagnostics::codes;
use countersign_ir::program::{Param, Slot, SystemId, Type};
use countersign_ir::suite::{Extent, Fault, Given, Operation};
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, index};
use crate::expr::{Callee, Frame, Local};

/// What is answered when something is called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Replies {
    /// It is no action.
    NoAction,
    /// An action without an answer.
    Nothing,
    /// An action with an answer of that type.
    With(Type),
}

impl Checker<'_> {
    /// A `given`; one that speaks of a whole system comes to one for each of its operations.
    pub(super) fn given(&mut self, tree: &ast::Given) -> Vec<Given> {
        let Some(system) = self.system(&tree.call.system) else { return Vec::new() };
        let Some(operation) = &tree.call.operation else {
            return self.given_of_all(system, tree);
        };
        let Some(found) = self.operation(system, operation) else { return Vec::new() };
        let params = self.params_of(found);
        let args = self.patterns(tree.call.span, tree.call.args.as_deref(), &params);
        self.given_of(system, found, args, tree).into_iter().collect()
    }

    fn given_of_all(&mut self, system: SystemId, tree: &ast::Given) -> Vec<Given> {
        let Some(known) = self.program.systems.get(system.index()) else { return Vec::new() };
        let (reads, actions) = (known.reads.len(), known.actions.len());
        let name = known.name.clone();
        let Some((fault, extent)) = self.fault(tree, Replies::NoAction) else {
            if !self.has_errors_in(tree.answer_span) && tree.answer != ast::Answer::Error {
                self.push(
                    self.at(codes::BAD_GIVEN, tree.call.span, format!("what of `{name}`?"))
                        .primary("a whole system finds and answers nothing")
                        .help(format!("name a read or an action: `{name}.…(_)`; a whole system can fail, time out or go down")),
                );
            }
            return Vec::new();
        };
        let reads = (0..reads).map(|at| Operation::Read(countersign_ir::program::ReadId(index(at))));
        let actions = (0..actions).map(|at| Operation::Action(countersign_ir::program::ActionId(index(at))));
        reads
            .chain(actions)
            .map(|operation| {
                let args = vec![None; self.operation_params(system, operation)];
                Given::Fault { system, operation, args, fault: fault.clone(), extent }
            })
            .collect()
    }

    fn operation_params(&self, system: SystemId, operation: Operation) -> usize {
        let callee = match operation {
            Operation::Read(read) => Callee::Read(system, read),
            Operation::Action(action) => Callee::Action(system, action),
        };
        self.params_of(callee).len()
    }

    fn given_of(
        &mut self,
        system: SystemId,
        found: Callee,
        args: Vec<Option<Value>>,
        tree: &ast::Given,
    ) -> Option<Given> {
        match (found, &tree.answer) {
            (Callee::Read(_, read), ast::Answer::Is(value) | ast::Answer::Answers(value)) => {
                let ty = self.program.systems.get(system.index())?.reads.get(read.index())?.result.clone();
                let value = self.value(value, &ty, "what a read finds")?;
                Some(Given::Read { system, read, args, value })
            }
            (Callee::Action(..), ast::Answer::Is(value)) => {
                self.push(
                    self.at(codes::BAD_GIVEN, value.span, "an action is not something, it answers something")
                        .help("write `answers { … }` for its reply, or give what the reads find afterwards"),
                );
                None
            }
            (Callee::Read(..), ast::Answer::WithoutEffect | ast::Answer::EffectButAnswers { .. }) => {
                self.push(
                    self.at(codes::BAD_GIVEN, tree.answer_span, "a read has no effect")
                        .primary("nothing could take effect")
                        .help("say what it finds, or that it fails: `fails with 503`"),
                );
                None
            }
            (Callee::Read(_, read), _) => {
                let (fault, extent) = self.fault(tree, Replies::NoAction)?;
                Some(Given::Fault { system, operation: Operation::Read(read), args, fault, extent })
            }
            (Callee::Action(_, action), _) => {
                let result =
                    self.program.systems.get(system.index())?.actions.get(action.index())?.result.clone();
                let (fault, extent) = self.fault(tree, result.map_or(Replies::Nothing, Replies::With))?;
                Some(Given::Fault { system, operation: Operation::Action(action), args, fault, extent })
            }
            _ => None,
        }
    }

    /// The fault of an answer.
    fn fault(&mut self, tree: &ast::Given, replies: Replies) -> Option<(Fault, Extent)> {
        Some(match &tree.answer {
            ast::Answer::Answers(value) => {
                if replies == Replies::NoAction {
                    return None;
                }
                let Replies::With(ty) = replies else {
                    self.push(
                        self.at(codes::BAD_GIVEN, value.span, "this action answers nothing")
                            .help("leave the value out: `answers without effect`, `fails with 500`"),
                    );
                    return None;
                };
                (Fault::Answers(self.value(value, &ty, "what an action answers")?), Extent::Always)
            }
            ast::Answer::FailsWith { status, lasting } => {
                (Fault::FailsWith(self.status(status)?), self.extent(lasting.as_ref())?)
            }
            ast::Answer::TimesOut { lasting } => (Fault::TimesOut, self.extent(lasting.as_ref())?),
            ast::Answer::GoesDown { lasting } => (Fault::GoesDown, Extent::For(self.length(lasting)?)),
            ast::Answer::WithoutEffect => (Fault::AnswersWithoutEffect, Extent::Always),
            ast::Answer::EffectButAnswers { status } => {
                (Fault::TakesEffectButAnswers(self.status(status)?), Extent::Always)
            }
            ast::Answer::Is(_) | ast::Answer::Error => return None,
        })
    }

    fn status(&mut self, tree: &ast::Expr) -> Option<u16> {
        let status = match &tree.kind {
            ast::ExprKind::Int(n) => u16::try_from(*n).ok().filter(|n| (100..600).contains(n)),
            ast::ExprKind::Error => return None,
            _ => None,
        };
        if status.is_none() {
            let shown = self.clause(tree.span);
            self.push(
                self.at(codes::BAD_STATUS, tree.span, format!("`{shown}` is no status of a reply"))
                    .primary("a number from 100 to 599"),
            );
        }
        status
    }

    fn extent(&mut self, lasting: Option<&ast::Lasting>) -> Option<Extent> {
        Some(match lasting {
            None => Extent::Always,
            Some(ast::Lasting::For(length)) => Extent::For(self.length(length)?),
            Some(ast::Lasting::Times(times)) => Extent::Times(times.count),
        })
    }

    /// The patterns of a call, one for each parameter; `_` and what is not written are any value.
    fn patterns(
        &mut self,
        span: Span,
        written: Option<&[ast::PatternArg]>,
        params: &[Param],
    ) -> Vec<Option<Value>> {
        let mut out: Vec<Option<Value>> = vec![None; params.len()];
        for (at, pattern) in written.unwrap_or_default().iter().enumerate() {
            let place = match &pattern.name {
                None => Some(at),
                Some(name) => params.iter().position(|param| param.name == name.as_str()),
            };
            // `_` alone stands for any arguments, however many there are.
            let any = pattern.value.is_none()
                && pattern.name.is_none()
                && written.is_some_and(|all| all.len() == 1);
            let Some(param) = place.and_then(|place| params.get(place)).filter(|_| !any) else {
                if !any {
                    let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
                    self.push(
                        self.at(codes::WRONG_ARGUMENTS, pattern.span, "this call has no such argument")
                            .label(self.file(), span.range(), "of this call")
                            .help(format!("it takes {}", crate::words::listed(&names, "and"))),
                    );
                }
                continue;
            };
            let ty = param.ty.clone();
            if let Some(value) = &pattern.value
                && let Some(value) = self.value(value, &ty, "the argument of a call")
                && let Some(slot) = place.and_then(|place| out.get_mut(place))
            {
                *slot = Some(value);
            }
        }
        out
    }

    /// `when billing.pay(invoice) then erp.invoice(invoice.id) is …`
    pub(super) fn consequences(
        &mut self,
        system: &ast::Name,
        action: &ast::Name,
        names: &[ast::Name],
        then: &[ast::Consequence],
    ) -> Vec<Given> {
        let Some(system) = self.system(system) else { return Vec::new() };
        let Some(found) = self.operation(system, action) else { return Vec::new() };
        let Callee::Action(_, id) = found else {
            self.push(
                self.at(codes::BAD_GIVEN, action.span, "nothing follows on a read")
                    .primary("not an action")
                    .help("say what it finds: `given … is …`"),
            );
            return Vec::new();
        };
        let known =
            self.program.systems.get(system.index()).and_then(|system| system.actions.get(id.index()));
        let Some(known) = known.cloned() else { return Vec::new() };
        if names.len() > known.params.len() {
            self.push(self.at(
                codes::WRONG_ARGUMENTS,
                action.span,
                format!("`{}` takes {}", known.name, crate::words::count(known.params.len(), "argument")),
            ));
        }
        let mut locals = Vec::new();
        let mut binds = vec![None; known.params.len()];
        for (at, (name, param)) in names.iter().zip(&known.params).enumerate() {
            if name.as_str() == "_" {
                continue;
            }
            let slot = Slot(index(at));
            locals.push(Local::slot(&name.text, slot, &param.ty));
            if let Some(bind) = binds.get_mut(at) {
                *bind = Some(slot);
            }
        }
        if let Some(result) = &known.result {
            locals.push(Local::slot("result", Slot(index(known.result_slot())), result));
        }
        let mut out = Vec::new();
        for consequence in then {
            let mut frame = Frame::pure(locals.clone(), "what follows on an action");
            frame.in_test = true;
            let Some((call, ty)) = self.read_call(&mut frame, &consequence.read, "what changes") else {
                continue;
            };
            let value = self.expr(&mut frame, &consequence.value, &ty);
            out.push(Given::Consequence {
                system,
                action: id,
                binds: binds.clone(),
                read_system: call.system,
                read: call.read,
                args: call.args,
                value,
            });
        }
        out
    }
}
