//! The claim of an action: what makes sure that nobody else does the same.

use std::collections::BTreeSet;

use countersign_ir::value::Value;
use countersign_ir::wire::{FailureClass, Reply};

use super::acting::{Acting, Doubt, Phase, declared};
use super::{Context, DeedStatus, Doing, Run};
use crate::cell::{CellId, CellKind};
use crate::protocol::{Body, ClaimVerdict, Claimed, Fact, Take};
use crate::step::StepError;
use crate::task::{Choice, Shown};

impl Run {
    pub(super) fn take_claim(
        &mut self,
        context: &mut Context<'_>,
        mut acting: Box<Acting>,
    ) -> Result<(), StepError> {
        let token = self.number();
        let deed = self.deed_mut(&acting)?;
        deed.token = token;
        let deed = deed.clone();
        let deed = &deed;
        let params = declared(context, deed)?.action.params.len();
        let subject =
            Value::record(deed.frame.iter().take(params).map(|arg| arg.clone().unwrap_or(Value::None)));
        let to = CellId::new(CellKind::Claim, deed.key.clone());
        let take = Take { taker: context.cell.clone(), token, subject, until: None };
        context.send(to, Body::Take(Box::new(take)));
        acting.phase = Phase::Claiming { token };
        self.doing = Doing::Acting(acting);
        Ok(())
    }

    /// The claim answered.
    pub(super) fn claimed(&mut self, context: &mut Context<'_>, claimed: Claimed) -> Result<bool, StepError> {
        let acting = match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Acting(acting) if acting.phase == (Phase::Claiming { token: claimed.token }) => acting,
            other => {
                self.doing = other;
                self.decline_claim(context, &claimed);
                return Ok(false);
            }
        };
        let declared = declared(context, self.deed(&acting)?)?;
        match claimed.verdict {
            ClaimVerdict::Granted => self.look_before(context, acting)?,
            ClaimVerdict::Doubtful => {
                let reason = "an earlier run gave it up without knowing what had come of it".to_owned();
                let reply = Reply::InDoubt { reason: reason.clone() };
                let doubt = Doubt { class: FailureClass::Transient, reason, retry_after: None };
                self.settle_doubt(context, acting, doubt, &reply)?;
            }
            ClaimVerdict::Same { outcome } => {
                self.done(context, acting, outcome.unwrap_or(Value::None), "adopted")?;
            }
            ClaimVerdict::Conflict { held } => {
                let first = claimed.holder.key.clone();
                context.facts.push(Fact::Repeated { first: first.clone(), same: false });
                let problem = format!("{} was already begun by {first} with other values", declared.name);
                let showing = vec![Shown::text("begun with", &held.to_string())];
                self.block_action(context, acting, &problem, showing, &[Choice::Retry, Choice::Drop])?;
            }
        }
        self.go_on(context)?;
        Ok(true)
    }

    /// A claim that was granted to an attempt that is over, because a message came late or twice, is given back; unless
    /// something was done under it.
    pub(super) fn decline_claim(&self, context: &mut Context<'_>, claimed: &Claimed) {
        let under = self.deeds.iter().find(|deed| deed.token == claimed.token);
        let over = match (under, &self.doing) {
            (Some(deed), _) if !matches!(deed.status, DeedStatus::Planned | DeedStatus::NotDone) => false,
            // It is under way, perhaps with a person.
            (Some(deed), Doing::Acting(acting)) => self.deed(acting).ok() != Some(deed),
            (Some(deed), Doing::Blocked { was, .. }) => match &**was {
                Doing::Acting(acting) => self.deed(acting).ok() != Some(deed),
                _ => true,
            },
            _ => true,
        };
        let doubtful = claimed.verdict == ClaimVerdict::Doubtful;
        if !(doubtful || claimed.verdict == ClaimVerdict::Granted) || !over {
            return;
        }
        // A token that no deed has any more was one of them: whichever it was, the others do not know it.
        let keys: BTreeSet<&String> = self
            .deeds
            .iter()
            .filter(|deed| under.is_none_or(|under| under == *deed))
            .map(|d| &d.key)
            .collect();
        for key in keys {
            let (by, token) = (context.cell.clone(), claimed.token);
            context.send(CellId::new(CellKind::Claim, key.as_str()), Body::Release { by, token, doubtful });
        }
    }
}
