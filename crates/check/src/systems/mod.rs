//! Systems: how they are reached, what can be read, what can be done, how that is proved and taken back.

mod action;
mod connector;
mod proof;
mod request;

use countersign_diagnostics::codes;
use countersign_ir::classify::{Meaning, StatusRule};
use countersign_ir::program::{self, SystemId, Type};
use countersign_ir::wire::FailureClass;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared, index};
use crate::expr::{Frame, Local, opened};
use crate::scope::Symbol;
use crate::types::Lists;
use crate::words::a;

/// When a read is sure to show what was written, unless the system says otherwise: at once.
const VISIBLE: i64 = 0;

impl<'a> Checker<'a> {
    pub(crate) fn system_signature(&mut self, tree: &ast::System, id: SystemId) {
        let (mut reads, mut actions) = (0, 0);
        let mut names: Vec<&ast::Name> = Vec::new();
        for entry in &tree.entries {
            match &entry.kind {
                ast::SystemEntryKind::Read(read) => {
                    self.operation_twice(&mut names, &read.name);
                    let params = self.params(&read.params, Lists::Bounded);
                    let result = self.answer(&read.result);
                    if let Some(slot) =
                        self.program.systems.get_mut(id.index()).and_then(|s| s.reads.get_mut(reads))
                    {
                        (slot.params, slot.result) = (params, result);
                    }
                    reads += 1;
                }
                ast::SystemEntryKind::Action(action) => {
                    self.operation_twice(&mut names, &action.name);
                    let params = self.params(&action.params, Lists::Bounded);
                    let result = action.result.as_ref().map(|result| self.answer(result));
                    if let Some(slot) =
                        self.program.systems.get_mut(id.index()).and_then(|s| s.actions.get_mut(actions))
                    {
                        (slot.params, slot.result) = (params, result);
                    }
                    actions += 1;
                }
                _ => {}
            }
        }
    }

    /// What a system answers, which can be anything but a text that we render.
    fn answer(&mut self, tree: &ast::TypeExpr) -> Type {
        let ty = self.ty(tree, Lists::Bounded);
        let inner = match &ty {
            Type::List(of, _) | Type::Optional(of) => &**of,
            ty => ty,
        };
        if *inner == Type::Draft {
            self.push(
                self.at(codes::WRONG_FORM, tree.span, "no system answers with a rendered text")
                    .primary("rendered here, never there")
                    .reason("a guardrail that names a template would take the system's word for where a text comes from")
                    .help("let it answer a `Text`"),
            );
            return crate::checker::POISON;
        }
        ty
    }

