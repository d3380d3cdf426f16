//! The running program: Chute_kun's own model, moved as its `App` moves it, with the truth beside it.
//!
//! `App` asks the system for the time and cannot be given another, so its moves are repeated here one by one, on the
//! same `Task` and `DayPlan`. What they do to sessions is then what the program would have done.

use std::collections::BTreeMap;

use chute_kun::storage::SnapshotV1;
use chute_kun::task::{DayPlan, Task, TaskState};
use chute_toggl::zone::Zone;

use super::{Seen, Stretch};

/// What the clock on the wall shows.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Unix seconds.
    pub now: i64,
    /// The zone in force.
    pub zone: &'a Zone,
}

impl Moment<'_> {
    pub fn minute(&self) -> u16 {
        self.zone.minute(self.now)
    }

    /// `YYYYMMDD`.
    pub fn ymd(&self) -> u32 {
        let day = self.zone.date(self.now);
        u32::try_from(day.year()).unwrap() * 10_000 + u32::from(u8::from(day.month())) * 100 + u32::from(day.day())
    }

    /// The instant at which the minute began: a minute is all that the program writes down.
    fn cut(&self) -> i64 {
        self.now - self.now.rem_euclid(60)
    }
}

/// The lists, in a program that runs or in its file.
///
/// A task is known by its estimate: nothing that is tested reads it, and it goes with the task wherever it moves.
#[derive(Default)]
pub struct Program {
    pub day: DayPlan,
    pub future: Vec<Task>,
    pub past: Vec<Task>,
    /// The true sessions by the tag of their task, in the order of the task's sessions; deleted ones too.
    truth: BTreeMap<u16, Vec<Stretch>>,
    tags: u16,
    sessions: u32,
    last_seen: u32,
}

impl Program {
    /// What launching does to the lists that were saved.
    pub fn launch(&mut self, at: Moment<'_>) {
        self.day = DayPlan::new(std::mem::take(&mut self.day.tasks));
        self.last_seen = at.ymd();
        self.sweep_done_before(self.last_seen);
    }

    /// `App::tick` once a second for so long, up to `at`. A day's change is at the end of it at the earliest.
    pub fn tick(&mut self, seconds: i64, at: Moment<'_>) {
        if let Some(task) = self.day.active_index().and_then(|active| self.day.tasks.get_mut(active)) {
            let carried = i64::from(task.actual_carry_sec) + seconds;
            task.actual_carry_sec = u16::try_from(carried % 60).unwrap();
            task.actual_min = task.actual_min.saturating_add(u16::try_from(carried / 60).unwrap_or(u16::MAX));
        }
        let today = at.ymd();
        if today != self.last_seen {
            self.last_seen = today;
            self.sweep_done_before(today);
        }
    }

    fn sweep_done_before(&mut self, ymd: u32) {
        let mut at = 0;
        while at < self.day.tasks.len() {
            if self.day.tasks[at].done_ymd.is_some_and(|done| done < ymd) {
                self.past.extend(self.day.remove(at));
            } else {
                at += 1;
            }
        }
    }

    /// A new task: today's, or of a later day (then in future).
    pub fn add(&mut self, title: &str, planned: u32, at: Moment<'_>) -> usize {
        let task = Task { planned_ymd: planned, ..Task::new(title, self.tags) };
        self.tags = self.tags.checked_add(1).expect("a life has fewer tasks");
        if planned > at.ymd() {
            self.future.push(task);
            self.future.len() - 1
        } else {
            self.day.add_task(task)
        }
    }

    /// Enter: pauses the active task, or starts the selected one, or else the first that can be started.
    pub fn enter(&mut self, selected: usize, at: Moment<'_>) {
        if let Some(active) = self.day.active_index() {
            self.end(active, at);
            self.day.pause_active();
        } else if self.is_eligible(selected) {
            self.begin(selected, at);
        } else if let Some(first) = (0..self.day.tasks.len()).find(|&index| self.is_eligible(index)) {
            self.begin(first, at);
        }
    }

    /// The button "Start": pauses another active task.
    pub fn start(&mut self, selected: usize, at: Moment<'_>) {
        match self.day.active_index() {
            Some(active) if active == selected => return,
            Some(active) => {
                self.end(active, at);
                self.day.pause_active();
            }
            None => {}
        }
        if self.is_eligible(selected) {
            self.begin(selected, at);
        }
    }

    /// Finish, whatever the task's state; again if it is Done.
    pub fn finish(&mut self, selected: usize, at: Moment<'_>) {
        if let Some(task) = self.day.tasks.get_mut(selected) {
            task.finished_at_min = Some(at.minute());
            self.end(selected, at);
            self.day.finish_at(selected, at.ymd());
        }
    }

    /// A double-click: changes the state of tasks and no session.
    pub fn double_click(&mut self, selected: usize) {
        if self.day.active_index() == Some(selected) {
            self.day.pause_active();
        } else {
            self.day.start(selected);
        }
    }

    pub fn postpone(&mut self, selected: usize, at: Moment<'_>) {
        if let Some(task) = self.day.remove(selected) {
            let tomorrow = chute_kun::date::add_days_to_ymd(at.ymd(), 1);
            self.future.push(Task { state: TaskState::Planned, planned_ymd: tomorrow, ..task });
        }
    }

