//! What a snapshot becomes in the sidecar.

use chute_kun::task::TaskState;
use chute_toggl::chute_kun::snapshot::parse;
use chute_toggl::reconcile::ingest::{Ingested, ingest};
use chute_toggl::sidecar::{List, Place, SessionRecord, Sidecar};
use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::sandbox::Refusal;
use crate::support::in_process::User;
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today};

/// Monday at six in the evening.
const EVENING: i64 = datetime!(2026-05-11 18:00 UTC).unix_timestamp();
const MONDAY: u32 = 20_260_511;

fn ingested(sidecar: &mut Sidecar, tasks: &[TaskBuilder], saved: i64, zone: &str) -> Ingested {
    ingest(sidecar, &parse(snapshot(tasks).as_bytes()).unwrap(), saved, &Zone::named(zone).unwrap())
}

fn records(sidecar: &Sidecar) -> Vec<&SessionRecord> {
    sidecar.sessions().map(|(_, _, record)| record).collect()
}

fn days(sidecar: &Sidecar) -> Vec<u8> {
    records(sidecar).iter().map(|record| record.start.day()).collect()
}

const MORNING: [(u16, Option<u16>); 1] = [(540, Some(550))];

#[test]
fn the_day_of_the_finish_counts_only_if_the_task_is_done_and_there_is_such_a_day() {
    let tea = |day, minute| past("Tea").sessions(&MORNING).done(day, minute);
    let day = |task: TaskBuilder| {
        let mut sidecar = Sidecar::default();
        ingested(&mut sidecar, &[task], EVENING, "UTC");
        days(&sidecar)[0]
    };
    assert_eq!(day(tea(20_260_509, 550)), 9);
    assert_eq!(day(tea(20_260_509, 1439)), 9);
    assert_eq!(day(tea(20_260_509, 550).state(TaskState::Paused)), 11, "it survives a postponing");
    assert_eq!(day(tea(20_260_231, 550)), 11, "no such day");
    assert_eq!(day(tea(20_260_509, 1440)), 11, "no such minute");
    assert_eq!(day(tea(20_260_509, 550).with(|task| task.finished_at_min = None)), 11, "without a minute");
}

#[test]
fn the_minutes_of_a_day_end_at_23_59() {
    let odd = |start: u16, end: Option<u16>| {
        let mut sidecar = Sidecar::default();
        let found = ingested(&mut sidecar, &[today("Tea").sessions(&[(start, end)])], EVENING, "UTC");
        assert_eq!(sidecar.sessions().count() + found.invalid.len(), 1);
        found.invalid.len()
    };
    assert_eq!([odd(1439, None), odd(1440, None), odd(1441, None)], [0, 1, 1]);
    assert_eq!([odd(0, Some(1439)), odd(0, Some(1440)), odd(0, Some(1441))], [0, 1, 1]);
}

/// Known by the day of its first session when both its place and its plan are others.
#[test]
fn a_task_that_moved_and_was_planned_anew_is_not_confused_with_an_equal_one_of_today() {
    let mut sidecar = Sidecar::default();
    let standup = |planned| past("Standup").planned(planned).sessions(&MORNING).done(20_260_510, 550);
    ingested(&mut sidecar, &[standup(20_260_510)], EVENING - 86_400, "UTC");
    let key = *sidecar.tasks.keys().next().unwrap();
    let tasks =
        [today("Standup").planned(MONDAY).sessions(&MORNING), past("Other").closed(60, 70), standup(20_260_508)];
    ingested(&mut sidecar, &tasks, EVENING, "UTC");
    assert_eq!(sidecar.tasks[&key].place, Some(Place { list: List::Past, index: 1 }));
    assert_eq!(sidecar.tasks[&key].sessions[0].start, datetime!(2026-05-10 09:00 UTC));
}

