//! A few real days of Chute_kun, pushed to a stand-in of Toggl on this machine: `cargo run --example demo`.
//!
//! It needs no account and no network. The code that plans and sends is the program's own; only the clock is simulated,
//! so that days pass in a moment.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../corpus/mod.rs"]
mod corpus;
#[path = "../sandbox/mod.rs"]
mod sandbox;

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use chute_toggl::zone::Zone;
use corpus::{Push, Scenario};
use sandbox::{Server, SimClock, TOKEN, WORKSPACE, run_command};

/// What is played: a task that is started, paused and resumed, and three days of tasks that are swept and finished.
const PLAYED: [&str; 2] = ["one_task", "two_days_sweep"];

fn main() {
    println!("A stand-in of Toggl Track starts on this machine; nothing leaves it.\n");
    for name in PLAYED {
        let scenario = Scenario::named(name);
        let first = scenario.pushes.first().unwrap();
        let clock = SimClock::at(first.saved_at);
        let toggl = Server::new(clock.clone());
        toggl.sandbox().rules.workspace_total = 30;
        let home = tempfile::tempdir().unwrap();
        println!("=== {}\n", scenario.description);
        for push in &scenario.pushes {
            play(push, &clock, &toggl, home.path());
        }
    }
    println!("Each change cost one request, and a push with nothing to do none. Try it on your own snapshot:");
    println!("    cargo run -- push --dry-run");
}

fn play(push: &Push, clock: &SimClock, toggl: &Server, home: &Path) {
    let zone = Zone::named(&push.tz).unwrap();
    let saved = zone.at(push.saved_at);
    println!("--- {} {:02}:{:02}, Chute_kun was quit: {}", saved.date(), saved.hour(), saved.minute(), push.note);
    let snapshot = home.join("snapshot.toml");
    fs::write(&snapshot, &push.text).unwrap();
    let mtime = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(push.saved_at).unwrap());
    File::options().write(true).open(&snapshot).unwrap().set_modified(mtime).unwrap();
    clock.set(push.saved_at + 5);

    run(&["push", "--dry-run"], push, clock, toggl, home);
    let before = toggl.sandbox().log.len();
    run(&["push"], push, clock, toggl, home);
    for request in &toggl.sandbox().log[before..] {
        let status = request.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        println!("    {} {} -> {status}", request.method, request.target);
    }
    println!("Toggl holds:");
    let mut entries = toggl.sandbox().entries();
    entries.sort_by_key(|entry| entry.start);
    for entry in &entries {
        let clock_of = |instant: i64| {
            let at = zone.at(instant);
            format!("{:02}:{:02}", at.hour(), at.minute())
        };
        let stop = entry.stop.map_or_else(|| "now".to_owned(), clock_of);
        println!("    {} {}-{stop:<5}  {}", zone.date(entry.start), clock_of(entry.start), entry.description);
    }
    println!();
}

/// Runs a command of the program as a user would, on the simulated clock.
fn run(args: &[&str], push: &Push, clock: &SimClock, toggl: &Server, home: &Path) {
    println!("$ chute-toggl {}", args.join(" "));
    let variables = [
        ("TOGGL_API_TOKEN", TOKEN.to_owned()),
        ("TOGGL_API_URL", toggl.url()),
        ("TOGGL_WORKSPACE_ID", WORKSPACE.to_string()),
        ("CHUTE_KUN_STATE", home.join("snapshot.toml").display().to_string()),
        ("CHUTE_TOGGL_SIDECAR", home.join("sync/toggl.json").display().to_string()),
        ("TZ", push.tz.clone()),
    ];
    let exit = run_command(args, &variables, clock, &mut std::io::stdout(), &mut std::io::stderr());
    assert_eq!(exit.code(), 0, "the demo keeps to what must succeed");
}
