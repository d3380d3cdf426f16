//! `doctor`: each finding, its exit code, and the next step.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use chute_toggl::sidecar::file::{RealDisk, SidecarFile};
use chute_toggl::toggl::Bucket;
use serde_json::Value;

use super::{BASE, NOW, Work, home, pushed, save, text};
use crate::sandbox::{Fault, Refusal, SimClock};
use crate::support::test_home::{TestHome, save_at};

const ONE: [Work; 1] = [("report", -180, Some(-120))];

/// Runs it with these variables beside the token and these arguments; text and JSON must say the same. Whatever it
/// finds, it leaves every file as it was.
fn doctor_with(home: &TestHome, variables: &[(&str, &str)], args: &[&str]) -> (i32, Value, String) {
    let files = home.files();
    let run = |format: &str| home.run_with(variables, &[&["doctor"], args, &["--format", format]].concat());
    let (text, json) = (run("text"), run("json"));
    assert_eq!(text.code, json.code, "{text:?} {json:?}");
    let document = json.json();
    assert_eq!((document["schema"].as_i64(), document["exit"].as_i64()), (Some(1), Some(text.code.into())));
    for check in document["checks"].as_array().unwrap() {
        assert_eq!(check["state"] == "fault", check["do"].is_string(), "a fault says what to do: {check}");
    }
    let next = document["next"].as_str().unwrap();
    // Without the breaks of its lines.
    let said = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.ends_with(&format!("Next: {next}.")), "{text:?}");
    assert_eq!(home.files(), files, "a doctor only looks");
    home.toggl.sandbox().assert_clean();
    (text.code, document, said)
}

fn doctor(home: &TestHome) -> (i32, Value, String) {
    doctor_with(home, &[], &[])
}

/// The names of the checks that are faults, with their exit codes.
fn faults(document: &Value) -> Vec<(String, i64)> {
    let checks = document["checks"].as_array().unwrap();
    let faults = checks.iter().filter(|check| check["state"] == "fault");
    faults.map(|check| (check["check"].as_str().unwrap().to_owned(), check["exit"].as_i64().unwrap())).collect()
}

fn fault(name: &str, exit: i64) -> Vec<(String, i64)> {
    vec![(name.to_owned(), exit)]
}

/// The check of that name.
fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let mut checks = document["checks"].as_array().unwrap().iter();
    checks.find(|check| check["check"] == name).unwrap_or_else(|| panic!("{name}: {document}"))
}

#[test]
fn a_new_user_is_led_from_the_token_to_the_hook() {
    let home = home();
    let first = home.run_with(&[("TOGGL_API_TOKEN", "")], &["doctor"]);
    assert_eq!(first.code, 7, "{first:?}");
    assert!(first.out.contains("Next: copy the API token"), "{first:?}");
    let (code, _, text) = doctor(&home);
    assert!(code == 8 && text.contains("Next: quit Chute_kun once with `q`"), "{text}");
    save(&home, &ONE, 0);
    let (code, _, text) = doctor(&home);
    assert!(code == 0 && text.contains("push --dry-run"), "{text}");
    assert_eq!(home.run(&["push"]).code, 0);
    let (code, _, text) = doctor(&home);
    assert!(code == 0 && text.contains("chute-toggl hook bash"), "{text}");
    let (_, document, _) = doctor_with(&home, &[("SHELL", "/usr/bin/fish")], &[]);
    assert!(document["next"].as_str().unwrap().contains("hook fish | source"), "{document}");
    save(&home, &[ONE[0], ("mail", 20, Some(30))], 100);
    let (code, document, _) = doctor(&home);
    assert!(code == 0 && document["next"] == "`chute-toggl push` sends what is new (1 request)", "{document}");
    let (code, document, _) = doctor_with(&home, &[("TOGGL_SYNC_MODE", "off")], &[]);
    assert!(code == 0 && document["next"].as_str().unwrap().contains("TOGGL_SYNC_MODE"), "{document}");
}

#[test]
fn where_all_is_well_every_check_is_ok_and_two_questions_are_asked() {
    let home = pushed(&ONE);
    let (code, document, text) = doctor(&home);
    assert_eq!(code, 0, "{text}");
    let states: Vec<&str> =
        document["checks"].as_array().unwrap().iter().map(|check| check["state"].as_str().unwrap()).collect();
    assert!(states.iter().all(|state| *state == "ok"), "{text}");
    assert_eq!(check(&document, "quota")["text"].as_str().unwrap().split(';').count(), 2);
    assert_eq!(home.requests(), ["GET /me", "GET /me/workspaces"].repeat(2));
    let quiet = home.run(&["doctor", "-q"]);
    assert_eq!((quiet.code, quiet.out.as_str()), (0, ""));
    let verbose = home.run(&["doctor", "-v"]);
    assert!(verbose.err.starts_with("GET /me -> 200 (quota "), "{verbose:?}");
}

