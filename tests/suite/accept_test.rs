//! The person has the last word: what was corrected in Toggl is accepted, and stands until the session changes in
//! Chute_kun.

use std::fs;

use chute_toggl::chute_kun::snapshot::parse;
use chute_toggl::clock::Clock as _;
use chute_toggl::reconcile::drift::{Acceptance, Comparison, Difference, Ground, accept, compare, repair};
use chute_toggl::reconcile::ingest::{Ingested, ingest};
use chute_toggl::reconcile::plan::{Change, Operation, OperationKind, Options, plan};
use chute_toggl::reconcile::redate::redate;
use chute_toggl::reconcile::selection::Selection;
use chute_toggl::sidecar::file::SidecarFile;
use chute_toggl::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar};
use chute_toggl::toggl::{EntryId, TimeEntry, WorkspaceId};
use chute_toggl::zone::Zone;
use time::macros::{date, datetime};
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::sandbox::{ClockFile, WORKSPACE};
use crate::support::crash;
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today};
use crate::support::test_home::{TestHome, one_session};

/// When the snapshot is saved: noon in Tokyo, on a Wednesday.
const SAVED: OffsetDateTime = datetime!(2026-05-20 12:00 +9);
/// The days (UTC) that are compared.
const DAYS: std::ops::RangeInclusive<Date> = date!(2026 - 05 - 01)..=date!(2026 - 05 - 25);

fn tokyo() -> Zone {
    Zone::named("Asia/Tokyo").unwrap()
}

/// A list whose sessions are all in Toggl, as they are recorded.
struct Case {
    sidecar: Sidecar,
    text: String,
    held: Vec<TimeEntry>,
}

impl Case {
    /// Of the sessions in the order of their keys, ids from 1 on. Every one is inferred.
    fn of(tasks: &[TaskBuilder]) -> Case {
        let mut case = Case {
            sidecar: Sidecar { scanned_from: Some(date!(2006 - 01 - 01)), ..Sidecar::default() },
            text: String::new(),
            held: Vec::new(),
        };
        case.save(tasks, SAVED);
        for (id, (key, title, record)) in (1_i64..).zip(case.sessions()) {
            let LastSent { description, start, stop, .. } = last_sent(id, &title, &record);
            let utc = |at: OffsetDateTime| at.to_offset(UtcOffset::UTC);
            case.held.push(TimeEntry {
                id: EntryId(id),
                workspace: WorkspaceId(WORKSPACE),
                description: description.to_string(),
                start: utc(start),
                stop: stop.map(utc),
                deleted: false,
                project: None,
                tags: Vec::new(),
            });
            let known = case.sidecar.record_mut(key).unwrap();
            known.last_sent = Some(last_sent(id, &title, &record));
            known.inferred = true;
        }
        case
    }

    fn sessions(&self) -> Vec<(SessionKey, String, SessionRecord)> {
        self.sidecar.sessions().map(|(key, task, record)| (key, task.title.to_string(), record.clone())).collect()
    }

    fn record(&self, at: usize) -> SessionRecord {
        self.sessions()[at].2.clone()
    }

    fn key(&self, at: usize) -> SessionKey {
        self.sessions()[at].0
    }

    /// Chute_kun saves these tasks.
    fn save(&mut self, tasks: &[TaskBuilder], at: OffsetDateTime) -> Ingested {
        self.text = snapshot(tasks);
        ingest(&mut self.sidecar, &parse(self.text.as_bytes()).unwrap(), at.unix_timestamp(), &tokyo())
    }

    /// What a push of the same snapshot sends.
    fn planned(&mut self) -> Vec<Operation> {
        let before = self.sidecar.tasks.len();
        let saved = self.sidecar.last_snapshot_saved.unwrap();
        let known: Vec<_> = self.sessions();
        let snapshot = parse(self.text.as_bytes()).unwrap();
        let ingested = ingest(&mut self.sidecar, &snapshot, saved, &tokyo());
        assert_eq!((self.sidecar.tasks.len(), self.sessions()), (before, known), "the same snapshot changes nothing");
        plan(&self.sidecar, &ingested, &Options::plain(Selection::default())).operations
    }

    fn compared(&self) -> Comparison {
        compare(&self.sidecar, &self.held, &DAYS, Some(WorkspaceId(WORKSPACE)))
    }

