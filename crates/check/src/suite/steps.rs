//! The lines of tests.

use countersign_diagnostics::{Encoding, codes};
use countersign_ir::program::{ActionId, FlowId, SystemId};
use countersign_ir::suite::{Claim, RunState, Test, TestStep, TestStepKind, Verdict, Who};
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, Declared};
use crate::expr::Callee;
use crate::scope::{Kind, Symbol};
use crate::words::{listed, nearest};

/// Where a run can stand, as a test names it.
const OUTCOMES: &[(&str, RunState)] = &[
    ("done", RunState::Done),
    ("open", RunState::Open),
    ("refused", RunState::Refused),
    ("skipped", RunState::Skipped),
    ("handed", RunState::Handed),
    ("blocked", RunState::Blocked),
];

impl<'a> Checker<'a> {
    pub(crate) fn suite_body(&mut self, declared: Declared<'a>) {
        match &declared.item.kind {
            ast::ItemKind::Simulation(tree) => {
                for entry in &tree.entries {
                    let given = match &entry.kind {
                        ast::SimulationEntryKind::Given(given) => self.given(given),
                        ast::SimulationEntryKind::When { system, action, params, then } => {
                            self.consequences(system, action, params, then)
                        }
                        ast::SimulationEntryKind::Error => Vec::new(),
                    };
                    self.suite.simulation.extend(given);
                }
            }
            ast::ItemKind::Test(tree) => self.test(tree),
            _ => {}
        }
    }

    fn test(&mut self, tree: &'a ast::Test) {
        if let Some(cases) = &tree.cases {
            self.not_yet(cases.span, "a test for each case of a file");
        }
        let (file, path) = (self.file(), self.files.path(self.file()).to_owned());
        let mut steps = Vec::new();
        let mut flow: Option<FlowId> = None;
        for entry in &tree.entries {
            let text = self.clause(entry.span);
            let at = self.files.position(file, entry.span.start as usize, Encoding::CodePoints).line + 1;
            let line = u32::try_from(at).unwrap_or(u32::MAX);
            for kind in self.test_step(entry, &mut flow) {
                steps.push(TestStep { text: text.clone(), line, kind });
            }
        }
        if !tree
            .entries
            .iter()
            .any(|entry| matches!(entry.kind, ast::TestEntryKind::Then(_) | ast::TestEntryKind::Error))
        {
            self.push(
                self.at(codes::BAD_EXPECTATION, tree.title.span, "this test expects nothing")
                    .primary("no `then`")
                    .reason("it would pass whatever the rules say")
                    .help("say what must be so: `then run done`"),
            );
        }
        self.suite.tests.push(Test { name: tree.title.value.to_string(), file: path, steps });
    }

    fn test_step(&mut self, entry: &'a ast::TestEntry, flow: &mut Option<FlowId>) -> Vec<TestStepKind> {
        let one = |kind: Option<TestStepKind>| kind.into_iter().collect();
        match &entry.kind {
            ast::TestEntryKind::Given(given) => {
                self.given(given).into_iter().map(TestStepKind::Given).collect()
            }
            ast::TestEntryKind::Receives { flow: name, event, times } => {
                one(self.receives(name, event, times.as_ref(), flow))
            }
            ast::TestEntryKind::Person { who, does } => one(self.person(entry.span, who, does)),
            ast::TestEntryKind::After(deadline) => one(self.time_span(deadline).map(TestStepKind::After)),
            ast::TestEntryKind::Then(expectation) => {
                one(self.expectation(entry.span, expectation, *flow).map(TestStepKind::Then))
            }
            ast::TestEntryKind::Error => Vec::new(),
        }
    }

    fn receives(
        &mut self,
        name: &ast::Name,
        event: &ast::Expr,
        times: Option<&ast::Times>,
        flow: &mut Option<FlowId>,
    ) -> Option<TestStepKind> {
        let id = self.named(name, Kind::Flow, |symbol| match symbol {
            Symbol::Flow(id) => Some(id),
            _ => None,
        })?;
        *flow = Some(id);
        let ty = self.program.flows.get(id.index())?.trigger.payload.clone();
        let payload = self.value(event, &ty, "an event")?;
        Some(TestStepKind::Receive { flow: id, payload, times: times.map_or(1, |times| times.count) })
    }

    fn person(&mut self, span: Span, who: &ast::Who, does: &ast::PersonDoes) -> Option<TestStepKind> {
        let who = match who {
            ast::Who::Role(name) => Who::Role(self.role(name)?),
            ast::Who::Person(address) => {
                let wanted = address.value.to_lowercase();
                let members: Vec<String> =
                    self.program.roles.iter().flat_map(|role| role.members.clone()).collect();
                if !members.contains(&wanted) {
                    let mut problem = self
                        .at(
                            codes::BAD_GIVEN,
                            address.span,
                            format!("nobody of this project is `{}`", address.value),
                        )
                        .primary("in no role")
                        .reason("who is in no role cannot sign in, and is asked nothing");
                    if let Some(meant) = nearest(&wanted, members.iter().map(String::as_str)) {
                        problem = problem.help(format!("did you mean \"{meant}\"?"));
                    }
                    self.push(problem);
                    return None;
                }
                Who::Person(wanted)
            }
        };
        let (does, because) = match does {
            ast::PersonDoes::Approves => (Verdict::Approves, None),
            ast::PersonDoes::Refuses { because } => (Verdict::Refuses, because.as_ref()),
            ast::PersonDoes::Objects { because } => (Verdict::Objects, because.as_ref()),
            ast::PersonDoes::Answers(_) => {
                self.not_yet(span, "answering with a value");
                return None;
            }
        };
        let because = because.map(|because| self.fixed(because));
        Some(TestStepKind::Person { who, does, because })
    }

