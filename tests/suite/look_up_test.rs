//! Looking at what Toggl holds: when, for what, how far, and what is made of it.

use chute_kun::task::TaskState;
use chute_toggl::clock::Clock as _;
use chute_toggl::execute::StopReason;
use chute_toggl::reconcile::plan::HoldReason;
use chute_toggl::reconcile::recovery::{LAG, SKEW};
use chute_toggl::toggl::{SendError, window_start};
use chute_toggl::zone::Zone;
use time::{Date, Duration, OffsetDateTime};

use crate::sandbox::{Fault, InProcess, LogLine, SandboxClock};
use crate::support::in_process::{Pushed, User, push_or_die};
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, ymd};

/// 2026-05-11 12:00:00 UTC.
const NOON: i64 = 1_778_500_800;
const DAY: i64 = 24 * 3600;
/// Save, saved, sending, answered: Toggl has done it, and the program does not know.
const CARRIED_OUT: usize = 4;

/// Tasks that were done in ten minutes, from 9:00 on, so many days before the Monday of `NOON`.
fn done(tasks: &[(&str, i64)]) -> String {
    snapshot(tasks.iter().map(|&(title, days)| task_done(title, days)))
}

fn task_done(title: &str, days: i64) -> TaskBuilder {
    let ymd = ymd(NOON - days * DAY);
    past(title).planned(ymd).closed(540, 550).done(ymd, 550)
}

fn day(at: i64) -> Date {
    OffsetDateTime::from_unix_timestamp(at).unwrap().date()
}

fn push(user: &mut User, text: &str) -> Pushed {
    let saved = user.clock.now_ms() / 1000 - 5;
    user.push(text, saved, &Zone::named("UTC").unwrap())
}

fn push_and_die(user: &mut User, text: &str) {
    let saved = user.clock.now_ms() / 1000 - 5;
    assert!(push_or_die(user, text, saved, &Zone::named("UTC").unwrap(), Some(CARRIED_OUT)).is_none());
}

/// A user whose first push is over.
fn settled() -> User {
    // Before the work of the day, so that what is new lies after it.
    let mut user = User::at(NOON - 4 * 3600);
    assert_eq!(push(&mut user, &done(&[("First", 1)])).report.end, None);
    user.clock.set(NOON + 60);
    user
}

fn posts(line: &LogLine) -> bool {
    line.method == "POST"
}

fn looks(user: &User) -> Vec<LogLine> {
    user.toggl.sandbox().log.iter().filter(|line| line.target.starts_with("/me/time_entries")).cloned().collect()
}

/// The instants from which changes were looked for.
fn since(user: &User) -> Vec<i64> {
    looks(user).iter().filter_map(|line| line.target.split_once("since=")?.1.parse().ok()).collect()
}

fn count(user: &User, matches: impl Fn(&LogLine) -> bool) -> usize {
    user.toggl.sandbox().log.iter().filter(|line| matches(line)).count()
}

#[test]
fn a_look_waits_until_the_list_cannot_lag_behind() {
    let mut user = settled();
    user.toggl.sandbox().rules.lag_ms = LAG * 1000 - 100;
    user.toggl.sandbox().faults.when(posts, Fault::status(503, true));
    let pushed = push(&mut user, &done(&[("First", 1), ("Second", 0)]));
    assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 1));
    let sandbox = user.toggl.sandbox();
    let at = |line: Option<&LogLine>| line.unwrap().at_ms;
    let waited = at(sandbox.log.last()) - at(sandbox.log.iter().rfind(|line| posts(line)));
    assert!((LAG * 1000..LAG * 1000 + 1500).contains(&waited), "{waited} ms");
    assert_eq!(sandbox.entries().len(), 2);
}

/// What an earlier run left behind can have been sent while its intent was valid and its last request lasted, and not
/// after this run began.
#[test]
fn what_an_earlier_run_left_behind_is_waited_for_no_longer_than_it_can_have_lived() {
    for (later, waits) in [(1, true), (600, true), (629, true), (640, false), (36_000, false)] {
        let mut user = settled();
        push_and_die(&mut user, &done(&[("First", 1), ("Second", 0)]));
        user.clock.advance(later * 1000);
        let began = user.clock.now_ms();
        let pushed = push(&mut user, &done(&[("First", 1), ("Second", 0)]));
        assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 1));
        let waited = looks(&user).last().unwrap().at_ms - began;
        assert_eq!(waited >= LAG * 1000, waits, "{later} s later: {waited} ms");
    }
}

