//! The two tables of the file exactly as Chute_kun declares them.
//!
//! Nobody here needs `estimate_min` and its like, yet Chute_kun refuses a file that lacks them or holds them in another
//! type, and so must we. The order of the fields counts as well: TOML and JSON both let a table be written as an
//! array, `[540, 570]` for a session, and Chute_kun takes that.

use serde::Deserialize;

use super::{Category, Session, Snapshot, State, Task};

/// The whole file.
#[derive(Deserialize)]
pub(super) struct WrittenSnapshot {
    version: u8,
    #[serde(default)]
    today: Vec<Task>,
    #[serde(default)]
    future: Vec<Task>,
    #[serde(default)]
    past: Vec<Task>,
}

/// The one version that is understood. Chute_kun writes the number and does not look at it when it reads.
pub(super) const VERSION: u8 = 1;

impl TryFrom<WrittenSnapshot> for Snapshot {
    type Error = &'static str;

    fn try_from(written: WrittenSnapshot) -> Result<Snapshot, &'static str> {
        let WrittenSnapshot { version, today, future, past } = written;
        if version == VERSION { Ok(Snapshot { today, future, past, known_past: 0 }) } else { Err("unknown version") }
    }
}

/// A task with all the keys that Chute_kun knows.
#[derive(Deserialize)]
pub(super) struct WrittenTask {
    title: String,
    #[serde(rename = "estimate_min")]
    _estimate_min: u16,
    actual_min: u16,
    #[serde(default, rename = "actual_carry_sec")]
    _actual_carry_sec: u16,
    #[serde(default, rename = "started_at_min")]
    _started_at_min: Option<u16>,
    #[serde(default)]
    finished_at_min: Option<u16>,
    #[serde(default)]
    sessions: Vec<Session>,
    state: State,
    #[serde(default)]
    planned_ymd: u32,
    #[serde(default)]
    done_ymd: Option<u32>,
    #[serde(default)]
    category: Category,
    #[serde(default, rename = "fixed_start_min")]
    _fixed_start_min: Option<u16>,
}

impl From<WrittenTask> for Task {
    fn from(written: WrittenTask) -> Task {
        let WrittenTask {
            title, actual_min, finished_at_min, sessions, state, planned_ymd, done_ymd, category, ..
        } = written;
        Task { title, actual_min, finished_at_min, sessions, state, planned_ymd, done_ymd, category }
    }
}
