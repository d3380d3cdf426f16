//! A user in one process: a sidecar in memory, a sandbox, a simulated clock, and the real core and executor between.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chute_toggl::chute_kun::snapshot::blocks;
use chute_toggl::execute::{Effects, Event, Report, Unwatched, Watch, execute};
use chute_toggl::reconcile::ingest::{Depth, ingest, parse, save_instant};
use chute_toggl::reconcile::plan::{Options, Plan, plan};
use chute_toggl::reconcile::recovery::Provenance;
use chute_toggl::reconcile::selection::{NameOrId, Selection};
use chute_toggl::sidecar::file::Store;
use chute_toggl::sidecar::{Digest, List, Place, SavedLast, SessionKey, SessionRecord, Sidecar};
use chute_toggl::toggl::{SendPolicy, Sender};
use chute_toggl::zone::Zone;

use crate::sandbox::{InProcess, SimClock, WORKSPACE};

/// The user.
pub struct User {
    pub clock: SimClock,
    pub toggl: InProcess,
    /// The sidecar's bytes on disk; empty before the first push.
    pub disk: Vec<u8>,
    /// The revision that this machine saved last.
    pub remembered: Option<SavedLast>,
    pub policy: SendPolicy,
    pub options: Options,
    /// Bytes written in all.
    pub written: usize,
    /// Settled history is archived and not read again, as by the program; otherwise every push looks at all of it.
    pub archives: bool,
}

/// What a push left behind beside its report.
pub struct Pushed {
    pub report: Report,
    pub planned: Plan,
}

impl User {
    /// A user who starts at this unix second.
    pub fn at(now: i64) -> User {
        let clock = SimClock::at(now);
        User {
            toggl: InProcess::new(clock.clone()),
            clock,
            disk: Vec::new(),
            remembered: None,
            policy: SendPolicy {
                pace: Duration::from_secs(1),
                timeout: Duration::from_secs(30),
                max_requests: None,
                wait: false,
            },
            options: Options::plain(Selection { workspace: Some(NameOrId::Id(WORKSPACE)), ..Selection::default() }),
            written: 0,
            archives: false,
        }
    }

    pub fn sidecar(&self) -> Sidecar {
        if self.disk.is_empty() { Sidecar::default() } else { Sidecar::from_json(&self.disk).unwrap() }
    }

    /// Pushes this snapshot, saved at `saved`, in this zone.
    pub fn push(&mut self, text: &str, saved: i64, zone: &Zone) -> Pushed {
        self.push_watched(text, saved, zone, &mut Unwatched)
    }

    /// The same, with someone watching (who may panic, as a kill).
    pub fn push_watched(&mut self, text: &str, saved: i64, zone: &Zone, watch: &mut dyn Watch) -> Pushed {
        let mut sidecar = self.sidecar();
        let revision = Some(&sidecar.revision).filter(|_| !self.disk.is_empty());
        Provenance::of(revision, self.remembered.as_ref()).apply(&mut sidecar, self.remembered.as_ref());
        let snapshot = parse(&mut sidecar, text.as_bytes(), Depth::Changes).unwrap();
        let digest = Digest::of(text.as_bytes());
        let saved = save_instant(&sidecar, digest, saved);
        let ingested = ingest(&mut sidecar, &snapshot, saved, zone);
        sidecar.snapshot_digest = Some(digest);
        let planned = plan(&sidecar, &ingested, &self.options);
        let on_disk = Digest::of(&self.disk);
        let mut toggl = self.toggl.clone();
        let (interrupted, policy, quota) = (AtomicBool::new(false), self.policy.clone(), sidecar.quota.clone());
        let rng = fastrand::Rng::with_seed(7);
        let mut sender = Sender::new(&mut toggl, &self.clock, &interrupted, rng, policy, quota);
        let mut store = Memory { disk: &mut self.disk, remembered: &mut self.remembered, written: &mut self.written };
        let effects = Effects { sender: &mut sender, store: &mut store, watch };
        let report = execute(&mut sidecar, on_disk, &ingested, &self.options, effects);
        let is_agreed = report.end.is_none() && report.left.operations.is_empty() && report.uncertain.is_empty();
        if self.archives && is_agreed && sidecar.archive(&blocks::split(text).unwrap()).unwrap() {
            sidecar.advance(|| 0);
            self.disk = sidecar.to_json().unwrap();
            self.remembered = Some(sidecar.saved_last());
        }
        Pushed { report, planned }
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> usize {
        self.toggl.sandbox().log.len()
    }
}

/// The record of the session at a place of the last snapshot.
pub fn record_at(sidecar: &Sidecar, list: &str, task: usize, session: usize) -> Option<(SessionKey, SessionRecord)> {
    let list = match list {
        "today" => List::Today,
        "future" => List::Future,
        _ => List::Past,
    };
    let place = Place { list, index: u32::try_from(task).unwrap() };
    let (&task, found) = sidecar.tasks.iter().find(|(_, task)| task.place == Some(place))?;
    let record = found.sessions.iter().filter(|record| !record.removed).nth(session)?;
    Some((SessionKey { task, session: record.number }, record.clone()))
}

struct Memory<'a> {
    disk: &'a mut Vec<u8>,
    remembered: &'a mut Option<SavedLast>,
    written: &'a mut usize,
}

impl Store for Memory<'_> {
    fn save(&mut self, text: &[u8], saved: &SavedLast) -> Result<(), String> {
        *self.remembered = Some(saved.clone());
        *self.written += text.len();
        *self.disk = text.to_vec();
        Ok(())
    }
}

/// A push that is killed at the n-th event, if there is one: then `None`.
pub fn push_or_die(user: &mut User, text: &str, saved: i64, zone: &Zone, kill: Option<usize>) -> Option<Pushed> {
    let mut fate = Fate { left: kill };
    match catch_unwind(AssertUnwindSafe(|| user.push_watched(text, saved, zone, &mut fate))) {
        Ok(pushed) => Some(pushed),
        Err(cause) if cause.is::<Killed>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

/// Ends the program at its n-th event: what is in memory is lost, what is on disk stays.
struct Fate {
    left: Option<usize>,
}

struct Killed;

impl Watch for Fate {
    fn event(&mut self, event: &Event<'_>) {
        // Nothing leaves the process when an operation begins.
        if matches!(event, Event::Begun(_)) {
            return;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
            if *left == 0 {
                self.left = None;
                resume_unwind(Box::new(Killed));
            }
        }
    }
}
