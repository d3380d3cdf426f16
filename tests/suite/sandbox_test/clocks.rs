//! The clocks that are shared.

use std::sync::Arc;

use chute_toggl::clock::Clock;

use super::NOW;
use crate::sandbox::{ClockFile, SandboxClock, SimClock};

#[test]
fn clocks_move_when_slept_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = ClockFile::create(folder.path().join("clock"), NOW * 1000);
    let sim = SimClock::at(NOW);
    for clock in [&file as &dyn Clock, &sim] {
        assert_eq!((clock.now_ms(), clock.now()), (NOW * 1000, NOW));
        clock.sleep(std::time::Duration::from_micros(2_000_001));
        assert_eq!(clock.now_ms(), NOW * 1000 + 2001);
    }
    let seen_elsewhere = ClockFile::open(file.path());
    seen_elsewhere.advance(-1);
    assert_eq!(file.now_ms(), NOW * 1000 + 2000);
    file.set(7);
    assert_eq!(seen_elsewhere.now_ms(), 7000);
    assert_eq!(SandboxClock::from(file).now_ms(), 7000);
    assert_eq!(SandboxClock::By(Arc::new(|| 5)).now_ms(), 5);
}

#[test]
fn a_clock_file_never_tears_and_loses_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ClockFile::create(folder.path().join("clock"), 999_000);
    let walkers: Vec<_> = (0..4)
        .map(|_| {
            let clock = clock.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let before = clock.now_ms();
                    clock.advance(7);
                    assert!(clock.now_ms() >= before + 7);
                }
            })
        })
        .collect();
    walkers.into_iter().for_each(|walker| walker.join().unwrap());
    assert_eq!(clock.now_ms(), 999_000 + 4 * 50 * 7);
}
