//! The rules of the stand-in for Toggl: what the other tests rest on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

use std::sync::Arc;

use chute_toggl::clock::Clock;
use chute_toggl::toggl::{Bucket, Failure, Method, Request, Transport};
use serde_json::{Value, json};

use super::sandbox::{
    Call, ClockFile, Delivery, Fault, InProcess, Incoming, Outgoing, Rate, Refusal, Required, Sandbox, SandboxClock,
    SimClock, TOKEN, WORKSPACE,
};

/// 2026-05-11T09:00:00Z, a Monday.
const NOW: i64 = 1_778_490_000;
const HOUR: i64 = 3600;
/// `0123456789abcdef0123456789abcdef:api_token` in base 64.
const AUTH: &str = "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6YXBpX3Rva2Vu";

/// A sandbox, its clock, and requests that are right unless the test says otherwise.
struct Desk {
    clock: SimClock,
    sandbox: Sandbox,
}

impl Desk {
    fn new() -> Self {
        let clock = SimClock::at(NOW);
        Self { sandbox: Sandbox::new(clock.clone()), clock }
    }

    fn ask(&mut self, method: &str, target: &str, body: &Value) -> Outgoing {
        self.sandbox.handle(&incoming(method, target, body))
    }

    /// Creates with the required fields and `more`.
    fn create(&mut self, more: &Value) -> Outgoing {
        self.ask("POST", &entries(""), &with(create_body(), more))
    }

    /// Creates and expects an id.
    fn id(&mut self, more: &Value) -> i64 {
        let answer = self.create(more);
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer)["id"].as_i64().unwrap()
    }

    fn put(&mut self, id: i64, body: &Value) -> Outgoing {
        self.ask("PUT", &entries(&format!("/{id}")), body)
    }

    fn list(&mut self, query: &str) -> Vec<Value> {
        let answer = self.ask("GET", &format!("/me/time_entries?{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer).as_array().unwrap().clone()
    }

    fn texts(&mut self, query: &str) -> Vec<String> {
        self.list(query).iter().map(|entry| entry["description"].as_str().unwrap_or("").to_owned()).collect()
    }

    /// Expects exactly one new violation that contains `part`.
    fn expect_violation(&mut self, part: &str) {
        let found = std::mem::take(&mut self.sandbox.violations);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(part), "{found:?}");
    }
}

fn incoming(method: &str, target: &str, body: &Value) -> Incoming {
    Incoming {
        method: method.to_owned(),
        target: target.to_owned(),
        authorization: Some(AUTH.to_owned()),
        user_agent: Some("chute-toggl/test".to_owned()),
        content_type: (!body.is_null()).then(|| "application/json; charset=utf-8".to_owned()),
        body: if body.is_null() { String::new() } else { body.to_string() },
    }
}

fn entries(rest: &str) -> String {
    format!("/workspaces/{WORKSPACE}/time_entries{rest}")
}

fn create_body() -> Value {
    json!({
        "created_with": "chute_kun", "workspace_id": WORKSPACE, "description": "Write report",
        "start": "2026-05-11T08:00:00Z", "duration": 600,
    })
}

/// `base` with the fields of `more`; `null` takes a field out.
fn with(mut base: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            base.as_object_mut().unwrap().remove(name);
        } else {
            base[name] = value.clone();
        }
    }
    base
}

fn json_of(answer: &Outgoing) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.body))
}

// ---- who is let in ----

#[test]
fn a_wrong_token_is_answered_403_with_nothing_and_costs_nothing() {
    let mut desk = Desk::new();
    for authorization in [None, Some("Bearer x".to_owned()), Some(format!("{AUTH}x"))] {
        let answer = desk.sandbox.handle(&Incoming { authorization, ..incoming("GET", "/me", &Value::Null) });
        assert_eq!((answer.status, answer.body.as_str()), (403, ""));
    }
    assert_eq!(desk.sandbox.tokens_refused, 3);
    assert_eq!(desk.sandbox.remaining(Bucket::User), 30);
    assert_eq!(desk.ask("GET", "/me", &Value::Null).status, 200);
    assert!(!desk.sandbox.log[0].carried_out);
    desk.sandbox.assert_clean();
}

#[test]
fn what_every_request_must_have_is_looked_at() {
    let mut desk = Desk::new();
    for user_agent in [None, Some("curl/8".to_owned())] {
        desk.sandbox.handle(&Incoming { user_agent, ..incoming("GET", "/me", &Value::Null) });
        desk.expect_violation("User-Agent");
    }
    for content_type in [None, Some("text/plain".to_owned())] {
        desk.sandbox.handle(&Incoming { content_type, ..incoming("POST", &entries(""), &create_body()) });
        desk.expect_violation("a body of the type");
    }
    desk.sandbox.handle(&Incoming { body: "{}".to_owned(), ..incoming("GET", "/me", &json!({})) });
    desk.expect_violation("a body where none belongs");
    desk.ask("GET", &format!("/me?api_token={TOKEN}"), &Value::Null);
    desk.expect_violation("the token is in the address");
}

#[test]
fn an_unknown_path_or_verb_is_404_and_a_violation() {
    let mut desk = Desk::new();
    for (method, target) in [
        ("GET", "/me/projects"),
        ("POST", "/me"),
        ("GET", "/workspaces/1/time_entries"),
        ("PUT", "/workspaces/1/time_entries/abc"),
        ("PATCH", "/workspaces/1/time_entries/1,x"),
        ("GET", "me"),
    ] {
        assert_eq!(desk.ask(method, target, &Value::Null).status, 404, "{method} {target}");
        desk.expect_violation("there is no such call");
    }
}

