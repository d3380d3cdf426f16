//! A task of the snapshot, as far as it is ingested: its sessions, and those among them that cannot be what they say.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::{Date, Month};

use super::InvalidSession;
use super::task_record::dating_events;
use crate::chute_kun::snapshot::{Session, Snapshot, State, Task};
use crate::reconcile::dating::{self, Clue, Frame};
use crate::reconcile::matching::{self, SnapshotTask, is_invalid};
use crate::sidecar::{List, Minutes, Place, SessionKey, Sidecar, TaskKey, TaskRecord};
use crate::zone::{Minute, Zone};

/// Seconds.
const DAY: i64 = 24 * 3600;

/// A task of the snapshot that has sessions.
pub(super) struct WorkedTask<'a> {
    pub(super) place: Place,
    pub(super) task: &'a Task,
    /// All its sessions.
    pub(super) sessions: &'a [Session],
    /// Those that can be what they say.
    pub(super) valid: Cow<'a, [Session]>,
}

/// What the sessions of a snapshot are dated by, beside what is known of each task.
pub(super) struct Dates<'a> {
    pub(super) zone: &'a Zone,
    /// Save instant of the last snapshot, if what was not in it lies after it. Unix seconds.
    pub(super) last_saved: Option<i64>,
    /// Save instant of this snapshot: nothing lies after it. Unix seconds.
    pub(super) saved: i64,
    /// Another zone was in force when the last snapshot was ingested, so many seconds east of UTC.
    pub(super) moved_from: Option<i64>,
}

impl<'a> WorkedTask<'a> {
    pub(super) fn of(task: &'a Task, place: Place) -> WorkedTask<'a> {
        let sessions = task.sessions.as_slice();
        let is_valid = |at: &usize| !is_invalid(sessions, *at);
        let valid = match (0..sessions.len()).all(|at| is_valid(&at)) {
            true => Cow::Borrowed(sessions),
            false => (0..sessions.len()).filter(is_valid).map(|at| sessions[at]).collect(),
        };
        WorkedTask { place, task, sessions, valid }
    }
}

impl WorkedTask<'_> {
    pub(super) fn candidate(&self) -> SnapshotTask<'_> {
        SnapshotTask {
            place: self.place,
            title: &self.task.title,
            planned: self.task.planned_ymd,
            finish: self.finish().map(|_| (self.task.finished_at_min, self.task.done_ymd.unwrap_or(0))),
            sessions: &self.valid,
            invalid: self.sessions.len() - self.valid.len(),
            first_day: OnceCell::new(),
        }
    }

    pub(super) fn has_valid_sessions(&self) -> bool {
        !self.valid.is_empty()
    }

    pub(super) fn has_invalid_sessions(&self) -> bool {
        self.valid.len() < self.sessions.len()
    }

    /// `done_ymd` counts only in state Done, and only if there is such a day.
    pub(super) fn finish(&self) -> Option<Date> {
        self.task.done_ymd.filter(|_| self.task.state == State::Done).and_then(date_of)
    }

    /// Whether nothing is to be ingested: the record has the task just as it is.
    pub(super) fn is_as_recorded(&self, known: &TaskRecord) -> bool {
        known.place == Some(self.place)
            && known.planned == self.task.planned_ymd
            && known.category == self.task.category
            && *known.title == *self.task.title
            && self.has_minutes_of(known)
    }

    pub(super) fn has_minutes_of(&self, known: &TaskRecord) -> bool {
        known.sessions.len() == self.sessions.len()
            && (known.sessions.iter().zip(self.sessions))
                .all(|(record, session)| !record.removed && record.minutes == minutes_of(session))
    }

    pub(super) fn is_running(&self) -> bool {
        self.place.list == List::Today
            && self.task.state == State::Active
            && self.valid.last().is_some_and(|last| last.end_min.is_none())
    }

    /// The last minute that the task has, of a start or an end.
    pub(super) fn last_minute(&self) -> Option<Minute> {
        self.valid.last().map(|last| last.end_min.unwrap_or(last.start_min))
    }

    pub(super) fn planned(&self) -> Option<Date> {
        date_of(self.task.planned_ymd)
    }

    /// `last_saved` is that of the last snapshot if what is new of this task lies after it.
    pub(super) fn frame(&self, dates: &Dates<'_>, last_saved: Option<i64>) -> Frame {
        Frame {
            taken: last_saved,
            moved_from: dates.moved_from,
            saved: dates.saved,
            finish: self.task.finished_at_min.filter(|&minute| minute < 1440).zip(self.finish()),
            planned: self.planned(),
            postponed: self.place.list == List::Future,
            actual_min: i64::from(self.task.actual_min),
        }
    }

    pub(super) fn first_day(&self, zone: &Zone, saved: i64) -> u32 {
        let dates = Dates { zone, last_saved: None, saved, moved_from: None };
        let dated = dating::date(zone, &dating_events(&self.valid, |_| [Clue::New; 2]), &self.frame(&dates, None));
        dated.first().map_or(0, |first| matching::ymd(zone.at(first.instant)))
    }
}

