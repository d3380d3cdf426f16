//! Everything that can go wrong on the way, on real sockets: was the request sent, or may it have been?

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use chute_toggl::toggl::entry::parse_changed;
use chute_toggl::toggl::http::Client;
use chute_toggl::toggl::{Answer, Failure, Method, Request, Token, Transport, base};
use serde_json::json;

use crate::support::clock::PATIENCE;

const LONG: Duration = PATIENCE;
/// Long enough for a connection on loopback on the busiest machine, short enough to be waited for.
const SHORT: Duration = Duration::from_secs(2);

fn client(url: &str, timeout: Duration) -> Client {
    let token = Token::parse("5ec1e70123456789abcdef0123456789").unwrap();
    Client::new(base::parse(url).unwrap(), &token, timeout)
}

/// One request of each kind that is told apart: with a body and without.
fn requests() -> [Request; 4] {
    let request = |method, body| Request { method, path: "/x".to_owned(), body };
    let body = Some(json!({"description": "a task"}));
    [
        request(Method::Post, body.clone()),
        request(Method::Put, body),
        request(Method::Get, None),
        request(Method::Patch, None),
    ]
}

/// A server that treats each connection as `act` says, for as long as the test runs.
fn serve(act: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| act(stream.unwrap())));
    address
}

/// Reads a whole request, head and body.
fn whole_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

fn outcomes(url: &str, timeout: Duration) -> Vec<Result<Answer, Failure>> {
    thread::scope(|scope| {
        let sent = requests().map(|request| scope.spawn(move || client(url, timeout).send(&request)));
        sent.map(|sent| sent.join().unwrap()).into()
    })
}

fn assert_not_sent(url: &str, timeout: Duration) {
    for outcome in outcomes(url, timeout) {
        let Err(Failure::NotSent(message)) = outcome else { panic!("{outcome:?}") };
        assert!(!message.is_empty() && !message.contains("5ec1e7"), "{message}");
    }
}

/// After all that was sent, the server does `act` with the connection.
fn assert_unknown(timeout: Duration, act: impl Fn(TcpStream) + Send + 'static) {
    let address = serve(act);
    for outcome in outcomes(&format!("http://{address}"), timeout) {
        let Err(Failure::Unknown(message)) = outcome else { panic!("{outcome:?}") };
        assert!(!message.is_empty() && !message.contains("5ec1e7"), "{message}");
    }
}

/// The server reads the request, writes these bytes and closes.
fn answering(bytes: &'static [u8]) -> impl Fn(TcpStream) + Send + 'static {
    move |mut stream| {
        whole_request(&mut stream);
        let _ = stream.write_all(bytes);
    }
}

#[test]
fn refused_is_not_sent() {
    // Bound and let go again: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_not_sent(&format!("http://{address}"), LONG);
    assert_not_sent(&format!("https://{address}"), LONG);
}

#[test]
fn a_host_without_an_address_is_not_sent() {
    // `.invalid` exists nowhere; a resolver that is not there either is not waited for.
    assert_not_sent("https://toggl.invalid", SHORT);
}

#[test]
fn a_failed_handshake_is_not_sent() {
    let plain = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    assert_not_sent(&format!("https://{plain}"), LONG);
}

/// The handshake counts as part of connecting. (A connection that itself does not come about cannot be had on loopback
/// without filling the queue of a listener; the error is the same.)
#[test]
fn a_connection_that_does_not_come_about_is_not_sent() {
    let (keep, _kept): (Sender<TcpStream>, Receiver<_>) = channel();
    let mute = serve(move |stream| keep.send(stream).unwrap());
    assert_not_sent(&format!("https://{mute}"), SHORT);
}

#[test]
fn closed_before_it_was_read_is_unknown() {
    assert_unknown(LONG, drop);
}

#[test]
fn reset_in_the_middle_of_the_request_is_unknown() {
    assert_unknown(LONG, |mut stream| {
        // What is left unread makes the operating system send a reset.
        stream.read_exact(&mut [0; 10]).unwrap();
    });
}

#[test]
fn closed_without_an_answer_is_unknown() {
    assert_unknown(LONG, answering(b""));
}

#[test]
fn an_answer_cut_in_its_head_is_unknown() {
    assert_unknown(LONG, answering(b"HTTP/1.1 200 OK\r\nContent-Le"));
    assert_unknown(LONG, answering(b"HTT"));
}

#[test]
fn an_answer_cut_in_its_body_is_unknown() {
    assert_unknown(LONG, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\": 1}"));
    assert_unknown(LONG, answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"id\": 1}\r\n"));
}

