//! Random lives, pushed at every quit or at some, and compared with the truth after each push.
//!
//! `CHUTE_TOGGL_LIVES=300 cargo test --test suite lives_test` lives more lives than fit into every run; the seed of a life
//! that fails is in the message.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chute_toggl::toggl::description_of;

use crate::lives::{Habits, Saved, Seen, live};
use crate::support::in_process::User;
use crate::support::truth::{Told, needed, place_of, records_by_place};

/// Windows up to this long hold every minute once.
const DAY: i64 = 24 * 3600;

/// What was counted over many lives. Sessions are counted once, however often they were looked at.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    pushes: usize,
    looked_at: usize,
    sessions: usize,
    sent: usize,
    needed: usize,
    /// Marked as inferred when first pushed.
    inferred: usize,
    /// Sessions with another start or stop than the true one.
    wrong: usize,
    /// Of these, not marked.
    unmarked: usize,
    /// Sessions whose entry was given up and made anew.
    changed: usize,
}

#[test]
fn pushed_at_every_quit_each_true_session_has_its_one_entry() {
    let mut figures = Figures::default();
    for seed in seeds() {
        let mut follower = Follower::of(seed);
        live(seed, Habits::of_days(12 + usize::try_from(seed % 3).unwrap()), |saved| follower.push(saved));
        for (&uid, known) in &follower.known {
            // What one file holds of the time before it, and more than a day between two pushes, leave several days open.
            assert!(!known.is_wrong || known.from_first || known.from_long, "seed {seed}: {uid} was knowable");
        }
        assert!(follower.changed.is_empty(), "seed {seed}: entries were made anew");
        follower.add_to(&mut figures);
    }
    println!("{figures:?}");
    assert_eq!(figures.sent, figures.needed, "one request a change, no more and no less: {figures:?}");
    assert!(figures.wrong * 500 <= figures.sessions, "{figures:?}");
    assert_eq!(figures.unmarked, 0, "{figures:?}");
}

#[test]
fn pushed_at_half_of_the_quits_each_true_session_has_its_entry_and_what_is_guessed_is_marked() {
    let mut figures = Figures::default();
    for seed in seeds() {
        let mut follower = Follower::of(seed);
        let mut rng = fastrand::Rng::with_seed(!seed);
        live(seed, Habits::of_days(12 + usize::try_from(seed % 3).unwrap()), |saved| {
            if saved.last || rng.bool() {
                follower.push(saved);
            }
        });
        follower.add_to(&mut figures);
    }
    println!("{figures:?}");
    // Days without any push, and moves to another zone between two pushes, are what is wrong here.
    assert!(figures.wrong * 100 <= 3 * figures.sessions, "{figures:?}");
    assert!(figures.unmarked * 1000 <= 2 * figures.sessions, "{figures:?}");
    // A task both edited by hand and moved, in the time between two pushes, with nothing that shows its age.
    assert!(figures.changed * 500 <= figures.sessions, "{figures:?}");
    assert!(figures.sent.abs_diff(figures.needed) <= 2 * figures.changed, "{figures:?}");
}

fn seeds() -> std::ops::Range<u64> {
    let lives = std::env::var("CHUTE_TOGGL_LIVES").map_or(16, |lives| lives.parse().unwrap());
    10_001..10_001 + lives
}

/// A life's pushes, compared with the truth one by one.
struct Follower {
    seed: u64,
    user: User,
    last_push: Option<i64>,
    ids: HashMap<u32, i64>,
    told: HashMap<u32, Told>,
    known: BTreeMap<u32, Known>,
    changed: BTreeSet<u32>,
    figures: Figures,
}

/// What was found out about a true session.
#[derive(Default)]
struct Known {
    is_closed: bool,
    /// First seen by the first push, which has nothing to go by.
    from_first: bool,
    /// Its start or its stop was first seen by a push more than a day after the last.
    from_long: bool,
    is_wrong: bool,
    is_marked: bool,
}

