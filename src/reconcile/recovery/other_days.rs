//! After a loss: entries with the title and minutes of a session on another day than it seems to be of.

use std::collections::{BTreeSet, HashMap};

use super::adoption::{entry_of, free_entries};
use crate::sidecar::{SessionKey, SessionRecord, Sidecar};
use crate::toggl::{TimeEntry, WorkspaceId, description_of};

/// Gives the records of `wanted` that are left the entries that have their title and minutes on another day, and takes
/// over the day: without a sidecar one snapshot cannot date a task that was worked on several days, or in another zone,
/// but Toggl knows. Only for a sidecar that was lost, as this machine remembers or [`WITNESSES`] show, so many of them
/// `found` as they are; and only for a session whose day is inferred. Of one whose day is certain the clock may have stood
/// elsewhere, if as many show it or it is known to have been sent: it stays within a day.
///
/// Minutes agree if the clock showed the same; failing that, if it was turned by half an hour or an hour in between;
/// failing that, if it stood in another zone, a multiple of a quarter of an hour away. A later session of a task does not
/// lie before an earlier one, unless nothing else is left.
pub(super) fn adopt_other_days(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    pinned: &BTreeSet<SessionKey>,
    found: usize,
    listed: &[TimeEntry],
    workspace: WorkspaceId,
) -> Vec<SessionKey> {
    let mut free = by_second_of_day(sidecar, listed, workspace);
    let quarters = (1..=QUARTERS).filter_map(|quarter| Some(i64::try_from(quarter).ok()? * 900));
    let shifts: [Vec<i64>; 3] = [vec![0], vec![1800, -1800, 3600, -3600], quarters.collect()];
    let loss = Loss::shown(sidecar, wanted, found, &free, &shifts);
    match (sidecar.lost_until, loss) {
        (Some(until), _) => doubt_days(sidecar, wanted, pinned, until),
        (None, Loss::NotShown) => return Vec::new(),
        (None, Loss::OfFew) => {}
        (None, Loss::OfMost) => doubt_days(sidecar, wanted, pinned, i64::MAX),
    }
    let mut adopted = Vec::new();
    let in_order = shifts.iter().map(|shifts| (true, shifts)).chain([(false, &shifts[0])]);
    // Open sessions take any length, so they take what the closed ones leave.
    let (closed, open): (Vec<SessionKey>, Vec<SessionKey>) =
        wanted.iter().partition(|&&key| sidecar.record(key).is_some_and(|(_, record)| record.stop.is_some()));
    let passes = [&closed, &open].into_iter().flat_map(|wanted| in_order.clone().map(move |pass| (wanted, pass)));
    for (wanted, (is_ordered, shifts)) in passes {
        let shared = shared(sidecar, wanted, &free, shifts).into_iter().map(|(_, shift)| shift).collect();
        let pass = Pass { shifts, shared, is_ordered };
        // Backwards, so that each session knows where the next one of its task starts.
        for &key in wanted.iter().rev() {
            let found = pass.take(sidecar, key, pinned.contains(&key), &mut free);
            if let (Some(found), Some(record)) = (found, sidecar.record_mut(key)) {
                take_over(record, found);
                adopted.push(key);
            }
        }
    }
    adopted
}

/// The free entries of a workspace.
fn by_second_of_day<'a>(sidecar: &Sidecar, listed: &'a [TimeEntry], workspace: WorkspaceId) -> Free<'a> {
    let mut free: Free<'_> = HashMap::new();
    for entry in free_entries(sidecar, listed).into_iter().filter(|entry| entry.workspace == workspace) {
        let alike = free.entry(&entry.description).or_default();
        alike.entry(entry.start.unix_timestamp().rem_euclid(DAY)).or_default().push(entry);
    }
    free
}