#[test]
fn a_call_can_be_gone() {
    let mut desk = Desk::new();
    desk.sandbox.rules.gone = vec![Call::Create];
    assert_eq!(desk.create(&json!({})).status, 410);
    assert_eq!(desk.ask("GET", "/me", &Value::Null).status, 200);
    assert!(desk.sandbox.entries().is_empty());
}

#[test]
fn the_log_tells_what_came_and_what_became_of_it() {
    let mut desk = Desk::new();
    desk.create(&json!({}));
    desk.clock.advance(1500);
    desk.put(1, &json!({"description": "x"}));
    let log = &desk.sandbox.log;
    assert_eq!((log[0].number, log[0].at_ms, log[0].call), (1, NOW * 1000, Some(Call::Create)));
    assert_eq!((log[0].status, log[0].carried_out, log[0].bucket), (Some(200), true, Bucket::Workspace));
    assert_eq!(log[0].body, create_body().to_string());
    assert_eq!((log[1].number, log[1].at_ms, log[1].call), (2, NOW * 1000 + 1500, Some(Call::Update)));
    assert_eq!((log[1].status, log[1].carried_out), (Some(404), false));
    assert_eq!((desk.sandbox.count(Call::Create), desk.sandbox.count(Call::Me)), (1, 0));
}

// ---- creating ----

#[test]
fn a_create_keeps_the_entry_and_answers_it() {
    let mut desk = Desk::new();
    let answer = desk.create(&json!({"project_id": 7, "tags": ["a", "b"]}));
    let entry = json_of(&answer);
    let id = entry["id"].as_i64().unwrap();
    assert!(id > 1 << 33);
    assert_eq!(entry["workspace_id"], WORKSPACE);
    assert_eq!(entry["description"], "Write report");
    assert_eq!(entry["start"], "2026-05-11T08:00:00Z");
    assert_eq!(entry["stop"], "2026-05-11T08:10:00Z");
    assert_eq!(entry["duration"], 600);
    assert_eq!(entry["project_id"], 7);
    assert_eq!(entry["tags"], json!(["a", "b"]));
    assert_eq!(entry["server_deleted_at"], Value::Null);
    assert_eq!(entry["at"], "2026-05-11T09:00:00+00:00");
    assert!(entry.get("created_with").is_none());
    let kept = &desk.sandbox.entries()[0];
    assert_eq!((kept.id, kept.workspace, kept.start, kept.stop), (id, WORKSPACE, NOW - HOUR, Some(NOW - HOUR + 600)));
    assert_eq!((kept.project_id, kept.tags.len(), kept.at, kept.deleted), (Some(7), 2, NOW, None));
    assert!(desk.id(&json!({})) > id);
    desk.sandbox.assert_clean();
}

#[test]
fn answers_vary_in_form() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": -1, "description": ""}));
    let answers: Vec<Value> = (0..12).map(|_| json_of(&desk.put(id, &json!({"description": ""})))).collect();
    let all = |field: &str| -> Vec<&Value> {
        let mut seen = Vec::new();
        for answer in &answers {
            if !seen.contains(&&answer[field]) {
                seen.push(&answer[field]);
            }
        }
        seen
    };
    assert_eq!(all("start").len(), 2, "Z and +00:00");
    assert_eq!(all("tags").len(), 2, "null and []");
    assert_eq!(all("description").len(), 2, "null and empty");
    let durations = all("duration");
    assert_eq!(durations.len(), 3, "-1, minus the epoch, off by one");
    assert!(durations.iter().all(|duration| duration.as_i64().unwrap() < 0));
    assert!(answers.iter().all(|answer| answer["stop"].is_null()));
}

#[test]
fn what_a_create_must_have() {
    let mut desk = Desk::new();
    for (more, part) in [
        (json!({"created_with": null}), "created_with"),
        (json!({"created_with": ""}), "created_with"),
        (json!({"created_with": 1}), "created_with"),
        (json!({"workspace_id": null}), "workspace_id"),
        (json!({"workspace_id": WORKSPACE.to_string()}), "workspace_id"),
        (json!({"workspace_id": WORKSPACE + 1}), "workspace_id"),
        (json!({"start": null}), "start"),
        (json!({"start": "2026-05-11 08:00"}), "start"),
        (json!({"start": 5}), "start"),
        (json!({"duration": "600"}), "duration"),
        (json!({"duration": 1.5}), "duration"),
        (json!({"stop": "2026-05-11T08:10:01Z"}), "stop is not start + duration"),
        (json!({"stop": "2026-05-11T08:10:00Z", "duration": -1}), "stop is not start + duration"),
        (json!({"description": 5}), "description"),
        (json!({"tags": "a"}), "tags"),
        (json!({"tags": [1]}), "tags"),
        (json!({"tag_ids": [1]}), "tag_ids"),
        (json!({"project_id": "7"}), "project_id"),
    ] {
        assert_eq!(desk.create(&more).status, 400, "{more}");
        desk.expect_violation(part);
    }
    for body in ["", "[]", "nonsense"] {
        let request = Incoming { body: body.to_owned(), ..incoming("POST", &entries(""), &json!({})) };
        assert_eq!(desk.sandbox.handle(&request).status, 400, "{body}");
        desk.expect_violation("no JSON object");
    }
    assert!(desk.sandbox.entries().is_empty());
    desk.id(&json!({"colour": "red"}));
    desk.expect_violation("the field colour is not known");
    desk.id(&json!({"stop": "2026-05-11T09:10:00+01:00"}));
    desk.sandbox.assert_clean();
}

#[test]
fn a_create_without_duration_and_stop_has_no_length_and_is_a_violation() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": null}));
    desk.expect_violation("without duration");
    let entry = desk.sandbox.entry(id).unwrap();
    assert_eq!(entry.stop, Some(entry.start));
}

