//! Consent: what cannot be taken back and what leaves as a message has somebody's agreement, or a guardrail that states
//! that it needs none.
//!
//! Silence and an automatic level are nobody's agreement. Which level an approval is put at is known from the rules of the
//! decision that gave it; where it is not known, each level of the policy may be.

use countersign_diagnostics::{Code, Counterexample, Diagnostic, FileId, codes};
use countersign_ir::program::{
    Action, ActionCall, Approve, Consent, Covers, DecisionId, Effect, Expr, Flow, FlowId, Guardrail, Level,
    LevelId, Needs, Program, StepId, StepKind, Undo,
};
use countersign_ir::spans::{SpanTable, Subject};
use countersign_ir::value::Value;

use crate::bounds::highest;
use crate::guardrails::{enclosing, renders};
use crate::terms::{name, resolve, substitute};
use crate::witness::is_place;

/// A level at which a question may be put, and the rule that gives it.
struct Possible<'p> {
    level: &'p Level,
    id: LevelId,
    rule: Option<(DecisionId, usize)>,
}

/// One action in one flow.
struct Deed<'p> {
    program: &'p Program,
    spans: &'p SpanTable,
    flow: &'p Flow,
    flow_id: FlowId,
    step: StepId,
    call: &'p ActionCall,
    action: &'p Action,
    name: String,
    inside: Vec<&'p Approve>,
}

/// What is done without the consent that it needs, over all flows.
pub(crate) fn findings(program: &Program, spans: &SpanTable) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (flow_place, flow) in program.flows.iter().enumerate() {
        for (step_place, step) in flow.steps.iter().enumerate() {
            let StepKind::Act { call, .. } = &step.kind else { continue };
            let Some(system) = program.systems.get(call.system.index()) else { continue };
            let Some(action) = system.actions.get(call.action.index()) else { continue };
            let inside = enclosing(flow, step).into_iter().filter_map(|id| {
                match flow.steps.get(id.index()).map(|step| &step.kind) {
                    Some(StepKind::Approve(approve)) => Some(&**approve),
                    _ => None,
                }
            });
            let deed = Deed {
                program,
                spans,
                flow,
                flow_id: FlowId(u16::try_from(flow_place).unwrap_or(u16::MAX)),
                step: StepId(u16::try_from(step_place).unwrap_or(u16::MAX)),
                call,
                action,
                name: format!("{}.{}", system.name, action.name),
                inside: inside.collect(),
            };
            let lacking = deed.unconsented_message().or_else(|| deed.unconsented_and_irreversible());
            found.extend(lacking.or_else(|| deed.unshown()));
        }
    }
    found
}

impl<'p> Deed<'p> {
    /// A message leaves only inside of an approval or under a guardrail, whose own claim is shown elsewhere.
    fn unconsented_message(&self) -> Option<Diagnostic> {
        let is_message = matches!(self.action.effect, Effect::Messages { .. });
        let guarded = self.program.guardrails.iter().any(|guardrail| self.is_covered(guardrail));
        if !is_message || guarded || !self.inside.is_empty() {
            return None;
        }
        let diagnostic = self
            .at(codes::UNCONSENTED_MESSAGE, format!("`{}` sends a message that nobody agreed to", self.name))
            .primary("no approval around it, and no guardrail speaks of it")
            .reason("a wrong rule or a wrong reading would write to your customers in your name, as often as it likes")
            .help("put it into an `approve … { … }`");
        Some(diagnostic.help(match self.template() {
            Some(template) => format!(
                "if it may go out unread, state it: `guardrail \"…\" {{ messages from \"{template}\" need nothing because \"…\" }}`"
            ),
            None => "if it may go out unread, state it: `guardrail \"…\" { messages need nothing because \"…\" }`".to_owned(),
        }))
    }

    fn unconsented_and_irreversible(&self) -> Option<Diagnostic> {
        let Undo::Irreversible { because } = &self.action.undo else { return None };
        let free =
            self.program.guardrails.iter().any(|guardrail| {
                matches!(guardrail.needs, Needs::Nothing { .. }) && self.is_covered(guardrail)
            });
        if free {
            return None;
        }
        if self.inside.is_empty() {
            let diagnostic = self
                .at(
                    codes::UNCONSENTED_AND_IRREVERSIBLE,
                    format!("`{}` cannot be taken back, and nobody agrees to it", self.name),
                )
                .primary("no approval around it")
                .reason(format!(
                    "it is irreversible, because \"{because}\": a wrong rule would do what nobody can mend"
                ))
                .help("put it into an `approve … { … }` whose levels ask somebody");
            return Some(self.with_exemption(diagnostic));
        }
        // One consent of a person is enough, whatever is around it.
        let mut lacking: Option<Possible<'p>> = None;
        for approve in &self.inside {
            let weak = self.possible(approve).into_iter().find(|possible| !is_asked(possible.level));
            match weak {
                None => return None,
                Some(weak) => {
                    lacking.get_or_insert(weak);
                }
            }
        }
        lacking.map(|lacking| self.weak(&lacking, because))
    }

