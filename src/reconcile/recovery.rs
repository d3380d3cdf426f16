//! Settling what is uncertain: which of the entries that Toggl lists are the sessions whose create or start may have
//! been carried out, or those of a sidecar that was lost.
//!
//! There is no key to ask Toggl for, so an entry is known by what was sent: workspace, start and description. Several
//! alike are paired off one to one, so that two equal sessions get two entries and neither is made twice.

use std::collections::{HashMap, HashSet};

use crate::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar};
use crate::toggl::TimeEntry;
use crate::toggl::description_of;

/// Seconds for which a list may lag behind a write: absence counts only from a read made this much later.
pub const LAG: i64 = 5;

/// Seconds by which the server's clock may differ from ours before a look misses what it looks for.
pub const SKEW: i64 = 300;

/// The ids of all entries that belong to a record.
#[must_use]
pub fn owned_ids(sidecar: &Sidecar) -> HashSet<i64> {
    sidecar.sessions().filter_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.id)).collect()
}

/// Gives the records of `wanted` that have an entry among `listed` that entry, and tells which got one. Entries that
/// are deleted, in another workspace or another record's already are not taken.
///
/// An entry that was made by hand in the same minute with the same text cannot be told from ours.
pub fn adopt(sidecar: &mut Sidecar, wanted: &[SessionKey], listed: &[TimeEntry], workspace: i64) -> Vec<SessionKey> {
    // First those whose stop agrees as well, so that of several alike each gets its own; then the others.
    let mut adopted = adopt_same_start(sidecar, wanted, listed, workspace, true);
    adopted.extend(adopt_same_start(sidecar, wanted, listed, workspace, false));
    adopted
}

/// The same for a sidecar that may be lost. If it was, the entries that have a session's title and minutes on another
/// day are the session's, before any that only start when it seems to.
pub fn adopt_all(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: i64,
) -> Vec<SessionKey> {
    let mut adopted = adopt_same_start(sidecar, wanted, listed, workspace, true);
    if !adopted.is_empty() {
        adopted.extend(adopt_other_days(sidecar, wanted, listed, workspace));
    }
    adopted.extend(adopt_same_start(sidecar, wanted, listed, workspace, false));
    adopted
}

fn adopt_same_start(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: i64,
    same_stop: bool,
) -> Vec<SessionKey> {
    let mut free: HashMap<(i64, String), Vec<&TimeEntry>> = HashMap::new();
    for entry in free_entries(sidecar, listed, workspace) {
        free.entry((entry.start.unix_timestamp(), entry.description.clone())).or_default().push(entry);
    }
    let mut adopted = Vec::new();
    for &key in wanted {
        let Some((thread, record)) = sidecar.record(key).filter(|(_, record)| record.last_sent.is_none()) else {
            continue;
        };
        // What was sent, even if title or start have changed since.
        let sent = record.intent.as_ref().map(|intent| intent.description.clone());
        let description = sent.unwrap_or_else(|| description_of(&thread.title));
        let stop = record.stop;
        let Some(alike) = free.get_mut(&(record.sought_start().unix_timestamp(), description)) else { continue };
        let Some(at) = alike.iter().position(|entry| !same_stop || entry.stop == stop) else { continue };
        let found = alike.swap_remove(at);
        if let Some(record) = sidecar.record_mut(key) {
            record.intent = None;
            record.last_sent = Some(entry_of(found, stop.is_none()));
            adopted.push(key);
        }
    }
    adopted
}

/// The listed entries, each once, that can be taken.
fn free_entries<'a>(sidecar: &Sidecar, listed: &'a [TimeEntry], workspace: i64) -> Vec<&'a TimeEntry> {
    let mut taken = owned_ids(sidecar);
    let is_archived = |id: i64| sidecar.archive.as_ref().is_some_and(|archive| archive.owns(id));
    let mut is_free = |entry: &&TimeEntry| {
        !entry.deleted && entry.workspace == workspace && !is_archived(entry.id) && taken.insert(entry.id)
    };
    listed.iter().filter(|entry| is_free(entry)).collect()
}

