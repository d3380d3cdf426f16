//! Which of the entries that Toggl lists is a session's.

use std::collections::BTreeSet;

use chute_toggl::reconcile::recovery::{adopt, adopt_all};
use chute_toggl::sidecar::{
    Category, Intent, LastSent, Minutes, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord,
};
use chute_toggl::toggl::entry::TimeEntry;
use chute_toggl::toggl::{EntryId, WorkspaceId};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const WORKSPACE: WorkspaceId = WorkspaceId(7);
/// Monday at midnight.
const MONDAY: OffsetDateTime = datetime!(2026-05-11 00:00 UTC);

/// A minute so many days after Monday.
fn at(days: i64, minute: i64) -> OffsetDateTime {
    MONDAY + Duration::days(days) + Duration::minutes(minute)
}

fn record(number: u32, start: OffsetDateTime, stop: Option<OffsetDateTime>) -> SessionRecord {
    SessionRecord::new(number, Minutes { start: 0, end: None }, start, stop)
}

/// Its day is not certain.
fn inferred(record: SessionRecord) -> SessionRecord {
    SessionRecord { inferred: true, ..record }
}

fn listed(id: i64, description: &str, start: OffsetDateTime, stop: Option<OffsetDateTime>) -> TimeEntry {
    TimeEntry {
        id: EntryId(id),
        workspace: WORKSPACE,
        description: description.to_owned(),
        start,
        stop,
        project: None,
        tags: Vec::new(),
        deleted: false,
    }
}

fn known(id: i64, start: OffsetDateTime) -> LastSent {
    LastSent::new(EntryId(id), WORKSPACE, "".into(), start, None)
}

/// Tasks with these titles and sessions.
fn sidecar(tasks: &[(&str, Vec<SessionRecord>)]) -> Sidecar {
    let task_record = |(title, records): &(&str, Vec<SessionRecord>)| TaskRecord {
        title: (*title).into(),
        planned: 0,
        category: Category::General,
        place: None,
        sessions: records.clone(),
    };
    let key = |task: usize| TaskKey { day: 20_260_511, number: u32::try_from(task).unwrap() };
    let tasks = tasks.iter().enumerate().map(|(task, of)| (key(task), task_record(of))).collect();
    Sidecar { tasks, ..Sidecar::default() }
}

/// The entry's id of every record, in order.
fn ids(sidecar: &Sidecar) -> Vec<Option<i64>> {
    sidecar.sessions().map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.id.0)).collect()
}

fn all(sidecar: &Sidecar) -> Vec<SessionKey> {
    sidecar.sessions().map(|(key, ..)| key).collect()
}

/// What is adopted when all sessions are looked for.
fn adopted(mut sidecar: Sidecar, listed: &[TimeEntry]) -> Vec<Option<i64>> {
    let wanted = all(&sidecar);
    let had = ids(&sidecar);
    let adopted = adopt(&mut sidecar, &wanted, listed, WORKSPACE);
    let has = ids(&sidecar);
    assert_eq!(adopted.len(), has.iter().zip(&had).filter(|(has, had)| has != had).count());
    has
}

