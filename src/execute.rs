//! Carrying a plan out: the only module that changes Toggl, and the only one that changes what is recorded as sent.
//!
//! Toggl has no idempotency key, so a create or start goes through three steps. First the file on disk says that it
//! may have been sent (the [`Intent`](crate::sidecar::Intent)); then it is sent; then the answer resolves it. Whatever ends
//! the program in between leaves an intent that the next run resolves by looking at what Toggl holds. Everything else that
//! is sent (PUT, PATCH, DELETE) is harmless to repeat and needs no intent.
//!
//! What would make the records forget an entry, or mark a session, is not believed of one answer: see `proof` and
//! `rejections`. A save covers many requests once the file is large: see `saving`.

mod answers;
mod calls;
mod event;
mod logging;
mod look_up;
mod names;
mod proof;
mod reclassify;
mod rejections;
mod report;
mod saving;
mod send;

use std::collections::{HashSet, VecDeque};

use time::Date;

use crate::reconcile::ingest::Ingested;
use crate::reconcile::plan::{HoldReason, Operation, Options, plan};
use crate::reconcile::recovery::{Scan, Unresolved};
use crate::sidecar::file::Store;
use crate::sidecar::{Digest, SessionKey, Sidecar};
use crate::toggl::{EntryId, SendError, Sender, WorkspaceId};

pub use event::{Event, Unwatched, Watch};
pub use proof::check_account;
use rejections::Rejections;
pub use report::{LostWorkspace, RejectedSession, Report, StopReason};
use saving::Saving;

/// What a plan is carried out with.
pub struct Effects<'a, 's> {
    /// Toggl.
    pub sender: &'a mut Sender<'s>,
    /// The sidecar's file.
    pub store: &'a mut dyn Store,
    /// Who watches.
    pub watch: &'a mut dyn Watch,
}

/// Carries out what the sidecar's records ask for. `saved` is the digest of the sidecar's file (of nothing if
/// there is none).
pub fn execute(
    sidecar: &mut Sidecar,
    saved: Digest,
    ingested: &Ingested,
    options: &Options,
    effects: Effects<'_, '_>,
) -> Report {
    let started_ms = effects.sender.clock().now_ms();
    let requests = effects.sender.requests();
    let mut run = Execution {
        sidecar,
        ingested,
        options: options.clone(),
        effects,
        saving: Saving::new(saved),
        started_ms,
        unresolved: Unresolved::default(),
        unknown_in_a_row: 0,
        rejections: Rejections::default(),
        doubted: HashSet::new(),
        gone: HashSet::new(),
        listed: None,
        unproven_scan: None,
        owned: None,
        status: 0,
        has_listed_projects: false,
        forgotten_project: None,
        plans_again: false,
        report: Report::default(),
    };
    run.report.end = run.run().err();
    let mut report = run.finish();
    report.requests -= requests;
    report
}

/// A run under way.
struct Execution<'a, 'e, 's> {
    sidecar: &'a mut Sidecar,
    ingested: &'a Ingested,
    options: Options,
    effects: Effects<'e, 's>,
    saving: Saving,
    started_ms: i64,
    /// Creates and starts whose outcome is not known.
    unresolved: Unresolved,
    /// So many creates and starts were not answered, one after the other.
    unknown_in_a_row: usize,
    rejections: Rejections,
    /// Sessions of which Toggl has contradicted itself.
    doubted: HashSet<SessionKey>,
    /// Ids of entries that were proven to be gone: no new one has them.
    gone: HashSet<EntryId>,
    /// What Toggl lists from a day (UTC) until today, by id, once an entry seemed to be gone.
    listed: Option<(Date, HashSet<EntryId>)>,
    /// The day from which sessions were looked for in a list that showed nothing of the workspace: whether the token reached
    /// that at all is still to be seen.
    unproven_scan: Option<Date>,
    /// The ids of entries that are a session's already, once that was of interest.
    owned: Option<HashSet<EntryId>>,
    /// The HTTP status of the last answer.
    status: u16,
    /// Whether projects were looked up in this run: what is not found then is not there.
    has_listed_projects: bool,
    /// The project that was rejected, and whose name is to be looked up again.
    forgotten_project: Option<i64>,
    /// Something was not sent as planned, and has to be planned again.
    plans_again: bool,
    report: Report,
}

/// How often what is uncertain is looked up and sent again within one run, before it is left for the next.
const ROUNDS: usize = 3;

/// After so many creates in a row without an answer it is looked up first what became of them.
const UNKNOWN_IN_A_ROW: usize = 4;

