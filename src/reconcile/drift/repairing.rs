//! Making Toggl's side yield: what it really holds goes into the records, and the plan sends the difference.

use time::OffsetDateTime;

use super::{Comparison, Difference};
use crate::reconcile::recovery;
use crate::sidecar::{Accepted, LastSent, Sidecar};

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
                    entry.accepted = Accepted::default();
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
