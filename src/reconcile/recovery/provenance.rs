//! Whether a sidecar is the newest: a restored copy, or one that a file synchroniser brought late, does not know what was
//! sent since, and would send it again.

use crate::sidecar::{Revision, SavedLast, Sidecar};

/// Where a sidecar comes from, by what this machine remembers of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Provenance {
    /// It is the one that this machine saved last.
    #[default]
    Newest,
    /// This machine saved a later one.
    Older,
    /// This machine saved one, and there is none.
    Lost,
    /// This machine knows nothing of it, or another one has saved it since; or there is none yet.
    Unknown,
}

impl Provenance {
    /// Of the sidecar with this revision, if there is one, by what this machine remembers of the last.
    #[must_use]
    pub fn of(revision: Option<&Revision>, remembered: Option<&SavedLast>) -> Provenance {
        match (revision, remembered.map(|saved| &saved.revision)) {
            (Some(is), Some(last)) if last == is => Provenance::Newest,
            (Some(is), Some(last)) if last.lineage == is.lineage && last.serial > is.serial => Provenance::Older,
            (None, Some(_)) => Provenance::Lost,
            _ => Provenance::Unknown,
        }
    }

    /// What it means for the sidecar: unless it is the newest, whatever it does not hold is to be looked for in Toggl before
    /// anything is made there. An older one goes on from the serial that this machine saved last: by its own it would
    /// come to serials that were given before, and what was saved under them would pass for the newest.
    pub fn apply(self, sidecar: &mut Sidecar, remembered: Option<&SavedLast>) {
        if self != Provenance::Newest {
            sidecar.scanned_from = None;
        }
        let Some(last) = remembered.filter(|_| matches!(self, Provenance::Older | Provenance::Lost)) else { return };
        sidecar.lost_until = sidecar.lost_until.max(Some(last.last_snapshot_saved.unwrap_or(i64::MAX)));
        if self == Provenance::Older {
            sidecar.revision.serial = last.revision.serial;
        }
    }
}
