//! What a snapshot becomes in the sidecar.

use chute_toggl::chute_kun::snapshot;
use chute_toggl::reconcile::ingest::{Ingested, ingest};
use chute_toggl::sidecar::{List, Place, SessionRecord, Sidecar};
use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::rig::Rig;
use crate::sandbox::Refusal;

/// Monday at six in the evening.
const EVENING: i64 = datetime!(2026-05-11 18:00 UTC).unix_timestamp();
const MONDAY: u32 = 20_260_511;

/// A task: the list, the title, what else it says, and its sessions.
fn task(list: &str, title: &str, more: &str, sessions: &[(u16, Option<u16>)]) -> String {
    let state = if more.contains("done_ymd") && !more.contains("state") { "state = \"Done\"\n" } else { "" };
    let state = if more.contains("state") || !state.is_empty() { state } else { "state = \"Paused\"\n" };
    let planned = if more.contains("planned_ymd") { "" } else { "planned_ymd = 0\n" };
    let mut text = format!(
        "\n[[{list}]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = 0\nactual_carry_sec = 0\n{state}{planned}\
         {more}\ncategory = \"General\"\n"
    );
    for (start, end) in sessions {
        text.push_str(&format!("\n[[{list}.sessions]]\nstart_min = {start}\n"));
        end.iter().for_each(|end| text.push_str(&format!("end_min = {end}\n")));
    }
    text
}

fn snapshot(tasks: &[String]) -> String {
    let missing = |list: &&&str| !tasks.iter().any(|task| task.contains(&format!("[[{list}]]")));
    let empty: String =
        ["today", "future", "past"].iter().filter(missing).map(|list| format!("{list} = []\n")).collect();
    format!("version = 1\n{empty}{}", tasks.concat())
}

fn taken_in(sidecar: &mut Sidecar, tasks: &[String], saved: i64, zone: &str) -> Ingested {
    ingest(sidecar, &snapshot::parse(snapshot(tasks).as_bytes()).unwrap(), saved, &Zone::named(zone).unwrap())
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
    let day = |more: &str| {
        let mut sidecar = Sidecar::default();
        taken_in(&mut sidecar, &[task("past", "Tea", more, &MORNING)], EVENING, "UTC");
        days(&sidecar)[0]
    };
    assert_eq!(day("finished_at_min = 550\ndone_ymd = 20260509"), 9);
    assert_eq!(day("finished_at_min = 1439\ndone_ymd = 20260509"), 9);
    assert_eq!(day("state = \"Paused\"\nfinished_at_min = 550\ndone_ymd = 20260509"), 11, "it survives a postponing");
    assert_eq!(day("finished_at_min = 550\ndone_ymd = 20260231"), 11, "no such day");
    assert_eq!(day("finished_at_min = 1440\ndone_ymd = 20260509"), 11, "no such minute");
    assert_eq!(day("done_ymd = 20260509"), 11, "without a minute");
}

#[test]
fn the_minutes_of_a_day_end_at_23_59() {
    let odd = |start: u16, end: Option<u16>| {
        let mut sidecar = Sidecar::default();
        let intake = taken_in(&mut sidecar, &[task("today", "Tea", "", &[(start, end)])], EVENING, "UTC");
        assert_eq!(sidecar.sessions().count() + intake.invalid.len(), 1);
        intake.invalid.len()
    };
    assert_eq!([odd(1439, None), odd(1440, None), odd(1441, None)], [0, 1, 1]);
    assert_eq!([odd(0, Some(1439)), odd(0, Some(1440)), odd(0, Some(1441))], [0, 1, 1]);
}