#[test]
fn a_server_whose_clock_is_elsewhere_is_asked_by_its_own_clock() {
    for ahead in [-7200, -SKEW, 0, SKEW - 1, SKEW, 7200] {
        let mut user = User::at(NOON);
        let clock = user.clock.clone();
        user.toggl = InProcess::new(SandboxClock::By(std::sync::Arc::new(move || clock.now_ms() + ahead * 1000)));
        user.toggl.sandbox().faults.when(posts, Fault::status(503, true));
        let sent = NOON + 1;
        let pushed = push(&mut user, &done(&[("First", 1)]));
        assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 1), "{ahead}");
        assert_eq!(user.toggl.sandbox().entries().len(), 1, "{ahead}");
        let margins: Vec<i64> = since(&user).iter().map(|since| sent - since).collect();
        let expected = if ahead.abs() >= SKEW { vec![SKEW, SKEW + ahead.abs()] } else { vec![SKEW] };
        assert_eq!(margins, expected, "{ahead}");
    }
}

/// Months later Toggl does not list by change any more what was uncertain then.
#[test]
fn what_is_too_old_to_be_looked_up_is_left_to_a_person() {
    let mut user = settled();
    let text = done(&[("First", 1), ("Second", 0)]);
    push_and_die(&mut user, &text);
    user.clock.advance(120 * DAY * 1000);
    for _ in 0..2 {
        let pushed = push(&mut user, &text);
        assert_eq!(pushed.report.end, None);
        assert_eq!((pushed.report.unlistable.len(), pushed.report.uncertain.len()), (1, 1));
        assert_eq!(pushed.report.left.held_for(HoldReason::Uncertain).count(), 1);
    }
    assert_eq!(count(&user, posts), 2, "not sent again unasked");
    // Who has looked and asks for it gets it sent again.
    user.options.retry_rejected = true;
    push(&mut user, &text);
    assert_eq!(count(&user, posts), 2, "what was refused is another matter");
    user.options.send_unlisted = true;
    let pushed = push(&mut user, &text);
    assert_eq!((pushed.report.end, pushed.report.uncertain.len()), (None, 0));
    assert_eq!(count(&user, posts), 3);
}

/// One look is for all that is uncertain; where the oldest makes it too wide, the days of the sessions are looked at.
#[test]
fn beside_what_is_too_old_what_is_new_is_settled_all_the_same() {
    for is_carried_out in [true, false] {
        let mut user = settled();
        push_and_die(&mut user, &done(&[("First", 1), ("Second", 0)]));
        user.clock.advance(120 * DAY * 1000);
        // The new one is sent and uncertain, and then nothing can be looked at.
        user.toggl.sandbox().faults.when(posts, Fault::status(503, is_carried_out));
        let mut is_sent = false;
        user.toggl.sandbox().faults.by(move |line| {
            is_sent |= posts(line);
            (is_sent && line.method == "GET").then(|| Fault::status(500, false))
        });
        let text = done(&[("First", 1), ("Second", 0), ("Third", -119)]);
        assert!(matches!(push(&mut user, &text).report.end, Some(StopReason::Send(SendError::Trouble(_)))));
        user.toggl.sandbox().faults.clear();
        user.clock.advance(60_000);
        let pushed = push(&mut user, &text);
        assert_eq!((pushed.report.end, pushed.report.unlistable.len()), (None, 1));
        assert_eq!(pushed.report.adopted.len(), usize::from(is_carried_out));
        assert_eq!(pushed.report.done.len(), usize::from(!is_carried_out));
        let sandbox = user.toggl.sandbox();
        assert_eq!(sandbox.entries().iter().filter(|entry| entry.description == "Third").count(), 1);
        sandbox.assert_clean();
    }
}

