//! The steps of a flow, one after the other, until one has to wait.

use std::sync::Arc;

use countersign_ir::json::{Style, to_json};
use countersign_ir::program::{Approve, Branch, Consent as Level, Slot, StepId, StepKind};
use countersign_ir::value::{Draft, Value};

use super::{Agenda, Consent, Context, Doing, Evidence, Outcome, Run, history_cell};
use crate::cell::{CellId, CellKind, derived};
use crate::eval::{EvalError, decide_by_id};
use crate::protocol::{Answered, Body, Fact, Output, Question, Verdict};
use crate::step::StepError;
use crate::task::{Choice, Shown, Topic, TopicKind};

impl Run {
    /// Goes on until something has to be waited for, or the run ends.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>) -> Result<(), StepError> {
        while self.doing == Doing::Nothing && self.ended.is_none() {
            match self.agenda {
                Agenda::Flow { at: Some(at) } => self.perform(context, at)?,
                Agenda::Flow { at: None } => self.end(context, Outcome::Done, None)?,
                Agenda::Undo { .. } => self.undo_next(context)?,
            }
        }
        Ok(())
    }

    /// The step where the run stands.
    pub(super) fn here(&self) -> Result<StepId, StepError> {
        match self.agenda {
            Agenda::Flow { at: Some(at) } => Ok(at),
            _ => Err(EvalError::Malformed("the run stands at no step".into()).into()),
        }
    }

    /// The step is done: control goes to what stands behind it, or behind the block that it ends.
    pub(super) fn next_step(&mut self, context: &mut Context<'_>) -> Result<(), StepError> {
        self.doing = Doing::Nothing;
        let mut at = self.here()?;
        let next = loop {
            let step = context.deployment.step(self.flow, at)?;
            if let Some(next) = step.next {
                break Some(next);
            }
            match step.parent {
                None => break None,
                Some((_, Branch::Refused)) => return self.end(context, Outcome::Refused, None),
                Some((parent, Branch::Body)) => at = parent,
            }
        };
        self.agenda = Agenda::Flow { at: next };
        Ok(())
    }

    fn enter(&mut self, context: &mut Context<'_>, block: Option<StepId>) -> Result<(), StepError> {
        match block {
            Some(first) => {
                self.doing = Doing::Nothing;
                self.agenda = Agenda::Flow { at: Some(first) };
                Ok(())
            }
            None => self.next_step(context),
        }
    }

    /// Binds a name.
    pub(super) fn bind(
        &mut self,
        context: &mut Context<'_>,
        into: Slot,
        value: Value,
    ) -> Result<(), StepError> {
        let flow = context.deployment.flow(self.flow)?;
        if let Some(binding) = flow.slots.get(into.index())
            && !binding.name.is_empty()
        {
            let text = to_json(&context.deployment.program, &binding.ty, &value, Style::People).to_string();
            context.facts.push(Fact::Learned { name: binding.name.clone(), value: text });
        }
        match self.frame.get_mut(into.index()) {
            Some(slot) => {
                *slot = Some(value);
                Ok(())
            }
            None => Err(EvalError::Malformed(format!("there is no slot {}", into.0)).into()),
        }
    }

    fn perform(&mut self, context: &mut Context<'_>, at: StepId) -> Result<(), StepError> {
        let deployment = context.deployment;
        let step = deployment.step(self.flow, at)?;
        match &step.kind {
            StepKind::Let { into, value } => {
                let value = context.scope(&self.frame).eval(value)?;
                self.bind(context, *into, value)?;
                self.next_step(context)
            }
            StepKind::Decide { into, decision, args } => {
                let args: Vec<_> = context.scope(&self.frame).all(args)?.into_iter().map(Some).collect();
                let (decision, decided) =
                    decide_by_id(&deployment.program, *decision, &args, &deployment.settings)?;
                let when = decision.rules.get(decided.rule).and_then(|rule| rule.when.as_ref());
                let inputs = decision.params.iter().zip(&args).map(|(param, arg)| {
                    let json =
                        arg.as_ref().map(|arg| to_json(&deployment.program, &param.ty, arg, Style::People));
                    (param.name.clone(), json.unwrap_or_default().to_string())
                });
                let answer = to_json(&deployment.program, &decision.result, &decided.answer, Style::People);
                let answer = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
                context.facts.push(Fact::Decided {
                    decision: decision.name.clone(),
                    rule: u32::try_from(decided.rule + 1).unwrap_or(u32::MAX),
                    when: when.map_or_else(|| "otherwise".into(), |clause| clause.text.clone()),
                    answer: answer.clone(),
                    because: decided.because.map(str::to_owned),
                    inputs: inputs.collect(),
                });
                self.decisions.push((decision.name.clone(), answer));
                self.bind(context, *into, decided.answer)?;
                self.next_step(context)
            }
            StepKind::Read { .. } => self.read_again(context, 0, context.at),
            StepKind::History { within, .. } => match self.key(context)? {
                Some(key) => {
                    let flow = deployment.flow(self.flow)?;
                    let since = context.at.saturating_sub(*within);
                    let body = Body::Recall { run: context.cell.clone(), since };
                    context.send(history_cell(deployment, &flow.name, &key), body);
                    self.doing = Doing::Recalling;
                    Ok(())
                }
                None => self.take_history(context, Value::list([])),
            },
            StepKind::Render { template, with, .. } => {
                let value = context.scope(&self.frame).eval(&with.expr)?;
                let json = to_json(&deployment.program, &with.ty, &value, Style::People);
                let template = deployment.program.templates.get(template.index());
                let template =
                    template.ok_or_else(|| EvalError::Malformed("there is no such template".into()))?;
                let number = self.number();
                let question = Question::Render {
                    template: template.name.clone(),
                    source: template.source.clone(),
                    context: json.to_string(),
                };
                context.outputs.push(Output::Consult { number, question });
                self.doing = Doing::Rendering { question: number };
                Ok(())
            }
            StepKind::Approve(approve) => self.ask(context, at, approve),
            StepKind::Act { call, .. } => {
                let args = context.scope(&self.frame).all(&call.args)?;
                self.begin_action(context, Some(at), call.system, call.action, args)
            }
            StepKind::When { condition, body } => {
                if context.scope(&self.frame).holds(condition)? {
                    self.enter(context, *body)
                } else {
                    self.next_step(context)
                }
            }
            StepKind::Verify { lasting, .. } => self.begin_check(context, *lasting),
            StepKind::Skip { because } => self.end(context, Outcome::Skipped, Some(because.clone())),
            StepKind::Hand { role, because } => self.hand(context, *role, because),
            StepKind::Tell { role, text } => {
                let question = context.scope(&self.frame).eval(text)?.to_string();
                let kind = TopicKind::Tell { role: *role };
                let topic = self.topic(kind, question, Vec::new());
                self.open_task(context, topic);
                self.next_step(context)
            }
        }
    }

    fn topic(&self, kind: TopicKind, question: String, showing: Vec<Shown>) -> Topic {
        let (deployment, flow) = (self.deployment, self.flow);
        Topic { kind, deployment, flow, run: None, question, showing, about: None, suggestion: None }
    }

    pub(super) fn open_task(&mut self, context: &mut Context<'_>, topic: Topic) -> CellId {
        let number = self.number().to_string();
        let key = derived("task", "countersign/task/v1", &[&context.cell.key, &number]);
        let task = CellId::new(CellKind::Task, key);
        context.send(task.clone(), Body::Open(Box::new(topic)));
        task
    }

    fn hand(
        &mut self,
        context: &mut Context<'_>,
        role: countersign_ir::program::RoleId,
        because: &str,
    ) -> Result<(), StepError> {
        let topic = self.topic(
            TopicKind::Tell { role },
            format!("{} is in your hands: {because}", context.cell.key),
            Vec::new(),
        );
        self.open_task(context, topic);
        self.end(context, Outcome::Handed(role), Some(because.to_owned()))
    }

    pub(super) fn take_draft(
        &mut self,
        context: &mut Context<'_>,
        subject: String,
        text: String,
    ) -> Result<(), StepError> {
        let deployment = context.deployment;
        if let StepKind::Render { into, template, .. } = &deployment.step(self.flow, self.here()?)?.kind {
            let name = deployment.program.templates.get(template.index()).map_or("", |t| t.name.as_str());
            let draft = Draft { template: name.into(), subject: subject.into(), text: text.into() };
            self.bind(context, *into, Value::Draft(Arc::new(draft)))?;
        }
        self.next_step(context)?;
        self.go_on(context)
    }

    pub(super) fn take_history(
        &mut self,
        context: &mut Context<'_>,
        history: Value,
    ) -> Result<(), StepError> {
        if let StepKind::History { into, .. } = &context.deployment.step(self.flow, self.here()?)?.kind {
            self.bind(context, *into, history)?;
        }
        self.next_step(context)?;
        self.go_on(context)
    }

    /// What an approve step shows now. The gate asks again: names are bound once, so it must be what was shown.
    pub(crate) fn consent_topic(&self, context: &Context<'_>, approve: &Approve) -> Result<Topic, StepError> {
        let deployment = context.deployment;
        let scope = context.scope(&self.frame);
        let level = match scope.eval(&approve.level)? {
            Value::Enum(name) => name,
            other => return Err(EvalError::Malformed(format!("{} as a level", other.kind())).into()),
        };
        let policy = deployment.approval(approve.policy)?;
        let place = policy.levels.iter().position(|l| *l.name == *level);
        let place =
            place.ok_or_else(|| EvalError::Malformed(format!("`{}` has no level `{level}`", policy.name)))?;
        let level = countersign_ir::program::LevelId(u16::try_from(place).unwrap_or(u16::MAX));
        let mut showing = Vec::new();
        for shown in &approve.showing {
            let value = scope.eval(&shown.value.expr)?;
            showing.push(Shown::value(&deployment.program, &shown.label, &shown.value.ty, &value));
        }
        let excluded = scope.all(&approve.four_eyes)?.iter().map(Value::to_string).collect();
        let question = scope.eval(&approve.question)?.to_string();
        let kind = TopicKind::Consent { policy: approve.policy, level, excluded };
        Ok(self.topic(kind, question, showing))
    }

    fn ask(&mut self, context: &mut Context<'_>, at: StepId, approve: &Approve) -> Result<(), StepError> {
        let mut topic = self.consent_topic(context, approve)?;
        let TopicKind::Consent { policy, level, .. } = &topic.kind else { return Ok(()) };
        let policy = context.deployment.approval(*policy)?;
        let Some(level) = policy.levels.get(level.index()) else { return Ok(()) };
        if level.consent == Level::Automatic {
            let consent = Consent {
                policy: policy.name.clone(),
                level: level.name.clone(),
                evidence: Evidence::Automatic,
                shown: topic.shown_hash(),
            };
            self.consents.insert(at, consent);
            context.facts.push(Fact::Consented {
                task: None,
                evidence: "automatic".into(),
                people: Vec::new(),
                because: None,
            });
            return self.enter(context, approve.body);
        }
        topic.run = Some(context.cell.clone());
        topic.about = first_action(context, self.flow, approve.body);
        let (question, level) = (topic.question.clone(), format!("{}.{}", policy.name, level.name));
        let task = self.open_task(context, topic);
        context.facts.push(Fact::Asked { task: task.key.clone(), question, level });
        self.doing = Doing::Asking { task };
        Ok(())
    }

    /// A task has its answer: a question's, or a problem's.
    pub(super) fn answered(
        &mut self,
        context: &mut Context<'_>,
        answered: Answered,
    ) -> Result<bool, StepError> {
        match &self.doing {
            Doing::Asking { task } if *task == answered.task => {
                self.doing = Doing::Nothing;
                self.consented(context, answered)?;
                self.go_on(context)?;
                Ok(true)
            }
            Doing::Blocked { task, .. } if *task == answered.task => {
                let Verdict::Settled(choice) = answered.verdict else { return Ok(false) };
                self.unblock(context, choice, &answered)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn consented(&mut self, context: &mut Context<'_>, answered: Answered) -> Result<(), StepError> {
        let at = self.here()?;
        let StepKind::Approve(approve) = &context.deployment.step(self.flow, at)?.kind else {
            return Err(EvalError::Malformed("an answer to a step that asks nothing".into()).into());
        };
        let people: Vec<String> = answered.people.iter().map(|(person, _)| person.clone()).collect();
        let word = match &answered.verdict {
            Verdict::Approved => "human",
            Verdict::Silence => "silence",
            Verdict::Refused => "refused",
            Verdict::Unanswered => "unanswered",
            Verdict::Handed { .. } => "handed",
            Verdict::Settled(choice) => choice.word(),
        };
        context.facts.push(Fact::Consented {
            task: Some(answered.task.key.clone()),
            evidence: word.into(),
            people,
            because: answered.because.clone(),
        });
        let evidence = match answered.verdict {
            Verdict::Approved => {
                let of_level = self.of_level(context, approve, &answered)?;
                Evidence::Human { task: answered.task, people: answered.people, of_level }
            }
            Verdict::Silence => Evidence::Silence { task: answered.task },
            Verdict::Handed { role, because } => return self.hand(context, role, &because),
            Verdict::Refused | Verdict::Unanswered | Verdict::Settled(Choice::Drop) => {
                return if let Some(block) = approve.refused {
                    self.enter(context, Some(block))
                } else {
                    let because = answered.because.or_else(|| Some(word.to_owned()));
                    self.end(context, Outcome::Refused, because)
                };
            }
            Verdict::Settled(_) => {
                return Err(EvalError::Malformed("a question settled like a problem".into()).into());
            }
        };
        let topic = self.consent_topic(context, approve)?;
        let TopicKind::Consent { policy, level, .. } = &topic.kind else { return Ok(()) };
        let policy = context.deployment.approval(*policy)?;
        let level = policy.levels.get(level.index()).map_or("", |level| level.name.as_str());
        let consent =
            Consent { policy: policy.name.clone(), level: level.into(), evidence, shown: answered.shown };
        self.consents.insert(at, consent);
        self.enter(context, approve.body)
    }

    /// Whether those who agreed are whom the level names, on whichever step of its escalation.
    fn of_level(
        &self,
        context: &Context<'_>,
        approve: &Approve,
        answered: &Answered,
    ) -> Result<bool, StepError> {
        let topic = self.consent_topic(context, approve)?;
        let TopicKind::Consent { policy, level, .. } = topic.kind else { return Ok(false) };
        let level = context.deployment.approval(policy)?.levels.get(level.index());
        let Some(Level::Ask(ask)) = level.map(|level| &level.consent) else { return Ok(false) };
        let mut named = Vec::new();
        collect_roles(context, ask, &mut named)?;
        Ok(!answered.people.is_empty() && answered.people.iter().all(|(_, role)| named.contains(role)))
    }
}

/// All roles that a consent may end with: those asked, who stands in for them, and those asked when nobody answers.
fn collect_roles(
    context: &Context<'_>,
    ask: &countersign_ir::program::Ask,
    named: &mut Vec<String>,
) -> Result<(), StepError> {
    use countersign_ir::program::LastResort;
    for role in &ask.of {
        let mut next = Some(*role);
        while let Some(id) = next {
            let role = context.deployment.role(id)?;
            if named.contains(&role.name) {
                break;
            }
            named.push(role.name.clone());
            next = role.away_to;
        }
    }
    if let LastResort::Ask(next) = &ask.otherwise {
        collect_roles(context, next, named)?;
    }
    if let Some(then) = &ask.then {
        collect_roles(context, then, named)?;
    }
    Ok(())
}

/// The first action of a block: what a question is about.
fn first_action(
    context: &Context<'_>,
    flow: countersign_ir::program::FlowId,
    block: Option<StepId>,
) -> Option<(countersign_ir::program::SystemId, countersign_ir::program::ActionId)> {
    let mut at = block;
    while let Some(id) = at {
        let step = context.deployment.step(flow, id).ok()?;
        if let StepKind::Act { call, .. } = &step.kind {
            return Some((call.system, call.action));
        }
        at = step.next;
    }
    None
}
