//! Recovery: what is made of an answer that was lost, and of a sidecar that was lost or is not the newest.
//!
//! There is no key to ask Toggl for, so an entry is known by what was sent: workspace, start and description. Several
//! alike are paired off one to one, so that two equal sessions get two entries and neither is made twice.
//!
//! Pure: what is to be listed is decided here ([`Unresolved`] after a lost answer, [`Scan`] after a lost sidecar), whoever
//! calls lists it, and what the list means is decided here again.

mod adoption;
mod other_days;
mod provenance;
mod scan;
mod unresolved;
mod window;

pub use adoption::{adopt, adopt_all, entry_of, relink};
pub use provenance::Provenance;
pub use scan::{Recovered, Scan};
pub use unresolved::Unresolved;
pub use window::{Days, day_of, midnight};

/// Seconds for which a list may lag behind a write: absence counts only from a read made this much later.
pub const LAG: i64 = 5;

/// Seconds by which the server's clock may differ from ours before a look misses what it looks for.
pub const SKEW: i64 = 300;
