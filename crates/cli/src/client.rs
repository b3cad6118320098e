//! The client of a running process' local API, for what people do.

use std::time::Duration;

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use countersign_server::api::types::ErrorBody;

use crate::credentials;
use crate::failure::Failure;
use crate::safe;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer that is read.
const LARGEST: u64 = 64 << 20;

/// Which process is spoken to.
#[derive(Debug, Clone, Args)]
pub struct ServerArguments {
    /// Where the process listens
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_SERVER", default_value = "http://127.0.0.1:7400")]
    #[arg(hide_env_values = true, help_heading = "Process")]
    pub server: String,
}

/// Which process is spoken to, and as whom.
#[derive(Debug, Clone, Args)]
pub struct PersonArguments {
    #[command(flatten)]
    pub server: ServerArguments,
    /// Act as this person, of those who signed in; else whoever did so last
    #[arg(long = "as", value_name = "PERSON", help_heading = "Process")]
    pub person: Option<String>,
}

/// A connection to the process.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What the process answered.
pub struct Answer {
    url: String,
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Json,
}

impl Client {
    /// Speaks as nobody.
    pub fn anonymous(arguments: &ServerArguments) -> Result<Self, Failure> {
        let base = base(&arguments.server)?;
        // Nothing on the way may see the token, and no redirect may carry it elsewhere.
        let configuration = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .proxy(None)
            .build();
        Ok(Self { agent: configuration.into(), base, token: None })
    }

    /// Speaks as a person who signed in.
    pub fn signed_in(arguments: &PersonArguments) -> Result<Self, Failure> {
        let mut client = Self::anonymous(&arguments.server)?;
        client.token = Some(credentials::token(&client.base, arguments.person.as_deref())?);
        Ok(client)
    }

    /// The address of the process.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks for something; words of the query that are none are left out.
    pub fn get(&self, path: &str, query: &[(&str, Option<String>)]) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        let given = query.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let mut request = self.agent.get(&url).query_pairs(given);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.accepted(&url, request.call())
    }

    /// Sends something.
    pub fn post(&self, path: &str, body: &impl serde::Serialize) -> Result<Answer, Failure> {
        let text = serde_json::to_string(body).map_err(|error| Failure::Output(error.into()))?;
        let answer = self.post_raw(path, &[("content-type", "application/json")], text.as_bytes())?;
        answer.success()
    }

    /// Sends bytes with headers; every status is an answer.
    pub fn post_raw(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.post(&url);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answered(&url, request.send(body))
    }

    fn accepted(
        &self,
        url: &str,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, Failure> {
        self.answered(url, response)?.success()
    }

    fn answered(
        &self,
        url: &str,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, Failure> {
        let no_server =
            |error: ureq::Error| Failure::NoServer { url: self.base.clone(), why: reason(&error) };
        let mut response = response.map_err(no_server)?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(LARGEST).read_to_string().map_err(no_server)?;
        let body = serde_json::from_str(&text).map_err(|error| Failure::NotUnderstood {
            url: self.base.clone(),
            why: format!("status {status} and {error}"),
        })?;
        Ok(Answer { url: url.to_owned(), status, body })
    }
}

impl Answer {
    /// The answer, unless the process said no.
    pub fn success(self) -> Result<Self, Failure> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.refusal()) }
    }

    /// What the process said to explain itself.
    pub fn refusal(&self) -> Failure {
        let said: Option<ErrorBody> = serde_json::from_value(self.body.clone()).ok();
        let (error, help) = match said {
            Some(said) => (said.error, said.help),
            None => (format!("the process answers with status {}", self.status), String::new()),
        };
        let help = Some(safe::lines(&help)).filter(|help| !help.is_empty());
        Failure::Refused { status: self.status, error: safe::line(&error), help }
    }

    /// The answer as what the interface promises.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.body.clone())
            .map_err(|error| Failure::NotUnderstood { url: safe::line(&self.url), why: error.to_string() })
    }
}

/// What stays as it is in a part of a path.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A part of a path that comes from a person.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

fn base(server: &str) -> Result<String, Failure> {
    let base = server.strip_suffix('/').unwrap_or(server);
    let named = if base.contains("://") { base.to_owned() } else { format!("http://{base}") };
    let is_plain = named.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && !rest.contains('/'));
    if is_plain && ureq::http::Uri::try_from(&named).is_ok() {
        Ok(named)
    } else {
        Err(Failure::new(
            format!("`{server}` is not where a process listens"),
            "expected `http://HOST:PORT`, such as `http://127.0.0.1:7400`; a process on another machine is reached \
             through a tunnel",
        ))
    }
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "nothing listens there".into()
        }
        ureq::Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        other => safe::line(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(base("127.0.0.1:7400").unwrap(), "http://127.0.0.1:7400");
        assert_eq!(base("http://localhost:7400/").unwrap(), "http://localhost:7400");
        for wrong in ["https://acme.test", "http://", "http://a/b", "http://a b", "ftp://a"] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("run-0a_1.b"), "run-0a_1.b");
        assert_eq!(segment("../tasks?all=true"), "..%2Ftasks%3Fall%3Dtrue");
    }
}
