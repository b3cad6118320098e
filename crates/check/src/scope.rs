//! Names of modules: what each declares, what it takes from others, and what a name means where it stands.

use std::collections::{BTreeMap, BTreeSet};

use countersign_diagnostics::{Diagnostic, Fix, codes};
use countersign_ir::program::{
    ApprovalId, CalendarId, DecisionId, EnumId, FlowId, RecordId, RoleId, SecretId, SettingId, SystemId,
};
use countersign_syntax::{Span, ast};
use smol_str::SmolStr;

use crate::checker::Checker;
use crate::words::{listed, nearest};

/// What a name of a module means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Symbol {
    Record(RecordId),
    Enum(EnumId),
    Setting(SettingId),
    Secret(SecretId),
    Sample(usize),
    Function(usize),
    System(SystemId),
    Calendar(CalendarId),
    Role(RoleId),
    Approval(ApprovalId),
    Decision(DecisionId),
    Flow(FlowId),
    /// An import that failed: what it means is not known, and nothing is said of it again.
    Unknown,
}

/// The kinds of what can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Record,
    Enum,
    Setting,
    Secret,
    Sample,
    Function,
    System,
    Calendar,
    Role,
    Approval,
    Decision,
    Flow,
    Unknown,
}

impl Kind {
    /// `a role`
    pub(crate) const fn a(self) -> &'static str {
        match self {
            Self::Record => "a record",
            Self::Enum => "an enum",
            Self::Setting => "a setting",
            Self::Secret => "a secret",
            Self::Sample => "a sample",
            Self::Function => "a function",
            Self::System => "a system",
            Self::Calendar => "a calendar",
            Self::Role => "a role",
            Self::Approval => "an approval policy",
            Self::Decision => "a decision",
            Self::Flow => "a flow",
            Self::Unknown => "unknown",
        }
    }

    /// `role`
    pub(crate) fn plain(self) -> &'static str {
        let text = self.a();
        text.strip_prefix("an ").or_else(|| text.strip_prefix("a ")).unwrap_or(text)
    }
}

impl Symbol {
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Record(_) => Kind::Record,
            Self::Enum(_) => Kind::Enum,
            Self::Setting(_) => Kind::Setting,
            Self::Secret(_) => Kind::Secret,
            Self::Sample(_) => Kind::Sample,
            Self::Function(_) => Kind::Function,
            Self::System(_) => Kind::System,
            Self::Calendar(_) => Kind::Calendar,
            Self::Role(_) => Kind::Role,
            Self::Approval(_) => Kind::Approval,
            Self::Decision(_) => Kind::Decision,
            Self::Flow(_) => Kind::Flow,
            Self::Unknown => Kind::Unknown,
        }
    }
}

/// The names of one module.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    names: BTreeMap<SmolStr, Bound>,
}

#[derive(Debug)]
struct Bound {
    symbol: Symbol,
    /// Where the name is declared or imported, in this module.
    span: Span,
    imported: bool,
    used: bool,
}

impl Scope {
    fn add(&mut self, name: &ast::Name, symbol: Symbol, imported: bool) -> Result<(), Span> {
        match self.names.get(&name.text) {
            Some(bound) => Err(bound.span),
            None => {
                let bound = Bound { symbol, span: name.span, imported, used: false };
                self.names.insert(name.text.clone(), bound);
                Ok(())
            }
        }
    }

    fn own(&self, name: &str) -> Option<Symbol> {
        self.names.get(name).filter(|bound| !bound.imported).map(|bound| bound.symbol)
    }

    /// What a name means here, noting that it was asked for.
    pub(crate) fn find(&mut self, name: &str) -> Option<Symbol> {
        self.names.get_mut(name).map(|bound| {
            bound.used = true;
            bound.symbol
        })
    }

