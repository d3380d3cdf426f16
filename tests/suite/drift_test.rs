//! What Toggl holds beside what it was told: what is found, what is said of it, and what a repair makes of it.

use chute_toggl::exit::Exit;
use chute_toggl::output::json::Verify;
use chute_toggl::output::{Style, Verdict, comparison_text as text};
use chute_toggl::reconcile::drift::{Comparison, Difference, compare, repair};
use chute_toggl::sidecar::{Category, LastSent, Minutes, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord};
use chute_toggl::toggl::entry::TimeEntry;
use chute_toggl::toggl::{EntryId, WorkspaceId};
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};

const WORKSPACE: WorkspaceId = WorkspaceId(7);
/// Nine o'clock in Tokyo.
const NINE: OffsetDateTime = datetime!(2026-05-11 09:00 +9);
const TEN_MINUTES: Duration = Duration::minutes(10);

/// Closed sessions of ten minutes, one an hour, each with its entry: ids from 1 on.
fn told(sessions: u32) -> Sidecar {
    let task = TaskKey { day: 20_260_511, number: 0 };
    let records = (0..sessions).map(|number| {
        let start = NINE + Duration::hours(number.into());
        let stop = Some(start + TEN_MINUTES);
        let id = i64::from(number) + 1;
        SessionRecord {
            last_sent: Some(LastSent::new(EntryId(id), WORKSPACE, "Tea".into(), start, stop)),
            ..SessionRecord::new(number, Minutes { start: 0, end: Some(0) }, start, stop)
        }
    });
    let records = TaskRecord {
        title: "Tea".into(),
        planned: 0,
        category: Category::General,
        place: None,
        sessions: records.collect(),
    };
    Sidecar { tasks: [(task, records)].into(), ..Sidecar::default() }
}

fn key(session: u32) -> SessionKey {
    SessionKey { task: TaskKey { day: 20_260_511, number: 0 }, session }
}

/// The entries as they were told, as Toggl writes them.
fn held(sidecar: &Sidecar) -> Vec<TimeEntry> {
    let entry = |record: &SessionRecord| {
        let LastSent { id, workspace, description, start, stop, .. } = record.last_sent.clone()?;
        let utc = |at: OffsetDateTime| at.to_offset(time::UtcOffset::UTC);
        Some(TimeEntry {
            id,
            workspace,
            description: description.to_string(),
            start: utc(start),
            stop: stop.map(utc),
            project: None,
            tags: Vec::new(),
            deleted: false,
        })
    };
    sidecar.sessions().filter_map(|(_, _, record)| entry(record)).collect()
}

const STYLE: Style = Style { color: false, columns: 120, verbose: false };

fn compared(sidecar: &Sidecar, listed: &[TimeEntry]) -> Comparison {
    compare(sidecar, listed, &(date!(2026 - 05 - 10)..=date!(2026 - 05 - 12)), Some(WORKSPACE))
}

fn said(sidecar: &Sidecar, comparison: &Comparison, repairs: bool) -> String {
    let days = date!(2026 - 05 - 10)..=date!(2026 - 05 - 12);
    text(&Verdict { sidecar, comparison, days: &days, is_cut: false, pending: 2, repairs, acceptance: None }, &STYLE)
}

#[test]
fn what_is_as_it_was_told_agrees() {
    let sidecar = told(3);
    let comparison = compared(&sidecar, &held(&sidecar));
    assert_eq!((comparison.compared, comparison.up_to_date, comparison.findings.len()), (3, 3, 0));
    assert!(!comparison.has_missing() && !comparison.has_doubled() && !comparison.finds_nothing());
    assert_eq!(
        said(&sidecar, &comparison, false),
        "Compared 3 entries since Sun 2026-05-10 with Toggl: 3 up to date.\n\
         Not counted: what the next push sends (2 requests).\n"
    );
}

#[test]
fn each_difference_is_told_with_its_session_on_the_clock_that_was_in_force() {
    let sidecar = told(3);
    let mut listed = held(&sidecar);
    listed.remove(2);
    listed[0].stop = Some((NINE + Duration::minutes(30)).to_offset(time::UtcOffset::UTC));
    let comparison = compared(&sidecar, &listed);
    assert!(comparison.has_missing() && !comparison.finds_nothing());
    assert_eq!((comparison.compared, comparison.up_to_date), (3, 1));
    assert_eq!(
        said(&sidecar, &comparison, false),
        "edited     20260511/0/0 Mon 2026-05-11 09:00-09:10, 0:10 h Tea: entry 1 has 09:00-09:30, 0:30 h\n\
         missing    20260511/0/2 Mon 2026-05-11 11:00-11:10, 0:10 h Tea: entry 3 is not in Toggl (deleted, or moved to another\n\
         \x20          day)\n\n\
         Compared 3 entries since Sun 2026-05-10 with Toggl: 1 up to date.\n\
         Not counted: what the next push sends (2 requests).\n\
         Next, if you corrected it in Toggl: `chute-toggl verify --accept` keeps that until the session changes in Chute_kun.\n\
         Next: `chute-toggl verify --repair` sends again what Chute_kun recorded.\n"
    );
    let days = date!(2026 - 05 - 10)..=date!(2026 - 05 - 12);
    let verdict = Verdict {
        sidecar: &sidecar,
        comparison: &comparison,
        days: &days,
        is_cut: false,
        pending: 0,
        repairs: true,
        acceptance: None,
    };
    let document = serde_json::to_value(Verify::new(&verdict, None, Exit::Attention)).unwrap();
    let finding = &document["findings"][0];
    assert_eq!(finding["start"], "2026-05-11T09:00:00+09:00");
    assert_eq!(finding["in_toggl"]["stop"], "2026-05-11T00:30:00Z");
    assert!(
        !text(&verdict, &STYLE).contains("Not counted") && !text(&verdict, &STYLE).contains("Next:"),
        "it is being repaired"
    );
    let text = text(&Verdict { is_cut: true, repairs: false, ..verdict }, &STYLE);
    assert!(text.contains("Toggl lists the last three months") && !text.contains("Not counted"), "{text}");
}

