//! A time zone that was wrong, and one that changed.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::{EVENING, TestHome};

/// Two sessions of the Monday in Tokyo on whose evening they were saved, pushed in another zone.
fn pushed_in(zone: &str) -> TestHome {
    let home = TestHome::new().with("TZ", zone);
    home.save(&snapshot([&today("Report").closed(540, 600), &today("Mail").closed(1010, 1015)]));
    home.run(&["push"]).exits(0);
    home.toggl.sandbox().log.clear();
    home
}

/// When the two start in Toggl.
fn starts(home: &TestHome) -> [OffsetDateTime; 2] {
    ["Report", "Mail"].map(|title| {
        let id = home.entry(title);
        let start = home.toggl.sandbox().entries().iter().find(|entry| entry.id == id).unwrap().start;
        OffsetDateTime::from_unix_timestamp(start).unwrap()
    })
}

const IN_TOKYO: [OffsetDateTime; 2] = [datetime!(2026-05-11 09:00 +9), datetime!(2026-05-11 16:50 +9)];

fn later(home: &TestHome, seconds: i64) {
    home.clock().advance(seconds * 1000);
}

#[test]
fn what_was_recorded_in_a_wrong_zone_is_corrected_with_one_request_each() {
    // When it was saved, it was 08:00 in UTC: by that clock both sessions were of the day before.
    let home = pushed_in("UTC");
    let wrong = [datetime!(2026-05-10 09:00 UTC), datetime!(2026-05-10 16:50 UTC)];
    assert_eq!(starts(&home), wrong);
    let home = home.with("TZ", "Asia/Tokyo");
    let before = home.files();
    home.run(&["push", "--redate", "UTC", "--dry-run"])
        .exits(0)
        .says("update 2")
        .says("was Sun 2026-05-10 18:00-19:00");
    assert_eq!((starts(&home), home.files()), (wrong, before));
    assert_eq!(home.requests(), [""; 0]);
    home.run(&["push", "--redate", "UTC"]).exits(0).says("Sent: update 2");
    assert_eq!(starts(&home), IN_TOKYO);
    assert_eq!(home.requests().len(), 2);
    home.run(&["push", "--redate", "UTC"]).exits(0);
    assert_eq!(home.requests().len(), 2, "nothing is left to correct");
}

#[test]
fn a_correction_that_was_not_finished_is_gone_on_with_by_any_push() {
    let home = pushed_in("UTC").with("TZ", "Asia/Tokyo");
    home.run(&["push", "--redate", "UTC", "--max-requests", "1"]).exits(4);
    home.run(&["push"]).exits(0).says("Sent: update 1");
    assert_eq!(starts(&home), IN_TOKYO);
}

#[test]
fn only_the_days_that_are_named_are_corrected() {
    let home = pushed_in("UTC").with("TZ", "Asia/Tokyo");
    home.run(&["push", "--redate", "UTC", "--until", "2026-05-10"]).exits(0);
    home.run(&["push", "--redate", "UTC", "--since", "2026-05-11"]).exits(0).says("Sent: update 2");
}

#[test]
fn what_was_recorded_on_a_journey_stays() {
    // In Berlin, then in Tokyo, and once there by a clock that was left in UTC.
    let [report, mail, tea] =
        [today("Report").closed(540, 600), today("Mail").closed(1000, 1001), today("Tea").closed(5, 6)];
    let home = TestHome::new().with("TZ", "Europe/Berlin");
    home.save(&snapshot([&report]));
    home.run(&["push"]).exits(0);
    let home = home.with("TZ", "UTC");
    later(&home, 86_400);
    home.save(&snapshot([&report, &mail]));
    home.run(&["push"]).exits(0);
    let home = home.with("TZ", "Asia/Tokyo");
    later(&home, 86_400);
    home.save(&snapshot([&report, &mail, &tea]));
    home.run(&["push"]).exits(0).complains("push --redate UTC --dry-run");
    let entry = |title: &str| {
        let sandbox = home.toggl.sandbox();
        sandbox.entries().into_iter().find(|entry| entry.description == title).unwrap()
    };
    let before = ["Report", "Tea"].map(entry);
    home.run(&["push", "--redate", "UTC"]).exits(0).says("Sent: update 1");
    assert_eq!(["Report", "Tea"].map(entry), before);
    let log = home.run(&["log", "mail"]).exits(0);
    assert!(log.out.contains("16:40-16:41  Mail  was ") && !log.out.contains("was 16:40-16:41"), "{log:?}");
}

#[test]
fn a_zone_that_does_not_exist_is_refused() {
    let home = TestHome::with_work();
    home.run(&["push", "--redate", "Mars/Base", "--dry-run"])
        .exits(2)
        .complains("--redate cannot be used: `Mars/Base`");
    assert_eq!(home.run(&["push", "--redate", "Mars/Base"]).exits(2).out, "");
    assert_eq!(home.requests(), [""; 0]);
}

#[test]
fn the_day_that_earlier_pushes_knew_stands() {
    // Pushed every evening for a week, one hour west of where it was. Nothing in the last save tells the days.
    let home = TestHome::new().with("TZ", "Asia/Taipei");
    let mut report = today("Report");
    for day in 0..7 {
        let at = EVENING + day * 86_400;
        home.clock().set(at);
        report = report.closed(540, 600);
        home.save(&snapshot([&report]));
        home.run(&["push"]).exits(0);
    }
    let starts =
        |home: &TestHome| -> Vec<i64> { home.toggl.sandbox().entries().iter().map(|entry| entry.start).collect() };
    let wrong = starts(&home);
    let home = home.with("TZ", "Asia/Tokyo");
    home.run(&["push", "--redate", "Asia/Taipei"]).exits(0).says("Sent: update 7");
    let hour = Duration::hours(1).whole_seconds();
    assert_eq!(starts(&home), wrong.iter().map(|start| start - hour).collect::<Vec<_>>());
}

#[test]
fn a_journey_changes_nothing_that_was_recorded_and_is_named_once() {
    let home = pushed_in("Asia/Tokyo");
    assert_eq!(starts(&home), IN_TOKYO);
    let home = home.with("TZ", "America/New_York");
    home.run(&["push", "--dry-run"]).exits(0).complains("`America/New_York` now, and was `Asia/Tokyo`");
    home.run(&["push", "--quiet"]).exits(0).complains("`America/New_York` now, and was `Asia/Tokyo`");
    assert_eq!(starts(&home), IN_TOKYO);
    assert_eq!(home.run(&["push", "--quiet"]).exits(0).err, "");
    home.run(&["doctor"]).says("America/New_York, according to TZ");
}
