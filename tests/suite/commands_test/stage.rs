//! A user's home, a sandbox behind a socket, and the real binary between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use chute_toggl::sidecar::Sidecar;
use tempfile::TempDir;

use crate::sandbox::{SandboxClock, Server, TOKEN};

/// A home with nothing in it yet, and a Toggl without entries, both on the clock of the system.
pub struct Stage {
    pub home: TempDir,
    pub server: Server,
}

/// How the binary ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Its result, as the one JSON document that it is.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// Unix seconds.
pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

impl Stage {
    pub fn new() -> Stage {
        Stage { home: tempfile::tempdir().unwrap(), server: Server::new(SandboxClock::Real) }
    }

    pub fn snapshot_path(&self) -> PathBuf {
        self.home.path().join(".local/share/chute_kun/snapshot.toml")
    }

    pub fn sidecar_path(&self) -> PathBuf {
        self.home.path().join(".local/share/chute_kun/sync/toggl.json")
    }

    /// Saves the default snapshot, as if so many seconds ago.
    pub fn save_snapshot(&self, text: &str, ago: u64) {
        save(&self.snapshot_path(), text, ago);
    }

    /// What is recorded.
    pub fn sidecar(&self) -> Sidecar {
        Sidecar::from_json(&fs::read(self.sidecar_path()).unwrap()).unwrap()
    }

    /// The binary with nothing in its environment but what it needs to stay on this stage.
    pub fn bare(&self) -> Command {
        let mut command = Command::cargo_bin("chute-toggl").unwrap();
        command.env_clear().env("HOME", self.home.path()).env("TZ", "UTC").env("CHUTE_TOGGL_PACE", "0");
        command.env("TOGGL_API_URL", self.server.url()).timeout(Duration::from_secs(60));
        command
    }

    /// The binary with the token.
    pub fn command(&self) -> Command {
        let mut command = self.bare();
        command.env("TOGGL_API_TOKEN", TOKEN);
        command
    }

    /// Runs the binary with the token and these arguments.
    pub fn run(&self, args: &[&str]) -> Ended {
        ended(self.command().args(args))
    }
}

/// Saves a snapshot, as if so many seconds ago.
pub fn save(path: &Path, text: &str, ago: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(ago)).unwrap();
}

/// Runs it, and holds it to what every run must keep to: the token appears nowhere.
pub fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("all output is UTF-8");
    let ended = Ended {
        code: output.status.code().expect("it was not killed"),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!ended.out.contains(TOKEN) && !ended.err.contains(TOKEN), "the token is shown: {ended:?}");
    ended
}

/// A snapshot with one task of today and one session, which is dated by the save instant alone.
pub fn one_session(title: &str, start: &str, end: Option<&str>) -> String {
    let end = end.map_or(String::new(), |end| format!("end_min = {end}\n"));
    let state = if end.is_empty() { "Active" } else { "Paused" };
    format!(
        "version = 1\nfuture = []\npast = []\n\n[[today]]\ntitle = {title:?}\nestimate_min = 25\nactual_min = 0\n\
         actual_carry_sec = 0\nstate = \"{state}\"\nplanned_ymd = 0\ncategory = \"General\"\n\n\
         [[today.sessions]]\nstart_min = {start}\n{end}"
    )
}
