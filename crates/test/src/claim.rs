//! `then …`: what must hold where it stands in a test.

use countersign_engine::narrate::plain;
use countersign_engine::protocol::Fact;
use countersign_engine::run::{Agenda, DeedStatus, Doing, Outcome, Run};
use countersign_engine::task::{Mode, Task, TopicKind};
use countersign_engine::{CellId, Deployment};
use countersign_ir::json::{Style, to_json};
use countersign_ir::program::{ActionId, RoleId, SystemId};
use countersign_ir::suite::{Claim, Operation, RunState};

use crate::host::{Event, Virtual};

/// What was expected, and what was found.
pub(crate) struct Mismatch {
    pub expected: String,
    pub found: String,
}

fn mismatch(expected: impl Into<String>, found: impl Into<String>) -> Result<(), Mismatch> {
    Err(Mismatch { expected: expected.into(), found: found.into() })
}

/// Whether a claim holds now.
pub(crate) fn check(host: &Virtual, claim: &Claim) -> Result<(), Mismatch> {
    let deployment = &**host.deployment();
    match claim {
        Claim::Binding { flow, slot, name, ty, value } => {
            let text = |value| plain(&to_json(&deployment.program, ty, value, Style::People).to_string());
            let expected = format!("{name} is {}", text(value));
            let mut of_flow = flows(host).filter(|(_, run)| run.flow == *flow);
            let Some((_, run)) = of_flow.next_back() else {
                return mismatch(expected, "no run of that flow");
            };
            match run.frame.get(slot.index()).and_then(Option::as_ref) {
                Some(found) if found == value => Ok(()),
                Some(found) => mismatch(expected, format!("{name} is {}", text(found))),
                None => mismatch(expected, format!("{name} has no value yet: {}", standing(run))),
            }
        }
        Claim::Did { system, action, times } => {
            let effects = host.world().effects().iter();
            let count = effects.filter(|e| e.system == *system && e.action == *action).count();
            let name = action_name(deployment, *system, *action);
            match times {
                Some(times) if usize::try_from(*times) == Ok(count) => Ok(()),
                None if count > 0 => Ok(()),
                Some(times) => {
                    mismatch(format!("{name} took effect {}", often(*times)), effects_of(&name, count))
                }
                None => mismatch(format!("{name} took effect"), effects_of(&name, count)),
            }
        }
        Claim::Never { system, action } => {
            let calls = host.world().calls().iter().filter(|call| {
                call.system == Some(*system) && call.operation == Some(Operation::Action(*action))
            });
            let name = action_name(deployment, *system, *action);
            match calls.count() {
                0 => Ok(()),
                count => mismatch(
                    format!("{name} was never tried"),
                    format!("{name} was tried {}", often(u32::try_from(count).unwrap_or(u32::MAX))),
                ),
            }
        }
        Claim::Unverified { system, action } => unverified(host, *system, *action),
        Claim::Task { role, about } => task(host, *role, *about),
        Claim::Asked(roles) => asked(host, roles),
        Claim::Told(role) => told(host, *role),
        Claim::Run(state) => run(host, *state),
        Claim::Runs(count) => {
            let found = flows(host).count();
            if u32::try_from(found) == Ok(*count) {
                return Ok(());
            }
            mismatch(format!("{count} runs"), format!("{found} runs"))
        }
        Claim::Conflict => {
            if host.tasks().any(|(_, task)| task.topic.kind == TopicKind::Conflict) {
                return Ok(());
            }
            mismatch("the owner was told of two events that differ", "no such task")
        }
    }
}

/// Runs of flows; undos are not counted.
fn flows(host: &Virtual) -> impl DoubleEndedIterator<Item = (&CellId, &Run)> {
    host.runs().filter(|(_, run)| matches!(run.agenda, Agenda::Flow { .. }))
}

fn action_name(deployment: &Deployment, system: SystemId, action: ActionId) -> String {
    match deployment.action(system, action) {
        Ok((system, action)) => format!("{}.{}", system.name, action.name),
        Err(_) => "an action".to_owned(),
    }
}

fn role_name(deployment: &Deployment, role: RoleId) -> &str {
    deployment.role(role).map_or("a role", |role| role.name.as_str())
}

