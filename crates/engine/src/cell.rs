//! Names: of cells, calls, timers and events. All of them are derived, none is drawn at random.

use std::fmt;

use countersign_ir::hash::{Hash, Hasher};
use serde::{Deserialize, Serialize};

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// One delivery at the door: what a sender's own id names.
    Delivery,
    /// What `once` means: of an event, or of an action.
    Claim,
    /// One run of a flow, or one undo.
    Run,
    /// One question to people, or one problem that waits for them.
    Task,
    /// What the runs of one key have in common.
    History,
}

impl CellKind {
    /// The name under which the store keeps it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Claim => "claim",
            Self::Run => "run",
            Self::Task => "task",
            Self::History => "history",
        }
    }

    /// Reads what [`CellKind::name`] wrote.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Delivery, Self::Claim, Self::Run, Self::Task, Self::History]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The name of a cell within its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellId {
    /// What it is.
    pub kind: CellKind,
    /// Which one.
    pub key: String,
}

impl CellId {
    /// A cell's name.
    pub fn new(kind: CellKind, key: impl Into<String>) -> Self {
        Self { kind, key: key.into() }
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.key)
    }
}

/// A name that is made from what it stands for: the prefix says what it is, sixteen digits say which one.
pub fn derived(prefix: &str, kind: &str, parts: &[&str]) -> String {
    let hash = parts.iter().fold(Hasher::new(kind), |hasher, part| hasher.text(part)).finish();
    format!("{prefix}-{}", hash.hex().get(..16).unwrap_or_default())
}

/// The key of a claim: a hash of whose it is and of what `once` evaluates to. It is sent to systems as the
/// idempotency key too.
pub fn claim_key(parts: &[&str], per: &countersign_ir::value::Value) -> String {
    let kind = "countersign/claim/v1";
    let hasher = parts.iter().fold(Hasher::new(kind), |hasher, part| hasher.text(part));
    let hash: Hash = hasher.bytes(&countersign_ir::encoding::encode(per)).finish();
    hash.hex().get(..40).unwrap_or_default().to_owned()
}
