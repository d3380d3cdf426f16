//! Which task of the snapshot is which known task of the sidecar.
//!
//! Neither tasks nor sessions have an id, and lists move. What identifies a task is what it holds: within a task
//! sessions are only ever appended, so a known task's recorded minutes are a prefix of those that it has now. A task may
//! be a known one only if nothing contradicts it; among those that may, [`PASSES`] take them in order of trust, each among what the
//! ones before left over. Every pass looks its candidates up by hash, so the whole is linear in the sessions.

mod index;
mod snapshot_task;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use index::{By, Index, Key, PROBES};
pub use snapshot_task::SnapshotTask;
pub(super) use snapshot_task::{date_of, dating_events, minutes_of};

use crate::chute_kun::snapshot::Session;
use crate::sidecar::{SessionRecord, TaskKey, TaskRecord};
use crate::zone::Zone;

/// What tasks are compared with known ones by.
pub struct MatchContext<'a> {
    /// The zone in force now.
    pub zone: &'a Zone,
    /// Save instant of the last snapshot that was ingested, unix seconds.
    pub last_saved: i64,
    /// Save instant of this snapshot, unix seconds.
    pub saved: i64,
}

/// What a pass asks of a candidate beside that.
struct Pass {
    by: By,
    /// Looks at the known tasks that were not in the last snapshot, and at no others.
    vanished: bool,
    accept: fn(&Pair<'_, '_>) -> bool,
}

/// The passes, the most trusted first.
const PASSES: [Pass; 17] = [
    Pass { by: By::Place, vanished: false, accept: |p| p.same_title() && p.same_plan() && p.fits() },
    Pass { by: By::Key(Key::Plan), vanished: false, accept: |p| p.same_title() && p.same_plan() && p.fits() },
    Pass { by: By::Place, vanished: false, accept: |p| p.same_title() && p.fits() },
    Pass { by: By::Key(Key::FirstDay), vanished: false, accept: |p| p.same_title() && p.same_first_day() && p.fits() },
    Pass { by: By::Key(Key::Title), vanished: false, accept: |p| p.same_title() && p.fits() },
    // Renamed by hand: in its place, or anywhere if all the minutes agree or the session is still open. A task of
    // another day can have the same minutes, so it must be able to be as old as the known one.
    Pass { by: By::Place, vanished: false, accept: |p| p.task.invalid() == 0 && p.fits() && p.may_be_that_old() },
    Pass { by: By::Key(Key::Minutes), vanished: false, accept: |p| p.fits() && p.may_be_that_old() },
    // One start minute alone is not enough for that: that a new task starts in the minute of one that was deleted while
    // it was open is more frequent than that one was renamed, planned anew and moved between two pushes.
    Pass { by: By::Key(Key::Minutes), vanished: false, accept: |p| p.fits() && p.has_closed_length() },
    // Only the date does not agree: finished at the very minute of an earlier pause.
    Pass {
        by: By::Key(Key::Title),
        vanished: false,
        accept: |p| p.same_title() && p.is_as_recorded() && p.may_be_that_old(),
    },
    // As it was once: an older copy of the list, saved again.
    Pass {
        by: By::Key(Key::AnyStart),
        vanished: false,
        accept: |p| p.same_title() && (p.same_day_planned() || p.same_first_day()) && p.is_as_it_was(),
    },
    // Minutes edited by hand. With nothing in common it is a new task in a deleted one's place, and taking it for an
    // edit would overwrite an entry.
    Pass { by: By::Place, vanished: false, accept: |p| p.same_title() && p.may_be_that_old() && p.kept_a_minute() },
    Pass { by: By::Key(Key::AnyStart), vanished: false, accept: |p| p.same_title() && p.may_be_that_old() },
    // A minute slipped to what there cannot be: the others are as they were.
    Pass { by: By::Place, vanished: false, accept: |p| p.same_title() && p.is_prefix_but_for_invalid() },
    // What had vanished may return: a snapshot restored, or the file of another running program overwritten again. Life
    // may have gone on meanwhile: sessions were added, ended or edited.
    Pass { by: By::Key(Key::Plan), vanished: true, accept: |p| p.same_title() && p.same_day_planned() && p.fits() },
    Pass { by: By::Key(Key::FirstDay), vanished: true, accept: |p| p.same_title() && p.same_first_day() && p.fits() },
    Pass {
        by: By::Key(Key::AnyStart),
        vanished: true,
        accept: |p| {
            p.same_title() && (p.same_day_planned() || p.same_first_day()) && p.kept_a_session() && p.dates_agree()
        },
    },
    // Renamed meanwhile: nobody does two things from the same minute of a day.
    Pass {
        by: By::Key(Key::Minutes),
        vanished: true,
        accept: |p| p.same_day_planned() && p.same_first_day() && p.fits(),
    },
];