fn often(times: u32) -> String {
    match times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

fn effects_of(name: &str, count: usize) -> String {
    match count {
        0 => format!("{name} took no effect"),
        count => format!("{name} took effect {}", often(u32::try_from(count).unwrap_or(u32::MAX))),
    }
}

/// Where a run stands, in words.
fn standing(run: &Run) -> String {
    match (&run.ended, &run.doing) {
        (Some(ended), _) => {
            let because =
                ended.because.as_ref().map(|why| format!(", because \"{why}\"")).unwrap_or_default();
            format!("the run ended as {}{because}", ended.outcome.word())
        }
        (None, Doing::Blocked { .. }) => "the run waits for a person to settle a failure".to_owned(),
        (None, Doing::Asking { .. }) => "the run waits for an approval".to_owned(),
        (None, Doing::Acting(_)) => "the run is busy with an action".to_owned(),
        (None, Doing::Checking(_)) => "the run waits for its last proof".to_owned(),
        (None, _) => "the run is on its way".to_owned(),
    }
}

fn unverified(host: &Virtual, system: SystemId, action: ActionId) -> Result<(), Mismatch> {
    let deeds = || {
        let deeds = host.runs().flat_map(|(_, run)| &run.deeds);
        deeds.filter(|deed| deed.system == system && deed.action == action)
    };
    if deeds().any(|deed| deed.status == DeedStatus::Unverified) {
        return Ok(());
    }
    let name = action_name(host.deployment(), system, action);
    let found = match deeds().next_back().map(|deed| deed.status) {
        None | Some(DeedStatus::Planned) => format!("{name} was never tried"),
        Some(DeedStatus::Sent) => format!("{name} was sent, and nobody knows yet what came of it"),
        Some(DeedStatus::Done) => format!("{name} was answered, and its proof may still come"),
        Some(DeedStatus::Verified) => format!("{name} is proved"),
        Some(DeedStatus::NotDone) => format!("{name} took no effect"),
        Some(DeedStatus::Unverified) => format!("{name} is unverified"),
    };
    mismatch(format!("{name} is unverified"), found)
}

/// The roles that a task is with now.
fn with(deployment: &Deployment, task: &Task) -> Vec<String> {
    let roles = match &task.mode {
        Mode::Ask(ask) => ask.of.clone(),
        Mode::Silence { tell, .. } => vec![*tell],
        Mode::Owner { role } => vec![*role],
    };
    let mut names: Vec<String> = roles.iter().map(|role| role_name(deployment, *role).to_owned()).collect();
    // Who stands in has the task too.
    for (_, role) in &task.people {
        if !names.contains(role) {
            names.push(role.clone());
        }
    }
    names
}

fn describe(deployment: &Deployment, task: &Task) -> String {
    let about = task.topic.about.map(|(system, action)| action_name(deployment, system, action));
    let about = about.map(|about| format!(" about {about}")).unwrap_or_default();
    format!("a task for {}{about}: {}", with(deployment, task).join(", "), task.topic.question)
}

fn task(host: &Virtual, role: RoleId, about: Option<(SystemId, ActionId)>) -> Result<(), Mismatch> {
    let deployment = host.deployment();
    let name = role_name(deployment, role).to_owned();
    let open = || host.tasks().map(|(_, task)| task).filter(|task| task.open());
    let fits = |task: &&Task| {
        with(deployment, task).contains(&name) && (about.is_none() || task.topic.about == about)
    };
    if open().any(|task| fits(&task)) {
        return Ok(());
    }
    let wanted = about.map(|(system, action)| format!(" about {}", action_name(deployment, system, action)));
    let found: Vec<String> = open().map(|task| describe(deployment, task)).collect();
    let found = if found.is_empty() { "no open task".to_owned() } else { found.join("; ") };
    mismatch(format!("an open task for {name}{}", wanted.unwrap_or_default()), found)
}

fn asked(host: &Virtual, roles: &[RoleId]) -> Result<(), Mismatch> {
    let deployment = host.deployment();
    let questions = host.tasks().map(|(_, task)| task).filter(|task| {
        matches!(task.topic.kind, TopicKind::Consent { .. }) && matches!(task.mode, Mode::Ask(_))
    });
    let mut known: Vec<&str> = Vec::new();
    for task in questions {
        known.extend(
            task.asked.iter().map(String::as_str).filter(|role| !known.contains(role)).collect::<Vec<_>>(),
        );
    }
    let names: Vec<&str> = roles.iter().map(|role| role_name(deployment, *role)).collect();
    if names.iter().all(|name| known.contains(name)) {
        return Ok(());
    }
    let found =
        if known.is_empty() { "nobody was asked".to_owned() } else { format!("asked {}", known.join(", ")) };
    mismatch(format!("asked {}", names.join(", ")), found)
}

fn told(host: &Virtual, role: RoleId) -> Result<(), Mismatch> {
    let deployment = host.deployment();
    let name = role_name(deployment, role);
    let mut tasks = host.tasks().map(|(_, task)| task);
    let reached = tasks.any(|task| {
        let of_role = task.asked.iter().any(|asked| asked == name);
        of_role && task.notices.iter().any(|notice| notice.accepted)
    });
    // Notices of earlier rounds are gone from the task, but not from the record.
    let members = deployment.role(role).map(|role| role.members.clone()).unwrap_or_default();
    let recorded = || {
        host.happened().iter().any(|(_, event)| {
            matches!(event, Event::Fact(_, Fact::Told { whom, accepted: true, .. }) if members.contains(whom))
        })
    };
    if reached || recorded() {
        return Ok(());
    }
    mismatch(format!("{name} was told"), format!("no notice reached {name}"))
}

fn run(host: &Virtual, wanted: RunState) -> Result<(), Mismatch> {
    let word = match wanted {
        RunState::Done => "the run ended as done",
        RunState::Open => "the run is on its way",
        RunState::Refused => "the run ended as refused",
        RunState::Skipped => "the run ended as skipped",
        RunState::Handed => "the run ended in somebody's hands",
        RunState::Blocked => "the run waits for a person to settle a failure",
    };
    let Some((_, run)) = flows(host).next_back() else { return mismatch(word, "there is no run") };
    let blocked = matches!(run.doing, Doing::Blocked { .. });
    let holds = match (&run.ended, wanted) {
        (None, RunState::Open) => !blocked,
        (None, RunState::Blocked) => blocked,
        (Some(ended), RunState::Done) => ended.outcome == Outcome::Done,
        (Some(ended), RunState::Refused) => ended.outcome == Outcome::Refused,
        (Some(ended), RunState::Skipped) => ended.outcome == Outcome::Skipped,
        (Some(ended), RunState::Handed) => matches!(ended.outcome, Outcome::Handed(_)),
        _ => false,
    };
    if holds { Ok(()) } else { mismatch(word, standing(run)) }
}
