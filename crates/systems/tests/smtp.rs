//! What is known of a message, against mail servers that fail in every phase of the conversation.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::time::Duration;

use countersign_ir::classify::TOO_LATE;
use countersign_ir::wire::{Call, Reply, Verb};
use countersign_systems::Connector;
use countersign_systems::smtp::{Smtp, SmtpOptions};
use support::{Do, Scripted, call, nobody, told, write};

mod support;

const BODY: &str = r#"{"to":"ap@paper.test","body":{"subject":"Payment p-1","text":"Paid.\n.\nThanks"}}"#;

/// The conversation up to and including the server's last word.
const STEPS: [(&str, Do); 6] = [
    ("220 mail.test\r\n", Do::ReadLine),
    ("250 mail.test\r\n", Do::ReadLine),
    ("250 sender ok\r\n", Do::ReadLine),
    ("250 recipient ok\r\n", Do::ReadLine),
    ("354 go on\r\n", Do::ReadUntil(".")),
    ("250 queued as q-1\r\n", Do::ReadLine),
];

/// A server that plays its part up to a step, and then does something else.
fn until(step: usize, instead: &[Do]) -> Vec<Do> {
    let mut script: Vec<_> =
        STEPS.iter().take(step).flat_map(|(answer, read)| [write(*answer), read.clone()]).collect();
    script.extend_from_slice(instead);
    script
}

fn smtp(server: &Scripted) -> Smtp {
    let options = SmtpOptions::new(server.url("smtp"), "Acme <billing@acme.test>");
    Smtp::new(SmtpOptions { timeout: Duration::from_secs(1), ..options }).unwrap()
}

fn deliver() -> Call {
    call(Verb::Deliver, "", Some(BODY))
}

async fn reply_to(script: Vec<Do>) -> String {
    let server = Scripted::start(vec![script]).await;
    told(&smtp(&server).perform(&deliver()).await, server.address)
}

