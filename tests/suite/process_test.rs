//! The real binary among other processes: signals, and many pushes at once.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command};
use std::sync::mpsc;

use chute_toggl::sidecar::Sidecar;

use crate::sandbox::ClockFile;
use crate::support::clock::{self, PATIENCE, timed, wait_until};
use crate::support::crash;
use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::{Ran, TestHome};

/// A home with two finished tasks and a sidecar that has looked already: a push sends two creates and nothing else.
fn home_with_two() -> TestHome {
    let home = TestHome::with_binary();
    home.save(&snapshot(&[today("One").closed(540, 545), today("Two").closed(550, 555)]));
    home.write_sidecar("{\"version\":1,\"looked\":true,\"tasks\":{},\"entries\":{}}\n");
    home
}

/// A copy of a sidecar is put back: said, and nothing is doubled. So it is with one that has the serial of ours and other
/// contents, as two machines can give it.
#[test]
fn a_sidecar_that_was_put_back_doubles_nothing() {
    let home = TestHome::with_binary();
    let tasks = |n: u16| snapshot((0..n).map(|n| today(&format!("Task {n}")).closed(2 * n, 2 * n + 1)));
    let push = |n: u16| {
        home.save(&tasks(n));
        home.run(&["push"]).exits(0)
    };
    push(1);
    let copy = fs::read(home.sidecar_path()).unwrap();
    assert_eq!(push(3).err, "");
    fs::write(home.sidecar_path(), &copy).unwrap();
    let checks = home.run(&["doctor", "--format", "json"]).json()["checks"].to_string();
    assert!(checks.contains("older than the one that this machine saved last"), "{checks}");
    push(4).complains("is older than the one that this machine saved last");
    assert_eq!(push(4).err, "", "said once");
    assert_eq!(home.toggl.sandbox().entries().len(), 4);
    // The same serial, saved elsewhere.
    let (ours, mut theirs) = (home.sidecar(), Sidecar::from_json(&copy).unwrap());
    theirs.revision = ours.revision;
    fs::write(home.sidecar_path(), theirs.to_json().unwrap()).unwrap();
    push(5);
    assert_eq!(home.toggl.sandbox().entries().len(), 5);
    // And one that is gone.
    fs::remove_file(home.sidecar_path()).unwrap();
    push(5).complains("is gone, though this machine saved one");
    assert_eq!(push(5).err, "", "said once");
    assert_eq!(home.toggl.sandbox().entries().len(), 5);
}

/// Waits until the server has taken in so many requests.
fn wait_for(home: &TestHome, requests: usize) {
    wait_until("the request", || home.toggl.sandbox().log.len() >= requests);
}

/// Lets the first request be carried out and its answer wait until the sender is used.
fn hold_first_answer(home: &TestHome) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let mut is_first = true;
    home.toggl.after_request(Box::new(move |_| {
        if std::mem::take(&mut is_first) {
            let _ = released.recv_timeout(PATIENCE);
        }
    }));
    release
}

