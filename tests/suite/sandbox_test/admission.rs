//! Who is let in, and how much.

use chute_toggl::toggl::Bucket;
use serde_json::{Value, json};

use super::{AUTH, Api, NOW, create_body, entries, incoming, json_of};
use crate::sandbox::{Call, Incoming, Rate, TOKEN};

#[test]
fn a_wrong_token_is_answered_with_nothing_and_costs_nothing() {
    let mut api = Api::new();
    for authorization in [None, Some("Bearer x".to_owned()), Some(format!("{AUTH}x"))] {
        let request = Incoming { authorization, ..incoming("GET", "/me", &Value::Null) };
        for status in [401, 403] {
            api.sandbox.rules.token_status = status;
            let answer = api.sandbox.handle(&request);
            assert_eq!((answer.status, answer.body.as_str()), (status, ""));
        }
    }
    assert_eq!(api.sandbox.tokens_refused, 6);
    assert_eq!(api.sandbox.remaining(Bucket::User), 30);
    assert_eq!(api.ask("GET", "/me", &Value::Null).status, 200);
    assert!(!api.sandbox.log[0].carried_out);
    api.sandbox.assert_clean();
}

#[test]
fn what_every_request_must_have_is_looked_at() {
    let mut api = Api::new();
    for user_agent in [None, Some("curl/8".to_owned())] {
        api.sandbox.handle(&Incoming { user_agent, ..incoming("GET", "/me", &Value::Null) });
        api.expect_violation("User-Agent");
    }
    for content_type in [None, Some("text/plain".to_owned())] {
        api.sandbox.handle(&Incoming { content_type, ..incoming("POST", &entries(""), &create_body()) });
        api.expect_violation("a body of the type");
    }
    api.sandbox.handle(&Incoming { body: "{}".to_owned(), ..incoming("GET", "/me", &json!({})) });
    api.expect_violation("a body where none belongs");
    api.ask("GET", &format!("/me?api_token={TOKEN}"), &Value::Null);
    api.expect_violation("the token is in the address");
}

#[test]
fn an_unknown_path_or_verb_is_404_and_a_violation() {
    let mut api = Api::new();
    for (method, target) in [
        ("GET", "/me/projects"),
        ("POST", "/me"),
        ("GET", "/workspaces/1/time_entries"),
        ("PUT", "/workspaces/1/time_entries/abc"),
        ("PATCH", "/workspaces/1/time_entries/1,x"),
        ("GET", "me"),
    ] {
        assert_eq!(api.ask(method, target, &Value::Null).status, 404, "{method} {target}");
        api.expect_violation("there is no such call");
    }
}

#[test]
fn a_call_can_be_gone() {
    let mut api = Api::new();
    api.sandbox.rules.gone = vec![Call::Create];
    assert_eq!(api.create(&json!({})).status, 410);
    assert_eq!(api.ask("GET", "/me", &Value::Null).status, 200);
    assert!(api.sandbox.entries().is_empty());
}

#[test]
fn the_log_tells_what_came_and_what_became_of_it() {
    let mut api = Api::new();
    api.create(&json!({}));
    api.clock.advance(1500);
    api.put(1, &json!({"description": "x"}));
    let log = &api.sandbox.log;
    assert_eq!((log[0].number, log[0].at_ms, log[0].call), (1, NOW * 1000, Some(Call::Create)));
    assert_eq!((log[0].status, log[0].carried_out, log[0].bucket), (Some(200), true, Bucket::Workspace));
    assert_eq!(log[0].body, create_body().to_string());
    assert_eq!((log[1].number, log[1].at_ms, log[1].call), (2, NOW * 1000 + 1500, Some(Call::Update)));
    assert_eq!((log[1].status, log[1].carried_out), (Some(404), false));
    assert_eq!((api.sandbox.count(Call::Create), api.sandbox.count(Call::Me)), (1, 0));
}

#[test]
fn the_hour_of_a_bucket_starts_with_its_first_request() {
    let mut api = Api::new();
    api.sandbox.rules.workspace_total = 2;
    api.clock.advance(1234);
    let first = api.create(&json!({})).quota.unwrap();
    assert_eq!((first.remaining, first.resets_in), (1, Some(3600)));
    api.clock.advance(500_400);
    let second = api.create(&json!({})).quota.unwrap();
    assert_eq!((second.remaining, second.resets_in), (0, Some(3100)), "rounded up");
    assert!(!api.sandbox.log[1].quota_closed);
    let third = api.create(&json!({}));
    assert_eq!((third.status, third.body.as_str()), (402, "You have hit your hourly limit for API calls."));
    assert_eq!(third.quota.unwrap().remaining, 0);
    let line = &api.sandbox.log[2];
    assert!(line.quota_closed && line.quota_told && !line.carried_out);
    assert_eq!(api.sandbox.entries().len(), 2);
    assert_eq!(api.ask("GET", "/me", &Value::Null).quota.unwrap().remaining, 29, "the other bucket");
    api.clock.advance(3_600_000 - 500_400 - 1);
    assert_eq!(api.create(&json!({})).status, 402);
    api.clock.advance(1);
    assert_eq!(api.create(&json!({})).quota.unwrap().remaining, 1);
    assert!(!api.sandbox.log.last().unwrap().quota_closed);
    api.sandbox.assert_clean();
}

#[test]
fn others_can_use_the_quota_up_unseen() {
    let mut api = Api::new();
    api.sandbox.rules.quota_headers = false;
    api.sandbox.spend(Bucket::User, 30);
    let answer = api.ask("GET", "/me", &Value::Null);
    assert_eq!((answer.status, answer.quota), (402, None));
    assert!(api.sandbox.log[0].quota_closed && !api.sandbox.log[0].quota_told, "it could not know");
    api.ask("GET", "/me", &Value::Null);
    assert!(api.sandbox.log[1].quota_told, "the 402 told it");
}

#[test]
fn quota_lists_both_buckets_and_costs_one() {
    let mut api = Api::new();
    api.sandbox.rules.workspace_total = 240;
    api.create(&json!({}));
    api.clock.advance(60_000);
    let rows = json_of(&api.ask("GET", "/me/quota", &Value::Null));
    let user = json!({"organization_id": null, "remaining": 29, "resets_in_secs": 3600, "total": 30});
    let workspace = json!({"organization_id": 77, "remaining": 239, "resets_in_secs": 3540, "total": 240});
    assert_eq!(rows, json!([user, workspace]));
}

#[test]
fn the_leaky_bucket_answers_429() {
    let mut api = Api::new();
    api.sandbox.rules.rate = Some(Rate { per_second: 1, burst: 2, retry_after: Some(3) });
    let status = |api: &mut Api| api.ask("GET", "/me", &Value::Null).status;
    assert_eq!([status(&mut api), status(&mut api), status(&mut api)], [200, 200, 429]);
    let answer = api.ask("GET", "/me", &Value::Null);
    assert_eq!((answer.status, answer.retry_after), (429, Some(3)));
    api.clock.advance(999);
    assert_eq!(status(&mut api), 429);
    api.clock.advance(1);
    assert_eq!([status(&mut api), status(&mut api)], [200, 429]);
    assert_eq!(api.sandbox.remaining(Bucket::User), 27, "a 429 costs no quota");
    api.clock.advance(60_000);
    assert_eq!([status(&mut api), status(&mut api), status(&mut api)], [200, 200, 429]);
}
