//! The sandbox behind a socket, spoken to byte by byte.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::sandbox::{DateHeader, Fault, Server, SimClock, WORKSPACE};
use crate::support::clock::{PATIENCE, timed};

use super::{AUTH, NOW, careful_body, create_body};

/// One keep-alive connection.
struct Line(TcpStream);

/// An answer as it came over the wire.
struct Heard {
    status: u16,
    head: String,
    body: String,
}

impl Line {
    fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads one answer by its Content-Length.
    fn hear(&mut self) -> std::io::Result<Heard> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = value(&head, "Content-Length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Heard { status, head, body: String::from_utf8(body).unwrap() })
    }

    fn create(&mut self) -> std::io::Result<Heard> {
        self.say(&create_request());
        self.hear()
    }
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
}

pub fn request(method: &str, path: &str, body: &str) -> String {
    let length = match body.len() {
        0 => String::new(),
        n => format!("content-type: application/json\r\nContent-Length: {n}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAUTHORIZATION: {AUTH}\r\nuser-agent: chute-toggl/0\r\n{length}\r\n{body}"
    )
}

pub fn create_request() -> String {
    request("POST", &format!("/api/v9/workspaces/{WORKSPACE}/time_entries"), &careful_body().to_string())
}

fn server() -> Server {
    Server::new(SimClock::at(NOW))
}

#[test]
fn many_requests_on_one_connection() {
    let server = server();
    assert_eq!(server.url(), format!("http://{}/api/v9", server.address()));
    assert_eq!(server.connections(), 0);
    let mut line = Line::to(&server);
    let created = line.create().unwrap();
    assert_eq!(created.status, 200);
    assert!(serde_json::from_str::<Value>(&created.body).unwrap()["id"].is_i64());
    assert_eq!(value(&created.head, "Date"), Some("Mon, 11 May 2026 09:00:00 GMT"));
    line.say(&request("GET", "/api/v9/me", ""));
    let me = line.hear().unwrap();
    assert_eq!(value(&me.head, "X-Toggl-Quota-Remaining"), Some("29"));
    assert_eq!(value(&me.head, "X-Toggl-Quota-Resets-In"), Some("3600"));
    assert_eq!(value(&me.head, "Retry-After"), None);
    assert_eq!(server.connections(), 1);
    server.sandbox().assert_clean();
}

#[test]
fn a_request_in_pieces_and_two_at_once() {
    let server = server();
    let mut line = Line::to(&server);
    let whole = create_request();
    for piece in whole.as_bytes().chunks(97) {
        line.0.write_all(piece).unwrap();
        line.0.flush().unwrap();
        std::thread::yield_now();
    }
    assert_eq!(line.hear().unwrap().status, 200);
    line.say(&format!("{whole}{}", request("GET", "/api/v9/me", "")));
    assert_eq!(line.hear().unwrap().status, 200);
    assert!(line.hear().unwrap().body.contains("default_workspace_id"));
    assert_eq!(server.sandbox().entries().len(), 2);
    server.sandbox().assert_clean();
}

#[test]
fn a_long_text_comes_whole() {
    let server = server();
    let mut line = Line::to(&server);
    let mut body = create_body();
    body["description"] = "作業".repeat(1500).into();
    body["tags"] = vec!["x".repeat(2000); 20].into();
    line.say(&request("POST", &format!("/api/v9/workspaces/{WORKSPACE}/time_entries"), &body.to_string()));
    assert_eq!(line.hear().unwrap().status, 200);
    assert_eq!(server.sandbox().entries()[0].description.chars().count(), 3000);
}

#[test]
fn what_is_not_below_the_base_does_not_reach_toggl() {
    let server = server();
    let mut line = Line::to(&server);
    for path in ["/me", "/api/v8/me", "/api/v9", "/api/v9me"] {
        line.say(&request("GET", path, ""));
        let heard = line.hear().unwrap();
        assert_eq!(
            (heard.status, value(&heard.head, "Content-Type")),
            (404, Some("text/html; charset=utf-8")),
            "{path}"
        );
        assert_eq!(value(&heard.head, "X-Toggl-Quota-Remaining"), None);
    }
    assert!(server.sandbox().log.iter().all(|line| line.call.is_none()));
    server.sandbox().assert_clean();
}

#[test]
fn pages_of_others_come_with_their_headers() {
    let server = server();
    let mut line = Line::to(&server);
    server.sandbox().faults.next(Fault::html(302, true));
    let found = line.create().unwrap();
    assert_eq!((found.status, value(&found.head, "Location")), (302, Some("https://login.example.com/")));
    assert!(found.head.starts_with("HTTP/1.1 302 Found\r\n"), "{}", found.head);
    server.sandbox().rules.date_header = DateHeader::Absent;
    assert_eq!(value(&line.create().unwrap().head, "Date"), None);
    server.sandbox().rules.date_header = DateHeader::Clock;
    server.sandbox().rules.clock_ahead_ms = 86_400_000;
    assert_eq!(value(&line.create().unwrap().head, "Date"), Some("Tue, 12 May 2026 09:00:00 GMT"));
    server.sandbox().faults.next(Fault::bare(304, true));
    line.say(&create_request());
    let mut head = [0; 64];
    let read = line.0.read(&mut head).unwrap();
    assert!(head[..read].starts_with(b"HTTP/1.1 304 Not Modified\r\n"));
    assert_eq!(server.sandbox().entries().len(), 4);
}

#[test]
fn the_connection_ends_when_the_client_asks_for_it() {
    let server = server();
    let mut line = Line::to(&server);
    line.say(&request("GET", "/api/v9/me", "").replace("Host: x", "Connection: close"));
    assert_eq!(line.hear().unwrap().status, 200);
    assert_eq!(line.hear().err().unwrap().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_broken_line_is_seen_as_such() {
    for (fault, carried_out, kind) in [
        (Fault::CutBefore, 0, ErrorKind::UnexpectedEof),
        (Fault::Unreachable, 0, ErrorKind::UnexpectedEof),
        (Fault::ResetBefore, 0, ErrorKind::ConnectionReset),
        (Fault::CutAfter, 1, ErrorKind::UnexpectedEof),
        (Fault::CutMiddle, 1, ErrorKind::UnexpectedEof),
    ] {
        let server = server();
        server.sandbox().faults.next(fault.clone());
        let mut line = Line::to(&server);
        assert_eq!(line.create().err().map(|e| e.kind()), Some(kind), "{fault:?}");
        assert_eq!(server.sandbox().entries().len(), carried_out, "{fault:?}");
        assert_eq!(Line::to(&server).create().unwrap().status, 200, "the next connection works");
    }
}

#[test]
fn the_first_half_of_an_answer_promises_the_rest() {
    let server = server();
    server.sandbox().faults.next(Fault::CutMiddle);
    let mut line = Line::to(&server);
    line.say(&create_request());
    let mut bytes = Vec::new();
    line.0.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!body.is_empty() && body.len() < value(head, "Content-Length").unwrap().parse().unwrap());
}

#[test]
fn odd_answers_are_whole_for_http() {
    let server = server();
    let mut line = Line::to(&server);
    for (fault, status) in
        [(Fault::Garbage, 200), (Fault::NoId, 200), (Fault::HalfBody, 200), (Fault::status(503, true), 503)]
    {
        server.sandbox().faults.next(fault);
        assert_eq!(line.create().unwrap().status, status);
    }
    assert_eq!(server.sandbox().entries().len(), 4);
}

#[test]
fn a_slow_answer_comes_late() {
    let server = server();
    server.sandbox().faults.next(Fault::Slow { ms: 12, carried_out: true });
    let mut line = Line::to(&server);
    let (took, answer) = timed(|| line.create().unwrap());
    assert_eq!(answer.status, 200);
    assert!(took >= Duration::from_millis(12));
}

#[test]
fn hooks_are_called_around_the_request() {
    let server = server();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |when: &'static str| {
        let (seen, sandbox) = (Arc::clone(&seen), server.shared());
        Box::new(move |incoming: &super::Incoming| {
            let there = sandbox.lock().unwrap().entries().len();
            seen.lock().unwrap().push(format!("{when} {}: {there}", incoming.method));
        })
    };
    server.on_request(note("before"));
    server.after_request(note("after"));
    Line::to(&server).create().unwrap();
    assert_eq!(*seen.lock().unwrap(), ["before POST: 0", "after POST: 1"]);
}

#[test]
fn a_dropped_server_closes_its_connections() {
    let server = server();
    let mut line = Line::to(&server);
    line.create().unwrap();
    drop(server);
    assert!(line.create().is_err());
}
