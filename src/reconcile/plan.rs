//! The plan: what is to be sent so that Toggl has what the sidecar's records say, as a value.
//!
//! `--dry-run`, `status` and `push` show the same plan, and `push` carries out this one and no other.

mod decision;
mod fingerprint;
mod reclassify;

use std::collections::BTreeMap;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::Serialize;
use time::{Date, OffsetDateTime};

pub use decision::{NoProject, Wanted};
pub use fingerprint::fingerprint;
pub use reclassify::{Fields, Reclassify, Seen, see};

use crate::reconcile::ingest::Ingested;
use crate::reconcile::recovery::Scan;
use crate::reconcile::selection::{LeftAlone, Selection};
use crate::sidecar::{LastSent, Rejection, SessionKey, SessionRecord, Sidecar, TaskRecord};
use crate::toggl::{BULK, EntryRef, WorkspaceId, describes, description_of};

/// What one operation does, in the order in which operations are sent: so the present is right even when the quota
/// ends in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// The entry runs and its session does not, and has no end: stopped by the server's clock.
    Halt,
    /// The entry runs and its session is closed.
    Stop,
    /// The running session has no entry.
    Start,
    /// The entry was halted, and the same open session runs again.
    Resume,
    /// Start, stop or title differ from what was last sent.
    Update,
    /// Several entries get the same new title.
    Rename,
    /// A closed session has no entry.
    Create,
    /// Entries get another project or other tags, and that was asked for.
    Reclassify,
    /// The session is gone, and pruning was asked for.
    Delete,
}

impl OperationKind {
    /// Every kind, in the order of sending.
    pub const ALL: [OperationKind; 9] = [
        OperationKind::Halt,
        OperationKind::Stop,
        OperationKind::Start,
        OperationKind::Resume,
        OperationKind::Update,
        OperationKind::Rename,
        OperationKind::Create,
        OperationKind::Reclassify,
        OperationKind::Delete,
    ];

    /// The word for what is done, in text, JSON and the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OperationKind::Halt => "halt",
            OperationKind::Stop => "stop",
            OperationKind::Start => "start",
            OperationKind::Resume => "resume",
            OperationKind::Update => "update",
            OperationKind::Rename => "rename",
            OperationKind::Create => "create",
            OperationKind::Reclassify => "reclassify",
            OperationKind::Delete => "delete",
        }
    }

    /// Kinds that make an entry: sent twice, they make two.
    #[must_use]
    pub fn makes_an_entry(self) -> bool {
        matches!(self, OperationKind::Create | OperationKind::Start)
    }

    /// The rank in the order of sending.
    fn rank(self) -> u8 {
        match self {
            OperationKind::Halt | OperationKind::Stop => 0,
            OperationKind::Start | OperationKind::Resume => 1,
            OperationKind::Update | OperationKind::Rename => 2,
            OperationKind::Create => 3,
            OperationKind::Reclassify => 4,
            OperationKind::Delete => 5,
        }
    }
}

/// One request to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// The sessions it is for: one, but up to [`BULK`] for a rename or a reclassification.
    pub sessions: Vec<SessionKey>,
    /// The entries it changes, in the order of `sessions`; empty for create and start.
    pub entries: Vec<EntryRef>,
    /// The title, uncut: of a reclassification, that of the first.
    pub title: Rc<str>,
    /// When the (first) session started.
    pub start: OffsetDateTime,
    /// When it stopped; `None` while it is open.
    pub stop: Option<OffsetDateTime>,
    /// What was sent before and is not so any more.
    pub changes: Vec<Change>,
    /// Another day is nearly as likely.
    pub inferred: bool,
    /// Then that day: of the start, or of the stop where the start is certain.
    pub other_day: Option<Date>,
    /// Project and tags that an entry for it gets when it is made.
    pub wanted: Wanted,
    /// For a delete: why the settings leave its session alone; `None`: the session was removed.
    pub left_alone: Option<LeftAlone>,
}

