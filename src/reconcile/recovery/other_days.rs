//! After a loss: entries with the title and minutes of a session on another day than it seems to be of.

use std::collections::HashMap;

use super::adoption::{entry_of, free_entries};
use crate::sidecar::{SessionKey, SessionRecord, Sidecar};
use crate::toggl::{TimeEntry, description_of};

/// Gives the records of `wanted` that are left the entries that have their title and minutes on another day, and takes
/// over the day: without a sidecar one snapshot cannot date a task that was worked on several days, or in another zone,
/// but Toggl knows. Only for a sidecar that was lost: otherwise it is another day's work.
///
/// Minutes agree if the clock showed the same; failing that, if it was turned by half an hour or an hour in between;
/// failing that, if it stood in another zone, a multiple of a quarter of an hour away. A later session of a task does not
/// lie before an earlier one, unless nothing else is left.
pub(super) fn adopt_other_days(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: i64,
) -> Vec<SessionKey> {
    let mut free: Free<'_> = HashMap::new();
    for entry in free_entries(sidecar, listed).into_iter().filter(|entry| entry.workspace == workspace) {
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
