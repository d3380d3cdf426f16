//! People of several habits, to find out how often a session goes on a wrong day.
//!
//! Most work by TaskChute: tasks are made in the morning and done one after the other, some are interrupted, some go on for
//! days, some are postponed. What differs is in [`Style`].

use chute_kun::task::TaskState;
use chute_toggl::zone::Zone;
use fastrand::Rng;

use super::program::{Moment, Program};
use super::{Saved, Stretch};

const MINUTE: i64 = 60;

/// How somebody works.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub name: &'static str,
    /// What lies between two tasks, in minutes: one of these.
    idles: &'static [i64],
    /// The hours in which the day begins, and how many it lasts.
    begins: &'static [u16],
    hours: &'static [i64],
    /// Anything at any time, instead of one task after the other.
    is_wild: bool,
    /// What is done is only paused, and finished together in the evening.
    finishes_late: bool,
    /// The share of sessions that are moved by hand, up to 20 minutes, after they ended.
    moved: f64,
    /// The share of sessions beside which a second program records another.
    beside: f64,
    /// The share of nights after which the person is in another zone.
    moves: f64,
    /// Where the life begins, and when (unix seconds).
    zone: &'static str,
    born: i64,
}

/// Monday, 2026-05-04, in UTC.
const MAY: i64 = 1_777_852_800;
/// Monday, 2026-10-05: the clocks are turned back on the 25th.
const OCTOBER: i64 = 1_791_158_400;

/// Works by the list.
pub const WORK: Style = Style {
    name: "work",
    idles: &[0, 0, 0, 1, 1, 2, 3, 5, 10, 20],
    begins: &[8, 9, 9, 10],
    hours: &[8, 9, 10],
    is_wild: false,
    finishes_late: false,
    moved: 0.0,
    beside: 0.0,
    moves: 0.0,
    zone: "Asia/Tokyo",
    born: MAY,
};
/// Pauses between all tasks.
pub const GAPS: Style = Style { name: "gaps", idles: &[2, 3, 4, 6, 7, 8, 9, 10, 12, 15, 18, 22, 25, 30, 40], ..WORK };
/// Works past midnight.
pub const OWL: Style = Style { name: "past midnight", begins: &[14, 15, 16, 18], hours: &[8, 9, 10, 11], ..WORK };
/// Works through the hour that comes twice.
pub const NIGHT: Style =
    Style { name: "repeated hour", begins: &[20, 21], zone: "Europe/Berlin", born: OCTOBER, ..WORK };
/// Finishes nothing while it runs, so no finish says when a session ended.
pub const LATE: Style = Style { name: "finished late", finishes_late: true, ..WORK };
/// Corrects the file by hand.
pub const MOVED: Style = Style { name: "moved by hand", moved: 0.05, ..WORK };
/// Two programs at once, on one file.
pub const BESIDE: Style = Style { name: "second program", beside: 0.05, ..WORK };
/// Travels.
pub const MOVES: Style = Style { name: "zone moves", moves: 0.05, ..WORK };
/// Everything happens.
pub const WILD: Style = Style { name: "wild", is_wild: true, moves: 0.02, ..WORK };

const ZONES: [&str; 4] = ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];
const TITLES: [&str; 12] = [
    "Email",
    "Standup",
    "Deep work",
    "Review",
    "Lunch walk",
    "日報",
    "Plan \"week\"",
    "Read",
    "Deep work",
    "Email",
    "Fix build",
    "請求書",
];

/// A file that was saved on a quit.
pub struct Quit<'a> {
    pub saved: Saved<'a>,
    /// The day of the life, from 1.
    pub day: usize,
    /// The last quit of the day.
    pub ends_day: bool,
}

