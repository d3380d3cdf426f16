//! What a person's days look like, as scores: how long nothing runs between two sessions, and how tasks go from day to
//! day. It begins with tables that suit many people and is then learnt from the days as they stand, so no one's habit
//! is built in.

use super::score::{Score, nats, ratio};

/// From so many minutes on a gap is a night.
pub(super) const NIGHT: i32 = 360;
/// From so many minutes on it is more than a night: a day without work.
const LONG: i32 = 1800;

/// Classes of the gap between two sessions: the minutes from which each begins. A minute within a class is as likely as
/// any other: people start the next task at once, after a few minutes or after lunch, and it is the order of
/// magnitude that tells, not the minute.
const CLASSES: [i32; 12] = [0, 1, 2, 3, 6, 11, 21, 41, 61, 121, 241, NIGHT];
/// Per minute, before anything is learnt. Working by a list of tasks, most begin in the very minute in which another
/// ended; this alone dates most sessions.
const GAPS: [Score; 11] = [
    nats(-100),
    nats(-200),
    nats(-270),
    nats(-330),
    nats(-380),
    nats(-420),
    nats(-520),
    nats(-600),
    nats(-720),
    nats(-850),
    nats(-1000),
];
/// The same as shares of the gaps, out of 1024 times [`GAPS_WEIGHT`]: as if so many gaps had been seen before.
const GAP_SHARES: [u64; 11] = [6040, 2222, 1103, 1817, 1836, 2462, 1811, 814, 735, 401, 89];
const GAPS_WEIGHT: u64 = 20;
/// A night, and a day without work: a little less likely than the rarest pause, since every day has one and no more.
const NIGHT_SCORE: Score = nats(-900);
const LONG_SCORE: Score = nats(-1000);
/// Fewer gaps than this teach nothing.
const ENOUGH_GAPS: u64 = 50;

/// Two at once: one person did all, so it is a second program or an edit by hand. A first price that lets tasks pass each
/// other while they are placed; then what it costs is learnt, between these two.
const OVERLAP: Score = nats(-900);
const OVERLAP_RANGE: (Score, Score) = (nats(-1200), nats(-700));
/// A learnt share of overlaps holds those that only wrong days make: they are so much rarer.
const OVERLAP_CORRECTION: Score = nats(-450);

/// From one session of a task to the next, by days: 0, 1, 2, 3, 4. A task that goes on goes on soon. The shares are those
/// of 30 tasks, out of 1024 for each.
const BETWEEN: [Score; 5] = [nats(0), nats(-180), nats(-330), nats(-350), nats(-450)];
const BETWEEN_SHARES: [u64; 5] = [24705, 4084, 911, 746, 274];
/// The first session so many days after the planned day, which is the day on which the task was made, mostly.
const AFTER: [Score; 4] = [nats(-275), nats(-300), nats(-325), nats(-350)];
const AFTER_SHARES: [u64; 5] = [25975, 1661, 1293, 1007, 784];
/// Before it: it was postponed and brought back, which plans it anew.
const BEFORE: Score = nats(-450);
const BEFORE_SHARE: u64 = 1075;

/// The scores of one person.
#[derive(Debug, Clone)]
pub(super) struct Habits {
    /// Of a gap, by minutes.
    gaps: [Score; NIGHT as usize],
    overlap: Score,
    between: [Score; 5],
    after: [Score; 4],
    before: Score,
}

/// What was counted of one person's days.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    gaps: [u64; 11],
    /// Neighbours on the timeline, and how many of them overlap.
    neighbours: u64,
    overlaps: u64,
    between: [u64; 5],
    /// On the planned day, and so many days after it; more count as 5.
    after: [u64; 6],
    before: u64,
}

impl Habits {
    /// Before anything is learnt.
    pub(super) fn common() -> Habits {
        let gaps = std::array::from_fn(|minute| GAPS[class(i32::try_from(minute).unwrap_or(NIGHT))]);
        Habits { gaps, overlap: OVERLAP, between: BETWEEN, after: AFTER, before: BEFORE }
    }

