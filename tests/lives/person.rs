//! Who lives the life: when they get up, what they press, when they quit.

use chute_kun::task::TaskState;
use chute_toggl::zone::Zone;
use fastrand::Rng;

use super::program::{Moment, Program};
use super::{Saved, Stretch};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// How a life goes, as far as tests choose. Everything else comes from the seed.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// How many days it lasts.
    pub days: usize,
    /// Most quits a day.
    pub quits: usize,
    /// Least minutes between two actions, on average, in units of a normal day's (1 is normal, 4 is calm).
    pub calm: i64,
    /// The share of nights after which the person is in another zone.
    pub moves: f64,
    /// The share of stays outside the program in which a title is edited by hand.
    pub renames: f64,
    /// The share of stays outside the program in which a minute is edited by hand.
    pub edits: f64,
    /// The share of actions that are double-clicks.
    pub double_clicks: f64,
    /// The share of actions that delete a task.
    pub deletions: f64,
}

impl Habits {
    /// A life in which everything happens.
    pub fn of_days(days: usize) -> Habits {
        Habits {
            days,
            quits: 6,
            calm: 1,
            moves: 0.02,
            renames: 0.04,
            edits: 0.01,
            double_clicks: 0.01,
            deletions: 0.02,
        }
    }
}

/// Where people live: steady, whole-hour, half-hour and quarter-hour offsets, clocks changed by an hour and by half
/// an hour, at midnight, at two and at three.
const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Los_Angeles",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "America/Santiago",
    "UTC",
];

/// Titles that many tasks share.
const COMMON: [&str; 5] = ["New Task", "Interrupt", "Email", "New Task", "コードレビュー"];
const RARER: [&str; 8] =
    ["Standup", "Review", "Report", "Lunch", "Call \"Ann\"", "C:\\temp", "買い物", "Plan\tthe week"];

