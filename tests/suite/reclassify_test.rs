//! `push --reclassify`: entries that are there already get the project and the tags that the rules want now, unless a person
//! set them by hand.

use chute_kun::task::Category;
use chute_toggl::toggl::Bucket;
use serde_json::json;

use crate::sandbox::{Call, WORKSPACE};
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today};
use crate::support::test_home::{Ran, TestHome};

fn push(home: &TestHome, args: &[&str]) -> Ran {
    home.run(&[&["push"], args].concat())
}

/// Done on this day of May 2026, from nine to half past.
fn on(day: u32, title: &str) -> TaskBuilder {
    past(title).closed(540, 570).planned(20_260_500 + day).done(20_260_500 + day, 570)
}

/// Project and tags of the entry that has this text.
fn held(home: &TestHome, title: &str) -> (Option<i64>, Vec<String>) {
    let id = home.entry(title);
    let sandbox = home.toggl.sandbox();
    sandbox.assert_clean();
    let entry = sandbox.entry(id).unwrap();
    (entry.project_id, entry.tags.clone())
}

fn add_projects(home: &TestHome) -> (i64, i64) {
    let mut toggl = home.toggl.sandbox();
    (toggl.add_project(WORKSPACE, "ACME"), toggl.add_project(WORKSPACE, "Internal"))
}

/// The figure: a look and two requests for each project, since 125 entries are more than a hundred.
#[test]
fn requests_of_bringing_250_entries_into_two_projects() {
    let home = TestHome::new();
    let sessions: Vec<(u16, Option<u16>)> = (0..125).map(|n| (2 * n, Some(2 * n + 1))).collect();
    home.save(&snapshot([&today("A").sessions(&sessions), &today("B").sessions(&sessions)]));
    push(&home, &[]).exits(0);
    let (acme, internal) = add_projects(&home);
    let rules = format!("[[rule]]\ntitle = \"A\"\nproject = {acme}\n[[rule]]\ntitle = \"B\"\nproject = {internal}\n");
    home.configure(&rules);
    push(&home, &[]).exits(0);
    home.toggl.sandbox().log.clear();
    let ran = push(&home, &["--reclassify"]).exits(0).says("Sent: reclassify 250");
    assert_eq!(home.requests().len(), 5, "{ran:?}");
    assert_eq!(home.toggl.sandbox().count(Call::Bulk), 4);
    let entries = home.toggl.sandbox().entries();
    let is_right = |title: &str, project| {
        entries.iter().filter(|one| one.description == title).all(|one| one.project_id == Some(project))
    };
    assert!(is_right("A", acme) && is_right("B", internal));
    println!("--reclassify of 250 entries into two projects: {} requests", home.requests().len());

    // Done is done: no entry is wanted otherwise, so nothing is looked at.
    home.toggl.sandbox().log.clear();
    push(&home, &["--reclassify"]).exits(0).says("Up to date: 250 sessions");
    assert_eq!(home.requests().len(), 0);
}

#[test]
fn what_a_person_set_by_hand_stays_and_what_was_deleted_is_not_revived() {
    let home = TestHome::new();
    home.configure("tags = [\"old\"]\n");
    home.save(&snapshot([&on(5, "ACME 1"), &on(6, "ACME 2"), &on(7, "ACME 3"), &on(8, "ACME 4"), &on(9, "Else")]));
    push(&home, &[]).exits(0);
    let (acme, internal) = add_projects(&home);
    let ids: Vec<i64> = (1..=4).map(|n| home.entry(&format!("ACME {n}"))).collect();
    {
        let mut toggl = home.toggl.sandbox();
        toggl.edit(ids[1], |entry| entry.project_id = Some(internal));
        toggl.edit(ids[2], |entry| entry.tags = vec!["mine".to_owned()]);
        toggl.remove(ids[3]);
        toggl.rules.bulk_revives = true;
    }
    home.configure("tags = [\"old\"]\n[[rule]]\ntitle = \"ACME\"\nproject = \"acme\"\ntags = [\"new\"]\n");
    let shown = push(&home, &["--reclassify", "--dry-run"]).exits(0);
    shown.says("acme, #new (rule 1)").says("what was set there by hand stays").says("reclassify 4");
    let plan = push(&home, &["--reclassify", "--dry-run", "--format", "json"]).json();
    assert_eq!(plan["operations"][0]["kind"], "reclassify");
    assert_eq!(plan["operations"][0]["rule"], json!({"number": 1, "line": 2}));
    assert_eq!(
        plan["operations"][0]["changes"],
        json!([
            {"field": "project", "was": null}, {"field": "tags", "was": ["old"]},
        ])
    );
    let ran = push(&home, &["--reclassify", "--format", "json"]).exits(0).json();
    assert_eq!((ran["set_by_hand"].as_array().unwrap().len(), ran["not_listed"].as_array().unwrap().len()), (2, 1));
    let tags = |tag: &str| vec![tag.to_owned()];
    assert_eq!(held(&home, "ACME 1"), (Some(acme), tags("new")));
    assert_eq!(held(&home, "ACME 2"), (Some(internal), tags("new")), "the project was set by hand, the tags were not");
    assert_eq!(held(&home, "ACME 3"), (Some(acme), tags("mine")));
    assert_eq!(held(&home, "Else"), (None, tags("old")));
    assert_eq!(home.toggl.sandbox().entries().len(), 4, "deleted is deleted");
    push(&home, &["--reclassify"]).exits(0).says("set by hand").says("not among what Toggl lists");
}

