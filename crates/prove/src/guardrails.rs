//! Guardrails as claims over every path to an action: the consent is there, or the amount is within the limit.

use countersign_diagnostics::{Code, Counterexample, Diagnostic, FileId, codes};
use countersign_ir::program::{
    Approval, Approve, Branch, Consent, Covers, Effect, Expr, Flow, FlowId, Guardrail, GuardrailId, LevelId,
    Needs, Program, Step, StepId, StepKind, Type,
};
use countersign_ir::spans::{Place, SpanTable, Subject};
use countersign_ir::value::{Money, Value};

use crate::bounds::{highest, lowest, upper};
use crate::terms::{name, named, resolve, substitute};
use crate::witness;

/// One action on one path, under one guardrail.
struct Claim<'p> {
    program: &'p Program,
    spans: &'p SpanTable,
    guardrail: &'p Guardrail,
    guardrail_id: GuardrailId,
    policy: &'p Approval,
    level: LevelId,
    flow: &'p Flow,
    flow_id: FlowId,
    step: StepId,
    /// The approve steps whose approved block it stands in.
    inside: Vec<StepId>,
    /// Whether conditions of the flow may keep some cases from it, which are not followed.
    guarded: bool,
    /// `billing.pay`
    action: String,
    /// What moves, in the words of the flow, and above which amount the guardrail speaks; none for a guardrail without
    /// an amount.
    money: Option<(Expr, &'p Expr)>,
}

/// What cannot be shown, over all guardrails, flows and actions.
pub(crate) fn findings(program: &Program, spans: &SpanTable) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (place, guardrail) in program.guardrails.iter().enumerate() {
        let Needs::Level { policy, level, silence_is_enough } = &guardrail.needs else { continue };
        let Some(approval) = program.approvals.get(policy.index()) else { continue };
        let guardrail_id = GuardrailId(u16::try_from(place).unwrap_or(u16::MAX));
        if let Some(problem) = nobodys(spans, guardrail_id, approval, *level, *silence_is_enough) {
            found.push(problem);
            continue;
        }
        for (flow_place, flow) in program.flows.iter().enumerate() {
            for (step_place, step) in flow.steps.iter().enumerate() {
                let StepKind::Act { call, .. } = &step.kind else { continue };
                let system = program.systems.get(call.system.index());
                let Some((system, action)) =
                    system.and_then(|s| Some((s, s.actions.get(call.action.index())?)))
                else {
                    continue;
                };
                let money = match (&guardrail.covers, &action.effect) {
                    (Covers::MoneyAbove(limit), Effect::MovesMoney { out: true, amount }) => {
                        Some((resolve(flow, &substitute(amount, &call.args)), limit))
                    }
                    (Covers::Messages(template), Effect::Messages { .. }) => {
                        if template.is_some_and(|template| !renders(flow, &call.args, template)) {
                            continue;
                        }
                        None
                    }
                    (Covers::Deletes(record), Effect::Deletes(deleted)) if record == deleted => None,
                    _ => continue,
                };
                let conditions: Vec<Expr> =
                    guarding(flow, step).into_iter().map(|condition| resolve(flow, condition)).collect();
                if let Some((amount, limit)) = &money
                    && conditions
                        .iter()
                        .any(|holds| upper(program, holds, amount, true).within(program, limit))
                {
                    continue;
                }
                let claim = Claim {
                    guarded: !conditions.is_empty() || has_way_out(flow),
                    program,
                    spans,
                    guardrail,
                    guardrail_id,
                    policy: approval,
                    level: *level,
                    flow,
                    flow_id: FlowId(u16::try_from(flow_place).unwrap_or(u16::MAX)),
                    step: StepId(u16::try_from(step_place).unwrap_or(u16::MAX)),
                    inside: enclosing(flow, step),
                    action: format!("{}.{}", system.name, action.name),
                    money,
                };
                found.extend(claim.show());
            }
        }
    }
    found
}

