//! What is tried again, how often and after how long, on a simulated clock.

use std::time::Duration;

use chute_toggl::clock::Clock as _;
use chute_toggl::execute::StopReason;
use chute_toggl::toggl::SendError;
use chute_toggl::zone::Zone;

use crate::sandbox::{Fault, LogLine};
use crate::support::in_process::{Pushed, User};
use crate::support::test_home::one_session;

const NOW: i64 = 1_778_490_000;

fn push(user: &mut User) -> Pushed {
    user.push(&one_session("Write report", 540, 600), NOW - 60, &Zone::named("UTC").unwrap())
}

/// A user whose first push (and its look) is over, with something to update.
fn with_an_update() -> (User, String) {
    let mut user = User::at(NOW);
    assert_eq!(push(&mut user).report.end, None);
    user.clock.advance(60_000);
    (user, one_session("Write report", 540, 590))
}

fn update(user: &mut User, text: &str) -> Pushed {
    user.push(text, NOW, &Zone::named("UTC").unwrap())
}

fn times(user: &User, method: &str) -> Vec<i64> {
    user.toggl.sandbox().log.iter().filter(|line| line.method == method).map(|line| line.at_ms).collect()
}

fn puts(line: &LogLine) -> bool {
    line.method == "PUT"
}

#[test]
fn too_fast_is_tried_four_times_and_then_left_for_later() {
    let (mut user, text) = with_an_update();
    user.toggl.sandbox().faults.when(puts, Fault::status(429, false));
    assert_eq!(update(&mut user, &text).report.end, Some(StopReason::Send(SendError::RateLimited)));
    assert_eq!(times(&user, "PUT").len(), 4);
    user.toggl.sandbox().faults.clear();
    user.clock.advance(60_000);
    assert_eq!(update(&mut user, &text).report.end, None);
}

#[test]
fn a_create_is_repeated_after_429_but_not_after_a_5xx() {
    let mut user = User::at(NOW);
    user.toggl.sandbox().faults.at(2, Fault::status(429, false));
    assert_eq!(push(&mut user).report.end, None);
    assert_eq!(times(&user, "POST").len(), 2, "refused for its pace, it was not done");

    for fault in [Fault::status(503, true), Fault::CutAfter, Fault::NoId] {
        let mut user = User::at(NOW);
        user.toggl.sandbox().faults.at(2, fault);
        let pushed = push(&mut user);
        assert_eq!((pushed.report.end, pushed.report.adopted.len()), (None, 1));
        assert_eq!(times(&user, "POST").len(), 1, "it may have been done, and was looked for instead");
        assert_eq!(user.toggl.sandbox().entries().len(), 1);
    }
}

#[test]
fn what_is_harmless_to_repeat_is_repeated_after_a_5xx_or_a_cut() {
    for fault in [Fault::status(500, false), Fault::status(503, true), Fault::CutBefore, Fault::CutAfter] {
        let (mut user, text) = with_an_update();
        user.toggl.sandbox().faults.next(fault);
        let before = user.requests();
        assert_eq!(update(&mut user, &text).report.end, None);
        assert_eq!(times(&user, "PUT").len(), 2);
        assert_eq!(user.requests() - before, 2, "nothing was looked for");
    }
}

/// A page of a proxy, or half an answer, with a status that says all is well.
#[test]
fn an_answer_that_is_not_toggls_is_no_success() {
    for fault in [Fault::Garbage, Fault::NoId, Fault::HalfBody] {
        let (mut user, text) = with_an_update();
        user.toggl.sandbox().faults.next(fault);
        assert_eq!(update(&mut user, &text).report.end, None);
        assert_eq!(times(&user, "PUT").len(), 2);
    }
    // Taken for an empty list it would double what is there.
    for body in ["<html>Log in to the network</html>", "{}", "[{\"id\":1}]"] {
        let mut user = User::at(NOW);
        let fault = Fault::Status { code: 200, body: body.to_owned(), carried_out: true };
        user.toggl.sandbox().faults.when(|line| line.method == "GET", fault);
        assert!(matches!(push(&mut user).report.end, Some(StopReason::Send(SendError::Trouble(_)))), "{body}");
        assert_eq!(times(&user, "GET").len(), 4, "{body}");
        assert_eq!(times(&user, "POST").len(), 0, "{body}");
    }
}

#[test]
fn what_is_refused_for_good_ends_the_run_at_once() {
    for (status, expected) in [
        (401, StopReason::Send(SendError::TokenRefused(401))),
        (403, StopReason::Send(SendError::TokenRefused(403))),
        (410, StopReason::Send(SendError::CallGone)),
    ] {
        let (mut user, text) = with_an_update();
        user.toggl.sandbox().faults.when(|_| true, Fault::status(status, false));
        assert_eq!(update(&mut user, &text).report.end, Some(expected));
        assert_eq!(times(&user, "PUT").len(), 1);
    }
}

