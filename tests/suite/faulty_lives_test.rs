//! Random lives in a bad world: requests that are lost before or after they are carried out, answers that say nothing,
//! quotas, lists that lag, a program that is killed anywhere, and what [`world`] has in store. In the end nothing is
//! doubled, missing, moved or stuck.
//!
//! 2,000 lives are part of every run. `CHUTE_TOGGL_CASES=100000 cargo test --test suite faulty_lives` lives so many;
//! `CHUTE_TOGGL_SEED=…` only the one with that seed, which the message of a failure names, or so many from it on;
//! `CHUTE_TOGGL_TRICKS=Clock,Token` in a world with these tricks only.

mod world;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use chute_toggl::chute_kun::snapshot::State;
use chute_toggl::reconcile::matching::ymd;
use chute_toggl::sidecar::{Place, SessionKey, SessionRecord, Sidecar, TaskKey};
use chute_toggl::toggl::description_of;
use chute_toggl::zone::Zone;
use fastrand::Rng;
use world::World;

use crate::lives::{Habits, Saved, Seen, live};
use crate::sandbox::{Fault, InProcess, UNLIMITED};
use crate::support::in_process::{Pushed, User, push_or_die};
use crate::support::truth::{place_of, records_by_place};

/// What was met and found in all lives.
#[derive(Debug, Default)]
struct Figures {
    lives: usize,
    pushes: usize,
    kills: usize,
    requests: usize,
    faults: usize,
    sessions: usize,
    adopted: usize,
    inferred: usize,
    /// How often each of [`world::TRICKS`] happened.
    happened: [usize; world::TRICKS.len()],
    /// Entries of sessions that are in no list any more, and of which the sidecar that was put back knows nothing.
    orphaned: usize,
    /// Sessions that were not known again after an edit by hand: their entries were made anew.
    lost: usize,
    /// Sessions at a wrong time that nothing explains, and that are not marked.
    unmarked: usize,
}

#[test]
fn in_a_bad_world_nothing_is_doubled_and_nothing_is_missing() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("CHUTE_TOGGL_SEED") {
        Some(seed) => seed..seed + number("CHUTE_TOGGL_CASES").unwrap_or(1),
        None => 0..number("CHUTE_TOGGL_CASES").unwrap_or(2000),
    };
    let mut figures = Figures::default();
    let mut failed = Vec::new();
    for seed in seeds {
        let case = Case::of(seed);
        if catch_unwind(AssertUnwindSafe(|| case.live(&mut figures))).is_err() {
            failed.push(seed);
        }
    }
    println!("{figures:?}");
    println!("{:?}", world::TRICKS.into_iter().zip(figures.happened).collect::<Vec<_>>());
    assert!(failed.is_empty(), "{} lives went wrong, of these seeds: {failed:?}", failed.len());
    // Edited by hand and moved, in the time between two pushes, with nothing that shows the age of the task.
    assert!(figures.lost * 1000 <= figures.sessions + 1000, "{figures:?}");
    // Days may be guessed wrongly where several are possible, and the marks tell nearly all of these.
    assert!(figures.unmarked * 1000 <= figures.sessions + 1000, "{figures:?}");
}

/// One life in one bad world.
struct Case {
    seed: u64,
    rng: Rng,
    user: User,
    world: Arc<Mutex<World>>,
    /// The time that the file showed at the last push.
    shown: i64,
    /// An older sidecar was put back at some time.
    is_set_back: bool,
    /// Sessions that were in the first snapshot ingested: nothing dates them for certain.
    from_first: Option<BTreeSet<u32>>,
    /// The record of each session, and the sessions that got another one.
    keys: HashMap<u32, SessionKey>,
    lost: BTreeSet<u32>,
    /// What the records of these sessions may have been taken for: tasks with the same title and the same minutes.
    mistaken: HashSet<TaskKey>,
    /// The save instant of the last snapshot pushed in which the session was open.
    open_at: HashMap<u32, i64>,
}

