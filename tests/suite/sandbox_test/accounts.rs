//! Accounts, their tokens and their workspaces.

use serde_json::{Value, json};

use super::{AUTH, Api, NOW, create_body, entries, incoming, json_of, with};
use crate::sandbox::{Account, Incoming, Loss, Outgoing, Person, TOKEN, WORKSPACE};

/// Of `ffffffffffffffffffffffffffffffff:api_token`.
const OTHER_AUTH: &str = "Basic ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY6YXBpX3Rva2Vu";
const OTHER_TOKEN: &str = "ffffffffffffffffffffffffffffffff";

impl Api {
    fn get(&mut self, target: &str) -> Outgoing {
        self.ask("GET", target, &Value::Null)
    }

    fn ask_as(&mut self, authorization: &str, method: &str, target: &str, body: &Value) -> Outgoing {
        let authorization = Some(authorization.to_owned());
        self.sandbox.handle(&Incoming { authorization, ..incoming(method, target, body) })
    }
}

fn in_workspace(id: i64, rest: &str) -> String {
    format!("/workspaces/{id}/time_entries{rest}")
}

#[test]
fn me_tells_who_it_is() {
    let mut api = Api::new();
    let me = json_of(&api.get("/me"));
    let part = |name: &str| me[name].clone();
    assert_eq!((part("id"), part("default_workspace_id")), (json!(9_000_001), json!(WORKSPACE)));
    assert_eq!((part("email"), part("fullname")), (json!("someone@example.com"), json!("Someone")));
    assert_eq!((part("timezone"), part("api_token")), (json!("Etc/UTC"), json!(TOKEN)));
}

#[test]
fn an_entry_can_be_asked_for_in_whatever_workspace() {
    let mut api = Api::new();
    let id = api.id(&json!({"project_id": 7}));
    let path = format!("/me/time_entries/{id}");
    assert_eq!(json_of(&api.get(&path))["workspace_id"], WORKSPACE);
    api.sandbox.add_workspace(5, "ACME");
    api.sandbox.move_entry(id, 5);
    let moved = json_of(&api.get(&path));
    assert_eq!((&moved["workspace_id"], &moved["project_id"]), (&json!(5), &Value::Null));
    assert_eq!(api.put(id, &json!({"description": "x"})).status, 404, "not here any more");
    assert_eq!(api.ask("PUT", &in_workspace(5, &format!("/{id}")), &json!({"description": "x"})).status, 200);
    api.sandbox.rules.lag_ms = 4000;
    api.sandbox.edit(id, |entry| entry.description = "new".to_owned());
    assert_eq!(json_of(&api.get(&path))["description"], "new", "lists lag, this does not");
    assert_eq!(api.get("/me/time_entries/1").status, 404);
    api.sandbox.remove(id);
    let answer = api.get(&path);
    assert_eq!((answer.status, answer.body.as_str()), (404, "Time entry not found"));
    api.sandbox.rules.deleted_by_id = true;
    assert!(json_of(&api.get(&path))["server_deleted_at"].is_string());
    api.sandbox.assert_clean();
}

#[test]
fn workspaces_have_names() {
    let mut api = Api::new();
    api.sandbox.add_workspace(5, "ACME");
    api.sandbox.add_workspace(WORKSPACE, "Mine");
    let rows = json_of(&api.get("/me/workspaces"));
    let rows: Vec<_> = rows.as_array().unwrap().iter().map(|row| (row["id"].clone(), row["name"].clone())).collect();
    assert_eq!(rows, [(json!(WORKSPACE), json!("Mine")), (json!(5), json!("ACME"))]);
    api.sandbox.assert_clean();
}