/// A category or a title that is changed later is seen, in past as well.
#[test]
fn a_category_that_changed_in_settled_history_is_seen() {
    let home = TestHome::new();
    let (acme, _) = add_projects(&home);
    home.configure("[[rule]]\ncategory = \"Work\"\nproject = \"ACME\"\n");
    let sessions: Vec<(u16, Option<u16>)> = (0..400).map(|n| (3 * n, Some(3 * n + 1))).collect();
    let many = |title: &str| past(title).sessions(&sessions).done(20_260_510, 1199);
    let tasks = |works: bool| {
        let category = if works { Category::Work } else { Category::General };
        snapshot([&many("A"), &many("B").with(|task| task.category = category), &many("C")])
    };
    home.save(&tasks(false));
    push(&home, &[]).exits(0);
    assert!(home.sidecar().archive.is_some());
    home.clock().advance(60_000);
    home.save(&tasks(true));
    home.toggl.sandbox().log.clear();
    push(&home, &[]).exits(0);
    assert_eq!(home.requests().len(), 0, "an entry that is there keeps its project until it is asked for");
    push(&home, &["--reclassify"]).exits(0).says("reclassify 400");
    let entries = home.toggl.sandbox().entries();
    assert!(entries.iter().all(|entry| (entry.project_id == Some(acme)) == (entry.description == "B")));
}

#[test]
fn a_quota_that_ends_in_between_and_a_project_that_is_not_there() {
    let home = TestHome::new();
    home.save(&snapshot([&on(5, "A 1"), &on(6, "A 2"), &on(7, "B"), &on(8, "C")]));
    push(&home, &[]).exits(0);
    let (acme, internal) = add_projects(&home);
    let rules = |c: &str| {
        format!(
            "[[rule]]\ntitle = \"A\"\nproject = {acme}\n[[rule]]\ntitle = \"B\"\nproject = {internal}\n\
             [[rule]]\ntitle = \"C\"\nproject = \"{c}\"\n"
        )
    };
    home.configure(&rules("nowhere"));
    push(&home, &["--reclassify", "--max-requests", "3"]).exits(4);
    push(&home, &["--reclassify"]).exits(6).says("`nowhere`");
    assert_eq!(
        [held(&home, "A 1").0, held(&home, "A 2").0, held(&home, "B").0],
        [Some(acme), Some(acme), Some(internal)]
    );
    assert_eq!(held(&home, "C").0, None);
    home.configure(&rules("acme"));
    push(&home, &["--reclassify"]).exits(0);
    assert_eq!(held(&home, "C").0, Some(acme));

    // And back to none.
    home.configure("");
    push(&home, &["--reclassify"]).exits(0).says("reclassify 4");
    assert_eq!(held(&home, "C").0, None);
    home.run(&["log"]).exits(0).says("reclassify").says("was in project");
}

#[test]
fn what_the_quota_leaves_is_done_in_the_next_hour() {
    let home = TestHome::new();
    home.toggl.sandbox().rules.workspace_total = 30;
    home.save(&snapshot([&on(5, "A"), &on(6, "B"), &on(7, "C")]));
    push(&home, &[]).exits(0);
    let (acme, _) = add_projects(&home);
    let rule = |title: &str| format!("[[rule]]\ntitle = \"{title}\"\nproject = {acme}\ntags = [\"{title}\"]\n");
    home.configure(&["A", "B", "C"].map(rule).concat());
    let left = home.toggl.sandbox().remaining(Bucket::Workspace);
    home.toggl.sandbox().spend(Bucket::Workspace, left - 1);
    push(&home, &["--reclassify"]).exits(4).says("reclassify");
    home.clock().advance(3_600_000);
    push(&home, &["--reclassify"]).exits(0);
    let changed = ["A", "B", "C"].map(|title| held(&home, title) == (Some(acme), vec![title.to_owned()]));
    assert_eq!(changed, [true; 3]);
    // A change is sent once: two looks, three changes, and what the quota refused.
    let puts = home.toggl.sandbox().count(Call::Update);
    assert!((3..=4).contains(&puts), "{puts}");
}

/// A new title goes first, and what the rules make of it after it.
#[test]
fn a_renamed_task_is_reclassified_by_its_new_title() {
    let home = TestHome::new();
    let (acme, _) = add_projects(&home);
    home.configure("[[rule]]\ntitle = \"ACME:\"\nproject = \"ACME\"\n");
    home.save(&snapshot([&on(8, "logo")]));
    push(&home, &[]).exits(0);
    home.clock().advance(60_000);
    home.save(&snapshot([&on(8, "ACME: logo")]));
    push(&home, &["--reclassify"]).exits(0).says("update 1, reclassify 1");
    assert_eq!(held(&home, "ACME: logo").0, Some(acme));
}
