//! From what a program says of its systems to connectors: options resolved, settings and secrets bound, late.
//!
//! Everything that is missing or wrong is named at once, so that nobody has to start the process five times.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_engine::Deployment;
use countersign_ir::program::{OptionValue, Signature, System};
use countersign_ir::value::Value;
use countersign_systems::http::{Auth, Http, HttpOptions};
use countersign_systems::smtp::{Smtp, SmtpOptions};
use countersign_systems::{Connector, Secret};
use url::Url;

use crate::calls::Connectors;

/// Where secrets come from, by name.
pub trait Secrets: Send + Sync {
    /// The secret's value, if there is one.
    fn get(&self, name: &str) -> Option<String>;
}

/// Secrets from environment variables of the same name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Environment;

impl Secrets for Environment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

/// Why systems cannot be reached as the program says: every reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConnectError {
    /// Environment variables that must be set.
    pub missing: Vec<String>,
    /// What else is wrong, each with the system's name.
    pub wrong: Vec<String>,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons = Vec::new();
        if !self.missing.is_empty() {
            let (noun, pronoun) =
                if self.missing.len() == 1 { ("variable", "it") } else { ("variables", "them") };
            reasons.push(format!(
                "the environment {noun} {} must be set, because the program takes secrets from {pronoun}",
                self.missing.join(", ")
            ));
        }
        reasons.extend(self.wrong.iter().cloned());
        f.write_str(&reasons.join("; "))
    }
}

/// The secrets of the triggers that the environment does not have.
pub fn missing_trigger_secrets(deployment: &Deployment, secrets: &dyn Secrets) -> Vec<String> {
    let mut missing = Vec::new();
    for flow in &deployment.program.flows {
        if let Signature::Standard { secret } = &flow.trigger.signature {
            let name = deployment.program.secrets.get(secret.index()).cloned().unwrap_or_default();
            if secrets.get(&name).is_none() && !missing.contains(&name) {
                missing.push(name);
            }
        }
    }
    missing
}

/// A connector for each real system of the program; those that are `via sim` are left out.
///
/// # Errors
/// With everything that is missing or wrong.
pub fn connect(deployment: &Deployment, secrets: &dyn Secrets) -> Result<Connectors, ConnectError> {
    let mut error = ConnectError { missing: Vec::new(), wrong: Vec::new() };
    let mut connectors = Connectors::new();
    let real = deployment.program.systems.iter().filter(|system| system.connector.kind != SIM);
    for system in real {
        let mut options = Options { deployment, secrets, system, error: &mut error };
        if let Some(connector) = options.connector() {
            connectors = connectors.with(system.name.as_str(), connector);
        }
    }
    if error.missing.is_empty() && error.wrong.is_empty() { Ok(connectors) } else { Err(error) }
}

/// The kind of connector of a system that is simulated wherever the program runs.
pub const SIM: &str = "sim";

struct Options<'a> {
    deployment: &'a Deployment,
    secrets: &'a dyn Secrets,
    system: &'a System,
    error: &'a mut ConnectError,
}

/// An option's value, resolved.
enum Bound {
    Value(Value),
    Secret(Secret),
}

impl Options<'_> {
    fn wrong<T>(&mut self, option: &str, problem: &str) -> Option<T> {
        self.error.wrong.push(format!("system {}: {option}: {problem}", self.system.name));
        None
    }

    fn connector(&mut self) -> Option<Arc<dyn Connector>> {
        match self.system.connector.kind.as_str() {
            "http" => self.http(),
            "smtp" => self.smtp(),
            other => self
                .wrong("via", &format!("this binary has no connector `{other}`, expected http, smtp or sim")),
        }
    }

    /// The options of the source with their values, as far as they can be had.
    fn bound(&mut self) -> Vec<(String, Bound)> {
        let mut all = Vec::new();
        for (name, value) in &self.system.connector.options {
            let bound = match value {
                OptionValue::Value(value) => Some(Bound::Value(value.clone())),
                OptionValue::Setting(id) => {
                    self.deployment.settings.get(id.index()).cloned().map(Bound::Value)
                }
                OptionValue::Secret(id) => {
                    let secret = self.deployment.program.secrets.get(id.index()).cloned().unwrap_or_default();
                    let value = self.secrets.get(&secret);
                    if value.is_none() && !self.error.missing.contains(&secret) {
                        self.error.missing.push(secret);
                    }
                    value.map(|value| Bound::Secret(Secret::new(value)))
                }
            };
            if let Some(bound) = bound {
                all.push((name.clone(), bound));
            }
        }
        all
    }

    fn url(&mut self, option: &str, value: &Value) -> Option<Url> {
        match Url::parse(&value.to_string()) {
            Ok(url) => Some(url),
            Err(error) => self.wrong(option, &format!("`{value}` is no address: {error}")),
        }
    }

    fn duration(&mut self, option: &str, value: &Value) -> Option<Duration> {
        match value {
            Value::Duration(ns) if *ns > 0 => Some(Duration::from_nanos(ns.unsigned_abs())),
            other => self.wrong(option, &format!("expected a length of time, found {other}")),
        }
    }

    fn http(&mut self) -> Option<Arc<dyn Connector>> {
        let mut options: Option<HttpOptions> = None;
        let mut auth = Auth::None;
        let mut timeout = None;
        let mut limit = None;
        for (name, value) in self.bound() {
            match (name.as_str(), value) {
                ("base", Bound::Value(value)) => options = self.url("base", &value).map(HttpOptions::new),
                ("auth bearer", Bound::Secret(secret)) => auth = Auth::Bearer(secret),
                ("timeout", Bound::Value(value)) => timeout = self.duration("timeout", &value),
                ("limit", Bound::Value(Value::Int(n))) => match u32::try_from(n) {
                    Ok(n) if n > 0 => limit = Some(n),
                    _ => return self.wrong("limit", "expected at least one call a second"),
                },
                (other, _) => {
                    return self.wrong(other, "the http connector does not know what to do with it");
                }
            }
        }
        let Some(options) = options else {
            if self.error.wrong.is_empty() {
                return self.wrong("base", "expected an address");
            }
            return None;
        };
        let timeout = timeout.unwrap_or(options.timeout);
        let options = HttpOptions { auth, timeout, limit_per_second: limit, ..options };
        match Http::new(options) {
            Ok(http) => Some(Arc::new(http)),
            Err(error) => self.wrong(error.setting(), &error.to_string()),
        }
    }

    fn smtp(&mut self) -> Option<Arc<dyn Connector>> {
        let mut server = None;
        let mut from = None;
        let mut timeout = None;
        for (name, value) in self.bound() {
            match (name.as_str(), value) {
                ("server", Bound::Value(value)) => server = self.url("server", &value),
                ("from", Bound::Value(value)) => from = Some(value.to_string()),
                ("timeout", Bound::Value(value)) => timeout = self.duration("timeout", &value),
                (other, _) => {
                    return self.wrong(other, "the smtp connector does not know what to do with it");
                }
            }
        }
        let (Some(server), Some(from)) = (server, from) else {
            return self.wrong("via", "smtp needs a `server` and a `from`");
        };
        let mut options = SmtpOptions::new(server, from);
        options.timeout = timeout.unwrap_or(options.timeout);
        match Smtp::new(options) {
            Ok(smtp) => Some(Arc::new(smtp)),
            Err(error) => self.wrong(error.setting(), &error.to_string()),
        }
    }
}
