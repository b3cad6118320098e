//! What the formatter asks the tree.
//!
//! In: a tree without errors. Out: by byte offset, where entries start and how their columns stand, behind which names
//! an opening bracket follows without a blank, and which signs belong to the operand behind them.

use countersign_syntax::Span;
use countersign_syntax::ast::{
    ActionEntryKind, EntryKind, ExprKind, Item, ItemKind, Module, Name, Node, SimulationEntryKind,
    SystemEntryKind, TypeKind, UnaryOp, walk,
};
use std::collections::{HashMap, HashSet};

/// How the columns of an entry stand among those of its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It has no columns, and ends those of its neighbours.
    Plain,
    /// It has no columns, and its neighbours' go on behind it.
    Aside,
    /// What stands behind its first word.
    Keyword,
    /// `=>` and `because`
    Rule,
    /// `=>`
    Level,
    /// What stands behind its colon.
    Field,
    /// `=`
    Bind,
    /// `=>` of an entry that is a single one.
    When,
}

/// What is known of a text by its tree.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// The entries, items included, by where they start.
    pub(crate) entries: HashMap<u32, Class>,
    /// Where names end that brackets belong to.
    pub(crate) glued: HashSet<u32>,
    /// Where the names end of types that have arguments in `<…>`.
    pub(crate) generic_names: HashSet<u32>,
    /// Where such types end.
    pub(crate) generic_ends: HashSet<u32>,
    /// Where operands start that a minus before them belongs to.
    pub(crate) unary: HashSet<u32>,
    /// Where the single entries start that a `when` holds.
    held: HashSet<u32>,
    /// Where the items stand, in order.
    pub(crate) items: Vec<Span>,
}

impl Marks {
    pub(crate) fn of(module: &Module) -> Self {
        let mut marks = Self::default();
        walk(module, &mut |node| marks.node(node));
        marks
    }

    fn entry(&mut self, span: Span, class: Class) {
        self.entries.insert(span.start, class);
    }

    fn glue(&mut self, name: &Name) {
        self.glued.insert(name.span.end);
    }

    fn node(&mut self, node: Node<'_>) {
        let span = node.span();
        match node {
            Node::Item(item) => self.item(item),
            Node::Field(_) => self.entry(span, Class::Field),
            Node::Rule(_) => self.entry(span, Class::Rule),
            Node::Level(_) => self.entry(span, Class::Level),
            Node::Variant(_)
            | Node::FailureRule(_)
            | Node::BreakerEntry(_)
            | Node::ReadEntry(_)
            | Node::GuardrailRule(_)
            | Node::FlowEntry(_)
            | Node::WebhookEntry(_) => self.entry(span, Class::Plain),
            Node::ConnectorOption(_) | Node::CalendarEntry(_) | Node::RoleEntry(_) | Node::TestEntry(_) => {
                self.entry(span, Class::Keyword);
            }
            Node::SystemEntry(entry) => {
                self.entry(span, Class::Plain);
                match &entry.kind {
                    SystemEntryKind::Read(read) => self.glue(&read.name),
                    SystemEntryKind::Action(action) => self.glue(&action.name),
                    _ => {}
                }
            }
            Node::ActionEntry(entry) => {
                let aside = matches!(
                    entry.kind,
                    ActionEntryKind::Irreversible { .. } | ActionEntryKind::Unverified { .. }
                );
                self.entry(span, if aside { Class::Aside } else { Class::Keyword });
            }
            Node::SimulationEntry(entry) => {
                self.entry(span, Class::Keyword);
                if let SimulationEntryKind::When { action, .. } = &entry.kind {
                    self.glue(action);
                }
            }
            Node::Entry(entry) => {
                let class = match &entry.kind {
                    EntryKind::Bind { .. } => Class::Bind,
                    EntryKind::When { body, .. }
                        if body.entries.first().is_some_and(|e| e.span == body.span) =>
                    {
                        Class::When
                    }
                    _ => Class::Plain,
                };
                // What a `when` without braces holds does not start a line.
                if !self.held.remove(&span.start) {
                    self.entry(span, class);
                }
                if let (Class::When, EntryKind::When { body, .. }) = (class, &entry.kind) {
                    self.held.insert(body.span.start);
                }
            }
            Node::Approve(approve) => self.glue(&approve.policy),
            Node::CallPattern(pattern) => self.glue(pattern.operation.as_ref().unwrap_or(&pattern.system)),
            Node::Type(ty) => match &ty.kind {
                TypeKind::Measured { name, .. } => self.glue(name),
                TypeKind::Generic { name, .. } => {
                    self.generic_names.insert(name.span.end);
                    self.generic_ends.insert(span.end);
                }
                _ => {}
            },
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Call { callee: base, .. } | ExprKind::Lookup { base, .. } => {
                    self.glued.insert(base.span.end);
                }
                ExprKind::Aggregate { function, .. } => self.glue(function),
                ExprKind::Unary { op: UnaryOp::Minus, operand } => {
                    self.unary.insert(operand.span.start);
                }
                _ => {}
            },
            Node::Param(_) | Node::Text(_) | Node::Request(_) | Node::Step(_) | Node::Deadline(_) => {}
        }
    }

    fn item(&mut self, item: &Item) {
        self.entry(item.span, Class::Plain);
        self.items.push(item.span);
        match &item.kind {
            ItemKind::Function(function) => self.glue(&function.name),
            ItemKind::Approval(approval) => self.glue(&approval.name),
            ItemKind::Decide(decide) => self.glue(&decide.name),
            _ => {}
        }
    }
}
