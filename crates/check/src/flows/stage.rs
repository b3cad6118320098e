//! The stages of a flow and the entries in them.

use countersign_diagnostics::codes;
use countersign_ir::program::{ActionCall, Branch, Expr, Lasting, Stage, StepId, StepKind, TextPart, Type};
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use super::{Builder, Chain};
use crate::checker::Checker;
use crate::expr::{Callee, Frame, Lift, Lifting, Local, shown};

const fn lowered(kind: ast::StageKind) -> Stage {
    match kind {
        ast::StageKind::Understand => Stage::Understand,
        ast::StageKind::Decide => Stage::Decide,
        ast::StageKind::Act => Stage::Act,
        ast::StageKind::Verify => Stage::Verify,
    }
}

const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Understand => "understand",
        Stage::Decide => "decide",
        Stage::Act => "act",
        Stage::Verify => "verify",
    }
}

impl<'a> Checker<'a> {
    pub(super) fn stages(
        &mut self,
        tree: &'a ast::Flow,
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        let mut before: Option<(Stage, Span)> = None;
        let mut unproved: Option<Span> = None;
        for entry in &tree.entries {
            let ast::FlowEntryKind::Stage(stage) = &entry.kind else { continue };
            let kind = lowered(stage.kind);
            if let Some((last, last_span)) = before
                && kind <= last
                && last != Stage::Verify
            {
                self.out_of_order(stage, last, last_span);
            }
            builder.stage = kind;
            let first = builder.steps.len();
            self.entries(&stage.entries, frame, builder, chain);
            let steps = builder.steps.get(first..).unwrap_or_default();
            if steps.iter().any(|step| matches!(step.kind, StepKind::Act { .. })) {
                unproved = Some(stage.keyword);
            }
            if kind == Stage::Verify {
                if stage.entries.is_empty() {
                    self.push(
                        self.at(codes::HOLLOW_PROOF, stage.keyword, "this stage verifies nothing")
                            .reason("a run would be called done that nobody looked at")
                            .help("say what must be true in the end: `erp.invoice(invoice.id).status is settled within 1d`"),
                    );
                }
                unproved = None;
            }
            before = Some((kind, stage.keyword));
        }
        if let Some(span) =
            unproved.filter(|_| !tree.entries.iter().any(|entry| entry.kind == ast::FlowEntryKind::Error))
        {
            self.push(
                self.at(codes::UNVERIFIED_FLOW, span, format!("`{}` acts and never looks whether it worked", tree.name.text))
                    .primary("no `verify` stage behind it")
                    .reason("each action may be proved, and still what the flow is for may never come true")
                    .help("say what must be true in the end: `verify { erp.invoice(invoice.id).status is settled within 1d }`"),
            );
        }
    }

    fn out_of_order(&mut self, stage: &ast::Stage, last: Stage, last_span: Span) {
        let (this, file) = (word(lowered(stage.kind)), self.file());
        let problem = self
            .at(codes::STAGE_ORDER, stage.keyword, format!("`{this}` cannot follow on `{}`", word(last)))
            .primary("out of order")
            .label(file, last_span.range(), "this comes first here")
            .reason("a phase goes from what is known to what is decided, done and proved; a reader relies on that order")
            .help("the order is `understand`, `decide`, `act`, `verify`; a new phase begins after a `verify`");
        self.push(problem);
    }

    /// The entries of a stage or a block, in order.
    pub(super) fn entries(
        &mut self,
        entries: &'a [ast::Entry],
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        for entry in entries {
            if let Some(end) = chain.ended.take() {
                let file = self.file();
                self.push(
                    self.at(codes::UNREACHABLE_STEP, entry.span, "this is never reached")
                        .primary("stands behind the end")
                        .label(file, end.range(), "the run ends here")
                        .reason("whoever wrote it believes that it happens")
                        .help("move it up, or put what ends the run into a `when`"),
                );
            }
            self.entry(entry, frame, builder, chain);
        }
    }

