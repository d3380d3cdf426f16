//! `verify`, with and without `--repair`.

use std::fs;

use chute_toggl::clock::Clock as _;
use chute_toggl::sidecar::file::SidecarFile;
use chute_toggl::toggl::Bucket;

use super::{BASE, NOW, Work, home, minute, pushed, save};
use crate::sandbox::{Call, Fault, WORKSPACE};
use crate::support::snapshot_builder::{past, snapshot};
use crate::support::test_home::TestHome;

const TWO: [Work; 2] = [("report", -180, Some(-120)), ("mail", -110, Some(-100))];

const LOOK: [&str; 1] = ["GET /me/time_entries"];

/// The kinds of findings with the titles that they are about.
fn findings(document: &serde_json::Value) -> Vec<(String, String)> {
    let findings = document["findings"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings.iter().map(|finding| (text(&finding["kind"]), text(&finding["title"]))).collect()
}

/// Looks without repairing, and holds it to what a look must keep to: questions only, and no file changed.
fn look(home: &TestHome) -> (i32, serde_json::Value, String) {
    let before = fs::read(home.sidecar_path()).ok();
    let asked = home.requests().len();
    let text = home.run(&["verify"]);
    let json = home.run(&["verify", "--format", "json"]);
    assert_eq!(text.code, json.code, "{text:?} {json:?}");
    assert!(home.requests()[asked..].iter().all(|request| request.starts_with("GET ")), "{:?}", home.requests());
    assert_eq!(fs::read(home.sidecar_path()).ok(), before, "a look changed the sidecar");
    let json = json.json();
    assert_eq!((&json["schema"], &json["exit"]), (&serde_json::json!(1), &serde_json::json!(text.code)));
    home.toggl.sandbox().log.clear();
    (text.code, json, text.out)
}

/// Repairs, checks the findings, and that a look afterwards finds Toggl up to date.
fn repair(home: &TestHome) -> Vec<String> {
    home.run(&["verify", "--repair"]).exits(0);
    let requests = home.requests();
    let (code, json, text) = look(home);
    assert_eq!(code, 0, "{text}");
    assert!(findings(&json).is_empty(), "{json}");
    requests
}

#[test]
fn where_all_agrees_one_question_is_asked() {
    let home = pushed(&TWO);
    let ended = home.run(&["verify"]).exits(0);
    assert!(ended.out.contains("2 entries") && ended.out.contains("2 up to date"), "{ended:?}");
    assert_eq!(home.requests(), LOOK);
    assert_eq!(home.run(&["verify", "-q"]).out, "");
    let (_, json, _) = look(&home);
    assert_eq!((json["compared"].as_u64(), json["up_to_date"].as_u64()), (Some(2), Some(2)));
}

#[test]
fn what_a_user_has_beside_is_no_business_of_ours() {
    let home = pushed(&TWO);
    home.toggl.sandbox().insert("lunch", NOW - 90_000, Some(NOW - 89_000));
    home.toggl.sandbox().insert("a timer", NOW - 60, None);
    assert_eq!(look(&home).0, 0);
    assert_eq!(repair(&home), LOOK);
}

#[test]
fn a_deleted_entry_is_missing_and_the_repair_makes_it_anew() {
    let home = pushed(&TWO);
    let id = home.entry("report");
    home.toggl.sandbox().remove(id);
    let (code, json, text) = look(&home);
    assert_eq!((code, findings(&json)), (6, vec![("missing".into(), "report".into())]));
    assert_eq!(json["findings"][0]["entry"].as_i64(), Some(id));
    assert!(text.contains(&id.to_string()) && text.contains("--repair"), "{text}");
    let one = format!("/workspaces/{WORKSPACE}/time_entries");
    let requests = repair(&home);
    let proof = [format!("GET /me/time_entries/{id}"), "GET /me/workspaces".to_owned()];
    assert_eq!(requests, [LOOK[0], &format!("PUT {one}/{id}"), &proof[0], &proof[1], &format!("POST {one}")]);
    assert_ne!(home.entry("report"), id);
}

/// It is not listed where it was looked for. Making it anew would double it.
#[test]
fn an_entry_that_was_moved_far_away_is_brought_back_and_not_doubled() {
    let home = pushed(&TWO);
    let id = home.entry("report");
    let start = home.toggl.sandbox().entry(id).unwrap().start;
    home.toggl.sandbox().edit(id, |entry| {
        entry.start -= 50 * 86_400;
        entry.stop = entry.stop.map(|stop| stop - 50 * 86_400);
    });
    assert_eq!(findings(&look(&home).1), [("missing".into(), "report".into())]);
    let requests = repair(&home);
    assert_eq!(requests.len(), 2, "{requests:?}");
    let entry = home.toggl.sandbox().entry(id).unwrap().clone();
    assert_eq!((entry.start, entry.stop), (start, Some(start + 3600)));
    assert_eq!(home.toggl.sandbox().count(Call::Create), 0);
}

#[test]
fn an_edited_entry_is_told_again() {
    for (edit, shown) in [
        ((|entry| entry.description = "nonsense\u{1b}[2J".into()) as fn(&mut crate::sandbox::Entry), "nonsense\\u{1b}"),
        (|entry| entry.start -= 600, "05:50-07:00, 1:10 h"),
        (|entry| entry.stop = entry.stop.map(|stop| stop + 600), "06:00-07:10, 1:10 h"),
    ] {
        let home = pushed(&TWO);
        let id = home.entry("report");
        let before = home.toggl.sandbox().entry(id).unwrap().clone();
        home.toggl.sandbox().edit(id, edit);
        let (code, json, text) = look(&home);
        assert_eq!((code, findings(&json)), (6, vec![("edited".into(), "report".into())]), "{shown}");
        assert_eq!(json["findings"][0]["in_toggl"]["id"].as_i64(), Some(id));
        assert!(text.contains(shown), "{text}");
        assert_eq!(repair(&home).len(), 2, "{shown}");
        let after = home.toggl.sandbox().entry(id).unwrap().clone();
        assert_eq!((after.description, after.start, after.stop), (before.description, before.start, before.stop));
    }
}

#[test]
fn an_entry_that_runs_there_and_not_here_is_stopped() {
    let home = pushed(&TWO);
    let id = home.entry("mail");
    let stop = home.toggl.sandbox().entry(id).unwrap().stop;
    home.toggl.sandbox().edit(id, |entry| entry.stop = None);
    let (code, json, _) = look(&home);
    assert_eq!((code, findings(&json)), (6, vec![("running".into(), "mail".into())]));
    assert_eq!(repair(&home).len(), 2);
    assert_eq!(home.toggl.sandbox().entry(id).unwrap().stop, stop);
}

#[test]
fn an_entry_that_was_stopped_there_and_runs_here_runs_again() {
    let home = pushed(&[("report", -180, None)]);
    let id = home.entry("report");
    home.toggl.sandbox().edit(id, |entry| entry.stop = Some(entry.start + 60));
    assert_eq!(findings(&look(&home).1), [("edited".into(), "report".into())]);
    assert_eq!(repair(&home).len(), 2);
    assert_eq!(home.toggl.sandbox().entry(id).unwrap().stop, None);
}

#[test]
fn doubles_are_reported_and_never_deleted() {
    let home = pushed(&TWO);
    let id = home.entry("report");
    let ours = home.toggl.sandbox().entry(id).unwrap().clone();
    // With another stop, as if made by hand.
    let doubles = [ours.stop, Some(ours.start + 7)].map(|stop| home.toggl.sandbox().insert("report", ours.start, stop));
    let (code, json, text) = look(&home);
    assert_eq!((code, findings(&json)), (6, vec![("doubled".into(), "report".into())]));
    assert_eq!(json["findings"][0]["others"], serde_json::json!(doubles));
    assert_eq!(json["up_to_date"].as_u64(), Some(2), "{json}");
    assert!(
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains(&format!("also as {}, {}", doubles[0], doubles[1])),
        "{text}"
    );
    assert!(text.contains("Delete in Toggl") && !text.contains("Next"), "{text}");
    home.run(&["verify", "--repair"]).exits(6);
    assert_eq!(home.requests(), LOOK);
    assert_eq!(home.toggl.sandbox().entries().len(), 4);
}

/// Two equal sessions have two equal entries: those are no doubles.
#[test]
fn equal_sessions_are_no_doubles() {
    let home = pushed(&[("mail", -50, Some(-50)), ("mail", -50, Some(-50))]);
    assert_eq!(look(&home).0, 0);
}

#[test]
fn a_session_whose_entry_is_there_already_adopts_it() {
    let home = pushed(&TWO[..1]);
    let start = (BASE + 20 * 60) / 60 * 60;
    let id = home.toggl.sandbox().insert("mail", start, Some(start + 600));
    save(&home, &[TWO[0], ("mail", 20, Some(30))], 100);
    let (code, json, text) = look(&home);
    assert_eq!((code, findings(&json)), (6, vec![("adoptable".into(), "mail".into())]), "{text}");
    assert_eq!(repair(&home), LOOK);
    let records: Vec<i64> =
        home.sidecar().sessions().map(|(_, _, record)| record.last_sent.as_ref().unwrap().id.0).collect();
    assert!(records.contains(&id), "{records:?}");
}

#[test]
fn what_was_never_pushed_is_no_difference() {
    let home = pushed(&TWO[..1]);
    save(&home, &[TWO[0], ("mail", 20, Some(30))], 100);
    let (code, json, text) = look(&home);
    assert_eq!((code, json["unsent"].as_u64(), json["pending"].as_u64()), (0, Some(1), Some(1)));
    assert!(text.contains("the next push"), "{text}");
}

/// Whoever deletes one of two doubles may delete ours. Making it anew would double it again.
#[test]
fn a_twin_takes_the_place_of_a_missing_entry() {
    let home = pushed(&TWO);
    let id = home.entry("report");
    let ours = home.toggl.sandbox().entry(id).unwrap().clone();
    let twin = home.toggl.sandbox().insert("report", ours.start, ours.stop);
    home.toggl.sandbox().remove(ours.id);
    let (code, json, _) = look(&home);
    assert_eq!((code, findings(&json)), (6, vec![("adoptable".into(), "report".into())]));
    assert_eq!(json["findings"][0]["in_toggl"]["id"].as_i64(), Some(twin));
    assert_eq!(repair(&home), LOOK);
    assert_eq!(home.entry("report"), twin);
}

#[test]
fn several_findings_are_repaired_in_one_go() {
    let tasks = [("a", -90, Some(-80)), ("b", -70, Some(-60)), ("c", -50, Some(-40)), ("d", -30, Some(-20))];
    let home = pushed(&tasks);
    let (a, b) = (home.entry("a"), home.entry("b"));
    home.toggl.sandbox().remove(a);
    home.toggl.sandbox().edit(b, |entry| entry.description = "x".into());
    let (_, json, _) = look(&home);
    assert_eq!((json["compared"].as_u64(), json["up_to_date"].as_u64()), (Some(4), Some(2)));
    let document = home.run(&["verify", "--repair", "--format", "json"]).json();
    assert_eq!(document["repair"], true);
    assert_eq!(document["exit"], 0);
    assert!(document["push"].is_object(), "{document}");
    assert_eq!(look(&home).0, 0);
}

/// The token of another account, or a Toggl that was emptied on purpose.
#[test]
fn where_nothing_is_there_nothing_is_repaired() {
    let home = pushed(&TWO);
    for id in [home.entry("report"), home.entry("mail")] {
        home.toggl.sandbox().remove(id);
    }
    let before = fs::read(home.sidecar_path()).unwrap();
    home.run(&["verify", "--repair"]).exits(6).says("right account");
    assert_eq!(home.requests(), [LOOK[0], "GET /me"]);
    assert_eq!(fs::read(home.sidecar_path()).unwrap(), before);
}

#[test]
fn a_lost_sidecar_is_rebuilt_and_nothing_is_doubled() {
    let home = pushed(&TWO);
    fs::remove_file(home.sidecar_path()).unwrap();
    let (code, json, _) = look(&home);
    assert_eq!(code, 6);
    assert_eq!(findings(&json).iter().filter(|(what, _)| what == "adoptable").count(), 2);
    assert!(!home.sidecar_path().exists());
    home.run(&["verify", "--repair"]).exits(0);
    assert_eq!(home.toggl.sandbox().count(Call::Create), 0);
    assert_eq!(home.toggl.sandbox().entries().len(), 2);
    assert_eq!(look(&home).0, 0);
}

#[test]
fn no_question_is_asked_while_the_quota_is_known_to_be_empty() {
    let home = pushed(&TWO);
    let mut sidecar = home.sidecar();
    sidecar.quota.note_exhausted(Bucket::User, Some(1800), NOW);
    home.record(&sidecar);
    let connections = home.toggl.connections();
    for args in [&["verify"][..], &["verify", "--repair"]] {
        let ended = home.run(args);
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.out.contains("Nothing was compared. The quota is used up until "), "{ended:?}");
    }
    assert_eq!(home.toggl.connections(), connections);
}

