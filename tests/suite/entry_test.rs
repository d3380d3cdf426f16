//! What Toggl writes, and what is made of it; tokens and base URLs.

#![allow(clippy::unwrap_used)]

use chute_toggl::toggl::base::{self, BaseError};
use chute_toggl::toggl::entry::{
    error_text, parse_bulk, parse_changed, parse_entries, parse_entry, parse_me, parse_named,
};
use chute_toggl::toggl::token::TokenError;
use chute_toggl::toggl::{AccountId, BulkAnswer, Changed, EntryId, Me, Named, TimeEntry, Token, WorkspaceId};
use serde_json::json;
use time::macros::datetime;

/// As the server writes it, with the fields that are nobody's business here.
fn entry() -> serde_json::Value {
    json!({
        "id": 4_123_456_789_012_i64, "workspace_id": 77, "wid": 77, "project_id": null, "task_id": null, "billable": false,
        "start": "2025-06-02T09:00:00Z", "stop": "2025-06-02T09:30:00Z", "duration": 1800, "description": "朝会",
        "tags": null, "tag_ids": [], "duronly": true, "at": "2025-06-02T09:31:07+00:00", "server_deleted_at": null,
        "user_id": 5, "uid": 5, "permissions": null,
    })
}

fn with(field: &str, value: serde_json::Value) -> TimeEntry {
    let mut entry = entry();
    entry[field] = value;
    parse_entry(&entry.to_string()).unwrap()
}

#[test]
fn an_entry_is_read() {
    let expected = TimeEntry {
        id: EntryId(4_123_456_789_012),
        workspace: WorkspaceId(77),
        description: "朝会".to_owned(),
        start: datetime!(2025-06-02 09:00 UTC),
        stop: Some(datetime!(2025-06-02 09:30 UTC)),
        project: None,
        tags: Vec::new(),
        deleted: false,
    };
    assert_eq!(parse_entry(&entry().to_string()), Some(expected.clone()));
    assert_eq!(parse_entries(&json!([entry()]).to_string()), Ok(vec![expected]));
}

#[test]
fn instants_come_in_several_ways() {
    for text in
        ["2025-06-02T09:00:00Z", "2025-06-02T09:00:00+00:00", "2025-06-02T09:00:00.987Z", "2025-06-02T18:00:00+09:00"]
    {
        assert_eq!(with("start", json!(text)).start, datetime!(2025-06-02 09:00 UTC), "{text}");
    }
}

#[test]
fn the_sign_of_the_duration_decides_what_runs() {
    let half_past_nine = Some(datetime!(2025-06-02 09:30 UTC));
    for (duration, stop, expected) in [
        (json!(-1), json!(null), None),
        (json!(-1_748_854_801), json!(null), None),
        (json!(-1), json!("2025-06-02T09:30:00Z"), None),
        (json!(1800), json!("2025-06-02T09:30:00Z"), half_past_nine),
        (json!(1800), json!(null), half_past_nine),
        (json!(1800), json!("soon"), half_past_nine),
        (json!(0), json!(null), Some(datetime!(2025-06-02 09:00 UTC))),
        (json!(null), json!("2025-06-02T09:30:00Z"), half_past_nine),
        (json!(null), json!(null), None),
        (json!(i64::MAX), json!(null), None),
    ] {
        let mut entry = entry();
        (entry["duration"], entry["stop"]) = (duration.clone(), stop.clone());
        assert_eq!(parse_entry(&entry.to_string()).unwrap().stop, expected, "{duration} {stop}");
    }
}

#[test]
fn fields_come_and_go() {
    assert_eq!(with("description", json!(null)).description, "");
    assert!(with("server_deleted_at", json!("2025-06-03T00:00:00Z")).deleted);
    let least = json!({"id": 1, "wid": 2, "start": "2025-06-02T09:00:00Z", "duration": -1});
    let least = parse_entry(&least.to_string()).unwrap();
    assert_eq!(
        (least.id, least.workspace, least.description.as_str(), least.deleted),
        (EntryId(1), WorkspaceId(2), "", false)
    );
}

#[test]
fn a_list_with_an_unreadable_entry_is_no_list() {
    for field in ["id", "start"] {
        let mut odd = entry();
        odd[field] = json!(null);
        let message = parse_entries(&json!([entry(), odd]).to_string()).unwrap_err();
        assert!(message.contains(&format!("no {field}")), "{message}");
    }
    for body in ["", "{}", "<html>", "[1]", "\"no\"", "[{\"id\": 1}]"] {
        assert!(parse_entries(body).is_err(), "{body}");
    }
    assert_eq!(parse_entries("[]"), Ok(vec![]));
    assert_eq!(parse_entries("null"), Ok(vec![]));
}

