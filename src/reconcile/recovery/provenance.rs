//! Whether a sidecar is the newest: a restored copy, or one that a file synchroniser brought late, does not know what was
//! sent since, and would send it again.

use crate::sidecar::{Revision, Sidecar};

/// Where a sidecar comes from, by what this machine remembers of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Provenance {
    /// It is the one that this machine saved last.
    #[default]
    Newest,
    /// This machine saved a later one.
    Older,
    /// This machine knows nothing of it, or another one has saved it since; or there is none yet.
    Unknown,
}

impl Provenance {
    /// By the revision that this machine saved last.
    #[must_use]
    pub fn of(revision: &Revision, remembered: Option<&Revision>) -> Provenance {
        match remembered {
            Some(last) if last == revision => Provenance::Newest,
            Some(last) if last.lineage == revision.lineage && last.serial > revision.serial => Provenance::Older,
            _ => Provenance::Unknown,
        }
    }

    /// What it means for the sidecar: unless it is the newest, whatever it does not hold is to be looked for in Toggl before
    /// anything is made there. An older one goes on from the serial that this machine saved last: by its own it would
    /// come to serials that were given before, and what was saved under them would pass for the newest.
    pub fn apply(self, sidecar: &mut Sidecar, remembered: Option<&Revision>) {
        if self != Provenance::Newest {
            sidecar.scanned_from = None;
        }
        if let (Provenance::Older, Some(last)) = (self, remembered) {
            sidecar.revision.serial = last.serial;
            sidecar.restored = true;
        }
    }
}
