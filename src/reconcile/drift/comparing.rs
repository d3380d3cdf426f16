//! What differs between the records and what Toggl lists.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use time::{Date, OffsetDateTime, UtcOffset};

use super::{Comparison, Difference, Finding};
use crate::reconcile::recovery;
use crate::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar};
use crate::toggl::{EntryId, TimeEntry, WorkspaceId};

/// The day (UTC) on which a session started, which is what Toggl's lists go by.
pub(super) fn day(at: OffsetDateTime) -> Date {
    at.to_offset(UtcOffset::UTC).date()
}

/// What two entries that are doubles have in common: workspace, start (unix seconds) and text.
type Twin = (WorkspaceId, i64, String);

fn twin(entry: &TimeEntry) -> Twin {
    (entry.workspace, entry.start.unix_timestamp(), entry.description.clone())
}

/// What Toggl listed, as the sessions see it.
struct Listed<'a> {
    by_id: HashMap<EntryId, &'a TimeEntry>,
    /// The entry that a session without one would adopt.
    adoptable: HashMap<SessionKey, EntryId>,
    /// Entries that are no session's.
    free: HashMap<Twin, Vec<EntryId>>,
}

/// Compares the records that started on `days` (UTC) with what Toggl listed of at least these days. Sessions without
/// an entry are looked for in `workspace`.
#[must_use]
pub fn compare(
    sidecar: &Sidecar,
    listed: &[TimeEntry],
    days: &RangeInclusive<Date>,
    workspace: Option<WorkspaceId>,
) -> Comparison {
    let covered: Vec<(SessionKey, &SessionRecord)> = (sidecar.sessions())
        .filter(|(_, _, record)| days.contains(&day(record.start)))
        .map(|(key, _, record)| (key, record))
        .collect();
    let mut listed = Listed::of(sidecar, listed, &covered, workspace);
    let mut comparison = Comparison::default();
    for (session, record) in covered {
        let adoptable = listed.adoptable(session);
        let Some(sent) = &record.last_sent else {
            comparison.unsent += usize::from(adoptable.is_none() && !record.removed);
            comparison.note(session, adoptable.map(|held| adopts(held, None)));
            continue;
        };
        let held = listed.by_id.get(&sent.id).copied();
        if record.removed {
            // Whether the entry of a removed session is still there is for pruning to say, but it does not run.
            let running = held.filter(|held| held.stop.is_none() && sent.stop.is_some());
            comparison.note(session, running.map(|held| Difference::Running { held: held.clone() }));
            continue;
        }
        let difference = difference(sent, held, adoptable);
        comparison.compared += 1;
        comparison.up_to_date += usize::from(difference.is_none());
        comparison.note(session, difference);
        comparison.note(session, listed.doubles(sent, held.or(adoptable)));
    }
    comparison
}

impl Comparison {
    fn note(&mut self, session: SessionKey, difference: Option<Difference>) {
        self.findings.extend(difference.map(|what| Finding { session, what }));
    }
}

impl<'a> Listed<'a> {
    fn of(
        sidecar: &Sidecar,
        listed: &'a [TimeEntry],
        covered: &[(SessionKey, &SessionRecord)],
        workspace: Option<WorkspaceId>,
    ) -> Listed<'a> {
        let by_id: HashMap<EntryId, &TimeEntry> =
            listed.iter().filter(|entry| !entry.deleted).map(|entry| (entry.id, entry)).collect();
        let adoptable = adoptable(sidecar, covered, &by_id, listed, workspace);
        let mut owned: HashSet<EntryId> = sidecar.entry_ids();
        owned.extend(adoptable.values());
        let mut free: HashMap<Twin, Vec<EntryId>> = HashMap::new();
        for entry in by_id.values().filter(|entry| !owned.contains(&entry.id)) {
            free.entry(twin(entry)).or_default().push(entry.id);
        }
        Listed { by_id, adoptable, free }
    }

    fn adoptable(&self, session: SessionKey) -> Option<&'a TimeEntry> {
        self.by_id.get(self.adoptable.get(&session)?).copied()
    }

    /// The doubles of an entry, by what it was sent as and by what it is. Each double is one of one session only.
    fn doubles(&mut self, sent: &LastSent, held: Option<&TimeEntry>) -> Option<Difference> {
        let as_sent = (sent.workspace, sent.start.unix_timestamp(), sent.description.to_string());
        let twins = [Some(as_sent), held.map(twin)];
        let mut others: Vec<EntryId> =
            twins.iter().flatten().filter_map(|twin| self.free.remove(twin)).flatten().collect();
        others.sort_unstable();
        let id = held.map_or(sent.id, |held| held.id);
        (!others.is_empty()).then_some(Difference::Doubled { id, others })
    }
}

fn adopts(held: &TimeEntry, instead_of: Option<EntryId>) -> Difference {
    Difference::Adoptable { held: held.clone(), instead_of }
}

/// What differs between an entry as it was sent and as it is held; where it is not listed, its twin may be.
fn difference(sent: &LastSent, held: Option<&TimeEntry>, twin: Option<&TimeEntry>) -> Option<Difference> {
    match (held, twin) {
        (None, None) => Some(Difference::Missing { id: sent.id }),
        (None, Some(twin)) => Some(adopts(twin, Some(sent.id))),
        (Some(held), _) if held.stop.is_none() && sent.stop.is_some() => {
            Some(Difference::Running { held: held.clone() })
        }
        (Some(held), _) => (!is_as_sent(sent, held)).then(|| Difference::Edited { held: held.clone() }),
    }
}

fn is_as_sent(sent: &LastSent, held: &TimeEntry) -> bool {
    let has_stop = match (sent.stop, held.stop) {
        // The stop of a halted entry is the server's clock, and no fact that could be changed.
        (Some(stop), Some(held)) => sent.halted || stop == held,
        (stop, held) => stop == held,
    };
    sent.workspace == held.workspace && *sent.description == *held.description && sent.start == held.start && has_stop
}

/// The entries that sessions without one would adopt, those whose entry is missing among them: whoever deletes one of
/// two doubles may delete the one that we know.
fn adoptable(
    sidecar: &Sidecar,
    covered: &[(SessionKey, &SessionRecord)],
    there: &HashMap<EntryId, &TimeEntry>,
    listed: &[TimeEntry],
    workspace: Option<WorkspaceId>,
) -> HashMap<SessionKey, EntryId> {
    let lacks = |record: &SessionRecord| record.last_sent.as_ref().is_none_or(|entry| !there.contains_key(&entry.id));
    let wanted: Vec<SessionKey> =
        covered.iter().filter(|(_, record)| !record.removed && lacks(record)).map(|&(key, _)| key).collect();
    let (Some(workspace), false) = (workspace, wanted.is_empty()) else { return HashMap::new() };
    let mut trial = sidecar.clone();
    for &key in &wanted {
        if let Some(record) = trial.record_mut(key) {
            record.last_sent = None;
        }
    }
    let adopted = recovery::adopt(&mut trial, &wanted, listed, workspace);
    adopted.into_iter().filter_map(|key| Some((key, trial.record(key)?.1.last_sent.as_ref()?.id))).collect()
}
