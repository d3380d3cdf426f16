//! The plan and what nothing is sent for, as `push` and `status` have them.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Day, Timestamp};
use crate::output::View;
use crate::output::plan::operations::LONG;
use crate::reconcile::ingest::InvalidSession;
use crate::reconcile::plan::{self, Held, HoldReason, NoProject, OperationKind};
use crate::reconcile::selection::{self, NameOrId, RuleAt};
use crate::sidecar::SessionKey;
use crate::toggl::{Bucket, EntryRef};

/// What `push` and `status` have in common.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Plan<'a> {
    /// Whether Toggl is asked first what it holds: nothing was pushed yet, or not by way of this sidecar.
    first_push: bool,
    /// The plan, in the order of sending; after a push, as it was before.
    operations: Vec<Operation<'a>>,
    /// Sessions that are not up to date and that nothing is sent for; after a push, as it is then.
    held_back: Vec<HeldSession<'a>>,
    /// Sessions that had ended and are open again.
    reopened: &'a [SessionKey],
    /// Sessions with impossible times, which are left out.
    invalid: &'a [InvalidSession],
    /// Number of sessions that Toggl has as they are; after a push, as it is then.
    up_to_date: usize,
    /// Number of sessions that the settings leave alone, by the setting.
    left_alone: LeftAlone,
    /// Projects in the settings that Toggl does not have, or has several of that fit.
    no_projects: &'a [NoProject],
    /// Number of requests that a push would send, as far as can be known; after a push, that were sent.
    requests: usize,
    /// What is left of the hourly quotas.
    quota: Quotas,
    /// Number of entries that `--prune` would have deleted, if that is more than `--max-delete`; else null.
    too_many_to_prune: Option<usize>,
}

impl<'a> Plan<'a> {
    /// The plan of the view, and how things are by the plan `now`, of which `requests` were sent or would be.
    pub fn new(view: &View<'a>, now: &'a plan::Plan, requests: usize) -> Plan<'a> {
        Plan {
            first_push: view.plan.scans_first,
            operations: view.plan.operations.iter().map(Operation::from).collect(),
            held_back: now.held.iter().map(|held| HeldSession::new(view, held)).collect(),
            reopened: &view.ingested.reopened,
            invalid: &view.ingested.invalid,
            up_to_date: now.up_to_date,
            left_alone: LeftAlone::of(now),
            no_projects: &now.no_projects,
            requests,
            quota: Quotas { writing: Quota::of(view, Bucket::Workspace), reading: Quota::of(view, Bucket::User) },
            too_many_to_prune: now.too_many_to_prune,
        }
    }
}

/// One request to be, or that was.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Operation<'a> {
    /// What it does.
    kind: OperationKind,
    /// The sessions it is for: one, for a rename or a reclassification up to 100.
    sessions: &'a [SessionKey],
    /// The entries it changes, in the order of `sessions`; empty for create and start.
    entries: &'a [EntryRef],
    /// The title, of a reclassification that of the first session.
    title: &'a str,
    /// When the (first) session started.
    start: Timestamp,
    /// When it stopped; null while it is open.
    stop: Option<Timestamp>,
    /// Seconds from `start` to `stop`; null while it is open.
    duration: Option<i64>,
    /// Whether the day is the likeliest of several.
    inferred: bool,
    /// If it is, the likeliest other day: of the start, or of the stop where the start is certain; null where none is known.
    other_day: Option<Day>,
    /// Whether it is longer than 16 hours.
    long: bool,
    /// The project of a new entry, or of one that gets another; else null.
    project: Option<Project<'a>>,
    /// The tags of a new entry, or of one that gets others; else null.
    tags: Option<&'a [String]>,
    /// The rule of the settings file that decided about them; null if none did.
    rule: Option<RuleAt>,
    /// For a delete, the setting that leaves its session alone; else null: it was removed.
    left_alone: Option<Setting>,
    /// What was sent before (for the first entry).
    changes: Vec<Change<'a>>,
}

impl<'a> From<&'a plan::Operation> for Operation<'a> {
    fn from(operation: &'a plan::Operation) -> Operation<'a> {
        let (kind, wanted) = (operation.kind, &operation.wanted);
        let makes = kind.makes_an_entry();
        let duration = operation.stop.map(|stop| (stop - operation.start).whole_seconds());
        let project = wanted.project.as_ref().filter(|_| makes || operation.changes_project());
        Operation {
            kind,
            sessions: &operation.sessions,
            entries: &operation.entries,
            title: &operation.title,
            start: operation.start.into(),
            stop: operation.stop.map(Timestamp::from),
            duration,
            inferred: operation.inferred,
            other_day: operation.other_day.map(Day::from),
            long: duration.is_some_and(|seconds| seconds > LONG.whole_seconds()),
            project: project.map(|project| Project {
                id: wanted.project_id,
                name: match project {
                    NameOrId::Name(name) => Some(name),
                    NameOrId::Id(_) => None,
                },
            }),
            tags: (makes || operation.changes_tags()).then_some(&*wanted.tags),
            rule: wanted.rule.filter(|_| makes || kind == OperationKind::Reclassify),
            left_alone: operation.left_alone.map(Setting::from),
            changes: operation.changes.iter().map(Change::from).collect(),
        }
    }
}