/// One go through the sessions.
struct Pass<'a> {
    /// Seconds by which a start may be off, but for whole days.
    shifts: &'a [i64],
    /// Those of them that enough sessions show.
    shared: Vec<i64>,
    /// A later session of a task does not lie before an earlier one.
    is_ordered: bool,
}

impl Pass<'_> {
    /// Takes the latest of the free entries that can be this session's.
    fn take<'a>(
        &self,
        sidecar: &Sidecar,
        key: SessionKey,
        is_pinned: bool,
        free: &mut Free<'a>,
    ) -> Option<&'a TimeEntry> {
        let (task, record) = sidecar.record(key).filter(|(_, record)| record.last_sent.is_none())?;
        // An open session takes any length, so it takes no entry of another zone on its own.
        let is_in_doubt = (record.inferred || record.other_day.is_some() || is_pinned)
            && (record.stop.is_some() || self.shifts.len() < QUARTERS);
        let following = task.sessions.iter().find(|other| other.number > key.session && other.last_sent.is_some());
        let latest = following.filter(|_| self.is_ordered).map_or(i64::MAX, |other| other.start.unix_timestamp());
        let start = record.start.unix_timestamp();
        let was_held = sidecar.lost_until.is_some_and(|until| start <= until);
        let free = free.get_mut(description_of(&task.title).as_str())?;
        let rest = self.shifts.iter().copied().filter(|shift| is_in_doubt && !self.shared.contains(shift));
        self.shared.iter().copied().chain(rest).find_map(|shift| {
            let alike = free.get_mut(&(start + shift).rem_euclid(DAY))?;
            let fits = |&(_, entry): &(usize, &&TimeEntry)| {
                let is_near = (entry.start.unix_timestamp() - start).abs() < DAY;
                // Pinned is the end: the start may be of any day. What the lost sidecar held was sent by some clock.
                let is_turned = self.shared.contains(&shift) || was_held;
                let may_be = match is_pinned {
                    true => entry.stop == record.stop || (is_near && is_turned),
                    false => record.inferred || is_near,
                };
                may_be && entry.stop.unwrap_or(entry.start).unix_timestamp() <= latest && lasts_alike(record, entry)
            };
            let (at, _) = alike.iter().enumerate().filter(fits).max_by_key(|(_, entry)| entry.start)?;
            Some(alike.swap_remove(at))
        })
    }
}

pub(super) const DAY: i64 = 24 * 3600;

/// Quarters of an hour by which two clocks can be apart, on either side.
const QUARTERS: usize = 95;

/// So many sessions must have an entry with their title and minutes, one of them on its day and the others on theirs or, if
/// that is inferred, on another, before a sidecar is taken for lost; and so many must be off by the same before a clock
/// that was turned, or moved, is believed of a session whose day is certain. The same text and length alone would give a
/// new session the entry of a deleted one, and it would be lost.
const WITNESSES: usize = 3;

/// Whether a sidecar was lost.
enum Loss {
    /// There are too few witnesses.
    NotShown,
    /// There are enough, but most sessions have no entry.
    OfFew,
    /// Most are in Toggl as they were sent, but for the day or the clock.
    OfMost,
}

impl Loss {
    /// As so many sessions show that were `found` as they are, and those of `wanted` that are left.
    fn shown(sidecar: &Sidecar, wanted: &[SessionKey], found: usize, free: &Free<'_>, shifts: &[Vec<i64>; 3]) -> Loss {
        let same_minutes: Vec<&SessionRecord> = (wanted.iter())
            .filter(|&&key| has_entry_at(sidecar, key, free, 0))
            .filter_map(|&key| Some(sidecar.record(key)?.1))
            .collect();
        let witnesses = same_minutes.iter().filter(|record| record.inferred && record.stop.is_some()).count();
        let turned = shifts[1..].iter().flat_map(|shifts| shared(sidecar, wanted, free, shifts));
        let turned = turned.map(|(witnesses, _)| witnesses).max().unwrap_or(0);
        if found + witnesses < WITNESSES && turned < WITNESSES {
            Loss::NotShown
        } else if (found + same_minutes.len().max(turned)) * 2 < wanted.len() {
            Loss::OfFew
        } else {
            Loss::OfMost
        }
    }
}

