//! Who is let in, and how much.

use chute_toggl::toggl::Bucket;
use serde_json::{Value, json};

use super::{AUTH, Desk, NOW, create_body, entries, incoming, json_of};
use crate::sandbox::{Call, Incoming, Rate, TOKEN};

#[test]
fn a_wrong_token_is_answered_with_nothing_and_costs_nothing() {
    let mut desk = Desk::new();
    for authorization in [None, Some("Bearer x".to_owned()), Some(format!("{AUTH}x"))] {
        let request = Incoming { authorization, ..incoming("GET", "/me", &Value::Null) };
        for status in [401, 403] {
            desk.sandbox.rules.token_status = status;
            let answer = desk.sandbox.handle(&request);
            assert_eq!((answer.status, answer.body.as_str()), (status, ""));
        }
    }
    assert_eq!(desk.sandbox.tokens_refused, 6);
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
