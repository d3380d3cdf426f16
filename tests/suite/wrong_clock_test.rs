//! Clocks that are wrong, or were: every wait has a bound, a time that cannot be is not believed, and a clock that is off is
//! told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chute_toggl::clock::Clock as _;
use chute_toggl::toggl::quota::{Level, Quota};
use chute_toggl::zone::Zone;

use crate::sandbox::{InProcess, SandboxClock, SimClock};
use crate::support::in_process::{User, push_or_die};
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today, ymd};
use crate::support::test_home::{EVENING, TestHome};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// 2026-05-11 12:00:00 UTC.
const NOON: i64 = 1_778_500_800;

fn utc() -> Zone {
    Zone::named("UTC").unwrap()
}

/// A home in which something was pushed, with this known of the quota.
fn home_with(quota: Quota) -> TestHome {
    let home = TestHome::with_work().with("CHUTE_TOGGL_PACE", "1");
    home.run(&["push"]).exits(0);
    let mut sidecar = home.sidecar();
    sidecar.quota = quota;
    home.record(&sidecar);
    home.save(&snapshot([today("Write report").closed(540, 600).closed(610, 620).closed(630, 640)]));
    home
}

/// It slept until the clock had caught up: nine hours, and the prompt hung.
#[test]
fn a_request_in_the_future_is_not_waited_for() {
    for ahead in [2, 9 * HOUR, 400 * DAY, i64::MAX / 4000] {
        for command in [&["push"][..], &["push", "--wait"], &["verify"], &["verify", "--repair"], &["doctor"]] {
            let home = home_with(Quota { last_request_ms: Some((EVENING + ahead) * 1000), ..Quota::default() });
            let begin = home.clock().now();
            home.run(command);
            let took = home.clock().now() - begin;
            assert!(took <= 10, "{command:?}, {ahead}: {took} s");
        }
    }
}

#[test]
fn a_quota_is_used_up_for_an_hour_at_most() {
    for resets_at in [EVENING + HOUR + 120, EVENING + 10 * HOUR, EVENING + 400 * DAY, i64::MAX] {
        let empty = Some(Level { remaining: Some(0), resets_at });
        let quota = || Quota { workspace: empty, user: empty, last_request_ms: None };
        for command in [&["push"][..], &["push", "--wait"]] {
            let home = home_with(quota());
            let begin = home.clock().now();
            home.run(command).exits(0);
            assert!(home.clock().now() - begin <= 10, "{command:?}");
        }
        let home = home_with(quota());
        let status = home.run(&["status"]).exits(0).says("writing: unknown; reading: unknown");
        assert!(!status.out.contains("2027"), "{}", status.out);
        let quota = &home.run(&["push", "-n", "--format", "json"]).json()["quota"];
        assert!(quota["writing"].is_null() && quota["reading"].is_null(), "{quota}");
        home.run(&["verify"]).exits(0);
    }
    // What can be is believed, and waited for if asked.
    let empty = Some(Level { remaining: Some(0), resets_at: EVENING + HOUR });
    let home = home_with(Quota { workspace: empty, user: empty, last_request_ms: None });
    home.run(&["push"]).exits(4).says("used up");
    home.run(&["push", "--wait"]).exits(0);
    assert!((HOUR - 5..HOUR + 20).contains(&(home.clock().now() - EVENING)));
}

/// "An older copy: quit with `q`", for as long as the clock had been ahead, and `q` did not help.
#[test]
fn a_clock_that_was_ahead_once_holds_nothing_back() {
    for ahead in [3 * 60, 9 * HOUR, 23 * HOUR, 5 * DAY] {
        let home = TestHome::new();
        home.clock().set(EVENING + ahead);
        home.save_at(&snapshot([today("Before").closed(540, 600)]), EVENING + ahead - 30);
        home.run(&["push"]).exits(0);
        for more in [1, 2] {
            let now = EVENING + 60 + more * 600;
            home.clock().set(now);
            let tasks = [
                today("Before").closed(540, 600),
                today("After").closed(1_000, 1_000 + 5 * u16::try_from(more).unwrap()),
            ];
            home.save_at(&snapshot(tasks), now - 30);
            home.run(&["push"]).exits(0);
        }
        let entries = home.toggl.sandbox().entries();
        assert_eq!(entries.len(), 2, "{entries:?}");
        let after = entries.iter().find(|entry| entry.description == "After").unwrap();
        // 16:40 of that Monday in Tokyo.
        assert_eq!((after.start, after.stop), (EVENING - 80 * 60, Some(EVENING - 70 * 60)), "{ahead}");
    }
}

