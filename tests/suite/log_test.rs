//! The log of what was sent, and the commands that read it.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use chute_toggl::cli::Day;
use chute_toggl::clock::Clock as _;
use chute_toggl::command::selector::Selector;
use chute_toggl::sidecar::log::{self, LogLine, MOST_BYTES, Values};
use chute_toggl::toggl::EntryId;
use time::macros::date;

use crate::sandbox::{Refusal, TOKEN};
use crate::support::test_home::{TestHome, one_session};

fn log_of(home: &TestHome) -> PathBuf {
    log::log_path(&home.sidecar_path())
}

fn lines(home: &TestHome) -> Vec<LogLine> {
    log::read(&home.sidecar_path()).unwrap()
}

/// Chute_kun is quit again, ten minutes later.
fn save_later(home: &TestHome, text: &str) {
    home.clock().set(home.clock().now() + 600);
    home.save(text);
}

/// Work that was pushed, and whose title was changed and pushed again.
fn corrected() -> TestHome {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    save_later(&home, &one_session("Write the report", 540, 600));
    home.run(&["push"]).exits(0);
    home
}

#[test]
fn every_change_that_was_answered_is_one_line() {
    let home = corrected();
    let lines = lines(&home);
    let text = |values: &Option<Values>| values.as_ref().map(|values| values.description.clone());
    let said: Vec<_> =
        lines.iter().map(|line| (&*line.operation, text(&line.old), text(&line.new), line.status)).collect();
    let title = |title: &str| Some(title.to_owned());
    let (first, second) = (title("Write report"), title("Write the report"));
    assert_eq!(said, [("create", None, first.clone(), 200), ("update", first, second, 200)]);
    let entry = home.toggl.sandbox().entries()[0].id;
    assert!(lines.iter().all(|line| line.entry == Some(EntryId(entry)) && line.session.to_string().ends_with("/0/0")));
    assert_eq!(log_of(&home).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(log_of(&home)).unwrap().contains(TOKEN));
}

#[test]
fn up_to_date_and_a_dry_run_write_no_line() {
    let home = corrected();
    let before = fs::read(log_of(&home)).unwrap();
    home.run(&["push"]).exits(0);
    save_later(&home, &one_session("Another", 540, 600));
    home.run(&["push", "--dry-run"]);
    assert_eq!(fs::read(log_of(&home)).unwrap(), before);
}

#[test]
fn what_toggl_rejected_is_in_the_log_with_what_it_said() {
    let home = TestHome::with_work();
    home.toggl.sandbox().rules.refusals.push(Refusal::bad("Write report"));
    home.run(&["push"]).exits(6);
    let [line] = &lines(&home)[..] else { panic!("{:?}", lines(&home)) };
    assert_eq!((line.status, line.text.is_some(), line.entry), (400, true, None));
    assert_eq!(line.new.as_ref().unwrap().description, "Write report");
    home.run(&["log"]).exits(0).says("Write report  rejected (400): ");
}

#[test]
fn a_log_that_cannot_be_written_is_no_fault_and_nothing_is_written_elsewhere() {
    let elsewhere = |home: &TestHome| home.dir.path().join("elsewhere");
    let cases: [fn(&Path, &Path); 4] = [
        |log, other| {
            fs::write(other, "kept").unwrap();
            symlink(other, log).unwrap();
        },
        |log, other| {
            fs::write(other, "kept").unwrap();
            fs::hard_link(other, log).unwrap();
        },
        |log, other| {
            fs::write(other, "kept").unwrap();
            fs::create_dir(log).unwrap();
        },
        |log, other| {
            fs::write(other, "kept").unwrap();
            assert!(std::process::Command::new("mkfifo").arg(log).status().unwrap().success());
        },
    ];
    for make in cases {
        let home = TestHome::with_work();
        fs::create_dir_all(home.sidecar_path().parent().unwrap()).unwrap();
        make(&log_of(&home), &elsewhere(&home));
        home.run(&["push"]).exits(0);
        assert_eq!(fs::read_to_string(elsewhere(&home)).unwrap(), "kept");
        assert_eq!(home.toggl.sandbox().entries().len(), 1);
    }
}

#[test]
fn a_log_that_has_grown_large_is_put_aside_and_still_read() {
    let home = corrected();
    File::options().write(true).open(log_of(&home)).unwrap().set_len(MOST_BYTES + 1).unwrap();
    save_later(&home, &one_session("Write the report", 540, 610));
    home.run(&["push"]).exits(0);
    assert!(log_of(&home).metadata().unwrap().size() < 1000);
    let operations: Vec<String> = lines(&home).into_iter().map(|line| line.operation).collect();
    assert_eq!(operations, ["create", "update", "update"]);
}

#[test]
fn a_line_that_was_cut_spoils_no_other() {
    let home = corrected();
    let length = log_of(&home).metadata().unwrap().len();
    File::options().write(true).open(log_of(&home)).unwrap().set_len(length - 9).unwrap();
    save_later(&home, &one_session("Write the report", 540, 610));
    home.run(&["push"]).exits(0);
    let operations: Vec<String> = lines(&home).into_iter().map(|line| line.operation).collect();
    assert_eq!(operations, ["create", "update"]);
}

