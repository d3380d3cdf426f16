//! Which of the entries that Toggl lists are sessions that have none on record.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use super::other_days::{DAY, adopt_other_days, is_turned, take_over};
use super::window::{Days, day_of};
use crate::sidecar::{Accepted, Classification, LastSent, SessionKey, SessionRecord, Sidecar};
use crate::toggl::{EntryId, TimeEntry, WorkspaceId, description_of};

/// Gives the records of `wanted` that have an entry among `listed` that entry, and tells which got one. Entries that
/// are deleted, in another workspace or another record's already are not taken.
///
/// An entry that was made by hand in the same minute with the same text cannot be told from ours.
pub fn adopt(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: WorkspaceId,
) -> Vec<SessionKey> {
    // First those whose stop agrees as well, so that of several alike each gets its own; then the others.
    let mut adopted = adopt_same_start(sidecar, wanted, listed, workspace, true);
    adopted.extend(adopt_same_start(sidecar, wanted, listed, workspace, false));
    adopted
}

/// The same for a sidecar that may be lost. If it was, as its revision or witnesses show, the entries that have a session's title and
/// minutes on another day are the session's, before any that only start when it seems to; but for sessions that are
/// `pinned` to their days.
pub fn adopt_all(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    pinned: &BTreeSet<SessionKey>,
    listed: &[TimeEntry],
    workspace: WorkspaceId,
) -> Vec<SessionKey> {
    let mut adopted = adopt_same_start(sidecar, wanted, listed, workspace, true);
    adopted.extend(adopt_same_stop(sidecar, wanted, listed, workspace));
    if !adopted.is_empty() || sidecar.lost_until.is_some() {
        adopted.extend(adopt_other_days(sidecar, wanted, pinned, adopted.len(), listed, workspace));
    }
    adopted.extend(adopt_same_start(sidecar, wanted, listed, workspace, false));
    if sidecar.lost_until.is_some() {
        adopted.extend(adopt_renamed(sidecar, wanted, listed, workspace));
    }
    adopted
}

/// What was sent under another title by a save that was lost: nobody does two things from the same minute to the same
/// minute, nor does a second one run.
fn adopt_renamed(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: WorkspaceId,
) -> Vec<SessionKey> {
    let mut free = free_by(sidecar, listed, |entry| (entry.workspace, entry.start));
    let mut adopted = Vec::new();
    for &key in wanted {
        let Some(record) = sidecar.record_mut(key).filter(|record| record.last_sent.is_none()) else { continue };
        let Some(alike) = free.get_mut(&(workspace, record.start)) else { continue };
        let is_same = |entry: &&&TimeEntry| match entry.stop {
            Some(stop) => record.stop == Some(stop) && entry.start < stop,
            None => true,
        };
        let found: Vec<&TimeEntry> = alike.iter().filter(is_same).copied().collect();
        if let [found] = found[..] {
            alike.retain(|entry| entry.id != found.id);
            record.last_sent = Some(entry_of(found, record.stop.is_none()));
            adopted.push(key);
        }
    }
    adopted
}

fn adopt_same_start(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: WorkspaceId,
    same_stop: bool,
) -> Vec<SessionKey> {
    let twin = |entry: &TimeEntry| (entry.workspace, entry.start, entry.description.clone());
    let mut free = free_by(sidecar, listed, twin);
    let mut adopted = Vec::new();
    for &key in wanted {
        let Some((task, record)) = sidecar.record(key).filter(|(_, record)| record.last_sent.is_none()) else {
            continue;
        };
        // What was sent, and where, even if title, start or settings have changed since.
        let intent = record.intent.as_deref();
        let description = intent.map_or_else(|| description_of(&task.title), |intent| intent.description.clone());
        let workspace = intent.and_then(|intent| intent.workspace).unwrap_or(workspace);
        let stop = record.stop;
        let twin = (workspace, record.sought_start(), description);
        let Some(alike) = free.get_mut(&twin) else { continue };
        let Some(at) = alike.iter().position(|entry| !same_stop || entry.stop == stop) else { continue };
        let found = alike.swap_remove(at);
        if let Some(record) = sidecar.record_mut(key) {
            let intent = record.intent.take();
            let mut entry = entry_of(found, stop.is_none());
            if let Some(intent) = intent {
                // The request was this program's, so it is known what it said.
                entry.adopted = false;
                entry.classification = Classification { project: intent.project, tags: intent.tags.into() }.kept();
            }
            record.last_sent = Some(entry);
            adopted.push(key);
        }
    }
    adopted
}

