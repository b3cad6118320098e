//! ERP and billing: the process, what it is told to do wrong, and its record, which is the judge.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http;
use crate::process::{Process, port};
use crate::programs;

/// The token that ERP wants.
pub const ERP_TOKEN: &str = "erp-token-of-the-tests";
/// The token that billing wants.
pub const BILLING_TOKEN: &str = "billing-token-of-the-tests";

/// The process.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    log: PathBuf,
    record: PathBuf,
    process: Option<Process>,
}

/// One request on record.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// Counts from 1.
    pub n: u64,
    /// Such as `POST /payments`.
    pub route: Option<String>,
    /// The path, with what it names.
    pub path: String,
    /// The query.
    #[serde(default)]
    pub query: String,
    /// The idempotency key.
    pub key: Option<String>,
    /// The payload.
    #[serde(default)]
    pub body: Value,
    /// Whether the key had been seen, and nothing was done.
    pub repeat: bool,
    /// What it was told; none when it was told nothing.
    pub status: Option<u16>,
    /// What it changed.
    pub effects: Vec<Value>,
}

impl Entry {
    /// Whether it goes by that route.
    pub fn is(&self, route: &str) -> bool {
        self.route.as_deref() == Some(route)
    }
}

/// What billing has on its books.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Books {
    /// Money that went out.
    pub payments: Vec<Payment>,
    /// Money that came back.
    pub refunds: Vec<Refund>,
    /// Invoices with more than one payment.
    pub duplicates: serde_json::Map<String, Value>,
}

impl Books {
    /// The payments for an invoice.
    pub fn of(&self, invoice: &str) -> Vec<&Payment> {
        self.payments.iter().filter(|payment| payment.invoice == invoice).collect()
    }
}

/// Money that went out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: String,
    /// For which invoice.
    pub invoice: String,
    /// How much.
    pub amount: Value,
    /// `settled`, `refunded` and the like.
    pub status: String,
    /// The entry of the record that made it.
    pub n: u64,
}

/// Money that came back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: String,
    /// Of which payment.
    pub payment: String,
    /// How much.
    pub amount: Value,
}

/// How a route misbehaves.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    route: String,
    does: Does,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    latency_ms: u64,
}

/// What is done instead of answering well.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Answers well: for a latency alone.
    Nothing,
    /// Answers as if all were well, and changes nothing.
    AnswerWithoutEffect,
    /// Changes nothing and answers this status.
    Fail(u16),
    /// Does what was asked and answers this status.
    EffectThenFail(u16),
    /// Does what was asked and closes the connection.
    EffectThenClose,
}

impl Fault {
    /// On a route, for every request.
    pub fn on(route: &str, does: Does) -> Self {
        Self { route: route.into(), does, times: None, latency_ms: 0 }
    }

    /// For so many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// With an answer that takes so long.
    #[must_use]
    pub fn after_ms(self, latency_ms: u64) -> Self {
        Self { latency_ms, ..self }
    }
}

impl Receiver {
    /// Starts one that knows the three vendors of the example, and keeps its record in `folder`.
    pub fn start(folder: &Path) -> Self {
        let mut receiver = Self {
            port: port(),
            log: folder.join("receiver.log"),
            record: folder.join("receiver.jsonl"),
            process: None,
        };
        receiver.up();
        receiver.post(
            "/control/vendors",
            &json!([
                {"id": "v-1", "name": "Acme Paper", "trusted": true, "blocked": false, "contact": "ap@paper.test"},
                {"id": "v-2", "name": "New Chairs", "trusted": false, "blocked": false, "contact": "ap@chairs.test"},
                {"id": "v-3", "name": "Shady Ltd", "trusted": false, "blocked": true, "contact": "ap@shady.test"},
            ]),
        );
        receiver
    }

    /// Starts it, if it is down; it goes on from its record.
    pub fn up(&mut self) {
        let mut command = Command::new(programs::receiver());
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]).arg("--log").arg(&self.record);
        command.args(["--token", ERP_TOKEN, "--token", BILLING_TOKEN]);
        let mut process = Process::start("the receiver", &mut command, &self.log);
        let url = format!("{}/control/settings", self.url());
        process.until_ready(|| http::send("GET", &url, &[], None));
        self.process = Some(process);
    }

    /// Kills it.
    pub fn down(&mut self) {
        self.process = None;
    }

    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Puts invoices into the ledger, since an ERP knows what it sends.
    pub fn enter(&self, invoices: &[crate::Invoice]) {
        self.post("/control/invoices", &json!(invoices));
    }

    /// Makes a route misbehave, until [`Receiver::heal`].
    pub fn misbehave(&self, fault: &Fault) {
        self.post("/control/faults", &json!(fault));
    }

    /// All is well again.
    pub fn heal(&self) {
        self.call("DELETE", "/control/faults", None);
    }

    /// Changes how the systems behave when nothing is wrong; what is left out is as it is by default.
    pub fn settings(&self, settings: &Value) {
        self.post("/control/settings", settings);
    }

    /// Every request so far, but for the test's own.
    pub fn record(&self) -> Vec<Entry> {
        let entries: Vec<Entry> = self.get("/control/record");
        entries.into_iter().filter(|entry| !entry.is("control")).collect()
    }

    /// What is on the books.
    pub fn books(&self) -> Books {
        self.get("/control/payments")
    }

    /// What the ledger says of an invoice.
    pub fn invoice_status(&self, id: &str) -> String {
        let invoices: Vec<Value> = self.get("/control/invoices");
        let invoice = invoices.iter().find(|invoice| invoice["id"] == id);
        invoice.and_then(|invoice| invoice["status"].as_str()).unwrap_or("unknown").to_owned()
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let body = self.call("GET", path, None);
        serde_json::from_value(body).unwrap_or_else(|error| panic!("the receiver's {path}: {error}"))
    }

    fn post(&self, path: &str, body: &Value) {
        self.call("POST", path, Some(&body.to_string()));
    }

    fn call(&self, method: &str, path: &str, body: Option<&str>) -> Value {
        let url = format!("{}{path}", self.url());
        let response = http::send(method, &url, &[], body).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(response.status, 200, "the receiver does not take {method} {path}: {}", response.body);
        response.body
    }
}
