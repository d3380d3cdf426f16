//! The days of a zone, each asked for once: dating looks at the same days for tens of thousands of sessions.

use std::cell::RefCell;

use time::Date;

use crate::zone::{Minute, Zone};

/// Days since 1970-01-01 on the wall.
pub(super) type Day = i32;

/// Of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// Where a day begins, as far as that dates all its minutes.
#[derive(Debug, Clone, Copy)]
enum Midnight {
    /// Not asked for yet.
    Unknown,
    /// The clocks are not changed near that day: it begins at this unix second, and each minute is shown once.
    Steady(i64),
    /// They are.
    Changing,
}

/// Minutes to instants, day by day.
#[derive(Debug)]
pub(super) struct Calendar<'a> {
    zone: &'a Zone,
    /// The latest day that is kept.
    today: Day,
    /// By days before that.
    midnights: RefCell<Vec<Midnight>>,
}

/// More days than these before today are asked for every time.
const KEPT: usize = 40_000;

impl<'a> Calendar<'a> {
    /// Of a zone, up to the day of `saved` (unix seconds).
    pub(super) fn new(zone: &'a Zone, saved: i64) -> Calendar<'a> {
        Calendar { zone, today: day(zone.date(saved)), midnights: RefCell::default() }
    }

    /// The local day of an instant (unix seconds).
    pub(super) fn day_of(&self, instant: i64) -> Day {
        day(self.zone.date(instant))
    }

    /// The instants of the day at which the clock showed the minute, ascending, in unix seconds.
    pub(super) fn readings(&self, day: Day, minute: Minute) -> impl DoubleEndedIterator<Item = i64> + use<> {
        let (first, second) = match self.midnight(day) {
            Some(midnight) => (Some(midnight + i64::from(minute) * 60), None),
            None => {
                let readings = date(day).map(|date| self.zone.readings(date, minute)).unwrap_or_default();
                (readings.first(), readings.last().filter(|_| readings.len() > 1))
            }
        };
        first.into_iter().chain(second)
    }

    /// The first reading of the minute at or after `instant`, which lies on `day`, and its day.
    pub(super) fn first_from(&self, minute: Minute, instant: i64, day: Day) -> Option<(i64, Day)> {
        (day..day + 3).find_map(|day| Some((self.readings(day, minute).find(|&at| at >= instant)?, day)))
    }

    /// Whether each minute of the day is shown once.
    pub(super) fn is_steady(&self, day: Day) -> bool {
        self.midnight(day).is_some()
    }

    fn midnight(&self, day: Day) -> Option<i64> {
        let back = usize::try_from(self.today - day).ok().filter(|&back| back < KEPT);
        let Some(back) = back else { return date(day).and_then(|date| self.zone.steady_midnight(date)) };
        let mut midnights = self.midnights.borrow_mut();
        if midnights.len() <= back {
            midnights.resize(back + 1, Midnight::Unknown);
        }
        if matches!(midnights[back], Midnight::Unknown) {
            let steady = date(day).and_then(|date| self.zone.steady_midnight(date));
            midnights[back] = steady.map_or(Midnight::Changing, Midnight::Steady);
        }
        match midnights[back] {
            Midnight::Steady(midnight) => Some(midnight),
            Midnight::Unknown | Midnight::Changing => None,
        }
    }
}

/// The number of a date.
pub(super) fn day(date: Date) -> Day {
    date.to_julian_day() - EPOCH
}

/// The date of a number, if the calendar goes that far.
pub(super) fn date(day: Day) -> Option<Date> {
    Date::from_julian_day(day.checked_add(EPOCH)?).ok()
}