/// Three sessions of a lost sidecar that are found as they are, which shows that it was lost.
fn witnesses() -> ((&'static str, Vec<SessionRecord>), Vec<TimeEntry>) {
    let start = |n: u32| at(0, i64::from(n) * 20);
    let stop = |n: u32| Some(start(n) + Duration::minutes(10));
    let records = (0..3).map(|n| record(n, start(n), stop(n))).collect();
    (("Anchor", records), (0..3).map(|n| listed(97 + i64::from(n), "Anchor", start(n), stop(n))).collect())
}

/// The same after a loss, for the records of these tasks.
fn rebuilt(tasks: &[(&'static str, Vec<SessionRecord>)], entries: &[TimeEntry]) -> (Vec<Option<i64>>, Sidecar) {
    let (task, anchors) = witnesses();
    let mut sidecar = sidecar(&[tasks, &[task]].concat());
    let wanted = all(&sidecar);
    let certain = sidecar.sessions().filter(|(.., record)| !record.inferred).map(|(key, ..)| key).collect();
    adopt_all(&mut sidecar, &wanted, &certain, &[entries, &anchors].concat(), WORKSPACE);
    let mut found = ids(&sidecar);
    assert_eq!(found.split_off(found.len() - 3), [Some(97), Some(98), Some(99)]);
    (found, sidecar)
}

#[test]
fn an_entry_is_the_sessions_by_its_title_and_start() {
    let tea = || sidecar(&[("Tea", vec![record(0, at(0, 540), Some(at(0, 550)))])]);
    assert_eq!(adopted(tea(), &[listed(1, "Tea", at(0, 540), Some(at(0, 550)))]), [Some(1)]);
    assert_eq!(adopted(tea(), &[listed(1, "Tea", at(0, 540), Some(at(0, 700)))]), [Some(1)], "edited there since");
    assert_eq!(adopted(tea(), &[listed(1, "Tea", at(0, 541), Some(at(0, 550)))]), [None]);
    assert_eq!(adopted(tea(), &[listed(1, "Tee", at(0, 540), Some(at(0, 550)))]), [None]);
    assert_eq!(adopted(tea(), &[]), [None]);
}

#[test]
fn what_is_deleted_elsewhere_or_anothers_already_is_not_taken() {
    let entry = || listed(1, "Tea", at(0, 540), None);
    let tea = record(0, at(0, 540), None);
    assert_eq!(adopted(sidecar(&[("Tea", vec![tea.clone()])]), &[TimeEntry { deleted: true, ..entry() }]), [None]);
    assert_eq!(
        adopted(sidecar(&[("Tea", vec![tea.clone()])]), &[TimeEntry { workspace: WorkspaceId(8), ..entry() }]),
        [None]
    );
    let owner = SessionRecord { last_sent: Some(known(1, at(0, 0))), ..record(0, at(0, 0), None) };
    let two = sidecar(&[("Tea", vec![tea.clone()]), ("Work", vec![owner])]);
    assert_eq!(adopted(two, &[entry()]), [None, Some(1)]);
    // Listed twice, it is one entry all the same.
    let two = sidecar(&[("Tea", vec![tea.clone()]), ("Tea", vec![tea.clone()])]);
    assert_eq!(adopted(two, &[entry(), entry()]), [Some(1), None]);
    let has = SessionRecord { last_sent: Some(known(5, at(0, 540))), ..tea };
    assert_eq!(adopted(sidecar(&[("Tea", vec![has])]), &[entry()]), [Some(5)], "it has its own");
}

#[test]
fn of_several_alike_each_gets_the_one_with_its_stop() {
    let stops = |minutes: [i64; 2]| minutes.map(|minute| vec![record(0, at(0, 540), Some(at(0, minute)))]);
    let [short, long] = stops([550, 560]);
    let listed = [listed(1, "Tea", at(0, 540), Some(at(0, 560))), listed(2, "Tea", at(0, 540), Some(at(0, 550)))];
    assert_eq!(adopted(sidecar(&[("Tea", short.clone()), ("Tea", long.clone())]), &listed), [Some(2), Some(1)]);
    // One whose stop is another takes what the others leave.
    let other = vec![record(0, at(0, 540), Some(at(0, 555)))];
    assert_eq!(adopted(sidecar(&[("Tea", other), ("Tea", long)]), &listed), [Some(2), Some(1)]);
}

#[test]
fn it_is_looked_for_as_it_was_sent() {
    let intent = Intent {
        since: 0,
        start: at(0, 530),
        description: "Draft".to_owned(),
        workspace: None,
        project: None,
        tags: Vec::new(),
    };
    let tea = || {
        sidecar(&[(
            "Tea",
            vec![SessionRecord { intent: Some(Box::new(intent.clone())), ..record(0, at(0, 540), None) }],
        )])
    };
    let mut sidecar = tea();
    let wanted = all(&sidecar);
    adopt(&mut sidecar, &wanted, &[listed(1, "Draft", at(0, 530), None)], WORKSPACE);
    assert_eq!(ids(&sidecar), [Some(1)]);
    assert!(!sidecar.has_open_intents(), "it is settled");
    assert_eq!(adopted(tea(), &[listed(1, "Tea", at(0, 540), None)]), [None]);
}

#[test]
fn an_entry_that_stopped_while_the_session_is_open_was_halted() {
    let halted = |stop: Option<i64>, entry_stop: Option<i64>| {
        let mut sidecar = sidecar(&[("Tea", vec![record(0, at(0, 540), stop.map(|stop| at(0, stop)))])]);
        let wanted = all(&sidecar);
        let found = listed(1, "Tea", at(0, 540), entry_stop.map(|stop| at(0, stop)));
        adopt(&mut sidecar, &wanted, &[found], WORKSPACE);
        let (_, _, record) = sidecar.sessions().next().unwrap();
        record.last_sent.as_ref().unwrap().halted
    };
    assert!(halted(None, Some(550)));
    assert!(!halted(None, None));
    assert!(!halted(Some(550), Some(550)));
    assert!(!halted(Some(550), None));
}

#[test]
fn after_a_loss_the_day_is_what_toggl_says() {
    let start = (at(0, 540)).to_offset(time::UtcOffset::from_hms(9, 0, 0).unwrap());
    let tea = vec![("Tea", vec![inferred(record(0, start, Some(start + Duration::minutes(10))))])];
    let entry = listed(1, "Tea", at(-2, 540), Some(at(-2, 550)));
    let (found, sidecar) = rebuilt(&tea, std::slice::from_ref(&entry));
    assert_eq!(found, [Some(1)]);
    let (_, _, found) = sidecar.sessions().next().unwrap();
    assert_eq!((found.start, found.stop), (at(-2, 540), Some(at(-2, 550))));
    assert_eq!(found.start.offset(), start.offset(), "on the clock that the person knows");
    assert!(found.inferred && !found.last_sent.as_ref().unwrap().halted);
    // Nothing was lost if nothing is found as it is: then it is another day's work.
    let (anchor, anchors) = witnesses();
    for found in 0..3 {
        let mut few = self::sidecar(&[tea[0].clone(), anchor.clone()]);
        let wanted = all(&few);
        let listed = [std::slice::from_ref(&entry), &anchors[..found]].concat();
        // It is a witness itself.
        let enough = |found| if found == 2 { 3 } else { found };
        assert_eq!(adopt_all(&mut few, &wanted, &BTreeSet::new(), &listed, WORKSPACE).len(), enough(found));
    }
    // Nor does a session move whose day is certain.
    let certain = vec![("Tea", vec![record(0, start, Some(start + Duration::minutes(10)))])];
    assert_eq!(rebuilt(&certain, std::slice::from_ref(&entry)).0, [None]);
    // Its own day comes first, and an entry that only starts alike last.
    let own = [listed(1, "Tea", at(-2, 540), Some(at(-2, 550))), listed(2, "Tea", at(0, 540), Some(at(0, 550)))];
    assert_eq!(rebuilt(&tea, &own).0, [Some(2)]);
    let edited = [listed(2, "Tea", at(0, 540), Some(at(0, 700))), own[0].clone()];
    assert_eq!(rebuilt(&tea, &edited).0, [Some(1)]);
    assert_eq!(rebuilt(&tea, &edited[..1]).0, [Some(2)]);
}

#[test]
fn a_session_and_an_entry_on_another_day_last_alike() {
    let found = |minutes: i64| {
        let tea = [("Tea", vec![inferred(record(0, at(0, 540), Some(at(0, 640))))])];
        rebuilt(&tea, &[listed(1, "Tea", at(-2, 540), Some(at(-2, 540 + minutes)))]).0[0]
    };
    for minutes in [100, 100 + 1440] {
        assert_eq!(found(minutes), Some(1), "{minutes}: whole days aside");
    }
    // A turn of the clock in between is rarer than another session that is half an hour or an hour longer.
    for minutes in [99, 101, 69, 70, 130, 40, 160, 131, 10, 90, 99 + 1440, 130 + 1440] {
        assert_eq!(found(minutes), None, "{minutes}");
    }
    // Or they stop at the same instant, or one of them is open.
    let stops = [("Tea", vec![inferred(record(0, at(0, 540), Some(at(0, 640))))])];
    assert_eq!(rebuilt(&stops, &[listed(1, "Tea", at(-2, 540), Some(at(0, 640)))]).0, [Some(1)]);
    assert_eq!(rebuilt(&stops, &[listed(1, "Tea", at(-2, 540), None)]).0, [Some(1)]);
    let open = [("Tea", vec![inferred(record(0, at(0, 540), None))])];
    // One that was halted stopped at any second, one of a closed session at a full minute.
    let halted = at(-2, 541) + Duration::seconds(7);
    assert_eq!(rebuilt(&open, &[listed(1, "Tea", at(-2, 540), Some(halted))]).0, [Some(1)]);
    assert_eq!(rebuilt(&open, &[listed(1, "Tea", at(-2, 540), Some(at(-2, 541)))]).0, [None]);
    let in_doubt = |start: i64, stop: i64| {
        let tea = [("Tea", vec![SessionRecord { inferred: true, ..record(0, at(0, 540), Some(at(0, 640))) }])];
        rebuilt(&tea, &[listed(1, "Tea", at(0, start), Some(at(0, stop)))]).0[0]
    };
    assert_eq!(in_doubt(510, 640), Some(1));
    assert_eq!(in_doubt(495, 640), Some(1), "the same stop in another zone");
    assert_eq!(in_doubt(495, 641), None);
}

/// The same text and length alone would give a new session the entry of a deleted one.
#[test]
fn a_turned_clock_is_believed_of_a_doubtful_day_or_by_three_sessions() {
    let sessions = |days: i64, inferred: bool| -> Vec<SessionRecord> {
        (0..days)
            .map(|day| {
                let start = at(day, 540 + day);
                let number = u32::try_from(day).unwrap();
                SessionRecord { inferred, ..record(number, start, Some(start + Duration::minutes(10))) }
            })
            .collect()
    };
    let entries = |days: i64, shift: i64| -> Vec<TimeEntry> {
        (0..days)
            .map(|day| {
                let start = at(day, 540 + day + shift);
                listed(day, "Tea", start, Some(start + Duration::minutes(10)))
            })
            .collect()
    };
    for shift in [30, -30, 60, -60, 15, -15, 525, -720, 705] {
        let found = |days, inferred| rebuilt(&[("Tea", sessions(days, inferred))], &entries(days, shift)).0;
        assert_eq!(found(1, true), [Some(0)], "{shift}");
        assert_eq!(found(1, false), [None], "{shift}");
        assert_eq!(found(2, false), [None, None], "{shift}");
        assert_eq!(found(3, false), [Some(0), Some(1), Some(2)], "{shift}");
    }
    let odd = rebuilt(&[("Tea", sessions(3, true))], &entries(3, 20)).0;
    assert_eq!(odd, [None; 3], "no zone is twenty minutes away");
    // Three are no witnesses with another text or length, or with entries of their own.
    let mut others = entries(3, 30);
    others[1].description = "Work".to_owned();
    assert_eq!(rebuilt(&[("Tea", sessions(3, false))], &others).0, [None; 3]);
    let mut others = entries(3, 30);
    others[1].stop = others[1].stop.map(|stop| stop + Duration::minutes(1));
    assert_eq!(rebuilt(&[("Tea", sessions(3, false))], &others).0, [None; 3]);
    let mut settled = sessions(3, false);
    settled[1].last_sent = Some(known(50, at(0, 0)));
    assert_eq!(rebuilt(&[("Tea", settled)], &entries(3, 30)).0, [None, Some(50), None]);
}

/// Any length would do, and somewhere within a day there is an entry of that title.
#[test]
fn an_open_session_takes_an_entry_of_a_turned_clock_and_none_of_another_zone() {
    let found = |shift: i64| {
        let tea = [("Tea", vec![SessionRecord { inferred: true, ..record(0, at(0, 540), None) }])];
        rebuilt(&tea, &[listed(1, "Tea", at(-1, 540 + shift), None)]).0[0]
    };
    for shift in [30, -30, 60, -60] {
        assert_eq!(found(shift), Some(1), "{shift}");
    }
    for shift in [15, -15, 45, 90, -720] {
        assert_eq!(found(shift), None, "{shift}");
    }
}

#[test]
fn the_clock_that_was_turned_least_is_believed_first() {
    let tea = [("Tea", vec![SessionRecord { inferred: true, ..record(0, at(0, 540), Some(at(0, 550))) }])];
    let entry = |id, day, minute| listed(id, "Tea", at(day, minute), Some(at(day, minute + 10)));
    assert_eq!(rebuilt(&tea, &[entry(1, 0, 555), entry(2, -1, 570), entry(3, -2, 540)]).0, [Some(3)]);
    assert_eq!(rebuilt(&tea, &[entry(1, 0, 555), entry(2, -1, 570)]).0, [Some(2)]);
}

#[test]
fn the_latest_day_before_the_tasks_next_session_is_taken() {
    let entry = |id, day, minute| listed(id, "Tea", at(day, minute), Some(at(day, minute + 10)));
    let one = |minute: i64| vec![inferred(record(0, at(0, minute), Some(at(0, minute + 10))))];
    assert_eq!(rebuilt(&[("Tea", one(540))], &[entry(1, -3, 540), entry(2, -1, 540), entry(3, -2, 540)]).0, [Some(2)]);
    // The second session is in Toggl as it is: the first lies before it.
    let two = |next: i64| [("Tea", vec![one(540).remove(0), record(1, at(-1, next), Some(at(-1, next + 10)))])];
    let days = [entry(1, -3, 540), entry(2, -1, 540), entry(3, -2, 540), entry(9, -1, 500)];
    assert_eq!(rebuilt(&two(500), &days).0, [Some(3), Some(9)]);
    let days = [entry(1, -3, 540), entry(2, -1, 540), entry(9, -1, 550)];
    assert_eq!(rebuilt(&two(550), &days).0, [Some(2), Some(9)], "one ends when the next begins");
    // One that is not known to be in Toggl is a guess, and bounds nothing.
    let mut three = two(500);
    three[0].1[1].number = 2;
    three[0].1.insert(1, record(1, at(-3, 500), Some(at(-3, 510))));
    let days = [entry(1, -4, 540), entry(2, -2, 540), entry(9, -1, 500)];
    assert_eq!(rebuilt(&three, &days).0, [Some(2), None, Some(9)]);
    // Unless nothing else is left.
    assert_eq!(rebuilt(&two(500), &[entry(2, -1, 540), entry(9, -1, 500)]).0, [Some(2), Some(9)]);
}
