//! The log: one line for each notable fact, on standard error, in the host's time.

use countersign_runtime::LogTime;
use tracing_subscriber::EnvFilter;

/// Sends log lines to standard error. `RUST_LOG` says what is of interest, else `filter` does (such as `info`).
///
/// A scaled clock is named in every line. The second call of a process does nothing.
pub fn log_to_stderr(filter: &str, colour: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(LogTime)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false);
    let _ = log.try_init();
}
