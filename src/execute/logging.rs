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
        let line = |(session, old): (SessionKey, Option<LastSent>)| {
            let now = self.sidecar.record(session).and_then(|(_, record)| record.last_sent.as_ref());
            let new = now.map(Values::from);
            let line = self.line(session, (operation, inferred), now.or(old.as_ref()));
            (now != old.as_ref()).then(|| LogLine { old: old.as_ref().map(Values::from), new, ..line })
        };
        let lines: Vec<LogLine> = sessions.into_iter().filter_map(line).collect();
        self.log(&lines);
    }

    /// Logs that Toggl rejected an operation.
    pub(super) fn log_rejection(&mut self, operation: &Operation, refusal: &Refusal) {
        let wanted = Values {
            description: description_of(&operation.title),
            start: operation.start,
            stop: operation.stop,
            project: operation.wanted.project_id,
            tags: operation.wanted.tags.to_vec(),
        };
        let line = |&session: &SessionKey| {
            let sent = self.sidecar.record(session).and_then(|(_, record)| record.last_sent.as_ref());
            let line = self.line(session, (operation.kind.word(), operation.inferred), sent);
            let (new, text) = (Some(wanted.clone()), Some(refusal.text.clone()));
            LogLine { new, status: refusal.status, text, ..line }
        };
        let lines: Vec<LogLine> = operation.sessions.iter().map(line).collect();
        self.log(&lines);
    }

    /// That the last answer was about this entry of a session, which is as it was.
    fn line(&self, session: SessionKey, (operation, inferred): (&str, bool), sent: Option<&LastSent>) -> LogLine {
        let now = self.effects.sender.clock().now();
        LogLine {
            at: OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH),
            session,
            operation: operation.to_owned(),
            old: sent.map(Values::from),
            new: None,
            entry: sent.map(|sent| sent.id),
            workspace: sent.map(|sent| sent.workspace),
            status: self.status,
            text: None,
            inferred,
        }
    }

    fn log(&mut self, lines: &[LogLine]) {
        if !lines.is_empty() {
            self.effects.store.log(lines);
        }
    }
}
