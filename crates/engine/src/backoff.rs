//! Back-off: exponential with full jitter. The chance in it is a hash of who waits for what, so that a replay waits as
//! long as the run did.

use countersign_ir::hash::Hasher;
use countersign_ir::value::SECOND;

use crate::cell::CellId;
use crate::protocol::Number;

/// How long to wait after that many failed attempts, in nanoseconds: between nothing and twice as long as before, at
/// most `ceiling`.
pub fn delay(cell: &CellId, number: Number, attempts: u32, ceiling: i64) -> i64 {
    let doublings = attempts.saturating_sub(1).min(20);
    let longest = SECOND.saturating_mul(1 << doublings).min(ceiling).max(1);
    let hash = Hasher::new("countersign/jitter/v1").text(&cell.key).number(u64::from(number)).finish();
    let chance = hash.0.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    i64::try_from(chance % longest.unsigned_abs()).unwrap_or(longest)
}

/// How long to wait before reading again whether something has become true: from a quarter of a second to a minute.
pub fn poll(polls: u32, lasting: i64) -> i64 {
    let ceiling = (lasting / 50).clamp(60 * SECOND, 900 * SECOND);
    (SECOND / 4).saturating_mul(1 << polls.min(20)).min(ceiling)
}
