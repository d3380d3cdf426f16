//! The documents of `push`.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::{Operation, Plan};
use super::{Day, Timestamp, Version};
use crate::execute::{RejectedSession, Report, StopReason};
use crate::exit::Exit;
use crate::output::{View, push};
use crate::sidecar::SessionKey;
use crate::toggl::SendError;

/// What `push --dry-run` would send.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DryRun<'a> {
    schema: Version,
    /// The command.
    #[schemars(extend("const" = "push"))]
    command: &'static str,
    /// Whether only the plan is shown.
    #[schemars(extend("const" = true))]
    dry_run: bool,
    #[serde(flatten)]
    plan: Plan<'a>,
    exit: Exit,
}

impl<'a> DryRun<'a> {
    /// The plan of the view, the showing of which ends so.
    #[must_use]
    pub fn new(view: &View<'a>, exit: Exit) -> DryRun<'a> {
        let plan = Plan::new(view, view.plan, view.requests());
        DryRun { schema: Version::CURRENT, command: "push", dry_run: true, plan, exit }
    }
}

/// What `push` sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Push<'a> {
    schema: Version,
    /// The command.
    #[schemars(extend("const" = "push"))]
    command: &'static str,
    /// Whether only the plan is shown.
    #[schemars(extend("const" = false))]
    dry_run: bool,
    #[serde(flatten)]
    plan: Plan<'a>,
    /// Operations that Toggl carried out, in order.
    done: Vec<Operation<'a>>,
    /// Sessions whose entry was found in Toggl.
    adopted: &'a [SessionKey],
    /// Sessions that are too old to be listed and assumed to be in Toggl.
    assumed: &'a [SessionKey],
    /// What Toggl rejected in this run.
    rejected: &'a [RejectedSession],
    /// Sessions of which it is not known whether they are in Toggl.
    uncertain: &'a [SessionKey],
    /// Those of `uncertain` that are too old for Toggl to list.
    unlistable: &'a [SessionKey],
    /// Seconds by which Toggl's clock is ahead of this machine's; negative if it is behind, null if it did not say.
    skew: Option<i64>,
    /// Sessions whose entry keeps the project or the tags that a person set in Toggl.
    set_by_hand: &'a [SessionKey],
    /// Sessions whose project or tags stay because Toggl does not list their entry.
    not_listed: &'a [SessionKey],
    /// The first day that Toggl lists, if sessions lie before it; else null.
    window_starts: Option<Day>,
    /// Number of operations that are still to be sent.
    left: usize,
    /// Why the run ended early; null if it did not.
    stop_reason: Option<Stopped<'a>>,
    exit: Exit,
}

impl<'a> Push<'a> {
    /// What a run did that ends so.
    #[must_use]
    pub fn new(view: &View<'a>, report: &'a Report, exit: Exit) -> Push<'a> {
        Push {
            schema: Version::CURRENT,
            command: "push",
            dry_run: false,
            plan: Plan::new(view, &report.left, report.requests),
            done: report.done.iter().map(Operation::from).collect(),
            adopted: &report.adopted,
            assumed: &report.assumed,
            rejected: &report.rejected,
            uncertain: &report.uncertain,
            unlistable: &report.unlistable,
            skew: report.skew,
            set_by_hand: &report.set_by_hand,
            not_listed: &report.not_listed,
            window_starts: report.window_starts.map(Day::from),
            left: report.left.operations.len(),
            stop_reason: report.end.as_ref().map(|reason| Stopped::new(view, reason)),
            exit,
        }
    }
}

/// Why a run ended early.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StopReason")]
struct Stopped<'a> {
    /// What it is.
    kind: StopKind,
    /// From when running again makes sense; null if that does not depend on the time.
    until: Option<Timestamp>,
    /// Details for people, or null.
    text: Option<Cow<'a, str>>,
}

/// What ends a run early.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StopKind {
    /// The hourly quota is used up.
    Quota,
    /// Toggl asked for a pause.
    RateLimited,
    /// Toggl has trouble.
    Trouble,
    /// Toggl could not be reached.
    Offline,
    /// As many requests were sent as `--max-requests` allows.
    MaxRequests,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// Toggl refused the token.
    TokenRefused,
    /// Toggl no longer has the call.
    ApiGone,
    /// A certificate or a proxy that cannot be used.
    SetUp,
    /// There is no Toggl at the address.
    WrongAddress,
    /// Neither Toggl nor the settings name a workspace.
    NoWorkspace,
    /// The workspace that is set is none of the account's.
    WrongWorkspace,
    /// The token is of another account than the one that the entries are in.
    OtherAccount,
    /// Toggl rejected the first sessions all alike.
    RejectsAll,
    /// The sidecar could not be saved.
    Save,
}

impl<'a> Stopped<'a> {
    fn new(view: &View<'_>, end: &'a StopReason) -> Stopped<'a> {
        use SendError as Send;
        let (kind, text) = match end {
            StopReason::Send(Send::Quota(_)) => (StopKind::Quota, None),
            StopReason::Send(Send::RateLimited) => (StopKind::RateLimited, None),
            StopReason::Send(Send::Trouble(text)) => (StopKind::Trouble, Some(text.into())),
            StopReason::Send(Send::Offline(text)) => (StopKind::Offline, Some(text.into())),
            StopReason::Send(Send::SetUp(text)) => (StopKind::SetUp, Some(text.into())),
            StopReason::Send(Send::MaxRequests) => (StopKind::MaxRequests, None),
            StopReason::Send(Send::Interrupted) => (StopKind::Interrupted, None),
            StopReason::Send(Send::TokenRefused(status)) => {
                (StopKind::TokenRefused, Some(format!("Toggl answered {status}").into()))
            }
            StopReason::Send(Send::CallGone) => (StopKind::ApiGone, None),
            StopReason::Send(Send::NoSuchCall) => (StopKind::WrongAddress, None),
            StopReason::NoWorkspace(text) => (StopKind::NoWorkspace, Some(text.into())),
            StopReason::WrongWorkspace { workspace, .. } => {
                (StopKind::WrongWorkspace, Some(workspace.to_string().into()))
            }
            StopReason::OtherAccount { token, .. } => (StopKind::OtherAccount, Some(token.into())),
            StopReason::RejectsAll { refusal, .. } => (StopKind::RejectsAll, Some((&refusal.text).into())),
            StopReason::Save(text) => (StopKind::Save, Some(text.into())),
        };
        Stopped { kind, until: push::again_at(view, end).map(|at| view.zone.at(at).into()), text }
    }
}