impl Execution<'_, '_, '_> {
    fn run(&mut self) -> Result<(), StopReason> {
        let reclassify = std::mem::take(&mut self.options.reclassify);
        let ended = self.push();
        self.options.reclassify = reclassify;
        ended?;
        self.reclassify()
    }

    /// Everything but project and tags of entries that are there.
    fn push(&mut self) -> Result<(), StopReason> {
        let timeout_ms = i64::try_from(self.effects.sender.policy().timeout.as_millis()).unwrap_or(i64::MAX / 2);
        // The run that left them is dead (we hold the lock), so it sent nothing after this one began.
        self.unresolved = Unresolved::left_behind(self.sidecar, saving::LIFETIME_MS + timeout_ms, self.started_ms);
        // What was ingested is on disk before anything is asked or changed in Toggl: the next run must know what was seen
        // when, and a disk that is full is found out before.
        self.saving.make_due();
        if !self.unresolved.within_reach().is_empty() || Scan::is_due(self.sidecar, &self.options.selection) {
            self.save_if_changed()?;
        }
        self.sidecar.names.forget_unresolved();
        self.resolve()?;
        if Scan::is_due(self.sidecar, &self.options.selection)
            && plan(self.sidecar, self.ingested, &self.options).scans_first
        {
            self.scan()?;
        }
        for round in 1..=ROUNDS {
            let planned = self.plan_with_projects()?;
            self.carry_out(planned.operations.into())?;
            if !std::mem::take(&mut self.plans_again) && self.unresolved.within_reach().is_empty() {
                break;
            }
            self.resolve()?;
            if round == ROUNDS && self.unknown_in_a_row >= UNKNOWN_IN_A_ROW {
                return Err(StopReason::Send(SendError::Trouble(
                    "it does not say what became of new entries".to_owned(),
                )));
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, mut operations: VecDeque<Operation>) -> Result<(), StopReason> {
        if operations.is_empty() {
            return Ok(());
        }
        let workspace = self.workspace(&operations)?;
        self.forgotten_project = None;
        let mut done = 0;
        self.unknown_in_a_row = 0;
        while let Some(operation) = operations.pop_front() {
            if self.is_lost(&operation, workspace) {
                continue;
            }
            let call = calls::call(&operation, workspace);
            self.effects.watch.event(&Event::Begun(&operation));
            let outcome = self.send(&call, |run| {
                if operation.kind.makes_an_entry() {
                    run.intend(&operation, &operations, workspace)
                } else if run.saving.is_due() {
                    run.save()
                } else {
                    Ok(())
                }
            })?;
            let before = self.before(&operation, &outcome);
            let more = self.record_answer(operation, workspace, outcome);
            self.log_change(before);
            // What was gone from Toggl or moved, or what a bulk request could not rename: at once, one by one.
            let more = more?;
            // A project that may be archived is not tried with one session after the other.
            if self.forgotten_project.is_some() {
                operations.retain(|operation| !operation.names_project(self.forgotten_project));
            }
            for operation in more.into_iter().rev() {
                operations.push_front(operation);
            }
            done += 1;
            self.effects.watch.event(&Event::Settled { done, left: operations.len() });
            if self.unknown_in_a_row >= UNKNOWN_IN_A_ROW {
                break;
            }
        }
        self.mark_pending();
        Ok(())
    }

    /// The workspace of new entries: as set, as kept, or as Toggl says (one request, once).
    fn workspace(&mut self, operations: &VecDeque<Operation>) -> Result<WorkspaceId, StopReason> {
        if let Some(workspace) = self.options.selection.known_workspace(self.sidecar) {
            return Ok(workspace);
        }
        if !operations.iter().any(|operation| operation.kind.makes_an_entry()) {
            // An entry that turns out to be gone is made anew where it was.
            let entries = operations.iter().flat_map(|operation| &operation.entries);
            return Ok(entries.map(|entry| entry.workspace).next().unwrap_or(WorkspaceId(0)));
        }
        self.known_workspace()
    }

    fn finish(mut self) -> Report {
        self.mark_pending();
        self.drop_unsent_intents();
        if self.report.end == Some(StopReason::Send(SendError::MaxRequests)) {
            // A run of one request must come further than the look.
            self.note_scan();
        }
        self.sidecar.quota = self.effects.sender.quota().clone();
        if !matches!(self.report.end, Some(StopReason::Save(_)))
            && let Err(end) = self.save_if_changed()
        {
            self.report.end = Some(end);
        }
        self.report.uncertain = self.unresolved.keys();
        self.report.unlistable = self.unresolved.out_of_reach();
        self.report.requests = self.effects.sender.requests();
        self.report.skew = self.effects.sender.skew();
        // What was to be retried has been, unless the run ended before.
        let retry_rejected = self.options.retry_rejected && self.report.end.is_some();
        let options = Options { retry_rejected, ..self.options.clone() };
        let mut left = plan(self.sidecar, self.ingested, &options);
        let lost: Vec<WorkspaceId> = self.report.lost.iter().map(|lost| lost.workspace).collect();
        let made_in = self.options.selection.known_workspace(self.sidecar);
        left.hold(HoldReason::Workspace, |operation| {
            let entries = operation.entries.iter().map(|entry| entry.workspace);
            let made_in = made_in.filter(|_| operation.entries.is_empty());
            entries.chain(made_in).any(|workspace| lost.contains(&workspace))
        });
        self.report.left = left;
        self.report
    }
}
