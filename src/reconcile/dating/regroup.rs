//! Several tasks moved together, where one alone would leave its neighbours behind.
//!
//! What was done one after the other holds together: a morning on a wrong day is stable, task by task. So each run of
//! neighbours is taken out as a whole, one end of it goes to its best other day, and the others find their places after
//! it. If that is better it stays; if not, how much worse it is says how certain the run is as a whole.

use std::collections::HashSet;

use super::score::{IMPOSSIBLE, Score};
use super::search::{FIXED, Search};

/// Up to so many minutes between neighbours a run holds together: at once, after a pause, within a day.
const PAUSES: [i32; 3] = [3, 45, 300];
/// Runs of more tasks are left: they hold what is pinned, nearly always.
const MOST_TASKS: usize = 12;

/// What moving runs came to.
#[derive(Debug, Default)]
pub(super) struct Regrouped {
    /// Some run is better elsewhere, and is there now.
    pub(super) has_moved: bool,
    /// Of each session, by id: how much its run would lose by going to its best other day.
    pub(super) losses: Vec<Option<Score>>,
}

/// Tries to move every run once.
pub(super) fn regroup(search: &mut Search) -> Regrouped {
    let mut done = Regrouped { has_moved: false, losses: vec![None; search.task_of.len()] };
    let mut seen = HashSet::new();
    for pause in PAUSES {
        for run in runs(search, pause) {
            if seen.insert(run.clone()) {
                let backwards = run.iter().rev().copied().collect();
                for order in [run, backwards] {
                    try_to_move(search, &order, &mut done);
                }
            }
        }
    }
    done
}

/// The tasks with a choice that follow each other with such pauses, in the order of their first session there.
fn runs(search: &Search, pause: i32) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    let mut run: Vec<usize> = Vec::new();
    let mut end = i32::MIN;
    for placed in search.timeline.iter() {
        let task = (placed.id != FIXED).then(|| search.task_of[placed.id as usize]).filter(|&at| search.is_free(at));
        if task.is_none() || placed.start.saturating_sub(end) > pause {
            runs.push(std::mem::take(&mut run));
        }
        run.extend(task.filter(|at| !run.contains(at)));
        end = placed.stop;
    }
    runs.push(run);
    runs.retain(|run| (2..=MOST_TASKS).contains(&run.len()));
    runs
}

/// Moves the first task of a run to its best other days, and the others after it.
fn try_to_move(search: &mut Search, run: &[usize], done: &mut Regrouped) {
    let before: Vec<Vec<usize>> = run.iter().map(|&at| search.tasks[at].chosen.clone()).collect();
    let mut gain = 0;
    for &at in run {
        search.take_out(at);
        gain -= search.score_of_chosen(at);
    }
    for (position, &at) in run.iter().enumerate() {
        let (score, _) = search.best(at, position == 0);
        gain = if score <= IMPOSSIBLE / 2 { IMPOSSIBLE } else { gain + score };
        search.put(at);
    }
    if gain > 0 {
        done.has_moved = true;
        return;
    }
    run.iter().for_each(|&at| search.take_out(at));
    for (&at, before) in run.iter().zip(before) {
        let after = std::mem::replace(&mut search.tasks[at].chosen, before);
        let task = &search.tasks[at];
        for (session, &other) in after.iter().enumerate() {
            let of = &task.candidates[session];
            if of[other].days() != of[task.chosen[session]].days() {
                let loss = &mut done.losses[task.first_id as usize + session];
                *loss = (*loss).max(Some(gain));
            }
        }
        search.put(at);
    }
}
