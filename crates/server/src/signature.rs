//! Standard Webhooks: whether a request really comes from who holds the secret, and is not an old one sent again.
//!
//! In go the secret, the three headers, the body exactly as it came and the time; out comes nothing, or why the request
//! is rejected. No clock is read here. Signatures are compared in constant time.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the message's id.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time at which it was sent, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures, each `v1,` and base64, with spaces between.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far a message's time may be from ours, before as after.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// The most signatures that one message may carry; more is no rotation of secrets but an attempt to keep us busy.
const MOST_SIGNATURES: usize = 16;

/// The key of one sender.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// From the secret as it is handed out: base64, mostly with `whsec_` before it.
    pub fn new(secret: &str) -> Result<Self, InvalidSecret> {
        let encoded = secret.trim();
        let encoded = encoded.strip_prefix("whsec_").unwrap_or(encoded);
        let key = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret::NotBase64)?;
        if key.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        // Keys of any length are fit for HMAC.
        Hmac::new_from_slice(&key).map(Self).map_err(|_| InvalidSecret::Empty)
    }

    fn over(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Why a text is no secret. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// What follows `whsec_` cannot be decoded.
    #[error("the secret is not base64; expected `whsec_` and then base64, as its sender shows it")]
    NotBase64,
    /// There is nothing in it.
    #[error("the secret is empty; expected `whsec_` and then base64, as its sender shows it")]
    Empty,
}

/// The headers of a request that say who sent it, as they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signed<'a> {
    /// [`ID_HEADER`].
    pub id: Option<&'a str>,
    /// [`TIMESTAMP_HEADER`].
    pub timestamp: Option<&'a str>,
    /// [`SIGNATURE_HEADER`].
    pub signature: Option<&'a str>,
}

/// Why a request is rejected at the door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header is not there, is empty, or is not text.
    #[error("the header `{0}` is missing or empty")]
    Missing(&'static str),
    /// The id contains the character that separates it from the rest of what is signed, or one that cannot be shown.
    #[error("the header `webhook-id` contains a dot, a space or a control character")]
    BadId,
    /// The time is not a number of seconds.
    #[error("the header `webhook-timestamp` is not a number of seconds since 1970")]
    BadTimestamp,
    /// The message is older than is tolerated.
    #[error("the message is {by} s older than the {tolerance} s that are tolerated")]
    TooOld {
        /// Seconds past what is tolerated.
        by: u64,
        /// Seconds that are tolerated.
        tolerance: u64,
    },
    /// The message's time lies further ahead than is tolerated.
    #[error("the message is {by} s further ahead of our clock than the {tolerance} s that are tolerated")]
    TooNew {
        /// Seconds past what is tolerated.
        by: u64,
        /// Seconds that are tolerated.
        tolerance: u64,
    },
    /// There is no signature of a version that we know.
    #[error("the header `webhook-signature` has no signature that begins with `v1,`")]
    NoKnownSignature,
    /// There are too many signatures.
    #[error("the header `webhook-signature` has more than {MOST_SIGNATURES} signatures")]
    TooManySignatures,
    /// No signature fits.
    #[error("no signature fits the message and the secret")]
    WrongSignature,
}

/// Check a request against a sender's key. `now` is in seconds since 1970.
///
/// The id that was signed comes back: the only one that may be used to recognise a repeat.
pub fn verify<'a>(
    key: &SigningKey,
    signed: Signed<'a>,
    body: &[u8],
    now: i64,
    tolerance: Duration,
) -> Result<&'a str, Rejected> {
    let id = present(signed.id, ID_HEADER)?;
    let timestamp = present(signed.timestamp, TIMESTAMP_HEADER)?;
    let signatures = present(signed.signature, SIGNATURE_HEADER)?;
    // A dot would let the border between id and time be moved.
    if !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.') {
        return Err(Rejected::BadId);
    }
    let timestamp = seconds(timestamp).ok_or(Rejected::BadTimestamp)?;
    in_time(timestamp, now, tolerance)?;

    let mac = key.over(id, timestamp, body);
    let mut known = false;
    let mut fits = false;
    for (position, signature) in signatures.split_ascii_whitespace().enumerate() {
        if position >= MOST_SIGNATURES {
            return Err(Rejected::TooManySignatures);
        }
        if let Some(encoded) = signature.strip_prefix("v1,") {
            known = true;
            let claimed = BASE64_STANDARD.decode(encoded).unwrap_or_default();
            fits |= mac.clone().verify_slice(&claimed).is_ok();
        }
    }
    match (fits, known) {
        (true, _) => Ok(id),
        (false, true) => Err(Rejected::WrongSignature),
        (false, false) => Err(Rejected::NoKnownSignature),
    }
}

/// The value of [`SIGNATURE_HEADER`] for a message of our own.
pub fn sign(key: &SigningKey, id: &str, timestamp: i64, body: &[u8]) -> String {
    let signature = key.over(id, timestamp, body).finalize().into_bytes();
    format!("v1,{}", BASE64_STANDARD.encode(signature))
}

fn present<'a>(value: Option<&'a str>, header: &'static str) -> Result<&'a str, Rejected> {
    value.map(str::trim).filter(|value| !value.is_empty()).ok_or(Rejected::Missing(header))
}

/// Seconds since 1970 in their one canonical form, since it is the text that is signed.
fn seconds(text: &str) -> Option<i64> {
    let seconds: i64 = text.parse().ok()?;
    (seconds >= 0 && seconds.to_string() == text).then_some(seconds)
}