    fn expectation(&mut self, span: Span, tree: &'a ast::Expectation, flow: Option<FlowId>) -> Option<Claim> {
        Some(match tree {
            ast::Expectation::Holds(condition) => return self.holds(condition, flow),
            ast::Expectation::Did { action, times } => {
                let (system, action) = self.action_path(action)?;
                Claim::Did { system, action, times: times.as_ref().map(|times| times.count) }
            }
            ast::Expectation::Never { action } => {
                let (system, action) = self.action_path(action)?;
                Claim::Never { system, action }
            }
            ast::Expectation::Unverified { action } => {
                let (system, action) = self.action_path(action)?;
                Claim::Unverified { system, action }
            }
            ast::Expectation::Task { role, about } => {
                let role = self.role(role)?;
                let about = match about {
                    Some(about) => Some(self.action_path(about)?),
                    None => None,
                };
                Claim::Task { role, about }
            }
            ast::Expectation::Asked { whom } => Claim::Asked(self.roles(whom)?),
            ast::Expectation::Told { whom } => Claim::Told(self.one_role(whom)?),
            ast::Expectation::Run { outcome } => {
                let found = OUTCOMES.iter().find(|(name, _)| *name == outcome.as_str());
                let Some((_, state)) = found else {
                    let names: Vec<&str> = OUTCOMES.iter().map(|(name, _)| *name).collect();
                    self.push(
                        self.at(
                            codes::BAD_EXPECTATION,
                            outcome.span,
                            format!("no run is ever `{}`", outcome.text),
                        )
                        .label(self.file(), span.range(), "expected here")
                        .help(format!("a run is {}", listed(&names, "or"))),
                    );
                    return None;
                };
                Claim::Run(*state)
            }
        })
    }

    /// `billing.pay`
    fn action_path(&mut self, path: &ast::Path) -> Option<(SystemId, ActionId)> {
        let [system, action] = path.names.as_slice() else {
            let shown = self.clause(path.span);
            self.push(
                self.at(codes::WRONG_KIND, path.span, format!("`{shown}` is no action"))
                    .primary("a system and its action")
                    .help("write them with a dot, as in `billing.pay`"),
            );
            return None;
        };
        let id = self.system(system)?;
        match self.operation(id, action)? {
            Callee::Action(system, action) => Some((system, action)),
            _ => {
                self.push(
                    self.at(
                        codes::WRONG_KIND,
                        path.span,
                        format!("`{}` is a read, and changes nothing", action.text),
                    )
                    .primary("not an action"),
                );
                None
            }
        }
    }

    /// `level is instant`
    fn holds(&mut self, condition: &'a ast::Expr, flow: Option<FlowId>) -> Option<Claim> {
        let ast::ExprKind::Is { subject, negated: false, test } = &condition.kind else {
            return self.no_such_claim(condition);
        };
        let ast::ExprKind::Name(name) = &subject.kind else {
            return self.no_such_claim(condition);
        };
        let Some(flow) = flow else {
            self.push(
                self.at(codes::BAD_EXPECTATION, condition.span, "of which run?")
                    .primary("no event has come yet")
                    .help("let a flow receive an event first: `when pay_invoice receives …`"),
            );
            return None;
        };
        let known = self.program.flows.get(flow.index()).cloned()?;
        let Some(at) = known.slots.iter().position(|slot| slot.name == name.as_str()) else {
            let names: Vec<&str> =
                known.slots.iter().map(|slot| slot.name.as_str()).filter(|name| !name.is_empty()).collect();
            let mut problem = self
                .at(
                    codes::BAD_EXPECTATION,
                    name.span,
                    format!("`{}` has no name `{}`", known.name, name.text),
                )
                .primary("not bound in the flow");
            problem = match nearest(name.as_str(), names.iter().copied()) {
                Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                None => problem.help(format!("it has {}", listed(&names, "and"))),
            };
            self.push(problem);
            return None;
        };
        let slot = countersign_ir::program::Slot(crate::checker::index(at));
        let ty = known.slots.get(at).map(|slot| slot.ty.clone())?;
        if crate::collect::is_poisoned(&ty) {
            return None;
        }
        let value = match test {
            ast::IsTest::Value(wanted) => self.value(wanted, &ty, "what a test expects")?,
            ast::IsTest::None if matches!(ty, countersign_ir::program::Type::Optional(_)) => Value::None,
            _ => return self.no_such_claim(condition),
        };
        Some(Claim::Binding { flow, slot, name: name.text.to_string(), ty, value })
    }

    fn no_such_claim(&mut self, condition: &ast::Expr) -> Option<Claim> {
        if !matches!(condition.kind, ast::ExprKind::Error) {
            self.push(
                self.at(codes::BAD_EXPECTATION, condition.span, "this cannot be looked up in a run")
                    .primary("expected `NAME is VALUE`")
                    .help("name what the flow bound, as in `level is instant`; or write `did …`, `never …`, `task for …`, `asked …`, `run done`"),
            );
        }
        None
    }
}
