//! The contract with Toggl's API, byte for byte where it matters, against a stand-in server on loopback.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::process::Command;

use chute_toggl::toggl::http::Client;
use chute_toggl::toggl::{Answer, Method, QuotaHeaders, Request, Token, Transport, base};
use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::{Value, json};

use crate::support::clock::PATIENCE;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// `printf %s 0123456789abcdef0123456789abcdef:api_token | base64`
const BASIC: &str = "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6YXBpX3Rva2Vu";

fn client(url: &str) -> Client {
    Client::new(base::parse(url).unwrap(), &Token::parse(TOKEN).unwrap(), PATIENCE)
}

fn send(server: &ServerGuard, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = Request { method, path: path.to_owned(), body };
    client(&format!("{}/api/v9", server.url())).send(&request).unwrap()
}

/// What goes with every request.
fn mock(server: &mut ServerGuard, method: &str, path: &str) -> Mock {
    server
        .mock(method, format!("/api/v9{path}").as_str())
        .match_header("authorization", BASIC)
        .match_header("user-agent", concat!("chute-toggl/", env!("CARGO_PKG_VERSION")))
        .match_header("accept", "application/json")
        .expect(1)
}

#[test]
fn every_call_is_sent_as_toggl_wants_it() {
    let entry = json!({"created_with": "chute_kun", "workspace_id": 7, "description": "朝会",
        "start": "2025-06-02T09:00:00+09:00", "duration": -1});
    let change = json!({"stop": "2025-06-02T09:30:00+09:00", "duration": 1800});
    let rename = json!([{"op": "replace", "path": "/description", "value": "新"}]);
    for (method, path, body) in [
        (Method::Post, "/workspaces/7/time_entries", Some(entry)),
        (Method::Put, "/workspaces/7/time_entries/4123456789012", Some(change)),
        (Method::Patch, "/workspaces/7/time_entries/1,2,3", Some(rename)),
        (Method::Patch, "/workspaces/7/time_entries/1/stop", None),
        (Method::Delete, "/workspaces/7/time_entries/1", None),
        (Method::Delete, "/with/a/body", Some(json!({"a": 1}))),
        (Method::Get, "/me", None),
        (Method::Get, "/me/time_entries?since=1748822400", None),
        (Method::Get, "/me/time_entries?start_date=2025-06-01&end_date=2025-06-08", None),
    ] {
        let mut server = Server::new();
        let mock = mock(&mut server, method.as_str(), path);
        let mock = match &body {
            Some(body) => mock
                .match_header("content-type", "application/json")
                .match_header("content-length", body.to_string().len().to_string().as_str())
                .match_body(body.to_string().as_str()),
            None => mock.match_header("content-type", Matcher::Missing).match_body(""),
        };
        let mock = mock.match_header("transfer-encoding", Matcher::Missing).with_body("{\"id\": 1}").create();
        let answer = send(&server, method, path, body);
        mock.assert();
        assert_eq!((answer.status, answer.body.as_str()), (200, "{\"id\": 1}"), "{method:?} {path}");
    }
}

