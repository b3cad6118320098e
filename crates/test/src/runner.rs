//! The steps of a test, one after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_engine::task::{Choice, Mode, Task, TopicKind};
use countersign_engine::{CellId, Deployment};
use countersign_host::calendar;
use countersign_ir::program::{Calendar, Program, RoleId, Span};
use countersign_ir::suite::{Given, Suite, Test, TestStep, TestStepKind, Verdict, Who};
use countersign_ir::value::SECOND;
use countersign_sim::World;
use jiff::tz::TimeZone;

use crate::claim::{self, Mismatch};
use crate::coverage::{self, RuleSeen};
use crate::host::{HostError, Virtual};
use crate::trace;

/// When a test begins unless a calendar says otherwise: Monday 2026-11-23, 09:00 in Berlin.
pub const START: i64 = 1_795_420_800 * SECOND;
/// How much time may pass by itself after a step: enough for calls and for what they bring about at once.
const SETTLE: i64 = 10 * SECOND;

/// How a test ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// What went wrong; none if it passed.
    pub failure: Option<Failure>,
    /// How much time passed in it, in nanoseconds.
    pub virtual_time: i64,
    /// Which rules fired.
    pub rules: BTreeSet<RuleSeen>,
}

impl TestResult {
    /// Whether everything held.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// Where and how a test failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The step as the source says it.
    pub step: String,
    /// Its line in the file, from 1.
    pub line: u32,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub found: String,
    /// What had happened until then, one line each.
    pub trace: Vec<String>,
}

/// Runs the tests of a suite whose name contains `filter`, in the order of the source.
pub fn run_suite(deployment: &Arc<Deployment>, suite: &Suite, filter: Option<&str>) -> Vec<TestResult> {
    let wanted = suite.tests.iter().filter(|test| filter.is_none_or(|filter| test.name.contains(filter)));
    wanted.map(|test| run_test(deployment, &suite.simulation, test)).collect()
}

/// Runs one test.
pub fn run_test(deployment: &Arc<Deployment>, simulation: &[Given], test: &Test) -> TestResult {
    play(deployment, simulation, test).1
}

/// Runs one test and gives back the host that it ran on, for who wants to look further.
pub fn play(deployment: &Arc<Deployment>, simulation: &[Given], test: &Test) -> (Virtual, TestResult) {
    let world = World::new(Arc::clone(deployment), simulation);
    let start = start_of(&deployment.program);
    let mut host = Virtual::new(Arc::clone(deployment), world, start);
    let failed = test.steps.iter().find_map(|step| perform(&mut host, step).err().map(|why| (step, why)));
    let failure = failed.map(|(step, Mismatch { expected, found })| Failure {
        step: step.text.clone(),
        line: step.line,
        expected,
        found,
        trace: trace::lines(&host, &zone(&deployment.program)),
    });
    let result = TestResult {
        name: test.name.clone(),
        file: test.file.clone(),
        failure,
        virtual_time: host.now() - start,
        rules: coverage::seen(&host),
    };
    (host, result)
}

fn zone(program: &Program) -> TimeZone {
    let named = program.calendars.first().map_or("Europe/Berlin", |calendar| calendar.zone.as_str());
    TimeZone::get(named).unwrap_or(TimeZone::UTC)
}

/// When tests of a program begin: Monday 2026-11-23, 09:00 in the zone of its first calendar, or when that opens next.
pub fn start_of(program: &Program) -> i64 {
    let Some(calendar) = program.calendars.first() else { return START };
    let at = jiff::civil::date(2026, 11, 23).at(9, 0, 0, 0).to_zoned(zone(program));
    let at = at.ok().and_then(|at| i64::try_from(at.timestamp().as_nanosecond()).ok()).unwrap_or(START);
    let opening = Span::Days(0, countersign_ir::program::CalendarId(0));
    calendar::elapse(at, opening, Some(calendar)).unwrap_or(at)
}

impl From<HostError> for Mismatch {
    fn from(error: HostError) -> Self {
        Self { expected: "the engine goes on".into(), found: error.to_string() }
    }
}