    /// What a name means here, without a note.
    pub(crate) fn peek(&self, name: &str) -> Option<Symbol> {
        self.names.get(name).map(|bound| bound.symbol)
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.names.iter().filter(move |(_, bound)| bound.symbol.kind() == kind).map(|(name, _)| name.as_str())
    }

    /// All names, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(SmolStr::as_str)
    }
}

impl<'a> Checker<'a> {
    /// Adds a declaration to the names of the module that is being read.
    pub(crate) fn declare(&mut self, name: &ast::Name, symbol: Symbol) {
        let here = self.here;
        let before = self.scopes.get_mut(here).and_then(|scope| scope.add(name, symbol, false).err());
        if let Some(before) = before {
            let file = self.file();
            self.push(
                self.at(codes::DUPLICATE_NAME, name.span, format!("`{}` is declared twice", name.text))
                    .primary("again here")
                    .label(file, before.range(), "first here")
                    .reason("whoever reads the name could not know which of the two is meant")
                    .help("give one of them another name"),
            );
        }
    }

    /// Adds what the modules take from each other, and refuses circles.
    pub(crate) fn import_all(&mut self) {
        let modules = self.modules;
        let mut edges: Vec<Vec<(usize, Span)>> = vec![Vec::new(); modules.len()];
        for (index, module) in modules.iter().enumerate() {
            self.here = index;
            for item in &module.tree.items {
                if let ast::ItemKind::Use(taken) = &item.kind
                    && let Some(from) = self.import(taken)
                    && let Some(edges) = edges.get_mut(index)
                {
                    edges.push((from, taken.module.span));
                }
            }
        }
        self.refuse_circles(&edges);
    }

    fn import(&mut self, taken: &ast::Use) -> Option<usize> {
        let wanted = taken.module.names.iter().map(ast::Name::as_str).collect::<Vec<_>>().join(".");
        let modules = self.modules;
        let Some(from) = modules.iter().position(|module| module.name == wanted) else {
            let meant = nearest(&wanted, modules.iter().map(|module| module.name.as_str()));
            let mut problem = self
                .at(codes::UNKNOWN_MODULE, taken.module.span, format!("there is no module `{wanted}`"))
                .primary(format!("no file `{}.flow`", wanted.replace('.', "/")));
            if let Some(meant) = meant {
                problem = problem.help(format!("did you mean `{meant}`?")).fix(
                    Fix::suggested(format!("take them from `{meant}`")).edit(
                        self.file(),
                        taken.module.span.range(),
                        meant,
                    ),
                );
            }
            self.push(problem);
            for name in &taken.names {
                self.add_import(name, Symbol::Unknown);
            }
            return None;
        };
        if from == self.here {
            self.push(
                self.at(codes::IMPORT_CYCLE, taken.module.span, format!("`{wanted}` uses itself"))
                    .help("leave this `use` out: what a module declares, it has"),
            );
            return None;
        }
        for name in &taken.names {
            let symbol = self.scopes.get(from).and_then(|scope| scope.own(name.as_str()));
            if symbol.is_none() {
                self.unknown_import(name, from, &wanted);
            }
            self.add_import(name, symbol.unwrap_or(Symbol::Unknown));
        }
        Some(from)
    }

    fn unknown_import(&mut self, name: &ast::Name, from: usize, module: &str) {
        let own = self.scopes.get(from).map(|scope| {
            let names = scope.names.iter().filter(|(_, bound)| !bound.imported);
            names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        });
        let own = own.unwrap_or_default();
        let mut problem = self
            .at(codes::UNKNOWN_NAME, name.span, format!("`{module}` declares no `{}`", name.text))
            .primary("not declared there");
        if let Some(meant) = nearest(name.as_str(), own.iter().copied()) {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else if let Some(other) = self.declared_in(name.as_str()) {
            problem = problem.help(format!("`{}` is declared in `{other}`", name.text));
        }
        self.push(problem);
    }

    fn add_import(&mut self, name: &ast::Name, symbol: Symbol) {
        let here = self.here;
        let before = self.scopes.get_mut(here).and_then(|scope| scope.add(name, symbol, true).err());
        if let Some(before) = before {
            let file = self.file();
            self.push(
                self.at(codes::DUPLICATE_NAME, name.span, format!("`{}` is known here already", name.text))
                    .primary("imported here")
                    .label(file, before.range(), "known from here")
                    .help("leave one of the two out"),
            );
        }
    }

    /// The module that declares a name, if one does.
    pub(crate) fn declared_in(&self, name: &str) -> Option<&'a str> {
        let modules = self.modules;
        let found =
            self.scopes.iter().position(|scope| scope.own(name).is_some_and(|s| s != Symbol::Unknown))?;
        modules.get(found).map(|module| module.name.as_str())
    }

