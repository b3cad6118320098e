//! What an action makes true, read off its own postcondition.
//!
//! A condition over reads is taken apart into single demands: *this field of what that read answers is so*. Demands that
//! cannot be met by setting a field (a count, an order) are left alone; then the action proves nothing in simulation
//! either, and a test that wants it says so with `when … then …`.

use countersign_ir::program::{Comparison, Expr, Program, Slot, Type};
use countersign_ir::value::Value;

use crate::record::Maker;

/// What one place of an answer must be.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    /// Which slot of the action's frame: a read's, or the probe's element.
    pub slot: Slot,
    /// Fields from there, outermost first.
    path: Vec<u16>,
    want: Want,
}

#[derive(Debug, Clone)]
enum Want {
    Be(Expr),
    NotBe(Expr),
    OneOf(Vec<Expr>),
    Bool(bool),
    There,
    Absent,
}

/// A slot and the fields of it that an expression names.
fn place(expr: &Expr) -> Option<(Slot, Vec<u16>)> {
    match expr {
        Expr::Slot(slot) => Some((*slot, Vec::new())),
        Expr::Field(of, field) => {
            let (slot, mut path) = place(of)?;
            path.push(*field);
            Some((slot, path))
        }
        Expr::Default(first, _) => place(first),
        _ => None,
    }
}

/// What a condition demands of the slots from `first` on.
pub(crate) fn demands(condition: &Expr, first: usize) -> Vec<Demand> {
    let mut all = Vec::new();
    collect(condition, first, true, &mut all);
    all
}

fn collect(condition: &Expr, first: usize, holds: bool, all: &mut Vec<Demand>) {
    let target = |expr: &Expr| place(expr).filter(|(slot, _)| slot.index() >= first);
    let mut demand = |(slot, path): (Slot, Vec<u16>), want: Want| all.push(Demand { slot, path, want });
    match condition {
        Expr::And(parts) if holds => parts.iter().for_each(|part| collect(part, first, true, all)),
        // One of them is enough.
        Expr::Or(parts) if holds => parts.iter().take(1).for_each(|part| collect(part, first, true, all)),
        Expr::Or(parts) => parts.iter().for_each(|part| collect(part, first, false, all)),
        Expr::And(parts) => parts.iter().take(1).for_each(|part| collect(part, first, false, all)),
        Expr::Not(of) => collect(of, first, !holds, all),
        Expr::Compare(how, left, right) => {
            let Some((place, other)) =
                target(left).map(|place| (place, right)).or_else(|| target(right).map(|place| (place, left)))
            else {
                return;
            };
            let equal = match how {
                Comparison::Equal => true,
                Comparison::NotEqual => false,
                Comparison::LessOrEqual | Comparison::GreaterOrEqual if holds => true,
                _ => return,
            };
            let other = (**other).clone();
            demand(place, if equal == holds { Want::Be(other) } else { Want::NotBe(other) });
        }
        Expr::OneOf(of, options) if holds => {
            if let Some(place) = target(of) {
                demand(place, Want::OneOf(options.clone()));
            }
        }
        Expr::IsSome(of) => {
            if let Some(place) = target(of) {
                demand(place, if holds { Want::There } else { Want::Absent });
            }
        }
        Expr::Slot(_) | Expr::Field(..) => {
            if let Some(place) = target(condition) {
                demand(place, Want::Bool(holds));
            }
        }
        _ => {}
    }
}

impl Demand {
    /// The value with this demand met. `eval` gives the value of what it is compared with; none leaves it as it is.
    pub(crate) fn meet(
        &self,
        maker: &Maker<'_>,
        ty: &Type,
        value: Value,
        eval: &dyn Fn(&Expr) -> Option<Value>,
    ) -> Value {
        self.meet_at(maker, ty, value, &self.path, eval)
    }

    fn meet_at(
        &self,
        maker: &Maker<'_>,
        ty: &Type,
        value: Value,
        path: &[u16],
        eval: &dyn Fn(&Expr) -> Option<Value>,
    ) -> Value {
        let inner = if let Type::Optional(of) = ty { of } else { ty };
        let Some((field, rest)) = path.split_first() else {
            return self.leaf(maker, inner, value, eval);
        };
        let Some(of) = field_type(maker.program, inner, *field) else { return value };
        let value = if value == Value::None { maker.value("", inner) } else { value };
        let Value::Record(fields) = &value else { return value };
        let mut fields = fields.to_vec();
        if let Some(place) = fields.get_mut(usize::from(*field)) {
            let old = std::mem::replace(place, Value::None);
            *place = self.meet_at(maker, of, old, rest, eval);
        }
        Value::record(fields)
    }

    fn leaf(
        &self,
        maker: &Maker<'_>,
        ty: &Type,
        value: Value,
        eval: &dyn Fn(&Expr) -> Option<Value>,
    ) -> Value {
        match &self.want {
            Want::Be(expr) => eval(expr).unwrap_or(value),
            Want::Bool(yes) => Value::Bool(*yes),
            Want::Absent => Value::None,
            Want::There if value == Value::None => maker.value("", ty),
            Want::There => value,
            Want::OneOf(options) => {
                let options: Vec<Value> = options.iter().filter_map(eval).collect();
                if options.contains(&value) { value } else { options.into_iter().next().unwrap_or(value) }
            }
            Want::NotBe(expr) => match eval(expr) {
                Some(wrong) if wrong == value => other_than(maker, ty, value),
                _ => value,
            },
        }
    }
}

fn field_type<'p>(program: &'p Program, ty: &Type, field: u16) -> Option<&'p Type> {
    let Type::Record(id) = ty else { return None };
    program.records.get(id.index())?.fields.get(usize::from(field)).map(|field| &field.ty)
}

/// Some value of the type that differs.
fn other_than(maker: &Maker<'_>, ty: &Type, value: Value) -> Value {
    match (&value, ty) {
        (Value::Enum(name), Type::Enum(id)) => {
            let variants = maker.program.enums.get(id.index()).map_or(&[][..], |e| &e.variants);
            let other = variants.iter().find(|variant| **variant != **name);
            other.map_or(value, |variant| Value::variant(variant.as_str()))
        }
        (Value::Bool(yes), _) => Value::Bool(!yes),
        (Value::Int(n), _) => Value::Int(n.saturating_add(1)),
        (Value::Text(_), _) => Value::text(maker.id),
        (Value::None, _) => maker.value("", ty),
        _ => value,
    }
}
