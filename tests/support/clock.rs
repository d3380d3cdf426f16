//! The system's clock, for those who need it: a test of the real binary, and whoever waits for another process. Nobody
//! else in the tests asks for the time or sleeps (`house_test` sees to that): a test in this process says itself when it is.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::sandbox::SandboxClock;

/// Longer than anything takes on the busiest machine: who waits so long would wait for ever.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Now, in milliseconds since 1970-01-01T00:00:00Z.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock stands after 1970");
    i64::try_from(since.as_millis()).expect("the clock stands in this age")
}

/// Now, in unix seconds.
pub fn now() -> i64 {
    now_ms() / 1000
}

/// A fake Toggl by the system's clock, as the real binary is.
pub fn real() -> SandboxClock {
    SandboxClock::By(Arc::new(now_ms))
}

/// Waits until it is so.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}: it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// How long the work takes, and its result.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed(), result)
}

/// How long this thread was busy with the work, however many others the machine has, where the system tells that; and
/// the work's result.
pub fn busy<T>(work: impl FnOnce() -> T) -> (Option<Duration>, T) {
    let so_far = || {
        // It is counted up when a thread makes way, which it does not for a sleep that is over at once.
        std::thread::sleep(Duration::from_micros(200));
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
    };
    let begin = so_far();
    let result = work();
    (so_far().zip(begin).map(|(end, begin)| end.saturating_sub(begin)), result)
}

/// The file gets this time of modification, in unix seconds.
pub fn set_modified(path: &Path, at: i64) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.unsigned_abs());
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

/// When the file was modified by the file system's clock, in unix seconds.
pub fn modified(path: &Path) -> i64 {
    let since = fs::metadata(path).unwrap().modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