    fn entry(&mut self, entry: &'a ast::Entry, frame: &mut Frame, builder: &mut Builder, chain: &mut Chain) {
        let span = entry.span;
        match &entry.kind {
            ast::EntryKind::Bind { name, value, limit } => {
                self.limit(limit.as_ref());
                self.bind(span, name, value, frame, builder, chain);
            }
            ast::EntryKind::Do { call, limit } => {
                self.limit(limit.as_ref());
                self.perform(span, None, call, frame, builder, chain);
            }
            ast::EntryKind::Approve(approve) => {
                if self.belongs(span, "an approval", &[Stage::Act], builder) {
                    self.approve(span, approve, frame, builder, chain);
                }
            }
            ast::EntryKind::When { condition, body } => {
                self.when(span, condition, body, frame, builder, chain);
            }
            ast::EntryKind::Skip { because } => {
                if self.belongs(span, "`skip`", &[Stage::Understand, Stage::Decide, Stage::Act], builder) {
                    let because = self.fixed(because);
                    self.step(builder, chain, span, StepKind::Skip { because });
                    chain.ended = Some(span);
                }
            }
            ast::EntryKind::HandTo(hand) => {
                let because = match &hand.because {
                    Some(because) => self.fixed(because),
                    None => {
                        self.push(
                            self.at(codes::MISSING_CLAUSE, span, "why is it handed over?")
                                .reason("whoever gets it has to know what is expected of them")
                                .help("add `because \"…\"`"),
                        );
                        String::new()
                    }
                };
                if let Some(role) = self.one_role(&hand.whom) {
                    self.step(builder, chain, span, StepKind::Hand { role, because });
                    chain.ended = Some(span);
                }
            }
            ast::EntryKind::Tell(tell) => {
                let text = self.shown_text(frame, &tell.message);
                self.flush(frame, builder, chain);
                if let Some(role) = self.one_role(&tell.whom) {
                    self.step(builder, chain, span, StepKind::Tell { role, text });
                }
            }
            ast::EntryKind::Still(_) => self.not_yet(span, "`still`"),
            ast::EntryKind::FourEyes { .. } => self.push(
                self.at(codes::MISPLACED_STEP, span, "`four eyes` belongs into the block of an approval")
                    .primary("whose approval?")
                    .help("move it into the braces of `approve`"),
            ),
            ast::EntryKind::Claim(claim) => self.claim(span, claim, frame, builder, chain),
            ast::EntryKind::Error => {}
        }
    }

    /// A text for people, as an expression.
    pub(super) fn shown_text(&mut self, frame: &mut Frame, text: &ast::Text) -> Expr {
        match text.as_plain() {
            Some(plain) => Expr::Const(Value::text(plain)),
            None => match self.text_parts(frame, text).as_slice() {
                [TextPart::Literal(only)] => Expr::Const(Value::text(only.as_str())),
                parts => Expr::Text(parts.to_vec()),
            },
        }
    }

    fn limit(&mut self, limit: Option<&ast::Limit>) {
        if let Some(limit) = limit {
            self.not_yet(limit.span, "a time limit of one step");
        }
    }

    fn belongs(&mut self, span: Span, what: &str, stages: &[Stage], builder: &Builder) -> bool {
        if stages.contains(&builder.stage) {
            return true;
        }
        let words: Vec<&str> = stages.iter().map(|stage| word(*stage)).collect();
        self.push(
            self.at(codes::MISPLACED_STEP, span, format!("{what} has no place in `{}`", word(builder.stage)))
                .primary("out of place")
                .reason("a reader finds in each stage what belongs to it, and nothing else")
                .help(format!("move it to {}", crate::words::listed(&words, "or"))),
        );
        false
    }

