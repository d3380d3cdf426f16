//! All tasks dated together.
//!
//! Each task by itself often leaves several days open; but one person did all of it, one task at a time, and that dates
//! nearly everything. What can have one day only is placed first, on one timeline; the others go where the gaps that
//! they leave, and their own days, are the likeliest.

use super::calendar::{self, Calendar};
use super::candidates::{Clock, FAR, NEAR, Undated, minute};
use super::marks::{Mark, marks};
use super::search::{FIXED, Search, Task};
use super::timeline::{Placed, Timeline};
use super::{Clue, Dated, Event, Frame, Run, date};
use crate::zone::Zone;

/// What is known beside the tasks. Unix seconds.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Save instant of the last snapshot taken in.
    pub taken: Option<i64>,
    /// Save instant of this snapshot.
    pub saved: i64,
    /// A session ran in the last snapshot.
    pub ran: bool,
    /// A session runs in this one.
    pub runs: bool,
    /// Start and stop of other sessions that are recorded and reach beyond the last snapshot.
    pub recorded: &'a [(i64, i64)],
}

/// A task whose sessions are to be dated.
#[derive(Debug, Clone)]
pub struct TaskEvents {
    /// Its starts and ends, in order.
    pub events: Vec<Event>,
    /// What is known of it as a whole.
    pub frame: Frame,
    /// Its last session is open and runs.
    pub runs: bool,
}

/// Gives every event of every task its instant.
#[must_use]
pub fn date_together(zone: &Zone, tasks: &[TaskEvents], around: &Surroundings<'_>) -> Vec<Vec<Dated>> {
    let mut dating = Dating { zone, calendar: Calendar::new(zone, around.saved), around, earliest: None };
    if around.taken.is_none() {
        dating.earliest = tasks.iter().filter_map(|task| dating.first_trace(&task.frame)).min();
    }
    let mut all: Vec<Vec<Dated>> = Vec::with_capacity(tasks.len());
    let mut searched: Vec<Task> = Vec::new();
    let mut places: Vec<usize> = Vec::new();
    let mut fixed = around.recorded.to_vec();
    let mut usual: Vec<usize> = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        if let Some(dated) = dating.on_its_day(task) {
            all.push(dated);
            usual.push(at);
        } else if let Some((known, to_place)) = dating.to_place(task, searched.last().map_or(0, Task::next_id)) {
            all.push(known);
            searched.push(to_place);
            places.push(at);
        } else {
            let dated = date(zone, &task.events, &task.frame);
            fixed.extend(dated.chunks_exact(2).map(|session| (session[0].instant, session[1].instant)));
            all.push(dated);
        }
    }
    let has_choice = searched.iter().any(Task::has_choice);
    if has_choice {
        // What stands on its day tells where the others may be, and what stands badly there may be of another.
        for at in usual {
            if let Some((known, to_place)) = dating.to_place(&tasks[at], searched.last().map_or(0, Task::next_id)) {
                all[at] = known;
                searched.push(to_place);
                places.push(at);
            }
        }
    }
    let (searched, marks) = if has_choice {
        let (timeline, anchor) = dating.timeline(&searched, &fixed);
        let mut search = Search::new(searched, timeline, anchor);
        search.run(&dating.calendar);
        let marks = marks(&mut search);
        (search.tasks, marks)
    } else {
        let marks = searched.iter().map(|task| vec![Mark::default(); task.chosen.len()]).collect();
        (searched, marks)
    };
    for ((at, placed), marks) in places.into_iter().zip(&searched).zip(&marks) {
        let dated = dating.resolve(&tasks[at], &all[at], placed, marks);
        all[at].extend(dated);
    }
    all
}

struct Dating<'a> {
    zone: &'a Zone,
    calendar: Calendar<'a>,
    around: &'a Surroundings<'a>,
    /// On a first push: the first day for which the file has a task. Before it the program was not used.
    earliest: Option<calendar::Day>,
}

