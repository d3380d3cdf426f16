//! Which task is which record, and which session which record, one rule at a time.

use std::collections::BTreeMap;

use chute_toggl::chute_kun::snapshot::{self, Session, State};
use chute_toggl::reconcile::matching::{MatchContext, SnapshotTask, align, identify, ymd};
use chute_toggl::sidecar::{Category, List, Minutes, Place, SessionRecord, TaskKey, TaskRecord};
use chute_toggl::zone::Zone;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The morning of the day that is on record.
const DAY: OffsetDateTime = datetime!(2026-05-11 00:00 UTC);
const ON_RECORD: u32 = 20_260_511;
const DAY_BEFORE: u32 = 20_260_510;
const DAY_AFTER: u32 = 20_260_512;

type Sessions = &'static [(u16, Option<u16>)];
const MORNING: Sessions = &[(540, Some(550))];

fn at(minute: u16) -> OffsetDateTime {
    DAY + Duration::minutes(minute.into())
}

fn record(number: u32, start: u16, end: Option<u16>) -> SessionRecord {
    SessionRecord::new(number, Minutes { start, end }, at(start), end.map(at))
}

fn records(sessions: &[(u16, Option<u16>)]) -> Vec<SessionRecord> {
    (0..).zip(sessions).map(|(number, &(start, end))| record(number, start, end)).collect()
}

/// A record that was the first task of today, planned for the day that is on record.
fn tea(sessions: Sessions) -> TaskRecord {
    TaskRecord {
        title: "Tea".into(),
        planned: ON_RECORD,
        category: Category::General,
        place: Some(today(0)),
        sessions: records(sessions),
    }
}

fn today(index: u32) -> Place {
    Place { list: List::Today, index }
}

/// A task of the new snapshot.
#[derive(Clone, Copy)]
struct Task {
    index: u32,
    title: &'static str,
    planned: u32,
    finish: Option<(Option<u16>, u32)>,
    sessions: Sessions,
    first_day: u32,
}

/// The task that the record is, unchanged.
const TEA: Task =
    Task { index: 0, title: "Tea", planned: ON_RECORD, finish: None, sessions: MORNING, first_day: ON_RECORD };
/// The same where it was not, planned for another day.
const MOVED: Task = Task { index: 5, planned: DAY_AFTER, ..TEA };

/// Which of the tasks is the record. The last snapshot is from noon of the day on record, the new one from the noon
/// after: all minutes fit in between.
fn found(record: &TaskRecord, tasks: &[Task]) -> Option<usize> {
    found_within(record, tasks, 24 * 60)
}

/// The same for a snapshot that was saved so many minutes after the last.
fn found_within(record: &TaskRecord, tasks: &[Task], minutes: i64) -> Option<usize> {
    let found = identified(std::slice::from_ref(record), tasks, minutes);
    assert!(found.iter().flatten().count() <= 1, "one record is one task");
    found.iter().position(Option::is_some)
}

/// For every task the position of the record that it is.
fn identified(records: &[TaskRecord], tasks: &[Task], minutes: i64) -> Vec<Option<usize>> {
    let key = |at: usize| TaskKey { day: ON_RECORD, number: u32::try_from(at).unwrap() };
    let records: BTreeMap<TaskKey, TaskRecord> =
        records.iter().enumerate().map(|(at, record)| (key(at), record.clone())).collect();
    let saved: Vec<snapshot::Task> = tasks.iter().map(as_saved).collect();
    let candidates: Vec<SnapshotTask<'_>> = (tasks.iter().zip(&saved))
        .map(|(task, saved)| SnapshotTask {
            first_day: task.first_day.into(),
            ..SnapshotTask::of(saved, today(task.index))
        })
        .collect();
    let zone = Zone::named("UTC").unwrap();
    let last_saved = at(720).unix_timestamp() + 30;
    let scene = MatchContext { zone: &zone, last_saved, saved: last_saved + minutes * 60 };
    let found = identify(&records, &candidates, &scene);
    found.iter().map(|found| found.map(|found| found.number as usize)).collect()
}

fn as_saved(task: &Task) -> snapshot::Task {
    snapshot::Task {
        title: task.title.to_owned(),
        actual_min: 0,
        finished_at_min: task.finish.and_then(|(minute, _)| minute),
        sessions: sessions(task.sessions),
        state: if task.finish.is_some() { State::Done } else { State::Paused },
        planned_ymd: task.planned,
        done_ymd: task.finish.map(|(_, day)| day),
        category: Category::General,
    }
}