impl Operation {
    /// Whether the name of its project has to be looked up before it is sent.
    #[must_use]
    pub fn needs_project(&self) -> bool {
        self.says_project() && self.wanted.is_unknown()
    }

    /// Whether its request says this project.
    #[must_use]
    pub fn names_project(&self, project: Option<i64>) -> bool {
        self.says_project() && self.wanted.project_id == project
    }

    fn says_project(&self) -> bool {
        self.kind.makes_an_entry() || self.changes_project()
    }
}

/// A difference between a session and what was last sent of it: the value that Toggl has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Its text.
    Title(String),
    /// Its start.
    Start(OffsetDateTime),
    /// Its stop, `None` while it runs.
    Stop(Option<OffsetDateTime>),
    /// Its project, by Toggl's number.
    Project(Option<i64>),
    /// Its tags.
    Tags(Rc<[String]>),
}

/// A session that nothing is sent for, though it is not up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The session.
    pub session: SessionKey,
    /// Why.
    pub why: HoldReason,
}

/// Why a session is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Open and not running, and without an entry: there is nothing yet that Toggl could hold. No error.
    Open,
    /// Closed before and open now, which Chute_kun never does: that it is open is not sent, other changes are. It needs
    /// attention.
    Reopened,
    /// Toggl rejected it and would again. It needs attention.
    Rejected,
    /// Toggl rejected it and would again, and the person knows of it. No error.
    Acknowledged,
    /// A create or start may or may not have been carried out; it is looked up before anything else is sent.
    Uncertain,
    /// Its entry is, or would be, in a workspace that the token does not reach. It needs attention.
    Workspace,
    /// Not listed when a lost sidecar was rebuilt, being too old, and taken to be in Toggl. No error.
    Assumed,
    /// The session is no longer in Chute_kun; its entry stays until pruning is asked for. No error.
    Removed,
    /// Toggl has no such project, or several that fit. It needs attention.
    NoProject,
}

impl HoldReason {
    /// Whether no later run sends such a session by itself, so that it needs attention.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        matches!(self, HoldReason::Rejected | HoldReason::Reopened | HoldReason::Workspace | HoldReason::NoProject)
    }

    /// Why an operation is held back that is the one which Toggl rejected.
    fn rejected(rejection: &Rejection) -> HoldReason {
        if rejection.acknowledged { HoldReason::Acknowledged } else { HoldReason::Rejected }
    }
}

/// Everything that is to be done, in the order in which it is sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// One request each.
    pub operations: Vec<Operation>,
    /// What nothing is sent for.
    pub held: Vec<Held>,
    /// How many sessions are up to date.
    pub up_to_date: usize,
    /// The projects that sessions are held back for.
    pub no_projects: Vec<NoProject>,
    /// How many sessions the settings leave alone, though they are not up to date.
    pub left_alone: BTreeMap<LeftAlone, usize>,
    /// Pruning would have deleted this many entries, more than allowed; none is.
    pub too_many_to_prune: Option<usize>,
    /// Whether Toggl is asked first what it already holds, since the sidecar may not know.
    pub scans_first: bool,
    /// Requests that only read and come first: for what may be there already, for what is uncertain and for the workspace.
    pub reading: usize,
    /// Whether the projects of the workspace are looked up: a page of them at least.
    pub looks_up_projects: bool,
}

/// What a plan is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only sessions that started on this day or later, by the offset in force then.
    pub since: Option<Date>,
    /// Only sessions that started on this day or earlier.
    pub until: Option<Date>,
    /// Delete entries whose session was removed, if they are no more than this.
    pub prune: Option<usize>,
    /// Send again what Toggl rejected.
    pub retry_rejected: bool,
    /// Send what may be in Toggl, or is taken to be, and cannot be looked up there any more: a person has looked.
    pub send_unlisted: bool,
    /// What is sent at all, and what new entries get beside their times and text.
    pub selection: Selection,
    /// Whether entries that are there get another project and other tags as well.
    pub reclassify: Reclassify,
}

