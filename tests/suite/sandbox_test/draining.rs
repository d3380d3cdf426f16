//! What a client has given up is carried out in its turn, however busy the machine is.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;

use super::NOW;
use super::server::{create_request, request};
use crate::sandbox::{Fault, Server, SimClock};

/// Often enough for a thread to be late by chance.
const ROUNDS: usize = 300;

/// Sends a request and closes the connection without waiting for the answer.
fn give_up(server: &Server, text: &str) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
}

fn answer_to(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn whoever_looks_at_the_state_sees_what_was_given_up() {
    let server = Server::new(SimClock::at(NOW));
    for round in 1..=ROUNDS {
        give_up(&server, &create_request());
        assert_eq!(server.sandbox().entries().len(), round);
    }
    assert_eq!(server.connections(), ROUNDS as u64, "whoever looks is no client");
}

#[test]
fn what_was_given_up_meets_the_faults_of_its_time() {
    let server = Server::new(SimClock::at(NOW));
    for _ in 0..ROUNDS {
        server.sandbox().faults.next(Fault::CutBefore);
        give_up(&server, &create_request());
        server.sandbox().faults.clear();
    }
    assert_eq!(server.sandbox().entries(), []);
}

#[test]
fn a_later_request_finds_what_was_given_up_before_it() {
    let server = Server::new(SimClock::at(NOW));
    server.sandbox().rules.user_total = ROUNDS as i64;
    for round in 1..=ROUNDS {
        give_up(&server, &create_request());
        let list = answer_to(&server, &request("GET", &format!("/api/v9/me/time_entries?since={NOW}"), ""));
        assert_eq!(list.matches("\"id\":").count(), round, "{list}");
    }
}

#[test]
fn who_looks_waits_for_a_request_that_a_hook_holds() {
    let server = Server::new(SimClock::at(NOW));
    let (release, released) = mpsc::channel();
    server.on_request(Box::new(move |_| released.recv().unwrap()));
    give_up(&server, &create_request());
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| server.sandbox().entries().len());
        release.send(()).unwrap();
        assert_eq!(looks.join().unwrap(), 1);
    });
}