#[test]
fn the_log_is_shown_newest_last_and_in_part() {
    let home = corrected();
    let shown = home.run(&["log"]).exits(0).out;
    let rows: Vec<&str> = shown.lines().collect();
    assert!(rows[1].contains("+ create  09:00-10:00  Write report"), "{shown}");
    assert!(rows[2].contains("* update") && rows[2].contains("renamed from \"Write report\""), "{shown}");
    let count = |args: &[&str]| home.run(args).exits(0).out.lines().filter(|line| line.starts_with(' ')).count();
    assert_eq!(count(&["log", "-n", "1"]), 1);
    assert_eq!(count(&["log", "--since", "today"]), 2);
    assert_eq!(count(&["log", "the report"]), 1);
    let key = lines(&home)[0].session.to_string();
    assert_eq!(count(&["log", &key]), 2);
    assert_eq!(count(&["log", "20260101/0/0"]), 0);
    let json = home.run(&["log", "--format", "json"]).exits(0).out;
    assert_eq!(json, fs::read_to_string(log_of(&home)).unwrap());
}

#[test]
fn a_session_is_explained_by_its_key_and_by_day_and_title() {
    let home = corrected();
    let key = lines(&home)[0].session.to_string();
    let by_key = home.run(&["explain", &key]).exits(0).out;
    for part in [
        "Write the report",
        &key,
        "Day       certain",
        "In Toggl  entry",
        "nothing is to be done",
        "+ create",
        "* update",
    ] {
        assert!(by_key.contains(part), "no `{part}` in: {by_key}");
    }
    let day = lines(&home)[0].new.as_ref().unwrap().start.date().to_string();
    assert_eq!(home.run(&["explain", &day, "REPORT"]).exits(0).out, by_key);
    home.run(&["explain", &day, "lunch"]).exits(2).complains("no session is `");
    save_later(&home, &one_session("Write the report", 540, 620));
    home.run(&["explain", "report"]).exits(0).says("the next push sends: update.");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["explain", &key, "--format", "json"]).out).unwrap();
    assert_eq!(
        (json["sessions"][0]["next"].as_str(), json["sessions"][0]["log"].as_array().unwrap().len()),
        (Some("update"), 2)
    );
    // What is recorded is explained as well while an older copy of the list lies there.
    home.save_at(&one_session("report", 540, 600), 1_000_000_000);
    home.run(&["explain", "report"]).exits(0).complains("looks like an older").says("report");
}

#[test]
fn what_is_held_back_is_explained_with_what_to_do() {
    let home = TestHome::with_work();
    home.toggl.sandbox().rules.refusals.push(Refusal::bad("Write report"));
    home.run(&["push"]).exits(6);
    home.run(&["explain", "report"]).exits(0).says("Toggl rejected it (400): ").says("held back");
}

#[test]
fn days_are_named_or_counted_back_from_today() {
    let today = date!(2026 - 05 - 11);
    let on = |text: &str| text.parse::<Day>().map(|day| day.date(today));
    assert_eq!(on("2026-05-01"), Ok(date!(2026 - 05 - 01)));
    assert_eq!(on("today"), Ok(today));
    assert_eq!(on("yesterday"), Ok(date!(2026 - 05 - 10)));
    assert_eq!(on("7d"), Ok(date!(2026 - 05 - 04)));
    for text in ["", "d", "-7d", "tomorrow", "2026-13-01", "11.5.2026"] {
        assert!(on(text).is_err(), "{text}");
    }
}

#[test]
fn words_mean_a_key_or_a_day_and_a_part_of_the_title() {
    let today = date!(2026 - 05 - 11);
    let parse = |words: &[&str]| Selector::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), today);
    assert_eq!(parse(&["20260511/0/1"]), Selector::Session("20260511/0/1".parse().unwrap()));
    assert_eq!(parse(&["20260511/0"]), Selector::Task("20260511/0".parse().unwrap()));
    assert_eq!(parse(&["today", "The", "Report"]), Selector::Title { day: Some(today), part: "the report".to_owned() });
    assert_eq!(parse(&["20260511/x"]), Selector::Title { day: None, part: "20260511/x".to_owned() });
}

#[test]
fn a_backward_range_is_a_slip_and_one_without_sessions_says_so() {
    let home = TestHome::with_work();
    home.run(&["push", "-n", "--since", "2026-05-12", "--until", "2026-05-11"])
        .exits(2)
        .complains("--since 2026-05-12 is after --until 2026-05-11");
    home.run(&["push", "-n", "--since", "2001-01-01", "--until", "2001-01-02"])
        .exits(0)
        .says("No session started from Mon 2001-01-01 until Tue 2001-01-02");
    home.run(&["push", "-n", "--since", "7d"]).exits(0).says("Write report");
}

#[test]
fn each_request_names_its_session() {
    let home = TestHome::with_work();
    let ran = home.run(&["push", "-v"]).exits(0);
    let post = ran.err.lines().find(|line| line.starts_with("POST ")).unwrap();
    assert!(post.ends_with("09:00-10:00  Write report"), "{post}");
    let look = ran.err.lines().find(|line| line.starts_with("GET ")).unwrap();
    assert!(!look.contains("Write report"), "{look}");
}