impl Dating<'_> {
    /// The day for which a task is planned. One without a plan that is not done is one of the day of the snapshot.
    fn planned(&self, frame: &Frame) -> Option<calendar::Day> {
        let unplanned = || frame.finish.is_none().then(|| self.zone.date(frame.saved));
        frame.planned.or_else(unplanned).map(calendar::day)
    }

    fn first_trace(&self, frame: &Frame) -> Option<calendar::Day> {
        let finished = frame.finish.map(|(_, day)| calendar::day(day));
        self.planned(frame).into_iter().chain(finished).min().map(|day| day.min(self.calendar.day_of(frame.saved)))
    }

    /// On a first push, a task that was planned for a day, worked on from one minute of it to a later one, and finished on it
    /// in the minute in which its last session ended: there, unless another task tells otherwise.
    fn on_its_day(&self, task: &TaskEvents) -> Option<Vec<Dated>> {
        let TaskEvents { events, frame, .. } = task;
        let (minute, date) = frame.finish.filter(|_| !frame.postponed && frame.moved_from.is_none())?;
        let is_new = self.around.taken.is_none() && frame.taken.is_none();
        if !is_new || frame.planned != Some(date) || !events.len().is_multiple_of(2) || events.last()?.minute != minute
        {
            return None;
        }
        let mut length = 0;
        for (at, event) in events.iter().enumerate() {
            let since =
                i64::from(event.minute) - at.checked_sub(1).map_or(0, |before| i64::from(events[before].minute));
            if event.clue != Clue::New || since < 0 {
                return None;
            }
            length += if at.is_multiple_of(2) { 0 } else { since + 1 };
        }
        // Otherwise whole days are missing.
        if frame.actual_min - length > 12 * 60 {
            return None;
        }
        let day = calendar::day(date);
        let instant = |event: &Event| self.calendar.readings(day, event.minute).next();
        let is_over = instant(events.last()?)? <= frame.saved && self.calendar.is_steady(day);
        is_over.then(|| events.iter().filter_map(|event| Some(Dated::new(instant(event)?, false))).collect())
    }

    /// The events of the task that have their instants, and the rest as a task to be placed. `None` where it can only be
    /// dated by itself: nothing is new at its end, it was away for a while, or what is known of it does not agree.
    fn to_place(&self, task: &TaskEvents, first_id: u32) -> Option<(Vec<Dated>, Task)> {
        let TaskEvents { events, frame, .. } = task;
        // After a move to another zone the minutes are of two clocks.
        if frame.moved_from.is_some() {
            return None;
        }
        let first = events.iter().rposition(|event| event.clue != Clue::New).map_or(0, |last| last + 1);
        let is_new = |event: &Event| event.clue == Clue::New;
        if first == events.len() || frame.taken != self.around.taken || events[..first].iter().any(is_new) {
            return None;
        }
        let known = self.known(task, first);
        let run = Run::ending(self.zone, events, frame, &known);
        let taken = self.around.taken.map(|instant| instant - instant.rem_euclid(60));
        let is_closed = events.len().is_multiple_of(2);
        let session = |pair: &[Event]| Clock { start: pair[0].minute, end: pair.get(1).map(|end| end.minute) };
        let recorded: i64 = known.chunks_exact(2).map(|pair| (pair[1].instant - pair[0].instant) / 60 + 1).sum();
        let finish = run.finish();
        let planned = self.planned(frame);
        let mut undated = Undated {
            sessions: events[first - first % 2..].chunks(2).map(session).collect(),
            started: known.last().filter(|_| first % 2 == 1).map(|start| start.instant),
            lower: run.previous.max(taken),
            upper: finish.unwrap_or(frame.saved).min(frame.saved),
            open_until: task.runs.then_some(frame.saved),
            stopped_on: (frame.finish.filter(|_| is_closed && finish.is_some()))
                .filter(|&(minute, _)| events.last().is_some_and(|last| last.minute == minute))
                .map(|(_, day)| calendar::day(day)),
            planned: planned.filter(|_| first == 0),
            earliest: self.earliest,
            postponed_to: frame.planned.filter(|_| frame.postponed).map(calendar::day),
            done: frame.finish.map(|(_, day)| calendar::day(day)),
            previous: known.last().map(|last| self.calendar.day_of(last.instant)),
            counted: Some(frame.actual_min - recorded).filter(|_| is_closed).and_then(|min| i32::try_from(min).ok()),
        };
        // Planned, worked on and finished on one day: so it is, unless it turns out to stand badly there.
        let is_usual =
            self.around.taken.is_none() && is_closed && undated.done.is_some() && undated.done == undated.planned;
        if is_usual
            && let Some((candidates, proven)) = undated.candidates(&self.calendar, 0)
            && candidates.iter().all(|of| of.len() == 1)
        {
            return Some((known, Task::new(undated, candidates, proven, first_id, true)));
        }
        let usual = undated.upper;
        let bounds = run.postponed().into_iter().chain([usual]);
        let reaches = [(NEAR, self.earliest), (FAR, self.earliest), (FAR, None)];
        let mut attempts = bounds.flat_map(|upper| reaches.map(|(reach, earliest)| (upper, reach, earliest)));
        let (candidates, proven) = attempts.find_map(|(upper, reach, earliest)| {
            undated.upper = upper;
            undated.earliest = earliest;
            undated.candidates(&self.calendar, reach)
        })?;
        Some((known, Task::new(undated, candidates, proven, first_id, false)))
    }

    /// The first events of a task, which are recorded or were edited.
    fn known(&self, task: &TaskEvents, first: usize) -> Vec<Dated> {
        let recorded = task.events[..first].iter().map(|event| match event.clue {
            Clue::Recorded(instant) => Some(Dated { instant, inferred: false, other_day: None }),
            Clue::Near(_) | Clue::New => None,
        });
        recorded.collect::<Option<Vec<Dated>>>().unwrap_or_else(|| {
            let mut dated = date(self.zone, &task.events, &task.frame);
            dated.truncate(first);
            dated
        })
    }

    /// The timeline with what is fixed: recorded sessions, those dated by themselves, and the two snapshots, at each of
    /// which nothing is begun or ended by itself, unless something runs.
    fn timeline(&self, tasks: &[Task], fixed: &[(i64, i64)]) -> (Timeline, Option<i32>) {
        let Surroundings { taken, saved, ran, runs, .. } = *self.around;
        let begin = taken.map_or(i32::MIN, minute);
        let mut placed: Vec<Placed> = fixed
            .iter()
            .map(|&(start, stop)| Placed { start: minute(start).max(begin), stop: minute(stop), id: FIXED })
            .filter(|placed| placed.stop >= placed.start)
            .collect();
        let anchor = taken.filter(|_| !ran).map(minute);
        let ends = anchor.into_iter().chain(Some(minute(saved)).filter(|_| !runs));
        placed.extend(ends.map(|at| Placed { start: at, stop: at, id: FIXED }));
        let starts = tasks.iter().flat_map(|task| task.candidates.iter().flatten()).map(|candidate| candidate.start);
        let first = starts.chain(placed.iter().map(|placed| placed.start)).min().unwrap_or(0);
        let mut timeline = Timeline::between(first, minute(saved));
        placed.into_iter().for_each(|placed| timeline.insert(placed));
        (timeline, anchor)
    }

    /// The instants of the events after the `known` ones, with their marks.
    fn resolve(&self, task: &TaskEvents, known: &[Dated], placed: &Task, marks: &[Mark]) -> Vec<Dated> {
        let chosen = placed.chosen.iter().zip(&placed.candidates).map(|(&chosen, of)| of[chosen]);
        let skipped = known.len() % 2;
        let days: Vec<_> = chosen.clone().flat_map(|chosen| [chosen.start_day, chosen.stop_day]).collect();
        let minutes = chosen.flat_map(|chosen| [chosen.start, chosen.stop]);
        let marked = marks.iter().flat_map(|mark| {
            let (start, stop) = mark.other.map_or((None, None), |(start, stop)| (Some(start), Some(stop)));
            [(mark.inferred, start), (mark.inferred, stop)]
        });
        let events = &task.events[known.len()..];
        let mut dated: Vec<Dated> = (events.iter().zip(&days[skipped..]))
            .zip(minutes.skip(skipped).zip(marked.skip(skipped)))
            .map(|((event, &day), (at, (inferred, other)))| {
                let instant = self.calendar.readings(day, event.minute).find(|&instant| minute(instant) == at);
                Dated {
                    instant: instant.unwrap_or(i64::from(at) * 60),
                    inferred: inferred || task.frame.moved_from.is_some(),
                    other_day: other.filter(|&other| other != day).and_then(calendar::date),
                }
            })
            .collect();
        if days.iter().any(|&day| !self.calendar.is_steady(day)) {
            let run = Run::ending(self.zone, &task.events, &task.frame, known);
            self.settle_hours(&run, placed, &days[skipped..], &mut dated);
        }
        dated
    }

    /// Of two equal hours on the days that were found, what `actual_min` tells.
    fn settle_hours(&self, run: &Run<'_>, placed: &Task, days: &[calendar::Day], dated: &mut [Dated]) {
        let mut bound = placed.undated.upper;
        let mut latest = vec![0; dated.len()];
        for at in (0..dated.len()).rev() {
            let mut of_day = self.calendar.readings(days[at], run.events[at].minute);
            bound = of_day.rfind(|&instant| instant <= bound).unwrap_or(dated[at].instant);
            latest[at] = bound;
        }
        let settled = run.settle_hours(&latest, placed.undated.lower, vec![false; dated.len()]);
        for (dated, settled) in dated.iter_mut().zip(settled) {
            dated.instant = settled.instant;
            dated.inferred |= settled.inferred;
        }
    }
}
