//! What is written to the log of an answer: what Toggl held before it, and what it holds after.

use time::OffsetDateTime;

use super::Execution;
use crate::reconcile::plan::Operation;
use crate::sidecar::log::{LogLine, Values};
use crate::sidecar::{LastSent, SessionKey};
use crate::toggl::{Outcome, Refusal, description_of};

/// An operation that was answered, and what Toggl held of its sessions before.
pub(super) struct Before {
    operation: &'static str,
    inferred: bool,
    sessions: Vec<(SessionKey, Option<LastSent>)>,
}

impl Execution<'_, '_, '_> {
    /// `None` when there is no answer: the log tells of nothing that is not known.
    pub(super) fn before(&self, operation: &Operation, outcome: &Outcome) -> Option<Before> {
        if matches!(outcome, Outcome::Unknown(_)) {
            return None;
        }
        let held = |&key| (key, self.sidecar.record(key).and_then(|(_, record)| record.last_sent.clone()));
        Some(Before {
            operation: operation.kind.word(),
            inferred: operation.inferred,
            sessions: operation.sessions.iter().map(held).collect(),
        })
    }

    /// Logs what the answer changed.
    pub(super) fn log_change(&mut self, before: Option<Before>) {
        let Some(Before { operation, inferred, sessions }) = before else { return };
        let (at, status) = (self.now(), self.status);
        let line = |(session, old): (SessionKey, Option<LastSent>)| {
            let now = self.sidecar.record(session).and_then(|(_, record)| record.last_sent.as_ref());
            let entry = now.or(old.as_ref());
            (now != old.as_ref()).then(|| LogLine {
                at,
                session,
                operation: operation.to_owned(),
                entry: entry.map(|entry| entry.id),
                workspace: entry.map(|entry| entry.workspace),
                new: now.map(Values::from),
                old: old.as_ref().map(Values::from),
                status,
                text: None,
                inferred,
            })
        };
        let lines: Vec<LogLine> = sessions.into_iter().filter_map(line).collect();
        self.log(&lines);
    }

    /// Logs that Toggl rejected an operation.
    pub(super) fn log_rejection(&mut self, operation: &Operation, refusal: &Refusal) {
        let at = self.now();
        let line = |&session: &SessionKey| {
            let sent = self.sidecar.record(session).and_then(|(_, record)| record.last_sent.as_ref());
            LogLine {
                at,
                session,
                operation: operation.kind.word().to_owned(),
                entry: sent.map(|sent| sent.id),
                workspace: sent.map(|sent| sent.workspace),
                new: Some(Values {
                    description: description_of(&operation.title),
                    start: operation.start,
                    stop: operation.stop,
                    project: operation.wanted.project_id,
                    tags: operation.wanted.tags.to_vec(),
                }),
                old: sent.map(Values::from),
                status: refusal.status,
                text: Some(refusal.text.clone()),
                inferred: operation.inferred,
            }
        };
        let lines: Vec<LogLine> = operation.sessions.iter().map(line).collect();
        self.log(&lines);
    }

    fn log(&mut self, lines: &[LogLine]) {
        if !lines.is_empty() {
            self.effects.store.log(lines);
        }
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.effects.sender.clock().now()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}
