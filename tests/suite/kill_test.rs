//! Never twice, never lost, on real processes: every push of every case is killed (SIGKILL) at each of its steps
//! and around each of its requests, and run again. Toggl must then hold every session once.

use std::fs;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use crate::sandbox::{Hook, Incoming, Server};
use crate::support::clock::PATIENCE;
use crate::support::crash::{self, CrashHome};
use crate::support::push_case::{self, DELAYS, Prepared, PushCase};

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
    let mut cases = push_case::all();
    cases.extend([push_case::long_history(), push_case::wrong_zone()]);
    let prepared: Vec<Prepared> = cases.iter().map(PushCase::prepare).collect();
    let mut points = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let steps = undisturbed(case, &prepared[at]);
        println!("{}: {} steps, {} requests", case.name, steps.len(), case.requests);
        let kills = (1..=steps.len()).map(Kill::Step);
        let arrived = (1..=case.requests).map(Kill::Arrived);
        let carried_out = (1..=case.requests).map(Kill::CarriedOut);
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
                    let case = &cases[*at];
                    let home = CrashHome::new(&case.save, &prepared[*at]);
                    home.kill(case, *kill);
                    for delay in DELAYS {
                        if let Err(fault) = home.twin().made_good(case, delay) {
                            let fault = format!("{}, {kill:?} ({what}), then {delay:?}: {fault}", case.name);
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

/// Runs to the end: up to date, with no more requests than the changes need. Returns the names of the steps.
fn undisturbed(case: &PushCase, prepared: &Prepared) -> Vec<String> {
    let home = CrashHome::new(&case.save, prepared);
    let file = home.dir.path().join("steps");
    let status = home.command(case).env(crash::STEPS, &file).status().unwrap();
    assert_eq!(status.code(), Some(0), "{}", case.name);
    assert_eq!(home.toggl.sandbox().log.len(), case.requests, "{}", case.name);
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

impl CrashHome {
    /// Lets a run die there.
    fn kill(&self, case: &PushCase, kill: Kill) {
        match kill {
            Kill::Step(n) => {
                let status = self.command(case).env(crash::KILL_AT, n.to_string()).status().unwrap();
                assert_eq!(signal(status), Some(9), "the run ended by itself");
            }
            Kill::Arrived(n) => self.kill_at_request(case, n, Server::on_request),
            Kill::CarriedOut(n) => self.kill_at_request(case, n, Server::after_request),
        }
        self.toggl.sandbox().assert_clean();
    }

    /// Runs a push and kills it from outside when the `hook` of the server is called for the `n`-th time. The request
    /// that was under way is carried out before anyone looks at the sandbox.
    fn kill_at_request(&self, case: &PushCase, n: usize, hook: fn(&Server, Hook)) {
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
            *child = Some(self.command(case).spawn().unwrap());
        }
        wait_for_kill.recv_timeout(PATIENCE).expect("there are as many requests");
    }
}
