//! The host's time: the machine's clock, or one that was begun elsewhere and runs faster.
//!
//! In goes what `--clock` says and what the store remembers; out comes the one clock of the process. A store has one kind
//! of time for ever: what ran in scaled time cannot go on in real time, nor the other way round, because its deadlines
//! would mean something else.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign_ir::time::{instant_text, parse_instant};
use countersign_store::{Store, StoreError, StoreRead};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Where the host takes its time from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time in nanoseconds since 1970.
    fn now(&self) -> i64;

    /// How many times faster than real time it runs.
    fn speed(&self) -> u32;

    /// How long it is in real time until that instant; nothing if it has passed.
    fn real_until(&self, at: i64) -> Duration {
        let rest = at.saturating_sub(self.now()).max(0).unsigned_abs();
        Duration::from_nanos(rest.div_ceil(u64::from(self.speed().max(1))))
    }
}

/// Real time in nanoseconds since 1970.
pub(crate) fn real_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> i64 {
        real_now()
    }

    fn speed(&self) -> u32 {
        1
    }
}

/// A clock that began at an instant of our choice and runs faster than real time, for tests of the real binary.
#[derive(Debug, Clone)]
pub struct ScaledClock {
    /// What it showed when this process started.
    begin: i64,
    started: Instant,
    speed: u32,
}

impl Clock for ScaledClock {
    fn now(&self) -> i64 {
        let real = i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.begin.saturating_add(real.saturating_mul(i64::from(self.speed)))
    }

    fn speed(&self) -> u32 {
        self.speed
    }
}

/// What `--clock` says: `2026-11-23T09:00:00+01:00x3600` begins there and runs 3600 times as fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSpec {
    /// Where it begins, in nanoseconds since 1970.
    pub begin: i64,
    /// How many times faster than real time it runs.
    pub speed: u32,
}

/// The fastest clock that makes sense: a day in less than a tenth of a second.
const FASTEST: u32 = 1_000_000;

/// A text that is no clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no clock: expected an instant, `x` and a whole number up to {FASTEST}, such as 2026-11-23T09:00:00+01:00x3600"
)]
pub struct NotAClock(pub String);

impl FromStr for ClockSpec {
    type Err = NotAClock;

    fn from_str(text: &str) -> Result<Self, NotAClock> {
        let parse = || {
            let (begin, speed) = text.rsplit_once('x')?;
            let speed = speed.parse().ok().filter(|speed| (1..=FASTEST).contains(speed))?;
            Some(Self { begin: parse_instant(begin)?, speed })
        };
        parse().ok_or_else(|| NotAClock(text.to_owned()))
    }
}

/// Why a store and a clock do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It ran without one.
    #[error("this store has run in real time, and cannot go on with `--clock`; name another store")]
    StoreIsReal,
    /// It ran with one.
    #[error(
        "this store has run with `--clock {0}`, and cannot go on without; give it again, or name another store"
    )]
    StoreIsScaled(String),
    /// What the store remembers cannot be read.
    #[error("what the store says of its clock cannot be read: `{0}`")]
    Unreadable(String),
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The meta value by which a store remembers its clock.
const META_CLOCK: &str = "clock";
/// What it is for a store that runs in real time.
const REAL: &str = "real";

/// A scaled clock as the store remembers it: what it showed, how fast it runs, and since when in real time.
#[derive(Clone, Copy)]
struct Anchor {
    begin: i64,
    speed: u32,
    real: i64,
}

impl Anchor {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("scaled ")?.split(' ');
        let anchor = Self {
            begin: words.next()?.parse().ok()?,
            speed: words.next()?.parse().ok()?,
            real: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(anchor)
    }

    fn text(self) -> String {
        format!("scaled {} {} {}", self.begin, self.speed, self.real)
    }

    /// What it shows at an instant of real time. The machine's clock may have been put back: it never runs backwards.
    fn at(self, real: i64) -> i64 {
        let passed = real.saturating_sub(self.real).max(0);
        self.begin.saturating_add(passed.saturating_mul(i64::from(self.speed)))
    }
}

/// The time of the last entry: no later one may have an earlier time.
pub(crate) fn last_at(store: &dyn StoreRead) -> Result<i64, StoreError> {
    let last = store.last_position()?;
    let entries = store.entries_after(last.saturating_sub(1), 1)?;
    Ok(entries.first().map_or(i64::MIN, |entry| entry.at))
}

/// The clock of a process that owns this store. A scaled one goes on as if it had never been away; a beginning that lies
/// ahead puts it there, as a night would that the process slept through.
pub(crate) fn open(store: &mut dyn Store, spec: Option<ClockSpec>) -> Result<Arc<dyn Clock>, ClockError> {
    let kept = store.meta(META_CLOCK)?;
    let used = store.last_position()? > 0;
    let kept = match kept.as_deref() {
        None => None,
        Some(REAL) => Some(None),
        Some(text) => Some(Some(Anchor::parse(text).ok_or_else(|| ClockError::Unreadable(text.to_owned()))?)),
    };
    let real = real_now();
    let anchor = match (kept, spec) {
        (Some(Some(anchor)), None) => {
            return Err(ClockError::StoreIsScaled(format!(
                "{}x{}",
                instant_text(anchor.at(real)),
                anchor.speed
            )));
        }
        (Some(None), Some(_)) => return Err(ClockError::StoreIsReal),
        (None, Some(_)) if used => return Err(ClockError::StoreIsReal),
        (Some(None) | None, None) => {
            if kept.is_none() {
                store.put_meta(META_CLOCK, REAL)?;
            }
            return Ok(Arc::new(RealClock));
        }
        (None, Some(spec)) => Anchor { begin: spec.begin, speed: spec.speed, real },
        // Told again, it goes on; told another speed or a later beginning, it goes on so from now.
        (Some(Some(anchor)), Some(spec)) => {
            let now = anchor.at(real);
            let same = spec.speed == anchor.speed && spec.begin <= now;
            if same { anchor } else { Anchor { begin: now.max(spec.begin), speed: spec.speed, real } }
        }
    };
    store.put_meta(META_CLOCK, &anchor.text())?;
    let begin = anchor.at(real).max(last_at(store)?);
    Ok(Arc::new(ScaledClock { begin, started: Instant::now(), speed: anchor.speed }))
}