/// A guardrail that needs a level at which nobody says yes asks for less than it seems to, or for what cannot be had.
fn nobodys(
    spans: &SpanTable,
    id: GuardrailId,
    policy: &Approval,
    level: LevelId,
    silence_is_enough: bool,
) -> Option<Diagnostic> {
    let level = policy.levels.get(level.index())?;
    let (how, help) = match &level.consent {
        Consent::Silence { .. } if !silence_is_enough => (
            "passes when nobody objects",
            "need a level that asks somebody, or say that this will do: `… silence is enough`",
        ),
        Consent::Automatic => ("asks nobody", "need a level that asks somebody"),
        _ => return None,
    };
    let place = spans.place(Subject::Guardrail(id));
    let (file, span) = place.map_or((0, 0..0), |place| (place.file, place.span.clone()));
    let headline = format!("this guardrail needs `{}.{}`, which {how}", policy.name, level.name);
    Some(
        Diagnostic::new(codes::GUARDRAIL_NOT_SHOWN, FileId::new(file), span, headline)
            .primary("nobody's consent")
            .reason("whoever reads the guardrail believes that a person has agreed")
            .help(help),
    )
}

/// Whether a run of that flow may end before its last step, by a condition.
fn has_way_out(flow: &Flow) -> bool {
    flow.steps.iter().any(|step| matches!(step.kind, StepKind::Skip { .. } | StepKind::Hand { .. }))
}

/// The conditions of the `when` blocks around a step, all of which hold when it runs.
fn guarding<'f>(flow: &'f Flow, step: &Step) -> Vec<&'f Expr> {
    let mut conditions = Vec::new();
    let mut parent = step.parent;
    for _ in 0..flow.steps.len() {
        let Some((id, branch)) = parent else { break };
        let Some(outer) = flow.steps.get(id.index()) else { break };
        if let (Branch::Body, StepKind::When { condition, .. }) = (branch, &outer.kind) {
            conditions.push(condition);
        }
        parent = outer.parent;
    }
    conditions
}

/// The approve steps around a step, by the shape of the flow: the block for a no is inside of nothing.
pub(crate) fn enclosing(flow: &Flow, step: &Step) -> Vec<StepId> {
    let mut around = Vec::new();
    let mut parent = step.parent;
    // A flow that was tampered with may have a circle; no step lies deeper than there are steps.
    for _ in 0..flow.steps.len() {
        let Some((id, branch)) = parent else { break };
        let Some(outer) = flow.steps.get(id.index()) else { break };
        if branch == Branch::Body && matches!(outer.kind, StepKind::Approve(_)) {
            around.push(id);
        }
        parent = outer.parent;
    }
    around
}

/// Whether one of the arguments is, or may be, a text from that template. A draft whose origin is not a step of this flow
/// may be from any.
pub(crate) fn renders(flow: &Flow, args: &[Expr], template: countersign_ir::program::TemplateId) -> bool {
    args.iter().any(|arg| {
        let Expr::Slot(slot) = resolve(flow, arg) else { return false };
        flow.steps.iter().any(
            |step| matches!(&step.kind, StepKind::Render { into, template: used, .. } if *into == slot && *used == template),
        )
    })
}

/// How one consent falls short.
enum Shortfall {
    /// It is of another policy or level, whatever the case.
    Never,
    /// A rule gives another level, and this case slips through.
    Refuted { rule: usize, level: String, case: Vec<(String, String)> },
    /// A rule gives another level, and nothing in it bounds the amount.
    NotShown { rule: usize, level: String },
}

