//! Years with Chute_kun and Toggl on the free plan: thirty requests an hour, a push after work, a crash a week, moves to
//! other zones, clocks that change, tasks carried over and deleted, and a sidecar that is lost after a third.
//!
//! Every run lives 300 days of one life. `CHUTE_TOGGL_SEED=…` lives another, `CHUTE_TOGGL_CASES=…` so many from it on.
//! `CHUTE_TOGGL_YEARS=5 cargo test --release --test suite after_years -- --nocapture` lives five years of each, which
//! takes some two minutes; without `--release` several times that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chute_toggl::clock::Clock;
use chute_toggl::execute::StopReason;
use chute_toggl::sidecar::SessionRecord;
use chute_toggl::toggl::SendError;

use crate::lives::{Habits, Saved, Seen, live};
use crate::sandbox::Entry;
use crate::support::in_process::User;
use crate::support::in_process::push_or_die;
use crate::support::truth::{Told, needed, place_of, records_by_place};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

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
    /// Wrong and marked, until the sidecar was lost and the marks with it.
    mark_lost: usize,
    /// Not marked, and wrong.
    wrong: usize,
    /// Not listed when the sidecar was lost, and taken to be in Toggl.
    assumed: usize,
    /// Longer than Toggl takes.
    refused: usize,
    /// Entries made a second time.
    doubled: usize,
}

#[test]
fn after_years_toggl_holds_what_truly_happened() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let days = number("CHUTE_TOGGL_YEARS").map_or(300, |years| usize::try_from(years).unwrap() * 365);
    let first = number("CHUTE_TOGGL_SEED").unwrap_or(5);
    for seed in first..first + number("CHUTE_TOGGL_CASES").unwrap_or(1) {
        let figures = live_for(days, seed);
        println!("seed {seed}, {days} days, {figures:?}");
        assert!(figures.wrong * 1000 <= 2 * figures.sessions, "{figures:?}");
        // Days on which nothing was pushed, moves to another zone, tasks that were left open for weeks.
        assert!(figures.inferred_wrong * 20 <= figures.sessions, "{figures:?}");
        // The marks go with the sidecar: of what it had guessed, and its guess is now Toggl's word.
        assert!(figures.mark_lost * 100 <= figures.sessions, "{figures:?}");
        // Nothing tells a task that was worked on before the three months that Toggl lists, and then postponed until it
        // seems to be of the week before the loss, from one of that week that no push has sent yet. It is sent.
        assert!(figures.doubled * 200 <= figures.sessions, "{figures:?}");
        assert!((seed, days) != (5, 300) || figures.doubled == 0, "{figures:?}");
        // Each crash can cost a look and repeat a request.
        assert!(figures.requests <= figures.needed + 2 * figures.crashes + 2 * figures.doubled, "{figures:?}");
    }
}

fn live_for(days: usize, seed: u64) -> Figures {
    let habits = Habits { quits: 2, calm: 2, moves: 0.005, renames: 0.02, edits: 0.005, ..Habits::of_days(days) };
    let mut years = Years::new(seed);
    let mut first_day = None;
    live(seed, habits, |saved| {
        let day = (saved.at - *first_day.get_or_insert(saved.at)) / DAY;
        let is_lost = !years.was_lost && day * 20 > i64::try_from(days).unwrap() * 7;
        years.push(saved, is_lost);
        if saved.last {
            years.finish(saved);
        }
    });
    years.figures
}

struct Years {
    seed: u64,
    user: User,
    rng: fastrand::Rng,
    was_lost: bool,
    last_crash: i64,
    /// The entry of each session that was ever on record.
    ids: HashMap<u32, i64>,
    /// Entries of sessions that have another one now.
    left_over: BTreeSet<i64>,
    told: HashMap<u32, Told>,
    /// Sessions in the first push, which were dated with nothing to go by.
    undated: BTreeSet<u32>,
    /// Entries whose instants were marked as inferred when the sidecar was lost.
    marked: BTreeSet<i64>,
    /// How many sessions the archive had at the last push.
    archived: usize,
    figures: Figures,
}

impl Years {
    fn new(seed: u64) -> Years {
        let mut user = User::at(0);
        user.toggl.sandbox().rules.workspace_total = 30;
        user.archives = true;
        Years {
            seed,
            user,
            rng: fastrand::Rng::with_seed(seed),
            was_lost: false,
            last_crash: i64::MIN / 2,
            ids: HashMap::new(),
            left_over: BTreeSet::new(),
            told: HashMap::new(),
            undated: BTreeSet::new(),
            marked: BTreeSet::new(),
            archived: 0,
            figures: Figures::default(),
        }
    }

    fn push(&mut self, saved: &Saved<'_>, is_lost: bool) {
        let text = saved.text();
        self.user.clock.set(self.user.clock.now().max(saved.at) + self.rng.i64(2..60));
        let sessions: Vec<_> = saved.sessions().collect();
        self.figures.needed += needed(&sessions, &mut self.told);
        self.figures.pushes += 1;
        let crash = (saved.at - self.last_crash > 7 * DAY).then(|| self.rng.usize(1..8));
        if self.undated.is_empty() {
            self.undated = sessions.iter().map(|session| session.uid).collect();
        }
        if is_lost {
            self.lose();
        }
        let pushed = push_or_die(&mut self.user, &text, saved.at, saved.zone, crash);
        let is_dead = pushed.is_none();
        match pushed {
            Some(pushed) => {
                assert!(
                    matches!(pushed.report.end, None | Some(StopReason::Send(SendError::Quota(_)))),
                    "{:?}",
                    pushed.report.end
                );
                self.figures.cut_short += usize::from(pushed.report.end.is_some());
            }
            None => {
                self.last_crash = saved.at;
                self.figures.crashes += 1;
            }
        }
        let mut sidecar = self.user.sidecar();
        let archived = sidecar.archive.as_ref().map_or(0, |archive| archive.sessions);
        if archived != self.archived {
            // What a push that was killed has made can go there before it was seen here.
            self.archived = archived;
            sidecar.unarchive().unwrap();
        }
        let records = records_by_place(&sidecar);
        for session in &sessions {
            let record = records.get(&place_of(session)).and_then(|records| records.get(session.session_index));
            // After a crash the file on disk may not yet know where the tasks stand.
            if !is_dead && let Some(&(_, record)) = record {
                self.note(session, record);
            }
        }
    }

