//! Tests, samples and the simulation: the same typing as for flows, lowered to a suite that stands beside the program.

mod given;
mod steps;

use countersign_diagnostics::codes;
use countersign_engine::eval::Scope as Evaluation;
use countersign_ir::program::Type;
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared, Lazy};
use crate::expr::Frame;
use crate::scope::Symbol;

impl<'a> Checker<'a> {
    pub(crate) fn sample_value(&mut self, declared: Declared<'a>) {
        if let Symbol::Sample(at) = declared.symbol {
            self.sample(at, declared.item.span);
        }
    }

    /// The value of a sample, worked out when it is first needed.
    pub(crate) fn sample(&mut self, at: usize, asked: Span) -> Option<Value> {
        let sample = self.samples.get_mut(at)?;
        match &sample.value {
            Lazy::Done(value) => return Some(value.clone()),
            Lazy::Failed => return None,
            Lazy::InProgress => {
                let name = sample.tree.name.text.clone();
                self.push(self.at(
                    codes::RECURSIVE_DEFINITION,
                    asked,
                    format!("the sample `{name}` is made of itself"),
                ));
                return None;
            }
            Lazy::Untouched => {}
        }
        if self.depth >= crate::checker::MAX_DEPTH {
            self.too_deep(asked);
            return None;
        }
        let sample = self.samples.get_mut(at)?;
        sample.value = Lazy::InProgress;
        let (tree, module, ty) = (sample.tree, sample.module, sample.ty.clone());
        let back = std::mem::replace(&mut self.here, module);
        self.depth += 1;
        let value = self.value(&tree.value, &ty, "a sample");
        self.depth -= 1;
        self.here = back;
        let sample = self.samples.get_mut(at)?;
        sample.value = value.clone().map_or(Lazy::Failed, Lazy::Done);
        value
    }

    /// A value that is known beforehand and passes the door.
    pub(crate) fn value(&mut self, tree: &ast::Expr, ty: &Type, place: &'static str) -> Option<Value> {
        let mut frame = Frame::pure(Vec::new(), place);
        frame.in_test = true;
        let errors = self.found.len();
        let expr = self.expr(&mut frame, tree, ty);
        if self.found.iter().skip(errors).any(countersign_diagnostics::Diagnostic::is_error) {
            return None;
        }
        let value = self.literal(tree.span, &expr, ty, place)?;
        self.admitted(tree.span, &value, ty).then_some(value)
    }

    /// Whether a value meets the conditions of its type; says so if not.
    fn admitted(&mut self, span: Span, value: &Value, ty: &Type) -> bool {
        let settings: Vec<Value> = self
            .program
            .settings
            .iter()
            .map(|setting| setting.default.clone().unwrap_or(Value::None))
            .collect();
        let mut path = Vec::new();
        let Some((field, text)) = self.breach(value, ty, &settings, &mut path) else { return true };
        self.push(
            self.at(
                codes::IMPOSSIBLE_VALUE,
                span,
                format!("the door would not let this in: `{field}` does not meet `{text}`"),
            )
            .primary("no event could have this value")
            .help("choose a value that the type admits"),
        );
        false
    }

    /// The first field that breaks its condition, with the condition.
    fn breach(
        &self,
        value: &Value,
        ty: &Type,
        settings: &[Value],
        path: &mut Vec<String>,
    ) -> Option<(String, String)> {
        match (ty, value) {
            (_, Value::None) => None,
            (Type::Optional(of), value) => self.breach(value, of, settings, path),
            (Type::List(of, _), Value::List(items)) => {
                items.iter().find_map(|item| self.breach(item, of, settings, path))
            }
            (Type::Record(id), Value::Record(values)) => {
                let record = self.program.records.get(id.index())?;
                let frame: Vec<Option<Value>> = values.iter().cloned().map(Some).collect();
                let scope = Evaluation { frame: &frame, settings };
                for (field, value) in record.fields.iter().zip(values.iter()) {
                    path.push(field.name.clone());
                    if let Some(refinement) = &field.refinement
                        && let Ok(false) = scope.holds(&refinement.condition)
                    {
                        return Some((path.join("."), refinement.text.clone()));
                    }
                    if let Some(inner) = self.breach(value, &field.ty, settings, path) {
                        return Some(inner);
                    }
                    path.pop();
                }
                None
            }
            _ => None,
        }
    }
}