    /// `name = value`
    fn bind(
        &mut self,
        span: Span,
        name: &'a ast::Name,
        value: &'a ast::Expr,
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        if let ast::ExprKind::Call { callee, .. } = &value.kind {
            let errors = self.found.len();
            let what = self.callee(frame, callee);
            // Whatever is wrong with it is said when it is read for good.
            self.found.truncate(errors);
            if matches!(what, Some(Callee::Action(..))) {
                self.perform(span, Some(name), value, frame, builder, chain);
                return;
            }
        }
        if builder.stage == Stage::Verify {
            self.push(
                self.at(codes::MISPLACED_STEP, span, "a stage that verifies binds no names")
                    .primary("a condition is needed here")
                    .help("write what must be true, with its reads inside: `erp.invoice(invoice.id).status is settled within 1d`"),
            );
            return;
        }
        let found = self.infer(frame, value, None);
        let lifted = frame.lifted.last().map(|lifted| (lifted.into, matches!(lifted.what, Lift::Read(_))));
        if builder.stage == Stage::Decide
            && let Some(read) =
                frame.lifted.iter().find(|lifted| matches!(lifted.what, Lift::Read(_) | Lift::History { .. }))
        {
            let at = read.span;
            self.push(
                self.at(codes::MISPLACED_STEP, at, "what is read belongs to `understand`")
                    .primary("read in `decide`")
                    .reason("a decision rests on what was known when it was taken, and a reader finds all of that in one place")
                    .help("read it in `understand`, and use the name here"),
            );
        }
        let own = lifted.filter(|(into, _)| found.expr == Expr::Slot(*into));
        self.flush(frame, builder, chain);
        let fresh = self.fresh(name, builder);
        let slot = match own {
            Some((slot, _)) => {
                if let Some(binding) = frame.slots.get_mut(slot.index()) {
                    name.as_str().clone_into(&mut binding.name);
                }
                slot
            }
            None => {
                let slot = frame.slot(&name.text, found.ty.clone());
                self.step(builder, chain, span, StepKind::Let { into: slot, value: found.expr });
                slot
            }
        };
        if fresh {
            frame.locals.push(Local::slot(&name.text, slot, &found.ty));
        }
    }

    /// Whether a name is new; says so if it has a value already.
    pub(super) fn fresh(&mut self, name: &ast::Name, builder: &mut Builder) -> bool {
        match builder.bound.iter().find(|(known, _)| *known == name.text) {
            Some((_, first)) => {
                let (file, first) = (self.file(), first.range());
                self.push(
                    self.at(codes::NAME_BOUND_TWICE, name.span, format!("`{}` has a value already", name.text))
                        .primary("again here")
                        .label(file, first, "first here")
                        .reason("what a person approved under this name could be something else by the time that it is used")
                        .help("give one of them another name"),
                );
                false
            }
            None => {
                builder.bound.push((name.text.clone(), name.span));
                true
            }
        }
    }

    /// An action, which stands alone or gives its answer a name.
    fn perform(
        &mut self,
        span: Span,
        name: Option<&'a ast::Name>,
        call: &'a ast::Expr,
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        let ast::ExprKind::Call { callee, args } = &call.kind else {
            if !matches!(call.kind, ast::ExprKind::Error) {
                self.infer(frame, call, None);
                frame.lifted.clear();
                self.idle(call.span);
            }
            return;
        };
        let Some(found) = self.callee(frame, callee) else { return };
        let params = self.params_of(found);
        let args = self.args(frame, call.span, callee.span, args, &params);
        let Callee::Action(system, action) = found else {
            frame.lifted.clear();
            self.idle(call.span);
            return;
        };
        if !self.belongs(span, "an action", &[Stage::Act], builder) {
            return;
        }
        let known =
            self.program.systems.get(system.index()).and_then(|system| system.actions.get(action.index()));
        let result = known.and_then(|action| action.result.clone());
        self.flush(frame, builder, chain);
        let into = name.and_then(|name| {
            let Some(ty) = &result else {
                let shown = self.clause(callee.span);
                self.push(
                    self.at(
                        codes::TYPE_MISMATCH,
                        name.span,
                        format!("`{shown}` answers nothing that could have a name"),
                    )
                    .primary("no answer to name")
                    .help("leave the name out, or say what the action answers: `action …(…) -> Payment`"),
                );
                return None;
            };
            let slot = frame.slot(&name.text, ty.clone());
            if self.fresh(name, builder) {
                frame.locals.push(Local::slot(&name.text, slot, ty));
            }
            Some(slot)
        });
        let call = ActionCall { system, action, args };
        let inside = builder.inside.clone();
        self.step(builder, chain, span, StepKind::Act { into, call, inside });
    }

