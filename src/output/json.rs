//! One JSON document a command. Titles and other texts are as they were read; on output, what a terminal must not see is
//! written as JSON's own escapes. Instants are RFC 3339 with the offset in force then. New fields, kinds and reasons may
//! be added under the same `schema`; a program should pass over what it does not know.
//!
//! The documents of `push` and `status`:
//!
//! | field | value |
//! |---|---|
//! | `schema` | 1 |
//! | `command` | `"push"` or `"status"` |
//! | `first_push` | whether Toggl is asked first what it holds: nothing was pushed yet, or not by way of this sidecar |
//! | `operations` | the plan, in the order of sending: a list of *operation*; after a push, the plan as it was before |
//! | `held_back` | sessions that are not up to date and that nothing is sent for: a list of *held back*; after a push, as it is then |
//! | `reopened` | keys of sessions that had ended and are open again |
//! | `invalid` | sessions with impossible times, which are left out: a list of *invalid session* |
//! | `up_to_date` | number of sessions that Toggl has as they are; after a push, as it is then |
//! | `left_alone` | number of sessions that the settings leave alone, by the setting: `since`, `skip`, `at_least_min` and `running` |
//! | `no_projects` | projects in the settings that Toggl does not have, or has several of that fit: a list of *missing project* |
//! | `requests` | number of requests that a push would send, as far as can be known; after a push, that were sent |
//! | `quota` | `writing` and `reading`: each a *quota*, or null while nothing is known of this hour |
//! | `prune_refused` | number of entries that `--prune` would have deleted, if that is more than `--max-delete`; else null |
//!
//! `push` has as well:
//!
//! | field | value |
//! |---|---|
//! | `exit` | the exit code |
//! | `dry_run` | whether only the plan is shown; the fields below are there only if not |
//! | `done` | operations that Toggl carried out, in order: a list of *operation* |
//! | `adopted` | keys of sessions whose entry was found in Toggl |
//! | `assumed` | keys of sessions that are too old to be listed and assumed to be in Toggl |
//! | `rejected` | what Toggl rejected in this run: a list of `session`, `status` (HTTP) and `text` (what Toggl said) |
//! | `uncertain` | keys of sessions of which it is not known whether they are in Toggl |
//! | `unlistable` | those of `uncertain` that are too old for Toggl to list |
//! | `skew` | seconds by which Toggl's clock is ahead of this machine's; negative if it is behind, null if it did not say |
//! | `set_by_hand` | keys of sessions whose entry keeps the project or the tags that a person set in Toggl |
//! | `not_listed` | keys of sessions whose project or tags stay because Toggl does not list their entry |
//! | `window_starts` | the first day (`YYYY-MM-DD`) that Toggl lists, if sessions lie before it; else null |
//! | `left` | number of operations that are still to be sent |
//! | `stop_reason` | why the run ended early: a *stop reason*; null if it did not |
//!
//! `status` has as well:
//!
//! | field | value |
//! |---|---|
//! | `snapshot` | the snapshot's file |
//! | `saved` | when the snapshot was saved, or null |
//! | `sidecar` | the sidecar's file |
//! | `last_snapshot_saved` | when the snapshot was saved that the last push read; null before the first push |
//! | `last_request` | when the last request was sent, or null |
//! | `inferred` | number of sessions whose day is the likeliest of several |
//! | `waiting_since` | since when something could not be sent; null if nothing waits |
//! | `marked` | sessions to look at: a list of `session`, `title`, `start`, `stop`, `inferred`, `long` (longer than 16 hours) and `other_day` (the likeliest other day, or null) |
//!
//! *operation*:
//!
//! | field | value |
//! |---|---|
//! | `kind` | `"halt"`, `"stop"`, `"start"`, `"resume"`, `"update"`, `"rename"`, `"create"`, `"reclassify"` or `"delete"` |
//! | `sessions` | keys of the sessions it is for: one, for a rename or a reclassification up to 100 |
//! | `entries` | the entries it changes, in the order of `sessions`: a list of `id` and `workspace`; empty for create and start |
//! | `title` | the title, of a reclassification that of the first session |
//! | `start` | when the (first) session started |
//! | `stop` | when it stopped; null while it is open |
//! | `duration` | seconds from `start` to `stop`; null while it is open |
//! | `inferred` | whether the day is the likeliest of several |
//! | `other_day` | if it is, the likeliest other day, as `YYYY-MM-DD`: of the start, or of the stop where the start is certain; null where none is known |
//! | `long` | whether it is longer than 16 hours |
//! | `project` | of a new entry, or of one that gets another: the project as `id` (null while its name is not looked up) and `name` (null if it is set by its number); else null |
//! | `tags` | the tags of a new entry, or of one that gets others; else null |
//! | `rule` | the rule of the settings file that decided about them, as `number` and `line`; null if none did |
//! | `left_alone` | for a delete, the setting that leaves its session alone, as in `left_alone` above; else null: it was removed |
//! | `changes` | what was sent before (for the first entry): a list of `field` (`"title"`, `"start"`, `"stop"`, `"project"` or `"tags"`) and `was` (null: it was running, or in no project) |
//!
//! *held back*:
//!
//! | field | value |
//! |---|---|
//! | `session` | the key of the session |
//! | `reason` | `"open"`, `"reopened"`, `"rejected"`, `"acknowledged"`, `"uncertain"`, `"assumed"`, `"workspace"`, `"no_project"` or `"removed"` |
//! | `title`, `start`, `stop` | as in an operation |
//! | `rejection` | for `"rejected"` `status` (HTTP) and `text` (what Toggl said); else null |
//!
//! *missing project*:
//!
//! | field | value |
//! |---|---|
//! | `name` | the name in the settings |
//! | `rule` | the rule that says it, as in an operation; null: the line above the rules |
//! | `fitting` | those that fit, if they are several: a list of `id` and `name` |
//! | `sessions` | number of sessions that wait for it |
//!
//! *invalid session*:
//!
//! | field | value |
//! |---|---|
//! | `title` | the title of its task |
//! | `place` | the list and the position of the task in it, from 0: `"today/3"` |
//! | `position` | the position of the session in the task, from 0 |
//! | `reason` | what is wrong, for people |
//!
//! *quota*:
//!
//! | field | value |
//! |---|---|
//! | `remaining` | requests left in this hour, or null if Toggl never said |
//! | `resets_at` | when the hour is over |
//!
//! *stop reason*:
//!
//! | field | value |
//! |---|---|
//! | `kind` | `"quota"`, `"rate_limited"`, `"trouble"`, `"offline"`, `"max_requests"`, `"interrupted"`, `"token_refused"`, `"api_gone"`, `"set_up"`, `"wrong_address"`, `"no_workspace"`, `"wrong_workspace"`, `"other_account"`, `"rejects_all"` or `"save"` |
//! | `until` | from when running again makes sense, or null if that does not depend on the time |
//! | `text` | details for people, or null |

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::plan::operations;
use super::{Status, View, marked, push, status};
use crate::execute::{Report, StopReason};
use crate::exit::Exit;
use crate::reconcile::ingest::InvalidSession;
use crate::reconcile::plan::{Change, Held, HoldReason, NoProject, Operation, OperationKind, Plan};
use crate::reconcile::selection::{LeftAlone, NameOrId, RuleAt};
use crate::sidecar::SessionKey;
use crate::toggl::{Bucket, SendError};

