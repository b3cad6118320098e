//! Servers that misbehave as told, one connection after the other.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_ir::wire::{Call, Reply, Verb};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One thing that a server does with a connection.
#[derive(Debug, Clone)]
pub enum Do {
    /// Read a whole request, head and body.
    ReadRequest,
    /// Read one line.
    ReadLine,
    /// Read lines up to and including the one given.
    ReadUntil(&'static str),
    /// Write.
    Write(String),
    /// Let time pass.
    Wait(Duration),
    /// Say nothing for good, and keep the connection open.
    Hang,
}

pub fn write(text: impl Into<String>) -> Do {
    Do::Write(text.into())
}

/// A server on a port of its own, and what it has been sent.
pub struct Scripted {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Plays one script per connection, in order, and closes each at its end; later connections are closed at once.
    pub async fn start(scripts: Vec<Vec<Do>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut scripts = scripts.into_iter();
            while let Ok((stream, _)) = listener.accept().await {
                let script = scripts.next().unwrap_or_default();
                tokio::spawn(play(stream, script, Arc::clone(&noted)));
            }
        });
        Self { address, heard }
    }

    /// Everything that was read, a line each.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn url(&self, scheme: &str) -> url::Url {
        format!("{scheme}://{}", self.address).parse().unwrap()
    }
}

async fn play(stream: TcpStream, script: Vec<Do>, heard: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    for step in script {
        match step {
            Do::Wait(time) => tokio::time::sleep(time).await,
            Do::Hang => std::future::pending().await,
            Do::Write(text) => {
                if stream.get_mut().write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Do::ReadLine => drop(line(&mut stream, &heard).await),
            Do::ReadUntil(end) => while line(&mut stream, &heard).await.is_some_and(|line| line != end) {},
            Do::ReadRequest => {
                let mut length = 0;
                while let Some(line) = line(&mut stream, &heard).await.filter(|line| !line.is_empty()) {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                if stream.read_exact(&mut body).await.is_err() {
                    return;
                }
                heard.lock().unwrap().push(String::from_utf8(body).unwrap());
            }
        }
    }
}

async fn line(stream: &mut BufReader<TcpStream>, heard: &Mutex<Vec<String>>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            let line = line.trim_end_matches(['\r', '\n']).to_owned();
            heard.lock().unwrap().push(line.clone());
            Some(line)
        }
    }
}

/// A port on which nobody listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

pub fn call(verb: Verb, target: &str, body: Option<&str>) -> Call {
    Call {
        system: "billing".to_owned(),
        verb,
        target: target.to_owned(),
        body: body.map(str::to_owned),
        key: (verb != Verb::Get).then(|| "k1".to_owned()),
        send_before: i64::MAX,
        operation: None,
    }
}

/// A reply in one line, with the port left out, which differs from run to run.
pub fn told(reply: &Reply, address: SocketAddr) -> String {
    let line = match reply {
        Reply::NotSent { reason } => format!("not sent: {reason}"),
        Reply::InDoubt { reason } => format!("in doubt: {reason}"),
        Reply::Answered { status, retry_after, body } => {
            let wait = retry_after.map(|seconds| format!(" after {seconds}s"));
            format!("{status}{} {body}", wait.unwrap_or_default())
        }
    };
    line.replace(&address.to_string(), "HOST")
}
