//! Random lives of a person with Chute_kun, with the truth beside them.
//!
//! A life is a history of the program's own model under a simulated clock and zone: days of work with pauses, nights,
//! midnights in a running program, several quits a day, tasks carried over, postponed, finished again, deleted and
//! reordered, many equal titles, double-clicks that change states and no sessions, moves to other zones, days on which
//! the clocks change, and files edited by hand. Everything comes from one seed.
#![allow(dead_code, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod person;
mod program;
pub mod worker;

use chute_toggl::zone::Zone;

pub use person::{Habits, live};
pub use program::Program;

/// A session as it truly was: unix seconds, cut to the minute as the program cuts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Stays the same all life.
    pub uid: u32,
    /// When it started.
    pub start: i64,
    /// When it stopped; `None` while it is open.
    pub stop: Option<i64>,
}

/// A true session and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<'a> {
    pub uid: u32,
    pub title: &'a str,
    /// `today`, `future` or `past`.
    pub list: &'static str,
    pub task_index: usize,
    pub session_index: usize,
    pub start: i64,
    pub stop: Option<i64>,
    /// Open and being worked on.
    pub running: bool,
}

/// A file that was saved: what a push from now on would find.
pub struct Saved<'a> {
    /// The file's modification time, in unix seconds.
    pub at: i64,
    /// The zone in force.
    pub zone: &'a Zone,
    pub zone_name: &'static str,
    /// Edited by hand, not saved by the program.
    pub by_hand: bool,
    /// The last of this life.
    pub last: bool,
    program: &'a Program,
}

impl Saved<'_> {
    /// The file.
    pub fn text(&self) -> String {
        self.program.text()
    }

    /// The sessions in it as they truly were.
    pub fn sessions(&self) -> impl Iterator<Item = Seen<'_>> {
        self.program.seen()
    }
}
