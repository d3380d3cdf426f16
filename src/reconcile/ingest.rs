//! Ingesting a snapshot: every session of it becomes a record of the sidecar, dated and under its own key.
//!
//! Pure: the same snapshot, sidecar and zone give the same records on any machine. What is to be done about the difference
//! from what Toggl holds is for the plan.

mod assumed_sent;
mod file_time;
mod last_snapshot;
mod parsing;
mod returned;
mod task_record;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;

pub use file_time::{FileTimeError, check_file_time, save_instant};
use last_snapshot::{LastSnapshot, note_unscanned};
pub use parsing::{Depth, ParseError, parse};
use tasks::worked_tasks;

use crate::chute_kun::snapshot::Snapshot;
use crate::reconcile::dating::{self, Surroundings};
use crate::reconcile::matching::{self, MatchContext, SnapshotTask};
use crate::reconcile::recovery;
use crate::reconcile::selection::Selection;
use crate::sidecar::{Place, SessionKey, Sidecar, TaskKey, TaskRecord};
use crate::zone::Zone;

/// What ingesting a snapshot found out beside the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// The session that runs: in today, its task Active, open, and the first such.
    pub running: Option<SessionKey>,
    /// Sessions that cannot be what they say, and were left out. The record of each stays as it was.
    pub invalid: Vec<InvalidSession>,
    /// Sessions that are closed in the sidecar and open in the snapshot, which Chute_kun never does: a snapshot
    /// restored, cut or edited. They are left as they are.
    pub reopened: Vec<SessionKey>,
    /// Tasks were recorded, and not one of them is in the snapshot: it may be that of another list.
    pub knows_none: bool,
    /// While sessions are to be looked for in Toggl: the unix second by which the work on a task was over for sure, wherever
    /// the clock stood, for tasks that show it.
    pub worked_until: BTreeMap<TaskKey, i64>,
    /// Likewise: the sessions whose day the snapshot itself says, being those that ended with the finish of their task.
    pub pinned: BTreeSet<SessionKey>,
}

/// A session that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InvalidSession {
    /// The title of its task.
    pub title: String,
    /// The list and the position of the task in it, from 0: `today/3`.
    #[schemars(with = "String")]
    pub place: Place,
    /// The position of the session in the task, from 0.
    #[serde(rename = "position")]
    pub session: usize,
    /// What is wrong with it, for people.
    pub reason: &'static str,
}

/// Ingests `snapshot`, saved at `saved` (unix seconds), into the sidecar.
pub fn ingest(sidecar: &mut Sidecar, snapshot: &Snapshot, saved: i64, zone: &Zone) -> Ingested {
    let mut ingested = Ingested::default();
    let tasks = worked_tasks(snapshot, &mut ingested.invalid);
    let last_saved = sidecar.last_snapshot_saved.unwrap_or(saved);
    let context = MatchContext { zone, last_saved, saved };
    let found = matching::identify(&sidecar.tasks, &tasks, &context);
    let last_snapshot = LastSnapshot::of(sidecar, snapshot.known_past, &tasks, &found);
    let review = review(sidecar, &tasks, &found, saved);
    ingested.knows_none = snapshot.known_past == 0 && review.kept == 0 && review.lost > 0;
    let dates = tasks::Dates {
        zone,
        last_saved: last_snapshot.saved,
        saved: file_time::saved_at_least(sidecar, &tasks, &found, last_snapshot.saved, saved, zone),
        moved_from: sidecar.last_snapshot_saved.and(review.latest).and_then(|latest| moved_from(latest, zone)),
    };
    let mut waiting = Vec::new();
    let mut events = Vec::new();
    for (key, worked) in review.changed {
        let known = sidecar.tasks.get_mut(&key);
        if let Some((continued, to_date)) = known.and_then(|known| task_record::known_to_date(known, worked, &dates)) {
            waiting.push((worked, Some((key, continued))));
            events.push(to_date);
        }
    }
    for (worked, _) in tasks.iter().zip(&found).filter(|(worked, key)| key.is_none() && !worked.sessions.is_empty()) {
        waiting.push((worked, None));
        events.push(task_record::new_to_date(worked, &dates));
    }
    let around = Surroundings {
        taken: dates.last_saved,
        saved: dates.saved,
        ran: sidecar.running.is_some(),
        runs: tasks.iter().any(SnapshotTask::is_running),
        recorded: &review.recorded,
    };
    let dated = dating::date_together(zone, &events, &around);
    let mut first_seen = record(sidecar, waiting, dated, &dates, &mut ingested.reopened);
    let was_other_list = last_snapshot.saved.is_none() && sidecar.last_snapshot_saved.is_some();
    returned::take_back(sidecar, &mut first_seen, was_other_list);
    note_unscanned(sidecar, &first_seen, last_snapshot);
    if recovery::Scan::is_due(sidecar, &Selection::default()) {
        ingested.worked_until = tasks::worked_until(sidecar, &tasks);
        ingested.pinned = tasks::pinned(sidecar, &tasks);
    }
    ingested.running = running(sidecar, &tasks);
    if sidecar.running != ingested.running {
        assumed_sent::halt_or_resume(sidecar, ingested.running, saved, zone);
        sidecar.running = ingested.running;
    }
    sidecar.last_snapshot_saved = Some(saved);
    ingested
}