#[test]
fn instants_are_converted_and_fractions_cut() {
    let mut desk = Desk::new();
    for start in ["2026-05-11T17:00:00+09:00", "2026-05-11T08:00:00.999Z", "2026-05-11T02:15:00.5-05:45"] {
        let id = desk.id(&json!({"start": start}));
        assert_eq!(desk.sandbox.entry(id).unwrap().start, NOW - HOUR, "{start}");
    }
}

#[test]
fn limits_of_an_entry() {
    let mut desk = Desk::new();
    let tags = |n: usize| json!((0..n).map(|i| format!("t{i}")).collect::<Vec<_>>());
    for (status, more) in [
        (200, json!({"description": "あ".repeat(3000)})),
        (400, json!({"description": "あ".repeat(3001)})),
        (200, json!({"tags": tags(50)})),
        (400, json!({"tags": tags(51)})),
        (200, json!({"start": "2006-01-01T00:00:00Z"})),
        (400, json!({"start": "2005-12-31T23:59:59Z"})),
        (200, json!({"start": "2030-12-31T23:00:00Z"})),
        (400, json!({"start": "2031-01-01T00:00:00Z"})),
        (400, json!({"start": "2030-12-31T23:59:00Z"})),
        (200, json!({"duration": 999 * HOUR})),
        (400, json!({"duration": 999 * HOUR + 1})),
        (400, json!({"duration": i64::MAX})),
        (200, json!({"duration": 0})),
        (200, json!({"start": "2028-01-01T00:00:00Z", "duration": -1})),
    ] {
        assert_eq!(desk.create(&more).status, status, "{more:.80}");
    }
    desk.sandbox.assert_clean();
}

#[test]
fn projects_can_be_unknown_or_archived() {
    let mut desk = Desk::new();
    desk.sandbox.rules.projects = Some([7, 8].into());
    desk.sandbox.rules.archived_projects = [8].into();
    let id = desk.id(&json!({"project_id": 7}));
    assert_eq!(desk.create(&json!({"project_id": 8})).body, "Project is archived");
    assert_eq!(desk.create(&json!({"project_id": 9})).body, "Project not found");
    assert_eq!(desk.put(id, &json!({"project_id": 8})).status, 400);
    desk.sandbox.rules.archived_projects.insert(7);
    assert_eq!(desk.put(id, &json!({"description": "still mine"})).status, 200);
    desk.sandbox.assert_clean();
}

#[test]
fn a_foreign_workspace_is_refused() {
    let mut desk = Desk::new();
    let body = with(create_body(), &json!({"workspace_id": 5}));
    assert_eq!(desk.ask("POST", "/workspaces/5/time_entries", &body).status, 403);
    desk.sandbox.rules.workspaces.push(5);
    assert_eq!(desk.ask("POST", "/workspaces/5/time_entries", &body).status, 200);
}

#[test]
fn a_start_stops_the_running_entry_at_the_servers_now() {
    let mut desk = Desk::new();
    let first = desk.id(&json!({"duration": -1}));
    desk.clock.advance(90_000);
    let second = desk.id(&json!({"duration": -1_778_490_000, "start": "2026-05-11T08:30:00Z"}));
    assert_eq!(desk.sandbox.entry(first).unwrap().stop, Some(NOW + 90), "not at the new start");
    assert_eq!(desk.sandbox.entry(second).unwrap().stop, None);
    let future = desk.id(&json!({"duration": -1, "start": "2026-05-12T08:00:00Z"}));
    let last = desk.id(&json!({"duration": -1}));
    let displaced = desk.sandbox.entry(future).unwrap();
    assert_eq!(displaced.stop, Some(displaced.start), "never before its own start");
    desk.id(&json!({}));
    assert!(desk.sandbox.entry(last).unwrap().is_running(), "a finished entry displaces nothing");
}

#[test]
fn required_fields_are_demanded_and_block_every_new_start() {
    let mut desk = Desk::new();
    let running = desk.id(&json!({"duration": -1}));
    desk.sandbox.rules.required_fields = vec![Required::Description, Required::Project, Required::Tags];
    let full = json!({"project_id": 7, "tags": ["x"]});
    assert_eq!(desk.create(&with(full.clone(), &json!({"description": " "}))).status, 400);
    assert_eq!(desk.create(&with(full.clone(), &json!({"tags": []}))).status, 400);
    assert_eq!(desk.create(&json!({"tags": ["x"]})).body, "Project is a required field in this workspace");
    let done = desk.id(&full);
    let start = with(full.clone(), &json!({"duration": -1}));
    assert_eq!(desk.create(&start).status, 400, "the running one cannot be stopped");
    let resume = json!({"start": "2026-05-11T08:00:00Z", "duration": -1});
    assert_eq!(desk.put(done, &resume).status, 400);
    assert_eq!(desk.ask("PATCH", &entries(&format!("/{running}/stop")), &Value::Null).status, 400);
    assert_eq!(desk.put(running, &json!({"description": "new"})).status, 400);
    assert!(desk.sandbox.entry(running).unwrap().is_running());
    assert_eq!(desk.put(running, &full).status, 200);
    assert_eq!(desk.create(&start).status, 200);
    assert!(!desk.sandbox.entry(running).unwrap().is_running());
    desk.sandbox.assert_clean();
}

#[test]
fn entries_can_be_refused_for_their_text() {
    let mut desk = Desk::new();
    desk.sandbox.rules.refusals = vec![Refusal::bad("nasty"), Refusal::premium("dear")];
    assert_eq!(desk.create(&json!({"description": "nasty"})).status, 400);
    let dear = desk.create(&json!({"description": "dear"}));
    assert_eq!(dear.status, 402);
    assert!(dear.body.contains("is a premium feature"));
    assert!(dear.quota.unwrap().remaining > 0);
    let id = desk.id(&json!({}));
    assert_eq!(desk.put(id, &json!({"description": "nasty"})).status, 400);
    assert_eq!(desk.sandbox.entries()[0].description, "Write report");
    desk.sandbox.assert_clean();
}

