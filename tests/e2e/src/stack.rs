//! Everything that a test needs, started and wired: receiver, SMTP server, `countersign run`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use crate::api::{Api, Run, Task};
use crate::clock::{Clock, instant, later};
use crate::mail::{Mail, MailServer};
use crate::people::{self, Said};
use crate::process::{Process, port, tail};
use crate::receiver::{BILLING_TOKEN, ERP_TOKEN, Receiver};
use crate::sender::{Invoice, Message, Reply, SECRET};
use crate::wait::{eventually, patience};
use crate::{http, project};

/// Enters invoices and owns the flow.
pub const ANA: &str = "ana@acme.test";
/// As Ana.
pub const BEN: &str = "ben@acme.test";
/// A finance lead.
pub const DANA: &str = "dana@acme.test";
/// As Dana.
pub const ELI: &str = "eli@acme.test";
/// The chief financial officer.
pub const CAROL: &str = "carol@acme.test";

/// The environment of the process.
const SECRETS: [(&str, &str); 3] =
    [("ERP_TOKEN", ERP_TOKEN), ("BILLING_TOKEN", BILLING_TOKEN), ("ERP_WEBHOOK", SECRET)];

/// How a stack begins.
#[derive(Debug, Clone)]
pub struct Setup {
    /// When, by its clock. A Monday, nine o'clock in the office, unless it is said.
    pub at: &'static str,
    /// How many times as fast as real time.
    pub speed: u32,
    /// Whether its systems are simulated (`countersign dev`, in real time).
    pub simulated: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { at: "2026-11-23T08:00:00Z", speed: 60, simulated: false }
    }
}

/// The running whole.
#[derive(Debug)]
pub struct Stack {
    // Before the folder, so that it is gone when the folder goes.
    process: Option<Process>,
    /// ERP and billing.
    pub receiver: Receiver,
    /// The SMTP server.
    pub mail: MailServer,
    /// None where systems are simulated.
    clock: Option<Clock>,
    port: u16,
    tokens: Mutex<HashMap<String, Api>>,
    folder: TempDir,
}

impl Stack {
    /// With the default setup.
    pub fn start() -> Self {
        Self::with(&Setup::default())
    }

    /// With simulated systems: receiver and SMTP server are there, and should hear nothing.
    pub fn simulated() -> Self {
        Self::with(&Setup { simulated: true, ..Setup::default() })
    }

    /// With another setup.
    pub fn with(setup: &Setup) -> Self {
        let folder = TempDir::with_prefix("countersign-e2e-").expect("there is room for a temporary folder");
        let receiver = Receiver::start(folder.path());
        let mail = MailServer::start(folder.path());
        let urls = [("erp_url", receiver.url()), ("billing_url", receiver.url()), ("smtp_url", mail.url())];
        let settings: Vec<_> = urls.iter().map(|(name, url)| (*name, url.as_str())).collect();
        project::copy(&folder.path().join("project"), &settings);
        let clock = (!setup.simulated).then(|| Clock::new(setup.at, setup.speed));
        let tokens = Mutex::default();
        let mut stack = Self { process: None, receiver, mail, clock, port: port(), tokens, folder };
        stack.up();
        stack
    }

    // The process.

    /// Starts `countersign run`, if it is down.
    pub fn up(&mut self) {
        let mut process = self.launch();
        let health = format!("{}/healthz", self.url());
        process.until_ready(|| match http::send("GET", &health, &[], None)? {
            response if response.status == 200 => Ok(()),
            response => Err(format!("{response:?}")),
        });
        self.process = Some(process);
    }

