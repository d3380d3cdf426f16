//! The settings file in whole pushes: what is left alone, what is sent with which project and tags, and what is deleted.

use std::fs;

use chute_kun::task::Category;
use serde_json::Value;

use crate::sandbox::{Call, WORKSPACE};
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today};
use crate::support::test_home::{Ran, TestHome};

/// A home with this settings file.
fn home(config: &str) -> TestHome {
    let home = TestHome::new();
    home.configure(config);
    home
}

fn push(home: &TestHome, args: &[&str]) -> Ran {
    home.run(&[&["push"], args].concat())
}

/// Text, project and tags of every entry, by text.
fn held(home: &TestHome) -> Vec<(String, Option<i64>, Vec<String>)> {
    let sandbox = home.toggl.sandbox();
    sandbox.assert_clean();
    let held = sandbox.entries().into_iter().map(|entry| (entry.description, entry.project_id, entry.tags));
    let mut held: Vec<_> = held.collect();
    held.sort();
    held
}

fn titles(home: &TestHome) -> Vec<String> {
    held(home).into_iter().map(|(title, ..)| title).collect()
}

/// The plan, as JSON.
fn plan(home: &TestHome, args: &[&str]) -> Value {
    push(home, &[&["--dry-run", "--format", "json"], args].concat()).json()
}

/// Done on this day of May 2026, from nine to half past.
fn on(day: u32, title: &str) -> TaskBuilder {
    past(title).closed(540, 570).planned(20_260_500 + day).done(20_260_500 + day, 570)
}

fn work(task: TaskBuilder) -> TaskBuilder {
    task.with(|task| task.category = Category::Work)
}

#[test]
fn what_the_settings_leave_alone_is_up_to_date_and_takes_no_request() {
    let home = home("since = 2026-05-08\nat_least_min = 2\n[[rule]]\ntitle = \"private:\"\nskip = true\n");
    home.save(&snapshot([
        &on(7, "Old"),
        &on(8, "Report"),
        &on(9, "private: tea"),
        &past("Blink").closed(600, 601).done(20_260_509, 601),
    ]));
    let plan = plan(&home, &[]);
    assert_eq!(plan["left_alone"], serde_json::json!({"since": 1, "skip": 1, "at_least_min": 1, "running": 0}));
    push(&home, &[]).exits(0).says("left alone: 1 before `since`, 1 skipped by rule 1, 1 too short");
    assert_eq!(titles(&home), ["Report"]);
    home.toggl.sandbox().log.clear();
    push(&home, &[]).exits(0).says("Up to date: 1 session; left alone as set: 3.");
    home.clock().advance(60_000);
    push(&home, &[]).exits(0).says("Up to date: 1 session; left alone as set: 3.");
    push(&home, &["--dry-run", "--exit-code"]).exits(0);
    for day in [&["--since", "2026-05-09"][..], &["--since", "2026-05-09", "--dry-run"]] {
        push(&home, day).exits(0).says("Up to date: 0 sessions; left alone as set: 2.");
    }
    assert!(home.requests().is_empty());

    // A changed file is not missed, and what is asked for then is sent.
    home.configure("at_least_min = 1\n");
    push(&home, &[]).exits(0);
    assert_eq!(titles(&home), ["Blink", "Old", "Report", "private: tea"]);
}

#[test]
fn only_finished_sessions_are_sent_if_so_set_and_switching_doubles_nothing() {
    let home = home("running = false\n");
    home.save(&snapshot([&today("Work").open(600)]));
    push(&home, &[]).exits(0).says("left alone as set: 1");
    assert!(titles(&home).is_empty());

    home.configure("");
    push(&home, &[]).exits(0);
    home.configure("running = false\n");
    push(&home, &[]).exits(0);
    assert!(home.toggl.sandbox().running_id().is_some(), "what runs goes on until its session ends");
    home.configure("");
    push(&home, &[]).exits(0);
    home.configure("running = false\n");
    home.clock().advance(3_600_000);
    home.save(&snapshot([&today("Work").closed(600, 1030)]));
    push(&home, &[]).exits(0);
    assert_eq!(titles(&home), ["Work"]);
    assert_eq!(home.toggl.sandbox().running_id(), None);
}

