//! What the file's time of modification is worth: evidence of when Chute_kun saved it, and no more. File servers are
//! seconds off, and tools set it.

use time::macros::datetime;
use time::{Date, Duration};

use crate::chute_kun::snapshot::{Snapshot, State};
use crate::reconcile::matching::{SnapshotTask, date_of};
use crate::sidecar::{Digest, Sidecar, TaskKey};
use crate::zone::{Minute, Zone};

/// A file whose own dates say that its time of modification is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileTimeError {
    /// The file is older than any entry that Toggl takes, and than Chute_kun.
    #[error("its time of modification is before 2006")]
    TooOld,
    /// A task was finished more than a day after it.
    #[error("`{title}` in it was finished on {done}, more than a day after its time of modification")]
    FinishedLater {
        /// The title of the task.
        title: String,
        /// The day of the finish.
        done: Date,
    },
}

/// Whether the dates in a snapshot can be those of a file saved at `saved` (unix seconds). If not, every session in it would
/// be dated wrongly.
///
/// # Errors
/// [`FileTimeError`], for the first task that contradicts it.
pub fn check_file_time(snapshot: &Snapshot, saved: i64, zone: &Zone) -> Result<(), FileTimeError> {
    if saved < datetime!(2006-01-01 00:00 UTC).unix_timestamp() {
        return Err(FileTimeError::TooOld);
    }
    let latest = zone.date(saved).saturating_add(Duration::DAY);
    for (_, _, task) in snapshot.tasks().filter(|(_, _, task)| task.state == State::Done) {
        if let Some(done) = task.done_ymd.and_then(date_of).filter(|&done| done > latest) {
            return Err(FileTimeError::FinishedLater { title: task.title.clone(), done });
        }
    }
    Ok(())
}

/// When the snapshot with this digest was saved, whose file was modified at `modified` (unix seconds): the same bytes are
/// the same snapshot, whatever was done to the file.
#[must_use]
pub fn save_instant(sidecar: &Sidecar, digest: Digest, modified: i64) -> i64 {
    match sidecar.last_snapshot_saved {
        Some(saved) if sidecar.snapshot_digest == Some(digest) => saved,
        _ => modified,
    }
}

/// Seconds by which a file's time may lie before the instant at which it was saved.
const BEHIND: i64 = 300;

/// The instant at which the snapshot was saved at the earliest (unix seconds), by the minutes in it. One up to five minutes
/// after the file's time is of that day and not of the day before if the task says so: it runs, or was finished or planned
/// on that day, or was touched since the minute was there the day before. Where the zone is the one of the last push, a task
/// that was finished within a day after the file's time was finished then: both its day and its minute say so.
pub(super) fn saved_at_least(
    sidecar: &Sidecar,
    tasks: &[SnapshotTask<'_>],
    found: &[Option<TaskKey>],
    last_saved: Option<i64>,
    saved: i64,
    zone: &Zone,
) -> i64 {
    let next_minute = saved - saved.rem_euclid(60) + 60;
    let soon: Vec<(Minute, i64)> = (0..)
        .map(|n| next_minute + 60 * n)
        .take_while(|at| at - saved <= BEHIND)
        .map(|at| (zone.minute(at), at))
        .collect();
    let known_as = |key: &Option<TaskKey>| key.and_then(|key| sidecar.tasks.get(&key));
    let shown_by = |(worked, key): (&SnapshotTask<'_>, &Option<TaskKey>)| {
        let minute = worked.last_minute()?;
        let at = soon.iter().find(|&&(shown, _)| shown == minute)?.1;
        let known = known_as(key);
        if known.is_some_and(|known| worked.is_as_recorded(known)) {
            return None;
        }
        let record = known.and_then(|known| known.sessions.iter().rev().find(|record| !record.removed));
        let recorded = record.map(|record| record.stop.unwrap_or(record.start).unix_timestamp());
        let last_saved = last_saved.filter(|_| known.is_none_or(|known| known.place.is_some()));
        let is_touched_since = last_saved.max(recorded).is_some_and(|touched| {
            zone.last_at_or_before(minute, saved).is_none_or(|before| before < touched - touched.rem_euclid(60))
        });
        let day = Some(zone.date(at));
        let is_of_that_day = match worked.finish() {
            None => worked.is_running() || (last_saved.is_none() && known.is_none() && worked.planned() == day),
            done => done == day && worked.task.finished_at_min == Some(minute),
        };
        (is_touched_since || is_of_that_day).then_some(at)
    };
    let has_stayed = sidecar.zone.is_some() && sidecar.zone.as_deref() == zone.name();
    let today = zone.date(saved);
    let finished_by = |(worked, key): (&SnapshotTask<'_>, &Option<TaskKey>)| {
        // Of years of finished tasks only the last are looked at further.
        let done = worked.finish().filter(|&done| has_stayed && done >= today)?;
        let at = zone.first_at_or_after(worked.task.finished_at_min?, saved).filter(|&at| zone.date(at) == done)?;
        (!known_as(key).is_some_and(|known| worked.is_as_recorded(known))).then_some(at)
    };
    let all = || tasks.iter().zip(found);
    all().filter_map(shown_by).chain(all().filter_map(finished_by)).max().unwrap_or(saved)
}
