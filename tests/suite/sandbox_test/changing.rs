//! Updates, stops, deletes and the bulk call; changes by hand.

use serde_json::{Value, json};

use super::{Api, HOUR, NOW, entries, json_of};

#[test]
fn an_update_changes_only_what_is_sent() {
    let mut api = Api::new();
    let id = api.id(&json!({"project_id": 7, "tags": ["a"]}));
    let before = api.sandbox.entry(id).unwrap().clone();
    api.clock.advance(5000);
    assert_eq!(api.put(id, &json!({"description": "New text"})).status, 200);
    let mut expected = before;
    expected.description = "New text".to_owned();
    expected.at = NOW + 5;
    assert_eq!(api.sandbox.entry(id), Some(&expected));
    assert_eq!(api.put(id, &json!({"project_id": null})).status, 200);
    assert_eq!(api.sandbox.entry(id).unwrap().project_id, None);
    api.sandbox.assert_clean();
    assert_eq!(api.put(id, &json!({"tag_ids": null})).status, 400);
    api.expect_violation("tag_ids");
    assert_eq!(api.put(id, &json!({"workspace_id": 5})).status, 400);
    api.expect_violation("workspace_id");
    assert_eq!(api.put(id, &json!({})).status, 200);
    api.expect_violation("an update of nothing");
}

#[test]
fn an_update_of_what_is_not_there_is_404() {
    let mut api = Api::new();
    api.sandbox.rules.workspaces.push(5);
    let id = api.id(&json!({}));
    let text = json!({"description": "x"});
    assert_eq!(api.put(id + 1, &text).status, 404);
    let other = api.ask("PUT", &format!("/workspaces/5/time_entries/{id}"), &text);
    assert_eq!((other.status, other.body.as_str()), (404, "Time entry not found"));
    api.sandbox.remove(id);
    assert_eq!(api.put(id, &text).status, 404);
    api.sandbox.assert_clean();
}

#[test]
fn an_update_stops_with_stop_and_duration() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": -1}));
    assert_eq!(api.put(id, &json!({"stop": "2026-05-11T08:30:00Z"})).status, 400);
    api.expect_violation("stopped with stop and duration");
    assert_eq!(api.put(id, &json!({"duration": 1800})).status, 400);
    api.expect_violation("stopped with stop and duration");
    let contradiction = json!({"start": "2026-05-11T08:00:00Z", "stop": "2026-05-11T08:30:00Z", "duration": 1700});
    assert_eq!(api.put(id, &contradiction).status, 400);
    api.expect_violation("stop is not start + duration");
    assert_eq!(api.put(id, &json!({"stop": "2026-05-11T07:30:00Z", "duration": -1800})).status, 400);
    assert!(api.sandbox.entry(id).unwrap().is_running());
    let answer = api.put(id, &json!({"stop": "2026-05-11T08:30:00Z", "duration": 1800}));
    assert_eq!(json_of(&answer)["duration"], 1800);
    assert_eq!(api.sandbox.entry(id).unwrap().stop, Some(NOW - 1800));
    let running = api.id(&json!({"duration": -1}));
    let both = json!({"start": "2026-05-11T08:15:00Z", "stop": "2026-05-11T08:30:00Z", "duration": 900});
    assert_eq!(api.put(running, &both).status, 200);
    api.sandbox.assert_clean();
}

#[test]
fn a_stop_without_a_start_is_held_against_the_start_that_the_server_has() {
    let mut api = Api::new();
    let stop = json!({"stop": "2026-05-11T08:30:00Z", "duration": 1800});
    let with_start = json!({"start": "2026-05-11T08:00:00Z", "stop": "2026-05-11T08:30:00Z", "duration": 1800});
    for finished in [false, true] {
        let id = api.id(&json!({"duration": if finished { 600 } else { -1 }}));
        api.sandbox.edit(id, |entry| entry.start += 60);
        let answer = api.put(id, &stop);
        assert_eq!((answer.status, answer.body.as_str()), (400, "Stop and duration mismatch"));
        assert_eq!(api.sandbox.entry(id).unwrap().is_running(), !finished);
        assert_eq!(api.put(id, &with_start).status, 200);
        let entry = api.sandbox.entry(id).unwrap();
        assert_eq!((entry.start, entry.stop), (NOW - HOUR, Some(NOW - 1800)));
        assert_eq!(api.put(id, &stop).status, 200, "nobody has moved it");
    }
    api.sandbox.assert_clean();
}