fn sessions(of: &[(u16, Option<u16>)]) -> Vec<Session> {
    of.iter().map(|&(start_min, end_min)| Session { start_min, end_min }).collect()
}

#[test]
fn a_task_that_moved_is_not_confused_with_what_stands_in_its_place() {
    for planned in [ON_RECORD, DAY_AFTER] {
        let moved = Task { planned, ..MOVED };
        let renamed = Task { title: "Work", planned, ..TEA };
        assert_eq!(found(&tea(MORNING), &[renamed, moved]), Some(1), "same minutes, planned {planned}");
        let later = Task { sessions: &[(600, Some(610))], planned, ..TEA };
        assert_eq!(found(&tea(MORNING), &[later, moved]), Some(1), "same title, planned {planned}");
    }
}

#[test]
fn of_equal_tasks_it_is_the_one_in_its_place_then_of_its_plan_then_of_its_day() {
    let elsewhere = Task { index: 3, ..TEA };
    assert_eq!(found(&tea(MORNING), &[elsewhere, TEA]), Some(1), "place and plan");
    let replanned = Task { planned: DAY_AFTER, ..TEA };
    assert_eq!(found(&tea(MORNING), &[replanned, elsewhere]), Some(1), "plan before place");
    let other_day = Task { index: 2, planned: DAY_AFTER, first_day: DAY_AFTER, ..TEA };
    assert_eq!(found(&tea(MORNING), &[other_day, replanned]), Some(1), "place");
    assert_eq!(found(&tea(MORNING), &[other_day, MOVED]), Some(1), "day");
    assert_eq!(found(&tea(MORNING), &[other_day]), Some(0), "at last the title alone");
}

#[test]
fn equal_tasks_are_told_apart_one_to_one() {
    let equal: [TaskRecord; 3] = std::array::from_fn(|at| TaskRecord { place: Some(today(at as u32)), ..tea(MORNING) });
    let moved = [5, 6, 7, 8].map(|index| Task { index, ..TEA });
    assert_eq!(identified(&equal, &moved, 24 * 60), [Some(0), Some(1), Some(2), None]);
    // One is known by its place: the others share what is left over, however it is looked up.
    let one_stays = [Task { index: 1, ..TEA }, moved[0], moved[1], moved[2]];
    assert_eq!(identified(&equal, &one_stays, 24 * 60), [Some(1), Some(0), Some(2), None]);
    assert_eq!(identified(&equal, &moved[..2], 24 * 60), [Some(0), Some(1)]);
}

/// What was finished before the day on record cannot have been worked on that day.
#[test]
fn a_task_that_was_finished_before_what_is_on_record_stands_back() {
    let finish = Some((Some(550), DAY_BEFORE));
    let other_day = Task { index: 7, planned: DAY_AFTER, first_day: DAY_AFTER, ..TEA };
    let plan = Task { index: 3, finish, ..TEA };
    assert_eq!(found(&tea(MORNING), &[plan, MOVED]), Some(1), "same plan");
    let place = Task { finish, planned: DAY_AFTER, ..TEA };
    assert_eq!(found(&tea(MORNING), &[place, MOVED]), Some(1), "same place");
    let day = Task { index: 3, finish, ..MOVED };
    assert_eq!(found(&tea(MORNING), &[day, other_day]), Some(1), "same day");
    let renamed = Task { title: "Work", ..TEA };
    let title = Task { finish, ..other_day };
    assert_eq!(found(&tea(MORNING), &[title, renamed]), Some(1), "same title");
    let unlike = Task { title: "Work", finish, ..TEA };
    assert_eq!(found(&tea(MORNING), &[unlike]), None, "another title in its place");
    assert_eq!(found(&tea(MORNING), &[Task { index: 4, ..unlike }]), None, "another title elsewhere");
    assert_eq!(found(&tea(MORNING), &[Task { index: 4, planned: DAY_AFTER, ..unlike }]), None, "nothing but minutes");
    assert_eq!(found(&tea(MORNING), &[plan]), Some(0), "but if nothing else is it");
}

