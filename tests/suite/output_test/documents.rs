//! What programs read: every field is there, and no other.

use std::path::Path;

use chute_toggl::execute::{RejectedSession, Report, StopReason};
use chute_toggl::exit::Exit;
use chute_toggl::output;
use chute_toggl::output::json::{DryRun, Push, Status};
use chute_toggl::reconcile::ingest::InvalidSession;
use chute_toggl::sidecar::{List, Place};
use serde_json::{Value, json};
use time::Duration as Span;

use super::*;
use crate::support::schemas;

const MORNING: OffsetDateTime = datetime!(2026-05-11 09:05 +9);
const TITLE: &str = "Raw\n\u{1b}[2J\u{202e}";

/// One of everything.
fn scene() -> Scene {
    let mut scene = Scene::new().quota(25, 2700);
    scene.add(TITLE, session(MORNING, MORNING + Span::hours(17)), |record| {
        told("Before")(record);
        entry(record).start = datetime!(2026-05-11 00:00 UTC);
        entry(record).stop = None;
        record.inferred = true;
    });
    scene.add("New", session(MORNING, MORNING), |_| {});
    let reopened = scene.add("Back", session(MORNING, MORNING), told("Back"));
    scene.ingested.reopened.push(reopened);
    scene.add("Open", session(MORNING, None), |_| {});
    scene.add("UpToDate", session(MORNING, MORNING), told("UpToDate"));
    let place = Place { list: List::Past, index: 3 };
    scene.ingested.invalid.push(InvalidSession { title: TITLE.to_owned(), place, session: 1, reason: "it is odd" });
    let refused = scene.add("No", session(MORNING, MORNING), |r| r.rejected = Some(rejection(400, TITLE)));
    let mut scene = scene.planned();
    scene.plan.operations.retain(|operation| operation.sessions != [refused]);
    scene.plan.held.push(chute_toggl::reconcile::plan::Held {
        session: refused,
        why: chute_toggl::reconcile::plan::HoldReason::Rejected,
    });
    scene
}

fn plan_json(view: &View<'_>, exit: Exit) -> Value {
    document(DryRun::new(view, exit))
}

fn report_json(view: &View<'_>, report: &Report, exit: Exit) -> Value {
    document(Push::new(view, report, exit))
}

