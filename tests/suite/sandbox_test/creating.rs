//! What a create takes and refuses.

use serde_json::{Value, json};

use super::{Api, HOUR, NOW, create_body, entries, incoming, json_of, with};
use crate::sandbox::{Incoming, Refusal, Required, WORKSPACE};

#[test]
fn a_create_keeps_the_entry_and_answers_it() {
    let mut api = Api::new();
    let answer = api.create(&json!({"project_id": 7, "tags": ["a", "b"]}));
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
    let kept = &api.sandbox.entries()[0];
    assert_eq!((kept.id, kept.workspace, kept.start, kept.stop), (id, WORKSPACE, NOW - HOUR, Some(NOW - HOUR + 600)));
    assert_eq!((kept.project_id, kept.tags.len(), kept.at, kept.deleted), (Some(7), 2, NOW, None));
    assert!(api.id(&json!({})) > id);
    api.sandbox.assert_clean();
}

#[test]
fn answers_vary_in_form() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": -1, "description": ""}));
    let answers: Vec<Value> = (0..12).map(|_| json_of(&api.put(id, &json!({"description": ""})))).collect();
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
    let mut api = Api::new();
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
        assert_eq!(api.create(&more).status, 400, "{more}");
        api.expect_violation(part);
    }
    for body in ["", "[]", "nonsense"] {
        let request = Incoming { body: body.to_owned(), ..incoming("POST", &entries(""), &json!({})) };
        assert_eq!(api.sandbox.handle(&request).status, 400, "{body}");
        api.expect_violation("no JSON object");
    }
    assert!(api.sandbox.entries().is_empty());
    api.id(&json!({"colour": "red"}));
    api.expect_violation("the field colour is not known");
    api.id(&json!({"stop": "2026-05-11T09:10:00+01:00"}));
    api.sandbox.assert_clean();
}

#[test]
fn a_create_without_duration_and_stop_has_no_length_and_is_a_violation() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": null}));
    api.expect_violation("without duration");
    let entry = api.sandbox.entry(id).unwrap();
    assert_eq!(entry.stop, Some(entry.start));
}

#[test]
fn instants_are_converted_and_fractions_cut() {
    let mut api = Api::new();
    for start in ["2026-05-11T17:00:00+09:00", "2026-05-11T08:00:00.999Z", "2026-05-11T02:15:00.5-05:45"] {
        let id = api.id(&json!({"start": start}));
        assert_eq!(api.sandbox.entry(id).unwrap().start, NOW - HOUR, "{start}");
    }
}

#[test]
fn limits_of_an_entry() {
    let mut api = Api::new();
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
        assert_eq!(api.create(&more).status, status, "{more:.80}");
    }
    api.sandbox.assert_clean();
}

#[test]
fn projects_can_be_unknown_or_archived() {
    let mut api = Api::new();
    api.sandbox.rules.projects = Some([7, 8].into());
    api.sandbox.rules.archived_projects = [8].into();
    let id = api.id(&json!({"project_id": 7}));
    assert_eq!(api.create(&json!({"project_id": 8})).body, "Project is archived");
    assert_eq!(api.create(&json!({"project_id": 9})).body, "Project not found");
    assert_eq!(api.put(id, &json!({"project_id": 8})).status, 400);
    api.sandbox.rules.archived_projects.insert(7);
    assert_eq!(api.put(id, &json!({"description": "still mine"})).status, 200);
    api.sandbox.assert_clean();
}

#[test]
fn a_foreign_workspace_is_refused() {
    let mut api = Api::new();
    let body = with(create_body(), &json!({"workspace_id": 5}));
    assert_eq!(api.ask("POST", "/workspaces/5/time_entries", &body).status, 403);
    api.sandbox.rules.workspaces.push(5);
    assert_eq!(api.ask("POST", "/workspaces/5/time_entries", &body).status, 200);
}