fn perform(host: &mut Virtual, step: &TestStep) -> Result<(), Mismatch> {
    match &step.kind {
        TestStepKind::Given(given) => {
            let now = host.now();
            host.world_mut().given(now, given);
        }
        TestStepKind::Receive { flow, payload, times } => {
            for _ in 0..*times {
                host.receive(*flow, payload)?;
            }
        }
        TestStepKind::Person { who, does, because } => person(host, who, *does, because.as_deref())?,
        TestStepKind::After(span) => {
            let calendar = calendar_of(&host.deployment().program, *span).cloned();
            let until = calendar::elapse(host.now(), *span, calendar.as_ref());
            let until = until.map_err(|found| Mismatch { expected: step.text.clone(), found })?;
            host.advance(until)?;
        }
        TestStepKind::Then(claim) => return claim::check(host, claim),
    }
    host.settle(SETTLE)?;
    match host.world().troubles().first() {
        Some(trouble) => Err(Mismatch { expected: "the simulation goes on".into(), found: trouble.clone() }),
        None => Ok(()),
    }
}

fn calendar_of(program: &Program, span: Span) -> Option<&Calendar> {
    match span {
        Span::Wall(_) => None,
        Span::Days(_, calendar) | Span::Hours(_, calendar) => program.calendars.get(calendar.index()),
    }
}

/// Whether a task is the kind of question that a verdict answers.
fn fits(task: &Task, does: Verdict) -> bool {
    let silent = matches!(task.mode, Mode::Silence { .. });
    let asks = matches!(task.topic.kind, TopicKind::Consent { .. });
    asks && match does {
        Verdict::Approves => !silent,
        Verdict::Objects => silent,
        Verdict::Refuses => true,
    }
}

/// Who of a task's people could give this answer now: the person, or the first of the role that has not answered.
fn answerer(deployment: &Deployment, task: &Task, who: &Who) -> Option<String> {
    let answered = |person: &str| task.answers.iter().any(|said| said.person == person);
    let may = |person: &str| task.people.iter().any(|(known, _)| known == person) && !answered(person);
    match who {
        Who::Person(person) => may(person).then(|| person.clone()),
        Who::Role(role) => members(deployment, *role).into_iter().find(|member| may(member)),
    }
}

fn members(deployment: &Deployment, role: RoleId) -> Vec<String> {
    deployment.role(role).map(|role| role.members.clone()).unwrap_or_default()
}

/// Answers every open question that they may answer. If there is none, they speak up all the same, and the engine says
/// what that is worth: too late, or not theirs to say.
fn person(host: &mut Virtual, who: &Who, does: Verdict, because: Option<&str>) -> Result<(), Mismatch> {
    let choice = match does {
        Verdict::Approves => Choice::Approve,
        Verdict::Refuses => Choice::Refuse,
        Verdict::Objects => Choice::Object,
    };
    let deployment = Arc::clone(host.deployment());
    let open = host.tasks().filter(|(_, task)| task.open() && fits(task, does));
    let open = open.filter_map(|(cell, task)| Some((cell.clone(), answerer(&deployment, task, who)?)));
    let mut answers: Vec<(CellId, String)> = open.collect();
    if answers.is_empty() {
        let name = match who {
            Who::Person(person) => Some(person.clone()),
            Who::Role(role) => members(&deployment, *role).into_iter().next(),
        };
        let last = host.tasks().rfind(|(_, task)| fits(task, does));
        answers.extend(last.map(|(cell, _)| cell.clone()).zip(name));
    }
    if answers.is_empty() {
        return Err(Mismatch {
            expected: format!("a question that can be answered with `{}`", choice.word()),
            found: "nobody was asked anything of the kind".into(),
        });
    }
    for (task, person) in answers {
        host.answer(&task, &person, choice, because)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_begins_on_a_monday_morning() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(trace::clock(START, &zone), "Mon 23 Nov 09:00:00");
    }
}
