//! The one place that knows the time and can sleep.
//!
//! Everything that waits or measures takes a [`Clock`], so that tests run hours of pacing and quota resets in
//! no time, and in any year.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that can be waited on.
pub trait Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// Waits for `duration`, or until the run is interrupted.
    fn sleep(&self, duration: Duration);

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }
}

/// The clock of the operating system. Its sleep ends early once `interrupted` is set, so that Ctrl-C need not
/// wait for a quota reset.
#[derive(Debug, Clone)]
pub struct SystemClock {
    /// Set by the signal handler.
    pub interrupted: Arc<AtomicBool>,
}

/// How long an interrupt may go unnoticed in a sleep.
const SLICE: Duration = Duration::from_millis(50);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the system clock")]
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
    fn sleep(&self, duration: Duration) {
        let mut left = duration;
        while !left.is_zero() && !self.interrupted.load(Ordering::Relaxed) {
            let slice = left.min(SLICE);
            std::thread::sleep(slice);
            left -= slice;
        }
    }
}

/// A clock that is so many seconds behind, put right.
pub struct Corrected<'a> {
    /// The clock.
    pub clock: &'a dyn Clock,
    /// What it lacks; negative if it is ahead.
    pub behind: i64,
}

impl Clock for Corrected<'_> {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms().saturating_add(self.behind.saturating_mul(1000))
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}
