//! One delivery at the door, from its arrival to its receipt. A sender that repeats its own id gets the first receipt
//! again.

use countersign_ir::hash::Hash;
use serde::{Deserialize, Serialize};

use crate::cell::{CellId, CellKind, claim_key, derived};
use crate::eval::Scope;
use crate::protocol::{Arrived, Body, ClaimVerdict, Fact, Fate, Output, Receipt, Rejected, Start, Take};
use crate::state::Deployments;
use crate::step::{Step, StepError, fetch};
use crate::task::{Shown, Topic, TopicKind};

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Hash of the body as it came.
    pub body: Hash,
    /// What waits for the claim.
    pub pending: Option<Box<Arrived>>,
    /// What the door answered.
    pub receipt: Option<Receipt>,
}

/// The run that an event starts.
pub(crate) fn run_cell(event: &str) -> CellId {
    CellId::new(CellKind::Run, derived("run", "countersign/run/v1", &[event]))
}

/// What a delivery does with an input.
pub(crate) fn step(
    deployments: &dyn Deployments,
    cell: &CellId,
    state: Option<Delivery>,
    at: i64,
    body: Body,
) -> Result<Step<Delivery>, StepError> {
    match (state, body) {
        // The receipt is given again even where the body differs: the sender's id names one delivery.
        (Some(delivery), Body::Arrived(_) | Body::Rejected(_)) => {
            let outputs = delivery.receipt.iter().cloned().map(Output::Acknowledge).collect();
            Ok(Step { outputs, ..Step::unchanged() })
        }
        (None, Body::Arrived(arrived)) => arrive(deployments, cell, at, *arrived),
        (None, Body::Rejected(rejected)) => Ok(reject(deployments, *rejected)?),
        (Some(mut delivery), Body::Claimed(claimed)) => {
            let Some(arrived) = delivery.pending.take() else { return Ok(Step::unchanged()) };
            let (receipt, outputs) = match claimed.verdict {
                // An event is never in doubt: nobody gives one up.
                ClaimVerdict::Granted | ClaimVerdict::Doubtful => start(*arrived),
                ClaimVerdict::Same { .. } => (repeat(&claimed.holder, Fate::Duplicate), Vec::new()),
                ClaimVerdict::Conflict { held } => {
                    let output = conflict(deployments, &arrived, &claimed.holder, &held)?;
                    (repeat(&claimed.holder, Fate::Conflict), vec![output])
                }
            };
            Ok(settle(delivery, receipt, outputs))
        }
        (None, Body::Claimed(_)) => Ok(Step::unchanged()),
        (_, other) => Err(StepError::misplaced(CellKind::Delivery, &other)),
    }
}

fn settle(mut delivery: Delivery, receipt: Receipt, mut outputs: Vec<Output>) -> Step<Delivery> {
    let fact = match &receipt.fate {
        Fate::Accepted => None,
        Fate::Duplicate => Some(Fact::Repeated { first: receipt.event.clone(), same: true }),
        Fate::Conflict => Some(Fact::Repeated { first: receipt.event.clone(), same: false }),
        Fate::Rejected { path, problem } => {
            Some(Fact::Ended { outcome: "rejected".into(), because: Some(format!("{path}: {problem}")) })
        }
    };
    outputs.push(Output::Acknowledge(receipt.clone()));
    delivery.receipt = Some(receipt);
    Step::to(delivery, outputs, fact.into_iter().collect())
}

/// Event claims are held by deliveries, and a delivery's key is its event's id.
fn repeat(holder: &CellId, fate: Fate) -> Receipt {
    Receipt { event: holder.key.clone(), run: Some(run_cell(&holder.key).key), fate }
}

fn start(arrived: Arrived) -> (Receipt, Vec<Output>) {
    let run = run_cell(&arrived.event);
    let receipt = Receipt { event: arrived.event.clone(), run: Some(run.key.clone()), fate: Fate::Accepted };
    let Arrived { deployment, flow, event, payload, .. } = arrived;
    let start = Start { deployment, flow, event, payload };
    (receipt, vec![Output::Send { to: run, body: Body::Start(Box::new(start)) }])
}

fn arrive(
    deployments: &dyn Deployments,
    cell: &CellId,
    at: i64,
    arrived: Arrived,
) -> Result<Step<Delivery>, StepError> {
    let deployment = fetch(deployments, &arrived.deployment)?;
    let flow = deployment.flow(arrived.flow)?;
    let delivery = Delivery { body: arrived.body, pending: None, receipt: None };
    let Some(once) = &flow.trigger.once else {
        let (receipt, outputs) = start(arrived);
        return Ok(settle(delivery, receipt, outputs));
    };
    let frame = [Some(arrived.payload.clone())];
    let per = Scope { frame: &frame, settings: &deployment.settings }.eval(&once.per)?;
    let key = claim_key(&[&deployment.tenant, "event", &flow.trigger.path], &per);
    let take = Take {
        taker: cell.clone(),
        token: 0,
        subject: arrived.payload.clone(),
        until: Some(at.saturating_add(once.for_)),
    };
    let output = Output::Send { to: CellId::new(CellKind::Claim, key), body: Body::Take(Box::new(take)) };
    let delivery = Delivery { pending: Some(Box::new(arrived)), ..delivery };
    Ok(Step::to(delivery, vec![output], Vec::new()))
}

fn reject(deployments: &dyn Deployments, rejected: Rejected) -> Result<Step<Delivery>, StepError> {
    let deployment = fetch(deployments, &rejected.deployment)?;
    let flow = deployment.flow(rejected.flow)?;
    let Rejected { event, path, problem, body, .. } = rejected;
    let place = if path.is_empty() { "the payload".to_owned() } else { format!("`{path}`") };
    let topic = Topic {
        kind: TopicKind::Rejected,
        deployment: rejected.deployment,
        flow: rejected.flow,
        run: None,
        question: format!("an event for {} was turned away: {place} {problem}", flow.trigger.path),
        showing: vec![Shown::text("payload", &body)],
        about: None,
        suggestion: Some("ask the sender to correct it and to send it again".into()),
    };
    let task = CellId::new(CellKind::Task, derived("task", "countersign/task/v1", &["rejected", &event]));
    let delivery = Delivery { body: rejected.hash, pending: None, receipt: None };
    let receipt = Receipt { event, run: None, fate: Fate::Rejected { path, problem } };
    Ok(settle(delivery, receipt, vec![Output::Send { to: task, body: Body::Open(Box::new(topic)) }]))
}

fn conflict(
    deployments: &dyn Deployments,
    arrived: &Arrived,
    holder: &CellId,
    held: &countersign_ir::value::Value,
) -> Result<Output, StepError> {
    let deployment = fetch(deployments, &arrived.deployment)?;
    let flow = deployment.flow(arrived.flow)?;
    let ty = &flow.trigger.payload;
    let first = run_cell(&holder.key).key;
    let topic = Topic {
        kind: TopicKind::Conflict,
        deployment: arrived.deployment,
        flow: arrived.flow,
        run: None,
        question: format!(
            "two events for {} have the same key and say different things; {first} goes on with the first",
            flow.trigger.path
        ),
        showing: vec![
            Shown::value(&deployment.program, "first", ty, held),
            Shown::value(&deployment.program, "second", ty, &arrived.payload),
        ],
        about: None,
        suggestion: Some("find out which of the two is right; undo the run if it is not the first".into()),
    };
    let task =
        CellId::new(CellKind::Task, derived("task", "countersign/task/v1", &["conflict", &arrived.event]));
    Ok(Output::Send { to: task, body: Body::Open(Box::new(topic)) })
}
