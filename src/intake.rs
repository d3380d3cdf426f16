//! Taking a snapshot in: every session of it becomes a record of the sidecar, dated and under its own key.
//!
//! Pure: the same snapshot, sidecar and zone give the same records on any machine. Nothing of what Toggl was told is
//! changed here; what is to be done about the difference is for the plan.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use time::{Date, Month, OffsetDateTime};

use crate::identity::{self, Candidate, Scene};
use crate::instants::{self, Clue, Dated, Event, Frame};
use crate::sidecar::{List, Minutes, Place, Record, RecordKey, Sidecar, Thread, ThreadKey};
use crate::snapshot::{Session, Snapshot, State, Task};
use crate::zone::Zone;

/// What taking a snapshot in found out beside the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intake {
    /// The session that runs: in today, its task Active, open, and the first such.
    pub running: Option<RecordKey>,
    /// Sessions that cannot be what they say, and were left out.
    pub odd: Vec<OddSession>,
    /// Sessions that are closed in the sidecar and open in the snapshot, which Chute_kun never does: a snapshot
    /// restored, cut or edited. They are left as they are.
    pub reopened: Vec<RecordKey>,
    /// Tasks were recorded, and not one of them is in the snapshot: it may be that of another list.
    pub knows_none: bool,
}

/// A session that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddSession {
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
pub fn take_in(sidecar: &mut Sidecar, snapshot: &Snapshot, saved: i64, zone: &Zone) -> Intake {
    let mut intake = Intake::default();
    let tasks = tasks_with_sessions(snapshot, &mut intake.odd);
    let candidates: Vec<Candidate<'_>> = tasks.iter().map(Worked::candidate).collect();
    let taken = sidecar.taken;
    let first_day = |candidate: &Candidate<'_>| {
        let at = tasks.binary_search_by_key(&candidate.place, |worked| worked.place);
        at.ok().and_then(|at| tasks.get(at)).map_or(0, |worked| worked.first_day(zone, saved))
    };
    let scene = Scene { zone, taken: sidecar.taken.unwrap_or(saved), saved, first_day: &first_day };
    let found = identity::identify(&sidecar.threads, &candidates, &scene);
    let Review { changed, latest, kept, lost } = review(sidecar, &tasks, &found);
    intake.knows_none = snapshot.known_past == 0 && kept == 0 && lost > 0;
    let moved_from = taken.and(latest).and_then(|latest| moved_from(latest, zone));
    for (key, worked) in changed {
        if let Some(thread) = sidecar.threads.get_mut(&key) {
            let frame = worked.frame(taken.filter(|_| thread.place.is_some()), saved, moved_from);
            continue_thread(thread, key, worked, &frame, zone, &mut intake);
        }
    }
    for (worked, _) in tasks.iter().zip(&found).filter(|(_, key)| key.is_none()) {
        let thread = new_thread(worked, &worked.frame(taken, saved, moved_from), zone);
        let key = free_key(sidecar, &thread, worked.place);
        sidecar.threads.insert(key, thread);
    }
    intake.running = running(sidecar, &tasks);
    believe_halt_or_resume(sidecar, &intake, saved, zone);
    sidecar.running = intake.running;
    sidecar.taken = Some(saved);
    intake
}

/// What a look at all threads found out.
struct Review<'a> {
    /// The known tasks of which there is something to take in, with their threads.
    changed: Vec<(ThreadKey, &'a Worked<'a>)>,
    /// The latest instant on record.
    latest: Option<OffsetDateTime>,
    /// How many threads that were in the last snapshot are in this one, and how many are not.
    kept: usize,
    lost: usize,
}

/// Goes through the threads with the tasks that they are beside them, and marks those that are no task any more. Of years
/// of records most are as they were: each is looked at here, once, and no further.
fn review<'a>(sidecar: &mut Sidecar, tasks: &'a [Worked<'a>], found: &[Option<ThreadKey>]) -> Review<'a> {
    let mut known: Vec<(ThreadKey, &Worked<'_>)> =
        found.iter().zip(tasks).filter_map(|(key, worked)| Some(((*key)?, worked))).collect();
    known.sort_by_key(|&(key, _)| key);
    let mut known = known.into_iter().peekable();
    let mut review = Review { changed: Vec::new(), latest: None, kept: 0, lost: 0 };
    for (&key, thread) in &mut sidecar.threads {
        let instants = thread.records.iter().map(|record| record.stop.unwrap_or(record.start));
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
            thread.records.iter_mut().for_each(|record| record.gone = true);
        }
    }
    review
}

/// A task of the snapshot that has sessions.
struct Worked<'a> {
    place: Place,
    task: &'a Task,
    /// Its sessions, odd ones left out.
    sessions: Cow<'a, [Session]>,
}