#[test]
fn refusals_can_be_json_strings() {
    let mut desk = Desk::new();
    desk.sandbox.rules.errors_as_json = true;
    assert_eq!(desk.put(1, &json!({"description": "x"})).body, "\"Time entry not found\"");
}

#[test]
fn a_locked_period_refuses_every_change() {
    let mut desk = Desk::new();
    let old = desk.id(&json!({}));
    let new = desk.id(&json!({"start": "2026-05-11T08:59:00Z", "duration": 60}));
    desk.sandbox.rules.locked_before = Some(NOW - 1800);
    assert_eq!(desk.create(&json!({})).status, 400);
    assert_eq!(desk.put(old, &json!({"description": "x"})).status, 400);
    assert_eq!(desk.put(new, &json!({"start": "2026-05-11T08:00:00Z", "duration": 60})).status, 400);
    assert_eq!(desk.put(old, &json!({"start": "2026-05-11T08:59:00Z", "duration": 60})).status, 400);
    assert_eq!(desk.ask("DELETE", &entries(&format!("/{old}")), &Value::Null).status, 400);
    assert_eq!(desk.put(new, &json!({"description": "x"})).status, 200);
    desk.sandbox.assert_clean();
}

// ---- changing ----

#[test]
fn an_update_changes_only_what_is_sent() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"project_id": 7, "tags": ["a"]}));
    let before = desk.sandbox.entry(id).unwrap().clone();
    desk.clock.advance(5000);
    assert_eq!(desk.put(id, &json!({"description": "New text"})).status, 200);
    let mut expected = before;
    expected.description = "New text".to_owned();
    expected.at = NOW + 5;
    assert_eq!(desk.sandbox.entry(id), Some(&expected));
    assert_eq!(desk.put(id, &json!({"project_id": null})).status, 200);
    assert_eq!(desk.sandbox.entry(id).unwrap().project_id, None);
    desk.sandbox.assert_clean();
    assert_eq!(desk.put(id, &json!({"tag_ids": null})).status, 400);
    desk.expect_violation("tag_ids");
    assert_eq!(desk.put(id, &json!({"workspace_id": 5})).status, 400);
    desk.expect_violation("workspace_id");
    assert_eq!(desk.put(id, &json!({})).status, 200);
    desk.expect_violation("an update of nothing");
}

#[test]
fn an_update_of_what_is_not_there_is_404() {
    let mut desk = Desk::new();
    desk.sandbox.rules.workspaces.push(5);
    let id = desk.id(&json!({}));
    let text = json!({"description": "x"});
    assert_eq!(desk.put(id + 1, &text).status, 404);
    let other = desk.ask("PUT", &format!("/workspaces/5/time_entries/{id}"), &text);
    assert_eq!((other.status, other.body.as_str()), (404, "Time entry not found"));
    desk.sandbox.remove(id);
    assert_eq!(desk.put(id, &text).status, 404);
    desk.sandbox.assert_clean();
}

#[test]
fn an_update_stops_with_stop_and_duration() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": -1}));
    assert_eq!(desk.put(id, &json!({"stop": "2026-05-11T08:30:00Z"})).status, 400);
    desk.expect_violation("stopped with stop and duration");
    assert_eq!(desk.put(id, &json!({"duration": 1800})).status, 400);
    desk.expect_violation("stopped with stop and duration");
    assert_eq!(desk.put(id, &json!({"stop": "2026-05-11T08:30:00Z", "duration": 1700})).status, 400);
    desk.expect_violation("stop is not start + duration");
    assert_eq!(desk.put(id, &json!({"stop": "2026-05-11T07:30:00Z", "duration": -1800})).status, 400);
    assert!(desk.sandbox.entry(id).unwrap().is_running());
    let answer = desk.put(id, &json!({"stop": "2026-05-11T08:30:00Z", "duration": 1800}));
    assert_eq!(json_of(&answer)["duration"], 1800);
    assert_eq!(desk.sandbox.entry(id).unwrap().stop, Some(NOW - 1800));
    let running = desk.id(&json!({"duration": -1}));
    let both = json!({"start": "2026-05-11T08:15:00Z", "stop": "2026-05-11T08:30:00Z", "duration": 900});
    assert_eq!(desk.put(running, &both).status, 200);
    desk.sandbox.assert_clean();
}

#[test]
fn the_start_of_a_running_entry_moves_with_a_negative_duration() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": -1}));
    assert_eq!(desk.put(id, &json!({"start": "2026-05-11T08:15:00Z"})).status, 400);
    desk.expect_violation("only with a negative duration");
    assert_eq!(desk.put(id, &json!({"start": "2026-05-11T08:15:00Z", "duration": -1})).status, 200);
    let entry = desk.sandbox.entry(id).unwrap();
    assert_eq!((entry.start, entry.stop), (NOW - 2700, None));
    desk.sandbox.assert_clean();
}

