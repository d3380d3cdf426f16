//! Carrying a plan out: the only module that sends, and the only one that changes what is recorded as told.
//!
//! Toggl has no idempotency key, so a create or start goes through three steps. First the file on disk says that it
//! may have been sent (the [`Intent`]); then it is sent; then the answer settles it. Whatever ends the program in
//! between leaves an intent that the next run settles by looking at what Toggl holds. Everything else that is sent
//! (PUT, PATCH, DELETE) is harmless to repeat and needs no intent.
//!
//! A save covers many requests once the file is large: see [`Saving`].

mod answers;
mod gate;
mod look_up;
mod saving;

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::clock::Clock;
use crate::reconcile::ingest::Ingested;
use crate::reconcile::plan::{Operation, Options, Plan, plan};
use crate::reconcile::recovery::{Scan, Unresolved};
use crate::sidecar::file::Store;
use crate::sidecar::{Digest, Intent, LastSent, SessionKey, Sidecar};
use crate::toggl::{Answer, Failure, Request, Transport};

pub use look_up::look;
use saving::Saving;

/// What happens while a plan is carried out, for whoever shows progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// The sidecar is about to be replaced.
    Saving,
    /// The sidecar was replaced.
    Saved,
    /// The request is about to be sent.
    Sending(&'a Request),
    /// It was answered.
    Answered(&'a Request, &'a Answer),
    /// It was not.
    Failed(&'a Request, &'a Failure),
    /// The operation is settled, one way or the other; so many are left.
    Settled {
        /// Operations settled so far.
        done: usize,
        /// Operations still to be sent.
        left: usize,
    },
    /// Nothing is sent until then (unix seconds), for the quota.
    WaitingForQuota(i64),
}

/// Who is told of events.
pub trait Watch {
    /// Called before or after each step, in order.
    fn event(&mut self, event: &Event<'_>);
}

/// Nobody is told of the steps.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn event(&mut self, _: &Event<'_>) {}
}

/// The world that a plan is carried out in.
pub struct Effects<'a> {
    /// The time, and sleep.
    pub clock: &'a dyn Clock,
    /// Toggl.
    pub server: &'a mut dyn Transport,
    /// The sidecar's file.
    pub store: &'a mut dyn Store,
    /// Who watches.
    pub watch: &'a mut dyn Watch,
    /// The jitter of the backoff.
    pub rng: fastrand::Rng,
    /// Set by Ctrl-C and SIGTERM.
    pub interrupted: &'a AtomicBool,
}

impl Effects<'_> {
    /// The same edges, for a while.
    pub fn reborrow(&mut self) -> Effects<'_> {
        Effects {
            clock: self.clock,
            server: self.server,
            store: self.store,
            watch: self.watch,
            rng: self.rng.fork(),
            interrupted: self.interrupted,
        }
    }
}

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct SendPolicy {
    /// The workspace of new entries; `None`: ask Toggl for the default one.
    pub workspace: Option<i64>,
    /// Least time between two requests.
    pub pace: Duration,
    /// How long a request can take; no request is under way longer than this after its program died.
    pub timeout: Duration,
    /// Send no more requests than this.
    pub max_requests: Option<usize>,
    /// Sleep through quota resets instead of ending.
    pub wait: bool,
}

/// Why a run ended before its plan was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The quota is used up; full again at this unix second.
    Quota(i64),
    /// Toggl kept answering 429.
    RateLimited,
    /// Toggl kept answering 5xx, or nothing; what was last seen.
    Trouble(String),
    /// Toggl could not be reached; the reason.
    Offline(String),
    /// `--max-requests` were sent.
    MaxRequests,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The token was refused with this status.
    TokenRefused(u16),
    /// Toggl says that a call is gone for good.
    CallGone,
    /// What answers knows no place for new entries: a wrong address, or a workspace that is not there.
    NoSuchCall,
    /// Neither Toggl nor the settings name a workspace.
    NoWorkspace(String),
    /// The sidecar could not be saved.
    Save(String),
}