#[test]
fn garbage_in_place_of_http_is_unknown() {
    assert_unknown(LONG, answering(b"220 smtp.example.org ESMTP\r\n\r\n"));
    assert_unknown(LONG, answering(b"\x00\xff\x00\xff\r\n\r\n"));
}

#[test]
fn no_answer_in_time_is_unknown() {
    let (keep, _kept): (Sender<TcpStream>, Receiver<_>) = channel();
    assert_unknown(SHORT, move |mut stream| {
        whole_request(&mut stream);
        keep.send(stream).unwrap();
    });
}

#[test]
fn half_an_answer_in_time_is_unknown() {
    let (keep, _kept): (Sender<TcpStream>, Receiver<_>) = channel();
    assert_unknown(SHORT, move |mut stream| {
        whole_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"id\"").unwrap();
        keep.send(stream).unwrap();
    });
}

#[test]
fn an_answer_without_an_id_is_an_answer_but_no_success() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ngarbage\x00",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\n\"oops\"",
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n<html>",
    ] {
        let address = serve(answering(answer));
        for outcome in outcomes(&format!("http://{address}"), LONG) {
            assert_eq!(parse_changed(&outcome.unwrap().body), None);
        }
    }
}

#[test]
fn each_request_has_a_connection_of_its_own() {
    let (seen, requests_seen) = channel();
    // Closes after each answer without a word about it in the answer, as a server that is tired of waiting does.
    let address = serve(move |mut stream| {
        seen.send(whole_request(&mut stream)).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"id\": 1}");
    });
    let mut client = client(&format!("http://{address}"), LONG);
    for request in requests() {
        assert_eq!(parse_changed(&client.send(&request).unwrap().body).unwrap().id.0, 1);
        let seen = requests_seen.recv().unwrap();
        assert!(seen.starts_with(&format!("{} /x HTTP/1.1\r\n", request.method.as_str())), "{seen}");
    }
}

#[test]
fn a_connection_is_not_kept_even_if_the_server_would() {
    let (seen, connections_seen) = channel();
    let address = serve(move |mut stream| {
        whole_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 9\r\n\r\n{\"id\": 1}").unwrap();
        // Ends when the client closes; would hang for ever if it kept the connection.
        seen.send(stream.read(&mut [0]).unwrap()).unwrap();
    });
    let mut client = client(&format!("http://{address}"), LONG);
    for request in requests() {
        client.send(&request).unwrap();
        assert_eq!(connections_seen.recv_timeout(LONG), Ok(0));
    }
}

#[test]
fn what_has_no_body_has_no_headers_of_one() {
    let (seen, requests_seen) = channel();
    let address = serve(move |mut stream| {
        seen.send(whole_request(&mut stream)).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    for method in [Method::Get, Method::Patch, Method::Delete] {
        let request = Request { method, path: "/x/stop".to_owned(), body: None };
        client(&format!("http://{address}"), LONG).send(&request).unwrap();
        let seen = requests_seen.recv().unwrap().to_ascii_lowercase();
        assert!(!seen.contains("content-type") && !seen.contains("transfer-encoding"), "{seen}");
        assert!(!seen.contains("content-length: ") || seen.contains("content-length: 0\r\n"), "{seen}");
    }
}

#[test]
fn a_path_that_is_none_is_not_sent() {
    let request = Request { method: Method::Get, path: "/a b".to_owned(), body: None };
    let failure = client("http://127.0.0.1:1", LONG).send(&request).unwrap_err();
    assert!(matches!(failure, Failure::NotSent(_)), "{failure:?}");
}
