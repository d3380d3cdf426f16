//! Never twice, never lost, whatever is answered: in every case each request meets each fault, and the pushes
//! after it must bring Toggl up to date, every session once.

mod changes;

use std::time::Duration;

use chute_toggl::clock::Clock as _;

use crate::sandbox::{Fault, Page};
use crate::support::crash::CrashHome;
use crate::support::in_process::{Pushed, User, push_or_die};
use crate::support::push_case::{self, Prepared, PushCase, Save, utc};

/// Pushes that a disturbed one may take to be made good: some seconds later, and when a quota was used up, after its
/// reset.
const LATER: [i64; 3] = [10, 3700, 10];

/// All that can become of a request.
pub fn faults() -> Vec<Fault> {
    let mut faults = vec![
        Fault::Unreachable,
        Fault::CutBefore,
        Fault::ResetBefore,
        Fault::CutAfter,
        Fault::CutMiddle,
        Fault::Garbage,
        Fault::NoId,
        Fault::HalfBody,
        Fault::status(429, false),
        // A page of someone between Toggl and us.
        Fault::Status { code: 200, body: "<html>Please log in".to_owned(), carried_out: false },
        Fault::Status {
            code: 402,
            body: "You have hit your hourly limit for API calls.".to_owned(),
            carried_out: false,
        },
        // In Toggl's own words, and not so.
        Fault::Status { code: 404, body: "\"Time entry not found\"".to_owned(), carried_out: false },
    ];
    for carried_out in [false, true] {
        faults.extend([500, 502, 503].map(|code| Fault::status(code, carried_out)));
        faults.push(Fault::Slow { ms: 400, carried_out });
        faults.extend([302, 303, 304, 408, 425, 502].map(|code| Fault::bare(code, carried_out)));
        faults.extend([400, 403, 404, 407, 421, 425, 451].map(|code| Fault::html(code, carried_out)));
        faults.push(Fault::Gateway { code: 502, page: Page::Echo, carried_out });
        faults.push(Fault::Repeated { carried_out });
    }
    faults
}