#[test]
fn everything_that_differs_in_an_entry_is_named() {
    let sidecar = told(1);
    let edited = |change: &dyn Fn(&mut TimeEntry)| {
        let mut listed = held(&sidecar);
        change(&mut listed[0]);
        let text = said(&sidecar, &compared(&sidecar, &listed), false);
        text.lines().next().unwrap().split_once("entry 1 ").unwrap().1.to_owned()
    };
    assert_eq!(edited(&|entry| entry.description = "Tee".to_owned()), "has the text \"Tee\"");
    assert_eq!(edited(&|entry| entry.start -= TEN_MINUTES), "has 08:50-09:10, 0:20 h");
    assert_eq!(edited(&|entry| entry.start += Duration::seconds(5)), "has 09:00:05-09:10:00, 0:09 h");
    let day_later = |entry: &mut TimeEntry| {
        entry.start += Duration::DAY;
        entry.stop = entry.stop.map(|stop| stop + Duration::DAY);
    };
    assert_eq!(edited(&day_later), "has Tue 2026-05-12 09:00-09:10, 0:10 h");
    assert_eq!(
        edited(&|entry| entry.stop = entry.stop.map(|stop| stop + Duration::DAY)),
        "has 09:00-09:10 (+1), 24:10 h"
    );
    assert_eq!(edited(&|entry| entry.workspace = WorkspaceId(8)), "has the workspace 8");
    assert_eq!(edited(&|entry| entry.stop = None), "runs in Toggl, but its session has ended");
}

/// Another account, or a Toggl that was emptied on purpose.
#[test]
fn where_not_one_of_several_is_there_nothing_is_repaired_without_a_word() {
    let finds_nothing = |sessions| compared(&told(sessions), &[]).finds_nothing();
    assert_eq!([1, 2, 3].map(finds_nothing), [false, true, true]);
    let sidecar = told(2);
    let comparison = compared(&sidecar, &[]);
    assert!(said(&sidecar, &comparison, true).contains("Nothing is repaired"));
    assert!(!said(&sidecar, &comparison, false).contains("Nothing is repaired"));
    let one = told(1);
    assert!(!said(&one, &compared(&one, &[]), true).contains("Nothing is repaired"));
}

#[test]
fn the_entry_of_a_session_that_is_gone_is_told_of_only_if_it_runs_again() {
    let mut sidecar = told(1);
    let listed = held(&sidecar);
    sidecar.record_mut(key(0)).unwrap().removed = true;
    assert_eq!(compared(&sidecar, &listed).findings, []);
    let mut running = listed;
    running[0].stop = None;
    let comparison = compared(&sidecar, &running);
    assert!(matches!(comparison.findings[..], [ref finding] if matches!(finding.what, Difference::Running { .. })));
    // It was told that it runs, and does: that is for the next push.
    sidecar.record_mut(key(0)).unwrap().last_sent.as_mut().unwrap().stop = None;
    assert_eq!(compared(&sidecar, &running).findings, []);
}

#[test]
fn a_repair_takes_over_what_toggl_holds_and_knows_a_halted_entry() {
    let halted = |session_stops: bool, entry_stops: bool| {
        let mut sidecar = told(1);
        let mut listed = held(&sidecar);
        listed[0].description = "Tee".to_owned();
        if !entry_stops {
            listed[0].stop = None;
        }
        if !session_stops {
            let record = sidecar.record_mut(key(0)).unwrap();
            record.stop = None;
            record.last_sent.as_mut().unwrap().stop = None;
        }
        let comparison = compared(&sidecar, &listed);
        repair(&mut sidecar, &comparison);
        let entry = sidecar.record(key(0)).unwrap().1.last_sent.clone().unwrap();
        assert_eq!(&*entry.description, "Tee");
        entry.halted
    };
    assert_eq!(
        [halted(true, true), halted(true, false), halted(false, true), halted(false, false)],
        [false, false, true, false]
    );
}
