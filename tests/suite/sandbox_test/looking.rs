//! What the reading calls show and hide.

use serde_json::Value;
use serde_json::json;

use super::{Api, HOUR, NOW, json_of};
use crate::sandbox::WORKSPACE;

#[test]
fn me_tells_the_default_workspace() {
    let me = json_of(&Api::new().ask("GET", "/me", &Value::Null));
    assert_eq!(me["default_workspace_id"], WORKSPACE);
    assert!(me["id"].is_i64() && me["email"].is_string());
}

#[test]
fn current_is_the_running_entry() {
    let mut api = Api::new();
    let id = api.id(&json!({"duration": -1}));
    assert_eq!(json_of(&api.ask("GET", "/me/time_entries/current", &Value::Null))["id"], id);
}

#[test]
fn a_range_looks_at_the_start_and_leaves_its_end_out() {
    let mut api = Api::new();
    let midnight = NOW - 9 * HOUR;
    for (text, start) in [("before", midnight - 1), ("first", midnight), ("last", midnight + 24 * HOUR - 1)] {
        api.sandbox.insert(text, start, Some(start + 7200));
    }
    api.sandbox.insert("after", midnight + 24 * HOUR, None);
    let gone = api.sandbox.insert("gone", midnight + 5, Some(midnight + 5));
    api.sandbox.remove(gone);
    assert_eq!(api.texts("start_date=2026-05-11&end_date=2026-05-12"), ["last", "first"]);
    assert_eq!(
        api.texts("start_date=2026-05-11T09:00:00%2B09:00&end_date=2026-05-12T00:00:01Z"),
        ["after", "last", "first"]
    );
    api.sandbox.assert_clean();
}

#[test]
fn since_looks_at_changes_and_tells_deleted_entries() {
    let mut api = Api::new();
    let old = api.sandbox.insert("old", NOW - 500, Some(NOW - 400));
    api.sandbox.insert("untouched", NOW - 800, Some(NOW - 700));
    api.clock.advance(10_000);
    let gone = api.sandbox.insert("gone", NOW - 300, Some(NOW - 200));
    api.clock.advance(10_000);
    api.sandbox.remove(gone);
    api.put(old, &json!({"description": "changed"}));
    assert_eq!(api.texts(&format!("since={}", NOW + 20)), ["gone", "changed"]);
    assert_eq!(api.texts(&format!("since={NOW}")).len(), 3);
    assert_eq!(api.texts(&format!("since={}", NOW + 21)).len(), 0);
    let listed = api.list(&format!("since={}", NOW + 20));
    assert_eq!(listed[0]["server_deleted_at"].as_str().unwrap()[..19], *"2026-05-11T09:00:20");
    assert_eq!(listed[1]["server_deleted_at"], Value::Null);
    api.sandbox.assert_clean();
}

#[test]
fn lists_reach_back_three_calendar_months() {
    for (now, floor, before) in [
        ("2026-05-11T09:00:00Z", "2026-02-11", "2026-02-10"),
        ("2026-05-31T09:00:00Z", "2026-02-28", "2026-02-27"),
        ("2024-05-31T23:59:59Z", "2024-02-29", "2024-02-28"),
        ("2026-02-03T00:00:00Z", "2025-11-03", "2025-11-02"),
    ] {
        let mut api = Api::new();
        api.clock.set(unix(now));
        api.sandbox.insert("x", unix(&format!("{floor}T00:00:00Z")), None);
        assert_eq!(api.texts(&format!("start_date={floor}&end_date=2027-01-01")), ["x"]);
        let floor_unix = unix(&format!("{floor}T00:00:00Z"));
        api.list(&format!("since={floor_unix}"));
        for query in [format!("start_date={before}&end_date=2027-01-01"), format!("since={}", floor_unix - 1)] {
            let answer = api.ask("GET", &format!("/me/time_entries?{query}"), &Value::Null);
            assert_eq!(answer.status, 400);
            assert_eq!(answer.body, format!("start_date must not be earlier than {floor}"));
        }
        api.sandbox.assert_clean();
    }
}

fn unix(text: &str) -> i64 {
    use time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp()
}

#[test]
fn a_list_is_cut_at_1000_without_a_word() {
    let mut api = Api::new();
    for at in 0..1001 {
        api.sandbox.insert(&at.to_string(), NOW - HOUR + at, Some(NOW));
    }
    let texts = api.texts(&format!("since={NOW}"));
    assert_eq!((texts.len(), texts[0].as_str(), texts[999].as_str()), (1000, "1000", "1"));
}

#[test]
fn odd_queries_are_refused() {
    let mut api = Api::new();
    for query in [
        "since=yesterday",
        "start_date=2026-05-11",
        "end_date=2026-05-11",
        "since=1778490000&start_date=2026-05-01&end_date=2026-05-02",
        "start_date=2026-05-11&end_date=2026-05-10",
        "start_date=2026-05-11T00:00:00+09:00&end_date=2026-05-12",
        "page=2",
    ] {
        let answer = api.ask("GET", &format!("/me/time_entries?{query}"), &Value::Null);
        assert_eq!((answer.status, api.sandbox.violations.len()), (400, 1), "{query}");
        api.sandbox.violations.clear();
    }
    assert_eq!(api.ask("GET", "/me/time_entries", &Value::Null).status, 200);
    api.expect_violation("no particular time");
}

#[test]
fn reads_can_lag_behind_writes() {
    let mut api = Api::new();
    api.sandbox.rules.lag_ms = 4000;
    let id = api.id(&json!({"duration": -1}));
    let since = format!("since={}", NOW - HOUR);
    let current = |api: &mut Api| api.ask("GET", "/me/time_entries/current", &Value::Null).body != "null";
    assert!(api.texts(&since).is_empty());
    assert!(!current(&mut api));
    api.clock.advance(3999);
    assert!(api.texts(&since).is_empty());
    api.clock.advance(1);
    assert_eq!(api.texts(&since), ["Write report"]);
    assert!(current(&mut api));
    api.put(id, &json!({"description": "second"}));
    api.clock.advance(1000);
    api.put(id, &json!({"description": "third"}));
    assert_eq!(api.texts(&since), ["Write report"]);
    api.clock.advance(3000);
    assert_eq!(api.texts(&since), ["second"]);
    api.clock.advance(1000);
    assert_eq!(api.texts(&since), ["third"]);
    api.sandbox.remove(id);
    assert_eq!(api.texts("start_date=2026-05-11&end_date=2026-05-12"), ["third"]);
    api.clock.advance(4000);
    assert!(api.texts("start_date=2026-05-11&end_date=2026-05-12").is_empty());
}
