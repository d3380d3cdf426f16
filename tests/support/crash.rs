//! The program as a real process, on a clock that a test sets and with a step at which it is killed: a real SIGKILL,
//! no real sleep.
//!
//! The process is this test binary, started anew with nothing to run but [`child`]: so it is never older than the code
//! that is tested.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chute_toggl::command::{self, Context};
use chute_toggl::execute::{Event, Watch};
use chute_toggl::sidecar::file::{Disk, RealDisk, lock_path};
use tempfile::{NamedTempFile, TempDir};

use super::clock::set_modified;
use super::push_case::{Prepared, PushCase, Save};
use crate::sandbox::{ClockFile, Server, TOKEN, WORKSPACE};

/// The file of the clock; without it the test does nothing.
const CLOCK: &str = "CRASH_CLOCK";
/// The arguments of the program, [`BETWEEN`] them.
const ARGS: &str = "CRASH_ARGS";
/// The number of the step at which it dies, from 1.
pub const KILL_AT: &str = "CRASH_KILL_AT";
/// A file that gets a line for each step, when it ends by itself.
pub const STEPS: &str = "CRASH_STEPS";

const BETWEEN: &str = "\u{1f}";

/// A process that runs the program with these arguments, on this clock, in an empty environment.
pub fn program(clock: &ClockFile, args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "support::crash::child", "--nocapture", "--test-threads=1"]);
    command.env_clear().env(CLOCK, clock.path()).env(ARGS, args.join(BETWEEN));
    command
}

#[test]
fn child() {
    let Some(clock) = std::env::var_os(CLOCK) else { return };
    let args = std::env::var(ARGS).unwrap();
    let steps = Steps {
        taken: RefCell::default(),
        fatal: std::env::var(KILL_AT).ok().map(|number| number.parse().expect("the step is a number")),
    };
    let exit = command::run(Context {
        args: ["chute-toggl"].into_iter().chain(args.split(BETWEEN)).map(OsString::from).collect(),
        variable: &|name| std::env::var_os(name),
        clock: &ClockFile::open(clock),
        interrupted: &AtomicBool::new(false),
        disk: &mut StepByStep(&steps),
        out: &mut io::stdout(),
        err: &mut io::stderr(),
        out_columns: None,
        err_columns: None,
        watch: &mut StepByStep(&steps),
    });
    if let Some(path) = std::env::var_os(STEPS) {
        std::fs::write(path, steps.taken.borrow().join("\n")).unwrap();
    }
    std::process::exit(exit.code().into());
}

/// The steps taken so far, and the one that is the last.
struct Steps {
    taken: RefCell<Vec<String>>,
    fatal: Option<usize>,
}

impl Steps {
    fn step(&self, name: String) {
        self.taken.borrow_mut().push(name);
        if self.fatal == Some(self.taken.borrow().len()) {
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGKILL);
            unreachable!("nobody survives SIGKILL");
        }
    }
}

/// Takes a step before and after everything that leaves the process or reaches the disk.
struct StepByStep<'a>(&'a Steps);

impl Watch for StepByStep<'_> {
    fn event(&mut self, event: &Event<'_>) {
        let name = match event {
            Event::Saving => "before a save".to_owned(),
            Event::Saved => "after a save".to_owned(),
            Event::Sending(call) => format!("before {} {}", call.method().as_str(), call.path()),
            Event::Answered(call, _) => format!("after the answer to {} {}", call.method().as_str(), call.path()),
            Event::Failed(call, _) => format!("after the failure of {} {}", call.method().as_str(), call.path()),
            Event::WaitingForQuota(_) => "before a wait for the quota".to_owned(),
            // Nothing happens between this and the answer.
            Event::Begun(_) | Event::Settled { .. } => return,
        };
        self.0.step(name);
    }
}

