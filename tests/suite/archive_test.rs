//! The archive of settled history: the same outcome with it as without it, whatever happens to the old tasks.

use std::fs;

use chute_toggl::chute_kun::snapshot::{self as snapshots, blocks};
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::file::lock_path;
use chute_toggl::sidecar::{Intent, LastSent, List, Place, Rejection, Sidecar, TaskKey, TaskRecord};
use chute_toggl::toggl::{EntryId, WorkspaceId};
use chute_toggl::zone::Zone;

use crate::sandbox::WORKSPACE;
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today, ymd};
use crate::support::test_home::TestHome;

/// 2026-05-11 12:00 UTC.
const EVENING: i64 = 1_778_500_800;
const DAY: i64 = 24 * 3600;

/// Saves a snapshot on a day and pushes it.
fn push(home: &TestHome, text: &str, day: i64, args: &[&str]) -> (i32, String) {
    home.save_at(text, EVENING + day * DAY);
    home.clock().set(EVENING + day * DAY + 60);
    let ran = home.run(&[&["push"], args].concat());
    (ran.code, ran.out + &ran.err)
}

fn sent(home: &TestHome) -> usize {
    home.toggl.sandbox().log.len()
}

/// Done on that day in two sessions.
fn done(task: TaskBuilder, day: i64, minutes: [(u16, u16); 2]) -> TaskBuilder {
    let ymd = ymd(EVENING + day * DAY);
    let [(start, end), (next, last)] = minutes;
    task.planned(ymd).closed(start, end).closed(next, last).done(ymd, last)
}

const MORNING: [(u16, u16); 2] = [(540, 550), (560, 570)];
const NOON: [(u16, u16); 2] = [(700, 710), (720, 730)];

/// The past of so many days that end on day 0, two tasks a day.
fn days(days: i64) -> Vec<TaskBuilder> {
    let day = |n| [done(past("Standup"), n - days, MORNING), done(past(&format!("Work {n}")), n - days, NOON)];
    (0..days).flat_map(day).collect()
}

/// Today's task and these of past.
fn with_now(past: &[TaskBuilder]) -> String {
    snapshot(std::iter::once(&now()).chain(past))
}

fn now() -> TaskBuilder {
    done(today("Now"), 0, MORNING)
}

/// A home whose 300 days of history are in Toggl and archived, without sending them one by one.
fn archived() -> TestHome {
    let home = TestHome::at(EVENING).with("TZ", "UTC");
    let text = with_now(&days(300));
    let mut sidecar = Sidecar { scanned_from: Some(time::macros::date!(2006 - 01 - 01)), ..Sidecar::default() };
    ingest(&mut sidecar, &snapshots::parse(text.as_bytes()).unwrap(), EVENING, &Zone::named("UTC").unwrap());
    for task in sidecar.tasks.values_mut() {
        for record in &mut task.sessions {
            let (start, stop) = (record.start, record.stop);
            let stop_at = stop.map(|stop| stop.unix_timestamp());
            let id = home.toggl.sandbox().insert(&task.title, start.unix_timestamp(), stop_at);
            record.last_sent =
                Some(LastSent::new(EntryId(id), WorkspaceId(WORKSPACE), task.title.clone(), start, stop));
        }
    }
    home.record(&sidecar);
    let (code, said) = push(&home, &text, 0, &[]);
    assert_eq!((code, sent(&home)), (0, 0), "{said}");
    let archive = home.sidecar().archive.expect("1,200 settled sessions are archived");
    assert_eq!((archive.sessions, archive.past.tasks), (1200, 600));
    home
}

#[test]
fn what_is_settled_is_archived_and_a_new_session_costs_one_request() {
    let home = archived();
    let before = sent(&home);
    // The evening's task is swept to the end of past, and a new one is done.
    let swept = [days(300), vec![done(past("Now"), 0, MORNING)]].concat();
    let text = snapshot(std::iter::once(&done(today("Next"), 1, MORNING)).chain(&swept));
    let (code, said) = push(&home, &text, 1, &[]);
    assert_eq!((code, sent(&home) - before), (0, 2), "{said}");
    assert!(said.contains("1,204 up to date"), "{said}");
    let sidecar = home.sidecar();
    assert_eq!((sidecar.tasks.len(), sidecar.archive.unwrap().past.tasks), (2, 600), "the archive was not touched");
    let bytes = fs::read(home.sidecar_path()).unwrap();
    assert_eq!(push(&home, &text, 1, &[]).0, 0);
    assert_eq!(sent(&home) - before, 2);
    assert!(bytes == fs::read(home.sidecar_path()).unwrap(), "a second push changed the sidecar");
    home.toggl.sandbox().assert_clean();
}

