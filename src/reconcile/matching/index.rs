//! How a pass finds the candidates of a known task: by place, or by a hash of what both hold.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{MatchContext, SnapshotTask, live, ymd};
use crate::chute_kun::snapshot::Session;
use crate::sidecar::{Place, TaskKey, TaskRecord};
use crate::zone::Minute;

/// How a pass finds the candidates of a known task.
#[derive(Clone, Copy)]
pub enum By {
    /// Where the task stood in the last snapshot.
    Place,
    /// By what it holds.
    Key(Key),
}

/// What must be equal for a task to be a candidate of a known task.
#[derive(Clone, Copy)]
pub enum Key {
    /// Title, planned day and minutes.
    Plan,
    /// Title, day of the first session and minutes.
    FirstDay,
    /// Title and minutes.
    Title,
    /// Minutes alone.
    Minutes,
    /// Title and any start minute.
    AnyStart,
}

/// How many candidates of equal key a known task is compared with: equal keys nearly always fit at the first try, and a
/// bound keeps ten thousand equal tasks linear.
pub const PROBES: usize = 64;

/// The candidates of a pass.
pub enum Index<'a> {
    Places(Places<'a>),
    Queues(Key, HashMap<u64, Queue>),
}

impl<'a> Index<'a> {
    /// The candidates that are still free.
    pub fn of(
        by: By,
        candidates: &'a [SnapshotTask<'a>],
        found: &[Option<TaskKey>],
        context: &MatchContext<'_>,
    ) -> Index<'a> {
        let By::Key(key) = by else { return Index::Places(Places { candidates, next: 0 }) };
        let mut queues: HashMap<u64, Queue> = HashMap::new();
        for (at, task) in candidates.iter().enumerate().filter(|&(at, _)| found[at].is_none()) {
            for hash in keys_of_task(key, task, context) {
                queues.entry(hash).or_default().tasks.push(at);
            }
        }
        Index::Queues(key, queues)
    }

    /// The first candidate of the known task, in the order of the snapshot, that is free and accepted.
    pub fn find(
        &mut self,
        known: &TaskRecord,
        is_free: impl Fn(usize) -> bool,
        accept: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        match self {
            Index::Places(places) => {
                known.place.and_then(|place| places.find(place)).filter(|&at| is_free(at) && accept(at))
            }
            Index::Queues(key, queues) => {
                let mut find = |hash| queues.get_mut(&hash)?.find(&is_free, &accept);
                keys_of_known(*key, known).into_iter().find_map(&mut find)
            }
        }
    }
}

/// The candidates by their places. Known tasks are in the order in which they were first seen, and mostly so are the
/// lists: then the next one that is asked for is the next one that there is.
pub struct Places<'a> {
    candidates: &'a [SnapshotTask<'a>],
    next: usize,
}

impl Places<'_> {
    fn find(&mut self, place: Place) -> Option<usize> {
        let is_next = self.candidates.get(self.next).is_some_and(|candidate| candidate.place == place);
        let at = if is_next {
            self.next
        } else {
            self.candidates.binary_search_by_key(&place, |candidate| candidate.place).ok()?
        };
        self.next = at + 1;
        Some(at)
    }
}

/// The candidates of one key, in the order of the snapshot.
#[derive(Default)]
pub struct Queue {
    tasks: Vec<usize>,
    /// What lies before it is taken.
    head: usize,
}

impl Queue {
    fn find(&mut self, is_free: impl Fn(usize) -> bool, accept: impl Fn(usize) -> bool) -> Option<usize> {
        // A task stands in several queues, so it can have been taken from another one.
        while self.tasks.get(self.head).is_some_and(|&at| !is_free(at)) {
            self.head += 1;
        }
        self.tasks[self.head..].iter().copied().filter(|&at| is_free(at)).take(PROBES).find(|&at| accept(at))
    }
}

/// The keys under which a task is found.
fn keys_of_task(key: Key, task: &SnapshotTask<'_>, context: &MatchContext<'_>) -> Vec<u64> {
    let (title, planned) = (&*task.task.title, task.task.planned_ymd);
    let shapes = |seed: u64| shapes(seed, &task.sessions).collect();
    match key {
        Key::Plan => shapes(hash_of(&(title, planned))),
        Key::FirstDay => shapes(hash_of(&(title, task.first_day(context.zone, context.saved)))),
        Key::Title => shapes(hash_of(title)),
        Key::Minutes => shapes(hash_of(&())),
        Key::AnyStart => {
            let mut starts: Vec<Minute> = task.sessions.iter().map(|session| session.start_min).collect();
            starts.sort_unstable();
            starts.dedup();
            starts.into_iter().map(|start| hash_of(&(title, start))).collect()
        }
    }
}

fn hash_of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// How a session enters a shape: closed with its end, or open, which any end agrees with.
const OPEN: u16 = u16::MAX;

/// The keys of a task's minutes: one for every prefix of its sessions, once as it stands and once as it was
/// while the prefix's last session was open.
fn shapes(seed: u64, sessions: &[Session]) -> impl Iterator<Item = u64> {
    let mut closed = seed;
    sessions.iter().flat_map(move |session| {
        let open = hash_of(&(closed, session.start_min, OPEN));
        closed = session.end_min.map_or(open, |end| hash_of(&(closed, session.start_min, end)));
        [Some(open), session.end_min.map(|_| closed)].into_iter().flatten()
    })
}

/// The keys under which a known task looks for its like.
fn keys_of_known(key: Key, known: &TaskRecord) -> Vec<u64> {
    let shape = |seed: u64| {
        live(known)
            .fold(seed, |hash, record| hash_of(&(hash, record.minutes.start, record.minutes.end.unwrap_or(OPEN))))
    };
    match key {
        Key::Plan => vec![shape(hash_of(&(&*known.title, known.planned)))],
        Key::FirstDay => {
            let day = live(known).next().map_or(0, |first| ymd(first.start));
            vec![shape(hash_of(&(&*known.title, day)))]
        }
        Key::Title => vec![shape(hash_of(&*known.title))],
        Key::Minutes => vec![shape(hash_of(&()))],
        Key::AnyStart => live(known).map(|record| hash_of(&(&*known.title, record.minutes.start))).collect(),
    }
}