/// What began a first push too far back is taken back: one request an entry, and nothing that was there before.
#[test]
fn pruning_takes_back_what_lies_before_since_or_is_skipped_and_nothing_adopted() {
    let home = home("");
    let all = [on(5, "Old"), on(6, "Older"), on(9, "private: tea"), on(9, "Report")];
    let nine = 1_777_939_200; // 2026-05-05, 9:00 in Tokyo.
    home.toggl.sandbox().insert("Old", nine, Some(nine + 1800));
    home.save(&snapshot(&all));
    push(&home, &[]).exits(0);
    home.configure("since = 2026-05-08\n[[rule]]\ntitle = \"private:\"\nskip = true\n");
    push(&home, &[]).exits(0);
    assert_eq!(titles(&home).len(), 4, "an entry stays until pruning is asked for");
    push(&home, &["--prune", "--max-delete", "1"]).exits(6).says("--max-delete 2");
    home.toggl.sandbox().log.clear();
    push(&home, &["--prune", "--dry-run"]).exits(0).says("before `since`").says("skipped by rule 1");
    push(&home, &["--prune"]).exits(0);
    assert_eq!(home.requests().len(), 2);
    assert_eq!(titles(&home), ["Old", "Report"]);

    // The sessions are still there, and are known: they come back on the days that they had.
    push(&home, &[]).exits(0);
    home.configure("");
    push(&home, &[]).exits(0);
    assert_eq!(titles(&home), ["Old", "Older", "Report", "private: tea"]);
    let older = home.entry("Older");
    assert_eq!(home.toggl.sandbox().entry(older).unwrap().start, nine + 86_400);
}

#[test]
fn project_and_tags_go_by_the_first_rule_that_fits() {
    let home = home(
        "project = \"Internal\"\ntags = [\"chute\"]\n\n\
         [[rule]]\ncategory = \"Work\"\ntitle = \"ACME:\"\nproject = \"acme redesign\"\ntags = [\"client\", \"deep work\"]\n\n\
         [[rule]]\ntitle = \"Home\"\nproject = \"\"\ntags = []\n",
    );
    let (acme, internal) = {
        let mut toggl = home.toggl.sandbox();
        (toggl.add_project(WORKSPACE, "ACME Redesign"), toggl.add_project(WORKSPACE, "Internal"))
    };
    home.save(&snapshot([&work(on(8, "ACME: logo")), &on(8, "ACME: other"), &on(9, "Home"), &on(10, "Mail")]));
    let shown = push(&home, &["--dry-run"]).exits(0);
    let shown = shown.says("new (rule 1): acme redesign, #client").says("new: Internal, #chute");
    assert!(shown.says("(rule 2)").out.contains("6 requests"), "four creates, one look, one for the projects");
    let logo =
        plan(&home, &[])["operations"].as_array().unwrap().iter().find(|one| one["title"] == "ACME: logo").cloned();
    let logo = logo.unwrap();
    assert_eq!(logo["rule"], serde_json::json!({"number": 1, "line": 4}));
    assert_eq!(logo["project"], serde_json::json!({"id": null, "name": "acme redesign"}));
    push(&home, &[]).exits(0);
    let tags = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        held(&home),
        [
            ("ACME: logo".to_owned(), Some(acme), tags(&["client", "deep work"])),
            ("ACME: other".to_owned(), Some(internal), tags(&["chute"])),
            ("Home".to_owned(), None, tags(&[])),
            ("Mail".to_owned(), Some(internal), tags(&["chute"])),
        ]
    );
    assert_eq!(home.requests().len(), 6);

    // The names are known from then on, and the variables beat the file.
    home.toggl.sandbox().log.clear();
    home.save(&snapshot([
        &work(on(8, "ACME: logo")),
        &on(8, "ACME: other"),
        &on(9, "Home"),
        &on(10, "Mail"),
        &work(on(10, "ACME: more")),
        &on(10, "Call"),
    ]));
    home.run_with(&[("TOGGL_TAGS_DEFAULT", "v, w")], &["push"]).exits(0);
    assert_eq!(home.requests().len(), 3, "a look, since they may be older than the last push, and two creates");
    let call = home.entry("Call");
    assert_eq!(home.toggl.sandbox().entry(call).unwrap().tags, ["v", "w"]);
}

