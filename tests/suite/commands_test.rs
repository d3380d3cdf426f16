//! The commands, each from its arguments to its exit code.

mod doctor;
mod hook;
mod progress;
mod verify;

use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::TestHome;

/// When the first snapshot is saved: Monday 2026-05-11, 09:00 UTC.
const BASE: i64 = 1_778_490_000;
/// A day later.
const NOW: i64 = BASE + 86_400;

/// A task with one session: title, start and end in minutes from [`BASE`].
type Work<'a> = (&'a str, i64, Option<i64>);

/// A home in UTC that has not told its workspace, an hour before [`NOW`].
fn home() -> TestHome {
    TestHome::at(NOW - 3600).with("TZ", "UTC").without("TOGGL_WORKSPACE_ID")
}

/// The minute of the day that is so many minutes after [`BASE`].
fn minute(after: i64) -> u16 {
    u16::try_from((BASE / 60 + after).rem_euclid(1440)).unwrap()
}

/// A snapshot with these tasks of today. Nothing but its save instant dates the sessions.
fn text(work: &[Work]) -> String {
    let task = |&(title, start, end): &Work| today(title).sessions(&[(minute(start), end.map(minute))]);
    snapshot(work.iter().map(task))
}

/// Saves these sessions, so many minutes after the first snapshot.
fn save(home: &TestHome, work: &[Work], after: i64) {
    home.save_at(&text(work), BASE + after * 60);
}

/// [`NOW`], in a home in which these sessions were pushed an hour ago.
fn pushed(work: &[Work]) -> TestHome {
    let home = home();
    save(&home, work, 0);
    home.run(&["push"]).exits(0);
    home.clock().set(NOW);
    home.toggl.sandbox().log.clear();
    home
}
