//! One line of all that is placed, in the order of the starts: one person did all of it, one task at a time.

/// So many days to either side a neighbour is looked for; one further away counts as none.
const REACH: usize = 8;

/// Minutes a day.
const DAY: i32 = 1440;

/// A session where it stands. Minutes since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placed {
    pub(super) start: i32,
    pub(super) stop: i32,
    /// Which session it is.
    pub(super) id: u32,
}

/// What is placed, with a list for each day: a session goes in and out without moving the years after it.
#[derive(Debug)]
pub(super) struct Timeline {
    first_day: i32,
    days: Vec<Vec<Placed>>,
    /// How many changes were noted, and of each day the number of the last.
    changes: u32,
    changed: Vec<u32>,
}

impl Timeline {
    /// For starts from one minute to another.
    pub(super) fn between(first: i32, last: i32) -> Timeline {
        let (first_day, last_day) = (first.div_euclid(DAY), last.div_euclid(DAY));
        let days = usize::try_from(last_day - first_day + 1).unwrap_or(1);
        Timeline { first_day, days: vec![Vec::new(); days], changes: 0, changed: vec![0; days] }
    }

    /// Notes that something came or went there.
    pub(super) fn note_change(&mut self, placed: Placed) {
        self.changes += 1;
        let (from, to) = (self.day(placed.start), self.day(placed.stop));
        self.changed[from..=to].fill(self.changes);
    }

    /// How many changes were noted.
    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// Whether something changed between two minutes, or within a day of them, since there were so many `changes`. A gap
    /// that is longer scores the same, however long it is.
    pub(super) fn has_changed(&self, (from, to): (i32, i32), changes: u32) -> bool {
        let days = self.day(from.saturating_sub(DAY))..=self.day(to.saturating_add(DAY));
        self.changed[days].iter().any(|&changed| changed > changes)
    }

    pub(super) fn insert(&mut self, placed: Placed) {
        let day = self.day(placed.start);
        let at = self.days[day].partition_point(|other| *other < placed);
        self.days[day].insert(at, placed);
    }

    pub(super) fn remove(&mut self, placed: Placed) {
        let day = self.day(placed.start);
        if let Ok(at) = self.days[day].binary_search(&placed) {
            self.days[day].remove(at);
        }
    }

    /// What stands before and after a session that would be placed there.
    pub(super) fn neighbours(&self, start: i32, stop: i32) -> (Option<Placed>, Option<Placed>) {
        let day = self.day(start);
        let today = &self.days[day];
        let place = place(start, stop);
        let at = today.partition_point(|other| self::place(other.start, other.stop) < place);
        let before = || self.days[day.saturating_sub(REACH)..day].iter().rev().find_map(|day| day.last());
        let after = || self.days.iter().take(day + 1 + REACH).skip(day + 1).find_map(|day| day.first());
        (at.checked_sub(1).map(|at| &today[at]).or_else(before).copied(), today.get(at).or_else(after).copied())
    }

    /// All that is placed, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Placed> {
        self.days.iter().flatten().copied()
    }

    fn day(&self, minute: i32) -> usize {
        usize::try_from(minute.div_euclid(DAY) - self.first_day).unwrap_or(0).min(self.days.len() - 1)
    }
}

/// The place of a session in the order of the starts, then the stops: one number, which is compared sooner than two.
fn place(start: i32, stop: i32) -> i64 {
    (i64::from(start) << 32) + i64::from(stop)
}