/// The figures of a first push of a hundred sessions: a look, the creates, the projects if they are named, and the workspace if
/// it is not set.
#[test]
fn requests_of_a_first_push_by_rules_and_of_the_next() {
    for (by, project, workspace, expected) in [
        ("a project by its number, a workspace by its own", "210000001", true, 101),
        ("a project by its name, a workspace by its number", "\"Internal\"", true, 102),
        ("a project by its name, the account's workspace", "\"Internal\"", false, 103),
    ] {
        let home = home(&format!("[[rule]]\ntitle = \"S\"\nproject = {project}\n"));
        let home = if workspace { home } else { home.without("TOGGL_WORKSPACE_ID") };
        home.toggl.sandbox().add_project(WORKSPACE, "Internal");
        let sessions: Vec<(u16, Option<u16>)> = (0..100).map(|n| (2 * n, Some(2 * n + 1))).collect();
        home.save(&snapshot([&today("S").sessions(&sessions)]));
        push(&home, &[]).exits(0);
        assert_eq!(home.requests().len(), expected, "{by}");
        push(&home, &[]).exits(0);
        assert_eq!(home.requests().len(), expected, "{by}");
        println!("first push of 100 sessions, {by}: {expected} requests; the next: 0");
    }
}

/// The figure: one request an entry.
#[test]
fn requests_of_taking_back_what_lies_before_since() {
    let home = home("");
    let many: Vec<TaskBuilder> = (1..=10).map(|day| on(day, "S")).collect();
    home.save(&snapshot(&many));
    push(&home, &[]).exits(0);
    home.configure("since = 2026-05-09\n");
    home.toggl.sandbox().log.clear();
    push(&home, &["--prune"]).exits(0).says("delete 8");
    assert_eq!((home.requests().len(), home.toggl.sandbox().entries().len()), (8, 2));
    println!("--prune of 8 entries before `since`: {} requests", home.requests().len());
    push(&home, &[]).exits(0);
    assert_eq!(home.requests().len(), 8);
}

#[test]
fn a_project_that_is_not_there_holds_back_its_own_sessions_until_it_is() {
    let home = home("[[rule]]\ntitle = \"A\"\nproject = \"2024\"\n\n[[rule]]\ntitle = \"B\"\nproject = \"twin\"\n");
    {
        let mut toggl = home.toggl.sandbox();
        toggl.add_project(WORKSPACE, "Twin");
        toggl.add_project(WORKSPACE, "TWIN");
    }
    home.save(&snapshot([&on(8, "A"), &on(8, "B"), &on(9, "C")]));
    let ran = push(&home, &[]).exits(6).says("Rule 1 (line 1) says `2024`").says("without quotes");
    let ran = ran.says("`Twin`").says("`TWIN`");
    assert!(ran.out.contains("held back: 2 without project"), "{ran:?}");
    assert_eq!(titles(&home), ["C"]);
    assert_eq!(plan(&home, &[])["no_projects"][0]["name"], "2024");
    home.run(&["doctor"]).exits(6).says("says `2024`");
    home.run(&["status"]).exits(0).says("without project");

    // Each push looks again, once.
    home.toggl.sandbox().log.clear();
    push(&home, &[]).exits(6);
    assert_eq!(home.requests().len(), 1);
    home.toggl.sandbox().add_project(WORKSPACE, "2024");
    home.configure("[[rule]]\ntitle = \"A\"\nproject = \"2024\"\n\n[[rule]]\ntitle = \"B\"\nproject = \"Twin\"\n");
    push(&home, &[]).exits(0);
    assert_eq!(titles(&home), ["A", "B", "C"]);
}

/// The list of projects comes by 200 a page.
#[test]
fn a_project_on_the_third_page_is_found() {
    let home = home("project = \"p449\"\n");
    for n in 0..450 {
        home.toggl.sandbox().add_project(WORKSPACE, &format!("p{n:03}"));
    }
    home.save(&snapshot([&on(8, "A")]));
    push(&home, &[]).exits(0);
    assert_eq!(home.toggl.sandbox().count(Call::Projects), 3);
    assert!(held(&home)[0].1.is_some());
}

