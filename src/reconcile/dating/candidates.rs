//! Which instants the sessions of a task can have: every start and stop within the window of its task, in order.

use super::calendar::{Calendar, Day};
use super::habits::Habits;
use super::score::{Score, nats};
use crate::zone::Minute;

/// Minutes a day.
const DAY: i32 = 1440;

/// So many days before the planned day a session is looked for at first, and where it does not fit. Planned anew when it
/// was postponed or brought back, a task can be older than that day; with 14 days twice as many first sessions were
/// missed.
pub(super) const NEAR: Day = 7;
pub(super) const FAR: Day = 60;
/// No session is looked for longer ago than this before the end of its task's window.
const LONGEST: Day = 400;
/// A session longer than this by the clock may have lasted whole days more.
const LONG: i32 = 8 * 60;
/// So many whole days more are tried, and so many if the minutes that were counted prove them.
const MORE_DAYS: i32 = 3;
const PROVEN_DAYS: i32 = 60;
/// What is missing must be more than half a day to prove one: less is counted without a session now and then.
const MISSING: i32 = DAY / 2;

/// When a session may have been. Minutes since 1970 in UTC, and local days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) start: i32,
    /// Of an open session, where it ends on the timeline.
    pub(super) stop: i32,
    pub(super) start_day: Day,
    pub(super) stop_day: Day,
    /// Whole days beyond the first stop that the clock allows.
    pub(super) more_days: i32,
}

impl Candidate {
    pub(super) fn days(&self) -> (Day, Day) {
        (self.start_day, self.stop_day)
    }
}

/// A session as the snapshot has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) start: Minute,
    pub(super) end: Option<Minute>,
}

/// What is known of a task whose last sessions are to be dated.
#[derive(Debug, Clone)]
pub(super) struct Undated {
    /// The sessions to be dated, in order.
    pub(super) sessions: Vec<Clock>,
    /// The start of the first of them, if that is recorded.
    pub(super) started: Option<i64>,
    /// Nothing lies before: the last snapshot, or the session before. Unix seconds.
    pub(super) lower: Option<i64>,
    /// No session starts before this day.
    pub(super) earliest: Option<Day>,
    /// Nothing lies after. Unix seconds.
    pub(super) upper: i64,
    /// Where an open session ends on the timeline, unix seconds; its own start if not known.
    pub(super) open_until: Option<i64>,
    /// The day on which the last of them stopped for certain.
    pub(super) stopped_on: Option<Day>,
    /// The planned day, where the first session of the task is to be dated.
    pub(super) planned: Option<Day>,
    /// The day to which it was postponed, if it was.
    pub(super) postponed_to: Option<Day>,
    /// The day of the finish.
    pub(super) done: Option<Day>,
    /// The day on which the session before them stopped.
    pub(super) previous: Option<Day>,
    /// Minutes that the program counted beyond the recorded sessions; `None` where a session is open.
    pub(super) counted: Option<i32>,
}

impl Undated {
    /// The candidates of every session, from `reach` days before the planned day on, earlier ones first; `None` if the sessions do not fit into their window. And how
    /// many whole days more than the clock shows are proven.
    pub(super) fn candidates(&self, calendar: &Calendar<'_>, reach: Day) -> Option<(Vec<Vec<Candidate>>, i32)> {
        let last_day = calendar.day_of(self.upper);
        let first_day = self.planned.or(self.done).unwrap_or(last_day).min(last_day) - reach;
        let first_day = first_day.max(last_day - LONGEST);
        let first_day = self.earliest.map_or(first_day, |earliest| first_day.max(earliest));
        let first_day = self.lower.map_or(first_day, |lower| first_day.max(calendar.day_of(lower)));
        let proven = self.proven_days(calendar);
        let mut all = Vec::with_capacity(self.sessions.len());
        for at in 0..self.sessions.len() {
            all.push(self.candidates_of(at, first_day, last_day, proven, calendar));
        }
        self.keep_order(&mut all).then_some((all, proven))
    }

    fn candidates_of(&self, at: usize, from: Day, to: Day, proven: i32, calendar: &Calendar<'_>) -> Vec<Candidate> {
        let mut found = Vec::new();
        let lower = self.lower.unwrap_or(i64::MIN);
        if let Some(started) = self.started.filter(|_| at == 0) {
            self.stops(at, started, calendar.day_of(started), (to - from).max(0), calendar, &mut found);
            return found;
        }
        let is_last = at + 1 == self.sessions.len();
        let within = |session: &Clock| session.end.is_some_and(|end| length(session.start, end) <= LONG);
        let more = if proven > 0 { MORE_DAYS.max(proven) } else { MORE_DAYS };
        let from = match self.stopped_on.filter(|_| is_last) {
            Some(day) if proven == 0 && within(&self.sessions[at]) => from.max(day - 1),
            Some(day) => from.max(day - 1 - more),
            None => from,
        };
        found.reserve_exact(usize::try_from(to - from + 1).unwrap_or(0));
        for day in from..=to {
            for start in calendar.readings(day, self.sessions[at].start) {
                if (lower..=self.upper).contains(&start) {
                    let more = if proven > 0 || !within(&self.sessions[at]) { more } else { 0 };
                    self.stops(at, start, day, more, calendar, &mut found);
                }
            }
        }
        found
    }