#[test]
fn the_times_of_a_finished_entry_are_set_without_doubt_or_not_at_all() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({}));
    for body in [
        json!({"start": "2026-05-11T07:00:00Z"}),
        json!({"stop": "2026-05-11T08:30:00Z"}),
        json!({"duration": 60}),
        json!({"start": "2026-05-11T07:00:00Z", "stop": "2026-05-11T08:30:00Z"}),
    ] {
        assert_eq!(desk.put(id, &body).status, 400, "{body}");
        desk.expect_violation("leave the times open");
    }
    assert_eq!(desk.put(id, &json!({"duration": -1})).status, 400);
    desk.expect_violation("resumed with start");
    assert_eq!(desk.put(id, &json!({"stop": "2026-05-11T07:59:59Z", "duration": 0})).status, 400);
    assert_eq!(desk.put(id, &json!({"start": "2026-05-11T07:00:00Z", "duration": 60})).status, 200);
    assert_eq!(desk.sandbox.entry(id).unwrap().stop, Some(NOW - 2 * HOUR + 60));
    assert_eq!(desk.put(id, &json!({"stop": "2026-05-11T07:02:00+00:00", "duration": 120})).status, 200);
    assert_eq!(desk.put(id, &json!({"start": "2031-07-11T07:00:00Z", "duration": 60})).status, 400);
    assert_eq!(desk.sandbox.entry(id).unwrap().stop, Some(NOW - 2 * HOUR + 120));
    desk.sandbox.assert_clean();
}

#[test]
fn an_update_with_start_and_negative_duration_resumes() {
    let mut desk = Desk::new();
    let halted = desk.id(&json!({}));
    let running = desk.id(&json!({"duration": -1}));
    assert_eq!(desk.put(halted, &json!({"start": "2026-05-11T08:00:00Z", "duration": -1})).status, 200);
    assert!(desk.sandbox.entry(halted).unwrap().is_running());
    assert_eq!(desk.sandbox.entry(running).unwrap().stop, Some(NOW));
    desk.sandbox.assert_clean();
}

#[test]
fn a_stop_is_at_the_servers_now() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": -1}));
    let path = entries(&format!("/{id}/stop"));
    assert_eq!(json_of(&desk.ask("PATCH", &path, &Value::Null))["duration"], HOUR);
    assert_eq!(desk.ask("PATCH", &path, &Value::Null).status, 409);
    assert_eq!(desk.ask("PATCH", &entries("/1/stop"), &Value::Null).status, 404);
    assert_eq!(json_of(&desk.ask("GET", "/me/time_entries/current", &Value::Null)), Value::Null);
    desk.sandbox.assert_clean();
    let other = desk.id(&json!({"duration": -1}));
    assert_eq!(desk.ask("PATCH", &entries(&format!("/{other}/stop")), &json!({})).status, 200);
    desk.expect_violation("a stop has no body");
}

#[test]
fn a_delete_answers_nothing_and_the_second_404() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": -1}));
    let path = entries(&format!("/{id}"));
    let answer = desk.ask("DELETE", &path, &Value::Null);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 404);
    assert!(desk.sandbox.entries().is_empty());
    assert_eq!(desk.ask("GET", "/me/time_entries/current", &Value::Null).body, "null");
    assert_eq!(desk.sandbox.entry(id).unwrap().deleted, Some(NOW));
    desk.sandbox.assert_clean();
}

#[test]
fn bulk_sets_one_value_in_many_entries_as_far_as_it_goes() {
    let mut desk = Desk::new();
    let (a, b, c) = (desk.id(&json!({})), desk.id(&json!({})), desk.id(&json!({})));
    desk.sandbox.remove(b);
    let path = entries(&format!("/{a},{b},{c}"));
    let rename = json!([{"op": "replace", "path": "/description", "value": "Renamed"}]);
    let answer = desk.ask("PATCH", &path, &rename);
    assert_eq!(answer.status, 200);
    let expected = json!({"success": [a, c], "failure": [{"id": b, "message": "Time entry not found"}]});
    assert_eq!(json_of(&answer), expected);
    assert!(desk.sandbox.entries().iter().all(|entry| entry.description == "Renamed"));
    let tags = json!([{"op": "replace", "path": "/tags", "value": ["x"]}]);
    assert_eq!(desk.ask("PATCH", &entries(&format!("/{a}")), &tags).status, 200);
    assert_eq!(desk.sandbox.entry(a).unwrap().tags, ["x"]);
    let long = json!([{"op": "replace", "path": "/description", "value": "x".repeat(3001)}]);
    let answer = json_of(&desk.ask("PATCH", &path, &long));
    assert_eq!((answer["success"].as_array().unwrap().len(), answer["failure"].as_array().unwrap().len()), (0, 3));
    desk.sandbox.assert_clean();
}

#[test]
fn bulk_refuses_what_is_not_reliable() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({}));
    for body in [
        json!([{"op": "replace", "path": "/start", "value": "2026-05-11T08:00:00Z"}]),
        json!([{"op": "replace", "path": "/stop", "value": "2026-05-11T08:00:00Z"}]),
        json!([{"op": "add", "path": "/description", "value": "x"}]),
        json!([{"op": "replace", "path": "description", "value": "x"}]),
        json!([{"op": "replace", "path": "/description"}]),
        json!([]),
        json!({"description": "x"}),
    ] {
        assert_eq!(desk.ask("PATCH", &entries(&format!("/{id}")), &body).status, 400, "{body}");
        assert_eq!(desk.sandbox.violations.len(), 1, "{body}");
        desk.sandbox.violations.clear();
    }
    let ids = |n: i64| entries(&format!("/{}", (1..=n).map(|id| id.to_string()).collect::<Vec<_>>().join(",")));
    let rename = json!([{"op": "replace", "path": "/description", "value": "x"}]);
    assert_eq!(desk.ask("PATCH", &ids(100), &rename).status, 200);
    assert_eq!(desk.ask("PATCH", &ids(101), &rename).status, 400);
    desk.expect_violation("100");
}

// ---- looking ----

#[test]
fn me_tells_the_default_workspace() {
    let me = json_of(&Desk::new().ask("GET", "/me", &Value::Null));
    assert_eq!(me["default_workspace_id"], WORKSPACE);
    assert!(me["id"].is_i64() && me["email"].is_string());
}

#[test]
fn current_is_the_running_entry() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"duration": -1}));
    assert_eq!(json_of(&desk.ask("GET", "/me/time_entries/current", &Value::Null))["id"], id);
}