impl Case {
    fn of(seed: u64) -> Case {
        let mut rng = Rng::with_seed(seed ^ 0x00ba_d001);
        let mut user = User::at(0);
        user.policy.wait = rng.bool();
        let (world, toggl) = World::new(rng.fork(), &user.clock);
        user.toggl = toggl;
        let world = Arc::new(Mutex::new(world));
        let mut sandbox = user.toggl.sandbox();
        sandbox.rules.lag_ms = [0, 0, 1500, 4000][rng.usize(..4)];
        sandbox.rules.workspace_total = [30, 30, 240, UNLIMITED][rng.usize(..4)];
        let (share, mut dice) = ([0.02, 0.1, 0.3, 0.6][rng.usize(..4)], rng.fork());
        let of_world = Arc::clone(&world);
        sandbox.faults.by(move |_| {
            let is_hit = dice.f64() < share;
            is_hit.then(|| of_world.lock().unwrap().fault().unwrap_or_else(|| some_fault(&mut dice)))
        });
        drop(sandbox);
        Case {
            seed,
            rng,
            user,
            world,
            is_set_back: false,
            shown: 0,
            from_first: None,
            keys: HashMap::new(),
            lost: BTreeSet::new(),
            mistaken: HashSet::new(),
            open_at: HashMap::new(),
        }
    }

    fn live(mut self, figures: &mut Figures) {
        let seed = self.seed;
        let days = self.rng.usize(1..=4);
        let habits = Habits { quits: 3, calm: 2, renames: 0.15, ..Habits::of_days(days) };
        let (patience, mortality) = (self.rng.f64() * 0.6 + 0.4, [0.0, 0.2, 0.5][self.rng.usize(..3)]);
        live(seed, habits, |saved| {
            let sessions: BTreeSet<u32> = saved.sessions().map(|session| session.uid).collect();
            if self.rng.f64() < patience {
                let open = saved.sessions().filter(|session| session.stop.is_none());
                self.open_at.extend(open.map(|session| (session.uid, saved.at)));
                let kill = (self.rng.f64() < mortality).then(|| self.rng.usize(1..=16));
                self.push(&saved.text(), saved.at, saved.zone, kill, figures);
                self.note_keys(saved);
                if self.from_first.is_none() && self.user.sidecar().sessions().next().is_some() {
                    self.from_first = Some(sessions);
                }
            }
            if saved.last {
                self.end(saved, figures);
            }
        });
        figures.lives += 1;
        figures.requests += self.user.requests();
        for (sum, count) in figures.happened.iter_mut().zip(self.world.lock().unwrap().happened) {
            *sum += count;
        }
        figures.faults += self.user.toggl.sandbox().log.iter().filter(|line| line.fault.is_some()).count();
    }

    fn note_keys(&mut self, saved: &Saved<'_>) {
        let sidecar = self.user.sidecar();
        // A push that was killed may not have come so far that the file on disk knows where the tasks stand.
        if sidecar.last_snapshot_saved != Some(self.shown) {
            return;
        }
        let records = records_by_place(&sidecar);
        for session in saved.sessions() {
            let found = records.get(&place_of(&session)).and_then(|records| records.get(session.session_index));
            if let Some(&(key, _)) = found
                && let Some(before) = self.keys.insert(session.uid, key).filter(|before| *before != key)
            {
                self.lost.insert(session.uid);
                self.mistaken.insert(before.task);
            }
        }
    }