    /// Drawn from the common ones towards what was counted.
    pub(super) fn learnt(counts: &Counts) -> Habits {
        let mut habits = Habits::common();
        let all: u64 = counts.gaps.iter().sum();
        if all < ENOUGH_GAPS {
            return habits;
        }
        let of_class: [Score; 11] = std::array::from_fn(|class| {
            let width = u64::try_from(CLASSES[class + 1] - CLASSES[class]).unwrap_or(1);
            ratio(counts.gaps[class] * 1024 + GAP_SHARES[class], (all + GAPS_WEIGHT) * 1024 * width)
        });
        habits.gaps = std::array::from_fn(|minute| of_class[class(i32::try_from(minute).unwrap_or(NIGHT))]);
        let seen = counts.overlaps * 500 + counts.neighbours;
        let share = ratio(seen.max(1), (counts.neighbours * 500).max(1));
        habits.overlap = (share + OVERLAP_CORRECTION).clamp(OVERLAP_RANGE.0, OVERLAP_RANGE.1);
        let seen = |count: u64, share: u64| count * 1024 + share;
        let whole = seen(counts.between[0], BETWEEN_SHARES[0]);
        habits.between = std::array::from_fn(|days| ratio(seen(counts.between[days], BETWEEN_SHARES[days]), whole));
        let whole = seen(counts.after[0], AFTER_SHARES[0]);
        habits.after = std::array::from_fn(|day| ratio(seen(counts.after[day + 1], AFTER_SHARES[day + 1]), whole));
        // It spreads over many days.
        habits.before = ratio(seen(counts.before, BEFORE_SHARE), whole) + nats(-120);
        habits
    }

    /// Of a gap of so many minutes between the end of one session and the start of the next; negative if they overlap.
    pub(super) fn gap(&self, minutes: i32) -> Score {
        match usize::try_from(minutes) {
            Ok(at) if at < self.gaps.len() => self.gaps[at],
            Ok(_) if minutes < LONG => NIGHT_SCORE,
            Ok(_) => LONG_SCORE,
            // A long overlap is hardly less likely than a short one: it is the same second program.
            Err(_) => self.overlap + (minutes * 16 / 20).max(nats(-300)),
        }
    }

    /// The most that a session of so many minutes can score beside others: it just fills the hole between them, or goes on
    /// where a night begins.
    pub(super) fn best_fit(&self, minutes: i32) -> Score {
        let at_once = self.gaps.iter().copied().max().unwrap_or(0);
        at_once.max(2 * at_once - self.gap(minutes))
    }

    /// What it costs at least to put the first sessions of a task before the day for which it was planned, and the last
    /// on it.
    pub(super) fn earlier(&self) -> Score {
        (1..=40).map(|days| self.after_planned(-days, false) + self.between(days)).max().unwrap_or(0)
    }

    /// What is taken off for a start so many minutes after the last snapshot. Mostly the last quit of a day is pushed, so
    /// a start soon after it does not go on from what was before: a night lies between, and not this one.
    pub(super) fn soon_after_the_last_snapshot(&self, minutes: i32) -> Score {
        if (0..NIGHT).contains(&minutes) { nats(300) + (self.gap(minutes) - NIGHT_SCORE).max(0) } else { 0 }
    }

    /// From one session of a task to its next, so many days later.
    pub(super) fn between(&self, days: i32) -> Score {
        match usize::try_from(days) {
            Err(_) => 0,
            Ok(days) if days < 5 => self.between[days],
            Ok(_) => self.between[4] - nats(50) - days.min(60) * 4 / 5,
        }
    }

    /// Of the first session so many days after the planned day.
    pub(super) fn after_planned(&self, days: i32, postponed: bool) -> Score {
        match days {
            0 => 0,
            1..=4 => self.after[usize::try_from(days).unwrap_or(1) - 1],
            5.. => self.after[3] - (days - 4).min(16) * nats(25),
            // It is planned for the day after the one on which it was postponed.
            -1 if postponed => 0,
            _ if postponed => nats(-50) - (-days).min(30) * 8 / 5,
            _ => self.before - (-days).min(40) * 8 / 5,
        }
    }
}

impl Counts {
    /// Counts what lies between two neighbours on the timeline.
    pub(super) fn gap(&mut self, minutes: i32) {
        self.neighbours += 1;
        if minutes < 0 {
            self.overlaps += 1;
        } else if minutes < NIGHT {
            self.gaps[class(minutes)] += 1;
        }
    }

    /// Counts from one session of a task to its next.
    pub(super) fn between(&mut self, days: i32) {
        self.between[usize::try_from(days).unwrap_or(0).min(4)] += 1;
    }

    /// Counts a first session so many days after the planned day.
    pub(super) fn after_planned(&mut self, days: i32) {
        match usize::try_from(days) {
            Ok(days) => self.after[days.min(5)] += 1,
            Err(_) => self.before += 1,
        }
    }
}

fn class(minutes: i32) -> usize {
    CLASSES.iter().rposition(|&begin| begin <= minutes).unwrap_or(0).min(GAPS.len() - 1)
}