    fn accept(&mut self, named: &[SessionKey]) -> Acceptance {
        let comparison = self.compared();
        let snapshot = parse(self.text.as_bytes()).unwrap();
        let ground = Ground { days: &DAYS, snapshot: &snapshot, zone: &tokyo() };
        accept(&mut self.sidecar, &comparison, named, &ground)
    }

    /// Moves an entry by so many days.
    fn move_entry(&mut self, at: usize, days: i64) {
        let entry = &mut self.held[at];
        entry.start += Duration::days(days);
        entry.stop = entry.stop.map(|stop| stop + Duration::days(days));
    }

    /// As if every session had been dated so many days earlier.
    fn date_earlier(&mut self, days: i64) {
        for at in 0..self.held.len() {
            self.move_entry(at, -days);
            let key = self.key(at);
            let record = self.sidecar.record_mut(key).unwrap();
            record.start -= Duration::days(days);
            record.stop = record.stop.map(|stop| stop - Duration::days(days));
            let (start, stop) = (record.start, record.stop);
            let sent = record.last_sent.as_mut().unwrap();
            (sent.start, sent.stop) = (start, stop);
        }
    }

    /// Toggl is up to date, and a push has nothing to send.
    #[track_caller]
    fn assert_stands(&mut self) {
        assert_eq!(self.compared().findings, []);
        assert_eq!(self.planned(), []);
    }
}

fn last_sent(id: i64, title: &str, record: &SessionRecord) -> LastSent {
    LastSent::new(EntryId(id), WorkspaceId(WORKSPACE), title.into(), record.start, record.stop)
}

/// A paused task with one session, 09:00 to 09:20.
fn tea() -> TaskBuilder {
    today("Tea").closed(540, 560)
}

#[test]
fn another_day_of_an_inferred_session_is_taken_over_and_the_mark_is_dropped() {
    let mut case = Case::of(&[tea()]);
    let was = case.record(0);
    case.move_entry(0, -3);
    assert_eq!(case.accept(&[]), Acceptance { accepted: vec![case.key(0)], left: vec![] });
    let record = case.record(0);
    assert_eq!(
        (record.start, record.stop),
        (was.start - Duration::days(3), was.stop.map(|stop| stop - Duration::days(3)))
    );
    assert_eq!((record.inferred, record.other_day, record.minutes), (false, None, was.minutes));
    assert_eq!(record.start.offset(), was.start.offset(), "on the clock of the place");
    case.assert_stands();
    // What is changed later is changed on that day.
    case.save(&[today("Tea").closed(540, 570)], SAVED + Duration::hours(1));
    let planned = case.planned();
    assert_eq!(planned.len(), 1);
    assert_eq!((planned[0].start, planned[0].stop), (record.start, Some(record.start + Duration::minutes(30))));
}

#[test]
fn the_day_of_a_stop_is_taken_over_as_well() {
    let mut case = Case::of(&[tea()]);
    // It seemed to have run until the morning after.
    let key = case.key(0);
    let early = case.record(0).start - Duration::days(1);
    let record = case.sidecar.record_mut(key).unwrap();
    record.start = early;
    record.last_sent.as_mut().unwrap().start = early;
    case.held[0].start = early;
    case.held[0].stop = Some(early + Duration::minutes(20));
    case.accept(&[]);
    assert_eq!(case.record(0).stop, Some(early + Duration::minutes(20)));
    assert!(!case.record(0).inferred);
    case.assert_stands();
}

#[test]
fn sessions_of_a_task_that_are_moved_together_keep_their_order() {
    for days in [-2, 2] {
        let mut case = Case::of(&[today("Tea").closed(540, 560).closed(600, 620).closed(700, 720)]);
        case.date_earlier(4);
        let was: Vec<OffsetDateTime> = case.sessions().iter().map(|(_, _, record)| record.start).collect();
        (0..3).for_each(|at| case.move_entry(at, days));
        case.accept(&[]);
        for (at, was) in was.into_iter().enumerate() {
            assert_eq!(case.record(at).start, was + Duration::days(days), "session {at}, {days} days");
        }
        case.assert_stands();
    }
}

