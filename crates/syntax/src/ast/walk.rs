//! A walk over all nodes of a tree, from the outside in and in the order of the text.

use super::{
    ActionEntry, ActionEntryKind, Answer, Approve, Arg, Ask, BreakerEntry, BreakerEntryKind, CalendarEntry,
    CallPattern, ConnectorOption, Covered, Deadline, Effect, EffectKind, Entry, EntryKind, Expectation, Expr,
    ExprKind, FailureRule, Field, FlowEntry, FlowEntryKind, Generator, Given, GuardrailCondition,
    GuardrailRule, HandTo, IsTest, Item, ItemKind, Lasting, Level, Limit, Module, Need, Once, OptionValue,
    Param, PatternArg, PersonDoes, ReadEntry, ReadEntryKind, RecordLiteral, Request, RoleEntry, Rule,
    SimulationEntry, SimulationEntryKind, Step, StepKind, Steps, SystemEntry, SystemEntryKind, Tell,
    TestEntry, TestEntryKind, Text, TextPart, Trigger, TypeExpr, TypeKind, Variant, WebhookEntry,
    WebhookEntryKind,
};
use crate::Span;
use crate::ast::ClaimTime;

/// A node of a tree that has entries, or that is an entry or a value.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// A declaration.
    Item(&'a Item),
    /// A field of a record.
    Field(&'a Field),
    /// A value of an enum.
    Variant(&'a Variant),
    /// A parameter.
    Param(&'a Param),
    /// A type.
    Type(&'a TypeExpr),
    /// An expression.
    Expr(&'a Expr),
    /// A text with what is computed into it, where only a text may stand.
    Text(&'a Text),
    /// An entry of a system.
    SystemEntry(&'a SystemEntry),
    /// An option of a connector.
    ConnectorOption(&'a ConnectorOption),
    /// A rule of `failure`.
    FailureRule(&'a FailureRule),
    /// An entry of `breaker`.
    BreakerEntry(&'a BreakerEntry),
    /// An entry of a read.
    ReadEntry(&'a ReadEntry),
    /// An entry of an action.
    ActionEntry(&'a ActionEntry),
    /// A request of a read or an action.
    Request(&'a Request),
    /// A rule of a guardrail.
    GuardrailRule(&'a GuardrailRule),
    /// An entry of a calendar.
    CalendarEntry(&'a CalendarEntry),
    /// An entry of a role.
    RoleEntry(&'a RoleEntry),
    /// A level of an approval.
    Level(&'a Level),
    /// A step of a consent, or what happens when time is up.
    Step(&'a Step),
    /// A time that something may take.
    Deadline(&'a Deadline),
    /// A rule of a decision.
    Rule(&'a Rule),
    /// An entry of a flow.
    FlowEntry(&'a FlowEntry),
    /// An entry of a webhook.
    WebhookEntry(&'a WebhookEntry),
    /// An entry of a stage.
    Entry(&'a Entry),
    /// An approval that a flow asks for.
    Approve(&'a Approve),
    /// An entry of a test.
    TestEntry(&'a TestEntry),
    /// The calls that a test or a simulation speaks of.
    CallPattern(&'a CallPattern),
    /// An entry of a simulation.
    SimulationEntry(&'a SimulationEntry),
}

impl Node<'_> {
    /// Where it stands, without its docs.
    pub const fn span(&self) -> Span {
        match self {
            Self::Item(node) => node.span,
            Self::Field(node) => node.span,
            Self::Variant(node) => node.name.span,
            Self::Param(node) => node.span,
            Self::Type(node) => node.span,
            Self::Expr(node) => node.span,
            Self::Text(node) => node.span,
            Self::SystemEntry(node) => node.span,
            Self::ConnectorOption(node) => node.span,
            Self::FailureRule(node) => node.span,
            Self::BreakerEntry(node) => node.span,
            Self::ReadEntry(node) => node.span,
            Self::ActionEntry(node) => node.span,
            Self::Request(node) => node.span,
            Self::GuardrailRule(node) => node.span,
            Self::CalendarEntry(node) => node.span,
            Self::RoleEntry(node) => node.span,
            Self::Level(node) => node.span,
            Self::Step(node) => node.span,
            Self::Deadline(node) => node.span,
            Self::Rule(node) => node.span,
            Self::FlowEntry(node) => node.span,
            Self::WebhookEntry(node) => node.span,
            Self::Entry(node) => node.span,
            Self::Approve(node) => node.policy.span,
            Self::TestEntry(node) => node.span,
            Self::CallPattern(node) => node.span,
            Self::SimulationEntry(node) => node.span,
        }
    }
}

/// Visits every node of `module`.
pub fn walk<'a>(module: &'a Module, visit: &mut dyn FnMut(Node<'a>)) {
    let mut walker = Walker { visit };
    for item in &module.items {
        walker.item(item);
    }
}

struct Walker<'v, 'a> {
    visit: &'v mut dyn FnMut(Node<'a>),
}

impl<'a> Walker<'_, 'a> {
    fn item(&mut self, item: &'a Item) {
        (self.visit)(Node::Item(item));
        match &item.kind {
            ItemKind::Use(_) | ItemKind::Secret(_) | ItemKind::Error => {}
            ItemKind::Record(record) => {
                for field in &record.fields {
                    (self.visit)(Node::Field(field));
                    self.ty(&field.ty);
                    self.maybe(field.refinement.as_ref());
                }
            }
            ItemKind::Enum(node) => {
                for variant in &node.variants {
                    (self.visit)(Node::Variant(variant));
                }
            }
            ItemKind::Setting(setting) => {
                self.ty(&setting.ty);
                self.maybe(setting.default.as_ref());
                self.maybe(setting.bounds.as_ref());
            }
            ItemKind::Sample(sample) => {
                self.ty(&sample.ty);
                self.expr(&sample.value);
            }
            ItemKind::Function(function) => {
                self.params(&function.params);
                self.ty(&function.result);
                self.expr(&function.body);
            }
            ItemKind::System(system) => {
                for entry in &system.entries {
                    self.system_entry(entry);
                }
            }
            ItemKind::Calendar(calendar) => {
                for entry in &calendar.entries {
                    (self.visit)(Node::CalendarEntry(entry));
                }
            }
            ItemKind::Role(role) => {
                for entry in &role.entries {
                    (self.visit)(Node::RoleEntry(entry));
                }
            }
            ItemKind::Approval(approval) => {
                self.params(&approval.params);
                for level in &approval.levels {
                    (self.visit)(Node::Level(level));
                    for round in &level.consent.rounds {
                        self.steps(round);
                    }
                }
            }
            ItemKind::Decide(decide) => {
                self.params(&decide.params);
                self.ty(&decide.result);
                for rule in &decide.rules {
                    (self.visit)(Node::Rule(rule));
                    self.maybe(rule.condition.as_ref());
                    self.expr(&rule.result);
                    self.maybe_text(rule.because.as_ref());
                }
            }
            ItemKind::Guardrail(guardrail) => {
                for rule in &guardrail.rules {
                    self.guardrail_rule(rule);
                }
            }
            ItemKind::Flow(flow) => {
                for entry in &flow.entries {
                    self.flow_entry(entry);
                }
            }
            ItemKind::Test(test) => {
                for entry in &test.entries {
                    self.test_entry(entry);
                }
            }
            ItemKind::Simulation(node) => {
                for entry in &node.entries {
                    self.simulation_entry(entry);
                }
            }
        }
    }

    fn params(&mut self, params: &'a [Param]) {
        for param in params {
            (self.visit)(Node::Param(param));
            self.ty(&param.ty);
        }
    }

    fn ty(&mut self, ty: &'a TypeExpr) {
        (self.visit)(Node::Type(ty));
        match &ty.kind {
            TypeKind::Named(_) | TypeKind::Measured { .. } | TypeKind::Error => {}
            TypeKind::Generic { arguments, .. } => {
                for argument in arguments {
                    self.ty(argument);
                }
            }
            TypeKind::List { item, up_to, .. } => {
                self.ty(item);
                self.maybe(up_to.as_ref());
            }
            TypeKind::Optional(inner) => self.ty(inner),
        }
    }

    fn system_entry(&mut self, entry: &'a SystemEntry) {
        (self.visit)(Node::SystemEntry(entry));
        match &entry.kind {
            SystemEntryKind::Truth(_) | SystemEntryKind::Error => {}
            SystemEntryKind::Via(via) => {
                for option in &via.options {
                    (self.visit)(Node::ConnectorOption(option));
                    match &option.value {
                        OptionValue::Value(value)
                        | OptionValue::Auth { secret: value, .. }
                        | OptionValue::Rate { count: value, .. } => self.expr(value),
                        OptionValue::Error => {}
                    }
                }
            }
            SystemEntryKind::Failure(rules) => self.failure(rules),
            SystemEntryKind::HonoursKey { lasting: value } | SystemEntryKind::VisibleWithin(value) => {
                self.expr(value);
            }
            SystemEntryKind::Breaker(entries) => {
                for entry in entries {
                    (self.visit)(Node::BreakerEntry(entry));
                    match &entry.kind {
                        BreakerEntryKind::Open { failures, within } => {
                            self.expr(failures);
                            self.expr(within);
                        }
                        BreakerEntryKind::TryAfter(value) => self.expr(value),
                        BreakerEntryKind::Health(request) => self.request(request),
                        BreakerEntryKind::Error => {}
                    }
                }
            }
            SystemEntryKind::Read(read) => {
                self.params(&read.params);
                self.ty(&read.result);
                for entry in &read.entries {
                    (self.visit)(Node::ReadEntry(entry));
                    match &entry.kind {
                        ReadEntryKind::Request(request) => self.request(request),
                        ReadEntryKind::FreshFor(value) => self.expr(value),
                        ReadEntryKind::Failure(rules) => self.failure(rules),
                        ReadEntryKind::Error => {}
                    }
                }
            }
            SystemEntryKind::Action(action) => {
                self.params(&action.params);
                if let Some(ty) = &action.result {
                    self.ty(ty);
                }
                for entry in &action.entries {
                    self.action_entry(entry);
                }
            }
        }
    }

    fn failure(&mut self, rules: &'a [FailureRule]) {
        for rule in rules {
            (self.visit)(Node::FailureRule(rule));
            self.expr(&rule.status);
            self.maybe_text(rule.reason.as_ref());
        }
    }

    fn request(&mut self, request: &'a Request) {
        (self.visit)(Node::Request(request));
        self.maybe_text(request.path.as_ref());
        self.maybe(request.body.as_ref());
    }

    fn action_entry(&mut self, entry: &'a ActionEntry) {
        (self.visit)(Node::ActionEntry(entry));
        match &entry.kind {
            ActionEntryKind::VerifyAcknowledged | ActionEntryKind::Error => {}
            ActionEntryKind::Effect(effects) => {
                for effect in effects {
                    self.effect(effect);
                }
            }
            ActionEntryKind::Once(once) => self.once(once),
            ActionEntryKind::Before(value) | ActionEntryKind::Probe(value) | ActionEntryKind::Undo(value) => {
                self.expr(value);
            }
            ActionEntryKind::Do(request) => self.request(request),
            ActionEntryKind::Verify { condition, within } => {
                self.expr(condition);
                self.maybe(within.as_ref());
            }
            ActionEntryKind::Unverified { because } | ActionEntryKind::Irreversible { because } => {
                self.text(because);
            }
        }
    }

    fn effect(&mut self, effect: &'a Effect) {
        match &effect.kind {
            EffectKind::MovesMoney { amount: value, .. }
            | EffectKind::Messages(value)
            | EffectKind::Grants(value) => self.expr(value),
            EffectKind::Changes(_) | EffectKind::Creates(_) | EffectKind::Deletes(_) | EffectKind::Error => {}
        }
    }

    fn once(&mut self, once: &'a Once) {
        self.expr(&once.per);
        self.maybe(once.lasting.as_ref());
    }

    fn guardrail_rule(&mut self, rule: &'a GuardrailRule) {
        (self.visit)(Node::GuardrailRule(rule));
        if let Covered::Money { above, per } = &rule.covers {
            self.expr(above);
            self.maybe(per.as_ref().map(|(_, within)| within));
        }
        if let Need::Nothing { because } = &rule.need {
            self.text(because);
        }
        match &rule.when {
            Some(GuardrailCondition::Is { values, .. }) => {
                for value in values {
                    self.expr(value);
                }
            }
            Some(GuardrailCondition::Has { value, .. }) => self.expr(value),
            None => {}
        }
    }

    fn steps(&mut self, steps: &'a Steps) {
        for step in &steps.steps {
            (self.visit)(Node::Step(step));
            match &step.kind {
                StepKind::Automatic | StepKind::Refuse | StepKind::Error => {}
                StepKind::TellUnlessObjected { whom, after } => {
                    self.expr(whom);
                    self.deadline(after);
                }
                StepKind::Ask(ask) => self.ask(ask),
                StepKind::HandTo(hand) => self.hand_to(hand),
                StepKind::Tell(tell) => self.tell(tell),
                StepKind::Skip { because } => self.text(because),
                StepKind::Undo(value) => self.expr(value),
            }
        }
    }

    fn ask(&mut self, ask: &'a Ask) {
        self.maybe(ask.people.as_ref());
        self.expr(&ask.whom);
        if let Some(within) = &ask.within {
            self.deadline(within);
        }
        if let Some(reminding) = &ask.reminding {
            self.maybe(reminding.whom.as_ref());
            self.expr(&reminding.every);
        }
    }

    fn deadline(&mut self, deadline: &'a Deadline) {
        (self.visit)(Node::Deadline(deadline));
        self.expr(&deadline.length);
    }

    fn hand_to(&mut self, hand: &'a HandTo) {
        self.expr(&hand.whom);
        self.maybe_text(hand.because.as_ref());
    }

    fn tell(&mut self, tell: &'a Tell) {
        self.expr(&tell.whom);
        self.text(&tell.message);
    }

    fn flow_entry(&mut self, entry: &'a FlowEntry) {
        (self.visit)(Node::FlowEntry(entry));
        match &entry.kind {
            FlowEntryKind::On(Trigger::Webhook { ty, entries, .. }) => {
                self.ty(ty);
                for entry in entries {
                    (self.visit)(Node::WebhookEntry(entry));
                    match &entry.kind {
                        WebhookEntryKind::Signed { .. } | WebhookEntryKind::Error => {}
                        WebhookEntryKind::Unsigned { because } => self.text(because),
                        WebhookEntryKind::Once(once) => self.once(once),
                    }
                }
            }
            FlowEntryKind::Key(value) => self.expr(value),
            FlowEntryKind::Priority { when, .. } => self.maybe(when.as_ref()),
            FlowEntryKind::Stage(stage) => {
                for entry in &stage.entries {
                    self.entry(entry);
                }
            }
            FlowEntryKind::Error => {}
        }
    }

    fn entry(&mut self, entry: &'a Entry) {
        (self.visit)(Node::Entry(entry));
        match &entry.kind {
            EntryKind::Bind { value, limit, .. } | EntryKind::Do { call: value, limit } => {
                self.expr(value);
                if let Some(limit) = limit {
                    self.limit(limit);
                }
            }
            EntryKind::Approve(approve) => {
                (self.visit)(Node::Approve(approve));
                self.args(&approve.args);
                self.expr(&approve.level);
                self.text(&approve.question);
                for shown in &approve.showing {
                    self.expr(shown);
                }
                let refused = approve.if_refused.iter().flat_map(|block| &block.entries);
                for entry in approve.body.entries.iter().chain(refused) {
                    self.entry(entry);
                }
            }
            EntryKind::When { condition, body } => {
                self.expr(condition);
                for entry in &body.entries {
                    self.entry(entry);
                }
            }
            EntryKind::Skip { because } => self.text(because),
            EntryKind::HandTo(hand) => self.hand_to(hand),
            EntryKind::Tell(tell) => self.tell(tell),
            EntryKind::Still(value) | EntryKind::FourEyes { with: value } => self.expr(value),
            EntryKind::Claim(claim) => {
                self.expr(&claim.condition);
                match &claim.time {
                    Some(ClaimTime::Within(time) | ClaimTime::Throughout(time)) => self.deadline(time),
                    None => {}
                }
                if let Some(steps) = &claim.otherwise {
                    self.steps(steps);
                }
            }
            EntryKind::Error => {}
        }
    }

    fn limit(&mut self, limit: &'a Limit) {
        self.deadline(&limit.within);
        if let Some(steps) = &limit.otherwise {
            self.steps(steps);
        }
    }

    fn test_entry(&mut self, entry: &'a TestEntry) {
        (self.visit)(Node::TestEntry(entry));
        match &entry.kind {
            TestEntryKind::Given(given) => self.given(given),
            TestEntryKind::Receives { event, .. } => self.expr(event),
            TestEntryKind::Person { does, .. } => match does {
                PersonDoes::Approves => {}
                PersonDoes::Refuses { because } | PersonDoes::Objects { because } => {
                    self.maybe_text(because.as_ref());
                }
                PersonDoes::Answers(value) => self.expr(value),
            },
            TestEntryKind::After(deadline) => self.deadline(deadline),
            TestEntryKind::Then(expectation) => match expectation {
                Expectation::Holds(value)
                | Expectation::Asked { whom: value }
                | Expectation::Told { whom: value } => self.expr(value),
                Expectation::Did { .. }
                | Expectation::Never { .. }
                | Expectation::Unverified { .. }
                | Expectation::Task { .. }
                | Expectation::Run { .. } => {}
            },
            TestEntryKind::Error => {}
        }
    }

    fn given(&mut self, given: &'a Given) {
        (self.visit)(Node::CallPattern(&given.call));
        let args: &'a [PatternArg] = given.call.args.as_deref().unwrap_or_default();
        for arg in args {
            self.maybe(arg.value.as_ref());
        }
        match &given.answer {
            Answer::Is(value)
            | Answer::Answers(value)
            | Answer::GoesDown { lasting: value }
            | Answer::EffectButAnswers { status: value } => self.expr(value),
            Answer::FailsWith { status, lasting } => {
                self.expr(status);
                self.lasting(lasting.as_ref());
            }
            Answer::TimesOut { lasting } => self.lasting(lasting.as_ref()),
            Answer::WithoutEffect | Answer::Error => {}
        }
    }

    fn lasting(&mut self, lasting: Option<&'a Lasting>) {
        if let Some(Lasting::For(value)) = lasting {
            self.expr(value);
        }
    }

    fn simulation_entry(&mut self, entry: &'a SimulationEntry) {
        (self.visit)(Node::SimulationEntry(entry));
        match &entry.kind {
            SimulationEntryKind::Given(given) => self.given(given),
            SimulationEntryKind::When { then, .. } => {
                for consequence in then {
                    self.expr(&consequence.read);
                    self.expr(&consequence.value);
                }
            }
            SimulationEntryKind::Error => {}
        }
    }

    fn args(&mut self, args: &'a [Arg]) {
        for arg in args {
            self.expr(&arg.value);
        }
    }

    fn record(&mut self, record: &'a RecordLiteral) {
        for field in &record.fields {
            self.maybe(field.value.as_ref());
        }
    }

    fn generator(&mut self, generator: &'a Generator) {
        self.maybe(generator.value.as_ref());
        self.expr(&generator.source);
        self.maybe(generator.condition.as_ref());
    }

    fn maybe(&mut self, expr: Option<&'a Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn maybe_text(&mut self, text: Option<&'a Text>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn text(&mut self, text: &'a Text) {
        (self.visit)(Node::Text(text));
        self.text_parts(text);
    }

    fn text_parts(&mut self, text: &'a Text) {
        for part in &text.parts {
            match part {
                TextPart::Literal { .. } => {}
                TextPart::Computed(expr) => self.expr(expr),
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        (self.visit)(Node::Expr(expr));
        match &expr.kind {
            ExprKind::Text(text) => self.text_parts(text),
            ExprKind::Field { base, .. } => self.expr(base),
            ExprKind::Call { callee, args } => {
                self.expr(callee);
                self.args(args);
            }
            ExprKind::Lookup { base, key } => {
                self.expr(base);
                self.expr(key);
            }
            ExprKind::Record(record) => self.record(record),
            ExprKind::List(items) => {
                for item in items {
                    self.expr(item);
                }
            }
            ExprKind::Build(generator) | ExprKind::Aggregate { generator, .. } => self.generator(generator),
            ExprKind::With { base, changes } => {
                self.expr(base);
                self.record(changes);
            }
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Compare { first, rest } => {
                self.expr(first);
                for link in rest {
                    self.expr(&link.operand);
                }
            }
            ExprKind::Is { subject, test, .. } => {
                self.expr(subject);
                match test {
                    IsTest::Value(value) => self.expr(value),
                    IsTest::OneOf(values) => {
                        for value in values {
                            self.expr(value);
                        }
                    }
                    IsTest::Some | IsTest::None => {}
                }
            }
            ExprKind::Matches { subject, pattern } => {
                self.expr(subject);
                self.record(pattern);
            }
            ExprKind::Was { subject, .. } => self.expr(subject),
            ExprKind::Render { with, .. } => {
                if let Some(record) = with {
                    self.record(record);
                }
            }
            ExprKind::History { within } => self.expr(within),
            ExprKind::Convert { amount, rates, .. } => {
                self.expr(amount);
                self.expr(rates);
            }
            ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Money { .. }
            | ExprKind::Percent(_)
            | ExprKind::Duration(_)
            | ExprKind::Period(_)
            | ExprKind::Date(_)
            | ExprKind::Time(_)
            | ExprKind::Instant(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Name(_)
            | ExprKind::Error => {}
        }
    }
}
