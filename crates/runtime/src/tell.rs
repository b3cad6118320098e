//! One line of the log for each notable fact.

use countersign_engine::CellId;
use countersign_engine::narrate::sentence;
use countersign_engine::protocol::Fact;

/// Tells the log.
pub(crate) fn log(cell: &CellId, fact: &Fact) {
    // What it read and whom it told is of interest only to who looks closely.
    let detail =
        matches!(fact, Fact::Learned { .. } | Fact::Before { .. } | Fact::Told { accepted: true, .. });
    let trouble = matches!(
        fact,
        Fact::Failed { .. } | Fact::Stopped { .. } | Fact::Unverified { .. } | Fact::Blocked { .. }
    );
    if detail {
        tracing::debug!(%cell, "{}", sentence(fact));
    } else if trouble {
        tracing::warn!(%cell, "{}", sentence(fact));
    } else {
        tracing::info!(%cell, "{}", sentence(fact));
    }
}