#[test]
fn a_range_looks_at_the_start_and_leaves_its_end_out() {
    let mut desk = Desk::new();
    let midnight = NOW - 9 * HOUR;
    for (text, start) in [("before", midnight - 1), ("first", midnight), ("last", midnight + 24 * HOUR - 1)] {
        desk.sandbox.insert(text, start, Some(start + 7200));
    }
    desk.sandbox.insert("after", midnight + 24 * HOUR, None);
    let gone = desk.sandbox.insert("gone", midnight + 5, Some(midnight + 5));
    desk.sandbox.remove(gone);
    assert_eq!(desk.texts("start_date=2026-05-11&end_date=2026-05-12"), ["last", "first"]);
    assert_eq!(
        desk.texts("start_date=2026-05-11T09:00:00%2B09:00&end_date=2026-05-12T00:00:01Z"),
        ["after", "last", "first"]
    );
    desk.sandbox.assert_clean();
}

#[test]
fn since_looks_at_changes_and_tells_deleted_entries() {
    let mut desk = Desk::new();
    let old = desk.sandbox.insert("old", NOW - 500, Some(NOW - 400));
    desk.sandbox.insert("untouched", NOW - 800, Some(NOW - 700));
    desk.clock.advance(10_000);
    let gone = desk.sandbox.insert("gone", NOW - 300, Some(NOW - 200));
    desk.clock.advance(10_000);
    desk.sandbox.remove(gone);
    desk.put(old, &json!({"description": "changed"}));
    assert_eq!(desk.texts(&format!("since={}", NOW + 20)), ["gone", "changed"]);
    assert_eq!(desk.texts(&format!("since={NOW}")).len(), 3);
    assert_eq!(desk.texts(&format!("since={}", NOW + 21)).len(), 0);
    let listed = desk.list(&format!("since={}", NOW + 20));
    assert_eq!(listed[0]["server_deleted_at"].as_str().unwrap()[..19], *"2026-05-11T09:00:20");
    assert_eq!(listed[1]["server_deleted_at"], Value::Null);
    desk.sandbox.assert_clean();
}

#[test]
fn lists_reach_back_three_calendar_months() {
    for (now, floor, before) in [
        ("2026-05-11T09:00:00Z", "2026-02-11", "2026-02-10"),
        ("2026-05-31T09:00:00Z", "2026-02-28", "2026-02-27"),
        ("2024-05-31T23:59:59Z", "2024-02-29", "2024-02-28"),
        ("2026-02-03T00:00:00Z", "2025-11-03", "2025-11-02"),
    ] {
        let mut desk = Desk::new();
        desk.clock.set(unix(now));
        desk.sandbox.insert("x", unix(&format!("{floor}T00:00:00Z")), None);
        assert_eq!(desk.texts(&format!("start_date={floor}&end_date=2027-01-01")), ["x"]);
        let floor_unix = unix(&format!("{floor}T00:00:00Z"));
        desk.list(&format!("since={floor_unix}"));
        for query in [format!("start_date={before}&end_date=2027-01-01"), format!("since={}", floor_unix - 1)] {
            let answer = desk.ask("GET", &format!("/me/time_entries?{query}"), &Value::Null);
            assert_eq!(answer.status, 400);
            assert_eq!(answer.body, format!("start_date must not be earlier than {floor}"));
        }
        desk.sandbox.assert_clean();
    }
}

fn unix(text: &str) -> i64 {
    use time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp()
}

#[test]
fn a_list_is_cut_at_1000_without_a_word() {
    let mut desk = Desk::new();
    for at in 0..1001 {
        desk.sandbox.insert(&at.to_string(), NOW - HOUR + at, Some(NOW));
    }
    let texts = desk.texts(&format!("since={NOW}"));
    assert_eq!((texts.len(), texts[0].as_str(), texts[999].as_str()), (1000, "1000", "1"));
}

#[test]
fn odd_queries_are_refused() {
    let mut desk = Desk::new();
    for query in [
        "since=yesterday",
        "start_date=2026-05-11",
        "end_date=2026-05-11",
        "since=1778490000&start_date=2026-05-01&end_date=2026-05-02",
        "start_date=2026-05-11&end_date=2026-05-10",
        "start_date=2026-05-11T00:00:00+09:00&end_date=2026-05-12",
        "page=2",
    ] {
        let answer = desk.ask("GET", &format!("/me/time_entries?{query}"), &Value::Null);
        assert_eq!((answer.status, desk.sandbox.violations.len()), (400, 1), "{query}");
        desk.sandbox.violations.clear();
    }
    assert_eq!(desk.ask("GET", "/me/time_entries", &Value::Null).status, 200);
    desk.expect_violation("no particular time");
}

#[test]
fn reads_can_lag_behind_writes() {
    let mut desk = Desk::new();
    desk.sandbox.rules.lag_ms = 4000;
    let id = desk.id(&json!({"duration": -1}));
    let since = format!("since={}", NOW - HOUR);
    let current = |desk: &mut Desk| desk.ask("GET", "/me/time_entries/current", &Value::Null).body != "null";
    assert!(desk.texts(&since).is_empty());
    assert!(!current(&mut desk));
    desk.clock.advance(3999);
    assert!(desk.texts(&since).is_empty());
    desk.clock.advance(1);
    assert_eq!(desk.texts(&since), ["Write report"]);
    assert!(current(&mut desk));
    desk.put(id, &json!({"description": "second"}));
    desk.clock.advance(1000);
    desk.put(id, &json!({"description": "third"}));
    assert_eq!(desk.texts(&since), ["Write report"]);
    desk.clock.advance(3000);
    assert_eq!(desk.texts(&since), ["second"]);
    desk.clock.advance(1000);
    assert_eq!(desk.texts(&since), ["third"]);
    desk.sandbox.remove(id);
    assert_eq!(desk.texts("start_date=2026-05-11&end_date=2026-05-12"), ["third"]);
    desk.clock.advance(4000);
    assert!(desk.texts("start_date=2026-05-11&end_date=2026-05-12").is_empty());
}

