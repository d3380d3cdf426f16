//! The tasks of the snapshot that are ingested, and what they show of when the work on them was over.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::InvalidSession;
use crate::chute_kun::snapshot::{Session, Snapshot};
use crate::reconcile::matching::{SnapshotTask, is_invalid};
use crate::sidecar::{List, Minutes, Place, SessionKey, Sidecar, TaskKey};
use crate::zone::Zone;

/// Seconds.
const DAY: i64 = 24 * 3600;

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

/// The tasks with sessions, in the order of their places, and the sessions that cannot be what they say.
pub(super) fn worked_tasks<'a>(snapshot: &'a Snapshot, invalid: &mut Vec<InvalidSession>) -> Vec<SnapshotTask<'a>> {
    let mut tasks = Vec::new();
    for (list, index, task) in snapshot.tasks().filter(|(_, _, task)| !task.sessions.is_empty()) {
        let worked = SnapshotTask::of(task, Place { list, index: u32::try_from(index).unwrap_or(u32::MAX) });
        if worked.invalid() > 0 {
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

impl From<Minutes> for Session {
    fn from(minutes: Minutes) -> Session {
        Session { start_min: minutes.start, end_min: minutes.end }
    }
}

/// The end of the day after the finish of each finished task: in another zone the day of the finish may end so late. A
/// task in future was postponed before the day for which it is planned. And tasks come into past in its order, at the
/// latest when work begins on the day after their finish: what stands before another task was over when that was.
pub(super) fn worked_until(sidecar: &Sidecar, tasks: &[SnapshotTask<'_>]) -> BTreeMap<TaskKey, i64> {
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
pub(super) fn pinned(sidecar: &Sidecar, tasks: &[SnapshotTask<'_>]) -> BTreeSet<SessionKey> {
    let keys = keys_by_place(sidecar);
    let ends_at_finish = |worked: &&SnapshotTask<'_>| {
        let end = worked.sessions.last().and_then(|last| last.end_min);
        worked.finish().is_some() && end.is_some() && end == worked.task.finished_at_min
    };
    let last = |worked: &SnapshotTask<'_>| {
        let task = *keys.get(&worked.place)?;
        let session = sidecar.tasks.get(&task)?.sessions.iter().rfind(|record| !record.removed)?.number;
        Some(SessionKey { task, session })
    };
    tasks.iter().filter(ends_at_finish).filter_map(last).collect()
}

fn keys_by_place(sidecar: &Sidecar) -> HashMap<Place, TaskKey> {
    sidecar.tasks.iter().filter_map(|(&key, known)| Some((known.place?, key))).collect()
}