impl Claim<'_> {
    fn level_name(&self) -> String {
        let level = self.policy.levels.get(self.level.index()).map_or("?", |level| level.name.as_str());
        format!("{}.{level}", self.policy.name)
    }

    /// The least amount that the guardrail speaks of.
    fn smallest_above(&self) -> Option<Money> {
        let (_, limit) = self.money.as_ref()?;
        let mut money = lowest(self.program, limit)?;
        money.minor = money.minor.checked_add(1)?;
        Some(money)
    }

    fn show(&self) -> Option<Diagnostic> {
        // A constant amount within the limit needs nothing.
        if let Some((Expr::Const(Value::Money(amount)), limit)) = &self.money
            && lowest(self.program, limit)
                .is_some_and(|l| l.currency == amount.currency && amount.minor <= l.minor)
        {
            return None;
        }
        let mut worst: Option<(StepId, Shortfall)> = None;
        for around in &self.inside {
            let step = self.flow.steps.get(around.index())?;
            let StepKind::Approve(approve) = &step.kind else { continue };
            let shortfall = self.shortfall(approve)?;
            // A consent that could cover says more about what is wrong than one that never could.
            if worst.is_none() || !matches!(shortfall, Shortfall::Never) {
                worst = Some((*around, shortfall));
            }
        }
        Some(self.in_another_currency().unwrap_or_else(|| self.diagnostic(worst)))
    }

    /// An amount in one currency is never shown to be within a limit in another.
    fn in_another_currency(&self) -> Option<Diagnostic> {
        let (amount, limit) = self.money.as_ref()?;
        let (term, ty) = named(self.program, self.flow, amount)?;
        let Type::Money(Some(moves)) = ty else { return None };
        let speaks = lowest(self.program, limit)?.currency;
        if moves == speaks {
            return None;
        }
        let headline = format!("`{}` moves {moves}, and the guardrail speaks of {speaks}", self.action);
        let needed = self.level_name();
        Some(
            self.at(codes::GUARDRAIL_NOT_SHOWN, headline)
                .primary(format!("`{term}` is in {moves}"))
                .reason("which of two amounts is larger depends on the day's rate, and the guardrail names none")
                .help(format!("let every {moves} that leaves here have the consent of `{needed}`, or move it in {speaks}")),
        )
    }

    /// How this consent falls short of what the guardrail needs; none if it never does.
    fn shortfall(&self, approve: &Approve) -> Option<Shortfall> {
        let wanted = self.policy.levels.get(self.level.index()).map(|level| level.name.as_str());
        let same_policy =
            self.program.approvals.get(approve.policy.index()).is_some_and(|p| std::ptr::eq(p, self.policy));
        if !same_policy {
            return Some(Shortfall::Never);
        }
        let is_wanted =
            |expr: &Expr| matches!(expr, Expr::Const(Value::Enum(name)) if Some(&**name) == wanted);
        let level = resolve(self.flow, &approve.level);
        if is_wanted(&level) {
            return None;
        }
        let Expr::Slot(slot) = level else { return Some(Shortfall::Never) };
        let decided = self.flow.steps.iter().find_map(|step| match &step.kind {
            StepKind::Decide { into, decision, args } if *into == slot => Some((decision, args)),
            _ => None,
        });
        let Some((decision, args)) = decided else { return Some(Shortfall::Never) };
        let decision = self.program.decisions.get(decision.index())?;
        let args: Vec<Expr> = args.iter().map(|arg| resolve(self.flow, arg)).collect();
        let conditions = witness::conditions(&decision.rules, &args);
        let mut not_shown = None;
        for (place, rule) in decision.rules.iter().enumerate() {
            if is_wanted(&rule.result) || self.bounded(&conditions, place) {
                continue;
            }
            let level = match &rule.result {
                Expr::Const(Value::Enum(name)) => name.to_string(),
                _ => "another level".into(),
            };
            if let Some(case) = self.case(&conditions, place).filter(|_| !self.guarded) {
                return Some(Shortfall::Refuted { rule: place, level, case });
            }
            not_shown.get_or_insert(Shortfall::NotShown { rule: place, level });
        }
        not_shown
    }

    /// Whether the rule fires only for amounts within the limit: its own condition says so, or that no earlier one held.
    fn bounded(&self, conditions: &[Option<Expr>], place: usize) -> bool {
        let Some((amount, limit)) = &self.money else { return false };
        let own = conditions.get(place).into_iter().flatten().map(|condition| (condition, true));
        let earlier = conditions.iter().take(place).flatten().map(|condition| (condition, false));
        own.chain(earlier).any(|(condition, holds)| {
            upper(self.program, condition, amount, holds).within(self.program, limit)
        })
    }

    /// A case just above the limit in which this rule is the one that fires: with the settings as they are unless an
    /// organisation says otherwise, or else with each as high as its bounds admit.
    fn case(&self, conditions: &[Option<Expr>], place: usize) -> Option<Vec<(String, String)>> {
        let (amount, _) = self.money.as_ref()?;
        let above = self.smallest_above()?;
        let defaults = self.settings(|setting, _| setting.default.clone());
        let highest = self.settings(|setting, term| {
            let most = highest(self.program, term).map(Value::Money);
            most.or_else(|| setting.default.clone())
        });
        [&defaults, &highest].into_iter().filter(|settings| self.may_be(settings)).find_map(|settings| {
            let case = witness::find(conditions, place, (amount, above), settings)?;
            // A setting is worth a word where it is not what everybody has.
            let named = case.iter().filter(|(term, value)| {
                !matches!(term, Expr::Setting(_))
                    || !defaults.contains(&(term.clone(), value.clone())) && is_asked(conditions, term)
            });
            named
                .map(|(term, value)| Some((name(self.program, self.flow, term)?, literal(value))))
                .collect::<Option<Vec<_>>>()
        })
    }

    fn settings(
        &self,
        value: impl Fn(&countersign_ir::program::Setting, &Expr) -> Option<Value>,
    ) -> Vec<(Expr, Value)> {
        let all = self.program.settings.iter().enumerate().filter_map(|(at, setting)| {
            let term = Expr::Setting(countersign_ir::program::SettingId(u16::try_from(at).ok()?));
            let value = value(setting, &term)?;
            Some((term, value))
        });
        all.collect()
    }

    /// Whether an organisation may choose these settings: each meets its own bounds.
    fn may_be(&self, settings: &[(Expr, Value)]) -> bool {
        let bounds = self.program.settings.iter().filter_map(|setting| setting.bounds.as_ref());
        bounds.map(|bounds| &bounds.condition).all(|bounds| witness::holds(settings, bounds) != Some(false))
    }

    fn place(&self, subject: Subject) -> Option<&Place> {
        self.spans.place(subject)
    }

    fn at(&self, code: Code, headline: String) -> Diagnostic {
        let step = self
            .place(Subject::Step(self.flow_id, self.step))
            .or_else(|| self.place(Subject::Flow(self.flow_id)));
        let (file, span) = step.map_or((0, 0..0), |place| (place.file, place.span.clone()));
        let mut diagnostic = Diagnostic::new(code, FileId::new(file), span, headline);
        if let Some(place) = self.place(Subject::Guardrail(self.guardrail_id)) {
            let text = format!("the guardrail \"{}\" is here", self.guardrail.name);
            diagnostic = diagnostic.label(FileId::new(place.file), place.span.clone(), text);
        }
        diagnostic
    }

    /// The rules of the decision that an approve step's level comes from.
    fn decision_of(
        &self,
        around: StepId,
    ) -> Option<(countersign_ir::program::DecisionId, &countersign_ir::program::Decision)> {
        let StepKind::Approve(approve) = &self.flow.steps.get(around.index())?.kind else { return None };
        let Expr::Slot(slot) = resolve(self.flow, &approve.level) else { return None };
        let id = self.flow.steps.iter().find_map(|step| match &step.kind {
            StepKind::Decide { into, decision, .. } if *into == slot => Some(*decision),
            _ => None,
        })?;
        Some((id, self.program.decisions.get(id.index())?))
    }

    fn diagnostic(&self, worst: Option<(StepId, Shortfall)>) -> Diagnostic {
        let needed = self.level_name();
        let what = match &self.money {
            Some((amount, limit)) => {
                let amount = name(self.program, self.flow, amount).unwrap_or_else(|| "an amount".into());
                let limit = match limit {
                    Expr::Const(value) => literal(value),
                    other => name(self.program, self.flow, other).unwrap_or_else(|| "the limit".into()),
                };
                format!("{amount} above {limit}")
            }
            None => "it".to_owned(),
        };
        match worst {
            None | Some((_, Shortfall::Never)) => {
                let headline = format!("`{}` runs without the consent of `{needed}`", self.action);
                let code = if self.guarded { codes::GUARDRAIL_NOT_SHOWN } else { codes::PAST_A_GUARDRAIL };
                let diagnostic = self
                    .at(code, headline)
                    .primary(format!("nobody agrees to {what} on the way here"))
                    .reason(format!("\"{}\" would not be kept: no {needed} stands between the rules and this action", self.guardrail.name))
                    .help(format!("put the action into `approve {} at … {{ … }}`, at a level that gives `{needed}` where it is needed", self.policy.name));
                if self.guarded { diagnostic } else { self.with_case(diagnostic, &[], None) }
            }
            Some((around, Shortfall::Refuted { rule, level, case })) => {
                let policy = &self.policy.name;
                let headline =
                    format!("`{}` gets past the guardrail \"{}\"", self.action, self.guardrail.name);
                let mut diagnostic = self
                    .at(codes::PAST_A_GUARDRAIL, headline)
                    .primary(format!("needs {needed} for {what}"))
                    .reason(format!(
                        "rule {} gives `{policy}.{level}`, and its condition does not keep {what} out",
                        rule + 1
                    ));
                let mut through = None;
                if let Some((id, decision)) = self.decision_of(around) {
                    diagnostic = self.label_rule(diagnostic, id, rule, &format!("gives `{level}`"));
                    through = Some((decision.name.clone(), rule, format!("{policy}.{level}")));
                }
                self.with_case(diagnostic.help(self.advice(rule, &needed)), &case, through)
            }
            Some((around, Shortfall::NotShown { rule, level })) => {
                let policy = &self.policy.name;
                let headline = format!(
                    "it cannot be shown that `{}` keeps to the guardrail \"{}\"",
                    self.action, self.guardrail.name
                );
                let mut diagnostic = self
                    .at(codes::GUARDRAIL_NOT_SHOWN, headline)
                    .primary(format!("needs {needed} for {what}"))
                    .reason(format!("rule {} gives `{policy}.{level}`, and nothing in its condition bounds the amount in a way that can be followed", rule + 1));
                if let Some((id, _)) = self.decision_of(around) {
                    diagnostic = self.label_rule(diagnostic, id, rule, "this clause stands in the way");
                }
                diagnostic.help(self.advice(rule, &needed))
            }
        }
    }

    fn advice(&self, rule: usize, needed: &str) -> String {
        match &self.money {
            Some((amount, limit)) => {
                let amount = name(self.program, self.flow, amount).unwrap_or_else(|| "the amount".into());
                let limit = match limit {
                    Expr::Const(value) => literal(value),
                    other => name(self.program, self.flow, other).unwrap_or_else(|| "the limit".into()),
                };
                format!(
                    "add `and {amount} <= {limit}` to the condition of rule {}, or let it give `{needed}`",
                    rule + 1
                )
            }
            None => format!("let rule {} give `{needed}`", rule + 1),
        }
    }

    fn label_rule(
        &self,
        diagnostic: Diagnostic,
        id: countersign_ir::program::DecisionId,
        rule: usize,
        text: &str,
    ) -> Diagnostic {
        let rule = u16::try_from(rule).unwrap_or(u16::MAX);
        match self.place(Subject::Rule(id, rule)) {
            Some(place) => diagnostic.label(FileId::new(place.file), place.span.clone(), text.to_owned()),
            None => diagnostic,
        }
    }

    /// The case as a short story, in literals that a test can take over.
    fn with_case(
        &self,
        diagnostic: Diagnostic,
        case: &[(String, String)],
        through: Option<(String, usize, String)>,
    ) -> Diagnostic {
        let Some(((amount, _), above)) = self.money.as_ref().zip(self.smallest_above()) else {
            return diagnostic;
        };
        let above = literal(&Value::Money(above));
        let mut example = Counterexample::new();
        if case.is_empty() {
            let amount = name(self.program, self.flow, amount).unwrap_or_else(|| "the amount".into());
            example = example.input(amount, above.clone());
        }
        for (name, value) in case {
            example = example.input(name.clone(), value.clone());
        }
        let wants = format!("the guardrail wants {}", self.level_name());
        let moves = format!("{} moves {above}", self.action);
        let story = match through {
            Some((decision, rule, level)) => {
                format!("{decision} rule {} → {level} → {moves}; {wants}", rule + 1)
            }
            None => format!("{moves}; {wants}"),
        };
        diagnostic.counterexample(example.story(story))
    }
}

/// Whether a condition looks at a term.
fn is_asked(conditions: &[Option<Expr>], term: &Expr) -> bool {
    conditions.iter().flatten().any(|condition| witness::looks_at(condition, term))
}

/// A value as the source writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Money(money) => {
            let text = money.to_string();
            text.replace(".00 ", " ")
        }
        other => other.to_string(),
    }
}