/// All is recorded, and the last session ended at the minute of the finish: then it ended on that day.
#[test]
fn a_finish_at_the_minute_of_the_last_end_gives_the_day_of_that_end() {
    let done = |minute, day| Task { index: 3, title: "Work", finish: Some((minute, day)), ..TEA };
    assert_eq!(found(&tea(MORNING), &[done(Some(550), ON_RECORD)]), Some(0));
    assert_eq!(found(&tea(MORNING), &[done(Some(550), DAY_AFTER)]), None, "the same minutes a day later");
    assert_eq!(found(&tea(MORNING), &[done(Some(560), DAY_AFTER)]), Some(0), "finished later, without a session");
    assert_eq!(found(&tea(MORNING), &[done(None, DAY_AFTER)]), Some(0));
    // Sessions after the recorded ones: the finish is theirs.
    let more: Sessions = &[(540, Some(550)), (540, Some(550))];
    assert_eq!(found(&tea(MORNING), &[Task { sessions: more, ..done(Some(550), DAY_AFTER) }]), Some(0));
    // One that was open and is closed has no day of its end yet.
    let open: Sessions = &[(540, None)];
    assert_eq!(found(&tea(open), &[done(Some(550), DAY_AFTER)]), Some(0));
}

/// An older copy of the list, saved again: once its task was last_saved for another one of the same title that stood in its place.
#[test]
fn a_task_as_it_was_before_is_the_known_one() {
    let two: Sessions = &[(540, Some(550)), (600, Some(620))];
    let was = |sessions, planned| Task { index: 3, sessions, planned, first_day: ON_RECORD, ..TEA };
    for before in [MORNING, &[(540, None)], &[(540, Some(550)), (600, None)]] {
        assert_eq!(found(&tea(two), &[was(before, ON_RECORD)]), Some(0), "{before:?}");
        assert_eq!(found(&tea(two), &[was(before, DAY_AFTER)]), Some(0), "first worked on the same day: {before:?}");
    }
    let other = |sessions| Task { first_day: DAY_AFTER, ..was(sessions, DAY_AFTER) };
    assert_eq!(found(&tea(two), &[other(MORNING)]), None, "of another day");
}

#[test]
fn finished_at_the_minute_of_a_former_pause_it_is_known_by_its_plan() {
    let done = Task { index: 3, finish: Some((Some(550), DAY_AFTER)), ..TEA };
    assert_eq!(found(&tea(MORNING), &[done]), Some(0));
    // With nothing that shows its age it is the next day's task.
    assert_eq!(found(&tea(MORNING), &[Task { planned: DAY_AFTER, ..done }]), None);
    // One with all its sessions on record comes before one with more.
    let finish = Some((Some(550), DAY_BEFORE));
    let whole = Task { finish, ..done };
    let more = Task { index: 2, sessions: &[(540, Some(550)), (600, Some(610))], ..whole };
    assert_eq!(found(&tea(MORNING), &[more, whole]), Some(1));
}

#[test]
fn a_renamed_task_is_known_by_its_minutes() {
    let renamed = Task { title: "Work", ..TEA };
    assert_eq!(found(&tea(MORNING), &[renamed]), Some(0), "in its place");
    assert_eq!(found(&tea(MORNING), &[Task { index: 3, ..renamed }]), Some(0), "elsewhere");
    assert_eq!(found(&tea(MORNING), &[Task { index: 3, planned: DAY_AFTER, ..renamed }]), Some(0), "planned anew");
    let other = Task { sessions: &[(541, Some(550))], ..renamed };
    assert_eq!(found(&tea(MORNING), &[other]), None, "not by some of them");
    // One start minute, or a session of no length, can be a new task's.
    let short: Sessions = &[(540, Some(540))];
    let unplanned = Task { planned: DAY_AFTER, ..renamed };
    assert_eq!(found(&tea(short), &[Task { sessions: short, ..unplanned }]), None);
    assert_eq!(found(&tea(&[(540, None)]), &[unplanned]), None);
    assert_eq!(found(&tea(&[(540, None)]), &[Task { index: 3, ..unplanned }]), None);
    assert_eq!(found(&tea(&[(540, None)]), &[Task { index: 3, ..renamed }]), Some(0), "still open, planned as it was");
}