#[test]
fn every_setting_that_cannot_be_used_is_a_finding_and_stops_no_other_check() {
    let home = pushed(&ONE);
    let wrong = [
        ("TOGGL_WORKSPACE_ID", "x"),
        ("TOGGL_PROJECT_ID_DEFAULT", "-1"),
        ("TOGGL_SYNC_MODE", "pull"),
        ("CHUTE_TOGGL_PACE", "soon"),
        ("CHUTE_TOGGL_TIMEOUT", "0"),
        ("TZ", "Nowhere/At_all"),
    ];
    let (code, document, text) = doctor_with(&home, &wrong, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(faults(&document).len() >= wrong.len(), "{text}");
    for (name, _) in wrong {
        assert!(text.contains(&format!("Do: correct or unset {name} ")), "{name}: {text}");
    }
    assert_eq!(check(&document, "toggl")["state"], "ok");
    assert_eq!(check(&document, "snapshot")["state"], "ok");
}

/// The official address is not the one that was meant: it must not get the token.
#[test]
fn where_the_address_cannot_be_used_nobody_is_asked() {
    let home = pushed(&ONE);
    let (code, document, _) = doctor_with(&home, &[("TOGGL_API_URL", "http://example.com/")], &[]);
    assert_eq!((code, faults(&document)), (2, fault("settings", 2)));
    assert!(check(&document, "toggl")["text"].as_str().unwrap().contains("not asked"));
    let (_, document, _) = doctor_with(&home, &[], &["--api-url", "nonsense"]);
    assert_eq!(faults(&document), fault("settings", 2));
    assert!(check(&document, "toggl")["text"].as_str().unwrap().contains("not asked"));
    assert!(home.requests().is_empty());
}

#[test]
fn a_token_that_is_none_is_named_and_not_shown() {
    let home = pushed(&ONE);
    for (token, says) in
        [("toggl_sk_abcdef", "Toggl 2.0"), ("0123:api_token", "`:`"), ("two words", "a space"), ("  ", "is not set")]
    {
        let (code, document, text) = doctor_with(&home, &[("TOGGL_API_TOKEN", token)], &[]);
        assert_eq!((code, faults(&document)), (7, fault("token", 7)), "{token}");
        assert!(text.contains(says) && (token.trim().is_empty() || !text.contains(token)), "{text}");
    }
    assert!(home.requests().is_empty());
    let (code, document, text) = doctor_with(&home, &[("TOGGL_API_TOKEN", "0123abc")], &[]);
    assert_eq!((code, faults(&document)), (7, fault("toggl", 7)), "{text}");
    assert_eq!(check(&document, "token")["state"], "note");
    assert!(text.contains("refuses the token (403); it is not the 32") && !text.contains("0123abc"), "{text}");
}

#[test]
fn a_snapshot_that_is_none_is_a_fault() {
    let home = pushed(&ONE);
    let good = fs::read_to_string(home.snapshot_path()).unwrap();
    for (text, says) in [
        (String::new(), "it is empty"),
        (good.trim_end().to_owned(), "not complete"),
        ("version = 1\ntoday = 7\n".to_owned(), ""),
        (good.replace("version = 1", "version = 9"), "9"),
    ] {
        home.save_at(&text, BASE);
        let (code, document, shown) = doctor(&home);
        assert_eq!((code, faults(&document)), (8, fault("snapshot", 8)), "{shown}");
        assert!(shown.contains(says), "{shown}");
    }
    let (code, document, _) = doctor_with(&home, &[], &["--snapshot", home.dir.path().to_str().unwrap()]);
    assert_eq!((code, faults(&document)), (8, fault("snapshot", 8)));
    assert!(check(&document, "place")["text"].as_str().unwrap().contains("according to --snapshot"));
}

#[test]
fn an_older_snapshot_and_odd_sessions_want_a_look() {
    let home = pushed(&ONE);
    let text = text(&ONE);
    home.save_at(&text, BASE - 1800);
    assert_eq!(doctor(&home).0, 0, "the same snapshot, whatever was done to its file");
    home.save_at(&text.replacen("title = \"", "title = \"Old ", 1), BASE - 1800);
    let (code, document, _) = doctor(&home);
    assert_eq!((code, faults(&document)), (6, fault("snapshot", 6)));
    // The dates in it are later than its file.
    home.save_at(&text.replacen("title = \"", "title = \"Old ", 1), 1_000_000_000);
    assert_eq!(doctor(&home).0, 6);
    let odd =
        text.replace("[[today.sessions]]", "[[today.sessions]]\nstart_min = 1500\nend_min = 3\n\n[[today.sessions]]");
    home.save_at(&odd, BASE);
    let (code, document, shown) = doctor(&home);
    assert_eq!((code, faults(&document)), (6, fault("sessions", 6)));
    assert!(shown.contains("1 of 2 are left out, the first in \"report\""), "{shown}");
}

#[test]
fn a_state_path_that_chute_kun_does_not_follow_is_found() {
    let home = pushed(&ONE);
    let config = home.path(".config/chute_kun/config.toml");
    let elsewhere = home.path("elsewhere.toml");
    save_at(&config, format!("state_path = \"{}\"\n", elsewhere.display()).as_bytes(), NOW - 100);
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)[0].clone()), (8, ("state_path".to_owned(), 8)), "{text}");
    assert!(text.contains("Next: take `state_path` out of"), "{text}");
    // It is there, but Chute_kun has been saving elsewhere since.
    save_at(&elsewhere, super::text(&ONE).as_bytes(), BASE - 60);
    let (_, document, text) = doctor(&home);
    assert!(faults(&document).contains(&("state_path".to_owned(), 6)), "{text}");
    save_at(&elsewhere, super::text(&ONE).as_bytes(), BASE + 60);
    let (code, _, text) = doctor(&home);
    assert!(code == 0 && text.contains("according to `state_path` in"), "{text}");
}

