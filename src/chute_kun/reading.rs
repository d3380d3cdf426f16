//! Taking the snapshot from the disk, whole or not at all.
//!
//! Chute_kun empties the file and then writes it anew: no temporary file, no lock. Who reads at the wrong moment gets
//! nothing, or a part that may even parse, with tasks missing and numbers cut short. So the file is taken only once
//! it has rested for a second, if nothing about it changed while it was read, and if its last line is complete.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::whole_file;

/// The bytes of a file that was whole, and when it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The whole content.
    pub bytes: Vec<u8>,
    /// When the file was saved: its time of modification in unix seconds, rounded down, and never later than now.
    pub saved: i64,
    /// The same, however late it is.
    pub modified: i64,
    /// Where the file is: absolute, links followed.
    pub place: String,
    /// What tells this content from another one without reading it.
    pub stamp: Stamp,
}

/// What the file system says of a file. Two equal stamps of a file that [`read_whole`] took mean the same content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The device; 0 where the system has none.
    pub dev: u64,
    /// The number of the file on it; 0 where the system has none.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Time of modification of the content, in nanoseconds since 1970-01-01T00:00:00Z.
    pub mtime_ns: i64,
    /// Time of the last change of any kind, likewise; 0 where the system has none.
    pub ctime_ns: i64,
}

/// Why there is no reading. Each message names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file, or it is a link to nowhere.
    #[error("there is no snapshot at `{}`: quit Chute_kun once with `q`, which saves it, or name the file with --snapshot", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system does not let it be read.
    #[error("the snapshot `{}` cannot be read: {source}; check the permissions of the file and of its folders", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("the snapshot `{}` is not a file: name the file itself with --snapshot", .path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// It is over a gibibyte, which no snapshot is.
    #[error("the snapshot `{}` has {size} bytes, far more than any snapshot: check that it is the right file", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes.
        size: u64,
    },
    /// It is empty, and nobody is writing it any more.
    #[error("the snapshot `{}` is empty: Chute_kun was stopped while it saved; restore the file from a copy, or begin anew by quitting Chute_kun with `q`", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Its last line is not complete, and nobody is writing it any more.
    #[error("the snapshot `{}` does not end with a newline: it was cut short while it was saved, or edited by hand; restore the file from a copy, or complete its last line", .path.display())]
    Cut {
        /// The file.
        path: PathBuf,
    },
    /// It kept changing for as long as we cared to look. A later run will find it at rest.
    #[error("the snapshot `{}` has been changing for {} seconds: try again when Chute_kun has saved it", .path.display(), (PAUSE * LOOKS).as_secs())]
    Restless {
        /// The file.
        path: PathBuf,
    },
}

/// A file that was not changed for so long is not being written.
const REST: Duration = Duration::from_secs(1);
/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(200);
/// How often to look. Looks are counted, not time: an interrupt ends every wait at once, and must end the loop too.
const LOOKS: u32 = 50;
/// The largest file that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// Reads the file at `path`, following links, once it has been at rest for a second.
///
/// # Errors
/// See [`ReadError`]. [`ReadError::Restless`] may pass by itself; the others need a person.
pub fn read_whole(path: &Path, clock: &dyn Clock) -> Result<Reading, ReadError> {
    let mut last: Option<(Stamp, i64)> = None;
    for look in 0..LOOKS {
        if look > 0 {
            clock.sleep(PAUSE);
        }
        let before = look_at(path)?;
        let now = clock.now_ms();
        let since = match last {
            Some((stamp, since)) if stamp == before => since,
            _ => now,
        };
        last = Some((before, since));
        if !rests(&before, since, now) {
            continue;
        }
        let bytes = whole_file::read(path, LIMIT).map_err(|source| unreadable(path, source))?;
        if look_at(path)? != before || bytes.len() as u64 != before.size {
            continue;
        }
        complete(path, &bytes)?;
        let modified = before.mtime_ns.div_euclid(1_000_000_000);
        let saved = modified.min(clock.now());
        return Ok(Reading { bytes, saved, modified, place: place(path), stamp: before });
    }
    Err(ReadError::Restless { path: path.to_owned() })
}

/// Whether the file was changed at least a second ago: by its own time, or, since that can lie in the future (another
/// machine's clock, or ours set back), because we have seen it unchanged for a second, from `since` to `now` in
/// milliseconds.
fn rests(stamp: &Stamp, since: i64, now: i64) -> bool {
    let rest = REST.as_millis() as i64;
    now.saturating_sub(stamp.mtime_ns.div_euclid(1_000_000)) >= rest || now.saturating_sub(since) >= rest
}

/// Refuses content that has no end. JSON needs no newline: its last brace is the end.
fn complete(path: &Path, bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty { path: path.to_owned() });
    }
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.ends_with(b"\n") || text.trim_ascii_start().starts_with(b"{") {
        return Ok(());
    }
    Err(ReadError::Cut { path: path.to_owned() })
}

/// What the file system says now of the file at `path`, following links.
///
/// # Errors
/// As for any file operation.
pub fn stamp(path: &Path) -> io::Result<Stamp> {
    metadata(path).map(|metadata| Stamp::of(&metadata))
}

/// The stamp, of a file that is one and is not too large.
fn look_at(path: &Path) -> Result<Stamp, ReadError> {
    let metadata = metadata(path).map_err(|source| unreadable(path, source))?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile { path: path.to_owned() });
    }
    if metadata.len() > LIMIT {
        return Err(ReadError::TooLarge { path: path.to_owned(), size: metadata.len() });
    }
    Ok(Stamp::of(&metadata))
}

#[expect(clippy::disallowed_methods, reason = "the one reader of the snapshot")]
fn metadata(path: &Path) -> io::Result<Metadata> {
    std::fs::metadata(path)
}

#[expect(clippy::disallowed_methods, reason = "the one reader of the snapshot")]
fn place(path: &Path) -> String {
    path.canonicalize().as_deref().unwrap_or(path).to_string_lossy().into_owned()
}

fn unreadable(path: &Path, source: io::Error) -> ReadError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => ReadError::Missing { path },
        _ => ReadError::Unreadable { path, source },
    }
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Stamp {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Stamp {
            dev: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Stamp {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let mtime_ns = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
        Stamp { dev: 0, inode: 0, size: metadata.len(), mtime_ns, ctime_ns: 0 }
    }
}
