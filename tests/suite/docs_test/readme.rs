//! The README.

use chute_toggl::cli::Cli;
use clap::Parser as _;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::support::test_home::TestHome;

use super::{code_blocks, commands, exit_codes, project, read};

/// Chute_kun is quit at that instant, and a command is run five seconds later.
fn run(home: &TestHome, snapshot: &str, saved: OffsetDateTime, args: &[&str]) -> String {
    home.save_at(&read(&format!("fixtures/readme/{snapshot}")), saved.unix_timestamp());
    home.clock().set(saved.unix_timestamp() + 5);
    let ran = home.run(args).exits(0);
    assert_eq!(ran.err, "");
    ran.out
}

#[test]
fn the_picture_in_the_readme_is_what_the_program_prints() {
    let home = TestHome::new().with("TZ", "Europe/Berlin").without("CHUTE_TOGGL_PACE");
    home.toggl.sandbox().rules.workspace_total = 30;
    run(&home, "monday.toml", datetime!(2026-05-11 18:02 +2), &["push"]);
    let tuesday = datetime!(2026-05-12 10:00 +2);
    let mut session = String::new();
    for args in [&["push", "--dry-run"][..], &["push"], &["push"]] {
        session.push_str(&format!("$ chute-toggl {}\n{}", args.join(" "), run(&home, "tuesday.toml", tuesday, args)));
    }
    let readme = read("README.md");
    assert!(readme.contains(&format!("```console\n{session}```")), "the README has to show:\n{session}");
}

/// The picture is drawn again with `SNAPSHOTS=overwrite cargo test`.
#[test]
fn the_picture_of_a_plan_is_what_the_program_prints() {
    let home = TestHome::new().with("TZ", "Europe/Berlin").without("CHUTE_TOGGL_PACE");
    run(&home, "monday.toml", datetime!(2026-05-11 18:02 +2), &["push"]);
    let args = ["push", "--dry-run", "--color", "always"];
    let plan = run(&home, "tuesday.toml", datetime!(2026-05-12 10:00 +2), &args);
    let picture = project().join("fixtures/readme/plan.term.svg");
    let drawn = snapbox::Data::read_from(&picture, None);
    snapbox::Assert::new()
        .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
        .eq(format!("$ chute-toggl push --dry-run\n{plan}"), drawn);
    assert!(picture.metadata().unwrap().len() <= 40_000);
    assert!(read("README.md").contains("(fixtures/readme/plan.term.svg)"));
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
fn the_readme_begins_with_the_first_commands_the_demo_and_the_tests() {
    let blocks = code_blocks(&read("README.md"));
    let commands =
        |at: usize| -> Vec<&str> { blocks[at].1.lines().map(|line| line.split('#').next().unwrap().trim()).collect() };
    let first: Vec<&str> =
        commands(0).into_iter().filter(|line| !line.starts_with("export TOGGL_API_TOKEN=")).collect();
    let expected =
        ["cargo install --locked --path .", "chute-toggl doctor", "chute-toggl push --dry-run", "chute-toggl push"];
    assert_eq!(first, expected);
    let commands = commands(1);
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
