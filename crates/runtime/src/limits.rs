//! How much the runtime takes upon itself at a time.

use std::time::Duration;

/// Limits of a process. The defaults suit a single machine.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most inputs that wait for the driver before the door says that it is busy.
    pub queued: usize,
    /// The most calls that are out or wait to go out before the door says that it is busy.
    pub calls_out: usize,
    /// The most inputs of one commit.
    pub batch: usize,
    /// The most bytes of a payload.
    pub payload: usize,
    /// How many cells are kept in memory at most, about half of them for long.
    pub cells: usize,
    /// How long calls that are out may still take when the process goes down.
    pub grace: Duration,
    /// The least time between two checkpoints, in real time.
    pub checkpoint_every: Duration,
    /// How long after a failure an input that nobody waits for is tried again.
    pub retry_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queued: 4096,
            calls_out: 10_000,
            batch: 256,
            payload: 1 << 20,
            cells: 8192,
            grace: Duration::from_secs(5),
            checkpoint_every: Duration::from_secs(1),
            retry_after: Duration::from_secs(1),
        }
    }
}
