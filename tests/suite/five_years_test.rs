//! Years with Chute_kun and Toggl on the free plan: thirty requests an hour, a push after work, a crash a week, moves to
//! other zones, clocks that change, tasks carried over and deleted, and a sidecar that is lost after a third.
//!
//! Every run lives 300 days; `CHUTE_TOGGL_YEARS=5 cargo test --test suite five_years -- --nocapture` lives five.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chute_toggl::clock::Clock;
use chute_toggl::execute::End;

use crate::faulty_lives_test::push_or_die;
use crate::lives::{Habits, Saved, live};
use crate::lives_test::{Told, needed, place_of, records_by_place};
use crate::rig::Rig;

const HOUR: i64 = 3600;

/// What was done and found.
#[derive(Debug, Default)]
struct Figures {
    sessions: usize,
    pushes: usize,
    crashes: usize,
    /// Pushes that the quota ended.
    cut_short: usize,
    requests: usize,
    needed: usize,
    inferred_right: usize,
    inferred_wrong: usize,
    /// Not marked, and wrong.
    wrong: usize,
    /// Too old to be listed when the sidecar was lost.
    assumed: usize,
    /// Longer than Toggl takes.
    refused: usize,
    /// Entries made a second time.
    doubled: usize,
}

#[test]
fn after_years_toggl_holds_what_truly_happened() {
    let days = std::env::var("CHUTE_TOGGL_YEARS").map_or(300, |years| years.parse::<usize>().unwrap() * 365);
    let habits = Habits { quits: 2, calm: 2, moves: 0.005, renames: 0.02, edits: 0.005, ..Habits::of_days(days) };
    let mut years = Years::new();
    let mut first_day = None;
    live(5, habits, |saved| {
        let day = (saved.at - *first_day.get_or_insert(saved.at)) / (24 * HOUR);
        let is_lost = !years.was_lost && day * 20 > i64::try_from(days).unwrap() * 7;
        years.push(saved, is_lost);
        if saved.last {
            years.finish(saved);
        }
    });
    let Years { rig, mut figures, .. } = years;
    figures.requests = rig.requests();
    println!("{days} days, {figures:?}");
    // A task carried over for months can be older than Toggl lists when the sidecar is lost, and not look it: it is
    // dated and sent again. And with the sidecar go the marks of what had been guessed.
    assert!(figures.doubled * 100 <= figures.sessions, "{figures:?}");
    assert!(figures.wrong * 50 <= figures.sessions, "{figures:?}");
    assert!(figures.inferred_wrong * 20 <= figures.sessions, "{figures:?}");
    // Crashes, the looks that they cost, and what is doubled.
    assert!(figures.requests <= figures.needed + 2 * figures.crashes + figures.doubled + 20, "{figures:?}");
}

struct Years {
    rig: Rig,
    dice: fastrand::Rng,
    was_lost: bool,
    last_crash: i64,
    /// The entry of each session, while the sidecar knew it.
    ids: HashMap<u32, i64>,
    told: HashMap<u32, Told>,
    /// Sessions in the first push, which has nothing to go by.
    from_first: BTreeSet<u32>,
    figures: Figures,
}

impl Years {
    fn new() -> Years {
        let rig = Rig::at(0);
        rig.toggl.sandbox().rules.workspace_total = 30;
        Years {
            rig,
            dice: fastrand::Rng::with_seed(5),
            was_lost: false,
            last_crash: i64::MIN / 2,
            ids: HashMap::new(),
            told: HashMap::new(),
            from_first: BTreeSet::new(),
            figures: Figures::default(),
        }
    }