    fn lose(&mut self) {
        let mut sidecar = self.user.sidecar();
        sidecar.unarchive().unwrap();
        for (_, _, record) in sidecar.sessions() {
            if let Some(entry) = &record.last_sent {
                // Made in a push that was killed, and deleted before the next: of no session that is left.
                self.left_over.insert(entry.id.0);
                if record.inferred {
                    self.marked.insert(entry.id.0);
                }
            }
        }
        self.was_lost = true;
        self.user.disk.clear();
    }

    fn note(&mut self, session: &Seen<'_>, record: &SessionRecord) {
        let Some(entry) = &record.last_sent else { return };
        let Some(before) = self.ids.insert(session.uid, entry.id.0).filter(|before| *before != entry.id.0) else {
            return;
        };
        self.left_over.insert(before);
        self.figures.doubled += 1;
        let sandbox = self.user.toggl.sandbox();
        let held = |id: i64| sandbox.entry(id).map(|entry| (entry.start, entry.stop));
        println!("seed {} doubled: {session:?} had {:?} and has {record:?}", self.seed, held(before));
    }

    fn finish(&mut self, saved: &Saved<'_>) {
        // The quota may take a few hours more.
        let text = saved.text();
        for _ in 0..10 {
            self.user.clock.advance(HOUR * 1000);
            let pushed = self.user.push(&text, saved.at, saved.zone);
            if pushed.report.end.is_none() {
                break;
            }
        }
        let (before, disk) = (self.user.requests(), self.user.disk.clone());
        let again = self.user.push(&text, saved.at, saved.zone);
        assert_eq!((again.report.end, self.user.requests()), (None, before), "it is done");
        assert!(self.user.disk == disk, "a push that did nothing changed the sidecar");
        self.user.toggl.sandbox().assert_clean();
        assert!(!self.user.toggl.sandbox().log.iter().any(|line| line.quota_closed && line.quota_told));
        self.figures.requests = before;

        let mut sidecar = self.user.sidecar();
        sidecar.unarchive().unwrap();
        let records = records_by_place(&sidecar);
        let mut entries: BTreeMap<i64, u32> = BTreeMap::new();
        for session in saved.sessions() {
            let (_, record) = records[&place_of(&session)][session.session_index];
            self.note(&session, record);
            self.figures.sessions += 1;
            let id = self.ids.get(&session.uid).copied();
            if let Some(id) = id {
                assert_eq!(entries.insert(id, session.uid), None, "{session:?} shares an entry");
            }
            let held = id.map(|id| self.user.toggl.sandbox().entry(id).cloned().expect("an entry of ours is there"));
            self.judge(&session, record, held);
        }
        // Nothing is there beside: every entry is or was a session's, and none was deleted.
        let owned = sidecar.sessions().filter_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.id.0));
        let known: BTreeSet<i64> =
            self.ids.values().copied().chain(self.left_over.iter().copied()).chain(owned).collect();
        let there: BTreeSet<i64> = self.user.toggl.sandbox().entries().iter().map(|entry| entry.id).collect();
        assert_eq!(there, known);
    }

    /// Compares a session with its entry.
    fn judge(&mut self, session: &Seen<'_>, record: &SessionRecord, held: Option<Entry>) {
        self.figures.assumed += usize::from(record.assumed);
        // Toggl takes nothing over 999 hours: a task that was postponed while it ran, and finished months later.
        let is_too_long = |start: i64, stop: Option<i64>| stop.is_some_and(|stop| stop - start > 999 * HOUR);
        if record.rejected.is_some() {
            // Or was started, and postponed months later.
            let stop = record.stop.map_or(self.user.clock.now(), |stop| stop.unix_timestamp());
            assert!(is_too_long(record.start.unix_timestamp(), Some(stop)), "{session:?} was refused: {record:?}");
            self.figures.refused += 1;
            return;
        }
        if record.assumed && is_too_long(session.start, session.stop) {
            self.figures.refused += 1;
            return;
        }
        let Some(held) = held else {
            assert!(session.stop.is_none() && !session.running, "{session:?} is missing: {record:?}");
            return;
        };
        if session.stop.is_none() && record.last_sent.is_none() {
            // Halted before the sidecar was lost: there is nothing to tell until it ends.
            return;
        }
        assert!(record.assumed || record.last_sent.is_some(), "{session:?} has lost its entry: {record:?}");
        assert_eq!(held.stop.is_none(), session.running, "{session:?}");
        assert!(record.assumed || held.description == session.title, "{session:?}");
        let is_right = held.start == session.start && (session.stop.is_none() || held.stop == session.stop);
        match (record.inferred, is_right) {
            (true, true) => self.figures.inferred_right += 1,
            (true, false) => self.figures.inferred_wrong += 1,
            (false, true) => {}
            (false, false) if self.undated.contains(&session.uid) => {}
            (false, false) if self.marked.contains(&held.id) => self.figures.mark_lost += 1,
            (false, false) => {
                self.figures.wrong += 1;
                println!("seed {} wrong: {session:?} {held:?} {record:?}", self.seed);
            }
        }
    }
}