/// The version of the documents' format.
pub const SCHEMA: u64 = 1;

/// The plan, for programs. `exit` is the exit code that showing it ends with.
#[must_use]
pub fn plan_json(view: &View<'_>, exit: Exit) -> Value {
    let mut document = document("push", view, view.plan);
    document["dry_run"] = json!(true);
    document["exit"] = json!(exit.code());
    document
}

/// What a run did, for programs. `exit` is the exit code that the run ends with.
#[must_use]
pub fn report_json(view: &View<'_>, report: &Report, exit: Exit) -> Value {
    let mut document = document("push", view, &report.left);
    let rejected = report.rejected.iter().map(
        |rejected| json!({"session": rejected.session.to_string(), "status": rejected.status, "text": rejected.text}),
    );
    let fields = [
        ("dry_run", json!(false)),
        ("requests", json!(report.requests)),
        ("done", report.done.iter().map(operation).collect()),
        ("adopted", keys(&report.adopted)),
        ("assumed", keys(&report.assumed)),
        ("rejected", rejected.collect()),
        ("uncertain", keys(&report.uncertain)),
        ("unlistable", keys(&report.unlistable)),
        ("skew", json!(report.skew)),
        ("set_by_hand", keys(&report.set_by_hand)),
        ("not_listed", keys(&report.not_listed)),
        ("window_starts", json!(report.window_starts.map(|day| day.to_string()))),
        ("left", json!(report.left.operations.len())),
        ("stop_reason", report.end.as_ref().map_or(Value::Null, |reason| stop_reason(view, reason))),
        ("exit", json!(exit.code())),
    ];
    for (name, value) in fields {
        document[name] = value;
    }
    document
}

/// There is neither a snapshot nor a sidecar, for programs.
#[must_use]
pub fn nothing_recorded_json(command: &str) -> Value {
    json!({"schema": SCHEMA, "command": command, "nothing_recorded": true, "exit": Exit::UpToDate.code()})
}