/// For every candidate the known task that it is, or `None` if it is new. The candidates are in the order of their places.
#[must_use]
pub fn identify(
    known: &BTreeMap<TaskKey, TaskRecord>,
    candidates: &[SnapshotTask<'_>],
    context: &MatchContext<'_>,
) -> Vec<Option<TaskKey>> {
    let mut found: Vec<Option<TaskKey>> = vec![None; candidates.len()];
    let (mut present, mut vanished): (Vec<_>, Vec<_>) = known.iter().partition(|(_, known)| known.place.is_some());
    for pass in &PASSES {
        let pool = if pass.vanished { &mut vanished } else { &mut present };
        if pool.is_empty() || found.iter().all(Option::is_some) {
            continue;
        }
        let mut index = Index::of(pass.by, candidates, &found, context);
        pool.retain(|&(&key, known)| {
            let is_free = |at: usize| found[at].is_none();
            let accept = |at: usize| (pass.accept)(&Pair { known, task: &candidates[at], context });
            let at = index.find(known, is_free, accept);
            if let Some(at) = at {
                found[at] = Some(key);
            }
            at.is_none()
        });
    }
    found
}

/// Whether nothing contradicts that the task is the known one, as it is recorded.
#[must_use]
pub fn can_be(known: &TaskRecord, task: &SnapshotTask<'_>, context: &MatchContext<'_>) -> bool {
    Pair { known, task, context }.fits()
}

/// For every session the place in `records` of the record that it is, or `None` if it is new. The order is kept. One that
/// cannot be what it says is a record that nothing else is, between those of its neighbours.
#[must_use]
pub fn align(records: &[SessionRecord], sessions: &[Session]) -> Vec<Option<usize>> {
    let is_valid = |at: usize| !is_invalid(sessions, at);
    if (0..sessions.len()).all(is_valid) {
        return align_valid(records, sessions);
    }
    let valid: Vec<Session> = (0..sessions.len()).filter(|&at| is_valid(at)).map(|at| sessions[at]).collect();
    let mut found = align_valid(records, &valid).into_iter();
    let mut aligned: Vec<Option<usize>> =
        (0..sessions.len()).map(|at| if is_valid(at) { found.next().flatten() } else { None }).collect();
    let mut next = 0;
    for at in 0..aligned.len() {
        if !is_valid(at) {
            let end = aligned[at..].iter().flatten().next().copied().unwrap_or(records.len());
            aligned[at] = (next..end).find(|&record| !records[record].removed);
        }
        next = aligned[at].map_or(next, |record| record + 1);
    }
    aligned
}

/// The same for sessions that are all valid.
fn align_valid(records: &[SessionRecord], sessions: &[Session]) -> Vec<Option<usize>> {
    let all_removed = records.iter().all(|record| record.removed);
    let live: Vec<usize> = (0..records.len()).filter(|&at| all_removed || !records[at].removed).collect();
    let is_prefix = live.len() <= sessions.len() && live.iter().zip(sessions).all(|(&at, s)| agrees(&records[at], s));
    let mut aligned = Vec::with_capacity(sessions.len());
    let mut next = 0;
    if is_prefix {
        aligned.extend(live.iter().copied().map(Some));
        next = live.last().map_or(0, |&last| last + 1);
    }
    // Beyond the prefix: sessions that had been removed and are back, edited ones, and new ones.
    for (left, session) in (1..=sessions.len() - aligned.len()).rev().zip(&sessions[aligned.len()..]) {
        let window = &records[next..records.len().min(next + PROBES)];
        // Sessions are only ever appended: if no fewer are left than records, an edited one stands where it stood.
        let in_place = || {
            let is_live = |record: &&SessionRecord| all_removed || !record.removed;
            let live = if is_prefix { 0 } else { window.iter().filter(is_live).count() };
            window.iter().position(|record| is_live(&record)).filter(|_| (1..=left).contains(&live))
        };
        let at = (window.iter().position(|record| agrees(record, session)))
            .or_else(|| window.iter().position(|record| !is_prefix && shares_a_minute(record, session)))
            .or_else(in_place)
            .map(|ahead| next + ahead);
        next = at.map_or(next, |at| at + 1);
        aligned.push(at);
    }
    aligned
}

/// Whether the session at this place cannot be what it says: its minutes lie within a day, and only the last session of a
/// task is ever open. Of a task that has such a session the record of it stays as it is.
#[must_use]
pub fn is_invalid(sessions: &[Session], at: usize) -> bool {
    sessions.get(at).is_some_and(|session| {
        let is_last = at + 1 == sessions.len();
        session.start_min > 1439 || session.end_min.map_or(!is_last, |end| end > 1439)
    })
}

/// Whether nothing contradicts that the session is the recorded one, perhaps closed since.
fn agrees(record: &SessionRecord, session: &Session) -> bool {
    record.minutes.start == session.start_min && (record.minutes.end.is_none() || record.minutes.end == session.end_min)
}

fn shares_a_minute(record: &SessionRecord, session: &Session) -> bool {
    record.minutes.start == session.start_min || (session.end_min.is_some() && record.minutes.end == session.end_min)
}

/// The local day of an instant, by the offset in force when it was recorded.
#[must_use]
pub fn ymd(at: OffsetDateTime) -> u32 {
    u32::try_from(at.year()).unwrap_or(0) * 10_000 + u32::from(u8::from(at.month())) * 100 + u32::from(at.day())
}

/// The records that were in the last snapshot with the known task; all of them if it was not there.
fn live(known: &TaskRecord) -> impl Iterator<Item = &SessionRecord> {
    known.sessions.iter().filter(|record| known.place.is_none() || !record.removed)
}

/// A known task and one of the snapshot that may be the same.
struct Pair<'a, 'b> {
    known: &'a TaskRecord,
    task: &'a SnapshotTask<'b>,
    context: &'a MatchContext<'a>,
}

impl Pair<'_, '_> {
    fn same_title(&self) -> bool {
        *self.known.title == *self.task.task.title
    }

    fn same_plan(&self) -> bool {
        self.known.planned == self.task.task.planned_ymd
    }

    /// The same day, where old files name none.
    fn same_day_planned(&self) -> bool {
        self.same_plan() && self.task.task.planned_ymd != 0
    }

    /// The day of the finish.
    fn finish(&self) -> Option<u32> {
        self.task.finish().and(self.task.task.done_ymd)
    }

    fn same_first_day(&self) -> bool {
        live(self.known)
            .next()
            .is_some_and(|first| ymd(first.start) == self.task.first_day(self.context.zone, self.context.saved))
    }

    /// The recorded minutes are a prefix of the task's, and the dates agree with the finish.
    fn fits(&self) -> bool {
        self.is_prefix() && self.dates_agree()
    }

    fn is_prefix(&self) -> bool {
        let mut sessions = self.task.sessions.iter();
        live(self.known).all(|record| sessions.next().is_some_and(|session| agrees(record, session)))
    }

    /// All the recorded minutes are there, but for those in whose place is what there cannot be.
    fn is_prefix_but_for_invalid(&self) -> bool {
        let found = align_valid(&self.known.sessions, &self.task.sessions).into_iter().flatten().count();
        self.task.invalid() > 0 && live(self.known).count() <= found + self.task.invalid()
    }

    /// One of the known sessions at least is as it was, or has ended since.
    fn kept_a_session(&self) -> bool {
        let is_kept =
            |record: &SessionRecord| self.task.sessions.iter().take(PROBES).any(|session| agrees(record, session));
        live(self.known).take(PROBES).any(is_kept)
    }

    fn dates_agree(&self) -> bool {
        let (Some(day), Some(last)) = (self.finish(), live(self.known).last()) else { return true };
        let finished = self.task.task.finished_at_min;
        match last.stop {
            // All is recorded and the last session ended with the finish: then it ended on that day.
            Some(stop) if finished.is_some() && finished == last.minutes.end && self.is_as_recorded() => {
                ymd(stop) == day
            }
            _ => ymd(last.start) <= day,
        }
    }

    /// All of the task's sessions are recorded, closed, and with the same minutes.
    fn is_as_recorded(&self) -> bool {
        self.is_prefix()
            && live(self.known).count() == self.task.sessions.len()
            && live(self.known).all(|record| record.minutes.end.is_some())
    }

    /// The task is as the known one was before: without its last sessions, or while the last of these was open.
    fn is_as_it_was(&self) -> bool {
        let mut records = live(self.known);
        let was = |session: &Session| {
            records.next().is_some_and(|record| {
                record.minutes.start == session.start_min
                    && (session.end_min.is_none() || record.minutes.end == session.end_min)
            })
        };
        self.task.sessions.iter().all(was) && !self.is_as_recorded()
    }

    fn may_be_that_old(&self) -> bool {
        self.same_plan() || self.is_older()
    }

    /// The task says of itself that it is older than the last snapshot, so it must have been in it.
    fn is_older(&self) -> bool {
        let context = self.context;
        let last_saved = context.last_saved - context.last_saved.rem_euclid(60);
        let finished_before = self.finish().is_some_and(|day| day < ymd(context.zone.at(last_saved)));
        finished_before || !self.fits_since(last_saved)
    }

    /// Whether all of the task's sessions can lie between the last snapshot and this one.
    fn fits_since(&self, last_saved: i64) -> bool {
        let minutes = self.task.sessions.iter().flat_map(|session| [Some(session.start_min), session.end_min]);
        let earliest = minutes.flatten().try_fold(last_saved, |bound, minute| {
            self.context.zone.first_at_or_after(minute, bound).filter(|&at| at <= self.context.saved)
        });
        earliest.is_some()
    }

    /// Two minutes that differ are recorded and agree: hardly by chance.
    fn has_closed_length(&self) -> bool {
        live(self.known).any(|record| record.minutes.end.is_some_and(|end| end != record.minutes.start))
    }

    fn kept_a_minute(&self) -> bool {
        self.is_older()
            || live(self.known).zip(&*self.task.sessions).any(|(record, session)| shares_a_minute(record, session))
    }
}
