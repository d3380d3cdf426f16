//! The snapshot on the disk: resting, being written, cut short, or not there.

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use chute_toggl::chute_kun::reading::{ReadError, Reading, Stamp, read_whole, stamp};
use chute_toggl::clock::Clock;

/// 2026-05-13T00:00:00Z, in milliseconds; any time would do.
const NOW: i64 = 1_778_630_400_000;

/// A clock that stands still but for sleeping, and that lets something happen during each sleep.
struct Watch<'a> {
    now: Cell<i64>,
    sleeps: Cell<usize>,
    during: RefCell<Box<dyn FnMut(usize) + 'a>>,
}

impl<'a> Watch<'a> {
    fn new() -> Watch<'a> {
        Watch::with(|_| ())
    }

    fn with(during: impl FnMut(usize) + 'a) -> Watch<'a> {
        Watch { now: Cell::new(NOW), sleeps: Cell::new(0), during: RefCell::new(Box::new(during)) }
    }
}

impl Clock for Watch<'_> {
    fn now_ms(&self) -> i64 {
        self.now.get()
    }

    fn sleep(&self, duration: Duration) {
        self.now.set(self.now.get() + duration.as_millis() as i64);
        self.sleeps.set(self.sleeps.get() + 1);
        (self.during.borrow_mut())(self.sleeps.get());
    }
}

/// Writes `text` as if it had been saved `at` that many milliseconds.
fn save(path: &Path, text: &str, at: i64) {
    fs::write(path, text).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_millis(at as u64)).unwrap();
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snapshot.toml");
    (folder, path)
}

fn taken(path: &Path, clock: &dyn Clock) -> Reading {
    read_whole(path, clock).unwrap()
}

#[test]
fn a_resting_file_is_taken_at_once() {
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW - 1_001);
    let clock = Watch::new();
    let reading = taken(&path, &clock);
    assert_eq!(reading.bytes, b"version = 1\n");
    assert_eq!(reading.saved, NOW / 1_000 - 2, "rounded down");
    assert_eq!(reading.stamp, stamp(&path).unwrap());
    assert_eq!(reading.stamp.size, 12);
    assert_eq!(clock.sleeps.get(), 0);
}

#[test]
fn a_fresh_file_is_given_a_second_to_rest() {
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW - 300);
    let clock = Watch::new();
    assert_eq!(taken(&path, &clock).saved, NOW / 1_000 - 1);
    assert_eq!(clock.now.get(), NOW + 800, "1 s after the save, to the next look");
}

#[test]
fn an_empty_or_cut_file_may_be_completed() {
    for begun in ["", "version = 1\n[[today]]\ntitle = \"a"] {
        let (_folder, path) = folder();
        save(&path, begun, NOW - 10);
        let clock = Watch::with(|sleep| {
            if sleep == 3 {
                save(&path, "version = 1\n", NOW + 600);
            }
        });
        let reading = taken(&path, &clock);
        assert_eq!(reading.bytes, b"version = 1\n");
        assert_eq!(clock.now.get(), NOW + 1_600);
        assert_eq!(reading.saved, NOW / 1_000);
    }
}

#[test]
fn an_empty_or_cut_file_at_rest_is_refused() {
    let (_folder, path) = folder();
    let clock = Watch::new();
    save(&path, "", NOW - 5_000);
    assert!(matches!(read_whole(&path, &clock), Err(ReadError::Empty { .. })));
    save(&path, "version = 1\ntoday = []", NOW - 5_000);
    let error = read_whole(&path, &clock).unwrap_err();
    assert!(matches!(error, ReadError::Cut { .. }));
    assert!(error.to_string().contains(path.to_str().unwrap()));
    assert_eq!(clock.sleeps.get(), 0);
}

#[test]
fn json_needs_no_newline() {
    let (_folder, path) = folder();
    for text in ["{\"version\": 1}", " \n {}", "\u{feff}{}"] {
        save(&path, text, NOW - 5_000);
        assert_eq!(taken(&path, &Watch::new()).bytes, text.as_bytes());
    }
}