/// A command could not do its work, for programs.
#[must_use]
pub fn error_json(error: &str, exit: Exit) -> Value {
    json!({"schema": SCHEMA, "error": error, "exit": exit.code()})
}

/// How things stand, for programs.
#[must_use]
pub fn status_json(status: &Status<'_>) -> Value {
    let view = &status.view;
    let at = |instant: Option<i64>| json!(instant.map(|instant| rfc3339(view.zone.at(instant))));
    let mut document = document("status", view, view.plan);
    document["snapshot"] = json!(status.snapshot_path.to_string_lossy());
    document["saved"] = at(view.sidecar.last_snapshot_saved);
    document["sidecar"] = json!(status.sidecar_path.to_string_lossy());
    document["last_snapshot_saved"] = at(status.taken);
    document["last_request"] = at(view.sidecar.quota.last_request_ms.map(|ms| ms.div_euclid(1000)));
    document["inferred"] = json!(status::inferred(view));
    document["waiting_since"] = at(view.sidecar.waiting.map(|waiting| waiting.since));
    document["marked"] = (marked::marked(view).into_iter())
        .filter_map(|key| view.sidecar.record(key).map(|(task, record)| (key, task, record)))
        .map(|(key, task, record)| {
            json!({
                "session": key.to_string(), "title": &*task.title, "start": rfc3339(record.start),
                "stop": record.stop.map(rfc3339), "inferred": record.inferred, "long": marked::is_long(record),
                "other_day": record.other_day.filter(|_| record.inferred).map(|day| day.to_string()),
            })
        })
        .collect();
    document
}

/// What every document has; `now` is the plan as it stands.
fn document(command: &str, view: &View<'_>, now: &Plan) -> Value {
    json!({
        "schema": SCHEMA,
        "command": command,
        "first_push": view.plan.looks_first,
        "operations": view.plan.operations.iter().map(operation).collect::<Value>(),
        "held_back": now.held.iter().map(|held| self::held(view, held)).collect::<Value>(),
        "reopened": keys(&view.intake.reopened),
        "invalid": view.intake.invalid.iter().map(invalid).collect::<Value>(),
        "up_to_date": now.up_to_date,
        "left_alone": left_alone_counts(now),
        "no_projects": now.no_projects.iter().map(no_project).collect::<Value>(),
        "requests": view.requests(),
        "quota": {
            "writing": quota(view, Bucket::Workspace),
            "reading": quota(view, Bucket::User),
        },
        "prune_refused": now.prune_refused,
    })
}

fn operation(operation: &Operation) -> Value {
    let makes = operation.kind.makes_an_entry();
    let seconds = operation.stop.map(|stop| (stop - operation.start).whole_seconds());
    json!({
        "kind": operation.kind.word(),
        "sessions": keys(&operation.sessions),
        "entries": operation.entries.iter()
            .map(|entry| json!({"id": entry.id, "workspace": entry.workspace}))
            .collect::<Value>(),
        "title": &*operation.title,
        "start": rfc3339(operation.start),
        "stop": operation.stop.map(rfc3339),
        "duration": seconds,
        "inferred": operation.inferred,
        "other_day": operation.other_day.map(|day| day.to_string()),
        "long": seconds.is_some_and(|seconds| seconds > operations::LONG.whole_seconds()),
        "project": project(operation),
        "tags": (makes || operation.changes_tags()).then_some(&*operation.wanted.tags),
        "rule": operation.wanted.rule.filter(|_| makes || operation.kind == OperationKind::Reclassify).map(rule),
        "left_alone": operation.left_alone.map(left_alone),
        "changes": operation.changes.iter().map(change).collect::<Value>(),
    })
}

/// The project of a new entry, as far as it is known.
fn project(operation: &Operation) -> Value {
    let wanted = &operation.wanted;
    let name = match &wanted.project {
        Some(NameOrId::Name(name)) => Some(&**name),
        _ => None,
    };
    match wanted.project.as_ref().filter(|_| operation.kind.makes_an_entry() || operation.changes_project()) {
        Some(_) => json!({"id": wanted.project_id, "name": name}),
        None => Value::Null,
    }
}

fn rule(at: RuleAt) -> Value {
    json!({"number": at.number, "line": at.line})
}

fn no_project(no_project: &NoProject) -> Value {
    json!({
        "name": &*no_project.name,
        "rule": no_project.rule.map(rule),
        "fitting": no_project.fitting.iter().map(|one| json!({"id": one.id, "name": one.name})).collect::<Value>(),
        "sessions": no_project.sessions,
    })
}