#[test]
fn a_sidecar_that_cannot_be_used_is_a_fault() {
    let home = pushed(&ONE);
    let good = fs::read(home.sidecar_path()).unwrap();
    for bad in ["{\"version\":2}", "nonsense", ""] {
        fs::write(home.sidecar_path(), bad).unwrap();
        let (code, document, text) = doctor(&home);
        assert_eq!((code, faults(&document)), (8, fault("sidecar", 8)), "{text}");
    }
    fs::write(home.sidecar_path(), good).unwrap();
    fs::set_permissions(home.sidecar_path(), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)), (8, fault("sidecar", 8)));
    assert!(text.contains("mode 644") && text.contains("Next: chmod 600"), "{text}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_a_fault() {
    let home = home();
    save(&home, &ONE, 0);
    // A file where the folder should be: not even root can write into that.
    let blocked = home.path("blocked");
    fs::write(&blocked, "").unwrap();
    let sidecar = blocked.join("sync/toggl.json");
    let (code, document, _) = doctor_with(&home, &[], &["--sidecar", sidecar.to_str().unwrap()]);
    assert_eq!(code, 8);
    assert!(faults(&document).contains(&("folder".to_owned(), 8)), "{document}");
}

#[test]
fn a_push_that_runs_is_worth_a_word() {
    let home = pushed(&ONE);
    let mut disk = RealDisk;
    let held = SidecarFile::lock(&home.sidecar_path(), &mut disk).unwrap();
    let (code, document, _) = doctor(&home);
    assert_eq!((code, &check(&document, "lock")["state"]), (0, &"note".into()));
    drop(held);
    let (_, document, _) = doctor(&home);
    assert!(!document.to_string().contains("\"lock\""), "{document}");
}

#[test]
fn what_toggl_refused_wants_a_look_and_what_is_uncertain_a_word() {
    let home = home();
    home.toggl.sandbox().rules.refusals.push(Refusal::bad("report"));
    save(&home, &[ONE[0], ("mail", -60, Some(-50))], 0);
    assert_eq!(home.run(&["push"]).code, 6);
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)), (6, fault("records", 6)), "{text}");
    assert!(text.contains("1 session rejected by Toggl") && text.contains("--retry-rejected"), "{text}");
    let mut sidecar = home.sidecar();
    for task in sidecar.tasks.values_mut() {
        for record in &mut task.sessions {
            let description = task.title.to_string();
            let start = record.start;
            record.rejected = None;
            let intent = chute_toggl::sidecar::Intent {
                since: BASE,
                start,
                description,
                workspace: None,
                project: None,
                tags: Vec::new(),
            };
            record.intent = Some(Box::new(intent));
        }
    }
    home.record(&sidecar);
    let (code, _, text) = doctor(&home);
    assert!(code == 0 && text.contains("2 may or may not be in Toggl"), "{text}");
}

