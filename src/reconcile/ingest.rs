//! Taking a snapshot in: every session of it becomes a record of the sidecar, dated and under its own key.
//!
//! Pure: the same snapshot, sidecar and zone give the same records on any machine. What is to be done about the difference
//! from what Toggl holds is for the plan.

mod assumed_sent;
mod snapshot_task;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use snapshot_task::{Worked, minutes_of, tasks_with_sessions};

use crate::chute_kun::snapshot::{Session, Snapshot};
use crate::reconcile::dating::{self, Clue, Dated, Frame};
use crate::reconcile::matching::{self, MatchContext, SnapshotTask};
use crate::sidecar::{Place, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord};
use crate::zone::Zone;

/// What taking a snapshot in found out beside the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// The session that runs: in today, its task Active, open, and the first such.
    pub running: Option<SessionKey>,
    /// Sessions that cannot be what they say, and were left out.
    pub invalid: Vec<InvalidSession>,
    /// Sessions that are closed in the sidecar and open in the snapshot, which Chute_kun never does: a snapshot
    /// restored, cut or edited. They are left as they are.
    pub reopened: Vec<SessionKey>,
    /// Tasks were recorded, and not one of them is in the snapshot: it may be that of another list.
    pub knows_none: bool,
    /// While Toggl has not been asked what it holds: the unix second by which the work on a task was over for sure,
    /// wherever the clock stood, for tasks that show it.
    pub over: BTreeMap<TaskKey, i64>,
}

/// A session that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSession {
    /// The title of its task.
    pub title: String,
    /// Where the task stands.
    pub place: Place,
    /// The position of the session in the task, from 0.
    pub session: usize,
    /// What is wrong with it, for people.
    pub reason: &'static str,
}

/// Takes `snapshot`, saved at `saved` (unix seconds), into the sidecar.
pub fn ingest(sidecar: &mut Sidecar, snapshot: &Snapshot, saved: i64, zone: &Zone) -> Ingested {
    let mut intake = Ingested::default();
    let tasks = tasks_with_sessions(snapshot, &mut intake.invalid);
    let candidates: Vec<SnapshotTask<'_>> = tasks.iter().map(Worked::candidate).collect();
    let taken = sidecar.last_snapshot_saved;
    let first_day = |candidate: &SnapshotTask<'_>| {
        let at = tasks.binary_search_by_key(&candidate.place, |worked| worked.place);
        at.ok().and_then(|at| tasks.get(at)).map_or(0, |worked| worked.first_day(zone, saved))
    };
    let scene =
        MatchContext { zone, taken: sidecar.last_snapshot_saved.unwrap_or(saved), saved, first_day: &first_day };
    let found = matching::identify(&sidecar.tasks, &candidates, &scene);
    let Review { changed, latest, kept, lost } = review(sidecar, &tasks, &found);
    intake.knows_none = snapshot.known_past == 0 && kept == 0 && lost > 0;
    let moved_from = taken.and(latest).and_then(|latest| moved_from(latest, zone));
    for (key, worked) in changed {
        if let Some(thread) = sidecar.tasks.get_mut(&key) {
            let frame = worked.frame(taken.filter(|_| thread.place.is_some()), saved, moved_from);
            continue_thread(thread, key, worked, &frame, zone, &mut intake);
        }
    }
    for (worked, _) in tasks.iter().zip(&found).filter(|(_, key)| key.is_none()) {
        let thread = new_thread(worked, &worked.frame(taken, saved, moved_from), zone);
        let key = free_key(sidecar, &thread, worked.place);
        sidecar.tasks.insert(key, thread);
    }
    if !sidecar.looked {
        intake.over = snapshot_task::over(sidecar, &tasks);
    }
    intake.running = running(sidecar, &tasks);
    if sidecar.running != intake.running {
        assumed_sent::halt_or_resume_was_told(sidecar, intake.running, saved, zone);
        sidecar.running = intake.running;
    }
    sidecar.last_snapshot_saved = Some(saved);
    intake
}

/// What a look at all threads found out.
struct Review<'a> {
    /// The known tasks of which there is something to take in, with their threads.
    changed: Vec<(TaskKey, &'a Worked<'a>)>,
    /// The latest instant on record.
    latest: Option<OffsetDateTime>,
    /// How many threads that were in the last snapshot are in this one, and how many are not.
    kept: usize,
    lost: usize,
}