/// The token was accepted before in this run, so it is this entry that is forbidden.
#[test]
fn an_entry_that_is_forbidden_later_in_a_run_does_not_stop_the_others() {
    let two = |end: u16| {
        one_session("Write report", 540, end)
            + one_session("More", 600, end + 60).split_once("past = []\n").unwrap().1
            + one_session("Last", 660, end + 120).split_once("past = []\n").unwrap().1
    };
    let mut user = User::at(NOW);
    let zone = Zone::named("UTC").unwrap();
    assert_eq!(user.push(&two(580), NOW - 60, &zone).report.end, None);
    user.clock.advance(60_000);
    // It is asked whose the token is, and what it reaches, and tried once more.
    for nth in [2, 5] {
        user.toggl.sandbox().faults.at(nth, Fault::status(403, false));
    }
    let report = user.push(&two(590), NOW, &zone).report;
    assert_eq!((report.end, report.done.len(), report.rejected.len()), (None, 2, 1));
    assert_eq!(report.rejected[0].status, 403);
}

#[test]
fn a_402_is_the_quota_if_its_text_says_so_and_else_about_one_entry() {
    for (text, headers, is_quota) in [
        ("You have hit your hourly limit for API calls", false, true),
        ("Quota exceeded", false, true),
        ("This is a premium feature", false, false),
        ("Quota exceeded", true, true),
        ("This is a premium feature", true, false),
    ] {
        let (mut user, update_text) = with_an_update();
        user.toggl.sandbox().rules.quota_headers = headers;
        let fault = Fault::Status { code: 402, body: text.to_owned(), carried_out: false };
        user.toggl.sandbox().faults.when(puts, fault);
        let report = update(&mut user, &update_text).report;
        assert_eq!(matches!(report.end, Some(StopReason::Send(SendError::Quota(_)))), is_quota, "{text}");
        assert_eq!(report.rejected.len(), usize::from(!is_quota), "{text}");
    }
}

#[test]
fn the_backoff_grows_is_bounded_and_never_below_the_pace() {
    let (mut user, text) = with_an_update();
    user.policy.pace = Duration::from_secs(20);
    user.toggl.sandbox().faults.when(puts, Fault::status(500, false));
    assert!(matches!(update(&mut user, &text).report.end, Some(StopReason::Send(SendError::Trouble(_)))));
    let times = times(&user, "PUT");
    assert_eq!(times.len(), 4);
    for pair in times.windows(2) {
        let waited = pair[1] - pair[0];
        assert!((20_000..=30_000).contains(&waited), "{waited} ms between two tries");
    }
}

#[test]
fn retry_after_is_kept_to() {
    let (mut user, text) = with_an_update();
    {
        let mut sandbox = user.toggl.sandbox();
        sandbox.rules.rate = Some(crate::sandbox::Rate { per_second: 1, burst: 1, retry_after: Some(17) });
    }
    // Another program of the user's has just used the token up.
    user.policy.pace = Duration::ZERO;
    let begin = user.clock.now_ms();
    let zone = Zone::named("UTC").unwrap();
    let more = text.clone() + one_session("More", 539, 540).split_once("past = []\n").unwrap().1;
    assert_eq!(user.push(&more, NOW, &zone).report.end, None);
    let refused = user.toggl.sandbox().log.iter().filter(|line| line.status == Some(429)).count();
    assert_eq!(refused, 1);
    assert!(user.clock.now_ms() - begin >= 17_000);
}

#[test]
fn no_network_ends_the_run_and_a_refused_token_does_so_at_once() {
    let (mut user, text) = with_an_update();
    user.toggl.sandbox().faults.when(|_| true, Fault::Unreachable);
    assert!(matches!(update(&mut user, &text).report.end, Some(StopReason::Send(SendError::Offline(_)))));

    let (mut user, text) = with_an_update();
    let before = user.requests();
    user.toggl = user.toggl.clone().with_token("0123456789abcdef0123456789abcdee");
    assert_eq!(update(&mut user, &text).report.end, Some(StopReason::Send(SendError::TokenRefused(403))));
    assert_eq!(user.requests() - before, 2, "and whose token it is, and no further request");
}

#[test]
fn no_more_requests_than_allowed() {
    let mut user = User::at(NOW);
    user.policy.max_requests = Some(0);
    assert_eq!(push(&mut user).report.end, Some(StopReason::Send(SendError::MaxRequests)));
    assert_eq!(user.requests(), 0);
    user.policy.max_requests = Some(1);
    assert_eq!(push(&mut user).report.end, Some(StopReason::Send(SendError::MaxRequests)));
    assert_eq!(user.requests(), 1, "the look");
    assert_eq!(push(&mut user).report.end, None);
    assert_eq!(user.requests(), 2, "and the create, by a run that was not told where it was");
}
