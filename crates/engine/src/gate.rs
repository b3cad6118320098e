//! The gate: every guardrail, evaluated in the step that puts an action's intent on record.
//!
//! The compiler has proved that it cannot fire on a path of its own program. It is asked all the same, because runs are
//! pinned to older programs, settings change, actions are taken back and tried again, and because a proof may be wrong.

use countersign_ir::program::{Covers, Effect, Needs, StepKind};
use countersign_ir::value::Value;

use crate::eval::{EvalError, Scope};
use crate::run::{Context, Deed, Evidence, Run};
use crate::state::Deployment;
use crate::step::StepError;

/// Why an action may not leave.
pub(crate) struct Stop {
    /// Which guardrail.
    pub guardrail: String,
    /// What is missing.
    pub missing: String,
}

/// The consents that cover an action, outermost first.
fn covering<'r>(
    run: &'r Run,
    context: &Context<'_>,
    deed: &Deed,
) -> Result<Vec<&'r crate::run::Consent>, StepError> {
    let Some(step) = deed.step else { return Ok(Vec::new()) };
    match &context.deployment.step(run.flow, step)?.kind {
        StepKind::Act { inside, .. } => {
            Ok(inside.iter().filter_map(|around| run.consents.get(around)).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// Asks every guardrail of the run's own program and of the current one. The names of those that speak of this action.
pub(crate) fn check(
    run: &Run,
    context: &Context<'_>,
    deed: &Deed,
) -> Result<Result<Vec<String>, Stop>, StepError> {
    if let Some(stop) = stale(run, context, deed)? {
        return Ok(Err(stop));
    }
    let consents = covering(run, context, deed)?;
    let mut names = Vec::new();
    let current = context.deployments.current();
    let newer = (current.hash != context.deployment.hash).then_some(&*current);
    for deployment in std::iter::once(context.deployment).chain(newer) {
        for guardrail in &deployment.program.guardrails {
            if !covers(context, deployment, &guardrail.covers, deed)? {
                continue;
            }
            if !names.contains(&guardrail.name) {
                names.push(guardrail.name.clone());
            }
            if let Some(missing) = missing(deployment, &guardrail.needs, &consents) {
                return Ok(Err(Stop { guardrail: guardrail.name.clone(), missing }));
            }
        }
    }
    Ok(Ok(names))
}

/// What was agreed to must be what is done: the hash of what an approve step shows now is that of what people saw.
fn stale(run: &Run, context: &Context<'_>, deed: &Deed) -> Result<Option<Stop>, StepError> {
    let Some(step) = deed.step else { return Ok(None) };
    let StepKind::Act { inside, .. } = &context.deployment.step(run.flow, step)?.kind else {
        return Ok(None);
    };
    for around in inside {
        let refusal = |missing: &str| {
            Some(Stop { guardrail: "what was shown is what runs".into(), missing: missing.into() })
        };
        let Some(consent) = run.consents.get(around) else {
            return Ok(refusal("there is no consent on record for the block around it"));
        };
        let StepKind::Approve(approve) = &context.deployment.step(run.flow, *around)?.kind else {
            return Err(EvalError::Malformed("an action inside a step that asks nothing".into()).into());
        };
        if run.consent_topic(context, approve)?.shown_hash() != consent.shown {
            return Ok(refusal("what people agreed to is not what would be done now"));
        }
    }
    Ok(None)
}

fn covers(
    context: &Context<'_>,
    deployment: &Deployment,
    covers: &Covers,
    deed: &Deed,
) -> Result<bool, StepError> {
    let (_, action) = context.deployment.action(deed.system, deed.action)?;
    Ok(match (covers, &action.effect) {
        (Covers::MoneyAbove(limit), Effect::MovesMoney { out: true, amount }) => {
            let amount = context.scope(&deed.frame).eval(amount)?;
            let limit = Scope { frame: &[], settings: &deployment.settings }.eval(limit)?;
            match (amount, limit) {
                (Value::Money(amount), Value::Money(limit)) if amount.currency == limit.currency => {
                    amount.minor > limit.minor
                }
                // Amounts that cannot be compared are not shown to be below.
                _ => true,
            }
        }
        (Covers::Messages(None), Effect::Messages { .. }) => true,
        (Covers::Messages(Some(template)), Effect::Messages { .. }) => {
            let name =
                deployment.program.templates.get(template.index()).map(|template| template.name.as_str());
            deed.frame
                .iter()
                .flatten()
                .any(|value| matches!(value, Value::Draft(d) if Some(&*d.template) == name))
        }
        (Covers::Deletes(record), Effect::Deletes(deleted)) => {
            let name = |deployment: &Deployment, id: usize| {
                deployment.program.records.get(id).map(|r| r.name.clone())
            };
            name(deployment, record.index()) == name(context.deployment, deleted.index())
        }
        _ => false,
    })
}

/// What evidence is missing. Policies and levels are compared by name, since the guardrail may be a newer program's.
fn missing(deployment: &Deployment, needs: &Needs, consents: &[&crate::run::Consent]) -> Option<String> {
    let Needs::Level { policy, level, silence_is_enough } = needs else { return None };
    let named = deployment.program.approvals.get(policy.index());
    let (policy, level) = match named.and_then(|policy| Some((policy, policy.levels.get(level.index())?))) {
        Some((policy, level)) => (policy.name.as_str(), level),
        None => return Some("the guardrail names a level that does not exist".into()),
    };
    let automatic = level.consent == countersign_ir::program::Consent::Automatic;
    let met = consents.iter().any(|consent| {
        consent.policy == policy
            && consent.level == level.name
            && match &consent.evidence {
                Evidence::Human { of_level, .. } => *of_level,
                Evidence::Silence { .. } => *silence_is_enough,
                Evidence::Automatic => automatic,
            }
    });
    (!met).then(|| format!("it needs the consent of {policy}.{}", level.name))
}
