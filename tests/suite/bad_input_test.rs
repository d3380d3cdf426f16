//! What goes wrong before anything is sent: each a clear message, the right exit code, nothing sent and nothing lost.

use std::fs;

use chute_toggl::clock::Clock as _;

use crate::corpus::{Scenario, invalid};
use crate::support::test_home::{EVENING, Ran, TestHome, one_session, save_at};

/// Runs a push that must fail without a request and without a change to any file.
#[track_caller]
fn refused(home: &TestHome, args: &[&str], code: i32) -> Ran {
    let before = home.files();
    let ran = home.run(args).exits(code);
    assert_eq!(home.toggl.connections(), 0, "a connection was made: {ran:?}");
    assert!(before == home.files(), "a file was changed");
    assert!(!ran.err.contains("panicked") && !ran.err.contains("Error {"), "{ran:?}");
    ran
}

#[test]
fn a_missing_token_is_exit_7() {
    let home = TestHome::with_binary();
    home.save(&one_session("Write report", 540, 600));
    refused(&home.without("TOGGL_API_TOKEN"), &["push"], 7).complains("TOGGL_API_TOKEN is not set");
    let home = TestHome::with_work().with("TOGGL_API_TOKEN", "  ");
    refused(&home, &["push"], 7).complains("TOGGL_API_TOKEN is not set");
}

#[test]
fn a_token_of_another_product_is_refused_before_anything_is_sent() {
    let home = TestHome::with_work().with("TOGGL_API_TOKEN", "toggl_sk_abcdef0123456789");
    let ran = refused(&home, &["push"], 7).complains("Toggl 2.0");
    assert!(!ran.err.contains("abcdef0123456789"));
}

#[test]
fn a_dry_run_needs_no_token() {
    TestHome::with_work().without("TOGGL_API_TOKEN").run(&["push", "-n"]).exits(0);
}

#[test]
fn settings_that_cannot_be_used_are_named_with_exit_2() {
    let cases = [
        ("TOGGL_WORKSPACE_ID", "home"),
        ("TOGGL_WORKSPACE_ID", "-4"),
        ("TOGGL_WORKSPACE_ID", "0"),
        ("TOGGL_WORKSPACE_ID", "99999999999999999999"),
        ("TOGGL_PROJECT_ID_DEFAULT", "1.5"),
        ("CHUTE_TOGGL_PACE", "fast"),
        ("CHUTE_TOGGL_PACE", "-1"),
        ("CHUTE_TOGGL_PACE", "NaN"),
        ("CHUTE_TOGGL_PACE", "inf"),
        ("CHUTE_TOGGL_TIMEOUT", "0"),
        ("CHUTE_TOGGL_TIMEOUT", "30s"),
        ("TOGGL_SYNC_MODE", "pull"),
        ("TZ", "Mars/Olympus"),
        ("TOGGL_API_URL", "http://api.track.toggl.com/api/v9"),
        ("TOGGL_API_URL", "ftp://localhost/"),
        ("TOGGL_API_URL", "nonsense"),
    ];
    for (name, value) in cases {
        let home = TestHome::with_work().with(name, value);
        refused(&home, &["push"], 2).complains(name);
    }
    let tags = (0..51).map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
    refused(&TestHome::with_work().with("TOGGL_TAGS_DEFAULT", &tags), &["push"], 2).complains("TOGGL_TAGS_DEFAULT");
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let mut home = TestHome::with_work();
    for name in ["TOGGL_PROJECT_ID_DEFAULT", "TOGGL_TAGS_DEFAULT", "TOGGL_SYNC_MODE", "CHUTE_TOGGL_TIMEOUT"] {
        home = home.with(name, "");
    }
    home.run(&["push"]).exits(0);
}

#[test]
fn wrong_usage_is_exit_2() {
    let home = TestHome::with_binary();
    home.save(&one_session("Write report", 540, 600));
    for args in [
        &["push", "--since", "tomorrow"][..],
        &["push", "--max-requests", "-1"],
        &["push", "--exit-code"],
        &["push", "--max-delete", "3"],
        &["push", "--wait", "-n"],
        &["push", "--no-such-flag"],
        &["pull"],
        &["verify", "--days", "0"],
        &[],
    ] {
        refused(&home, args, 2);
    }
}

