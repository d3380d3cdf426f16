//! The real clock, for a few milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chute_toggl::clock::{Clock as _, SystemClock};

use crate::support::clock::{PATIENCE, now_ms, timed};

#[test]
fn it_sleeps_as_long_as_asked_and_no_longer_once_interrupted() {
    let interrupted = Arc::new(AtomicBool::new(false));
    let clock = SystemClock { interrupted: Arc::clone(&interrupted) };
    let before = now_ms();
    let (took, ()) = timed(|| clock.sleep(Duration::from_millis(5)));
    assert!(took >= Duration::from_millis(5));
    let shown = clock.now_ms();
    assert!((before..=now_ms()).contains(&shown));
    assert!((shown.div_euclid(1000)..=now_ms().div_euclid(1000)).contains(&clock.now()));
    interrupted.store(true, Ordering::Relaxed);
    let (took, ()) = timed(|| clock.sleep(4 * PATIENCE));
    assert!(took < PATIENCE);
}