#[test]
fn two_projects_of_one_name_and_a_list_that_is_not_to_be_seen_hold_sessions_back() {
    let home = home("[[rule]]\ntitle = \"A\"\nproject = \"Twin\"\n");
    let second = {
        let mut toggl = home.toggl.sandbox();
        toggl.add_project(WORKSPACE, "Twin");
        toggl.add_project(WORKSPACE, "Twin")
    };
    home.save(&snapshot([&on(8, "A"), &on(9, "B")]));
    push(&home, &[]).exits(6).says("could be any of");
    assert_eq!(titles(&home), ["B"]);
    home.configure(&format!("[[rule]]\ntitle = \"A\"\nproject = {second}\n"));
    push(&home, &[]).exits(0);
    assert_eq!(held(&home)[0].1, Some(second), "the number says which");

    // Renamed in Toggl, it is known by the name that it was found by, until that is changed here as well.
    let home = self::home("project = \"Before\"\n");
    let project = home.toggl.sandbox().add_project(WORKSPACE, "Before");
    home.save(&snapshot([&on(8, "A")]));
    push(&home, &[]).exits(0);
    home.toggl.sandbox().edit_project(project, |project| project.name = "After".to_owned());
    home.save(&snapshot([&on(8, "A"), &on(9, "B")]));
    push(&home, &[]).exits(0);
    home.configure("project = \"After\"\n");
    home.save(&snapshot([&on(8, "A"), &on(9, "B"), &on(10, "C")]));
    push(&home, &[]).exits(0);
    assert!(held(&home).iter().all(|(_, held, _)| *held == Some(project)));

    let home = self::home("[[rule]]\ntitle = \"A\"\nproject = \"Hidden\"\n");
    home.toggl.sandbox().add_project(WORKSPACE, "Hidden");
    home.toggl.sandbox().rules.projects_hidden = true;
    home.save(&snapshot([&on(8, "A"), &on(9, "B")]));
    push(&home, &[]).exits(6).says("`Hidden`");
    assert_eq!(titles(&home), ["B"]);
}

/// A project that was archived and made anew is found again by its name, with two requests more for all of its sessions.
#[test]
fn a_rejected_project_is_looked_up_again() {
    let home = home("project = \"Internal\"\n");
    let first = home.toggl.sandbox().add_project(WORKSPACE, "Internal");
    home.save(&snapshot([&on(8, "A")]));
    push(&home, &[]).exits(0);
    let second = {
        let mut toggl = home.toggl.sandbox();
        toggl.edit_project(first, |project| project.active = false);
        toggl.log.clear();
        toggl.add_project(WORKSPACE, "Internal")
    };
    home.save(&snapshot([&on(8, "A"), &on(9, "B"), &on(9, "C"), &on(10, "D")]));
    push(&home, &[]).exits(0);
    assert_eq!(home.requests().len(), 6, "a look, a rejection, the projects, three creates");
    assert!(held(&home).iter().skip(1).all(|(_, project, _)| *project == Some(second)));

    // Without another of its name its sessions wait.
    home.toggl.sandbox().edit_project(second, |project| project.active = false);
    home.save(&snapshot([&on(8, "A"), &on(9, "B"), &on(9, "C"), &on(10, "D"), &on(10, "E")]));
    push(&home, &[]).exits(6).says("`Internal`");
    assert_eq!(titles(&home), ["A", "B", "C", "D"]);
}

/// A list that is asked for because of one name says what all of them mean.
#[test]
fn a_project_that_was_made_anew_is_found_beside_a_new_name() {
    let home = home("project = \"Internal\"\n");
    let first = home.toggl.sandbox().add_project(WORKSPACE, "Internal");
    home.save(&snapshot([&on(8, "A")]));
    push(&home, &[]).exits(0);
    let second = {
        let mut toggl = home.toggl.sandbox();
        toggl.edit_project(first, |project| project.active = false);
        toggl.add_project(WORKSPACE, "Client");
        toggl.add_project(WORKSPACE, "Internal")
    };
    home.configure("project = \"Internal\"\n[[rule]]\ntitle = \"C\"\nproject = \"Client\"\n");
    home.save(&snapshot([&on(8, "A"), &on(9, "B"), &on(9, "C")]));
    push(&home, &[]).exits(0);
    assert!(held(&home).iter().any(|(title, project, _)| title == "B" && *project == Some(second)));
}

#[test]
fn a_workspace_is_found_by_its_name() {
    let home = home("workspace = \"acme\"\n").without("TOGGL_WORKSPACE_ID");
    home.toggl.sandbox().add_workspace(77, "ACME");
    home.save(&snapshot([&on(8, "A")]));
    push(&home, &[]).exits(0);
    assert_eq!(home.toggl.sandbox().entries()[0].workspace, 77);
    home.configure("workspace = \"Other\"\n");
    home.save(&snapshot([&on(8, "A"), &on(9, "B")]));
    push(&home, &[]).exits(2).says("no workspace `Other`");
}

