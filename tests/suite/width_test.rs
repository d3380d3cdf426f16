//! Whatever a command says fits the terminal, from 40 columns to 200.

use unicode_width::UnicodeWidthStr as _;

use crate::sandbox::{Refusal, WORKSPACE};
use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::TestHome;

const COMMANDS: [&[&str]; 10] = [
    &["push", "--dry-run", "--reclassify"],
    &["push", "--dry-run"],
    &["push", "-v"],
    &["push"],
    &["push", "--prune", "--max-delete", "0"],
    &["status", "-v"],
    &["verify", "-v"],
    &["doctor", "-v"],
    &["doctor"],
    &["push", "--snapshot", "a file that is not there.toml"],
];

/// Runs every command at these widths. The requests of `-v` are lines of a log, whole wherever they are read.
#[track_caller]
fn all_fit(home: &TestHome) {
    for columns in [40, 56, 80, 133, 200] {
        for args in COMMANDS {
            let ran = home.run_with(&[("COLUMNS", &columns.to_string())], args);
            // Progress is written over itself.
            let err = ran.err.replace("\r\u{1b}[K", "\n");
            for line in ran.out.lines().chain(err.lines()) {
                let line = unpainted(line);
                let is_request =
                    ["GET ", "POST ", "PUT ", "PATCH ", "DELETE "].iter().any(|method| line.starts_with(method));
                assert!(line.width() <= columns || is_request, "{args:?}, {columns} columns: {line}\n{ran:?}");
            }
        }
    }
}

/// A line without its colours.
fn unpainted(line: &str) -> String {
    let mut text = String::new();
    for (number, part) in line.split('\u{1b}').enumerate() {
        text.push_str(if number == 0 { part } else { part.split_once('m').map_or(part, |(_, rest)| rest) });
    }
    text
}

fn many() -> String {
    let titles = ["Write the report of the quarter with everybody's numbers", "週次レビューの資料をまとめる", "Mail"];
    snapshot(titles.map(|title| today(title).sessions(&[(540, Some(600)), (700, Some(760)), (800, None)])))
}

#[test]
fn of_a_new_user() {
    let home = TestHome::new();
    all_fit(&home);
    let home = home.without("TOGGL_WORKSPACE_ID").with("TOGGL_API_TOKEN", "");
    all_fit(&home);
}

#[test]
fn of_work_that_is_sent_changed_and_rejected() {
    let home = TestHome::new();
    home.save(&many());
    home.toggl.sandbox().rules.refusals.push(Refusal::bad("Mail"));
    all_fit(&home);
    home.toggl.sandbox().rules.refusals.clear();
    let ids: Vec<i64> = home.toggl.sandbox().entries().iter().map(|entry| entry.id).collect();
    for id in ids {
        home.toggl.sandbox().edit(id, |entry| entry.description.push_str(" and what a person wrote behind it"));
    }
    all_fit(&home);
    home.save(&snapshot([today("Another")]));
    all_fit(&home);
}

#[test]
fn of_rules_and_what_they_name() {
    let home = TestHome::new();
    let rules = "tags = [\"深い仕事\", \"a tag of some length that somebody thought of\"]\n\
        [[rule]]\ntitle = \"週次\"\nproject = \"四半期の資料と週次レビューのための長い名前の案件\"\n\
        [[rule]]\ntitle = \"Mail\"\nskip = true\n\
        [[rule]]\ntitle = \"Write\"\nproject = \"A project with a name that is not there in Toggl\"\n";
    home.configure(rules);
    home.toggl.sandbox().add_project(WORKSPACE, "四半期の資料と週次レビューのための長い名前の案件");
    home.save(&many());
    let text = home.run_with(&[("COLUMNS", "120")], &["push", "--dry-run"]).exits(0);
    text.says("new (rule 1): 四半期").says("new (rule 3): A project").says("skipped by rule 2");
    all_fit(&home);
    let from_a_day = rules.replace("週次\"\nproject", "Write\"\nproject").replace("tags", "since = 2026-05-12\ntags");
    home.configure(&from_a_day);
    all_fit(&home);
    home.configure("tags = [\"new\"]\n");
    home.run_with(&[("COLUMNS", "120")], &["push", "--dry-run", "--reclassify"])
        .exits(0)
        .says("* reclassify")
        .says("#new");
    all_fit(&home);
    home.configure("this_is_a_key_that_nobody_knows_and_that_is_long = 1\n");
    all_fit(&home);
}

#[test]
fn of_files_and_settings_that_are_wrong() {
    let home = TestHome::with_work();
    home.write_sidecar("{\"schema\": 1, \"what is this key and why is it so very long\": 1}");
    all_fit(&home);
    let home = TestHome::with_work().with("TZ", "Nowhere/That_Is_A_Place").with("CHUTE_TOGGL_PACE", "a while");
    all_fit(&home);
    let home = TestHome::with_work().with("TOGGL_API_URL", "http://127.0.0.1:1/api/v9");
    all_fit(&home);
}
