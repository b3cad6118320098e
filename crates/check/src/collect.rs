//! The first walk over a project: every declaration gets its place in the program's tables.

use std::collections::BTreeMap;

use countersign_diagnostics::{FileId, codes};
use countersign_ir::program::{self, Expr, RoleId, Type, Undo};
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared, Function, Lazy, POISON, Sample, index};
use crate::scope::Symbol;
use crate::types::is_builtin;

impl<'a> Checker<'a> {
    /// Gives every declaration a place and every module its own names.
    pub(crate) fn collect(&mut self) {
        let modules = self.modules;
        let mut named: BTreeMap<(&str, &str), (FileId, Span, &str)> = BTreeMap::new();
        for (at, module) in modules.iter().enumerate() {
            self.here = at;
            for item in &module.tree.items {
                let (name, symbol) = self.place(at, item);
                if let Some(name) = name {
                    self.refuse_builtin(name, symbol);
                    self.declare(name, symbol);
                    self.refuse_second(&mut named, name, symbol, &module.name);
                }
                self.items.push(Declared { module: at, item, symbol });
            }
        }
    }

    /// What the outside calls by name alone has that name once in the whole project.
    fn refuse_second(
        &mut self,
        named: &mut BTreeMap<(&'a str, &'a str), (FileId, Span, &'a str)>,
        name: &'a ast::Name,
        symbol: Symbol,
        module: &'a str,
    ) {
        let kind = symbol.kind();
        if matches!(
            symbol,
            Symbol::Record(_) | Symbol::Enum(_) | Symbol::Sample(_) | Symbol::Function(_) | Symbol::Unknown
        ) {
            return;
        }
        let key = (kind.plain(), name.as_str());
        match named.get(&key) {
            Some((file, span, other)) if *other != module => {
                let problem = self
                    .at(codes::DUPLICATE_NAME, name.span, format!("{} `{}` is declared in `{other}` too", kind.a(), name.text))
                    .primary("again here")
                    .label(*file, span.range(), "first here")
                    .reason(format!(
                        "settings, the console and the audit journal name {} without its module, and could not tell them apart",
                        kind.a()
                    ))
                    .help(format!("give one of them another name, or take it from there: `use {other}.{{{}}}`", name.text));
                self.push(problem);
            }
            Some(_) => {}
            None => {
                named.insert(key, (self.file(), name.span, module));
            }
        }
    }

    fn refuse_builtin(&mut self, name: &ast::Name, symbol: Symbol) {
        if matches!(symbol, Symbol::Record(_) | Symbol::Enum(_)) && is_builtin(name.as_str()) {
            self.push(
                self.at(
                    codes::DUPLICATE_NAME,
                    name.span,
                    format!("`{}` is a type of the language", name.text),
                )
                .primary("cannot be declared again")
                .help("give it another name"),
            );
        }
    }

    fn place(&mut self, module: usize, item: &'a ast::Item) -> (Option<&'a ast::Name>, Symbol) {
        let doc = item.docs.text().unwrap_or_default();
        let program = &mut self.program;
        match &item.kind {
            ast::ItemKind::Record(record) => {
                let id = program::RecordId(push(
                    &mut program.records,
                    program::Record { name: record.name.text.to_string(), fields: Vec::new() },
                ));
                (Some(&record.name), Symbol::Record(id))
            }
            ast::ItemKind::Enum(tree) => {
                let blank = program::Enum { name: tree.name.text.to_string(), variants: Vec::new() };
                (Some(&tree.name), Symbol::Enum(program::EnumId(push(&mut program.enums, blank))))
            }
            ast::ItemKind::Secret(secret) => {
                let id = program::SecretId(push(&mut program.secrets, secret.name.text.to_string()));
                (Some(&secret.name), Symbol::Secret(id))
            }
            ast::ItemKind::Setting(setting) => {
                let blank = program::Setting {
                    name: setting.name.text.to_string(),
                    ty: POISON,
                    default: None,
                    bounds: None,
                };
                (Some(&setting.name), Symbol::Setting(program::SettingId(push(&mut program.settings, blank))))
            }
            ast::ItemKind::Sample(tree) => {
                self.samples.push(Sample { module, tree, ty: POISON, value: Lazy::Untouched });
                (Some(&tree.name), Symbol::Sample(self.samples.len() - 1))
            }
            ast::ItemKind::Function(tree) => {
                let blank =
                    Function { module, tree, params: Vec::new(), result: POISON, body: Lazy::Untouched };
                self.functions.push(blank);
                (Some(&tree.name), Symbol::Function(self.functions.len() - 1))
            }
            ast::ItemKind::System(system) => {
                let id = program::SystemId(push(&mut program.systems, blank_system(system, doc)));
                (Some(&system.name), Symbol::System(id))
            }
            ast::ItemKind::Calendar(calendar) => {
                let blank = program::Calendar {
                    name: calendar.name.text.to_string(),
                    zone: String::new(),
                    open: Vec::new(),
                    closed: Vec::new(),
                };
                (
                    Some(&calendar.name),
                    Symbol::Calendar(program::CalendarId(push(&mut program.calendars, blank))),
                )
            }
            ast::ItemKind::Role(role) => {
                let blank = program::Role {
                    name: role.name.text.to_string(),
                    doc,
                    members: Vec::new(),
                    notify: Vec::new(),
                    away_to: None,
                };
                (Some(&role.name), Symbol::Role(RoleId(push(&mut program.roles, blank))))
            }
            ast::ItemKind::Approval(approval) => {
                let levels =
                    program::Enum { name: format!("{}.Level", approval.name.text), variants: Vec::new() };
                let level_type = program::EnumId(push(&mut program.enums, levels));
                let blank = program::Approval {
                    name: approval.name.text.to_string(),
                    params: Vec::new(),
                    level_type,
                    levels: Vec::new(),
                };
                (
                    Some(&approval.name),
                    Symbol::Approval(program::ApprovalId(push(&mut program.approvals, blank))),
                )
            }
            ast::ItemKind::Decide(decide) => {
                let blank = program::Decision {
                    name: decide.name.text.to_string(),
                    doc,
                    params: Vec::new(),
                    result: POISON,
                    owner: RoleId(0),
                    rules: Vec::new(),
                };
                (
                    Some(&decide.name),
                    Symbol::Decision(program::DecisionId(push(&mut program.decisions, blank))),
                )
            }
            ast::ItemKind::Flow(flow) => {
                let id = program::FlowId(push(&mut program.flows, blank_flow(flow, doc)));
                (Some(&flow.name), Symbol::Flow(id))
            }
            ast::ItemKind::Use(_)
            | ast::ItemKind::Guardrail(_)
            | ast::ItemKind::Test(_)
            | ast::ItemKind::Simulation(_)
            | ast::ItemKind::Error => (None, Symbol::Unknown),
        }
    }
}

/// Adds to a table and gives its place.
pub(crate) fn push<T>(table: &mut Vec<T>, entry: T) -> u16 {
    table.push(entry);
    index(table.len() - 1)
}

fn blank_flow(flow: &ast::Flow, doc: String) -> program::Flow {
    program::Flow {
        name: flow.name.text.to_string(),
        doc,
        owner: RoleId(0),
        trigger: program::Trigger {
            path: String::new(),
            payload: POISON,
            signature: program::Signature::Unsigned { because: String::new() },
            once: None,
        },
        key: None,
        uses_history: false,
        slots: Vec::new(),
        steps: Vec::new(),
        entry: None,
    }
}

/// A system with its reads and actions in place, whose bodies are still to be read.
fn blank_system(system: &ast::System, doc: String) -> program::System {
    let mut blank = program::System {
        name: system.name.text.to_string(),
        doc,
        connector: program::Connector { kind: String::new(), options: Vec::new() },
        statuses: Vec::new(),
        honours_key: None,
        visible_within: 0,
        reads: Vec::new(),
        actions: Vec::new(),
    };
    for entry in &system.entries {
        match &entry.kind {
            ast::SystemEntryKind::Read(read) => blank.reads.push(program::Read {
                name: read.name.text.to_string(),
                params: Vec::new(),
                result: POISON,
                request: blank_request(),
                statuses: Vec::new(),
            }),
            ast::SystemEntryKind::Action(action) => blank.actions.push(program::Action {
                name: action.name.text.to_string(),
                doc: entry.docs.text().unwrap_or_default(),
                params: Vec::new(),
                result: None,
                effect: program::Effect::Grants(Expr::Const(Value::None)),
                once: None,
                before: None,
                request: blank_request(),
                probe: None,
                verify: program::Verification::Acknowledged,
                undo: Undo::Irreversible { because: String::new() },
            }),
            _ => {}
        }
    }
    blank
}

fn blank_request() -> program::Request {
    program::Request { verb: countersign_ir::wire::Verb::Get, target: Vec::new(), body: None }
}

/// Whether anything was wrong with a type.
pub(crate) fn is_poisoned(ty: &Type) -> bool {
    match ty {
        Type::List(of, _) | Type::Optional(of) => is_poisoned(of),
        ty => *ty == POISON,
    }
}
