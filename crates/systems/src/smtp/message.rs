//! One message, built from a call: what the receiver sees, and by what it recognises a repeat.
//!
//! Nothing from outside becomes a header: the recipient is one bare address, control characters in a subject become
//! spaces before it is encoded, and the text is encoded as a whole.

use std::fmt::Write as _;

use countersign_ir::wire::Call;
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What stands in the body of a call to deliver.
#[derive(Deserialize)]
struct Delivery {
    to: String,
    body: Draft,
}

#[derive(Deserialize)]
struct Draft {
    subject: String,
    text: String,
}

#[derive(Debug)]
pub(super) struct Letter {
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

/// The letter, or the reason why there is none.
pub(super) fn letter(call: &Call, from: &Mailbox) -> Result<Letter, String> {
    let body = call.body.as_deref().ok_or("not sent: there is no message to deliver")?;
    let Delivery { to, body } = serde_json::from_str(body)
        .map_err(|error| format!("not sent: expected a recipient, a subject and a text: {error}"))?;
    let to = recipient(&to)?;
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(&body.subject))
        .header(ContentType::TEXT_PLAIN)
        .message_id(call.key.as_deref().map(|key| message_id(key, from)))
        .body(body.text)
        .map_err(|error| format!("not sent: the message cannot be written: {error}"))?;
    // So that nobody's out-of-office reply comes back to a program.
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
    Ok(Letter { to, bytes: message.formatted() })
}

fn recipient(text: &str) -> Result<Address, String> {
    let wrong = |problem: &str| {
        let shown: String = text.chars().take(120).flat_map(char::escape_debug).collect();
        format!("not sent: `{shown}` is no address that mail can go to: {problem}")
    };
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';')) {
        return Err(wrong("expected one bare address, such as `ap@paper.test`"));
    }
    text.parse().map_err(|error: lettre::address::AddressError| wrong(&error.to_string().to_lowercase()))
}

/// A subject without anything that could end its line, or that a display would take for the end of one.
fn one_line(subject: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    subject.split(breaks).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The same for the same key, so that a receiver can tell a repeat.
fn message_id(key: &str, from: &Mailbox) -> String {
    let plain = (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric());
    let local = if plain {
        key.to_owned()
    } else {
        Sha256::digest(key).iter().fold("h-".to_owned(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    };
    format!("<{local}@{}>", from.email.domain())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_ir::wire::Verb;
    use serde_json::json;

    fn call(to: &str, subject: &str, text: &str) -> Call {
        Call {
            system: "mail".to_owned(),
            verb: Verb::Deliver,
            target: String::new(),
            body: Some(json!({ "to": to, "body": { "subject": subject, "text": text } }).to_string()),
            key: Some("k1".to_owned()),
            send_before: i64::MAX,
            operation: None,
        }
    }

    fn from() -> Mailbox {
        "Acme <billing@acme.test>".parse().unwrap()
    }

    fn built(call: &Call) -> String {
        String::from_utf8(letter(call, &from()).unwrap().bytes).unwrap()
    }

    /// The message without its date, the one line that differs from run to run.
    fn undated(message: &str) -> String {
        let kept: Vec<_> = message.lines().filter(|line| !line.starts_with("Date: ")).collect();
        kept.join("\n")
    }

    #[test]
    fn a_draft_becomes_a_message() {
        let message = built(&call("ap@paper.test", "Payment p-1", "We have paid: 120.00 EUR.\n"));
        insta::assert_snapshot!(undated(&message), @"
        From: Acme <billing@acme.test>
        To: ap@paper.test
        Subject: Payment p-1
        Content-Type: text/plain; charset=utf-8
        Message-ID: <k1@acme.test>
        Content-Transfer-Encoding: 7bit
        Auto-Submitted: auto-generated

        We have paid: 120.00 EUR.
        ");
        assert_eq!(message.lines().filter(|line| line.starts_with("Date: ")).count(), 1);
    }

    #[test]
    fn no_subject_adds_a_header() {
        let message =
            built(&call("ap@paper.test", "Payment\r\nBcc: eve@evil.test\n\nhello\u{0}\u{2028}x", ""));
        let head = message.split("\r\n\r\n").next().unwrap();
        assert!(head.lines().all(|line| !line.starts_with("Bcc")), "{head}");
        assert_eq!(head.lines().filter(|line| line.starts_with("Subject: ")).count(), 1);
    }

    #[test]
    fn words_beyond_ascii_are_encoded() {
        let message = built(&call("ap@paper.test", "Zahlung für März", "Grüße — 120 €\n.\nend"));
        assert!(message.is_ascii(), "{message}");
    }

    #[test]
    fn an_address_is_one_bare_address() {
        for wrong in [
            "",
            "nobody",
            "a@b.test, c@d.test",
            "a@b.test\r\nRCPT TO:<c@d.test>",
            "Ann <a@b.test>",
            "a b@c.test",
            "a@b.test>",
            "@",
        ] {
            let reason = letter(&call(wrong, "s", "t"), &from()).unwrap_err();
            assert!(reason.starts_with("not sent: `"), "{reason}");
        }
    }

    #[test]
    fn what_is_no_message_says_what_is_missing() {
        let mut call = call("ap@paper.test", "s", "t");
        call.body = Some(r#"{"to":"ap@paper.test","body":{"text":"t"}}"#.to_owned());
        let missing = letter(&call, &from()).unwrap_err();
        call.body = None;
        let nothing = letter(&call, &from()).unwrap_err();
        insta::assert_snapshot!(format!("{missing}\n{nothing}"), @"
        not sent: expected a recipient, a subject and a text: missing field `subject` at line 1 column 41
        not sent: there is no message to deliver
        ");
    }

    #[test]
    fn a_message_id_rests_on_the_key_alone() {
        let id = |key: &str| message_id(key, &from());
        assert_eq!(id("k1"), "<k1@acme.test>");
        assert_eq!(id("a>\r\nb"), id("a>\r\nb"));
        assert_ne!(id("a>\r\nb"), id("a>\r\nc"));
        assert!(id("a>\r\nb").bytes().all(|b| b.is_ascii_graphic()));
    }
}