/// A sidecar was lost, so these were dated without what it knew: the days of those that it held, up to that unix second, are
/// not certain, but for those that are pinned.
fn doubt_days(sidecar: &mut Sidecar, wanted: &[SessionKey], pinned: &BTreeSet<SessionKey>, until: i64) {
    for key in wanted.iter().filter(|key| !pinned.contains(key)) {
        if let Some(record) = sidecar.record_mut(*key).filter(|record| record.last_sent.is_none()) {
            record.inferred |= record.start.unix_timestamp() <= until;
        }
    }
}

/// Entries by text and by second of the day.
type Free<'a> = HashMap<&'a str, HashMap<i64, Vec<&'a TimeEntry>>>;

/// The shifts by which at least [`WITNESSES`] sessions have an entry, with how many, the one of most sessions first.
fn shared(sidecar: &Sidecar, wanted: &[SessionKey], free: &Free<'_>, shifts: &[i64]) -> Vec<(usize, i64)> {
    let turned = shifts.iter().copied().filter(|&shift| shift != 0);
    let count = |shift| wanted.iter().filter(|&&key| has_entry_at(sidecar, key, free, shift)).count();
    let mut shared: Vec<(usize, i64)> =
        turned.map(|shift| (count(shift), shift)).filter(|&(witnesses, _)| witnesses >= WITNESSES).collect();
    shared.sort_by_key(|&(witnesses, _)| std::cmp::Reverse(witnesses));
    shared
}

/// Whether the session lacks an entry and one of its text and length starts so many seconds off, but for whole days.
fn has_entry_at(sidecar: &Sidecar, key: SessionKey, free: &Free<'_>, shift: i64) -> bool {
    let Some((task, record)) = sidecar.record(key).filter(|(_, record)| record.last_sent.is_none()) else {
        return false;
    };
    let at = (record.start.unix_timestamp() + shift).rem_euclid(DAY);
    let alike = free.get(description_of(&task.title).as_str()).and_then(|alike| alike.get(&at));
    alike.is_some_and(|alike| alike.iter().any(|entry| lasts_alike(record, entry)))
}

/// Whether the entry lasts as long as the session, but for whole days, or stops when the session does. Another length
/// would be another session's; but of one that starts when the session does it may be days on which the clock was turned.
fn lasts_alike(record: &SessionRecord, entry: &TimeEntry) -> bool {
    match (record.stop, entry.stop) {
        (Some(stop), Some(held)) => {
            let difference = ((held - entry.start) - (stop - record.start)).whole_seconds();
            let beyond_days = difference.rem_euclid(DAY);
            held == stop
                || beyond_days == 0
                || (is_turned(difference) && difference.abs() > DAY / 2 && entry.start == record.start)
        }
        // Sessions stop at a full minute, halted entries at any second.
        (None, Some(held)) => held.second() != 0,
        (_, None) => true,
    }
}

/// Whether two readings of one minute can be so many seconds apart: whole days, and an hour or half of one by which the
/// clock was turned.
pub(super) fn is_turned(seconds: i64) -> bool {
    let beyond_days = seconds.rem_euclid(DAY);
    [0, 1800, 3600].iter().any(|turn| beyond_days == *turn || DAY - beyond_days == *turn)
}

/// The entry is the session's, and so are its instants. They may have been a guess when they were sent.
pub(super) fn take_over(record: &mut SessionRecord, found: &TimeEntry) {
    record.start = found.start.to_offset(record.start.offset());
    if let (Some(stop), Some(held)) = (record.stop, found.stop) {
        record.stop = Some(held.to_offset(stop.offset()));
    }
    record.inferred = true;
    record.last_sent = Some(entry_of(found, record.stop.is_none()));
}
