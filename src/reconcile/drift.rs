//! Comparing what Toggl holds with what it was told, and taking the difference into the records.
//!
//! Only entries that are ours are judged; what else the user keeps in Toggl is no business of a push. And absence
//! proves little: a list has a window, a cap and a lag, and an entry that was moved to another day is not on it. So a
//! missing entry is never simply made again: the repair asks for it by its id, and Toggl's 404 is what counts.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use time::{Date, OffsetDateTime, UtcOffset};

use crate::reconcile::recovery;
use crate::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar};
use crate::toggl::TimeEntry;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Sessions with an entry that were looked for.
    pub compared: usize,
    /// Of these, the ones whose entry is in Toggl as it was told.
    pub up_to_date: usize,
    /// Sessions without an entry, of which Toggl has none either: the next push sees to them.
    pub unsent: usize,
    /// What differs, in the order of the keys.
    pub findings: Vec<Finding>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The session that it is about.
    pub session: SessionKey,
    /// What differs.
    pub what: Difference,
}

/// A kind of difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The entry is not listed: deleted in Toggl, or moved far away.
    Missing {
        /// Its id.
        id: i64,
    },
    /// The entry is not as it was told.
    Edited {
        /// The entry as Toggl has it.
        held: TimeEntry,
    },
    /// The entry runs in Toggl, and was told to have stopped.
    Running {
        /// The entry as Toggl has it.
        held: TimeEntry,
    },
    /// Toggl has further entries with the same workspace, start and description, which are nobody's.
    Doubled {
        /// The entry of the session.
        id: i64,
        /// The others, ascending.
        others: Vec<i64>,
    },
    /// The session has no entry (any more), and Toggl has one that is its twin and nobody's.
    Adoptable {
        /// That entry.
        held: TimeEntry,
        /// The entry that is missing, if the session had one.
        instead_of: Option<i64>,
    },
}

impl Difference {
    /// The word for it, in text and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Difference::Missing { .. } => "missing",
            Difference::Edited { .. } => "edited",
            Difference::Running { .. } => "running",
            Difference::Doubled { .. } => "doubled",
            Difference::Adoptable { .. } => "adoptable",
        }
    }
}

impl Comparison {
    /// Whether an entry was looked for and not found.
    #[must_use]
    pub fn has_missing(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.what, Difference::Missing { .. }))
    }

    /// Whether Toggl has entries too many, which only a person deletes.
    #[must_use]
    pub fn has_doubled(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.what, Difference::Doubled { .. }))
    }

    /// Whether several entries were looked for and not one is there. That is another account, or a Toggl that was
    /// emptied on purpose: nothing to be repaired without a word from a person.
    #[must_use]
    pub fn finds_nothing(&self) -> bool {
        let missing = self.findings.iter().filter(|finding| matches!(finding.what, Difference::Missing { .. })).count();
        missing > 1 && missing == self.compared
    }
}

/// The day (UTC) on which a session started, which is what Toggl's lists go by.
fn day(at: OffsetDateTime) -> Date {
    at.to_offset(UtcOffset::UTC).date()
}

/// What two entries that are doubles have in common.
type Twin = (i64, i64, String);

fn twin(entry: &TimeEntry) -> Twin {
    (entry.workspace, entry.start.unix_timestamp(), entry.description.clone())
}