#[test]
fn the_start_of_a_running_entry_moves_with_a_negative_duration() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": -1}));
    assert_eq!(api.put(id, &json!({"start": "2026-05-11T08:15:00Z"})).status, 400);
    api.expect_violation("only with a negative duration");
    assert_eq!(api.put(id, &json!({"start": "2026-05-11T08:15:00Z", "duration": -1})).status, 200);
    let entry = api.sandbox.entry(id).unwrap();
    assert_eq!((entry.start, entry.stop), (NOW - 2700, None));
    api.sandbox.assert_clean();
}

#[test]
fn the_times_of_a_finished_entry_are_set_without_doubt_or_not_at_all() {
    let mut api = Api::new();
    let id = api.id(&json!({}));
    for body in [
        json!({"start": "2026-05-11T07:00:00Z"}),
        json!({"stop": "2026-05-11T08:30:00Z"}),
        json!({"duration": 60}),
        json!({"start": "2026-05-11T07:00:00Z", "stop": "2026-05-11T08:30:00Z"}),
    ] {
        assert_eq!(api.put(id, &body).status, 400, "{body}");
        api.expect_violation("leave the times open");
    }
    assert_eq!(api.put(id, &json!({"duration": -1})).status, 400);
    api.expect_violation("resumed with start");
    assert_eq!(api.put(id, &json!({"stop": "2026-05-11T07:59:59Z", "duration": 0})).status, 400);
    assert_eq!(api.put(id, &json!({"start": "2026-05-11T07:00:00Z", "duration": 60})).status, 200);
    assert_eq!(api.sandbox.entry(id).unwrap().stop, Some(NOW - 2 * HOUR + 60));
    assert_eq!(api.put(id, &json!({"stop": "2026-05-11T07:02:00+00:00", "duration": 120})).status, 200);
    assert_eq!(api.put(id, &json!({"start": "2031-07-11T07:00:00Z", "duration": 60})).status, 400);
    assert_eq!(api.sandbox.entry(id).unwrap().stop, Some(NOW - 2 * HOUR + 120));
    api.sandbox.assert_clean();
}

#[test]
fn an_update_with_start_and_negative_duration_resumes() {
    let mut api = Api::new();
    let halted = api.id(&json!({}));
    let running = api.id(&json!({"duration": -1}));
    assert_eq!(api.put(halted, &json!({"start": "2026-05-11T08:00:00Z", "duration": -1})).status, 200);
    assert!(api.sandbox.entry(halted).unwrap().is_running());
    assert_eq!(api.sandbox.entry(running).unwrap().stop, Some(NOW));
    api.sandbox.assert_clean();
}

#[test]
fn a_stop_is_at_the_servers_now() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": -1}));
    let path = entries(&format!("/{id}/stop"));
    assert_eq!(json_of(&api.ask("PATCH", &path, &Value::Null))["duration"], HOUR);
    assert_eq!(api.ask("PATCH", &path, &Value::Null).status, 409);
    assert_eq!(api.ask("PATCH", &entries("/1/stop"), &Value::Null).status, 404);
    assert_eq!(json_of(&api.ask("GET", "/me/time_entries/current", &Value::Null)), Value::Null);
    api.sandbox.assert_clean();
    let other = api.id(&json!({"duration": -1}));
    assert_eq!(api.ask("PATCH", &entries(&format!("/{other}/stop")), &json!({})).status, 200);
    api.expect_violation("a stop has no body");
}

#[test]
fn a_delete_answers_nothing_and_the_second_404() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": -1}));
    let path = entries(&format!("/{id}"));
    let answer = api.ask("DELETE", &path, &Value::Null);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(api.ask("DELETE", &path, &Value::Null).status, 404);
    assert!(api.sandbox.entries().is_empty());
    assert_eq!(api.ask("GET", "/me/time_entries/current", &Value::Null).body, "null");
    assert_eq!(api.sandbox.entry(id).unwrap().deleted, Some(NOW));
    api.sandbox.assert_clean();
}

#[test]
fn entries_can_be_changed_by_hand() {
    let mut api = Api::new();
    let first = api.sandbox.insert("first", NOW - 60, None);
    let second = api.sandbox.insert("second", NOW - 30, None);
    assert_eq!(api.sandbox.entry(first).unwrap().stop, Some(NOW));
    api.clock.advance(7000);
    api.sandbox.edit(first, |entry| entry.stop = None);
    assert_eq!(api.sandbox.entry(second).unwrap().stop, Some(NOW + 7));
    api.sandbox.remove(first);
    api.sandbox.remove(first);
    assert_eq!(api.sandbox.entries().len(), 1);
    assert_eq!(api.sandbox.iter().count(), 2);
    assert_eq!(api.sandbox.entry(first).unwrap().at, NOW + 7);
    assert!(api.sandbox.log.is_empty());
}