// ---- by hand ----

#[test]
fn entries_can_be_changed_by_hand() {
    let mut desk = Desk::new();
    let first = desk.sandbox.insert("first", NOW - 60, None);
    let second = desk.sandbox.insert("second", NOW - 30, None);
    assert_eq!(desk.sandbox.entry(first).unwrap().stop, Some(NOW));
    desk.clock.advance(7000);
    desk.sandbox.edit(first, |entry| entry.stop = None);
    assert_eq!(desk.sandbox.entry(second).unwrap().stop, Some(NOW + 7));
    desk.sandbox.remove(first);
    desk.sandbox.remove(first);
    assert_eq!(desk.sandbox.entries().len(), 1);
    assert_eq!(desk.sandbox.iter().count(), 2);
    assert_eq!(desk.sandbox.entry(first).unwrap().at, NOW + 7);
    assert!(desk.sandbox.log.is_empty());
}

// ---- how much is let in ----

#[test]
fn the_hour_of_a_bucket_starts_with_its_first_request() {
    let mut desk = Desk::new();
    desk.sandbox.rules.workspace_total = 2;
    desk.clock.advance(1234);
    let first = desk.create(&json!({})).quota.unwrap();
    assert_eq!((first.remaining, first.resets_in), (1, Some(3600)));
    desk.clock.advance(500_400);
    let second = desk.create(&json!({})).quota.unwrap();
    assert_eq!((second.remaining, second.resets_in), (0, Some(3100)), "rounded up");
    assert!(!desk.sandbox.log[1].quota_closed);
    let third = desk.create(&json!({}));
    assert_eq!((third.status, third.body.as_str()), (402, "You have hit your hourly limit for API calls."));
    assert_eq!(third.quota.unwrap().remaining, 0);
    let line = &desk.sandbox.log[2];
    assert!(line.quota_closed && line.quota_told && !line.carried_out);
    assert_eq!(desk.sandbox.entries().len(), 2);
    assert_eq!(desk.ask("GET", "/me", &Value::Null).quota.unwrap().remaining, 29, "the other bucket");
    desk.clock.advance(3_600_000 - 500_400 - 1);
    assert_eq!(desk.create(&json!({})).status, 402);
    desk.clock.advance(1);
    assert_eq!(desk.create(&json!({})).quota.unwrap().remaining, 1);
    assert!(!desk.sandbox.log.last().unwrap().quota_closed);
    desk.sandbox.assert_clean();
}

#[test]
fn others_can_use_the_quota_up_unseen() {
    let mut desk = Desk::new();
    desk.sandbox.rules.quota_headers = false;
    desk.sandbox.spend(Bucket::User, 30);
    let answer = desk.ask("GET", "/me", &Value::Null);
    assert_eq!((answer.status, answer.quota), (402, None));
    assert!(desk.sandbox.log[0].quota_closed && !desk.sandbox.log[0].quota_told, "it could not know");
    desk.ask("GET", "/me", &Value::Null);
    assert!(desk.sandbox.log[1].quota_told, "the 402 told it");
}

#[test]
fn quota_lists_both_buckets_and_costs_one() {
    let mut desk = Desk::new();
    desk.sandbox.rules.workspace_total = 240;
    desk.create(&json!({}));
    desk.clock.advance(60_000);
    let rows = json_of(&desk.ask("GET", "/me/quota", &Value::Null));
    let user = json!({"organization_id": null, "remaining": 29, "resets_in_secs": 3600, "total": 30});
    let workspace = json!({"organization_id": 77, "remaining": 239, "resets_in_secs": 3540, "total": 240});
    assert_eq!(rows, json!([user, workspace]));
}

#[test]
fn the_leaky_bucket_answers_429() {
    let mut desk = Desk::new();
    desk.sandbox.rules.rate = Some(Rate { per_second: 1, burst: 2, retry_after: Some(3) });
    let status = |desk: &mut Desk| desk.ask("GET", "/me", &Value::Null).status;
    assert_eq!([status(&mut desk), status(&mut desk), status(&mut desk)], [200, 200, 429]);
    let answer = desk.ask("GET", "/me", &Value::Null);
    assert_eq!((answer.status, answer.retry_after), (429, Some(3)));
    desk.clock.advance(999);
    assert_eq!(status(&mut desk), 429);
    desk.clock.advance(1);
    assert_eq!([status(&mut desk), status(&mut desk)], [200, 429]);
    assert_eq!(desk.sandbox.remaining(Bucket::User), 27, "a 429 costs no quota");
    desk.clock.advance(60_000);
    assert_eq!([status(&mut desk), status(&mut desk), status(&mut desk)], [200, 200, 429]);
}

// ---- what goes wrong on the way ----

fn send(client: &mut InProcess) -> Result<chute_toggl::toggl::Answer, Failure> {
    client.send(&Request { method: Method::Post, path: entries(""), body: Some(create_body()) })
}

#[test]
fn in_process_speaks_to_the_same_server() {
    let clock = SimClock::at(NOW);
    let mut client = InProcess::new(clock.clone());
    let answer = send(&mut client).unwrap();
    assert_eq!((answer.status, answer.date, answer.retry_after), (200, Some(NOW), None));
    assert!(answer.quota.is_some());
    let request = Request { method: Method::Get, path: "/me".to_owned(), body: None };
    assert_eq!(client.send(&request).unwrap().quota.unwrap().remaining, 29);
    let mut stranger = client.clone().with_token("ffffffffffffffffffffffffffffffff");
    assert_eq!(stranger.send(&request).unwrap().status, 403);
    assert_eq!(InProcess::to(client.shared()).sandbox().entries().len(), 1);
    client.sandbox().assert_clean();
}

