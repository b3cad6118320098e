//! Why a run came to what it came to, from its own journal.

use countersign_engine::CellKind;
use countersign_engine::protocol::Fact;
use countersign_engine::run::Doing;
use countersign_runtime::RunView;

use super::describe::{action_name, deed_status, ended, run_summary};
use super::types::{Named, Why, WhyAction, WhyConsent, WhyDecision};

pub(super) fn why(view: RunView) -> Why {
    let RunView { row, run, deployment, journal } = view;
    let id = row.key.clone();
    let facts = journal.into_iter().filter(|entry| entry.cell.kind == CellKind::Run && entry.cell.key == id);
    let facts: Vec<Fact> = facts.flat_map(|entry| entry.facts).collect();
    let actions = run.deeds.iter().map(|deed| {
        let action = action_name(&deployment, deed);
        let mut why = WhyAction {
            status: deed_status(deed.status).to_owned(),
            guardrails: Vec::new(),
            attempts: 0,
            how: None,
            condition: None,
            grade: None,
            action,
        };
        for fact in &facts {
            tell(&mut why, &deed.key, fact);
        }
        why
    });
    let actions: Vec<WhyAction> = actions.collect();
    let blocked = match &run.doing {
        Doing::Blocked { task, .. } => facts.iter().rev().find_map(|fact| match fact {
            Fact::Blocked { problem, task: of } if *of == task.key => Some(problem.clone()),
            _ => None,
        }),
        _ => None,
    };
    let summary = run_summary(row);
    Why {
        run: id,
        flow: summary.flow,
        status: summary.status,
        decisions: facts.iter().filter_map(decision).collect(),
        consents: facts.iter().filter_map(consent).collect(),
        actions,
        ended: run.ended.as_ref().map(ended),
        blocked,
    }
}

/// What a fact adds to what is known of an action.
fn tell(why: &mut WhyAction, of: &str, fact: &Fact) {
    match fact {
        Fact::Intended { action, key, guardrails, attempt, .. } if *action == why.action && key == of => {
            guardrails.clone_into(&mut why.guardrails);
            why.attempts = why.attempts.max(*attempt);
        }
        Fact::Done { action, how, .. } if *action == why.action => why.how = Some(how.clone()),
        Fact::Verified { what, condition, grade } if *what == why.action => {
            why.condition = Some(condition.clone()).filter(|condition| !condition.is_empty());
            why.grade = Some(grade.clone());
        }
        Fact::Unverified { what, condition } if *what == why.action => {
            why.condition = Some(condition.clone());
        }
        _ => {}
    }
}

fn decision(fact: &Fact) -> Option<WhyDecision> {
    let Fact::Decided { decision, rule, when, answer, because, inputs } = fact else { return None };
    let inputs = inputs.iter().map(|(name, value)| Named { name: name.clone(), value: value.clone() });
    Some(WhyDecision {
        decision: decision.clone(),
        rule: *rule,
        when: when.clone(),
        answer: answer.clone(),
        because: because.clone(),
        inputs: inputs.collect(),
    })
}

fn consent(fact: &Fact) -> Option<WhyConsent> {
    let Fact::Consented { task, evidence, people, because } = fact else { return None };
    Some(WhyConsent {
        task: task.clone(),
        evidence: evidence.clone(),
        people: people.clone(),
        because: because.clone(),
    })
}
