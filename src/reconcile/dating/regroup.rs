//! Several tasks moved together, where one alone would leave its neighbours behind.
//!
//! What was done one after the other holds together: a morning on a wrong day is stable, task by task. So each run of
//! neighbours is taken out as a whole, one end of it goes to its best other day, and the others find their places after
//! it. If that is better it stays; if not, how much worse it is says how certain the run is as a whole.

use super::score::IMPOSSIBLE;
use super::search::{FIXED, Search};

/// Up to so many minutes between neighbours a run holds together: at once, after a pause, within a day.
const PAUSES: [i32; 3] = [3, 45, 300];
/// Runs of more tasks are left: they hold what is pinned, nearly always.
const MOST_TASKS: usize = 12;

/// Tries to move every run once, unless it was tried and nothing changed around it since. Whether one is better elsewhere,
/// and is there now.
pub(super) fn regroup(search: &mut Search) -> bool {
    let mut has_moved = false;
    for pause in PAUSES {
        for run in runs(search, pause) {
            let has_changed =
                |&tried: &u32| run.iter().any(|&at| search.timeline.has_changed(search.tasks[at].reach(), tried));
            if search.tried.get(&run).is_none_or(has_changed) {
                has_moved |= try_to_move(search, run.iter());
                has_moved |= try_to_move(search, run.iter().rev());
                search.tried.insert(run, search.timeline.changes());
            }
        }
    }
    has_moved
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

/// Moves the first task of a run to its best other days, and the others after it; whether that is better.
fn try_to_move<'a>(search: &mut Search, run: impl Iterator<Item = &'a usize> + Clone) -> bool {
    let mut before: Vec<Vec<usize>> = Vec::new();
    let mut gain = 0;
    for &at in run.clone() {
        before.push(search.tasks[at].chosen.clone());
        search.take_out(at);
        gain -= search.score_of_chosen(at);
    }
    for (position, &at) in run.clone().enumerate() {
        let (score, _) = search.best(at, position == 0);
        gain = if score <= IMPOSSIBLE / 2 { IMPOSSIBLE } else { gain + score };
        search.put(at);
    }
    let is_better = gain > 0;
    if !is_better {
        run.clone().for_each(|&at| search.take_out(at));
    }
    for (&at, before) in run.zip(before) {
        let after = std::mem::replace(&mut search.tasks[at].chosen, before);
        if is_better {
            search.note_changes(at);
            search.tasks[at].chosen = after;
            search.note_changes(at);
            continue;
        }
        let task = &search.tasks[at];
        for (session, &other) in after.iter().enumerate() {
            let of = &task.candidates[session];
            if of[other].days() != of[task.chosen[session]].days() {
                let loss = &mut search.losses[task.first_id as usize + session];
                *loss = (*loss).max(Some(gain));
            }
        }
        search.put(at);
    }
    is_better
}
