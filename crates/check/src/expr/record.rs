//! Records and lists: made, changed, matched.

use countersign_diagnostics::codes;
use countersign_ir::program::{self, Comparison, Expr, RecordId, Type, Typed};
use countersign_syntax::{Span, ast};

use super::{Frame, opened, opened_where_known, poisoned};
use crate::checker::{Checker, POISON, index};
use crate::collect::is_poisoned;
use crate::words::listed;

impl Checker<'_> {
    pub(super) fn record(
        &mut self,
        frame: &mut Frame,
        literal: &ast::RecordLiteral,
        hint: Option<&Type>,
    ) -> Typed {
        let Some(Type::Record(id)) = hint else {
            return self.anonymous(frame, literal);
        };
        let Some(record) = self.program.records.get(id.index()).cloned() else { return poisoned() };
        let mut values: Vec<Option<Expr>> = vec![None; record.fields.len()];
        for field in &literal.fields {
            let Some((at, known)) = self.known_field(*id, &record, &field.name) else {
                self.value_of(frame, field, None);
                continue;
            };
            let value = self.value_of(frame, field, Some(&known.ty));
            let value = self.fit(field.span, value, &known.ty);
            match values.get_mut(at) {
                Some(Some(_)) => self.field_twice(field),
                Some(slot) => *slot = Some(value),
                None => {}
            }
        }
        let missing: Vec<&str> = record
            .fields
            .iter()
            .zip(&values)
            .filter(|(field, value)| value.is_none() && !matches!(field.ty, Type::Optional(_)))
            .map(|(field, _)| field.name.as_str())
            .collect();
        if !missing.is_empty() {
            self.push(
                self.at(
                    codes::MISSING_FIELD,
                    literal.span,
                    format!("this `{}` has no {}", record.name, listed(&missing, "and no")),
                )
                .primary(format!("{} missing", listed(&missing, "and")))
                .help("a record has all its fields; one that may be absent has the type `T?`"),
            );
        }
        let none = || Expr::Const(countersign_ir::value::Value::None);
        let fields = values.into_iter().map(|value| value.unwrap_or_else(none)).collect();
        Typed { expr: Expr::Record(fields), ty: Type::Record(*id) }
    }

    fn field_twice(&mut self, field: &ast::FieldValue) {
        self.push(
            self.at(codes::DUPLICATE_NAME, field.span, format!("`{}` is given twice", field.name.text))
                .help("leave one of them out"),
        );
    }

    fn known_field<'r>(
        &mut self,
        id: RecordId,
        record: &'r program::Record,
        name: &ast::Name,
    ) -> Option<(usize, &'r program::Field)> {
        let at = record.fields.iter().position(|field| field.name == name.as_str());
        if at.is_none() {
            self.unknown_field(id, name);
        }
        at.and_then(|at| record.fields.get(at).map(|field| (at, field)))
    }

    fn value_of(&mut self, frame: &mut Frame, field: &ast::FieldValue, hint: Option<&Type>) -> Typed {
        match &field.value {
            Some(value) => self.infer(frame, value, hint),
            None => {
                let found = self.name(frame, &field.name, hint);
                opened_where_known(frame, found)
            }
        }
    }

    /// A record of no name, such as the body of a request: its fields are those that are written.
    pub(crate) fn anonymous(&mut self, frame: &mut Frame, literal: &ast::RecordLiteral) -> Typed {
        let mut fields: Vec<program::Field> = Vec::new();
        let mut values = Vec::new();
        for field in &literal.fields {
            let value = self.value_of(frame, field, None);
            if fields.iter().any(|known| known.name == field.name.as_str()) {
                self.field_twice(field);
                continue;
            }
            fields.push(program::Field { name: field.name.text.to_string(), ty: value.ty, refinement: None });
            values.push(value.expr);
        }
        Typed { expr: Expr::Record(values), ty: Type::Record(self.shape(fields)) }
    }

    /// The record of no name with these fields: the same ones give the same record.
    pub(crate) fn shape(&mut self, fields: Vec<program::Field>) -> RecordId {
        let wanted = program::Record { name: String::new(), fields };
        let known = self.program.records.iter().position(|record| *record == wanted);
        RecordId(known.map_or_else(|| crate::collect::push(&mut self.program.records, wanted), index))
    }

    /// `invoice with { status: settled }`
    pub(super) fn with(
        &mut self,
        frame: &mut Frame,
        base: &ast::Expr,
        changes: &ast::RecordLiteral,
        hint: Option<&Type>,
    ) -> Typed {
        let of = self.infer(frame, base, hint);
        let Type::Record(id) = &of.ty else {
            let name = self.type_name(&of.ty);
            self.push(
                self.at(
                    codes::TYPE_MISMATCH,
                    base.span,
                    format!("only a record can be changed with `with`, and this is `{name}`"),
                )
                .primary("not a record"),
            );
            return poisoned();
        };
        let Some(record) = self.program.records.get(id.index()).cloned() else { return poisoned() };
        let mut replaced: Vec<(u16, Expr)> = Vec::new();
        for field in &changes.fields {
            let Some((at, known)) = self.known_field(*id, &record, &field.name) else {
                self.value_of(frame, field, None);
                continue;
            };
            let value = self.value_of(frame, field, Some(&known.ty));
            let value = self.fit(field.span, value, &known.ty);
            if replaced.iter().any(|(other, _)| *other == index(at)) {
                self.field_twice(field);
            }
            replaced.push((index(at), value));
        }
        Typed { expr: Expr::With(Box::new(of.expr), replaced), ty: of.ty }
    }

    pub(super) fn list(
        &mut self,
        frame: &mut Frame,
        span: Span,
        items: &[ast::Expr],
        hint: Option<&Type>,
    ) -> Typed {
        let (mut of, room) = match hint {
            Some(Type::List(of, room)) => (Some((**of).clone()), Some(*room)),
            _ => (None, None),
        };
        let mut values = Vec::new();
        for item in items {
            let value = match &of {
                Some(of) => self.expr(frame, item, &of.clone()),
                None => {
                    let first = self.infer(frame, item, None);
                    of = Some(first.ty);
                    first.expr
                }
            };
            values.push(value);
        }
        let len = u32::try_from(values.len()).unwrap_or(u32::MAX);
        if let Some(room) = room.filter(|room| len > *room) {
            self.push(
                self.at(
                    codes::LIST_BOUNDS,
                    span,
                    format!("this list has {len} things, and {room} is the most"),
                )
                .help("leave some out, or let the type hold more"),
            );
            return poisoned();
        }
        match of {
            Some(of) => Typed { expr: Expr::List(values), ty: Type::List(Box::new(of), len) },
            None => Typed { expr: Expr::List(values), ty: Type::List(Box::new(POISON), 0) },
        }
    }

    /// `payment(id) matches { invoice: invoice.id, status: settled }`
    pub(super) fn matches(
        &mut self,
        frame: &mut Frame,
        subject: &ast::Expr,
        pattern: &ast::RecordLiteral,
    ) -> Typed {
        let of = self.infer(frame, subject, None);
        Typed { expr: self.meets(frame, subject.span, &of, pattern), ty: Type::Bool }
    }

    /// The condition that a record meets a pattern; what may be absent meets it only if it is there.
    pub(crate) fn meets(
        &mut self,
        frame: &mut Frame,
        span: Span,
        of: &Typed,
        pattern: &ast::RecordLiteral,
    ) -> Expr {
        let Type::Record(id) = opened(&of.ty).clone() else {
            if !is_poisoned(&of.ty) {
                let name = self.type_name(&of.ty);
                self.push(
                    self.at(
                        codes::TYPE_MISMATCH,
                        span,
                        format!("only a record matches fields, and this is `{name}`"),
                    )
                    .primary("not a record"),
                );
            }
            return poisoned().expr;
        };
        let Some(record) = self.program.records.get(id.index()).cloned() else { return poisoned().expr };
        let mut parts = Vec::new();
        if matches!(of.ty, Type::Optional(_)) {
            parts.push(Expr::IsSome(Box::new(of.expr.clone())));
        }
        if pattern.fields.is_empty() {
            self.push(
                self.at(codes::HOLLOW_PROOF, pattern.span, "this matches everything")
                    .reason("a proof that cannot fail proves nothing")
                    .help("name the fields that must be so"),
            );
        }
        for field in &pattern.fields {
            let Some((at, known)) = self.known_field(id, &record, &field.name) else {
                self.value_of(frame, field, None);
                continue;
            };
            let value = self.value_of(frame, field, Some(&known.ty));
            let written = field.value.as_ref().map_or(field.span, |value| value.span);
            let place = Expr::Field(Box::new(of.expr.clone()), index(at));
            let left = Typed { expr: place, ty: known.ty.clone() };
            parts.push(self.compared(Comparison::Equal, written, field.span, left, value));
        }
        match <[Expr; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) => Expr::And(parts),
        }
    }
}