/// Saved half an hour after the last snapshot, the task's minutes cannot be new.
#[test]
fn a_task_older_than_the_last_snapshot_must_have_been_in_it() {
    let unplanned = Task { title: "Work", planned: DAY_AFTER, ..TEA };
    let open: Sessions = &[(540, None)];
    assert_eq!(found_within(&tea(open), &[unplanned], 30), Some(0));
    assert_eq!(found_within(&tea(open), &[unplanned], 24 * 60), None);
    // The snapshots count by their minutes: 12:00 can be that of the last, and 12:30 that of this one.
    let since = |sessions| Task { sessions, planned: DAY_AFTER, ..TEA };
    assert_eq!(found_within(&tea(MORNING), &[since(&[(719, Some(725))])], 30), Some(0), "before the last snapshot");
    assert_eq!(found_within(&tea(MORNING), &[since(&[(720, Some(725))])], 30), None, "in its minute");
    assert_eq!(found_within(&tea(MORNING), &[since(&[(725, Some(750))])], 30), None, "up to this one");
    assert_eq!(found_within(&tea(MORNING), &[since(&[(725, Some(751))])], 30), Some(0), "beyond this one");
    // Or else it says so by the day of its finish.
    let done = |day| Task { finish: Some((Some(610), day)), ..since(&[(600, Some(610))]) };
    assert_eq!(found(&tea(MORNING), &[done(DAY_BEFORE)]), Some(0));
    assert_eq!(found(&tea(MORNING), &[done(ON_RECORD)]), None);
}

#[test]
fn edited_minutes_are_known_by_the_place_and_one_minute_that_stayed() {
    let edited = |sessions| Task { sessions, ..TEA };
    assert_eq!(found(&tea(MORNING), &[edited(&[(545, Some(550))])]), Some(0), "the end stayed");
    assert_eq!(found(&tea(MORNING), &[edited(&[(540, Some(560))])]), Some(0), "the start stayed");
    assert_eq!(found(&tea(MORNING), &[edited(&[(600, Some(610))])]), None, "a new task in a deleted one's place");
    let edited = edited(&[(540, Some(560))]);
    assert_eq!(found(&tea(MORNING), &[Task { title: "Work", ..edited }]), None, "another title");
    assert_eq!(found(&tea(MORNING), &[Task { planned: DAY_AFTER, ..edited }]), None, "nothing shows its age");
}

#[test]
fn a_task_both_moved_and_edited_is_known_by_a_start_that_stayed() {
    let two: Sessions = &[(540, Some(550)), (600, Some(610))];
    let edited = Task { index: 4, sessions: &[(545, Some(550)), (600, Some(620))], ..TEA };
    assert_eq!(found(&tea(two), &[edited]), Some(0));
    assert_eq!(found(&tea(two), &[Task { planned: DAY_AFTER, ..edited }]), None, "nothing shows its age");
    assert_eq!(found(&tea(two), &[Task { title: "Work", ..edited }]), None, "another title");
    assert_eq!(found(&tea(two), &[Task { sessions: &[(541, Some(550))], ..edited }]), None, "no start in common");
}

#[test]
fn what_had_vanished_may_return_with_title_minutes_and_day() {
    let gone = |sessions| {
        let records = records(sessions).into_iter().map(|record| SessionRecord { removed: true, ..record }).collect();
        TaskRecord { place: None, sessions: records, ..tea(sessions) }
    };
    assert_eq!(found(&gone(MORNING), &[MOVED]), Some(0));
    assert_eq!(found(&gone(MORNING), &[TEA]), Some(0));
    assert_eq!(found(&gone(MORNING), &[Task { first_day: DAY_AFTER, planned: 0, ..TEA }]), None, "another day");
    let grown = &[(545, Some(550)), (600, Some(610)), (620, None)];
    let two: Sessions = &[(540, Some(550)), (600, None)];
    assert_eq!(found(&gone(two), &[Task { sessions: grown, ..MOVED }]), Some(0), "edited, ended and gone on with");
    assert_eq!(found(&gone(two), &[Task { sessions: &grown[2..], ..MOVED }]), None, "nothing in common");
    assert_eq!(found(&gone(two), &[Task { sessions: grown, planned: 0, first_day: DAY_AFTER, ..MOVED }]), None);
    let renamed = Task { title: "Work", ..TEA };
    assert_eq!(found(&gone(MORNING), &[renamed]), Some(0), "renamed meanwhile");
    assert_eq!(found(&gone(MORNING), &[Task { first_day: DAY_AFTER, ..renamed }]), None, "another day's");
    assert_eq!(found(&gone(MORNING), &[Task { planned: DAY_AFTER, ..renamed }]), None, "planned for another day");
    assert_eq!(found(&gone(MORNING), &[Task { sessions: &[(540, Some(560))], ..TEA }]), None, "other minutes");
    assert_eq!(found(&gone(MORNING), &[Task { finish: Some((None, DAY_BEFORE)), ..TEA }]), None, "finished before");
}

