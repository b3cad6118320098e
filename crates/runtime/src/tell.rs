//! One line of the log for each notable fact.

use countersign_engine::CellId;
use countersign_engine::protocol::Fact;

/// A fact as a sentence.
pub fn sentence(fact: &Fact) -> String {
    format!("{fact:?}")
}

/// Tells the log.
pub(crate) fn log(cell: &CellId, fact: &Fact) {
    let what = sentence(fact);
    match fact {
        Fact::Learned { .. } | Fact::Before { .. } | Fact::Told { accepted: true, .. } => {
            tracing::debug!(%cell, "{what}");
        }
        Fact::Failed { .. } | Fact::Stopped { .. } | Fact::Unverified { .. } | Fact::Blocked { .. } => {
            tracing::warn!(%cell, "{what}");
        }
        _ => tracing::info!(%cell, "{what}"),
    }
}
