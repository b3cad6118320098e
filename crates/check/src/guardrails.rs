//! Guardrails: what no path may break. Read here, proved elsewhere.

use countersign_diagnostics::codes;
use countersign_ir::program::{Covers, Expr, Guardrail, GuardrailId, LevelId, Needs, RecordId, Type};
use countersign_ir::spans::Subject;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared, index};
use crate::collect::is_poisoned;
use crate::expr::Frame;
use crate::scope::{Kind, Symbol};
use crate::words::{listed, nearest};

impl<'a> Checker<'a> {
    pub(crate) fn guardrail_body(&mut self, declared: Declared<'a>) {
        let ast::ItemKind::Guardrail(tree) = &declared.item.kind else { return };
        if tree.rules.is_empty() && !self.has_errors_in(declared.item.span) {
            self.push(
                self.at(codes::MISSING_CLAUSE, tree.title.span, "this guardrail guards nothing")
                    .reason("whoever reads its title believes that something is kept")
                    .help("say what it covers and what that needs: `money above 5_000 EUR needs payment.full_review`"),
            );
        }
        for rule in &tree.rules {
            if rule.when.is_some() {
                self.not_yet(rule.span, "a guardrail with `when`");
            }
            let covers = self.covers(rule);
            let needs = self.needs(rule);
            let (Some(covers), Some(needs)) = (covers, needs) else { continue };
            let guardrail = Guardrail { name: tree.title.value.to_string(), covers, needs };
            let id = GuardrailId(crate::collect::push(&mut self.program.guardrails, guardrail));
            self.placed(Subject::Guardrail(id), rule.span);
        }
    }

    fn covers(&mut self, rule: &ast::GuardrailRule) -> Option<Covers> {
        match &rule.covers {
            ast::Covered::Money { above, per } => {
                if per.is_some() {
                    self.not_yet(rule.span, "a limit over time");
                    return None;
                }
                let mut frame = Frame::pure(Vec::new(), "a guardrail");
                let found = self.infer(&mut frame, above, Some(&Type::Money(None)));
                if is_poisoned(&found.ty) {
                    return None;
                }
                if !matches!(found.ty, Type::Money(Some(_))) {
                    let name = self.type_name(&found.ty);
                    self.push(
                        self.at(
                            codes::TYPE_MISMATCH,
                            above.span,
                            "a guardrail over money names an amount of one currency",
                        )
                        .primary(format!("this is `{name}`"))
                        .help("write an amount such as `5_000 EUR`, or a setting of such a type"),
                    );
                    return None;
                }
                if !matches!(found.expr, Expr::Const(_) | Expr::Setting(_)) {
                    self.not_yet(above.span, "an amount that is worked out in a guardrail");
                    return None;
                }
                Some(Covers::MoneyAbove(found.expr))
            }
            ast::Covered::Messages { template: None } => Some(Covers::Messages(None)),
            ast::Covered::Messages { template: Some(name) } => {
                self.template(name).map(|template| Covers::Messages(Some(template)))
            }
            ast::Covered::Deletes(path) => self.record_path(path).map(Covers::Deletes),
            ast::Covered::Changes(path) => {
                self.not_yet(path.span, "a guardrail over changes");
                None
            }
            ast::Covered::Creates(path) => {
                self.not_yet(path.span, "a guardrail over what is created");
                None
            }
        }
    }

    /// A record that a path of one name names.
    pub(crate) fn record_path(&mut self, path: &ast::Path) -> Option<RecordId> {
        let Some(name) = path.single() else {
            let shown = self.clause(path.span);
            self.push(
                self.at(codes::WRONG_KIND, path.span, format!("`{shown}` is no record"))
                    .help("name the record alone"),
            );
            return None;
        };
        self.named(name, Kind::Record, |symbol| match symbol {
            Symbol::Record(id) => Some(id),
            _ => None,
        })
    }

    fn needs(&mut self, rule: &ast::GuardrailRule) -> Option<Needs> {
        match &rule.need {
            ast::Need::Nothing { because } => Some(Needs::Nothing { because: self.fixed(because) }),
            ast::Need::Review => {
                self.not_yet(rule.need_span, "a guardrail that needs a review");
                None
            }
            ast::Need::Level { level, silence_is_enough } => {
                let (policy, level) = self.level_path(level)?;
                Some(Needs::Level { policy, level, silence_is_enough: *silence_is_enough })
            }
        }
    }

    /// `payment.full_review`
    fn level_path(&mut self, path: &ast::Path) -> Option<(countersign_ir::program::ApprovalId, LevelId)> {
        let [policy, level] = path.names.as_slice() else {
            let shown = self.clause(path.span);
            self.push(
                self.at(codes::WRONG_KIND, path.span, format!("`{shown}` is no level of an approval policy"))
                    .primary("a policy and its level")
                    .help("write them with a dot, as in `payment.full_review`"),
            );
            return None;
        };
        let id = self.approval(policy)?;
        let at = self.level_named(id, level)?;
        Some((id, LevelId(index(at))))
    }

    fn level_named(&mut self, id: countersign_ir::program::ApprovalId, level: &ast::Name) -> Option<usize> {
        let approval = self.program.approvals.get(id.index())?;
        let variants =
            self.program.enums.get(approval.level_type.index()).map(|levels| levels.variants.clone())?;
        let found = variants.iter().position(|variant| variant == level.as_str());
        if found.is_none() {
            let name = approval.name.clone();
            self.unknown_level(level.span, &name, level, &variants);
        }
        found
    }

    fn unknown_level(&mut self, span: Span, policy: &str, level: &ast::Name, known: &[String]) {
        let problem = self
            .at(codes::UNKNOWN_VARIANT, span, format!("`{policy}` has no level `{}`", level.text))
            .primary("not one of its levels");
        let problem = match nearest(level.as_str(), known.iter().map(String::as_str)) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")).fix(
                countersign_diagnostics::Fix::suggested(format!("write `{meant}`")).edit(
                    self.file(),
                    span.range(),
                    meant,
                ),
            ),
            None => problem.help(format!("its levels are {}", listed(known, "and"))),
        };
        self.push(problem);
    }
}
