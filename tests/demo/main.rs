//! A working day in six steps, pushed to a stand-in of Toggl on this machine: `cargo run --example demo`, with
//! `-- --requests` for what goes over the wire.
//!
//! It needs no account and no network. The code that plans and sends is the program's own; only the clock is simulated,
//! so that the day passes in a moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../support/snapshot_builder.rs"]
#[allow(dead_code)]
mod snapshot_builder;

use std::fs::{self, File};
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use chute_toggl::zone::{Minute, Zone};
use sandbox::{Fault, Server, SimClock, TOKEN, WORKSPACE, run_command};
use snapshot_builder::{snapshot, today};
use time::Date;
use time::macros::date;

const ZONE: &str = "Europe/Berlin";
const MONDAY: Date = date!(2026 - 05 - 11);
const TUESDAY: Date = date!(2026 - 05 - 12);

/// A session as Chute_kun has it: title, and the minutes of its start and end.
type Session = (&'static str, Minute, Option<Minute>);

/// One step of the story: what happens, when Chute_kun is quit, what it saved, how things stand with Toggl, and how the
/// push that follows ends.
struct Step {
    says: &'static str,
    quit: (Date, Minute),
    sessions: &'static [Session],
    toggl: Toggl,
    exits: u8,
}

#[derive(Clone, Copy, PartialEq)]
enum Toggl {
    Answers,
    CannotBeReached,
    LosesAnAnswer,
}

const fn at(hour: Minute, minute: Minute) -> Minute {
    hour * 60 + minute
}

const REPORT: Session = ("Annual report", at(9, 0), Some(at(10, 30)));
const MAIL: Session = ("Mail", at(10, 35), Some(at(11, 0)));
const LOGIN: Session = ("Fix the login", at(13, 15), Some(at(16, 40)));
const REVIEW: Session = ("Review", at(16, 45), Some(at(17, 30)));

const STORY: [Step; 6] = [
    Step {
        says: "09:05. You start \"Write report\" at 09:00 and quit Chute_kun: a timer runs.",
        quit: (MONDAY, at(9, 5)),
        sessions: &[("Write report", at(9, 0), None)],
        toggl: Toggl::Answers,
        exits: 0,
    },
    Step {
        says: "11:00. The report is finished, and the mail is read.",
        quit: (MONDAY, at(11, 0)),
        sessions: &[("Write report", at(9, 0), Some(at(10, 30))), MAIL],
        toggl: Toggl::Answers,
        exits: 0,
    },
    Step {
        says: "11:10. \"Write report\" gets a better title. Its entry stays the same one.",
        quit: (MONDAY, at(11, 10)),
        sessions: &[REPORT, MAIL],
        toggl: Toggl::Answers,
        exits: 0,
    },
    Step {
        says: "17:30. Two more sessions, on the train: there is no network.",
        quit: (MONDAY, at(17, 30)),
        sessions: &[REPORT, MAIL, LOGIN, REVIEW],
        toggl: Toggl::CannotBeReached,
        exits: 4,
    },
    Step {
        says: "18:20. Home again. Toggl makes the first entry, but its answer is lost.",
        quit: (MONDAY, at(18, 20)),
        sessions: &[REPORT, MAIL, LOGIN, REVIEW],
        toggl: Toggl::LosesAnAnswer,
        exits: 0,
    },
    Step {
        says: "Tuesday, 08:55. Nothing has changed, so nothing is sent.",
        quit: (TUESDAY, at(8, 55)),
        sessions: &[REPORT, MAIL, LOGIN, REVIEW],
        toggl: Toggl::Answers,
        exits: 0,
    },
];

const RULES: &str = "\
[[rule]]
title = \"Write\"
project = \"Reports\"
[[rule]]
title = \"Mail\"
tags = [\"inbox\"]";

fn main() {
    let shows_requests = std::env::args().any(|argument| argument == "--requests");
    println!("A Monday with Chute_kun. A stand-in on this machine plays Toggl; nothing leaves it.");
    println!("By two rules, \"Write ...\" goes to the project Reports, and \"Mail\" gets the tag inbox.");
    println!("Each time that Chute_kun is quit, `chute-toggl push --verbose` follows and says:");
    let zone = Zone::named(ZONE).unwrap();
    let clock = SimClock::at(instant(&zone, STORY[0].quit));
    let toggl = Server::new(clock.clone());
    toggl.sandbox().rules.workspace_total = 30;
    let home = tempfile::tempdir().unwrap();
    toggl.sandbox().add_project(WORKSPACE, "Reports");
    fs::write(home.path().join("config.toml"), RULES).unwrap();
    for (number, step) in STORY.iter().enumerate() {
        let (bold, plain) = if std::io::stdout().is_terminal() { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        println!("\n{bold}{}. {}{plain}", number + 1, step.says);
        let before = toggl.sandbox().log.len();
        play(step, instant(&zone, step.quit), &clock, &toggl, home.path());
        for request in toggl.sandbox().log[before..].iter().filter(|_| shows_requests) {
            let status = request.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            println!("   {} {} {} -> {status}", request.method, request.target, request.body);
        }
    }
    side_by_side(&toggl, &zone);
    println!("Look at your own, without sending anything:  cargo run -- push --dry-run");
}

fn instant(zone: &Zone, (day, minute): (Date, Minute)) -> i64 {
    zone.readings(day, minute).first().unwrap()
}

/// Chute_kun saves, and a push follows.
fn play(step: &Step, saved: i64, clock: &SimClock, toggl: &Server, home: &Path) {
    let tasks: Vec<_> = (step.sessions.iter())
        .map(|&(title, start, end)| match end {
            Some(end) => today(title).closed(start, end),
            None => today(title).open(start),
        })
        .collect();
    let path = home.join("snapshot.toml");
    fs::write(&path, snapshot(&tasks)).unwrap();
    let mtime = SystemTime::UNIX_EPOCH + Duration::from_secs(saved.unsigned_abs());
    File::options().write(true).open(&path).unwrap().set_modified(mtime).unwrap();
    clock.set(saved + 5);
    if step.toggl == Toggl::LosesAnAnswer {
        let mut is_first = true;
        let lost = move |line: &sandbox::LogLine| std::mem::take(&mut is_first) && line.method == "POST";
        toggl.sandbox().faults.when(lost, Fault::CutAfter);
    }
    // Nobody listens on port 1.
    let url = if step.toggl == Toggl::CannotBeReached { "http://127.0.0.1:1/api/v9".to_owned() } else { toggl.url() };
    let variables = [
        ("TOGGL_API_TOKEN", TOKEN.to_owned()),
        ("TOGGL_API_URL", url),
        ("TOGGL_WORKSPACE_ID", WORKSPACE.to_string()),
        ("CHUTE_KUN_STATE", path.display().to_string()),
        ("CHUTE_TOGGL_CONFIG", home.join("config.toml").display().to_string()),
        ("CHUTE_TOGGL_SIDECAR", home.join("toggl.json").display().to_string()),
        ("TZ", ZONE.to_owned()),
    ];
    let color = if std::io::stdout().is_terminal() { "--color=always" } else { "--color=never" };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run_command(&["push", "--verbose", color], &variables, clock, &mut out, &mut err);
    let out = String::from_utf8(out).unwrap();
    assert_eq!(exit.code(), step.exits, "{}: {out}{}", step.says, String::from_utf8_lossy(&err));
    for line in out.lines().filter(|line| !line.is_empty()) {
        println!("{line}");
    }
}

/// What both hold at the end.
fn side_by_side(toggl: &Server, zone: &Zone) {
    let Step { sessions, .. } = STORY[STORY.len() - 1];
    let told = |minute: Minute| format!("{:02}:{:02}", minute / 60, minute % 60);
    let theirs: Vec<String> = sessions
        .iter()
        .map(|&(title, start, end)| format!("{}-{}  {title}", told(start), end.map_or("".to_owned(), told)))
        .collect();
    let minute = |instant: i64| zone.at(instant).time().format(time::macros::format_description!("[hour]:[minute]"));
    let ours: Vec<String> = (toggl.sandbox().entries().iter())
        .map(|entry| {
            let stop = entry.stop.map_or("".to_owned(), |stop| minute(stop).unwrap());
            let day = zone.date(entry.start);
            let tags: String = entry.tags.iter().map(|tag| format!("  #{tag}")).collect();
            let project = entry.project_id.map_or("", |_| "  Reports");
            format!("{day} {}-{stop}  {}{project}{tags}", minute(entry.start).unwrap(), entry.description)
        })
        .collect();
    assert_eq!(theirs.len(), ours.len(), "one entry for each session");
    println!("\n{:<30}Toggl", "Chute_kun");
    for (theirs, ours) in theirs.iter().zip(&ours) {
        println!("{theirs:<30}{ours}");
    }
    println!("\n{} sessions, {} entries: none doubled, none lost.", theirs.len(), ours.len());
}