    /// Starts it, or says why it did not start.
    pub fn try_up(&mut self) -> Result<(), String> {
        let mut process = self.launch();
        let health = format!("{}/healthz", self.url());
        eventually("countersign is ready or ends", || {
            if let Some(status) = process.ended() {
                return Ok(Err(format!("{status}: {}", tail(&self.log(), 5))));
            }
            match http::send("GET", &health, &[], None)? {
                response if response.status == 200 => Ok(Ok(())),
                response => Err(format!("{response:?}")),
            }
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Starts it without waiting for it to answer: for stores that it may refuse.
    pub fn launch(&mut self) -> Process {
        // Simulated systems want no secrets, and the sender's is made up.
        let (verb, secrets) = if self.clock.is_some() { ("run", &SECRETS[..]) } else { ("dev", &[][..]) };
        let mut command = people::command(&self.project(), &self.home("operator"), secrets);
        command.env("RUST_LOG", "info");
        command.args([verb, "--listen", &format!("127.0.0.1:{}", self.port)]);
        if let Some(clock) = &self.clock {
            command.args(["--clock", &clock.flag()]);
        }
        Process::start("countersign", &mut command, &self.log())
    }

    /// Asks it to end, and waits for it.
    pub fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            let status = process.stop();
            assert!(status.success(), "countersign did not end well ({status}):\n{}", tail(&self.log(), 40));
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops it and starts it again.
    pub fn restart(&mut self) {
        self.down();
        self.up();
    }

    /// Lets time pass while it is down, and starts it again.
    pub fn sleep_through(&mut self, time: Duration) {
        let now = instant(&self.api(ANA).status().unwrap_or_else(|error| panic!("{error}")).now);
        self.sleep_until(later(now, time));
    }

    /// The same, until an instant as the API writes it has passed by a minute.
    pub fn sleep_past(&mut self, at: &str) {
        self.sleep_until(later(instant(at), Duration::from_mins(1)));
    }

    fn sleep_until(&mut self, at: Timestamp) {
        self.down();
        self.clock.as_mut().expect("only a scaled clock can be put ahead").put_ahead(at);
        self.up();
    }

    /// Waits so much of the stack's time.
    pub fn pass(&self, time: Duration) {
        std::thread::sleep(self.clock.as_ref().map_or(time, |clock| clock.real(time)));
    }

    // Where things are.

    /// The base address of the process.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where invoices are posted.
    pub fn door(&self) -> String {
        format!("{}/erp/invoices", self.url())
    }

    /// The folder of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The project.
    pub fn project(&self) -> PathBuf {
        self.folder().join("project")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.project().join(".countersign/runs.db")
    }

    /// The log of the process, over all its starts.
    pub fn log(&self) -> PathBuf {
        self.folder().join("countersign.log")
    }

    fn home(&self, person: &str) -> PathBuf {
        self.folder().join("homes").join(person)
    }

    // What comes in.

    /// Enters an invoice into the ledger and posts its webhook.
    pub fn post(&self, invoice: &Invoice) -> Reply {
        self.receiver.enter(std::slice::from_ref(invoice));
        self.send(&Message::about(invoice))
    }

    /// The same for one that must be acknowledged; gives the run.
    #[track_caller]
    pub fn submit(&self, invoice: &Invoice) -> String {
        self.post(invoice).run()
    }

    /// Posts a message once.
    #[track_caller]
    pub fn send(&self, message: &Message) -> Reply {
        message.post(&self.door()).unwrap_or_else(|error| panic!("{} got no answer: {error}", message.id))
    }

    // What people do.

    /// Runs a command as a person, who signs in first if they have not.
    pub fn cli(&self, person: &str, arguments: &[&str]) -> Said {
        let home = self.home(person);
        if !home.exists() {
            self.command(person, &["login", person]).ok();
        }
        self.command(person, arguments)
    }

    /// The same without signing in.
    pub fn command(&self, person: &str, arguments: &[&str]) -> Said {
        let url = self.url();
        let variables = [("COUNTERSIGN_SERVER", url.as_str())];
        people::countersign(&self.project(), &self.home(person), &variables, arguments)
    }

    /// Runs a command as whoever operates the process, who has its secrets.
    pub fn operator(&self, arguments: &[&str]) -> Said {
        people::countersign(&self.project(), &self.home("operator"), &SECRETS, arguments)
    }

    /// The API, as that person.
    pub fn api(&self, person: &str) -> Api {
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let api = tokens.entry(person.to_owned()).or_insert_with(|| {
            let file = self.project().join(".countersign/operator.key");
            let key = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            Api::login(&self.url(), person, key.trim()).unwrap_or_else(|error| panic!("{error}"))
        });
        api.clone()
    }

    // What is seen.

    /// A run as it stands.
    pub fn run(&self, id: &str) -> Run {
        self.api(ANA).run(id).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until a run has that status.
    #[track_caller]
    pub fn until(&self, run: &str, status: &str) -> Run {
        self.until_within(patience(), run, status)
    }

    /// The same with a time of its own.
    #[track_caller]
    pub fn until_within(&self, time: Duration, run: &str, status: &str) -> Run {
        let api = self.api(ANA);
        crate::wait::within(time, &format!("{run} is {status}"), || {
            let seen = api.run(run)?;
            if seen.status == status {
                return Ok(seen);
            }
            Err(format!("it is {} ({})\n{}", seen.status, seen.doing, seen.story()))
        })
    }

    /// Waits for an open task of that kind in a person's inbox, about that run if one is named.
    #[track_caller]
    pub fn task(&self, person: &str, kind: &str, run: Option<&str>) -> Task {
        let api = self.api(person);
        let of = run.map_or_else(String::new, |run| format!(" about {run}"));
        eventually(&format!("{person} has a task of kind {kind}{of}"), || {
            let tasks = api.inbox()?;
            let fits = |task: &&Task| task.kind == kind && (run.is_none() || task.run.as_deref() == run);
            tasks.iter().find(fits).cloned().ok_or_else(|| format!("{tasks:?}"))
        })
    }

    /// A task with its context.
    pub fn task_detail(&self, id: &str) -> Task {
        self.api(ANA).task(id).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Every message that the SMTP server took.
    pub fn mailbox(&self) -> Vec<Mail> {
        self.mail.mailbox()
    }

    /// Waits for a message to that address whose subject and text contain all the words.
    #[track_caller]
    pub fn mail_to(&self, to: &str, words: &[&str]) -> Mail {
        eventually(&format!("{to} gets a mail with {words:?}"), || {
            let mails = self.mailbox();
            let fits = |mail: &&Mail| {
                mail.to == to
                    && words.iter().all(|word| mail.subject.contains(word) || mail.text.contains(word))
            };
            mails.iter().find(fits).cloned().ok_or_else(|| format!("{mails:#?}"))
        })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        self.folder.disable_cleanup(true);
        eprintln!("\nthe folder of the failed test is kept: {}", self.folder().display());
        for (name, log) in [
            ("countersign", self.log()),
            ("receiver", self.receiver.log().into()),
            ("smtp", self.mail.log().into()),
        ] {
            eprintln!("--- the end of the log of {name}\n{}", tail(&log, 40));
        }
        eprintln!(
            "--- the end of the receiver's record\n{}",
            tail(&self.folder().join("receiver.jsonl"), 15)
        );
    }
}
