//! A change that Toggl carried out, of which the program did not hear since it was killed, and that is changed back
//! before the next push: the sidecar's file still said what Toggl had before, agreed with the snapshot, and nothing
//! was sent.

use chute_kun::task::TaskState;
use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::sandbox::Entry;
use crate::support::in_process::{User, push_or_die};
use crate::support::snapshot_builder::{snapshot, today};

/// Save, saved, sending, answered: dead at the fourth, Toggl has done it and nobody knows.
const CARRIED_OUT: usize = 4;

fn closed(title: &str, start: u16, end: u16) -> String {
    snapshot(&[today(title).planned(20_250_304).closed(start, end)])
}

/// Being worked on, or paused without an end.
fn open(state: TaskState) -> String {
    snapshot(&[today("Draft").planned(20_250_304).open(540).state(state)])
}

/// Pushes `first`, is killed while it pushes `then`, and pushes `first` again; tells what Toggl had after the kill and
/// has at the end.
fn there_and_back(first: &str, then: &str) -> (Entry, Entry) {
    let zone = Zone::named("UTC").unwrap();
    let start = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    let mut user = User::at(start);
    let mut push = |minutes: i64, text: &str, kill: Option<usize>| {
        user.clock.set(start + minutes * 60 + 5);
        let pushed = push_or_die(&mut user, text, start + minutes * 60, &zone, kill);
        assert_eq!(pushed.is_none(), kill.is_some());
        let entries = user.toggl.sandbox().entries();
        assert_eq!(entries.len(), 1);
        entries[0].clone()
    };
    let before = push(0, first, None);
    let between = push(10, then, Some(CARRIED_OUT));
    assert_ne!(before, between, "the request was carried out");
    let after = push(20, first, None);
    assert_eq!(after, push(21, first, None), "a second push sends nothing");
    (between, after)
}

#[test]
fn a_title_that_is_changed_back_is_told() {
    let (between, after) = there_and_back(&closed("Draft", 540, 590), &closed("Report", 540, 590));
    assert_eq!((between.description.as_str(), after.description.as_str()), ("Report", "Draft"));
}

#[test]
fn minutes_that_are_changed_back_are_told() {
    let (between, after) = there_and_back(&closed("Draft", 540, 590), &closed("Draft", 530, 590));
    assert_eq!(after.start - between.start, 600);
    let (between, after) = there_and_back(&closed("Draft", 540, 590), &closed("Draft", 540, 580));
    assert_eq!(after.stop.unwrap() - between.stop.unwrap(), 600);
}

#[test]
fn a_session_that_runs_again_is_resumed() {
    let (between, after) = there_and_back(&open(TaskState::Active), &open(TaskState::Paused));
    assert!(between.stop.is_some() && after.stop.is_none());
}

#[test]
fn a_session_that_does_not_run_any_more_is_halted() {
    let zone = Zone::named("UTC").unwrap();
    let start = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    let (runs, open) = (open(TaskState::Active), open(TaskState::Paused));
    let mut user = User::at(start);
    for (minutes, text, kill) in
        [(0, &runs, None), (10, &open, None), (20, &runs, Some(CARRIED_OUT)), (30, &open, None)]
    {
        user.clock.set(start + minutes * 60 + 5);
        push_or_die(&mut user, text, start + minutes * 60, &zone, kill);
        let runs = user.toggl.sandbox().entries()[0].stop.is_none();
        assert_eq!(runs, minutes % 20 == 0, "after {minutes} minutes");
    }
}
