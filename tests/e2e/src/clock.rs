//! The scaled clock of a stack. The process is told where it begins; when it is started anew it goes on from there.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock that runs faster than real time.
#[derive(Debug, Clone)]
pub struct Clock {
    began: Timestamp,
    since: Instant,
    factor: u32,
}

impl Clock {
    /// One that begins now at `began`, and runs `factor` times as fast as ours.
    pub fn new(began: &str, factor: u32) -> Self {
        let began = began.parse().unwrap_or_else(|error| panic!("`{began}` is no instant: {error}"));
        Self { began, since: Instant::now(), factor }
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.since.elapsed() * self.factor).expect("a test is short");
        self.began + passed
    }

    /// Puts it ahead, as by a night during which the process is down.
    pub fn skip(&mut self, by: Duration) {
        self.began += SignedDuration::try_from(by).expect("a skip is short");
    }

    /// As `--clock` takes it, to go on from now.
    pub fn flag(&mut self) -> String {
        let now = self.now();
        *self = Self { began: now, since: Instant::now(), factor: self.factor };
        format!("{now}x{}", self.factor)
    }

    /// How long we wait for so much of its time to pass.
    pub fn real(&self, time: Duration) -> Duration {
        time / self.factor
    }
}
