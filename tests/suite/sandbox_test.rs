//! The rules of the stand-in for Toggl: what the other tests rest on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

mod accounts;
mod admission;
mod bulk;
mod changing;
mod clocks;
mod creating;
mod draining;
mod faults;
mod gateways;
mod looking;
mod projects;
mod server;

use serde_json::{Value, json};

use crate::sandbox::{Incoming, Outgoing, Sandbox, SimClock, WORKSPACE};

/// 2026-05-11T09:00:00Z, a Monday.
const NOW: i64 = 1_778_490_000;
const HOUR: i64 = 3600;
/// `0123456789abcdef0123456789abcdef:api_token` in base 64.
const AUTH: &str = "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6YXBpX3Rva2Vu";

/// A sandbox, its clock, and requests that are right unless the test says otherwise.
struct Api {
    clock: SimClock,
    sandbox: Sandbox,
}

impl Api {
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

    /// Creates with no project, and says so.
    fn create_null_project(&mut self, more: &Value) -> i64 {
        let mut body = with(create_body(), more);
        body["project_id"] = Value::Null;
        let answer = self.ask("POST", &entries(""), &body);
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

/// The same, leaving nothing to what runs.
fn careful_body() -> Value {
    let mut body = create_body();
    (body["project_id"], body["tags"]) = (Value::Null, json!([]));
    body
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
