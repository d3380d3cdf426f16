//! The days that are looked at.

use time::{Date, OffsetDateTime, UtcOffset};

/// Days in UTC, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: Date,
    /// The last.
    pub last: Date,
}

impl Days {
    /// The days on which these instants lie, if there are any.
    pub fn of(instants: impl Iterator<Item = OffsetDateTime>) -> Option<Days> {
        instants
            .map(day_of)
            .map(|day| Days { first: day, last: day })
            .reduce(|all, day| Days { first: all.first.min(day.first), last: all.last.max(day.last) })
    }

    /// Those of them that are not before `floor`, if there are any.
    #[must_use]
    pub fn from(self, floor: Date) -> Option<Days> {
        (self.last >= floor).then_some(Days { first: self.first.max(floor), last: self.last })
    }
}

/// The day of an instant in UTC.
#[must_use]
pub fn day_of(instant: OffsetDateTime) -> Date {
    instant.to_offset(UtcOffset::UTC).date()
}

/// The unix second at which the day begins in UTC.
#[must_use]
pub fn midnight(day: Date) -> i64 {
    day.midnight().assume_utc().unix_timestamp()
}