    /// Depth first with an explicit stack, so that a long chain of modules cannot exhaust ours.
    fn refuse_circles(&mut self, edges: &[Vec<(usize, Span)>]) {
        let mut done: BTreeSet<usize> = BTreeSet::new();
        for start in 0..edges.len() {
            let mut path: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((node, next)) = path.last().copied() {
                let edge = edges.get(node).and_then(|out| out.get(next)).copied();
                if done.contains(&node) || edge.is_none() {
                    done.insert(node);
                    path.pop();
                    continue;
                }
                if let Some(last) = path.last_mut() {
                    last.1 += 1;
                }
                let Some((to, span)) = edge else { continue };
                if let Some(from) = path.iter().position(|(on_path, _)| *on_path == to) {
                    let circle: Vec<usize> = path.iter().skip(from).map(|(node, _)| *node).collect();
                    self.circle(node, span, &circle, to);
                } else {
                    path.push((to, 0));
                }
            }
        }
    }

    fn circle(&mut self, node: usize, span: Span, circle: &[usize], to: usize) {
        let modules = self.modules;
        let name = |index: usize| modules.get(index).map_or("", |module| module.name.as_str());
        let way: Vec<&str> = circle.iter().map(|index| name(*index)).chain([name(to)]).collect();
        self.here = node;
        self.push(
            self.at(
                codes::IMPORT_CYCLE,
                span,
                format!("modules use each other in a circle: {}", way.join(" → ")),
            )
            .primary("closes the circle")
            .reason("a reader could start with none of them, and neither can the compiler")
            .help(format!(
                "move what both need into a module of its own, and let {} use that",
                listed(&circle.iter().map(|index| name(*index)).collect::<Vec<_>>(), "and")
            )),
        );
    }

    /// Warns of what is imported in vain; `use` lines that lose all their names go whole.
    pub(crate) fn unused_imports(&mut self) {
        let modules = self.modules;
        for (index, module) in modules.iter().enumerate() {
            self.here = index;
            for item in &module.tree.items {
                let ast::ItemKind::Use(taken) = &item.kind else { continue };
                for name in &taken.names {
                    let bound = self.scopes.get(index).and_then(|scope| scope.names.get(&name.text));
                    let idle = bound.is_some_and(|bound| {
                        bound.imported
                            && !bound.used
                            && bound.span == name.span
                            && bound.symbol != Symbol::Unknown
                    });
                    if idle {
                        let fix = self.drop_import(taken, name);
                        self.push(
                            self.at(
                                codes::UNUSED_IMPORT,
                                name.span,
                                format!("`{}` is not used here", name.text),
                            )
                            .help("leave it out")
                            .fix(fix),
                        );
                    }
                }
            }
        }
    }

    fn drop_import(&self, taken: &ast::Use, name: &ast::Name) -> Fix {
        let at = taken.names.iter().position(|other| other.span == name.span).unwrap_or_default();
        let after = taken.names.get(at + 1).map(|next| name.span.start..next.span.start);
        let before =
            at.checked_sub(1).and_then(|at| taken.names.get(at)).map(|last| last.span.end..name.span.end);
        let span = after.or(before).unwrap_or(name.span.start..name.span.end);
        Fix::suggested(format!("leave `{}` out", name.text))
            .remove(self.file(), span.start as usize..span.end as usize)
    }