/// A home whose clock is so many seconds ahead of Toggl's.
fn home_ahead(ahead: i64) -> TestHome {
    let clock = SimClock::at(EVENING);
    let shown = clock.clone();
    let home = TestHome::by(Some(clock), SandboxClock::By(Arc::new(move || shown.now_ms() - ahead * 1000)));
    home.save(&snapshot([today("Write report").closed(540, 600)]));
    home
}

#[test]
fn a_clock_that_is_off_is_told_with_its_size() {
    for (ahead, says) in [
        (121, "clock is 121 s ahead of Toggl's"),
        (-299, "clock is 299 s behind Toggl's"),
        (45 * 60, "clock is 45 min ahead of"),
        (9 * HOUR + 120, "clock is 9 h 2 min ahead of"),
        (-2 * DAY, "clock is 2 days 0 h behind"),
    ] {
        for command in [&["push"][..], &["push", "--quiet"], &["push", "--format", "json"], &["verify"]] {
            let ran = home_ahead(ahead).run(command).complains(says);
            if command.contains(&"json") {
                assert_eq!(ran.json()["skew"], -ahead);
            }
        }
        home_ahead(ahead).run(&["doctor"]).exits(6).says(says);
    }
    for ahead in [-120, -1, 0, 120] {
        for command in ["push", "verify"] {
            assert_eq!(home_ahead(ahead).run(&[command]).err, "", "{ahead}");
        }
        home_ahead(ahead).run(&["doctor"]).exits(0).says("agrees with Toggl's");
    }
}

/// The snapshot was saved by a right clock, and is pushed by one that is behind: once what it has was put a day earlier for
/// good.
#[test]
fn a_snapshot_that_is_newer_than_now_is_dated_by_toggls_clock() {
    let midnight = EVENING - 18 * HOUR;
    for behind in [HOUR, 6 * HOUR, 30 * HOUR, 3 * DAY] {
        for task in [today("Now").closed(1_070, 1_075).done(20_260_511, 1_075), today("Now").open(1_070)] {
            let home = home_ahead(-behind);
            home.clock().set(EVENING - behind);
            home.save_at(&snapshot([&task]), EVENING - 30);
            home.run(&["push", "-n"]).complains("by this machine's clock");
            home.run(&["push"]).exits(0).complains("behind Toggl's");
            let starts: Vec<i64> = home.toggl.sandbox().entries().iter().map(|entry| entry.start).collect();
            assert_eq!(starts, [midnight + 1_070 * 60], "{behind}");
            home.clock().set(EVENING + 60);
            home.run(&["push"]);
            assert_eq!(home.toggl.sandbox().entries().len(), 1);
        }
    }
}

/// A file server whose clock is ahead is no reason to ask for more than the time, and nobody to ask is none to guess.
#[test]
fn a_file_that_is_newer_than_now_is_dated_by_now_if_that_is_right() {
    let home = home_ahead(0);
    home.save_at(&snapshot([today("Now").closed(1_070, 1_075)]), EVENING + 9 * HOUR);
    home.run(&["push"]).exits(0);
    assert_eq!(home.toggl.sandbox().entries()[0].start, EVENING - 18 * HOUR + 1_070 * 60);
    let home = home_ahead(0);
    home.save_at(&snapshot([today("Now").closed(1_070, 1_075)]), EVENING + 9 * HOUR);
    let offline = [("TOGGL_API_URL", "http://127.0.0.1:9/api/v9")];
    home.run_with(&offline, &["push"]).exits(4).complains("could not be asked");
    assert!(!home.sidecar_path().exists());
}

