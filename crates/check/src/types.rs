//! Types as they are written, and the declarations that make them: records, enums, settings.

use countersign_diagnostics::{Fix, codes};
use countersign_ir::program::{self, RecordId, Refinement, Slot, Type};
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared, POISON, index};
use crate::currency;
use crate::expr::{Frame, Local};
use crate::scope::{Kind, Symbol};
use crate::words::nearest;

/// The types of the language that are written as one word.
const PLAIN: &[(&str, Type)] = &[
    ("Text", Type::Text),
    ("Bool", Type::Bool),
    ("Int", Type::Int),
    ("Decimal", Type::Decimal),
    ("Percent", Type::Percent),
    ("Money", Type::Money(None)),
    ("Duration", Type::Duration),
    ("Date", Type::Date),
    ("Time", Type::Time),
    ("Instant", Type::Instant),
    ("Email", Type::Email),
    ("Url", Type::Url),
    ("Person", Type::Person),
    ("Draft", Type::Draft),
];

/// Types of the language that this version does not compile.
const LATER: &[&str] = &["File", "Json", "Guess", "Secret"];

/// The length of a list whose type names none, which only parameters of functions and decisions may leave out.
const ANY_LENGTH: u32 = u32::MAX;

/// The longest list that a type may name.
const MAX_LENGTH: i64 = 100_000;

pub(crate) fn is_builtin(name: &str) -> bool {
    PLAIN.iter().any(|(plain, _)| *plain == name) || LATER.contains(&name)
}

/// Whether lists of any length are welcome.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    Bounded,
    Any,
}

impl<'a> Checker<'a> {
    /// A type as it was written; poison if it means nothing, which has been said then.
    pub(crate) fn ty(&mut self, tree: &ast::TypeExpr, lists: Lists) -> Type {
        match &tree.kind {
            ast::TypeKind::Named(path) => self.named_type(path),
            ast::TypeKind::Measured { name, unit } => self.measured(name, unit),
            ast::TypeKind::Generic { name, .. } => {
                if LATER.contains(&name.as_str()) {
                    self.not_yet(tree.span, &format!("the type `{}`", name.text));
                } else {
                    self.push(
                        self.at(
                            codes::WRONG_FORM,
                            tree.span,
                            format!("`{}` takes no type in `<…>`", name.text),
                        )
                        .help("a list of them is written `[T] up to 200`, one that may be absent `T?`"),
                    );
                }
                POISON
            }
            ast::TypeKind::List { item, up_to, key } => {
                self.list_type(tree.span, item, up_to.as_ref(), key.as_ref(), lists)
            }
            ast::TypeKind::Optional(of) => match self.ty(of, lists) {
                Type::Optional(of) => {
                    self.push(
                        self.at(codes::WRONG_FORM, tree.span, "a value is there or absent, not twice so")
                            .help("write one `?`"),
                    );
                    Type::Optional(of)
                }
                of => Type::Optional(Box::new(of)),
            },
            ast::TypeKind::Error => POISON,
        }
    }

    fn list_type(
        &mut self,
        span: Span,
        item: &ast::TypeExpr,
        up_to: Option<&ast::Expr>,
        key: Option<&ast::Name>,
        lists: Lists,
    ) -> Type {
        if let Some(key) = key {
            self.not_yet(key.span, "a key of a list");
        }
        let of = self.ty(item, lists);
        let bound = match up_to.map(|bound| &bound.kind) {
            Some(ast::ExprKind::Int(n)) if (1..=MAX_LENGTH).contains(n) => {
                u32::try_from(*n).unwrap_or(ANY_LENGTH)
            }
            Some(ast::ExprKind::Error) => return POISON,
            Some(_) => {
                let at = up_to.map_or(span, |bound| bound.span);
                self.push(
                    self.at(codes::LIST_BOUNDS, at, "a list holds up to a whole number of things")
                        .primary(format!("expected a number from 1 to {MAX_LENGTH}")),
                );
                return POISON;
            }
            None if lists == Lists::Any => ANY_LENGTH,
            None => {
                self.push(
                    self.at(codes::LIST_BOUNDS, span, "this list has no bound")
                        .primary("how many can there be?")
                        .reason("a run's work has to end, and a payload that never ends would be taken in")
                        .help("say how many there can be at most")
                        .fix(Fix::suggested("allow 200").insert(
                            self.file(),
                            span.end as usize,
                            " up to 200",
                        )),
                );
                return POISON;
            }
        };
        Type::List(Box::new(of), bound)
    }

