//! One JSON document a command. Titles and other texts are raw: whoever prints them has to clean them. Instants are
//! RFC 3339 with the offset in force then. New fields, kinds and reasons may be added under the same `schema`; a
//! program should pass over what it does not know.
//!
//! The documents of `push` and `status`:
//!
//! | field | value |
//! |---|---|
//! | `schema` | 1 |
//! | `command` | `"push"` or `"status"` |
//! | `first_push` | whether Toggl was not asked yet what it held before |
//! | `operations` | the plan, in the order of sending: a list of *operation*; after a push, the plan as it was before |
//! | `held` | sessions that nothing is sent for, though they are not in agreement: a list of *held*; after a push, as it is then |
//! | `reopened` | keys of sessions that had ended and are open again |
//! | `odd` | sessions that cannot be what they say and are left out: a list of *odd* |
//! | `agreed` | number of sessions that Toggl agrees with; after a push, as it is then |
//! | `requests` | number of requests that a push would send, as far as can be known; after a push, that were sent |
//! | `quota` | `workspace` and `user`: each a *quota*, or null while nothing is known of this hour |
//! | `prune_refused` | number of entries that `--prune` would have deleted, if that is more than `--max-delete`; else null |
//!
//! `push` has as well:
//!
//! | field | value |
//! |---|---|
//! | `dry_run` | whether only the plan is shown; the fields below are there only if not |
//! | `done` | operations that Toggl carried out, in order: a list of *operation* |
//! | `adopted` | keys of sessions whose entry was found in Toggl |
//! | `assumed` | keys of sessions not listed, being too old, and taken to be in Toggl |
//! | `refused` | what Toggl refused in this run: a list of `key`, `status` (HTTP) and `text` (what Toggl said) |
//! | `uncertain` | keys of sessions of which it is not known whether they are in Toggl |
//! | `unlistable` | those of `uncertain` that are too old for Toggl to list |
//! | `window_starts` | the first day (`YYYY-MM-DD`) that Toggl lists, if sessions lie before it; else null |
//! | `left` | number of operations that are still to be sent |
//! | `end` | why the run ended early: an *end*; null if it did not |
//! | `exit` | the exit code |
//!
//! `status` has as well:
//!
//! | field | value |
//! |---|---|
//! | `snapshot` | the snapshot's file |
//! | `saved` | when the snapshot was saved, or null |
//! | `sidecar` | the sidecar's file |
//! | `taken` | when the snapshot was saved that the last push took in; null before the first push |
//! | `last_request` | when the last request was sent, or null |
//! | `inferred` | number of sessions whose day is the likeliest of several |
//!
//! *operation*:
//!
//! | field | value |
//! |---|---|
//! | `kind` | `"halt"`, `"stop"`, `"start"`, `"resume"`, `"update"`, `"rename"`, `"create"` or `"delete"` |
//! | `keys` | the sessions it is for: one, for a rename up to 100 |
//! | `entries` | the entries it changes, in the order of `keys`: a list of `id` and `workspace`; empty for create and start |
//! | `title` | the title |
//! | `start` | when the (first) session started |
//! | `stop` | when it stopped; null while it is open |
//! | `duration` | seconds from `start` to `stop`; null while it is open |
//! | `inferred` | whether the day is the likeliest of several |
//! | `long` | whether it is longer than 16 hours |
//! | `changes` | what Toggl was told before (of the first entry): a list of `field` (`"title"`, `"start"` or `"stop"`) and `was` (null: it was running) |
//!
//! *held*:
//!
//! | field | value |
//! |---|---|
//! | `key` | the session |
//! | `why` | `"open"`, `"reopened"`, `"rejected"`, `"uncertain"`, `"assumed"` or `"gone"` |
//! | `title`, `start`, `stop` | as in an operation |
//! | `refusal` | for `"rejected"` `status` (HTTP) and `text` (what Toggl said); else null |
//!
//! *odd*:
//!
//! | field | value |
//! |---|---|
//! | `title` | the title of its task |
//! | `place` | the list and the position of the task in it, from 0: `"today/3"` |
//! | `session` | the position of the session in the task, from 0 |
//! | `reason` | what is wrong, for people |
//!
//! *quota*:
//!
//! | field | value |
//! |---|---|
//! | `remaining` | requests left in this hour, or null if Toggl never told |
//! | `resets_at` | when the hour is over |
//!
//! *end*:
//!
//! | field | value |
//! |---|---|
//! | `reason` | `"quota"`, `"rate_limited"`, `"trouble"`, `"offline"`, `"max_requests"`, `"interrupted"`, `"token_refused"`, `"call_gone"`, `"no_such_call"`, `"no_workspace"` or `"save"` |
//! | `until` | from when running again makes sense, or null if that does not depend on the time |
//! | `text` | details for people, or null |

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Status, View, operations, push, status};
use crate::execute::{Report, StopReason};
use crate::exit::Exit;
use crate::reconcile::ingest::InvalidSession;
use crate::reconcile::plan::{Change, Held, HoldReason, Operation, Plan};
use crate::sidecar::SessionKey;
use crate::toggl::quota::Level;

/// The version of the documents' format.
pub const SCHEMA: u64 = 1;

/// The plan, for programs.
#[must_use]
pub fn plan_json(view: &View<'_>) -> Value {
    let mut document = document("push", view, view.plan);
    document["dry_run"] = json!(true);
    document
}

