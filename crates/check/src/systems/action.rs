//! Actions: effect, key, request, and the clauses that each of them may have once.

use countersign_diagnostics::codes;
use countersign_ir::program::{
    self, Action, ActionId, Binding, Effect, Expr, SystemId, Type, Undo, Verification,
};
use countersign_ir::spans::Subject;
use countersign_syntax::{Span, ast};

use super::params_as_locals;
use crate::checker::{Checker, POISON};
use crate::collect::is_poisoned;
use crate::expr::{Frame, Lifting, Local, Missing};

/// The clauses of an action, each with where it stands.
#[derive(Default)]
struct Clauses<'t> {
    effect: Option<(&'t [ast::Effect], Span)>,
    once: Option<(&'t ast::Once, Span)>,
    before: Option<(&'t ast::Expr, Span)>,
    request: Option<(&'t ast::Request, Span)>,
    probe: Option<(&'t ast::Expr, Span)>,
    proof: Option<(&'t ast::ActionEntryKind, Span)>,
    way_back: Option<(&'t ast::ActionEntryKind, Span)>,
    broken: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn action_body(&mut self, tree: &'a ast::Action, system: SystemId, id: ActionId, kind: &str) {
        self.placed(Subject::Action(system, id), tree.name.span);
        let known =
            self.program.systems.get(system.index()).and_then(|system| system.actions.get(id.index()));
        let Some(mut action) = known.cloned() else { return };
        let clauses = self.clauses(tree);
        let params = params_as_locals(&action.params);
        let mut before_type = POISON;

        match clauses.effect {
            Some((effects, span)) => {
                if let Some(effect) = self.effect(&params, effects, span) {
                    action.effect = effect;
                }
            }
            None if clauses.broken => {}
            None => self.push(
                self.at(codes::UNDECLARED_EFFECT, tree.name.span, format!("`{}` does not say what it does to the world", tree.name.text))
                    .primary("no `effect`")
                    .reason("guardrails speak of effects: what declares none would pass by all of them")
                    .help("declare it: `effect moves money out …`, `effect messages …`, `effect changes Record.field`, `effect creates …`, `effect deletes …` or `effect grants …`"),
            ),
        }
        if let Some((once, _)) = clauses.once {
            action.once = Some(self.once(&params, once));
        }
        if let Some((before, _)) = clauses.before {
            let mut frame = own_frame(params.clone(), system, "`before`");
            if let Some((call, ty)) = self.read_call(&mut frame, before, "what is read before") {
                before_type = ty;
                action.before = Some(call);
            }
        }
        match clauses.request {
            Some((request, _)) => {
                let mut frame = Frame::pure(params.clone(), "a request");
                if let Some(request) = self.request(&mut frame, request, kind, false) {
                    action.request = request;
                }
            }
            None if clauses.broken => {}
            None => self.push(
                self.at(
                    codes::MISSING_CLAUSE,
                    tree.name.span,
                    format!("`{}` does not say what is sent", tree.name.text),
                )
                .primary("no `do`")
                .help("add a request: `do post \"/payments\" { … }`"),
            ),
        }
        if let Some((probe, _)) = clauses.probe {
            action.probe = self.probe(&action, system, probe);
        }
        self.proof(tree, &mut action, system, clauses.proof, &before_type, clauses.broken);
        self.way_back(tree, &mut action, system, clauses.way_back, &before_type, clauses.broken);
        let honours = self.program.systems.get(system.index()).and_then(|system| system.honours_key);
        if action.probe.is_none()
            && honours.is_none()
            && !clauses.broken
            && kind == "http"
            && clauses.probe.is_none()
        {
            self.no_way_to_settle(tree);
        }
        if let Some(slot) =
            self.program.systems.get_mut(system.index()).and_then(|system| system.actions.get_mut(id.index()))
        {
            *slot = action;
        }
    }

    fn no_way_to_settle(&mut self, tree: &ast::Action) {
        self.push(
            self.at(codes::NO_WAY_TO_SETTLE, tree.name.span, format!("an attempt at `{}` whose answer is lost cannot be settled", tree.name.text))
                .primary("no `probe`, and the system honours no key")
                .reason("whether it took effect cannot be looked up, so a person is asked every time a connection breaks")
                .help("say how to find out: `probe payments_for(invoice.id) matches { … }`, or that the system recognises a repeated key: `honours key for 24h`"),
        );
    }

    fn clauses(&mut self, tree: &'a ast::Action) -> Clauses<'a> {
        use ast::ActionEntryKind as Entry;
        let mut clauses = Clauses::default();
        for entry in &tree.entries {
            let span = entry.span;
            let (twice, word) = match &entry.kind {
                Entry::Effect(effects) => {
                    (clauses.effect.replace((effects.as_slice(), span)).is_some(), "effect")
                }
                Entry::Once(once) => (clauses.once.replace((once, span)).is_some(), "once"),
                Entry::Before(before) => (clauses.before.replace((before, span)).is_some(), "before"),
                Entry::Do(request) => (clauses.request.replace((request, span)).is_some(), "do"),
                Entry::Probe(probe) => (clauses.probe.replace((probe, span)).is_some(), "probe"),
                Entry::Verify { .. } | Entry::VerifyAcknowledged | Entry::Unverified { .. } => {
                    (clauses.proof.replace((&entry.kind, span)).is_some(), "verify")
                }
                Entry::Undo(_) | Entry::Irreversible { .. } => {
                    (clauses.way_back.replace((&entry.kind, span)).is_some(), "undo")
                }
                Entry::Error => {
                    clauses.broken = true;
                    continue;
                }
            };
            if twice {
                self.repeated(span, word);
            }
        }
        clauses
    }

    fn effect(&mut self, params: &[Local], effects: &[ast::Effect], span: Span) -> Option<Effect> {
        let [effect] = effects else {
            if !effects.is_empty() {
                self.not_yet(span, "an action with several effects");
            }
            return None;
        };
        let mut frame = Frame::pure(params.to_vec(), "an effect");
        match &effect.kind {
            ast::EffectKind::MovesMoney { direction, amount } => {
                let found = self.infer(&mut frame, amount, Some(&Type::Money(None)));
                if !matches!(found.ty, Type::Money(Some(_))) && !is_poisoned(&found.ty) {
                    let name = self.type_name(&found.ty);
                    self.push(
                        self.at(codes::TYPE_MISMATCH, amount.span, "what moves is an amount of one currency")
                            .primary(format!("this is `{name}`"))
                            .help("name the amount, as in `moves money out invoice.amount`"),
                    );
                }
                Some(Effect::MovesMoney { out: *direction == ast::Direction::Out, amount: found.expr })
            }
            ast::EffectKind::Messages(to) => {
                let found = self.infer(&mut frame, to, Some(&Type::Email));
                let whom = match &found.ty {
                    Type::List(of, _) => of,
                    ty => ty,
                };
                if !matches!(whom, Type::Email | Type::Person) && !is_poisoned(whom) {
                    let name = self.type_name(&found.ty);
                    self.push(
                        self.at(codes::TYPE_MISMATCH, to.span, "a message goes to an `Email` or a `Person`")
                            .primary(format!("this is `{name}`")),
                    );
                }
                Some(Effect::Messages { to: found.expr })
            }
            ast::EffectKind::Changes(path) => self.changes(path),
            ast::EffectKind::Creates(path) => self.record_path(path).map(Effect::Creates),
            ast::EffectKind::Deletes(path) => self.record_path(path).map(Effect::Deletes),
            ast::EffectKind::Grants(what) => Some(Effect::Grants(self.infer(&mut frame, what, None).expr)),
            ast::EffectKind::Error => None,
        }
    }

    fn changes(&mut self, path: &ast::Path) -> Option<Effect> {
        let [record, field] = path.names.as_slice() else {
            self.push(
                self.at(codes::WRONG_KIND, path.span, "which field changes?")
                    .help("name it with its record, as in `changes Invoice.status`"),
            );
            return None;
        };
        let single = ast::Path { span: record.span, names: vec![record.clone()] };
        let id = self.record_path(&single)?;
        let known = self.program.records.get(id.index())?;
        match known.fields.iter().position(|known| known.name == field.as_str()) {
            Some(at) => Some(Effect::Changes { record: id, field: crate::checker::index(at) }),
            None => {
                self.unknown_field(id, field);
                None
            }
        }
    }

    fn once(&mut self, params: &[Local], once: &ast::Once) -> Expr {
        if let Some(lasting) = &once.lasting {
            self.not_yet(lasting.span, "`once … for` of an action");
        }
        let mut frame = Frame::pure(params.to_vec(), "a key");
        self.key(&mut frame, &once.per)
    }

    /// What tells things apart: a plain value, or a list of such.
    pub(crate) fn key(&mut self, frame: &mut Frame, tree: &ast::Expr) -> Expr {
        if let ast::ExprKind::List(items) = &tree.kind
            && !items.is_empty()
        {
            return Expr::List(items.iter().map(|item| self.key(frame, item)).collect());
        }
        let found = self.infer(frame, tree, None);
        let plain = matches!(
            found.ty,
            Type::Text
                | Type::Bool
                | Type::Int
                | Type::Decimal
                | Type::Money(_)
                | Type::Date
                | Type::Time
                | Type::Instant
                | Type::Email
                | Type::Url
                | Type::Person
                | Type::Enum(_)
                | Type::Duration
                | Type::Percent
        );
        if !plain && !is_poisoned(&found.ty) {
            let (shown, name) = (self.clause(tree.span), self.type_name(&found.ty));
            self.push(
                self.at(codes::TYPE_MISMATCH, tree.span, format!("`{shown}` cannot tell two of them apart"))
                    .primary(format!("this is `{name}`"))
                    .reason("what makes two things the same is one value that both have, such as a number or an id")
                    .help("name a field such as `invoice.id`, or several: `[invoice.id, status]`"),
            );
        }
        found.expr
    }

    fn way_back(
        &mut self,
        tree: &ast::Action,
        action: &mut Action,
        system: SystemId,
        clause: Option<(&ast::ActionEntryKind, Span)>,
        before: &Type,
        broken: bool,
    ) {
        match clause {
            Some((ast::ActionEntryKind::Undo(undo), _)) => {
                if let Some(undo) = self.undo(action, system, undo, before) {
                    action.undo = undo;
                }
            }
            Some((ast::ActionEntryKind::Irreversible { because }, _)) => {
                action.undo = Undo::Irreversible { because: self.fixed(because) };
            }
            _ if broken => {}
            _ => self.push(
                self.at(codes::NO_WAY_BACK, tree.name.span, format!("`{}` does not say how it is taken back", tree.name.text))
                    .primary("no `undo`")
                    .reason("when it turns out to be wrong, somebody would have to find out by hand how to mend it")
                    .help("name the action that takes it back: `undo refund(result)`; if there is none, say so: `irreversible because \"…\"`"),
            ),
        }
    }

    fn undo(&mut self, action: &Action, system: SystemId, tree: &ast::Expr, before: &Type) -> Option<Undo> {
        let ast::ExprKind::Call { callee, args } = &tree.kind else {
            if !matches!(tree.kind, ast::ExprKind::Error) {
                self.push(
                    self.at(codes::BAD_UNDO, tree.span, "an undo is an action with its arguments")
                        .help("write it as a call: `undo refund(result)`"),
                );
            }
            return None;
        };
        let mut frame = after_frame(action, system, before, Lifting::Nothing("an undo"));
        let found = self.callee(&frame, callee)?;
        let params = self.params_of(found);
        let args = self.args(&mut frame, tree.span, callee.span, args, &params);
        match found {
            crate::expr::Callee::Action(of, id) if of == system => Some(Undo::By { action: id, args }),
            crate::expr::Callee::Action(..) => {
                self.not_yet(tree.span, "an undo by another system");
                None
            }
            _ => {
                self.push(
                    self.at(codes::BAD_UNDO, tree.span, "this takes nothing back")
                        .primary("not an action")
                        .reason("only an action changes the world, and so only an action can change it back")
                        .help("name an action of this system"),
                );
                None
            }
        }
    }

    fn proof(
        &mut self,
        tree: &ast::Action,
        action: &mut Action,
        system: SystemId,
        clause: Option<(&ast::ActionEntryKind, Span)>,
        before: &Type,
        broken: bool,
    ) {
        match clause {
            Some((ast::ActionEntryKind::Verify { condition, within }, span)) => {
                if let Some(verify) = self.verify(action, system, condition, within.as_ref(), span, before) {
                    action.verify = verify;
                }
            }
            Some((ast::ActionEntryKind::VerifyAcknowledged, _)) => action.verify = Verification::Acknowledged,
            Some((ast::ActionEntryKind::Unverified { because }, _)) => {
                action.verify = Verification::Unverified { because: self.fixed(because) };
            }
            _ if broken => {}
            _ => self.push(
                self.at(codes::UNPROVED_ACTION, tree.name.span, format!("`{}` does not say how it is proved", tree.name.text))
                    .primary("no `verify`")
                    .reason("a system that answers and does nothing would go unnoticed until somebody complains")
                    .help("read it back: `verify payment(result.id) matches { … } within 10min`")
                    .help("a lesser grade is the system's own word, `verify acknowledged`; nothing at all takes `unverified because \"…\"`"),
            ),
        }
    }
}

/// A frame in which the system's own reads and actions need no name before them.
pub(super) fn own_frame(locals: Vec<Local>, system: SystemId, place: &'static str) -> Frame {
    let mut frame = Frame::pure(locals, place);
    frame.own = Some(system);
    frame
}

/// The frame of what follows on the answer: parameters, result, what was read before, the probe's element.
pub(super) fn after_frame(action: &Action, system: SystemId, before: &Type, lifting: Lifting) -> Frame {
    let mut locals = params_as_locals(&action.params);
    let mut missing = Vec::new();
    let result_slot = program::Slot(crate::checker::index(action.result_slot()));
    let before_slot = program::Slot(crate::checker::index(action.before_slot()));
    match &action.result {
        Some(result) => locals.push(Local::slot("result", result_slot, result)),
        None => missing.push(Missing {
            name: "result",
            code: codes::UNKNOWN_NAME,
            headline: format!("`{}` answers nothing that could be used", action.name),
            help: "say what it answers: `action …(…) -> Payment`",
        }),
    }
    match &action.before {
        Some(_) => locals.push(Local::slot("before", before_slot, before)),
        None => missing.push(Missing {
            name: "before",
            code: codes::MISSING_BEFORE,
            headline: "`before` is used, and nothing is read before".to_owned(),
            help: "read it ahead of the change: `before customer(customer.id)`",
        }),
    }
    let mut types: Vec<Type> = action.params.iter().map(|param| param.ty.clone()).collect();
    types.extend([action.result.clone().unwrap_or(POISON), before.clone(), POISON]);
    let slots = types.into_iter().map(|ty| Binding { name: String::new(), ty }).collect();
    let mut frame = Frame::new(locals, slots, lifting);
    frame.own = Some(system);
    frame.missing = missing;
    frame
}