#[test]
fn each_fault_does_what_it_says() {
    let unknown = |answer: &Result<_, Failure>| matches!(answer, Err(Failure::Unknown(_)));
    for (fault, carried_out, logged) in [
        (Fault::Unreachable, false, None),
        (Fault::CutBefore, false, None),
        (Fault::ResetBefore, false, None),
        (Fault::CutAfter, true, None),
        (Fault::CutMiddle, true, None),
        (Fault::status(500, false), false, Some(500)),
        (Fault::status(503, true), true, Some(503)),
        (Fault::Garbage, true, Some(200)),
        (Fault::NoId, true, Some(200)),
        (Fault::HalfBody, true, Some(200)),
        (Fault::Slow { ms: 1, carried_out: true }, true, Some(200)),
        (Fault::Slow { ms: 1, carried_out: false }, false, Some(504)),
    ] {
        let mut client = InProcess::new(SimClock::at(NOW));
        client.sandbox().faults.next(fault.clone());
        let answer = send(&mut client);
        match (&fault, &answer) {
            (Fault::Unreachable, Err(Failure::NotSent(_))) => {}
            (Fault::Status { code, body, .. }, Ok(answer)) => {
                assert_eq!((answer.status, &answer.body), (*code, body));
            }
            (Fault::NoId, Ok(answer)) => assert_eq!((answer.status, answer.body.as_str()), (200, "{}")),
            (Fault::Garbage | Fault::HalfBody, Ok(answer)) => {
                assert_eq!(answer.status, 200);
                assert!(serde_json::from_str::<Value>(&answer.body).is_err(), "{}", answer.body);
            }
            (_, answer) => assert!(unknown(answer), "{fault:?}: {answer:?}"),
        }
        let sandbox = client.sandbox();
        assert_eq!(sandbox.entries().len(), usize::from(carried_out), "{fault:?}");
        let line = &sandbox.log[0];
        assert_eq!((line.carried_out, line.status, line.fault.as_ref()), (carried_out, logged, Some(&fault)));
        let untouched = matches!(fault, Fault::Unreachable | Fault::CutBefore | Fault::ResetBefore);
        assert_eq!(sandbox.remaining(Bucket::Workspace) == sandbox.rules.workspace_total, untouched, "{fault:?}");
        drop(sandbox);
        assert_eq!(send(&mut client).unwrap().status, 200, "only once");
    }
}

#[test]
fn faults_can_be_scheduled_matched_or_chosen() {
    let mut client = InProcess::new(SimClock::at(NOW));
    client.sandbox().faults.at(2, Fault::CutBefore);
    client.sandbox().faults.at(3, Fault::CutAfter);
    let outcomes: Vec<bool> = (0..4).map(|_| send(&mut client).is_ok()).collect();
    assert_eq!(outcomes, [true, false, false, true]);
    client.sandbox().faults.when(|line| line.call == Some(Call::Me), Fault::status(502, false));
    client.sandbox().faults.by(|line| (line.number == 7).then_some(Fault::CutBefore));
    let request = Request { method: Method::Get, path: "/me".to_owned(), body: None };
    assert!(send(&mut client).is_ok());
    assert_eq!(client.send(&request).unwrap().status, 502);
    assert!(send(&mut client).is_err(), "number 7");
    client.sandbox().faults.clear();
    assert_eq!(client.send(&request).unwrap().status, 200);
}

#[test]
fn a_fault_does_not_open_a_closed_bucket() {
    let mut desk = Desk::new();
    desk.sandbox.rules.workspace_total = 1;
    desk.create(&json!({}));
    desk.sandbox.faults.next(Fault::CutAfter);
    let delivery = desk.sandbox.exchange(&incoming("POST", &entries(""), &create_body()));
    assert_eq!(delivery, Delivery::Closed);
    assert!(!desk.sandbox.log[1].carried_out && desk.sandbox.log[1].quota_closed);
    assert_eq!(desk.sandbox.entries().len(), 1);
}

// ---- clocks ----

#[test]
fn clocks_move_when_slept_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = ClockFile::create(folder.path().join("clock"), NOW * 1000);
    let sim = SimClock::at(NOW);
    for clock in [&file as &dyn Clock, &sim] {
        assert_eq!((clock.now_ms(), clock.now()), (NOW * 1000, NOW));
        clock.sleep(std::time::Duration::from_micros(2_000_001));
        assert_eq!(clock.now_ms(), NOW * 1000 + 2001);
    }
    let seen_elsewhere = ClockFile::open(file.path());
    seen_elsewhere.advance(-1);
    assert_eq!(file.now_ms(), NOW * 1000 + 2000);
    file.set(7);
    assert_eq!(seen_elsewhere.now_ms(), 7000);
    assert_eq!(SandboxClock::from(file).now_ms(), 7000);
    assert_eq!(SandboxClock::By(Arc::new(|| 5)).now_ms(), 5);
    assert!(SandboxClock::Real.now_ms() > 0);
}

#[test]
fn a_clock_file_never_tears_and_loses_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ClockFile::create(folder.path().join("clock"), 999_000);
    let walkers: Vec<_> = (0..4)
        .map(|_| {
            let clock = clock.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let before = clock.now_ms();
                    clock.advance(7);
                    assert!(clock.now_ms() >= before + 7);
                }
            })
        })
        .collect();
    walkers.into_iter().for_each(|walker| walker.join().unwrap());
    assert_eq!(clock.now_ms(), 999_000 + 4 * 50 * 7);
}
