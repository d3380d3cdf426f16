//! What is said to whoever wants quiet, and how often.

use chute_toggl::clock::Clock as _;
use chute_toggl::sidecar::{Sidecar, Waiting};

use crate::sandbox::Refusal;
use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::{Ran, TestHome, one_session};

const HOUR: i64 = 3600;

fn later(home: &TestHome, seconds: i64) {
    home.clock().set(home.clock().now() + seconds);
}

fn silent(ran: &Ran) -> bool {
    ran.out.is_empty() && ran.err.is_empty()
}

#[test]
fn what_a_later_run_does_by_itself_is_said_once_a_day_after_a_day() {
    let home = TestHome::with_work().with("TOGGL_API_URL", "http://127.0.0.1:1/api/v9");
    let mut said = Vec::new();
    for hour in 0..80 {
        let ran = home.run(&["push", "--quiet"]).exits(4);
        if !silent(&ran) {
            assert!(ran.out.contains("Not everything could be sent since Mon 2026-05-11 18:"), "{ran:?}");
            assert!(ran.out.contains("could not be reached"), "{ran:?}");
            said.push(hour);
        }
        later(&home, HOUR);
    }
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0] >= 24 && said.windows(2).all(|pair| pair[1] - pair[0] >= 24), "{said:?}");
    home.run(&["status"]).exits(0).says("Waiting    not everything could be sent since");
    let home = home.with("TOGGL_API_URL", "http://127.0.0.1:2/api/v9");
    assert!(silent(&home.run(&["push", "--quiet"]).exits(4)), "another address is no other day");
}

#[test]
fn waiting_ends_when_nothing_is_left_and_survives_a_clock_that_was_wrong() {
    let mut sidecar = Sidecar::default();
    assert_eq!(sidecar.note_waiting(true, 1_000_000), None);
    assert_eq!(sidecar.note_waiting(true, 1_086_399), None);
    assert_eq!(sidecar.note_waiting(true, 1_086_400), Some(1_000_000));
    assert_eq!(sidecar.note_waiting(true, 1_172_799), None);
    assert_eq!(sidecar.note_waiting(true, 1_172_800), Some(1_000_000));
    assert_eq!(sidecar.note_waiting(false, 1_172_801), None);
    assert_eq!(sidecar.waiting, None);
    sidecar.waiting = Some(Waiting { since: 9_000_000, said: Some(9_000_000) });
    assert_eq!(sidecar.note_waiting(true, 1_000_000), None);
    assert_eq!(sidecar.waiting, Some(Waiting { since: 1_000_000, said: None }));
}

#[test]
fn another_push_that_runs_is_routine() {
    let home = TestHome::with_work();
    std::fs::create_dir_all(home.sidecar_path().parent().unwrap()).unwrap();
    let lock = std::fs::File::create(chute_toggl::sidecar::file::lock_path(&home.sidecar_path())).unwrap();
    lock.try_lock().unwrap();
    assert!(silent(&home.run(&["push", "--quiet"]).exits(5)));
    home.run(&["push"]).exits(5).complains("another push is running");
}

#[test]
fn what_is_rejected_is_told_once_and_can_be_acknowledged() {
    let home = TestHome::new();
    let [report, mail] = [today("Write report").closed(540, 600), today("Mail").closed(610, 620)];
    home.save(&snapshot([&report]));
    home.toggl.sandbox().rules.refusals.push(Refusal::bad("Write report"));
    home.toggl.sandbox().rules.refusals.push(Refusal::bad("Mail"));
    home.run(&["push", "--quiet"]).exits(6).says("Write report");
    assert!(silent(&home.run(&["push", "--quiet"]).exits(6)), "it is known");
    home.run(&["push"]).exits(6).says("1 session that Toggl rejected before is unchanged");
    home.run(&["status"]).exits(0).says("Write report");

    later(&home, HOUR);
    home.save(&snapshot([&report, &mail]));
    let ran = home.run(&["push", "--quiet"]).exits(6).says("Mail");
    assert!(!ran.out.contains("  Mon 2026-05-11 09:00-10:00  Write report"), "{ran:?}");

    home.run(&["push", "--acknowledge"]).exits(0).says("Up to date: 0 sessions. Held back: 2 acknowledged.");
    assert!(silent(&home.run(&["push", "--quiet"]).exits(0)));
    home.run(&["push", "--retry-rejected"]).exits(6);
}

#[test]
fn a_session_with_a_mark_is_named_by_the_push_that_sends_it_and_listed_by_status() {
    let home = TestHome::new();
    home.save(&snapshot([&today("Mail").closed(540, 545)]));
    home.run(&["push"]).exits(0);
    later(&home, HOUR);
    home.save(&snapshot([&today("Mail").closed(540, 545), &today("Report").open(1000)]));
    home.run(&["push", "--quiet"]).exits(0);
    // Left running overnight.
    later(&home, 25 * HOUR);
    home.save(&snapshot([&today("Mail").closed(540, 545), &today("Report").closed(1000, 1060)]));
    let ran = home.run(&["push", "--quiet"]).exits(0);
    let said = ran.out.replace("\n ", "");
    assert!(said.starts_with("Look at 1 session: Mon 2026-05-11 16:40-17:40 (+1) Report ("), "{ran:?}");
    assert!(said.contains("25:00 h long)"), "{ran:?}");
    assert!(silent(&home.run(&["push", "--quiet"]).exits(0)), "it is said once");
    home.run(&["status"]).exits(0).says("! 1 session is longer than 16 hours").says("(+1)  Report");
    let status = home.run(&["status", "--format", "json"]).json();
    assert_eq!((&status["marked"][0]["title"], &status["marked"][0]["long"]), (&"Report".into(), &true.into()));
    // Once Toggl does not list it any more, nothing can be done about it there.
    later(&home, 100 * 24 * HOUR);
    let status = home.run(&["status"]).exits(0);
    assert!(!status.out.contains("longer than 16 hours"), "{status:?}");
}

#[test]
fn a_fault_is_never_silent() {
    let home = TestHome::with_work();
    home.run(&["push", "--quiet", "--since", "2026-05-12", "--until", "2026-05-11"])
        .exits(2)
        .complains("no day is both");
    let home = home.without("TOGGL_API_TOKEN");
    home.run(&["push", "--quiet"]).exits(7).complains("TOGGL_API_TOKEN");
    let home = TestHome::new();
    home.save(&one_session("Write report", 540, 600).replace("version = 1", "version = 9"));
    home.run(&["push", "--quiet"]).exits(8).complains("version");
}
