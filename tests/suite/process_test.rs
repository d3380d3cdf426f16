//! The real binary among other processes: signals, and many pushes at once.
#![cfg(unix)]

use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use crate::home::{Home, Ran};
use crate::pilot;
use crate::sandbox::ClockFile;

/// A home with two finished tasks and a sidecar that has looked already: a push sends two creates and nothing else.
fn home_with_two() -> Home {
    let home = Home::new();
    let task = |title: &str, start: u16| {
        format!(
            "\n[[today]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = 5\nactual_carry_sec = 0\nstate = \"Paused\"\n\
             planned_ymd = 20260511\ncategory = \"General\"\n\n[[today.sessions]]\nstart_min = {start}\nend_min = {}\n",
            start + 5
        )
    };
    home.save(&format!("version = 1\nfuture = []\npast = []\n{}{}", task("One", 540), task("Two", 550)));
    std::fs::create_dir_all(home.sidecar().parent().unwrap()).unwrap();
    std::fs::write(home.sidecar(), "{\"version\":1,\"looked\":true,\"tasks\":{},\"entries\":{}}\n").unwrap();
    home
}

/// Waits until the server has taken in so many requests.
fn wait_for(home: &Home, requests: usize) {
    let patience = Instant::now() + Duration::from_secs(30);
    while home.toggl.sandbox().log.len() < requests {
        assert!(Instant::now() < patience, "the request never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lets the first request be carried out and its answer wait until the sender is used.
fn hold_first_answer(home: &Home) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let mut is_first = true;
    home.toggl.after_request(Box::new(move |_| {
        if std::mem::take(&mut is_first) {
            let _ = released.recv_timeout(Duration::from_secs(60));
        }
    }));
    release
}

/// A push that does not really wait: on a clock of its own, which starts at the real time.
fn push_without_waiting(home: &Home) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let clock = ClockFile::create(home.dir.path().join("clock"), i64::try_from(now.as_millis()).unwrap());
    let output = pilot::program(&clock, &["push"]).envs(home.variables().iter().cloned()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(status.success());
}

fn end_of(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().unwrap())
}

/// How many entries there are of each of the two sessions.
fn held(home: &Home) -> [usize; 2] {
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
        // Time for the signal to arrive.
        std::thread::sleep(Duration::from_millis(50));
        release.send(()).unwrap();
        end_of(child).exits(130);
        assert_eq!(home.toggl.sandbox().log.len(), 1, "{name}: nothing is sent after it");
        let sidecar = std::fs::read_to_string(home.sidecar()).unwrap();
        assert!(sidecar.contains("\"id\":") && !sidecar.contains("intent"), "{name}: {sidecar}");
        home.run(&["push"]).exits(0);
        assert_eq!((held(&home), home.toggl.sandbox().log.len()), ([1, 1], 2), "{name}");
        home.toggl.sandbox().assert_clean();
    }
}

#[test]
fn an_interrupt_ends_a_wait_at_once() {
    let home = home_with_two().with("CHUTE_TOGGL_PACE", "60");
    let child = home.process(&["push"]).spawn().unwrap();
    wait_for(&home, 1);
    // The answer is on its way; the pace of a minute comes after it.
    std::thread::sleep(Duration::from_millis(20));
    let sent = Instant::now();
    signal(&child, "INT");
    end_of(child).exits(130);
    assert!(sent.elapsed() < Duration::from_secs(10), "{:?}", sent.elapsed());
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
    // Two signals that are pending at once are one.
    std::thread::sleep(Duration::from_millis(50));
    let sent = Instant::now();
    signal(&child, "INT");
    end_of(child).exits(130);
    assert!(sent.elapsed() < Duration::from_secs(10), "{:?}", sent.elapsed());
    let sidecar = std::fs::read_to_string(home.sidecar()).unwrap();
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
            let _ = others_ended.recv_timeout(Duration::from_secs(60));
        }
    }));
    let (report, ended) = mpsc::channel();
    for _ in 0..PUSHES {
        let (child, report) = (home.process(&["push"]).spawn().unwrap(), report.clone());
        std::thread::spawn(move || report.send(end_of(child)).unwrap());
    }
    for _ in 1..PUSHES {
        let ran = ended.recv_timeout(Duration::from_secs(60)).expect("who finds the lock taken ends at once");
        ran.exits(5).complains("another push is running");
    }
    assert_eq!(home.toggl.connections(), 1, "only one push talks to Toggl");
    go_on.send(()).unwrap();
    ended.recv_timeout(Duration::from_secs(60)).unwrap().exits(0);
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
