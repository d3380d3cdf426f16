//! The rules of a time zone, as the few questions that the dating of sessions asks.
//!
//! jiff is behind this module and nowhere else: `time` has no zone database. Between the two libraries go unix
//! seconds. A [`Minute`] is what the clock on the wall showed, seconds cut off; an instant is the unix second at
//! which such a minute began, so a clock turned from 02:59 back to 02:00 shows 02:00 to 02:59 twice, and one turned
//! from 01:59 on to 03:00 never shows them. Where the clock is turned in the middle of a minute, the minute begins
//! at the first instant at which it is shown.

use std::ops::ControlFlow;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use time::{Date, OffsetDateTime, UtcOffset};

use crate::whole_file;

/// Minutes since local midnight, 0 to 1439.
pub type Minute = u16;

const DAY: i64 = 86_400;

/// Further than any zone is from UTC (`time` and jiff both end at 25:59:59). Within twice this much no zone ever
/// left its offset and came back to it (the least in the database is Freetown's 95 hours of 1939), so equal
/// offsets at both ends mean that nothing happened between.
const REACH: i64 = 26 * 3_600;

/// How far to look for the next or last showing of a minute near a change: a skipped day and a gap, with room.
const FAR: i64 = 4 * DAY;

/// A time zone with its rules.
///
/// ```
/// use chute_toggl::zone::Zone;
/// use time::macros::{date, datetime};
///
/// let berlin = Zone::named("Europe/Berlin")?;
/// let half_past_two = 2 * 60 + 30;
/// let readings = |day| berlin.readings(day, half_past_two).iter().map(|at| berlin.at(at)).collect::<Vec<_>>();
/// assert!(readings(date!(2025 - 03 - 30)).is_empty());
/// assert_eq!(readings(date!(2025 - 10 - 25)), [datetime!(2025-10-25 02:30 +2)]);
/// assert_eq!(readings(date!(2025 - 10 - 26)), [datetime!(2025-10-26 02:30 +2), datetime!(2025-10-26 02:30 +1)]);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

/// Whether a clock anywhere shows this instant with a year of four digits. RFC 3339 writes no others, and `time` has no
/// others: moved to another offset, such an instant would be none.
#[must_use]
pub fn is_on_every_clock(at: OffsetDateTime) -> bool {
    (0..=9998).contains(&at.year())
}

/// The instants of one local day at which the clock showed a minute: none in a gap, two in a repeated hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Readings {
    first: Option<i64>,
    second: Option<i64>,
}

impl Readings {
    /// The instants, in unix seconds, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + use<> {
        self.first.into_iter().chain(self.second)
    }

    /// Whether the clock did not show the minute on that day.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How often the clock showed the minute: 0, 1 or 2.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The earlier reading, or the only one.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.first
    }

    /// The later reading, or the only one.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.second.or(self.first)
    }
}

/// A stretch of time with one offset, in unix seconds: from `start`, up to but without `end`.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
}

impl Zone {
    /// The zone that a `TZ` variable of this content means: a name of the IANA database (`Asia/Tokyo`), a POSIX
    /// rule (`JST-9`) or the absolute path of a TZif file, each with or without a leading `:`. Nothing is UTC.
    ///
    /// # Errors
    /// A message for people, when it is none of these.
    pub fn named(name: &str) -> Result<Zone, String> {
        let name = name.strip_prefix(':').unwrap_or(name);
        if name.is_empty() {
            return Ok(Zone(TimeZone::UTC));
        }
        if name.starts_with('/') {
            return Zone::in_file(name);
        }
        TimeZone::get(name).or_else(|_| TimeZone::posix(name)).map(Zone).map_err(|_| {
            format!("`{name}` is no time zone: neither a name such as `Asia/Tokyo` nor a rule such as `JST-9`")
        })
    }

    fn in_file(path: &str) -> Result<Zone, String> {
        let data = whole_file::read(Path::new(path), whole_file::TEXT)
            .map_err(|e| format!("cannot read the time zone file `{path}`: {e}"))?;
        TimeZone::tzif(path, &data).map(Zone).map_err(|e| format!("`{path}` is no time zone file: {e}"))
    }