#[test]
fn while_the_quota_is_known_to_be_empty_nobody_is_asked() {
    let home = pushed(&ONE);
    let quiet = home.toggl.connections();
    let mut sidecar = home.sidecar();
    sidecar.quota.note_exhausted(Bucket::User, Some(1800), NOW);
    home.record(&sidecar);
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)), (4, fault("toggl", 4)));
    assert!(text.contains("was not asked") && text.contains("Next: wait until "), "{text}");
    assert_eq!(home.toggl.connections(), quiet);
    // The other bucket: the question is free to be asked.
    sidecar.quota.user = None;
    sidecar.quota.note_exhausted(Bucket::Workspace, Some(1800), NOW);
    home.record(&sidecar);
    let (code, document, _) = doctor(&home);
    assert_eq!((code, faults(&document)), (4, fault("quota", 4)));
    assert_eq!(home.toggl.connections(), quiet + 4);
}

#[test]
fn what_toggl_answers_is_told_apart() {
    let home = pushed(&ONE);
    for (status, exit, says) in
        [(404, 2, "/api/v9"), (410, 1, "newer"), (503, 4, "answered 503"), (401, 7, "refuses the token (401)")]
    {
        home.toggl.sandbox().faults.when(|_| true, Fault::status(status, false));
        let (code, document, text) = doctor(&home);
        home.toggl.sandbox().faults.clear();
        assert_eq!((code, faults(&document)), (exit, fault("toggl", exit.into())), "{text}");
        assert!(text.contains(says), "{text}");
    }
    home.toggl.sandbox().spend(Bucket::User, 30);
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)), (4, fault("quota", 4)), "{text}");
    let (code, document, _) = doctor_with(&home, &[], &["--api-url", "http://127.0.0.1:1/api/v9"]);
    assert_eq!((code, faults(&document)), (4, fault("toggl", 4)));
}

#[test]
fn another_workspace_than_the_default_is_worth_a_word() {
    let home = pushed(&ONE);
    let set = [("TOGGL_WORKSPACE_ID", "77")];
    let (code, document, text) = doctor_with(&home, &set, &[]);
    assert_eq!((code, faults(&document)), (2, fault("workspace", 2)), "{text}");
    home.toggl.sandbox().add_workspace(77, "ACME");
    let (code, document, text) = doctor_with(&home, &set, &[]);
    assert_eq!((code, &check(&document, "workspace")["state"]), (0, &"note".into()));
    assert!(text.contains("ACME (77) as set"), "{text}");
}

/// Once every 402 was taken for an empty quota.
#[test]
fn a_paid_feature_is_no_empty_quota_for_the_doctor_either() {
    let home = pushed(&ONE);
    let body = "This is a premium feature".to_owned();
    home.toggl.sandbox().faults.when(|_| true, Fault::Status { code: 402, body, carried_out: false });
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)), (4, fault("toggl", 4)), "{text}");
    assert!(text.contains("premium") && !text.contains("used up"), "{text}");
}

#[test]
fn a_token_of_another_account_is_a_fault() {
    let home = pushed(&ONE);
    home.toggl.sandbox().rules.person.id += 1;
    let (code, document, text) = doctor(&home);
    assert_eq!((code, faults(&document)), (6, fault("account", 6)), "{text}");
}

#[test]
fn a_clock_that_is_wrong_by_more_than_a_minute_is_a_fault() {
    for (ahead, exit, says) in [(50, 0, "agrees"), (-50, 0, "agrees"), (300, 6, "behind"), (-300, 6, "ahead of")] {
        let toggl = SimClock::at(NOW + ahead).into();
        let home = TestHome::by(Some(SimClock::at(NOW)), toggl).with("TZ", "UTC");
        save(&home, &ONE, 0);
        let (code, document, text) = doctor(&home);
        assert_eq!(code, exit, "{text}");
        assert_eq!(faults(&document), if exit == 0 { vec![] } else { fault("clock", 6) });
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn how_long_ago_is_told_roughly_and_never_as_more() {
    let cases = [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (5399, "89 min ago"),
        (5400, "1 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 days ago"),
        (10 * 86_400 + 5, "10 days ago"),
    ];
    for (seconds, said) in cases {
        assert_eq!(chute_toggl::output::ago(seconds), said);
    }
}
