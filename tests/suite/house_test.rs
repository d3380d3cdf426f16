//! The house: which room of `src` may know which, and what the tests may ask for. Whoever breaks a rule is named by file
//! and line.

use std::fs;
use std::path::Path;

use crate::support::tools::TOOLS;

/// The floors of the house, from the roof down: a room knows rooms of lower floors only.
const FLOORS: [&[&str]; 11] = [
    &["main"],
    &["command"],
    &["output"],
    &["execute"],
    &["settings"],
    &["reconcile"],
    &["sidecar"],
    &["chute_kun", "toggl"],
    &["cli"],
    &["clock", "exit", "zone"],
    &["whole_file"],
];

/// Beside that, who may know these at all.
const KNOWN_BY: [(&str, &[&str]); 2] = [("settings", &["command"]), ("cli", &["command", "settings"])];

/// A line of a source, with where it stands.
struct Line {
    path: String,
    place: String,
    text: String,
}

/// All lines of the Rust files below that folder of the project, but for comments.
fn lines(folder: &str) -> Vec<Line> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut lines) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|extension| extension == "rs") {
                let path = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&file).unwrap();
                let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
                lines.extend(code.map(|(at, line)| Line {
                    path: path.clone(),
                    place: format!("{path}:{}: {}", at + 1, line.trim()),
                    text: line.to_owned(),
                }));
            }
        }
    }
    lines
}

/// The names that follow `crate::`, or for the program itself the library's name.
fn known(line: &Line) -> impl Iterator<Item = &str> {
    let behind = |root| line.text.split(root).skip(1);
    behind("crate::")
        .chain(behind("chute_toggl::"))
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
}

/// Fails with the places, if there are any.
#[track_caller]
fn none(rule: &str, broken: impl Iterator<Item = String>) {
    let broken: Vec<String> = broken.collect();
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn every_arrow_between_rooms_runs_down() {
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    let (mut arrows, mut broken) = (0, Vec::new());
    for line in lines("src") {
        let from = line.path.split('/').nth(1).unwrap().trim_end_matches(".rs");
        for to in known(&line).filter(|to| *to != from && from != "lib") {
            arrows += 1;
            let runs_down = matches!((floor(from), floor(to)), (Some(from), Some(to)) if from < to);
            let is_open = KNOWN_BY.iter().all(|(room, by)| *room != to || by.contains(&from));
            if !runs_down || !is_open {
                broken.push(format!("{from} -> {to}: {}", line.place));
            }
        }
    }
    assert!(arrows > 100, "{arrows}");
    none("a room may know rooms on lower floors only", broken.into_iter());
}

#[test]
fn no_test_imports_from_another() {
    let imports = |line: &Line| known(line).any(|name| name.ends_with("_test"));
    let tests = ["suite", "support", "sandbox", "lives", "corpus"];
    let lines = tests.iter().flat_map(|folder| lines(&format!("tests/{folder}")));
    none("what tests share is in a folder of its own", lines.filter(imports).map(|line| line.place));
}

/// A test that asks for the time is right at some hours only. Those of a real process get it from `support/clock.rs`.
#[test]
fn the_systems_clock_is_asked_in_one_place() {
    let asks =
        ["SystemTime::now", "Instant::now", "now_utc", "now_local", "Timestamp::now", "Zoned::now", "thread::sleep"];
    let broken = lines("tests").into_iter().filter(|line| {
        let is_excused = match line.path.as_str() {
            "tests/support/clock.rs" | "tests/suite/house_test.rs" => true,
            // A server that is slow on purpose.
            "tests/sandbox/server.rs" => line.text.contains("thread::sleep"),
            _ => false,
        };
        !is_excused && asks.iter().any(|asks| line.text.contains(asks))
    });
    none("only tests/support/clock.rs asks for the time", broken.map(|line| line.place));
}

/// What is not installed is not tried: that is said, and nothing of it is missing where all must be tried.
#[test]
fn the_tools_that_tests_use_are_known_to_ci() {
    for file in [".ci/run", ".github/workflows/ci.yml"] {
        // A package has no workflow.
        let Ok(text) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else { continue };
        for tool in TOOLS.iter().filter(|tool| **tool != "bash") {
            assert!(
                text.split_whitespace().any(|word| word.trim_end_matches(';') == *tool),
                "{file} does not know {tool}"
            );
        }
    }
}
