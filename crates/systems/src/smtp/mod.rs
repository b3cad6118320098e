//! Mail servers.
//!
//! A message is in doubt from its first byte to the server's final word on it. Before that byte nothing was sent,
//! whatever the conversation had come to; a server that declines in between has answered, with its own reply code. Each
//! message has a connection of its own.
//!
//! A message that cannot be sent as it is, because of its address for one, is turned down here as a failure of class
//! data ([`countersign_ir::classify::UNSENDABLE`]), before a server is asked.

mod message;
mod options;

use std::future::Future;
use std::time::Duration;

use countersign_ir::wire::{Call, Reply, Verb};
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use self::message::Letter;
use self::options::{Protection, Server};
use crate::{Connector, InvalidOptions, Now, Performing, cause, too_late, unsendable};

pub use self::options::SmtpOptions;

/// How long a server is given to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A mail server.
pub struct Smtp {
    server: Server,
    from: Mailbox,
    timeout: Duration,
    now: Now,
}

impl Smtp {
    /// A connector. Nothing is opened yet.
    pub fn new(options: SmtpOptions) -> Result<Self, InvalidOptions> {
        let SmtpOptions { server, from, timeout, now } = options;
        if timeout.is_zero() {
            return Err(InvalidOptions::new("timeout", "expected more than no time at all"));
        }
        Ok(Self { server: Server::new(&server)?, from: options::sender(&from)?, timeout, now })
    }

    async fn attempt(&self, call: &Call) -> Reply {
        if call.verb != Verb::Deliver {
            return unsendable(format!(
                "not sent: `{}` is a mail server, which can only deliver",
                call.system
            ));
        }
        match message::letter(call, &self.from) {
            Ok(letter) => self.deliver(call, &letter).await.unwrap_or_else(|reply| reply),
            Err(reason) => unsendable(reason),
        }
    }

    /// One conversation. Either way the reply is final; an early end is an `Err` so that steps can be chained.
    async fn deliver(&self, call: &Call, letter: &Letter) -> Result<Reply, Reply> {
        self.in_time(call)?;
        let mut connection = self.connect().await?;
        let parameters = self.parameters(&connection, letter)?;
        let from = Some(self.from.email.clone());
        self.step(connection.command(Mail::new(from, parameters))).await?;
        self.step(connection.command(Rcpt::new(letter.to.clone(), Vec::new()))).await?;
        let ready = self.step(connection.command(Data)).await?;
        if !ready.has_code(354) {
            let reason = format!("{} took no message: it answered {}", self.server.host, ready.code());
            return Err(Reply::NotSent { reason });
        }
        self.in_time(call)?;
        let reply = match timeout(self.timeout, connection.message(&letter.bytes)).await {
            Ok(Ok(response)) => answered(&response),
            Ok(Err(error)) => refused(&error).unwrap_or_else(|| self.in_doubt(&cause(&error))),
            Err(_) => self.in_doubt(&format!("nothing within {:?}", self.timeout)),
        };
        // Politeness is no reason to keep the reply waiting.
        drop(tokio::spawn(async move { timeout(GOODBYE, connection.quit()).await.is_ok() }));
        Ok(reply)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Reply> {
        let Server { host, port, protection, login } = &self.server;
        let us = ClientId::default();
        let at_once = if *protection == Protection::Tls { Some(self.tls()?) } else { None };
        let address = (host.as_str(), *port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &us, at_once, None);
        let mut connection = self.step(connecting).await?;
        if *protection == Protection::StartTls {
            let tls = self.tls()?;
            self.step(connection.starttls(tls, &us)).await?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            self.step(connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
        }
        Ok(connection)
    }

    /// One step before the message, within its time. Nothing has been sent when it fails.
    async fn step<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Reply> {
        match timeout(self.timeout, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(refused(&error).unwrap_or_else(|| self.not_sent(&cause(&error)))),
            Err(_) => Err(self.not_sent(&format!("nothing within {:?}", self.timeout))),
        }
    }

    fn parameters(
        &self,
        connection: &AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Vec<MailParameter>, Reply> {
        let ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
        if ascii(&letter.to) && ascii(&self.from.email) {
            return Ok(Vec::new());
        }
        if connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Ok(vec![MailParameter::SmtpUtfEight]);
        }
        let host = &self.server.host;
        Err(unsendable(format!("not sent: {host} takes no addresses beyond ascii, such as `{}`", letter.to)))
    }

    fn tls(&self) -> Result<TlsParameters, Reply> {
        TlsParameters::new(self.server.host.clone()).map_err(|error| self.not_sent(&cause(&error)))
    }

    fn in_time(&self, call: &Call) -> Result<(), Reply> {
        if (self.now)() >= call.send_before { Err(too_late()) } else { Ok(()) }
    }

    fn not_sent(&self, problem: &str) -> Reply {
        let Server { host, port, .. } = &self.server;
        Reply::NotSent { reason: format!("{host}:{port} cannot be reached: {problem}") }
    }

    fn in_doubt(&self, problem: &str) -> Reply {
        let Server { host, port, .. } = &self.server;
        Reply::InDoubt { reason: format!("no final answer from {host}:{port}: {problem}") }
    }
}

impl Connector for Smtp {
    fn perform<'a>(&'a self, call: &'a Call) -> Performing<'a> {
        Box::pin(self.attempt(call))
    }

    fn describe(&self) -> String {
        let Server { host, port, protection, .. } = &self.server;
        let how = match protection {
            Protection::Clear => "in clear",
            Protection::StartTls => "with starttls",
            Protection::Tls => "with tls",
        };
        format!("smtp {host}:{port} {how}, from {}", self.from.email)
    }
}

fn answered(response: &Response) -> Reply {
    let words: Vec<_> = response.message().collect();
    Reply::Answered { status: response.code().into(), retry_after: None, body: words.join("\n") }
}

/// The server's own reply code, where it was the server that said no.
fn refused(error: &Error) -> Option<Reply> {
    let status = error.status()?.into();
    Some(Reply::Answered { status, retry_after: None, body: cause(error) })
}
