//! The real clock, for a few milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chute_toggl::clock::{Clock as _, SystemClock};

#[test]
fn it_sleeps_as_long_as_asked_and_no_longer_once_interrupted() {
    let interrupted = Arc::new(AtomicBool::new(false));
    let clock = SystemClock { interrupted: Arc::clone(&interrupted) };
    let (begin, began_ms) = (Instant::now(), clock.now_ms());
    clock.sleep(Duration::from_millis(5));
    assert!(begin.elapsed() >= Duration::from_millis(5));
    assert!((4..60_000).contains(&(clock.now_ms() - began_ms)));
    assert_eq!(clock.now(), clock.now_ms().div_euclid(1000));
    interrupted.store(true, Ordering::Relaxed);
    let begin = Instant::now();
    clock.sleep(Duration::from_secs(3600));
    assert!(begin.elapsed() < Duration::from_secs(60));
}
