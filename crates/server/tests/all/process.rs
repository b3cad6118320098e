//! A process of the example in a folder of its own, and the least of HTTP that is needed to speak to it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign_check::{Compiled, Memory, check, settings};
use countersign_server::signature::{SigningKey, sign};
use countersign_server::{Given, Mode, Ready, ServeError, ServeOptions, serve};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const PATH: &str = "/erp/invoices";

const FILES: [&str; 8] = [
    "countersign.toml",
    "holidays.ics",
    "invoices.flow",
    "people.flow",
    "records.flow",
    "remittance.txt",
    "simulation.flow",
    "systems.flow",
];

pub fn invoices() -> Compiled {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    let sources = FILES.iter().fold(Memory::new(), |sources, name| {
        sources.with(*name, std::fs::read_to_string(folder.join(name)).unwrap())
    });
    let checked = check(&sources);
    checked.compiled.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

pub fn options(folder: &Path, mode: Mode, secrets: &[(&str, &str)]) -> ServeOptions {
    let compiled = invoices();
    let values = settings(&compiled.program, &compiled.manifest, &[]).unwrap();
    let secrets: BTreeMap<String, String> =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut options = ServeOptions::new(folder.to_owned(), compiled.program, values, mode);
    options.simulation = compiled.suite.simulation;
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.secrets = Given(secrets);
    options
}

/// A process that takes events.
pub struct Process {
    pub ready: Ready,
    folder: Option<TempDir>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Process {
    /// `countersign dev`, with the trigger's secret set.
    pub async fn dev() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), Mode::Dev, &[("ERP_WEBHOOK", SECRET)]);
        let mut process = Self::start(options).await;
        process.folder = Some(folder);
        process
    }

    pub async fn start(options: ServeOptions) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, told) = oneshot::channel();
        let until = async {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(options, until, move |said| {
            let _ = ready.send(said);
        }));
        let Ok(ready) = told.await else { panic!("it did not start: {:?}", served.await.unwrap()) };
        Self { ready, folder: None, stop, served }
    }

    pub fn operator_key(&self) -> String {
        std::fs::read_to_string(&self.ready.operator_key).unwrap()
    }

    pub async fn stop(self) -> (Result<(), ServeError>, Option<TempDir>) {
        let _ = self.stop.send(());
        (self.served.await.unwrap(), self.folder)
    }

    /// Sends a request.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.ready.address).await.unwrap();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        // A server that turns a body away may close before it is all sent.
        let _ = stream.write_all(body).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        Answer::parse(&String::from_utf8(bytes).unwrap())
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], b"").await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Json) -> Answer {
        let token = format!("Bearer {token}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        self.send("POST", path, &headers, body.to_string().as_bytes()).await
    }

    /// Signs in.
    pub async fn login(&self, person: &str) -> String {
        let body = serde_json::json!({"person": person, "operator_key": self.operator_key()});
        let answer = self.post("/api/v1/login", "", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["token"].as_str().unwrap().to_owned()
    }

    /// Sends a signed event.
    pub async fn event(&self, id: &str, body: &str) -> Answer {
        self.event_at(id, now(), body).await
    }

    pub async fn event_at(&self, id: &str, at: i64, body: &str) -> Answer {
        let signature = sign(&SigningKey::new(SECRET).unwrap(), id, at, body.as_bytes());
        let at = at.to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)];
        self.send("POST", PATH, &headers, body.as_bytes()).await
    }

    /// Asks until the answer is as it should be, for at most half a minute.
    pub async fn until(&self, path: &str, token: &str, is: impl Fn(&Json) -> bool) -> Json {
        let began = Instant::now();
        loop {
            let answer = self.get(path, token).await;
            if answer.status == 200 && is(&answer.body) {
                return answer.body;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{path}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

pub fn invoice(id: &str, amount: u32) -> String {
    format!(
        r#"{{"id":"{id}","vendor":"v-1","amount":"{amount}.00 EUR","due":"2026-12-01","status":"open","entered_by":"ana@acme.test"}}"#
    )
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Json,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let body = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {text}"));
        Self { status, headers, body }
    }

    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}

pub fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}
