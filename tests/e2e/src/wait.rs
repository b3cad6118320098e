//! Waiting for something to become true, with a deadline and with words for what was seen last.

use std::time::{Duration, Instant};

/// How long anything may take that should happen at once, on a machine that is busy with other tests.
/// `E2E_PATIENCE` multiplies it.
pub fn patience() -> Duration {
    Duration::from_secs(30).mul_f64(factor())
}

fn factor() -> f64 {
    std::env::var("E2E_PATIENCE").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

/// Looks again and again until `look` finds what it looks for, or [`patience`] has ended.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Result<T, String>) -> T {
    within(patience(), what, look)
}

/// The same with a time of its own.
pub fn within<T>(time: Duration, what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if began.elapsed() > time => {
                panic!("waited {time:?} in vain: {what}\nseen last: {seen}");
            }
            Err(_) => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}