#[test]
fn no_snapshot_and_no_sidecar_is_nothing_recorded_yet() {
    let home = TestHome::new();
    refused(&home, &["push"], 0).says("Nothing is recorded yet");
    refused(&home, &["push", "-n"], 0).says("Nothing is recorded yet");
    assert_eq!(home.run(&["push", "-q"]).exits(0), Ran { code: 0, out: String::new(), err: String::new() });
    assert_eq!(home.files(), []);
    let elsewhere = home.arg("elsewhere/sidecar.json");
    for command in [&["push"][..], &["verify", "--repair"]] {
        home.run(&[command, &["--sidecar", &elsewhere]].concat()).exits(0);
        assert!(!home.path("elsewhere").exists(), "no folder is made");
    }
}

#[test]
fn a_snapshot_that_is_missing_beside_a_sidecar_is_exit_8() {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    fs::remove_file(home.snapshot_path()).unwrap();
    let sent = home.toggl.connections();
    let sidecar = fs::read(home.sidecar_path()).unwrap();
    home.run(&["push"]).exits(8).complains("snapshot.toml");
    home.run(&["push", "-n"]).exits(8).complains("snapshot.toml");
    assert_eq!(home.toggl.connections(), sent);
    assert_eq!(fs::read(home.sidecar_path()).unwrap(), sidecar);
}

#[test]
fn a_damaged_sidecar_is_refused_and_left_as_it_is() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"version\": 1}",
        "{\"version\": \"1\", \"tasks\": {}, \"entries\": {}}",
        "{\"version\": 1, \"tasks\": {\"20260511/0\": {\"title\": \"a\"}}, \"entries\": {}}",
        "<<<<<<< HEAD\n{\"version\": 1}\n",
    ] {
        let home = TestHome::with_work();
        home.write_sidecar(text);
        refused(&home, &["push"], 8).complains("toggl.json");
        refused(&home, &["push", "-n"], 8).complains("toggl.json");
    }
}

#[test]
fn a_sidecar_of_another_version_is_refused_and_left_as_it_is() {
    let home = TestHome::with_work();
    home.write_sidecar("{\"version\": 2, \"something\": \"new\"}");
    refused(&home, &["push"], 8).complains("version 2");
}

#[test]
fn every_invalid_snapshot_is_refused_by_name_or_understood_as_chute_kun_does() {
    let mut refused_files = 0;
    for file in invalid() {
        let home = TestHome::new();
        save_at(&home.snapshot_path(), &file.bytes(), EVENING - 3600);
        let ran = home.run(&["push"]);
        if ran.code == 8 {
            refused_files += 1;
            assert!(ran.err.contains("snapshot.toml"), "{}: {}", file.name, ran.err);
            assert!(ran.err.lines().count() <= 4 && ran.err.len() < 1000, "{}: {}", file.name, ran.err);
            assert_eq!(home.toggl.connections(), 0, "{}", file.name);
            assert!(!home.sidecar_path().exists(), "{}", file.name);
        } else {
            // Exit 6 where a session was left out; a person must look.
            assert!(matches!(ran.code, 0 | 6), "{}: {ran:?}", file.name);
            home.toggl.sandbox().assert_clean();
        }
        // What Chute_kun's own loader refuses is refused here. JSON is read as well, and version 0 is not.
        let is_special = ["json.toml", "version_0.toml"].contains(&file.name.as_str());
        assert!(is_special || file.loads() || ran.code == 8, "{}: {ran:?}", file.name);
    }
    println!("refused: {refused_files}");
    assert!(refused_files > 30);
}

#[test]
fn an_older_snapshot_is_held_back_until_a_person_has_looked() {
    let home = TestHome::new();
    let scenario = Scenario::named("two_days_sweep");
    home.save_push(&scenario.pushes[2]);
    home.run(&["push"]).exits(0);
    let (entries, sidecar) = (home.toggl.sandbox().entries(), fs::read(home.sidecar_path()).unwrap());
    let sent = home.toggl.connections();
    let now = home.clock().now();
    home.save_push(&scenario.pushes[0]);
    home.clock().set(now);
    for args in [&["push"][..], &["push", "--prune"], &["push", "-n"]] {
        home.run(args).exits(6).complains("before the last one that was pushed");
    }
    assert_eq!(home.toggl.connections(), sent);
    assert_eq!(home.toggl.sandbox().entries(), entries);
    assert_eq!(fs::read(home.sidecar_path()).unwrap(), sidecar);
    // The next save of Chute_kun is newer, and all goes on.
    home.save_push(&scenario.pushes[4]);
    home.run(&["push"]).exits(0);
}

