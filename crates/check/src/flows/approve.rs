//! Approvals inside a flow: who is asked what, and what a yes opens.

use countersign_diagnostics::codes;
use countersign_ir::program::{self, Approve, Branch, Consent, Expr, Shown, StepKind, Type, Typed};
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use super::{Builder, Chain};
use crate::checker::Checker;
use crate::collect::is_poisoned;
use crate::expr::Frame;
use crate::people::distinct_members;
use crate::words::listed;

impl<'a> Checker<'a> {
    pub(super) fn approve(
        &mut self,
        span: Span,
        tree: &'a ast::Approve,
        frame: &mut Frame,
        builder: &mut Builder,
        chain: &mut Chain,
    ) {
        let policy = self.approval(&tree.policy);
        let approval = policy.and_then(|id| self.program.approvals.get(id.index())).cloned();
        let args = match &approval {
            Some(approval) => {
                self.args(frame, tree.policy.span, tree.policy.span, &tree.args, &approval.params)
            }
            None => Vec::new(),
        };
        let level = match &approval {
            Some(approval) => self.expr(frame, &tree.level, &Type::Enum(approval.level_type)),
            None => self.infer(frame, &tree.level, None).expr,
        };
        let question = self.shown_text(frame, &tree.question);
        let mut showing = Vec::new();
        for shown in &tree.showing {
            let value = self.infer(frame, shown, None);
            let label = self.clause(shown.span);
            showing.push(Shown { label, value: Typed { expr: value.expr, ty: value.ty } });
        }
        let mut four_eyes = Vec::new();
        for entry in &tree.body.entries {
            if let ast::EntryKind::FourEyes { with } = &entry.kind {
                four_eyes.extend(self.four_eyes(frame, with));
            }
        }
        self.flush(frame, builder, chain);
        if let Some(approval) = &approval
            && !four_eyes.is_empty()
        {
            self.quorum_without_one(tree, approval, &level, builder);
        }
        let Some(policy) = policy else {
            // Its block is read all the same, so that what is wrong in it is said too.
            let step = self.step(
                builder,
                chain,
                span,
                StepKind::When { condition: Expr::Const(Value::Bool(true)), body: None },
            );
            self.approved(step, tree, frame, builder);
            return;
        };
        let lowered =
            Approve { policy, args, level, question, showing, four_eyes, body: None, refused: None };
        let step = self.step(builder, chain, span, StepKind::Approve(Box::new(lowered)));
        let (body, refused) = self.approved(step, tree, frame, builder);
        if let Some(StepKind::Approve(approve)) =
            builder.steps.get_mut(step.index()).map(|step| &mut step.kind)
        {
            (approve.body, approve.refused) = (body, refused);
        }
    }

    fn approved(
        &mut self,
        step: program::StepId,
        tree: &'a ast::Approve,
        frame: &mut Frame,
        builder: &mut Builder,
    ) -> (Option<program::StepId>, Option<program::StepId>) {
        // What a no leads to knows nothing of what a yes has bound.
        let mut without = frame.locals.clone();
        builder.inside.push(step);
        let mut inner = Chain::new(Some((step, Branch::Body)));
        let rest =
            tree.body.entries.iter().filter(|entry| !matches!(entry.kind, ast::EntryKind::FourEyes { .. }));
        for entry in rest {
            self.entries(std::slice::from_ref(entry), frame, builder, &mut inner);
        }
        builder.inside.pop();
        if inner.first.is_none() && !self.has_errors_in(tree.body.span) {
            self.push(
                self.at(codes::MISPLACED_STEP, tree.body.span, "a yes opens nothing")
                    .primary("no action inside")
                    .reason("people would be asked, and what they say would change nothing")
                    .help("move what needs the consent into the braces"),
            );
        }
        let mut refused = None;
        if let Some(block) = &tree.if_refused {
            std::mem::swap(&mut frame.locals, &mut without);
            refused = self.block(step, Branch::Refused, block, frame, builder, true);
            std::mem::swap(&mut frame.locals, &mut without);
        }
        (inner.first, refused)
    }

    fn four_eyes(&mut self, frame: &mut Frame, with: &ast::Expr) -> Option<Expr> {
        let found = self.infer(frame, with, None);
        if is_poisoned(&found.ty) {
            return None;
        }
        let whom = match &found.ty {
            Type::Optional(of) | Type::List(of, _) => &**of,
            ty => ty,
        };
        if found.ty != Type::Person {
            let (shown, name) = (self.clause(with.span), self.type_name(&found.ty));
            let problem = self
                .at(codes::BAD_FOUR_EYES, with.span, format!("`{shown}` is no person"))
                .primary(format!("this is `{name}`"))
                .reason("whoever entered the case could approve it, if nobody knows who that was");
            self.push(match whom {
                Type::Person => problem.help("name exactly one person, who is always there"),
                Type::Email | Type::Text => {
                    problem.help("give the field the type `Person`, so that it is somebody who signs in")
                }
                _ => problem.help("name a field of type `Person`, such as `invoice.entered_by`"),
            });
            return None;
        }
        Some(found.expr)
    }

    /// Whoever `four eyes` excludes may be one of those who are asked.
    fn quorum_without_one(
        &mut self,
        tree: &ast::Approve,
        approval: &program::Approval,
        level: &Expr,
        builder: &Builder,
    ) {
        let reachable = self.reachable_levels(level, approval, builder);
        for level in &approval.levels {
            let Consent::Ask(ask) = &level.consent else { continue };
            if !reachable.contains(&level.name) {
                continue;
            }
            let known = distinct_members(&self.program, &ask.of).len();
            if known >= usize::from(ask.quorum) && known.saturating_sub(1) < usize::from(ask.quorum) {
                let names: Vec<&str> = ask
                    .of
                    .iter()
                    .filter_map(|id| self.program.roles.get(id.index()))
                    .map(|role| role.name.as_str())
                    .collect();
                let headline = format!(
                    "`{}` cannot be reached when one of {} entered the case",
                    level.name,
                    listed(&names, "and")
                );
                self.push(
                    self.at(codes::QUORUM_OUT_OF_REACH, tree.policy.span, headline)
                        .primary(format!(
                            "needs {}, and {} would be left",
                            ask.quorum,
                            known.saturating_sub(1)
                        ))
                        .reason(
                            "`four eyes` takes away whoever entered it, and then too few are left to agree",
                        )
                        .help("add somebody to the roles, ask fewer people, or ask one more role"),
                );
            }
        }
    }

    /// The levels that an expression may come to: the answers of the decision behind it, or all.
    fn reachable_levels(&self, level: &Expr, approval: &program::Approval, builder: &Builder) -> Vec<String> {
        let all = || approval.levels.iter().map(|level| level.name.clone()).collect();
        let name = |expr: &Expr| match expr {
            Expr::Const(Value::Enum(name)) => Some(name.to_string()),
            _ => None,
        };
        match level {
            Expr::Slot(slot) => {
                let decision = builder.steps.iter().find_map(|step| match &step.kind {
                    StepKind::Decide { into, decision, .. } if into == slot => Some(*decision),
                    _ => None,
                });
                let rules = decision
                    .and_then(|id| self.program.decisions.get(id.index()))
                    .map(|decision| &decision.rules);
                let answers = rules.and_then(|rules| {
                    rules.iter().map(|rule| name(&rule.result)).collect::<Option<Vec<_>>>()
                });
                answers.unwrap_or_else(all)
            }
            level => name(level).map_or_else(all, |name| vec![name]),
        }
    }
}
