//! The archive of settled history: the same outcome with it as without it, whatever happens to the old tasks.

use std::fs;
use std::time::{Duration, SystemTime};

use chute_toggl::chute_kun::snapshot::{self, blocks};
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::{Intent, LastSent, List, Place, Rejection, Sidecar, TaskKey, TaskRecord};
use chute_toggl::zone::Zone;

use crate::at_desk;
use crate::home::save_at;
use crate::sandbox::{Server, SimClock, TOKEN, WORKSPACE};

const EVENING: i64 = 1_778_500_800;
const DAY: i64 = 24 * 3600;

/// A user with `days` days of four sessions in past, in UTC, on a clock of the test's.
struct Desk {
    dir: tempfile::TempDir,
    toggl: Server,
    clock: SimClock,
}

impl Desk {
    fn new() -> Desk {
        let clock = SimClock::at(EVENING);
        Desk { dir: tempfile::tempdir().unwrap(), toggl: Server::new(clock.clone()), clock }
    }

    /// Saves a snapshot on a day and pushes it.
    fn push(&self, text: &str, day: i64, args: &[&str]) -> (i32, String) {
        let path = self.dir.path().join("snapshot.toml");
        let saved = EVENING + day * DAY;
        save_at(&path, text.as_bytes(), SystemTime::UNIX_EPOCH + Duration::from_secs(saved.unsigned_abs()));
        self.clock.set(saved + 60);
        let variables = [
            ("TZ", "UTC".to_owned()),
            ("TOGGL_API_TOKEN", TOKEN.to_owned()),
            ("TOGGL_API_URL", self.toggl.url()),
            ("TOGGL_WORKSPACE_ID", WORKSPACE.to_string()),
            ("CHUTE_KUN_STATE", path.display().to_string()),
            ("CHUTE_TOGGL_SIDECAR", self.dir.path().join("toggl.json").display().to_string()),
            ("CHUTE_TOGGL_PACE", "0".to_owned()),
        ];
        let ran = at_desk::run(&[&["push"], args].concat(), &variables, &self.clock);
        (ran.code, ran.out + &ran.err)
    }

    fn sidecar(&self) -> Sidecar {
        Sidecar::from_json(&fs::read(self.dir.path().join("toggl.json")).unwrap()).unwrap()
    }

    fn sent(&self) -> usize {
        self.toggl.sandbox().log.len()
    }
}

fn task(list: &str, title: &str, day: i64, minutes: [(u16, u16); 2]) -> String {
    let date = time::OffsetDateTime::from_unix_timestamp(EVENING + day * DAY).unwrap().date();
    let ymd = date.year() * 10_000 + i32::from(u8::from(date.month())) * 100 + i32::from(date.day());
    let mut text = format!(
        "\n[[{list}]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = 20\nactual_carry_sec = 0\n\
         finished_at_min = {}\nstate = \"Done\"\nplanned_ymd = {ymd}\ndone_ymd = {ymd}\ncategory = \"Work\"\n",
        minutes[1].1
    );
    for (start, end) in minutes {
        text.push_str(&format!("\n[[{list}.sessions]]\nstart_min = {start}\nend_min = {end}\n"));
    }
    text
}

const MORNING: [(u16, u16); 2] = [(540, 550), (560, 570)];
const NOON: [(u16, u16); 2] = [(700, 710), (720, 730)];

/// The past of so many days that end on day 0, two tasks a day.
fn past(days: i64) -> String {
    (0..days)
        .map(|n| task("past", "Standup", n - days, MORNING) + &task("past", &format!("Work {n}"), n - days, NOON))
        .collect()
}

const HEAD: &str = "version = 1\nfuture = []\n";

/// A desk whose 300 days of history are in Toggl and archived, without sending them one by one.
fn archived() -> Desk {
    let desk = Desk::new();
    let text = format!("{HEAD}{}{}", task("today", "Now", 0, MORNING), past(300));
    let mut sidecar = Sidecar { looked: true, ..Sidecar::default() };
    ingest(&mut sidecar, &snapshot::parse(text.as_bytes()).unwrap(), EVENING, &Zone::named("UTC").unwrap());
    for thread in sidecar.tasks.values_mut() {
        for record in &mut thread.sessions {
            let (start, stop) = (record.start, record.stop);
            let stop_at = stop.map(|stop| stop.unix_timestamp());
            let id = desk.toggl.sandbox().insert(&thread.title, start.unix_timestamp(), stop_at);
            let description = thread.title.clone();
            record.last_sent = Some(LastSent { id, workspace: WORKSPACE, description, start, stop, halted: false });
        }
    }
    fs::write(desk.dir.path().join("toggl.json"), sidecar.to_json().unwrap()).unwrap();
    let (code, said) = desk.push(&text, 0, &[]);
    assert_eq!((code, desk.sent()), (0, 0), "{said}");
    let archive = desk.sidecar().archive.expect("1,200 settled sessions are archived");
    assert_eq!((archive.sessions, archive.past.tasks), (1200, 600));
    desk
}