/// The plan that brings Toggl up to date with the records.
#[must_use]
pub fn plan(sidecar: &Sidecar, ingested: &Ingested, options: &Options) -> Plan {
    // What is archived is up to date; whoever asks for some days only has taken the archive apart before.
    let mut plan = Plan { up_to_date: sidecar.archived_sessions(), ..Plan::default() };
    let mut renames: BTreeMap<(WorkspaceId, String), Vec<Operation>> = BTreeMap::new();
    let mut targets: BTreeMap<reclassify::Target, Vec<Operation>> = BTreeMap::new();
    for (key, task, record) in sidecar.sessions().filter(|(_, _, record)| options.covers(record)) {
        let operation = |kind, changes| operation(key, (task, record), kind, changes, (sidecar, options));
        let step = next_step(key, task, record, ingested, options, operation);
        let step = decision::under_settings(step, task, record, (sidecar, options), |kind| operation(kind, Vec::new()));
        let is_reopened = ingested.reopened.contains(&key) && !matches!(step, Step::LeftAlone(_));
        if is_reopened {
            plan.held.push(Held { session: key, why: HoldReason::Reopened });
        }
        let is_deleted = matches!(&step, Step::Send(sent) if sent.iter().any(|one| one.kind == OperationKind::Delete));
        let changes = reclassify::changes(key, (task, record), (sidecar, options));
        let is_reclassified = !changes.is_empty() && !is_deleted;
        if is_reclassified {
            let operation = operation(OperationKind::Reclassify, changes);
            match decision::reclassified(&operation, record, (sidecar, options)) {
                None => targets.entry(reclassify::target(&operation)).or_default().push(operation),
                Some(why) => plan.hold_for(key, why, task, (sidecar, options)),
            }
        }
        match step {
            Step::LeftAlone(why) => *plan.left_alone.entry(why).or_default() += 1,
            Step::UpToDate => plan.up_to_date += usize::from(!is_reopened && !is_reclassified),
            Step::Forgotten => {}
            Step::Hold(why) => plan.hold_for(key, why, task, (sidecar, options)),
            Step::Send(operations) => {
                for operation in operations {
                    if is_mere_rename(&operation) {
                        let workspace = operation.entries.first().map_or(WorkspaceId(0), |entry| entry.workspace);
                        renames.entry((workspace, description_of(&operation.title))).or_default().push(operation);
                    } else {
                        plan.operations.push(operation);
                    }
                }
            }
        }
    }
    plan.operations.extend(renames.into_values().flat_map(|renames| in_bulk(renames, OperationKind::Rename)));
    plan.operations.extend(targets.into_values().flat_map(|alike| in_bulk(alike, OperationKind::Reclassify)));
    guard_pruning(&mut plan, options);
    // Of a long history most are creates, and they are in the order of their days: turned round, few have far to go.
    plan.operations.reverse();
    plan.operations.sort_by_cached_key(order);
    plan.count_reading(sidecar, options);
    plan
}

