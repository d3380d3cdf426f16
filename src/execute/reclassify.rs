//! Bringing project and tags of entries that are there into line with the settings, where nobody set them by hand.

use super::{Execution, ROUNDS, StopReason};
use crate::reconcile::plan::{Operation, OperationKind, Plan, Reclassify, fingerprint, plan, see};
use crate::reconcile::recovery::Days;
use crate::sidecar::SessionKey;

impl Execution<'_, '_, '_> {
    /// One list, then the changes. Everything else was sent before: a bucket that is empty keeps no session back.
    pub(super) fn reclassify(&mut self) -> Result<(), StopReason> {
        if self.options.reclassify == Reclassify::No {
            return Ok(());
        }
        let is_meant = |operation: &&Operation| operation.kind == OperationKind::Reclassify;
        let planned = self.plan_with_projects()?;
        let candidates: Vec<SessionKey> =
            planned.operations.iter().filter(is_meant).flat_map(|operation| operation.sessions.clone()).collect();
        let starts = candidates.iter().filter_map(|&key| self.sidecar.record(key)?.1.last_sent.as_ref());
        let days = Days::of(starts.map(|sent| sent.start));
        let (_, listed) = self.list_days(|_, floor| days?.from(floor))?;
        let seen = see(self.sidecar, &self.options, &candidates, &listed.unwrap_or_default());
        self.report.set_by_hand = seen.by_hand;
        self.report.not_listed = seen.not_listed;
        self.options.reclassify = Reclassify::Seen(seen.fields);
        self.save_if_changed()?;
        for _ in 0..ROUNDS {
            let planned = self.plan_with_projects()?;
            self.carry_out(planned.operations.into_iter().filter(|operation| is_meant(&operation)).collect())?;
            if !std::mem::take(&mut self.plans_again) {
                break;
            }
        }
        Ok(())
    }

    /// The plan, once the projects that it names are known.
    pub(super) fn plan_with_projects(&mut self) -> Result<Plan, StopReason> {
        let planned = plan(self.sidecar, self.ingested, &self.options);
        match self.look_up_projects(&planned)? {
            true => Ok(plan(self.sidecar, self.ingested, &self.options)),
            false => Ok(planned),
        }
    }

    /// Toggl has given the entry of this session the project and the tags of the operation.
    pub(super) fn classified(&mut self, operation: &Operation, key: SessionKey) {
        let Some(record) = self.sidecar.record_mut(key) else { return };
        record.rejected.take_if(|rejected| rejected.operation == fingerprint(operation));
        if let Some(sent) = &mut record.last_sent {
            sent.classification = operation.classifies(sent.classified()).kept();
        }
    }
}
