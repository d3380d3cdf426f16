//! What Toggl refuses: told once with the session, what Toggl said and what to do; kept; not sent again unchanged.

use crate::sandbox::{Refusal, Required};
use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::{TestHome, one_session};

fn posts(home: &TestHome) -> usize {
    home.toggl.sandbox().log.iter().filter(|line| line.method == "POST").count()
}

/// The session that the home has, and another.
fn with_more() -> String {
    snapshot(&[today("Write report").closed(540, 600), today("More").closed(610, 620)])
}

/// A home whose one session is refused by the sandbox that `set` makes; the push has said so.
fn refused(set: impl FnOnce(&TestHome), said: &str, advice: &str) -> TestHome {
    let home = TestHome::with_work();
    set(&home);
    let ran = home.run(&["push"]).exits(6);
    for text in ["Write report", said, advice] {
        assert!(ran.out.contains(text), "no `{text}` in: {}", ran.out);
    }
    assert_eq!(posts(&home), 1);
    home
}

#[test]
fn a_required_field_that_is_missing() {
    let home = refused(
        |home| home.toggl.sandbox().rules.required_fields = vec![Required::Project],
        "(400)",
        "TOGGL_PROJECT_ID_DEFAULT",
    );
    // A project makes it another request, which is sent without being asked for.
    home.with("TOGGL_PROJECT_ID_DEFAULT", "7").run(&["push"]).exits(0);
}

#[test]
fn a_locked_period() {
    let home = refused(|home| home.toggl.sandbox().rules.locked_before = Some(i64::MAX), "lock", "--retry-rejected");
    home.toggl.sandbox().rules.locked_before = None;
    home.run(&["push"]).exits(6);
    assert_eq!(posts(&home), 1, "not sent again unchanged");
    home.run(&["push", "--retry-rejected"]).exits(0);
    assert_eq!(home.toggl.sandbox().entries().len(), 1);
}

#[test]
fn an_archived_project() {
    let home = TestHome::with_work().with("TOGGL_PROJECT_ID_DEFAULT", "7");
    home.toggl.sandbox().rules.archived_projects.insert(7);
    home.run(&["push"]).exits(6).says("archived").says("TOGGL_PROJECT_ID_DEFAULT");
}

#[test]
fn a_paid_feature_is_no_empty_quota() {
    let home = refused(
        |home| home.toggl.sandbox().rules.refusals.push(Refusal::premium("Write report")),
        "premium",
        "The plan of the",
    );
    // Another session goes through: nothing waits for a quota.
    home.save(&with_more());
    home.run(&["push"]).exits(6);
    assert_eq!(home.toggl.sandbox().entries().len(), 1);
}

#[test]
fn a_refused_session_is_sent_again_when_it_has_changed() {
    let home = refused(
        |home| home.toggl.sandbox().rules.refusals.push(Refusal::bad("Write report")),
        "not acceptable",
        "Chute_kun",
    );
    home.save(&one_session("Write the report", 540, 600));
    home.run(&["push"]).exits(0);
    assert_eq!(posts(&home), 2);
}

#[test]
fn refusals_are_told_once_kept_and_listed_by_status() {
    let home =
        refused(|home| home.toggl.sandbox().rules.refusals.push(Refusal::bad("Write report")), "(400)", "Chute_kun");
    let again = home.run(&["push"]).exits(6);
    assert!(!again.out.contains("not acceptable"), "told once: {}", again.out);
    home.run(&["status"]).exits(0).says("not acceptable").says("Write report");
    let sent = posts(&home);
    home.run(&["push", "-n"]).exits(6).says("not acceptable");
    assert_eq!(posts(&home), sent);
    // One refused entry does not stop the others.
    home.save(&with_more());
    home.run(&["push"]).exits(6);
    assert_eq!(home.toggl.sandbox().entries().len(), 1);
}

#[test]
fn a_title_over_the_limit_is_cut_for_toggl_only() {
    let home = TestHome::new();
    let title = "é".repeat(3001);
    home.save(&one_session(&title, 540, 600));
    home.run(&["push"]).exits(0);
    let entry = home.toggl.sandbox().entries()[0].clone();
    assert_eq!(entry.description.chars().count(), 3000);
    assert!(entry.description.ends_with('…'));
    assert!(std::fs::read_to_string(home.sidecar_path()).unwrap().contains(&title), "identity keeps the whole title");
    home.run(&["push"]).exits(0);
    assert_eq!(posts(&home), 1);
}
