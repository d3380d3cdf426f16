//! What changes under a push: the token is reset, the workspace is lost, the clock is wrong. When it is right again,
//! every session is in Toggl once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chute_toggl::clock::Clock as _;

use super::{made_good, meet, push};
use crate::sandbox::{Fault, InProcess, Loss, SandboxClock, WORKSPACE};
use crate::support::in_process::User;
use crate::support::push_case::{self, Prepared, PushCase, utc};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
const NEW_TOKEN: &str = "fedcba9876543210fedcba9876543210";

/// Disturbs each push of each case at each of its requests, and makes it good.
fn each_request(disturb: impl Fn(&PushCase, &Prepared, usize) -> User) {
    let (mut points, mut wrong) = (0, Vec::new());
    for case in push_case::all() {
        let prepared = case.prepare();
        for request in 1..=case.requests {
            points += 1;
            let mut user = disturb(&case, &prepared, request);
            user.policy.wait = case.args.contains(&"--wait");
            user.toggl.sandbox().faults.clear();
            if let Err(why) = made_good(&mut user, &case) {
                wrong.push(format!("{}, request {request}: {why}", case.name));
            }
        }
    }
    println!("{points} points");
    assert!(wrong.is_empty(), "{} of {points} points:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_token_that_is_reset_marks_nothing() {
    for status in [401, 403] {
        each_request(|case, prepared, request| {
            let mut user = case.user(prepared);
            user.toggl.sandbox().rules.token_status = status;
            user.toggl.sandbox().before_request(request, |sandbox| sandbox.reset_token(NEW_TOKEN));
            let pushed = push(&mut user, &case.save);
            assert!(pushed.report.end.is_some(), "{}, request {request}", case.name);
            user.toggl = InProcess::to(user.toggl.shared());
            user
        });
    }
}

#[test]
fn a_workspace_that_is_lost_and_comes_back_marks_nothing() {
    for loss in [Loss::Access, Loss::Deleted] {
        each_request(|case, prepared, request| {
            let mut user = case.user(prepared);
            user.toggl.sandbox().before_request(request, move |sandbox| sandbox.lose_workspace(WORKSPACE, loss));
            push(&mut user, &case.save);
            // Still lost in the next one.
            user.clock.advance(10_000);
            push(&mut user, &case.later);
            user.toggl.sandbox().add_workspace(WORKSPACE, "Mine");
            user.clock.advance(10_000);
            user
        });
    }
}

/// Toggl on the true clock, which the user's is ahead of by what is in the number (in seconds).
fn on_true_clock(case: &PushCase, prepared: &Prepared) -> (User, Arc<AtomicI64>) {
    let user = case.user(prepared);
    let ahead = Arc::new(AtomicI64::new(0));
    let (shown, off) = (user.clock.clone(), Arc::clone(&ahead));
    let clock = SandboxClock::By(Arc::new(move || shown.now_ms() - off.load(Ordering::SeqCst) * 1000));
    *user.toggl.sandbox() = prepared.toggl(clock);
    (user, ahead)
}

fn set_ahead(user: &User, ahead: &AtomicI64, seconds: i64) {
    let before = ahead.swap(seconds, Ordering::SeqCst);
    user.clock.advance((seconds - before) * 1000);
}

/// Under such a clock an answer is lost; then the clock is right.
#[test]
fn an_intent_of_a_clock_that_was_ahead_is_found() {
    for seconds in [5 * MINUTE, 9 * 60 * MINUTE, 2 * DAY, 40 * 366 * DAY] {
        each_request(|case, prepared, request| {
            let (mut user, ahead) = on_true_clock(case, prepared);
            user.policy.wait = false;
            meet(&mut user, &case.save);
            set_ahead(&user, &ahead, seconds);
            user.toggl.sandbox().faults.at(request, Fault::CutAfter);
            user.toggl.sandbox().faults.by({
                let mut count = 0;
                move |_| {
                    count += 1;
                    (count > request).then_some(Fault::Unreachable)
                }
            });
            user.push(&case.save.text, case.save.at, &utc());
            set_ahead(&user, &ahead, 0);
            user
        });
    }
}

/// An answer is lost; the next push is under a clock that is slow; then it is right.
#[test]
fn an_intent_is_settled_by_a_clock_that_is_slow() {
    for seconds in [5 * MINUTE, 2 * DAY] {
        each_request(|case, prepared, request| {
            let (mut user, ahead) = on_true_clock(case, prepared);
            user.policy.wait = false;
            user.toggl.sandbox().faults.at(request, Fault::CutAfter);
            user.toggl.sandbox().faults.by({
                let mut count = 0;
                move |_| {
                    count += 1;
                    (count > request).then_some(Fault::Unreachable)
                }
            });
            push(&mut user, &case.save);
            user.toggl.sandbox().faults.clear();
            user.clock.advance(30_000);
            set_ahead(&user, &ahead, -seconds);
            user.push(&case.save.text, case.save.at, &utc());
            set_ahead(&user, &ahead, 0);
            user
        });
    }
}