impl Follower {
    fn of(seed: u64) -> Follower {
        Follower {
            seed,
            user: User::at(0),
            last_push: None,
            ids: HashMap::new(),
            told: HashMap::new(),
            known: BTreeMap::new(),
            changed: BTreeSet::new(),
            figures: Figures::default(),
        }
    }

    fn push(&mut self, saved: &Saved<'_>) {
        let at = format!("seed {} at {}", self.seed, saved.zone.at(saved.at));
        let text = saved.text();
        self.user.clock.set(saved.at + 3);
        let before = self.user.requests();
        let pushed = self.user.push(&text, saved.at, saved.zone);
        assert_eq!(pushed.report.end, None, "{at}");
        self.user.toggl.sandbox().assert_clean();
        let looks = usize::from(pushed.report.requests > pushed.planned.requests());
        let sessions: Vec<Seen<'_>> = saved.sessions().collect();
        self.figures.pushes += 1;
        self.figures.looked_at += sessions.len();
        self.figures.sent += self.user.requests() - before - looks;
        self.figures.needed += needed(&sessions, &mut self.told);
        self.compare(&sessions, saved.at, &at);
        self.last_push = Some(saved.at);

        let (before, disk) = (self.user.requests(), self.user.disk.clone());
        self.user.clock.advance(60_000);
        let again = self.user.push(&text, saved.at, saved.zone);
        assert_eq!((self.user.requests(), again.report.end), (before, None), "{at}: a second push sent something");
        assert!(self.user.disk == disk, "{at}: a second push changed the sidecar");
    }

    fn compare(&mut self, sessions: &[Seen<'_>], saved: i64, at: &str) {
        let sidecar = self.user.sidecar();
        let records = records_by_place(&sidecar);
        let sandbox = self.user.toggl.sandbox();
        let mut present = BTreeSet::new();
        for session in sessions {
            let uid = session.uid;
            let known = self.known.entry(uid).or_insert_with(|| Known {
                from_first: self.last_push.is_none(),
                from_long: self.last_push.is_some_and(|last| saved - last > DAY - 60),
                ..Known::default()
            });
            if session.stop.is_some() && !known.is_closed {
                known.is_closed = true;
                known.from_long |= self.last_push.is_some_and(|last| saved - last > DAY - 60);
            }
            let record = records.get(&place_of(session)).and_then(|records| records.get(session.session_index));
            let &(_, record) = record.unwrap_or_else(|| panic!("{at}: {uid} has no record"));
            known.is_marked |= record.inferred;
            let Some(entry) = &record.last_sent else {
                assert!(session.stop.is_none() && !session.running, "{at}: {uid} has no entry");
                continue;
            };
            assert!(present.insert(entry.id), "{at}: {uid} shares an entry");
            let held = sandbox.entry(entry.id.0).expect("an entry of ours is there");
            assert_eq!(held.description, description_of(session.title), "{at}: {uid}");
            assert_eq!(held.stop.is_none(), session.running, "{at}: {uid}");
            known.is_wrong |= held.start != session.start || (session.stop.is_some() && held.stop != session.stop);
            if self.ids.insert(uid, entry.id.0).is_some_and(|before| before != entry.id.0) {
                self.changed.insert(uid);
            }
        }
        if self.changed.is_empty() {
            // Entries of deleted sessions stay.
            assert_eq!(sandbox.entries().len(), self.ids.len(), "{at}: doubled or lost");
        }
    }

    fn add_to(&self, figures: &mut Figures) {
        let count = |is: fn(&Known) -> bool| self.known.values().filter(|known| is(known)).count();
        figures.pushes += self.figures.pushes;
        figures.looked_at += self.figures.looked_at;
        figures.sent += self.figures.sent;
        figures.needed += self.figures.needed;
        figures.sessions += self.known.len();
        figures.inferred += count(|known| known.is_marked);
        figures.wrong += count(|known| known.is_wrong);
        figures.unmarked += count(|known| known.is_wrong && !known.is_marked);
        figures.changed += self.changed.len();
    }
}