/// Known by the day of its first session when both its place and its plan are others.
#[test]
fn a_task_that_moved_and_was_planned_anew_is_not_confused_with_an_equal_one_of_today() {
    let mut sidecar = Sidecar::default();
    let done = "finished_at_min = 550\ndone_ymd = 20260510\nplanned_ymd = 20260510";
    taken_in(&mut sidecar, &[task("past", "Standup", done, &MORNING)], EVENING - 86_400, "UTC");
    let key = *sidecar.tasks.keys().next().unwrap();
    let replanned = "finished_at_min = 550\ndone_ymd = 20260510\nplanned_ymd = 20260508";
    let tasks = [
        task("today", "Standup", &format!("planned_ymd = {MONDAY}"), &MORNING),
        task("past", "Other", "", &[(60, Some(70))]),
        task("past", "Standup", replanned, &MORNING),
    ];
    taken_in(&mut sidecar, &tasks, EVENING, "UTC");
    assert_eq!(sidecar.tasks[&key].place, Some(Place { list: List::Past, index: 1 }));
    assert_eq!(sidecar.tasks[&key].sessions[0].start, datetime!(2026-05-10 09:00 UTC));
}

#[test]
fn a_session_that_was_deleted_is_gone_and_one_that_returns_is_not() {
    let three = [(540, Some(550)), (560, Some(570)), (580, Some(590))];
    let gone = |sidecar: &Sidecar| records(sidecar).iter().map(|record| record.removed).collect::<Vec<_>>();
    let mut sidecar = Sidecar::default();
    let mut push = |sessions: &[(u16, Option<u16>)], is_there: bool| {
        let tasks = if is_there { vec![task("today", "Tea", "", sessions)] } else { vec![] };
        let saved = sidecar.last_snapshot_saved.unwrap_or(EVENING) + 60;
        taken_in(&mut sidecar, &tasks, saved, "UTC");
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
    let mut rig = Rig::at(EVENING + 5);
    let mut saved = EVENING;
    let mut push = |rig: &mut Rig, title: &str, end: u16| {
        saved += 60;
        rig.clock.set(saved + 5);
        let tasks = [task("today", title, "", &[(540, Some(end))])];
        let before = rig.requests();
        let report = rig.push(&snapshot(&tasks), saved, &zone).report;
        (rig.requests() - before, report.rejected.len(), report.left.operations.len())
    };
    push(&mut rig, "Draft", 550);
    rig.toggl.sandbox().rules.refusals.push(Refusal::bad("Report"));
    assert_eq!(push(&mut rig, "Report", 550), (1, 1, 0));
    assert_eq!(push(&mut rig, "Draft", 550), (0, 0, 0), "the title");
    rig.toggl.sandbox().rules.locked_before = Some(i64::MAX);
    assert_eq!(push(&mut rig, "Draft", 560), (1, 1, 0));
    assert_eq!(push(&mut rig, "Draft", 550), (0, 0, 0), "the end");
    let entries = rig.toggl.sandbox().entries();
    assert_eq!((entries.len(), entries[0].description.as_str()), (1, "Draft"));
}

#[test]
fn a_task_that_was_only_planned_anew_is_on_record_with_its_plan() {
    let mut sidecar = Sidecar::default();
    for planned in [MONDAY, MONDAY + 1, MONDAY] {
        let tasks = [task("today", "Tea", &format!("planned_ymd = {planned}"), &MORNING)];
        taken_in(&mut sidecar, &tasks, EVENING, "UTC");
        assert_eq!(sidecar.tasks.values().map(|thread| thread.planned).collect::<Vec<_>>(), [planned]);
    }
}

#[test]
fn a_snapshot_is_of_another_list_if_it_has_none_of_what_was_in_the_last_one() {
    let mut sidecar = Sidecar::default();
    let mut saved = EVENING;
    let mut knows_none = |tasks: &[(&str, u16)]| {
        let tasks: Vec<String> =
            tasks.iter().map(|&(title, at)| task("today", title, "", &[(at, Some(at + 10))])).collect();
        saved += 60;
        taken_in(&mut sidecar, &tasks, saved, "UTC").knows_none
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
    taken_in(&mut sidecar, &[], saved - 12 * 3600, "Europe/Berlin");
    taken_in(&mut sidecar, &[task("today", "Night", "", &[(90, Some(135))])], saved, "Europe/Berlin");
    assert!(records(&sidecar)[0].inferred);
    let mut sidecar = Sidecar::default();
    taken_in(&mut sidecar, &[], saved - 12 * 3600, "UTC");
    taken_in(&mut sidecar, &[task("today", "Night", "", &[(90, Some(135))])], saved, "UTC");
    assert!(!records(&sidecar)[0].inferred);
}