    fn push(
        &mut self,
        text: &str,
        saved: i64,
        zone: &Zone,
        kill: Option<usize>,
        figures: &mut Figures,
    ) -> Option<Pushed> {
        figures.pushes += 1;
        self.user.clock.advance(1);
        let now = chute_toggl::clock::Clock::now(&self.user.clock);
        self.user.clock.set(now.max(saved) + self.rng.i64(1..20));
        let before =
            self.world.lock().unwrap().before_push(&self.user.clock, &self.user.toggl, &mut self.user.disk, saved);
        if before.is_older {
            self.is_set_back = true;
            let sidecar = self.user.sidecar();
            let known: HashSet<SessionKey> = sidecar.sessions().map(|(key, _, _)| key).collect();
            self.keys.retain(|_, key| known.contains(key));
        }
        // With the token that it now has.
        self.user.toggl = InProcess::to(self.user.toggl.shared());
        self.shown = before.shown.min(chute_toggl::clock::Clock::now(&self.user.clock));
        let pushed = push_or_die(&mut self.user, text, self.shown, zone, kill);
        self.world.lock().unwrap().after_push(&self.user.clock, &self.user.disk);
        figures.kills += usize::from(pushed.is_none());
        figures.adopted += pushed.as_ref().map_or(0, |pushed| pushed.report.adopted.len());
        pushed
    }

    /// The world is good again: a push, or a few if it takes the quota of several hours, and all is as it should be.
    fn end(&mut self, saved: &Saved<'_>, figures: &mut Figures) {
        let seed = self.seed;
        self.world.lock().unwrap().heal(&self.user.toggl);
        self.user.toggl.sandbox().faults.clear();
        self.user.policy.wait = true;
        let text = saved.text();
        let pushed = self.push(&text, saved.at, saved.zone, None, figures).unwrap();
        self.note_keys(saved);
        assert_eq!(pushed.report.end, None, "seed {seed}");
        assert_eq!(pushed.report.left.operations, [], "seed {seed}");
        assert_eq!(pushed.report.uncertain, [], "seed {seed}");
        if self.from_first.is_none() {
            self.from_first = Some(saved.sessions().map(|session| session.uid).collect());
        }
        let (before, disk) = (self.user.requests(), self.user.disk.clone());
        self.push(&text, saved.at, saved.zone, None, figures);
        assert!(self.user.requests() == before && self.user.disk == disk, "seed {seed}: a second push did something");
        self.compare(saved, figures);
    }

    /// The tasks that say of themselves what is not so, and by how many seconds their sessions may be wrong for it,
    /// unmarked: nothing in the file tells it from what it seems to be.
    fn misled(&self, saved: &Saved<'_>) -> HashMap<Place, u64> {
        let snapshot = chute_toggl::chute_kun::snapshot::parse(saved.text().as_bytes()).unwrap();
        let mut misled = HashMap::new();
        for (list, index, task) in snapshot.tasks() {
            let place = Place { list, index: u32::try_from(index).unwrap() };
            let sessions: Vec<_> = saved.sessions().filter(|session| place_of(session) == place).collect();
            // An end set by hand to before a save in which the session was open can only be the next day's, and all
            // that follows in the task goes by it.
            let is_contradicted = sessions.iter().any(|session| {
                session.stop.zip(self.open_at.get(&session.uid)).is_some_and(|(stop, &at)| stop + 60 <= at)
            });
            // Finished on a later day in the very minute of its last pause.
            let last = sessions.last().and_then(|session| session.stop);
            let is_finished_later = task.state == State::Done
                && task.finished_at_min == task.sessions.last().and_then(|session| session.end_min)
                && last.is_some_and(|last| task.done_ymd != Some(ymd(saved.zone.at(last))));
            if is_contradicted || is_finished_later {
                misled.insert(place, u64::MAX);
                continue;
            }
            // More minutes counted than worked, as of a task that was made active without a session: that tells the
            // wrong one of two equal hours.
            let worked: i64 = sessions.iter().map(|session| session.stop.unwrap_or(saved.at) - session.start).sum();
            if i64::from(task.actual_min) * 60 > worked + 1800 {
                misled.insert(place, 3600);
            }
        }
        misled
    }

