//! Ordered rules and guardrails.

use serde::{Deserialize, Serialize};

use super::{ApprovalId, Clause, Expr, LevelId, Param, RecordId, RoleId, TemplateId, Type};

/// Ordered rules: the first whose condition holds gives the answer. The frame holds the parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its name.
    pub name: String,
    /// What the source documents: the question.
    pub doc: String,
    /// What it takes.
    pub params: Vec<Param>,
    /// What it answers.
    pub result: Type,
    /// Who answers for the rules.
    pub owner: RoleId,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// When it fires; none for `otherwise`.
    pub when: Option<Clause>,
    /// What it answers.
    pub result: Expr,
    /// Why, in the owner's words.
    pub because: Option<String>,
}

/// What no path may break: proved by the compiler, and checked again by the engine's gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// In the owner's words.
    pub name: String,
    /// Which actions it speaks of.
    pub covers: Covers,
    /// What they need.
    pub needs: Needs,
}

/// Which actions a guardrail speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Covers {
    /// Money that leaves, above an amount (constant or setting).
    MoneyAbove(Expr),
    /// Messages; those from one template, or all.
    Messages(Option<TemplateId>),
    /// Deletions of a record.
    Deletes(RecordId),
}

/// What actions under a guardrail need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Needs {
    /// Evidence of that level of a policy, or of a later one that the level itself declares.
    Level {
        /// Whose.
        policy: ApprovalId,
        /// Which.
        level: LevelId,
        /// Whether a notice that nobody objected to is enough.
        silence_is_enough: bool,
    },
    /// Nothing, and why.
    Nothing {
        /// As the source says it.
        because: String,
    },
}
