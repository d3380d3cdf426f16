//! The snapshots that the real Chute_kun wrote, with what truly happened beside them.
//!
//! `fixtures/corpus/NAME/` holds one scenario: `001.toml`, `002.toml`, … in the order of saving, and `truth.json`.
//! `fixtures/invalid/` holds damaged and odd files. Instants are seconds since 1970-01-01T00:00:00Z.
#![allow(dead_code, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// One life of a snapshot file.
#[derive(Debug, Clone, Deserialize)]
pub struct Scenario {
    /// The name of its folder.
    #[serde(rename = "scenario")]
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The snapshots in the order in which they were saved.
    #[serde(rename = "snapshots")]
    pub pushes: Vec<Push>,
}

/// One snapshot: what a push after this quit would find.
#[derive(Debug, Clone, Deserialize)]
pub struct Push {
    #[serde(rename = "file")]
    pub path: PathBuf,
    /// What is in it.
    #[serde(skip)]
    pub text: String,
    /// When it was saved: the modification time to give it, which version control does not keep.
    #[serde(deserialize_with = "instant")]
    pub saved_at: i64,
    /// The name of the time zone in force.
    pub tz: String,
    /// What had been done before it was saved.
    #[serde(default)]
    pub note: String,
    /// The sessions in the file as they truly were.
    pub sessions: Vec<TrueSession>,
    /// Sessions that were deleted since the start of the scenario.
    #[serde(default, rename = "deleted_sessions")]
    pub deleted: Vec<DeletedSession>,
}

/// A session as it truly was. The instants are those at which its minutes were written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TrueSession {
    /// Stays the same over the scenario.
    pub uid: String,
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
    #[serde(deserialize_with = "instant")]
    pub start: i64,
    /// When it stopped; `None` if it is open.
    #[serde(deserialize_with = "maybe_instant")]
    pub stop: Option<i64>,
    /// Whether it is open and being worked on.
    pub running: bool,
}

/// A session whose task was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeletedSession {
    /// As in [`TrueSession`].
    pub uid: String,
}

/// A damaged or odd file.
#[derive(Debug, Clone, Deserialize)]
pub struct Invalid {
    /// The name of the file.
    #[serde(rename = "file")]
    pub name: String,
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
        read(&fixtures("invalid").join(&self.name))
    }
}

impl Scenario {
    /// Every scenario, by name.
    pub fn all() -> Vec<Self> {
        let folders = fs::read_dir(fixtures("corpus")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = folders.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names.iter().map(|name| Self::named(name)).collect()
    }

    /// One scenario.
    ///
    /// # Panics
    /// If it is not there or not complete.
    pub fn named(name: &str) -> Self {
        let folder = fixtures("corpus").join(name);
        let mut scenario: Self = json(&folder.join("truth.json"));
        for push in &mut scenario.pushes {
            push.path = folder.join(&push.path);
            push.text = String::from_utf8(read(&push.path)).unwrap();
        }
        scenario
    }
}

/// Every damaged or odd file.
pub fn invalid() -> Vec<Invalid> {
    json(&fixtures("invalid").join("manifest.json"))
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json<T: DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    rfc3339::deserialize(deserializer).map(OffsetDateTime::unix_timestamp)
}

fn maybe_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(rfc3339::option::deserialize(deserializer)?.map(OffsetDateTime::unix_timestamp))
}