/// On the first day that Toggl lists for sure, a list in the zone of the user's profile can begin after the session.
#[test]
fn at_the_edge_of_what_is_listed_what_is_not_found_is_not_taken_for_absent() {
    for (days, is_listed_whole) in [(208, true), (209, false)] {
        let mut user = settled();
        push_and_die(&mut user, &done(&[("First", 1), ("Second", 0)]));
        user.clock.advance(120 * DAY * 1000);
        // Two are uncertain: one is too old to be looked for by change, one was not carried out.
        user.toggl.sandbox().faults.when(posts, Fault::status(503, false));
        let text = done(&[("First", 1), ("Second", 0), ("Third", -119)]);
        let mut is_sent = false;
        user.toggl.sandbox().faults.by(move |line| {
            is_sent |= posts(line);
            (is_sent && line.method == "GET").then(|| Fault::status(500, false))
        });
        push(&mut user, &text);
        user.toggl.sandbox().faults.clear();
        user.clock.set(NOON + days * DAY);
        assert_eq!(window_start(NOON + days * DAY) < day(NOON + 119 * DAY), is_listed_whole);
        let pushed = push(&mut user, &text);
        let counts = (pushed.report.unlistable.len(), pushed.report.done.len());
        assert_eq!(counts, if is_listed_whole { (1, 1) } else { (2, 0) }, "{days} days later");
    }
}

/// Entries of other programs, so many from this instant on, a minute each.
fn crowd(user: &User, entries: i64, from: i64) {
    let mut sandbox = user.toggl.sandbox();
    for n in 0..entries {
        sandbox.insert("Elsewhere", from + n * 60, Some(from + n * 60 + 30));
    }
}

#[test]
fn what_is_uncertain_is_found_behind_a_thousand_other_changes() {
    // In one day, in two days, and more in a day than one look lists.
    for (entries, from) in [(1000, NOON + DAY / 2), (1500, NOON + 60), (999, NOON + 60)] {
        let mut user = settled();
        let text = done(&[("First", 1), ("Second", 0)]);
        push_and_die(&mut user, &text);
        crowd(&user, entries, from);
        let before = looks(&user).len();
        let pushed = push(&mut user, &text);
        assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 1), "{entries}");
        assert_eq!(count(&user, posts), 2);
        assert_eq!(looks(&user).len() - before, if entries < 1000 { 1 } else { 3 }, "{entries}");
    }
}

#[test]
fn a_lost_sidecar_is_rebuilt_from_as_many_lists_as_it_takes_and_no_more() {
    let tasks: Vec<(String, i64)> = (0..60).map(|day| (format!("Day {day}"), day)).collect();
    let tasks: Vec<(&str, i64)> = tasks.iter().map(|(title, day)| (title.as_str(), *day)).collect();
    let text = done(&tasks);
    let mut user = User::at(NOON);
    assert_eq!(push(&mut user, &text).report.done.len(), 60);
    // Forty others each of the days, but none in a month of holidays.
    for day in (0..60).filter(|day| !(10..40).contains(day)) {
        crowd(&user, 40, NOON - day * DAY);
    }
    user.disk.clear();
    let before = looks(&user).len();
    let pushed = push(&mut user, &text);
    assert_eq!((pushed.report.end, pushed.report.adopted.len(), pushed.report.done.len()), (None, 60, 0));
    assert_eq!(looks(&user).len() - before, 3, "two lists by day, one by change");
    // A day with more than a list can hold cannot be seen whole; the days before it can.
    crowd(&user, 1400, NOON - 20 * DAY - DAY / 2);
    user.disk.clear();
    let before = looks(&user).len();
    let pushed = push(&mut user, &text);
    assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 60));
    assert!(looks(&user).len() - before <= 5, "{}", looks(&user).len() - before);
}

/// More entries start within one day than one list holds: the look goes on with the days before, and ends.
#[test]
fn a_day_that_is_too_full_does_not_hide_the_days_before() {
    for full in [0, 1, 2] {
        let text = done(&[("Before", 3), ("After", 0)]);
        let mut user = User::at(NOON + DAY / 2);
        push(&mut user, &text);
        let mut sandbox = user.toggl.sandbox();
        for n in 0..2500 {
            let start = NOON - full * DAY - DAY / 2 + n * 30;
            sandbox.insert("Elsewhere", start, Some(start + 10));
        }
        drop(sandbox);
        user.disk.clear();
        let before = looks(&user).len();
        let pushed = push(&mut user, &text);
        // What the full day hides of itself is made again.
        let found = if full == 0 { 1 } else { 2 };
        assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, found), "{full} days ago");
        assert!(pushed.report.done.iter().all(|operation| &*operation.title == "After"), "{full} days ago");
        assert!(looks(&user).len() - before <= 4, "{}", looks(&user).len() - before);
    }
}

