//! Settling what is uncertain: which of the entries that Toggl lists are the sessions whose create or start may have
//! been carried out, or those of a sidecar that was lost.
//!
//! There is no key to ask Toggl for, so an entry is known by what was sent: workspace, start and description. Several
//! alike are paired off one to one, so that two equal sessions get two entries and neither is made twice.

use std::collections::{HashMap, HashSet};

use crate::sidecar::{Entry, RecordKey, Sidecar};
use crate::toggl::RemoteEntry;
use crate::toggl::description_of;

/// Seconds for which a list may lag behind a write: absence counts only from a read made this much later.
pub const LAG: i64 = 5;

/// Seconds by which the server's clock may differ from ours before a look misses what it looks for.
pub const SKEW: i64 = 300;

/// The ids of all entries that belong to a record.
#[must_use]
pub fn owned_ids(sidecar: &Sidecar) -> HashSet<i64> {
    sidecar.records().filter_map(|(_, _, record)| record.entry.as_ref().map(|entry| entry.id)).collect()
}

/// Gives the records of `wanted` that have an entry among `listed` that entry, and tells which got one. Entries that
/// are deleted, in another workspace or another record's already are not taken.
///
/// An entry that was made by hand in the same minute with the same text cannot be told from ours.
pub fn adopt(sidecar: &mut Sidecar, wanted: &[RecordKey], listed: &[RemoteEntry], workspace: i64) -> Vec<RecordKey> {
    let owned = owned_ids(sidecar);
    let mut free: HashMap<(i64, String), Vec<&RemoteEntry>> = HashMap::new();
    let mut seen = HashSet::new();
    for entry in listed {
        let is_free = !entry.deleted && entry.workspace == workspace && !owned.contains(&entry.id);
        if is_free && seen.insert(entry.id) {
            free.entry((entry.start.unix_timestamp(), entry.description.clone())).or_default().push(entry);
        }
    }
    let mut adopted = Vec::new();
    // First those whose stop agrees as well, so that of several alike each gets its own; then the others.
    for exact in [true, false] {
        for &key in wanted {
            let Some((thread, record)) = sidecar.record(key) else { continue };
            if record.entry.is_some() {
                continue;
            }
            // What was sent, even if title or start have changed since.
            let sent = record.intent.as_ref().map(|intent| intent.description.clone());
            let description = sent.unwrap_or_else(|| description_of(&thread.title));
            let stop = record.stop;
            let sought = (record.sought_start().unix_timestamp(), description);
            let Some(alike) = free.get_mut(&sought) else { continue };
            let is_archived = |id: i64| sidecar.archive.as_ref().is_some_and(|archive| archive.owns(id));
            let fits = |entry: &&RemoteEntry| (!exact || entry.stop == stop) && !is_archived(entry.id);
            let Some(at) = alike.iter().position(fits) else { continue };
            let found = alike.swap_remove(at);
            if let Some(record) = sidecar.record_mut(key) {
                record.intent = None;
                record.entry = Some(Entry {
                    id: found.id,
                    workspace: found.workspace,
                    description: found.description.clone(),
                    start: found.start,
                    stop: found.stop,
                    // The session is open and Toggl's entry is not: its stop is no fact about the session.
                    halted: found.stop.is_some() && record.stop.is_none(),
                });
                adopted.push(key);
            }
        }
    }
    adopted
}
