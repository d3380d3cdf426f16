//! Never twice, never lost, on real processes: every push of every situation is killed (SIGKILL) at each of its steps
//! and around each of its requests, and run again. Toggl must then hold every session once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::pilot;
use crate::sandbox::{ClockFile, Hook, Incoming, Server, TOKEN, WORKSPACE};
use crate::situation::{self, DELAYS, Prepared, Save, Situation};

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

/// Pushes that an interrupted one may take to be made good.
const AGAIN: usize = 2;

#[test]
fn killed_at_any_point_the_next_push_makes_it_good() {
    let situations = situation::all();
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
fn signal(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

/// A home with a snapshot, a clock and a Toggl of its own.
struct Stage {
    dir: TempDir,
    clock: ClockFile,
    toggl: Server,
}

impl Stage {
    fn new(save: &Save, prepared: &Prepared) -> Stage {
        let dir = folder();
        let clock = ClockFile::create(dir.path().join("clock"), (save.at + 20) * 1000);
        let toggl = Server::of(Arc::new(Mutex::new(prepared.toggl(clock.clone()))));
        let stage = Stage { dir, clock, toggl };
        if !prepared.sidecar.is_empty() {
            fs::write(stage.sidecar(), &prepared.sidecar).unwrap();
        }
        stage.save(save);
        stage
    }

    /// Another one in the same state.
    fn twin(&self) -> Stage {
        let dir = folder();
        for entry in fs::read_dir(self.dir.path()).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, dir.path().join(file.file_name().unwrap())).unwrap();
        }
        let clock = ClockFile::open(dir.path().join("clock"));
        let toggl = self.toggl.sandbox().twin(clock.clone());
        Stage { dir, clock, toggl: Server::of(Arc::new(Mutex::new(toggl))) }
    }

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

    /// Runs again until all is well.
    fn made_good(&self, situation: &Situation, delay: Duration) -> Result<(), String> {
        self.clock.advance(i64::try_from(delay.as_millis()).unwrap());
        self.save(&situation.later);
        let mut codes = Vec::new();
        while codes.len() < AGAIN && codes.last() != Some(&0) {
            codes.push(self.pilot(situation).status().unwrap().code().unwrap_or(-1));
        }
        if codes.last() != Some(&0) {
            return Err(format!("the next pushes ended with {codes:?}"));
        }
        situation.fault_in(&self.toggl.sandbox(), &fs::read(self.sidecar()).unwrap())
    }

    fn save(&self, save: &Save) {
        let path = self.dir.path().join("snapshot.toml");
        fs::write(&path, &save.text).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(save.at.unsigned_abs());
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        if self.clock.now_ms() < (save.at + 20) * 1000 {
            self.clock.set(save.at + 20);
        }
    }

    fn sidecar(&self) -> PathBuf {
        self.dir.path().join("toggl.json")
    }

    /// A push by the pilot.
    fn pilot(&self, situation: &Situation) -> Command {
        let path = |name: &str| self.dir.path().join(name).into_os_string().into_string().unwrap();
        let (snapshot, sidecar, url) = (path("snapshot.toml"), path("toggl.json"), self.toggl.url());
        let args = ["push", "--snapshot", &snapshot, "--sidecar", &sidecar, "--api-url", &url];
        let mut command = pilot::program(&self.clock, &[&args, situation.args].concat());
        // No zone is UTC, and spares each process the look through the database of zones.
        command.env("TZ", "").env("HOME", self.dir.path()).env("TOGGL_API_TOKEN", TOKEN);
        if situation.names_workspace {
            command.env("TOGGL_WORKSPACE_ID", WORKSPACE.to_string());
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs the pilot and kills it from outside when the `hook` of the server is called for the `n`-th time. Returns
    /// when the request that was under way is over, for the server too.
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
        wait_for_kill.recv_timeout(Duration::from_secs(60)).expect("there are as many requests");
        while !self.toggl.sandbox().log.get(n - 1).is_some_and(|line| line.carried_out || line.status.is_some()) {
            std::thread::yield_now();
        }
    }
}

/// In memory where there is such a place: thousands of real syncs would only cost time here.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}