#[test]
fn a_repair_remembers_a_quota_that_it_found_empty() {
    let home = pushed(&TWO);
    home.toggl.sandbox().spend(Bucket::User, 30);
    home.run(&["verify"]).exits(4);
    home.run(&["verify", "--repair"]).exits(4);
    assert_eq!(home.requests(), [LOOK[0], LOOK[0]]);
    home.run(&["verify", "--repair"]).exits(4);
    assert_eq!(home.requests().len(), 2, "it is known by now");
}

#[test]
fn a_refused_token_an_unreachable_toggl_and_a_refused_list_are_told_apart() {
    pushed(&TWO).with("TOGGL_API_TOKEN", &"f".repeat(32)).run(&["verify"]).exits(7);
    pushed(&TWO).without("TOGGL_API_TOKEN").run(&["verify"]).exits(7);
    let home = pushed(&TWO);
    let offline = home.run(&["verify", "--api-url", "http://127.0.0.1:1/api/v9", "--format", "json"]).exits(4);
    assert!(offline.json()["error"].as_str().unwrap().contains("could not be reached"), "{offline:?}");
    home.toggl.sandbox().faults.next(Fault::status(400, false));
    let refused = home.run(&["verify"]).exits(4);
    assert!(refused.out.contains("Nothing was compared"), "{refused:?}");
}