/// Gives the records of `wanted` that are left the entries that have their title and minutes on another day, and takes
/// over the day: without a sidecar one snapshot cannot date a task that was worked on several days, or in another zone,
/// but Toggl knows. Only for a sidecar that was lost: otherwise it is another day's work.
///
/// Minutes agree if the clock showed the same; failing that, if it was turned by half an hour or an hour in between;
/// failing that, if it stood in another zone, a multiple of a quarter of an hour away. A later session of a task does not
/// lie before an earlier one, unless nothing else is left.
fn adopt_other_days(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: i64,
) -> Vec<SessionKey> {
    let mut free: Free<'_> = HashMap::new();
    for entry in free_entries(sidecar, listed, workspace) {
        let alike = free.entry(&entry.description).or_default();
        alike.entry(entry.start.unix_timestamp().rem_euclid(DAY)).or_default().push(entry);
    }
    let quarters = (1..=QUARTERS).filter_map(|quarter| Some(i64::try_from(quarter).ok()? * 900));
    let shifts: [Vec<i64>; 3] = [vec![0], vec![1800, -1800, 3600, -3600], quarters.collect()];
    let mut adopted = Vec::new();
    let in_order = shifts.iter().map(|shifts| (true, shifts)).chain([(false, &shifts[0])]);
    // Open sessions take any length, so they take what the closed ones leave.
    let (closed, open): (Vec<SessionKey>, Vec<SessionKey>) =
        wanted.iter().partition(|&&key| sidecar.record(key).is_some_and(|(_, record)| record.stop.is_some()));
    let passes = [&closed, &open].into_iter().flat_map(|wanted| in_order.clone().map(move |pass| (wanted, pass)));
    for (wanted, (is_ordered, shifts)) in passes {
        let is_shared = shared(sidecar, wanted, &free, shifts);
        // Backwards, so that each session knows where the next one of its task starts.
        for &key in wanted.iter().rev() {
            let Some((thread, record)) = sidecar.record(key).filter(|(_, record)| record.last_sent.is_none()) else {
                continue;
            };
            // An open session takes any length, so it takes no entry of another zone on its own.
            let is_in_doubt = record.inferred && (record.stop.is_some() || shifts.len() < QUARTERS);
            let following =
                thread.sessions.iter().find(|other| other.number > key.session && other.last_sent.is_some());
            let latest = following.filter(|_| is_ordered).map_or(i64::MAX, |other| other.start.unix_timestamp());
            let start = record.start.unix_timestamp();
            let Some(free) = free.get_mut(description_of(&thread.title).as_str()) else { continue };
            let rest = shifts.iter().copied().filter(|shift| is_in_doubt && !is_shared.contains(shift));
            let found = is_shared.iter().copied().chain(rest).find_map(|shift| {
                let alike = free.get_mut(&(start + shift).rem_euclid(DAY))?;
                let fits = |&(_, entry): &(usize, &&TimeEntry)| {
                    entry.stop.unwrap_or(entry.start).unix_timestamp() <= latest && lasts_alike(record, entry)
                };
                let (at, _) = alike.iter().enumerate().filter(fits).max_by_key(|(_, entry)| entry.start)?;
                Some(alike.swap_remove(at))
            });
            if let (Some(found), Some(record)) = (found, sidecar.record_mut(key)) {
                take_over(record, found);
                adopted.push(key);
            }
        }
    }
    adopted
}

const DAY: i64 = 24 * 3600;

/// Quarters of an hour by which two clocks can be apart, on either side.
const QUARTERS: usize = 95;

/// So many sessions must be off by the same before a clock that was turned, or moved, is believed of a session whose day
/// is not in doubt: the same text and length alone would give a new session the entry of a deleted one, and it would be
/// lost.
const WITNESSES: usize = 3;

/// Entries by text and by second of the day.
type Free<'a> = HashMap<&'a str, HashMap<i64, Vec<&'a TimeEntry>>>;

/// The shifts by which at least [`WITNESSES`] sessions have an entry, the one of most sessions first; none is needed for
/// the same minutes.
fn shared(sidecar: &Sidecar, wanted: &[SessionKey], free: &Free<'_>, shifts: &[i64]) -> Vec<i64> {
    let has_entry_at = |key: &SessionKey, shift: i64| {
        let Some((thread, record)) = sidecar.record(*key).filter(|(_, record)| record.last_sent.is_none()) else {
            return false;
        };
        let at = (record.start.unix_timestamp() + shift).rem_euclid(DAY);
        let alike = free.get(description_of(&thread.title).as_str()).and_then(|alike| alike.get(&at));
        alike.is_some_and(|alike| alike.iter().any(|entry| lasts_alike(record, entry)))
    };
    let counted = shifts.iter().map(|&shift| (wanted.iter().filter(|key| has_entry_at(key, shift)).count(), shift));
    let mut shared: Vec<(usize, i64)> =
        counted.filter(|&(witnesses, shift)| shift == 0 || witnesses >= WITNESSES).collect();
    shared.sort_by_key(|&(witnesses, _)| std::cmp::Reverse(witnesses));
    shared.into_iter().map(|(_, shift)| shift).collect()
}

/// Whether the entry lasts as long as the session, but for whole days, or stops when the session does. Another length
/// would be another session's, or that of a night on which the clock was turned.
fn lasts_alike(record: &SessionRecord, entry: &TimeEntry) -> bool {
    match (record.stop, entry.stop) {
        (Some(stop), Some(told)) => {
            let difference = (told - entry.start) - (stop - record.start);
            told == stop || difference.whole_seconds().rem_euclid(DAY) == 0
        }
        // Sessions stop at a full minute, halted entries at any second.
        (None, Some(told)) => told.second() != 0,
        (_, None) => true,
    }
}

/// The entry is the session's, and so are its instants. They may have been a guess when they were sent.
fn take_over(record: &mut SessionRecord, found: &TimeEntry) {
    record.start = found.start.to_offset(record.start.offset());
    if let (Some(stop), Some(told)) = (record.stop, found.stop) {
        record.stop = Some(told.to_offset(stop.offset()));
    }
    record.inferred = true;
    record.last_sent = Some(entry_of(found, record.stop.is_none()));
}

/// What Toggl lists, as a record keeps it whose session is open or not.
#[must_use]
pub fn entry_of(found: &TimeEntry, is_open: bool) -> LastSent {
    LastSent {
        id: found.id,
        workspace: found.workspace,
        description: found.description.as_str().into(),
        start: found.start,
        stop: found.stop,
        // The session is open and Toggl's entry is not: its stop is no fact about the session.
        halted: found.stop.is_some() && is_open,
    }
}
