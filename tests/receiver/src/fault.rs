//! Misbehaviour on demand.

use serde::{Deserialize, Serialize};

/// How a route misbehaves, until it is cleared or used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The route as the record names it, such as `POST /payments` or `GET /invoices/{id}`; `*` for every one.
    pub route: String,
    /// What is done instead of answering well.
    #[serde(default)]
    pub does: Does,
    /// How many requests it meets; all, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Only requests that name this id: of an invoice, a payment or a vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// How long the answer takes, after what it did is done.
    #[serde(default)]
    pub latency_ms: u64,
    /// `Retry-After`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// What a fault does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Answers well: for a latency alone.
    #[default]
    Nothing,
    /// Answers as if all were well, and changes nothing.
    AnswerWithoutEffect,
    /// Changes nothing and answers this status.
    Fail(u16),
    /// Does what was asked and answers this status.
    EffectThenFail(u16),
    /// Changes nothing and never answers.
    Hang,
    /// Does what was asked and never answers.
    EffectThenHang,
    /// Changes nothing and closes the connection.
    Close,
    /// Does what was asked and closes the connection.
    EffectThenClose,
}

impl Does {
    /// Whether what was asked is done.
    pub const fn keeps_effect(self) -> bool {
        matches!(self, Self::Nothing | Self::EffectThenFail(_) | Self::EffectThenHang | Self::EffectThenClose)
    }
}
