//! A user's home with the real binary: an emptied environment, a snapshot, a sidecar and a sandbox on loopback.
#![allow(dead_code)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::corpus::{Push, Scenario};
use crate::sandbox::{SandboxClock, Server, TOKEN, WORKSPACE};

/// The home. Variables and arguments can be changed before a run.
pub struct Home {
    pub dir: TempDir,
    pub toggl: Server,
    variables: Vec<(String, String)>,
}

impl Home {
    /// A home with a token, a workspace, no pace, and no files yet.
    pub fn new() -> Home {
        Home::by(SandboxClock::Real)
    }

    /// The same with a sandbox on another clock.
    pub fn by(clock: impl Into<SandboxClock>) -> Home {
        let dir = tempfile::tempdir().unwrap();
        let toggl = Server::new(clock);
        let home = Home { dir, toggl, variables: Vec::new() };
        let (path, url) = (home.dir.path().display().to_string(), home.toggl.url());
        home.with("HOME", &path)
            .with("TZ", "Asia/Tokyo")
            .with("TOGGL_API_TOKEN", TOKEN)
            .with("TOGGL_API_URL", &url)
            .with("TOGGL_WORKSPACE_ID", &WORKSPACE.to_string())
            .with("CHUTE_TOGGL_PACE", "0")
    }

    /// The same with a snapshot: one closed session of an hour, an hour ago.
    pub fn with_work() -> Home {
        let home = Home::new();
        home.save(&one_session("Write report", 540, 600));
        home
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Home {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Home {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// The environment of a run.
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    pub fn snapshot(&self) -> PathBuf {
        self.dir.path().join(".local/share/chute_kun/snapshot.toml")
    }

    pub fn sidecar(&self) -> PathBuf {
        self.dir.path().join(".local/share/chute_kun/sync/toggl.json")
    }

    /// Saves a snapshot, an hour ago.
    pub fn save(&self, text: &str) {
        self.save_at(text, SystemTime::now() - Duration::from_secs(3600));
    }

    pub fn save_at(&self, text: &str, at: SystemTime) {
        save_at(&self.snapshot(), text.as_bytes(), at);
    }

    /// Saves a snapshot of the corpus, at its own instant.
    pub fn save_push(&self, push: &Push) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(push.saved_at.unsigned_abs());
        self.save_at(&push.text, at);
    }

    /// The real binary in this home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("chute-toggl").unwrap();
        command.env_clear().current_dir(self.dir.path()).envs(self.variables.iter().cloned()).args(args);
        command
    }

    /// The same, to be started and watched while it runs.
    pub fn process(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chute-toggl"));
        command.env_clear().current_dir(self.dir.path()).envs(self.variables.iter().cloned()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it. The token must never be seen.
    pub fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        let ran = Ran::of(&output);
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "the token appears: {ran:?}");
        ran
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

pub fn save_at(path: &Path, text: &[u8], at: SystemTime) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: &Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
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
    format!(
        "version = 1\nfuture = []\npast = []\n\n[[today]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = {}\n\
         actual_carry_sec = 0\nstarted_at_min = {start}\nstate = \"Paused\"\nplanned_ymd = 0\ncategory = \"General\"\n\n\
         [[today.sessions]]\nstart_min = {start}\nend_min = {end}\n",
        end - start
    )
}

/// The first snapshot of a scenario.
pub fn first_push(name: &str) -> Push {
    Scenario::named(name).pushes[0].clone()
}
