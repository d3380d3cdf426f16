//! The bulk call: one value in many entries, as far as it goes.

use serde_json::{Value, json};

use super::{Api, NOW, entries, json_of};
use crate::sandbox::WORKSPACE;

fn replace(path: &str, value: &Value) -> Value {
    json!([{"op": "replace", "path": path, "value": value}])
}

impl Api {
    /// Sends one operation to these entries; returns whose it succeeded with and whose not.
    fn bulk(&mut self, ids: &[i64], path: &str, value: &Value) -> (Vec<i64>, Vec<i64>) {
        let ids = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let answer = self.ask("PATCH", &entries(&format!("/{ids}")), &replace(path, value));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer = json_of(&answer);
        let list = |name: &str| answer[name].as_array().unwrap().clone();
        let success = list("success").iter().map(|id| id.as_i64().unwrap()).collect();
        (success, list("failure").iter().map(|failure| failure["id"].as_i64().unwrap()).collect())
    }
}

#[test]
fn bulk_sets_one_value_in_many_entries_as_far_as_it_goes() {
    let mut api = Api::new();
    let (a, b, c) = (api.id(&json!({})), api.id(&json!({})), api.id(&json!({})));
    api.sandbox.rules.bulk_failures = [b].into();
    let path = entries(&format!("/{a},{b},{c}"));
    let rename = json!([{"op": "replace", "path": "/description", "value": "Renamed"}]);
    let answer = api.ask("PATCH", &path, &rename);
    assert_eq!(answer.status, 200);
    let expected = json!({"success": [a, c], "failure": [{"id": b, "message": "Time entry could not be changed"}]});
    assert_eq!(json_of(&answer), expected);
    let texts: Vec<String> = api.sandbox.iter().map(|entry| entry.description.clone()).collect();
    assert_eq!(texts, ["Renamed", "Write report", "Renamed"]);
    let tags = json!([{"op": "replace", "path": "/tags", "value": ["x"]}]);
    assert_eq!(api.ask("PATCH", &entries(&format!("/{a}")), &tags).status, 200);
    assert_eq!(api.sandbox.entry(a).unwrap().tags, ["x"]);
    let long = json!([{"op": "replace", "path": "/description", "value": "x".repeat(3001)}]);
    let answer = json_of(&api.ask("PATCH", &path, &long));
    assert_eq!((answer["success"].as_array().unwrap().len(), answer["failure"].as_array().unwrap().len()), (0, 3));
    api.sandbox.assert_clean();
}

#[test]
fn bulk_refuses_what_is_not_reliable() {
    let mut api = Api::new();
    let id = api.id(&json!({}));
    for body in [
        json!([{"op": "replace", "path": "/start", "value": "2026-05-11T08:00:00Z"}]),
        json!([{"op": "replace", "path": "/stop", "value": "2026-05-11T08:00:00Z"}]),
        json!([{"op": "add", "path": "/description", "value": "x"}]),
        json!([{"op": "replace", "path": "description", "value": "x"}]),
        json!([{"op": "replace", "path": "/description"}]),
        json!([]),
        json!({"description": "x"}),
    ] {
        assert_eq!(api.ask("PATCH", &entries(&format!("/{id}")), &body).status, 400, "{body}");
        assert_eq!(api.sandbox.violations.len(), 1, "{body}");
        api.sandbox.violations.clear();
    }
    let ids = |n: i64| entries(&format!("/{}", (1..=n).map(|id| id.to_string()).collect::<Vec<_>>().join(",")));
    let rename = json!([{"op": "replace", "path": "/description", "value": "x"}]);
    assert_eq!(api.ask("PATCH", &ids(100), &rename).status, 200);
    assert_eq!(api.ask("PATCH", &ids(101), &rename).status, 400);
    api.expect_violation("100");
}

#[test]
fn bulk_sets_the_project_of_those_that_may_have_it() {
    let mut api = Api::new();
    api.sandbox.add_workspace(5, "ACME");
    let (ours, theirs) = (api.sandbox.add_project(WORKSPACE, "Internal"), api.sandbox.add_project(5, "Internal"));
    let (a, b, elsewhere) = (api.id(&json!({})), api.id(&json!({})), api.id(&json!({})));
    api.sandbox.move_entry(elsewhere, 5);
    api.sandbox.rules.bulk_failures = [b].into();
    assert_eq!(api.bulk(&[a, b, elsewhere], "/project_id", &json!(ours)), (vec![a], vec![b, elsewhere]));
    let project = |api: &Api, id: i64| api.sandbox.entry(id).unwrap().project_id;
    assert_eq!((project(&api, a), project(&api, b), project(&api, elsewhere)), (Some(ours), None, None));
    assert_eq!(api.bulk(&[a], "/project_id", &json!(theirs)), (vec![], vec![a]));
    api.sandbox.edit_project(ours, |project| project.active = false);
    assert_eq!(api.bulk(&[a, b], "/project_id", &json!(ours)), (vec![], vec![a, b]));
    assert_eq!(project(&api, a), Some(ours), "what it had it keeps");
    assert_eq!(api.bulk(&[a], "/project_id", &Value::Null), (vec![a], vec![]));
    assert_eq!(project(&api, a), None);
    assert_eq!(api.bulk(&[a, b], "/tags", &json!(["deep work"])), (vec![a], vec![b]));
    assert_eq!((api.sandbox.tags(WORKSPACE), api.sandbox.tags(5)), (vec!["deep work"], vec![]));
    api.sandbox.assert_clean();
}

#[test]
fn bulk_brings_back_what_was_deleted() {
    let mut api = Api::new();
    let deleted = api.id(&json!({"duration": -1}));
    api.sandbox.remove(deleted);
    let running = api.id(&json!({"duration": -1}));
    assert_eq!(api.put(deleted, &json!({"description": "x"})).status, 404);
    api.clock.advance(5000);
    assert_eq!(api.bulk(&[deleted, 1], "/description", &json!("x")), (vec![deleted], vec![1]));
    let entry = api.sandbox.entry(deleted).unwrap();
    assert_eq!((entry.deleted, entry.description.as_str(), entry.is_running()), (None, "x", true));
    assert_eq!(api.sandbox.entry(running).unwrap().stop, Some(NOW + 5), "there is one that runs");
    api.sandbox.remove(deleted);
    api.sandbox.rules.bulk_revives = false;
    assert_eq!(api.bulk(&[deleted], "/description", &json!("y")), (vec![], vec![deleted]));
    api.sandbox.assert_clean();
}