    /// What a name means, if it means something of the kind that is wanted; says what is wrong if it does not.
    pub(crate) fn named<T>(
        &mut self,
        name: &ast::Name,
        kind: Kind,
        pick: impl Fn(Symbol) -> Option<T>,
    ) -> Option<T> {
        let here = self.here;
        let found = self.scopes.get_mut(here).and_then(|scope| scope.find(name.as_str()));
        match found {
            Some(Symbol::Unknown) => None,
            Some(symbol) => pick(symbol).or_else(|| {
                let problem = self.wrong_kind(name, symbol.kind(), kind);
                self.push(problem);
                None
            }),
            None => {
                let problem = self.unknown_of_kind(name, kind);
                self.push(problem);
                None
            }
        }
    }

    fn wrong_kind(&self, name: &ast::Name, found: Kind, wanted: Kind) -> Diagnostic {
        let headline = format!("`{}` is {}, and {} is needed here", name.text, found.a(), wanted.a());
        let problem = self.at(codes::WRONG_KIND, name.span, headline).primary(format!("not {}", wanted.a()));
        self.suggest_of_kind(problem, name, wanted)
    }

    fn unknown_of_kind(&self, name: &ast::Name, wanted: Kind) -> Diagnostic {
        let headline = format!("there is no {} `{}` here", wanted.plain(), name.text);
        let problem = self.at(codes::UNKNOWN_NAME, name.span, headline).primary("not known here");
        self.suggest_of_kind(problem, name, wanted)
    }

    fn suggest_of_kind(&self, problem: Diagnostic, name: &ast::Name, wanted: Kind) -> Diagnostic {
        let scope = self.scopes.get(self.here);
        let known: Vec<&str> = scope.map(|scope| scope.of_kind(wanted).collect()).unwrap_or_default();
        if let Some(meant) = nearest(name.as_str(), known.iter().copied()) {
            return problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        }
        if let Some(module) = self.declared_in(name.as_str())
            && scope.is_none_or(|scope| scope.peek(name.as_str()).is_none())
        {
            return problem.help(format!(
                "`{}` is declared in another module: add `use {module}.{{{}}}`",
                name.text, name.text
            ));
        }
        match known.as_slice() {
            [] => problem.help(format!(
                "declare it, or import it with `use`: no {} is known in this module",
                wanted.plain()
            )),
            known if known.len() <= 6 => problem.help(format!("known here: {}", listed(known, "and"))),
            _ => problem,
        }
    }

    pub(crate) fn role(&mut self, name: &ast::Name) -> Option<RoleId> {
        self.named(name, Kind::Role, |symbol| match symbol {
            Symbol::Role(id) => Some(id),
            _ => None,
        })
    }

    pub(crate) fn system(&mut self, name: &ast::Name) -> Option<SystemId> {
        self.named(name, Kind::System, |symbol| match symbol {
            Symbol::System(id) => Some(id),
            _ => None,
        })
    }

    pub(crate) fn approval(&mut self, name: &ast::Name) -> Option<ApprovalId> {
        self.named(name, Kind::Approval, |symbol| match symbol {
            Symbol::Approval(id) => Some(id),
            _ => None,
        })
    }

    pub(crate) fn calendar(&mut self, name: &ast::Name) -> Option<CalendarId> {
        self.named(name, Kind::Calendar, |symbol| match symbol {
            Symbol::Calendar(id) => Some(id),
            _ => None,
        })
    }

    pub(crate) fn secret(&mut self, name: &ast::Name) -> Option<SecretId> {
        self.named(name, Kind::Secret, |symbol| match symbol {
            Symbol::Secret(id) => Some(id),
            _ => None,
        })
    }
}
