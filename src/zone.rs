//! The rules of a time zone, as the two questions that the dating of sessions asks.
//!
//! jiff is behind this module and nowhere else: `time` has no zone database. Between the two libraries go unix
//! seconds. A [`Minute`] is what the clock on the wall showed, seconds cut off; an instant is the unix second at
//! which such a minute began.

use time::{Date, OffsetDateTime};

/// Minutes since local midnight, 0 to 1439.
pub type Minute = u16;

/// A time zone with its rules.
#[derive(Debug, Clone)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// The zone of that name in the IANA database (`Asia/Tokyo`), or of that POSIX rule (`JST-9`).
    ///
    /// # Errors
    /// A message for people, when there is no such zone.
    pub fn named(name: &str) -> Result<Zone, String> {
        let _ = name;
        Err(String::new())
    }

    /// The instants of the local day at which the clock showed this minute: none in a gap, two in a repeated hour.
    #[must_use]
    pub fn readings(&self, day: Date, minute: Minute) -> Vec<i64> {
        let _ = (day, minute);
        Vec::new()
    }

    /// The instant with the offset in force then.
    #[must_use]
    pub fn at(&self, instant: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(instant).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}
