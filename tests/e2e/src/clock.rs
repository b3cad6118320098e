//! The scaled clock of a stack, as `--clock` takes it.
//!
//! The process remembers in its store what the clock showed, and goes on from there when it is started anew: also the time
//! in between has passed. A later beginning puts it ahead, as if the process had been down for so long; an earlier one
//! means nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A clock that runs faster than real time.
#[derive(Debug, Clone)]
pub struct Clock {
    begin: Timestamp,
    speed: u32,
}

impl Clock {
    /// One that begins at `begin`, and runs `speed` times as fast as ours.
    pub fn new(begin: &str, speed: u32) -> Self {
        Self { begin: instant(begin), speed }
    }

    /// The next start happens at that instant or later.
    pub fn put_ahead(&mut self, to: Timestamp) {
        self.begin = to;
    }

    /// As `--clock` takes it.
    pub fn flag(&self) -> String {
        format!("{}x{}", self.begin, self.speed)
    }

    /// How long we wait for so much of its time to pass.
    pub fn real(&self, time: Duration) -> Duration {
        time / self.speed
    }
}

/// An instant as the API writes it.
pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("`{text}` is no instant: {error}"))
}

/// So much later.
pub fn later(than: Timestamp, by: Duration) -> Timestamp {
    than + SignedDuration::try_from(by).expect("a test's times are short")
}