/// The tasks with sessions, in the order of their places, and the sessions that cannot be what they say.
pub(super) fn worked_tasks<'a>(snapshot: &'a Snapshot, invalid: &mut Vec<InvalidSession>) -> Vec<WorkedTask<'a>> {
    let mut tasks = Vec::new();
    for (list, index, task) in snapshot.tasks().filter(|(_, _, task)| !task.sessions.is_empty()) {
        let worked = WorkedTask::of(task, Place { list, index: u32::try_from(index).unwrap_or(u32::MAX) });
        if worked.has_invalid_sessions() {
            let sessions = (0..task.sessions.len()).filter(|&at| is_invalid(&task.sessions, at));
            invalid.extend(sessions.map(|session| InvalidSession {
                title: task.title.clone(),
                place: worked.place,
                session,
                reason: reason(&task.sessions[session]),
            }));
        }
        tasks.push(worked);
    }
    tasks
}

/// What is wrong with an invalid session.
fn reason(session: &Session) -> &'static str {
    match session.end_min {
        _ if session.start_min > 1439 => "its start is no minute of a day",
        Some(_) => "its end is no minute of a day",
        None => "it is open, though another session follows",
    }
}

pub(super) fn minutes_of(session: &Session) -> Minutes {
    Minutes { start: session.start_min, end: session.end_min }
}

impl From<Minutes> for Session {
    fn from(minutes: Minutes) -> Session {
        Session { start_min: minutes.start, end_min: minutes.end }
    }
}

/// The day that `YYYYMMDD` names, if there is such a day.
pub(super) fn date_of(ymd: u32) -> Option<Date> {
    let year = i32::try_from(ymd / 10_000).ok().filter(|&year| year >= 1900)?;
    let month = Month::try_from(u8::try_from(ymd / 100 % 100).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(ymd % 100).ok()?).ok()
}

/// The end of the day after the finish of each finished task: in another zone the day of the finish may end so late. A
/// task in future was postponed before the day for which it is planned. And tasks come into past in its order, at the
/// latest when work begins on the day after their finish: what stands before another task was over when that was.
pub(super) fn worked_until(sidecar: &Sidecar, tasks: &[WorkedTask<'_>]) -> BTreeMap<TaskKey, i64> {
    let keys = keys_by_place(sidecar);
    let mut worked_until = BTreeMap::new();
    let mut until_in_past = None;
    for worked in tasks.iter().rev() {
        let is_past = worked.place.list == List::Past;
        let planned = worked.planned().filter(|_| worked.place.list == List::Future);
        let day = worked.finish().or(planned);
        let until = day.map(|day| day.midnight().assume_utc().unix_timestamp() + 2 * DAY);
        let earliest = until.into_iter().chain(until_in_past.filter(|_| is_past)).min();
        if is_past {
            until_in_past = earliest;
        }
        if let (Some(at), Some(&key)) = (earliest, keys.get(&worked.place)) {
            worked_until.insert(key, at);
        }
    }
    worked_until
}

/// The last sessions of finished tasks that ended in the minute of the finish: on that day.
pub(super) fn pinned(sidecar: &Sidecar, tasks: &[WorkedTask<'_>]) -> BTreeSet<SessionKey> {
    let keys = keys_by_place(sidecar);
    let ends_at_finish = |worked: &&WorkedTask<'_>| {
        let end = worked.valid.last().and_then(|last| last.end_min);
        worked.finish().is_some() && end.is_some() && end == worked.task.finished_at_min
    };
    let last = |worked: &WorkedTask<'_>| {
        let task = *keys.get(&worked.place)?;
        let session = sidecar.tasks.get(&task)?.sessions.iter().rfind(|record| !record.removed)?.number;
        Some(SessionKey { task, session })
    };
    tasks.iter().filter(ends_at_finish).filter_map(last).collect()
}

fn keys_by_place(sidecar: &Sidecar) -> HashMap<Place, TaskKey> {
    sidecar.tasks.iter().filter_map(|(&key, known)| Some((known.place?, key))).collect()
}