#[test]
fn without_an_id_nothing_was_created() {
    for body in
        ["", "null", "{}", "[]", "\"ok\"", "{\"id\": null}", "{\"id\": 0}", "{\"id\": \"7\"}", "{\"id\": 7", "<html>"]
    {
        assert_eq!(parse_changed(body), None, "{body}");
        assert_eq!(parse_entry(body), None, "{body}");
    }
    assert_eq!(
        parse_changed("{\"id\": 7}"),
        Some(Changed { id: EntryId(7), shown: None, account: None, contradicts: false })
    );
    assert_eq!(parse_entry("{\"id\": 7}"), None);
    let changed = parse_changed(&entry().to_string()).unwrap();
    assert_eq!((changed.id, changed.account), (EntryId(4_123_456_789_012), Some(AccountId(5))));
    assert_eq!(changed.shown, parse_entry(&entry().to_string()));
}

#[test]
fn the_default_workspace_is_found() {
    let workspace = |body: &str| parse_me(body).and_then(|me| me.workspace);
    assert_eq!(workspace("{\"id\": 5, \"default_workspace_id\": 77}"), Some(WorkspaceId(77)));
    assert_eq!(workspace("{\"default_workspace_id\": null, \"default_wid\": 78}"), Some(WorkspaceId(78)));
    for body in ["", "null", "{}", "{\"default_workspace_id\": null}", "{\"default_workspace_id\": 0}"] {
        assert_eq!(workspace(body), None, "{body}");
    }
    let me = Me { account: Some(AccountId(5)), email: "a@b.example".to_owned(), workspace: None };
    assert_eq!(parse_me("{\"id\": 5, \"email\": \"a@b.example\"}"), Some(me));
    for body in ["", "null", "[]", "\"5\"", "<html>"] {
        assert_eq!(parse_me(body), None, "{body}");
    }
}