/// The snapshot says on which day at the latest the task was done. What Toggl has stands all the same, and the record
/// stays a record of that task.
#[test]
fn a_day_that_the_snapshot_contradicts_is_kept_beside_the_record() {
    let done = || past("Tea").planned(20_260_511).closed(540, 560).done(20_260_512, 600);
    let mut case = Case::of(&[done()]);
    let was = case.record(0);
    case.move_entry(0, 4);
    assert_eq!(case.accept(&[]).accepted, [case.key(0)]);
    let record = case.record(0);
    assert_eq!((record.start, record.inferred), (was.start, false));
    assert_eq!(record.wanted_times().0, was.start + Duration::days(4));
    case.assert_stands();
    // Another list order, a later save: still the same task.
    case.save(
        &[past("Other").planned(20_260_519).closed(400, 410).done(20_260_519, 410), done()],
        SAVED + Duration::DAY,
    );
    assert_eq!(case.sidecar.tasks.len(), 2);
    assert!(case.planned().iter().all(|operation| &*operation.title == "Other"));
}

/// So is a day after the snapshot was saved, and one on the other side of the session before it.
#[test]
fn a_day_that_cannot_be_is_kept_beside_the_record() {
    let mut case = Case::of(&[today("Tea").planned(20_260_515).closed(540, 560).closed(600, 620)]);
    let was = [case.record(0).start, case.record(1).start];
    case.move_entry(0, 3);
    case.move_entry(1, 6);
    case.accept(&[]);
    assert_eq!([case.record(0).start, case.record(1).start], was);
    case.assert_stands();
}

#[test]
fn a_forgotten_stop_stands_until_a_minute_changes() {
    let mut case = Case::of(&[tea()]);
    let (key, start) = (case.key(0), case.record(0).start);
    case.sidecar.record_mut(key).unwrap().inferred = false;
    case.held[0].stop = Some(start + Duration::minutes(12));
    case.accept(&[]);
    assert_eq!(case.record(0).stop, Some(start + Duration::minutes(20)), "Chute_kun's side stays what it is");
    case.assert_stands();
    // A title is another matter: it is sent, and the stop is not touched.
    case.save(&[today("Green tea").closed(540, 560)], SAVED + Duration::hours(1));
    let planned = case.planned();
    assert!(matches!(&planned[..], [one] if matches!(&one.changes[..], [Change::Title(was)] if was == "Tea")));
    assert_eq!(planned[0].stop, Some(start + Duration::minutes(12)));
    // Its end is corrected in Chute_kun: that counts.
    case.save(&[today("Green tea").closed(540, 555)], SAVED + Duration::hours(2));
    let planned = case.planned();
    assert_eq!((planned.len(), planned[0].stop), (1, Some(start + Duration::minutes(15))));
    assert!(planned[0].changes.contains(&Change::Stop(Some(start + Duration::minutes(12)))));
}

#[test]
fn a_text_stands_until_the_title_changes() {
    let mut case = Case::of(&[tea()]);
    case.held[0].description = "Tea with Ann".to_owned();
    case.accept(&[]);
    assert!(case.record(0).inferred, "nothing was said about its day");
    case.assert_stands();
    case.save(&[today("Tea").closed(540, 565)], SAVED + Duration::hours(1));
    let planned = case.planned();
    assert!(matches!(&planned[..], [one] if matches!(one.changes[..], [Change::Stop(_)])), "{planned:?}");
    case.save(&[today("Tee").closed(540, 565)], SAVED + Duration::hours(2));
    assert!(case.planned()[0].changes.contains(&Change::Title("Tea with Ann".to_owned())));
}

/// With the first change the acceptance ends; that it is changed back does not revive it.
#[test]
fn what_is_changed_and_changed_back_is_sent() {
    let mut case = Case::of(&[tea()]);
    let start = case.record(0).start;
    case.held[0].stop = Some(start + Duration::minutes(12));
    case.accept(&[]);
    case.save(&[today("Tea").closed(540, 570)], SAVED + Duration::hours(1));
    case.save(&[tea()], SAVED + Duration::hours(2));
    let planned = case.planned();
    assert_eq!((planned.len(), planned[0].stop), (1, Some(start + Duration::minutes(20))));
}

#[test]
fn a_task_that_goes_on_keeps_what_was_accepted() {
    let mut case = Case::of(&[tea()]);
    let start = case.record(0).start;
    case.held[0].stop = Some(start + Duration::minutes(12));
    case.accept(&[]);
    case.save(&[today("Tea").closed(540, 560).closed(760, 770)], SAVED + Duration::hours(1));
    let planned = case.planned();
    assert!(matches!(&planned[..], [one] if one.kind == OperationKind::Create), "{planned:?}");
}

