//! Calls: reads, functions and questions to decisions; actions only where a step can be.

use countersign_diagnostics::{Fix, codes};
use countersign_ir::program::{
    self, ActionId, DecisionId, Expr, Param, ReadCall, ReadId, SystemId, Type, Typed,
};
use countersign_syntax::{Span, ast};

use super::{Frame, Lift, Lifting, Local, height, map_slots, poisoned, size};
use crate::checker::{Checker, Lazy, MAX_DEPTH, index};
use crate::scope::{Kind, Symbol};
use crate::words::{count, listed, nearest};

/// How high an expression may become by writing functions out; whoever walks the program recurses so deep.
const MAX_HEIGHT: usize = 400;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callee {
    Read(SystemId, ReadId),
    Action(SystemId, ActionId),
    Function(usize),
    Decision(DecisionId),
}

impl Checker<'_> {
    /// What a call calls; says what is wrong if it is nothing that can be called.
    pub(crate) fn callee(&mut self, frame: &Frame, callee: &ast::Expr) -> Option<Callee> {
        match &callee.kind {
            ast::ExprKind::Name(name) => self.simple_callee(frame, name),
            ast::ExprKind::Field { base, name } => match &base.kind {
                ast::ExprKind::Name(system) => {
                    let id = self.system(system)?;
                    self.operation(id, name)
                }
                _ => {
                    self.not_callable(callee.span);
                    None
                }
            },
            ast::ExprKind::Error => None,
            _ => {
                self.not_callable(callee.span);
                None
            }
        }
    }

    fn not_callable(&mut self, span: Span) {
        self.push(
            self.at(codes::WRONG_KIND, span, "this cannot be called").help(
                "reads and actions are called as `system.name(…)`, functions and decisions as `name(…)`",
            ),
        );
    }

    fn simple_callee(&mut self, frame: &Frame, name: &ast::Name) -> Option<Callee> {
        if let Some(own) = frame.own
            && let Some(found) = self.own_operation(own, name.as_str())
        {
            return Some(found);
        }
        let here = self.here;
        match self.scopes.get_mut(here).and_then(|scope| scope.find(name.as_str())) {
            Some(Symbol::Function(at)) => return Some(Callee::Function(at)),
            Some(Symbol::Decision(id)) => return Some(Callee::Decision(id)),
            Some(Symbol::Unknown) => return None,
            Some(other) => {
                self.push(
                    self.at(
                        codes::WRONG_KIND,
                        name.span,
                        format!("`{}` is {}, and cannot be called", name.text, other.kind().a()),
                    )
                    .primary("not a function, a decision, a read or an action"),
                );
                return None;
            }
            None => {}
        }
        let own = frame.own.map(|own| self.operations(own)).unwrap_or_default();
        let known: Vec<String> = self
            .scopes
            .get(here)
            .map(|scope| {
                scope
                    .names()
                    .filter(|known| {
                        scope
                            .peek(known)
                            .is_some_and(|symbol| matches!(symbol.kind(), Kind::Function | Kind::Decision))
                    })
                    .map(str::to_owned)
                    .chain(own)
                    .collect()
            })
            .unwrap_or_default();
        let mut problem = self
            .at(codes::UNKNOWN_NAME, name.span, format!("nothing called `{}` can be asked here", name.text))
            .primary("not a function, a decision or a read");
        if let Some(meant) = nearest(name.as_str(), known.iter().map(String::as_str)) {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else if let Some(module) = self.declared_in(name.as_str()) {
            problem = problem
                .help(format!("it is declared in another module: add `use {module}.{{{}}}`", name.text));
        }
        self.push(problem);
        None
    }

    fn own_operation(&self, system: SystemId, name: &str) -> Option<Callee> {
        let known = self.program.systems.get(system.index())?;
        if let Some(at) = known.reads.iter().position(|read| read.name == name) {
            return Some(Callee::Read(system, ReadId(index(at))));
        }
        known
            .actions
            .iter()
            .position(|action| action.name == name)
            .map(|at| Callee::Action(system, ActionId(index(at))))
    }

    fn operations(&self, system: SystemId) -> Vec<String> {
        let Some(known) = self.program.systems.get(system.index()) else { return Vec::new() };
        let reads = known.reads.iter().map(|read| read.name.clone());
        reads.chain(known.actions.iter().map(|action| action.name.clone())).collect()
    }

    /// A read or an action of a system.
    pub(crate) fn operation(&mut self, system: SystemId, name: &ast::Name) -> Option<Callee> {
        if let Some(found) = self.own_operation(system, name.as_str()) {
            return Some(found);
        }
        let known = self.operations(system);
        let of =
            self.program.systems.get(system.index()).map(|system| system.name.clone()).unwrap_or_default();
        let mut problem = self
            .at(codes::UNKNOWN_NAME, name.span, format!("`{of}` has no read or action `{}`", name.text))
            .primary("not declared there");
        if let Some(meant) = nearest(name.as_str(), known.iter().map(String::as_str)) {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else if !known.is_empty() {
            problem = problem.help(format!("it has {}", listed(&known, "and")));
        }
        self.push(problem);
        None
    }

    /// The parameters of what is called.
    pub(crate) fn params_of(&self, callee: Callee) -> Vec<Param> {
        let program = &self.program;
        let system = |id: SystemId| program.systems.get(id.index());
        match callee {
            Callee::Read(id, read) => {
                system(id).and_then(|system| system.reads.get(read.index())).map(|read| read.params.clone())
            }
            Callee::Action(id, action) => system(id)
                .and_then(|system| system.actions.get(action.index()))
                .map(|action| action.params.clone()),
            Callee::Function(at) => self.functions.get(at).map(|function| function.params.clone()),
            Callee::Decision(id) => program.decisions.get(id.index()).map(|decision| decision.params.clone()),
        }
        .unwrap_or_default()
    }

    pub(super) fn call(
        &mut self,
        frame: &mut Frame,
        span: Span,
        callee: &ast::Expr,
        args: &[ast::Arg],
    ) -> Typed {
        let Some(what) = self.callee(frame, callee) else {
            for arg in args {
                self.infer(frame, &arg.value, None);
            }
            return poisoned();
        };
        let params = self.params_of(what);
        let args = self.args(frame, span, callee.span, args, &params);
        match what {
            Callee::Read(system, read) => {
                let read_of =
                    self.program.systems.get(system.index()).and_then(|s| s.reads.get(read.index()));
                let ty = read_of.map_or(crate::checker::POISON, |read| read.result.clone());
                if let Lifting::Nothing(place) = frame.lifting {
                    self.not_here(span, "a read", place);
                    return poisoned();
                }
                frame.lift(Lift::Read(ReadCall { system, read, args }), ty, span)
            }
            Callee::Decision(decision) => {
                let ty = self
                    .program
                    .decisions
                    .get(decision.index())
                    .map_or(crate::checker::POISON, |d| d.result.clone());
                match frame.lifting {
                    Lifting::All => frame.lift(Lift::Decide { decision, args }, ty, span),
                    Lifting::Nothing(place) | Lifting::Reads(place) => {
                        self.not_here(span, "a decision", place);
                        poisoned()
                    }
                }
            }
            Callee::Function(at) => self.inlined(span, at, &args),
            Callee::Action(..) => {
                let shown = self.clause(callee.span);
                self.push(
                    self.at(codes::MISPLACED_STEP, span, format!("`{shown}` is an action, and an action is a step of its own"))
                        .primary("not a value")
                        .reason("what it does would happen in the middle of working out something else, with nobody asked and nothing proved")
                        .help(format!("put it into the `act` stage: `done = {shown}(…)`, and use `done`")),
                );
                poisoned()
            }
        }
    }

    /// Says that something cannot be asked where a value must be known without looking.
    pub(crate) fn not_here(&mut self, span: Span, what: &str, place: &str) {
        self.push(
            self.at(codes::MISPLACED_STEP, span, format!("{what} cannot be asked inside {place}"))
                .primary("would have to be known beforehand")
                .help("ask it in a stage of the flow, give the answer a name, and use the name"),
        );
    }

    /// Arguments in the order of the parameters.
    pub(crate) fn args(
        &mut self,
        frame: &mut Frame,
        span: Span,
        callee: Span,
        args: &[ast::Arg],
        params: &[Param],
    ) -> Vec<Expr> {
        let shown = self.clause(callee);
        let mut values: Vec<Option<Expr>> = vec![None; params.len()];
        let mut extra = false;
        for (at, arg) in args.iter().enumerate() {
            let place = match &arg.name {
                None => (at < params.len()).then_some(at),
                Some(name) => {
                    let place = params.iter().position(|param| param.name == name.as_str());
                    if place.is_none() {
                        self.unknown_param(name, &shown, params);
                        self.infer(frame, &arg.value, None);
                        continue;
                    }
                    place
                }
            };
            let Some((place, param)) = place.and_then(|place| params.get(place).map(|param| (place, param)))
            else {
                extra = true;
                self.infer(frame, &arg.value, None);
                continue;
            };
            let value = self.expr(frame, &arg.value, &param.ty);
            match values.get_mut(place) {
                Some(Some(_)) => self.push(
                    self.at(codes::WRONG_ARGUMENTS, arg.span, format!("`{}` is given twice", param.name))
                        .help("leave one of them out"),
                ),
                Some(slot) => *slot = Some(value),
                None => {}
            }
        }
        let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        if extra {
            let takes = if names.is_empty() { "nothing".to_owned() } else { listed(&names, "and") };
            self.push(
                self.at(
                    codes::WRONG_ARGUMENTS,
                    span,
                    format!(
                        "`{shown}` takes {}, and {} are given",
                        count(params.len(), "argument"),
                        args.len()
                    ),
                )
                .help(format!("it takes {takes}")),
            );
        }
        let missing: Vec<&str> = params
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_none())
            .map(|(param, _)| param.name.as_str())
            .collect();
        if !missing.is_empty() && !extra {
            self.push(
                self.at(
                    codes::WRONG_ARGUMENTS,
                    span,
                    format!("`{shown}` is called without {}", listed(&missing, "and")),
                )
                .primary(format!("{} missing", listed(&missing, "and")))
                .help(format!("it takes {}", listed(&names, "and"))),
            );
        }
        let none = || Expr::Const(countersign_ir::value::Value::None);
        values.into_iter().map(|value| value.unwrap_or_else(none)).collect()
    }

    fn unknown_param(&mut self, name: &ast::Name, callee: &str, params: &[Param]) {
        let known: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        let mut problem = self
            .at(codes::WRONG_ARGUMENTS, name.span, format!("`{callee}` has no parameter `{}`", name.text))
            .primary("not one of its parameters");
        if let Some(meant) = nearest(name.as_str(), known.iter().copied()) {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else if !known.is_empty() {
            problem = problem.help(format!("it takes {}", listed(&known, "and")));
        }
        self.push(problem);
    }

    /// A read with its arguments, where a read and nothing else must stand. Says what is wrong otherwise.
    pub(crate) fn read_call(
        &mut self,
        frame: &mut Frame,
        tree: &ast::Expr,
        what: &str,
    ) -> Option<(ReadCall, Type)> {
        let ast::ExprKind::Call { callee, args } = &tree.kind else {
            if !matches!(tree.kind, ast::ExprKind::Error) {
                self.push(
                    self.at(codes::TYPE_MISMATCH, tree.span, format!("{what} is a read with its arguments"))
                        .primary("not the call of a read"),
                );
            }
            return None;
        };
        let found = self.callee(frame, callee)?;
        let params = self.params_of(found);
        let args = self.args(frame, tree.span, callee.span, args, &params);
        let Callee::Read(system, read) = found else {
            self.push(
                self.at(codes::TYPE_MISMATCH, tree.span, format!("{what} is a read with its arguments"))
                    .primary("this is no read"),
            );
            return None;
        };
        let ty = self.program.systems.get(system.index())?.reads.get(read.index())?.result.clone();
        Some((ReadCall { system, read, args }, ty))
    }

    fn inlined(&mut self, span: Span, at: usize, args: &[Expr]) -> Typed {
        let Some(body) = self.body_of(at, span) else { return poisoned() };
        let cost = size(&body).saturating_add(args.iter().map(size).sum::<usize>().saturating_mul(4));
        let Some(left) = self.inlining.checked_sub(cost) else {
            self.push(
                self.at(
                    codes::PROJECT_TOO_LARGE,
                    span,
                    "functions call each other so often that the rules become too large",
                )
                .reason("every call is written out before a rule is proved, and this would not end in time")
                .help("bind what is computed more than once to a name in the decide stage"),
            );
            return poisoned();
        };
        self.inlining = left;
        let result =
            self.functions.get(at).map_or(crate::checker::POISON, |function| function.result.clone());
        let none = || Expr::Const(countersign_ir::value::Value::None);
        let expr = map_slots(&body, &|slot| args.get(slot.index()).cloned().unwrap_or_else(none));
        if height(&expr) > MAX_HEIGHT {
            self.too_deep(span);
            return poisoned();
        }
        Typed { expr, ty: result }
    }

    /// The body of a function over its parameters, read when it is first called.
    fn body_of(&mut self, at: usize, span: Span) -> Option<Expr> {
        let function = self.functions.get_mut(at)?;
        match &function.body {
            Lazy::Done(body) => return Some(body.clone()),
            Lazy::Failed => return None,
            Lazy::InProgress => {
                let name = function.tree.name.text.clone();
                self.push(
                    self.at(codes::RECURSIVE_DEFINITION, span, format!("`{name}` calls itself"))
                        .reason("whether it ever ends could not be known, and every evaluation ends")
                        .help("work over a list with `sum`, `any` or `all` instead"),
                );
                return None;
            }
            Lazy::Untouched => {}
        }
        if self.depth >= MAX_DEPTH {
            self.too_deep(span);
            return None;
        }
        let function = self.functions.get_mut(at)?;
        function.body = Lazy::InProgress;
        let (tree, module) = (function.tree, function.module);
        let (params, result) = (function.params.clone(), function.result.clone());
        let back = std::mem::replace(&mut self.here, module);
        let locals = params
            .iter()
            .enumerate()
            .map(|(at, param)| Local::slot(&param.name, program::Slot(index(at)), &param.ty));
        let mut frame = Frame::pure(locals.collect(), "a function");
        let errors = self.found.len();
        self.depth += 1;
        let body = self.expr(&mut frame, &tree.body, &result);
        self.depth -= 1;
        let failed = self.found.iter().skip(errors).any(countersign_diagnostics::Diagnostic::is_error);
        self.here = back;
        let function = self.functions.get_mut(at)?;
        if failed {
            function.body = Lazy::Failed;
            return None;
        }
        function.body = Lazy::Done(body.clone());
        Some(body)
    }

    pub(crate) fn function_body(&mut self, declared: crate::checker::Declared<'_>) {
        if let Symbol::Function(at) = declared.symbol {
            self.body_of(at, declared.item.span);
        }
    }
}
