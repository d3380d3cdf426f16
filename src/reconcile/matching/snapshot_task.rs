//! A task of the snapshot as matching, dating and ingest see it: its sessions, without those that cannot be what they say.

use std::borrow::Cow;
use std::cell::OnceCell;

use time::{Date, Month};

use super::{is_invalid, ymd};
use crate::chute_kun::snapshot::{Session, State, Task};
use crate::reconcile::dating::{self, Clue, Event, Frame};
use crate::sidecar::{List, Minutes, Place, TaskRecord};
use crate::zone::{Minute, Zone};

/// A task of the snapshot that has sessions.
#[derive(Debug)]
pub struct SnapshotTask<'a> {
    /// Where it stands.
    pub place: Place,
    /// What Chute_kun saved of it.
    pub task: &'a Task,
    /// Its sessions, without those that cannot be what they say: see [`is_invalid`].
    pub sessions: Cow<'a, [Session]>,
    /// See [`first_day`](SnapshotTask::first_day).
    pub first_day: OnceCell<u32>,
}

impl<'a> SnapshotTask<'a> {
    /// The task that stands at this place.
    #[must_use]
    pub fn of(task: &'a Task, place: Place) -> SnapshotTask<'a> {
        let all = task.sessions.as_slice();
        let is_valid = |at: &usize| !is_invalid(all, *at);
        let sessions = match (0..all.len()).all(|at| is_valid(&at)) {
            true => Cow::Borrowed(all),
            false => (0..all.len()).filter(is_valid).map(|at| all[at]).collect(),
        };
        SnapshotTask { place, task, sessions, first_day: OnceCell::new() }
    }
}

impl SnapshotTask<'_> {
    /// How many of its sessions cannot be what they say.
    pub(in crate::reconcile) fn invalid(&self) -> usize {
        self.task.sessions.len() - self.sessions.len()
    }

    /// `done_ymd` counts only in state Done, and only if there is such a day.
    pub(in crate::reconcile) fn finish(&self) -> Option<Date> {
        self.task.done_ymd.filter(|_| self.task.state == State::Done).and_then(date_of)
    }

    /// Whether nothing is to be ingested: the record has the task just as it is.
    pub(in crate::reconcile) fn is_as_recorded(&self, known: &TaskRecord) -> bool {
        known.place == Some(self.place)
            && known.planned == self.task.planned_ymd
            && known.category == self.task.category
            && *known.title == *self.task.title
            && self.has_minutes_of(known)
    }

    pub(in crate::reconcile) fn has_minutes_of(&self, known: &TaskRecord) -> bool {
        known.sessions.len() == self.task.sessions.len()
            && (known.sessions.iter().zip(&self.task.sessions))
                .all(|(record, session)| !record.removed && record.minutes == minutes_of(session))
    }

    pub(in crate::reconcile) fn is_running(&self) -> bool {
        self.place.list == List::Today
            && self.task.state == State::Active
            && self.sessions.last().is_some_and(|last| last.end_min.is_none())
    }

    /// The last minute that the task has, of a start or an end.
    pub(in crate::reconcile) fn last_minute(&self) -> Option<Minute> {
        self.sessions.last().map(|last| last.end_min.unwrap_or(last.start_min))
    }

    pub(in crate::reconcile) fn planned(&self) -> Option<Date> {
        date_of(self.task.planned_ymd)
    }

    /// What it is dated by. Save instant of this snapshot, and of the last if what is new of this task lies after it; the
    /// offset of the zone that was in force then, if another: see [`Frame`].
    pub(in crate::reconcile) fn frame(&self, saved: i64, last_saved: Option<i64>, moved_from: Option<i64>) -> Frame {
        Frame {
            taken: last_saved,
            moved_from,
            saved,
            finish: self.task.finished_at_min.filter(|&minute| minute < 1440).zip(self.finish()),
            planned: self.planned(),
            postponed: self.place.list == List::Future,
            actual_min: i64::from(self.task.actual_min),
        }
    }

    /// `YYYYMMDD` on which its first session would be dated if nothing were recorded, in a snapshot that was saved then
    /// (unix seconds). Worked out when it is first asked for: most tasks are known by less.
    pub(super) fn first_day(&self, zone: &Zone, saved: i64) -> u32 {
        *self.first_day.get_or_init(|| {
            let events = dating_events(&self.sessions, |_| [Clue::New; 2]);
            let dated = dating::date(zone, &events, &self.frame(saved, None, None));
            dated.first().map_or(0, |first| ymd(zone.at(first.instant)))
        })
    }
}

/// Sessions as events; `clues` gives what is known of the start and the end of each.
pub(in crate::reconcile) fn dating_events(sessions: &[Session], clues: impl Fn(usize) -> [Clue; 2]) -> Vec<Event> {
    let mut events = Vec::with_capacity(sessions.len() * 2);
    for (at, session) in sessions.iter().enumerate() {
        let [start, end] = clues(at);
        events.push(Event { minute: session.start_min, clue: start });
        events.extend(session.end_min.map(|minute| Event { minute, clue: end }));
    }
    events
}

pub(in crate::reconcile) fn minutes_of(session: &Session) -> Minutes {
    Minutes { start: session.start_min, end: session.end_min }
}

/// The day that `YYYYMMDD` names, if there is such a day.
pub(in crate::reconcile) fn date_of(ymd: u32) -> Option<Date> {
    let year = i32::try_from(ymd / 10_000).ok().filter(|&year| year >= 1900)?;
    let month = Month::try_from(u8::try_from(ymd / 100 % 100).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(ymd % 100).ok()?).ok()
}
