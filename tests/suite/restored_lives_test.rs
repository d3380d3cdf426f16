//! Random lives in which files are not what they were: a sidecar is restored from a copy, an empty, an older or another
//! list lies in the snapshot's place for a push or two, the file's time is a few seconds early, a push is made by a machine
//! that knows nothing of the sidecar. At the end nothing is missing, and next to nothing doubled: what ended while another
//! list lay there and nothing shows that it is a known session, or whose day another list made uncertain.

use std::collections::{BTreeMap, HashMap};

use chute_toggl::toggl::description_of;
use fastrand::Rng;

use crate::lives::{Habits, Saved, live};
use crate::support::in_process::User;

/// What was met and found in all lives.
#[derive(Debug, Default)]
struct Figures {
    lives: usize,
    pushes: usize,
    restored: usize,
    other_lists: usize,
    early: usize,
    unknown: usize,
    sessions: usize,
    inferred: usize,
    /// Entries that are no session's, or a second one of a session.
    doubled: usize,
    /// Sessions without an entry.
    missing: usize,
}

/// Text, start and stop of an entry, in unix seconds.
type Times = (String, i64, Option<i64>);

/// A life, and what happens to its files.
struct Case {
    rng: Rng,
    user: User,
    figures: Figures,
    /// Sidecars and snapshots of former pushes.
    sidecars: Vec<Vec<u8>>,
    snapshots: Vec<String>,
    /// Every closed session that ever was, as it was at last.
    truth: HashMap<u32, Times>,
}

#[test]
fn in_lives_of_restored_and_swapped_files_nothing_is_missing_and_little_is_doubled() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("CHUTE_TOGGL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CHUTE_TOGGL_CASES").unwrap_or(150),
    };
    let mut all = Figures::default();
    for seed in seeds {
        let case = Case {
            rng: Rng::with_seed(seed ^ 0x0bad_f11e),
            user: User::at(0),
            figures: Figures::default(),
            sidecars: Vec::new(),
            snapshots: Vec::new(),
            truth: HashMap::new(),
        };
        let figures = case.live(seed);
        if figures.doubled + figures.missing > 0 {
            println!("seed {seed}: {figures:?}");
        }
        all = Figures {
            lives: all.lives + 1,
            pushes: all.pushes + figures.pushes,
            restored: all.restored + figures.restored,
            other_lists: all.other_lists + figures.other_lists,
            early: all.early + figures.early,
            unknown: all.unknown + figures.unknown,
            sessions: all.sessions + figures.sessions,
            inferred: all.inferred + figures.inferred,
            doubled: all.doubled + figures.doubled,
            missing: all.missing + figures.missing,
        };
    }
    println!("{all:?}");
    assert_eq!(all.missing, 0);
    assert!(all.doubled * 2000 <= all.sessions, "{all:?}");
}

impl Case {
    fn live(mut self, seed: u64) -> Figures {
        let habits =
            Habits { quits: 3, calm: 2, moves: 0.0, renames: 0.0, edits: 0.0, deletions: 0.0, ..Habits::of_days(4) };
        live(seed, habits, |saved| {
            self.note_truth(saved);
            if !saved.last {
                self.happen(saved);
            }
            self.push(&saved.text(), saved);
            if saved.last {
                self.compare(saved);
            }
        });
        self.figures
    }

    fn note_truth(&mut self, saved: &Saved<'_>) {
        for session in saved.sessions() {
            self.truth.insert(session.uid, (description_of(session.title), session.start, session.stop));
        }
    }

    /// What happens before the push of this save, at times.
    fn happen(&mut self, saved: &Saved<'_>) {
        match self.rng.u8(..12) {
            0 if !self.sidecars.is_empty() => {
                self.user.disk = self.sidecars[self.rng.usize(..self.sidecars.len())].clone();
                self.figures.restored += 1;
            }
            1 => {
                self.user.remembered = None;
                self.figures.unknown += 1;
            }
            2 | 3 => {
                let empty = "version = 1\ntoday = []\nfuture = []\npast = []\n".to_owned();
                let older = self.rng.usize(..=self.snapshots.len());
                let text = self.snapshots.get(older).cloned().unwrap_or(empty);
                for _ in 0..self.rng.usize(1..=2) {
                    self.push(&text, saved);
                }
                self.figures.other_lists += 1;
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str, saved: &Saved<'_>) {
        self.user.clock.set(saved.at + 20);
        let early = if self.rng.u8(..6) == 0 { self.rng.i64(1..20) } else { 0 };
        let last = self.user.sidecar().last_snapshot_saved.unwrap_or(0);
        let at = (saved.at - early).max(last);
        self.figures.early += usize::from(at < saved.at);
        let pushed = self.user.push(text, at, saved.zone);
        assert_eq!(pushed.report.end, None);
        self.user.toggl.sandbox().assert_clean();
        self.figures.pushes += 1;
        if text == saved.text() {
            self.sidecars.push(self.user.disk.clone());
            self.snapshots.push(text.to_owned());
        }
    }

    fn compare(&mut self, saved: &Saved<'_>) {
        let sidecar = self.user.sidecar();
        let sessions: Vec<_> = saved.sessions().filter(|session| session.stop.is_some()).collect();
        self.figures.sessions = sessions.len();
        self.figures.inferred = sidecar.sessions().filter(|(_, _, record)| record.inferred).count();
        let entries = self.user.toggl.sandbox().entries();
        let count = |texts: &mut dyn Iterator<Item = String>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            texts.for_each(|text| *counts.entry(text).or_default() += 1);
            counts
        };
        // By text: on which day an entry lies is for other tests.
        let held = count(&mut entries.iter().map(|entry| entry.description.clone()));
        let closed = count(&mut sessions.iter().map(|session| description_of(session.title)));
        let ever = count(&mut self.truth.values().map(|(text, ..)| text.clone()));
        for (text, held) in &held {
            self.figures.doubled += held.saturating_sub(ever.get(text).copied().unwrap_or(0));
        }
        for (text, wanted) in &closed {
            self.figures.missing += wanted.saturating_sub(held.get(text).copied().unwrap_or(0));
        }
    }
}
