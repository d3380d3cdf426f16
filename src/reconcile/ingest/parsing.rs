//! Parsing a snapshot as far as it is needed.
//!
//! Settled history is archived in the sidecar, with a hash of the text that it was made from: see [`crate::sidecar::Archive`].
//! As long as past begins with that very text, neither the tasks nor their records are read. Whether that may be is decided
//! here, and nothing beyond this asks how a record came to be known.

use crate::chute_kun::snapshot::{self, Snapshot, SnapshotError};
use crate::sidecar::{FormatError, Sidecar};

/// How much of a long history a command looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What has changed, and what is beside it.
    Changes,
    /// Every session ever.
    Everything,
}

/// A snapshot or the archive of its history that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The snapshot is not one.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The archive in the sidecar is damaged.
    #[error(transparent)]
    Archive(#[from] FormatError),
}

/// Parses the text of a snapshot, without what the sidecar's archive holds if nobody will look at that: whoever looks for
/// sessions in Toggl, or is asked about old ones, reads all.
///
/// # Errors
/// [`ParseError`]. The sidecar is of no use then.
pub fn parse(sidecar: &mut Sidecar, text: &[u8], depth: Depth) -> Result<Snapshot, ParseError> {
    let looks_back = depth == Depth::Everything || sidecar.needs_all();
    let known = sidecar.archive.as_ref().map(|archive| archive.past).filter(|_| !looks_back);
    let snapshot = snapshot::parse_unknown(text, known.as_ref())?;
    if snapshot.known_past == 0 {
        sidecar.unarchive()?;
    }
    Ok(snapshot)
}
