//! The shortcut of a push with nothing to do: used when all is up to date, and by no other push.

use std::fs;

use chute_toggl::cli::{Cli, Command};
use chute_toggl::command::shortcut::UpToDate;
use chute_toggl::settings::Settings;
use chute_toggl::sidecar::file::lock_path;
use clap::Parser as _;

use crate::sandbox::Fault;
use crate::support::clock::modified;
use crate::support::test_home::{TestHome, one_session, save_at};

/// A home with work, at a time when its files have rested: the stamps of those that the program writes are the file
/// system's.
fn rested() -> TestHome {
    let home = TestHome::new();
    home.clock().set(file_system_now(&home) + 3600);
    home.save(&one_session("Write report", 540, 600));
    home
}

fn file_system_now(home: &TestHome) -> i64 {
    let probe = home.path("probe");
    fs::write(&probe, "").unwrap();
    modified(&probe)
}

fn push(home: &TestHome, args: &[&str]) -> i32 {
    home.run(&[&["push"], args].concat()).code
}

fn stands_with(home: &TestHome, variables: &[(&str, &str)]) -> bool {
    let cli = Cli::parse_from(["chute-toggl", "push"]);
    assert!(matches!(cli.command, Command::Push(_)));
    let all = || variables.iter().copied().chain(home.variables().iter().map(|(name, value)| (*name, value.as_str())));
    let settings = Settings::read(&cli.common, &|name| all().find(|(known, _)| *known == name).map(|(_, v)| v.into()));
    UpToDate::standing(&settings.unwrap()).is_some()
}

fn stands(home: &TestHome) -> bool {
    stands_with(home, &[])
}

/// Pushed, and that all is up to date is written down.
fn up_to_date() -> TestHome {
    let home = rested();
    assert!(!stands(&home));
    assert_eq!(push(&home, &[]), 0);
    assert!(stands(&home));
    home
}

#[test]
fn a_push_that_ends_in_agreement_is_remembered_and_costs_nothing_after() {
    let home = up_to_date();
    let (connections, files) = (home.toggl.connections(), home.files());
    assert_eq!(push(&home, &[]), 0);
    assert_eq!((home.toggl.connections(), home.files()), (connections, files));
    assert!(stands(&home));
}

#[test]
fn a_file_changed_less_than_a_few_ticks_ago_is_not_trusted() {
    let home = rested();
    home.clock().set(file_system_now(&home) + 2);
    assert_eq!(push(&home, &[]), 0);
    assert!(!stands(&home), "the file could be written once more without a change of its stamp");
    home.clock().set(file_system_now(&home) + 10);
    assert_eq!(push(&home, &[]), 0);
    assert!(stands(&home));
}

#[test]
fn any_change_of_the_snapshot_ends_it() {
    let home = up_to_date();
    home.save(&one_session("Write report", 540, 601));
    assert!(!stands(&home), "another content");

    // The same size, and the time of modification put back.
    let home = up_to_date();
    let at = modified(&home.snapshot_path());
    home.save_at(&one_session("Write repork", 540, 600), at);
    assert!(!stands(&home), "restored with its old time");

    let home = up_to_date();
    let copy = home.path("copy");
    fs::copy(home.snapshot_path(), &copy).unwrap();
    save_at(&copy, &fs::read(&copy).unwrap(), modified(&copy) - 3600);
    fs::rename(&copy, home.snapshot_path()).unwrap();
    assert!(!stands(&home), "another file in its place");

    let home = up_to_date();
    fs::remove_file(home.snapshot_path()).unwrap();
    assert!(!stands(&home));
    assert_eq!(push(&home, &[]), 8);
}

#[test]
fn any_change_of_the_sidecar_ends_it() {
    let home = up_to_date();
    let text = fs::read(home.sidecar_path()).unwrap();
    fs::write(home.sidecar_path(), &text).unwrap();
    assert!(!stands(&home), "written anew");

    let home = up_to_date();
    fs::remove_file(home.sidecar_path()).unwrap();
    assert!(!stands(&home), "lost");
}

#[test]
fn changed_settings_end_it() {
    for (name, value) in [
        ("TOGGL_WORKSPACE_ID", "7"),
        ("TOGGL_PROJECT_ID_DEFAULT", "7"),
        ("TOGGL_TAGS_DEFAULT", "a,b"),
        ("TZ", "Europe/Berlin"),
        ("TOGGL_API_URL", "http://127.0.0.1:9/api/v9"),
        ("CHUTE_KUN_STATE", "/nowhere"),
    ] {
        assert!(!stands_with(&up_to_date(), &[(name, value)]), "{name}");
    }
    for rule in ["since = 2026-05-01\n", "[[rule]]\ntags = [\"a\"]\n", "[[rule]]\nskip = true\n"] {
        let home = up_to_date();
        home.configure(rule);
        assert!(!stands(&home), "{rule}");
        // And with it as it is, all is up to date again.
        let requests = home.requests().len();
        assert_eq!(push(&home, &[]), 0);
        assert!(stands(&home), "{rule}");
        assert_eq!(home.requests().len(), requests);
    }
    let home = up_to_date().with("TZ", "Mars/Olympus");
    assert_eq!(push(&home, &[]), 2, "a wrong setting is told even when all is up to date");
}

#[test]
fn a_push_that_left_something_is_not_remembered() {
    let home = rested();
    home.toggl.sandbox().faults.when(|line| line.method == "POST", Fault::status(400, false));
    assert_eq!(push(&home, &[]), 6);
    assert!(!stands(&home), "rejected");

    let home = rested();
    assert_eq!(push(&home, &["--max-requests", "1"]), 4);
    assert!(!stands(&home), "unfinished");

    let home = rested();
    assert_eq!(push(&home, &["--until", "2001-01-01"]), 0);
    assert!(!stands(&home), "only some days");

    // And what was written down does not outlive a push that changed something.
    let home = up_to_date();
    home.save(&one_session("Write report", 540, 630));
    home.toggl.sandbox().faults.next(Fault::status(400, false));
    assert_eq!(push(&home, &[]), 6);
    assert!(!stands(&home));
}

#[test]
fn a_torn_or_foreign_note_is_not_understood() {
    let home = up_to_date();
    let lock = lock_path(&home.sidecar_path());
    let text = fs::read(&lock).unwrap();
    // The line after the note is the digest of the sidecar, which says nothing of it.
    let note_ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0;
    for cut in 0..note_ends {
        fs::write(&lock, &text[..cut]).unwrap();
        assert!(!stands(&home), "cut at {cut}");
    }
    fs::write(&lock, "{}").unwrap();
    assert!(!stands(&home));
    assert_eq!(push(&home, &[]), 0);
    assert!(stands(&home));
}