/// A push that does not really wait: on a clock of its own, which starts at the real time.
fn push_without_waiting(home: &TestHome) {
    let clock = ClockFile::create(home.path("clock"), clock::now_ms());
    let output = crash::program(&clock, &["push"]).envs(home.variables().iter().cloned()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Sends the signal, and waits until the process has taken it in: two that are pending at once are one.
fn signal(child: &Child, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(status.success());
    wait_until("the signal", || {
        // Of the first thread, which has nothing to do but to sleep and to take signals.
        let Ok(status) = fs::read_to_string(format!("/proc/{0}/task/{0}/status", child.id())) else { return true };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let is_pending = ["SigPnd:", "ShdPnd:"].iter().any(|name| field(name).contains(|digit| digit != '0'));
        let state = field("State:");
        !is_pending && (state.starts_with('S') || state.starts_with('Z'))
    });
}

fn end_of(child: Child) -> Ran {
    Ran::of_process(child.wait_with_output().unwrap())
}

/// How many entries there are of each of the two sessions.
fn held(home: &TestHome) -> [usize; 2] {
    let entries = home.toggl.sandbox().entries();
    ["One", "Two"].map(|title| entries.iter().filter(|entry| entry.description == title).count())
}

#[test]
fn an_interrupt_lets_the_request_under_way_finish_and_records_it() {
    for name in ["INT", "TERM"] {
        let home = home_with_two();
        let release = hold_first_answer(&home);
        let child = home.process(&["push"]).spawn().unwrap();
        wait_for(&home, 1);
        signal(&child, name);
        release.send(()).unwrap();
        end_of(child).exits(130);
        assert_eq!(home.toggl.sandbox().log.len(), 1, "{name}: nothing is sent after it");
        let sidecar = fs::read_to_string(home.sidecar_path()).unwrap();
        assert!(sidecar.contains("\"id\":") && !sidecar.contains("intent"), "{name}: {sidecar}");
        home.run(&["push"]).exits(0);
        assert_eq!((held(&home), home.toggl.sandbox().log.len()), ([1, 1], 2), "{name}");
        home.toggl.sandbox().assert_clean();
    }
}

#[test]
fn an_interrupt_ends_a_wait_at_once() {
    let home = home_with_two().with("CHUTE_TOGGL_PACE", &(4 * PATIENCE.as_secs()).to_string());
    let child = home.process(&["push"]).spawn().unwrap();
    wait_for(&home, 1);
    // The answer is on its way; the pace comes after it.
    let (took, ran) = timed(|| {
        signal(&child, "INT");
        end_of(child)
    });
    ran.exits(130);
    assert!(took < PATIENCE, "{took:?}");
    let home = home.with("CHUTE_TOGGL_PACE", "0");
    home.run(&["push"]).exits(0);
    assert_eq!((held(&home), home.toggl.sandbox().log.len()), ([1, 1], 2));
}

#[test]
fn a_second_interrupt_ends_at_once_and_nothing_is_lost() {
    let home = home_with_two();
    let release = hold_first_answer(&home);
    let child = home.process(&["push"]).spawn().unwrap();
    wait_for(&home, 1);
    signal(&child, "INT");
    // The answer is never given, and the program waits for it no longer.
    signal(&child, "INT");
    end_of(child).exits(130);
    let sidecar = fs::read_to_string(home.sidecar_path()).unwrap();
    assert!(sidecar.contains("intent"), "what may have been sent is on disk: {sidecar}");
    release.send(()).unwrap();
    push_without_waiting(&home);
    assert_eq!(held(&home), [1, 1]);
    // Two creates and one look.
    assert_eq!(home.toggl.sandbox().log.len(), 3);
}

#[test]
fn of_many_pushes_at_once_one_works_and_the_others_send_nothing() {
    const PUSHES: usize = 50;
    let home = home_with_two();
    // The first request waits until all other pushes have ended.
    let (go_on, others_ended) = mpsc::channel();
    let mut is_first = true;
    home.toggl.on_request(Box::new(move |_| {
        if std::mem::take(&mut is_first) {
            let _ = others_ended.recv_timeout(PATIENCE);
        }
    }));
    let (report, ended) = mpsc::channel();
    for _ in 0..PUSHES {
        let (child, report) = (home.process(&["push"]).spawn().unwrap(), report.clone());
        std::thread::spawn(move || report.send(end_of(child)).unwrap());
    }
    for _ in 1..PUSHES {
        let ran = ended.recv_timeout(PATIENCE).expect("who finds the lock taken ends at once");
        ran.exits(5).complains("another push is running");
    }
    wait_until("the connection", || home.toggl.connections() > 0);
    go_on.send(()).unwrap();
    ended.recv_timeout(PATIENCE).unwrap().exits(0);
    assert_eq!(home.toggl.connections(), 2, "only one push talks to Toggl");
    assert_eq!((held(&home), home.toggl.sandbox().log.len()), ([1, 1], 2));
}

#[test]
fn the_lock_dies_with_its_process() {
    let home = home_with_two();
    let release = hold_first_answer(&home);
    let mut child = home.process(&["push"]).spawn().unwrap();
    wait_for(&home, 1);
    home.run(&["push"]).exits(5);
    child.kill().unwrap();
    child.wait().unwrap();
    release.send(()).unwrap();
    push_without_waiting(&home);
    assert_eq!(held(&home), [1, 1]);
}