/// A session that Toggl refused in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedSession {
    /// The session.
    pub session: SessionKey,
    /// The status that Toggl answered.
    pub status: u16,
    /// What it said.
    pub text: String,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Operations that Toggl carried out, in order.
    pub done: Vec<Operation>,
    /// Sessions whose entry was found in Toggl.
    pub adopted: Vec<SessionKey>,
    /// Sessions that Toggl does not list, taken to be there because others of a lost sidecar were.
    pub assumed: Vec<SessionKey>,
    /// Sessions that Toggl refused.
    pub rejected: Vec<RejectedSession>,
    /// Sessions of which it is still not known whether they were carried out.
    pub uncertain: Vec<SessionKey>,
    /// Of these, the ones too old for Toggl to list: only a person can look.
    pub unlistable: Vec<SessionKey>,
    /// The first day (of the first look) that Toggl can list, if sessions lie before it.
    pub window_starts: Option<time::Date>,
    /// Requests that were sent.
    pub requests: usize,
    /// Why it ended early, if it did.
    pub end: Option<StopReason>,
    /// The plan as it stands at the end: empty if all was done.
    pub left: Plan,
}

/// Carries out what the sidecar's records ask for. `saved` is the digest of the sidecar's file (of nothing if
/// there is none).
pub fn execute<'a>(
    sidecar: &'a mut Sidecar,
    saved: Digest,
    intake: &'a Ingested,
    options: &'a Options,
    manner: &'a SendPolicy,
    edges: Effects<'a>,
) -> Report {
    let mut run = Execution::new(sidecar, saved, intake, options, manner, edges);
    if let Err(end) = run.run() {
        if end == StopReason::NoSuchCall {
            run.take_back_gone();
        }
        run.report.end = Some(end);
    }
    run.finish()
}

/// A run under way.
struct Execution<'a> {
    sidecar: &'a mut Sidecar,
    intake: &'a Ingested,
    options: &'a Options,
    manner: &'a SendPolicy,
    edges: Effects<'a>,
    saving: Saving,
    started_ms: i64,
    /// Creates and starts whose outcome is not known.
    unresolved: Unresolved,
    /// Entries that a 404 said are gone.
    gone: Vec<(SessionKey, LastSent)>,
    /// Whether Toggl has accepted the token in this run.
    answered: bool,
    /// Seconds by which the server's clock is ahead of ours, as its last answer showed.
    skew: i64,
    report: Report,
}

/// How often what is uncertain is looked up and sent again within one run, before it is left for the next.
const ROUNDS: usize = 3;

impl<'a> Execution<'a> {
    fn new(
        sidecar: &'a mut Sidecar,
        saved: Digest,
        intake: &'a Ingested,
        options: &'a Options,
        manner: &'a SendPolicy,
        edges: Effects<'a>,
    ) -> Execution<'a> {
        Execution {
            saving: Saving::new(saved),
            started_ms: edges.clock.now_ms(),
            sidecar,
            intake,
            options,
            manner,
            edges,
            unresolved: Unresolved::default(),
            gone: Vec::new(),
            answered: false,
            skew: 0,
            report: Report::default(),
        }
    }
}