    fn weak(&self, weak: &Possible<'_>, because: &str) -> Diagnostic {
        let level = &weak.level.name;
        let silent = matches!(weak.level.consent, Consent::Silence { .. });
        let (code, how) = if silent {
            (codes::SILENCE_IS_NO_CONSENT, "passes because nobody objected")
        } else {
            (codes::UNCONSENTED_AND_IRREVERSIBLE, "asks nobody")
        };
        let mut diagnostic = self
            .at(code, format!("`{}` cannot be taken back, and `{level}` {how}", self.name))
            .primary("runs at that level, too")
            .reason(format!(
                "it is irreversible, because \"{because}\": somebody who was away for an hour would find it done for good"
            ))
            .help("let every level that leads here ask somebody, or give the action an `undo`");
        diagnostic = self.with_exemption(diagnostic);
        let policy = self.policy_of(weak.id, level);
        if let Some(place) = policy.and_then(|policy| self.spans.place(Subject::Level(policy, weak.id))) {
            let text = if silent { "silence is enough here" } else { "nobody is asked here" };
            diagnostic = diagnostic.label(FileId::new(place.file), place.span.clone(), text);
        }
        if let Some((decision, rule)) = weak.rule {
            let subject = Subject::Rule(decision, u16::try_from(rule).unwrap_or(u16::MAX));
            if let Some(place) = self.spans.place(subject) {
                diagnostic = diagnostic.label(
                    FileId::new(place.file),
                    place.span.clone(),
                    format!("this rule gives `{level}`"),
                );
            }
            if let Some(decision) = self.program.decisions.get(decision.index()) {
                let story = format!("{} rule {} → {level} → {}", decision.name, rule + 1, self.name);
                diagnostic = diagnostic.counterexample(Counterexample::new().story(story));
            }
        }
        diagnostic
    }

    /// Inside of an approval, what an effect rests on is shown to those who agree.
    fn unshown(&self) -> Option<Diagnostic> {
        let (Effect::MovesMoney { amount: what, .. } | Effect::Messages { to: what }) = &self.action.effect
        else {
            return None;
        };
        let approve = self.inside.first()?;
        let mut terms = Vec::new();
        places(&resolve(self.flow, &substitute(what, &self.call.args)), &mut terms);
        let shown: Vec<Expr> = self
            .inside
            .iter()
            .flat_map(|approve| approve.showing.iter().map(|shown| resolve(self.flow, &shown.value.expr)))
            .collect();
        let unshown = terms.iter().find(|term| !shown.iter().any(|shown| is_part(term, shown)))?;
        let named = name(self.program, self.flow, unshown).unwrap_or_else(|| "what it rests on".to_owned());
        let root = named.split('.').next().unwrap_or(&named).to_owned();
        let labels: Vec<&str> = approve.showing.iter().map(|shown| shown.label.as_str()).collect();
        let all = labels.iter().copied().chain([root.as_str()]).collect::<Vec<_>>().join(", ");
        Some(
            self.at(codes::NOT_SHOWN, format!("people agree to `{}` without seeing `{named}`", self.name))
                .primary(format!("rests on `{named}`"))
                .reason("what was shown is what runs: an answer stands for what somebody saw, and for nothing else")
                .help(format!("show it: `showing [{all}]`")),
        )
    }

    fn policy_of(&self, id: LevelId, level: &str) -> Option<countersign_ir::program::ApprovalId> {
        self.inside.iter().map(|approve| approve.policy).find(|policy| {
            let known = self.program.approvals.get(policy.index()).and_then(|p| p.levels.get(id.index()));
            known.is_some_and(|known| known.name == level)
        })
    }

    fn with_exemption(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self.exemption() {
            Some(line) => diagnostic.help(line),
            None => diagnostic,
        }
    }

    /// The guardrail that would state that it needs nobody's consent, where guardrails speak of such actions.
    fn exemption(&self) -> Option<String> {
        let covers = match &self.action.effect {
            Effect::MovesMoney { out: true, amount } => {
                let currency =
                    currency(self.program, amount, self.action).unwrap_or_else(|| "EUR".to_owned());
                format!("money above 0 {currency} needs nothing")
            }
            Effect::Messages { .. } => "messages need nothing".to_owned(),
            Effect::Deletes(record) => {
                let name = self.program.records.get(record.index()).map_or("…", |record| &record.name);
                format!("deletes of {name} need nothing")
            }
            _ => return None,
        };
        Some(format!("if that is right, state it: `guardrail \"…\" {{ {covers} because \"…\" }}`"))
    }