/// Records the tasks that went on, or are seen for the first time, as they were dated. Returns the sessions that are seen for
/// the first time.
fn record(
    sidecar: &mut Sidecar,
    waiting: Vec<(&SnapshotTask<'_>, Option<(TaskKey, task_record::Continued)>)>,
    dated: Vec<Vec<dating::Dated>>,
    dates: &tasks::Dates<'_>,
    reopened: &mut Vec<SessionKey>,
) -> Vec<SessionKey> {
    let mut first_seen = Vec::new();
    for ((worked, known), dated) in waiting.into_iter().zip(dated) {
        if let Some((key, continued)) = known {
            if let Some(known) = sidecar.tasks.get_mut(&key) {
                task_record::continued(known, key, continued, dated, dates, reopened, &mut first_seen);
            }
        } else {
            let new = task_record::new(worked, dated, dates);
            let key = free_key(sidecar, &new, worked.place);
            first_seen.extend(new.sessions.iter().map(|record| SessionKey { task: key, session: record.number }));
            sidecar.tasks.insert(key, new);
        }
    }
    first_seen
}

/// Whether `known` can be the task that stands in its place in the snapshot: nothing that is recorded contradicts it.
#[must_use]
pub fn can_be(known: &TaskRecord, snapshot: &Snapshot, zone: &Zone) -> bool {
    let is_its_place =
        |list, index| known.place.is_some_and(|place| place.list == list && place.index as usize == index);
    let standing = snapshot.tasks().find(|&(list, index, _)| is_its_place(list, index));
    let (Some((_, _, task)), Some(place)) = (standing, known.place) else { return false };
    let context = MatchContext { zone, last_saved: 0, saved: 0 };
    matching::can_be(known, &SnapshotTask::of(task, place), &context)
}

/// What a look at all known tasks found out.
struct Review<'a> {
    /// The known tasks of which there is something to ingest.
    changed: Vec<(TaskKey, &'a SnapshotTask<'a>)>,
    /// The latest instant on record.
    latest: Option<OffsetDateTime>,
    /// How many tasks that were in the last snapshot are in this one, and how many are not.
    kept: usize,
    lost: usize,
    /// Start and stop (unix seconds) of the sessions that stay as they are and reach beyond the last snapshot.
    recorded: Vec<(i64, i64)>,
}

/// Goes through the known tasks with those of the snapshot that they are beside them, and marks those that are there no
/// more. Of years of records most are as they were: each is looked at here, once, and no further.
fn review<'a>(
    sidecar: &mut Sidecar,
    tasks: &'a [SnapshotTask<'a>],
    found: &[Option<TaskKey>],
    saved: i64,
) -> Review<'a> {
    let last_saved = sidecar.last_snapshot_saved.unwrap_or(i64::MAX);
    let mut matched: Vec<(TaskKey, &SnapshotTask<'_>)> =
        found.iter().zip(tasks).filter_map(|(key, worked)| Some(((*key)?, worked))).collect();
    matched.sort_by_key(|&(key, _)| key);
    let mut matched = matched.into_iter().peekable();
    // A task that is none of the known ones, and of which not all can be what it says, may be any of those that are
    // missing: then nothing is taken for removed.
    let is_unclear = tasks.iter().zip(found).any(|(worked, key)| key.is_none() && worked.invalid() > 0);
    let mut review = Review { changed: Vec::new(), latest: None, kept: 0, lost: 0, recorded: Vec::new() };
    for (&key, known) in &mut sidecar.tasks {
        let instants = known.sessions.iter().map(|record| record.stop.unwrap_or(record.start));
        let latest = instants.max();
        review.latest = review.latest.max(latest);
        let was_present = usize::from(known.place.is_some());
        if let Some((_, worked)) = matched.next_if(|&(matched, _)| matched == key) {
            review.kept += was_present;
            let may_reach_beyond =
                worked.is_running() || latest.is_some_and(|latest| latest.unix_timestamp() > last_saved);
            if may_reach_beyond && worked.has_minutes_of(known) {
                review.recorded.extend(beyond(last_saved, known, saved, worked.is_running()));
            }
            if !worked.is_as_recorded(known) {
                review.changed.push((key, worked));
            }
        } else {
            review.lost += was_present;
            known.place = None;
            known.sessions.iter_mut().for_each(|record| record.removed |= !is_unclear);
        }
    }
    review
}

/// The sessions of a task that reach beyond `last_saved`: only one that runs does, unless it was edited.
fn beyond(last_saved: i64, known: &TaskRecord, saved: i64, runs: bool) -> impl Iterator<Item = (i64, i64)> {
    known.sessions.iter().filter_map(move |record| {
        let stop = record.stop.map(OffsetDateTime::unix_timestamp).or(runs.then_some(saved))?;
        (stop > last_saved).then(|| (record.start.unix_timestamp(), stop))
    })
}

/// The offset (seconds east of UTC) with which the latest instant on record was written down, if this zone has another
/// for it.
fn moved_from(latest: OffsetDateTime, zone: &Zone) -> Option<i64> {
    let has_moved = zone.at(latest.unix_timestamp()).offset() != latest.offset();
    has_moved.then(|| i64::from(latest.offset().whole_seconds()))
}

/// The key is given once, from the position when first seen, or the next number that is free on that day.
fn free_key(sidecar: &Sidecar, new: &TaskRecord, place: Place) -> TaskKey {
    let day = new.sessions.first().map_or(0, |first| matching::ymd(first.start));
    let is_free = |&number: &u32| !sidecar.has_task(TaskKey { day, number });
    TaskKey { day, number: (place.index..).find(is_free).unwrap_or(u32::MAX) }
}

/// Running means: in today, state Active, last session open. Chute_kun has one active task; should a file have two,
/// it takes the first.
fn running(sidecar: &Sidecar, tasks: &[SnapshotTask<'_>]) -> Option<SessionKey> {
    let place = tasks.iter().find(|worked| worked.is_running())?.place;
    let (&task, known) = sidecar.tasks.iter().find(|(_, known)| known.place == Some(place))?;
    let last = known.sessions.iter().rev().find(|record| !record.removed)?;
    last.stop.is_none().then_some(SessionKey { task, session: last.number })
}
