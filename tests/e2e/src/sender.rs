//! The ERP as a sender of webhooks: payloads, signatures, and posting until somebody acknowledges.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http;

/// The secret that sender and receiver of the webhooks share.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An invoice as the ERP sends it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Invoice {
    /// Its id.
    pub id: String,
    /// Whose.
    pub vendor: String,
    /// How much.
    pub amount: Value,
    /// When.
    pub due: String,
    /// `open`
    pub status: String,
    /// The person who entered it.
    pub entered_by: String,
}

impl Invoice {
    /// One of the trusted vendor `v-1`, entered by Ana.
    pub fn new(id: &str, euros: &str) -> Self {
        Self {
            id: id.into(),
            vendor: "v-1".into(),
            amount: json!({"amount": euros, "currency": "EUR"}),
            due: "2026-12-01".into(),
            status: "open".into(),
            entered_by: "ana@acme.test".into(),
        }
    }

    /// Of another vendor.
    #[must_use]
    pub fn of(self, vendor: &str) -> Self {
        Self { vendor: vendor.into(), ..self }
    }

    /// Entered by somebody else.
    #[must_use]
    pub fn entered_by(self, person: &str) -> Self {
        Self { entered_by: person.into(), ..self }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        serde_json::to_value(self).expect("an invoice is JSON")
    }
}

/// A webhook on its way.
#[derive(Debug, Clone)]
pub struct Message {
    /// The sender's id for it; a repeat has the same.
    pub id: String,
    /// The payload.
    pub body: String,
    sent: i64,
    secret: String,
}

/// What the door answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Value,
}

impl Reply {
    /// A field of the body, empty if it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// The run that was started, of an acknowledged event.
    #[track_caller]
    pub fn run(&self) -> String {
        assert_eq!(self.status, 202, "the webhook was not acknowledged: {}", self.body);
        let run = self.field("run");
        assert!(!run.is_empty(), "the acknowledgment names no run: {}", self.body);
        run.to_owned()
    }
}

impl Message {
    /// A message with that payload, sent and signed now.
    pub fn new(id: &str, payload: &Value) -> Self {
        Self::with_body(id, &payload.to_string())
    }

    /// One with any body.
    pub fn with_body(id: &str, body: &str) -> Self {
        Self { id: id.into(), body: body.into(), sent: now(), secret: SECRET.into() }
    }

    /// One for an invoice, with an id made from the invoice's.
    pub fn about(invoice: &Invoice) -> Self {
        Self::new(&format!("msg-{}", invoice.id), &invoice.json())
    }

    /// The same, sent so long ago.
    #[must_use]
    pub fn sent_before(self, age: Duration) -> Self {
        Self { sent: self.sent - i64::try_from(age.as_secs()).unwrap_or(0), ..self }
    }

    /// The same, signed with another secret.
    #[must_use]
    pub fn signed_with(self, secret: &str) -> Self {
        Self { secret: secret.into(), ..self }
    }

    /// Posts it once. An error means that no answer came.
    pub fn post(&self, url: &str) -> Result<Reply, String> {
        let signature = signature(&self.secret, &self.id, self.sent, &self.body);
        self.post_as(url, &signature)
    }

    /// Posts it with a signature that may be wrong.
    pub fn post_as(&self, url: &str, signature: &str) -> Result<Reply, String> {
        let sent = self.sent.to_string();
        let headers =
            [("webhook-id", &*self.id), ("webhook-timestamp", &*sent), ("webhook-signature", signature)];
        let http::Response { status, retry_after, body } =
            http::send("POST", url, &headers, Some(&self.body))?;
        Ok(Reply { status, retry_after, body })
    }

    /// Posts it again and again until it is answered with something else than 503: what a decent sender does, with the
    /// same id each time and a signature as of now.
    pub fn post_until_answered(&self, url: &str, patience: Duration) -> Reply {
        let what = format!("the webhook {} is answered", self.id);
        crate::wait::within(patience, &what, || {
            let reply = Self { sent: now(), ..self.clone() }.post(url)?;
            if reply.status == 503 { Err(format!("503: {}", reply.body)) } else { Ok(reply) }
        })
    }
}

/// The signature of Standard Webhooks.
pub fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).expect("the secret is base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key will do");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_example_does() {
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
