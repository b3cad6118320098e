//! The receiver as the end-to-end tests use it: another process, spoken to over a socket, killed and started again.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Receiver {
    process: Child,
    address: String,
    token: Option<&'static str>,
}

impl Receiver {
    fn start(log: &Path) -> Self {
        Self::start_with(log, None)
    }

    fn start_with(log: &Path, token: Option<&'static str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_receiver"));
        command.args(["--listen", "127.0.0.1:0", "--log"]).arg(log);
        command.args(token.iter().flat_map(|token| ["--token", token]));
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, address, token }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The status and the body, or nothing where nothing came.
    fn ask(&self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let token = self.token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {key}{token}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // A time-out here is an answer that did not come.
        drop(stream.read_to_string(&mut answer));
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None, None).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.ask("POST", path, None, Some(body))
    }

    fn control(&self, what: &str, body: &Value) {
        let answer = self.post(&format!("/control/{what}"), body);
        assert_eq!(answer.as_ref().map(|(status, _)| *status), Some(200), "{answer:?}");
    }

    fn pay(&self, key: &str) -> Option<(u16, Value)> {
        self.ask("POST", "/payments", Some(key), Some(&order()))
    }

    fn payments(&self) -> usize {
        self.get("/control/payments")["payments"].as_array().unwrap().len()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn invoice() -> Value {
    json!({
        "id": "i-1", "vendor": "v-1", "amount": { "amount": "120.00", "currency": "EUR" },
        "due": "2026-12-01", "status": "open", "entered_by": "ana@acme.test",
    })
}

fn order() -> Value {
    json!({ "invoice": "i-1", "amount": { "amount": "120.00", "currency": "EUR" } })
}

fn status(answer: Option<&(u16, Value)>) -> Option<u16> {
    answer.map(|(status, _)| *status)
}

fn started() -> (TempDir, Receiver) {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start(&folder.path().join("record.jsonl"));
    receiver.control("invoices", &invoice());
    (folder, receiver)
}

#[test]
fn an_invoice_is_entered_paid_settled_and_refunded() {
    let (_folder, receiver) = started();
    let vendor = json!({ "id": "v-1", "name": "Acme Paper", "trusted": true, "blocked": false, "contact": "ap@paper.test" });
    receiver.control("vendors", &json!([vendor.clone()]));
    assert_eq!(receiver.get("/vendors/v-1"), vendor);
    assert_eq!(receiver.get("/invoices/i-1"), invoice());

    let (code, payment) = receiver.pay("k1").unwrap();
    let id = payment["id"].as_str().unwrap();
    let expected = json!({ "id": id, "invoice": "i-1", "amount": invoice()["amount"], "status": "settled" });
    assert_eq!((code, &payment), (201, &expected));
    assert_eq!(receiver.get("/payments?invoice=i-1"), json!([expected]));
    assert_eq!(receiver.get("/payments?invoice=i-2"), json!([]));
    assert_eq!(receiver.get(&format!("/payments/{id}")), expected);
    assert_eq!(receiver.get("/invoices/i-1")["status"], "settled");

    let (code, refund) = receiver.post(&format!("/payments/{id}/refund"), &json!({})).unwrap();
    assert_eq!((code, &refund["payment"], &refund["amount"]), (201, &payment["id"], &payment["amount"]));
    assert_eq!(receiver.get(&format!("/refunds?payment={id}")), json!([refund]));
    assert_eq!(receiver.get(&format!("/payments/{id}"))["status"], "refunded");

    let (code, marked) =
        receiver.ask("PATCH", "/invoices/i-1", None, Some(&json!({ "status": "refused" }))).unwrap();
    assert_eq!((code, &marked["status"]), (200, &json!("refused")));
    assert_eq!(receiver.get("/invoices/i-1")["status"], "refused");
}

#[test]
fn a_repeated_key_pays_once_and_another_key_pays_again() {
    let (_folder, receiver) = started();
    let first = receiver.pay("k1").unwrap();
    assert_eq!(receiver.pay("k1").unwrap(), first);
    assert_eq!(receiver.payments(), 1);
    let repeats: Vec<Value> = receiver.get("/control/record?key=k1").as_array().unwrap().clone();
    assert_eq!(
        repeats.iter().map(|entry| entry["repeat"].as_bool().unwrap()).collect::<Vec<_>>(),
        [false, true]
    );

    let other = json!({ "invoice": "i-2", "amount": { "amount": "1", "currency": "EUR" } });
    assert_eq!(status(receiver.ask("POST", "/payments", Some("k1"), Some(&other)).as_ref()), Some(422));

    receiver.pay("k2").unwrap();
    let judged = receiver.get("/control/payments");
    assert_eq!(judged["payments"][1]["key"], "k2");
    assert_eq!(judged["duplicates"]["i-1"].as_array().unwrap().len(), 2);
}

#[test]
fn faults_act_as_told_and_only_as_often_as_told() {
    // What is done, what the payer is told, and how many payments there are then.
    let cases = [
        (json!("answer_without_effect"), Some(201), 0),
        (json!({ "fail": 503 }), Some(503), 0),
        (json!({ "effect_then_fail": 500 }), Some(500), 1),
        (json!("hang"), None, 0),
        (json!("effect_then_hang"), None, 1),
        (json!("close"), None, 0),
        (json!("effect_then_close"), None, 1),
    ];
    for (does, told, made) in cases {
        let (_folder, receiver) = started();
        receiver.control(
            "faults",
            &json!({ "route": "POST /payments", "does": does, "times": 1, "only": "i-1" }),
        );
        assert_eq!(status(receiver.pay("k1").as_ref()), told, "{does}");
        assert_eq!(receiver.payments(), made, "{does}");
        let settled = if made == 1 { "settled" } else { "open" };
        assert_eq!(receiver.get("/invoices/i-1")["status"], settled, "{does}");
        assert_eq!(receiver.get("/control/faults")[0]["used"], 1, "{does}");
        assert_eq!(status(receiver.pay("k1").as_ref()), Some(201), "{does}, the second time");
        assert_eq!(receiver.payments(), 1, "{does}");
    }
}

#[test]
fn a_fault_waits_for_its_id_and_its_route() {
    let (_folder, receiver) = started();
    receiver.control("faults", &json!({ "route": "GET /payments", "does": { "fail": 500 }, "only": "i-2" }));
    assert_eq!(receiver.get("/payments?invoice=i-1"), json!([]));
    assert_eq!(status(receiver.ask("GET", "/payments?invoice=i-2", None, None).as_ref()), Some(500));
    let unknown = receiver.post("/control/faults", &json!({ "route": "POST /payment", "does": "hang" }));
    assert_eq!(status(unknown.as_ref()), Some(422));
    assert_eq!(status(receiver.ask("DELETE", "/control/faults", None, None).as_ref()), Some(200));
    assert_eq!(receiver.get("/payments?invoice=i-2"), json!([]));
}

#[test]
fn an_answer_can_take_its_time_and_a_payment_can_stay_pending_and_unseen() {
    let (_folder, receiver) = started();
    receiver.control("faults", &json!({ "route": "*", "latency_ms": 200, "times": 1 }));
    let start = Instant::now();
    receiver.get("/invoices/i-1");
    assert!(start.elapsed() >= Duration::from_millis(200));

    let settings = json!({ "settle_invoice": false, "payment_status": "pending", "visible_after_ms": 1000 });
    receiver.control("settings", &settings);
    let (_, payment) = receiver.pay("k1").unwrap();
    assert_eq!(payment["status"], "pending");
    assert_eq!(receiver.get("/payments?invoice=i-1"), json!([]));
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(receiver.get("/payments?invoice=i-1"), json!([payment]));
    assert_eq!(receiver.get("/invoices/i-1")["status"], "open");
}

#[test]
fn a_kill_loses_nothing_that_was_answered() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("record.jsonl");
    let receiver = Receiver::start(&log);
    receiver.control("invoices", &invoice());
    receiver
        .control("faults", &json!({ "route": "GET /invoices/{id}", "does": { "fail": 500 }, "times": 2 }));
    assert_eq!(status(receiver.ask("GET", "/invoices/i-1", None, None).as_ref()), Some(500));
    let first = receiver.pay("k1").unwrap();
    let before = receiver.get("/control/record");
    receiver.kill();

    // A line that a kill cut off was never answered.
    std::fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(br#"{"n":5,"at"#).unwrap();
    let again = Receiver::start(&log);
    assert_eq!(again.get("/control/record"), before);
    assert_eq!(again.pay("k1").unwrap(), first);
    assert_eq!(again.payments(), 1);
    assert_eq!(status(again.ask("GET", "/invoices/i-1", None, None).as_ref()), Some(500));
    assert_eq!(again.get("/invoices/i-1")["status"], "settled");
}

#[test]
fn a_damaged_record_and_one_that_is_in_use_are_refused() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("record.jsonl");
    let refused = || {
        let run = Command::new(env!("CARGO_BIN_EXE_receiver"))
            .args(["--listen", "127.0.0.1:0", "--log"])
            .arg(&log)
            .output()
            .unwrap();
        assert!(!run.status.success());
        String::from_utf8(run.stderr).unwrap()
    };
    let receiver = Receiver::start(&log);
    assert!(refused().contains("another receiver writes to this record"));
    receiver.control("invoices", &invoice());
    receiver.kill();
    std::fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(b"{}\n").unwrap();
    assert!(refused().contains("line 2: this is no entry of a record"));
}