/// Goes through the threads with the tasks that they are beside them, and marks those that are no task any more. Of years
/// of records most are as they were: each is looked at here, once, and no further.
fn review<'a>(sidecar: &mut Sidecar, tasks: &'a [Worked<'a>], found: &[Option<TaskKey>]) -> Review<'a> {
    let mut known: Vec<(TaskKey, &Worked<'_>)> =
        found.iter().zip(tasks).filter_map(|(key, worked)| Some(((*key)?, worked))).collect();
    known.sort_by_key(|&(key, _)| key);
    let mut known = known.into_iter().peekable();
    let mut review = Review { changed: Vec::new(), latest: None, kept: 0, lost: 0 };
    for (&key, thread) in &mut sidecar.tasks {
        let instants = thread.sessions.iter().map(|record| record.stop.unwrap_or(record.start));
        review.latest = review.latest.max(instants.max());
        let was_present = usize::from(thread.place.is_some());
        if let Some((_, worked)) = known.next_if(|&(known, _)| known == key) {
            review.kept += was_present;
            if !worked.is_as_recorded(thread) {
                review.changed.push((key, worked));
            }
        } else {
            review.lost += was_present;
            thread.place = None;
            thread.sessions.iter_mut().for_each(|record| record.removed = true);
        }
    }
    review
}

/// The offset (seconds east of UTC) with which the latest instant on record was written down, if this zone has another
/// for it.
fn moved_from(latest: OffsetDateTime, zone: &Zone) -> Option<i64> {
    let has_moved = zone.at(latest.unix_timestamp()).offset() != latest.offset();
    has_moved.then(|| i64::from(latest.offset().whole_seconds()))
}

/// Brings a known thread up to its task: recorded instants stay, closed and new sessions get theirs.
fn continue_thread(
    thread: &mut TaskRecord,
    key: TaskKey,
    worked: &Worked<'_>,
    frame: &Frame,
    zone: &Zone,
    intake: &mut Ingested,
) {
    if *thread.title != *worked.task.title {
        assumed_sent::title_was_told(thread);
        thread.title = worked.task.title.as_str().into();
    }
    thread.planned = worked.task.planned_ymd;
    thread.place = Some(worked.place);
    if worked.has_minutes_of(thread) {
        return;
    }
    let aligned = matching::align(&thread.sessions, &worked.sessions);
    let clues = |at: usize| match aligned[at].map(|at| &thread.sessions[at]) {
        Some(record) => clues(record, &worked.sessions[at]),
        None => [Clue::New; 2],
    };
    let events = worked.events(clues);
    let dated = dating::date(zone, &events, frame);
    let mut dated = dated.into_iter();
    let mut is_here = vec![false; thread.sessions.len()];
    let mut next_number = thread.sessions.last().map_or(0, |last| last.number + 1);
    for (session, at) in worked.sessions.iter().zip(&aligned) {
        let Some(start) = dated.next() else { break };
        let stop = session.end_min.and_then(|_| dated.next());
        if let Some(at) = *at {
            is_here[at] = true;
            let record = &mut thread.sessions[at];
            record.removed = false;
            if record.stop.is_some() && stop.is_none() {
                intake.reopened.push(SessionKey { task: key, session: record.number });
            } else {
                update(record, session, start, stop, zone);
            }
        } else {
            thread.sessions.push(new_record(next_number, session, start, stop, zone));
            next_number += 1;
        }
    }
    for (record, is_here) in thread.sessions.iter_mut().zip(is_here) {
        record.removed |= !is_here;
    }
}

/// What a record knows of the session it is.
fn clues(record: &SessionRecord, session: &Session) -> [Clue; 2] {
    let start = record.start.unix_timestamp();
    let start_clue = if record.minutes.start == session.start_min { Clue::Recorded(start) } else { Clue::Near(start) };
    let stop_clue = match record.stop {
        Some(stop) if record.minutes.end == session.end_min => Clue::Recorded(stop.unix_timestamp()),
        Some(stop) => Clue::Near(stop.unix_timestamp()),
        None => Clue::New,
    };
    [start_clue, stop_clue]
}

/// Recorded instants keep the offset that was in force when they were made.
fn update(record: &mut SessionRecord, session: &Session, start: Dated, stop: Option<Dated>, zone: &Zone) {
    if record.start.unix_timestamp() != start.instant {
        assumed_sent::start_was_told(record);
        record.start = zone.at(start.instant);
    }
    if record.stop.map(OffsetDateTime::unix_timestamp) != stop.map(|stop| stop.instant) {
        assumed_sent::stop_was_told(record);
        record.stop = stop.map(|stop| zone.at(stop.instant));
    }
    record.minutes = minutes_of(session);
    record.inferred |= start.inferred || stop.is_some_and(|stop| stop.inferred);
}

fn new_record(number: u32, session: &Session, start: Dated, stop: Option<Dated>, zone: &Zone) -> SessionRecord {
    let inferred = start.inferred || stop.is_some_and(|stop| stop.inferred);
    let (start, stop) = (zone.at(start.instant), stop.map(|stop| zone.at(stop.instant)));
    SessionRecord { inferred, ..SessionRecord::new(number, minutes_of(session), start, stop) }
}

fn new_thread(worked: &Worked<'_>, frame: &Frame, zone: &Zone) -> TaskRecord {
    let dated = dating::date(zone, &worked.events(|_| [Clue::New; 2]), frame);
    let mut dated = dated.into_iter();
    let mut records = Vec::with_capacity(worked.sessions.len());
    for (number, session) in (0..).zip(worked.sessions.iter()) {
        let Some(start) = dated.next() else { break };
        let stop = session.end_min.and_then(|_| dated.next());
        records.push(new_record(number, session, start, stop, zone));
    }
    TaskRecord {
        title: worked.task.title.as_str().into(),
        planned: worked.task.planned_ymd,
        place: Some(worked.place),
        sessions: records,
    }
}

/// The key is given once, from the position when first seen, or the next number that is free on that day.
fn free_key(sidecar: &Sidecar, thread: &TaskRecord, place: Place) -> TaskKey {
    let day = thread.sessions.first().map_or(0, |first| matching::ymd(first.start));
    let is_taken = |number: u32| {
        let key = TaskKey { day, number };
        sidecar.tasks.contains_key(&key) || sidecar.archive.as_ref().is_some_and(|archive| archive.has(key))
    };
    let number = (place.index..).find(|&number| !is_taken(number)).unwrap_or(u32::MAX);
    TaskKey { day, number }
}

/// Running means: in today, state Active, last session open. Chute_kun has one active task; should a file have two,
/// it takes the first.
fn running(sidecar: &Sidecar, tasks: &[Worked<'_>]) -> Option<SessionKey> {
    let place = tasks.iter().find(|worked| worked.is_running())?.place;
    let (&thread, records) = sidecar.tasks.iter().find(|(_, thread)| thread.place == Some(place))?;
    let last = records.sessions.iter().rev().find(|record| !record.removed)?;
    last.stop.is_none().then_some(SessionKey { task: thread, session: last.number })
}
