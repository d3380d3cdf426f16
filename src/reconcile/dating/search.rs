//! Where each task goes: its best days against where all others stand, again and again until nothing moves.

use super::calendar::{Calendar, Day};
use super::candidates::{Candidate, FAR, Undated};
use super::habits::{Counts, Habits};
use super::regroup::{Regrouped, regroup};
use super::score::{IMPOSSIBLE, Score, nats};
use super::timeline::{Placed, Timeline};

/// So many candidates of a session are looked at again after the first placement: a twentieth of the work, and what is
/// beyond them is hardly ever right.
const KEPT: usize = 8;
/// A candidate that is so much less likely than the best after the first placement never comes back.
const MARGIN: Score = nats(2000);
/// A session that scores less than this may fit better on a day further back: there, its own days cost 8 to 10 and a hole
/// that it just fits into gains 6 at most.
const BAD: Score = nats(-400);
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
    habits: Habits,
    /// The minute of the last snapshot, where nothing ran: what starts soon after it does not go on from before.
    anchor: Option<i32>,
}

/// The id of what is on the timeline and no session to be dated.
pub(super) const FIXED: u32 = u32::MAX;

/// A candidate against what stands beside it.
#[derive(Clone, Copy)]
struct Local {
    score: Score,
    left: Option<Placed>,
    right: Option<Placed>,
}

impl Task {
    /// How many ways there are, if every session went where it likes.
    pub(super) fn ways(&self) -> u64 {
        self.candidates.iter().fold(1, |ways: u64, of| ways.saturating_mul(of.len().min(99) as u64))
    }

    /// The id for the next task's first session.
    pub(super) fn next_id(&self) -> u32 {
        self.first_id + u32::try_from(self.chosen.len()).unwrap_or(0)
    }

    fn placed(&self, at: usize) -> Placed {
        let Candidate { start, stop, .. } = self.candidates[at][self.chosen[at]];
        Placed { start: start.max(self.begin(at)), stop, id: self.first_id + u32::try_from(at).unwrap_or(0) }
    }

    /// A session that is on record as open began before all that is placed.
    fn begin(&self, at: usize) -> i32 {
        match self.undated.lower.filter(|_| at == 0 && self.undated.started.is_some()) {
            Some(lower) => super::candidates::minute(lower),
            None => i32::MIN,
        }
    }
}

impl Search {
    /// Of tasks on a timeline that holds what is fixed.
    pub(super) fn new(tasks: Vec<Task>, timeline: Timeline, anchor: Option<i32>) -> Search {
        let mut free: Vec<usize> = (0..tasks.len()).filter(|&at| tasks[at].ways() > 1).collect();
        free.sort_by_key(|&at| (tasks[at].ways(), tasks[at].candidates.len()));
        let sessions = tasks.iter().enumerate().flat_map(|(at, task)| std::iter::repeat_n(at, task.chosen.len()));
        let task_of: Vec<usize> = sessions.collect();
        Search { losses: vec![None; task_of.len()], tasks, free, timeline, task_of, habits: Habits::common(), anchor }
    }

    /// Places all tasks.
    pub(super) fn run(&mut self, calendar: &Calendar<'_>) {
        for at in 0..self.tasks.len() {
            if self.tasks[at].ways() == 1 {
                self.put(at);
            }
        }
        for free in 0..self.free.len() {
            self.choose(self.free[free]);
        }
        for free in 0..self.free.len() {
            self.narrow(self.free[free], calendar);
        }
        self.free.retain(|&at| self.tasks[at].ways() > 1);
        self.rounds();
        if self.free.is_empty() {
            return;
        }
        for _ in 0..LESSONS {
            self.habits = Habits::learnt(&self.count());
            self.rounds();
        }
        for _ in 0..MOST_REGROUPINGS {
            let Regrouped { has_moved, losses } = regroup(self);
            self.losses = losses;
            if !has_moved {
                return;
            }
            self.rounds();
        }
    }

    pub(super) fn is_free(&self, at: usize) -> bool {
        self.tasks[at].ways() > 1
    }

