//! `verify`, with and without `--repair`.

use std::fs;
use std::sync::atomic::Ordering;

use chute_toggl::sidecar::file::SidecarFile;
use chute_toggl::toggl::Bucket;

use super::stage::{Stage, Work, ended, now};
use crate::sandbox::{Call, Fault, SimClock, WORKSPACE};

const TWO: [Work; 2] = [("report", -180, Some(-120)), ("mail", -110, Some(-100))];

const LOOK: [&str; 1] = ["GET /me/time_entries"];

/// The kinds of findings with the titles that they are about.
fn findings(document: &serde_json::Value) -> Vec<(String, String)> {
    let findings = document["findings"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings.iter().map(|finding| (text(&finding["what"]), text(&finding["title"]))).collect()
}

/// Looks without repairing, and holds it to what a look must keep to: questions only, and no file changed.
fn look(stage: &Stage) -> (i32, serde_json::Value, String) {
    let before = fs::read(stage.sidecar_path()).ok();
    let asked = stage.requests().len();
    let text = stage.run(&["verify"]);
    let json = stage.run(&["verify", "--format", "json"]);
    assert_eq!(text.code, json.code, "{text:?} {json:?}");
    assert!(stage.requests()[asked..].iter().all(|request| request.starts_with("GET ")), "{:?}", stage.requests());
    assert_eq!(fs::read(stage.sidecar_path()).ok(), before, "a look changed the sidecar");
    let json = json.json();
    assert_eq!((&json["schema"], &json["exit"]), (&serde_json::json!(1), &serde_json::json!(text.code)));
    stage.server.sandbox().log.clear();
    (text.code, json, text.out)
}

/// Repairs, checks the findings, and that a look afterwards finds Toggl in agreement.
fn repair(stage: &Stage) -> Vec<String> {
    let repaired = stage.run(&["verify", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired:?}");
    let requests = stage.requests();
    stage.age();
    let (code, json, text) = look(stage);
    assert_eq!(code, 0, "{text}");
    assert!(findings(&json).is_empty(), "{json}");
    requests
}

#[test]
fn where_all_agrees_one_question_is_asked() {
    let stage = Stage::pushed(&TWO);
    let ended = stage.run(&["verify"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("2 entries") && ended.out.contains("2 agree"), "{ended:?}");
    assert_eq!(stage.requests(), LOOK);
    assert_eq!(stage.run(&["verify", "-q"]).out, "");
    let (_, json, _) = look(&stage);
    assert_eq!((json["compared"].as_u64(), json["agreed"].as_u64()), (Some(2), Some(2)));
}

#[test]
fn what_a_user_has_beside_is_no_business_of_ours() {
    let stage = Stage::pushed(&TWO);
    stage.server.sandbox().insert("lunch", now() - 90_000, Some(now() - 89_000));
    stage.server.sandbox().insert("a timer", now() - 60, None);
    assert_eq!(look(&stage).0, 0);
    assert_eq!(repair(&stage), LOOK);
}

#[test]
fn a_deleted_entry_is_missing_and_the_repair_makes_it_anew() {
    let stage = Stage::pushed(&TWO);
    let id = stage.entry("report");
    stage.server.sandbox().remove(id);
    let (code, json, text) = look(&stage);
    assert_eq!((code, findings(&json)), (6, vec![("missing".into(), "report".into())]));
    assert_eq!(json["findings"][0]["entry"].as_i64(), Some(id));
    assert!(text.contains(&id.to_string()) && text.contains("--repair"), "{text}");
    let one = format!("/workspaces/{WORKSPACE}/time_entries");
    let requests = repair(&stage);
    assert_eq!(requests, [LOOK[0], &format!("PUT {one}/{id}"), &format!("POST {one}")]);
    assert_ne!(stage.entry("report"), id);
}

/// It is not listed where it was looked for. Making it anew would double it.
#[test]
fn an_entry_that_was_moved_far_away_is_brought_back_and_not_doubled() {
    let stage = Stage::pushed(&TWO);
    let id = stage.entry("report");
    let start = stage.server.sandbox().entry(id).unwrap().start;
    stage.server.sandbox().edit(id, |entry| {
        entry.start -= 50 * 86_400;
        entry.stop = entry.stop.map(|stop| stop - 50 * 86_400);
    });
    assert_eq!(findings(&look(&stage).1), [("missing".into(), "report".into())]);
    let requests = repair(&stage);
    assert_eq!(requests.len(), 2, "{requests:?}");
    let entry = stage.server.sandbox().entry(id).unwrap().clone();
    assert_eq!((entry.start, entry.stop), (start, Some(start + 3600)));
    assert_eq!(stage.server.sandbox().count(Call::Create), 0);
}

#[test]
fn an_edited_entry_is_told_again() {
    for (edit, shown) in [
        ((|entry| entry.description = "nonsense\u{1b}[2J".into()) as fn(&mut crate::sandbox::Entry), "nonsense\\u{1b}"),
        (|entry| entry.start -= 600, "the start"),
        (|entry| entry.stop = entry.stop.map(|stop| stop + 600), "the stop"),
    ] {
        let stage = Stage::pushed(&TWO);
        let id = stage.entry("report");
        let before = stage.server.sandbox().entry(id).unwrap().clone();
        stage.server.sandbox().edit(id, edit);
        let (code, json, text) = look(&stage);
        assert_eq!((code, findings(&json)), (6, vec![("edited".into(), "report".into())]), "{shown}");
        assert_eq!(json["findings"][0]["held"]["id"].as_i64(), Some(id));
        assert!(text.contains(shown), "{text}");
        assert_eq!(repair(&stage).len(), 2, "{shown}");
        let after = stage.server.sandbox().entry(id).unwrap().clone();
        assert_eq!((after.description, after.start, after.stop), (before.description, before.start, before.stop));
    }
}

#[test]
fn an_entry_that_runs_there_and_not_here_is_stopped() {
    let stage = Stage::pushed(&TWO);
    let id = stage.entry("mail");
    let stop = stage.server.sandbox().entry(id).unwrap().stop;
    stage.server.sandbox().edit(id, |entry| entry.stop = None);
    let (code, json, _) = look(&stage);
    assert_eq!((code, findings(&json)), (6, vec![("running".into(), "mail".into())]));
    assert_eq!(repair(&stage).len(), 2);
    assert_eq!(stage.server.sandbox().entry(id).unwrap().stop, stop);
}

#[test]
fn an_entry_that_was_stopped_there_and_runs_here_runs_again() {
    let stage = Stage::pushed(&[("report", -180, None)]);
    let id = stage.entry("report");
    stage.server.sandbox().edit(id, |entry| entry.stop = Some(entry.start + 60));
    assert_eq!(findings(&look(&stage).1), [("edited".into(), "report".into())]);
    assert_eq!(repair(&stage).len(), 2);
    assert_eq!(stage.server.sandbox().entry(id).unwrap().stop, None);
}

#[test]
fn doubles_are_reported_and_never_deleted() {
    let stage = Stage::pushed(&TWO);
    let id = stage.entry("report");
    let ours = stage.server.sandbox().entry(id).unwrap().clone();
    // With another stop, as if made by hand.
    let doubles =
        [ours.stop, Some(ours.start + 7)].map(|stop| stage.server.sandbox().insert("report", ours.start, stop));
    let (code, json, text) = look(&stage);
    assert_eq!((code, findings(&json)), (6, vec![("doubled".into(), "report".into())]));
    assert_eq!(json["findings"][0]["others"], serde_json::json!(doubles));
    assert_eq!(json["agreed"].as_u64(), Some(2), "{json}");
    assert!(text.contains(&format!("also as {}, {}", doubles[0], doubles[1])), "{text}");
    assert!(text.contains("delete in Toggl") && !text.contains("Next"), "{text}");
    let repaired = stage.run(&["verify", "--repair"]);
    assert_eq!(repaired.code, 6, "{repaired:?}");
    assert_eq!(stage.requests(), LOOK);
    assert_eq!(stage.server.sandbox().entries().len(), 4);
}

/// Two equal sessions have two equal entries: those are no doubles.
#[test]
fn equal_sessions_are_no_doubles() {
    let stage = Stage::pushed(&[("mail", -50, Some(-50)), ("mail", -50, Some(-50))]);
    assert_eq!(look(&stage).0, 0);
}

#[test]
fn a_session_whose_entry_is_there_already_adopts_it() {
    let stage = Stage::pushed(&TWO[..1]);
    let start = (stage.base + 20 * 60) / 60 * 60;
    let id = stage.server.sandbox().insert("mail", start, Some(start + 600));
    stage.save(&[TWO[0], ("mail", 20, Some(30))], 100);
    let (code, json, text) = look(&stage);
    assert_eq!((code, findings(&json)), (6, vec![("adoptable".into(), "mail".into())]), "{text}");
    assert_eq!(repair(&stage), LOOK);
    let records: Vec<i64> =
        stage.sidecar().sessions().map(|(_, _, record)| record.last_sent.as_ref().unwrap().id).collect();
    assert!(records.contains(&id), "{records:?}");
}

#[test]
fn what_was_never_pushed_is_no_difference() {
    let stage = Stage::pushed(&TWO[..1]);
    stage.save(&[TWO[0], ("mail", 20, Some(30))], 100);
    let (code, json, text) = look(&stage);
    assert_eq!((code, json["unsent"].as_u64(), json["pending"].as_u64()), (0, Some(1), Some(1)));
    assert!(text.contains("the next push"), "{text}");
}

/// Whoever deletes one of two doubles may delete ours. Making it anew would double it again.
#[test]
fn a_twin_takes_the_place_of_a_missing_entry() {
    let stage = Stage::pushed(&TWO);
    let id = stage.entry("report");
    let ours = stage.server.sandbox().entry(id).unwrap().clone();
    let twin = stage.server.sandbox().insert("report", ours.start, ours.stop);
    stage.server.sandbox().remove(ours.id);
    let (code, json, _) = look(&stage);
    assert_eq!((code, findings(&json)), (6, vec![("adoptable".into(), "report".into())]));
    assert_eq!(json["findings"][0]["held"]["id"].as_i64(), Some(twin));
    assert_eq!(repair(&stage), LOOK);
    assert_eq!(stage.entry("report"), twin);
}

#[test]
fn several_findings_are_repaired_in_one_go() {
    let tasks = [("a", -90, Some(-80)), ("b", -70, Some(-60)), ("c", -50, Some(-40)), ("d", -30, Some(-20))];
    let stage = Stage::pushed(&tasks);
    let (a, b) = (stage.entry("a"), stage.entry("b"));
    stage.server.sandbox().remove(a);
    stage.server.sandbox().edit(b, |entry| entry.description = "x".into());
    let (_, json, _) = look(&stage);
    assert_eq!((json["compared"].as_u64(), json["agreed"].as_u64()), (Some(4), Some(2)));
    let document = stage.run(&["verify", "--repair", "--format", "json"]).json();
    assert_eq!(document["repair"], true);
    assert_eq!(document["exit"], 0);
    assert!(document["push"].is_object(), "{document}");
    stage.age();
    assert_eq!(look(&stage).0, 0);
}

/// The token of another account, or a Toggl that was emptied on purpose.
#[test]
fn where_nothing_is_there_nothing_is_repaired() {
    let stage = Stage::pushed(&TWO);
    for id in [stage.entry("report"), stage.entry("mail")] {
        stage.server.sandbox().remove(id);
    }
    let before = fs::read(stage.sidecar_path()).unwrap();
    let repaired = stage.run(&["verify", "--repair"]);
    assert_eq!(repaired.code, 6, "{repaired:?}");
    assert!(repaired.out.contains("right account"), "{repaired:?}");
    assert_eq!(stage.requests(), LOOK);
    assert_eq!(fs::read(stage.sidecar_path()).unwrap(), before);
}

#[test]
fn a_lost_sidecar_is_rebuilt_and_nothing_is_doubled() {
    let stage = Stage::pushed(&TWO);
    fs::remove_file(stage.sidecar_path()).unwrap();
    let (code, json, _) = look(&stage);
    assert_eq!(code, 6);
    assert_eq!(findings(&json).iter().filter(|(what, _)| what == "adoptable").count(), 2);
    assert!(!stage.sidecar_path().exists());
    let repaired = stage.run(&["verify", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired:?}");
    assert_eq!(stage.server.sandbox().count(Call::Create), 0);
    assert_eq!(stage.server.sandbox().entries().len(), 2);
    stage.age();
    assert_eq!(look(&stage).0, 0);
}

#[test]
fn no_question_is_asked_while_the_quota_is_known_to_be_empty() {
    let stage = Stage::pushed(&TWO);
    let mut sidecar = stage.sidecar();
    sidecar.quota.note_exhausted(Bucket::User, Some(1800), now());
    fs::write(stage.sidecar_path(), sidecar.to_json().unwrap()).unwrap();
    let connections = stage.server.connections();
    for args in [&["verify"][..], &["verify", "--repair"]] {
        let ended = stage.run(args);
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.out.contains("Nothing was compared. The quota is used up until "), "{ended:?}");
    }
    assert_eq!(stage.server.connections(), connections);
}

#[test]
fn a_repair_remembers_a_quota_that_it_found_empty() {
    let stage = Stage::pushed(&TWO);
    stage.server.sandbox().spend(Bucket::User, 30);
    assert_eq!(stage.run(&["verify"]).code, 4);
    assert_eq!(stage.run(&["verify", "--repair"]).code, 4);
    assert_eq!(stage.requests(), [LOOK[0], LOOK[0]]);
    assert_eq!(stage.run(&["verify", "--repair"]).code, 4);
    assert_eq!(stage.requests().len(), 2, "it is known by now");
}

#[test]
fn a_refused_token_an_unreachable_toggl_and_a_refused_list_are_told_apart() {
    let stage = Stage::pushed(&TWO);
    let refused = ended(stage.bare().env("TOGGL_API_TOKEN", "f".repeat(32)).arg("verify"));
    assert_eq!(refused.code, 7, "{refused:?}");
    let none = ended(stage.bare().arg("verify"));
    assert_eq!(none.code, 7, "{none:?}");
    let offline = stage.run(&["verify", "--api-url", "http://127.0.0.1:1/api/v9", "--format", "json"]);
    assert_eq!(offline.code, 4, "{offline:?}");
    assert!(offline.json()["error"].as_str().unwrap().contains("could not be reached"), "{offline:?}");
    stage.server.sandbox().faults.next(Fault::status(400, false));
    let refused = stage.run(&["verify"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.out.contains("Nothing was compared"), "{refused:?}");
}

#[test]
fn a_repair_needs_the_lock_and_a_look_does_not() {
    let stage = Stage::pushed(&TWO);
    let mut disk = chute_toggl::sidecar::file::RealDisk;
    let held = SidecarFile::lock(&stage.sidecar_path(), &mut disk).unwrap();
    assert_eq!(stage.run(&["verify", "--repair"]).code, 5);
    assert_eq!(stage.run(&["verify"]).code, 0);
    drop(held);
    assert_eq!(stage.run(&["verify", "--repair"]).code, 0);
}

#[test]
fn before_anything_is_recorded_there_is_nothing_to_verify() {
    let stage = Stage::new();
    let ended = stage.run(&["verify"]);
    assert_eq!((ended.code, stage.server.connections()), (0, 0), "{ended:?}");
    assert!(ended.out.contains("Nothing is recorded yet"), "{ended:?}");
    assert_eq!(fs::read_dir(stage.home.path()).unwrap().count(), 0);
}

#[test]
fn where_pushing_is_off_nothing_is_repaired() {
    let stage = Stage::pushed(&TWO);
    let id = stage.entry("report");
    stage.server.sandbox().remove(id);
    let off = ended(stage.command().env("TOGGL_SYNC_MODE", "off").args(["verify", "--repair"]));
    assert_eq!((off.code, off.out.as_str()), (0, ""));
    assert!(off.err.contains("TOGGL_SYNC_MODE"), "{off:?}");
    assert!(stage.requests().is_empty());
    // To look is no push.
    assert_eq!(ended(stage.command().env("TOGGL_SYNC_MODE", "off").arg("verify")).code, 6);
}

/// Toggl's lists lag behind what was written: what was sent a moment ago is no finding.
#[test]
fn what_was_pushed_a_moment_ago_is_waited_for() {
    let clock = SimClock::at(now());
    let stage = Stage::by(clock.clone());
    stage.server.sandbox().rules.lag_ms = 3000;
    stage.save(&TWO, 0);
    assert_eq!(stage.run_by(&clock, &["push"]).code, 0);
    let before = clock.0.load(Ordering::SeqCst);
    let requests = stage.requests().len();
    let ended = stage.run_by(&clock, &["verify"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(stage.requests().len(), requests + 2);
    let waited = clock.0.load(Ordering::SeqCst) - before;
    assert!((4000..=6000).contains(&waited), "{waited} ms");
}

#[test]
fn sessions_beyond_toggls_window_are_not_judged() {
    let stage = Stage::new();
    stage.save(&[("old", -110 * 1440, Some(-110 * 1440 + 30))], -110 * 1440 + 60);
    assert_eq!(stage.run(&["push"]).code, 0);
    stage.age();
    stage.server.sandbox().log.clear();
    let ended = stage.run(&["verify", "--days", "92"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("0 entries") && ended.out.contains("three months, no more"), "{ended:?}");
    assert!(!stage.run(&["verify"]).out.contains("three months"));
    assert_eq!(stage.run(&["verify", "--days", "93"]).code, 2);
    stage.server.sandbox().assert_clean();
}

/// Settled history is kept unread in an archive; a comparison reads it all the same, and a repair puts it back.
#[test]
fn a_long_history_is_compared_and_repaired_as_well() {
    let stage = Stage::new();
    let titles: Vec<String> = (0..1100).map(|n| format!("task {n}")).collect();
    let work: Vec<Work> = titles.iter().zip(-1200..).map(|(title, at)| (title.as_str(), at, Some(at + 1))).collect();
    let text =
        stage.text(&work).replace("[[today", "[[past").replace("future = []\npast = []", "today = []\nfuture = []");
    stage.save_text(&text, 0);
    for (title, start, end) in &work {
        let at = |minutes: i64| (stage.base + minutes * 60).div_euclid(60) * 60;
        stage.server.sandbox().insert(title, at(*start), end.map(at));
    }
    assert_eq!(stage.run(&["push"]).code, 0);
    assert_eq!(stage.server.sandbox().count(Call::Create), 0);
    let archived = |stage: &Stage| stage.sidecar().archive.map_or(0, |archive| archive.sessions);
    assert_eq!(archived(&stage), 1100);
    stage.age();
    stage.server.sandbox().log.clear();
    let id = stage.entry("task 500");
    stage.server.sandbox().remove(id);
    let (code, json, _) = look(&stage);
    assert_eq!((code, findings(&json)), (6, vec![("missing".into(), "task 500".into())]));
    assert_eq!(json["compared"].as_u64(), Some(1100));
    repair(&stage);
    assert_ne!(stage.entry("task 500"), id);
    assert_eq!(archived(&stage), 1100);
}
