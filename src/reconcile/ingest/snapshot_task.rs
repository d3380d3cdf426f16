//! A task of the snapshot, as far as it is taken in: its sessions, without those that cannot be what they say.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use time::{Date, Month};

use super::InvalidSession;
use crate::chute_kun::snapshot::{Session, Snapshot, State, Task};
use crate::reconcile::dating::{self, Clue, Event, Frame};
use crate::reconcile::matching::{self, SnapshotTask};
use crate::sidecar::{List, Minutes, Place, Sidecar, TaskKey, TaskRecord};
use crate::zone::Zone;

/// Seconds.
const DAY: i64 = 24 * 3600;

/// A task of the snapshot that has sessions.
pub(super) struct Worked<'a> {
    pub(super) place: Place,
    pub(super) task: &'a Task,
    /// Its sessions, odd ones left out.
    pub(super) sessions: Cow<'a, [Session]>,
}

impl Worked<'_> {
    pub(super) fn candidate(&self) -> SnapshotTask<'_> {
        SnapshotTask {
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
    pub(super) fn is_as_recorded(&self, thread: &TaskRecord) -> bool {
        thread.place == Some(self.place)
            && thread.planned == self.task.planned_ymd
            && *thread.title == *self.task.title
            && self.has_minutes_of(thread)
    }

    pub(super) fn has_minutes_of(&self, thread: &TaskRecord) -> bool {
        thread.sessions.len() == self.sessions.len()
            && (thread.sessions.iter().zip(self.sessions.iter()))
                .all(|(record, session)| !record.removed && record.minutes == minutes_of(session))
    }

    pub(super) fn is_running(&self) -> bool {
        self.place.list == List::Today
            && self.task.state == State::Active
            && self.sessions.last().is_some_and(|last| last.end_min.is_none())
    }

    pub(super) fn frame(&self, taken: Option<i64>, saved: i64, moved_from: Option<i64>) -> Frame {
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

    pub(super) fn first_day(&self, zone: &Zone, saved: i64) -> u32 {
        let dated = dating::date(zone, &self.events(|_| [Clue::New; 2]), &self.frame(None, saved, None));
        dated.first().map_or(0, |first| matching::ymd(zone.at(first.instant)))
    }

    /// The sessions as events; `clues` gives what is known of the start and the end of a session.
    pub(super) fn events(&self, clues: impl Fn(usize) -> [Clue; 2]) -> Vec<Event> {
        let mut events = Vec::with_capacity(self.sessions.len() * 2);
        for (at, session) in self.sessions.iter().enumerate() {
            let [start, end] = clues(at);
            events.push(Event { minute: session.start_min, clue: start });
            events.extend(session.end_min.map(|minute| Event { minute, clue: end }));
        }
        events
    }
}

/// The tasks with sessions, in the order of their places.
pub(super) fn tasks_with_sessions<'a>(snapshot: &'a Snapshot, odd: &mut Vec<InvalidSession>) -> Vec<Worked<'a>> {
    let mut tasks = Vec::new();
    for (list, index, task) in snapshot.tasks() {
        let place = Place { list, index: u32::try_from(index).unwrap_or(u32::MAX) };
        let sessions = sound_sessions(task, place, odd);
        if !sessions.is_empty() {
            tasks.push(Worked { place, task, sessions });
        }
    }
    tasks
}

/// A session's minutes lie within a day, and only the last session of a task is ever open.
fn sound_sessions<'a>(task: &'a Task, place: Place, odd: &mut Vec<InvalidSession>) -> Cow<'a, [Session]> {
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
    odd.extend(faults.iter().map(|&(session, reason)| InvalidSession {
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

pub(super) fn minutes_of(session: &Session) -> Minutes {
    Minutes { start: session.start_min, end: session.end_min }
}

/// The day that `YYYYMMDD` names, if there is such a day.
fn date_of(ymd: u32) -> Option<Date> {
    let year = i32::try_from(ymd / 10_000).ok().filter(|&year| year >= 1900)?;
    let month = Month::try_from(u8::try_from(ymd / 100 % 100).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(ymd % 100).ok()?).ok()
}

/// The end of the day after the finish of each finished task: in another zone the day of the finish may end so late. A
/// task in future was postponed before the day for which it is planned. And tasks come into past in its order, at the
/// latest when work begins on the day after their finish: what stands before another task was over when that was.
pub(super) fn over(sidecar: &Sidecar, tasks: &[Worked<'_>]) -> BTreeMap<TaskKey, i64> {
    let keys: HashMap<Place, TaskKey> =
        sidecar.tasks.iter().filter_map(|(&key, thread)| Some((thread.place?, key))).collect();
    let mut over = BTreeMap::new();
    let mut over_in_past = None;
    for worked in tasks.iter().rev() {
        let is_past = worked.place.list == List::Past;
        let planned = date_of(worked.task.planned_ymd).filter(|_| worked.place.list == List::Future);
        let day = worked.finish().or(planned);
        let over_at = day.map(|day| day.midnight().assume_utc().unix_timestamp() + 2 * DAY);
        let earliest = over_at.into_iter().chain(over_in_past.filter(|_| is_past)).min();
        if is_past {
            over_in_past = earliest;
        }
        if let (Some(at), Some(&key)) = (earliest, keys.get(&worked.place)) {
            over.insert(key, at);
        }
    }
    over
}
