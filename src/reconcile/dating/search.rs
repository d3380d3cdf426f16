//! Where each task goes: its best days against where all others stand, again and again until nothing moves.

use std::collections::HashMap;

use super::calendar::{Calendar, Day};
use super::candidates::{Candidate, FAR, NEAR, Undated};
use super::habits::{Counts, Habits};
use super::paths::Scratch;
use super::regroup::regroup;
use super::score::{IMPOSSIBLE, Score, nats};
use super::timeline::{Placed, Timeline};

/// So many candidates of a session are looked at again after the first placement: a twentieth of the work, and what is
/// beyond them is hardly ever right.
const KEPT: usize = 8;
/// So many candidates of a session from longer ago are looked at together with those of its other sessions.
const WIDE: usize = 16;
/// A candidate that is so much less likely than the best after the first placement never comes back.
const MARGIN: Score = nats(1400);
/// A task that is at most so much more likely on the day for which it was planned and finished than it could be elsewhere
/// may be of another: what is as much less likely is not a reason to mark (`marks`).
const UNUSUAL: Score = nats(460);
/// Rounds come to rest long before this.
const MOST_ROUNDS: usize = 12;
/// Habits are learnt so often from the days as they stand.
const LESSONS: usize = 2;
/// Runs of tasks are moved together so often at most.
const MOST_REGROUPINGS: usize = 4;

/// A task while it is being placed.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) undated: Undated,
    /// Of each session.
    pub(super) candidates: Vec<Vec<Candidate>>,
    pub(super) proven: i32,
    /// Of each session, the best days that it was not given in the first placement.
    pub(super) other_days: Vec<Option<(Day, Day)>>,
    /// Which candidate each session has.
    pub(super) chosen: Vec<usize>,
    /// The id of its first session on the timeline; the others follow.
    pub(super) first_id: u32,
    /// Only its usual day is looked at, unless it stands badly there.
    is_usual: bool,
    /// How many changes of the timeline there had been when it was put where it is best; `None` if it never was by these
    /// habits.
    settled: Option<u32>,
}

/// All tasks on their timeline.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) tasks: Vec<Task>,
    /// Those that have a choice, in the order in which they are placed.
    pub(super) free: Vec<usize>,
    pub(super) timeline: Timeline,
    /// The task of each session, by id.
    pub(super) task_of: Vec<usize>,
    /// Of each session, by id: how much is lost when its neighbours go to another day with it.
    pub(super) losses: Vec<Option<Score>>,
    pub(super) habits: Habits,
    /// The runs of tasks that could not be moved, each with the number of changes when that was tried.
    pub(super) tried: HashMap<Vec<usize>, u32>,
    /// The minute of the last snapshot, where nothing ran: what starts soon after it does not go on from before.
    pub(super) anchor: Option<i32>,
    pub(super) scratch: Scratch,
}

/// The id of what is on the timeline and no session to be dated.
pub(super) const FIXED: u32 = u32::MAX;

impl Task {
    pub(super) fn new(
        undated: Undated,
        candidates: Vec<Vec<Candidate>>,
        proven: i32,
        first_id: u32,
        is_usual: bool,
    ) -> Task {
        let chosen = vec![0; candidates.len()];
        Task {
            undated,
            proven,
            other_days: vec![None; chosen.len()],
            chosen,
            candidates,
            first_id,
            is_usual,
            settled: None,
        }
    }

    /// How many ways there are, if every session went where it likes.
    pub(super) fn ways(&self) -> u64 {
        self.candidates.iter().fold(1, |ways: u64, of| ways.saturating_mul(of.len().min(99) as u64))
    }

    /// Whether it may be elsewhere.
    pub(super) fn has_choice(&self) -> bool {
        self.ways() > 1 || self.is_usual && self.undated.stopped_on.is_none()
    }

    /// From the first minute in which it may have begun to the last in which it may have ended, nearly.
    pub(super) fn reach(&self) -> (i32, i32) {
        let first = self.candidates.first().and_then(|of| of.first()).map_or(0, |first| first.start);
        let last = self.candidates.last().and_then(|of| of.last()).map_or(0, |last| last.stop);
        (first.max(self.begin(0)), last)
    }

    /// The id for the next task's first session.
    pub(super) fn next_id(&self) -> u32 {
        self.first_id + u32::try_from(self.chosen.len()).unwrap_or(0)
    }