impl Plan {
    /// Whether no session was asked about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.held.is_empty() && self.up_to_date == 0 && self.left_alone.is_empty()
    }

    /// How many requests change something, as far as can be known before they are sent.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.operations.len()
    }

    fn hold_for(
        &mut self,
        session: SessionKey,
        why: HoldReason,
        task: &TaskRecord,
        (sidecar, options): (&Sidecar, &Options),
    ) {
        self.held.push(Held { session, why });
        if why == HoldReason::NoProject {
            decision::note_no_project(&mut self.no_projects, task, sidecar, options);
        }
    }

    fn count_reading(&mut self, sidecar: &Sidecar, options: &Options) {
        let makes = self.operations.iter().any(|operation| operation.kind.makes_an_entry());
        self.scans_first = makes && Scan::is_due(sidecar, &options.selection);
        let resolves = sidecar.has_open_intents();
        self.looks_up_projects = self.operations.iter().any(Operation::needs_project)
            || self.held_for(HoldReason::NoProject).next().is_some();
        let knows_workspace = options.selection.known_workspace(sidecar).is_some();
        let asks_workspace = !knows_workspace && (self.scans_first || resolves || makes);
        let looks_at_projects = options.reclassify == Reclassify::Unseen
            && self.operations.iter().any(|operation| operation.kind == OperationKind::Reclassify);
        self.reading = [self.scans_first, resolves, asks_workspace, looks_at_projects].map(usize::from).iter().sum();
    }

    /// Whether something is left out that no later run will do by itself, so that it needs attention: exit 6, for every
    /// command.
    #[must_use]
    pub fn needs_attention(&self, ingested: &Ingested) -> bool {
        let is_held = self.held.iter().any(|held| held.why.needs_attention());
        is_held || self.too_many_to_prune.is_some() || !ingested.invalid.is_empty()
    }

    /// Holds back the operations that `is_held` says.
    pub fn hold(&mut self, why: HoldReason, is_held: impl Fn(&Operation) -> bool) {
        let (held, left) = std::mem::take(&mut self.operations).into_iter().partition(is_held);
        self.operations = left;
        let held: Vec<Operation> = held;
        self.held
            .extend(held.into_iter().flat_map(|operation| operation.sessions).map(|session| Held { session, why }));
    }

    /// The sessions held back for that reason.
    pub fn held_for(&self, why: HoldReason) -> impl Iterator<Item = SessionKey> {
        self.held.iter().filter(move |held| held.why == why).map(|held| held.session)
    }
}

impl Options {
    /// Everything that is to be sent, nothing deleted, and nothing again that was rejected: what a push does that is asked
    /// for nothing else.
    #[must_use]
    pub fn plain(selection: Selection) -> Options {
        Options {
            since: None,
            until: None,
            prune: None,
            retry_rejected: false,
            send_unlisted: false,
            selection,
            reclassify: Reclassify::No,
        }
    }

