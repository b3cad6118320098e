//! Signatures, and decisions: ordered rules that answer every input, each of which can fire.

use countersign_diagnostics::{Fix, codes};
use countersign_ir::program::{Clause, Comparison, Decision, Expr, Rule, Slot, Type};
use countersign_ir::spans::Subject;
use countersign_ir::value::Value;
use countersign_syntax::ast;

use crate::checker::{Checker, Declared, index};
use crate::collect::is_poisoned;
use crate::expr::{Frame, Local, shown};
use crate::scope::Symbol;
use crate::types::Lists;
use crate::words::listed;

impl<'a> Checker<'a> {
    /// What a declaration takes and gives, which is all that others need to know of it.
    pub(crate) fn signature(&mut self, declared: Declared<'a>) {
        match (&declared.item.kind, declared.symbol) {
            (ast::ItemKind::Function(tree), Symbol::Function(at)) => {
                let params = self.params(&tree.params, Lists::Any);
                let result = self.ty(&tree.result, Lists::Any);
                if let Some(function) = self.functions.get_mut(at) {
                    (function.params, function.result) = (params, result);
                }
            }
            (ast::ItemKind::Sample(tree), Symbol::Sample(at)) => {
                let ty = self.ty(&tree.ty, Lists::Bounded);
                if let Some(sample) = self.samples.get_mut(at) {
                    sample.ty = ty;
                }
            }
            (ast::ItemKind::Approval(tree), Symbol::Approval(id)) => {
                let params = self.approval_params(tree);
                if let Some(approval) = self.program.approvals.get_mut(id.index()) {
                    approval.params = params;
                }
            }
            (ast::ItemKind::Decide(tree), Symbol::Decision(id)) => {
                let params = self.params(&tree.params, Lists::Any);
                let result = self.ty(&tree.result, Lists::Bounded);
                if let Some(decision) = self.program.decisions.get_mut(id.index()) {
                    (decision.params, decision.result) = (params, result);
                }
            }
            (ast::ItemKind::System(tree), Symbol::System(id)) => self.system_signature(tree, id),
            _ => {}
        }
    }

    pub(crate) fn decision_body(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Decide(tree), Symbol::Decision(id)) = (&declared.item.kind, declared.symbol)
        else {
            return;
        };
        self.placed(Subject::Decision(id), tree.name.span);
        let owner = self.owner(tree.owner.as_ref(), &tree.name, "decision");
        let Some(decision) = self.program.decisions.get(id.index()).cloned() else { return };
        let mut rules: Vec<Rule> = Vec::new();
        let mut last: Option<&ast::Rule> = None;
        for (at, rule) in tree.rules.iter().enumerate() {
            self.placed(Subject::Rule(id, index(at)), rule.span);
            let lowered = self.rule(&decision, rule);
            if let Some(last) = last {
                self.unreachable(
                    rule,
                    last,
                    "is never reached: `otherwise` before it takes every case that is left",
                );
            } else if let Some(same) =
                rules.iter().position(|known| lowered.when.is_some() && same_condition(known, &lowered))
                && let Some(same) = tree.rules.get(same)
                && !self.has_errors_in(rule.span)
            {
                self.unreachable(rule, same, "never fires: an earlier rule has the same condition");
            }
            if rule.condition.is_none() && last.is_none() {
                last = Some(rule);
            }
            rules.push(lowered);
        }
        if last.is_none()
            && !self.has_errors_in(declared.item.span)
            && !covers_its_enum(self, &decision, &rules)
        {
            self.missing_otherwise(tree, &decision, &rules);
        }
        if let Some(decision) = self.program.decisions.get_mut(id.index()) {
            decision.rules = rules;
            decision.owner = owner.unwrap_or(decision.owner);
        }
    }

    /// Who answers for something.
    pub(crate) fn owner(
        &mut self,
        owner: Option<&ast::Name>,
        name: &ast::Name,
        what: &str,
    ) -> Option<countersign_ir::program::RoleId> {
        if let Some(owner) = owner {
            return self.role(owner);
        }
        self.push(
            self.at(codes::MISSING_OWNER, name.span, format!("nobody owns the {what} `{}`", name.text))
                .primary("whose is it?")
                .reason("whatever goes wrong with it becomes a task, and a task needs somebody who has it")
                .help("name a role: `owned by finance_lead`"),
        );
        None
    }

    fn rule(&mut self, decision: &Decision, rule: &ast::Rule) -> Rule {
        let locals = decision
            .params
            .iter()
            .enumerate()
            .map(|(at, param)| Local::slot(&param.name, Slot(index(at)), &param.ty));
        let mut frame = Frame::pure(locals.collect(), "a rule");
        let when = rule.condition.as_ref().map(|tree| {
            let condition = self.expr(&mut frame, tree, &Type::Bool);
            Clause { condition, text: self.clause(tree.span) }
        });
        if let Some(when) = &when {
            frame.some = shown(&when.condition, true);
        }
        let result = self.expr(&mut frame, &rule.result, &decision.result);
        let because = rule.because.as_ref().map(|because| self.fixed(because));
        Rule { when, result, because }
    }

    fn unreachable(&mut self, rule: &ast::Rule, earlier: &ast::Rule, why: &str) {
        let file = self.file();
        self.push(
            self.at(codes::UNREACHABLE_RULE, rule.span, format!("this rule {why}"))
                .primary("never fires")
                .label(file, earlier.span.range(), "this one takes its cases")
                .reason("somebody agreed to this rule and believes that it holds")
                .help("the first rule whose condition holds gives the answer: move it up, or leave it out")
                .fix(Fix::suggested("leave the rule out").remove(file, rule.span.range())),
        );
    }

    fn missing_otherwise(&mut self, tree: &ast::Decide, decision: &Decision, rules: &[Rule]) {
        let end = tree.rules.last().map_or(tree.name.span, |rule| rule.span);
        let left = only_enum(decision).and_then(|ty| uncovered(self, ty, rules));
        let mut problem = self
            .at(
                codes::MISSING_OTHERWISE,
                tree.name.span,
                format!("`{}` has no answer for some of its inputs", tree.name.text),
            )
            .primary("no `otherwise`")
            .reason(
                "the first case that no rule covers would stop, and somebody would have to decide it by hand",
            )
            .help("say what holds for all other cases, as the last rule: `otherwise => …`");
        if let (Some(left), Some(param)) = (&left, decision.params.first()) {
            problem = problem.counterexample(
                countersign_diagnostics::Counterexample::new()
                    .input(param.name.clone(), left.first().cloned().unwrap_or_default())
                    .story(format!("no rule covers {}", listed(left, "or"))),
            );
        }
        if let Type::Enum(result) = &decision.result
            && let Some(answer) =
                self.program.enums.get(result.index()).and_then(|known| known.variants.last())
        {
            let text = format!("\n  otherwise => {answer}");
            problem = problem.fix(Fix::suggested("add an `otherwise` rule").insert(
                self.file(),
                end.end as usize,
                text,
            ));
        }
        self.push(problem);
    }
}

