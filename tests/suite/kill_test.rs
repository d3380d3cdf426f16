//! Never twice, never lost, on real processes: every push of every situation is killed (SIGKILL) at each of its steps
//! and around each of its requests, and run again. Toggl must then hold every session once.

use std::fs;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::pilot::{self, Stage};
use crate::sandbox::{Hook, Incoming, Server};
use crate::situation::{self, DELAYS, Prepared, Situation};

/// Where a run is killed.
#[derive(Debug, Clone, Copy)]
enum Kill {
    /// Before or after a request or a save, or within a save, as the process itself counts.
    Step(usize),
    /// When its n-th request has arrived; the server carries it out nevertheless.
    Arrived(usize),
    /// When its n-th request has been carried out and is not answered.
    CarriedOut(usize),
}

#[test]
fn killed_at_any_point_the_next_push_makes_it_good() {
    let mut situations = situation::all();
    situations.push(situation::long_history());
    let prepared: Vec<Prepared> = situations.iter().map(Situation::prepare).collect();
    let mut points = Vec::new();
    for (at, situation) in situations.iter().enumerate() {
        let steps = undisturbed(situation, &prepared[at]);
        println!("{}: {} steps, {} requests", situation.name, steps.len(), situation.requests);
        let kills = (1..=steps.len()).map(Kill::Step);
        let arrived = (1..=situation.requests).map(Kill::Arrived);
        let carried_out = (1..=situation.requests).map(Kill::CarriedOut);
        for kill in kills.chain(arrived).chain(carried_out) {
            let what = match kill {
                Kill::Step(n) => steps[n - 1].clone(),
                Kill::Arrived(n) | Kill::CarriedOut(n) => format!("at request {n}"),
            };
            points.push((at, kill, what));
        }
    }
    println!("{} points, and from each on {} times", points.len(), DELAYS.len());
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((at, kill, what)) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let situation = &situations[*at];
                    let stage = Stage::new(&situation.save, &prepared[*at]);
                    stage.kill(situation, *kill);
                    for delay in DELAYS {
                        if let Err(fault) = stage.twin().made_good(situation, delay) {
                            let fault = format!("{}, {kill:?} ({what}), then {delay:?}: {fault}", situation.name);
                            faults.lock().unwrap().push(fault);
                        }
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {} points:\n{}", faults.len(), points.len(), faults.join("\n"));
}

/// Runs to the end: in agreement, with no more requests than the changes need. Returns the names of the steps.
fn undisturbed(situation: &Situation, prepared: &Prepared) -> Vec<String> {
    let stage = Stage::new(&situation.save, prepared);
    let file = stage.dir.path().join("steps");
    let status = stage.pilot(situation).env(pilot::STEPS, &file).status().unwrap();
    assert_eq!(status.code(), Some(0), "{}", situation.name);
    assert_eq!(stage.toggl.sandbox().log.len(), situation.requests, "{}", situation.name);
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

impl Stage {
    /// Lets a run die there.
    fn kill(&self, situation: &Situation, kill: Kill) {
        match kill {
            Kill::Step(n) => {
                let status = self.pilot(situation).env(pilot::KILL_AT, n.to_string()).status().unwrap();
                assert_eq!(signal(status), Some(9), "the run ended by itself");
            }
            Kill::Arrived(n) => self.kill_at_request(situation, n, Server::on_request),
            Kill::CarriedOut(n) => self.kill_at_request(situation, n, Server::after_request),
        }
        self.toggl.sandbox().assert_clean();
    }

    /// Runs the pilot and kills it from outside when the `hook` of the server is called for the `n`-th time. The request
    /// that was under way is carried out before anyone looks at the sandbox.
    fn kill_at_request(&self, situation: &Situation, n: usize, hook: fn(&Server, Hook)) {
        let child: Arc<Mutex<Option<Child>>> = Arc::default();
        let (killed, wait_for_kill) = mpsc::channel();
        let mut calls = 0;
        let victim = Arc::clone(&child);
        let on_call = move |_: &Incoming| {
            calls += 1;
            if calls == n {
                // Held while the child is started, so that it is there.
                let mut child = victim.lock().unwrap();
                let child = child.as_mut().unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
                killed.send(()).unwrap();
            }
        };
        hook(&self.toggl, Box::new(on_call));
        {
            let mut child = child.lock().unwrap();
            *child = Some(self.pilot(situation).spawn().unwrap());
        }
        wait_for_kill.recv_timeout(Duration::from_secs(600)).expect("there are as many requests");
    }
}