    pub fn bring_to_today(&mut self, selected: usize, at: Moment<'_>) {
        if selected < self.future.len() {
            let task = self.future.remove(selected);
            self.day.add_task(Task { state: TaskState::Planned, planned_ymd: at.ymd(), ..task });
        }
    }

    pub fn delete(&mut self, selected: usize) {
        let _ = self.day.remove(selected);
    }

    fn is_eligible(&self, index: usize) -> bool {
        self.day.tasks.get(index).is_some_and(|task| matches!(task.state, TaskState::Planned | TaskState::Paused))
    }

    fn begin(&mut self, index: usize, at: Moment<'_>) {
        self.day.start(index);
        let task = &mut self.day.tasks[index];
        task.started_at_min.get_or_insert(at.minute());
        let before = task.sessions.len();
        task.start_session(at.minute());
        // An open session that did not run goes on.
        if task.sessions.len() > before {
            let session = Stretch { uid: self.sessions, start: at.cut(), stop: None };
            self.truth.entry(task.estimate_min).or_default().push(session);
            self.sessions += 1;
        }
    }

    fn end(&mut self, index: usize, at: Moment<'_>) {
        let task = &mut self.day.tasks[index];
        let was_open = task.sessions.last().is_some_and(|last| last.end_min.is_none());
        task.end_session(at.minute());
        if was_open {
            self.truth.get_mut(&task.estimate_min).unwrap().last_mut().unwrap().stop = Some(at.cut());
        }
    }

    /// All tasks, in the order of the file, with the list that they are in.
    pub fn tasks(&self) -> impl Iterator<Item = (&'static str, usize, &Task)> {
        let lists = [("today", &self.day.tasks), ("future", &self.future), ("past", &self.past)];
        lists.into_iter().flat_map(|(list, tasks)| tasks.iter().enumerate().map(move |(at, task)| (list, at, task)))
    }

    /// A task and its true sessions, to be edited by hand in the file; counted as [`Program::tasks`] does.
    pub fn by_hand(&mut self, at: usize) -> Option<(&mut Task, &mut [Stretch])> {
        let lists = [&mut self.day.tasks, &mut self.future, &mut self.past];
        let task = lists.into_iter().flat_map(|tasks| tasks.iter_mut()).nth(at)?;
        let truth = self.truth.get_mut(&task.estimate_min).map_or(&mut [][..], Vec::as_mut_slice);
        Some((task, truth))
    }

    /// A paused task of today with one session, which another program recorded.
    pub fn record(&mut self, title: &str, (start, stop): (i64, i64), zone: &Zone) {
        let [start, stop] = [start, stop].map(|now| Moment { now, zone });
        let index = self.add(title, stop.ymd(), stop);
        let task = &mut self.day.tasks[index];
        task.start_session(start.minute());
        task.end_session(stop.minute());
        task.started_at_min = Some(start.minute());
        task.state = TaskState::Paused;
        let session = Stretch { uid: self.sessions, start: start.cut(), stop: Some(stop.cut()) };
        self.truth.entry(task.estimate_min).or_default().push(session);
        self.sessions += 1;
    }

    /// Gives a closed session other times by hand, if they keep the order of its task.
    pub fn move_session(&mut self, uid: u32, start: i64, stop: i64, zone: &Zone) {
        let holds = |truth: &[Stretch]| truth.iter().position(|session| session.uid == uid);
        let Some((tag, at)) = self.truth.iter().find_map(|(&tag, truth)| Some((tag, holds(truth)?))) else { return };
        let lists = [&mut self.day.tasks, &mut self.future, &mut self.past];
        let mut tasks = lists.into_iter().flat_map(|tasks| tasks.iter_mut());
        let truth = self.truth.get_mut(&tag).unwrap();
        let is_after = at == 0 || truth[at - 1].stop.is_some_and(|before| before <= start);
        let is_before = truth.get(at + 1).is_none_or(|next| stop <= next.start);
        if let Some(task) = tasks.find(|task| task.estimate_min == tag).filter(|_| is_after && is_before) {
            task.sessions[at].start_min = zone.minute(start);
            task.sessions[at].end_min = Some(zone.minute(stop));
            truth[at] = Stretch { uid, start, stop: Some(stop) };
        }
    }

    /// The file that quitting writes.
    pub fn text(&self) -> String {
        let snapshot = SnapshotV1 {
            version: 1,
            today: self.day.tasks.clone(),
            future: self.future.clone(),
            past: self.past.clone(),
        };
        toml::to_string_pretty(&snapshot).expect("the model can be written")
    }

    /// The sessions in the file as they truly were.
    pub fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.tasks().flat_map(|(list, task_index, task)| {
            let truth = self.truth.get(&task.estimate_min).map_or(&[][..], Vec::as_slice);
            assert_eq!(truth.len(), task.sessions.len(), "the truth counts as the file does");
            truth.iter().enumerate().map(move |(session_index, &Stretch { uid, start, stop })| Seen {
                uid,
                title: &task.title,
                list,
                task_index,
                session_index,
                start,
                stop,
                running: list == "today" && task.state == TaskState::Active && stop.is_none(),
            })
        })
    }
}