    fn named_type(&mut self, path: &ast::Path) -> Type {
        match path.names.as_slice() {
            [name] => self.simple_type(name),
            [policy, level] if level.as_str() == "Level" => {
                let Some(id) = self.approval(policy) else { return POISON };
                self.program
                    .approvals
                    .get(id.index())
                    .map_or(POISON, |approval| Type::Enum(approval.level_type))
            }
            _ => {
                self.push(
                    self.at(codes::UNKNOWN_TYPE, path.span, format!("there is no type `{}`", self.clause(path.span)))
                        .help("the levels of an approval policy are the type `payment.Level`; other types have one name"),
                );
                POISON
            }
        }
    }

    fn simple_type(&mut self, name: &ast::Name) -> Type {
        if let Some((_, ty)) = PLAIN.iter().find(|(plain, _)| *plain == name.as_str()) {
            return ty.clone();
        }
        if LATER.contains(&name.as_str()) {
            self.not_yet(name.span, &format!("the type `{}`", name.text));
            return POISON;
        }
        let here = self.here;
        match self.scopes.get_mut(here).and_then(|scope| scope.find(name.as_str())) {
            Some(Symbol::Record(id)) => Type::Record(id),
            Some(Symbol::Enum(id)) => Type::Enum(id),
            Some(Symbol::Unknown) => POISON,
            Some(Symbol::Approval(id)) => {
                self.push(
                    self.at(
                        codes::WRONG_KIND,
                        name.span,
                        format!("`{}` is an approval policy, and a type is needed here", name.text),
                    )
                    .help(format!("its levels are the type `{}.Level`", name.text))
                    .fix(Fix::suggested(format!("write `{}.Level`", name.text)).insert(
                        self.file(),
                        name.span.end as usize,
                        ".Level",
                    )),
                );
                self.program
                    .approvals
                    .get(id.index())
                    .map_or(POISON, |approval| Type::Enum(approval.level_type))
            }
            Some(other) => {
                self.push(
                    self.at(
                        codes::WRONG_KIND,
                        name.span,
                        format!("`{}` is {}, and a type is needed here", name.text, other.kind().a()),
                    )
                    .primary("not a type"),
                );
                POISON
            }
            None => {
                self.unknown_type(name);
                POISON
            }
        }
    }