#[test]
fn an_archived_task_that_changes_is_found_again() {
    type Edit = fn(&mut Vec<TaskBuilder>);
    // Renamed by hand: one bulk request for its two sessions. An end edited: one update. One deleted: nothing.
    let edits: [(&str, Edit, usize); 3] = [
        ("renamed", |tasks| tasks[15] = tasks[15].clone().with(|task| task.title = "Work seven".to_owned()), 1),
        ("edited", |tasks| tasks[1] = tasks[1].clone().with(|task| task.sessions[1].end_min = Some(731)), 1),
        ("deleted", |tasks| drop(tasks.remove(598)), 0),
    ];
    for (was, edit, requests) in edits {
        let home = archived();
        let before = sent(&home);
        let mut tasks = days(300);
        edit(&mut tasks);
        let text = with_now(&tasks);
        let (code, said) = push(&home, &text, 1, &[]);
        assert_eq!((code, sent(&home) - before), (0, requests), "{was}: {said}");
        home.toggl.sandbox().assert_clean();
        assert_eq!(home.toggl.sandbox().entries().len(), 1202, "{was}");
    }
}

#[test]
fn pruning_and_ranges_of_days_reach_into_the_archive() {
    let home = archived();
    let before = sent(&home);
    // Without the first Standup.
    let text = with_now(&days(300)[1..]);
    let (code, said) = push(&home, &text, 1, &["--prune"]);
    assert_eq!((code, sent(&home) - before), (0, 2), "{said}");
    assert_eq!(home.toggl.sandbox().entries().len(), 1200);
    let (code, said) = push(&home, &text, 1, &["--until", "2001-01-01"]);
    assert_eq!(code, 0);
    assert!(said.contains("No session started until Mon 2001-01-01"), "{said}");
}

#[test]
fn a_new_task_on_an_archived_day_gets_a_key_of_its_own() {
    let home = archived();
    let before = home.sidecar().archive.unwrap();
    // Finished yesterday at the same place in past as the archive's last, by hand.
    let text = with_now(&[days(300), vec![done(past("Forgotten"), -1, NOON)]].concat());
    let (code, said) = push(&home, &text, 1, &[]);
    assert_eq!(code, 0, "{said}");
    let mut sidecar = home.sidecar();
    assert!(sidecar.archive.as_ref() == Some(&before), "the archive is as it was");
    let live = sidecar.tasks.len();
    sidecar.unarchive().unwrap();
    assert_eq!(sidecar.tasks.len(), live + 600, "no key is there twice");
}

#[test]
fn an_archive_reads_as_what_went_into_it() {
    let home = archived();
    let mut sidecar = home.sidecar();
    let text = with_now(&days(300));
    let parsed = snapshots::parse(text.as_bytes()).unwrap();
    sidecar.unarchive().unwrap();
    let apart = sidecar.clone();
    assert_eq!(apart.sessions().count(), 1202);
    assert!(apart.sessions().all(|(_, _, record)| record.last_sent.is_some()));
    assert_eq!(parsed.past.len(), 600);
    assert!(sidecar.archive(&blocks::split(&text).unwrap()).unwrap());
    assert!(Sidecar::from_json(&sidecar.to_json().unwrap()).unwrap() == sidecar);
    sidecar.unarchive().unwrap();
    assert!(sidecar == apart);
}

/// A machine that does not remember the sidecar reads all of it before it makes anything: an archive would be taken apart
/// and made again by every push.
#[test]
fn an_unknown_sidecar_is_left_as_it_is_by_a_push_with_nothing_to_do() {
    let home = archived();
    fs::remove_file(lock_path(&home.sidecar_path())).unwrap();
    let text = with_now(&days(300));
    assert_eq!(push(&home, &text, 0, &[]).0, 0);
    let bytes = fs::read(home.sidecar_path()).unwrap();
    assert_eq!(push(&home, &text, 0, &[]).0, 0);
    assert!(bytes == fs::read(home.sidecar_path()).unwrap(), "the second push changed the sidecar");
    assert_eq!(sent(&home), 0);
}