    fn placed(&self, at: usize) -> Placed {
        let Candidate { start, stop, .. } = self.candidates[at][self.chosen[at]];
        Placed { start: start.max(self.begin(at)), stop, id: self.first_id + u32::try_from(at).unwrap_or(0) }
    }
}

impl Search {
    /// Of tasks on a timeline that holds what is fixed.
    pub(super) fn new(tasks: Vec<Task>, timeline: Timeline, anchor: Option<i32>) -> Search {
        let mut free: Vec<usize> = (0..tasks.len()).filter(|&at| tasks[at].ways() > 1).collect();
        free.sort_by_key(|&at| (tasks[at].ways(), tasks[at].candidates.len()));
        let sessions = tasks.iter().enumerate().flat_map(|(at, task)| std::iter::repeat_n(at, task.chosen.len()));
        let task_of: Vec<usize> = sessions.collect();
        Search {
            losses: vec![None; task_of.len()],
            tasks,
            free,
            timeline,
            task_of,
            habits: Habits::common(),
            tried: HashMap::new(),
            anchor,
            scratch: Scratch::default(),
        }
    }

    /// Places all tasks.
    pub(super) fn run(&mut self, calendar: &Calendar<'_>) {
        for at in 0..self.tasks.len() {
            if self.tasks[at].ways() == 1 {
                self.put(at);
            }
        }
        for free in 0..self.free.len() {
            let at = self.free[free];
            self.best(at, false);
            self.put(at);
        }
        self.learn();
        self.open_unusual(calendar);
        if self.free.is_empty() {
            return;
        }
        let (mut through, mut order) = (Vec::new(), Vec::new());
        for free in 0..self.free.len() {
            self.narrow(self.free[free], calendar, &mut through, &mut order);
        }
        self.free.retain(|&at| self.tasks[at].ways() > 1);
        self.rounds();
        for _ in 0..LESSONS {
            self.learn();
            self.rounds();
        }
        for _ in 0..MOST_REGROUPINGS {
            if !regroup(self) {
                return;
            }
            self.rounds();
        }
    }

    /// Lets the tasks that stand badly on their usual day go elsewhere.
    fn open_unusual(&mut self, calendar: &Calendar<'_>) {
        let earlier = self.habits.earlier();
        for at in 0..self.tasks.len() {
            if !self.tasks[at].is_usual {
                continue;
            }
            self.take_out(at);
            let task = &self.tasks[at];
            let open = task.chosen.len() - usize::from(task.undated.stopped_on.is_some());
            if self.most_gain(task, open) + earlier + UNUSUAL >= 0
                && let Some((candidates, _)) = task.undated.candidates(calendar, NEAR)
            {
                let task = &mut self.tasks[at];
                for (session, of) in candidates.iter().enumerate() {
                    let is_usual = |candidate: &Candidate| *candidate == task.candidates[session][0];
                    task.chosen[session] = of.iter().position(is_usual).unwrap_or(0);
                }
                task.candidates = candidates;
                self.free.push(at);
            }
            self.put(at);
        }
    }

    pub(super) fn is_free(&self, at: usize) -> bool {
        self.tasks[at].ways() > 1
    }