/// The project of an entry.
#[derive(Debug, Serialize, JsonSchema)]
struct Project<'a> {
    /// Its id in Toggl; null while its name is not looked up.
    id: Option<i64>,
    /// Its name in the settings; null if it is set by its number.
    name: Option<&'a str>,
}

/// A value that Toggl has and that a session has otherwise.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "field", content = "was", rename_all = "snake_case")]
enum Change<'a> {
    /// Its title.
    Title(&'a str),
    /// When it started.
    Start(Timestamp),
    /// When it stopped; null: it was running.
    Stop(Option<Timestamp>),
    /// Toggl's number of its project; null: it was in none.
    Project(Option<i64>),
    /// Its tags.
    Tags(&'a [String]),
}

impl<'a> From<&'a plan::Change> for Change<'a> {
    fn from(change: &'a plan::Change) -> Change<'a> {
        match change {
            plan::Change::Title(was) => Change::Title(was),
            plan::Change::Start(was) => Change::Start((*was).into()),
            plan::Change::Stop(was) => Change::Stop(was.map(Timestamp::from)),
            plan::Change::Project(was) => Change::Project(*was),
            plan::Change::Tags(was) => Change::Tags(was),
        }
    }
}

/// The setting that leaves a session alone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Setting {
    Since,
    Skip,
    AtLeastMin,
    Running,
}

impl From<selection::LeftAlone> for Setting {
    fn from(why: selection::LeftAlone) -> Setting {
        match why {
            selection::LeftAlone::BeforeSince => Setting::Since,
            selection::LeftAlone::Skipped(_) => Setting::Skip,
            selection::LeftAlone::TooShort => Setting::AtLeastMin,
            selection::LeftAlone::Running => Setting::Running,
        }
    }
}

/// Numbers of sessions that the settings leave alone.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct LeftAlone {
    /// They started before `since`.
    since: usize,
    /// A rule says `skip`.
    skip: usize,
    /// They are shorter than `at_least_min`.
    at_least_min: usize,
    /// They are not finished, and `running` says to wait.
    running: usize,
}

impl LeftAlone {
    fn of(plan: &plan::Plan) -> LeftAlone {
        let mut counts = LeftAlone::default();
        for (&why, n) in &plan.left_alone {
            *match Setting::from(why) {
                Setting::Since => &mut counts.since,
                Setting::Skip => &mut counts.skip,
                Setting::AtLeastMin => &mut counts.at_least_min,
                Setting::Running => &mut counts.running,
            } += n;
        }
        counts
    }
}

/// A session that nothing is sent for.
#[derive(Debug, Serialize, JsonSchema)]
struct HeldSession<'a> {
    session: SessionKey,
    /// Why.
    reason: HoldReason,
    /// Its title; null if it is not known any more.
    title: Option<&'a str>,
    /// When it started; null likewise.
    start: Option<Timestamp>,
    /// When it stopped; null while it is open.
    stop: Option<Timestamp>,
    /// What Toggl said, if it is held back for that; else null.
    rejection: Option<Rejection<'a>>,
}

impl<'a> HeldSession<'a> {
    fn new(view: &View<'a>, held: &Held) -> HeldSession<'a> {
        let (task, record) = view.sidecar.record(held.session).unzip();
        let rejected = record.and_then(|record| record.rejected.as_ref()).filter(|_| held.why == HoldReason::Rejected);
        HeldSession {
            session: held.session,
            reason: held.why,
            title: task.map(|task| &*task.title),
            start: record.map(|record| record.start.into()),
            stop: record.and_then(|record| record.stop).map(Timestamp::from),
            rejection: rejected.map(|rejected| Rejection { status: rejected.status, text: &rejected.text }),
        }
    }
}

/// How Toggl rejected a session.
#[derive(Debug, Serialize, JsonSchema)]
struct Rejection<'a> {
    /// The HTTP status.
    status: u16,
    /// What Toggl said.
    text: &'a str,
}

/// The two hourly quotas.
#[derive(Debug, Serialize, JsonSchema)]
struct Quotas {
    /// The workspace's; null while nothing is known of this hour.
    writing: Option<Quota>,
    /// The user's; null while nothing is known of this hour.
    reading: Option<Quota>,
}

/// A quota in this hour.
#[derive(Debug, Serialize, JsonSchema)]
struct Quota {
    /// Requests left in this hour, or null if Toggl never said.
    remaining: Option<i64>,
    /// When the hour is over.
    resets_at: Timestamp,
}

impl Quota {
    fn of(view: &View<'_>, bucket: Bucket) -> Option<Quota> {
        // What was known of an hour that is over says nothing about this one.
        view.sidecar.quota.level(bucket, view.now).map(|level| Quota {
            remaining: level.remaining.map(|left| left.max(0)),
            resets_at: view.zone.at(level.resets_at).into(),
        })
    }
}