#[test]
fn a_start_stops_the_running_entry_at_the_servers_now() {
    let mut api = Api::new();
    let first = api.id(&json!({"duration": -1}));
    api.clock.advance(90_000);
    let second = api.id(&json!({"duration": -1_778_490_000, "start": "2026-05-11T08:30:00Z"}));
    assert_eq!(api.sandbox.entry(first).unwrap().stop, Some(NOW + 90), "not at the new start");
    assert_eq!(api.sandbox.entry(second).unwrap().stop, None);
    let future = api.id(&json!({"duration": -1, "start": "2026-05-12T08:00:00Z"}));
    let last = api.id(&json!({"duration": -1}));
    let displaced = api.sandbox.entry(future).unwrap();
    assert_eq!(displaced.stop, Some(displaced.start), "never before its own start");
    api.id(&json!({}));
    assert!(api.sandbox.entry(last).unwrap().is_running(), "a finished entry displaces nothing");
}

#[test]
fn required_fields_are_demanded_and_block_every_new_start() {
    let mut api = Api::new();
    let running = api.id(&json!({"duration": -1}));
    api.sandbox.rules.required_fields = vec![Required::Description, Required::Project, Required::Tags];
    let full = json!({"project_id": 7, "tags": ["x"]});
    assert_eq!(api.create(&with(full.clone(), &json!({"description": " "}))).status, 400);
    assert_eq!(api.create(&with(full.clone(), &json!({"tags": []}))).status, 400);
    assert_eq!(api.create(&json!({"tags": ["x"]})).body, "Project is a required field in this workspace");
    let done = api.id(&full);
    let start = with(full.clone(), &json!({"duration": -1}));
    assert_eq!(api.create(&start).status, 400, "the running one cannot be stopped");
    let resume = json!({"start": "2026-05-11T08:00:00Z", "duration": -1});
    assert_eq!(api.put(done, &resume).status, 400);
    assert_eq!(api.ask("PATCH", &entries(&format!("/{running}/stop")), &Value::Null).status, 400);
    assert_eq!(api.put(running, &json!({"description": "new"})).status, 400);
    assert!(api.sandbox.entry(running).unwrap().is_running());
    assert_eq!(api.put(running, &full).status, 200);
    assert_eq!(api.create(&start).status, 200);
    assert!(!api.sandbox.entry(running).unwrap().is_running());
    api.sandbox.assert_clean();
}

#[test]
fn entries_can_be_refused_for_their_text() {
    let mut api = Api::new();
    api.sandbox.rules.refusals = vec![Refusal::bad("nasty"), Refusal::premium("dear")];
    assert_eq!(api.create(&json!({"description": "nasty"})).status, 400);
    let dear = api.create(&json!({"description": "dear"}));
    assert_eq!(dear.status, 402);
    assert!(dear.body.contains("is a premium feature"));
    assert!(dear.quota.unwrap().remaining > 0);
    let id = api.id(&json!({}));
    assert_eq!(api.put(id, &json!({"description": "nasty"})).status, 400);
    assert_eq!(api.sandbox.entries()[0].description, "Write report");
    api.sandbox.assert_clean();
}

#[test]
fn refusals_can_be_json_strings() {
    let mut api = Api::new();
    api.sandbox.rules.errors_as_json = true;
    assert_eq!(api.put(1, &json!({"description": "x"})).body, "\"Time entry not found\"");
}

#[test]
fn a_locked_period_refuses_every_change() {
    let mut api = Api::new();
    let old = api.id(&json!({}));
    let new = api.id(&json!({"start": "2026-05-11T08:59:00Z", "duration": 60}));
    api.sandbox.rules.locked_before = Some(NOW - 1800);
    assert_eq!(api.create(&json!({})).status, 400);
    assert_eq!(api.put(old, &json!({"description": "x"})).status, 400);
    assert_eq!(api.put(new, &json!({"start": "2026-05-11T08:00:00Z", "duration": 60})).status, 400);
    assert_eq!(api.put(old, &json!({"start": "2026-05-11T08:59:00Z", "duration": 60})).status, 400);
    assert_eq!(api.ask("DELETE", &entries(&format!("/{old}")), &Value::Null).status, 400);
    assert_eq!(api.put(new, &json!({"description": "x"})).status, 200);
    api.sandbox.assert_clean();
}