impl Disk for StepByStep<'_> {
    fn write_new(&mut self, path: &Path, text: &[u8]) -> io::Result<NamedTempFile> {
        let half = RealDisk.write_new(path, &text[..text.len() / 2])?;
        self.0.step("half of the new file is written".to_owned());
        drop(half);
        let file = RealDisk.write_new(path, text)?;
        self.0.step("the new file is written".to_owned());
        Ok(file)
    }

    fn sync_file(&mut self, file: &NamedTempFile) -> io::Result<()> {
        RealDisk.sync_file(file)?;
        self.0.step("the new file is durable".to_owned());
        Ok(())
    }

    fn rename(&mut self, file: NamedTempFile, path: &Path) -> io::Result<()> {
        RealDisk.rename(file, path)?;
        self.0.step("the new file has the name".to_owned());
        Ok(())
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        RealDisk.sync_folder(folder)
    }
}

/// A home with a snapshot, a clock and a Toggl of its own.
pub struct CrashHome {
    pub dir: TempDir,
    pub clock: ClockFile,
    pub toggl: Server,
}

impl CrashHome {
    pub fn new(save: &Save, prepared: &Prepared) -> CrashHome {
        let dir = folder();
        let clock = ClockFile::create(dir.path().join("clock"), (save.at + 20) * 1000);
        let toggl = Server::of(Arc::new(Mutex::new(prepared.toggl(clock.clone()))));
        let home = CrashHome { dir, clock, toggl };
        if !prepared.sidecar.is_empty() {
            fs::write(home.sidecar(), &prepared.sidecar).unwrap();
            let saved = serde_json::to_string(&prepared.saved_last().unwrap()).unwrap();
            fs::write(lock_path(&home.sidecar()), saved + "\n").unwrap();
        }
        home.save(save);
        home
    }

    /// Another one in the same state.
    pub fn twin(&self) -> CrashHome {
        let dir = folder();
        for entry in fs::read_dir(self.dir.path()).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, dir.path().join(file.file_name().unwrap())).unwrap();
        }
        let clock = ClockFile::open(dir.path().join("clock"));
        let toggl = self.toggl.sandbox().twin(clock.clone());
        CrashHome { dir, clock, toggl: Server::of(Arc::new(Mutex::new(toggl))) }
    }

    pub fn save(&self, save: &Save) {
        let path = self.dir.path().join("snapshot.toml");
        fs::write(&path, &save.text).unwrap();
        set_modified(&path, save.at);
        if self.clock.now_ms() < (save.at + 20) * 1000 {
            self.clock.set(save.at + 20);
        }
    }

    pub fn sidecar(&self) -> PathBuf {
        self.dir.path().join("toggl.json")
    }

    /// A push, to be run.
    pub fn command(&self, case: &PushCase) -> Command {
        let path = |name: &str| self.dir.path().join(name).into_os_string().into_string().unwrap();
        let (snapshot, sidecar, url) = (path("snapshot.toml"), path("toggl.json"), self.toggl.url());
        let args = ["push", "--snapshot", &snapshot, "--sidecar", &sidecar, "--api-url", &url];
        let mut command = program(&self.clock, &[&args, case.args].concat());
        // No zone is UTC, and spares each process the look through the database of zones.
        command.env("TZ", "").env("HOME", self.dir.path()).env("TOGGL_API_TOKEN", TOKEN);
        if case.names_workspace {
            command.env("TOGGL_WORKSPACE_ID", WORKSPACE.to_string());
        }
        if !case.config.is_empty() {
            let file = self.dir.path().join("config.toml");
            fs::write(&file, case.config).unwrap();
            command.env("CHUTE_TOGGL_CONFIG", file);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs again until all is well.
    pub fn made_good(&self, case: &PushCase, delay: Duration) -> Result<(), String> {
        self.clock.advance(i64::try_from(delay.as_millis()).unwrap());
        self.save(&case.later);
        let mut codes = Vec::new();
        while codes.len() < AGAIN && codes.last() != Some(&0) {
            codes.push(self.command(case).status().unwrap().code().unwrap_or(-1));
        }
        if codes.last() != Some(&0) {
            return Err(format!("the next pushes ended with {codes:?}"));
        }
        if self.dir.path().join(".toggl.json.tmp").exists() {
            return Err("a temporary file is left behind".to_owned());
        }
        case.fault_in(&self.toggl.sandbox(), &fs::read(self.sidecar()).unwrap())
    }
}

/// Pushes that a disturbed one may take to be made good.
const AGAIN: usize = 2;

/// In memory where there is such a place: thousands of real syncs would only cost time here.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}
