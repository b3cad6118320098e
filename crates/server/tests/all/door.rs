//! The door: statuses that senders see.

use crate::process::{PATH, Process, invoice, now, options};
use countersign_server::Mode;

#[tokio::test]
async fn a_signed_event_is_accepted_and_a_repeat_gets_the_first_ids() {
    let process = Process::dev().await;
    let first = process.event("msg-1", &invoice("i-1", 120)).await;
    assert_eq!(first.status, 202, "{first:?}");
    assert_eq!(first.body["fate"], "accepted");
    assert!(first.body["event"].as_str().unwrap().starts_with("evt-"));
    assert!(first.body["run"].as_str().unwrap().starts_with("run-"));
    assert!(first.headers["x-request-id"].starts_with("req-"));
    let repeated = process.event("msg-1", &invoice("i-1", 120)).await;
    assert_eq!((repeated.status, &repeated.body), (202, &first.body));
    let same = process.event("msg-2", &invoice("i-1", 120)).await;
    assert_eq!((same.status, same.body["fate"].as_str()), (202, Some("duplicate")));
    assert_eq!((&same.body["event"], &same.body["run"]), (&first.body["event"], &first.body["run"]));
    let other = process.event("msg-3", &invoice("i-1", 121)).await;
    assert_eq!(other.status, 409);
    assert_eq!(other.body["event"], first.body["event"]);
}

#[tokio::test]
async fn who_does_not_sign_or_signs_long_ago_is_turned_away_and_nothing_runs() {
    let process = Process::dev().await;
    let unsigned = process.send("POST", PATH, &[], invoice("i-1", 120).as_bytes()).await;
    assert_eq!((unsigned.status, unsigned.error()), (401, "the header `webhook-id` is missing or empty"));
    let body = invoice("i-1", 120);
    let at = now().to_string();
    let wrong = [
        ("webhook-id", "msg-1"),
        ("webhook-timestamp", at.as_str()),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let wrong = process.send("POST", PATH, &wrong, body.as_bytes()).await;
    assert_eq!((wrong.status, wrong.error()), (401, "no signature fits the message and the secret"));
    let old = process.event_at("msg-1", now() - 301, &body).await;
    assert_eq!(old.status, 401);
    assert!(old.error().contains("older than the 300 s that are tolerated"), "{old:?}");
    let token = process.login("ana@acme.test").await;
    let runs = process.get("/api/v1/runs", &token).await;
    assert_eq!(runs.body["runs"].as_array().unwrap().len(), 0);
    assert_eq!(process.get("/api/v1/status", &token).await.body["entries"], 0);
}

#[tokio::test]
async fn what_breaks_its_type_gets_the_path_of_the_field_and_is_kept() {
    let process = Process::dev().await;
    let body = invoice("i-1", 120).replace("120.00 EUR", "-5 EUR");
    let no = process.event("msg-1", &body).await;
    assert_eq!(no.status, 422);
    assert_eq!(no.body["path"], "amount");
    assert_eq!(no.body["problem"], "expected amount > 0 EUR, found -5.00 EUR");
    assert!(no.body["event"].as_str().unwrap().starts_with("evt-"));
    let broken = process.event("msg-2", "{").await;
    assert_eq!((broken.status, broken.body["path"].as_str()), (422, Some("")));
    let token = process.login("ana@acme.test").await;
    let tasks = process.until("/api/v1/tasks", &token, |body| body["tasks"][1].is_object()).await;
    assert_eq!(tasks["tasks"][0]["kind"], "rejected");
}

#[tokio::test]
async fn other_paths_and_methods_say_what_they_are() {
    let process = Process::dev().await;
    let nowhere = process.send("POST", "/nowhere", &[], b"{}").await;
    assert_eq!((nowhere.status, nowhere.error()), (404, "nothing is at /nowhere"));
    let get = process.send("GET", PATH, &[], b"").await;
    assert_eq!(get.status, 405);
    assert_eq!(get.error(), "/erp/invoices is the trigger of a flow, and takes POST alone");
    let health = process.send("GET", "/healthz", &[], b"").await;
    assert_eq!((health.status, health.body["status"].as_str()), (200, Some("ok")));
    let large = vec![b' '; (1 << 20) + 1];
    let large = process.send("POST", PATH, &[], &large).await;
    assert_eq!(large.status, 413, "{large:?}");
}

#[tokio::test]
async fn a_busy_door_names_when_to_come_again() {
    let (_folder, path) = crate::process::folder();
    let mut options = options(&path, Mode::Dev, &[("ERP_WEBHOOK", crate::process::SECRET)]);
    options.limits.calls_out = 0;
    let process = Process::start(options).await;
    let busy = process.event("msg-1", &invoice("i-1", 120)).await;
    assert_eq!((busy.status, busy.headers["retry-after"].as_str()), (503, "1"));
}

#[tokio::test]
async fn dev_without_the_secret_takes_unsigned_events_and_says_so() {
    let (_folder, path) = crate::process::folder();
    let process = Process::start(options(&path, Mode::Dev, &[])).await;
    assert_eq!(process.ready.unsigned, [PATH]);
    let unsigned = process.send("POST", PATH, &[], invoice("i-1", 120).as_bytes()).await;
    assert_eq!(unsigned.status, 202, "{unsigned:?}");
}
