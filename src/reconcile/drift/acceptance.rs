//! The person has the last word: what was corrected in Toggl stands, until the session changes in Chute_kun.
//!
//! The day of an inferred session is taken over into its record, where nothing in the snapshot contradicts it: what comes
//! next is then dated beside the right day. Any other correction is kept beside the record, as what Toggl is to have.

use std::ops::RangeInclusive;

use time::{Date, OffsetDateTime};

use super::comparing::day;
use super::{Comparison, Difference};
use crate::chute_kun::snapshot::Snapshot;
use crate::reconcile::ingest;
use crate::reconcile::recovery;
use crate::sidecar::{Accepted, LastSent, Minutes, SessionKey, SessionRecord, Sidecar, TaskRecord};
use crate::zone::Zone;

/// What became of what was to be accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// Sessions of which Toggl's version stands now.
    pub accepted: Vec<SessionKey>,
    /// Sessions of which it cannot: there is no entry that has ended, or the session has not, or it was not compared.
    pub left: Vec<SessionKey>,
}

/// What a correction is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The days (UTC) that were compared.
    pub days: &'a RangeInclusive<Date>,
    /// The snapshot that was ingested, whole.
    pub snapshot: &'a Snapshot,
    /// The zone in force.
    pub zone: &'a Zone,
}

/// Lets Toggl's version stand of the `named` sessions, or of all that differ if none is named. A named one that does not
/// differ is confirmed as it is.
pub fn accept(sidecar: &mut Sidecar, comparison: &Comparison, named: &[SessionKey], ground: &Ground<'_>) -> Acceptance {
    let differs = |session: &SessionKey| comparison.difference(*session).is_some();
    let mut wanted: Vec<SessionKey> = match named {
        [] => comparison.findings.iter().map(|finding| finding.session).filter(differs).collect(),
        named => named.to_vec(),
    };
    wanted.sort_unstable();
    wanted.dedup();
    let mut acceptance = Acceptance::default();
    let (mut later, mut earlier) = (Vec::new(), Vec::new());
    for session in wanted {
        let Some((_, record)) = sidecar.record(session) else { continue };
        match version_in_toggl(sidecar, record, comparison.difference(session), ground) {
            None => acceptance.left.push(session),
            Some(held) if held.start > record.start => later.push((session, held)),
            Some(held) => earlier.push((session, held)),
        }
    }
    // Sessions of one task that are moved together keep their order at every step.
    for (session, held) in later.into_iter().rev().chain(earlier) {
        let times = moved_day(sidecar, session, &held, ground);
        if let Some(record) = sidecar.record_mut(session) {
            keep(record, held, times, !named.is_empty(), ground.zone);
            acceptance.accepted.push(session);
        }
    }
    acceptance.accepted.sort_unstable();
    acceptance
}

/// The entry that can stand for a session: both have ended, and the entry is there.
fn version_in_toggl(
    sidecar: &Sidecar,
    record: &SessionRecord,
    difference: Option<&Difference>,
    ground: &Ground<'_>,
) -> Option<LastSent> {
    let is_unscanned = |record: &SessionRecord| sidecar.scanned_from.is_none_or(|from| day(record.start) < from);
    let held = match (difference, &record.last_sent) {
        // What was never looked for is for a push to find, as far back as Toggl lists.
        (Some(Difference::Adoptable { .. }), None) if is_unscanned(record) => None,
        (Some(Difference::Edited { held }), Some(sent)) => {
            let (adopted, classification) = (sent.adopted, sent.classification.clone());
            Some(LastSent { adopted, classification, ..recovery::entry_of(held, false) })
        }
        (Some(Difference::Adoptable { held, .. }), _) => Some(recovery::entry_of(held, false)),
        (Some(_), _) => None,
        (None, sent) => sent.clone().filter(|_| ground.days.contains(&day(record.start))),
    };
    let has_ended = record.stop.is_some() && !record.removed;
    held.filter(|held| has_ended && held.stop.is_some() && !held.halted)
}

/// Start and stop of a session.
type Times = (OffsetDateTime, OffsetDateTime);

/// Lets an entry stand; with `times`, the record gets these as its own.
fn keep(record: &mut SessionRecord, held: LastSent, times: Option<Times>, is_named: bool, zone: &Zone) {
    let local = |at: OffsetDateTime| zone.at(at.unix_timestamp());
    let (start, stop) = match times {
        Some((start, stop)) => (start, Some(stop)),
        None => (local(held.start), held.stop.map(local)),
    };
    let accepts_times = is_named || (start, stop) != (record.start, record.stop);
    if let Some((start, stop)) = times {
        (record.start, record.stop) = (start, Some(stop));
    }
    if accepts_times {
        record.inferred = false;
        record.other_day = None;
    }
    record.intent = None;
    record.rejected = None;
    record.assumed = false;
    let accepted = Accepted { text: true, times: accepts_times };
    record.last_sent = Some(LastSent { start, stop, accepted, ..held });
}

/// The times of an inferred session whose entry was moved to another day, the clock showing the same at both ends: if its
/// task can have been worked on then.
fn moved_day(sidecar: &Sidecar, session: SessionKey, held: &LastSent, ground: &Ground<'_>) -> Option<Times> {
    let (task, record) = sidecar.record(session).filter(|(_, record)| record.inferred)?;
    let (start, stop, recorded_stop) = (held.start, held.stop?, record.stop?);
    let in_zone = |at: OffsetDateTime| ground.zone.at(at.unix_timestamp());
    // By the clock of the zone in force, or by the one that was in force when it was recorded.
    let by_offset =
        (start.checked_to_offset(record.start.offset())).zip(stop.checked_to_offset(recorded_stop.offset()));
    let shows_the_same = |&(start, stop): &Times| {
        Minutes::shown_by(start, Some(stop)) == record.minutes && (start.second(), stop.second()) == (0, 0)
    };
    let times = [Some((in_zone(start), in_zone(stop))), by_offset].into_iter().flatten().find(shows_the_same)?;
    let mut moved = task.clone();
    let at = moved.sessions.iter().position(|record| record.number == session.session)?;
    (moved.sessions[at].start, moved.sessions[at].stop) = (times.0, Some(times.1));
    let is_saved = sidecar.last_snapshot_saved.is_some_and(|saved| times.1.unix_timestamp() <= saved);
    (is_saved && is_in_order(&moved) && ingest::can_be(&moved, ground.snapshot, ground.zone)).then_some(times)
}

/// Whether each session ends before the next one starts.
fn is_in_order(task: &TaskRecord) -> bool {
    let live = || task.sessions.iter().filter(|record| !record.removed);
    live().zip(live().skip(1)).all(|(one, next)| one.stop.unwrap_or(one.start) <= next.start)
}
