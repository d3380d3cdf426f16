//! The shortcut of a push with nothing to do: taken when all agrees, and by no other push.

use std::fs;
use std::time::{Duration, SystemTime};

use chute_toggl::cli::{Cli, Command};
use chute_toggl::command::shortcut::UpToDate;
use chute_toggl::settings::Settings;
use chute_toggl::sidecar::file::lock_path;
use clap::Parser as _;

use crate::at_desk;
use crate::home::{Home, one_session, save_at};
use crate::sandbox::{Fault, SimClock, TOKEN, WORKSPACE};

/// A home whose pushes run in this process on a clock that can be ahead of the files.
struct Desk {
    home: Home,
    clock: SimClock,
    more: Vec<(&'static str, String)>,
}

impl Desk {
    fn new() -> Desk {
        let home = Home::with_work();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Desk { home, clock: SimClock::at(i64::try_from(now.as_secs()).unwrap() + 60), more: Vec::new() }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let plain = [
            ("HOME", self.home.dir.path().display().to_string()),
            ("TZ", "Asia/Tokyo".to_owned()),
            ("TOGGL_API_TOKEN", TOKEN.to_owned()),
            ("TOGGL_API_URL", self.home.toggl.url()),
            ("TOGGL_WORKSPACE_ID", WORKSPACE.to_string()),
        ];
        self.more.iter().cloned().chain(plain).collect()
    }

    fn push(&self, args: &[&str]) -> i32 {
        at_desk::run(&[&["push"], args].concat(), &self.variables(), &self.clock).code
    }

    fn stands(&self) -> bool {
        let cli = Cli::parse_from(["chute-toggl", "push"]);
        assert!(matches!(cli.command, Command::Push(_)));
        let variables = self.variables();
        UpToDate::standing(
            &Settings::read(&cli.common, &|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            })
            .unwrap(),
        )
        .is_some()
    }

    /// Pushed, with the agreement written down.
    fn agreed() -> Desk {
        let desk = Desk::new();
        assert!(!desk.stands());
        assert_eq!(desk.push(&[]), 0);
        assert!(desk.stands());
        desk
    }
}

#[test]
fn a_push_that_ends_in_agreement_is_remembered_and_costs_nothing_after() {
    let desk = Desk::agreed();
    let (connections, files) = (desk.home.toggl.connections(), desk.home.files());
    assert_eq!(desk.push(&[]), 0);
    assert_eq!((desk.home.toggl.connections(), desk.home.files()), (connections, files));
    assert!(desk.stands());
}

#[test]
fn a_file_changed_less_than_a_few_ticks_ago_is_not_trusted() {
    let desk = Desk::new();
    desk.clock.advance(-60_000 + 2_000);
    assert_eq!(desk.push(&[]), 0);
    assert!(!desk.stands(), "the file could be written once more without a change of its stamp");
    desk.clock.advance(10_000);
    assert_eq!(desk.push(&[]), 0);
    assert!(desk.stands());
}

#[test]
fn any_change_of_the_snapshot_ends_it() {
    let desk = Desk::agreed();
    desk.home.save(&one_session("Write report", 540, 601));
    assert!(!desk.stands(), "another content");

    // The same size, and the time of modification put back.
    let desk = Desk::agreed();
    let at = fs::metadata(desk.home.snapshot()).unwrap().modified().unwrap();
    desk.home.save_at(&one_session("Write repork", 540, 600), at);
    assert!(!desk.stands(), "restored with its old time");

    let desk = Desk::agreed();
    let copy = desk.home.dir.path().join("copy");
    fs::copy(desk.home.snapshot(), &copy).unwrap();
    save_at(&copy, &fs::read(&copy).unwrap(), SystemTime::now() - Duration::from_secs(3600));
    fs::rename(&copy, desk.home.snapshot()).unwrap();
    assert!(!desk.stands(), "another file in its place");

    let desk = Desk::agreed();
    fs::remove_file(desk.home.snapshot()).unwrap();
    assert!(!desk.stands());
    assert_eq!(desk.push(&[]), 8);
}

#[test]
fn any_change_of_the_sidecar_ends_it() {
    let desk = Desk::agreed();
    let text = fs::read(desk.home.sidecar()).unwrap();
    fs::write(desk.home.sidecar(), &text).unwrap();
    assert!(!desk.stands(), "written anew");

    let desk = Desk::agreed();
    fs::remove_file(desk.home.sidecar()).unwrap();
    assert!(!desk.stands(), "lost");
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
        let mut desk = Desk::agreed();
        desk.more.push((name, value.to_owned()));
        assert!(!desk.stands(), "{name}");
    }
    let mut desk = Desk::agreed();
    desk.more.push(("TZ", "Mars/Olympus".to_owned()));
    assert_eq!(desk.push(&[]), 2, "a wrong setting is told even when all agrees");
}

#[test]
fn a_push_that_left_something_is_not_remembered() {
    let desk = Desk::new();
    desk.home.toggl.sandbox().faults.when(|line| line.method == "POST", Fault::status(400, false));
    assert_eq!(desk.push(&[]), 6);
    assert!(!desk.stands(), "rejected");

    let desk = Desk::new();
    assert_eq!(desk.push(&["--max-requests", "1"]), 4);
    assert!(!desk.stands(), "unfinished");

    let desk = Desk::new();
    assert_eq!(desk.push(&["--until", "2001-01-01"]), 0);
    assert!(!desk.stands(), "only some days");

    // And an earlier agreement does not outlive a push that changed something.
    let desk = Desk::agreed();
    desk.home.save(&one_session("Write report", 540, 630));
    desk.home.toggl.sandbox().faults.next(Fault::status(400, false));
    assert_eq!(desk.push(&[]), 6);
    assert!(!desk.stands());
}

#[test]
fn a_torn_or_foreign_note_is_not_understood() {
    let desk = Desk::agreed();
    let lock = lock_path(&desk.home.sidecar());
    let text = fs::read(&lock).unwrap();
    for cut in 0..text.len() {
        fs::write(&lock, &text[..cut]).unwrap();
        assert!(!desk.stands(), "cut at {cut}");
    }
    fs::write(&lock, "{}").unwrap();
    assert!(!desk.stands());
    assert_eq!(desk.push(&[]), 0);
    assert!(desk.stands());
}
