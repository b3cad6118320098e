//! A process that a test started: its log, its end, and ports for it to listen on.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::wait::{eventually, within};

/// A process, killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; what it prints is appended to `log`.
    pub fn start(name: &'static str, command: &mut Command, log: &Path) -> Self {
        let file = || open_log(log);
        let child = command
            .stdin(Stdio::null())
            .stdout(file())
            .stderr(file())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        Self { name, child, log: log.to_owned() }
    }

    /// Waits until `ready` says so; fails at once if the process ends before.
    pub fn until_ready<T>(&mut self, mut ready: impl FnMut() -> Result<T, String>) -> T {
        let what = format!("{} is ready", self.name);
        eventually(&what, || {
            if let Some(status) = self.ended() {
                panic!("{} ended before it was ready ({status}):\n{}", self.name, tail(&self.log, 40));
            }
            ready()
        })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("cannot ask after {}: {error}", self.name))
    }

    /// `kill -9`, and nothing else; when this returns it is gone.
    pub fn kill(&mut self) {
        // It may have ended by itself; that it is gone is all that matters.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end (SIGTERM), and waits for it.
    pub fn stop(&mut self) -> ExitStatus {
        let asked = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        asked.expect("`kill` is there");
        within(Duration::from_secs(20), &format!("{} ends when it is asked to", self.name), || {
            self.ended().ok_or_else(|| "it still runs".to_owned())
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn open_log(path: &Path) -> File {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The last lines of a log.
pub fn tail(path: &Path, lines: usize) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path) {
        // A log that cannot be read is shown as far as it can.
        let _ = file.read_to_end(&mut bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A port that nobody listens on. Below the ports that the system gives to connections, and no two tests of this process
/// get the same, so that it stays free also while its process is down between two starts.
pub fn port() -> u16 {
    const FIRST: u16 = 17_000;
    const COUNT: u16 = 15_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or(0);
    for _ in 0..COUNT {
        let place = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (offset.wrapping_add(place)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST} on");
}