/// The sessions of a record that was there count without those that are gone.
#[test]
fn sessions_that_are_gone_are_not_asked_for() {
    let mut record = tea(&[(540, Some(550)), (600, Some(610))]);
    record.sessions[0].removed = true;
    let rest = Task { index: 3, title: "Work", sessions: &[(600, Some(610))], ..TEA };
    assert_eq!(found(&record, &[rest]), Some(0));
    assert_eq!(found(&record, &[Task { sessions: MORNING, ..rest }]), None);
}

fn aligned(recorded: &[(u16, Option<u16>)], now: &[(u16, Option<u16>)]) -> Vec<Option<usize>> {
    align(&records(recorded), &sessions(now))
}

#[test]
fn new_sessions_follow_the_recorded_ones() {
    assert_eq!(aligned(MORNING, &[(540, Some(550)), (600, None)]), [Some(0), None]);
    assert_eq!(aligned(MORNING, &[(540, Some(550)), (540, Some(550))]), [Some(0), None], "with the same minutes");
    assert_eq!(aligned(&[(540, None)], MORNING), [Some(0)], "closed since");
    assert_eq!(aligned(&[], MORNING), [None]);
}

#[test]
fn where_sessions_were_deleted_the_others_are_known_by_both_their_minutes() {
    let three = [(500, Some(505)), (540, Some(550)), (600, Some(610))];
    assert_eq!(aligned(&three, &[three[0], three[2]]), [Some(0), Some(2)]);
    assert_eq!(aligned(&three, &[three[1], three[2]]), [Some(1), Some(2)]);
    assert_eq!(aligned(&three[..2], &[three[1], three[1]]), [Some(1), None]);
    assert_eq!(aligned(&[(540, Some(550)), (540, Some(560))], &[(540, Some(560))]), [Some(1)]);
    assert_eq!(aligned(&[(530, Some(560)), (540, Some(560))], &[(540, Some(560))]), [Some(1)]);
}

#[test]
fn an_edited_session_is_known_by_one_minute_or_else_where_it_stood() {
    let two = [(500, Some(505)), (540, Some(550))];
    assert_eq!(aligned(&two, &[(545, Some(550))]), [Some(1)], "by its end");
    assert_eq!(aligned(&two, &[(540, Some(560))]), [Some(1)], "by its start");
    assert_eq!(aligned(&two, &[(540, None)]), [Some(1)], "by its start, open again");
    assert_eq!(aligned(&[(500, None), (540, None)], &[(545, None)]), [None], "that both are open is nothing in common");
    assert_eq!(aligned(&two, &[(501, Some(506)), two[1]]), [Some(0), Some(1)], "where it stood");
    assert_eq!(aligned(&two, &[(501, Some(506)), (541, Some(551))]), [Some(0), Some(1)], "both where they stood");
    assert_eq!(aligned(&two, &[(541, Some(551))]), [None], "fewer than were recorded: it could be either");
}

#[test]
fn a_session_that_had_been_gone_returns_with_its_minutes_only() {
    let mut known = records(&[(540, Some(550)), (600, Some(610)), (700, Some(710))]);
    known[1].removed = true;
    known[2].removed = true;
    let now = |session| align(&known, &sessions(&[(540, Some(550)), session]));
    assert_eq!(now((700, Some(710))), [Some(0), Some(2)]);
    assert_eq!(now((700, Some(720))), [Some(0), None]);
    assert_eq!(now((600, Some(605))), [Some(0), None]);
    // An edited session stands where a live one stood, never where one had been gone.
    known[2].removed = false;
    assert_eq!(align(&known, &sessions(&[(541, Some(551)), (701, Some(711))])), [Some(0), Some(2)]);
    // When the whole record had been gone, all of it is asked for.
    known.iter_mut().for_each(|record| record.removed = true);
    assert_eq!(
        align(&known, &sessions(&[(540, Some(550)), (601, Some(611)), (700, Some(710))])),
        [Some(0), Some(1), Some(2)]
    );
}

#[test]
fn the_day_of_a_record_is_that_of_its_own_offset() {
    assert_eq!(ymd(datetime!(2026-05-11 00:30 +9)), 20_260_511);
    assert_eq!(ymd(datetime!(2026-05-10 15:30 UTC)), 20_260_510);
    assert_eq!(ymd(datetime!(2031-12-01 23:59 -5)), 20_311_201);
}
