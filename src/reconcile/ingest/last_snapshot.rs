//! What the last snapshot that was ingested says of this one.

use crate::reconcile::matching::{self, SnapshotTask};
use crate::reconcile::recovery::day_of;
use crate::sidecar::{SessionKey, Sidecar, TaskKey, TaskRecord};

/// The snapshot before this one.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastSnapshot {
    /// Its save instant, if what was not in it lies after it. Unix seconds.
    pub saved: Option<i64>,
}

impl LastSnapshot {
    /// It bounds what is new only if it was of this list. It was not if none of its tasks is here, or if tasks or sessions
    /// that were missing from it are back: then it was an empty, an older or another list, and life went on meanwhile.
    pub fn of(
        sidecar: &Sidecar,
        known_past: usize,
        tasks: &[SnapshotTask<'_>],
        found: &[Option<TaskKey>],
    ) -> LastSnapshot {
        let (mut has_kept, mut has_returned) = (known_past > 0, false);
        for (worked, known) in tasks.iter().zip(found) {
            let Some(known) = known.and_then(|key| sidecar.tasks.get(&key)) else { continue };
            has_kept |= known.place.is_some();
            has_returned |= known.place.is_none() || has_back(known, worked);
        }
        LastSnapshot { saved: sidecar.last_snapshot_saved.filter(|_| has_kept && !has_returned) }
    }
}

/// Whether sessions of the task that had been removed are back.
fn has_back(known: &TaskRecord, worked: &SnapshotTask<'_>) -> bool {
    known.sessions.iter().any(|record| record.removed)
        && (matching::align(&known.sessions, &worked.task.sessions).into_iter().flatten())
            .any(|at| known.sessions.get(at).is_some_and(|record| record.removed))
}

/// Sessions that are seen for the first time and must have been there before may be in Toggl already, sent by way of a
/// sidecar that was lost: they are to be looked for.
pub(super) fn note_unscanned(sidecar: &mut Sidecar, first_seen: &[SessionKey], last: LastSnapshot) {
    let Some(scanned_from) = sidecar.scanned_from.filter(|_| sidecar.last_snapshot_saved.is_some()) else { return };
    // The last snapshot counts by its minute: a session can start in the minute of a save.
    let begins = last.saved.map_or(i64::MAX, |saved| saved - saved.rem_euclid(60));
    let starts = first_seen.iter().filter_map(|&key| Some(sidecar.record(key)?.1.start));
    let older = starts.filter(|start| start.unix_timestamp() < begins).map(day_of).max();
    sidecar.scanned_from = Some(older.and_then(|day| day.next_day()).map_or(scanned_from, |day| day.max(scanned_from)));
}
