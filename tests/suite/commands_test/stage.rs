//! A user's home, a sandbox behind a socket, and the real binary between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use chute_toggl::sidecar::Sidecar;
use tempfile::TempDir;

use crate::at_desk;
use crate::sandbox::{SandboxClock, Server, SimClock, TOKEN};

/// A home with nothing in it yet, and a Toggl without entries, both on the clock of the system.
pub struct Stage {
    pub home: TempDir,
    pub server: Server,
    /// When the first snapshot is saved: a day ago, in unix seconds.
    pub base: i64,
}

/// A task with one session: title, start and end in minutes from [`Stage::base`].
pub type Work<'a> = (&'a str, i64, Option<i64>);

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
        Stage::by(SandboxClock::Real)
    }

    /// A Toggl that goes by this clock.
    pub fn by(clock: impl Into<SandboxClock>) -> Stage {
        Stage { home: tempfile::tempdir().unwrap(), server: Server::new(clock), base: now() - 86_400 }
    }

    pub fn snapshot_path(&self) -> PathBuf {
        self.home.path().join(".local/share/chute_kun/snapshot.toml")
    }

    pub fn sidecar_path(&self) -> PathBuf {
        self.home.path().join(".local/share/chute_kun/sync/toggl.json")
    }

    /// Saves the default snapshot with these sessions, so many minutes after the first.
    pub fn save(&self, work: &[Work], after: i64) {
        self.save_text(&self.text(work), after);
    }

    /// Saves this text as the default snapshot, so many minutes after the first.
    pub fn save_text(&self, text: &str, after: i64) {
        save(&self.snapshot_path(), text, self.base + after * 60);
    }

    /// A snapshot with these tasks of today. Nothing but its save instant dates the sessions.
    pub fn text(&self, work: &[Work]) -> String {
        let minute = |after: i64| (self.base + after * 60).div_euclid(60).rem_euclid(1440);
        let mut text = "version = 1\nfuture = []\npast = []\n".to_owned();
        for &(title, start, end) in work {
            let end_min = end.map_or(String::new(), |end| format!("end_min = {}\n", minute(end)));
            let state = if end.is_some() { "Paused" } else { "Active" };
            text.push_str(&format!(
                "\n[[today]]\ntitle = {title:?}\nestimate_min = 25\nactual_min = 0\nactual_carry_sec = 0\n\
                 state = \"{state}\"\nplanned_ymd = 0\ncategory = \"General\"\n\n[[today.sessions]]\nstart_min = {}\n\
                 {end_min}",
                minute(start)
            ));
        }
        text
    }

    /// Lets the last request have been sent long ago, so that nothing has to be waited for.
    pub fn age(&self) {
        let mut sidecar = self.sidecar();
        sidecar.quota.last_request_ms = Some(1);
        fs::write(self.sidecar_path(), sidecar.to_json().unwrap()).unwrap();
    }

    /// A push of these sessions, that all went well and is long ago.
    pub fn pushed(work: &[Work]) -> Stage {
        let stage = Stage::new();
        stage.save(work, 0);
        let ended = stage.run(&["push"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        stage.age();
        stage.server.sandbox().log.clear();
        stage
    }

    /// The id of the entry that has this text; there must be one only.
    pub fn entry(&self, text: &str) -> i64 {
        let entries = self.server.sandbox().entries();
        let found: Vec<i64> = entries.iter().filter(|entry| entry.description == text).map(|entry| entry.id).collect();
        assert_eq!(found.len(), 1, "{text}: {entries:?}");
        found[0]
    }

    /// The requests since the log was cleared, as `VERB /path`.
    pub fn requests(&self) -> Vec<String> {
        let sandbox = self.server.sandbox();
        sandbox.assert_clean();
        let path = |target: &str| target.split('?').next().unwrap_or_default().to_owned();
        sandbox.log.iter().map(|line| format!("{} {}", line.method, path(&line.target))).collect()
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

    /// Runs the commands in this process, by this clock, with the token and the pace of one second.
    pub fn run_by(&self, clock: &SimClock, args: &[&str]) -> Ended {
        let variables = [
            ("HOME", self.home.path().display().to_string()),
            ("TZ", "UTC".to_owned()),
            ("TOGGL_API_URL", self.server.url()),
            ("TOGGL_API_TOKEN", TOKEN.to_owned()),
        ];
        let ran = at_desk::run(args, &variables, clock);
        Ended { code: ran.code, out: ran.out, err: ran.err }
    }

    /// Runs the binary with the token and these arguments.
    pub fn run(&self, args: &[&str]) -> Ended {
        ended(self.command().args(args))
    }
}

/// Saves a snapshot, as if at this unix second.
pub fn save(path: &Path, text: &str, at: i64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at.unsigned_abs())).unwrap();
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
