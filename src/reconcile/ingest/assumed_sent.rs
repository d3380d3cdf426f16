//! What is assumed to have been sent of a session that changes again.
//!
//! A change that was ingested and is not known to be sent may have been sent nevertheless: a program that is killed does
//! not hear the answer. So once the session changes again, Toggl is assumed to hold the change that came before. Then what
//! is changed back is sent as well, and sending Toggl what it has is harmless. A change that Toggl rejected is not there.
//! Neither is what was not sent because a correction made in Toggl was accepted; with the change the acceptance ends.

use std::rc::Rc;

use crate::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar, TaskRecord};
use crate::zone::Zone;

/// The title that the task still has.
pub(super) fn title(known: &mut TaskRecord) {
    let sent = known.description();
    for record in &mut known.sessions {
        let was_accepted = record.last_sent.as_mut().is_some_and(|entry| std::mem::take(&mut entry.accepted.text));
        if record.removed || was_accepted {
            continue;
        }
        if let Some(entry) = unrejected(record).filter(|entry| entry.description != sent) {
            entry.description = Rc::clone(&sent);
        }
    }
}

/// The start and the stop that the record still has, those of them that change; not the stop if its entry runs: what
/// runs is stopped or halted in any case.
pub(super) fn times(record: &mut SessionRecord, start_changes: bool, stop_changes: bool) {
    let was_accepted = record.last_sent.as_mut().is_some_and(|entry| std::mem::take(&mut entry.accepted.times));
    let (start, stop) = (record.start, record.stop);
    let Some(entry) = unrejected(record).filter(|_| !was_accepted) else { return };
    if start_changes {
        entry.start = start;
    }
    if stop_changes && entry.stop.is_some() {
        entry.stop = stop.or(entry.stop);
    }
}

/// That what ran in the snapshot before runs, and what `runs` in this one, saved at `saved` (unix seconds), does not.
pub(super) fn halt_or_resume(sidecar: &mut Sidecar, runs: Option<SessionKey>, saved: i64, zone: &Zone) {
    let ran = sidecar.running;
    if let Some(entry) = entry(sidecar, ran).filter(|entry| entry.halted) {
        entry.stop = None;
        entry.halted = false;
    }
    if let Some(entry) = entry(sidecar, runs).filter(|entry| entry.stop.is_none()) {
        entry.stop = Some(zone.at(saved));
        entry.halted = true;
    }
}

fn entry(sidecar: &mut Sidecar, key: Option<SessionKey>) -> Option<&mut LastSent> {
    sidecar.record_mut(key?)?.last_sent.as_mut()
}

fn unrejected(record: &mut SessionRecord) -> Option<&mut LastSent> {
    if record.rejected.is_none() { record.last_sent.as_mut() } else { None }
}