/// A document, which is as its schema says.
fn document(document: impl serde::Serialize) -> Value {
    let document = serde_json::to_value(document).unwrap();
    schemas::assert_valid(&document);
    document
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_plan() {
    let scene = scene();
    assert_eq!(
        plan_json(&scene.view(), Exit::UpToDate),
        json!({
            "schema": 1,
            "command": "push",
            "dry_run": true,
            "exit": 0,
            "first_push": false,
            "operations": [
                {
                    "kind": "stop",
                    "sessions": ["20260511/0/0"],
                    "entries": [{"id": 7, "workspace": 1}],
                    "title": TITLE,
                    "start": "2026-05-11T09:05:00+09:00",
                    "stop": "2026-05-12T02:05:00+09:00",
                    "duration": 61200,
                    "inferred": true,
                    "other_day": null,
                    "long": true,
                    "project": null,
                    "tags": null,
                    "rule": null,
                    "left_alone": null,
                    "changes": [
                        {"field": "title", "was": "Before"},
                        {"field": "start", "was": "2026-05-11T00:00:00Z"},
                        {"field": "stop", "was": null},
                    ],
                },
                {
                    "kind": "create",
                    "sessions": ["20260511/1/0"],
                    "entries": [],
                    "title": "New",
                    "start": "2026-05-11T09:05:00+09:00",
                    "stop": "2026-05-11T09:05:00+09:00",
                    "duration": 0,
                    "inferred": false,
                    "other_day": null,
                    "long": false,
                    "project": null,
                    "tags": [],
                    "rule": null,
                    "left_alone": null,
                    "changes": [],
                },
            ],
            "held_back": [
                {
                    "session": "20260511/2/0",
                    "reason": "reopened",
                    "title": "Back",
                    "start": "2026-05-11T09:05:00+09:00",
                    "stop": "2026-05-11T09:05:00+09:00",
                    "rejection": null,
                },
                {
                    "session": "20260511/3/0",
                    "reason": "open",
                    "title": "Open",
                    "start": "2026-05-11T09:05:00+09:00",
                    "stop": null,
                    "rejection": null,
                },
                {
                    "session": "20260511/5/0",
                    "reason": "rejected",
                    "title": "No",
                    "start": "2026-05-11T09:05:00+09:00",
                    "stop": "2026-05-11T09:05:00+09:00",
                    "rejection": {"status": 400, "text": TITLE},
                },
            ],
            "reopened": ["20260511/2/0"],
            "invalid": [{"title": TITLE, "place": "past/3", "position": 1, "reason": "it is odd"}],
            "up_to_date": 1,
            "left_alone": {"since": 0, "skip": 0, "at_least_min": 0, "running": 0},
            "no_projects": [],
            "requests": 2,
            "quota": {
                "writing": {"remaining": 25, "resets_at": "2026-05-11T14:05:00+09:00"},
                "reading": null,
            },
            "too_many_to_prune": null,
        })
    );
}

#[test]
fn a_report() {
    let scene = scene();
    let session = scene.plan.operations[1].sessions[0];
    let report = Report {
        done: scene.plan.operations[..1].to_vec(),
        adopted: vec![session],
        assumed: vec![session],
        rejected: vec![RejectedSession { session, status: 400, text: TITLE.to_owned() }],
        uncertain: vec![session],
        unlistable: vec![session],
        window_starts: Some(time::macros::date!(2026 - 02 - 12)),
        set_by_hand: vec![session],
        not_listed: vec![session],
        lost: Vec::new(),
        skew: Some(-90),
        requests: 3,
        end: Some(StopReason::Send(SendError::Quota(NOW.unix_timestamp() + 2700))),
        left: Plan {
            operations: scene.plan.operations[1..].to_vec(),
            up_to_date: 2,
            too_many_to_prune: Some(34),
            ..Plan::default()
        },
    };
    let document = report_json(&scene.view(), &report, Exit::Unfinished);
    let plan = plan_json(&scene.view(), Exit::UpToDate);
    let mut expected = plan.clone();
    for (name, value) in [
        ("dry_run", json!(false)),
        ("held_back", json!([])),
        ("up_to_date", json!(2)),
        ("too_many_to_prune", json!(34)),
        ("requests", json!(3)),
        ("done", json!([plan["operations"][0]])),
        ("adopted", json!(["20260511/1/0"])),
        ("assumed", json!(["20260511/1/0"])),
        ("rejected", json!([{"session": "20260511/1/0", "status": 400, "text": TITLE}])),
        ("uncertain", json!(["20260511/1/0"])),
        ("unlistable", json!(["20260511/1/0"])),
        ("set_by_hand", json!(["20260511/1/0"])),
        ("not_listed", json!(["20260511/1/0"])),
        ("skew", json!(-90)),
        ("window_starts", json!("2026-02-12")),
        ("left", json!(1)),
        ("stop_reason", json!({"kind": "quota", "until": "2026-05-11T14:05:00+09:00", "text": null})),
        ("exit", json!(4)),
    ] {
        expected[name] = value;
    }
    assert_eq!(document, expected);
    let done = report_json(&scene.view(), &Report::default(), Exit::UpToDate);
    assert_eq!(names(&done), names(&document));
    assert_eq!((&done["stop_reason"], &done["window_starts"], &done["exit"]), (&Value::Null, &Value::Null, &json!(0)));
}

#[test]
fn a_status() {
    let mut scene = scene();
    scene.sidecar.quota.last_request_ms = Some(NOW.unix_timestamp() * 1000 + 999);
    let (snapshot_path, sidecar_path) = (Path::new("/s.toml"), Path::new("/t.json"));
    let last_snapshot_saved = Some(NOW.unix_timestamp() - 3600);
    let mut document =
        document(Status::new(&output::Status { view: scene.view(), snapshot_path, sidecar_path, last_snapshot_saved }));
    let marked = document.as_object_mut().unwrap().remove("marked").unwrap();
    assert_eq!(marked[0]["title"], document["operations"][0]["title"]);
    assert_eq!((marked[0]["inferred"].as_bool(), marked.as_array().unwrap().len()), (Some(true), 1));
    let mut expected = plan_json(&scene.view(), Exit::UpToDate);
    for name in ["dry_run", "exit"] {
        expected.as_object_mut().unwrap().remove(name);
    }
    for (name, value) in [
        ("command", json!("status")),
        ("snapshot", json!("/s.toml")),
        ("saved", json!("2026-05-11T13:19:00+09:00")),
        ("sidecar", json!("/t.json")),
        ("last_snapshot_saved", json!("2026-05-11T12:20:00+09:00")),
        ("last_request", json!("2026-05-11T13:20:00+09:00")),
        ("inferred", json!(1)),
        ("waiting_since", json!(null)),
    ] {
        expected[name] = value;
    }
    assert_eq!(document, expected);
}

#[test]
fn every_end_has_a_name() {
    let scene = Scene::new();
    let text = || "why".to_owned();
    let table = [
        (StopReason::Send(SendError::Quota(0)), "quota", json!("1970-01-01T09:00:00+09:00"), Value::Null),
        (StopReason::Send(SendError::RateLimited), "rate_limited", json!("2026-05-11T13:21:00+09:00"), Value::Null),
        (StopReason::Send(SendError::Trouble(text())), "trouble", json!("2026-05-11T13:21:00+09:00"), json!("why")),
        (StopReason::Send(SendError::Offline(text())), "offline", Value::Null, json!("why")),
        (StopReason::Send(SendError::MaxRequests), "max_requests", Value::Null, Value::Null),
        (StopReason::Send(SendError::Interrupted), "interrupted", Value::Null, Value::Null),
        (StopReason::Send(SendError::TokenRefused(401)), "token_refused", Value::Null, json!("Toggl answered 401")),
        (StopReason::Send(SendError::SetUp(text())), "set_up", Value::Null, json!("why")),
        (StopReason::Send(SendError::CallGone), "api_gone", Value::Null, Value::Null),
        (StopReason::NoWorkspace(text()), "no_workspace", Value::Null, json!("why")),
        (StopReason::Save(text()), "save", Value::Null, json!("why")),
    ];
    for (end, kind, until, text) in table {
        let report = Report { end: Some(end), ..Report::default() };
        let document = report_json(&scene.view(), &report, Exit::Unfinished);
        assert_eq!(document["stop_reason"], json!({"kind": kind, "until": until, "text": text}));
    }
}
