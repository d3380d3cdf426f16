//! Sessions that seem to be new and are back: tasks that were removed, or that another list lacked which lay there for a
//! while, and that were not known again as wholes.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::rc::Rc;

use crate::sidecar::{SessionKey, SessionRecord, Sidecar};

/// Gives sessions that are seen for the first time the entries of removed ones under the same title that start when they do.
/// If the last snapshot was not of this list, or several sessions show it, nothing dates them for certain: then the same
/// minutes on another day do as well, and the day is that of the entry.
pub(super) fn take_back(sidecar: &mut Sidecar, first_seen: &mut Vec<SessionKey>, was_other_list: bool) {
    let is_left = |record: &SessionRecord| record.removed && record.last_sent.is_some() && record.intent.is_none();
    let removed: Vec<SessionKey> =
        sidecar.sessions().filter(|(_, _, record)| is_left(record)).map(|(key, ..)| key).collect();
    if removed.is_empty() {
        return;
    }
    pair(sidecar, first_seen, &removed, |record| Some((record.start, record.stop)));
    pair(sidecar, first_seen, &removed, |record| Some(record.start));
    let minutes = |record: &SessionRecord| record.minutes.end.map(|_| record.minutes);
    // One alone may be worked again at the same minutes after it was deleted.
    if was_other_list || alike(sidecar, first_seen, &removed, minutes) >= SEVERAL {
        pair(sidecar, first_seen, &removed, minutes);
    }
}

/// So many sessions that are back in the minutes of removed ones show that another list lay there.
const SEVERAL: usize = 2;

/// How many of the new sessions are alike to a removed one in title and in this.
fn alike<K: Eq + Hash>(
    sidecar: &Sidecar,
    first_seen: &[SessionKey],
    removed: &[SessionKey],
    what: impl Fn(&SessionRecord) -> Option<K>,
) -> usize {
    let trait_of = |key: &SessionKey| {
        let (task, record) = sidecar.record(*key)?;
        Some((Rc::clone(&task.title), what(record)?))
    };
    let removed: HashSet<_> = removed.iter().filter_map(trait_of).collect();
    first_seen.iter().filter_map(trait_of).filter(|seen| removed.contains(seen)).count()
}

/// Pairs those off that are alike in title and in this.
fn pair<K: Eq + Hash>(
    sidecar: &mut Sidecar,
    first_seen: &mut Vec<SessionKey>,
    removed: &[SessionKey],
    alike: impl Fn(&SessionRecord) -> Option<K>,
) {
    let mut free: HashMap<(Rc<str>, K), Vec<SessionKey>> = HashMap::new();
    for &key in removed {
        let Some((task, record)) = sidecar.record(key) else { continue };
        if let Some(what) = alike(record) {
            free.entry((Rc::clone(&task.title), what)).or_default().push(key);
        }
    }
    first_seen.retain(|&key| {
        let found = sidecar
            .record(key)
            .and_then(|(task, record)| free.get_mut(&(Rc::clone(&task.title), alike(record)?)).and_then(Vec::pop));
        let was = found.and_then(|found| Some((found, sidecar.record(found)?.1.clone())));
        let Some((found, was)) = was else { return true };
        sidecar.remove(found);
        if let Some(record) = sidecar.record_mut(key) {
            if record.start != was.start {
                (record.start, record.stop) = (was.start, was.stop);
            }
            (record.last_sent, record.rejected) = (was.last_sent, was.rejected);
        }
        false
    });
}
