//! The ways through a task: one candidate for each session, scored against where the other tasks stand.

use super::candidates::{Candidate, minute};
use super::score::{IMPOSSIBLE, Score};
use super::search::{FIXED, Search, Task};
use super::timeline::Placed;

/// A candidate against what stands beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    score: Score,
    left: Option<Placed>,
    right: Option<Placed>,
}

/// What the ways are worked out in, kept from task to task. Of all sessions one after the other, candidate by candidate.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    local: Vec<Local>,
    scores: Vec<Score>,
    from: Vec<usize>,
    ways: Vec<Score>,
}

impl Search {
    /// Gives a task that is not on the timeline its best candidates against where the others stand, of equal ones the later
    /// days. With `elsewhere`, its first session that can goes to other days than it has. The score, and whether anything
    /// is other than it was.
    pub(super) fn best(&mut self, at: usize, elsewhere: bool) -> (Score, bool) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let Scratch { local, scores, from, .. } = &mut scratch;
        let task = &self.tasks[at];
        self.stand(task, local);
        if elsewhere {
            avoid_chosen(task, local);
        }
        scores.clear();
        from.clear();
        let (mut before, mut here) = (0, 0);
        for (session, of) in task.candidates.iter().enumerate() {
            for y in 0..of.len() {
                let step = |x: usize| self.step(task, session, (x, y), (&local[before + x], &local[here + y]));
                let ways = (before..here).map(|x| (scores[x] + step(x - before), x - before));
                let (score, origin) = ways.max().unwrap_or((if session == 0 { 0 } else { IMPOSSIBLE }, 0));
                scores.push((score + local[here + y].score).max(IMPOSSIBLE));
                from.push(origin);
            }
            (before, here) = (here, here + of.len());
        }
        let last = scores[before..].iter().enumerate().map(|(candidate, &score)| (score, candidate)).max();
        let (score, mut candidate) = last.unwrap_or((IMPOSSIBLE, 0));
        let task = &mut self.tasks[at];
        let mut has_moved = false;
        for session in (0..task.chosen.len()).rev() {
            here -= task.candidates[session].len();
            has_moved |= task.chosen[session] != candidate;
            task.chosen[session] = candidate;
            candidate = from[here + candidate];
        }
        self.scratch = scratch;
        (score, has_moved)
    }

    /// The score of a task that is not on the timeline where it stood.
    pub(super) fn score_of_chosen(&self, at: usize) -> Score {
        let task = &self.tasks[at];
        let local: Vec<Local> = (0..task.chosen.len()).map(|session| self.local_of_chosen(task, session)).collect();
        let step =
            |at: usize| self.step(task, at, (task.chosen[at - 1], task.chosen[at]), (&local[at - 1], &local[at]));
        local.iter().map(|local| local.score).sum::<Score>() + (1..local.len()).map(step).sum::<Score>()
    }

    /// Of each candidate of a task that is not on the timeline: the score of the ways through it, joined by `join`.
    pub(super) fn through(&mut self, at: usize, join: impl Fn(&[Score]) -> Score) -> Vec<Vec<Score>> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let Scratch { local, ways, .. } = &mut scratch;
        let task = &self.tasks[at];
        self.stand(task, local);
        let mut all: Vec<Vec<Score>> = Vec::with_capacity(task.candidates.len());
        let (mut before, mut here) = (0, 0);
        for (session, of) in task.candidates.iter().enumerate() {
            let row = (0..of.len()).map(|y| {
                ways.clear();
                let step = |x: usize| self.step(task, session, (x, y), (&local[before + x], &local[here + y]));
                ways.extend((0..here - before).map(|x| all[session - 1][x] + step(x)));
                let ways = if session == 0 { 0 } else { join(ways) };
                (ways + local[here + y].score).max(IMPOSSIBLE)
            });
            let row = row.collect();
            all.push(row);
            (before, here) = (here, here + of.len());
        }
        let mut behind: Vec<Score> = vec![0; here - before];
        for session in (0..all.len()).rev() {
            let of = &task.candidates[session];
            here -= of.len();
            all[session].iter_mut().zip(&behind).for_each(|(score, behind)| *score = (*score + behind).max(IMPOSSIBLE));
            let Some(previous) = session.checked_sub(1) else { break };
            let before = here - task.candidates[previous].len();
            let row = (before..here).map(|x| {
                ways.clear();
                ways.extend((0..of.len()).map(|y| {
                    let beside = (&local[x], &local[here + y]);
                    self.step(task, session, (x - before, y), beside) + local[here + y].score + behind[y]
                }));
                join(ways).max(IMPOSSIBLE)
            });
            behind = row.collect();
        }
        self.scratch = scratch;
        all
    }

    /// Each candidate of each session against where the others stand.
    fn stand(&self, task: &Task, local: &mut Vec<Local>) {
        local.clear();
        for (session, of) in task.candidates.iter().enumerate() {
            local.extend(of.iter().map(|candidate| self.local(task, session, candidate)));
        }
    }

    fn local_of_chosen(&self, task: &Task, session: usize) -> Local {
        self.local(task, session, &task.candidates[session][task.chosen[session]])
    }

    /// How well a session would stand there, its task not being on the timeline.
    pub(super) fn standing(&self, task: &Task, session: usize, candidate: &Candidate) -> Score {
        self.local(task, session, candidate).score
    }

    /// A candidate against where the others stand: what the two gaps that it leaves score more than the one that was there,
    /// and what it scores by itself.
    fn local(&self, task: &Task, session: usize, candidate: &Candidate) -> Local {
        let start = candidate.start.max(task.begin(session));
        let (left, right) = self.timeline.neighbours(start, candidate.stop);
        let mut own = task.undated.own_score(session, candidate, task.proven, &self.habits);
        if session == 0 && task.undated.started.is_some() && self.anchor.is_none() {
            own -= self.habits.soon_after_the_last_snapshot(candidate.stop - start);
        }
        let score =
            own + self.gap_after(left, start) + self.gap(Some(candidate.stop), right) - self.between(left, right);
        Local { score, left, right }
    }

    /// From a candidate of the session before to one of this session, as each stands.
    fn step(&self, task: &Task, session: usize, (x, y): (usize, usize), (before, after): (&Local, &Local)) -> Score {
        let (first, second) = (&task.candidates[session - 1][x], &task.candidates[session][y]);
        if first.stop > second.start {
            return IMPOSSIBLE;
        }
        let days = self.habits.between(second.start_day - first.stop_day);
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
}

impl Task {
    /// A session that is on record as open began before all that is placed.
    pub(super) fn begin(&self, at: usize) -> i32 {
        match self.undated.lower.filter(|_| at == 0 && self.undated.started.is_some()) {
            Some(lower) => minute(lower),
            None => i32::MIN,
        }
    }
}

/// Makes the days that the first session with other days has impossible.
fn avoid_chosen(task: &Task, local: &mut [Local]) {
    let mut here = 0;
    for (of, &chosen) in task.candidates.iter().zip(&task.chosen) {
        let local = &mut local[here..here + of.len()];
        let is_chosen = |candidate: &Candidate| candidate.days() == of[chosen].days();
        if !of.iter().all(is_chosen) {
            local.iter_mut().zip(of).filter(|(_, of)| is_chosen(of)).for_each(|(local, _)| local.score = IMPOSSIBLE);
            return;
        }
        here += of.len();
    }
}
