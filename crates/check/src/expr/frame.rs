//! The frame of an expression: which names it knows, where their values lie, and what is lifted out of it.

use countersign_diagnostics::Code;
use countersign_ir::program::{
    Binding, DecisionId, Expr, ReadCall, Slot, SystemId, TemplateId, TextPart, Type, Typed,
};
use countersign_syntax::Span;
use smol_str::SmolStr;

use crate::checker::index;

/// A name with what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) name: SmolStr,
    pub(crate) value: Expr,
    pub(crate) ty: Type,
}

impl Local {
    /// What a slot holds.
    pub(crate) fn slot(name: &str, slot: Slot, ty: &Type) -> Self {
        Self { name: name.into(), value: Expr::Slot(slot), ty: ty.clone() }
    }
}

/// What may be lifted out of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifting {
    /// Nothing: the words say where the expression stands.
    Nothing(&'static str),
    /// Reads alone.
    Reads(&'static str),
    /// Reads, renderings, history and questions to decisions.
    All,
}

/// Something that is done ahead of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Lifted {
    pub(crate) into: Slot,
    pub(crate) what: Lift,
    pub(crate) span: Span,
}

/// What is done ahead of an expression.
#[derive(Debug, Clone)]
pub(crate) enum Lift {
    Read(ReadCall),
    Render { template: TemplateId, with: Typed },
    History { within: i64 },
    Decide { decision: DecisionId, args: Vec<Expr> },
}

/// A name that has no value here, and what to say of it.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    pub(crate) name: &'static str,
    pub(crate) code: Code,
    pub(crate) headline: String,
    pub(crate) help: &'static str,
}

/// The frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) locals: Vec<Local>,
    /// One for each slot, in order; those that lifting adds have no name.
    pub(crate) slots: Vec<Binding>,
    pub(crate) lifting: Lifting,
    pub(crate) lifted: Vec<Lifted>,
    /// Optional values of which a condition has shown that they are there.
    pub(crate) some: Vec<Expr>,
    /// The system whose reads and actions need no name before them.
    pub(crate) own: Option<SystemId>,
    /// Whether samples can be named.
    pub(crate) in_test: bool,
    pub(crate) missing: Vec<Missing>,
}

impl Frame {
    /// A frame in which nothing can be lifted; `place` says where it is, as in "a rule".
    pub(crate) fn pure(locals: Vec<Local>, place: &'static str) -> Self {
        Self::new(locals, Vec::new(), Lifting::Nothing(place))
    }

    pub(crate) fn new(locals: Vec<Local>, slots: Vec<Binding>, lifting: Lifting) -> Self {
        Self {
            locals,
            slots,
            lifting,
            lifted: Vec::new(),
            some: Vec::new(),
            own: None,
            in_test: false,
            missing: Vec::new(),
        }
    }

    pub(crate) fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    /// A new slot.
    pub(crate) fn slot(&mut self, name: &str, ty: Type) -> Slot {
        self.slots.push(Binding { name: name.to_owned(), ty });
        Slot(index(self.slots.len() - 1))
    }

    /// Does something ahead of the expression, and gives its result.
    pub(crate) fn lift(&mut self, what: Lift, ty: Type, span: Span) -> Typed {
        let into = self.slot("", ty.clone());
        self.lifted.push(Lifted { into, what, span });
        Typed { expr: Expr::Slot(into), ty }
    }
}

/// Replaces slots by expressions.
pub(crate) fn map_slots(expr: &Expr, to: &dyn Fn(Slot) -> Expr) -> Expr {
    let boxed = |expr: &Expr| Box::new(map_slots(expr, to));
    let all = |exprs: &[Expr]| exprs.iter().map(|expr| map_slots(expr, to)).collect();
    match expr {
        Expr::Const(_) | Expr::Setting(_) => expr.clone(),
        Expr::Slot(slot) => to(*slot),
        Expr::Field(of, at) => Expr::Field(boxed(of), *at),
        Expr::Record(fields) => Expr::Record(all(fields)),
        Expr::With(of, changes) => {
            Expr::With(boxed(of), changes.iter().map(|(at, change)| (*at, map_slots(change, to))).collect())
        }
        Expr::List(items) => Expr::List(all(items)),
        Expr::Text(parts) => Expr::Text(
            parts
                .iter()
                .map(|part| match part {
                    TextPart::Literal(text) => TextPart::Literal(text.clone()),
                    TextPart::Hole(expr) => TextPart::Hole(map_slots(expr, to)),
                })
                .collect(),
        ),
        Expr::Compare(how, a, b) => Expr::Compare(*how, boxed(a), boxed(b)),
        Expr::OneOf(of, options) => Expr::OneOf(boxed(of), all(options)),
        Expr::IsSome(of) => Expr::IsSome(boxed(of)),
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(of) => Expr::Not(boxed(of)),
        Expr::Arithmetic(how, a, b) => Expr::Arithmetic(*how, boxed(a), boxed(b)),
        Expr::Default(a, b) => Expr::Default(boxed(a), boxed(b)),
        Expr::Count(of) => Expr::Count(boxed(of)),
    }
}

/// The expressions directly inside of one.
pub(crate) fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Const(_) | Expr::Slot(_) | Expr::Setting(_) => Vec::new(),
        Expr::Field(of, _) | Expr::IsSome(of) | Expr::Not(of) | Expr::Count(of) => vec![of],
        Expr::Record(of) | Expr::List(of) | Expr::And(of) | Expr::Or(of) => of.iter().collect(),
        Expr::With(of, changes) => {
            std::iter::once(&**of).chain(changes.iter().map(|(_, change)| change)).collect()
        }
        Expr::Text(parts) => parts
            .iter()
            .filter_map(|part| match part {
                TextPart::Hole(expr) => Some(expr),
                TextPart::Literal(_) => None,
            })
            .collect(),
        Expr::Compare(_, a, b) | Expr::Arithmetic(_, a, b) | Expr::Default(a, b) => vec![a, b],
        Expr::OneOf(of, options) => std::iter::once(&**of).chain(options).collect(),
    }
}

/// How many nodes an expression has.
pub(crate) fn size(expr: &Expr) -> usize {
    let mut todo = vec![expr];
    let mut nodes = 0_usize;
    while let Some(next) = todo.pop() {
        nodes += 1;
        todo.extend(children(next));
    }
    nodes
}

/// How high an expression is.
pub(crate) fn height(expr: &Expr) -> usize {
    let mut todo = vec![(expr, 1)];
    let mut highest = 0;
    while let Some((next, level)) = todo.pop() {
        highest = highest.max(level);
        todo.extend(children(next).into_iter().map(|child| (child, level + 1)));
    }
    highest
}

/// Whether an expression rests on a slot of which that is true.
pub(crate) fn mentions(expr: &Expr, wanted: &dyn Fn(Slot) -> bool) -> bool {
    let mut todo = vec![expr];
    while let Some(next) = todo.pop() {
        if let Expr::Slot(slot) = next
            && wanted(*slot)
        {
            return true;
        }
        todo.extend(children(next));
    }
    false
}
