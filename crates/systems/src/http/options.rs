//! What the operator sets for a system that is reached over HTTP, and how its credentials become a header.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::{InvalidOptions, Now, Secret, system_clock};

/// How to reach a system over HTTP.
#[derive(Clone)]
pub struct HttpOptions {
    /// Scheme, host, port and path, to which each call's target is appended.
    pub base: Url,
    /// How we say who we are.
    pub auth: Auth,
    /// For one call, from the connection to the last byte of the answer, in real time.
    pub timeout: Duration,
    /// The most calls that leave in a second, evenly spaced.
    pub limit_per_second: Option<u32>,
    /// The most bytes of an answer's body that are kept.
    pub max_body: usize,
    /// The clock that [`countersign_ir::wire::Call::send_before`] refers to.
    pub now: Now,
}

impl HttpOptions {
    /// A base with what holds unless the program says otherwise: nobody signed in, 30 s, no limit, 1 MiB.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            auth: Auth::None,
            timeout: Duration::from_secs(30),
            limit_per_second: None,
            max_body: 1 << 20,
            now: system_clock(),
        }
    }
}

/// How we say who we are.
#[derive(Clone)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer …`.
    Bearer(Secret),
    /// `Authorization: Basic …`.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A header of the system's own.
    Header {
        /// Its name, such as `X-Api-Key`.
        name: String,
        /// Its value.
        value: Secret,
    },
}

impl Auth {
    /// The header that carries it. Its value is marked, so that nothing downstream prints it.
    pub(super) fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, InvalidOptions> {
        let (name, text) = match self {
            Self::None => return Ok(None),
            Self::Bearer(token) => (AUTHORIZATION, Zeroizing::new(format!("Bearer {}", token.expose()))),
            Self::Basic { user, .. } if user.contains(':') => {
                return Err(InvalidOptions::new("auth", "a user's name cannot contain `:`"));
            }
            Self::Basic { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
                let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
                (AUTHORIZATION, Zeroizing::new(format!("Basic {}", encoded.as_str())))
            }
            Self::Header { name, value } => (header_name(name)?, Zeroizing::new(value.expose().to_owned())),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            InvalidOptions::new(
                "auth",
                "the secret contains a character that no header can carry, such as a line break",
            )
        })?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }
}

fn header_name(name: &str) -> Result<HeaderName, InvalidOptions> {
    const OURS: [&str; 9] = [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| InvalidOptions::new("auth", format!("`{name}` cannot be the name of a header")))?;
    if OURS.contains(&parsed.as_str()) {
        return Err(InvalidOptions::new("auth", format!("`{name}` is set by the connector itself")));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(auth: &Auth) -> String {
        match auth.header() {
            Ok(None) => "nothing".to_owned(),
            Ok(Some((name, value))) => {
                assert!(value.is_sensitive());
                format!("{name}: {}", value.to_str().unwrap())
            }
            Err(error) => error.to_string(),
        }
    }

    fn header(name: &str, value: &str) -> Auth {
        Auth::Header { name: name.to_owned(), value: Secret::new(value) }
    }

    #[test]
    fn credentials_become_one_header_or_are_refused() {
        let basic = |user: &str| Auth::Basic { user: user.to_owned(), password: Secret::new("open sesame") };
        let cases = [
            Auth::None,
            Auth::Bearer(Secret::new("t-1")),
            Auth::Bearer(Secret::new("t-1\r\nHost: evil.test")),
            basic("Aladdin"),
            basic("a:b"),
            header("X-Api-Key", "k-1"),
            header("Content-Length", "0"),
            header("no name", "k-1"),
        ];
        let lines: Vec<_> = cases.iter().map(sent).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        nothing
        authorization: Bearer t-1
        auth: the secret contains a character that no header can carry, such as a line break
        authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
        auth: a user's name cannot contain `:`
        x-api-key: k-1
        auth: `Content-Length` is set by the connector itself
        auth: `no name` cannot be the name of a header
        ");
    }
}