/// The first day that Toggl lists for sure is looked at; what lies before it is taken to be there if anything is.
#[test]
fn after_a_loss_only_what_cannot_be_listed_is_taken_to_be_there() {
    let floor = window_start(NOON);
    let days = (day(NOON) - floor).whole_days();
    let text = done(&[("Too old", days + 1), ("First listed", days), ("Now", 0)]);
    let mut user = User::at(NOON);
    let pushed = push(&mut user, &text);
    assert_eq!((pushed.report.done.len(), pushed.report.window_starts), (3, Some(floor)));
    let entries = user.toggl.sandbox().entries();
    for entry in entries.iter().filter(|entry| entry.description != "Now") {
        user.toggl.sandbox().remove(entry.id);
    }
    user.disk.clear();
    let pushed = push(&mut user, &text);
    let report = &pushed.report;
    assert_eq!((report.adopted.len(), report.assumed.len(), report.done.len()), (1, 1, 1));
    assert_eq!(&*report.done[0].title, "First listed", "it would have been listed");
    assert_eq!(report.left.held_for(HoldReason::Assumed).count(), 1);
    // Nothing found: nothing was lost, and all is sent.
    let mut user = User::at(NOON);
    user.toggl.sandbox().insert("Other", NOON - DAY, Some(NOON));
    let pushed = push(&mut user, &text);
    assert_eq!((pushed.report.assumed.len(), pushed.report.done.len()), (0, 3));
    // All can be listed.
    let mut user = User::at(NOON);
    assert_eq!(push(&mut user, &done(&[("First listed", days)])).report.window_starts, None);
    assert_eq!(looks(&user).len(), 1);
    // None can.
    let mut user = User::at(NOON);
    let pushed = push(&mut user, &done(&[("Too old", days + 1)]));
    assert_eq!((pushed.report.window_starts, pushed.report.done.len()), (Some(floor), 1));
    assert_eq!(looks(&user).len(), 0, "there is nothing to ask for");
}

/// How the real server counts three months is not known. What it then says is the first day is believed.
#[test]
fn a_refusal_that_names_the_first_day_is_listed_from_there() {
    let floor = window_start(NOON);
    let days = (day(NOON) - floor).whole_days();
    for fewer in [0, 1, 2, 3, 30] {
        let mut user = User::at(NOON);
        user.toggl.sandbox().rules.days_not_listed = fewer;
        let pushed = push(&mut user, &done(&[("Old", days), ("Now", 0)]));
        assert_eq!((pushed.report.end, pushed.report.done.len()), (None, 2), "{fewer} days");
    }
    let mut user = User::at(NOON);
    user.toggl.sandbox().rules.days_not_listed = 40;
    let pushed = push(&mut user, &done(&[("Old", days), ("Now", 0)]));
    assert!(
        matches!(pushed.report.end, Some(StopReason::Send(SendError::Trouble(_)))),
        "that is no way to count three months"
    );
    assert!(user.toggl.sandbox().entries().is_empty());
}

/// A task without a finish seems to be of today. What stands behind it in past says that it was over long before.
#[test]
fn after_a_loss_what_was_over_before_the_first_listed_day_is_taken_to_be_there() {
    let days = (day(NOON) - window_start(NOON)).whole_days();
    for (finished, is_older) in [(days + 2, true), (days + 1, false)] {
        let mut user = User::at(NOON);
        push(&mut user, &done(&[("Now", 0)]));
        user.disk.clear();
        let unfinished = task_done("Unfinished", 0).state(TaskState::Paused);
        let tasks = [unfinished, task_done("Finished", finished), task_done("Now", 0)];
        let pushed = push(&mut user, &snapshot(tasks));
        let report = &pushed.report;
        let counts = (report.adopted.len(), report.assumed.len(), report.done.len());
        assert_eq!(counts, if is_older { (1, 2, 0) } else { (1, 1, 1) }, "finished {finished} days ago");
    }
}

