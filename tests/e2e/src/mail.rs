//! A real SMTP server, and the mailbox that it fills.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mailparse::MailHeaderMap as _;

use crate::process::{Process, port};
use crate::programs;

/// The server.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    mailbox: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

/// One message, as it lies in the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient of its envelope.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

impl MailServer {
    /// Starts one that keeps its mail in `folder`.
    pub fn start(folder: &Path) -> Self {
        let mailbox = folder.join("mailbox");
        let mut server = Self { port: port(), mailbox, log: folder.join("smtp.log"), process: None };
        server.up();
        server
    }

    /// Starts it, if it is down.
    pub fn up(&mut self) {
        let mut command = Command::new(programs::python());
        command.args(["-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Mailbox"]).arg(&self.mailbox);
        command.args(["-l", &format!("127.0.0.1:{}", self.port)]);
        let mut process = Process::start("the SMTP server", &mut command, &self.log);
        let port = self.port;
        process.until_ready(|| greeting(port));
        self.process = Some(process);
    }

    /// Kills it.
    pub fn down(&mut self) {
        self.process = None;
    }

    /// As a setting names it.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Every message so far, in no order.
    pub fn mailbox(&self) -> Vec<Mail> {
        let Ok(files) = fs::read_dir(self.mailbox.join("new")) else { return Vec::new() };
        files.map(|file| read(&file.expect("the mailbox can be listed").path())).collect()
    }
}

fn greeting(port: u16) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(told)?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).map_err(told)?;
    let mut code = [0; 3];
    stream.read_exact(&mut code).map_err(told)?;
    if &code == b"220" { Ok(()) } else { Err(format!("it says {}", String::from_utf8_lossy(&code))) }
}

fn read(path: &Path) -> Mail {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mail = mailparse::parse_mail(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header = |name| mail.headers.get_first_value(name).unwrap_or_default();
    let part = mail.subparts.first().unwrap_or(&mail);
    let text = part.get_body().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Mail { to: header("X-RcptTo"), subject: header("Subject"), text }
}
