//! Rejections: whether Toggl rejects a session, or everything.
//!
//! The same words to three sessions in a row, before anything of the kind was accepted, are about all of them: the run ends
//! and none is marked. Met again an hour later they are believed, and the sessions are marked one by one.

use super::{Execution, RejectedSession, StopReason};
use crate::reconcile::plan::{Operation, OperationKind, fingerprint};
use crate::sidecar::{Rejection, RejectsAll, SessionKey};
use crate::toggl::Refusal;

/// So many sessions in a row are all of them.
const IN_A_ROW: usize = 3;

/// Seconds after which what was said to all is believed of each.
const BELIEVED_AFTER: i64 = 3600;

/// What was rejected and is not marked yet.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    pending: Vec<(Operation, Refusal)>,
    /// Whether something that makes an entry, and something that changes one, was accepted.
    accepted: (bool, bool),
}

impl Rejections {
    fn accepted(&mut self, kind: OperationKind) -> &mut bool {
        if kind.makes_an_entry() { &mut self.accepted.0 } else { &mut self.accepted.1 }
    }
}

impl Execution<'_, '_, '_> {
    /// Toggl has accepted something of this kind: what it rejected of the kind is about the sessions.
    pub(super) fn note_accepted(&mut self, kind: OperationKind) {
        if !std::mem::replace(self.rejections.accepted(kind), true) {
            self.sidecar.rejects_all.take_if(|known| known.creates == kind.makes_an_entry());
            self.mark_pending();
        }
    }

    /// Toggl has rejected this operation, in its own words.
    pub(super) fn note_rejected(&mut self, operation: Operation, refusal: Refusal) -> Result<(), StopReason> {
        self.forget_intent(&operation.sessions);
        if *self.rejections.accepted(operation.kind) || self.is_believed(operation.kind, &refusal) {
            self.mark(&operation, &refusal);
            return Ok(());
        }
        let makes = operation.kind.makes_an_entry();
        self.rejections.pending.push((operation, refusal.clone()));
        let is_alike = |(operation, other): &&(Operation, Refusal)| {
            operation.kind.makes_an_entry() == makes && says_the_same(other, &refusal)
        };
        let in_a_row = self.rejections.pending.iter().rev().take_while(is_alike).count();
        if in_a_row < IN_A_ROW {
            return Ok(());
        }
        let alike = self.rejections.pending.split_off(self.rejections.pending.len() - in_a_row);
        let sessions = alike.into_iter().flat_map(|(operation, _)| operation.sessions).collect();
        let since = self.effects.sender.clock().now();
        let known =
            self.sidecar.rejects_all.take().filter(|known| known.since <= since && is_of(known, makes, &refusal));
        let met = RejectsAll { since, creates: makes, status: refusal.status, text: refusal.text.clone() };
        self.sidecar.rejects_all = Some(known.unwrap_or(met));
        Err(StopReason::RejectsAll { refusal, sessions })
    }

    /// It was not carried out: nothing is uncertain about it.
    pub(super) fn forget_intent(&mut self, sessions: &[SessionKey]) {
        self.unresolved.remove(sessions);
        for &key in sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.intent = None;
            }
        }
    }

    /// Marks what was rejected: not enough of it was alike to be about all.
    pub(super) fn mark_pending(&mut self) {
        for (operation, refusal) in std::mem::take(&mut self.rejections.pending) {
            self.mark(&operation, &refusal);
        }
    }

    fn is_believed(&self, kind: OperationKind, refusal: &Refusal) -> bool {
        let now = self.effects.sender.clock().now();
        let known = self.sidecar.rejects_all.as_ref().filter(|known| is_of(known, kind.makes_an_entry(), refusal));
        known.is_some_and(|known| now.saturating_sub(known.since) >= BELIEVED_AFTER)
    }

    fn mark(&mut self, operation: &Operation, refusal: &Refusal) {
        self.log_rejection(operation, refusal);
        let Refusal { status, text } = refusal;
        let fingerprint = fingerprint(operation);
        let rejection = Rejection { status: *status, text: text.clone(), operation: fingerprint, acknowledged: false };
        for &session in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(session) {
                record.rejected = Some(Box::new(rejection.clone()));
            }
            self.report.rejected.push(RejectedSession { session, status: *status, text: text.clone() });
        }
    }
}

fn is_of(known: &RejectsAll, creates: bool, refusal: &Refusal) -> bool {
    known.creates == creates && says_the_same(&Refusal { status: known.status, text: known.text.clone() }, refusal)
}

/// Numbers apart, which may be those of the entry.
fn says_the_same(one: &Refusal, other: &Refusal) -> bool {
    let words = |text: &str| text.chars().filter(|c| !c.is_numeric()).collect::<String>();
    one.status == other.status && words(&one.text) == words(&other.text)
}
