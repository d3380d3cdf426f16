//! A user's home: an emptied environment, a snapshot, a sidecar, a fake Toggl on loopback, and the program between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chute_toggl::sidecar::Sidecar;
use chute_toggl::sidecar::file::lock_path;
use serde_json::Value;
use tempfile::TempDir;

use super::snapshot_builder::{snapshot, today};
use super::{clock, schemas};
use crate::corpus::Push;
use crate::sandbox::{SandboxClock, Server, SimClock, TOKEN, WORKSPACE, run_command};

/// Monday 2026-05-11, 18:00 in Tokyo.
pub const EVENING: i64 = 1_778_490_000;

/// The home. Variables and arguments can be changed before a run.
pub struct TestHome {
    pub dir: TempDir,
    pub toggl: Server,
    /// The clock of the program and of Toggl. Without one the program is the real binary and goes by the system's clock.
    clock: Option<SimClock>,
    variables: Vec<(&'static str, String)>,
}

impl TestHome {
    /// A home with a token, a workspace, no pace, and no files yet, on that Monday evening. The program runs in this
    /// process: the real code from the arguments to the exit code.
    pub fn new() -> TestHome {
        TestHome::at(EVENING)
    }

    /// The same at another instant, in unix seconds.
    pub fn at(now: i64) -> TestHome {
        let clock = SimClock::at(now);
        TestHome::by(Some(clock.clone()), clock.into())
    }

    /// The same with the real binary, by the system's clock. What it finds must be right at every hour of every day.
    pub fn with_binary() -> TestHome {
        TestHome::by(None, clock::real())
    }

    /// A program on this clock, and a Toggl on that one.
    pub fn by(clock: Option<SimClock>, toggl: SandboxClock) -> TestHome {
        let home =
            TestHome { dir: tempfile::tempdir().unwrap(), toggl: Server::new(toggl), clock, variables: Vec::new() };
        let (path, url) = (home.dir.path().display().to_string(), home.toggl.url());
        home.with("HOME", &path)
            .with("TZ", "Asia/Tokyo")
            .with("TOGGL_API_TOKEN", TOKEN)
            .with("TOGGL_API_URL", &url)
            .with("TOGGL_WORKSPACE_ID", &WORKSPACE.to_string())
            .with("CHUTE_TOGGL_PACE", "0")
    }