impl Worked<'_> {
    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            place: self.place,
            title: &self.task.title,
            planned: self.task.planned_ymd,
            finish: self.finish().map(|_| (self.task.finished_at_min, self.task.done_ymd.unwrap_or(0))),
            sessions: &self.sessions,
            first_day: OnceCell::new(),
        }
    }

    /// `done_ymd` counts only in state Done, and only if there is such a day.
    fn finish(&self) -> Option<Date> {
        self.task.done_ymd.filter(|_| self.task.state == State::Done).and_then(date_of)
    }

    /// Whether nothing is to be taken in: the thread has the task just as it is.
    fn is_as_recorded(&self, thread: &Thread) -> bool {
        thread.place == Some(self.place)
            && thread.planned == self.task.planned_ymd
            && *thread.title == *self.task.title
            && self.has_minutes_of(thread)
    }

    fn has_minutes_of(&self, thread: &Thread) -> bool {
        thread.records.len() == self.sessions.len()
            && (thread.records.iter().zip(self.sessions.iter()))
                .all(|(record, session)| !record.gone && record.minutes == minutes_of(session))
    }

    fn is_running(&self) -> bool {
        self.place.list == List::Today
            && self.task.state == State::Active
            && self.sessions.last().is_some_and(|last| last.end_min.is_none())
    }

    fn frame(&self, taken: Option<i64>, saved: i64, moved_from: Option<i64>) -> Frame {
        Frame {
            taken,
            moved_from,
            saved,
            finish: self.task.finished_at_min.filter(|&minute| minute < 1440).zip(self.finish()),
            planned: date_of(self.task.planned_ymd),
            postponed: self.place.list == List::Future,
            actual_min: i64::from(self.task.actual_min),
        }
    }

    fn first_day(&self, zone: &Zone, saved: i64) -> u32 {
        let dated = instants::date(zone, &self.events(|_| [Clue::New; 2]), &self.frame(None, saved, None));
        dated.first().map_or(0, |first| identity::ymd(zone.at(first.instant)))
    }

    /// The sessions as events; `clues` gives what is known of the start and the end of a session.
    fn events(&self, clues: impl Fn(usize) -> [Clue; 2]) -> Vec<Event> {
        let mut events = Vec::with_capacity(self.sessions.len() * 2);
        for (at, session) in self.sessions.iter().enumerate() {
            let [start, end] = clues(at);
            events.push(Event { minute: session.start_min, clue: start });
            events.extend(session.end_min.map(|minute| Event { minute, clue: end }));
        }
        events
    }
}

/// The offset (seconds east of UTC) with which the latest instant on record was written down, if this zone has another
/// for it.
fn moved_from(latest: OffsetDateTime, zone: &Zone) -> Option<i64> {
    let has_moved = zone.at(latest.unix_timestamp()).offset() != latest.offset();
    has_moved.then(|| i64::from(latest.offset().whole_seconds()))
}

fn tasks_with_sessions<'a>(snapshot: &'a Snapshot, odd: &mut Vec<OddSession>) -> Vec<Worked<'a>> {
    let known = u32::try_from(snapshot.known_past).unwrap_or(u32::MAX);
    let lists =
        [(List::Today, &snapshot.today, 0), (List::Future, &snapshot.future, 0), (List::Past, &snapshot.past, known)];
    let mut tasks = Vec::new();
    for (list, in_list, first) in lists {
        for (index, task) in (first..).zip(in_list) {
            let place = Place { list, index };
            let sessions = sound_sessions(task, place, odd);
            if !sessions.is_empty() {
                tasks.push(Worked { place, task, sessions });
            }
        }
    }
    tasks
}