fn in_time(timestamp: i64, now: i64, tolerance: Duration) -> Result<(), Rejected> {
    let tolerance = tolerance.as_secs();
    let by = timestamp.abs_diff(now).saturating_sub(tolerance);
    if by == 0 {
        Ok(())
    } else if timestamp < now {
        Err(Rejected::TooOld { by, tolerance })
    } else {
        Err(Rejected::TooNew { by, tolerance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn key() -> SigningKey {
        SigningKey::new(SECRET).unwrap()
    }

    fn signed(signature: &str) -> Signed<'_> {
        Signed { id: Some(ID), timestamp: Some("1614265330"), signature: Some(signature) }
    }

    fn check(signed: Signed<'_>) -> Result<(), Rejected> {
        verify(&key(), signed, BODY, AT, TOLERANCE).map(|id| assert_eq!(Some(id), signed.id))
    }

    #[test]
    fn the_published_example_is_reproduced() {
        assert_eq!(sign(&key(), ID, AT, BODY), SIGNATURE);
        assert_eq!(check(signed(SIGNATURE)), Ok(()));
    }

    #[test]
    fn one_signature_that_fits_is_enough() {
        for several in [
            format!("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {SIGNATURE}"),
            format!("v2,nonsense {SIGNATURE} v1a,more"),
            format!("v1,not-base64!  {SIGNATURE} "),
        ] {
            assert_eq!(check(signed(&several)), Ok(()), "{several}");
        }
    }

    #[test]
    fn a_change_anywhere_does_not_fit() {
        let wrong = Err(Rejected::WrongSignature);
        assert_eq!(check(Signed { id: Some("msg_other"), ..signed(SIGNATURE) }), wrong);
        assert_eq!(check(Signed { timestamp: Some("1614265331"), ..signed(SIGNATURE) }), wrong);
        assert_eq!(verify(&key(), signed(SIGNATURE), b"{}", AT, TOLERANCE), Err(Rejected::WrongSignature));
        let other = SigningKey::new("whsec_AAAA").unwrap();
        assert_eq!(verify(&other, signed(SIGNATURE), BODY, AT, TOLERANCE), Err(Rejected::WrongSignature));
        for part in ["v1,", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=", "v1,g0hM9SsE", "v1,!"] {
            assert_eq!(check(signed(part)), wrong, "{part}");
        }
    }

    #[test]
    fn a_version_that_we_do_not_know_is_no_signature() {
        let body = SIGNATURE.trim_start_matches("v1");
        for unknown in [format!("v1a{body}"), format!("v2{body}"), body.to_owned(), "v1".to_owned()] {
            assert_eq!(check(signed(&unknown)), Err(Rejected::NoKnownSignature), "{unknown}");
        }
    }

    #[test]
    fn a_message_counts_for_five_minutes_before_and_after() {
        let at = |now| verify(&key(), signed(SIGNATURE), BODY, now, TOLERANCE).map(|_| ());
        assert_eq!(at(AT + 300), Ok(()));
        assert_eq!(at(AT - 300), Ok(()));
        assert_eq!(at(AT + 301), Err(Rejected::TooOld { by: 1, tolerance: 300 }));
        assert_eq!(at(AT - 310), Err(Rejected::TooNew { by: 10, tolerance: 300 }));
        assert!(matches!(at(i64::MIN), Err(Rejected::TooNew { .. })));
        assert!(matches!(at(i64::MAX), Err(Rejected::TooOld { .. })));
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let whole = signed(SIGNATURE);
        let cases = [
            Signed { id: None, ..whole },
            Signed { id: Some(" "), ..whole },
            Signed { timestamp: None, ..whole },
            Signed { signature: Some(""), ..whole },
            Signed { id: Some("a.b"), ..whole },
            Signed { id: Some("a\u{7}"), ..whole },
            Signed { timestamp: Some("soon"), ..whole },
            Signed { timestamp: Some("+1614265330"), ..whole },
            Signed { timestamp: Some("-1"), ..whole },
            Signed { timestamp: Some("99999999999999999999"), ..whole },
        ];
        let lines: Vec<_> = cases.into_iter().map(|case| check(case).unwrap_err().to_string()).collect();
        let expected = [
            "the header `webhook-id` is missing or empty",
            "the header `webhook-id` is missing or empty",
            "the header `webhook-timestamp` is missing or empty",
            "the header `webhook-signature` is missing or empty",
            "the header `webhook-id` contains a dot, a space or a control character",
            "the header `webhook-id` contains a dot, a space or a control character",
            "the header `webhook-timestamp` is not a number of seconds since 1970",
            "the header `webhook-timestamp` is not a number of seconds since 1970",
            "the header `webhook-timestamp` is not a number of seconds since 1970",
            "the header `webhook-timestamp` is not a number of seconds since 1970",
        ];
        assert_eq!(lines, expected);
        let flood = "v1,x ".repeat(100);
        assert_eq!(check(signed(&flood)), Err(Rejected::TooManySignatures));
    }

    #[test]
    fn a_secret_is_base64_with_or_without_its_prefix_and_never_shown() {
        let bare = SigningKey::new(SECRET.trim_start_matches("whsec_")).unwrap();
        assert_eq!(sign(&bare, ID, AT, BODY), SIGNATURE);
        assert_eq!(SigningKey::new("whsec_").unwrap_err(), InvalidSecret::Empty);
        assert_eq!(SigningKey::new("whsec_*").unwrap_err(), InvalidSecret::NotBase64);
        assert_eq!(format!("{bare:?}"), "SigningKey(…)");
    }
}
