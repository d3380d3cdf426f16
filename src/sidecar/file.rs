//! The sidecar's file: its lock, and its replacement as a whole.
//!
//! A replacement writes a temporary file in the same folder, makes it durable, renames it over the old one and makes
//! the rename durable. Whatever ends the program or the machine in between, the file is the old one or the new one.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::sidecar::log::{self, LogLine};
use crate::sidecar::{Digest, FormatError, SavedLast, Sidecar};
use crate::whole_file;

/// Where sidecars are kept.
pub trait Store {
    /// Replaces the sidecar, atomically and durably: when this returns, a crash or power cut finds the new text, and
    /// one before it the old or the new, never a part. This machine remembers what was `saved`.
    ///
    /// # Errors
    /// A message for people; the old text is still there.
    fn save(&mut self, text: &[u8], saved: &SavedLast) -> Result<(), String>;

    /// Adds lines to the log, if there is one. A line that cannot be written is lost.
    fn log(&mut self, lines: &[LogLine]) {
        let _ = lines;
    }
}

/// The steps of a replacement, one by one, so that their order can be tested: done in another order they lose data.
pub trait Disk {
    /// Writes a new file that only this user can read, beside `path` and named after it.
    ///
    /// # Errors
    /// As for any file operation.
    fn write_new(&mut self, path: &Path, text: &[u8]) -> io::Result<NamedTempFile>;

    /// Makes the content of the file durable.
    ///
    /// # Errors
    /// As for any file operation.
    fn sync_file(&mut self, file: &NamedTempFile) -> io::Result<()>;

    /// Puts the file in the place of `path`.
    ///
    /// # Errors
    /// As for any file operation.
    fn rename(&mut self, file: NamedTempFile, path: &Path) -> io::Result<()>;

    /// Makes the names in the folder durable.
    ///
    /// # Errors
    /// As for any file operation, and where the file system cannot.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy)]
pub struct RealDisk;

impl Disk for RealDisk {
    #[expect(clippy::disallowed_methods, reason = "this is where the sidecar is kept")]
    fn write_new(&mut self, path: &Path, text: &[u8]) -> io::Result<NamedTempFile> {
        // Always the same name, which is ours alone while we hold the lock: what a killed run left behind is replaced,
        // and no heap of leftovers grows.
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".tmp");
        let folder = folder_of(path);
        let _ = std::fs::remove_file(folder.join(&name));
        // tempfile gives the file mode 0600.
        let mut file = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile_in(folder)?;
        file.write_all(text)?;
        Ok(file)
    }

    fn sync_file(&mut self, file: &NamedTempFile) -> io::Result<()> {
        file.as_file().sync_all()
    }

    fn rename(&mut self, file: NamedTempFile, path: &Path) -> io::Result<()> {
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the sidecar is kept")]
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

/// A sidecar's file that this process alone may replace.
pub struct SidecarFile<'a> {
    path: PathBuf,
    disk: &'a mut dyn Disk,
    /// Held until this value is dropped, or the process ends in any way.
    lock: Lock,
}

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another push holds it.
    #[error("another push is running (it holds `{0}`)")]
    Busy(PathBuf),
    /// The lock file or its folder cannot be made.
    #[error(
        "the lock `{path}` cannot be made: {source}; check that its folder can be written to, or name another place with --sidecar"
    )]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a sidecar was not read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system does not let it be read.
    #[error("the sidecar `{path}` cannot be read: {source}; check the file and its permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is damaged or of another version.
    #[error(
        "the sidecar `{path}` cannot be used: {source}. Nothing was sent and nothing was changed. Restore it from a copy, or \
         move it away: the next push then looks up in Toggl what was pushed in the last three months"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
}

/// The sidecar and its bytes; `None` if there is no such file.
///
/// # Errors
/// [`LoadError`]: the file is left as it is.
pub fn load(path: &Path) -> Result<Option<(Vec<u8>, Sidecar)>, LoadError> {
    let text = match whole_file::read(path, LIMIT) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LoadError::Io { path: path.to_owned(), source }),
    };
    match Sidecar::from_json(&text) {
        Ok(sidecar) => Ok(Some((text, sidecar))),
        Err(source) => Err(LoadError::Format { path: path.to_owned(), source }),
    }
}

/// The largest sidecar that is read, in bytes: a hundred years of sessions and more.
const LIMIT: u64 = 1 << 30;

/// The longest lock file that is read, in bytes: its two lines take a few hundred.
const LOCK_LIMIT: u64 = 1 << 16;

