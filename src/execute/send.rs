//! Making a call with what must be on disk before it, and saving.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Event, Execution, StopReason, saving};
use crate::reconcile::plan::Operation;
use crate::sidecar::{Intent, SessionKey};
use crate::toggl::{Bucket, Call, Exchange, Outcome, Tries, Turn, WorkspaceId};

/// No quota is waited for longer: an hour, and some seconds that two clocks may count it longer.
const LONGEST_HOUR: Duration = Duration::from_secs(3600 + 60);

impl Execution<'_, '_, '_> {
    /// Makes a call until it is answered for good, as often as that is harmless. Before every try `prepare` sees to it that
    /// the file on disk says what it must.
    pub(super) fn send(
        &mut self,
        call: &Call,
        prepare: impl Fn(&mut Self) -> Result<(), StopReason>,
    ) -> Result<Outcome, StopReason> {
        let mut tries = Tries::default();
        loop {
            self.wait_for_turn(call.bucket())?;
            prepare(self)?;
            let (watch, status) = (&mut *self.effects.watch, &mut self.status);
            let outcome = self.effects.sender.attempt(call, &mut tries, &mut |exchange| {
                if let Exchange::Answered(_, answer) = exchange {
                    *status = answer.status;
                }
                watch.event(&exchange.into());
            });
            self.sidecar.quota = self.effects.sender.quota().clone();
            if let Some(outcome) = outcome? {
                return Ok(outcome);
            }
        }
    }

    /// Makes a call that changes nothing.
    pub(super) fn ask(&mut self, call: &Call) -> Result<Outcome, StopReason> {
        self.send(call, |_| Ok(()))
    }

    /// Waits until the next request may be sent. What is known is on disk before a long wait, since such a wait is likely
    /// to be ended by something else.
    pub(super) fn wait_for_turn(&mut self, bucket: Bucket) -> Result<(), StopReason> {
        while let Turn::WaitUntil(until) = self.effects.sender.turn(bucket)? {
            self.drop_unsent_intents();
            self.save_if_changed()?;
            self.effects.watch.event(&Event::WaitingForQuota(until));
            self.effects.sender.sleep_until_ms(until.saturating_mul(1000), LONGEST_HOUR);
        }
        Ok(())
    }

    /// Sees to it that the intent of a create or start is on disk. One save covers the next few as well.
    pub(super) fn intend(
        &mut self,
        operation: &Operation,
        following: &VecDeque<Operation>,
        workspace: WorkspaceId,
    ) -> Result<(), StopReason> {
        let now_ms = self.effects.sender.clock().now_ms();
        let covered = (operation.sessions.first())
            .and_then(|&key| self.sidecar.record(key))
            .and_then(|(_, record)| record.intent.as_ref());
        let expires_ms = now_ms - saving::LIFETIME_MS;
        if covered.is_some_and(|intent| intent.since.saturating_mul(1000) > expires_ms) {
            return Ok(());
        }
        let batch = self.saving.batch(self.effects.sender.policy().pace);
        let since = now_ms.div_euclid(1000);
        let creates = following.iter().filter(|operation| operation.kind.makes_an_entry());
        for operation in std::iter::once(operation).chain(creates).take(batch) {
            let description = crate::toggl::description_of(&operation.title);
            for &key in &operation.sessions {
                if let Some(record) = self.sidecar.record_mut(key) {
                    let workspace = Some(workspace);
                    let intent = Intent {
                        since,
                        start: record.start,
                        description: description.clone(),
                        workspace,
                        project: operation.wanted.project_id,
                        tags: operation.wanted.tags.to_vec(),
                    };
                    record.intent = Some(Box::new(intent));
                }
            }
        }
        self.save()
    }

    pub(super) fn save(&mut self) -> Result<(), StopReason> {
        self.effects.watch.event(&Event::Saving);
        let sender = &mut *self.effects.sender;
        self.sidecar.advance(|| sender.rng().u64(..));
        let text = self.sidecar.to_json().map_err(|error| StopReason::Save(error.to_string()))?;
        self.effects.store.save(&text, &self.sidecar.saved_last()).map_err(StopReason::Save)?;
        self.saving.note(&text);
        self.effects.watch.event(&Event::Saved);
        Ok(())
    }

    pub(super) fn save_if_changed(&mut self) -> Result<(), StopReason> {
        match self.sidecar.to_json() {
            Ok(text) if self.saving.is_on_disk(&text) => Ok(()),
            Ok(_) => self.save(),
            Err(error) => Err(StopReason::Save(error.to_string())),
        }
    }

    /// Drops the intents of what was not sent after all.
    pub(super) fn drop_unsent_intents(&mut self) {
        for (&task, records) in &mut self.sidecar.tasks {
            for record in &mut records.sessions {
                if !self.unresolved.contains(SessionKey { task, session: record.number }) {
                    record.intent = None;
                }
            }
        }
    }
}
