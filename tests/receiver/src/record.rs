//! What the systems keep, as `examples/invoices/records.flow` names it, and their JSON.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An amount, kept as the text that came, so that it goes back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Money {
    amount: String,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    amount: String,
    currency: String,
}

impl TryFrom<Parts> for Money {
    type Error = String;

    fn try_from(Parts { amount, currency }: Parts) -> Result<Self, String> {
        if amount.parse::<Decimal>().is_err() {
            return Err(format!("expected an amount such as \"120.00\", found {amount:?}"));
        }
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(format!("expected a currency such as \"EUR\", found {currency:?}"));
        }
        Ok(Self { amount, currency })
    }
}

/// Somebody whom we pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vendor {
    pub id: String,
    pub name: String,
    pub trusted: bool,
    pub blocked: bool,
    pub contact: String,
}

/// What a vendor asks us to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub id: String,
    pub vendor: String,
    pub amount: Money,
    pub due: String,
    pub status: InvoiceStatus,
    pub entered_by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Open,
    Settled,
    Disputed,
    Refused,
}

/// Money that left for a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub id: String,
    pub invoice: String,
    pub amount: Money,
    pub status: PaymentStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Pending,
    Settled,
    Failed,
    Refunded,
}

/// Money that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    pub payment: String,
    pub amount: Money,
}

/// One line of the record: a request, what it did and what it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 without a gap.
    pub n: u64,
    /// Milliseconds since 1970.
    pub at: u64,
    pub method: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Such as `POST /payments`; none for a path that is not there, `control` for the test's own.
    pub route: Option<String>,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// The key had been seen: what it had done then was told again, and nothing was done.
    #[serde(default)]
    pub repeat: bool,
    /// The fault that acted, by the number under which it was set.
    pub fault: Option<u64>,
    /// What it was told; none when it was told nothing.
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub answer: Value,
    /// What it changed: the state is these, in order.
    #[serde(default)]
    pub effects: Vec<Effect>,
}

/// One change of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    VendorSet(Vendor),
    InvoiceSet(Invoice),
    InvoiceMarked {
        id: String,
        status: InvoiceStatus,
    },
    Paid(Payment),
    PaymentMarked {
        id: String,
        status: PaymentStatus,
    },
    Refunded(Refund),
    /// From now on this key stands for what was made.
    KeyTaken {
        route: String,
        key: String,
        made: String,
        body: Value,
    },
    FaultSet(crate::fault::Fault),
    FaultUsed {
        id: u64,
    },
    FaultsCleared,
    SettingsChanged(crate::world::Settings),
}