#[test]
fn a_repair_needs_the_lock_and_a_look_does_not() {
    let home = pushed(&TWO);
    let mut disk = chute_toggl::sidecar::file::RealDisk;
    let held = SidecarFile::lock(&home.sidecar_path(), &mut disk).unwrap();
    home.run(&["verify", "--repair"]).exits(5);
    home.run(&["verify"]).exits(0);
    drop(held);
    home.run(&["verify", "--repair"]).exits(0);
}

#[test]
fn before_anything_is_recorded_there_is_nothing_to_verify() {
    let home = home();
    let ended = home.run(&["verify"]);
    assert_eq!((ended.code, home.toggl.connections()), (0, 0), "{ended:?}");
    assert!(ended.out.contains("Nothing is recorded yet"), "{ended:?}");
    assert_eq!(fs::read_dir(home.dir.path()).unwrap().count(), 0);
}

#[test]
fn where_pushing_is_off_nothing_is_repaired() {
    let home = pushed(&TWO);
    let id = home.entry("report");
    home.toggl.sandbox().remove(id);
    let home = home.with("TOGGL_SYNC_MODE", "off");
    let off = home.run(&["verify", "--repair"]).exits(0).complains("TOGGL_SYNC_MODE");
    assert_eq!(off.out, "");
    assert!(home.requests().is_empty());
    // To look is no push.
    home.run(&["verify"]).exits(6);
}