    /// Whether sessions of some days only are asked about.
    #[must_use]
    pub fn is_ranged(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether the session started on a day that is asked about.
    #[must_use]
    pub fn covers(&self, record: &SessionRecord) -> bool {
        let day = record.start.date();
        self.since.is_none_or(|since| day >= since) && self.until.is_none_or(|until| day <= until)
    }
}

/// What is to be done about one record.
enum Step {
    UpToDate,
    LeftAlone(LeftAlone),
    /// Gone before Toggl ever heard of it.
    Forgotten,
    Hold(HoldReason),
    /// In this order.
    Send(Vec<Operation>),
}

fn next_step(
    key: SessionKey,
    task: &TaskRecord,
    record: &SessionRecord,
    ingested: &Ingested,
    options: &Options,
    operation: impl Fn(OperationKind, Vec<Change>) -> Operation,
) -> Step {
    if record.intent.is_some() {
        return Step::Hold(HoldReason::Uncertain);
    }
    let is_running = ingested.running == Some(key);
    let mut before = None;
    let wanted = match &record.last_sent {
        None if record.removed => return Step::Forgotten,
        None if record.assumed && !options.send_unlisted => return Step::Hold(HoldReason::Assumed),
        None if record.stop.is_some() => operation(OperationKind::Create, Vec::new()),
        None if is_running => operation(OperationKind::Start, Vec::new()),
        None => return Step::Hold(HoldReason::Open),
        Some(entry) if record.removed => match (options.prune, entry.stop) {
            (Some(_), _) if !entry.adopted => operation(OperationKind::Delete, Vec::new()),
            (_, None) => operation(OperationKind::Halt, Vec::new()),
            (_, Some(_)) => return Step::Hold(HoldReason::Removed),
        },
        Some(entry) => {
            let changes = changes(task, record, entry);
            match (entry.stop, record.stop) {
                (None, Some(_)) => operation(OperationKind::Stop, changes),
                (None, None) if !is_running => {
                    // A halt carries nothing else.
                    before = (!changes.is_empty()).then(|| operation(OperationKind::Update, changes));
                    operation(OperationKind::Halt, Vec::new())
                }
                (Some(_), None) if is_running => operation(OperationKind::Resume, changes),
                // A start without a stop would make the halted entry run again.
                (Some(stop), None) if !changes.is_empty() => {
                    Operation { stop: Some(stop.max(record.start)), ..operation(OperationKind::Update, changes) }
                }
                _ if changes.is_empty() => return Step::UpToDate,
                _ => operation(OperationKind::Update, changes),
            }
        }
    };
    let mut wanted: Vec<Operation> = before.into_iter().chain([wanted]).collect();
    if !options.retry_rejected
        && let Some(rejection) = &record.rejected
    {
        wanted.retain(|wanted| rejection.operation != fingerprint(wanted));
    }
    if !wanted.is_empty() {
        return Step::Send(wanted);
    }
    Step::Hold(record.rejected.as_deref().map_or(HoldReason::Rejected, HoldReason::rejected))
}

/// One request to be, for one session.
fn operation(
    key: SessionKey,
    (task, record): (&TaskRecord, &SessionRecord),
    kind: OperationKind,
    changes: Vec<Change>,
    (sidecar, options): (&Sidecar, &Options),
) -> Operation {
    let (start, stop) = record.wanted_times();
    Operation {
        kind,
        sessions: vec![key],
        entries: record.last_sent.iter().map(|entry| EntryRef { id: entry.id, workspace: entry.workspace }).collect(),
        title: Rc::clone(&task.title),
        start,
        stop,
        changes,
        inferred: record.inferred,
        other_day: record.other_day.filter(|_| record.inferred),
        wanted: Wanted::of(task, sidecar, options),
        left_alone: None,
    }
}

fn changes(task: &TaskRecord, record: &SessionRecord, entry: &LastSent) -> Vec<Change> {
    let mut changes = Vec::new();
    let (start, stop) = record.wanted_times();
    if !entry.accepted.text && !describes(&entry.description, &task.title) {
        changes.push(Change::Title(entry.description.to_string()));
    }
    if entry.start != start {
        changes.push(Change::Start(entry.start));
    }
    // The stop of a halted entry is the server's clock: it stands until the session's own end is known.
    if record.stop.is_some() && entry.stop != stop {
        changes.push(Change::Stop(entry.stop));
    }
    changes
}

fn is_mere_rename(operation: &Operation) -> bool {
    operation.kind == OperationKind::Update && matches!(operation.changes[..], [Change::Title(_)])
}

/// Entries of one workspace that get the same: one request a hundred, of this kind. A single one stays as it is.
fn in_bulk(mut updates: Vec<Operation>, kind: OperationKind) -> Vec<Operation> {
    let mut bulk = Vec::new();
    while !updates.is_empty() {
        let mut rest = updates.split_off(updates.len().min(BULK));
        std::mem::swap(&mut rest, &mut updates);
        let mut renames = rest.into_iter();
        let Some(mut first) = renames.next() else { break };
        for other in renames {
            first.kind = kind;
            first.sessions.extend(other.sessions);
            first.entries.extend(other.entries);
        }
        bulk.push(first);
    }
    bulk
}

fn guard_pruning(plan: &mut Plan, options: &Options) {
    let deletes = plan.operations.iter().filter(|operation| operation.kind == OperationKind::Delete).count();
    if options.prune.is_some_and(|most| deletes > most) {
        plan.operations.retain(|operation| operation.kind != OperationKind::Delete);
        plan.too_many_to_prune = Some(deletes);
    }
}

/// Halts and stops; the start or resume; updates and renames; creates, newest day first; deletes.
fn order(operation: &Operation) -> (u8, i64, i64, Option<SessionKey>, bool) {
    let at = operation.start;
    let session = operation.sessions.first().copied();
    // The start of a running entry is moved before the entry is halted: after that it would run again.
    let moves_start = operation.changes.iter().any(|change| matches!(change, Change::Start(_)));
    let goes_first = operation.kind == OperationKind::Update && operation.stop.is_none() && moves_start;
    let rank = if goes_first { OperationKind::Halt.rank() } else { operation.kind.rank() };
    (rank, -i64::from(at.date().to_julian_day()), at.unix_timestamp(), session, !goes_first)
}
