//! From minutes to instants: which day, and which of two equal hours, a session's minutes mean.
//!
//! The snapshot has wall-clock minutes without dates. What dates them is order (sessions of a task are appended), the
//! save instant of the file, the save instant of the last file taken in, the date of a finish, and as evidence the
//! minutes that the program counted (`actual_min`). The rules, in order of trust:
//!
//! 1. What is recorded stays, as long as its minute is unchanged.
//! 2. What was not in the last snapshot lies after it (counted by its minute), and never after this one.
//! 3. A Done task ends at `finished_at_min` on `done_ymd` at the latest; if its last session ends in that minute, then.
//! 4. Otherwise the latest day on which the clock showed the minute, going backwards: from before the planned day for a
//!    task in future, since nothing is worked on after it was postponed; for another task that is not done, on the
//!    first push ever, the planned day if everything fits on it.
//! 5. Of two equal hours, the reading whose total is nearest to `actual_min`; if none is nearer, the earlier.
//!
//! These rules date each task by itself, and they bound all else. Where they leave several days, [`date_together`] dates all
//! tasks on one timeline, for one person did all of it, one task at a time:
//!
//! | evidence | weight, and why | where |
//! |---|---|---|
//! | the gaps that a session leaves on both sides, against the one that it fills | learnt from the file: most begin where another ended, so this alone dates most. An hour's hole wants a session of fifty minutes, and an empty Sunday costs a night | `habits` |
//! | an overlap | much, and learnt: two programs and edits by hand make some, wrong days make many | `habits` |
//! | days from the planned day | little after it (the task waited), more before it (it was postponed, brought back and so planned anew); nothing the day before for what was postponed | `habits` |
//! | days between sessions of a task | learnt: what goes on goes on soon | `habits` |
//! | whole days within a session | much, unless the counted minutes prove them | `candidates` |
//! | a start soon after the last snapshot | some: mostly the last quit of a day is pushed, so it is no continuation | `habits` |
//! | the first day of the file | a bound: before it the program was not used | `together` |
//!
//! A session is marked when other days together are more than a hundredth as likely, when it overlaps another or stands
//! beside such two, and when too few sessions of the file hold the rest to the calendar (`marks`). How much of it is wrong
//! is measured by `tests/suite/which_day_test.rs`.

mod calendar;
mod candidates;
mod habits;
mod marks;
mod paths;
mod regroup;
mod score;
mod search;
mod timeline;
mod together;

use time::Date;

pub use together::{Surroundings, TaskEvents, date_together};

use crate::zone::{Minute, Zone};

/// A time of a session, before its instant is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What the clock showed.
    pub minute: Minute,
    /// What is known of its instant.
    pub clue: Clue,
}

/// What is known of an event's instant, in unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// It is recorded: this instant.
    Recorded(i64),
    /// It was recorded, and its minute was changed by hand: near this instant.
    Near(i64),
    /// It was not in the last snapshot taken in.
    New,
}

/// What is known of a task's sessions as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Save instant of the last snapshot taken in: new events lie after it. `None` on the first push.
    pub taken: Option<i64>,
    /// Save instant of this snapshot: nothing lies after it.
    pub saved: i64,
    /// `finished_at_min` and `done_ymd` of a Done task.
    pub finish: Option<(Minute, Date)>,
    /// `planned_ymd`, if it is a day.
    pub planned: Option<Date>,
    /// The task stands in future, so `planned` is the day after it was postponed.
    pub postponed: bool,
    /// Minutes that the program counted.
    pub actual_min: i64,
    /// Another zone was in force when the last snapshot was taken in, so many seconds east of UTC: new events may have
    /// been written in either.
    pub moved_from: Option<i64>,
}

/// The instant that an event was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// Unix seconds.
    pub instant: i64,
    /// More than one day was possible, or nothing told which of two equal hours, or which of two zones.
    pub inferred: bool,
    /// The likeliest other day, where one is known.
    pub other_day: Option<Date>,
}

impl Dated {
    fn new(instant: i64, inferred: bool) -> Dated {
        Dated { instant, inferred, other_day: None }
    }
}

/// Two readings this far apart (seconds) lie on different days; nearer ones are two hours of one day.
const APART: i64 = 12 * 3600;
const DAY: i64 = 24 * 3600;

