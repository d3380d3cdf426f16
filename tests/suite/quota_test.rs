//! Thirty requests an hour: backlogs on a simulated clock, judged by the sandbox's log.

use std::time::Duration;

use chute_toggl::clock::Clock as _;
use chute_toggl::execute::{Event, StopReason, Watch};
use chute_toggl::toggl::SendError;
use chute_toggl::zone::Zone;

use crate::sandbox::{LogLine, Rate};
use crate::support::in_process::{Pushed, User};
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today, ymd};

/// 2026-05-11, 09:00 UTC.
const NOW: i64 = 1_778_490_000;
const HOUR: i64 = 3600;

/// Done tasks of one session each, ten a day, on the days before `NOW`.
fn backlog(sessions: usize) -> Vec<TaskBuilder> {
    let task = |n: usize| {
        let ymd = ymd(NOW - (1 + i64::try_from(n / 10).unwrap()) * 24 * HOUR);
        let start = 500 + u16::try_from(n % 10).unwrap() * 50;
        past(&format!("Task {n}")).planned(ymd).closed(start, start + 40).done(ymd, start + 40)
    };
    (0..sessions).rev().map(task).collect()
}

/// The backlog, and a task of today that is worked on since this instant.
fn running(title: &str, since: i64, backlog: &[TaskBuilder]) -> String {
    let minute = u16::try_from(since.rem_euclid(24 * HOUR) / 60).unwrap();
    let running = today(title).planned(ymd(since)).open(minute);
    snapshot(std::iter::once(&running).chain(backlog))
}

fn utc() -> Zone {
    Zone::named("UTC").unwrap()
}

fn free_plan() -> User {
    let user = User::at(NOW);
    user.toggl.sandbox().rules.workspace_total = 30;
    user
}

fn is_closed(line: &LogLine) -> bool {
    line.quota_closed
}

/// The hour-long windows of the workspace bucket in which requests were sent.
fn windows(user: &User) -> usize {
    let sandbox = user.toggl.sandbox();
    let mut begins: Option<i64> = None;
    let mut windows = 0;
    for line in sandbox.log.iter().filter(|line| !line.target.starts_with("/me")) {
        if begins.is_none_or(|begins| line.at_ms >= begins + HOUR * 1000) {
            begins = Some(line.at_ms);
            windows += 1;
        }
    }
    windows
}

/// Pushes until all is done, each time from when the one before said.
fn push_until_done(user: &mut User, mut one: impl FnMut(&mut User) -> Pushed) -> usize {
    for runs in 1..200 {
        match one(user).report.end {
            None => return runs,
            Some(StopReason::Send(SendError::Quota(until))) => user.clock.set(until),
            other => panic!("{other:?}"),
        }
    }
    panic!("it never ends");
}

#[test]
fn a_backlog_of_a_thousand_takes_as_many_hours_as_thirty_an_hour_make() {
    let mut user = free_plan();
    let text = snapshot(backlog(1000));
    let runs = push_until_done(&mut user, |user| user.push(&text, NOW - 60, &utc()));
    let sandbox = user.toggl.sandbox();
    sandbox.assert_clean();
    assert_eq!(sandbox.entries().len(), 1000);
    assert_eq!(sandbox.log.iter().filter(|line| line.method == "POST").count(), 1000, "one request a session");
    assert!(!sandbox.log.iter().any(is_closed), "a request in a closed window");
    assert_eq!(sandbox.log.iter().filter(|line| line.status == Some(402)).count(), 0);
    drop(sandbox);
    println!("1,000 sessions: {runs} runs, {} windows", windows(&user));
    assert_eq!((runs, windows(&user)), (34, 34));
}

#[test]
fn with_wait_one_run_sleeps_through_the_resets() {
    let mut user = free_plan();
    user.policy.wait = true;
    let text = snapshot(backlog(100));
    assert_eq!(user.push(&text, NOW - 60, &utc()).report.end, None);
    assert_eq!(user.toggl.sandbox().entries().len(), 100);
    assert!(!user.toggl.sandbox().log.iter().any(is_closed));
    assert_eq!(windows(&user), 4);
    assert!(user.clock.now_ms() < (NOW + 3 * HOUR + 60) * 1000, "and not a minute longer");
}