/// Opens a lock file. It must be a file of this one name: through a link, another file would be emptied, and a pipe would
/// wait for whoever is at its other end.
#[expect(clippy::disallowed_methods, reason = "the lock lies beside the sidecar")]
fn open_lock(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let refused = || io::Error::other("it is a link, or no file at all; move it away");
    match path.symlink_metadata() {
        Ok(metadata) if !is_plain(&metadata) => return Err(refused()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = options.open(path)?;
    if is_plain(&file.metadata()?) { Ok(file) } else { Err(refused()) }
}

#[cfg(unix)]
fn is_plain(metadata: &Metadata) -> bool {
    metadata.is_file() && std::os::unix::fs::MetadataExt::nlink(metadata) == 1
}

#[cfg(not(unix))]
fn is_plain(metadata: &Metadata) -> bool {
    metadata.is_file()
}

impl<'a> SidecarFile<'a> {
    /// Takes the lock beside the sidecar at `path`, making its folder if need be. Never waits.
    ///
    /// # Errors
    /// [`LockError`].
    #[expect(clippy::disallowed_methods, reason = "this is where the sidecar is kept")]
    pub fn lock(path: &Path, disk: &'a mut dyn Disk) -> Result<SidecarFile<'a>, LockError> {
        // A sidecar that is a link (into a repository of dotfiles, say) stays one: its target is replaced.
        let path = target_of(path);
        let lock_path = lock_path(&path);
        let io = |source: io::Error| LockError::Io { path: lock_path.clone(), source };
        std::fs::create_dir_all(folder_of(&path)).map_err(io)?;
        let mut options = File::options();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = open_lock(&lock_path, &options).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(SidecarFile { path, disk, lock: Lock(lock) }),
            Err(TryLockError::WouldBlock) => Err(LockError::Busy(lock_path)),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Puts a note for the next push into the lock file, or takes the one that is there away. Nothing depends on it:
    /// if it cannot be written, the next push reads everything.
    pub fn note(&mut self, text: Option<String>) {
        let [saved, _, digest] = lock_lines(&self.path);
        self.write_lock(&saved, &text.unwrap_or_default(), &digest);
    }

    /// The lock file has three lines: what is remembered of the last save, the note, and the digest of what was saved. If it
    /// cannot be written, the next push takes the sidecar for one that it does not know, and looks before it makes anything.
    fn write_lock(&self, saved: &str, note: &str, digest: &str) {
        let write = |mut lock: &File| -> io::Result<()> {
            lock.set_len(0)?;
            lock.rewind()?;
            lock.write_all(format!("{saved}\n{note}\n{digest}\n").as_bytes())
        };
        let _ = write(&self.lock.0);
    }

    fn replace(&mut self, text: &[u8]) -> io::Result<()> {
        let file = self.disk.write_new(&self.path, text)?;
        self.disk.sync_file(&file)?;
        self.disk.rename(file, &self.path)?;
        // Some file servers cannot: the new file is in its place all the same, and was durable before.
        let _ = self.disk.sync_folder(folder_of(&self.path));
        Ok(())
    }
}

/// An open lock file with its lock.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that another thread is just starting has a copy of the open file for a
        // moment, and with it the lock.
        let _ = self.0.unlock();
    }
}

impl Store for SidecarFile<'_> {
    fn save(&mut self, text: &[u8], saved: &SavedLast) -> Result<(), String> {
        self.replace(text).map_err(|error| {
            format!(
                "the sidecar `{}` cannot be saved: {error}; the old one is still there. Make room or check that the folder \
                 can be written to, then run again: what was sent is looked up in Toggl, nothing is sent twice",
                self.path.display()
            )
        })?;
        // After the sidecar: what is remembered and was not saved would be missed.
        let saved = serde_json::to_string(saved).unwrap_or_default();
        self.write_lock(&saved, "", &Digest::of(text).to_string());
        Ok(())
    }

    fn log(&mut self, lines: &[LogLine]) {
        let _ = log::append(&self.path, lines);
    }
}

/// What this machine remembers of the sidecar that it saved last at `path`.
#[must_use]
pub fn remembered(path: &Path) -> Option<SavedLast> {
    let [saved, ..] = lock_lines(path);
    serde_json::from_str(&saved).ok()
}

/// Whether the sidecar at `path` with this digest may be what this machine saved last: two machines can give different
/// saves the same serial.
#[must_use]
pub fn may_be_as_saved(path: &Path, digest: Digest) -> bool {
    let [.., saved] = lock_lines(path);
    saved.parse().is_ok_and(|saved: Digest| saved == digest) || saved.is_empty()
}

/// The note of the last push to the next; see [`SidecarFile::note`].
#[must_use]
pub fn noted(path: &Path) -> Option<String> {
    let [_, note, _] = lock_lines(path);
    Some(note).filter(|note| !note.is_empty())
}

/// The lines of the lock file beside the sidecar at `path`, as far as it has them.
fn lock_lines(path: &Path) -> [String; 3] {
    let text = read_lock(path).unwrap_or_default();
    let mut lines = text.lines().map(str::to_owned);
    std::array::from_fn(|_| lines.next().unwrap_or_default())
}

fn read_lock(path: &Path) -> Option<String> {
    let mut text = String::new();
    lock_beside(path).ok()?.take(LOCK_LIMIT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The lock file of the sidecar at `path`, to be looked at.
#[expect(clippy::disallowed_methods, reason = "the lock lies beside the sidecar")]
fn lock_beside(path: &Path) -> io::Result<File> {
    open_lock(&lock_path(&target_of(path)), File::options().read(true))
}

/// Whether a push holds the lock of the sidecar at `path` just now. Where it is free it is held for an instant, so this
/// is for a person who asks, not for a loop.
#[must_use]
pub fn is_locked(path: &Path) -> bool {
    lock_beside(path).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Where a file really is, also if it is a link to one that is yet to be.
#[expect(clippy::disallowed_methods, reason = "this is where the sidecar is kept")]
pub(super) fn target_of(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // More links in a row than any system follows are a circle.
    for _ in 0..40 {
        match path.read_link() {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    path.canonicalize().unwrap_or(path)
}

/// The lock file beside a sidecar.
#[must_use]
pub fn lock_path(sidecar: &Path) -> PathBuf {
    let mut name = sidecar.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
