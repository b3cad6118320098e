//! A claim: what every `once` means. Who comes first holds it; equal takers share what came of it, others conflict.
//!
//! A claim outlives the run that took it, so that a second run for the same invoice meets the first one's payment.

use countersign_ir::value::Value;
use serde::{Deserialize, Serialize};

use crate::cell::{CellId, CellKind};
use crate::protocol::{Body, ClaimVerdict, Claimed, Fact, Number, Output, Take};
use crate::step::{Step, StepError};

/// The state of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Who holds it; none after a release that nobody waited for.
    pub holder: Option<Holder>,
    /// Who waits for the outcome.
    pub waiting: Vec<Holder>,
    /// Whether who held it last gave it up without knowing whether something was done under it.
    pub doubtful: bool,
}

/// One who took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// The cell.
    pub cell: CellId,
    /// Which attempt of the cell.
    pub token: Number,
    /// What for.
    pub subject: Value,
    /// Until when it counts; none for ever.
    pub until: Option<i64>,
    /// What came of it.
    pub outcome: Option<Value>,
    /// Whether it was in doubt when this one got it.
    pub doubtful: bool,
}

impl Holder {
    /// What one is told who has it.
    fn verdict(&self) -> ClaimVerdict {
        if self.doubtful { ClaimVerdict::Doubtful } else { ClaimVerdict::Granted }
    }
}

fn answer(to: &Holder, holder: &CellId, verdict: ClaimVerdict) -> Output {
    let claimed = Claimed { token: to.token, holder: holder.clone(), verdict };
    Output::Send { to: to.cell.clone(), body: Body::Claimed(claimed) }
}

/// What a claim does with an input.
pub(crate) fn step(state: Option<Claim>, at: i64, body: Body) -> Result<Step<Claim>, StepError> {
    let mut claim = state.unwrap_or(Claim { holder: None, waiting: Vec::new(), doubtful: false });
    match body {
        Body::Take(take) => Ok(take_it(claim, at, *take)),
        Body::Settle { by, outcome } => {
            let held = claim.holder.as_mut().filter(|holder| holder.cell == by && holder.outcome.is_none());
            let Some(holder) = held else { return Ok(Step::unchanged()) };
            holder.outcome = Some(outcome.clone());
            let cell = holder.cell.clone();
            let told = claim.waiting.drain(..);
            let verdict = ClaimVerdict::Same { outcome: Some(outcome) };
            let outputs = told.map(|taker| answer(&taker, &cell, verdict.clone())).collect();
            Ok(Step::to(claim, outputs, Vec::new()))
        }
        // A repeated word of an earlier holder must not free what another one holds by now.
        Body::Release { by, token, doubtful } => {
            let is_held =
                |holder: &Holder| holder.cell == by && holder.token == token && holder.outcome.is_none();
            if !claim.holder.as_ref().is_some_and(is_held) {
                return Ok(Step::unchanged());
            }
            let mut outputs = Vec::new();
            claim.doubtful = doubtful;
            claim.holder = if claim.waiting.is_empty() { None } else { Some(claim.waiting.remove(0)) };
            if let Some(next) = &mut claim.holder {
                next.doubtful = doubtful;
                outputs.push(answer(next, &next.cell, next.verdict()));
            }
            Ok(Step::to(claim, outputs, Vec::new()))
        }
        other => Err(StepError::misplaced(CellKind::Claim, &other)),
    }
}

fn take_it(mut claim: Claim, at: i64, take: Take) -> Step<Claim> {
    let taker = Holder {
        cell: take.taker,
        token: take.token,
        subject: take.subject,
        until: take.until,
        outcome: None,
        doubtful: claim.doubtful,
    };
    let current = claim.holder.take().filter(|holder| holder.until.is_none_or(|until| at < until));
    let Some(holder) = current else {
        let outputs = vec![answer(&taker, &taker.cell, taker.verdict())];
        claim.holder = Some(taker);
        return Step::to(claim, outputs, Vec::new());
    };
    let repeated = |same| Fact::Repeated { first: holder.cell.key.clone(), same };
    // The same take again, because a message was repeated.
    let outcome = if holder.cell == taker.cell && holder.token == taker.token {
        vec![answer(&taker, &taker.cell, holder.verdict())]
    } else if holder.subject != taker.subject {
        let verdict = ClaimVerdict::Conflict { held: holder.subject.clone() };
        let output = answer(&taker, &holder.cell, verdict);
        let fact = repeated(false);
        claim.holder = Some(holder);
        return Step::to(claim, vec![output], vec![fact]);
    } else if holder.outcome.is_some() || holder.until.is_some() {
        // Events need no outcome: the door answers with who came first.
        let verdict = ClaimVerdict::Same { outcome: holder.outcome.clone() };
        let output = answer(&taker, &holder.cell, verdict);
        let fact = repeated(true);
        claim.holder = Some(holder);
        return Step::to(claim, vec![output], vec![fact]);
    } else {
        if !claim.waiting.iter().any(|w| w.cell == taker.cell && w.token == taker.token) {
            claim.waiting.push(taker);
        }
        Vec::new()
    };
    claim.holder = Some(holder);
    Step::to(claim, outcome, Vec::new())
}
