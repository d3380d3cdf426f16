//! What Toggl is believed to hold of a session that changes again.
//!
//! A change that was taken in and is not known to be told may have been told nevertheless: a program that is killed does
//! not hear the answer. So once the session changes again, Toggl is believed to hold the change that came before. Then
//! what is changed back is told as well, and telling Toggl what it has is harmless. A change that Toggl refused is not
//! there.

use std::rc::Rc;

use crate::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar, TaskRecord};
use crate::zone::Zone;

/// The title that the thread still has.
pub(super) fn title_was_told(thread: &mut TaskRecord) {
    let told = thread.description();
    for record in thread.sessions.iter_mut().filter(|record| !record.removed) {
        if let Some(entry) = unrefused(record).filter(|entry| entry.description != told) {
            entry.description = Rc::clone(&told);
        }
    }
}

/// The start that the record still has.
pub(super) fn start_was_told(record: &mut SessionRecord) {
    let start = record.start;
    if let Some(entry) = unrefused(record) {
        entry.start = start;
    }
}

/// The stop that the record still has, unless its entry runs: what runs is stopped or halted in any case.
pub(super) fn stop_was_told(record: &mut SessionRecord) {
    let stop = record.stop;
    if let Some(entry) = unrefused(record).filter(|entry| entry.stop.is_some()) {
        entry.stop = stop.or(entry.stop);
    }
}

/// That what ran in the snapshot before runs, and what `runs` in this one, saved at `saved` (unix seconds), does not.
pub(super) fn halt_or_resume_was_told(sidecar: &mut Sidecar, runs: Option<SessionKey>, saved: i64, zone: &Zone) {
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

fn unrefused(record: &mut SessionRecord) -> Option<&mut LastSent> {
    if record.rejected.is_none() { record.last_sent.as_mut() } else { None }
}
