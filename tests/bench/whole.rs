//! Whole pushes, as processes against a sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chute_toggl::sidecar::file::lock_path;
use tempfile::TempDir;

use crate::Table;
use crate::clock;
use crate::history::{EVENING, History, save};
use crate::sandbox::{Server, TOKEN, WORKSPACE};

/// A folder with a snapshot and a sidecar, and a sandbox.
struct Home {
    folder: TempDir,
    toggl: Server,
}

impl Home {
    fn new(history: &History) -> Home {
        let folder = tempfile::tempdir().unwrap();
        history.write(folder.path());
        Home { folder, toggl: Server::new(clock::real()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How long a push takes, start and end of the process included.
    fn push(&self, snapshot: &str, sidecar: &Path, more: &[&str]) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chute-toggl"));
        command.arg("push").args(more).arg("--snapshot").arg(self.path(snapshot)).arg("--sidecar").arg(sidecar);
        self.time(command)
    }

    fn time(&self, mut command: Command) -> Duration {
        command.env_clear().env("HOME", self.folder.path()).env("TZ", "Asia/Tokyo").env("CHUTE_TOGGL_PACE", "0");
        command.env("TOGGL_API_TOKEN", TOKEN).env("TOGGL_API_URL", self.toggl.url());
        command.env("TOGGL_WORKSPACE_ID", WORKSPACE.to_string());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (took, status) = clock::timed(|| command.status().unwrap());
        assert!(status.success(), "{command:?}");
        took
    }
}

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// No-op, one change and first dry-run, in milliseconds of wall time. Several times where that can be; then the median.
pub fn pushes(sizes: &[usize]) -> Table {
    let mut table = Table::new("whole processes, milliseconds");
    for (at, &size) in sizes.iter().enumerate() {
        let mut add = |name, value| *table.cell(name, at) = value;
        let home = Home::new(&History::of(size));
        let sidecar = home.path("toggl.json");
        let version = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_chute-toggl"));
            command.arg("--version");
            home.time(command)
        };
        add("chute-toggl --version", median((0..15).map(|_| version())));
        add("first dry-run", median((0..5).map(|_| home.push("first.toml", &home.path("none.json"), &["-n"]))));
        add("no-op push, all read", home.push("first.toml", &sidecar, &[]).as_secs_f64() * 1000.0);
        // Younger files are not trusted to have told all their changes.
        let written = clock::now();
        clock::wait_until("a tick", || clock::now() > written + 4);
        home.push("first.toml", &sidecar, &[]);
        add("no-op push", median((0..15).map(|_| home.push("first.toml", &sidecar, &[]))));
        let one_change = (0..5).map(|n| {
            let copy = home.path(&format!("{n}.json"));
            fs::copy(&sidecar, &copy).unwrap();
            fs::copy(lock_path(&sidecar), lock_path(&copy)).unwrap();
            home.push("second.toml", &copy, &[])
        });
        add("one-change push", median(one_change));
    }
    table
}

/// A backfill of so many sessions without pace: what is written to disk, and this program's own time a request.
pub fn backfill(sessions: usize) {
    let history = History::of(sessions);
    let home = Home::new(&history);
    save(&home.path("first.toml"), history.first.as_bytes(), EVENING);
    let took = home.push("first.toml", &home.path("none.json"), &[]);
    let requests = home.toggl.sandbox().log.len();
    println!("backfill: {requests} requests in {:.1} s", took.as_secs_f64());
}
