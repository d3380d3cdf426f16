//! Titles, paths, keys, variables and a server's words can be anything. None of it moves the cursor, hides or forges a
//! line, whatever the command.

use serde_json::json;

use crate::sandbox::Refusal;
use crate::support::test_home::{Ran, TestHome, one_session};

/// Clears the screen, turns the line around, hides, and would begin a line of its own.
const EVIL: &str = "a\u{1b}[2J\u{202e}b\u{9b}1m\u{200b}\nchute-toggl: all is well";

const COMMANDS: [&[&str]; 5] =
    [&["push", "-n"], &["push", "-v"], &["status", "-v"], &["verify", "-v"], &["doctor", "-v"]];

/// Runs every command, as text and as JSON, and returns all that they print.
fn runs(home: &TestHome, more: &[&str]) -> Vec<Ran> {
    let mut all = Vec::new();
    for command in COMMANDS {
        for format in ["text", "json"] {
            let args = [command, more, &["--format", format]].concat();
            let ran = home.run(&args);
            let is_raw = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200b}' | '\u{202e}' | '\u{9b}');
            for text in [&ran.out, &ran.err] {
                assert!(!text.contains(is_raw), "{args:?}: {}", text.escape_debug());
                let forged = |line: &str| line.trim_start().starts_with("chute-toggl: all is well");
                assert!(!text.lines().any(forged), "{args:?}: {text}");
            }
            if format == "json" && !ran.out.is_empty() {
                ran.json();
            }
            all.push(ran);
        }
    }
    all
}

/// How many of them show it, escaped.
fn show_it(all: &[Ran]) -> usize {
    let is_shown = |text: &str| text.contains("a\\u{1b}[2J") || text.contains("a\\u001b[2J");
    all.iter().filter(|ran| is_shown(&ran.out) || is_shown(&ran.err)).count()
}

#[test]
fn a_title_that_is_anything() {
    let home = TestHome::new();
    home.save(&one_session(EVIL, 540, 600));
    let body = json!(EVIL).to_string();
    home.toggl.sandbox().rules.refusals.push(Refusal { body, ..Refusal::bad(EVIL) });
    assert!(show_it(&runs(&home, &[])) >= 5);
    home.toggl.sandbox().rules.refusals.clear();
    home.run(&["push", "--retry-rejected"]).exits(0);
    let id = home.toggl.sandbox().entries()[0].id;
    home.toggl.sandbox().edit(id, |entry| entry.description.push_str(EVIL));
    assert!(show_it(&runs(&home, &[])) >= 2);
}

#[test]
fn paths_that_are_anything() {
    let home = TestHome::with_work();
    let (snapshot, sidecar) = (home.arg(&format!("{EVIL}.toml")), home.arg(&format!("{EVIL}.json")));
    // Not there, then empty, then whole.
    let named = ["--snapshot", snapshot.as_str(), "--sidecar", sidecar.as_str()];
    assert!(show_it(&runs(&home, &named)) >= 5);
    std::fs::write(&snapshot, "").unwrap();
    assert!(show_it(&runs(&home, &named)) >= 8);
    std::fs::copy(home.snapshot_path(), &snapshot).unwrap();
    std::fs::write(&sidecar, "{").unwrap();
    assert!(show_it(&runs(&home, &named)) >= 8);
    std::fs::remove_file(&sidecar).unwrap();
    std::fs::create_dir(&sidecar).unwrap();
    assert!(show_it(&runs(&home, &named)) >= 8);
}

#[test]
fn damaged_files_that_hold_anything() {
    let home = TestHome::with_work();
    let task = json!({"title": "T"});
    home.write_sidecar(json!({"version": 1, "tasks": {EVIL: task}, "entries": {}}).to_string());
    assert!(show_it(&runs(&home, &[])) >= 8);
    home.write_sidecar(json!({"version": 1, EVIL: 1, "tasks": {}, "entries": {}}).to_string());
    assert!(show_it(&runs(&home, &[])) >= 8);
    std::fs::remove_file(home.sidecar_path()).unwrap();
    home.save(&format!("version = 1\n[[today]]\ntitle = {EVIL}\n"));
    runs(&home, &[]);
}

#[test]
fn variables_that_hold_anything() {
    for name in [
        "TZ",
        "TOGGL_WORKSPACE_ID",
        "TOGGL_SYNC_MODE",
        "TOGGL_API_URL",
        "TOGGL_API_TOKEN",
        "CHUTE_TOGGL_PACE",
        "CHUTE_KUN_STATE",
    ] {
        let home = TestHome::with_work().with(name, EVIL);
        runs(&home, &[]);
        let home = TestHome::with_work().with(name, &format!(":/{EVIL}"));
        runs(&home, &[]);
    }
}

#[test]
fn arguments_that_are_anything() {
    let home = TestHome::with_work();
    for args in
        [&[EVIL][..], &["push", EVIL], &["push", "--since", EVIL], &["hook", EVIL], &["push", "--api-url", EVIL]]
    {
        let ran = home.run(args).exits(2);
        assert!(
            !ran.err.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'),
            "{}",
            ran.err.escape_debug()
        );
    }
}

/// It was a panic of `status`, and of whatever else moved it to another offset.
#[test]
fn an_instant_that_no_other_clock_can_show_is_damage() {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    let text = std::fs::read_to_string(home.sidecar_path()).unwrap();
    let start = text.split("\"start\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for instant in ["9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z"] {
        home.write_sidecar(text.replace(&start, instant));
        for command in [&["status"][..], &["push", "-n"], &["push"], &["verify"], &["doctor"]] {
            let ran = home.run(command).exits(8);
            let said: Vec<&str> = ran.out.split_whitespace().chain(ran.err.split_whitespace()).collect();
            assert!(said.join(" ").contains("a year that cannot be"), "{ran:?}");
        }
    }
}
