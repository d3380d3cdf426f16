//! What an answer means for the records.

use super::gate::Reply;
use super::{Execution, RejectedSession};
use crate::reconcile::plan::{Change, Operation, OperationKind, fingerprint};
use crate::sidecar::{LastSent, Rejection, SessionKey};
use crate::toggl::{Answer, description_of, entry};

impl Execution<'_> {
    /// Records what became of an operation. Returns what has to be sent instead of it, if anything.
    pub(super) fn settle_operation(&mut self, operation: Operation, workspace: i64, reply: Reply) -> Vec<Operation> {
        self.saving.note_answer();
        let answer = match reply {
            Reply::Answer(answer) => answer,
            Reply::Unknown(sent_ms) => {
                self.unresolved.insert(&operation.sessions, sent_ms);
                return Vec::new();
            }
        };
        match (operation.kind, answer.status) {
            (OperationKind::Create | OperationKind::Start, 200..=299) => self.entry_made(operation, workspace, &answer),
            (OperationKind::Rename, 200..=299) => return self.renamed(operation, &answer),
            (OperationKind::Rename, _) => return self.one_by_one(&operation, &operation.sessions),
            (OperationKind::Halt, 200..=299 | 409) => self.halted(operation, &answer),
            (OperationKind::Delete, 200..=299 | 404) => {
                operation.sessions.iter().for_each(|&key| self.sidecar.remove(key));
                self.report.done.push(operation);
            }
            (OperationKind::Stop | OperationKind::Update | OperationKind::Resume, 200..=299) => self.told(operation),
            (OperationKind::Stop | OperationKind::Update | OperationKind::Resume | OperationKind::Halt, 404) => {
                return self.entry_gone(operation);
            }
            (_, status) => self.refused(&operation, status, &answer),
        }
        Vec::new()
    }

    fn entry_made(&mut self, operation: Operation, workspace: i64, answer: &Answer) {
        let Some(made) = entry::parse_created(&answer.body) else {
            // No id is no success, and no failure either.
            let sent_ms = self.edges.clock.now_ms();
            self.unresolved.insert(&operation.sessions, sent_ms);
            return;
        };
        self.unresolved.remove(&operation.sessions);
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.intent = None;
                record.rejected = None;
                record.assumed = false;
                record.last_sent = Some(LastSent {
                    id: made.id,
                    workspace,
                    description: description_of(&operation.title).into(),
                    start: operation.start,
                    stop: operation.stop,
                    halted: false,
                });
            }
        }
        self.report.done.push(operation);
    }

    /// Toggl now holds what the operation said.
    fn told(&mut self, operation: Operation) {
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.rejected = None;
                let is_open = record.stop.is_none();
                if let Some(entry) = &mut record.last_sent {
                    entry.description = description_of(&operation.title).into();
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

    fn halted(&mut self, operation: Operation, answer: &Answer) {
        let now = self.edges.clock.now();
        let said = entry::parse_created(&answer.body).and_then(|entry| entry.stop);
        let stop = said.or_else(|| time::OffsetDateTime::from_unix_timestamp(now).ok());
        let halt = fingerprint(&operation, &self.options.defaults);
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                // What was refused before it, of the same session, still is.
                record.rejected.take_if(|refused| refused.operation == halt);
                if let Some(entry) = &mut record.last_sent {
                    entry.stop = stop;
                    entry.halted = true;
                }
            }
        }
        self.report.done.push(operation);
    }

    /// A bulk answer names the entries that were changed; the others are tried one by one.
    fn renamed(&mut self, mut operation: Operation, answer: &Answer) -> Vec<Operation> {
        let done = entry::parse_bulk(&answer.body).map(|bulk| bulk.success).unwrap_or_default();
        let mut failed = Vec::new();
        for (&key, entry) in operation.sessions.iter().zip(&operation.entries) {
            if !done.contains(&entry.id) {
                failed.push(key);
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

    /// The entry is gone from Toggl; the session stands, so it is made anew.
    fn entry_gone(&mut self, mut operation: Operation) -> Vec<Operation> {
        let mut is_present = false;
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                self.gone.extend(record.last_sent.take().map(|entry| (key, entry)));
                is_present = !record.removed;
            }
        }
        let is_running = operation.sessions.first().copied() == self.intake.running;
        operation.kind = if operation.stop.is_some() { OperationKind::Create } else { OperationKind::Start };
        operation.entries.clear();
        operation.changes.clear();
        let can_be_made = is_present && (operation.stop.is_some() || is_running);
        if can_be_made { vec![operation] } else { Vec::new() }
    }

    /// Whoever knows no place for new entries knows none of the old ones either: they are not gone, it is not Toggl that
    /// was asked. Dropped, they would be made a second time once Toggl is.
    pub(super) fn take_back_gone(&mut self) {
        for (key, entry) in std::mem::take(&mut self.gone) {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.last_sent.get_or_insert(entry);
            }
        }
    }

    fn refused(&mut self, operation: &Operation, status: u16, answer: &Answer) {
        let text = entry::error_text(&answer.body);
        let rejection =
            Rejection { status, text: text.clone(), operation: fingerprint(operation, &self.options.defaults) };
        self.unresolved.remove(&operation.sessions);
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.intent = None;
                record.rejected = Some(Box::new(rejection.clone()));
            }
            self.report.rejected.push(RejectedSession { session: key, status, text: text.clone() });
        }
    }

    /// The updates that a rename stands for, of these sessions, as the plan would have them one by one.
    fn one_by_one(&self, rename: &Operation, sessions: &[SessionKey]) -> Vec<Operation> {
        (rename.sessions.iter().zip(&rename.entries))
            .filter(|(key, _)| sessions.contains(key))
            .filter_map(|(&key, &entry)| {
                let (_, record) = self.sidecar.record(key)?;
                let told = record.last_sent.as_ref()?;
                Some(Operation {
                    kind: OperationKind::Update,
                    sessions: vec![key],
                    entries: vec![entry],
                    title: rename.title.clone(),
                    start: record.start,
                    // That of a halted entry whose session is open stands.
                    stop: record.stop.or(told.stop.map(|stop| stop.max(record.start))),
                    changes: vec![Change::Title(told.description.to_string())],
                    inferred: record.inferred,
                    other_day: record.other_day.filter(|_| record.inferred),
                })
            })
            .collect()
    }
}
