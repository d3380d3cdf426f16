//! Which sessions may as well lie on another day, and on which.
//!
//! A session is marked when all other days together are nearly as likely as the chosen one, not merely because there is
//! another day. Nothing here is a probability to be told to anybody: it ranks.

use super::calendar::Day;
use super::candidates::Candidate;
use super::score::{self, ONE, Score};
use super::search::{FIXED, Search, Task};

/// Other days together of more than one ninety-ninth of the chosen one's weight are a reason to mark. By thresholds in a
/// trial: at one ninth twice as many wrong days stay unmarked, at one in a thousand twice as many right ones are marked.
const DOUBTFUL: u64 = ONE / 99;

/// Of all sessions to be dated, so many percent must be tied to the calendar by themselves: by having one possible stop,
/// or by standing on the day for which their task was planned. With fewer, nothing holds the order of the sessions to
/// the days, and whole days may slide together, which no one session shows. Lives of people who work by their list have
/// 80, wild ones by the week 25.
const LEAST_HELD: usize = 58;

/// What is open about a session's day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) inferred: bool,
    /// The best other days, of the start and of the stop, whether marked or not.
    pub(super) other: Option<(Day, Day)>,
}

/// The marks of all sessions, task by task.
pub(super) fn marks(search: &mut Search) -> Vec<Vec<Mark>> {
    let mut marks: Vec<Vec<Mark>> = (search.tasks.iter())
        .map(|task| task.other_days.iter().map(|&other| Mark { inferred: false, other }).collect())
        .collect();
    let mut through = Vec::new();
    for free in 0..search.free.len() {
        let at = search.free[free];
        search.take_out(at);
        search.through(at, &mut through, score::sum);
        search.put(at);
        let task = &search.tasks[at];
        let mut here = 0;
        for session in 0..task.chosen.len() {
            let scores = &through[here..here + task.candidates[session].len()];
            here += scores.len();
            let loss = search.losses[task.first_id as usize + session];
            let found = mark(&task.candidates[session], task.chosen[session], scores, loss);
            marks[at][session] = Mark { other: found.other.or(task.other_days[session]), ..found };
        }
    }
    let slides = !is_held(&search.tasks);
    let overlapping = overlapping(search);
    for (task, marks) in search.tasks.iter().zip(&mut marks) {
        for (id, mark) in (task.first_id..).zip(marks) {
            mark.inferred |= mark.other.is_some() && (slides || overlapping.binary_search(&id).is_ok());
        }
    }
    marks
}

fn mark(candidates: &[Candidate], chosen: usize, scores: &[Score], loss: Option<Score>) -> Mark {
    let days = |at: usize| candidates[at].days();
    let others = (0..candidates.len()).filter(|&other| days(other) != days(chosen));
    let weight: u64 = others.clone().map(|other| score::weight((scores[other] - scores[chosen]).min(0))).sum();
    let together = loss.map_or(0, score::weight);
    let best = others.max_by_key(|&other| (scores[other], other));
    Mark { inferred: weight + together > DOUBTFUL, other: best.map(days) }
}

/// Whether enough sessions are tied to the calendar by themselves.
fn is_held(tasks: &[Task]) -> bool {
    let is_held = |task: &Task, at: usize| {
        let (of, undated) = (&task.candidates[at], &task.undated);
        let day = Some(of[task.chosen[at]].start_day);
        (task.other_days[at].is_none() && of.iter().all(|other| other.stop == of[0].stop))
            || (undated.planned == day && (at == 0 || undated.done == day))
    };
    let all: usize = tasks.iter().map(|task| task.chosen.len()).sum();
    let held = tasks.iter().map(|task| (0..task.chosen.len()).filter(|&at| is_held(task, at)).count());
    (held.sum::<usize>() + 2) * 100 >= (all + 2) * LEAST_HELD
}

/// The sessions that overlap another, and those beside them: one person does one thing at a time, so something there was
/// edited by hand, or is on a wrong day. In order.
fn overlapping(search: &Search) -> Vec<u32> {
    let line: Vec<_> = search.timeline.iter().collect();
    let mut found = Vec::new();
    for (at, pair) in line.windows(2).enumerate() {
        if pair[1].start < pair[0].stop {
            let beside = &line[at.saturating_sub(1)..line.len().min(at + 3)];
            found.extend(beside.iter().map(|placed| placed.id).filter(|&id| id != FIXED));
        }
    }
    found.sort_unstable();
    found
}
