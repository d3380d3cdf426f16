//! What is shown to be typed is typed, with the real binary in an emptied home, and does what is shown.

use std::path::Path;
use std::process::Command;

use chute_toggl::zone::Zone;
use time::Date;
use time::macros::format_description;

use crate::support::clock;
use crate::support::test_home::TestHome;
use crate::support::tools::is_installed;

use super::{code_blocks, read};

const ZONE: &str = "Europe/Berlin";

/// A home in which Chute_kun was quit yesterday at 18:02, with no task running.
fn home() -> TestHome {
    let home = TestHome::with_binary().with("TZ", ZONE);
    home.toggl.sandbox().rules.workspace_total = 600;
    let zone = Zone::named(ZONE).unwrap();
    let yesterday = zone.date(clock::now()).previous_day().unwrap();
    let ymd = yesterday.format(format_description!("[year][month][day]")).unwrap();
    let monday = read("fixtures/readme/monday.toml");
    let (closed, _) = monday.split_once("\n[[today]]\ntitle = \"Fix the login\"").unwrap();
    let saved = zone.readings(yesterday, 18 * 60 + 2).first().unwrap();
    home.save_at(&closed.replace("20260511", &ymd), saved);
    home
}

/// What a shell makes of a line: the status and both outputs.
fn typed(home: &TestHome, line: &str) -> (i32, String) {
    let folder = Path::new(env!("CARGO_BIN_EXE_chute-toggl")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; exec 2>&1; {line}")])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("PATH", path)
        .current_dir(home.dir.path())
        .output()
        .unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
}

/// Without what depends on the day and on the pace, which the tests do not keep.
fn comparable(text: &str) -> String {
    let is_date = |word: &str| Date::parse(word, format_description!("[year]-[month]-[day]")).is_ok();
    let is_weekday = |word: &str| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&word);
    let line = |line: &str| {
        let words: Vec<&str> =
            line.split(' ').map(|word| if is_date(word) || is_weekday(word) { "DATE" } else { word }).collect();
        words.join(" ").replace(", about 4 s", "")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_runnable_blocks_of_the_readme_do_what_they_show() {
    let blocks = code_blocks(&read("README.md"));
    let runnable: Vec<&String> = blocks.iter().filter(|(info, _)| info.contains("runnable")).map(|(_, b)| b).collect();
    assert!(!runnable.is_empty());
    for block in runnable {
        let home = home();
        let mut shown = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let (status, out) = typed(&home, line);
            assert_eq!(status, 0, "{line}: {out}");
            shown.push_str(&format!("$ {line}\n{out}"));
        }
        assert_eq!(comparable(&shown), comparable(block));
    }
}

#[test]
fn the_examples_of_the_manual_pages_run() {
    let pages = read("man/chute-toggl.1") + &read("man/chute-toggl-json.5");
    let examples: Vec<String> =
        pages.lines().filter_map(|line| Some(line.strip_prefix("$ ")?.replace("\\-", "-"))).collect();
    assert!(examples.len() >= 9, "{examples:?}");
    for example in examples.iter().filter(|example| !example.contains("| jq") || is_installed("jq")) {
        let (status, out) = typed(&home(), example);
        let expected = if example.contains("--exit-code") { 3 } else { 0 };
        assert_eq!(status, expected, "{example}: {out}");
    }
}