/// Over, that is a day after its finish: in another zone the day may have ended so late.
#[test]
fn after_a_loss_one_missing_of_five_is_taken_to_be_there_if_it_was_over_a_week_before_the_latest() {
    let found = |of: usize, missing: i64| {
        let tasks = [("First", 30), ("Missing", missing), ("Third", 2), ("Fourth", 1), ("Fifth", 0)];
        let text = done(&tasks[..of]);
        let mut user = User::at(NOON);
        push(&mut user, &text);
        let entries = user.toggl.sandbox().entries();
        user.toggl.sandbox().remove(entries.iter().find(|entry| entry.description == "Missing").unwrap().id);
        user.disk.clear();
        let report = push(&mut user, &text).report;
        (report.adopted.len(), report.assumed.len(), report.done.len())
    };
    assert_eq!(found(5, 20), (4, 1, 0));
    assert_eq!(found(4, 20), (3, 0, 1), "one of four is too many");
    assert_eq!(found(5, 9), (4, 1, 0));
    assert_eq!(found(5, 8), (4, 0, 1));
}

#[test]
fn what_was_gone_before_it_was_ever_sent_is_not_looked_for() {
    let mut user = User::at(NOON);
    user.toggl.sandbox().faults.when(|_| true, Fault::Unreachable);
    assert!(matches!(push(&mut user, &done(&[("Gone", 0)])).report.end, Some(StopReason::Send(SendError::Offline(_)))));
    user.toggl.sandbox().faults.clear();
    user.toggl.sandbox().insert("Gone", NOON - 3 * 3600, Some(NOON - 3 * 3600 + 600));
    let before = user.requests();
    let pushed = push(&mut user, &done(&[]));
    assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 0));
    assert_eq!(user.requests(), before);
    assert_eq!(user.sidecar().scanned_from, None, "nothing was looked for");
}

/// The days that are asked for hold the sessions, whatever the zone of the user's profile is.
#[test]
fn the_look_reaches_a_day_beyond_the_sessions() {
    let mut user = User::at(NOON);
    push(&mut user, &done(&[("First", 1)]));
    let target = looks(&user)[0].target.clone();
    let until = day(NOON - DAY) + Duration::days(2);
    assert_eq!(target, format!("/me/time_entries?start_date={}&end_date={until}", window_start(NOON)));
    // What the server says is too old is asked for once, and then what its clock allows.
    let mut user = User::at(NOON);
    let clock = user.clock.clone();
    user.toggl = InProcess::new(SandboxClock::By(std::sync::Arc::new(move || clock.now_ms() + 3 * DAY * 1000)));
    user.options.selection.workspace = None;
    assert_eq!(push(&mut user, &done(&[("First", 1)])).report.end, None);
    let days = [0, 3].map(|days| format!("start_date={}&", window_start(NOON + days * DAY)));
    assert!(looks(&user).iter().zip(&days).all(|(look, day)| look.target.contains(day)), "{:?}", looks(&user));
}

/// Once the look by change began after the entry was made, and it was made again.
#[test]
fn an_intent_of_a_clock_that_was_wrong_is_looked_for_by_its_day() {
    for days_ahead in [-2, 2] {
        let mut user = settled();
        // Toggl's clock is right; ours is days ahead, or behind, while the intent is written.
        let (clock, ahead_ms) = (user.clock.clone(), std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0)));
        let shared = std::sync::Arc::clone(&ahead_ms);
        let toggl = SandboxClock::By(std::sync::Arc::new(move || {
            clock.now_ms() - shared.load(std::sync::atomic::Ordering::Relaxed)
        }));
        let twin = user.toggl.sandbox().twin(toggl);
        *user.toggl.sandbox() = twin;
        let right = NOON + 3 * DAY;
        let text = done(&[("First", 1), ("Second", -2)]);
        let utc = Zone::named("UTC").unwrap();
        user.clock.set(right + days_ahead * DAY);
        ahead_ms.store(days_ahead * DAY * 1000, std::sync::atomic::Ordering::Relaxed);
        assert!(push_or_die(&mut user, &text, right - 5, &utc, Some(CARRIED_OUT)).is_none());
        // The clock is right again, and three hours or three days have passed.
        for passed in [3 * 3600, 3 * DAY] {
            user.clock.set(right + passed);
            ahead_ms.store(0, std::sync::atomic::Ordering::Relaxed);
            user.push(&text, right - 5, &utc);
            let held = user.toggl.sandbox().entries();
            assert_eq!(held.iter().filter(|entry| entry.description == "Second").count(), 1, "{days_ahead}");
        }
    }
}