#[test]
fn only_what_has_ended_here_and_there_can_be_accepted() {
    let running = today("Work").open(600);
    let mut case = Case::of(&[tea(), today("Mail").closed(570, 580), today("Call").closed(580, 590), running]);
    let titles: Vec<String> = case.sessions().into_iter().map(|(_, title, _)| title).collect();
    let at = |title: &str| titles.iter().position(|other| other == title).unwrap();
    let (tea, mail, call, work) = (at("Tea"), at("Mail"), at("Call"), at("Work"));
    case.held[mail].stop = None;
    case.held[work].start -= Duration::minutes(5);
    case.held[tea].stop = case.held[tea].stop.map(|stop| stop + Duration::minutes(1));
    case.held.remove(call);
    let mut left = vec![case.key(mail), case.key(call), case.key(work)];
    left.sort_unstable();
    assert_eq!(case.accept(&[]), Acceptance { accepted: vec![case.key(tea)], left });
}

#[test]
fn a_named_session_is_accepted_alone_and_confirmed_where_nothing_differs() {
    let mut case = Case::of(&[tea(), today("Mail").closed(570, 580)]);
    for entry in &mut case.held {
        entry.stop = entry.stop.map(|stop| stop - Duration::minutes(2));
    }
    let key = case.key(1);
    assert_eq!(case.accept(&[key]).accepted, [key]);
    assert_eq!(case.compared().findings.len(), 1);
    // That day is right: nothing is to be changed, and the mark goes.
    let mut case = Case::of(&[tea()]);
    assert_eq!(case.accept(&[]), Acceptance::default());
    assert!(case.record(0).inferred);
    let key = case.key(0);
    assert_eq!(case.accept(&[key]).accepted, [key]);
    assert!(!case.record(0).inferred && case.record(0).has_accepted_times());
    case.assert_stands();
}

#[test]
fn an_entry_that_is_the_session_s_own_is_adopted_with_its_stop() {
    let mut case = Case::of(&[tea()]);
    let key = case.key(0);
    case.sidecar.record_mut(key).unwrap().last_sent = None;
    case.held[0].stop = case.held[0].stop.map(|stop| stop - Duration::minutes(2));
    assert!(matches!(case.compared().findings[0].what, Difference::Adoptable { .. }));
    case.accept(&[]);
    assert_eq!(case.record(0).last_sent.unwrap().id, EntryId(1));
    case.assert_stands();
    // What was never looked for is for a push to find.
    let mut case = Case::of(&[tea()]);
    case.sidecar.record_mut(key).unwrap().last_sent = None;
    case.sidecar.scanned_from = None;
    assert_eq!(case.accept(&[]), Acceptance { accepted: vec![], left: vec![key] });
}

#[test]
fn a_wrong_zone_is_mended_but_for_what_was_accepted() {
    let mut case = Case::of(&[tea(), today("Mail").closed(570, 580)]);
    let key = case.key(0);
    case.accept(&[key]);
    let was = [case.record(0).start, case.record(1).start];
    let snapshot = parse(case.text.as_bytes()).unwrap();
    redate(&mut case.sidecar, &snapshot, &tokyo(), &Zone::named("UTC").unwrap(), &Options::plain(Selection::default()));
    assert_eq!(case.record(0).start, was[0]);
    assert_ne!(case.record(1).start, was[1]);
}

#[test]
fn a_repair_leaves_what_was_accepted_until_it_is_changed_once_more() {
    let mut case = Case::of(&[tea()]);
    let stop = case.record(0).stop;
    case.held[0].stop = stop.map(|stop| stop - Duration::minutes(2));
    case.accept(&[]);
    let comparison = case.compared();
    repair(&mut case.sidecar, &comparison);
    case.assert_stands();
    case.held[0].stop = stop.map(|stop| stop - Duration::minutes(7));
    let comparison = case.compared();
    repair(&mut case.sidecar, &comparison);
    assert_eq!(case.planned()[0].stop, stop);
    // An entry that is not there any more is made as Chute_kun has it.
    let key = case.key(0);
    case.accept(&[key]);
    case.assert_stands();
    case.held.clear();
    let comparison = case.compared();
    repair(&mut case.sidecar, &comparison);
    assert_eq!(case.planned()[0].stop, stop);
}

/// A task that seems to have been left running from Monday, 09:00 in Tokyo, until 09:20 on Tuesday.
fn overnight() -> TestHome {
    let home = TestHome::new();
    home.clock().set(datetime!(2026-05-11 09:30 +9).unix_timestamp());
    let save = |text: &str, at: OffsetDateTime| {
        home.save_at(text, at.unix_timestamp());
        home.clock().set(at.unix_timestamp() + 60);
        home.run(&["push"]).exits(0);
    };
    save(&snapshot([today("Report").open(540)]), datetime!(2026-05-11 09:00:30 +9));
    save(&one_session("Report", 540, 560), datetime!(2026-05-12 09:20:30 +9));
    home.toggl.sandbox().log.clear();
    home
}