#[test]
fn what_is_settled_is_archived_and_a_new_session_costs_one_request() {
    let desk = archived();
    let sent = desk.sent();
    // The evening's task is swept to the end of past, and a new one is done.
    let text = format!("{HEAD}{}{}{}", task("today", "Next", 1, MORNING), past(300), task("past", "Now", 0, MORNING));
    let (code, said) = desk.push(&text, 1, &[]);
    assert_eq!((code, desk.sent() - sent), (0, 2), "{said}");
    assert!(said.contains("1,204 in agreement"), "{said}");
    let sidecar = desk.sidecar();
    assert_eq!((sidecar.tasks.len(), sidecar.archive.unwrap().past.tasks), (2, 600), "the archive was not touched");
    let bytes = fs::read(desk.dir.path().join("toggl.json")).unwrap();
    assert_eq!(desk.push(&text, 1, &[]).0, 0);
    assert_eq!(desk.sent() - sent, 2);
    assert!(bytes == fs::read(desk.dir.path().join("toggl.json")).unwrap(), "a second push changed the sidecar");
    desk.toggl.sandbox().assert_clean();
}

#[test]
fn an_archived_task_that_changes_is_found_again() {
    let whole = format!("{HEAD}{}{}", task("today", "Now", 0, MORNING), past(300));
    // Renamed by hand: one bulk request for its two sessions. An end edited: one update. One deleted: nothing.
    for (was, is, requests) in
        [("\"Work 7\"", "\"Work seven\"", 1), ("end_min = 730", "end_min = 731", 1), (past(1).as_str(), "", 0)]
    {
        let desk = archived();
        let sent = desk.sent();
        let text = whole.replacen(was, is, 1);
        let (code, said) = desk.push(&text, 1, &[]);
        assert_eq!((code, desk.sent() - sent), (0, requests), "{was}: {said}");
        desk.toggl.sandbox().assert_clean();
        assert_eq!(desk.toggl.sandbox().entries().len(), 1202, "{was}");
    }
}

#[test]
fn pruning_and_ranges_of_days_reach_into_the_archive() {
    let desk = archived();
    let sent = desk.sent();
    let gone = task("past", "Standup", -300, MORNING);
    let text = format!("{HEAD}{}{}", task("today", "Now", 0, MORNING), past(300)).replacen(&gone, "", 1);
    let (code, said) = desk.push(&text, 1, &["--prune"]);
    assert_eq!((code, desk.sent() - sent), (0, 2), "{said}");
    assert_eq!(desk.toggl.sandbox().entries().len(), 1200);
    let (code, said) = desk.push(&text, 1, &["--until", "2001-01-01"]);
    assert_eq!(code, 0);
    assert!(said.contains("In agreement: 0 sessions"), "{said}");
}

#[test]
fn a_new_task_on_an_archived_day_gets_a_key_of_its_own() {
    let desk = archived();
    let before = desk.sidecar().archive.unwrap();
    // Finished yesterday at the same place in past as the archive's last, by hand.
    let text =
        format!("{HEAD}{}{}{}", task("today", "Now", 0, MORNING), past(300), task("past", "Forgotten", -1, NOON));
    let (code, said) = desk.push(&text, 1, &[]);
    assert_eq!(code, 0, "{said}");
    let mut sidecar = desk.sidecar();
    assert!(sidecar.archive.as_ref() == Some(&before), "the archive is as it was");
    let live = sidecar.tasks.len();
    sidecar.unarchive().unwrap();
    assert_eq!(sidecar.tasks.len(), live + 600, "no key is there twice");
}