#[test]
fn without_its_token_nobody_is_let_in_and_the_record_says_so() {
    let folder = TempDir::new().unwrap();
    let mut receiver = Receiver::start_with(&folder.path().join("record.jsonl"), Some("t-1"));
    receiver.control("invoices", &invoice());
    receiver.token = None;
    assert_eq!(status(receiver.pay("k1").as_ref()), Some(401));
    receiver.token = Some("t-1");
    assert_eq!(status(receiver.pay("k1").as_ref()), Some(201));
    let told: Vec<_> = receiver
        .get("/control/record?key=k1")
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["status"].clone())
        .collect();
    assert_eq!(told, [json!(401), json!(201)]);
}

#[test]
fn what_is_no_order_is_refused_and_kept_on_record() {
    let (_folder, receiver) = started();
    for body in [
        json!({ "invoice": "i-1" }),
        json!({ "invoice": "i-1", "amount": "120" }),
        json!({ "invoice": "i-1", "amount": { "amount": "x", "currency": "EUR" } }),
        json!({ "invoice": "i-1", "amount": { "amount": "1", "currency": "euro" } }),
    ] {
        assert_eq!(status(receiver.post("/payments", &body).as_ref()), Some(422), "{body}");
    }
    assert_eq!(receiver.payments(), 0);
    let record = receiver.get("/control/record?route=POST%20/payments");
    assert_eq!(record.as_array().unwrap().len(), 4);
    assert_eq!(status(receiver.ask("GET", "/nowhere", None, None).as_ref()), Some(404));
    assert_eq!(status(receiver.ask("GET", "/vendors/v-9", None, None).as_ref()), Some(404));
}