#[test]
fn an_answer_of_any_status_is_an_answer() {
    for status in [200, 201, 204, 301, 304, 400, 401, 402, 403, 404, 409, 410, 429, 500, 502, 503] {
        let mut server = Server::new();
        let mock = mock(&mut server, "POST", "/x").with_status(status.into()).with_body("\"why\"").create();
        let answer = send(&server, Method::Post, "/x", Some(json!({})));
        mock.assert();
        assert_eq!(answer.status, status);
        if ![204, 301, 304].contains(&status) {
            assert_eq!(answer.body, "\"why\"");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let mut server = Server::new();
    mock(&mut server, "GET", "/x").with_body(b"a\xffb").create();
    assert_eq!(send(&server, Method::Get, "/x", None).body, "a\u{fffd}b");
}

#[test]
fn a_body_without_end_is_not_read_to_its_end() {
    let mut server = Server::new();
    mock(&mut server, "GET", "/x").with_body(vec![b' '; (16 << 20) + 1]).create();
    let request = Request { method: Method::Get, path: "/api/v9/x".to_owned(), body: None };
    let failure = client(&server.url()).send(&request).unwrap_err();
    assert!(matches!(&failure, chute_toggl::toggl::Failure::Unknown(m) if m.contains("more than")), "{failure:?}");
}

fn with_headers(headers: &[(&'static str, &str)]) -> Answer {
    let mut server = Server::new();
    let mock = mock(&mut server, "GET", "/x");
    headers.iter().fold(mock, |mock, (name, value)| mock.with_header(*name, value)).create();
    send(&server, Method::Get, "/x", None)
}

#[test]
fn the_quota_is_read_from_its_headers() {
    let quota = |headers: &[_]| with_headers(headers).quota;
    let (remaining, resets) = ("X-Toggl-Quota-Remaining", "x-toggl-quota-resets-in");
    assert_eq!(
        quota(&[(remaining, "29"), (resets, "3599")]),
        Some(QuotaHeaders { remaining: 29, resets_in: Some(3599) })
    );
    assert_eq!(quota(&[(remaining, " 0 "), (resets, " 7")]), Some(QuotaHeaders { remaining: 0, resets_in: Some(7) }));
    assert_eq!(quota(&[(remaining, "-1")]), Some(QuotaHeaders { remaining: -1, resets_in: None }));
    for odd in ["", "soon", "-5", "1.5", "99999999999999999999", "31536000"] {
        assert_eq!(
            quota(&[(remaining, "3"), (resets, odd)]),
            Some(QuotaHeaders { remaining: 3, resets_in: None }),
            "{odd}"
        );
    }
    assert_eq!(quota(&[(remaining, "many"), (resets, "5")]), None);
    assert_eq!(quota(&[(resets, "5")]), None);
    assert_eq!(quota(&[]), None);
}

#[test]
fn retry_after_counts_when_it_is_a_number_of_seconds() {
    for (value, expected) in [
        ("30", Some(30)),
        ("0", Some(0)),
        ("-1", None),
        ("9999999", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("x", None),
    ] {
        assert_eq!(with_headers(&[("Retry-After", value)]).retry_after, expected, "{value}");
    }
    assert_eq!(with_headers(&[]).retry_after, None);
}

#[test]
fn the_clock_of_the_server_is_read_from_date() {
    for (value, expected) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
        ("Sun, 06 Nov 1994 08:49:37 +0000", Some(784_111_777)),
        ("Sun, 06 Nov 1994 17:49:37 +0900", Some(784_111_777)),
        ("yesterday", None),
        ("784111777", None),
        ("", None),
    ] {
        assert_eq!(with_headers(&[("Date", value)]).date, expected, "{value}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_the_token_stays() {
    let mut elsewhere = Server::new();
    let followed = elsewhere.mock("GET", Matcher::Any).expect(0).create();
    let posted = elsewhere.mock("POST", Matcher::Any).expect(0).create();
    for status in [301, 302, 303, 307, 308] {
        for (method, body) in [(Method::Get, None), (Method::Post, Some(json!({})))] {
            let mut server = Server::new();
            mock(&mut server, method.as_str(), "/x")
                .with_status(status)
                .with_header("Location", &elsewhere.url())
                .create();
            assert_eq!(usize::from(send(&server, method, "/x", body).status), status);
        }
    }
    followed.assert();
    posted.assert();
}

#[test]
fn the_token_is_not_in_what_debug_prints() {
    let client = client("http://127.0.0.1:1");
    let printed = format!("{client:?} {client:#?}");
    assert!(printed.contains("127.0.0.1"));
    assert!(!printed.contains(TOKEN) && !printed.contains(BASIC));
}

/// Proxies are taken from the environment, so the tests that ask about them are run again in another one.
fn run_again(test: &str, environment: &[(&str, &str)]) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--include-ignored"]);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed")
}

#[test]
fn what_is_for_this_machine_goes_through_no_proxy() {
    let proxies = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name, "http://127.0.0.1:1"));
    assert!(run_again("http_test::every_call_is_sent_as_toggl_wants_it", &proxies));
}

#[test]
fn a_proxy_that_is_not_there_means_not_sent() {
    let environment = [("HTTPS_PROXY", "http://127.0.0.1:1"), ("ALL_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", "")];
    assert!(run_again("http_test::with_a_proxy_that_is_not_there", &environment));
}

#[test]
#[ignore = "is run by `a_proxy_that_is_not_there_means_not_sent`"]
fn with_a_proxy_that_is_not_there() {
    for (method, body) in [(Method::Get, None), (Method::Post, Some(json!({})))] {
        let request = Request { method, path: "/x".to_owned(), body };
        let failure = client("https://toggl.invalid").send(&request).unwrap_err();
        assert!(matches!(failure, chute_toggl::toggl::Failure::NotSent(_)), "{failure:?}");
    }
}
