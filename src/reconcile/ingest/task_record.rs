//! A task of the snapshot as a record: a new one, or a known one that went on.

use time::{Date, OffsetDateTime};

use super::assumed_sent;
use super::tasks::Dates;
use crate::chute_kun::snapshot::Session;
use crate::reconcile::dating::{Clue, Dated, TaskEvents};
use crate::reconcile::matching::{self, SnapshotTask, dating_events, minutes_of};
use crate::sidecar::{SessionKey, SessionRecord, TaskKey, TaskRecord};

/// A known task that went on, with the record that each of its sessions is.
pub(super) struct Continued {
    aligned: Vec<Aligned>,
    /// Of each record, whether its session is in the snapshot.
    is_here: Vec<bool>,
}

/// A task that is seen for the first time, to be dated.
pub(super) fn new_to_date(worked: &SnapshotTask<'_>, dates: &Dates<'_>) -> TaskEvents {
    TaskEvents {
        events: dating_events(&worked.sessions, |_| [Clue::New; 2]),
        frame: worked.frame(dates.saved, dates.last_saved, dates.moved_from),
        runs: worked.is_running(),
    }
}

/// The record of a task that is seen for the first time.
pub(super) fn new(worked: &SnapshotTask<'_>, dated: Vec<Dated>, dates: &Dates<'_>) -> TaskRecord {
    let sessions = &worked.sessions;
    let mut dated = dated.into_iter();
    let mut records = Vec::with_capacity(sessions.len());
    for (number, session) in (0..).zip(sessions.iter()) {
        let Some(start) = dated.next() else { break };
        let stop = session.end_min.and_then(|_| dated.next());
        records.push(new_record(number, session, start, stop, dates));
    }
    TaskRecord {
        title: worked.task.title.as_str().into(),
        planned: worked.task.planned_ymd,
        category: worked.task.category,
        place: Some(worked.place),
        sessions: records,
    }
}

/// A session that is to be dated, and the place of its record.
struct Aligned {
    session: Session,
    record: Option<usize>,
}

/// Brings a known task up to what it is in the snapshot beside its sessions, and says which of these are to be dated, if
/// they are not as recorded.
pub(super) fn known_to_date(
    known: &mut TaskRecord,
    worked: &SnapshotTask<'_>,
    dates: &Dates<'_>,
) -> Option<(Continued, TaskEvents)> {
    if *known.title != *worked.task.title {
        assumed_sent::title(known);
        known.title = worked.task.title.as_str().into();
    }
    known.planned = worked.task.planned_ymd;
    known.category = worked.task.category;
    // What was not in the last snapshot can be older than it.
    let last_saved = dates.last_saved.filter(|_| known.place.is_some());
    known.place = Some(worked.place);
    if worked.has_minutes_of(known) {
        return None;
    }
    let mut is_here = vec![false; known.sessions.len()];
    let aligned = aligned(known, worked, &mut is_here);
    let sessions: Vec<Session> = aligned.iter().map(|aligned| aligned.session).collect();
    let events = dating_events(&sessions, |at| match aligned[at].record.map(|at| &known.sessions[at]) {
        Some(record) => clues(record, &sessions[at]),
        None => [Clue::New; 2],
    });
    let frame = worked.frame(dates.saved, last_saved, dates.moved_from);
    Some((Continued { aligned, is_here }, TaskEvents { events, frame, runs: worked.is_running() }))
}

/// Brings the sessions of a known task up to the snapshot: recorded instants stay, closed and new sessions get theirs. Says
/// which sessions were closed and are open, and which are seen for the first time.
pub(super) fn continued(
    known: &mut TaskRecord,
    key: TaskKey,
    continued: Continued,
    dated: Vec<Dated>,
    dates: &Dates<'_>,
    reopened: &mut Vec<SessionKey>,
    first_seen: &mut Vec<SessionKey>,
) {
    let Continued { aligned, is_here } = continued;
    let mut dated = dated.into_iter();
    let mut next_number = known.sessions.last().map_or(0, |last| last.number + 1);
    for Aligned { session, record } in &aligned {
        let Some(start) = dated.next() else { break };
        let stop = session.end_min.and_then(|_| dated.next());
        if let Some(at) = *record {
            let record = &mut known.sessions[at];
            record.removed = false;
            if record.stop.is_some() && stop.is_none() {
                reopened.push(SessionKey { task: key, session: record.number });
            } else {
                update(record, session, start, stop, dates);
            }
        } else {
            known.sessions.push(new_record(next_number, session, start, stop, dates));
            first_seen.push(SessionKey { task: key, session: next_number });
            next_number += 1;
        }
    }
    for (record, is_here) in known.sessions.iter_mut().zip(is_here) {
        record.removed |= !is_here;
    }
}

/// The sessions with their records, in order. In the place of one that cannot be what it says stands what was recorded of
/// it, if anything was.
fn aligned(known: &TaskRecord, worked: &SnapshotTask<'_>, is_here: &mut [bool]) -> Vec<Aligned> {
    let mut aligned = Vec::with_capacity(worked.task.sessions.len());
    for (at, record) in matching::align(&known.sessions, &worked.task.sessions).into_iter().enumerate() {
        if let Some(record) = record {
            is_here[record] = true;
        }
        let session = match (matching::is_invalid(&worked.task.sessions, at), record) {
            (false, _) => worked.task.sessions[at],
            (true, Some(record)) => known.sessions[record].minutes.into(),
            (true, None) => continue,
        };
        // An open one that others follow has no end that could be dated.
        if session.end_min.is_some() || at + 1 == worked.task.sessions.len() {
            aligned.push(Aligned { session, record });
        }
    }
    aligned
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
fn update(record: &mut SessionRecord, session: &Session, start: Dated, stop: Option<Dated>, dates: &Dates<'_>) {
    let start_changes = record.start.unix_timestamp() != start.instant;
    let stop_changes = record.stop.map(OffsetDateTime::unix_timestamp) != stop.map(|stop| stop.instant);
    if start_changes || stop_changes {
        assumed_sent::times(record, start_changes, stop_changes);
    }
    if start_changes {
        record.start = dates.zone.at(start.instant);
    }
    if stop_changes {
        record.stop = stop.map(|stop| dates.zone.at(stop.instant));
    }
    record.minutes = minutes_of(session);
    record.inferred |= start.inferred || stop.is_some_and(|stop| stop.inferred);
    record.other_day = other_day(start, stop).or(record.other_day);
}

/// The likeliest other day of a session: of its start, or of its stop where the start is certain.
fn other_day(start: Dated, stop: Option<Dated>) -> Option<Date> {
    start.other_day.or(stop.and_then(|stop| stop.other_day))
}

fn new_record(number: u32, session: &Session, start: Dated, stop: Option<Dated>, dates: &Dates<'_>) -> SessionRecord {
    let inferred = start.inferred || stop.is_some_and(|stop| stop.inferred);
    let other_day = other_day(start, stop);
    let (start, stop) = (dates.zone.at(start.instant), stop.map(|stop| dates.zone.at(stop.instant)));
    SessionRecord { inferred, other_day, ..SessionRecord::new(number, minutes_of(session), start, stop) }
}