    fn push(&mut self, saved: &Saved<'_>, is_lost: bool) {
        let text = saved.text();
        self.rig.clock.set(self.rig.clock.now().max(saved.at) + self.dice.i64(2..60));
        let sessions: Vec<_> = saved.sessions().collect();
        self.figures.needed += needed(&sessions, &mut self.told);
        self.figures.pushes += 1;
        if self.from_first.is_empty() {
            self.from_first = sessions.iter().map(|session| session.uid).collect();
        }
        let crash = (saved.at - self.last_crash > 7 * 24 * HOUR).then(|| self.dice.usize(1..8));
        if is_lost {
            self.was_lost = true;
            // Known to the end of the push before: what came since is new.
            self.rig.disk.clear();
        }
        let pushed = push_or_die(&mut self.rig, &text, saved.at, saved.zone, crash);
        let is_dead = pushed.is_none();
        match pushed {
            Some(pushed) => {
                assert!(matches!(pushed.report.end, None | Some(End::Quota(_))), "{:?}", pushed.report.end);
                self.figures.cut_short += usize::from(pushed.report.end.is_some());
            }
            None => {
                self.last_crash = saved.at;
                self.figures.crashes += 1;
            }
        }
        let sidecar = self.rig.sidecar();
        let records = records_by_place(&sidecar);
        for session in &sessions {
            let record = records.get(&place_of(session)).and_then(|records| records.get(session.session_index));
            // After a crash the file on disk may not yet know where the tasks stand.
            if !is_dead && let Some(entry) = record.and_then(|(_, record)| record.entry.as_ref()) {
                self.note(session.uid, entry.id);
            }
        }
    }

    fn note(&mut self, uid: u32, id: i64) {
        let before = self.ids.insert(uid, id);
        self.figures.doubled += usize::from(before.is_some_and(|before| before != id));
    }

    fn finish(&mut self, saved: &Saved<'_>) {
        // The quota may take a few hours more.
        let text = saved.text();
        for _ in 0..10 {
            self.rig.clock.advance(HOUR * 1000);
            let pushed = self.rig.push(&text, saved.at, saved.zone);
            if pushed.report.end.is_none() {
                break;
            }
        }
        let before = self.rig.requests();
        let again = self.rig.push(&text, saved.at, saved.zone);
        assert_eq!((again.report.end, self.rig.requests()), (None, before), "it is done");
        self.rig.toggl.sandbox().assert_clean();
        assert!(!self.rig.toggl.sandbox().log.iter().any(|line| line.quota_closed && line.quota_told));

        let sidecar = self.rig.sidecar();
        let records = records_by_place(&sidecar);
        let mut entries: BTreeMap<i64, u32> = BTreeMap::new();
        for session in saved.sessions() {
            let uid = session.uid;
            let (_, record) = records[&place_of(&session)][session.session_index];
            self.figures.sessions += 1;
            if let Some(entry) = &record.entry {
                self.note(uid, entry.id);
            }
            self.figures.assumed += usize::from(record.assumed);
            let Some(&id) = self.ids.get(&uid) else {
                // Toggl takes nothing over 999 hours: a task that was postponed while it ran, and finished months later.
                let is_too_long = session.stop.is_some_and(|stop| stop - session.start > 999 * HOUR);
                if is_too_long && record.rejected.is_some() {
                    self.figures.refused += 1;
                    continue;
                }
                assert!(session.stop.is_none() && !session.running, "{uid} is missing: {session:?} {record:?}");
                continue;
            };
            assert_eq!(entries.insert(id, uid), None, "{uid} shares an entry");
            let sandbox = self.rig.toggl.sandbox();
            let held = sandbox.entry(id).expect("an entry of ours is there");
            assert_eq!(held.stop.is_none(), session.running, "{uid}");
            assert!(record.assumed || held.description == session.title, "{uid}");
            let is_right = held.start == session.start && (session.stop.is_none() || held.stop == session.stop);
            match (record.inferred, is_right) {
                (true, true) => self.figures.inferred_right += 1,
                (true, false) => self.figures.inferred_wrong += 1,
                (false, false) if !self.from_first.contains(&uid) => self.figures.wrong += 1,
                (false, _) => {}
            }
        }
        let owned = sidecar.records().filter(|(_, _, record)| record.entry.is_some()).count();
        println!("{} entries in Toggl, {owned} on record", self.rig.toggl.sandbox().entries().len());
    }
}