/// Lives a life and shows every file that is saved in it.
pub fn live(seed: u64, habits: Habits, show: impl FnMut(&Saved<'_>)) {
    let mut rng = Rng::with_seed(seed);
    let zone_name = ZONES[rng.usize(..ZONES.len())];
    let zone = Zone::named(zone_name).unwrap();
    let now = birth(&mut rng, &zone, habits.days);
    // Most work by day, some through the nights in which the clocks are changed.
    let rises = if rng.u8(..4) > 0 { rng.u16(6 * 60..10 * 60) } else { rng.u16(13 * 60..18 * 60) };
    let mut life = Life {
        rng,
        habits,
        zone,
        zone_name,
        now,
        rises,
        is_open: false,
        program: Program::default(),
        renamed: 0,
        show,
    };
    life.live();
}

/// A day to begin with, in the years 2023 to 2025; for nearly half of the people so that the clocks change soon, if
/// they do where they live.
fn birth(rng: &mut Rng, zone: &Zone, days: usize) -> i64 {
    let first = 1_672_531_200 + rng.i64(0..3 * 365) * DAY;
    let days = i64::try_from(days).unwrap();
    let change = (0..365)
        .map(|day| first + day * DAY)
        .find(|&at| zone.at(at).offset() != zone.at(at + DAY).offset())
        .filter(|_| rng.u8(..5) < 2);
    change.map_or(first, |change| change - rng.i64(1..=days.clamp(2, 20)) * DAY)
}

struct Life<F> {
    rng: Rng,
    habits: Habits,
    zone: Zone,
    zone_name: &'static str,
    /// Unix seconds.
    now: i64,
    /// The local minute at which the person gets up, about.
    rises: u16,
    is_open: bool,
    program: Program,
    renamed: u32,
    show: F,
}

impl<F: FnMut(&Saved<'_>)> Life<F> {
    fn live(&mut self) {
        for day in 1..=self.habits.days {
            self.night();
            if self.rng.u8(..8) == 0 && day < self.habits.days {
                continue;
            }
            let last = day == self.habits.days;
            self.day(last);
        }
    }

    /// Until the next morning.
    fn night(&mut self) {
        if !self.is_open && self.chance(self.habits.moves) {
            self.zone_name = ZONES[self.rng.usize(..ZONES.len())];
            self.zone = Zone::named(self.zone_name).unwrap();
        }
        let rises = (i64::from(self.rises) + self.rng.i64(-40..=40)).clamp(0, 1439);
        let asleep = self.now + 5 * HOUR;
        let morning = self.zone.first_at_or_after(u16::try_from(rises).unwrap(), asleep).unwrap();
        let morning = morning + self.rng.i64(0..60);
        if self.is_open && self.rng.bool() {
            // The computer sleeps as well: the program counts nothing until it wakes.
            self.now = morning - 1;
        }
        self.wait_until(morning);
    }

    fn day(&mut self, last: bool) {
        let bed = self.now + self.rng.i64(8 * HOUR..14 * HOUR);
        let quits = self.rng.usize(1..=self.habits.quits);
        let mut quits: Vec<i64> = (1..quits).map(|_| self.rng.i64(self.now..bed)).collect();
        quits.sort_unstable();
        if last || self.rng.u8(..6) > 0 {
            quits.push(bed);
        }
        self.launch();
        let mut quits = quits.into_iter().peekable();
        loop {
            let next = self.now + self.pause();
            match quits.peek().copied() {
                Some(quit) if quit <= next => {
                    quits.next();
                    self.wait_until(quit);
                    if last && quits.peek().is_none() {
                        return self.quit(true);
                    }
                    self.quit(false);
                    self.stay_outside();
                    if quits.peek().is_some() || self.now < bed {
                        self.launch();
                    }
                }
                None if next > bed => return,
                _ => {
                    self.wait_until(next);
                    self.act();
                }
            }
            if !self.is_open {
                return;
            }
        }
    }

    /// Seconds until the next action.
    fn pause(&mut self) -> i64 {
        let pause = match self.rng.u8(..20) {
            0..=2 => self.rng.i64(3..60),
            3..=9 => self.rng.i64(60..600),
            10..=17 => self.rng.i64(600..HOUR),
            _ => self.rng.i64(HOUR..3 * HOUR),
        };
        pause * self.habits.calm
    }

    fn launch(&mut self) {
        if !self.is_open {
            self.is_open = true;
            self.program.launch(Moment { now: self.now, zone: &self.zone });
        }
    }

    fn quit(&mut self, last: bool) {
        self.is_open = false;
        self.save(false, last);
    }

    fn save(&mut self, by_hand: bool, last: bool) {
        let saved =
            Saved { at: self.now, zone: &self.zone, zone_name: self.zone_name, by_hand, last, program: &self.program };
        (self.show)(&saved);
    }

    /// A while without the program, in which its file can be edited.
    fn stay_outside(&mut self) {
        let edited = (self.chance(self.habits.renames) && self.rename())
            | (self.chance(self.habits.edits) && self.edit_minute());
        let away = match self.rng.u8(..4) {
            0 => self.rng.i64(1..60),
            1 => self.rng.i64(60..900),
            _ => self.rng.i64(300..2 * HOUR),
        };
        self.now += self.rng.i64(1..=away);
        if edited {
            self.save(true, false);
            self.now += self.rng.i64(1..=away);
        }
    }

    fn wait_until(&mut self, until: i64) {
        while self.now < until {
            // A running program looks at the date every second: stop at the next midnight, if there is one before.
            let midnight = self.zone.first_at_or_after(0, self.now + 1).unwrap_or(until);
            let next = until.min(midnight);
            if self.is_open {
                self.program.tick(next - self.now, Moment { now: next, zone: &self.zone });
            }
            self.now = next;
        }
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.f64() < share
    }

    fn act(&mut self) {
        let at = Moment { now: self.now, zone: &self.zone };
        let program = &mut self.program;
        let tasks = program.day.tasks.len();
        let eligible = |program: &Program| {
            let states = program.day.tasks.iter().enumerate();
            let open = states.filter(|(_, task)| matches!(task.state, TaskState::Planned | TaskState::Paused));
            open.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let open = eligible(program);
        if self.rng.f64() < self.habits.double_clicks && tasks > 0 {
            return program.double_click(self.rng.usize(..tasks));
        }
        if self.rng.f64() < self.habits.deletions && tasks > 0 {
            return program.delete(self.rng.usize(..tasks));
        }
        let selected = match program.day.active_index().filter(|_| self.rng.u8(..3) > 0) {
            Some(active) => active,
            None if tasks == 0 => 0,
            None => self.rng.usize(..tasks),
        };
        let startable = self.rng.choice(&open).copied().unwrap_or(selected);
        match self.rng.u8(..100) {
            _ if open.len() < 2 => self.add(),
            0..=27 => program.enter(startable, at),
            28..=54 => program.start(startable, at),
            55..=74 => program.finish(selected, at),
            75..=83 => self.add(),
            84..=86 => program.postpone(selected, at),
            87..=90 if !program.future.is_empty() => {
                program.bring_to_today(self.rng.usize(..program.future.len()), at);
            }
            91..=93 => _ = program.day.reorder_up(selected),
            94..=96 => _ = program.day.reorder_down(selected),
            97 if tasks > 0 => _ = program.day.move_index(selected, self.rng.usize(..=tasks)),
            98 if tasks > 0 => {
                let later = chute_kun::date::add_days_to_ymd(at.ymd(), self.rng.i32(0..4));
                program.day.tasks[selected].planned_ymd = later;
            }
            _ => {}
        }
    }

    fn add(&mut self) {
        let title = self.title();
        let at = Moment { now: self.now, zone: &self.zone };
        let later = if self.rng.u8(..10) == 0 { self.rng.i32(1..4) } else { 0 };
        let planned = chute_kun::date::add_days_to_ymd(at.ymd(), later);
        let index = self.program.add(title, planned, at);
        if later == 0 && self.rng.bool() {
            self.program.start(index, at);
        }
    }

    fn title(&mut self) -> &'static str {
        if self.rng.u8(..5) < 3 { COMMON[self.rng.usize(..COMMON.len())] } else { RARER[self.rng.usize(..RARER.len())] }
    }

    /// A task in the file, one of the later ones more likely.
    fn some_task(&mut self) -> usize {
        let (today, all) = (self.program.day.tasks.len(), self.program.tasks().count());
        if self.rng.bool() { self.rng.usize(..today.max(1)) } else { self.rng.usize(..all.max(1)) }
    }

    fn rename(&mut self) -> bool {
        let at = self.some_task();
        let title = match self.rng.bool() {
            true => self.title().to_owned(),
            false => {
                self.renamed += 1;
                format!("Renamed {}", self.renamed)
            }
        };
        let Some((task, _)) = self.program.by_hand(at) else { return false };
        task.title = title;
        true
    }

    /// Moves a start or an end by some minutes, within its day and the order.
    fn edit_minute(&mut self) -> bool {
        let at = self.some_task();
        let now = self.now;
        let delta = self.rng.i64(-30..=30);
        let moves_end = self.rng.bool();
        let chosen = self.rng.usize(..);
        let Some((task, truth)) = self.program.by_hand(at) else { return false };
        let closed = truth.iter().filter(|session| session.stop.is_some()).count();
        if closed == 0 || delta == 0 {
            return false;
        }
        let chosen = chosen % closed;
        let lower = chosen.checked_sub(1).and_then(|before| truth[before].stop).unwrap_or(i64::MIN);
        let upper = truth.get(chosen + 1).map_or(now, |after| after.start);
        let Stretch { uid, start, stop } = truth[chosen];
        let stop = stop.unwrap();
        let session = &mut task.sessions[chosen];
        let minute = if moves_end { session.end_min.unwrap() } else { session.start_min };
        let edited = i64::from(minute) + delta;
        let (start, stop) = if moves_end { (start, stop + delta * 60) } else { (start + delta * 60, stop) };
        let is_in_order = lower <= start && start <= stop && stop <= upper;
        let Some(edited) = u16::try_from(edited).ok().filter(|&edited| edited < 1440 && is_in_order) else {
            return false;
        };
        // An edit across a change of the clocks has no one meaning.
        let instant = if moves_end { stop } else { start };
        if self.zone.minute(instant) != edited {
            return false;
        }
        match moves_end {
            true => session.end_min = Some(edited),
            false => session.start_min = edited,
        }
        truth[chosen] = Stretch { uid, start, stop: Some(stop) };
        true
    }
}