/// A session's minutes lie within a day, and only the last session of a task is ever open.
fn sound_sessions<'a>(task: &'a Task, place: Place, odd: &mut Vec<OddSession>) -> Cow<'a, [Session]> {
    let last = task.sessions.len().wrapping_sub(1);
    let fault = |at: usize, session: &Session| -> Option<&'static str> {
        if session.start_min > 1439 {
            Some("its start is no minute of a day")
        } else if session.end_min.is_some_and(|end| end > 1439) {
            Some("its end is no minute of a day")
        } else if session.end_min.is_none() && at != last {
            Some("it is open, though another session follows")
        } else {
            None
        }
    };
    let faults: Vec<(usize, &'static str)> = (task.sessions.iter().enumerate())
        .filter_map(|(at, session)| fault(at, session).map(|reason| (at, reason)))
        .collect();
    if faults.is_empty() {
        return Cow::Borrowed(&task.sessions);
    }
    odd.extend(faults.iter().map(|&(session, reason)| OddSession {
        title: task.title.clone(),
        place,
        session,
        reason,
    }));
    (task.sessions.iter().enumerate())
        .filter(|(at, session)| fault(*at, session).is_none())
        .map(|(_, session)| *session)
        .collect()
}

/// Brings a known thread up to its task: recorded instants stay, closed and new sessions get theirs.
fn continue_thread(
    thread: &mut Thread,
    key: ThreadKey,
    worked: &Worked<'_>,
    frame: &Frame,
    zone: &Zone,
    intake: &mut Intake,
) {
    if *thread.title != *worked.task.title {
        believe_title(thread);
        thread.title = worked.task.title.as_str().into();
    }
    thread.planned = worked.task.planned_ymd;
    thread.place = Some(worked.place);
    if worked.has_minutes_of(thread) {
        return;
    }
    let aligned = identity::align(&thread.records, &worked.sessions);
    let clues = |at: usize| match aligned[at].map(|at| &thread.records[at]) {
        Some(record) => clues(record, &worked.sessions[at]),
        None => [Clue::New; 2],
    };
    let events = worked.events(clues);
    let dated = instants::date(zone, &events, frame);
    let mut dated = dated.into_iter();
    let mut is_here = vec![false; thread.records.len()];
    let mut next_number = thread.records.last().map_or(0, |last| last.number + 1);
    for (session, at) in worked.sessions.iter().zip(&aligned) {
        let Some(start) = dated.next() else { break };
        let stop = session.end_min.and_then(|_| dated.next());
        if let Some(at) = *at {
            is_here[at] = true;
            let record = &mut thread.records[at];
            record.gone = false;
            if record.stop.is_some() && stop.is_none() {
                intake.reopened.push(RecordKey { thread: key, session: record.number });
            } else {
                update(record, session, start, stop, zone);
            }
        } else {
            thread.records.push(new_record(next_number, session, start, stop, zone));
            next_number += 1;
        }
    }
    for (record, is_here) in thread.records.iter_mut().zip(is_here) {
        record.gone |= !is_here;
    }
}

/// What a record knows of the session it is.
fn clues(record: &Record, session: &Session) -> [Clue; 2] {
    let start = record.start.unix_timestamp();
    let start_clue = if record.minutes.start == session.start_min { Clue::Recorded(start) } else { Clue::Near(start) };
    let stop_clue = match record.stop {
        Some(stop) if record.minutes.end == session.end_min => Clue::Recorded(stop.unix_timestamp()),
        Some(stop) => Clue::Near(stop.unix_timestamp()),
        None => Clue::New,
    };
    [start_clue, stop_clue]
}

/// A change that was taken in and is not known to be told may have been told nevertheless: a program that is killed does
/// not hear the answer. If the session changes again, Toggl is believed to have the change that came before. So what
/// is changed back is told as well, and telling what Toggl has is harmless.
fn believe_title(thread: &mut Thread) {
    let told = thread.description();
    for record in thread.records.iter_mut().filter(|record| !record.gone && record.rejected.is_none()) {
        if let Some(entry) = record.entry.as_mut().filter(|entry| entry.description != told) {
            entry.description = Rc::clone(&told);
        }
    }
}