#[test]
fn a_long_first_push_says_how_far_back_it_goes() {
    let home = home("");
    let sessions: Vec<(u16, Option<u16>)> = (0..101).map(|n| (2 * n, Some(2 * n + 1))).collect();
    home.save(&snapshot([&on(1, "Old"), &today("S").sessions(&sessions)]));
    push(&home, &["--max-requests", "0"]).exits(4).complains("back to Fri 2026-05-01").complains("`since`");
    push(&home, &["--max-requests", "0", "--since", "2026-05-01"]).exits(4);
    home.configure("since = 2026-05-01\n");
    assert!(!push(&home, &["--max-requests", "0"]).err.contains("`since`"));
}

#[test]
fn a_mistake_is_exit_2_with_its_line_before_anything_is_sent() {
    let home = home("since = 2026-05-01\ntoken = \"secret\"\n");
    home.save(&snapshot([&on(8, "A")]));
    for command in ["push", "status", "verify"] {
        home.run(&[command]).exits(2).complains("config.toml`, line 2").complains("TOGGL_API_TOKEN");
    }
    home.run(&["doctor"]).exits(2).says("line 2");
    assert!(home.toggl.sandbox().log.iter().all(|line| line.target.contains("/me")));
    home.run(&["push", "--config", &home.arg("not/there.toml")]).exits(2).complains("--config names it");
    home.run_with(&[("CHUTE_TOGGL_CONFIG", &home.arg("none"))], &["push"]).exits(2).complains("CHUTE_TOGGL_CONFIG");
    fs::write(home.path("other.toml"), "since = 2026-06-01\n").unwrap();
    push(&home, &["--config", &home.arg("other.toml")]).exits(0).says("left alone as set: 1");
}

#[test]
fn the_example_is_printed_and_written_once() {
    let home = TestHome::new();
    let example = home.run(&["config"]).exits(0).says("#since = ").out;
    home.run(&["config", "--write"]).exits(0);
    assert_eq!(fs::read_to_string(home.path(".config/chute-toggl/config.toml")).unwrap().trim(), example.trim());
    home.run(&["config", "--write"]).exits(2).complains("is there already");
    home.run(&["config", "--write", "--config", &home.arg("a/b.toml")]).exits(0);
    assert!(home.path("a/b.toml").exists());
}

#[test]
fn the_doctor_says_what_is_in_force_and_what_each_rule_fits() {
    let home = home(
        "since = 2026-05-01\ntags = [\"chute\"]\n[[rule]]\ncategory = \"Work\"\nproject = \"X\"\n[[rule]]\ntitle = \"no\"\nskip = true\n",
    );
    home.save(&snapshot([&work(on(8, "A")), &on(9, "B")]));
    let ran = home.run(&["doctor"]).exits(0);
    let text: String = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "since 2026-05-01 (the file)",
        "(TOGGL_WORKSPACE_ID)",
        "tags #chute (the file)",
        "1 (line 3): category Work -> project `X`: fits 1 session",
        "2 (line 6): title \"no\" -> skip: fits 0 sessions",
        "`X`: looked up by the first push that needs it",
    ] {
        assert!(text.contains(said), "no `{said}` in {text}");
    }
}

#[test]
fn a_project_that_is_not_found_is_said_in_quiet_when_it_is_new_and_then_once_a_day() {
    let home =
        home("[[rule]]\ntitle = \"ACME:\"\nproject = \"ACME redesign\"\n[[rule]]\ntitle = \"Tea\"\nskip = true\n");
    home.toggl.sandbox().add_project(WORKSPACE, "Internal");
    let quiet = |after: i64| {
        home.clock().advance(after * 3_600_000);
        push(&home, &["--quiet"]).exits(6).out
    };
    let first = [on(8, "ACME: kick-off"), on(9, "Tea")];
    home.save(&snapshot(&first));
    assert!(quiet(0).contains("Rule 1 (line 1) says `ACME redesign`"));
    let silent: Vec<usize> = (0..23).filter(|_| quiet(1).is_empty()).collect();
    assert_eq!(silent.len(), 23, "it is known");
    assert!(quiet(1).contains("ACME redesign"), "after a day it is said again");
    home.save(&snapshot(first.into_iter().chain([on(10, "ACME: mail")])));
    assert!(quiet(1).contains("ACME: mail"), "what is new is said");
    assert_eq!(quiet(1), "");
    home.run(&["explain", "kick-off"]).exits(0).says("held back. Rule 1 (line 1) says `ACME redesign`");
    home.run(&["explain", "tea"]).exits(0).says("left alone, as the settings say: skipped by rule 2.");
    home.toggl.sandbox().add_project(WORKSPACE, "ACME redesign");
    push(&home, &["--quiet"]).exits(0);
}
