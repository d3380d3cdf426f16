//! The snapshots that the real Chute_kun wrote, with what truly happened beside them.
//!
//! `fixtures/corpus/NAME/` holds one scenario: `001.toml`, `002.toml`, … in the order of saving, and `truth.json`.
//! `fixtures/invalid/` holds damaged and odd files. Instants are seconds since 1970-01-01T00:00:00Z.
#![allow(dead_code, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One life of a snapshot file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The name of its folder.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The snapshots in the order in which they were saved.
    pub pushes: Vec<Push>,
}

/// One snapshot: what a push after this quit would find.
#[derive(Debug, Clone)]
pub struct Push {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// When it was saved: the modification time to give it, which version control does not keep.
    pub saved_at: i64,
    /// The name of the time zone in force.
    pub tz: String,
    /// Whether a person edited the file after the program had written it.
    pub hand_edited: bool,
    /// What had been done before it was saved.
    pub note: String,
    /// The sessions in the file as they truly were.
    pub sessions: Vec<TrueSession>,
    /// Sessions that were deleted since the start of the scenario.
    pub deleted: Vec<DeletedSession>,
}

/// A session as it truly was. The instants are those at which its minutes were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueSession {
    /// Stays the same over the scenario.
    pub uid: String,
    /// Stays the same over the scenario.
    pub task_uid: String,
    /// The title of its task.
    pub title: String,
    /// `today`, `future` or `past`.
    pub list: String,
    /// The task's place in its list, from 0.
    pub task_index: usize,
    /// The session's place in its task, from 0.
    pub session_index: usize,
    /// The state of its task, in the snapshot's words.
    pub task_state: String,
    /// When it started.
    pub start: i64,
    /// When it stopped; `None` if it is open.
    pub stop: Option<i64>,
    /// Whether it is open and being worked on.
    pub running: bool,
    /// What is odd about it.
    pub anomaly: Option<String>,
}

/// A session whose task was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedSession {
    /// As in [`TrueSession`].
    pub uid: String,
    /// As in [`TrueSession`].
    pub task_uid: String,
    /// As in [`TrueSession`].
    pub title: String,
    /// As in [`TrueSession`].
    pub start: i64,
    /// As in [`TrueSession`].
    pub stop: Option<i64>,
    /// When it was deleted.
    pub deleted_at: i64,
}

/// A damaged or odd file.
#[derive(Debug, Clone)]
pub struct Invalid {
    /// The name of the file.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// How it was made.
    pub how: String,
    /// What Chute_kun's own loader said: `OK …` or `ERR …`, long messages cut.
    pub upstream_load: String,
}

impl Invalid {
    /// Whether Chute_kun's own loader takes it.
    pub fn loads(&self) -> bool {
        self.upstream_load.starts_with("OK")
    }

    /// What is in it; not always text.
    pub fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap_or_else(|e| panic!("{}: {e}", self.path.display()))
    }
}

impl Scenario {
    /// Every scenario, by name.
    pub fn all() -> Vec<Self> {
        let folder = fixtures("corpus");
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().join("truth.json").is_file())
            .map(|entry| entry.file_name().into_string().expect("scenarios have plain names"))
            .collect();
        names.sort();
        names.iter().map(|name| Self::named(name)).collect()
    }

    /// One scenario.
    ///
    /// # Panics
    /// If it is not there or not complete.
    pub fn named(name: &str) -> Self {
        let folder = fixtures("corpus").join(name);
        let truth = json(&folder.join("truth.json"));
        let snapshots = list(&truth, "snapshots");
        Self {
            name: name.to_owned(),
            description: text(&truth, "description"),
            pushes: snapshots.iter().map(|snapshot| push(&folder, snapshot)).collect(),
        }
    }
}

/// Every damaged or odd file.
pub fn invalid() -> Vec<Invalid> {
    let folder = fixtures("invalid");
    let manifest = json(&folder.join("manifest.json"));
    let files = manifest.as_array().expect("the manifest is a list");
    files
        .iter()
        .map(|file| Invalid {
            name: text(file, "file"),
            path: folder.join(text(file, "file")),
            how: text(file, "how"),
            upstream_load: text(file, "upstream_load"),
        })
        .collect()
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn push(folder: &Path, snapshot: &Value) -> Push {
    let path = folder.join(text(snapshot, "file"));
    Push {
        text: fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())),
        path,
        saved_at: instant(snapshot, "saved_at"),
        tz: text(snapshot, "tz"),
        hand_edited: snapshot["hand_edited"].as_bool().unwrap_or(false),
        note: text(snapshot, "note"),
        sessions: list(snapshot, "sessions").iter().map(session).collect(),
        deleted: list(snapshot, "deleted_sessions").iter().map(deleted).collect(),
    }
}

fn session(value: &Value) -> TrueSession {
    TrueSession {
        uid: text(value, "uid"),
        task_uid: text(value, "task_uid"),
        title: text(value, "title"),
        list: text(value, "list"),
        task_index: place(value, "task_index"),
        session_index: place(value, "session_index"),
        task_state: text(value, "task_state"),
        start: instant(value, "start"),
        stop: maybe_instant(value, "stop"),
        running: value["running"].as_bool().unwrap_or(false),
        anomaly: value["anomaly"].as_str().map(str::to_owned),
    }
}

fn deleted(value: &Value) -> DeletedSession {
    DeletedSession {
        uid: text(value, "uid"),
        task_uid: text(value, "task_uid"),
        title: text(value, "title"),
        start: instant(value, "start"),
        stop: maybe_instant(value, "stop"),
        deleted_at: instant(value, "deleted_at"),
    }
}

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A field that may be missing: lists and texts are then empty.
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or("").to_owned()
}

fn place(value: &Value, name: &str) -> usize {
    value[name].as_u64().and_then(|place| usize::try_from(place).ok()).unwrap_or_else(|| panic!("{name} in {value}"))
}

fn instant(value: &Value, name: &str) -> i64 {
    maybe_instant(value, name).unwrap_or_else(|| panic!("{name} in {value}"))
}

fn maybe_instant(value: &Value, name: &str) -> Option<i64> {
    let text = value[name].as_str()?;
    let instant = OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|e| panic!("{name} {text}: {e}"));
    Some(instant.unix_timestamp())
}
