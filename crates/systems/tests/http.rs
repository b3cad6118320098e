//! What is known of an attempt over HTTP, against servers that misbehave in every phase.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use countersign_ir::classify::TOO_LATE;
use countersign_ir::wire::{Call, Reply, Verb};
use countersign_systems::http::{Auth, Http, HttpOptions};
use countersign_systems::{Connector, Secret};
use support::{Do, Scripted, call, nobody, told, write};

mod support;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn options(server: &Scripted) -> HttpOptions {
    HttpOptions { timeout: Duration::from_millis(1500), ..HttpOptions::new(server.url("http")) }
}

fn http(server: &Scripted) -> Http {
    Http::new(options(server)).unwrap()
}

fn post() -> Call {
    call(Verb::Post, "/payments", Some(r#"{"invoice":"i-1"}"#))
}

/// What a fresh server with this script makes of a read and of an action: mostly the same.
async fn both(script: &[Do]) -> (String, String) {
    let server = Scripted::start(vec![script.to_vec(), script.to_vec()]).await;
    let connector = http(&server);
    let read = connector.perform(&call(Verb::Get, "/payments/1", None)).await;
    let action = connector.perform(&post()).await;
    (told(&read, server.address), told(&action, server.address))
}

async fn same(script: &[Do]) -> String {
    let (read, action) = both(script).await;
    assert_eq!(read, action);
    action
}

#[tokio::test]
async fn a_request_is_sent_whole_and_its_answer_comes_back() {
    let server = Scripted::start(vec![vec![Do::ReadRequest, write(OK)]]).await;
    let options = HttpOptions { auth: Auth::Bearer(Secret::new("t-1")), ..options(&server) };
    let reply = Http::new(options).unwrap().perform(&post()).await;
    assert_eq!(reply, Reply::Answered { status: 200, retry_after: None, body: "{}".to_owned() });
    let heard = server.heard().join("\n").replace(&server.address.to_string(), "HOST");
    insta::assert_snapshot!(heard, @r#"
    POST /payments HTTP/1.1
    user-agent: countersign/0.1.0
    accept: application/json
    idempotency-key: k1
    authorization: Bearer t-1
    content-type: application/json
    host: HOST
    content-length: 17

    {"invoice":"i-1"}
    "#);
}

#[tokio::test]
async fn a_read_has_neither_key_nor_body() {
    let server = Scripted::start(vec![vec![Do::ReadRequest, write(OK)]]).await;
    http(&server).perform(&call(Verb::Get, "/payments?invoice=i%201", None)).await;
    let heard = server.heard();
    assert_eq!(heard[0], "GET /payments?invoice=i%201 HTTP/1.1");
    assert!(!heard.iter().any(|line| line.starts_with("idempotency-key") || line.starts_with("content-")));
}

#[tokio::test]
async fn who_cannot_be_reached_was_sent_nothing() {
    let refusing = nobody().await;
    let plain = Scripted::start(vec![vec![write("220 no TLS here\r\n")]]).await;
    let silent = Scripted::start(vec![vec![Do::Hang]]).await;
    let mut lines = Vec::new();
    for (base, address) in [
        (format!("http://{refusing}"), refusing),
        ("http://no-such-host.invalid".to_owned(), refusing),
        (format!("https://{}", plain.address), plain.address),
        (format!("https://{}", silent.address), silent.address),
    ] {
        let options =
            HttpOptions { timeout: Duration::from_millis(1500), ..HttpOptions::new(base.parse().unwrap()) };
        let reply = Http::new(options).unwrap().perform(&post()).await;
        lines.push(told(&reply, address));
    }
    // The words of the resolver differ from machine to machine.
    let resolver = lines.remove(1);
    assert!(resolver.starts_with("not sent: no-such-host.invalid cannot be reached: "), "{resolver}");
    insta::assert_snapshot!(lines.join("\n"), @"
    not sent: HOST cannot be reached: connection refused
    not sent: HOST cannot be reached: received corrupt message of type InvalidContentType
    not sent: HOST cannot be reached: no connection within 1.5s
    ");
}

#[tokio::test]
async fn a_lost_answer_leaves_the_attempt_in_doubt() {
    let cases = [
        vec![],
        vec![Do::ReadLine],
        vec![Do::ReadRequest],
        vec![Do::ReadRequest, write("HTTP/1.")],
        vec![Do::ReadRequest, write("HTTP/1.1 20")],
        vec![Do::ReadRequest, write("HTTP/1.1 200 OK\r\nContent-Le")],
        vec![Do::ReadRequest, write("HTTP/1.1 100 Continue\r\n\r\n")],
        vec![Do::ReadRequest, write("what?\r\n\r\n")],
        vec![Do::ReadRequest, Do::Hang],
        vec![Do::ReadRequest, Do::Wait(Duration::from_secs(2)), write(OK)],
    ];
    for script in cases {
        let line = same(&script).await;
        assert!(
            line.starts_with("in doubt: no answer from HOST: ")
                || line.starts_with("in doubt: no answer from HOST within 1.5s"),
            "{script:?}: {line}"
        );
    }
}

#[tokio::test]
async fn a_success_whose_body_breaks_off_is_in_doubt_and_a_refusal_is_not() {
    let broken = |status: &str| {
        vec![Do::ReadRequest, write(format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n{{\"a\""))]
    };
    let mut hanging = broken("201 Created");
    hanging.push(Do::Hang);
    let lines = [same(&broken("200 OK")).await, same(&hanging).await, same(&broken("409 Conflict")).await];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    in doubt: HOST answered 200 OK, but the answer broke off: end of file before message length reached
    in doubt: HOST answered 201 Created, but the answer broke off: its time was over
    409 {"a"
    "#);
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [200, 201, 204, 400, 404, 408, 409, 429, 500, 502, 503, 504] {
        let script = [Do::ReadRequest, write(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"))];
        assert_eq!(same(&script).await, format!("{status} "));
    }
}

#[tokio::test]
async fn a_wait_that_the_system_asks_for_is_passed_on() {
    let answer = |headers: &str| {
        [Do::ReadRequest, write(format!("HTTP/1.1 503 X\r\n{headers}\r\nContent-Length: 4\r\n\r\nbusy"))]
    };
    assert_eq!(same(&answer("Retry-After: 7")).await, "503 after 7s busy");
    let dates = "Date: Sun, 06 Nov 1994 08:49:30 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:00 GMT";
    assert_eq!(same(&answer(dates)).await, "503 after 30s busy");
}

#[tokio::test]
async fn a_long_body_is_cut_and_one_that_is_no_text_ends_where_it_stops_being_so() {
    let long = Scripted::start(vec![vec![
        Do::ReadRequest,
        write(format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "é".repeat(50))),
    ]])
    .await;
    let connector = Http::new(HttpOptions { max_body: 5, ..options(&long) }).unwrap();
    assert_eq!(told(&connector.perform(&post()).await, long.address), "200 éé");
}

#[tokio::test]
async fn what_was_due_before_now_never_leaves() {
    let server = Scripted::start(vec![vec![Do::ReadRequest, write(OK)]]).await;
    let late = Call { send_before: 1_000, ..post() };
    assert_eq!(http(&server).perform(&late).await, Reply::NotSent { reason: TOO_LATE.to_owned() });
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn time_that_passes_while_connecting_counts() {
    // A server that takes the connection but never finishes TLS; the clock jumps meanwhile, and a connection that
    // came about after all would find it so.
    let server = Scripted::start(vec![vec![Do::Wait(Duration::from_millis(100)), write("x")]]).await;
    let clock = Arc::new(AtomicI64::new(0));
    let shown = Arc::clone(&clock);
    let options = HttpOptions {
        now: Arc::new(move || shown.load(Ordering::SeqCst)),
        ..HttpOptions::new(server.url("https"))
    };
    let connector = Http::new(options).unwrap();
    let due = Call { send_before: 1_000, ..post() };
    let sending = connector.perform(&due);
    let jump = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        clock.store(1_000, Ordering::SeqCst);
    };
    let (reply, ()) = tokio::join!(sending, jump);
    assert_eq!(reply, Reply::NotSent { reason: TOO_LATE.to_owned() });
}

#[tokio::test]
async fn an_answer_that_comes_after_the_last_moment_to_send_still_counts() {
    let script = vec![Do::ReadRequest, Do::Wait(Duration::from_millis(200)), write(OK)];
    let server = Scripted::start(vec![script]).await;
    let clock = Arc::new(AtomicI64::new(0));
    let shown = Arc::clone(&clock);
    let options = HttpOptions { now: Arc::new(move || shown.load(Ordering::SeqCst)), ..options(&server) };
    let connector = Http::new(options).unwrap();
    let due = Call { send_before: 1_000, ..post() };
    let sending = connector.perform(&due);
    let jump = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        clock.store(2_000, Ordering::SeqCst);
    };
    let (reply, ()) = tokio::join!(sending, jump);
    assert_eq!(told(&reply, server.address), "200 {}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_for_an_action_and_followed_for_a_read_on_the_same_host() {
    let redirect = |to: &str| {
        vec![
            Do::ReadRequest,
            write(format!(
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )),
        ]
    };
    let here = Scripted::start(vec![redirect("/b"), vec![Do::ReadRequest, write(OK)]]).await;
    let read = http(&here).perform(&call(Verb::Get, "/a", None)).await;
    assert_eq!(told(&read, here.address), "200 {}");
    assert!(here.heard().contains(&"GET /b HTTP/1.1".to_owned()));

    let there = Scripted::start(vec![]).await;
    let away = Scripted::start(vec![redirect(&format!("http://{}/", there.address))]).await;
    let read = http(&away).perform(&call(Verb::Get, "/a", None)).await;
    assert_eq!(told(&read, away.address), "302 ");

    let action = Scripted::start(vec![redirect("/b")]).await;
    assert_eq!(told(&http(&action).perform(&post()).await, action.address), "302 ");

    let circle = Scripted::start(vec![redirect("/b"); 10]).await;
    let read = http(&circle).perform(&call(Verb::Get, "/a", None)).await;
    assert_eq!(told(&read, circle.address), "302 ");
    assert_eq!(circle.heard().iter().filter(|line| line.starts_with("GET")).count(), 6);
}

#[tokio::test]
async fn a_kept_connection_is_used_again_and_one_that_was_closed_is_not() {
    let twice = vec![Do::ReadRequest, write(OK), Do::ReadRequest, write(OK)];
    let server = Scripted::start(vec![twice, vec![Do::ReadRequest, write(OK)]]).await;
    let connector = http(&server);
    for _ in 0..3 {
        assert_eq!(told(&connector.perform(&post()).await, server.address), "200 {}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_action_on_a_kept_connection_that_dies_is_in_doubt_and_sent_no_second_time() {
    let dying = vec![Do::ReadRequest, write(OK), Do::ReadLine];
    let server = Scripted::start(vec![dying, vec![Do::ReadRequest, write(OK)]]).await;
    let connector = http(&server);
    assert_eq!(told(&connector.perform(&post()).await, server.address), "200 {}");
    let reply = told(&connector.perform(&post()).await, server.address);
    assert!(reply.starts_with("in doubt: no answer from HOST: "), "{reply}");
    assert_eq!(server.heard().iter().filter(|line| line.starts_with("POST")).count(), 2);
}

#[tokio::test]
async fn what_cannot_be_sent_is_turned_down_here() {
    let server = Scripted::start(vec![]).await;
    let connector = http(&server);
    let mut lines = Vec::new();
    for call in [
        call(Verb::Get, "//evil.test/", None),
        call(Verb::Get, "/vendors/../admin", None),
        call(Verb::Deliver, "", None),
        Call { key: Some("a\r\nb".to_owned()), ..post() },
    ] {
        lines.push(told(&connector.perform(&call).await, server.address));
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    0 not sent: the target `//evil.test/` begins with `//`, which would name another host
    0 not sent: the target `/vendors/../admin` contains `.` or `..` as a step, which would lead to another path
    0 not sent: `billing` is reached over http, which delivers no messages; use get, post, put, patch or delete
    0 not sent: the key contains a character that no header can carry
    ");
}

#[tokio::test]
async fn a_limit_spaces_calls_and_turns_away_what_would_be_late() {
    let answers = (0..5).flat_map(|_| [Do::ReadRequest, write(OK)]).collect();
    let server = Scripted::start(vec![answers]).await;
    let connector = Http::new(HttpOptions { limit_per_second: Some(20), ..options(&server) }).unwrap();
    let start = Instant::now();
    for _ in 0..4 {
        assert_eq!(told(&connector.perform(&post()).await, server.address), "200 {}");
    }
    assert!(start.elapsed() >= Duration::from_millis(150));
    let now = countersign_systems::system_clock();
    let due = Call { send_before: now() + 1_000_000, ..post() };
    assert_eq!(connector.perform(&due).await, Reply::NotSent { reason: TOO_LATE.to_owned() });
}

#[tokio::test]
async fn a_description_and_a_reason_show_no_secret() {
    let address: SocketAddr = nobody().await;
    let base = format!("http://{address}/api/").parse().unwrap();
    let auth = Auth::Header { name: "X-Api-Key".to_owned(), value: Secret::new("hush") };
    let connector = Http::new(HttpOptions { auth, ..HttpOptions::new(base) }).unwrap();
    assert_eq!(connector.describe(), format!("http http://{address}/api"));
    assert!(!told(&connector.perform(&post()).await, address).contains("hush"));
}