    /// Whether a guardrail speaks of every such action, whatever its values are.
    fn is_covered(&self, guardrail: &Guardrail) -> bool {
        match (&guardrail.covers, &self.action.effect) {
            (Covers::Messages(None), Effect::Messages { .. }) => true,
            (Covers::Messages(Some(template)), Effect::Messages { .. }) => {
                renders(self.flow, &self.call.args, *template)
            }
            (Covers::Deletes(record), Effect::Deletes(deleted)) => record == deleted,
            // Money is positive; a limit of nothing covers each amount.
            (Covers::MoneyAbove(limit), Effect::MovesMoney { out: true, .. }) => {
                highest(self.program, limit).is_some_and(|limit| limit.minor <= 0)
            }
            _ => false,
        }
    }

    fn template(&self) -> Option<&'p str> {
        let of = |place: usize| countersign_ir::program::TemplateId(u16::try_from(place).unwrap_or(u16::MAX));
        let known = self.program.templates.iter().enumerate();
        known
            .map(|(place, template)| (of(place), template.name.as_str()))
            .find(|(id, _)| renders(self.flow, &self.call.args, *id))
            .map(|(_, name)| name)
    }

    /// The levels at which a question may be put.
    fn possible(&self, approve: &Approve) -> Vec<Possible<'p>> {
        let Some(policy) = self.program.approvals.get(approve.policy.index()) else { return Vec::new() };
        let named = |name: &str, rule: Option<(DecisionId, usize)>| {
            let place = policy.levels.iter().position(|level| level.name == name)?;
            let id = LevelId(u16::try_from(place).unwrap_or(u16::MAX));
            Some(Possible { level: policy.levels.get(place)?, id, rule })
        };
        let all = || policy.levels.iter().filter_map(|level| named(&level.name, None)).collect();
        match resolve(self.flow, &approve.level) {
            Expr::Const(Value::Enum(name)) => named(&name, None).into_iter().collect(),
            Expr::Slot(slot) => {
                let decided = self.flow.steps.iter().find_map(|step| match &step.kind {
                    StepKind::Decide { into, decision, .. } if *into == slot => Some(*decision),
                    _ => None,
                });
                let known = decided.and_then(|id| Some((id, self.program.decisions.get(id.index())?)));
                let Some((id, decision)) = known else { return all() };
                let answers = decision.rules.iter().enumerate().map(|(at, rule)| match &rule.result {
                    Expr::Const(Value::Enum(name)) => named(name, Some((id, at))),
                    _ => None,
                });
                answers.collect::<Option<Vec<_>>>().unwrap_or_else(all)
            }
            _ => all(),
        }
    }

    fn at(&self, code: Code, headline: String) -> Diagnostic {
        let step = self.spans.place(Subject::Step(self.flow_id, self.step));
        let place = step.or_else(|| self.spans.place(Subject::Flow(self.flow_id)));
        let (file, span) = place.map_or((0, 0..0), |place| (place.file, place.span.clone()));
        Diagnostic::new(code, FileId::new(file), span, headline)
    }
}

/// The places that an expression looks at: slots, with their fields as far as they are named.
fn places(expr: &Expr, found: &mut Vec<Expr>) {
    match expr {
        Expr::Slot(_) => found.push(expr.clone()),
        Expr::Field(of, _) if is_place(of) => found.push(expr.clone()),
        Expr::Field(of, _) | Expr::IsSome(of) | Expr::Not(of) | Expr::Count(of) => places(of, found),
        Expr::Arithmetic(_, left, right) | Expr::Compare(_, left, right) | Expr::Default(left, right) => {
            places(left, found);
            places(right, found);
        }
        Expr::Record(parts) | Expr::List(parts) | Expr::And(parts) | Expr::Or(parts) => {
            for part in parts {
                places(part, found);
            }
        }
        Expr::With(of, changes) => {
            places(of, found);
            for (_, change) in changes {
                places(change, found);
            }
        }
        Expr::OneOf(of, options) => {
            places(of, found);
            for option in options {
                places(option, found);
            }
        }
        Expr::Const(_) | Expr::Setting(_) | Expr::Text(_) => {}
    }
}

/// Whether one place is another, or lies inside of it.
fn is_part(term: &Expr, shown: &Expr) -> bool {
    term == shown || matches!(term, Expr::Field(of, _) if is_part(of, shown))
}

/// Whether a person says yes at that level.
const fn is_asked(level: &Level) -> bool {
    matches!(level.consent, Consent::Ask(_))
}

/// The currency of an amount over an action's parameters.
fn currency(program: &Program, amount: &Expr, action: &Action) -> Option<String> {
    use countersign_ir::program::Type;
    fn ty(program: &Program, expr: &Expr, action: &Action) -> Option<Type> {
        match expr {
            Expr::Slot(slot) => action.params.get(slot.index()).map(|param| param.ty.clone()),
            Expr::Field(of, place) => match ty(program, of, action)? {
                Type::Record(id) => program
                    .records
                    .get(id.index())?
                    .fields
                    .get(usize::from(*place))
                    .map(|field| field.ty.clone()),
                _ => None,
            },
            _ => None,
        }
    }
    match ty(program, amount, action)? {
        Type::Money(Some(currency)) => Some(currency.to_string()),
        _ => None,
    }
}