    /// The same with a snapshot: one closed session of an hour, within the day before it was saved.
    pub fn with_work() -> TestHome {
        let home = TestHome::new();
        home.save(&one_session("Write report", 540, 600));
        home
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> TestHome {
        self = self.without(name);
        self.variables.push((name, value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> TestHome {
        self.variables.retain(|(known, _)| *known != name);
        self
    }

    /// The environment of a run.
    pub fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }

    /// The clock that the test sets.
    pub fn clock(&self) -> &SimClock {
        self.clock.as_ref().expect("the real binary goes by the system's clock")
    }

    fn now(&self) -> i64 {
        use chute_toggl::clock::Clock as _;
        self.clock.as_ref().map_or_else(clock::now, SimClock::now)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A path in the home, as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn snapshot_path(&self) -> PathBuf {
        self.path(".local/share/chute_kun/snapshot.toml")
    }

    pub fn sidecar_path(&self) -> PathBuf {
        self.path(".local/share/chute_kun/sync/toggl.json")
    }

    /// Writes the settings file.
    pub fn configure(&self, config: &str) {
        let path = self.path(".config/chute-toggl/config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, config).unwrap();
    }

    /// Saves a snapshot, an hour ago.
    pub fn save(&self, text: &str) {
        self.save_at(text, self.now() - 3600);
    }

    pub fn save_at(&self, text: &str, at: i64) {
        save_at(&self.snapshot_path(), text.as_bytes(), at);
    }

    /// Saves a snapshot of the corpus, at its own instant, and half a minute passes.
    pub fn save_push(&self, push: &Push) {
        self.save_at(&push.text, push.saved_at);
        self.clock().set(push.saved_at + 30);
    }

    /// What is recorded.
    pub fn sidecar(&self) -> Sidecar {
        Sidecar::from_json(&fs::read(self.sidecar_path()).unwrap()).unwrap()
    }

    /// Records this.
    pub fn record(&self, sidecar: &Sidecar) {
        self.write_sidecar(sidecar.to_json().unwrap());
    }

    pub fn write_sidecar(&self, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.sidecar_path().parent().unwrap()).unwrap();
        fs::write(self.sidecar_path(), &text).unwrap();
        // As saved by this machine, which remembers it.
        if let Ok(sidecar) = Sidecar::from_json(text.as_ref()) {
            let saved = serde_json::to_string(&sidecar.saved_last()).unwrap();
            fs::write(lock_path(&self.sidecar_path()), saved + "\n").unwrap();
        }
    }

    /// The id of the entry that has this text; there must be one only.
    #[track_caller]
    pub fn entry(&self, text: &str) -> i64 {
        let entries = self.toggl.sandbox().entries();
        let found: Vec<i64> = entries.iter().filter(|entry| entry.description == text).map(|entry| entry.id).collect();
        assert_eq!(found.len(), 1, "{text}: {entries:?}");
        found[0]
    }

    /// The requests since the log was cleared, as `VERB /path`.
    pub fn requests(&self) -> Vec<String> {
        let sandbox = self.toggl.sandbox();
        sandbox.assert_clean();
        let path = |target: &str| target.split('?').next().unwrap_or_default().to_owned();
        sandbox.log.iter().map(|line| format!("{} {}", line.method, path(&line.target))).collect()
    }

    /// Runs the program. The token must never be seen, and a JSON document has to be as its schema says.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(&[], args)
    }

    /// The same with these variables beside or instead of its own.
    pub fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ran {
        let ran = match &self.clock {
            Some(clock) => {
                let others = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
                let variables: Vec<(&str, String)> = others.chain(self.variables.iter().cloned()).collect();
                let (mut out, mut err) = (Vec::new(), Vec::new());
                let exit = run_command(args, &variables, clock, &mut out, &mut err);
                Ran::of(exit.code().into(), out, err)
            }
            None => {
                let mut command = assert_cmd::Command::from_std(self.process(args));
                Ran::of_process(command.envs(variables.iter().copied()).timeout(clock::PATIENCE).output().unwrap())
            }
        };
        if args.contains(&"json") {
            let documents = ran.out.lines().map(|line| serde_json::from_str(line).expect("one document on one line"));
            documents.for_each(|document| schemas::assert_valid(&document));
        }
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "the token appears: {ran:?}");
        ran
    }

    /// The real binary in this home, to be started and watched while it runs.
    pub fn process(&self, args: &[&str]) -> Command {
        assert!(self.clock.is_none(), "this home is on a clock of its own");
        let mut command = Command::new(env!("CARGO_BIN_EXE_chute-toggl"));
        command.env_clear().current_dir(self.dir.path()).envs(self.variables.iter().cloned()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Everything below the home with its content, but for the lock, which means nothing to anybody.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|extension| extension != "lock") {
                    files.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

/// Writes a file as if at this unix second.
pub fn save_at(path: &Path, text: &[u8], at: i64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    clock::set_modified(path, at);
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(code: i32, out: Vec<u8>, err: Vec<u8>) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("all output is UTF-8");
        Ran { code, out: text(out), err: text(err) }
    }

    pub fn of_process(output: Output) -> Ran {
        Ran::of(output.status.code().unwrap_or(-1), output.stdout, output.stderr)
    }

    /// Its result, as the one JSON document that it is.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Asserts that stderr has this text.
    #[track_caller]
    pub fn complains(self, text: &str) -> Ran {
        assert!(self.err.contains(text), "no `{text}` in: {}", self.err);
        self
    }

    /// Asserts that stdout has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(self.out.contains(text), "no `{text}` in: {}", self.out);
        self
    }
}

/// A snapshot with one paused task of one session, within the day before the file was saved.
pub fn one_session(title: &str, start: u16, end: u16) -> String {
    snapshot([&today(title).closed(start, end)])
}
