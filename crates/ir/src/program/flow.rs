//! Flows: trigger, understand, decide, act, verify.

use serde::{Deserialize, Serialize};

use super::{
    ActionCall, ApprovalId, DecisionId, Expr, Postcondition, ReadCall, RecordId, RoleId, SecretId, Slot,
    StepId, TemplateId, Type, Typed,
};

/// What happens when something triggers it.
///
/// The frame holds one slot per name, first the trigger's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// What the source documents.
    pub doc: String,
    /// Who answers for it, and gets its tasks.
    pub owner: RoleId,
    /// What starts it.
    pub trigger: Trigger,
    /// What its runs have in common: order and history.
    pub key: Option<Expr>,
    /// Whether some step reads the history of the key.
    pub uses_history: bool,
    /// The names of the frame.
    pub slots: Vec<Binding>,
    /// All steps, in the order of the source.
    pub steps: Vec<Step>,
    /// Where a run begins.
    pub entry: Option<StepId>,
}

/// A name of the frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The name; empty for what lowering needs between.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// What starts a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The path that is posted to, with its slash.
    pub path: String,
    /// Type of the payload, which lies in slot 0.
    pub payload: Type,
    /// How the sender proves itself.
    pub signature: Signature,
    /// What makes two events the same.
    pub once: Option<Once>,
}

/// How a sender proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    /// Standard Webhooks.
    Standard {
        /// With which secret.
        secret: SecretId,
    },
    /// Not at all, and why.
    Unsigned {
        /// As the source says it.
        because: String,
    },
}

/// `once per EXPR for D`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Once {
    /// Over the payload in slot 0.
    pub per: Expr,
    /// For how long, in nanoseconds.
    pub for_: i64,
}

/// The stages of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What has to be known.
    Understand,
    /// What the rules say.
    Decide,
    /// What is done.
    Act,
    /// What must be true at the end.
    Verify,
}

/// One step. Control goes from a step to `next`; at the end of a block, to what follows the step in `parent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which stage it belongs to.
    pub stage: Stage,
    /// The step behind it in its block.
    pub next: Option<StepId>,
    /// The step whose block it stands in, and which block.
    pub parent: Option<(StepId, Branch)>,
    /// What it does.
    pub kind: StepKind,
}

/// Which block of its parent a step stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Branch {
    /// `approve … { here }`, `when … => here`
    Body,
    /// `if refused { here }`
    Refused,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StepKind {
    /// `name = expression`
    Let {
        /// Where the value goes.
        into: Slot,
        /// The expression.
        value: Expr,
    },
    /// `name = decision(…)`
    Decide {
        /// Where the answer goes.
        into: Slot,
        /// Which.
        decision: DecisionId,
        /// With what.
        args: Vec<Expr>,
    },
    /// `name = system.read(…)`
    Read {
        /// Where the answer goes.
        into: Slot,
        /// What is read.
        call: ReadCall,
    },
    /// `name = history within D`
    History {
        /// Where the list goes.
        into: Slot,
        /// How far back, in nanoseconds.
        within: i64,
        /// The record of one entry: run, when, outcome, decisions, key.
        record: RecordId,
    },
    /// `render "file" with { … }`, lifted out of an expression.
    Render {
        /// Where the draft goes.
        into: Slot,
        /// Which template.
        template: TemplateId,
        /// A record: what the template may show.
        with: Typed,
    },
    /// `approve POLICY at LEVEL "question" showing […] { … } if refused { … }`
    Approve(Box<Approve>),
    /// `name = system.action(…)`
    Act {
        /// Where the result goes, if it has a name.
        into: Option<Slot>,
        /// What is done.
        call: ActionCall,
        /// The approve steps around it, innermost last.
        inside: Vec<StepId>,
    },
    /// `when CONDITION => { … }`
    When {
        /// The condition.
        condition: Expr,
        /// Where its block begins.
        body: Option<StepId>,
    },
    /// A condition over fresh reads that must become, or stay, true.
    Verify {
        /// The condition.
        check: Postcondition,
        /// For how long.
        lasting: Lasting,
    },
    /// `skip because "…"`
    Skip {
        /// As the source says it.
        because: String,
    },
    /// `hand to ROLE because "…"`
    Hand {
        /// Whose hands.
        role: RoleId,
        /// As the source says it.
        because: String,
    },
    /// `tell ROLE "…"`
    Tell {
        /// Who.
        role: RoleId,
        /// A text.
        text: Expr,
    },
}

/// How long a condition has, or must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lasting {
    /// Becomes true within that many nanoseconds.
    Within(i64),
    /// Stays true for that many nanoseconds.
    Throughout(i64),
}

/// One question whose yes opens a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approve {
    /// Which policy.
    pub policy: ApprovalId,
    /// The policy's arguments.
    pub args: Vec<Expr>,
    /// At which level: a variant of the policy's enum.
    pub level: Expr,
    /// What is asked: a text.
    pub question: Expr,
    /// What is shown and hashed into the answer.
    pub showing: Vec<Shown>,
    /// `four eyes with …`: persons who cannot answer.
    pub four_eyes: Vec<Expr>,
    /// Where the approved block begins.
    pub body: Option<StepId>,
    /// Where the block for a no begins, if there is one.
    pub refused: Option<StepId>,
}

/// One thing that is shown to who is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// As what.
    pub label: String,
    /// What.
    pub value: Typed,
}