/// Gives every event of a task its instant. Events alternate start, end, start, …; the last may be a start.
#[must_use]
pub fn date(zone: &Zone, events: &[Event], frame: &Frame) -> Vec<Dated> {
    let mut dated: Vec<Option<Dated>> = events
        .iter()
        .map(|event| match event.clue {
            Clue::Recorded(instant) => Some(Dated::new(instant, false)),
            Clue::Near(_) | Clue::New => None,
        })
        .collect();
    for at in 0..events.len() {
        if let (Clue::Near(was), None) = (events[at].clue, dated[at]) {
            let upper = dated[at..].iter().flatten().next().map_or(frame.saved, |after| after.instant);
            let lower = dated[..at].iter().rev().flatten().next().map(|before| before.instant);
            let lower = lower.filter(|&lower| binds(at, lower, Some(upper))).unwrap_or(i64::MIN);
            dated[at] = nearest(zone, events[at].minute, was, lower, upper.min(frame.saved))
                .map(|instant| Dated::new(instant, false));
        }
    }
    let mut at = 0;
    while at < events.len() {
        if dated[at].is_some() {
            at += 1;
            continue;
        }
        let end = (at..events.len()).find(|&i| dated[i].is_some()).unwrap_or(events.len());
        let previous = at.checked_sub(1).and_then(|i| dated[i]).map(|before| before.instant);
        let following = dated.get(end).copied().flatten().map(|after| after.instant);
        let previous = previous.filter(|&previous| binds(at, previous, following));
        let signed = |i: usize, instant: i64| if i.is_multiple_of(2) { -instant } else { instant };
        let known: i64 =
            dated.iter().enumerate().filter_map(|(i, known)| known.map(|known| signed(i, known.instant))).sum();
        let open = if events.len().is_multiple_of(2) { 0 } else { frame.saved };
        let run = Run { zone, events: &events[at..end], frame, previous, following, first: at, others: known + open };
        for (slot, value) in dated[at..end].iter_mut().zip(run.date()) {
            *slot = Some(value);
        }
        at = end;
    }
    let mut dated: Vec<Dated> = dated.into_iter().flatten().collect();
    stretch(zone, events, frame, &mut dated);
    if frame.moved_from.is_some() {
        for (dated, event) in dated.iter_mut().zip(events) {
            dated.inferred |= event.clue == Clue::New;
        }
    }
    dated
}

/// Whether the event at this place lies after `previous`, which is on record before it. Taken over from Toggl, the
/// sessions of a task can be out of order: then a start only has to lie before its own stop.
fn binds(at: usize, previous: i64, following: Option<i64>) -> bool {
    !at.is_multiple_of(2) || following.is_none_or(|following| previous <= following)
}

/// The reading of a minute that lies nearest to `was`, between the bounds.
fn nearest(zone: &Zone, minute: Minute, was: i64, lower: i64, upper: i64) -> Option<i64> {
    [zone.last_at_or_before(minute, was), zone.first_at_or_after(minute, was)]
        .into_iter()
        .flatten()
        .filter(|instant| (lower..=upper).contains(instant))
        .min_by_key(|instant| (instant - was).abs())
}

/// A run of events without instants, between two that have theirs.
struct Run<'a> {
    zone: &'a Zone,
    events: &'a [Event],
    frame: &'a Frame,
    /// The instant of the event before the run.
    previous: Option<i64>,
    /// The instant of the event after the run.
    following: Option<i64>,
    /// The place of the run's first event among the task's events: even for a start.
    first: usize,
    /// Signed sum of the instants outside the run; see [`Run::sign`].
    others: i64,
}

