//! The clocks that a sandbox, a test and a child process can share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use chute_toggl::clock::Clock;

/// Where a sandbox takes its time from.
#[derive(Clone)]
pub enum SandboxClock {
    /// A number shared with the test.
    Sim(SimClock),
    /// A file shared with a child process.
    File(ClockFile),
    /// Anything else that tells milliseconds since 1970-01-01T00:00:00Z.
    By(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl SandboxClock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::Sim(clock) => clock.now_ms(),
            Self::File(clock) => clock.now_ms(),
            Self::By(clock) => clock(),
        }
    }
}

impl From<SimClock> for SandboxClock {
    fn from(clock: SimClock) -> Self {
        Self::Sim(clock)
    }
}

impl From<ClockFile> for SandboxClock {
    fn from(clock: ClockFile) -> Self {
        Self::File(clock)
    }
}

/// Whole milliseconds, rounded up: a sleep that moved the clock by nothing could be repeated for ever.
fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

/// A clock that moves only when it is told to, or slept on.
#[derive(Debug, Clone)]
pub struct SimClock(pub Arc<AtomicI64>);

impl SimClock {
    /// A clock that shows `now_ms`.
    pub fn new(now_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now_ms)))
    }

    /// A clock that shows the second `now`.
    pub fn at(now: i64) -> Self {
        Self::new(now * 1000)
    }

    /// Moves it on (or back).
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets it to the second `now`.
    pub fn set(&self, now: i64) {
        self.0.store(now * 1000, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep(&self, duration: Duration) {
        self.advance(whole_ms(duration));
    }
}

/// A clock in a file that holds milliseconds in decimal, so that processes can share it. It is replaced by
/// renaming, so that a reader never sees half a number.
#[derive(Debug, Clone)]
pub struct ClockFile {
    path: PathBuf,
}

/// Keeps the temporary files of threads apart.
static WRITES: AtomicU32 = AtomicU32::new(0);

impl ClockFile {
    /// Makes the file, or sets it if it is there.
    pub fn create(path: impl Into<PathBuf>, now_ms: i64) -> Self {
        let clock = Self::open(path);
        clock.write(now_ms);
        clock
    }

    /// The clock in a file that is there already.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Panics
    /// If the file is missing or holds anything but a number.
    pub fn now_ms(&self) -> i64 {
        let text = fs::read_to_string(&self.path).unwrap_or_else(|e| panic!("clock {}: {e}", self.path.display()));
        text.trim().parse().unwrap_or_else(|e| panic!("clock {}: {text:?}: {e}", self.path.display()))
    }

    /// Moves it on (or back). Processes that do so at once add up.
    pub fn advance(&self, ms: i64) {
        let lock = File::create(self.path.with_extension("lock")).expect("the clock's folder is writable");
        lock.lock().expect("the clock can be locked");
        self.write(self.now_ms() + ms);
    }

    /// Sets it to the second `now`.
    pub fn set(&self, now: i64) {
        self.write(now * 1000);
    }

    fn write(&self, now_ms: i64) {
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary = self.path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        fs::write(&temporary, now_ms.to_string()).expect("the clock's folder is writable");
        fs::rename(&temporary, &self.path).expect("the clock can be replaced");
    }
}

impl Clock for ClockFile {
    fn now_ms(&self) -> i64 {
        ClockFile::now_ms(self)
    }

    fn sleep(&self, duration: Duration) {
        self.advance(whole_ms(duration));
    }
}