/// Corrects the stop of the entry in Toggl to twenty minutes after its start.
fn correct(home: &TestHome) -> i64 {
    let id = home.entry("Report");
    home.toggl.sandbox().edit(id, |entry| entry.stop = Some(entry.start + 20 * 60));
    id
}

#[test]
fn a_corrected_entry_is_shown_with_days_and_lengths_and_both_ways_on() {
    let home = overnight();
    correct(&home);
    let shown = home.run(&["verify"]).exits(6);
    let words = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("20260511/0/0 Mon 2026-05-11 09:00-09:20 (+1), 24:20 h Report: entry"), "{shown:?}");
    assert!(words.contains("has 09:00-09:20, 0:20 h"), "{shown:?}");
    assert!(words.contains("verify --accept") && words.contains("verify --repair"), "{shown:?}");
}

#[test]
fn what_is_accepted_is_sent_no_more_and_stays() {
    let home = overnight();
    let id = correct(&home);
    let document = home.run(&["verify", "--accept", "--format", "json"]).exits(0).json();
    assert_eq!(document["accept"], true);
    assert_eq!(document["accepted"], serde_json::json!(["20260511/0/0"]));
    assert_eq!((&document["repair"], &document["push"]), (&serde_json::json!(false), &serde_json::Value::Null));
    assert_eq!(home.requests(), ["GET /me/time_entries"], "it only looks");
    let bytes = fs::read(home.sidecar_path()).unwrap();
    let entry = home.toggl.sandbox().entry(id).unwrap().clone();
    home.toggl.sandbox().log.clear();
    assert!(home.run(&["push"]).exits(0).out.contains("1 session"));
    home.run(&["push", "-n", "--exit-code"]).exits(0);
    assert!(!home.run(&["status"]).exits(0).out.contains("16 hours"));
    assert_eq!(home.requests(), [""; 0]);
    assert_eq!(fs::read(home.sidecar_path()).unwrap(), bytes);
    home.run(&["verify"]).exits(0);
    home.run(&["verify", "--repair"]).exits(0);
    home.run(&["explain", "report"]).exits(0).says("you kept what Toggl has");
    assert_eq!(home.toggl.sandbox().entry(id).unwrap().stop, entry.stop);
    assert_eq!(home.toggl.sandbox().entries().len(), 1);
    // Only the title is sent, and what was accepted is held as it is.
    let saved = home.clock().now() + 600;
    home.clock().set(saved + 60);
    home.save_at(&one_session("The report", 540, 560), saved);
    home.run(&["push"]).exits(0);
    let after = home.toggl.sandbox().entry(id).unwrap().clone();
    assert_eq!((after.description.as_str(), after.start, after.stop), ("The report", entry.start, entry.stop));
    home.run(&["verify"]).exits(0);
    // Chute_kun says otherwise now, and counts.
    home.clock().set(saved + 700);
    home.save_at(&one_session("The report", 540, 565), saved + 600);
    home.run(&["push"]).exits(0);
    assert_eq!(home.toggl.sandbox().entry(id).unwrap().stop, entry.stop.map(|stop| stop + 86_400 + 5 * 60));
    home.run(&["verify"]).exits(0);
}

#[test]
fn what_cannot_be_accepted_is_said() {
    let home = overnight();
    let id = home.entry("Report");
    home.toggl.sandbox().edit(id, |entry| entry.stop = None);
    let ran = home.run(&["verify", "--accept"]).exits(6);
    assert!(ran.out.contains("Not accepted: 20260511/0/0."), "{ran:?}");
    let before = fs::read(home.sidecar_path()).unwrap();
    home.run(&["verify", "--accept", "20260511/0/0", "--format", "json"]).exits(6);
    assert_eq!(fs::read(home.sidecar_path()).unwrap(), before);
    home.toggl.sandbox().remove(id);
    home.run(&["verify", "--accept"]).exits(6).says("Not accepted");
}