    fn idle(&mut self, span: Span) {
        let shown = self.clause(span);
        self.push(
            self.at(codes::MISPLACED_STEP, span, format!("nothing comes of `{shown}`"))
                .primary("does nothing by itself")
                .help("give what it answers a name: `name = …`"),
        );
    }

    fn when(
        &mut self,
        span: Span,
        condition: &'a ast::Expr,
        body: &'a ast::Block,
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        if builder.stage == Stage::Understand
            && !self.belongs(span, "`when`", &[Stage::Decide, Stage::Act, Stage::Verify], builder)
        {
            return;
        }
        let holds = self.expr(frame, condition, &Type::Bool);
        self.flush(frame, builder, chain);
        let some = frame.some.len();
        frame.some.extend(shown(&holds, true));
        let step = self.step(builder, chain, span, StepKind::When { condition: holds, body: None });
        let first = self.block(step, Branch::Body, body, frame, builder, true);
        frame.some.truncate(some);
        if let Some(StepKind::When { body, .. }) =
            builder.steps.get_mut(step.index()).map(|step| &mut step.kind)
        {
            *body = first;
        }
    }

    /// A block below a step; `closed` says whether its names end with it.
    pub(super) fn block(
        &mut self,
        of: StepId,
        branch: Branch,
        block: &'a ast::Block,
        frame: &mut Frame,
        builder: &mut Builder,
        closed: bool,
    ) -> Option<StepId> {
        let mut inner = Chain::new(Some((of, branch)));
        let names = frame.locals.len();
        self.entries(&block.entries, frame, builder, &mut inner);
        if closed {
            frame.locals.truncate(names);
        }
        inner.first
    }

    /// What must become true, or stay true.
    fn claim(
        &mut self,
        span: Span,
        claim: &'a ast::Claim,
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        if !self.belongs(span, "a condition", &[Stage::Verify], builder) {
            return;
        }
        if let Some(otherwise) = &claim.otherwise {
            self.not_yet(otherwise.span, "`else` of a verification");
        }
        let lifting = std::mem::replace(&mut frame.lifting, Lifting::Reads("a verification"));
        let check = self.postcondition(frame, &claim.condition);
        frame.lifting = lifting;
        if check.reads.is_empty() && !self.has_errors_in(claim.condition.span) {
            self.push(
                self.at(codes::HOLLOW_PROOF, claim.condition.span, "this does not look at the world")
                    .primary("is known without looking")
                    .reason("a run would be called done that nobody looked at")
                    .help("read it afresh: `erp.invoice(invoice.id).status is settled within 1d`"),
            );
        }
        let lasting = match &claim.time {
            None => {
                self.push(
                    self.at(codes::NO_DEADLINE, claim.condition.span, "this has no deadline")
                        .primary("until when?")
                        .reason("what may come true at any time is never known to have failed")
                        .help("say how long it may take: `within 1d`")
                        .fix(countersign_diagnostics::Fix::suggested("allow a day").insert(
                            self.file(),
                            claim.condition.span.end as usize,
                            " within 1d",
                        )),
                );
                None
            }
            Some(ast::ClaimTime::Within(deadline)) => self.wall(deadline).map(Lasting::Within),
            Some(ast::ClaimTime::Throughout(deadline)) => self.wall(deadline).map(Lasting::Throughout),
        };
        if let Some(lasting) = lasting {
            self.step(builder, chain, span, StepKind::Verify { check, lasting });
        }
    }

    /// A deadline on the wall.
    fn wall(&mut self, deadline: &ast::Deadline) -> Option<i64> {
        match self.deadline(deadline)? {
            countersign_ir::program::Span::Wall(ns) => Some(ns),
            _ => {
                self.not_yet(deadline.span, "a verification in office time");
                None
            }
        }
    }
}