/// Toggl's lists lag behind what was written: what was sent a moment ago is no finding.
#[test]
fn what_was_pushed_a_moment_ago_is_waited_for() {
    let home = home().without("CHUTE_TOGGL_PACE");
    home.toggl.sandbox().rules.lag_ms = 3000;
    save(&home, &TWO, 0);
    home.run(&["push"]).exits(0);
    let before = home.clock().now_ms();
    let requests = home.requests().len();
    home.run(&["verify"]).exits(0);
    assert_eq!(home.requests().len(), requests + 2);
    let waited = home.clock().now_ms() - before;
    assert!((4000..=6000).contains(&waited), "{waited} ms");
}

#[test]
fn sessions_beyond_toggls_window_are_not_judged() {
    let home = home();
    save(&home, &[("old", -110 * 1440, Some(-110 * 1440 + 30))], -110 * 1440 + 60);
    home.run(&["push"]).exits(0);
    home.toggl.sandbox().log.clear();
    let ended = home.run(&["verify", "--days", "92"]).exits(0);
    assert!(ended.out.contains("0 entries") && ended.out.contains("Toggl lists"), "{ended:?}");
    assert!(!home.run(&["verify"]).out.contains("Toggl lists"));
    home.run(&["verify", "--days", "93"]).exits(2);
    home.toggl.sandbox().assert_clean();
}

/// Settled history is kept unread in an archive; a comparison reads it all the same, and a repair puts it back.
#[test]
fn a_long_history_is_compared_and_repaired_as_well() {
    let home = home();
    let tasks: Vec<(String, i64)> = (0..1100).map(|n| (format!("task {n}"), n - 1200)).collect();
    let past = tasks.iter().map(|(title, at)| past(title).closed(minute(*at), minute(at + 1)));
    home.save_at(&snapshot(past), BASE);
    for (title, at) in &tasks {
        home.toggl.sandbox().insert(title, BASE + at * 60, Some(BASE + (at + 1) * 60));
    }
    home.run(&["push"]).exits(0);
    assert_eq!(home.toggl.sandbox().count(Call::Create), 0);
    let archived = |home: &TestHome| home.sidecar().archive.map_or(0, |archive| archive.sessions);
    assert_eq!(archived(&home), 1100);
    home.toggl.sandbox().log.clear();
    let id = home.entry("task 500");
    home.toggl.sandbox().remove(id);
    let (code, json, _) = look(&home);
    assert_eq!((code, findings(&json)), (6, vec![("missing".into(), "task 500".into())]));
    assert_eq!(json["compared"].as_u64(), Some(1100));
    repair(&home);
    assert_ne!(home.entry("task 500"), id);
    assert_eq!(archived(&home), 1100);
}
