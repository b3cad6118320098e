//! The state of ERP and billing: what the effects on record add up to.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;
use crate::record::{Effect, Entry, Invoice, InvoiceStatus, Payment, PaymentStatus, Refund, Vendor};

/// How the systems behave when nothing is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether the ERP hears of a payment and settles its invoice.
    pub settle_invoice: bool,
    /// What a new payment says of itself.
    pub payment_status: PaymentStatus,
    /// How long it takes until a new payment or refund can be read.
    pub visible_after_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { settle_invoice: true, payment_status: PaymentStatus::Settled, visible_after_ms: 0 }
    }
}

/// Something made by a request, and by which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made<T> {
    #[serde(flatten)]
    pub what: T,
    /// The number of the entry that made it.
    pub n: u64,
    pub at: u64,
    pub key: Option<String>,
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    pub made: String,
    pub body: Value,
}

/// A fault in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Active {
    pub id: u64,
    #[serde(flatten)]
    pub fault: Fault,
    pub used: u32,
}

#[derive(Debug, Default)]
pub struct World {
    pub settings: Settings,
    pub vendors: BTreeMap<String, Vendor>,
    pub invoices: BTreeMap<String, Invoice>,
    /// In order of their making.
    pub payments: Vec<Made<Payment>>,
    pub refunds: Vec<Made<Refund>>,
    pub faults: Vec<Active>,
    keys: HashMap<(String, String), Remembered>,
}

impl World {
    /// Take over what an entry changed.
    pub fn apply(&mut self, entry: &Entry) {
        for effect in &entry.effects {
            self.change(entry, effect);
        }
    }

    fn change(&mut self, entry: &Entry, effect: &Effect) {
        match effect.clone() {
            Effect::VendorSet(vendor) => drop(self.vendors.insert(vendor.id.clone(), vendor)),
            Effect::InvoiceSet(invoice) => drop(self.invoices.insert(invoice.id.clone(), invoice)),
            Effect::InvoiceMarked { id, status } => self.mark_invoice(&id, status),
            Effect::Paid(payment) => self.payments.push(made(entry, payment)),
            Effect::PaymentMarked { id, status } => self.mark_payment(&id, status),
            Effect::Refunded(refund) => self.refunds.push(made(entry, refund)),
            Effect::KeyTaken { route, key, made, body } => {
                self.keys.insert((route, key), Remembered { made, body });
            }
            Effect::FaultSet(fault) => self.faults.push(Active { id: entry.n, fault, used: 0 }),
            Effect::FaultUsed { id } => {
                for active in self.faults.iter_mut().filter(|active| active.id == id) {
                    active.used = active.used.saturating_add(1);
                }
            }
            Effect::FaultsCleared => self.faults.clear(),
            Effect::SettingsChanged(settings) => self.settings = settings,
        }
    }

    fn mark_invoice(&mut self, id: &str, status: InvoiceStatus) {
        if let Some(invoice) = self.invoices.get_mut(id) {
            invoice.status = status;
        }
    }

    fn mark_payment(&mut self, id: &str, status: PaymentStatus) {
        for payment in self.payments.iter_mut().filter(|payment| payment.what.id == id) {
            payment.what.status = status;
        }
    }

    pub fn payment(&self, id: &str) -> Option<&Made<Payment>> {
        self.payments.iter().find(|payment| payment.what.id == id)
    }

    /// What was made under this key, if it was taken.
    pub fn remembered(&self, route: &str, key: &str) -> Option<&Remembered> {
        self.keys.get(&(route.to_owned(), key.to_owned()))
    }

    /// The first fault in force for a route and what a request names.
    pub fn fault(&self, route: &str, names: &[String]) -> Option<&Active> {
        self.faults.iter().find(|Active { fault, used, .. }| {
            (fault.route == route || fault.route == "*")
                && fault.times.is_none_or(|times| *used < times)
                && fault.only.as_ref().is_none_or(|only| names.contains(only))
        })
    }

    /// The invoices that were paid more than once, with their payments: what must never happen.
    pub fn duplicates(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_invoice: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Made { what, .. } in &self.payments {
            by_invoice.entry(&what.invoice).or_default().push(&what.id);
        }
        by_invoice.retain(|_, payments| payments.len() > 1);
        by_invoice
    }
}

fn made<T>(entry: &Entry, what: T) -> Made<T> {
    Made { what, n: entry.n, at: entry.at, key: entry.key.clone() }
}
