//! Which of the systems' routes a request means.

use axum::http::Method;
use percent_encoding::percent_decode_str;

/// A route with what its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    ReadVendor(String),
    ReadInvoice(String),
    MarkInvoice(String),
    EnterInvoice,
    ReadPayment(String),
    ReadPayments,
    Pay,
    Refund(String),
    ReadRefunds,
}

impl Route {
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        let parts: Vec<String> = path
            .strip_prefix('/')?
            .split('/')
            .map(|part| percent_decode_str(part).decode_utf8().map(String::from))
            .collect::<Result<_, _>>()
            .ok()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let route = match (method.as_str(), parts.as_slice()) {
            ("GET", ["vendors", id]) => Self::ReadVendor((*id).to_owned()),
            ("GET", ["invoices", id]) => Self::ReadInvoice((*id).to_owned()),
            ("PATCH", ["invoices", id]) => Self::MarkInvoice((*id).to_owned()),
            ("POST", ["invoices"]) => Self::EnterInvoice,
            ("GET", ["payments", id]) => Self::ReadPayment((*id).to_owned()),
            ("GET", ["payments"]) => Self::ReadPayments,
            ("POST", ["payments"]) => Self::Pay,
            ("POST", ["payments", id, "refund"]) => Self::Refund((*id).to_owned()),
            ("GET", ["refunds"]) => Self::ReadRefunds,
            _ => return None,
        };
        Some(route)
    }

    /// Every name, for those who set faults.
    pub const NAMES: [&str; 9] = [
        "GET /vendors/{id}",
        "GET /invoices/{id}",
        "PATCH /invoices/{id}",
        "POST /invoices",
        "GET /payments/{id}",
        "GET /payments",
        "POST /payments",
        "POST /payments/{id}/refund",
        "GET /refunds",
    ];

    pub const fn name(&self) -> &'static str {
        let [vendor, invoice, mark, enter, payment, payments, pay, refund, refunds] = Self::NAMES;
        match self {
            Self::ReadVendor(_) => vendor,
            Self::ReadInvoice(_) => invoice,
            Self::MarkInvoice(_) => mark,
            Self::EnterInvoice => enter,
            Self::ReadPayment(_) => payment,
            Self::ReadPayments => payments,
            Self::Pay => pay,
            Self::Refund(_) => refund,
            Self::ReadRefunds => refunds,
        }
    }

    /// What the path names, if it names something.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::ReadVendor(id)
            | Self::ReadInvoice(id)
            | Self::MarkInvoice(id)
            | Self::ReadPayment(id)
            | Self::Refund(id) => Some(id),
            Self::EnterInvoice | Self::ReadPayments | Self::Pay | Self::ReadRefunds => None,
        }
    }
}
