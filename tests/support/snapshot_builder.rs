//! Snapshots by Chute_kun's own model and writer. Minutes are those of the clock on the wall since midnight, days are
//! `YYYYMMDD`.

use std::borrow::Borrow;

use chute_kun::storage::SnapshotV1;
use chute_kun::task::{Category, Session, Task, TaskState};
use chute_toggl::chute_kun::snapshot::List;

/// A task and the list that it is in. Planned for no day, and never worked on.
#[derive(Debug, Clone)]
pub struct TaskBuilder {
    list: List,
    task: Task,
}

pub fn today(title: &str) -> TaskBuilder {
    TaskBuilder::new(List::Today, title)
}

pub fn future(title: &str) -> TaskBuilder {
    TaskBuilder::new(List::Future, title)
}

pub fn past(title: &str) -> TaskBuilder {
    TaskBuilder::new(List::Past, title)
}

impl TaskBuilder {
    fn new(list: List, title: &str) -> TaskBuilder {
        let task = Task {
            title: title.to_owned(),
            estimate_min: 25,
            actual_min: 0,
            actual_carry_sec: 0,
            started_at_min: None,
            finished_at_min: None,
            sessions: Vec::new(),
            state: TaskState::Planned,
            planned_ymd: 0,
            done_ymd: None,
            category: Category::General,
            fixed_start_min: None,
        };
        TaskBuilder { list, task }
    }

    /// Worked on from one minute to the other, and paused.
    pub fn closed(self, start: u16, end: u16) -> TaskBuilder {
        self.sessions(&[(start, Some(end))])
    }

    /// Worked on since this minute: in today it runs, elsewhere it was postponed.
    pub fn open(self, start: u16) -> TaskBuilder {
        self.sessions(&[(start, None)])
    }

    /// All these sessions, after those that it has.
    pub fn sessions(self, sessions: &[(u16, Option<u16>)]) -> TaskBuilder {
        let Some(&(_, last_end)) = sessions.last() else { return self };
        let state = match (last_end, self.list) {
            (None, List::Today) => TaskState::Active,
            (None, _) => TaskState::Planned,
            (Some(_), _) => TaskState::Paused,
        };
        self.with(|task| {
            task.sessions.extend(sessions.iter().map(|&(start_min, end_min)| Session { start_min, end_min }));
            if task.state != TaskState::Done {
                task.state = state;
            }
        })
    }

    pub fn planned(self, ymd: u32) -> TaskBuilder {
        self.with(|task| task.planned_ymd = ymd)
    }

    /// Finished on that day at that minute.
    pub fn done(self, ymd: u32, minute: u16) -> TaskBuilder {
        self.with(|task| {
            (task.state, task.done_ymd, task.finished_at_min) = (TaskState::Done, Some(ymd), Some(minute));
        })
    }

    pub fn state(self, state: TaskState) -> TaskBuilder {
        self.with(|task| task.state = state)
    }

    /// Whatever else is to be said of it.
    pub fn with(mut self, change: impl FnOnce(&mut Task)) -> TaskBuilder {
        change(&mut self.task);
        self
    }
}

/// The file with these tasks, each list in their order.
pub fn snapshot(tasks: impl IntoIterator<Item = impl Borrow<TaskBuilder>>) -> String {
    let mut snapshot = SnapshotV1::default();
    for task in tasks {
        let TaskBuilder { list, task } = task.borrow();
        let tasks = match list {
            List::Today => &mut snapshot.today,
            List::Future => &mut snapshot.future,
            List::Past => &mut snapshot.past,
        };
        tasks.push(task.clone());
    }
    toml::to_string_pretty(&snapshot).expect("the model can be written")
}

/// The day of this instant (unix seconds) in UTC.
pub fn ymd(instant: i64) -> u32 {
    let day = time::OffsetDateTime::from_unix_timestamp(instant).unwrap().date();
    u32::try_from(day.year()).unwrap() * 10_000 + u32::from(u8::from(day.month())) * 100 + u32::from(day.day())
}
