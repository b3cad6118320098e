//! Names in expressions, and fields of what they name.

use countersign_diagnostics::{Fix, codes};
use countersign_ir::program::{EnumId, Expr, Type, Typed};
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use super::{Frame, constant, fits, poisoned};
use crate::checker::{Checker, index};
use crate::collect::is_poisoned;
use crate::scope::{Kind, Symbol};
use crate::words::{a, listed, nearest};

impl Checker<'_> {
    /// What a name stands for: a local one first, then a value of the enum that is expected, then what the module knows.
    pub(super) fn name(&mut self, frame: &mut Frame, name: &ast::Name, hint: Option<&Type>) -> Typed {
        if let Some(local) = frame.local(name.as_str()) {
            let fitting = hint.is_none_or(|hint| fits(&local.ty, hint));
            if fitting || self.variant(hint, name).is_none() {
                return Typed { expr: local.value.clone(), ty: local.ty.clone() };
            }
        }
        if let Some(variant) = self.variant(hint, name) {
            return variant;
        }
        if let Some(missing) = frame.missing.iter().find(|missing| missing.name == name.as_str()) {
            self.push(
                self.at(missing.code, name.span, missing.headline.clone())
                    .primary("nothing is known by this name")
                    .help(missing.help),
            );
            return poisoned();
        }
        let here = self.here;
        let found = self.scopes.get_mut(here).and_then(|scope| scope.find(name.as_str()));
        match found {
            Some(Symbol::Setting(id)) => {
                let ty = self.program.settings.get(id.index()).map(|setting| setting.ty.clone());
                ty.map_or_else(poisoned, |ty| Typed { expr: Expr::Setting(id), ty })
            }
            Some(Symbol::Sample(at)) => self.sample_named(frame, name, at),
            Some(Symbol::Unknown) => poisoned(),
            Some(Symbol::Secret(_)) => {
                self.push(
                    self.at(codes::SECRET_ON_DISPLAY, name.span, format!("the secret `{}` cannot be used as a value", name.text))
                        .primary("would be seen here")
                        .reason("it would stand in the journal, in what people are shown, or in a message")
                        .help("a secret goes only into a connector, as in `auth bearer TOKEN`, or a signature, as in `signed standard with secret TOKEN`"),
                );
                poisoned()
            }
            Some(other) => {
                let what = other.kind();
                let problem = self
                    .at(
                        codes::WRONG_KIND,
                        name.span,
                        format!("`{}` is {}, and a value is needed here", name.text, what.a()),
                    )
                    .primary("not a value");
                let problem = match what {
                    Kind::System => problem.help(format!("ask it for something: `{}.…(…)`", name.text)),
                    Kind::Function | Kind::Decision => problem.help(format!("call it: `{}(…)`", name.text)),
                    _ => problem,
                };
                self.push(problem);
                poisoned()
            }
            None => {
                self.unknown_value(frame, name, hint);
                poisoned()
            }
        }
    }

    /// The value of the expected enum that has this name.
    fn variant(&self, hint: Option<&Type>, name: &ast::Name) -> Option<Typed> {
        let Some(Type::Enum(id)) = hint else { return None };
        let known = self.program.enums.get(id.index())?;
        known
            .variants
            .iter()
            .any(|variant| variant == name.as_str())
            .then(|| constant(Value::variant(name.as_str()), Type::Enum(*id)))
    }

    fn sample_named(&mut self, frame: &Frame, name: &ast::Name, at: usize) -> Typed {
        if !frame.in_test {
            self.push(
                self.at(
                    codes::WRONG_KIND,
                    name.span,
                    format!("`{}` is a sample, and samples stand for tests alone", name.text),
                )
                .help("write the value out"),
            );
            return poisoned();
        }
        let ty = self.samples.get(at).map(|sample| sample.ty.clone());
        match (self.sample(at, name.span), ty) {
            (Some(value), Some(ty)) => constant(value, ty),
            _ => poisoned(),
        }
    }

    fn unknown_value(&mut self, frame: &Frame, name: &ast::Name, hint: Option<&Type>) {
        let variants = match hint {
            Some(Type::Enum(id)) => self.program.enums.get(id.index()).map(|known| known.variants.clone()),
            _ => None,
        };
        let scope = self.scopes.get(self.here);
        let values = scope.into_iter().flat_map(|scope| {
            scope.names().filter(|known| {
                let kind = scope.peek(known).map(Symbol::kind);
                kind == Some(Kind::Setting) || frame.in_test && kind == Some(Kind::Sample)
            })
        });
        let locals = frame.locals.iter().map(|local| local.name.as_str());
        let known: Vec<&str> =
            locals.chain(values).chain(variants.iter().flatten().map(String::as_str)).collect();
        let meant = nearest(name.as_str(), known);
        let mut problem = match (&variants, hint) {
            (Some(_), Some(hint)) => self.at(
                codes::UNKNOWN_VARIANT,
                name.span,
                format!(
                    "`{}` is no value of `{}`, nor known here otherwise",
                    name.text,
                    self.type_name(hint)
                ),
            ),
            _ => self.at(codes::UNKNOWN_NAME, name.span, format!("nothing is called `{}` here", name.text)),
        }
        .primary("not known here");
        if let Some(meant) = meant {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else if let Some(variants) = &variants {
            problem = problem.help(format!("its values are {}", listed(variants, "and")));
        } else if let Some(module) = self.declared_in(name.as_str()) {
            problem = problem.help(format!(
                "`{}` is declared in another module: add `use {module}.{{{}}}`",
                name.text, name.text
            ));
        } else if !frame.locals.is_empty() && frame.locals.len() <= 8 {
            let locals: Vec<&str> = frame.locals.iter().map(|local| local.name.as_str()).collect();
            problem = problem.help(format!("known here: {}", listed(&locals, "and")));
        }
        self.push(problem);
    }

    /// `invoice.amount`, `InvoiceStatus.open`, `payment.full_review`
    pub(super) fn field(&mut self, frame: &mut Frame, base: &ast::Expr, name: &ast::Name) -> Typed {
        if let ast::ExprKind::Name(owner) = &base.kind
            && frame.local(owner.as_str()).is_none()
        {
            let here = self.here;
            let found = self.scopes.get(here).and_then(|scope| scope.peek(owner.as_str()));
            let of = match found {
                Some(Symbol::Enum(id)) => Some(id),
                Some(Symbol::Approval(id)) => {
                    self.program.approvals.get(id.index()).map(|policy| policy.level_type)
                }
                Some(Symbol::System(_)) => {
                    self.push(
                        self.at(
                            codes::WRONG_KIND,
                            base.span.to(name.span),
                            format!("`{}.{}` is not called", owner.text, name.text),
                        )
                        .help(format!("give it its arguments: `{}.{}(…)`", owner.text, name.text)),
                    );
                    return poisoned();
                }
                _ => None,
            };
            if let Some(of) = of {
                if let Some(scope) = self.scopes.get_mut(here) {
                    scope.find(owner.as_str());
                }
                return self.qualified(of, name);
            }
        }
        let of = self.infer(frame, base, None);
        self.field_of(base.span, of, name)
    }

    fn qualified(&mut self, of: EnumId, name: &ast::Name) -> Typed {
        let ty = Type::Enum(of);
        if let Some(variant) = self.variant(Some(&ty), name) {
            return variant;
        }
        let known =
            self.program.enums.get(of.index()).map(|known| known.variants.clone()).unwrap_or_default();
        let type_name = self.type_name(&ty);
        let mut problem = self
            .at(codes::UNKNOWN_VARIANT, name.span, format!("`{type_name}` has no value `{}`", name.text))
            .primary("not one of its values")
            .help(format!("its values are {}", listed(&known, "and")));
        if let Some(meant) = nearest(name.as_str(), known.iter().map(String::as_str)) {
            problem = problem.fix(Fix::suggested(format!("write `{meant}`")).edit(
                self.file(),
                name.span.range(),
                meant,
            ));
        }
        self.push(problem);
        poisoned()
    }

    /// A field of a value.
    pub(super) fn field_of(&mut self, base: Span, of: Typed, name: &ast::Name) -> Typed {
        match &of.ty {
            ty if is_poisoned(ty) => poisoned(),
            Type::Record(id) => {
                let record = self.program.records.get(id.index());
                let place = record
                    .and_then(|record| record.fields.iter().position(|field| field.name == name.as_str()));
                let ty = record
                    .zip(place)
                    .and_then(|(record, at)| record.fields.get(at))
                    .map(|field| field.ty.clone());
                match place.zip(ty) {
                    Some((at, ty)) => Typed { expr: Expr::Field(Box::new(of.expr), index(at)), ty },
                    None => {
                        self.unknown_field(*id, name);
                        poisoned()
                    }
                }
            }
            Type::Optional(inner) if matches!(**inner, Type::Record(_)) => {
                let shown = self.clause(base);
                self.push(
                    self.at(
                        codes::MAY_BE_ABSENT,
                        base,
                        format!("`{shown}` may be absent, and then has no `{}`", name.text),
                    )
                    .primary(format!("`{}`", self.type_name(&of.ty)))
                    .reason(
                        "the rule would have nothing to go by in the very case that somebody has to decide",
                    )
                    .help(format!("ask first: `{shown} is some and {shown}.{} …`", name.text)),
                );
                poisoned()
            }
            ty => {
                let problem = self
                    .at(codes::UNKNOWN_FIELD, name.span, format!("{} has no fields", a(&self.type_name(ty))))
                    .primary(format!("`{}` of what?", name.text));
                let problem = match ty {
                    Type::List(..) => problem
                        .help("a list has things, and they have fields; count them with `count(x in list)`"),
                    _ => problem,
                };
                self.push(problem);
                poisoned()
            }
        }
    }

    /// Says that a record has no such field.
    pub(crate) fn unknown_field(&mut self, id: countersign_ir::program::RecordId, name: &ast::Name) {
        let Some(record) = self.program.records.get(id.index()) else { return };
        let known: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
        let of = if record.name.is_empty() { "this record".to_owned() } else { format!("`{}`", record.name) };
        let mut problem = self
            .at(codes::UNKNOWN_FIELD, name.span, format!("{of} has no field `{}`", name.text))
            .primary("not one of its fields");
        if let Some(meant) = nearest(name.as_str(), known.iter().copied()) {
            problem = problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), name.span.range(), meant));
        } else if !known.is_empty() {
            problem = problem.help(format!("its fields are {}", listed(&known, "and")));
        }
        self.push(problem);
    }
}
