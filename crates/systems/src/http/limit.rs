//! The rate limit of a system: calls are spaced evenly, and one whose turn would come too late is not sent at all.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub(super) struct Limit {
    every: Duration,
    next: Mutex<Option<Instant>>,
}

impl Limit {
    pub(super) fn per_second(calls: NonZeroU32) -> Self {
        Self { every: Duration::from_secs(1) / calls.get(), next: Mutex::new(None) }
    }

    /// Wait for a turn. False, and no turn is used up, when it would come after `left`.
    pub(super) async fn turn(&self, left: Duration) -> bool {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = next.map_or(now, |next| next.max(now));
            if turn.duration_since(now) > left {
                return false;
            }
            *next = Some(turn + self.every);
            turn
        };
        sleep_until(turn).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_and_one_too_many_is_turned_away_at_once() {
        let limit = Limit::per_second(NonZeroU32::new(10).unwrap());
        let start = Instant::now();
        let plenty = Duration::from_secs(5);
        let mut turns = Vec::new();
        for _ in 0..3 {
            assert!(limit.turn(plenty).await);
            turns.push(start.elapsed().as_millis());
        }
        assert_eq!(turns, [0, 100, 200]);
        assert!(!limit.turn(Duration::from_millis(50)).await);
        assert_eq!(start.elapsed().as_millis(), 200, "turned away without a wait");
        assert!(limit.turn(plenty).await);
        assert_eq!(start.elapsed().as_millis(), 300, "and without using up a turn");
    }
}
