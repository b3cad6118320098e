//! Starting and stopping.

use std::net::SocketAddr;
use std::time::Duration;

use countersign_server::{Mode, ServeError, serve};
use tokio::net::TcpListener;

use crate::process::{Process, SECRET, folder, invoice, options};

async fn fails(options: countersign_server::ServeOptions) -> ServeError {
    let started = serve(options, std::future::pending(), |_| panic!("it must not start"));
    tokio::time::timeout(Duration::from_secs(10), started).await.unwrap().unwrap_err()
}

#[tokio::test]
async fn every_missing_secret_is_named_before_anything_runs() {
    let (_folder, path) = folder();
    let error = fails(options(&path, Mode::Run, &[("ERP_WEBHOOK", SECRET)])).await;
    assert_eq!(
        error.to_string(),
        "the environment variables ERP_TOKEN, BILLING_TOKEN must be set, because the program takes secrets from them"
    );
    let tokens = [("ERP_TOKEN", "t"), ("BILLING_TOKEN", "t")];
    let error = fails(options(&path, Mode::Run, &tokens)).await;
    assert_eq!(
        error.to_string(),
        "the environment variable ERP_WEBHOOK must be set: it holds the secret by which senders sign"
    );
}

#[tokio::test]
async fn other_machines_reach_it_only_if_somebody_says_so() {
    let (_folder, path) = folder();
    let mut open = options(&path, Mode::Dev, &[]);
    open.listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = fails(open).await;
    assert!(matches!(error, ServeError::BeyondLoopback(_)), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_before_the_store_is_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_folder, path) = folder();
    let mut second = options(&path, Mode::Dev, &[]);
    second.listen = taken.local_addr().unwrap();
    let error = fails(second).await;
    assert!(matches!(error, ServeError::Listen { .. }), "{error}");
    assert!(!path.join(".countersign").exists());
}

#[tokio::test]
async fn a_process_that_is_told_to_stop_leaves_a_signed_store_and_tokens_that_last() {
    let process = Process::dev().await;
    let token = process.login("ana@acme.test").await;
    let run = process.event("msg-1", &invoice("i-1", 120)).await.body["run"].as_str().unwrap().to_owned();
    process.until(&format!("/api/v1/runs/{run}"), &token, |body| body["status"] == "done").await;
    let (ended, folder) = process.stop().await;
    ended.unwrap();
    let folder = folder.unwrap();
    let home = folder.path().join(".countersign");
    assert!(home.join("dev-checkpoints/latest").exists());
    assert!(home.join("audit.key").exists());

    let again = Process::start(options(folder.path(), Mode::Dev, &[("ERP_WEBHOOK", SECRET)])).await;
    let detail = again.get(&format!("/api/v1/runs/{run}"), &token).await;
    assert_eq!((detail.status, detail.body["status"].as_str()), (200, Some("done")));
}
