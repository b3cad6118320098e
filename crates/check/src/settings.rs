//! Settings: what an organisation may choose, within bounds that every proof ranges over.
//!
//! Types, defaults and bounds come from the source; the values of a deployment from `countersign.toml` and from whoever
//! starts it. Both are read by the same reader of values as a payload is, and checked against the same bounds.

use std::fmt;

use countersign_diagnostics::codes;
use countersign_engine::eval::Scope as Evaluation;
use countersign_ir::json::{self, Refine};
use countersign_ir::program::{Expr, Program, Refinement, Setting, Type};
use countersign_ir::value::Value;
use countersign_syntax::ast;

use crate::checker::{Checker, Declared};
use crate::collect::is_poisoned;
use crate::expr::{Frame, children};
use crate::manifest::Manifest;
use crate::scope::Symbol;
use crate::types::Lists;
use crate::words::{a, nearest};

/// Why a deployment cannot start with these settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The setting.
    pub name: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the setting `{}` {}", self.name, self.problem)
    }
}

impl std::error::Error for SettingError {}

/// The values of a deployment's settings, in the order of the program's table: an override goes before the manifest, the
/// manifest before the default.
///
/// # Errors
/// All that is wrong: settings without a value, values that cannot be read or lie outside of their bounds, and names that
/// no setting has.
pub fn settings(
    program: &Program,
    manifest: &Manifest,
    overrides: &[(String, String)],
) -> Result<Vec<Value>, Vec<SettingError>> {
    let mut errors = Vec::new();
    let mut values = Vec::new();
    for setting in &program.settings {
        let chosen = overrides.iter().rev().find(|(name, _)| *name == setting.name);
        let value = match chosen {
            Some((_, text)) => read(program, setting, text),
            None => match manifest.settings.iter().find(|entry| entry.name == setting.name) {
                Some(entry) => read(program, setting, &entry.value),
                None => setting.default.clone().ok_or_else(|| {
                    format!("has no value: add `{} = …` under `[settings]` of countersign.toml", setting.name)
                }),
            },
        };
        match value {
            Ok(value) => values.push(value),
            Err(problem) => {
                errors.push(SettingError { name: setting.name.clone(), problem });
                values.push(Value::None);
            }
        }
    }
    let names: Vec<&str> = program.settings.iter().map(|setting| setting.name.as_str()).collect();
    let given =
        manifest.settings.iter().map(|entry| &entry.name).chain(overrides.iter().map(|(name, _)| name));
    for name in given.filter(|name| !names.contains(&name.as_str())) {
        let meant = nearest(name, names.iter().copied());
        let hint = meant.map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"));
        errors.push(SettingError { name: name.clone(), problem: format!("is declared by no module{hint}") });
    }
    if errors.is_empty() {
        errors = outside(program, &values);
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// Whether all settings that a condition speaks of have a value.
fn is_known(condition: &Expr, values: &[Value]) -> bool {
    let mut todo = vec![condition];
    while let Some(next) = todo.pop() {
        if let Expr::Setting(id) = next
            && values.get(id.index()).is_none_or(|value| *value == Value::None)
        {
            return false;
        }
        todo.extend(children(next));
    }
    true
}

/// The settings whose value lies outside of their bounds; what rests on one without a value is not judged.
pub(crate) fn outside(program: &Program, values: &[Value]) -> Vec<SettingError> {
    let scope = Evaluation { frame: &[], settings: values };
    let mut errors = Vec::new();
    for (setting, value) in program.settings.iter().zip(values) {
        if let Some(bounds) = &setting.bounds
            && *value != Value::None
            && is_known(&bounds.condition, values)
            && !scope.holds(&bounds.condition).unwrap_or(false)
        {
            let problem = format!("is {value}, which lies outside of its bounds: {}", bounds.text);
            errors.push(SettingError { name: setting.name.clone(), problem });
        }
    }
    errors
}

struct Unrefined;

impl Refine for Unrefined {
    fn holds(&self, _: &Expr, _: &[Value]) -> bool {
        true
    }
}

/// Reads a value as people write it in a configuration: a literal of the language, with or without quotes.
pub(crate) fn read(program: &Program, setting: &Setting, text: &str) -> Result<Value, String> {
    let text = text.trim();
    let bare = match setting.ty {
        Type::Percent => text.trim_end_matches('%').trim_end(),
        _ => text,
    };
    let plain = matches!(setting.ty, Type::Bool | Type::Int | Type::Decimal | Type::Percent);
    let json = if plain { bare.replace('_', "") } else { serde_json::Value::from(bare).to_string() };
    json::decode(program, &setting.ty, json.as_bytes(), &Unrefined).map_err(|_| {
        let example = example(program, &setting.ty);
        format!("is `{text}`, and {} such as `{example}` is expected", a(&program.type_name(&setting.ty)))
    })
}

fn example(program: &Program, ty: &Type) -> String {
    match ty {
        Type::Money(Some(currency)) => format!("500 {currency}"),
        Type::Money(None) => "500 EUR".to_owned(),
        Type::Bool => "true".to_owned(),
        Type::Int => "5".to_owned(),
        Type::Decimal => "0.5".to_owned(),
        Type::Percent => "5%".to_owned(),
        Type::Duration => "30min".to_owned(),
        Type::Date => "2026-11-22".to_owned(),
        Type::Time => "09:00".to_owned(),
        Type::Instant => "2026-11-22T09:00:00Z".to_owned(),
        Type::Email | Type::Person => "dana@acme.test".to_owned(),
        Type::Url => "https://erp.acme.test".to_owned(),
        Type::Enum(id) => {
            program.enums.get(id.index()).and_then(|e| e.variants.first().cloned()).unwrap_or_default()
        }
        _ => "text".to_owned(),
    }
}

impl<'a> Checker<'a> {
    pub(crate) fn setting_type(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Setting(tree), Symbol::Setting(id)) = (&declared.item.kind, declared.symbol)
        else {
            return;
        };
        let mut ty = self.ty(&tree.ty, Lists::Bounded);
        if matches!(ty, Type::Record(_) | Type::List(..) | Type::Optional(_) | Type::Draft)
            && !is_poisoned(&ty)
        {
            self.push(
                self.at(codes::WRONG_FORM, tree.ty.span, format!("a setting cannot be {}", a(&self.type_name(&ty))))
                    .help("a setting is one value that `countersign.toml` can name: a number, an amount, a text, a duration, …"),
            );
            ty = crate::checker::POISON;
        }
        if let Some(setting) = self.program.settings.get_mut(id.index()) {
            setting.ty = ty;
        }
    }

    pub(crate) fn setting_value(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Setting(tree), Symbol::Setting(id)) = (&declared.item.kind, declared.symbol)
        else {
            return;
        };
        let Some(ty) = self.program.settings.get(id.index()).map(|setting| setting.ty.clone()) else {
            return;
        };
        let default = tree.default.as_ref().and_then(|default| {
            let mut frame = Frame::pure(Vec::new(), "the default of a setting");
            let value = self.expr(&mut frame, default, &ty);
            self.literal(default.span, &value, &ty, "the default of a setting")
        });
        let bounds = tree.bounds.as_ref().map(|bounds| {
            let mut frame = Frame::pure(Vec::new(), "the bounds of a setting");
            let condition = self.expr(&mut frame, bounds, &Type::Bool);
            Refinement { condition, text: self.clause(bounds.span) }
        });
        if let Some(setting) = self.program.settings.get_mut(id.index()) {
            setting.default = default;
            setting.bounds = bounds;
        }
    }

    /// Refuses defaults outside of their own bounds, once all settings are known.
    pub(crate) fn check_defaults(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Setting(tree), Symbol::Setting(id)) = (&declared.item.kind, declared.symbol)
        else {
            return;
        };
        let values: Vec<Value> = self
            .program
            .settings
            .iter()
            .map(|setting| setting.default.clone().unwrap_or(Value::None))
            .collect();
        let Some(setting) = self.program.settings.get(id.index()) else { return };
        let (Some(bounds), Some(default)) = (&setting.bounds, &setting.default) else { return };
        let scope = Evaluation { frame: &[], settings: &values };
        if is_known(&bounds.condition, &values) && !scope.holds(&bounds.condition).unwrap_or(false) {
            let problem = self
                .at(
                    codes::SETTING_OUT_OF_BOUNDS,
                    tree.default.as_ref().map_or(tree.name.span, |default| default.span),
                    format!("the default of `{}` lies outside of its own bounds", tree.name.text),
                )
                .primary(format!("{default} does not meet `{}`", bounds.text))
                .label(self.file(), tree.bounds.as_ref().map_or(tree.name.span, |bounds| bounds.span).range(), "these bounds")
                .reason("every proof takes the bounds for granted, and an organisation that sets nothing would break them")
                .help("move the default inside, or widen the bounds if the policy allows it");
            self.push(problem);
        }
    }

    /// The value of an expression that must be known beforehand.
    pub(crate) fn literal(
        &mut self,
        span: countersign_syntax::Span,
        expr: &Expr,
        ty: &Type,
        place: &str,
    ) -> Option<Value> {
        let scope = Evaluation { frame: &[], settings: &[] };
        if is_poisoned(ty) {
            return None;
        }
        match scope.eval(expr) {
            Ok(value) => Some(value),
            Err(_) if self.has_errors_in(span) => None,
            Err(_) => {
                self.push(
                    self.at(
                        codes::NOT_A_LITERAL,
                        span,
                        format!("{place} is a value that is known beforehand"),
                    )
                    .primary("cannot be worked out here")
                    .help("write the value out"),
                );
                None
            }
        }
    }

    /// Whether an error has been given inside of that text, so that nothing more need be said of it.
    pub(crate) fn has_errors_in(&self, span: countersign_syntax::Span) -> bool {
        let (file, range) = (self.file(), span.range());
        self.found.iter().any(|problem| {
            problem.is_error()
                && problem.file == file
                && problem.span.start >= range.start
                && problem.span.end <= range.end
        })
    }
}
