//! Where a mail server is, as the operator writes it: `smtp://user:password@host:port?starttls` or `smtps://…`.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::{InvalidOptions, Now, Secret, system_clock};

/// How to reach a mail server.
#[derive(Clone)]
pub struct SmtpOptions {
    /// `smtp://`, in clear unless `?starttls` follows, or `smtps://`. A user and password in it are percent-encoded.
    pub server: Url,
    /// Who sends: `billing@acme.test` or `Acme <billing@acme.test>`.
    pub from: String,
    /// For each step of the conversation, in real time.
    pub timeout: Duration,
    /// The clock that [`countersign_ir::wire::Call::send_before`] refers to.
    pub now: Now,
}

impl SmtpOptions {
    /// A server and a sender with what holds unless the program says otherwise: 60 s a step, the machine's clock.
    pub fn new(server: Url, from: impl Into<String>) -> Self {
        Self { server, from: from.into(), timeout: Duration::from_mins(1), now: system_clock() }
    }
}

/// How the conversation is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// Not at all.
    Clear,
    /// Begins in clear, and goes on only once it is encrypted.
    StartTls,
    /// From the first byte.
    Tls,
}

pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) login: Option<(String, Secret)>,
}

impl Server {
    pub(super) fn new(url: &Url) -> Result<Self, InvalidOptions> {
        let reject = |problem: String| Err(InvalidOptions::new("server", problem));
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) if !host.to_string().is_empty() => host.to_string(),
            _ => return reject("expected a host in the address".to_owned()),
        };
        let starttls = match url.query() {
            None => false,
            Some("starttls" | "starttls=required") => true,
            Some(_) => return reject("expected nothing but `starttls` after `?`".to_owned()),
        };
        let (protection, port) = match (url.scheme(), starttls) {
            ("smtp", false) => (Protection::Clear, 25),
            ("smtp", true) => (Protection::StartTls, 587),
            ("smtps", false) => (Protection::Tls, 465),
            ("smtps", true) => {
                return reject("smtps:// is encrypted from the start; leave out `?starttls`".to_owned());
            }
            _ => return reject("expected an address that begins with smtp:// or smtps://".to_owned()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return reject("expected nothing after the port but `?starttls`".to_owned());
        }
        let login = login(url)?;
        if login.is_some() && protection == Protection::Clear && !is_here(&host) {
            return reject(format!(
                "the password for {host} would travel unencrypted; use smtps:// or add ?starttls"
            ));
        }
        Ok(Self { host, port: url.port().unwrap_or(port), protection, login })
    }
}

fn login(url: &Url) -> Result<Option<(String, Secret)>, InvalidOptions> {
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(String::from)
            .map_err(|_| InvalidOptions::new("server", "the user or password is not text once it is decoded"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => {
            Err(InvalidOptions::new("server", "expected a user and a password, or neither"))
        }
        (user, Some(password)) => Ok(Some((decoded(user)?, Secret::new(decoded(password)?)))),
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(super) fn sender(from: &str) -> Result<Mailbox, InvalidOptions> {
    from.parse().map_err(|error| {
        InvalidOptions::new(
            "from",
            format!("`{}` is no address that mail can come from: {error}", from.escape_debug()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Server::new(&Url::parse(text).unwrap()) {
            Ok(Server { host, port, protection, login }) => {
                let login = login.map(|(user, password)| format!(" {user}/{}", password.expose()));
                format!("{host} {port} {protection:?}{}", login.unwrap_or_default())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_says_where_and_how() {
        let lines: Vec<_> = [
            "smtp://mail.test",
            "smtp://mail.test:2525/",
            "smtp://mail.test?starttls",
            "smtps://ann%40acme.test:p%2Fw@mail.test",
            "smtp://ann:pw@127.0.0.1:7525",
            "smtp://ann:pw@[::1]:7525",
            "smtp://ann:pw@mail.test",
            "smtp://ann@mail.test?starttls",
            "smtps://mail.test?starttls",
            "smtp://mail.test?tls=off",
            "smtp://mail.test/inbox",
            "http://mail.test",
            "smtp:mail.test",
        ]
        .iter()
        .map(|text| read(text))
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        mail.test 25 Clear
        mail.test 2525 Clear
        mail.test 587 StartTls
        mail.test 465 Tls ann@acme.test/p/w
        127.0.0.1 7525 Clear ann/pw
        ::1 7525 Clear ann/pw
        server: the password for mail.test would travel unencrypted; use smtps:// or add ?starttls
        server: expected a user and a password, or neither
        server: smtps:// is encrypted from the start; leave out `?starttls`
        server: expected nothing but `starttls` after `?`
        server: expected nothing after the port but `?starttls`
        server: expected an address that begins with smtp:// or smtps://
        server: expected a host in the address
        ");
    }

    #[test]
    fn a_sender_is_one_address() {
        assert_eq!(sender("Acme <billing@acme.test>").unwrap().email.to_string(), "billing@acme.test");
        for wrong in ["", "billing", "a@b.test, c@d.test", "a@b.test\r\nBcc: c@d.test"] {
            assert!(sender(wrong).is_err(), "{wrong:?}");
        }
    }
}