/// What was pushed while the clock stood ahead says nothing of what is older.
#[test]
fn a_clock_that_was_ahead_does_not_make_every_later_snapshot_an_older_one() {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    let mut sidecar = home.sidecar();
    let now = home.clock().now();
    // Not the very snapshot that was pushed.
    home.save(&one_session("Write report", 540, 601));
    for (seconds, code) in [(0, 6), (1, 0), (12 * 3600, 0), (72 * 3600, 0)] {
        sidecar.last_snapshot_saved = Some(now + seconds);
        home.record(&sidecar);
        home.run(&["push"]).exits(code);
    }
}

/// Another of Chute_kun's files (`chute --state other.toml`) with the sidecar of the first: all that was pushed would count
/// as gone, what runs would be halted, and once the first is pushed again, what was edited meanwhile would be doubled.
#[test]
fn another_file_with_none_of_the_recorded_sessions_is_held_back() {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    let (other, sidecar_of_other) = (home.arg("other.toml"), home.arg("other.json"));
    save_at(other.as_ref(), one_session("Garden", 600, 660).as_bytes(), EVENING - 1800);
    let (sidecar, sent) = (fs::read(home.sidecar_path()).unwrap(), home.toggl.connections());
    for args in [&["push"][..], &["push", "-n"], &["push", "--prune"], &["status"], &["verify"]] {
        let args = [args, &["--snapshot", &other]].concat();
        home.run(&args).exits(6).complains("other.toml").complains("snapshot.toml").complains("--sidecar");
    }
    home.run(&["doctor", "--snapshot", &other]).exits(6).says("--sidecar");
    assert_eq!(home.toggl.connections(), sent + 2, "the doctor asks Toggl, nobody else");
    assert_eq!(fs::read(home.sidecar_path()).unwrap(), sidecar);
    // With a sidecar of its own it is pushed, and the first goes on as before.
    home.run(&["push", "--snapshot", &other, "--sidecar", &sidecar_of_other]).exits(0);
    home.run(&["push"]).exits(0).says("Up to date: 1 session.");
}

#[test]
fn the_file_may_be_moved_and_may_be_begun_anew() {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    let moved = home.arg("moved.toml");
    fs::rename(home.snapshot_path(), &moved).unwrap();
    home.run(&["push", "--snapshot", &moved]).exits(0).says("Up to date: 1 session.");
    save_at(moved.as_ref(), one_session("Garden", 600, 660).as_bytes(), EVENING - 1800);
    home.run(&["push", "--snapshot", &moved]).exits(0).says("create 1");
    assert_eq!(home.toggl.sandbox().entries().len(), 2);
}

#[test]
fn an_empty_or_unfinished_file_is_never_taken_for_deleted_tasks() {
    let home = TestHome::new();
    let push = Scenario::named("two_days_sweep").pushes[0].clone();
    home.save_push(&push);
    home.run(&["push"]).exits(0);
    let entries = home.toggl.sandbox().entries();
    for text in ["", "version = 1\ntoday = []\nfuture = []\npast = []"] {
        home.save(text);
        home.run(&["push", "--prune"]).exits(8).complains("snapshot.toml");
    }
    assert_eq!(home.toggl.sandbox().entries(), entries);
}

#[test]
fn a_folder_that_cannot_be_written_to_stops_the_push_before_it_sends() {
    // The file system refuses even root here: the folder's place is taken by a file.
    let home = TestHome::with_work();
    fs::write(home.path("taken"), "").unwrap();
    let place = home.arg("taken/sync/toggl.json");
    refused(&home, &["push", "--sidecar", &place], 8).complains("taken");
}

#[test]
fn a_file_system_that_takes_no_files_stops_the_push_before_it_sends() {
    let home = TestHome::with_work();
    refused(&home, &["push", "--sidecar", "/proc/toggl.json"], 1).complains("/proc");
}

#[test]
fn a_snapshot_that_is_a_folder_or_a_device_is_refused() {
    let home = TestHome::with_work();
    refused(&home, &["push", "--snapshot", "/"], 8).complains("not a file");
    refused(&home, &["push", "--snapshot", "/dev/null"], 8).complains("/dev/null");
}

#[test]
fn switched_off_it_says_so_and_does_nothing() {
    let home = TestHome::with_work().with("TOGGL_SYNC_MODE", "off");
    refused(&home, &["push"], 0).complains("TOGGL_SYNC_MODE is `off`");
    assert_eq!(home.run(&["push", "-q"]).err, "");
}

