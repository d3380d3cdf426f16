//! A move to another zone between two pushes: the minutes before it were written by another clock.

use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::support::in_process::User;
use crate::support::snapshot_builder::{snapshot, today};

fn draft(end: Option<u16>) -> String {
    snapshot(&[today("Draft").planned(20_250_816).sessions(&[(1368, end)])])
}

/// 02:08 in New York was taken for 02:08 in London, which is before the start: Toggl refused it.
#[test]
fn a_session_that_ended_before_the_move_is_read_on_the_old_clock_if_the_new_one_cannot_have_shown_it() {
    let started = datetime!(2025-08-16 22:48 -4);
    let pushed = datetime!(2025-08-17 00:50:43 -4).unix_timestamp();
    let mut user = User::at(pushed + 5);
    user.push(&draft(None), pushed, &Zone::named("America/New_York").unwrap());
    let moved = datetime!(2025-08-17 20:24:44 UTC).unix_timestamp();
    user.clock.set(moved + 5);
    user.push(&draft(Some(128)), moved, &Zone::named("UTC").unwrap());
    let entries = user.toggl.sandbox().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].start, started.unix_timestamp());
    assert_eq!(entries[0].stop, Some(datetime!(2025-08-17 02:08 -4).unix_timestamp()));
    assert!(user.sidecar().sessions().all(|(_, _, record)| record.inferred));
}

/// When even that cannot be, the session ends when it can: never before its start.
#[test]
fn a_minute_that_no_known_clock_can_have_shown_does_not_end_a_session_before_its_start() {
    let zone = Zone::named("UTC").unwrap();
    let pushed = datetime!(2025-08-16 22:50 UTC).unix_timestamp();
    let mut user = User::at(pushed + 5);
    user.push(&draft(None), pushed, &zone);
    user.clock.set(pushed + 65);
    let report = user.push(&draft(Some(700)), pushed + 60, &zone).report;
    assert_eq!(report.rejected, []);
    let entries = user.toggl.sandbox().entries();
    assert_eq!(entries[0].stop, Some(pushed + 60));
    assert!(user.sidecar().sessions().all(|(_, _, record)| record.inferred));
}
