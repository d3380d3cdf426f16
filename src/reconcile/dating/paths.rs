//! The ways through a task: one candidate for each session, scored against where the other tasks stand.

use super::calendar::Day;
use super::candidates::{Candidate, minute};
use super::score::{IMPOSSIBLE, Score};
use super::search::{FIXED, Search, Task};
use super::timeline::Placed;

/// A candidate against what stands beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    pub(super) score: Score,
    start: i32,
    stop: i32,
    start_day: Day,
    stop_day: Day,
    left: Option<Placed>,
    right: Option<Placed>,
}

/// What the ways are worked out in, kept from task to task. Of all sessions one after the other, candidate by candidate.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    local: Vec<Local>,
    scores: Vec<Score>,
    behind: Vec<Score>,
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
            for after in &local[here..here + of.len()] {
                let (mut score, mut origin) = (if session == 0 { 0 } else { IMPOSSIBLE }, 0);
                for (x, first) in local[before..here].iter().enumerate() {
                    let way = scores[before + x] + self.step(first, after);
                    if way >= score {
                        (score, origin) = (way, x);
                    }
                }
                scores.push((score + after.score).max(IMPOSSIBLE));
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
        let mut before: Option<Local> = None;
        let mut score = 0;
        for session in 0..task.chosen.len() {
            let local = self.local_of_chosen(task, session);
            score += local.score + before.map_or(0, |before| self.step(&before, &local));
            before = Some(local);
        }
        score
    }

    /// Of each candidate of a task that is not on the timeline, one session after the other: the score of the ways through
    /// it, joined by `join`.
    pub(super) fn through(&mut self, at: usize, through: &mut Vec<Score>, join: impl Fn(&[Score]) -> Score) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let Scratch { local, ways, behind, .. } = &mut scratch;
        let task = &self.tasks[at];
        self.stand(task, local);
        through.clear();
        let (mut before, mut here) = (0, 0);
        for (session, of) in task.candidates.iter().enumerate() {
            for after in &local[here..here + of.len()] {
                ways.clear();
                let firsts = local[before..here].iter().zip(&through[before..here]);
                ways.extend(firsts.map(|(first, score)| score + self.step(first, after)));
                let ways = if session == 0 { 0 } else { join(ways) };
                through.push((ways + after.score).max(IMPOSSIBLE));
            }
            (before, here) = (here, here + of.len());
        }
        behind.clear();
        behind.resize(through.len(), 0);
        for session in (1..task.candidates.len()).rev() {
            let before = here - task.candidates[session].len();
            let first = before - task.candidates[session - 1].len();
            for x in first..before {
                ways.clear();
                let afters = local[before..here].iter().zip(&behind[before..here]);
                ways.extend(afters.map(|(after, behind)| self.step(&local[x], after) + after.score + behind));
                behind[x] = join(ways).max(IMPOSSIBLE);
            }
            here = before;
        }
        through.iter_mut().zip(behind).for_each(|(score, behind)| *score = (*score + *behind).max(IMPOSSIBLE));
        self.scratch = scratch;
    }

    /// Each candidate of each session against where the others stand.
    pub(super) fn stand(&self, task: &Task, local: &mut Vec<Local>) {
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
        let Candidate { stop, start_day, stop_day, .. } = *candidate;
        Local { score, start: candidate.start, stop, start_day, stop_day, left, right }
    }

    /// From a candidate of a session to one of the next, as each stands.
    fn step(&self, first: &Local, second: &Local) -> Score {
        if first.stop > second.start {
            return IMPOSSIBLE;
        }
        let days = self.habits.between(second.start_day - first.stop_day);
        if first.left != second.left || first.right != second.right {
            return days;
        }
        // Both lie in one hole: what each was scored against is not beside it.
        days + self.habits.gap(second.start - first.stop) + self.between(second.left, second.right)
            - self.gap(Some(first.stop), first.right)
            - self.gap_after(second.left, second.start)
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
