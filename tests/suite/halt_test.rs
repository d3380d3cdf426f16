//! Sessions that are open and do not run: their entry is halted, and what else changed of them reaches Toggl too.

use chute_kun::task::TaskState;
use chute_toggl::reconcile::plan::OperationKind;
use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::sandbox::Refusal;
use crate::support::in_process::User;
use crate::support::snapshot_builder::{TaskBuilder, future, snapshot, today};

/// A task that is being worked on since this minute.
fn active(title: &str, start: u16) -> TaskBuilder {
    today(title).planned(20_250_304).open(start)
}

/// One that was postponed while it ran.
fn postponed(title: &str, start: u16) -> TaskBuilder {
    future(title).planned(20_250_304).open(start)
}

/// Pushes one snapshot after another, an hour apart, and tells what the last push sent.
fn kinds_of_last(user: &mut User, tasks: &[TaskBuilder]) -> Vec<OperationKind> {
    let first = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    let mut kinds = Vec::new();
    for (hours, task) in (0..).zip(tasks) {
        let text = &snapshot([task]);
        let saved = first + hours * 3600;
        user.clock.set(saved + 2);
        let pushed = user.push(text, saved, &Zone::named("UTC").unwrap());
        assert_eq!((pushed.report.end, pushed.report.left.operations.len()), (None, 0));
        kinds = pushed.report.done.iter().map(|operation| operation.kind).collect();
        let before = user.requests();
        user.push(text, saved, &Zone::named("UTC").unwrap());
        assert_eq!(user.requests(), before, "a second push sends nothing");
        user.toggl.sandbox().assert_clean();
    }
    kinds
}

#[test]
fn a_session_that_is_postponed_while_it_runs_and_renamed_is_halted_and_renamed() {
    let mut user = User::at(0);
    let kinds = kinds_of_last(&mut user, &[active("Draft", 540), postponed("Report", 540)]);
    // Once the halt stood alone, and the title waited for the next push.
    assert_eq!(kinds, [OperationKind::Halt, OperationKind::Update]);
    let entries = user.toggl.sandbox().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].description, "Report");
    assert_eq!(entries[0].stop, Some(datetime!(2025-03-04 11:00:02 UTC).unix_timestamp()));
}

#[test]
fn the_start_of_a_running_entry_is_moved_before_it_is_halted() {
    let mut user = User::at(0);
    let kinds = kinds_of_last(&mut user, &[active("Draft", 540), active("Draft", 530).state(TaskState::Paused)]);
    assert_eq!(kinds, [OperationKind::Update, OperationKind::Halt]);
    let entries = user.toggl.sandbox().entries();
    assert_eq!(entries[0].start, datetime!(2025-03-04 8:50 UTC).unix_timestamp());
    assert!(entries[0].stop.is_some());
}

#[test]
fn moving_the_start_of_a_halted_entry_does_not_make_it_run() {
    let mut user = User::at(0);
    let kinds = kinds_of_last(&mut user, &[active("Draft", 540), postponed("Draft", 540), postponed("Draft", 530)]);
    // Once it was sent with a negative duration, as for a running entry.
    assert_eq!(kinds, [OperationKind::Update]);
    let entries = user.toggl.sandbox().entries();
    assert_eq!(entries[0].start, datetime!(2025-03-04 8:50 UTC).unix_timestamp());
    assert_eq!(entries[0].stop, Some(datetime!(2025-03-04 11:00:02 UTC).unix_timestamp()));
}

#[test]
fn a_title_that_is_refused_while_its_entry_runs_is_not_sent_again_once_it_is_halted() {
    let mut user = User::at(0);
    user.toggl.sandbox().rules.refusals.push(Refusal::bad("Report"));
    let utc = Zone::named("UTC").unwrap();
    let first = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    for (hours, task, requests) in [
        (0, active("Draft", 540), 2),
        // Renamed and postponed: the title is refused, the halt is not.
        (1, postponed("Report", 540), 2),
        (2, postponed("Report", 540), 0),
    ] {
        let saved = first + hours * 3600;
        user.clock.set(saved + 2);
        let before = user.requests();
        user.push(&snapshot(&[task]), saved, &utc);
        assert_eq!(user.requests() - before, requests, "after {hours} hours");
    }
}