#[test]
fn a_time_in_the_future_rests_once_it_has_not_changed_for_a_second() {
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW + 3_600_000);
    let clock = Watch::with(|sleep| {
        if sleep == 2 {
            save(&path, "version = 1\n# again\n", NOW + 3_700_000);
        }
    });
    let reading = taken(&path, &clock);
    assert_eq!(clock.now.get(), NOW + 1_400);
    assert_eq!(reading.saved, NOW / 1_000 + 1, "never later than now");
    assert_eq!(reading.stamp.mtime_ns, (NOW + 3_700_000) * 1_000_000);
}

#[test]
fn a_file_that_never_rests_is_left_for_later() {
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW);
    let clock = Watch::with(|sleep| save(&path, "version = 1\n", NOW + 200 * sleep as i64));
    let error = read_whole(&path, &clock).unwrap_err();
    assert!(matches!(error, ReadError::Restless { .. }));
    assert!(error.to_string().contains("10 seconds"), "{error}");
    assert!((9_000..=10_000).contains(&(clock.now.get() - NOW)));
}

/// An interrupt ends every sleep at once; the loop must end all the same.
#[test]
fn a_clock_that_stands_still_ends_the_looking() {
    struct Interrupted;
    impl Clock for Interrupted {
        fn now_ms(&self) -> i64 {
            NOW
        }
        fn sleep(&self, _: Duration) {}
    }
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW);
    assert!(matches!(read_whole(&path, &Interrupted), Err(ReadError::Restless { .. })));
}

/// The file is replaced at every look at the clock, which lies between the first look at the file and the reading.
#[test]
fn a_file_that_changes_while_it_is_read_is_not_taken() {
    struct Meddling(PathBuf, Cell<i64>);
    impl Clock for Meddling {
        fn now_ms(&self) -> i64 {
            let turn = self.1.get() + 1;
            self.1.set(turn);
            if turn <= 3 {
                save(&self.0, "version = 1\n", NOW - 1_000_000 + turn * 1_000);
            }
            NOW
        }
        fn sleep(&self, _: Duration) {}
    }
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW - 1_000_000);
    let clock = Meddling(path.clone(), Cell::new(0));
    let reading = taken(&path, &clock);
    assert_eq!(reading.stamp.mtime_ns, (NOW - 1_000_000 + 3_000) * 1_000_000);
    assert_eq!(reading.stamp, stamp(&path).unwrap());
}

#[test]
fn what_is_not_there_or_no_file_is_named() {
    let (folder, path) = folder();
    let clock = Watch::new();
    let error = read_whole(&path, &clock).unwrap_err();
    assert!(matches!(error, ReadError::Missing { .. }));
    assert!(error.to_string().contains(path.to_str().unwrap()));
    assert!(matches!(read_whole(folder.path(), &clock), Err(ReadError::NotAFile { .. })));
    assert!(stamp(&path).is_err());
    save(&path, "version = 1\n", NOW - 5_000);
    let error = read_whole(&path.join("below"), &clock).unwrap_err();
    assert!(matches!(error, ReadError::Unreadable { .. } | ReadError::Missing { .. }), "a file where a folder must be");
}

#[test]
fn more_than_a_gibibyte_is_not_read() {
    let (_folder, path) = folder();
    save(&path, "", NOW);
    // Sparse: it takes no room on the disk.
    File::options().write(true).open(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    assert!(matches!(read_whole(&path, &Watch::new()), Err(ReadError::TooLarge { size, .. }) if size == (1 << 30) + 1));
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    let (folder, path) = folder();
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink("snapshot.toml", &link).unwrap();
    assert!(matches!(read_whole(&link, &Watch::new()), Err(ReadError::Missing { .. })));
    save(&path, "version = 1\n", NOW - 5_000);
    assert_eq!(taken(&link, &Watch::new()).stamp, stamp(&path).unwrap());
}

#[test]
fn a_stamp_tells_a_saved_file_from_the_one_before() {
    let (_folder, path) = folder();
    save(&path, "version = 1\n", NOW);
    let before = stamp(&path).unwrap();
    save(&path, "version = 1\n", NOW + 1);
    assert_ne!(stamp(&path).unwrap(), before);
    let json = serde_json::to_string(&before).unwrap();
    assert_eq!(serde_json::from_str::<Stamp>(&json).unwrap(), before);
}