#[test]
fn a_session_that_was_deleted_is_gone_and_one_that_returns_is_not() {
    let three = [(540, Some(550)), (560, Some(570)), (580, Some(590))];
    let gone = |sidecar: &Sidecar| records(sidecar).iter().map(|record| record.removed).collect::<Vec<_>>();
    let mut sidecar = Sidecar::default();
    let mut push = |sessions: &[(u16, Option<u16>)], is_there: bool| {
        let tasks = if is_there { vec![today("Tea").sessions(sessions)] } else { vec![] };
        let saved = sidecar.last_snapshot_saved.unwrap_or(EVENING) + 60;
        ingested(&mut sidecar, &tasks, saved, "UTC");
        gone(&sidecar)
    };
    assert_eq!(push(&three, true), [false; 3]);
    assert_eq!(push(&[three[0], three[2]], true), [false, true, false]);
    assert_eq!(push(&three, true), [false; 3]);
    assert_eq!(push(&[], false), [true; 3]);
    assert_eq!(push(&three, true), [false; 3], "the whole task is back");
}

/// What was refused was not told, so to change it back leaves nothing to tell.
#[test]
fn a_refused_change_that_is_changed_back_costs_nothing() {
    let zone = Zone::named("UTC").unwrap();
    let mut user = User::at(EVENING + 5);
    let mut saved = EVENING;
    let mut push = |user: &mut User, title: &str, end: u16| {
        saved += 60;
        user.clock.set(saved + 5);
        let tasks = [today(title).closed(540, end)];
        let before = user.requests();
        let report = user.push(&snapshot(&tasks), saved, &zone).report;
        (user.requests() - before, report.rejected.len(), report.left.operations.len())
    };
    push(&mut user, "Draft", 550);
    user.toggl.sandbox().rules.refusals.push(Refusal::bad("Report"));
    assert_eq!(push(&mut user, "Report", 550), (1, 1, 0));
    assert_eq!(push(&mut user, "Draft", 550), (0, 0, 0), "the title");
    user.toggl.sandbox().rules.locked_before = Some(i64::MAX);
    assert_eq!(push(&mut user, "Draft", 560), (1, 1, 0));
    assert_eq!(push(&mut user, "Draft", 550), (0, 0, 0), "the end");
    let entries = user.toggl.sandbox().entries();
    assert_eq!((entries.len(), entries[0].description.as_str()), (1, "Draft"));
}

#[test]
fn a_task_that_was_only_planned_anew_is_on_record_with_its_plan() {
    let mut sidecar = Sidecar::default();
    for planned in [MONDAY, MONDAY + 1, MONDAY] {
        let tasks = [today("Tea").planned(planned).sessions(&MORNING)];
        ingested(&mut sidecar, &tasks, EVENING, "UTC");
        assert_eq!(sidecar.tasks.values().map(|task| task.planned).collect::<Vec<_>>(), [planned]);
    }
}

#[test]
fn a_snapshot_is_of_another_list_if_it_has_none_of_what_was_in_the_last_one() {
    let mut sidecar = Sidecar::default();
    let mut saved = EVENING;
    let mut knows_none = |tasks: &[(&str, u16)]| {
        let tasks: Vec<TaskBuilder> = tasks.iter().map(|&(title, at)| today(title).closed(at, at + 10)).collect();
        saved += 60;
        ingested(&mut sidecar, &tasks, saved, "UTC").knows_none
    };
    assert!(!knows_none(&[("Tea", 540), ("Mail", 600)]), "the first there is");
    assert!(!knows_none(&[("Tea", 540)]), "one is left");
    assert!(knows_none(&[("Draft", 700)]));
    assert!(knows_none(&[]));
    assert!(!knows_none(&[("Draft", 700)]), "there was nothing to be known");
}

#[test]
fn a_session_is_inferred_if_either_of_its_times_is() {
    // 02:15 came twice on this Sunday: the start is certain, the end is not.
    let mut sidecar = Sidecar::default();
    let saved = datetime!(2026-10-25 04:00 UTC).unix_timestamp();
    ingested(&mut sidecar, &[], saved - 12 * 3600, "Europe/Berlin");
    let night = today("Night").planned(20_261_025).closed(90, 135);
    ingested(&mut sidecar, std::slice::from_ref(&night), saved, "Europe/Berlin");
    assert!(records(&sidecar)[0].inferred);
    let mut sidecar = Sidecar::default();
    ingested(&mut sidecar, &[], saved - 12 * 3600, "UTC");
    ingested(&mut sidecar, &[night], saved, "UTC");
    assert!(!records(&sidecar)[0].inferred);
}
