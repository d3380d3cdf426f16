//! The README.

use std::fs;
use std::time::{Duration, SystemTime};

use chute_toggl::cli::Cli;
use clap::Parser as _;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::at_desk;
use crate::sandbox::{Server, SimClock, TOKEN, WORKSPACE};

use super::{code_blocks, commands, exit_codes, project, read};

/// A day's work that is pushed, and the next morning's, on a clock of its own.
struct Desk {
    home: tempfile::TempDir,
    clock: SimClock,
    toggl: Server,
}

impl Desk {
    fn new() -> Desk {
        let clock = SimClock::at(0);
        let toggl = Server::new(clock.clone());
        toggl.sandbox().rules.workspace_total = 30;
        Desk { home: tempfile::tempdir().unwrap(), clock, toggl }
    }

    /// Chute_kun is quit at that instant, and a command is run five seconds later.
    fn run(&self, snapshot: &str, saved: OffsetDateTime, args: &[&str]) -> String {
        let path = self.home.path().join("snapshot.toml");
        fs::copy(project().join("fixtures/readme").join(snapshot), &path).unwrap();
        let mtime = SystemTime::UNIX_EPOCH + Duration::from_secs(saved.unix_timestamp().unsigned_abs());
        fs::File::options().write(true).open(&path).unwrap().set_modified(mtime).unwrap();
        self.clock.set(saved.unix_timestamp() + 5);
        let in_home = |name: &str| self.home.path().join(name).display().to_string();
        let variables = [
            ("TOGGL_API_TOKEN", TOKEN.to_owned()),
            ("TOGGL_API_URL", self.toggl.url()),
            ("TOGGL_WORKSPACE_ID", WORKSPACE.to_string()),
            ("CHUTE_KUN_STATE", in_home("snapshot.toml")),
            ("CHUTE_TOGGL_SIDECAR", in_home("toggl.json")),
            ("TZ", "Europe/Berlin".to_owned()),
        ];
        let ran = at_desk::run(args, &variables, &self.clock);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out
    }
}

#[test]
fn the_picture_in_the_readme_is_what_the_program_prints() {
    let desk = Desk::new();
    desk.run("monday.toml", datetime!(2026-05-11 18:02 +2), &["push"]);
    let tuesday = datetime!(2026-05-12 10:00 +2);
    let mut session = String::new();
    for args in [&["push", "--dry-run"][..], &["push"], &["push"]] {
        session.push_str(&format!("$ chute-toggl {}\n{}", args.join(" "), desk.run("tuesday.toml", tuesday, args)));
    }
    let readme = read("README.md");
    assert!(readme.contains(&format!("```console\n{session}```")), "the README has to show:\n{session}");
}

#[test]
fn the_readme_shows_every_command() {
    let readme = read("README.md");
    for command in commands() {
        assert!(readme.contains(&format!("chute-toggl {}", command.get_name())), "{}", command.get_name());
    }
}

#[test]
fn the_readme_explains_every_exit_code() {
    let readme = read("README.md");
    let section = readme.split("## Exit codes").nth(1).unwrap();
    assert!(exit_codes().len() >= 10);
    for code in exit_codes() {
        assert!(section.contains(&format!("\n| {code} | ")), "{code}");
    }
}

/// Whoever just came in can paste them.
#[test]
fn the_readme_begins_with_the_demo_and_the_tests() {
    let blocks = code_blocks(&read("README.md"));
    let commands: Vec<&str> = blocks[0].1.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(commands, ["cargo run --example demo", "cargo test"]);
    if project().join(".ci").exists() {
        let ci = read(".ci/run");
        assert!(ci.lines().any(|line| line == commands[1]), "CI runs the tests as the README says");
    }
}

#[test]
fn every_command_line_in_the_readme_is_one_that_the_program_takes() {
    let mut seen = 0;
    for (_, block) in code_blocks(&read("README.md")) {
        for line in block.lines() {
            let line = line.split('#').next().unwrap_or_default().replace('"', "");
            let Some((_, rest)) = line.split_once("chute-toggl ") else { continue };
            let args = rest.split([')', '|']).next().unwrap_or_default().trim();
            if !args.is_empty() {
                let args = std::iter::once("chute-toggl").chain(args.split_whitespace());
                Cli::try_parse_from(args).unwrap_or_else(|error| panic!("{line}: {error}"));
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn the_changelog_tells_of_this_version() {
    let heading = format!("\n## {}", env!("CARGO_PKG_VERSION"));
    let changelog = read("CHANGELOG.md");
    let first = changelog.find("\n## ").unwrap();
    assert!(changelog[first..].starts_with(&heading), "the first section has to be of this version");
}