#[test]
fn workspaces_and_projects_have_an_id_and_a_name() {
    let named = |id, name: &str| Named { id, name: name.to_owned() };
    let parse_named = |body: &str| parse_named(body, |id| id);
    let both = parse_named(r#"[{"id": 7, "name": "ACME", "active": true}, {"id": 8, "name": null}]"#);
    assert_eq!(both, Some(vec![named(7, "ACME"), named(8, "")]));
    assert_eq!((parse_named("null"), parse_named("[]")), (Some(vec![]), Some(vec![])));
    for body in ["", "{}", "[{}]", "[{\"id\": 0}]", "\"ACME\"", "<html>"] {
        assert_eq!(parse_named(body), None, "{body}");
    }
}

#[test]
fn a_bulk_answer_has_two_parts() {
    let both = parse_bulk(r#"{"success": [1, 2], "failure": [{"id": 3, "message": "gone"}, {"id": 4}]}"#);
    let failure = vec![(EntryId(3), "gone".to_owned()), (EntryId(4), String::new())];
    assert_eq!(both, Some(BulkAnswer { success: vec![EntryId(1), EntryId(2)], failure }));
    assert_eq!(parse_bulk(r#"{"success": null, "failure": null}"#), Some(BulkAnswer::default()));
    assert_eq!(parse_bulk(r#"{"success": [1]}"#).unwrap().success, [EntryId(1)]);
    for body in ["", "{}", "[]", "null", "\"gone\""] {
        assert_eq!(parse_bulk(body), None, "{body}");
    }
}

#[test]
fn a_reason_is_found_in_every_kind_of_body() {
    let nginx = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center>nginx</center></body></html>";
    for (body, expected) in [
        ("", ""),
        ("  \n", ""),
        ("null", ""),
        ("\"\"", ""),
        ("\"stop time must be after start time\"\n", "stop time must be after start time"),
        ("Incorrect username and/or password", "Incorrect username and/or password"),
        (r#"{"error": "no"}"#, "no"),
        (r#"{"message": "no", "code": 3}"#, "no"),
        (r#"{"error": {"message": "deep", "code": 1}}"#, "deep"),
        (r#"{"error": "", "message": "said here"}"#, "said here"),
        (r#"{"error_message": ["a", "b"], "tip": "c"}"#, "a; b"),
        (r#"{"code": 3}"#, r#"{"code": 3}"#),
        ("{\"error\": ", "{\"error\":"),
        (nginx, "502 Bad Gateway"),
        ("<!DOCTYPE html><TITLE>\n Down </TITLE>", "Down"),
        ("<html><title></title><body><h1>Not\nfound</h1><p>sorry</body>", "Not found sorry"),
        ("<html><body><p>cut", "cut"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\"red \\u001b[31m text\"", "red \u{1b}[31m text"),
        ("turned \u{202e}round", "turned \u{202e}round"),
    ] {
        assert_eq!(error_text(body), expected, "{body:?}");
    }
    let whole = "あ".repeat(200);
    assert_eq!(error_text(&whole), whole);
    let long = error_text(&"あ".repeat(5000));
    assert_eq!(long.chars().count(), 200);
    assert!(long.ends_with('…'));
    for odd in ["<", "<title", "<title>", "<é<title>İ</title", "{", "[[[[", "<>"] {
        let _ = error_text(odd);
    }
}

#[test]
fn a_token_is_taken_as_it_was_pasted() {
    let token = Token::parse(" 0123456789abcdef0123456789ABCDEF\n").unwrap();
    assert!(!token.looks_odd());
    assert_eq!(token, Token::parse("0123456789abcdef0123456789ABCDEF").unwrap());
    assert!(Token::parse("short").unwrap().looks_odd());
    assert!(Token::parse("0123456789abcdef0123456789abcdeg").unwrap().looks_odd());
    for (text, error) in [
        ("", TokenError::Empty),
        (" \t\n", TokenError::Empty),
        ("toggl_sk_0123456789", TokenError::OtherProduct),
        ("two words", TokenError::Character),
        ("bell\u{7}", TokenError::Character),
        ("tökén", TokenError::Character),
        ("0123456789abcdef0123456789abcdef:api_token", TokenError::Colon),
    ] {
        assert_eq!(Token::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_token_is_in_no_message() {
    let secret = "5ec1e70123456789abcdef0123456789";
    let token = Token::parse(secret).unwrap();
    assert_eq!(format!("{token:?} {token:#?}"), "Token(hidden) Token(hidden)");
    for text in [format!("toggl_sk_{secret}"), format!("{secret} {secret}"), format!("{secret}:api_token")] {
        let error = Token::parse(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    for text in
        [secret.to_owned(), format!("https://{secret}:api_token@api.track.toggl.com"), format!("{secret}@host/x")]
    {
        let error = base::parse(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret));
    }
}

#[test]
fn the_token_goes_over_https_or_nowhere() {
    for (text, url, host, loopback) in [
        (base::OFFICIAL, base::OFFICIAL, "api.track.toggl.com", false),
        (" https://example.org/api/v9// ", "https://example.org/api/v9", "example.org", false),
        ("https://example.org:8443", "https://example.org:8443", "example.org", false),
        ("HTTPS://example.org", "HTTPS://example.org", "example.org", false),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", "127.0.0.1", true),
        ("http://127.8.9.10", "http://127.8.9.10", "127.8.9.10", true),
        ("http://[::1]:1", "http://[::1]:1", "[::1]", true),
        ("http://LocalHost:1", "http://LocalHost:1", "LocalHost", true),
        ("https://localhost", "https://localhost", "localhost", true),
    ] {
        let base = base::parse(text).unwrap();
        assert_eq!((base.url(), base.host(), base.is_loopback()), (url, host, loopback), "{text}");
    }
    for host in ["example.org", "128.0.0.1", "127.0.0.1.example.org", "localhost.example.org", "[::2]", "0.0.0.0"] {
        assert_eq!(base::parse(&format!("http://{host}/")), Err(BaseError::InTheClear(host.to_owned())));
    }
    for (text, error) in [
        ("", BaseError::NotAUrl),
        ("example.org", BaseError::NotAUrl),
        ("/api/v9", BaseError::NotAUrl),
        ("https://", BaseError::NotAUrl),
        ("https:///api", BaseError::NotAUrl),
        ("https://exa mple.org", BaseError::NotAUrl),
        ("https://example.org:port", BaseError::NotAUrl),
        ("https://example.org:99999", BaseError::NotAUrl),
        ("https://example.org:", BaseError::NotAUrl),
        ("ftp://example.org", BaseError::Scheme("ftp".to_owned())),
        ("https://me@example.org", BaseError::User),
        ("https://me:secret@example.org/", BaseError::User),
        ("https://example.org/?a=b", BaseError::Query),
        ("https://example.org/#a", BaseError::Query),
    ] {
        assert_eq!(base::parse(text), Err(error), "{text}");
    }
}