fn left_alone(why: LeftAlone) -> &'static str {
    match why {
        LeftAlone::BeforeSince => "since",
        LeftAlone::Skipped(_) => "skip",
        LeftAlone::TooShort => "at_least_min",
        LeftAlone::Running => "running",
    }
}

/// How many sessions are left alone, by the setting that says so.
fn left_alone_counts(plan: &Plan) -> Value {
    let mut counts = json!({"since": 0, "skip": 0, "at_least_min": 0, "running": 0});
    for (&why, n) in &plan.left_alone {
        let so_far = counts[left_alone(why)].as_u64().unwrap_or(0);
        counts[left_alone(why)] = json!(so_far + *n as u64);
    }
    counts
}

fn change(change: &Change) -> Value {
    match change {
        Change::Title(was) => json!({"field": "title", "was": was}),
        Change::Start(was) => json!({"field": "start", "was": rfc3339(*was)}),
        Change::Stop(was) => json!({"field": "stop", "was": was.map(rfc3339)}),
        Change::Project(was) => json!({"field": "project", "was": was}),
        Change::Tags(was) => json!({"field": "tags", "was": &**was}),
    }
}

fn held(view: &View<'_>, held: &Held) -> Value {
    let record = view.sidecar.record(held.session);
    let rejected = record.and_then(|(_, record)| record.rejected.as_ref()).filter(|_| held.why == HoldReason::Rejected);
    json!({
        "session": held.session.to_string(),
        "reason": reason(held.why),
        "title": record.map(|(task, _)| &*task.title),
        "start": record.map(|(_, record)| rfc3339(record.start)),
        "stop": record.and_then(|(_, record)| record.stop).map(rfc3339),
        "rejection": rejected.map(|rejected| json!({"status": rejected.status, "text": rejected.text})),
    })
}

pub(super) fn reason(why: HoldReason) -> &'static str {
    match why {
        HoldReason::Open => "open",
        HoldReason::Reopened => "reopened",
        HoldReason::Rejected => "rejected",
        HoldReason::Acknowledged => "acknowledged",
        HoldReason::Uncertain => "uncertain",
        HoldReason::Assumed => "assumed",
        HoldReason::Workspace => "workspace",
        HoldReason::Gone => "removed",
        HoldReason::NoProject => "no_project",
    }
}

fn invalid(invalid: &InvalidSession) -> Value {
    json!({
        "title": invalid.title,
        "place": invalid.place.to_string(),
        "position": invalid.session,
        "reason": invalid.reason,
    })
}

fn quota(view: &View<'_>, bucket: Bucket) -> Value {
    // What was known of an hour that is over says nothing about this one.
    match view.sidecar.quota.level(bucket, view.now) {
        Some(level) => json!({
            "remaining": level.remaining.map(|left| left.max(0)),
            "resets_at": rfc3339(view.zone.at(level.resets_at)),
        }),
        None => Value::Null,
    }
}

fn stop_reason(view: &View<'_>, end: &StopReason) -> Value {
    let (kind, text) = match end {
        StopReason::Send(SendError::Quota(_)) => ("quota", None),
        StopReason::Send(SendError::RateLimited) => ("rate_limited", None),
        StopReason::Send(SendError::Trouble(text)) => ("trouble", Some(text.clone())),
        StopReason::Send(SendError::Offline(text)) => ("offline", Some(text.clone())),
        StopReason::Send(SendError::SetUp(text)) => ("set_up", Some(text.clone())),
        StopReason::Send(SendError::MaxRequests) => ("max_requests", None),
        StopReason::Send(SendError::Interrupted) => ("interrupted", None),
        StopReason::Send(SendError::TokenRefused(status)) => {
            ("token_refused", Some(format!("Toggl answered {status}")))
        }
        StopReason::Send(SendError::CallGone) => ("api_gone", None),
        StopReason::Send(SendError::NoSuchCall) => ("wrong_address", None),
        StopReason::NoWorkspace(text) => ("no_workspace", Some(text.clone())),
        StopReason::WrongWorkspace { workspace, .. } => ("wrong_workspace", Some(workspace.to_string())),
        StopReason::OtherAccount { token, .. } => ("other_account", Some(token.clone())),
        StopReason::RejectsAll { refusal, .. } => ("rejects_all", Some(refusal.text.clone())),
        StopReason::Save(text) => ("save", Some(text.clone())),
    };
    let until = push::again_at(view, end).map(|at| rfc3339(view.zone.at(at)));
    json!({"kind": kind, "until": until, "text": text})
}

pub(super) fn keys(keys: &[SessionKey]) -> Value {
    keys.iter().map(|key| Value::from(key.to_string())).collect()
}

pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    // Fails only past the year 9999, and for the offsets with seconds of the years before 1900.
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