    fn compare(&self, saved: &Saved<'_>, figures: &mut Figures) {
        let seed = self.seed;
        let sidecar = self.user.sidecar();
        let records = records_by_place(&sidecar);
        let sandbox = self.user.toggl.sandbox();
        sandbox.assert_clean();
        figures.lost += self.lost.len();
        let lost = saved.sessions().filter(|session| self.lost.contains(&session.uid));
        let lost_tasks: HashSet<Place> = lost.map(|session| place_of(&session)).collect();
        let misled = self.misled(saved);
        let mut present = BTreeSet::new();
        for session in saved.sessions() {
            let uid = session.uid;
            let record = records.get(&place_of(&session)).and_then(|records| records.get(session.session_index));
            let &(key, record) = record.unwrap_or_else(|| panic!("seed {seed}: {uid} has no record"));
            figures.sessions += 1;
            figures.inferred += usize::from(record.inferred);
            let Some(entry) = &record.last_sent else {
                assert!(session.stop.is_none() && !session.running, "seed {seed}: {uid} is missing");
                continue;
            };
            assert!(present.insert(entry.id), "seed {seed}: {uid} shares an entry");
            let held = sandbox.entry(entry.id.0).expect("an entry of ours is there");
            assert_eq!(held.description, description_of(session.title), "seed {seed}: {uid}");
            assert_eq!(held.stop.is_none(), session.running, "seed {seed}: {uid}");
            let is_right = held.start == session.start && (session.stop.is_none() || held.stop == session.stop);
            let off = |told: i64, truth: i64| (told - truth).unsigned_abs();
            let stops = held.stop.zip(session.stop).map_or(0, |(told, truth)| off(told, truth));
            let is_excused = record.inferred
                || lost_tasks.contains(&place_of(&session))
                || misled
                    .get(&place_of(&session))
                    .is_some_and(|&most| off(held.start, session.start).max(stops) <= most)
                || self.mistaken.contains(&key.task)
                || self.from_first.as_ref().is_some_and(|first| first.contains(&uid));
            if !is_right && !is_excused {
                println!("seed {seed}: {uid}: {session:?} {held:?}");
                figures.unmarked += 1;
            }
        }
        // Every entry belongs to a record.
        let owned: Vec<i64> = entries(&sidecar).map(|(_, id)| id).collect();
        let distinct: BTreeSet<i64> = owned.iter().copied().collect();
        assert_eq!(owned.len(), distinct.len(), "seed {seed}: two records share an entry");
        let in_toggl: BTreeSet<i64> = sandbox.entries().iter().map(|entry| entry.id).collect();
        assert!(distinct.is_subset(&in_toggl), "seed {seed}: missing in Toggl");
        for entry in sandbox.entries().iter().filter(|entry| !distinct.contains(&entry.id)) {
            // The sidecar that was put back knows nothing of it, and no list has its session.
            let is_of =
                |session: &Seen<'_>| description_of(session.title) == entry.description && session.start == entry.start;
            assert!(
                self.is_set_back && !saved.sessions().any(|session| is_of(&session)),
                "seed {seed}: doubled: {entry:?}"
            );
            figures.orphaned += 1;
        }
    }
}

fn entries(sidecar: &Sidecar) -> impl Iterator<Item = (&SessionRecord, i64)> {
    sidecar.sessions().filter_map(|(_, _, record)| Some((record, record.last_sent.as_ref()?.id.0)))
}

fn some_fault(rng: &mut Rng) -> Fault {
    let carried_out = rng.bool();
    match rng.u8(..12) {
        0 => Fault::Unreachable,
        1 => Fault::CutBefore,
        2 => Fault::ResetBefore,
        3 | 4 => Fault::CutAfter,
        5 => Fault::CutMiddle,
        6 => Fault::Garbage,
        7 => Fault::NoId,
        8 => Fault::HalfBody,
        9 => Fault::status(429, false),
        10 => Fault::Slow { ms: 60_000, carried_out },
        _ => Fault::status([500, 502, 503, 504][rng.usize(..4)], carried_out),
    }
}