/// Gives the records the entry with their text that stops when they do and starts in the same minute of another day or, if
/// they are inferred, when the clock showed that minute for the other time: nobody stops one thing twice at once.
fn adopt_same_stop(
    sidecar: &mut Sidecar,
    wanted: &[SessionKey],
    listed: &[TimeEntry],
    workspace: WorkspaceId,
) -> Vec<SessionKey> {
    let twin = |entry: &TimeEntry| (entry.workspace, entry.stop, entry.description.clone());
    let mut free = free_by(sidecar, listed, twin);
    let mut adopted = Vec::new();
    for &key in wanted {
        let is_open_to =
            |record: &SessionRecord| record.last_sent.is_none() && record.intent.is_none() && record.stop.is_some();
        let Some((task, record)) = sidecar.record(key).filter(|(_, record)| is_open_to(record)) else { continue };
        let Some(alike) = free.get_mut(&(workspace, record.stop, description_of(&task.title))) else { continue };
        let is_its = |entry: &&TimeEntry| {
            let difference = (entry.start - record.start).whole_seconds();
            difference.rem_euclid(DAY) == 0 || (record.inferred && is_turned(difference))
        };
        let Some(at) = alike.iter().position(is_its) else { continue };
        let found = alike.swap_remove(at);
        if let Some(record) = sidecar.record_mut(key) {
            take_over(record, found);
            adopted.push(key);
        }
    }
    adopted
}

/// The free entries by what `key` says of each.
fn free_by<'a, Key: Eq + Hash>(
    sidecar: &Sidecar,
    listed: &'a [TimeEntry],
    key: impl Fn(&TimeEntry) -> Key,
) -> HashMap<Key, Vec<&'a TimeEntry>> {
    let mut free: HashMap<Key, Vec<&TimeEntry>> = HashMap::new();
    for entry in free_entries(sidecar, listed) {
        free.entry(key(entry)).or_default().push(entry);
    }
    free
}

/// The listed entries, each once, that are no record's yet and not deleted.
pub(super) fn free_entries<'a>(sidecar: &Sidecar, listed: &'a [TimeEntry]) -> Vec<&'a TimeEntry> {
    let mut taken = sidecar.entry_ids();
    let mut is_free = |id: EntryId| !sidecar.has_archived_entry(id) && taken.insert(id);
    listed.iter().filter(|entry| !entry.deleted && is_free(entry.id)).collect()
}

/// Gives the records whose entry is not listed, though it lies on these days, the twin that is: an older sidecar names an
/// entry that was made anew since.
pub fn relink(sidecar: &mut Sidecar, listed: &[TimeEntry], days: Option<Days>) {
    let there: HashSet<EntryId> = listed.iter().filter(|entry| !entry.deleted).map(|entry| entry.id).collect();
    let mut free = free_by(sidecar, listed, |entry| (entry.workspace, entry.start));
    for record in sidecar.tasks.values_mut().flat_map(|task| &mut task.sessions) {
        let is_open = record.stop.is_none();
        let Some(sent) = record.last_sent.as_mut().filter(|sent| !there.contains(&sent.id)) else { continue };
        let is_listed = days.is_some_and(|days| (days.first..=days.last).contains(&day_of(sent.start)));
        let alike = free.get_mut(&(sent.workspace, sent.start)).filter(|_| is_listed);
        let Some(alike) = alike else { continue };
        if let Some(twin) = alike.iter().position(|entry| *entry.description == *sent.description) {
            // It was made anew by this program, for the one that it had made.
            let (adopted, classification) = (sent.adopted, sent.classification.take());
            *sent = LastSent { adopted, classification, ..entry_of(alike.swap_remove(twin), is_open) };
        }
    }
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
        adopted: true,
        classification: None,
        accepted: Accepted::default(),
    }
}
