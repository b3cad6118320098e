//! Plain HTTP: a request, its status and its JSON.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

// No connection outlives its request: the other side is killed now and then.
static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
});

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body; null if it is none or no JSON.
    pub body: Value,
}

/// Sends a request. An error means that no answer came, and nothing else.
pub fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<Response, String> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let sent = match body {
        Some(body) => {
            let request = request.header("content-type", "application/json").body(body.to_owned());
            AGENT.run(request.map_err(|error| error.to_string())?)
        }
        None => AGENT.run(request.body(()).map_err(|error| error.to_string())?),
    };
    let mut response = sent.map_err(|error| format!("{method} {url}: {error}"))?;
    let retry_after = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
    let status = response.status().as_u16();
    let text = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_string()
        .map_err(|error| format!("{method} {url}: {error}"))?;
    Ok(Response { status, retry_after, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
}