impl Execution<'_> {
    fn run(&mut self) -> Result<(), StopReason> {
        let timeout_ms = i64::try_from(self.manner.timeout.as_millis()).unwrap_or(i64::MAX / 2);
        // The run that left them is dead (we hold the lock), so it sent nothing after this one began.
        self.unresolved = Unresolved::left_behind(self.sidecar, saving::LIFETIME_MS + timeout_ms, self.started_ms);
        // What was ingested is on disk before anything is asked or changed in Toggl: the next run must know what was seen
        // when, and a disk that is full is found out before.
        self.saving.make_due();
        if !self.unresolved.within_reach().is_empty() || !Scan::wanted(self.sidecar).is_empty() {
            self.save_if_changed()?;
        }
        self.resolve()?;
        self.scan()?;
        for _ in 0..ROUNDS {
            let plan = plan(self.sidecar, self.intake, self.options);
            self.carry_out(plan.operations.into())?;
            if self.unresolved.within_reach().is_empty() {
                break;
            }
            self.resolve()?;
        }
        Ok(())
    }

    fn carry_out(&mut self, mut operations: VecDeque<Operation>) -> Result<(), StopReason> {
        if operations.is_empty() {
            return Ok(());
        }
        let workspace = self.workspace(&operations)?;
        let mut done = 0;
        while let Some(operation) = operations.pop_front() {
            let request = operation.request(workspace, &self.options.defaults);
            let reply = self.send(&request, |run| {
                if operation.kind.makes_an_entry() {
                    run.intend(&operation, &operations, workspace)
                } else if run.saving.is_due() {
                    run.save()
                } else {
                    Ok(())
                }
            })?;
            let more = self.settle_operation(operation, workspace, reply);
            // An entry that was gone from Toggl, or one that a bulk request could not rename: at once, one by one.
            for operation in more.into_iter().rev() {
                operations.push_front(operation);
            }
            done += 1;
            self.edges.watch.event(&Event::Settled { done, left: operations.len() });
        }
        Ok(())
    }

    /// The workspace of new entries: as set, as kept, or as Toggl says (one request, once).
    fn workspace(&mut self, operations: &VecDeque<Operation>) -> Result<i64, StopReason> {
        if let Some(workspace) = self.manner.workspace.or(self.sidecar.workspace) {
            return Ok(workspace);
        }
        if !operations.iter().any(|operation| operation.kind.makes_an_entry()) {
            // An entry that turns out to be gone is made anew where it was.
            let entries = operations.iter().flat_map(|operation| &operation.entries);
            return Ok(entries.map(|entry| entry.workspace).next().unwrap_or(0));
        }
        self.ask_workspace()
    }

    /// Sees to it that the intent of a create or start is on disk. One save covers the next few as well.
    fn intend(
        &mut self,
        operation: &Operation,
        following: &VecDeque<Operation>,
        workspace: i64,
    ) -> Result<(), StopReason> {
        let now_ms = self.edges.clock.now_ms();
        let covered = (operation.sessions.first())
            .and_then(|&key| self.sidecar.record(key))
            .and_then(|(_, record)| record.intent.as_ref());
        let expires_ms = now_ms - saving::LIFETIME_MS;
        if covered.is_some_and(|intent| intent.since.saturating_mul(1000) > expires_ms) {
            return Ok(());
        }
        let batch = self.saving.batch(self.manner.pace);
        let since = now_ms.div_euclid(1000);
        let creates = following.iter().filter(|operation| operation.kind.makes_an_entry());
        for operation in std::iter::once(operation).chain(creates).take(batch) {
            let description = crate::toggl::description_of(&operation.title);
            for &key in &operation.sessions {
                if let Some(record) = self.sidecar.record_mut(key) {
                    let workspace = Some(workspace);
                    let intent = Intent { since, start: record.start, description: description.clone(), workspace };
                    record.intent = Some(Box::new(intent));
                }
            }
        }
        self.save()
    }

    fn save(&mut self) -> Result<(), StopReason> {
        self.edges.watch.event(&Event::Saving);
        self.sidecar.advance(|| self.edges.rng.u64(..));
        let text = self.sidecar.to_json().map_err(|error| StopReason::Save(error.to_string()))?;
        self.edges.store.save(&text, &self.sidecar.revision).map_err(StopReason::Save)?;
        self.saving.note(&text);
        self.edges.watch.event(&Event::Saved);
        Ok(())
    }

    fn save_if_changed(&mut self) -> Result<(), StopReason> {
        match self.sidecar.to_json() {
            Ok(text) if self.saving.is_on_disk(&text) => Ok(()),
            Ok(_) => self.save(),
            Err(error) => Err(StopReason::Save(error.to_string())),
        }
    }

    /// Drops the intents of what was not sent after all.
    fn drop_unsent_intents(&mut self) {
        for (&thread, records) in &mut self.sidecar.tasks {
            for record in &mut records.sessions {
                if !self.unresolved.contains(SessionKey { task: thread, session: record.number }) {
                    record.intent = None;
                }
            }
        }
    }

    fn finish(mut self) -> Report {
        self.drop_unsent_intents();
        if !matches!(self.report.end, Some(StopReason::Save(_)))
            && let Err(end) = self.save_if_changed()
        {
            self.report.end = Some(end);
        }
        self.report.uncertain = self.unresolved.keys();
        self.report.unlistable = self.unresolved.out_of_reach();
        // What was to be retried has been, unless the run ended before.
        let retry_rejected = self.options.retry_rejected && self.report.end.is_some();
        let options = Options { retry_rejected, ..self.options.clone() };
        self.report.left = plan(self.sidecar, self.intake, &options);
        self.report
    }
}
