//! What an answer means for the records.

use super::{Execution, StopReason};
use crate::reconcile::plan::{Change, Operation, OperationKind, Wanted, fingerprint};
use crate::sidecar::{LastSent, SessionKey};
use crate::toggl::{BulkAnswer, Changed, Outcome, Refusal, Reply, WorkspaceId, description_of};

impl Execution<'_, '_, '_> {
    /// Records what became of an operation. Returns what has to be sent instead of it, if anything.
    pub(super) fn record_answer(
        &mut self,
        operation: Operation,
        workspace: WorkspaceId,
        outcome: Outcome,
    ) -> Result<Vec<Operation>, StopReason> {
        self.saving.note_answer();
        let reply = match outcome {
            Outcome::Done(reply) => reply,
            Outcome::Refused(refusal) => return self.refused(operation, workspace, refusal),
            Outcome::Unknown(sent_ms) => {
                self.unresolved.insert(&operation.sessions, sent_ms);
                self.unknown_in_a_row += 1;
                return Ok(Vec::new());
            }
        };
        if matches!(&reply, Reply::Changed(changed) if changed.contradicts) && self.doubt(&operation) {
            // Repeating a change is harmless; what is shown so again is how Toggl has it.
            return Ok(vec![operation]);
        }
        self.note_accepted(operation.kind);
        self.note_scan();
        let mut account = None;
        match reply {
            Reply::Changed(changed) if operation.kind.makes_an_entry() => {
                account = changed.account;
                self.entry_made(operation, workspace, &changed);
            }
            Reply::Changed(changed) if operation.kind == OperationKind::Halt => {
                self.halted(operation, changed.shown.and_then(|entry| entry.stop))
            }
            Reply::Changed(_) if operation.kind == OperationKind::Reclassify => {
                operation.sessions.iter().for_each(|&key| self.classified(&operation, key));
                self.report.done.push(operation);
            }
            Reply::Changed(_) => self.sent(operation),
            Reply::Bulk(bulk) => return Ok(self.changed_in_bulk(operation, &bulk)),
            _ => {
                operation.sessions.iter().for_each(|&key| self.deleted(key));
                self.report.done.push(operation);
            }
        }
        self.note_account(account, "")?;
        Ok(Vec::new())
    }

    /// Toggl did not do it, in its own words. Whether they are about the session is another question.
    fn refused(
        &mut self,
        operation: Operation,
        workspace: WorkspaceId,
        refusal: Refusal,
    ) -> Result<Vec<Operation>, StopReason> {
        let makes = operation.kind.makes_an_entry();
        if makes {
            // Not done: nothing is uncertain about it, whatever ends the run now.
            self.unresolved.remove(&operation.sessions);
        }
        match (operation.kind, refusal.status) {
            (OperationKind::Halt, 409) => return self.stopped_before(operation),
            (_, 401 | 403) | (OperationKind::Create | OperationKind::Start, 404) => {
                self.ask_me()?;
                let entry = operation.entries.first().map_or(workspace, |entry| entry.workspace);
                if !self.reaches(entry)? {
                    return Ok(Vec::new());
                }
                if refusal.status != 403 {
                    return self.contradicted(operation);
                }
                // Repeating a change is harmless: it may have been rejected for once.
                if !makes && self.doubt(&operation) {
                    return Ok(vec![operation]);
                }
            }
            (_, 404) if operation.sessions.len() == 1 => return self.entry_missing(operation),
            _ => self.note_scan(),
        }
        if self.may_be_archived(&operation, workspace, &refusal.text) {
            self.forget_intent(&operation.sessions);
            return Ok(Vec::new());
        }
        if operation.sessions.len() > 1 {
            return Ok(self.one_by_one(&operation, &operation.sessions));
        }
        self.note_rejected(operation, refusal)?;
        Ok(Vec::new())
    }

    /// The entry is gone from Toggl. The record stays while its session is there: without it, it would be dated anew.
    pub(super) fn deleted(&mut self, key: SessionKey) {
        match self.sidecar.record_mut(key) {
            Some(record) if !record.removed => record.last_sent = None,
            _ => self.sidecar.remove(key),
        }
    }

    fn entry_made(&mut self, operation: Operation, workspace: WorkspaceId, made: &Changed) {
        let owned = self.owned.get_or_insert_with(|| self.sidecar.entry_ids());
        let is_known = self.sidecar.has_archived_entry(made.id) || self.gone.contains(&made.id);
        if self.sidecar.is_other_account(made.account) || is_known || !owned.insert(made.id) {
            // In another account than the other entries are in, or the answer to another request: what became of this one
            // is not known.
            let sent_ms = self.effects.sender.clock().now_ms();
            self.unresolved.insert(&operation.sessions, sent_ms);
            self.unknown_in_a_row += 1;
            return;
        }
        self.unknown_in_a_row = 0;
        self.unresolved.remove(&operation.sessions);
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.intent = None;
                record.rejected = None;
                record.assumed = false;
                let description = description_of(&operation.title).into();
                record.last_sent = Some(LastSent {
                    classification: operation.wanted.classification().kept(),
                    ..LastSent::new(made.id, workspace, description, operation.start, operation.stop)
                });
            }
        }
        self.report.done.push(operation);
    }

    /// Toggl now holds what the operation said.
    fn sent(&mut self, operation: Operation) {
        let sends_text = operation.changes.iter().any(|change| matches!(change, Change::Title(_)));
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.rejected = None;
                let is_open = record.stop.is_none();
                if let Some(entry) = &mut record.last_sent {
                    if sends_text {
                        entry.description = description_of(&operation.title).into();
                    }
                    entry.start = operation.start;
                    // An update of a halted entry whose session is open leaves it halted.
                    let is_still_halted = operation.kind == OperationKind::Update && is_open && entry.stop.is_some();
                    entry.halted = is_still_halted;
                    entry.stop = if is_still_halted { operation.stop.or(entry.stop) } else { operation.stop };
                }
            }
        }
        self.report.done.push(operation);
    }

    pub(super) fn halted(&mut self, operation: Operation, said: Option<time::OffsetDateTime>) {
        let now = self.effects.sender.clock().now();
        let stop = said.or_else(|| time::OffsetDateTime::from_unix_timestamp(now).ok());
        let halt = fingerprint(&operation);
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                // What was rejected before it, of the same session, still is.
                record.rejected.take_if(|rejected| rejected.operation == halt);
                if let Some(entry) = &mut record.last_sent {
                    entry.stop = stop;
                    entry.halted = true;
                }
            }
        }
        self.report.done.push(operation);
    }

    /// A bulk answer names the entries that were changed; the others are tried one by one.
    fn changed_in_bulk(&mut self, mut operation: Operation, bulk: &BulkAnswer) -> Vec<Operation> {
        let mut failed = Vec::new();
        for (&key, entry) in operation.sessions.iter().zip(&operation.entries) {
            if !bulk.success.contains(&entry.id) {
                failed.push(key);
            } else if operation.kind == OperationKind::Reclassify {
                self.classified(&operation, key);
            } else if let Some(entry) = self.sidecar.record_mut(key).and_then(|record| record.last_sent.as_mut()) {
                entry.description = description_of(&operation.title).into();
            }
        }
        let again = self.one_by_one(&operation, &failed);
        let done = |key: &SessionKey| !failed.contains(key);
        let kept: Vec<bool> = operation.sessions.iter().map(done).collect();
        let mut keep = kept.iter();
        operation.sessions.retain(|_| keep.next() == Some(&true));
        let mut keep = kept.iter();
        operation.entries.retain(|_| keep.next() == Some(&true));
        if !operation.sessions.is_empty() {
            self.report.done.push(operation);
        }
        again
    }

    /// The changes that a bulk request stands for, of these sessions, as the plan would have them one by one.
    fn one_by_one(&self, bulk: &Operation, sessions: &[SessionKey]) -> Vec<Operation> {
        (bulk.sessions.iter().zip(&bulk.entries))
            .filter(|(key, _)| sessions.contains(key))
            .filter_map(|(&key, &entry)| {
                let (task, record) = self.sidecar.record(key)?;
                let sent = record.last_sent.as_ref()?;
                let (kind, changes) = match bulk.kind {
                    OperationKind::Reclassify => (OperationKind::Reclassify, bulk.changes.clone()),
                    _ => (OperationKind::Update, vec![Change::Title(sent.description.to_string())]),
                };
                let (start, stop) = record.wanted_times();
                Some(Operation {
                    kind,
                    sessions: vec![key],
                    entries: vec![entry],
                    title: task.title.clone(),
                    start,
                    // That of a halted entry whose session is open stands.
                    stop: stop.or(sent.stop.map(|stop| stop.max(start))),
                    changes,
                    inferred: record.inferred,
                    other_day: record.other_day.filter(|_| record.inferred),
                    wanted: Wanted::of(task, self.sidecar, &self.options),
                    left_alone: None,
                })
            })
            .collect()
    }
}