    /// Takes each task out and puts it where it is best, until none moves.
    fn rounds(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let mut has_moved = false;
            for free in 0..self.free.len() {
                let at = self.free[free];
                self.take_out(at);
                let before = self.tasks[at].chosen.clone();
                self.choose(at);
                has_moved |= self.tasks[at].chosen != before;
            }
            if !has_moved {
                return;
            }
        }
    }

    /// Puts a task that is not on the timeline where it is best.
    fn choose(&mut self, at: usize) {
        self.tasks[at].chosen = self.best(at, false).1;
        self.put(at);
    }

    pub(super) fn put(&mut self, at: usize) {
        let task = &self.tasks[at];
        (0..task.chosen.len()).for_each(|session| self.timeline.insert(task.placed(session)));
    }

    pub(super) fn take_out(&mut self, at: usize) {
        let task = &self.tasks[at];
        (0..task.chosen.len()).for_each(|session| self.timeline.remove(task.placed(session)));
    }

    /// Keeps the best candidates of each session, all other tasks as they stand. A task that stands badly is looked for
    /// further back first.
    fn narrow(&mut self, at: usize, calendar: &Calendar<'_>) {
        self.take_out(at);
        let task = &self.tasks[at];
        let stands_badly = |session: usize| self.local(task, session)[task.chosen[session]].score < BAD;
        if (0..task.chosen.len()).any(stands_badly)
            && let Some((candidates, _)) = task.undated.candidates(calendar, FAR)
        {
            self.tasks[at].candidates = candidates;
            self.tasks[at].chosen = self.best(at, false).1;
        }
        let through = self.through(at, |scores| scores.iter().copied().max().unwrap_or(IMPOSSIBLE));
        let task = &mut self.tasks[at];
        for (session, scores) in through.iter().enumerate() {
            let (of, chosen) = (&task.candidates[session], task.chosen[session]);
            let mut order: Vec<usize> = (0..of.len()).collect();
            order.sort_by_key(|&candidate| (candidate != chosen, -scores[candidate], candidate));
            let other = order.iter().find(|&&other| of[other].days() != of[chosen].days());
            task.other_days[session] = other.map(|&other| of[other].days());
            order.truncate(KEPT);
            order.retain(|&candidate| candidate == chosen || scores[candidate] > scores[chosen] - MARGIN);
            order.sort_unstable();
            task.chosen[session] = order.iter().position(|&candidate| candidate == chosen).unwrap_or(0);
            task.candidates[session] = order.iter().map(|&candidate| of[candidate]).collect();
        }
        self.put(at);
    }

    /// The best candidates of a task against where the others stand, and their score; of equal ones the later days. With
    /// `elsewhere`, its first session that can goes to other days than it has.
    pub(super) fn best(&self, at: usize, elsewhere: bool) -> (Score, Vec<usize>) {
        let task = &self.tasks[at];
        let mut local: Vec<Vec<Local>> = (0..task.candidates.len()).map(|session| self.local(task, session)).collect();
        if elsewhere {
            avoid_chosen(task, &mut local);
        }
        let mut scores: Vec<Vec<Score>> = vec![local[0].iter().map(|local| local.score).collect()];
        let mut from: Vec<Vec<usize>> = Vec::new();
        for session in 1..local.len() {
            let before = &scores[session - 1];
            let mut row = Vec::with_capacity(local[session].len());
            let mut origins = Vec::with_capacity(local[session].len());
            for y in 0..local[session].len() {
                let ways = (0..before.len()).map(|x| (before[x] + self.step(task, session, (x, y), &local), x));
                let (score, x) = ways.max().unwrap_or((IMPOSSIBLE, 0));
                row.push((score + local[session][y].score).max(IMPOSSIBLE));
                origins.push(x);
            }
            scores.push(row);
            from.push(origins);
        }
        let last = scores.last().into_iter().flatten().enumerate().map(|(candidate, &score)| (score, candidate)).max();
        let (score, candidate) = last.unwrap_or((IMPOSSIBLE, 0));
        let mut chosen = vec![candidate];
        for origins in from.iter().rev() {
            chosen.push(origins[chosen[chosen.len() - 1]]);
        }
        chosen.reverse();
        (score, chosen)
    }

    /// The score of a task that is not on the timeline where it stood.
    pub(super) fn score_of_chosen(&self, at: usize) -> Score {
        let task = &self.tasks[at];
        let local: Vec<Vec<Local>> = (0..task.candidates.len()).map(|session| self.local(task, session)).collect();
        let chosen = &task.chosen;
        let steps = (1..chosen.len()).map(|at| self.step(task, at, (chosen[at - 1], chosen[at]), &local));
        local.iter().zip(chosen).map(|(local, &at)| local[at].score).sum::<Score>() + steps.sum::<Score>()
    }

    /// Of each candidate of a task that is not on the timeline: the score of the ways through it, joined by `join`.
    pub(super) fn through(&self, at: usize, join: fn(&[Score]) -> Score) -> Vec<Vec<Score>> {
        let task = &self.tasks[at];
        let local: Vec<Vec<Local>> = (0..task.candidates.len()).map(|session| self.local(task, session)).collect();
        let count = local.len();
        let mut ahead: Vec<Vec<Score>> = vec![local[0].iter().map(|local| local.score).collect()];
        for session in 1..count {
            let before = &ahead[session - 1];
            let row = (0..local[session].len()).map(|y| {
                let ways = (0..before.len()).map(|x| before[x] + self.step(task, session, (x, y), &local));
                join(&ways.collect::<Vec<Score>>()).max(IMPOSSIBLE) + local[session][y].score
            });
            ahead.push(row.collect());
        }
        let mut behind: Vec<Score> = vec![0; local[count - 1].len()];
        for session in (0..count).rev() {
            ahead[session]
                .iter_mut()
                .zip(&behind)
                .for_each(|(score, behind)| *score = (*score + behind).max(IMPOSSIBLE));
            let Some(before) = session.checked_sub(1) else { break };
            let row = (0..local[before].len()).map(|x| {
                let ways = (0..local[session].len())
                    .map(|y| self.step(task, session, (x, y), &local) + local[session][y].score + behind[y]);
                join(&ways.collect::<Vec<Score>>()).max(IMPOSSIBLE)
            });
            behind = row.collect();
        }
        ahead
    }

    /// Each candidate of a session against where the others stand: what the two gaps that it leaves score more than the
    /// one that was there, and what it scores by itself.
    fn local(&self, task: &Task, session: usize) -> Vec<Local> {
        let begin = task.begin(session);
        let score = |candidate: &Candidate| {
            let start = candidate.start.max(begin);
            let (left, right) = self.timeline.neighbours(start, candidate.stop);
            let mut own = task.undated.own_score(session, candidate, task.proven, &self.habits);
            if session == 0 && task.undated.started.is_some() && self.anchor.is_none() {
                own -= self.habits.soon_after_the_last_snapshot(candidate.stop - start);
            }
            let score =
                own + self.gap_after(left, start) + self.gap(Some(candidate.stop), right) - self.between(left, right);
            Local { score, left, right }
        };
        task.candidates[session].iter().map(score).collect()
    }

    /// From a candidate of the session before to one of this session.
    fn step(&self, task: &Task, session: usize, (x, y): (usize, usize), local: &[Vec<Local>]) -> Score {
        let (first, second) = (&task.candidates[session - 1][x], &task.candidates[session][y]);
        if first.stop > second.start {
            return IMPOSSIBLE;
        }
        let days = self.habits.between(second.start_day - first.stop_day);
        let (before, after) = (&local[session - 1][x], &local[session][y]);
        if before.left != after.left || before.right != after.right {
            return days;
        }
        // Both lie in one hole: what each was scored against is not beside it.
        days + self.habits.gap(second.start - first.stop) + self.between(after.left, after.right)
            - self.gap(Some(first.stop), before.right)
            - self.gap_after(after.left, second.start)
    }

    fn gap(&self, stop: Option<i32>, right: Option<Placed>) -> Score {
        let minutes = stop.zip(right).map_or(i32::MAX, |(stop, right)| right.start.saturating_sub(stop));
        self.habits.gap(minutes)
    }

    fn gap_after(&self, left: Option<Placed>, start: i32) -> Score {
        let Some(left) = left else { return self.habits.gap(i32::MAX) };
        let minutes = start - left.stop;
        let is_soon = self.anchor == Some(left.stop) && left.id == FIXED;
        self.habits.gap(minutes) - if is_soon { self.habits.soon_after_the_last_snapshot(minutes) } else { 0 }
    }

    fn between(&self, left: Option<Placed>, right: Option<Placed>) -> Score {
        self.gap(left.map(|left| left.stop), right)
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

/// Makes the days that the first session with other days has impossible.
fn avoid_chosen(task: &Task, local: &mut [Vec<Local>]) {
    for ((local, of), &chosen) in local.iter_mut().zip(&task.candidates).zip(&task.chosen) {
        let is_chosen = |candidate: &Candidate| candidate.days() == of[chosen].days();
        if !of.iter().all(is_chosen) {
            local.iter_mut().zip(of).filter(|(_, of)| is_chosen(of)).for_each(|(local, _)| local.score = IMPOSSIBLE);
            return;
        }
    }
}