    /// Takes each task out and puts it where it is best, until none moves. What has not changed around it leaves it there.
    fn rounds(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let mut has_moved = false;
            for free in 0..self.free.len() {
                let at = self.free[free];
                let task = &self.tasks[at];
                if task.settled.is_none_or(|settled| self.timeline.has_changed(task.reach(), settled)) {
                    has_moved |= self.settle(at);
                }
            }
            if !has_moved {
                return;
            }
        }
    }

    /// Puts a task where it is best; whether that is elsewhere than it was.
    fn settle(&mut self, at: usize) -> bool {
        let before = self.tasks[at].chosen.clone();
        self.take_out(at);
        let (_, has_moved) = self.best(at, false);
        self.put(at);
        if has_moved {
            let after = std::mem::replace(&mut self.tasks[at].chosen, before);
            self.note_changes(at);
            self.tasks[at].chosen = after;
            self.note_changes(at);
        }
        self.tasks[at].settled = Some(self.timeline.changes());
        has_moved
    }

    /// Notes for the tasks around that this one comes or goes.
    pub(super) fn note_changes(&mut self, at: usize) {
        let task = &self.tasks[at];
        (0..task.chosen.len()).for_each(|session| self.timeline.note_change(task.placed(session)));
    }

    /// Learns the person's habits from the days as they stand.
    fn learn(&mut self) {
        self.habits = Habits::learnt(&self.count());
        self.tasks.iter_mut().for_each(|task| task.settled = None);
    }

    pub(super) fn put(&mut self, at: usize) {
        let task = &self.tasks[at];
        (0..task.chosen.len()).for_each(|session| self.timeline.insert(task.placed(session)));
    }

    pub(super) fn take_out(&mut self, at: usize) {
        let task = &self.tasks[at];
        (0..task.chosen.len()).for_each(|session| self.timeline.remove(task.placed(session)));
    }

    /// How much more the first so many sessions of a task could score at most, if each stood just between two others.
    fn most_gain(&self, task: &Task, sessions: usize) -> Score {
        let gain = |session: usize| {
            let chosen = &task.candidates[session][task.chosen[session]];
            self.habits.best_fit(chosen.stop - chosen.start) - self.standing(task, session, chosen)
        };
        (0..sessions).map(gain).sum()
    }

    /// Gives a task those candidates from longer ago that stand best by themselves as well.
    fn look_further_back(&mut self, at: usize, calendar: &Calendar<'_>) {
        let task = &self.tasks[at];
        let Some((mut candidates, _)) = task.undated.candidates(calendar, FAR) else { return };
        for (session, of) in candidates.iter_mut().enumerate() {
            let Some(least) = of.len().checked_sub(WIDE).filter(|&least| least > 0) else { continue };
            let mut scores: Vec<Score> = of.iter().map(|candidate| self.standing(task, session, candidate)).collect();
            let least = *scores.clone().select_nth_unstable(least).1;
            let mut scores = scores.drain(..);
            of.retain(|candidate| {
                scores.next().is_some_and(|score| score >= least) || task.candidates[session].contains(candidate)
            });
        }
        self.tasks[at].candidates = candidates;
        self.best(at, false);
    }

    /// Keeps the best candidates of each session, all other tasks as they stand. A task that could score better further
    /// back is looked for there first.
    fn narrow(&mut self, at: usize, calendar: &Calendar<'_>, through: &mut Vec<Score>, order: &mut Vec<usize>) {
        self.take_out(at);
        let task = &self.tasks[at];
        if self.most_gain(task, task.chosen.len()) + task.undated.further_back(NEAR + 1, &self.habits) >= 0 {
            self.look_further_back(at, calendar);
        }
        self.through(at, through, |scores| scores.iter().copied().max().unwrap_or(IMPOSSIBLE));
        let task = &mut self.tasks[at];
        let mut here = 0;
        for (session, of) in task.candidates.iter_mut().enumerate() {
            let chosen = task.chosen[session];
            let scores = &through[here..here + of.len()];
            here += of.len();
            order.clear();
            order.extend(0..of.len());
            order.sort_unstable_by_key(|&candidate| (candidate != chosen, -scores[candidate], candidate));
            let other = order.iter().find(|&&other| of[other].days() != of[chosen].days());
            task.other_days[session] = other.map(|&other| of[other].days());
            order.truncate(KEPT);
            order.retain(|&candidate| candidate == chosen || scores[candidate] > scores[chosen] - MARGIN);
            order.sort_unstable();
            task.chosen[session] = order.iter().position(|&candidate| candidate == chosen).unwrap_or(0);
            for (to, &from) in order.iter().enumerate() {
                of[to] = of[from];
            }
            of.truncate(order.len());
        }
        self.put(at);
    }

    fn count(&self) -> Counts {
        let mut counts = Counts::default();
        self.timeline.iter().zip(self.timeline.iter().skip(1)).for_each(|(x, y)| counts.gap(y.start - x.stop));
        for task in &self.tasks {
            let of = |at: usize| &task.candidates[at][task.chosen[at]];
            (1..task.chosen.len()).for_each(|at| counts.between(of(at).start_day - of(at - 1).stop_day));
            if let Some(planned) = task.undated.planned.filter(|_| task.undated.postponed_to.is_none()) {
                counts.after_planned(of(0).start_day - planned);
            }
        }
        counts
    }
}