/// Lives so many days and shows every file that is saved.
pub fn work(seed: u64, style: Style, days: usize, show: impl FnMut(&Quit<'_>)) {
    let zone = Zone::named(style.zone).unwrap();
    let (program, rng) = (Program::default(), Rng::with_seed(seed));
    let mut worker =
        Worker { rng, style, days, day: 0, zone, zone_name: style.zone, now: style.born, program, kept: 0, show };
    for _ in 0..days {
        worker.day();
    }
}

struct Worker<F> {
    rng: Rng,
    style: Style,
    days: usize,
    day: usize,
    zone: Zone,
    zone_name: &'static str,
    /// Unix seconds.
    now: i64,
    program: Program,
    /// Sessions up to this number are not moved by hand any more.
    kept: u32,
    show: F,
}

impl<F: FnMut(&Quit<'_>)> Worker<F> {
    fn day(&mut self) {
        self.day += 1;
        let minute = self.rng.choice(self.style.begins).unwrap() * 60 + self.rng.u16(0..60);
        self.now = self.zone.first_at_or_after(minute, self.now).unwrap();
        let at = Moment { now: self.now, zone: &self.zone };
        self.program.launch(at);
        if self.style.is_wild {
            self.wild_day();
        } else if self.zone.date(self.now).weekday().number_days_from_monday() < 5 || self.chance(0.2) {
            self.work_day();
        }
        self.quit(true);
        // Until seven in the morning, at the earliest in five hours.
        self.now = self.zone.first_at_or_after(7 * 60, self.now + 5 * 3600).unwrap();
        if self.chance(self.style.moves) {
            self.zone_name = self.pick(&ZONES);
            self.zone = Zone::named(self.zone_name).unwrap();
        }
    }

    fn work_day(&mut self) {
        let until = self.now + self.pick(self.style.hours) * 3600;
        for _ in 0..self.rng.usize(4..=9) {
            self.add();
        }
        while self.now < until {
            let Some(task) = self.next_task() else {
                self.add();
                continue;
            };
            self.start(task);
            let length = self.pick(&[4, 8, 15, 20, 25, 30, 45, 60, 90]) * MINUTE;
            let length = length + self.rng.i64(0..60);
            let began = self.now;
            self.wait(length);
            self.record_beside(began);
            match self.rng.f64() {
                x if x < 0.62 => self.complete(),
                x if x < 0.80 => self.pause(),
                x if x < 0.83 => {
                    let active = self.program.day.active_index().unwrap();
                    self.pause();
                    self.program.postpone(active, Moment { now: self.now, zone: &self.zone });
                }
                // And the running task goes on.
                x if x < 0.86 => self.bring(),
                // The next start interrupts it, in the same minute.
                _ => {}
            }
            if self.program.day.active_index().is_none() {
                let idle = self.pick(self.style.idles);
                self.wait(idle * MINUTE);
            }
            if self.chance(0.06) {
                self.quit(false);
                let away = self.pick(&[1, 5]);
                self.wait(away * MINUTE);
            }
            if (12 * 60..14 * 60).contains(&self.zone.minute(self.now)) && self.chance(0.4) {
                self.pause();
                let lunch = self.pick(&[30, 45, 60]);
                self.wait(lunch * MINUTE);
            }
        }
        if self.style.finishes_late {
            self.finish_all();
        } else if self.chance(0.93) {
            self.pause();
        }
    }

    fn wild_day(&mut self) {
        for _ in 0..self.rng.usize(1..=4) {
            self.add();
        }
        for _ in 0..self.rng.usize(8..=26) {
            let tasks = self.program.day.tasks.len();
            let any = self.rng.usize(0..tasks.max(1));
            let at = Moment { now: self.now, zone: &self.zone };
            match self.rng.f64() {
                x if x < 0.34 => self.program.start(any.min(tasks.saturating_sub(1)), at),
                x if x < 0.48 => self.pause(),
                x if x < 0.62 => {
                    let open = self.indices(|state| matches!(state, TaskState::Active | TaskState::Paused));
                    if let Some(&task) = self.rng.choice(&open) {
                        self.program.finish(task, at);
                    }
                }
                x if x < 0.68 => self.add(),
                x if x < 0.74 => _ = self.program.day.reorder_down(any),
                x if x < 0.77 && self.program.day.active_index() != Some(any) => self.program.postpone(any, at),
                x if x < 0.80 => self.bring(),
                x if x < 0.815 => self.program.delete(any),
                x if x < 0.90 => self.quit(false),
                _ => {}
            }
            let seconds = self.pick(&[18, 60, 180, 420, 720, 1500, 2400, 3300]);
            self.wait(seconds);
        }
        if self.chance(0.8) {
            self.pause();
        }
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.f64() < share
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *self.rng.choice(of).unwrap()
    }

    fn indices(&self, is: impl Fn(TaskState) -> bool) -> Vec<usize> {
        let tasks = self.program.day.tasks.iter().enumerate();
        tasks.filter(|(_, task)| is(task.state)).map(|(index, _)| index).collect()
    }

    /// One that was not begun, mostly.
    fn next_task(&mut self) -> Option<usize> {
        let open = self.indices(|state| matches!(state, TaskState::Planned | TaskState::Paused));
        let is_new = |&index: &usize| self.program.day.tasks[index].sessions.is_empty();
        let new: Vec<usize> = open.iter().copied().filter(is_new).collect();
        let of = if !new.is_empty() && self.chance(0.75) { new } else { open };
        self.rng.choice(&of).copied()
    }

    fn add(&mut self) {
        let title = self.pick(&TITLES);
        let at = Moment { now: self.now, zone: &self.zone };
        self.program.add(title, at.ymd(), at);
    }

    fn start(&mut self, task: usize) {
        self.program.start(task, Moment { now: self.now, zone: &self.zone });
    }

    fn pause(&mut self) {
        if self.program.day.active_index().is_some() {
            self.program.enter(0, Moment { now: self.now, zone: &self.zone });
        }
    }

    /// The running task is done.
    fn complete(&mut self) {
        match self.program.day.active_index().filter(|_| !self.style.finishes_late) {
            Some(active) => self.program.finish(active, Moment { now: self.now, zone: &self.zone }),
            None => self.pause(),
        }
    }

    fn finish_all(&mut self) {
        self.pause();
        for task in self.indices(|state| state == TaskState::Paused) {
            if self.chance(0.8) {
                self.wait(5);
                self.program.finish(task, Moment { now: self.now, zone: &self.zone });
            }
        }
    }

    fn bring(&mut self) {
        if !self.program.future.is_empty() {
            let task = self.rng.usize(0..self.program.future.len());
            self.program.bring_to_today(task, Moment { now: self.now, zone: &self.zone });
        }
    }

    /// A second program recorded something else meanwhile.
    fn record_beside(&mut self, began: i64) {
        if self.chance(self.style.beside) {
            let start = self.rng.i64(began..self.now);
            let stop = self.now.min(start + self.rng.i64(5..40) * MINUTE);
            let title = self.pick(&TITLES);
            self.program.record(title, (start, stop), &self.zone);
        }
    }

    fn wait(&mut self, seconds: i64) {
        let until = self.now + seconds;
        while self.now < until {
            let midnight = self.zone.first_at_or_after(0, self.now + 1).unwrap_or(until);
            let next = until.min(midnight);
            self.program.tick(next - self.now, Moment { now: next, zone: &self.zone });
            self.now = next;
        }
    }

    fn quit(&mut self, ends_day: bool) {
        self.move_by_hand();
        let last = ends_day && self.day == self.days;
        let (at, program) = (self.now, &self.program);
        let saved = Saved { at, zone: &self.zone, zone_name: self.zone_name, by_hand: false, last, program };
        (self.show)(&Quit { saved, day: self.day, ends_day });
        self.program.launch(Moment { now: self.now, zone: &self.zone });
    }

    /// Sessions that ended since the last quit are put a few minutes earlier or later in the file.
    fn move_by_hand(&mut self) {
        let closed: Vec<(u32, Stretch)> = self
            .program
            .seen()
            .filter_map(|seen| {
                let stretch = Stretch { uid: seen.uid, start: seen.start, stop: seen.stop };
                (seen.uid >= self.kept && seen.stop.is_some()).then_some((seen.uid, stretch))
            })
            .collect();
        for (uid, Stretch { start, stop, .. }) in closed {
            self.kept = self.kept.max(uid + 1);
            if !self.chance(self.style.moved) {
                continue;
            }
            let minutes = self.pick(&[-20, -15, -10, -5, -3, 3, 5, 10, 15, 20]) * MINUTE;
            let moved = |at: i64| {
                let is_same_day = self.zone.date(at) == self.zone.date(at + minutes);
                (is_same_day && at + minutes <= self.now).then_some(at + minutes)
            };
            if let (Some(start), Some(stop)) = (moved(start), stop.and_then(moved)) {
                self.program.move_session(uid, start, stop, &self.zone);
            }
        }
    }
}
