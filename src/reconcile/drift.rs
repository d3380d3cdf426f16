//! Comparing what Toggl holds with what it was sent, and taking the difference into the records: to be sent again
//! ([`repair`]), or to stand ([`accept`]).
//!
//! Only entries that are ours are judged; what else the user keeps in Toggl is no business of a push. And absence
//! proves little: a list has a window, a cap and a lag, and an entry that was moved to another day is not on it. So a
//! missing entry is never simply made again: the repair asks for it by its id, and Toggl's 404 is what counts.

mod acceptance;
mod comparing;
mod repairing;

pub use acceptance::{Acceptance, Ground, accept};
pub use comparing::compare;
pub use repairing::repair;

use crate::sidecar::SessionKey;
use crate::toggl::{EntryId, TimeEntry};

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Sessions with an entry that were looked for.
    pub compared: usize,
    /// Of these, the ones whose entry is in Toggl as it was sent.
    pub up_to_date: usize,
    /// Sessions without an entry, of which Toggl has none either: the next push sees to them.
    pub unsent: usize,
    /// What differs, in the order of the keys.
    pub findings: Vec<Finding>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The session that it is about.
    pub session: SessionKey,
    /// What differs.
    pub what: Difference,
}

/// A kind of difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The entry is not listed: deleted in Toggl, or moved far away.
    Missing {
        /// Its id.
        id: EntryId,
    },
    /// The entry is not as it was sent.
    Edited {
        /// The entry as Toggl has it.
        held: TimeEntry,
    },
    /// The entry runs in Toggl, though it was sent as ended.
    Running {
        /// The entry as Toggl has it.
        held: TimeEntry,
    },
    /// Toggl has further entries with the same workspace, start and description, which are nobody's.
    Doubled {
        /// The entry of the session.
        id: EntryId,
        /// The others, ascending.
        others: Vec<EntryId>,
    },
    /// The session has no entry (any more), and Toggl has one that is its twin and nobody's.
    Adoptable {
        /// That entry.
        held: TimeEntry,
        /// The entry that is missing, if the session had one.
        instead_of: Option<EntryId>,
    },
}

impl Difference {
    /// Every [`word`](Difference::word).
    pub const WORDS: [&str; 5] = ["missing", "edited", "running", "doubled", "adoptable"];

    /// The word for it, in text and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Difference::Missing { .. } => "missing",
            Difference::Edited { .. } => "edited",
            Difference::Running { .. } => "running",
            Difference::Doubled { .. } => "doubled",
            Difference::Adoptable { .. } => "adoptable",
        }
    }
}

impl Comparison {
    /// What differs of a session beside its doubles, which only a person deletes.
    pub fn difference(&self, session: SessionKey) -> Option<&Difference> {
        let of_session = self.findings.iter().filter(|finding| finding.session == session);
        of_session.map(|finding| &finding.what).find(|what| !matches!(what, Difference::Doubled { .. }))
    }

    /// Whether an entry was looked for and not found.
    #[must_use]
    pub fn has_missing(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.what, Difference::Missing { .. }))
    }

    /// Whether Toggl has entries too many, which only a person deletes.
    #[must_use]
    pub fn has_doubled(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.what, Difference::Doubled { .. }))
    }

    /// Whether entries were looked for and not one is there.
    #[must_use]
    pub fn finds_none(&self) -> bool {
        let missing = self.findings.iter().filter(|finding| matches!(finding.what, Difference::Missing { .. })).count();
        missing > 0 && missing == self.compared
    }

    /// Whether these were several. That is another account, or a Toggl that was emptied on purpose: nothing to be repaired
    /// without a word from a person.
    #[must_use]
    pub fn finds_nothing(&self) -> bool {
        self.compared > 1 && self.finds_none()
    }
}