/// Compares the records that started on `days` (UTC) with what Toggl listed of at least these days. Sessions without
/// an entry are looked for in `workspace`.
#[must_use]
pub fn compare(
    sidecar: &Sidecar,
    listed: &[TimeEntry],
    days: &RangeInclusive<Date>,
    workspace: Option<i64>,
) -> Comparison {
    let there: HashMap<i64, &TimeEntry> =
        listed.iter().filter(|entry| !entry.deleted).map(|entry| (entry.id, entry)).collect();
    let covered: Vec<(SessionKey, &SessionRecord)> = (sidecar.sessions())
        .filter(|(_, _, record)| days.contains(&day(record.start)))
        .map(|(key, _, record)| (key, record))
        .collect();
    let adoptable = adoptable(sidecar, &covered, &there, listed, workspace);
    let mut taken = sidecar.entry_ids();
    taken.extend(adoptable.values());
    let mut free: HashMap<Twin, Vec<i64>> = HashMap::new();
    for entry in there.values().filter(|entry| !taken.contains(&entry.id)) {
        free.entry(twin(entry)).or_default().push(entry.id);
    }

    let mut comparison = Comparison::default();
    for (session, record) in covered {
        let mut find = |what| comparison.findings.push(Finding { session, what });
        let adopted = adoptable.get(&session).and_then(|id| there.get(id)).copied();
        let Some(entry) = &record.last_sent else {
            match adopted {
                Some(held) => find(Difference::Adoptable { held: held.clone(), instead_of: None }),
                None => comparison.unsent += usize::from(!record.removed),
            }
            continue;
        };
        let held = there.get(&entry.id).copied();
        if record.removed {
            // Gone here: whether its entry is still there is for pruning to say, but it does not run.
            if let Some(held) = held.filter(|held| held.stop.is_none() && entry.stop.is_some()) {
                find(Difference::Running { held: held.clone() });
            }
            continue;
        }
        let mut twins: Vec<Twin> = vec![(entry.workspace, entry.start.unix_timestamp(), entry.description.to_string())];
        match (held, adopted) {
            (None, Some(held)) => {
                twins.push(twin(held));
                find(Difference::Adoptable { held: held.clone(), instead_of: Some(entry.id) });
            }
            (None, None) => find(Difference::Missing { id: entry.id }),
            (Some(held), _) => {
                twins.push(twin(held));
                if held.stop.is_none() && entry.stop.is_some() {
                    find(Difference::Running { held: held.clone() });
                } else if !is_as_told(entry, held) {
                    find(Difference::Edited { held: held.clone() });
                }
            }
        }
        let id = held.or(adopted).map_or(entry.id, |held| held.id);
        let mut others: Vec<i64> = twins.iter().filter_map(|twin| free.remove(twin)).flatten().collect();
        others.sort_unstable();
        if !others.is_empty() {
            find(Difference::Doubled { id, others });
        }
        comparison.compared += 1;
    }
    let differing: HashSet<SessionKey> = (comparison.findings.iter())
        .filter(|finding| !matches!(finding.what, Difference::Doubled { .. }))
        .map(|finding| finding.session)
        .collect();
    let is_judged = |key: &SessionKey| {
        sidecar.record(*key).is_some_and(|(_, record)| record.last_sent.is_some() && !record.removed)
    };
    comparison.up_to_date = comparison.compared - differing.iter().filter(|key| is_judged(key)).count();
    comparison
}

/// The entries that sessions without one would adopt, those whose entry is missing among them: whoever deletes one of
/// two doubles may delete the one that we know.
fn adoptable(
    sidecar: &Sidecar,
    covered: &[(SessionKey, &SessionRecord)],
    there: &HashMap<i64, &TimeEntry>,
    listed: &[TimeEntry],
    workspace: Option<i64>,
) -> HashMap<SessionKey, i64> {
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

fn is_as_told(entry: &LastSent, held: &TimeEntry) -> bool {
    let has_stop = match (entry.stop, held.stop) {
        // The stop of a halted entry is the server's clock, and no fact that could be changed.
        (Some(told), Some(held)) => entry.halted || told == held,
        (told, held) => told == held,
    };
    entry.workspace == held.workspace
        && *entry.description == *held.description
        && entry.start == held.start
        && has_stop
}

/// Stands for the description of an entry of which it is not known whether it is still there, and what it says. No
/// title is the same. With a start that no session has, the plan tells all of it again; if it is gone, Toggl says so,
/// and it is made anew.
const UNKNOWN: &str = "\u{fffd}";

/// Takes what was found into the records, so that the plan sees what Toggl really holds and sends what is missing.
/// Nothing is deleted by it, here or in Toggl. Doubles stay for a person.
pub fn repair(sidecar: &mut Sidecar, comparison: &Comparison) {
    for finding in &comparison.findings {
        let Some(record) = sidecar.record_mut(finding.session) else { continue };
        match &finding.what {
            Difference::Missing { .. } => {
                if let Some(entry) = &mut record.last_sent {
                    entry.description = UNKNOWN.into();
                    entry.start = OffsetDateTime::UNIX_EPOCH;
                }
            }
            Difference::Edited { held } | Difference::Running { held } => {
                let is_open = record.stop.is_none();
                if let Some(entry) = &mut record.last_sent {
                    let classification = entry.classification.take();
                    *entry = LastSent { adopted: entry.adopted, classification, ..recovery::entry_of(held, is_open) };
                }
            }
            Difference::Adoptable { held, .. } => {
                record.last_sent = Some(recovery::entry_of(held, record.stop.is_none()));
                record.intent = None;
                record.assumed = false;
            }
            Difference::Doubled { .. } => {}
        }
    }
}