/// Without the instant of the save, what the days before had is dated by the last one.
#[test]
fn a_first_push_that_is_killed_keeps_what_it_saw() {
    // From the first request on: before it, and after it was answered.
    for kill in 3..=8 {
        let mut user = User::at(NOON);
        let mut tasks: Vec<TaskBuilder> = Vec::new();
        for day in 0..3 {
            let now = NOON + day * DAY;
            user.clock.set(now);
            // Each later than the next, so that the latest day that fits would be another one.
            tasks.push(today(&format!("Task {day}")).closed(600 - 100 * u16::try_from(day).unwrap(), 610));
            assert!(push_or_die(&mut user, &snapshot(&tasks), now - 30, &utc(), Some(kill)).is_none() || kill > 5);
        }
        user.clock.set(NOON + 3 * DAY);
        assert_eq!(user.push(&snapshot(&tasks), NOON + 2 * DAY - 30, &utc()).report.end, None);
        let mut held: Vec<(String, i64)> =
            user.toggl.sandbox().entries().into_iter().map(|entry| (entry.description, entry.start)).collect();
        held.sort();
        let midnight = NOON - 12 * HOUR;
        let expected: Vec<(String, i64)> =
            (0..3).map(|day| (format!("Task {day}"), midnight + day * DAY + (600 - 100 * day) * 60)).collect();
        assert_eq!(held, expected, "killed at event {kill}");
    }
}

/// A user whose clock is ahead of everyone else's by what the second value says, in milliseconds.
fn user_apart() -> (User, Arc<AtomicI64>) {
    let mut user = User::at(NOON);
    let ahead = Arc::new(AtomicI64::new(0));
    let (shown, off) = (user.clock.clone(), Arc::clone(&ahead));
    user.toggl = InProcess::new(SandboxClock::By(Arc::new(move || shown.now_ms() - off.load(Ordering::SeqCst))));
    (user, ahead)
}

#[test]
fn killed_by_one_clock_and_resolved_by_another_nothing_is_doubled() {
    let clocks = [0, 9 * HOUR, -9 * HOUR, 2 * DAY, -2 * DAY, 30 * DAY, -30 * DAY];
    let mut points = 0;
    for then in clocks {
        for now in clocks {
            for days_ago in [0, 2, 60, 120] {
                for kill in 1..=12 {
                    let (mut user, ahead) = user_apart();
                    let set = |user: &User, to: i64| {
                        let before = ahead.swap(to * 1000, Ordering::SeqCst);
                        user.clock.advance(to * 1000 - before);
                    };
                    let done = ymd(NOON - days_ago * DAY - DAY);
                    let tasks = [
                        past("Old").planned(done).closed(540, 550).done(done, 550),
                        past("Other").planned(done).closed(560, 570).done(done, 570),
                    ];
                    let text = snapshot(&tasks);
                    set(&user, then);
                    // Something is known, so that nothing is looked for.
                    push_or_die(&mut user, &text, NOON - 60, &utc(), Some(kill));
                    user.clock.advance(5 * HOUR * 1000);
                    set(&user, now);
                    let later = snapshot(tasks.iter().chain([&today("New").closed(700, 710)]));
                    for _ in 0..3 {
                        user.push(&later, NOON + 4 * HOUR, &utc());
                        user.clock.advance(60_000);
                    }
                    points += 1;
                    let sandbox = user.toggl.sandbox();
                    let entries: Vec<String> = sandbox.entries().into_iter().map(|entry| entry.description).collect();
                    let at = format!("{then} then, {now} now, {days_ago} days ago, killed at {kill}");
                    for title in ["Old", "Other", "New"] {
                        let held = entries.iter().filter(|text| *text == title).count();
                        assert!(held <= 1, "{at}: {title} is doubled: {entries:?}");
                    }
                }
            }
        }
    }
    println!("{points} points");
}