#[test]
fn an_archive_reads_as_what_went_into_it() {
    let desk = archived();
    let mut sidecar = desk.sidecar();
    let text = format!("{HEAD}{}{}", task("today", "Now", 0, MORNING), past(300));
    let parsed = snapshot::parse(text.as_bytes()).unwrap();
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

#[test]
fn an_archive_knows_its_keys_and_its_entries() {
    let desk = archived();
    let mut sidecar = desk.sidecar();
    let archive = sidecar.archive.clone().unwrap();
    let live: Vec<TaskKey> = sidecar.tasks.keys().copied().collect();
    assert!(live.iter().all(|&key| !archive.has(key)));
    assert!(sidecar.sessions().all(|(_, _, record)| !archive.owns(record.last_sent.as_ref().unwrap().id)));
    sidecar.unarchive().unwrap();
    for (key, _, record) in sidecar.sessions().filter(|(key, ..)| !live.contains(&key.task)) {
        assert!(archive.has(key.task) && archive.owns(record.last_sent.as_ref().unwrap().id), "{key}");
        assert!(!archive.has(TaskKey { number: key.task.number + 600, ..key.task }));
    }
    assert!(!archive.owns(1));
}

/// Whatever Toggl was not told, or is not sure to hold, stays where every push sees it.
#[test]
fn only_what_is_settled_is_archived() {
    let desk = archived();
    let text = format!("{HEAD}{}{}", task("today", "Now", 0, MORNING), past(300));
    let mut apart = desk.sidecar();
    apart.unarchive().unwrap();
    let archive = |text: &str, change: &dyn Fn(&mut TaskRecord)| {
        let mut sidecar = apart.clone();
        let last = |thread: &&mut TaskRecord| thread.place == Some(Place { list: List::Past, index: 599 });
        change(sidecar.tasks.values_mut().find(last).unwrap());
        assert!(sidecar.archive(&blocks::split(text).unwrap()).unwrap());
        let archive = sidecar.archive.unwrap();
        (archive.past.tasks, archive.sessions, sidecar.tasks.len())
    };
    assert_eq!(archive(&text, &|_| {}), (600, 1200, 1));
    let minute = time::Duration::MINUTE;
    type Change<'a> = &'a dyn Fn(&mut TaskRecord);
    let changes: [(&str, Change<'_>); 9] = [
        ("gone", &|thread| thread.sessions[1].removed = true),
        ("assumed", &|thread| thread.sessions[1].assumed = true),
        ("uncertain", &|thread| {
            let start = thread.sessions[1].start;
            thread.sessions[1].intent =
                Some(Box::new(Intent { since: 0, start, description: String::new(), workspace: None }));
        }),
        ("rejected", &|thread| {
            let (text, operation) = (String::new(), String::new());
            thread.sessions[1].rejected = Some(Box::new(Rejection { status: 400, text, operation }));
        }),
        ("open", &|thread| {
            thread.sessions[1].stop = None;
            thread.sessions[1].last_sent.as_mut().unwrap().stop = None;
        }),
        ("not sent", &|thread| thread.sessions[1].last_sent = None),
        ("another start", &|thread| thread.sessions[1].last_sent.as_mut().unwrap().start -= minute),
        ("halted", &|thread| thread.sessions[1].last_sent.as_mut().unwrap().halted = true),
        ("another title", &|thread| thread.title = "Another".into()),
    ];
    for (why, change) in changes {
        assert_eq!(archive(&text, change), (599, 1198, 2), "{why}");
    }
    // A task without sessions has nothing to be told; one whose session was left out must be told of again.
    let idle = task("past", "Idle", 0, MORNING);
    let idle = idle.split_once("\n[[past.sessions]]").unwrap().0;
    assert_eq!(archive(&format!("{text}{idle}"), &|_| {}).0, 601);
    let odd = task("past", "Odd", 0, MORNING);
    assert_eq!(archive(&format!("{text}{odd}"), &|_| {}).0, 600);
}

#[test]
fn a_damaged_archive_is_refused_when_it_is_needed_and_never_written_over() {
    let desk = archived();
    let path = desk.dir.path().join("toggl.json");
    let text =
        fs::read_to_string(&path).unwrap().replacen("\"Standup\",\"place\":\"past/0\"", "\"Standup\",\"plaice\":0", 1);
    fs::write(&path, &text).unwrap();
    let edited = format!("{HEAD}{}{}", task("today", "Now", 0, MORNING), past(299));
    let (code, said) = desk.push(&edited, 1, &[]);
    assert_eq!(code, 8, "{said}");
    assert!(said.contains("plaice"), "{said}");
    assert!(fs::read_to_string(&path).unwrap() == text);
}
