//! Chute_kun's snapshot: three lists of tasks, each with the sessions worked on it.
//!
//! The format is version 1 of Chute_kun's own `storage` module: TOML, or JSON of the same shape. [`parse`] takes what
//! Chute_kun's own loader takes, unknown fields included, and refuses what it refuses.

pub mod blocks;
mod error;
mod known;
mod parse;
mod written;

pub use error::{Place, SnapshotError};
pub use known::KnownPast;
pub use parse::{parse, parse_unknown};

use std::fmt;

use serde::{Deserialize, Serialize};
use written::{WrittenSnapshot, WrittenTask};

/// What Chute_kun had on its lists when it was last quit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenSnapshot")]
pub struct Snapshot {
    /// The tasks of today, in the order of the list.
    pub today: Vec<Task>,
    /// Postponed and planned tasks.
    pub future: Vec<Task>,
    /// Finished tasks of former days, the latest sweep last; never pruned by Chute_kun. Without the first
    /// [`known_past`](Snapshot::known_past) of them.
    pub past: Vec<Task>,
    /// How many tasks at the beginning of past were left out because they are known to be as they were.
    pub known_past: usize,
}

impl Snapshot {
    /// The tasks with their list and their position in it, from 0 and counting those that were left out: all of today,
    /// then future, then past.
    pub fn tasks(&self) -> impl Iterator<Item = (List, usize, &Task)> {
        let lists =
            [(List::Today, &self.today, 0), (List::Future, &self.future, 0), (List::Past, &self.past, self.known_past)];
        lists
            .into_iter()
            .flat_map(|(list, tasks, first)| tasks.iter().enumerate().map(move |(at, task)| (list, first + at, task)))
    }
}

/// One of Chute_kun's three lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// The tasks of today.
    Today,
    /// Postponed and planned tasks.
    Future,
    /// Finished tasks of former days.
    Past,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            List::Today => "today",
            List::Future => "future",
            List::Past => "past",
        })
    }
}

/// A task with its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenTask")]
pub struct Task {
    /// Not unique, not empty, of any length; may hold any character.
    pub title: String,
    /// Minutes for which the program was open and the task active: evidence of the true total, never more than it
    /// but for rounding, and not a duration.
    pub actual_min: u16,
    /// Local minute of the (last) finish.
    pub finished_at_min: Option<u16>,
    /// In the order in which they were worked.
    pub sessions: Vec<Session>,
    /// What the task is doing.
    pub state: State,
    /// `YYYYMMDD` of the day of creation or the day picked; 0 in old files.
    pub planned_ymd: u32,
    /// `YYYYMMDD` of the finish; counts only in state Done, and survives postponing.
    pub done_ymd: Option<u32>,
    /// An unknown one makes the file invalid.
    pub category: Category,
}

/// A stretch of work. Local wall-clock minutes since midnight, seconds cut off, with no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Session {
    /// The minute in which it started.
    pub start_min: u16,
    /// The minute in which it ended; `None` while it is open.
    #[serde(default)]
    pub end_min: Option<u16>,
}

/// The state of a task, as Chute_kun writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "Chute_kun's own words")]
pub enum State {
    Planned,
    Active,
    Paused,
    Done,
}

/// The category of a task, as Chute_kun writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "Chute_kun's own words")]
pub enum Category {
    #[default]
    General,
    Work,
    Home,
    Hobby,
}