    fn operation_twice<'t>(&mut self, names: &mut Vec<&'t ast::Name>, name: &'t ast::Name) {
        if let Some(other) = names.iter().find(|other| other.text == name.text) {
            let (file, first) = (self.file(), other.span.range());
            self.push(
                self.at(codes::DUPLICATE_NAME, name.span, format!("this system has `{}` twice", name.text))
                    .primary("again here")
                    .label(file, first, "first here")
                    .help("give one of them another name"),
            );
        }
        names.push(name);
    }

    pub(crate) fn system_body(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::System(tree), Symbol::System(id)) = (&declared.item.kind, declared.symbol) else {
            return;
        };
        let connector = self.connector(tree);
        let kind = connector.kind.clone();
        let mut statuses = Vec::new();
        let (mut honours, mut visible): (Option<i64>, Option<i64>) = (None, None);
        for entry in &tree.entries {
            match &entry.kind {
                ast::SystemEntryKind::Failure(rules) => statuses.extend(self.statuses(rules, None)),
                ast::SystemEntryKind::HonoursKey { lasting } => {
                    if honours.is_some() {
                        self.repeated(entry.span, "honours key");
                    }
                    honours = self.length(lasting);
                }
                ast::SystemEntryKind::VisibleWithin(within) => {
                    if visible.is_some() {
                        self.repeated(entry.span, "visible within");
                    }
                    visible = self.length(within);
                }
                ast::SystemEntryKind::Truth(path) => self.not_yet(path.span, "`truth`"),
                ast::SystemEntryKind::Breaker(_) => self.not_yet(entry.span, "`breaker`"),
                ast::SystemEntryKind::Via(_)
                | ast::SystemEntryKind::Read(_)
                | ast::SystemEntryKind::Action(_)
                | ast::SystemEntryKind::Error => {}
            }
        }
        if let Some(system) = self.program.systems.get_mut(id.index()) {
            system.connector = connector;
            system.statuses = statuses;
            system.honours_key = honours;
            system.visible_within = visible.unwrap_or(VISIBLE);
        }
        let (mut reads, mut actions) = (0, 0);
        for entry in &tree.entries {
            match &entry.kind {
                ast::SystemEntryKind::Read(read) => {
                    self.read_body(read, id, reads, &kind);
                    reads += 1;
                }
                ast::SystemEntryKind::Action(action) => {
                    let id = program::ActionId(index(actions));
                    self.action_body(action, symbol_system(declared.symbol), id, &kind);
                    actions += 1;
                }
                _ => {}
            }
        }
    }

    fn read_body(&mut self, tree: &ast::Read, id: SystemId, at: usize, kind: &str) {
        let Some(read) =
            self.program.systems.get(id.index()).and_then(|system| system.reads.get(at)).cloned()
        else {
            return;
        };
        let mut frame = Frame::pure(params_as_locals(&read.params), "a request");
        let mut request = None;
        let mut asked = false;
        let mut statuses = Vec::new();
        for entry in &tree.entries {
            match &entry.kind {
                ast::ReadEntryKind::Request(tree) => {
                    if asked {
                        self.repeated(entry.span, "request");
                    }
                    asked = true;
                    request = self.request(&mut frame, tree, kind, true);
                }
                // How long an answer may be used again: this version asks each time, which is never wrong.
                ast::ReadEntryKind::FreshFor(lasting) => {
                    self.length(lasting);
                }
                ast::ReadEntryKind::Failure(rules) => {
                    statuses.extend(self.statuses(rules, Some(&read.result)));
                }
                ast::ReadEntryKind::Error => asked = true,
            }
        }
        if !asked {
            self.push(
                self.at(
                    codes::MISSING_CLAUSE,
                    tree.name.span,
                    format!("the read `{}` does not say what is asked", tree.name.text),
                )
                .help("add a request: `get \"/payments/{id}\"`"),
            );
        }
        if let Some(read) =
            self.program.systems.get_mut(id.index()).and_then(|system| system.reads.get_mut(at))
        {
            read.statuses = statuses;
            if let Some(request) = request {
                read.request = request;
            }
        }
    }

    /// Failure rules; `result` is that of the read they belong to, if they belong to one.
    fn statuses(&mut self, rules: &[ast::FailureRule], result: Option<&Type>) -> Vec<StatusRule> {
        let mut out: Vec<StatusRule> = Vec::new();
        for rule in rules {
            let status = match &rule.status.kind {
                ast::ExprKind::Int(n) => u16::try_from(*n).ok().filter(|n| (100..600).contains(n)),
                _ => None,
            };
            let Some(status) = status else {
                if !matches!(rule.status.kind, ast::ExprKind::Error) {
                    let shown = self.clause(rule.status.span);
                    self.push(
                        self.at(
                            codes::BAD_STATUS,
                            rule.status.span,
                            format!("`{shown}` is no status of a reply"),
                        )
                        .primary("a number from 100 to 599"),
                    );
                }
                continue;
            };
            if out.iter().any(|known| known.status == status) {
                self.push(
                    self.at(
                        codes::REPEATED_CLAUSE,
                        rule.span,
                        format!("the status {status} is treated in two ways"),
                    )
                    .primary("again here")
                    .help("leave one of them out"),
                );
            }
            let meaning = match rule.class {
                ast::FailureClass::Data => Meaning::Failure(FailureClass::Data),
                ast::FailureClass::Transient => Meaning::Failure(FailureClass::Transient),
                ast::FailureClass::Infrastructure => Meaning::Failure(FailureClass::Infrastructure),
                ast::FailureClass::None => {
                    self.refuse_nothing(rule.class_span, status, result);
                    Meaning::Nothing
                }
                ast::FailureClass::Error => continue,
            };
            let note = rule.reason.as_ref().map(|reason| self.fixed(reason));
            out.push(StatusRule { status, meaning, note });
        }
        out
    }

    fn refuse_nothing(&mut self, span: Span, status: u16, result: Option<&Type>) {
        let problem = match result {
            None => self
                .at(codes::BAD_STATUS, span, format!("`status {status} is none` belongs to a read"))
                .primary("of which read?")
                .reason("that nothing was found is an answer of one question, and a failure of another")
                .help("move it into the read that may find nothing"),
            Some(Type::Optional(_) | Type::List(..)) => return,
            Some(ty) if crate::collect::is_poisoned(ty) => return,
            Some(ty) => self
                .at(
                    codes::MAY_BE_ABSENT,
                    span,
                    format!("this read may find nothing, and gives {}", a(&self.type_name(ty))),
                )
                .primary("what would it give then?")
                .help(format!(
                    "let it give `{}?`, and say in the flow what holds when it is absent",
                    self.type_name(ty)
                )),
        };
        self.push(problem);
    }
}

fn symbol_system(symbol: Symbol) -> SystemId {
    match symbol {
        Symbol::System(id) => id,
        _ => SystemId(u16::MAX),
    }
}

/// Parameters as they lie in a frame.
pub(super) fn params_as_locals(params: &[program::Param]) -> Vec<Local> {
    params
        .iter()
        .enumerate()
        .map(|(at, param)| Local::slot(&param.name, program::Slot(index(at)), &param.ty))
        .collect()
}

/// Whether a type can stand in the path of a request: a text, a number, a date or a value of an enum.
pub(super) fn is_plain(ty: &Type) -> bool {
    matches!(
        opened(ty),
        Type::Text | Type::Int | Type::Decimal | Type::Enum(_) | Type::Email | Type::Person | Type::Date
    ) && !matches!(ty, Type::Optional(_))
}
