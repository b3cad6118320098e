//! The harness itself, without the program under test.

use std::time::Duration;

use e2e::mail::MailServer;
use e2e::{Does, Fault, Invoice, Receiver};
use serde_json::json;

fn pay(receiver: &Receiver, invoice: &str) -> u16 {
    let body = json!({"invoice": invoice, "amount": {"amount": "120", "currency": "EUR"}}).to_string();
    let token = format!("Bearer {}", e2e::receiver::BILLING_TOKEN);
    let headers = [("authorization", &*token), ("idempotency-key", invoice)];
    let url = format!("{}/payments", receiver.url());
    e2e::http::send("POST", &url, &headers, Some(&body)).expect("the receiver answers").status
}

#[test]
fn the_receiver_judges_by_its_record_also_after_it_was_killed() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut receiver = Receiver::start(folder.path());
    receiver.enter(&[Invoice::new("i-1", "120"), Invoice::new("i-2", "120")]);
    receiver.misbehave(&Fault::on("POST /payments", Does::EffectThenFail(500)).times(1));

    assert_eq!(pay(&receiver, "i-1"), 500);
    assert_eq!(pay(&receiver, "i-1"), 201);
    assert_eq!(receiver.books().of("i-1").len(), 1);
    assert_eq!(receiver.invoice_status("i-1"), "settled");
    assert_eq!(receiver.invoice_status("i-2"), "open");

    let record = receiver.record();
    receiver.down();
    receiver.up();
    assert_eq!(receiver.record(), record);
    assert_eq!(
        record.iter().map(|entry| (entry.status, entry.repeat)).collect::<Vec<_>>(),
        [(Some(500), false), (Some(201), true)]
    );
}

#[test]
fn the_mail_server_keeps_what_it_is_sent() {
    use std::io::{Read as _, Write as _};

    let folder = tempfile::tempdir().expect("there is room");
    let server = MailServer::start(folder.path());
    let address = server.url().replace("smtp://", "");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
    for line in [
        "HELO tests",
        "MAIL FROM:<billing@acme.test>",
        "RCPT TO:<ap@paper.test>",
        "DATA",
        "Subject: Payment p-1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWe have paid.\r\n.",
    ] {
        stream.write_all(format!("{line}\r\n").as_bytes()).expect("it reads");
        let mut buffer = [0; 512];
        let _ = stream.read(&mut buffer).expect("it answers");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mail = e2e::eventually("the mail is kept", || {
        server.mailbox().first().cloned().ok_or_else(|| "the mailbox is empty".to_owned())
    });
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ap@paper.test", "Payment p-1"));
    assert_eq!(mail.text.trim(), "We have paid.");
}