fn same_condition(known: &Rule, rule: &Rule) -> bool {
    match (&known.when, &rule.when) {
        (Some(known), Some(rule)) => known.condition == rule.condition,
        _ => false,
    }
}

/// The enum of a decision that is asked with one value alone.
fn only_enum(decision: &Decision) -> Option<&Type> {
    match decision.params.as_slice() {
        [param] if matches!(param.ty, Type::Enum(_) | Type::Bool) => Some(&param.ty),
        _ => None,
    }
}

/// A decision over one enum may do without `otherwise` if each of its values has a rule.
fn covers_its_enum(checker: &Checker<'_>, decision: &Decision, rules: &[Rule]) -> bool {
    is_poisoned(&decision.result)
        || only_enum(decision)
            .is_some_and(|ty| uncovered(checker, ty, rules).is_some_and(|left| left.is_empty()))
}

/// The values of an enum that no rule covers for sure; none if a rule asks something else.
fn uncovered(checker: &Checker<'_>, ty: &Type, rules: &[Rule]) -> Option<Vec<String>> {
    let mut left: Vec<Value> = match ty {
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::Enum(id) => {
            let known = checker.program.enums.get(id.index())?;
            known.variants.iter().map(|variant| Value::variant(variant.as_str())).collect()
        }
        _ => return None,
    };
    for rule in rules {
        let condition = &rule.when.as_ref()?.condition;
        left.retain(|value| !holds_for(condition, value).unwrap_or(false));
    }
    let literal = |value: Value| match value {
        Value::Bool(yes) => yes.to_string(),
        value => value.to_string(),
    };
    Some(left.into_iter().map(literal).collect())
}

/// Whether a condition over slot 0 holds for a value, where that can be seen.
fn holds_for(condition: &Expr, value: &Value) -> Option<bool> {
    let is_it = |expr: &Expr| *expr == Expr::Slot(Slot(0));
    match condition {
        Expr::Slot(Slot(0)) => Some(*value == Value::Bool(true)),
        Expr::Compare(how, a, b) if is_it(a) => match (how, &**b) {
            (Comparison::Equal, Expr::Const(wanted)) => Some(wanted == value),
            (Comparison::NotEqual, Expr::Const(wanted)) => Some(wanted != value),
            _ => None,
        },
        Expr::OneOf(of, options) if is_it(of) => {
            let known = options.iter().all(|option| matches!(option, Expr::Const(_)));
            known.then(|| options.contains(&Expr::Const(value.clone())))
        }
        Expr::Not(of) => holds_for(of, value).map(|holds| !holds),
        Expr::Or(parts) => {
            parts.iter().map(|part| holds_for(part, value)).try_fold(false, |any, part| Some(any | part?))
        }
        Expr::And(parts) => {
            parts.iter().map(|part| holds_for(part, value)).try_fold(true, |all, part| Some(all & part?))
        }
        _ => None,
    }
}