/// The same for whether an open session runs.
fn believe_halt_or_resume(sidecar: &mut Sidecar, intake: &Intake, saved: i64, zone: &Zone) {
    let ran = sidecar.running;
    if ran == intake.running {
        return;
    }
    if let Some(entry) = ran.and_then(|ran| sidecar.record_mut(ran)).and_then(|record| record.entry.as_mut())
        && entry.halted
    {
        entry.stop = None;
        entry.halted = false;
    }
    if let Some(entry) =
        intake.running.and_then(|runs| sidecar.record_mut(runs)).and_then(|record| record.entry.as_mut())
        && entry.stop.is_none()
    {
        entry.stop = Some(zone.at(saved));
        entry.halted = true;
    }
}

/// Recorded instants keep the offset that was in force when they were made.
fn update(record: &mut Record, session: &Session, start: Dated, stop: Option<Dated>, zone: &Zone) {
    let is_refused = record.rejected.is_some();
    if record.start.unix_timestamp() != start.instant {
        if let Some(entry) = record.entry.as_mut().filter(|_| !is_refused) {
            entry.start = record.start;
        }
        record.start = zone.at(start.instant);
    }
    if record.stop.map(OffsetDateTime::unix_timestamp) != stop.map(|stop| stop.instant) {
        if let Some(entry) = record.entry.as_mut().filter(|entry| entry.stop.is_some() && !is_refused) {
            entry.stop = record.stop.or(entry.stop);
        }
        record.stop = stop.map(|stop| zone.at(stop.instant));
    }
    record.minutes = minutes_of(session);
    record.inferred |= start.inferred || stop.is_some_and(|stop| stop.inferred);
}

fn new_record(number: u32, session: &Session, start: Dated, stop: Option<Dated>, zone: &Zone) -> Record {
    Record {
        number,
        minutes: minutes_of(session),
        start: zone.at(start.instant),
        stop: stop.map(|stop| zone.at(stop.instant)),
        inferred: start.inferred || stop.is_some_and(|stop| stop.inferred),
        gone: false,
        assumed: false,
        entry: None,
        intent: None,
        rejected: None,
    }
}

fn new_thread(worked: &Worked<'_>, frame: &Frame, zone: &Zone) -> Thread {
    let dated = instants::date(zone, &worked.events(|_| [Clue::New; 2]), frame);
    let mut dated = dated.into_iter();
    let mut records = Vec::with_capacity(worked.sessions.len());
    for (number, session) in (0..).zip(worked.sessions.iter()) {
        let Some(start) = dated.next() else { break };
        let stop = session.end_min.and_then(|_| dated.next());
        records.push(new_record(number, session, start, stop, zone));
    }
    Thread {
        title: worked.task.title.as_str().into(),
        planned: worked.task.planned_ymd,
        place: Some(worked.place),
        records,
    }
}

/// The key is given once, from the position when first seen, or the next number that is free on that day.
fn free_key(sidecar: &Sidecar, thread: &Thread, place: Place) -> ThreadKey {
    let day = thread.records.first().map_or(0, |first| identity::ymd(first.start));
    let is_taken = |task: u32| {
        let key = ThreadKey { day, task };
        sidecar.threads.contains_key(&key) || sidecar.archive.as_ref().is_some_and(|archive| archive.has(key))
    };
    let task = (place.index..).find(|&task| !is_taken(task)).unwrap_or(u32::MAX);
    ThreadKey { day, task }
}

/// Running means: in today, state Active, last session open. Chute_kun has one active task; should a file have two,
/// it takes the first.
fn running(sidecar: &Sidecar, tasks: &[Worked<'_>]) -> Option<RecordKey> {
    let place = tasks.iter().find(|worked| worked.is_running())?.place;
    let (&thread, records) = sidecar.threads.iter().find(|(_, thread)| thread.place == Some(place))?;
    let last = records.records.iter().rev().find(|record| !record.gone)?;
    last.stop.is_none().then_some(RecordKey { thread, session: last.number })
}

fn minutes_of(session: &Session) -> Minutes {
    Minutes { start: session.start_min, end: session.end_min }
}

/// The day that `YYYYMMDD` names, if there is such a day.
fn date_of(ymd: u32) -> Option<Date> {
    let year = i32::try_from(ymd / 10_000).ok().filter(|&year| year >= 1900)?;
    let month = Month::try_from(u8::try_from(ymd / 100 % 100).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(ymd % 100).ok()?).ok()
}
