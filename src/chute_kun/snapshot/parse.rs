//! From the bytes of a snapshot to its value.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::written::VERSION;
use super::{KnownPast, Snapshot, SnapshotError, blocks};

/// Reads a snapshot: TOML, or JSON of the same shape if it begins with `{`.
///
/// It takes what Chute_kun's own loader takes, with two exceptions. The version must be 1, which Chute_kun does not
/// check. And TOML must end with a newline, as all that Chute_kun writes does: a file that was caught while being
/// written often parses, with tasks and sessions missing. (JSON that was cut short never parses.)
///
/// # Errors
/// See [`SnapshotError`].
pub fn parse(bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
    parse_unknown(bytes, None)
}

/// The same, but the first tasks of past are left out if they are these. [`Snapshot::known_past`] says whether.
///
/// # Errors
/// See [`SnapshotError`].
pub fn parse_unknown(bytes: &[u8], known: Option<&KnownPast>) -> Result<Snapshot, SnapshotError> {
    if bytes.is_empty() {
        return Err(SnapshotError::Empty);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let lossy = String::from_utf8_lossy(bytes);
        SnapshotError::at(&lossy, error.valid_up_to(), "this is not UTF-8")
    })?;
    if let Some(json) = json(text) {
        return parse_json(json);
    }
    if !text.ends_with('\n') {
        return Err(SnapshotError::Cut { line: 1 + text.bytes().filter(|&byte| byte == b'\n').count() });
    }
    parse_toml(text, known)
}

/// The text without its byte order mark, if it is JSON: no TOML document begins with a brace.
fn json(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.trim_ascii_start().starts_with('{').then_some(text)
}

fn parse_toml(text: &str, known: Option<&KnownPast>) -> Result<Snapshot, SnapshotError> {
    fn read<T: DeserializeOwned>(text: &str) -> Result<T, toml::de::Error> {
        toml::from_str(text)
    }
    if let Some(snapshot) = blocks::read_unknown(text, known) {
        return Ok(snapshot);
    }
    read(text).map_err(|error| {
        other_version(read(text)).unwrap_or_else(|| match error.span() {
            Some(span) => SnapshotError::at(text, span.start, error.message()),
            None => SnapshotError::somewhere(error.message()),
        })
    })
}

fn parse_json(text: &str) -> Result<Snapshot, SnapshotError> {
    fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
        serde_json::from_str(text)
    }
    read(text).map_err(|error| {
        other_version(read(text)).unwrap_or_else(|| {
            let message = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let reason = message.strip_suffix(&place).unwrap_or(&message);
            // Line 0 stands for the document as a whole; the column counts bytes from 1.
            let Some(before) = error.line().checked_sub(1) else { return SnapshotError::somewhere(reason) };
            let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
            SnapshotError::at(text, start + error.column().saturating_sub(1), reason)
        })
    })
}

/// The version, of a document that may otherwise be of any shape.
#[derive(Deserialize)]
struct Version {
    version: i64,
}

/// A document of another version is that and nothing else: its faults by the rules of version 1 say nothing.
fn other_version<E>(document: Result<Version, E>) -> Option<SnapshotError> {
    let Version { version: found } = document.ok()?;
    (found != i64::from(VERSION)).then_some(SnapshotError::Version { found })
}