#[tokio::test]
async fn a_message_is_handed_over_whole_and_the_servers_word_comes_back() {
    let server = Scripted::start(vec![until(6, &[])]).await;
    let reply = smtp(&server).perform(&deliver()).await;
    assert_eq!(told(&reply, server.address), "250 queued as q-1");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let heard: Vec<_> = server.heard().into_iter().filter(|line| !line.starts_with("Date: ")).collect();
    insta::assert_snapshot!(heard.join("\n"), @"
    EHLO [127.0.0.1]
    MAIL FROM:<billing@acme.test>
    RCPT TO:<ap@paper.test>
    DATA
    From: Acme <billing@acme.test>
    To: ap@paper.test
    Subject: Payment p-1
    Content-Type: text/plain; charset=utf-8
    Message-ID: <k1@acme.test>
    Content-Transfer-Encoding: 7bit
    Auto-Submitted: auto-generated

    Paid.
    ..
    Thanks
    .
    QUIT
    ");
}

#[tokio::test]
async fn a_server_that_says_no_has_answered_in_every_phase() {
    for step in 0..STEPS.len() {
        for code in [421, 451, 554] {
            let line = reply_to(until(step, &[write(format!("{code} not now\r\n")), Do::ReadLine])).await;
            assert_eq!(line, format!("{code} not now"), "at step {step}");
        }
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_message_sent_nothing_and_after_it_is_in_doubt() {
    let mut lines = Vec::new();
    for step in 0..STEPS.len() {
        lines.push(format!("closes at {step}: {}", reply_to(until(step, &[])).await));
        lines.push(format!("hangs at {step}: {}", reply_to(until(step, &[Do::Hang])).await));
    }
    lines.push(format!("half a word: {}", reply_to(until(5, &[write("25")])).await));
    insta::assert_snapshot!(lines.join("\n"), @"
    closes at 0: not sent: HOST cannot be reached: incomplete response
    hangs at 0: not sent: HOST cannot be reached: nothing within 1s
    closes at 1: not sent: HOST cannot be reached: incomplete response
    hangs at 1: not sent: HOST cannot be reached: nothing within 1s
    closes at 2: not sent: HOST cannot be reached: incomplete response
    hangs at 2: not sent: HOST cannot be reached: nothing within 1s
    closes at 3: not sent: HOST cannot be reached: incomplete response
    hangs at 3: not sent: HOST cannot be reached: nothing within 1s
    closes at 4: not sent: HOST cannot be reached: incomplete response
    hangs at 4: not sent: HOST cannot be reached: nothing within 1s
    closes at 5: in doubt: no final answer from HOST: incomplete response
    hangs at 5: in doubt: no final answer from HOST: nothing within 1s
    half a word: in doubt: no final answer from HOST: incomplete response
    ");
}

#[tokio::test]
async fn a_message_cut_off_midway_is_in_doubt() {
    let server = Scripted::start(vec![until(4, &[write("354 go on\r\n"), Do::ReadLine])]).await;
    let text = "x".repeat(4 << 20);
    let body = serde_json::json!({ "to": "ap@paper.test", "body": { "subject": "long", "text": text } });
    let reply = smtp(&server).perform(&call(Verb::Deliver, "", Some(&body.to_string()))).await;
    assert!(matches!(reply, Reply::InDoubt { .. }), "{}", told(&reply, server.address));
}

#[tokio::test]
async fn a_server_that_takes_no_message_after_data_was_sent_none() {
    let line = reply_to(until(4, &[write("250 what for\r\n"), Do::Hang])).await;
    assert_eq!(line, "not sent: 127.0.0.1 took no message: it answered 250");
}

#[tokio::test]
async fn who_cannot_be_reached_was_sent_nothing() {
    let address = nobody().await;
    let options = SmtpOptions::new(format!("smtp://{address}").parse().unwrap(), "billing@acme.test");
    let reply = Smtp::new(options).unwrap().perform(&deliver()).await;
    insta::assert_snapshot!(told(&reply, address), @"not sent: HOST cannot be reached: connection refused");
}

#[tokio::test]
async fn without_encryption_that_was_asked_for_nothing_is_said() {
    let server = Scripted::start(vec![until(2, &[Do::Hang])]).await;
    let url = format!("smtp://ann:pw@{}?starttls", server.address).parse().unwrap();
    let options = SmtpOptions::new(url, "billing@acme.test");
    let reply = Smtp::new(options).unwrap().perform(&deliver()).await;
    insta::assert_snapshot!(told(&reply, server.address), @"not sent: HOST cannot be reached: STARTTLS is not supported on this server");
    assert!(server.heard().iter().all(|line| line.starts_with("EHLO")), "{:?}", server.heard());
}

#[tokio::test]
async fn a_wrong_password_is_the_servers_answer_and_is_not_repeated_in_it() {
    let script = vec![
        write("220 mail.test\r\n"),
        Do::ReadLine,
        write("250-mail.test\r\n250 AUTH PLAIN\r\n"),
        Do::ReadLine,
        write("535 who are you\r\n"),
        Do::Hang,
    ];
    let server = Scripted::start(vec![script]).await;
    let url = format!("smtp://ann:hush@{}", server.address).parse().unwrap();
    let connector = Smtp::new(SmtpOptions::new(url, "billing@acme.test")).unwrap();
    assert_eq!(told(&connector.perform(&deliver()).await, server.address), "535 who are you");
    assert_eq!(connector.describe(), format!("smtp {} in clear, from billing@acme.test", server.address));
}

#[tokio::test]
async fn what_was_due_before_now_never_leaves() {
    let server = Scripted::start(vec![until(6, &[])]).await;
    let late = Call { send_before: 1_000, ..deliver() };
    assert_eq!(smtp(&server).perform(&late).await, Reply::NotSent { reason: TOO_LATE.to_owned() });
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_sent_is_turned_down_here() {
    let server = Scripted::start(vec![until(2, &[Do::Hang])]).await;
    let connector = smtp(&server);
    let to = |to: &str| BODY.replace("ap@paper.test", to);
    let mut lines = Vec::new();
    for call in [
        call(Verb::Post, "/payments", Some("{}")),
        call(Verb::Deliver, "", Some(&to("a@b.test, c@d.test"))),
        call(Verb::Deliver, "", Some(&to("a@b.test\\r\\nRCPT TO:<c@d.test>"))),
        call(Verb::Deliver, "", Some(&to("grüße@paper.test"))),
    ] {
        lines.push(told(&connector.perform(&call).await, server.address));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0 not sent: `billing` is a mail server, which can only deliver
    0 not sent: `a@b.test, c@d.test` is no address that mail can go to: expected one bare address, such as `ap@paper.test`
    0 not sent: `a@b.test\r\nRCPT TO:<c@d.test>` is no address that mail can go to: expected one bare address, such as `ap@paper.test`
    0 not sent: 127.0.0.1 takes no addresses beyond ascii, such as `grüße@paper.test`
    "#);
}