#[test]
fn each_request_meets_each_fault_and_is_made_good() {
    let mut points = 0;
    let mut wrong = Vec::new();
    for case in push_case::all() {
        let prepared = case.prepare();
        assert_eq!(undisturbed(&case, &prepared), case.requests, "{}", case.name);
        for fault in faults() {
            for request in 1..=case.requests {
                points += 1;
                let mut user = case.user(&prepared);
                user.toggl.sandbox().faults.at(request, fault.clone());
                if let Err(why) = made_good(&mut user, &case) {
                    wrong.push(format!("{}, request {request}, {fault:?}: {why}", case.name));
                }
                if let Some(number) = against_quota(&user) {
                    wrong.push(format!("{}, request {request}, {fault:?}: {number} was against the quota", case.name));
                }
            }
        }
    }
    println!("{points} points");
    assert!(wrong.is_empty(), "{} of {points} points:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_run_in_which_every_request_meets_the_fault_is_made_good() {
    let mut wrong = Vec::new();
    for case in push_case::all() {
        let prepared = case.prepare();
        for fault in faults() {
            let mut user = case.user(&prepared);
            // A push that waits would wait for ever.
            user.policy.wait = false;
            user.toggl.sandbox().faults.when(|_| true, fault.clone());
            let pushed = push(&mut user, &case.save);
            user.toggl.sandbox().faults.clear();
            user.policy.wait = case.args.contains(&"--wait");
            // Only what makes an entry is answered by another answer, and not the first.
            let is_met = !fault.carries_out() && !matches!(fault, Fault::Repeated { .. });
            if pushed.report.end.is_none() && pushed.report.uncertain.is_empty() && is_met {
                wrong.push(format!("{}, always {fault:?}: the run says that all is done", case.name));
            }
            if let Err(why) = made_good(&mut user, &case) {
                wrong.push(format!("{}, always {fault:?}: {why}", case.name));
            }
            if let Some(number) = against_quota(&user) {
                wrong.push(format!("{}, always {fault:?}: {number} was against the quota", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a socket adds: real connections that are cut, reset and slow, and the process as a whole.
#[test]
fn real_connections_that_break_are_made_good() {
    let broken: Vec<Fault> = (faults().into_iter())
        .filter(|fault| !matches!(fault, Fault::Status { code, .. } if *code != 503) && *fault != Fault::NoId)
        .filter(|fault| !matches!(fault, Fault::Gateway { .. } | Fault::Repeated { .. }))
        .collect();
    let mut points = 0;
    for case in push_case::all().iter().filter(|case| ["mixed", "lost sidecar"].contains(&case.name)) {
        let prepared = case.prepare();
        for fault in &broken {
            for request in 1..=case.requests {
                points += 1;
                let at = format!("{}, request {request}, {fault:?}", case.name);
                let home = CrashHome::new(&case.save, &prepared);
                home.toggl.sandbox().faults.at(request, fault.clone());
                // The slow ones are not waited for.
                let timeout = if matches!(fault, Fault::Slow { .. }) { "0.15" } else { "300" };
                let status = home.command(case).env("CHUTE_TOGGL_TIMEOUT", timeout).status().unwrap();
                assert!(matches!(status.code(), Some(0 | 4)), "{at}: {status}");
                home.toggl.sandbox().faults.clear();
                assert_eq!(home.made_good(case, Duration::from_secs(10)), Ok(()), "{at}");
            }
        }
    }
    println!("{points} points");
}

/// A wrong address answers 404 to everything. That is not what became of the entries.
#[test]
fn a_run_at_a_wrong_address_takes_nothing_apart() {
    for case in push_case::all() {
        let prepared = case.prepare();
        let mut user = case.user(&prepared);
        user.toggl.sandbox().faults.when(|_| true, Fault::status(404, false));
        let pushed = push(&mut user, &case.save);
        assert!(pushed.report.end.is_some(), "{}", case.name);
        assert!(pushed.report.rejected.is_empty(), "{}: {:?}", case.name, pushed.report.rejected);
        user.toggl.sandbox().faults.clear();
        assert_eq!(made_good(&mut user, &case), Ok(()), "{}", case.name);
    }
}

/// Faults and kills at random, several runs in a row: what one run leaves is what the next is disturbed in.
#[test]
fn many_disturbed_runs_in_a_row_are_made_good() {
    let mut wrong = Vec::new();
    for case in push_case::all() {
        let prepared = case.prepare();
        for seed in 0..40 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut user = case.user(&prepared);
            user.policy.wait = false;
            for save in [&case.save, &case.later, &case.later] {
                let (kinds, mut fate) = (faults(), rng.fork());
                user.toggl
                    .sandbox()
                    .faults
                    .by(move |_| (fate.u8(..3) == 0).then(|| fate.choice(&kinds).unwrap().clone()));
                meet(&mut user, save);
                push_or_die(&mut user, &save.text, save.at, &utc(), Some(rng.usize(1..80)));
                user.toggl.sandbox().faults.clear();
                user.clock.advance(rng.i64(0..20_000));
            }
            user.policy.wait = case.args.contains(&"--wait");
            if let Err(why) = made_good(&mut user, &case) {
                wrong.push(format!("{}, seed {seed}: {why}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The requests of a run that nothing disturbs. It sends what the plan says, and looks.
fn undisturbed(case: &PushCase, prepared: &Prepared) -> usize {
    let mut user = case.user(prepared);
    let pushed = push(&mut user, &case.save);
    assert!(is_done(&pushed), "{}", case.name);
    let gone = user
        .toggl
        .sandbox()
        .log
        .iter()
        .filter(|line| line.status == Some(404) && !line.target.starts_with("/me"))
        .count();
    let used_up = user.toggl.sandbox().log.iter().filter(|line| line.status == Some(402)).count();
    let is_look = |target: &str| target.starts_with("/me") || target.contains("/projects?");
    let looks = user.toggl.sandbox().log.iter().filter(|line| is_look(&line.target)).count();
    let changes = pushed.report.done.len();
    assert_eq!(user.requests(), changes + gone + used_up + looks, "{}", case.name);
    assert_eq!(used_up, 0, "{}", case.name);
    user.requests()
}

/// Pushes until there is nothing left to do; then Toggl must hold the truth.
fn made_good(user: &mut User, case: &PushCase) -> Result<(), String> {
    // The disturbed run, then those after it; a run that was disturbed before finds the later save at once.
    let mut save = if user.requests() == 0 { &case.save } else { &case.later };
    let mut ends = Vec::new();
    for delay in LATER.into_iter().chain([0]) {
        let pushed = push(user, save);
        if let Some(key) = pushed.report.unlistable.first().or(pushed.report.assumed.first()) {
            return Err(format!("{key} was left to a person"));
        }
        if let Some(refusal) = pushed.report.rejected.first() {
            return Err(format!("taken for a refusal: {refusal:?}"));
        }
        if is_done(&pushed) && std::ptr::eq(save, &raw const case.later) {
            return case.fault_in(&user.toggl.sandbox(), &user.disk);
        }
        ends.push(format!("{:?}", pushed.report.end));
        user.clock.advance(delay * 1000);
        save = &case.later;
    }
    Err(format!("still not done: {}", ends.join(", ")))
}

/// A request that was sent though an answer had told that the quota is used up. (A killed run may not have heard.)
fn against_quota(user: &User) -> Option<usize> {
    let sandbox = user.toggl.sandbox();
    let line = sandbox.log.iter().find(|line| line.quota_closed && line.quota_told && line.fault.is_none());
    line.map(|line| line.number)
}

fn push(user: &mut User, save: &Save) -> Pushed {
    meet(user, save);
    user.push(&save.text, save.at, &utc())
}

/// It is not before that save.
fn meet(user: &mut User, save: &Save) {
    user.clock.set(user.clock.now().max(save.at + 20));
}

fn is_done(pushed: &Pushed) -> bool {
    let report = &pushed.report;
    report.end.is_none() && report.uncertain.is_empty() && report.left.operations.is_empty()
}