/// What is believed of a bucket: of the headers, the requests sent since, and the refusals.
#[test]
fn a_bucket_is_what_toggl_told_less_what_was_sent_since_until_its_hour_is_over() {
    use chute_toggl::toggl::quota::Quota;
    use chute_toggl::toggl::{Bucket::User, Bucket::Workspace, QuotaHeaders};
    let told = |remaining, resets_in| {
        let mut quota = Quota::default();
        quota.note_headers(Workspace, QuotaHeaders { remaining, resets_in }, NOW);
        quota
    };
    let mut quota = told(2, Some(600));
    for left in [2, 1, 0] {
        assert_eq!(quota.remaining(Workspace, NOW + 599), Some(left));
        assert_eq!(quota.empty_until(Workspace, NOW + 599), (left == 0).then_some(NOW + 600));
        quota.note_sent(Workspace, (NOW + 10) * 1000);
    }
    assert_eq!((quota.remaining(Workspace, NOW + 600), quota.empty_until(Workspace, NOW + 600)), (None, None));
    assert_eq!((quota.remaining(User, NOW), quota.empty_until(User, NOW)), (None, None), "the other bucket");
    // A request in a new hour: how many it holds is not known, but when it ends is.
    quota.note_sent(Workspace, (NOW + 600) * 1000);
    assert_eq!(quota.remaining(Workspace, NOW + 600), None);
    quota.note_headers(Workspace, QuotaHeaders { remaining: 0, resets_in: None }, NOW + 700);
    assert_eq!(quota.empty_until(Workspace, NOW + 700), Some(NOW + 600 + HOUR));
    // Nothing is believed to last longer than an hour, or to be over already.
    assert_eq!(told(0, Some(99_999)).empty_until(Workspace, NOW), Some(NOW + HOUR));
    assert_eq!(told(0, Some(-5)).empty_until(Workspace, NOW), None);
    assert_eq!(told(0, None).empty_until(Workspace, NOW), Some(NOW + HOUR));
    let refused = |mut quota: Quota, resets_in| {
        quota.note_exhausted(Workspace, resets_in, NOW);
        quota.empty_until(Workspace, NOW)
    };
    assert_eq!(refused(Quota::default(), Some(90)), Some(NOW + 90));
    assert_eq!(refused(Quota::default(), Some(99_999)), Some(NOW + HOUR));
    assert_eq!(refused(Quota::default(), Some(0)), Some(NOW + 1), "it is empty now, whatever is said");
    assert_eq!(refused(Quota::default(), None), Some(NOW + HOUR));
    assert_eq!(refused(told(17, Some(600)), None), Some(NOW + 600));
}

/// Kills the process, as far as memory goes, at the n-th answer.
struct KillAfter(usize);

impl Watch for KillAfter {
    fn event(&mut self, event: &Event<'_>) {
        if matches!(event, Event::Answered(..)) {
            self.0 -= 1;
            assert!(self.0 > 0, "killed");
        }
    }
}

#[test]
fn a_backlog_is_finished_although_every_run_is_killed_after_twenty_requests() {
    let mut user = free_plan();
    let text = snapshot(backlog(1000));
    let mut runs = 0;
    loop {
        runs += 1;
        assert!(runs < 200, "it never ends");
        let pushed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            user.push_watched(&text, NOW - 60, &utc(), &mut KillAfter(20))
        }));
        match pushed.map(|pushed| pushed.report.end) {
            Err(_) => user.clock.advance(7_000),
            Ok(None) => break,
            Ok(Some(StopReason::Send(SendError::Quota(until)))) => user.clock.set(until),
            Ok(other) => panic!("{other:?}"),
        }
    }
    let sandbox = user.toggl.sandbox();
    sandbox.assert_clean();
    assert_eq!(sandbox.entries().len(), 1000, "nothing doubled, nothing missing");
    let refused = sandbox.log.iter().filter(|line| line.status == Some(402)).count();
    drop(sandbox);
    println!("killed after 20 requests each: {runs} runs, {} windows, {refused} refused for the quota", windows(&user));
    // Each run knows of the ones before only what they saved; the look that follows a kill is in the other bucket.
    assert!(windows(&user) <= 36, "{}", windows(&user));
}