/// What a run did, for programs. `exit` is the exit code that the run ends with.
#[must_use]
pub fn report_json(view: &View<'_>, report: &Report, exit: Exit) -> Value {
    let mut document = document("push", view, &report.left);
    let refused = report
        .rejected
        .iter()
        .map(|refusal| json!({"key": refusal.session.to_string(), "status": refusal.status, "text": refusal.text}));
    let fields = [
        ("dry_run", json!(false)),
        ("requests", json!(report.requests)),
        ("done", report.done.iter().map(operation).collect()),
        ("adopted", keys(&report.adopted)),
        ("assumed", keys(&report.assumed)),
        ("refused", refused.collect()),
        ("uncertain", keys(&report.uncertain)),
        ("unlistable", keys(&report.unlistable)),
        ("window_starts", json!(report.window_starts.map(|day| day.to_string()))),
        ("left", json!(report.left.operations.len())),
        ("end", report.end.as_ref().map_or(Value::Null, |reason| end(view, reason))),
        ("exit", json!(exit.code())),
    ];
    for (name, value) in fields {
        document[name] = value;
    }
    document
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
    document["taken"] = at(status.taken);
    document["last_request"] = at(view.sidecar.quota.last_request_ms.map(|ms| ms.div_euclid(1000)));
    document["inferred"] = json!(status::inferred(view));
    document
}

/// What every document has; `now` is the plan as it stands.
fn document(command: &str, view: &View<'_>, now: &Plan) -> Value {
    json!({
        "schema": SCHEMA,
        "command": command,
        "first_push": view.first_push,
        "operations": view.plan.operations.iter().map(operation).collect::<Value>(),
        "held": now.held.iter().map(|held| self::held(view, held)).collect::<Value>(),
        "reopened": keys(&view.intake.reopened),
        "odd": view.intake.invalid.iter().map(odd).collect::<Value>(),
        "agreed": now.up_to_date,
        "requests": view.requests(),
        "quota": {
            "workspace": quota(view, view.sidecar.quota.workspace),
            "user": quota(view, view.sidecar.quota.user),
        },
        "prune_refused": now.prune_refused,
    })
}

fn operation(operation: &Operation) -> Value {
    let seconds = operation.stop.map(|stop| (stop - operation.start).whole_seconds());
    json!({
        "kind": operations::word(operation.kind),
        "keys": keys(&operation.sessions),
        "entries": operation.entries.iter()
            .map(|entry| json!({"id": entry.id, "workspace": entry.workspace}))
            .collect::<Value>(),
        "title": &*operation.title,
        "start": rfc3339(operation.start),
        "stop": operation.stop.map(rfc3339),
        "duration": seconds,
        "inferred": operation.inferred,
        "long": seconds.is_some_and(|seconds| seconds > operations::LONG.whole_seconds()),
        "changes": operation.changes.iter().map(change).collect::<Value>(),
    })
}

fn change(change: &Change) -> Value {
    match change {
        Change::Title(was) => json!({"field": "title", "was": was}),
        Change::Start(was) => json!({"field": "start", "was": rfc3339(*was)}),
        Change::Stop(was) => json!({"field": "stop", "was": was.map(rfc3339)}),
    }
}

fn held(view: &View<'_>, held: &Held) -> Value {
    let record = view.sidecar.record(held.session);
    let rejected = record.and_then(|(_, record)| record.rejected.as_ref()).filter(|_| held.why == HoldReason::Rejected);
    json!({
        "key": held.session.to_string(),
        "why": match held.why {
            HoldReason::Open => "open",
            HoldReason::Reopened => "reopened",
            HoldReason::Rejected => "rejected",
            HoldReason::Uncertain => "uncertain",
            HoldReason::Assumed => "assumed",
            HoldReason::Gone => "gone",
        },
        "title": record.map(|(thread, _)| &*thread.title),
        "start": record.map(|(_, record)| rfc3339(record.start)),
        "stop": record.and_then(|(_, record)| record.stop).map(rfc3339),
        "refusal": rejected.map(|rejected| json!({"status": rejected.status, "text": rejected.text})),
    })
}

fn odd(odd: &InvalidSession) -> Value {
    json!({
        "title": odd.title,
        "place": odd.place.to_string(),
        "session": odd.session,
        "reason": odd.reason,
    })
}

fn quota(view: &View<'_>, level: Option<Level>) -> Value {
    // What was known of an hour that is over says nothing about this one.
    match level.filter(|level| view.now < level.resets_at) {
        Some(level) => json!({
            "remaining": level.remaining.map(|left| left.max(0)),
            "resets_at": rfc3339(view.zone.at(level.resets_at)),
        }),
        None => Value::Null,
    }
}

fn end(view: &View<'_>, end: &StopReason) -> Value {
    let (reason, text) = match end {
        StopReason::Quota(_) => ("quota", None),
        StopReason::RateLimited => ("rate_limited", None),
        StopReason::Trouble(text) => ("trouble", Some(text.clone())),
        StopReason::Offline(text) => ("offline", Some(text.clone())),
        StopReason::MaxRequests => ("max_requests", None),
        StopReason::Interrupted => ("interrupted", None),
        StopReason::TokenRefused(status) => ("token_refused", Some(format!("Toggl answered {status}"))),
        StopReason::CallGone => ("call_gone", None),
        StopReason::NoSuchCall => ("no_such_call", None),
        StopReason::NoWorkspace(text) => ("no_workspace", Some(text.clone())),
        StopReason::Save(text) => ("save", Some(text.clone())),
    };
    let until = push::again_at(view, end).map(|at| rfc3339(view.zone.at(at)));
    json!({"reason": reason, "until": until, "text": text})
}

fn keys(keys: &[SessionKey]) -> Value {
    keys.iter().map(|key| Value::from(key.to_string())).collect()
}

pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    // Fails only past the year 9999, and for the offsets with seconds of the years before 1900.
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