impl<'a> Run<'a> {
    /// The events after those that are `known`.
    fn ending(zone: &'a Zone, events: &'a [Event], frame: &'a Frame, known: &[Dated]) -> Run<'a> {
        let first = known.len();
        let signed = |(i, known): (usize, &Dated)| if i.is_multiple_of(2) { -known.instant } else { known.instant };
        let open = if events.len().is_multiple_of(2) { 0 } else { frame.saved };
        let others = known.iter().enumerate().map(signed).sum::<i64>() + open;
        let previous = known.last().map(|last| last.instant);
        Run { zone, events: &events[first..], frame, previous, following: None, first, others }
    }

    fn date(&self) -> Vec<Dated> {
        // A session can start in the very minute of a save: the save counts by its minute.
        let taken = self.frame.taken.map(|instant| instant - instant.rem_euclid(60));
        let finish = self.finish();
        let upper = self.following.or(finish).unwrap_or(self.frame.saved).min(self.frame.saved);
        let after = self.previous.max(taken);
        // Where nothing fits, the task was postponed in another zone, or its day edited by hand.
        let upper = self.postponed().filter(|&at| self.backwards(after, at, true).is_some()).unwrap_or(upper);
        if self.frame.taken.is_none()
            && let Some(dated) = self.on_planned_day(upper)
        {
            return dated;
        }
        if let Some(offset) = self.frame.moved_from
            && self.backwards(after, upper, true).is_none()
            && let Some(instants) = self.backwards_elsewhere(after, offset)
        {
            return instants.into_iter().map(|instant| Dated::new(instant, true)).collect();
        }
        // If nothing fits, what is believed is given up step by step, the weakest first; never the save instant.
        // A finish in the window shows that the task is no older, so then it is the finish that does not agree.
        let finished_since = finish.is_some_and(|finish| after.is_none_or(|after| finish >= after));
        // Nothing is believed to be earlier than what is on record before it: Toggl takes no stop before a start.
        let attempts = [
            (after, upper, false),
            (after, upper, true),
            (after, if finished_since { self.frame.saved } else { upper }, false),
            (self.previous, upper, false),
            (self.previous, upper, true),
            (self.previous, self.frame.saved, false),
        ];
        for (given_up, (lower, upper, gaps)) in attempts.into_iter().enumerate() {
            if let Some(latest) = self.backwards(lower, upper, gaps) {
                let mut dated = self.settle_hours(&latest, lower, self.doubts(lower, upper));
                if given_up > 1 && (self.frame.taken.is_some() || given_up > 4) {
                    dated.iter_mut().for_each(|event| event.inferred = true);
                }
                return dated;
            }
        }
        // Such minutes cannot be: edited by hand, or in a zone of which nothing is known. The ends are all there is.
        let instant = self.previous.map_or(upper, |previous| upper.max(previous));
        self.events.iter().map(|_| Dated::new(instant, true)).collect()
    }

    /// The latest instant of the finish that does not lie after the snapshot, for the run that ends the task.
    fn finish(&self) -> Option<i64> {
        let (minute, day) = self.frame.finish.filter(|_| self.following.is_none())?;
        let readings = self.zone.readings(day, minute);
        let gap = readings.is_empty().then(|| self.zone.gap_end(day, minute)).flatten();
        readings.iter().chain(gap).filter(|&instant| instant <= self.frame.saved).max()
    }

    /// The last instant before the day to which the task was postponed, if that was before the snapshot.
    fn postponed(&self) -> Option<i64> {
        let day = self.frame.planned.filter(|_| self.frame.postponed)?;
        self.begin_of(day).map(|begin| begin - 1).filter(|&at| at < self.following.unwrap_or(self.frame.saved))
    }

    /// The first instant of a local day.
    fn begin_of(&self, day: Date) -> Option<i64> {
        (0..1440).find_map(|minute| self.zone.readings(day, minute).first())
    }

    /// The latest instants in order, each at or before the next and none before `lower`.
    fn backwards(&self, lower: Option<i64>, upper: i64, gaps: bool) -> Option<Vec<i64>> {
        let mut instants = vec![0; self.events.len()];
        let mut bound = upper;
        for (slot, event) in instants.iter_mut().zip(self.events).rev() {
            let mut latest = self.zone.last_at_or_before(event.minute, bound);
            if gaps {
                // A minute inside a gap (only possible by hand) means the end of the gap.
                let in_gap = self.zone.gap_end(self.zone.date(bound), event.minute).filter(|&end| end <= bound);
                latest = latest.max(in_gap);
            }
            bound = latest.filter(|&instant| lower.is_none_or(|lower| instant >= lower))?;
            *slot = bound;
        }
        Some(instants)
    }

    /// The same on a clock that stood so many seconds east of UTC.
    fn backwards_elsewhere(&self, lower: Option<i64>, offset: i64) -> Option<Vec<i64>> {
        let mut instants = vec![0; self.events.len()];
        let mut bound = self.following.unwrap_or(self.frame.saved).min(self.frame.saved);
        for (slot, event) in instants.iter_mut().zip(self.events).rev() {
            bound -= (bound + offset - i64::from(event.minute) * 60).rem_euclid(DAY);
            *slot = bound;
        }
        lower.is_none_or(|lower| bound >= lower).then_some(instants)
    }

    /// All events on the planned day, in order, if that day can hold them.
    fn on_planned_day(&self, upper: i64) -> Option<Vec<Dated>> {
        let is_free = self.frame.finish.is_none() && self.previous.is_none() && !self.frame.postponed;
        let day = self.frame.planned.filter(|_| is_free)?;
        let mut latest = vec![0; self.events.len()];
        let mut bound = upper;
        for (slot, event) in latest.iter_mut().zip(self.events).rev() {
            bound = self.zone.readings(day, event.minute).iter().filter(|&instant| instant <= bound).max()?;
            *slot = bound;
        }
        Some(self.settle_hours(&latest, None, self.doubts(None, upper)))
    }

    /// Rule 5, and the marks: `latest` are the latest readings; the earliest ones on the same days may be an hour
    /// earlier. All readings that keep the order take the earlier hour up to some event and the later from there.
    fn settle_hours(&self, latest: &[i64], lower: Option<i64>, mut doubt: Vec<bool>) -> Vec<Dated> {
        let mut chosen = latest.to_vec();
        let mut bound = lower.unwrap_or(i64::MIN);
        let earliest: Vec<i64> = (latest.iter().zip(self.events))
            .map(|(&instant, event)| {
                let same_day = self.zone.readings(self.zone.date(instant), event.minute);
                bound = same_day.iter().find(|&reading| reading >= bound).map_or(instant, |first| first.min(instant));
                bound
            })
            .collect();
        let mut at = 0;
        while at < latest.len() {
            if earliest[at] == latest[at] {
                at += 1;
                continue;
            }
            let day = self.zone.date(latest[at]);
            let end = (at..latest.len())
                .find(|&i| earliest[i] == latest[i] || self.zone.date(latest[i]) != day)
                .unwrap_or(latest.len());
            let (switch, sure) = self.switch(&chosen, &earliest, at, end);
            chosen[at..switch].copy_from_slice(&earliest[at..switch]);
            doubt[at..end].iter_mut().for_each(|doubt| *doubt |= !sure);
            at = end;
        }
        chosen.iter().zip(doubt).map(|(&instant, inferred)| Dated::new(instant, inferred)).collect()
    }

    /// Where in `at..end` to change from the earlier hour to the later, and whether `actual_min` tells.
    fn switch(&self, chosen: &[i64], earliest: &[i64], at: usize, end: usize) -> (usize, bool) {
        let counted = self.frame.actual_min * 60;
        let mut total = self.total(chosen);
        let mut misses = vec![(total - counted).abs()];
        for i in at..end {
            // An earlier start makes the total longer, an earlier end shorter.
            total -= self.sign(i) * (chosen[i] - earliest[i]);
            misses.push((total - counted).abs());
        }
        let least = misses.iter().copied().min().unwrap_or(0);
        let nearest = misses.iter().rposition(|&miss| miss == least).unwrap_or(0);
        let alone = misses.iter().filter(|&&miss| miss == least).count() == 1;
        (at + nearest, alone && least <= slack(self.first + self.events.len()))
    }

    /// -1 for a start, +1 for an end: the sum of signed instants is the time worked.
    fn sign(&self, i: usize) -> i64 {
        if (self.first + i).is_multiple_of(2) { -1 } else { 1 }
    }

    /// Seconds worked in the whole task if the run's events are at these instants; an open session counts up to the
    /// snapshot.
    fn total(&self, instants: &[i64]) -> i64 {
        let run: i64 = instants.iter().enumerate().map(|(i, instant)| self.sign(i) * instant).sum();
        self.others + run
    }

    /// Whether more than one day was possible, event by event, as far as there is an end to count from: the last
    /// snapshot, or else the day for which the task was planned, or else the day before the end.
    fn doubts(&self, lower: Option<i64>, upper: i64) -> Vec<bool> {
        let Some(latest) = self.backwards(lower, upper, true) else { return vec![true; self.events.len()] };
        if self.frame.postponed && lower.is_none() {
            // The day on which it was planned at first is lost.
            return vec![true; self.events.len()];
        }
        let planned = self.frame.planned.and_then(|day| self.begin_of(day)).filter(|&begins| begins <= upper);
        let ends_at_finish = self.following.is_none()
            && self.frame.finish.zip(self.events.last()).is_some_and(|((minute, _), last)| last.minute == minute);
        let mut bound = lower.or(planned).unwrap_or(upper - DAY + 60);
        let mut doubt: Vec<bool> = (latest.iter().zip(self.events))
            .map(|(&latest, event)| {
                if latest < bound {
                    return true;
                }
                let first = self.zone.first_at_or_after(event.minute, bound).unwrap_or(latest);
                bound = first;
                latest - first >= APART
            })
            .collect();
        if ends_at_finish && let Some(last) = doubt.last_mut() {
            *last = false;
        }
        if lower.is_none() {
            // On the first push a session is taken to start within the day before its end: else nearly every task that
            // was planned ahead would be in doubt.
            for i in 1..doubt.len() {
                if self.sign(i) == 1 {
                    doubt[i - 1] = doubt[i];
                }
            }
        }
        doubt
    }
}

/// Seconds by which the counted minutes can miss the sum of whole-minute sessions, for that many events.
fn slack(events: usize) -> i64 {
    60 * (2 + i64::try_from(events / 2).unwrap_or(i64::MAX / 120))
}

/// `actual_min` never exceeds the true total by more than rounding. Where the instants found hold less than it, whole
/// days are missing: the program was left open, active, over nights. They are given to the last session that can take
/// them. This settles what the minutes alone cannot (09:00 to 09:30 that were two days and a half hour).
fn stretch(zone: &Zone, events: &[Event], frame: &Frame, dated: &mut [Dated]) {
    let total: i64 = dated.chunks_exact(2).map(|session| session[1].instant - session[0].instant).sum();
    let missing = frame.actual_min * 60 - total - slack(events.len());
    // Less can come from minutes counted without a session (a task made active with the mouse).
    if missing < APART || !events.len().is_multiple_of(2) {
        return;
    }
    let Some(last) = events.len().checked_sub(2) else { return };
    let days = (missing + DAY - 1) / DAY;
    let shifted = |instant: i64, minute: Minute, days: i64| {
        let day = zone.date(instant).checked_add(time::Duration::days(days))?;
        zone.readings(day, minute).iter().next()
    };
    let is_new = |i: usize| events[i].clue == Clue::New;
    // A stop that was placed on the planned day may lie later, up to the day of the finish; otherwise the start, and all
    // before it, earlier.
    let is_possible =
        |stop: i64| stop <= frame.saved && frame.finish.is_none_or(|(_, finished)| zone.date(stop) <= finished);
    if is_new(last + 1) {
        let later = shifted(dated[last + 1].instant, events[last + 1].minute, days);
        if let Some(later) = later.filter(|&later| is_possible(later)) {
            dated[last + 1].instant = later;
            dated[last..].iter_mut().for_each(|event| event.inferred = true);
            return;
        }
    }
    let first_new = (0..=last).rev().take_while(|&i| is_new(i)).last();
    let Some(first_new) = first_new else { return };
    let lower = first_new.checked_sub(1).map(|i| dated[i].instant).max(frame.taken).unwrap_or(i64::MIN);
    let earlier: Option<Vec<i64>> =
        (first_new..=last).map(|i| shifted(dated[i].instant, events[i].minute, -days)).collect();
    if let Some(earlier) = earlier.filter(|earlier| earlier.first().is_some_and(|&first| first >= lower)) {
        for (event, instant) in dated[first_new..].iter_mut().zip(earlier) {
            event.instant = instant;
        }
        dated[first_new..].iter_mut().for_each(|event| event.inferred = true);
    }
}