#[test]
fn of_a_lost_workspace_nothing_is_left() {
    for (loss, status) in [(Loss::Access, 403), (Loss::Deleted, 404)] {
        let mut api = Api::new();
        api.sandbox.add_workspace(5, "ACME");
        let id = api.id(&json!({"duration": -1}));
        api.sandbox.lose_workspace(WORKSPACE, loss);
        let path = entries(&format!("/{id}"));
        let rename = json!([{"op": "replace", "path": "/description", "value": "x"}]);
        for (method, target, body) in [
            ("POST", entries(""), create_body()),
            ("PUT", path.clone(), json!({"description": "x"})),
            ("PATCH", path.clone(), rename),
            ("PATCH", format!("{path}/stop"), Value::Null),
            ("DELETE", path.clone(), Value::Null),
            ("GET", format!("/me/time_entries/{id}"), Value::Null),
            ("GET", format!("/workspaces/{WORKSPACE}/projects?active=true"), Value::Null),
        ] {
            assert_eq!(api.ask(method, &target, &body).status, status, "{method} {target}");
        }
        assert_eq!(api.list(&format!("since={NOW}")), [] as [Value; 0]);
        assert_eq!(api.get("/me/time_entries/current").body, "null");
        assert_eq!(json_of(&api.get("/me"))["default_workspace_id"], 5);
        assert_eq!(json_of(&api.get("/me/workspaces")).as_array().unwrap().len(), 1);
        let elsewhere = with(create_body(), &json!({"workspace_id": 5}));
        assert_eq!(api.ask("POST", &in_workspace(5, ""), &elsewhere).status, 200, "the token is fine");
        api.sandbox.lose_workspace(5, loss);
        assert_eq!(json_of(&api.get("/me"))["default_workspace_id"], Value::Null);
        api.sandbox.add_workspace(WORKSPACE, "back");
        assert_eq!(api.put(id, &json!({"description": "x"})).status, 200);
        api.sandbox.assert_clean();
    }
}

#[test]
fn a_token_can_be_reset_while_the_client_is_at_work() {
    let mut api = Api::new();
    api.sandbox.before_request(3, |sandbox| sandbox.reset_token(OTHER_TOKEN));
    let statuses: Vec<u16> = (0..4).map(|_| api.create(&json!({})).status).collect();
    assert_eq!(statuses, [200, 200, 403, 403]);
    assert_eq!(api.get("/me").status, 403);
    assert_eq!(api.ask_as(OTHER_AUTH, "GET", "/me", &Value::Null).status, 200);
    assert_eq!((api.sandbox.tokens_refused, api.sandbox.entries().len()), (3, 2));
}

#[test]
fn accounts_share_the_server_and_nothing_else() {
    let mut api = Api::new();
    let person = Person { id: 9_000_002, email: "other@example.com".to_owned(), ..Person::default() };
    let other = api.sandbox.add_account(Account::new(OTHER_TOKEN, person, &[6, WORKSPACE]));
    let id = api.id(&json!({"duration": -1}));
    let me = json_of(&api.ask_as(OTHER_AUTH, "GET", "/me", &Value::Null));
    assert_eq!((&me["id"], &me["default_workspace_id"]), (&json!(9_000_002), &json!(6)));
    let list = format!("/me/time_entries?since={NOW}");
    assert_eq!(api.ask_as(OTHER_AUTH, "GET", &list, &Value::Null).body, "[]");
    // In the workspace that both are in, an entry still is its owner's.
    let path = entries(&format!("/{id}"));
    assert_eq!(api.ask_as(OTHER_AUTH, "PUT", &path, &json!({"description": "x"})).status, 404);
    assert_eq!(api.ask_as(OTHER_AUTH, "GET", &format!("/me/time_entries/{id}"), &Value::Null).status, 404);
    let start = with(create_body(), &json!({"duration": -1}));
    let made = json_of(&api.ask_as(OTHER_AUTH, "POST", &entries(""), &start));
    assert_eq!(made["user_id"], 9_000_002);
    assert_ne!(made["id"], id, "an id is one on the whole server");
    assert!(api.sandbox.entry(id).unwrap().is_running(), "one that runs for each account");
    assert_eq!(api.ask("POST", &in_workspace(6, ""), &with(create_body(), &json!({"workspace_id": 6}))).status, 403);
    assert_eq!(api.sandbox.entries().len(), 1);
    assert_eq!(api.sandbox.as_account(other, |its| its.entries().len()), 1);
    let accounts: Vec<usize> = api.sandbox.log.iter().map(|line| line.account).collect();
    assert_eq!(accounts, [0, 1, 1, 1, 1, 1, 0]);
    assert_eq!(api.get("/me").quota.unwrap().remaining, 29, "a quota for each");
    assert_eq!(api.sandbox.twin(api.clock.clone()).as_account(other, |its| its.entries().len()), 1);
    assert_eq!(api.ask_as(&format!("{AUTH}x"), "GET", "/me", &Value::Null).status, 403);
    api.sandbox.assert_clean();
}
