//! Terms: expressions as the flow sees them, and their names.

use countersign_ir::program::{Expr, Flow, Program, Slot, StepKind, Type};

/// An expression over one frame, rewritten over another: each slot stands for its argument.
pub(crate) fn substitute(expr: &Expr, args: &[Expr]) -> Expr {
    let one = |of: &Expr| Box::new(substitute(of, args));
    let all = |of: &[Expr]| of.iter().map(|part| substitute(part, args)).collect();
    match expr {
        // A slot without an argument (a result, an element of a probe) stands for nothing that the flow knows.
        Expr::Slot(slot) => args.get(slot.index()).cloned().unwrap_or(Expr::Slot(Slot(u16::MAX))),
        Expr::Field(of, place) => match substitute(of, args) {
            // A field of a record that is built or changed right here is what it was built from.
            Expr::Record(fields) => match fields.get(usize::from(*place)) {
                Some(field) => field.clone(),
                None => Expr::Field(Box::new(Expr::Record(fields)), *place),
            },
            Expr::With(base, changes) => match changes.iter().find(|(changed, _)| changed == place) {
                Some((_, change)) => change.clone(),
                None => Expr::Field(base, *place),
            },
            of => Expr::Field(Box::new(of), *place),
        },
        // A text is no amount; its holes stay as they are, and it equals nothing that a rule bounds.
        Expr::Const(_) | Expr::Setting(_) | Expr::Text(_) => expr.clone(),
        Expr::Record(fields) => Expr::Record(all(fields)),
        Expr::With(of, changes) => Expr::With(
            one(of),
            changes.iter().map(|(place, change)| (*place, substitute(change, args))).collect(),
        ),
        Expr::List(parts) => Expr::List(all(parts)),
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(of) => Expr::Not(one(of)),
        Expr::Compare(how, left, right) => Expr::Compare(*how, one(left), one(right)),
        Expr::OneOf(of, options) => Expr::OneOf(one(of), all(options)),
        Expr::IsSome(of) => Expr::IsSome(one(of)),
        Expr::Arithmetic(operator, left, right) => Expr::Arithmetic(*operator, one(left), one(right)),
        Expr::Default(first, second) => Expr::Default(one(first), one(second)),
        Expr::Count(of) => Expr::Count(one(of)),
    }
}

/// What a name of the flow stands for: names bound to plain expressions are followed to what they were bound to.
pub(crate) fn resolve(flow: &Flow, expr: &Expr) -> Expr {
    let mut args: Vec<Expr> = (0..flow.slots.len())
        .map(|place| Expr::Slot(Slot(u16::try_from(place).unwrap_or(u16::MAX))))
        .collect();
    // Names are bound once and before they are used, so one pass in the order of the source settles them all.
    for step in &flow.steps {
        if let StepKind::Let { into, value } = &step.kind {
            let value = substitute(value, &args);
            if let Some(arg) = args.get_mut(into.index()) {
                *arg = value;
            }
        }
    }
    substitute(expr, &args)
}

/// A term in the words of the flow: `invoice.amount`. None for what has no name.
pub(crate) fn name(program: &Program, flow: &Flow, term: &Expr) -> Option<String> {
    named(program, flow, term).map(|(name, _)| name)
}

/// A term in the words of the flow, with its type.
pub(crate) fn named(program: &Program, flow: &Flow, term: &Expr) -> Option<(String, Type)> {
    match term {
        Expr::Slot(slot) => {
            let binding = flow.slots.get(slot.index()).filter(|binding| !binding.name.is_empty())?;
            Some((binding.name.clone(), binding.ty.clone()))
        }
        Expr::Field(of, place) => {
            let (of, ty) = named(program, flow, of)?;
            let Type::Record(record) = ty else { return None };
            let field = program.records.get(record.index())?.fields.get(usize::from(*place))?;
            Some((format!("{of}.{}", field.name), field.ty.clone()))
        }
        Expr::Setting(id) => {
            let setting = program.settings.get(id.index())?;
            Some((setting.name.clone(), setting.ty.clone()))
        }
        _ => None,
    }
}
