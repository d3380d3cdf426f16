//! The log beside the sidecar: one line of JSON for each change that Toggl answered.
//!
//! It is for people, and nothing rests on it: a line that is lost, cut or of a later version is passed over, and no push
//! fails because it cannot be written. No token and no request is in it.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::file::target_of;
use super::{Classification, LastSent, SessionKey};
use crate::toggl::{EntryId, WorkspaceId};
use crate::whole_file;

/// A larger log (bytes) is renamed to `.old`, and a new one is begun.
pub const MOST_BYTES: u64 = 16 << 20;

/// One change that Toggl answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// When the answer was recorded, by this machine's clock.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: OffsetDateTime,
    /// The session.
    pub session: SessionKey,
    /// The operation's word: `create`, `update` and so on.
    pub operation: String,
    /// What Toggl held of the session before, as last sent.
    pub old: Option<Values>,
    /// What it holds now; for what it rejected, what it was asked to hold. Null: the entry is gone.
    pub new: Option<Values>,
    /// The entry's id, where there is one.
    pub entry: Option<EntryId>,
    /// The entry's workspace, where there is one.
    pub workspace: Option<WorkspaceId>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What Toggl said when it rejected the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The session's day was the likeliest of several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Values {
    /// Its text.
    pub description: String,
    /// When it starts, with the offset in force then.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub start: OffsetDateTime,
    /// When it stops; null while it runs.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub stop: Option<OffsetDateTime>,
    /// Its project, by Toggl's number, if one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<i64>,
    /// Its tags, as they were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl From<&LastSent> for Values {
    fn from(sent: &LastSent) -> Values {
        let Classification { project, tags } = sent.classified();
        let (description, tags) = (sent.description.to_string(), tags.to_vec());
        Values { description, start: sent.start, stop: sent.stop, project, tags }
    }
}

/// The log of the sidecar at `sidecar`: `toggl.log.jsonl` beside `toggl.json`.
#[must_use]
pub fn log_path(sidecar: &Path) -> PathBuf {
    sidecar.with_extension("log.jsonl")
}

fn old_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".old");
    name.into()
}

/// Every line that can be understood, oldest first, the renamed log's before those of the present one.
///
/// # Errors
/// A log that is there and cannot be read; the message names it.
pub fn read(sidecar: &Path) -> Result<Vec<LogLine>, String> {
    let log = log_path(&target_of(sidecar));
    let mut lines = Vec::new();
    for path in [old_path(&log), log] {
        match whole_file::read(&path, whole_file::TEXT) {
            Ok(text) => lines.extend(text.split(|&byte| byte == b'\n').filter_map(|l| serde_json::from_slice(l).ok())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(format!(
                    "the log `{}` cannot be read: {error}; check the file and its permissions",
                    path.display()
                ));
            }
        }
    }
    Ok(lines)
}

/// Appends lines to the log of a sidecar whose links were followed.
#[expect(clippy::disallowed_methods, reason = "this is where the log is kept")]
pub(super) fn append(sidecar: &Path, lines: &[LogLine]) -> io::Result<()> {
    let path = log_path(sidecar);
    let mut file = open(&path)?;
    if file.metadata()?.len() > MOST_BYTES {
        std::fs::rename(&path, old_path(&path))?;
        file = open(&path)?;
    }
    let mut text = Vec::new();
    if !ends_with_newline(&mut file)? {
        text.push(b'\n');
    }
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    file.write_all(&text)
}

/// The log, to be appended to: a regular file of one name, so that nothing is written elsewhere, and nobody waits for
/// the reader of a pipe.
#[expect(clippy::disallowed_methods, reason = "this is where the log is kept")]
fn open(path: &Path) -> io::Result<File> {
    let is_ours = |seen: &Metadata| seen.is_file() && links(seen) == 1;
    match path.symlink_metadata() {
        Ok(seen) if !is_ours(&seen) => return Err(io::Error::other("the log is no regular file of one name")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.create(true).read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn links(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(file)
}

#[cfg(not(unix))]
fn links(_: &Metadata) -> u64 {
    1
}

/// Whether the last line is whole: a run that was killed may have left a part of one.
fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