/// Every prefix of two snapshots: refused, or a plan without a delete, and nothing that was sent is shortened.
#[test]
fn no_prefix_of_a_snapshot_deletes_or_shortens_anything() {
    use crate::support::in_process::User;
    use chute_toggl::reconcile::plan::{Change, OperationKind, plan};
    use chute_toggl::{chute_kun::snapshot, reconcile::ingest::ingest, zone::Zone};

    let (mut loaded, mut prefixes) = (0, 0);
    for name in ["two_days_sweep", "interrupt_tasks"] {
        let scenario = Scenario::named(name);
        let push = &scenario.pushes[1];
        let zone = Zone::named(&push.tz).unwrap();
        let mut user = User::at(push.saved_at + 60);
        user.push(&push.text, push.saved_at, &zone);
        let before = user.sidecar();
        for end in 0..push.text.len() {
            prefixes += 1;
            let Some(prefix) = push.text.get(..end) else { continue };
            // `reading` asks for the newline; the parser alone must refuse the rest.
            if !prefix.ends_with('\n') {
                continue;
            }
            let Ok(parsed) = snapshot::parse(prefix.as_bytes()) else { continue };
            loaded += 1;
            let mut sidecar = before.clone();
            let ingested = ingest(&mut sidecar, &parsed, push.saved_at + 600, &zone);
            for operation in plan(&sidecar, &ingested, &user.options).operations {
                assert_ne!(operation.kind, OperationKind::Delete, "{name} {end}");
                let shortens = |change: &Change| {
                    matches!(change, Change::Stop(Some(was)) if operation.stop.is_none_or(|stop| stop < *was))
                        || matches!(change, Change::Start(was) if operation.start > *was)
                };
                assert!(!operation.changes.iter().any(shortens), "{name} {end}: {operation:?}");
                // What runs in Toggl may be halted if its session is gone: that keeps all that was worked.
                assert!(matches!(operation.kind, OperationKind::Halt), "{name} {end}: {operation:?}");
            }
        }
    }
    println!("{prefixes} prefixes, {loaded} of them read as whole files");
    assert!(loaded > 10);
}

#[test]
fn titles_are_printed_without_what_could_fool_a_terminal() {
    let home = TestHome::new();
    home.save(&one_session("\u{1b}[31mred\u{202e}", 540, 600));
    let ran = home.run(&["push", "-n"]).exits(0);
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'), "{ran:?}");
}

/// The same through the whole program: a prefix is refused by name and place, or at worst halts what its part does not
/// show. Nothing is deleted, nothing is shortened, and the whole file makes all good again.
#[test]
fn every_prefix_of_a_snapshot_through_the_whole_program() {
    let (mut refused, mut loaded) = (0, 0);
    for name in ["two_days_sweep", "interrupt_tasks"] {
        let push = &Scenario::named(name).pushes[1];
        let home = TestHome::at(push.saved_at + 30).with("TZ", &push.tz);
        home.save_at(&push.text, push.saved_at);
        home.run(&["push"]).exits(0);
        let (sidecar, entries) = (fs::read(home.sidecar_path()).unwrap(), home.toggl.sandbox().entries());
        home.clock().set(push.saved_at + 90);
        for end in (0..push.text.len()).filter(|&end| push.text.is_char_boundary(end)) {
            fs::write(home.sidecar_path(), &sidecar).unwrap();
            home.save_at(&push.text[..end], push.saved_at + 60);
            let sent = home.toggl.connections();
            let ran = home.run(&["push"]);
            if ran.code == 8 {
                refused += 1;
                assert!(ran.err.contains("snapshot.toml"), "{name} {end}: {}", ran.err);
                assert_eq!(home.toggl.connections(), sent, "{name} {end}");
                assert!(fs::read(home.sidecar_path()).unwrap() == sidecar, "{name} {end}: the sidecar was changed");
                continue;
            }
            loaded += 1;
            assert!(matches!(ran.code, 0 | 6), "{name} {end}: {ran:?}");
            for was in &entries {
                let is = home.toggl.sandbox().entry(was.id).expect("nothing is deleted").clone();
                assert_eq!((is.start, &is.description), (was.start, &was.description), "{name} {end}");
                assert!(was.stop.is_none() || is.stop == was.stop, "{name} {end}: shortened");
                // What was halted runs again, as it did before the next prefix.
                home.toggl.sandbox().edit(was.id, |entry| entry.stop = was.stop);
            }
            assert_eq!(home.toggl.sandbox().entries().len(), entries.len(), "{name} {end}");
        }
    }
    println!("{refused} prefixes refused, {loaded} taken for whole files");
    assert!(refused > 2000 && loaded > 10);
}