static SHOWN: OnceLock<Arc<dyn Clock>> = OnceLock::new();

/// Makes log lines show this clock. The first one of a process stays.
pub(crate) fn show_in_log(clock: &Arc<dyn Clock>) {
    let _ = SHOWN.set(Arc::clone(clock));
}

/// The time of a log line: that of the host's clock, which says so in every line if it is not the real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogTime;

impl FormatTime for LogTime {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        let clock = SHOWN.get();
        let now = clock.map_or_else(real_now, |clock| clock.now());
        let micros = now - now.rem_euclid(1000);
        write!(w, "{}", instant_text(micros))?;
        match clock.map_or(1, |clock| clock.speed()) {
            1 => Ok(()),
            speed => write!(w, " [clock x{speed}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_store::InMemory;
    use countersign_store::{CellId, NewEntry, Transition};

    use super::*;

    fn spec(text: &str) -> ClockSpec {
        text.parse().unwrap()
    }

    fn with_an_entry() -> InMemory {
        let mut store = InMemory::new();
        let entry =
            NewEntry { at: 5, kind: "k".into(), actor: "a".into(), body: Vec::new(), facts: Vec::new() };
        let transition =
            Transition { entries: vec![entry], ..Transition::new(CellId::new("t", "k", "c"), 0, 0) };
        store.commit(&[transition]).unwrap();
        store
    }

    #[test]
    fn a_scaled_clock_is_read_from_its_text() {
        assert_eq!(
            spec("2026-11-23T09:00:00+01:00x3600"),
            ClockSpec { begin: parse_instant("2026-11-23T08:00:00Z").unwrap(), speed: 3600 }
        );
        for wrong in ["", "3600", "2026-11-23T09:00:00+01:00", "2026-11-23T09:00:00Zx0", "nowx2", "x"] {
            assert!(wrong.parse::<ClockSpec>().unwrap_err().to_string().contains("is no clock"), "{wrong}");
        }
    }

    #[test]
    fn a_scaled_clock_begins_where_it_is_told_and_runs_as_fast() {
        let mut store = InMemory::new();
        let clock = open(&mut store, Some(spec("2026-11-23T08:00:00Zx1000"))).unwrap();
        let begin = parse_instant("2026-11-23T08:00:00Z").unwrap();
        let first = clock.now();
        std::thread::sleep(Duration::from_millis(20));
        let passed = clock.now() - first;
        assert!(first >= begin && first < begin + 3_600_000_000_000, "{first}");
        assert!(passed >= 20_000_000_000, "20 ms are 20 s: {passed}");
        assert!(clock.real_until(clock.now() + 1_000_000_000_000) <= Duration::from_secs(1));
        assert_eq!(clock.real_until(begin - 1), Duration::ZERO);
    }

    #[test]
    fn a_restart_goes_on_and_never_back() {
        let mut store = InMemory::new();
        let first = open(&mut store, Some(spec("2026-11-23T08:00:00Zx1000"))).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let shown = first.now();
        let again = open(&mut store, Some(spec("2026-11-23T08:00:00Zx1000"))).unwrap();
        assert!(again.now() >= shown);
        let slower = open(&mut store, Some(spec("2026-11-23T08:00:00Zx2"))).unwrap();
        assert!(slower.now() >= shown);
        assert_eq!(slower.speed(), 2);
    }

    #[test]
    fn a_restart_puts_it_ahead_where_it_begins_later() {
        let mut store = InMemory::new();
        open(&mut store, Some(spec("2026-11-23T08:00:00Zx2"))).unwrap();
        let ahead = open(&mut store, Some(spec("2026-11-25T08:00:00Zx2"))).unwrap();
        let shown = ahead.now();
        assert!(shown >= parse_instant("2026-11-25T08:00:00Z").unwrap(), "{shown}");
        let earlier = open(&mut store, Some(spec("2026-11-24T08:00:00Zx2"))).unwrap();
        assert!(earlier.now() >= shown);
    }

    #[test]
    fn a_store_has_one_kind_of_time() {
        let mut scaled = InMemory::new();
        open(&mut scaled, Some(spec("2026-11-23T08:00:00Zx1000"))).unwrap();
        let error = open(&mut scaled, None).unwrap_err();
        assert!(matches!(error, ClockError::StoreIsScaled(_)), "{error}");

        let mut real = InMemory::new();
        open(&mut real, None).unwrap();
        assert_eq!(
            open(&mut real, Some(spec("2026-11-23T08:00:00Zx2"))).unwrap_err(),
            ClockError::StoreIsReal
        );

        let mut used = with_an_entry();
        assert_eq!(
            open(&mut used, Some(spec("2026-11-23T08:00:00Zx2"))).unwrap_err(),
            ClockError::StoreIsReal
        );
    }
}