#[test]
fn an_archive_knows_its_keys_and_its_entries() {
    let home = archived();
    let mut sidecar = home.sidecar();
    let archive = sidecar.archive.clone().unwrap();
    let live: Vec<TaskKey> = sidecar.tasks.keys().copied().collect();
    assert!(live.iter().all(|&key| !archive.has(key)));
    assert!(sidecar.sessions().all(|(_, _, record)| !archive.owns(record.last_sent.as_ref().unwrap().id)));
    sidecar.unarchive().unwrap();
    for (key, _, record) in sidecar.sessions().filter(|(key, ..)| !live.contains(&key.task)) {
        assert!(archive.has(key.task) && archive.owns(record.last_sent.as_ref().unwrap().id), "{key}");
        assert!(!archive.has(TaskKey { number: key.task.number + 600, ..key.task }));
    }
    assert!(!archive.owns(EntryId(1)));
}

/// Whatever Toggl was not told, or is not sure to hold, stays where every push sees it.
#[test]
fn only_what_is_settled_is_archived() {
    let home = archived();
    let text = with_now(&days(300));
    let mut apart = home.sidecar();
    apart.unarchive().unwrap();
    let archive = |text: &str, change: &dyn Fn(&mut TaskRecord)| {
        let mut sidecar = apart.clone();
        let last = |task: &&mut TaskRecord| task.place == Some(Place { list: List::Past, index: 599 });
        change(sidecar.tasks.values_mut().find(last).unwrap());
        assert!(sidecar.archive(&blocks::split(text).unwrap()).unwrap());
        let archive = sidecar.archive.unwrap();
        (archive.past.tasks, archive.sessions, sidecar.tasks.len())
    };
    assert_eq!(archive(&text, &|_| {}), (600, 1200, 1));
    let minute = time::Duration::MINUTE;
    type Change<'a> = &'a dyn Fn(&mut TaskRecord);
    let changes: [(&str, Change<'_>); 8] = [
        ("removed", &|task| task.sessions[1].removed = true),
        ("assumed", &|task| task.sessions[1].assumed = true),
        ("rejected", &|task| {
            let (text, operation) = (String::new(), String::new());
            task.sessions[1].rejected = Some(Box::new(Rejection { status: 400, text, operation, acknowledged: false }));
        }),
        ("open", &|task| {
            task.sessions[1].stop = None;
            task.sessions[1].last_sent.as_mut().unwrap().stop = None;
        }),
        ("not sent", &|task| task.sessions[1].last_sent = None),
        ("another start", &|task| task.sessions[1].last_sent.as_mut().unwrap().start -= minute),
        ("halted", &|task| task.sessions[1].last_sent.as_mut().unwrap().halted = true),
        ("another title", &|task| task.title = "Another".into()),
    ];
    for (why, change) in changes {
        assert_eq!(archive(&text, change), (599, 1198, 2), "{why}");
    }
    // Where the next push looks for sessions in Toggl first, it reads all: nothing is archived.
    let never = |change: &dyn Fn(&mut Sidecar)| {
        let mut sidecar = apart.clone();
        change(&mut sidecar);
        assert!(!sidecar.archive(&blocks::split(&text).unwrap()).unwrap());
    };
    never(&|sidecar| sidecar.scanned_from = None);
    never(&|sidecar| {
        let record = &mut sidecar.tasks.values_mut().next().unwrap().sessions[0];
        record.intent = Some(Box::new(Intent {
            since: 0,
            start: record.start,
            description: String::new(),
            workspace: None,
            project: None,
            tags: Vec::new(),
        }));
    });
    // A task without sessions has nothing to be told; one whose session was left out must be told of again.
    let with = |last: TaskBuilder| with_now(&[days(300), vec![last]].concat());
    assert_eq!(archive(&with(past("Idle")), &|_| {}).0, 601);
    assert_eq!(archive(&with(done(past("Odd"), 0, MORNING)), &|_| {}).0, 600);
}

#[test]
fn a_damaged_archive_is_refused_when_it_is_needed_and_never_written_over() {
    let home = archived();
    let path = home.sidecar_path();
    let text =
        fs::read_to_string(&path).unwrap().replacen("\"Standup\",\"place\":\"past/0\"", "\"Standup\",\"plaice\":0", 1);
    fs::write(&path, &text).unwrap();
    let edited = with_now(&days(299));
    let (code, said) = push(&home, &edited, 1, &[]);
    assert_eq!(code, 8, "{said}");
    assert!(said.contains("plaice"), "{said}");
    assert!(fs::read_to_string(&path).unwrap() == text);
}