    fn unknown_type(&mut self, name: &ast::Name) {
        let scope = self.scopes.get(self.here);
        let known = scope.into_iter().flat_map(|scope| {
            scope.names().filter(|known| {
                scope.peek(known).is_some_and(|symbol| matches!(symbol.kind(), Kind::Record | Kind::Enum))
            })
        });
        let known: Vec<&str> = known.chain(PLAIN.iter().map(|(plain, _)| *plain)).collect();
        let mut problem = self
            .at(codes::UNKNOWN_TYPE, name.span, format!("there is no type `{}` here", name.text))
            .primary("not known here");
        let others = [
            ("String", "Text"),
            ("Str", "Text"),
            ("Boolean", "Bool"),
            ("Integer", "Int"),
            ("Number", "Decimal"),
            ("Float", "Decimal"),
            ("DateTime", "Instant"),
            ("Timestamp", "Instant"),
            ("User", "Person"),
        ];
        let other =
            others.iter().find(|(other, _)| other.eq_ignore_ascii_case(name.as_str())).map(|(_, ours)| *ours);
        if let Some(module) = self.declared_in(name.as_str()) {
            problem = problem
                .help(format!("it is declared in another module: add `use {module}.{{{}}}`", name.text));
        } else if let Some(meant) = other.or_else(|| nearest(name.as_str(), known)) {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else {
            problem = problem.help("declare it as a `record` or an `enum`, or import it with `use`");
        }
        self.push(problem);
    }

    fn measured(&mut self, name: &ast::Name, unit: &ast::Name) -> Type {
        if name.as_str() != "Money" {
            self.push(
                self.at(codes::WRONG_FORM, name.span.to(unit.span), format!("`{}` takes no unit", name.text))
                    .help("only money has one, as in `Money(EUR)`"),
            );
            return POISON;
        }
        self.currency(unit).map_or(POISON, |currency| Type::Money(Some(currency)))
    }

    /// A currency of ISO 4217.
    pub(crate) fn currency(&mut self, code: &ast::Name) -> Option<countersign_ir::value::Currency> {
        let found = currency::lookup(code.as_str());
        if found.is_none() {
            let mut problem = self
                .at(codes::UNKNOWN_CURRENCY, code.span, format!("`{}` is no currency", code.text))
                .primary("expected a code of ISO 4217, such as `EUR`");
            let upper = code.text.to_uppercase();
            let meant =
                currency::lookup(&upper).map(|_| upper.as_str()).or_else(|| nearest(&upper, currency::all()));
            if let Some(meant) = meant {
                problem = problem.help(format!("did you mean `{meant}`?")).fix(
                    Fix::suggested(format!("write `{meant}`")).edit(self.file(), code.span.range(), meant),
                );
            }
            self.push(problem);
        }
        found
    }

    /// A type as a message names it.
    pub(crate) fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::List(of, ANY_LENGTH) => format!("[{}]", self.type_name(of)),
            ty => self.program.type_name(ty),
        }
    }

    pub(crate) fn params(&mut self, params: &[ast::Param], lists: Lists) -> Vec<program::Param> {
        let mut out: Vec<program::Param> = Vec::new();
        for param in params {
            let ty = self.ty(&param.ty, lists);
            if out.iter().any(|other| param.name.as_str() == other.name) {
                self.push(
                    self.at(
                        codes::DUPLICATE_NAME,
                        param.name.span,
                        format!("two parameters are called `{}`", param.name.text),
                    )
                    .help("give one of them another name"),
                );
            }
            out.push(program::Param { name: param.name.text.to_string(), ty });
        }
        out
    }

    pub(crate) fn enum_variants(&mut self, declared: Declared<'a>) {
        match (&declared.item.kind, declared.symbol) {
            (ast::ItemKind::Enum(tree), Symbol::Enum(id)) => {
                let names: Vec<&ast::Name> = tree.variants.iter().map(|variant| &variant.name).collect();
                let variants = self.distinct(&names, &format!("`{}`", tree.name.text));
                if variants.is_empty() {
                    self.push(
                        self.at(
                            codes::MISSING_CLAUSE,
                            tree.name.span,
                            format!("`{}` has no values", tree.name.text),
                        )
                        .help("name them in its braces"),
                    );
                }
                if let Some(entry) = self.program.enums.get_mut(id.index()) {
                    entry.variants = variants;
                }
            }
            (ast::ItemKind::Approval(tree), Symbol::Approval(id)) => {
                let names: Vec<&ast::Name> = tree.levels.iter().map(|level| &level.name).collect();
                let variants = self.distinct(&names, &format!("`{}`", tree.name.text));
                if variants.is_empty() {
                    self.push(
                        self.at(
                            codes::MISSING_CLAUSE,
                            tree.name.span,
                            format!("`{}` has no levels", tree.name.text),
                        )
                        .help("name at least one, such as `full_review => ask cfo within 1d else refuse`"),
                    );
                }
                let level_type = self.program.approvals.get(id.index()).map(|approval| approval.level_type);
                if let Some(entry) = level_type.and_then(|id| self.program.enums.get_mut(id.index())) {
                    entry.variants = variants;
                }
            }
            _ => {}
        }
    }

    fn distinct(&mut self, names: &[&ast::Name], of: &str) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for name in names {
            if out.iter().any(|other| other == name.as_str()) {
                self.push(
                    self.at(codes::DUPLICATE_NAME, name.span, format!("{of} has `{}` twice", name.text))
                        .primary("again here")
                        .help("leave one of them out"),
                );
            } else {
                out.push(name.text.to_string());
            }
        }
        out
    }

    pub(crate) fn record_fields(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Record(tree), Symbol::Record(id)) = (&declared.item.kind, declared.symbol) else {
            return;
        };
        let mut fields: Vec<program::Field> = Vec::new();
        for field in &tree.fields {
            let ty = self.ty(&field.ty, Lists::Bounded);
            if ty == Type::Draft {
                self.push(
                    self.at(codes::WRONG_FORM, field.ty.span, "a record cannot hold a rendered text")
                        .reason("what is sent is rendered when it is sent, and never comes in from outside")
                        .help("use `Text`"),
                );
            }
            if fields.iter().any(|other| field.name.as_str() == other.name) {
                self.push(
                    self.at(
                        codes::DUPLICATE_NAME,
                        field.name.span,
                        format!("`{}` has a field `{}` already", tree.name.text, field.name.text),
                    )
                    .help("give one of them another name"),
                );
                continue;
            }
            fields.push(program::Field { name: field.name.text.to_string(), ty, refinement: None });
        }
        if let Some(record) = self.program.records.get_mut(id.index()) {
            record.fields = fields;
        }
    }

    /// A record that holds itself could never be filled.
    pub(crate) fn refuse_endless_records(&mut self) {
        for id in endless(&self.program.records) {
            let declared = self.items.iter().find(|declared| declared.symbol == Symbol::Record(id)).copied();
            let Some((declared, ast::ItemKind::Record(tree))) =
                declared.map(|declared| (declared, &declared.item.kind))
            else {
                continue;
            };
            self.here = declared.module;
            self.push(
                self.at(
                    codes::RECURSIVE_DEFINITION,
                    tree.name.span,
                    format!("`{}` contains itself", tree.name.text),
                )
                .primary("is inside of itself")
                .reason("a value of it would never end")
                .help("hold the id of the other one, and read it from its system"),
            );
            // Nothing that walks the types of records may meet the circle.
            if let Some(record) = self.program.records.get_mut(id.index()) {
                for field in record.fields.iter_mut().filter(|field| record_in(&field.ty).is_some()) {
                    field.ty = POISON;
                }
            }
        }
    }

    pub(crate) fn record_refinements(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Record(tree), Symbol::Record(id)) = (&declared.item.kind, declared.symbol) else {
            return;
        };
        let Some(record) = self.program.records.get(id.index()).cloned() else { return };
        for field in &tree.fields {
            let Some(condition) = &field.refinement else { continue };
            let locals = record
                .fields
                .iter()
                .enumerate()
                .map(|(at, field)| Local::slot(&field.name, Slot(index(at)), &field.ty));
            let mut frame = Frame::pure(locals.collect(), "a condition of a field");
            let holds = self.expr(&mut frame, condition, &Type::Bool);
            let refinement = Refinement { condition: holds, text: self.clause(condition.span) };
            let place = record.fields.iter().position(|known| field.name.as_str() == known.name);
            let entry = self.program.records.get_mut(id.index());
            if let Some(entry) = entry.zip(place).and_then(|(record, place)| record.fields.get_mut(place)) {
                entry.refinement = Some(refinement);
            }
        }
    }
}