    /// The zone that the system is set to (`/etc/localtime` and its like), for when `TZ` is not set. A system that
    /// is set to none is on UTC, as other programs have it.
    ///
    /// # Errors
    /// A message for people, when the system is set to a zone that cannot be understood: taking UTC in its stead
    /// would move every session.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for its zone")]
    pub fn system() -> Result<Zone, String> {
        let zone = TimeZone::system();
        if !zone.is_unknown() {
            Ok(Zone(zone))
        } else if std::path::Path::new("/etc/localtime").symlink_metadata().is_ok() {
            Err("the time zone of this system cannot be found out: set TZ, for example TZ=Asia/Tokyo".to_owned())
        } else {
            Ok(Zone(TimeZone::UTC))
        }
    }

    /// Its name in the IANA database, `None` for a zone that is a rule or a file.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.iana_name()
    }

    /// The instants of the local day at which the clock showed this minute, ascending: none in a gap or on a
    /// skipped day, two in a repeated hour.
    #[must_use]
    pub fn readings(&self, day: Date, minute: Minute) -> Readings {
        let wall = midnight(day) + i64::from(minute) * 60;
        let (from, to) = (wall - REACH, wall + REACH);
        if let Some(offset) = self.steady(from, to) {
            return Readings { first: Some(wall - offset), second: None };
        }
        let mut found = Readings::default();
        self.each_showing(minute, from, to, |at, shown| {
            if shown == wall {
                match found.first {
                    None => found.first = Some(at),
                    Some(_) => found.second = Some(at),
                }
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// The unix second at which the local day begins, if the clocks are not changed on it or within a day of it: then
    /// each of its minutes is shown once, so many minutes after that.
    #[must_use]
    pub fn steady_midnight(&self, day: Date) -> Option<i64> {
        let wall = midnight(day);
        self.steady(wall - REACH, wall + DAY)
            .filter(|_| self.steady(wall, wall + DAY + REACH).is_some())
            .map(|offset| wall - offset)
    }

    /// The instant at the end of the gap that swallowed this minute of the local day; `None` when the clock showed
    /// the minute, and when it showed nothing at all of that day.
    #[must_use]
    pub fn gap_end(&self, day: Date, minute: Minute) -> Option<i64> {
        let midnight = midnight(day);
        let wall = midnight + i64::from(minute) * 60;
        if !self.readings(day, minute).is_empty() {
            return None;
        }
        let mut before: Option<Stretch> = None;
        for stretch in self.stretches(wall - REACH, wall + REACH) {
            if let Some(before) = before {
                let (gap_start, gap_end) = (before.end + before.offset, stretch.start + stretch.offset);
                let skips_the_day = gap_start <= midnight && midnight + DAY <= gap_end;
                if gap_start <= wall && wall < gap_end && !skips_the_day {
                    return Some(stretch.start);
                }
            }
            before = Some(stretch);
        }
        None
    }

    /// The latest instant, not after `instant`, at which the clock began to show this minute. `None` only at the
    /// ends of the calendar.
    #[must_use]
    pub fn last_at_or_before(&self, minute: Minute, instant: i64) -> Option<i64> {
        if let Some(offset) = self.steady(instant - REACH, instant) {
            let since = (instant + offset - i64::from(minute) * 60).rem_euclid(DAY);
            return Some(instant - since);
        }
        let mut last = None;
        self.each_showing(minute, instant - FAR, instant + 1, |at, _| {
            last = Some(at);
            ControlFlow::Continue(())
        });
        last
    }

    /// The earliest instant, not before `instant`, at which the clock began to show this minute. `None` only at the
    /// ends of the calendar.
    #[must_use]
    pub fn first_at_or_after(&self, minute: Minute, instant: i64) -> Option<i64> {
        // One second before belongs to the question: a change at `instant` itself may go on showing the minute.
        if let Some(offset) = self.steady(instant - 1, instant + REACH) {
            let until = (i64::from(minute) * 60 - instant - offset).rem_euclid(DAY);
            return Some(instant + until);
        }
        let mut first = None;
        self.each_showing(minute, instant - 1, instant + FAR, |at, _| {
            first = Some(at);
            ControlFlow::Break(())
        });
        first
    }

    /// The instant (unix seconds) with the offset in force then. Beyond the calendar of `time` (the years -9999 to
    /// 9999): the epoch.
    #[must_use]
    pub fn at(&self, instant: i64) -> OffsetDateTime {
        let seconds = i32::try_from(self.offset(instant)).unwrap_or(0);
        let offset = UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC);
        OffsetDateTime::from_unix_timestamp(instant)
            .ok()
            .and_then(|at| at.checked_to_offset(offset))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The local date at this instant (unix seconds).
    #[must_use]
    pub fn date(&self, instant: i64) -> Date {
        self.at(instant).date()
    }

    /// The minute that the clock showed at this instant (unix seconds).
    #[must_use]
    pub fn minute(&self, instant: i64) -> Minute {
        let since_midnight = (instant + self.offset(instant)).rem_euclid(DAY);
        u16::try_from(since_midnight / 60).unwrap_or(0)
    }

    /// Seconds east of UTC.
    fn offset(&self, instant: i64) -> i64 {
        i64::from(self.0.to_offset(timestamp(instant)).seconds())
    }

    /// The offset that was in force from `from` to `to`, at most two [`REACH`] apart, if it did not change.
    fn steady(&self, from: i64, to: i64) -> Option<i64> {
        let offset = self.0.to_offset(timestamp(from));
        (offset == self.0.to_offset(timestamp(to))).then(|| i64::from(offset.seconds()))
    }

    /// The stretches that make up the time from `from` up to `to`, ascending.
    fn stretches(&self, from: i64, to: i64) -> impl Iterator<Item = Stretch> {
        let mut start = from;
        let mut offset: Offset = self.0.to_offset(timestamp(from));
        let mut changes = self.0.following(timestamp(from));
        std::iter::from_fn(move || {
            if start >= to {
                return None;
            }
            let change = changes.next().filter(|change| change.timestamp().as_second() < to);
            let end = change.as_ref().map_or(to, |change| change.timestamp().as_second());
            let stretch = Stretch { start, end, offset: i64::from(offset.seconds()) };
            start = end;
            offset = change.map_or(offset, |change| change.offset());
            Some(stretch)
        })
        .filter(|stretch| stretch.start < stretch.end)
    }

    /// Calls `f` with every instant after `from` and before `to` at which the clock began to show this minute,
    /// ascending, and with what it showed: seconds since 1970-01-01T00:00 on the wall.
    fn each_showing(&self, minute: Minute, from: i64, to: i64, mut f: impl FnMut(i64, i64) -> ControlFlow<()>) {
        // The showing that the stretch before ended in: it may go on. What is shown at `from` itself is recognised
        // as an older showing because the first stretch is a minute longer.
        let mut unfinished = None;
        for stretch in self.stretches(from - 60, to) {
            let (first_wall, end_wall) = (stretch.start + stretch.offset, stretch.end + stretch.offset);
            let before = unfinished.take();
            let mut wall = first_wall - (first_wall - i64::from(minute) * 60).rem_euclid(DAY);
            if wall + 60 <= first_wall {
                wall += DAY;
            }
            while wall < end_wall {
                let at = (wall - stretch.offset).max(stretch.start);
                let goes_on = at == stretch.start && before == Some(wall);
                if !goes_on && at > from && f(at, wall).is_break() {
                    return;
                }
                unfinished = (end_wall <= wall + 60).then_some(wall);
                wall += DAY;
            }
        }
    }
}

/// The midnight at which the day begins, as seconds since 1970-01-01T00:00 on the same wall.
fn midnight(day: Date) -> i64 {
    (i64::from(day.to_julian_day()) - i64::from(time::macros::date!(1970 - 01 - 01).to_julian_day())) * DAY
}

/// Beyond jiff's calendar nothing changes any more.
fn timestamp(instant: i64) -> Timestamp {
    Timestamp::from_second(instant).unwrap_or(if instant < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
