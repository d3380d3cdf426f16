//! Sessions that are open and do not run: their entry is halted, and what else changed of them reaches Toggl too.

use chute_toggl::reconcile::plan::OperationKind;
use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::rig::Rig;
use crate::sandbox::Refusal;

/// A task with one open session, in the list `list`.
fn snapshot(list: &str, title: &str, state: &str, start_min: u16) -> String {
    let empty: String = ["today", "future", "past"]
        .iter()
        .filter(|&&other| other != list)
        .map(|other| format!("{other} = []\n"))
        .collect();
    format!(
        "version = 1\n{empty}\n[[{list}]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = 0\n\
         actual_carry_sec = 0\nstate = \"{state}\"\nplanned_ymd = 20250304\ncategory = \"General\"\n\n\
         [[{list}.sessions]]\nstart_min = {start_min}\n"
    )
}

/// Pushes one snapshot after another, an hour apart, and tells what the last push sent.
fn kinds_of_last(rig: &mut Rig, snapshots: &[String]) -> Vec<OperationKind> {
    let first = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    let mut kinds = Vec::new();
    for (hours, text) in (0..).zip(snapshots) {
        let saved = first + hours * 3600;
        rig.clock.set(saved + 2);
        let pushed = rig.push(text, saved, &Zone::named("UTC").unwrap());
        assert_eq!((pushed.report.end, pushed.report.left.operations.len()), (None, 0));
        kinds = pushed.report.done.iter().map(|operation| operation.kind).collect();
        let before = rig.requests();
        rig.push(text, saved, &Zone::named("UTC").unwrap());
        assert_eq!(rig.requests(), before, "a second push sends nothing");
        rig.toggl.sandbox().assert_clean();
    }
    kinds
}

#[test]
fn a_session_that_is_postponed_while_it_runs_and_renamed_is_halted_and_renamed() {
    let mut rig = Rig::at(0);
    let kinds = kinds_of_last(
        &mut rig,
        &[snapshot("today", "Draft", "Active", 540), snapshot("future", "Report", "Planned", 540)],
    );
    // Once the halt stood alone, and the title waited for the next push.
    assert_eq!(kinds, [OperationKind::Halt, OperationKind::Update]);
    let entries = rig.toggl.sandbox().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].description, "Report");
    assert_eq!(entries[0].stop, Some(datetime!(2025-03-04 11:00:02 UTC).unix_timestamp()));
}

#[test]
fn the_start_of_a_running_entry_is_moved_before_it_is_halted() {
    let mut rig = Rig::at(0);
    let kinds = kinds_of_last(
        &mut rig,
        &[snapshot("today", "Draft", "Active", 540), snapshot("today", "Draft", "Paused", 530)],
    );
    assert_eq!(kinds, [OperationKind::Update, OperationKind::Halt]);
    let entries = rig.toggl.sandbox().entries();
    assert_eq!(entries[0].start, datetime!(2025-03-04 8:50 UTC).unix_timestamp());
    assert!(entries[0].stop.is_some());
}

#[test]
fn moving_the_start_of_a_halted_entry_does_not_make_it_run() {
    let mut rig = Rig::at(0);
    let kinds = kinds_of_last(
        &mut rig,
        &[
            snapshot("today", "Draft", "Active", 540),
            snapshot("future", "Draft", "Planned", 540),
            snapshot("future", "Draft", "Planned", 530),
        ],
    );
    // Once it was sent with a negative duration, as for a running entry.
    assert_eq!(kinds, [OperationKind::Update]);
    let entries = rig.toggl.sandbox().entries();
    assert_eq!(entries[0].start, datetime!(2025-03-04 8:50 UTC).unix_timestamp());
    assert_eq!(entries[0].stop, Some(datetime!(2025-03-04 11:00:02 UTC).unix_timestamp()));
}

#[test]
fn a_title_that_is_refused_while_its_entry_runs_is_not_sent_again_once_it_is_halted() {
    let mut rig = Rig::at(0);
    rig.toggl.sandbox().rules.refusals.push(Refusal::bad("Report"));
    let utc = Zone::named("UTC").unwrap();
    let first = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    for (hours, text, requests) in [
        (0, snapshot("today", "Draft", "Active", 540), 2),
        // Renamed and postponed: the title is refused, the halt is not.
        (1, snapshot("future", "Report", "Planned", 540), 2),
        (2, snapshot("future", "Report", "Planned", 540), 0),
    ] {
        let saved = first + hours * 3600;
        rig.clock.set(saved + 2);
        let before = rig.requests();
        rig.push(&text, saved, &utc);
        assert_eq!(rig.requests() - before, requests, "after {hours} hours");
    }
}