/// Records that close a circle, one for each: depth first, with a stack of our own.
fn endless(records: &[program::Record]) -> Vec<RecordId> {
    let inner = |at: usize| -> Vec<usize> {
        let fields = records.get(at).map_or(&[][..], |record| record.fields.as_slice());
        fields.iter().filter_map(|field| record_in(&field.ty)).map(RecordId::index).collect()
    };
    let (mut done, mut open) = (vec![false; records.len()], vec![false; records.len()]);
    let mark = |flags: &mut Vec<bool>, at: usize, value: bool| {
        if let Some(flag) = flags.get_mut(at) {
            *flag = value;
        }
    };
    let is = |flags: &[bool], at: usize| flags.get(at).copied().unwrap_or(true);
    let mut found: Vec<RecordId> = Vec::new();
    for start in 0..records.len() {
        let mut way = if is(&done, start) { Vec::new() } else { vec![(start, inner(start))] };
        mark(&mut open, start, true);
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            match next.pop() {
                Some(to) if is(&open, to) => {
                    let id = RecordId(index(to));
                    if !is(&done, to) && !found.contains(&id) {
                        found.push(id);
                    }
                }
                Some(to) if is(&done, to) => {}
                Some(to) => {
                    mark(&mut open, to, true);
                    way.push((to, inner(to)));
                }
                None => {
                    mark(&mut open, at, false);
                    mark(&mut done, at, true);
                    way.pop();
                }
            }
        }
        mark(&mut open, start, false);
    }
    found
}

fn record_in(ty: &Type) -> Option<RecordId> {
    match ty {
        Type::Record(id) if *ty != POISON => Some(*id),
        // An absent value or an empty list ends the nesting, but the language has no use for such records yet.
        Type::List(of, _) | Type::Optional(of) => record_in(of),
        _ => None,
    }
}