#[test]
fn what_runs_now_is_right_in_the_first_minute_of_every_window() {
    let mut user = free_plan();
    let past = backlog(300);
    let mut hour = 0;
    let runs = push_until_done(&mut user, |user| {
        let now = user.clock.now();
        hour += 1;
        let title = format!("Hour {hour}");
        let text = running(&title, now - 120, &past);
        let before = user.requests();
        let pushed = user.push(&text, now - 60, &utc());
        let sandbox = user.toggl.sandbox();
        let current: Vec<_> = sandbox.entries().into_iter().filter(|entry| entry.stop.is_none()).collect();
        assert_eq!(current.len(), 1);
        assert_eq!(current[0].description, title);
        let start = sandbox.log[before..].iter().find(|line| line.body.contains(&title)).unwrap();
        assert!(start.at_ms - now * 1000 < 60_000, "{} ms", start.at_ms - now * 1000);
        drop(sandbox);
        pushed
    });
    // Three hundred sessions, and in every hour the old one halted and a new one started.
    println!("300 sessions with a new one running every hour: {runs} runs");
    assert!(!user.toggl.sandbox().log.iter().any(is_closed));
}

#[test]
fn a_mixed_backlog_keeps_to_a_request_a_second_without_losing_time() {
    let mut user = User::at(NOW);
    user.toggl.sandbox().rules.user_total = 1_000_000;
    let zone = utc();
    let first = running("Now", NOW - 600, &backlog(60));
    user.push(&first, NOW - 60, &zone);
    // Some of sixty updated, the running one halted as its task is gone, and 179 new ones.
    let second = snapshot(backlog(239)).replace("Task 1", "Thing 1").replace("start_min = 5", "start_min = 6");
    user.clock.advance(HOUR * 1000);
    user.toggl.sandbox().rules.rate = Some(Rate { per_second: 1, burst: 1, retry_after: None });
    let (begin, before) = (user.clock.now_ms(), user.requests());
    let pushed = user.push(&second, NOW + HOUR - 60, &zone);
    assert_eq!(pushed.report.end, None);
    let requests = user.requests() - before;
    let took = user.clock.now_ms() - begin;
    let least = i64::try_from(requests - 1).unwrap() * 1000;
    println!("{requests} requests in {took} ms; (n - 1) x pace is {least} ms");
    assert!(requests >= 190, "{requests}");
    assert!(!user.toggl.sandbox().log.iter().any(|line| line.status == Some(429)));
    assert!(took >= least && took <= least + least / 50, "{took} ms for {least} ms");
}

#[test]
fn without_headers_one_refusal_an_hour_is_enough_to_know() {
    let mut user = free_plan();
    user.toggl.sandbox().rules.quota_headers = false;
    let text = snapshot(backlog(100));
    let runs = push_until_done(&mut user, |user| {
        let pushed = user.push(&text, NOW - 60, &utc());
        // Until then no run sends anything.
        let before = user.requests();
        user.clock.advance(60_000);
        if pushed.report.end.is_some() {
            let early = user.push(&text, NOW - 60, &utc());
            assert!(matches!(early.report.end, Some(StopReason::Send(SendError::Quota(_)))));
            assert_eq!(user.requests(), before);
        }
        pushed
    });
    assert_eq!(runs, 4);
    let sandbox = user.toggl.sandbox();
    assert_eq!(sandbox.entries().len(), 100);
    assert_eq!(sandbox.log.iter().filter(|line| line.status == Some(402)).count(), 3);
}

#[test]
fn the_pace_is_kept_between_two_runs_and_between_processes() {
    let mut user = User::at(NOW);
    user.policy.pace = Duration::from_secs(10);
    let zone = utc();
    user.push(&snapshot(backlog(1)), NOW - 60, &zone);
    let last = user.toggl.sandbox().log.last().unwrap().at_ms;
    user.clock.advance(1_000);
    let begin = user.clock.now_ms();
    user.push(&running("Next", NOW - 30, &backlog(1)), NOW - 20, &zone);
    let next = user.toggl.sandbox().log.last().unwrap().at_ms;
    assert!(begin < last + 10_000);
    assert!(next >= last + 10_000, "{next} {last}");
}

/// The whole sidecar written twice a request would be seven gigabytes here.
#[test]
fn a_backfill_of_five_thousand_writes_little_to_disk() {
    let mut user = User::at(NOW);
    user.policy.pace = Duration::ZERO;
    let text = snapshot(backlog(5000));
    assert_eq!(user.push(&text, NOW - 60, &utc()).report.end, None);
    println!("5,000 entries: {:.1} MB written for a sidecar of {:.1} MB", mega(user.written), mega(user.disk.len()));
    assert!(user.written <= 40_000_000, "{}", user.written);
}

fn mega(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap()) / 1e6
}