    /// The candidates that start there.
    fn stops(&self, at: usize, start: i64, day: Day, more: i32, calendar: &Calendar<'_>, found: &mut Vec<Candidate>) {
        let Some(end) = self.sessions[at].end else {
            let stop = self.open_until.unwrap_or(start).max(start);
            found.push(Candidate {
                start: minute(start),
                stop: minute(stop),
                start_day: day,
                stop_day: day,
                more_days: 0,
            });
            return;
        };
        let mut next = (start.max(self.lower.unwrap_or(start)), day);
        if next.0 > start {
            next.1 = calendar.day_of(next.0);
        }
        for more_days in 0..=more {
            let Some((stop, stop_day)) = calendar.first_from(end, next.0, next.1) else { return };
            if stop > self.upper {
                return;
            }
            let is_last = at + 1 == self.sessions.len();
            if self.stopped_on.is_none_or(|day| !is_last || day == stop_day) {
                let (start, stop) = (minute(start), minute(stop));
                found.push(Candidate { start, stop, start_day: day, stop_day, more_days });
            }
            next = (stop + 1, stop_day);
        }
    }

    /// `actual_min` never exceeds the true total by more than rounding. What it exceeds the clock's total by is whole days:
    /// the program was left open, active, over nights.
    fn proven_days(&self, calendar: &Calendar<'_>) -> i32 {
        let Some(mut missing) = self.counted else { return 0 };
        for (at, session) in self.sessions.iter().enumerate() {
            let Some(end) = session.end else { return 0 };
            let started = self.started.filter(|_| at == 0);
            let least = started.and_then(|started| {
                let from = started.max(self.lower.unwrap_or(started));
                Some(minute(calendar.first_from(end, from, calendar.day_of(from))?.0) - minute(started))
            });
            missing -= least.unwrap_or_else(|| length(session.start, end)) + 1;
        }
        if missing - 2 < MISSING { 0 } else { ((missing + DAY - 3) / DAY).min(PROVEN_DAYS) }
    }

    /// Leaves out what cannot be in the order of the sessions; whether something is left of each.
    fn keep_order(&self, all: &mut [Vec<Candidate>]) -> bool {
        let mut earliest = i32::MIN;
        for (at, candidates) in all.iter_mut().enumerate() {
            if at > 0 || self.started.is_none() {
                candidates.retain(|candidate| candidate.start >= earliest);
            }
            let Some(first) = candidates.iter().map(|candidate| candidate.stop).min() else { return false };
            earliest = first;
        }
        let mut latest = i32::MAX;
        for candidates in all.iter_mut().rev() {
            candidates.retain(|candidate| candidate.stop <= latest);
            let Some(last) = candidates.iter().map(|candidate| candidate.start).max() else { return false };
            latest = last;
        }
        true
    }

    /// The most that the days of a task can score whose first session was so many days before the planned day, or earlier.
    pub(super) fn further_back(&self, days: Day, habits: &Habits) -> Score {
        let Some(planned) = self.planned else { return 0 };
        let end = self.done.or(self.postponed_to.map(|day| day - 1));
        habits.after_planned(-days, self.postponed_to.is_some())
            + end.map_or(0, |end| habits.between(end - planned + days))
    }

    /// What a candidate of a session scores by itself, wherever the other tasks are.
    pub(super) fn own_score(&self, at: usize, candidate: &Candidate, proven: i32, habits: &Habits) -> Score {
        let mut score = more_days(candidate, proven, self.started.is_some() && at == 0);
        if at == 0 {
            if let Some(planned) = self.planned {
                score += habits.after_planned(candidate.start_day - planned, self.postponed_to.is_some());
            }
            if let Some(previous) = self.previous.filter(|_| self.started.is_none()) {
                score += habits.between(candidate.start_day - previous);
            }
        }
        if at + 1 == self.sessions.len() {
            if let Some(done) = self.done.filter(|_| self.stopped_on.is_none()) {
                score += habits.between(done - candidate.stop_day);
            }
            if let Some(day) = self.postponed_to {
                score += habits.between(day - 1 - candidate.stop_day);
            }
        }
        score
    }
}

/// Whole days that the clock does not show: rare, a little less so for what is long anyway, and nearly certain as far as
/// they are proven.
///
/// `was_open`: it is recorded as open, so the program was quit while it ran, and it ended after a launch.
fn more_days(candidate: &Candidate, proven: i32, was_open: bool) -> Score {
    match candidate.more_days {
        0 => 0,
        more if was_open && proven == 0 => nats(-200) - nats(100) * more,
        more if proven > 0 => nats(2000) * more.min(proven) - nats(600) * (more - proven).max(0),
        more if (candidate.stop - candidate.start) % DAY > LONG => nats(-300) - nats(100) * more,
        more => nats(-800) - nats(100) * more,
    }
}

/// Minutes from one minute of the clock to another.
fn length(start: Minute, end: Minute) -> i32 {
    (i32::from(end) - i32::from(start)).rem_euclid(DAY)
}

/// The minute that an instant lies in.
pub(super) fn minute(instant: i64) -> i32 {
    i32::try_from(instant.div_euclid(60)).unwrap_or(if instant < 0 { i32::MIN / 2 } else { i32::MAX / 2 })
}
