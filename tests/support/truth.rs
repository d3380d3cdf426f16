//! What is recorded and what Toggl would have to be told, beside the truth of a life.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chute_toggl::sidecar::{List, Place, SessionKey, SessionRecord, Sidecar};

use crate::lives::Seen;

/// The records of the sessions in the last snapshot, with their keys, by the place of their task.
pub fn records_by_place(sidecar: &Sidecar) -> HashMap<Place, Vec<(SessionKey, &SessionRecord)>> {
    let mut by_place: HashMap<Place, Vec<(SessionKey, &SessionRecord)>> = HashMap::new();
    for (key, task, record) in sidecar.sessions().filter(|(_, _, record)| !record.removed) {
        if let Some(place) = task.place {
            by_place.entry(place).or_default().push((key, record));
        }
    }
    by_place
}

pub fn place_of(session: &Seen<'_>) -> Place {
    let list = match session.list {
        "today" => List::Today,
        "future" => List::Future,
        _ => List::Past,
    };
    Place { list, index: u32::try_from(session.task_index).unwrap() }
}

/// What Toggl would have to be told of a session.
#[derive(Clone, PartialEq)]
pub struct Told {
    title: String,
    start: i64,
    stop: Option<i64>,
    running: bool,
}

/// How many requests the true changes need: one each, equal new titles of several entries one together.
pub fn needed(sessions: &[Seen<'_>], told: &mut HashMap<u32, Told>) -> usize {
    let mut requests = 0;
    let mut renamed: BTreeMap<&str, usize> = BTreeMap::new();
    let present: BTreeSet<u32> = sessions.iter().map(|session| session.uid).collect();
    told.retain(|uid, old| {
        let stays = present.contains(uid);
        // A session that is gone is halted if its entry runs.
        requests += usize::from(!stays && old.running);
        stays
    });
    for session in sessions {
        let title = session.title.to_owned();
        let now = Told { title, start: session.start, stop: session.stop, running: session.running };
        match told.get(&session.uid) {
            None if session.stop.is_none() && !session.running => continue,
            None => requests += 1,
            Some(old) if *old == now => {}
            Some(old) if Told { title: now.title.clone(), ..old.clone() } == now => {
                *renamed.entry(session.title).or_default() += 1;
            }
            Some(old) => {
                // A halt carries no title.
                let is_halted = old.running && session.stop.is_none() && old.title != now.title;
                requests += 1;
                *renamed.entry(session.title).or_default() += usize::from(is_halted);
            }
        }
        told.insert(session.uid, now);
    }
    requests + renamed.values().map(|count| count.div_ceil(100)).sum::<usize>()
}
