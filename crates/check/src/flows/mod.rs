//! Flows: a trigger, then the stages in their order, lowered to steps over one frame.
//!
//! The frame has one slot for each name, the trigger's payload first; what is lifted out of expressions lies in slots
//! without a name. A name has one value, and is known from where it is bound to the end of its block; the block of an
//! approval is no border, since control passes it only on a yes.

mod approve;
mod stage;
mod trigger;

use countersign_diagnostics::codes;
use countersign_ir::program::{Binding, Branch, Flow, FlowId, Slot, Stage, Step, StepId, StepKind};
use countersign_ir::spans::Subject;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared, index};
use crate::expr::{Frame, Lift, Lifting, Local};
use crate::scope::Symbol;

/// A flow while it is built.
pub(super) struct Builder {
    id: FlowId,
    steps: Vec<Step>,
    /// The stage that is being read.
    stage: Stage,
    /// The approvals around what is being read, innermost last.
    inside: Vec<StepId>,
    /// Every name of the flow with where it is bound.
    bound: Vec<(smol_str::SmolStr, Span)>,
    uses_history: Option<Span>,
}

/// A block while it is built: steps are chained in the order in which they are added.
pub(super) struct Chain {
    parent: Option<(StepId, Branch)>,
    first: Option<StepId>,
    last: Option<StepId>,
    /// The step that ended the run, and what stands behind it is never reached.
    ended: Option<Span>,
}

impl Chain {
    pub(super) const fn new(parent: Option<(StepId, Branch)>) -> Self {
        Self { parent, first: None, last: None, ended: None }
    }
}

impl<'a> Checker<'a> {
    pub(crate) fn flow_body(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Flow(tree), Symbol::Flow(id)) = (&declared.item.kind, declared.symbol) else {
            return;
        };
        self.placed(Subject::Flow(id), tree.name.span);
        let owner = self.owner(tree.owner.as_ref(), &tree.name, "flow");
        if let Some((ast::FlowMode::Shadow | ast::FlowMode::Suggest, span)) = tree.mode {
            self.not_yet(span, "a flow that only watches or suggests");
        }
        let trigger = self.trigger(tree);
        let mut frame = Frame::new(Vec::new(), Vec::new(), Lifting::All);
        let mut builder = Builder {
            id,
            steps: Vec::new(),
            stage: Stage::Understand,
            inside: Vec::new(),
            bound: Vec::new(),
            uses_history: None,
        };
        if let Some(event) = &trigger.event {
            builder.bound.push((event.text.clone(), event.span));
        }
        let name = trigger.event.as_ref().map(|event| event.text.to_string()).unwrap_or_default();
        frame.slots.push(Binding { name: name.clone(), ty: trigger.lowered.payload.clone() });
        frame.locals.push(Local::slot(&name, Slot(0), &trigger.lowered.payload));
        let key = self.flow_key(tree, &frame);
        let mut chain = Chain::new(None);
        self.stages(tree, &mut frame, &mut builder, &mut chain);
        if let (Some(span), None) = (builder.uses_history, &key) {
            self.push(
                self.at(codes::HISTORY_WITHOUT_KEY, span, format!("the history of what? `{}` has no key", tree.name.text))
                    .primary("earlier runs of the same key")
                    .reason("without a key no earlier run has anything to do with this one, and the history is always empty")
                    .help("say what its runs have in common: `key invoice.vendor`"),
            );
        }
        let Some(flow) = self.program.flows.get_mut(id.index()) else { return };
        *flow = Flow {
            owner: owner.unwrap_or(flow.owner),
            trigger: trigger.lowered,
            key,
            uses_history: builder.uses_history.is_some(),
            slots: frame.slots,
            entry: chain.first,
            steps: builder.steps,
            name: std::mem::take(&mut flow.name),
            doc: std::mem::take(&mut flow.doc),
        };
    }

    fn flow_key(&mut self, tree: &'a ast::Flow, frame: &Frame) -> Option<countersign_ir::program::Expr> {
        let mut key = None;
        for entry in &tree.entries {
            match &entry.kind {
                ast::FlowEntryKind::Key(expr) => {
                    if key.is_some() {
                        self.repeated(entry.span, "key");
                    }
                    let mut frame = Frame::pure(frame.locals.clone(), "the key of a flow");
                    key = Some(self.key(&mut frame, expr));
                }
                ast::FlowEntryKind::Priority { .. } => self.not_yet(entry.span, "`priority`"),
                _ => {}
            }
        }
        key
    }

    /// Adds a step to a block.
    fn step(&mut self, builder: &mut Builder, chain: &mut Chain, span: Span, kind: StepKind) -> StepId {
        let id = StepId(index(builder.steps.len()));
        builder.steps.push(Step { stage: builder.stage, next: None, parent: chain.parent, kind });
        self.placed(Subject::Step(builder.id, id), span);
        if let Some(last) = chain.last.and_then(|last| builder.steps.get_mut(last.index())) {
            last.next = Some(id);
        }
        chain.first.get_or_insert(id);
        chain.last = Some(id);
        id
    }

    /// Turns what was lifted out of an expression into steps ahead of it.
    fn flush(&mut self, frame: &mut Frame, builder: &mut Builder, chain: &mut Chain) {
        for lifted in std::mem::take(&mut frame.lifted) {
            let into = lifted.into;
            let kind = match lifted.what {
                Lift::Read(call) => StepKind::Read { into, call },
                Lift::Render { template, with } => StepKind::Render { into, template, with },
                Lift::Decide { decision, args } => StepKind::Decide { into, decision, args },
                Lift::History { within } => {
                    builder.uses_history.get_or_insert(lifted.span);
                    let record = self.history_record();
                    StepKind::History { into, within, record }
                }
            };
            self.step(builder, chain, lifted.span, kind);
        }
    }

    /// Two flows at one address would both be meant.
    pub(crate) fn refuse_shared_paths(&mut self) {
        let mut known: Vec<(String, usize, Span)> = Vec::new();
        for at in 0..self.items.len() {
            let Some(declared) = self.items.get(at).copied() else { continue };
            let ast::ItemKind::Flow(tree) = &declared.item.kind else { continue };
            for entry in &tree.entries {
                let ast::FlowEntryKind::On(ast::Trigger::Webhook { path, .. }) = &entry.kind else {
                    continue;
                };
                self.here = declared.module;
                match known.iter().find(|(other, _, _)| *other == path.value.as_str()).cloned() {
                    Some((_, module, span)) => {
                        let modules = self.modules;
                        let Some(file) = modules.get(module).map(|module| module.file) else { continue };
                        self.push(
                            self.at(
                                codes::BAD_TRIGGER,
                                path.span,
                                format!("two flows wait at `{}`", path.value),
                            )
                            .primary("again here")
                            .label(file, span.range(), "first here")
                            .reason("an event would start one of them, and nobody could say which")
                            .help("give one of them another path"),
                        );
                    }
                    None => known.push((path.value.to_string(), declared.module, path.span)),
                }
            }
        }
    }
}