#[test]
fn sessions_are_named_by_key_or_by_day_and_title() {
    for words in [&["20260511/0/0"][..], &["20260511/0"], &["2026-05-11", "rep"], &["report"], &[]] {
        let home = overnight();
        correct(&home);
        home.run(&[&["verify", "--accept"], words].concat()).exits(0).says("Accepted: 1 session");
        home.run(&["verify"]).exits(0);
    }
    let home = overnight();
    correct(&home);
    let connections = home.toggl.connections();
    for words in [&["20260511/0/1"][..], &["yesterday", "nonsense"], &["20260511/0/0", "20260511/7/0"]] {
        home.run(&[&["verify", "--accept"], words].concat()).exits(2).complains("no session is");
    }
    home.run(&["verify", "--accept", "--repair"]).exits(2);
    assert_eq!(home.toggl.connections(), connections, "nothing was asked of Toggl");
}

#[test]
fn accepting_needs_the_lock_and_no_push_that_is_on() {
    let home = overnight();
    correct(&home);
    let mut disk = chute_toggl::sidecar::file::RealDisk;
    let held = SidecarFile::lock(&home.sidecar_path(), &mut disk).unwrap();
    home.run(&["verify", "--accept"]).exits(5);
    drop(held);
    home.run_with(&[("TOGGL_SYNC_MODE", "off")], &["verify", "--accept"]).exits(0);
    home.run(&["verify"]).exits(0);
}

/// A sidecar that was lost forgets what was accepted, and doubles nothing.
#[test]
fn what_was_accepted_is_found_again_without_a_sidecar() {
    let home = TestHome::new();
    home.save(&snapshot([past("Report").planned(20_260_511).closed(540, 560).done(20_260_511, 560)]));
    home.run(&["push"]).exits(0);
    let id = home.entry("Report");
    home.toggl.sandbox().edit(id, |entry| entry.stop = Some(entry.start + 12 * 60));
    home.run(&["verify", "--accept"]).exits(0);
    fs::remove_file(home.sidecar_path()).unwrap();
    home.run(&["push"]);
    let entries = home.toggl.sandbox().entries();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id]);
}

/// Killed at any step, it is accepted or it is not, and the next run makes it good. Nothing reaches Toggl but questions.
#[test]
fn killed_at_any_point_it_is_accepted_or_not() {
    let home = overnight();
    let id = correct(&home);
    let entry = home.toggl.sandbox().entry(id).unwrap().clone();
    let before = fs::read(home.sidecar_path()).unwrap();
    let clock = ClockFile::create(home.path("clock"), home.clock().now() * 1000);
    let steps = home.path("steps");
    let run = |home: &TestHome, kill_at: Option<usize>| {
        let mut command = crash::program(&clock, &["verify", "--accept"]);
        command.envs(home.variables().iter().cloned()).env(crash::STEPS, &steps);
        command.envs(kill_at.map(|at| (crash::KILL_AT, at.to_string())));
        command.output().unwrap().status
    };
    assert!(run(&home, None).success());
    let accepted = fs::read(home.sidecar_path()).unwrap();
    let count = fs::read_to_string(&steps).unwrap().lines().count();
    assert!(count >= 6, "{count} steps");
    for kill_at in 1..=count {
        home.write_sidecar(&before);
        assert!(!run(&home, Some(kill_at)).success(), "step {kill_at}");
        let left = fs::read(home.sidecar_path()).unwrap();
        let parsed = Sidecar::from_json(&left).unwrap();
        let is_accepted = parsed.sessions().all(|(_, _, record)| record.has_accepted_times());
        assert!(left == before || is_accepted, "step {kill_at}");
        assert!(run(&home, None).success());
        home.run(&["push"]).exits(0);
        let entries = home.toggl.sandbox().entries();
        assert_eq!((entries.len(), entries[0].stop), (1, entry.stop), "step {kill_at}");
    }
    assert_ne!(before, accepted);
    assert!(home.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", home.requests());
}

#[test]
fn the_real_program_accepts() {
    let home = TestHome::with_binary();
    home.save(&one_session("Report", 540, 560));
    home.run(&["push"]).exits(0);
    let id = home.entry("Report");
    home.toggl.sandbox().edit(id, |entry| entry.stop = entry.stop.map(|stop| stop - 60));
    let stop = home.toggl.sandbox().entry(id).unwrap().stop;
    home.run(&["verify"]).exits(6);
    home.run(&["verify", "--accept"]).exits(0).says("Accepted: 1 session");
    home.run(&["push"]).exits(0);
    home.run(&["verify"]).exits(0);
    assert_eq!(home.toggl.sandbox().entry(id).unwrap().stop, stop);
}
