//! Never twice, never lost, whatever is answered: in every situation each request meets each fault, and the pushes
//! after it must bring Toggl into agreement, every session once.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use chute_toggl::execute::{Event, Unwatched, Watch};

use crate::pilot::Stage;
use crate::rig::{Pushed, Rig};
use crate::sandbox::Fault;
use crate::situation::{self, Prepared, Save, Situation, utc};

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
    ];
    for carried_out in [false, true] {
        faults.extend([500, 502, 503].map(|code| Fault::status(code, carried_out)));
        faults.push(Fault::Slow { ms: 400, carried_out });
    }
    faults
}

#[test]
fn each_request_meets_each_fault_and_is_made_good() {
    let mut points = 0;
    let mut wrong = Vec::new();
    for situation in situation::all() {
        let prepared = situation.prepare();
        assert_eq!(undisturbed(&situation, &prepared), situation.requests, "{}", situation.name);
        for fault in faults() {
            for request in 1..=situation.requests {
                points += 1;
                let mut rig = situation.rig(&prepared);
                rig.toggl.sandbox().faults.at(request, fault.clone());
                if let Err(why) = made_good(&mut rig, &situation) {
                    wrong.push(format!("{}, request {request}, {fault:?}: {why}", situation.name));
                }
                if let Some(number) = against_quota(&rig) {
                    wrong.push(format!(
                        "{}, request {request}, {fault:?}: {number} was against the quota",
                        situation.name
                    ));
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
    for situation in situation::all() {
        let prepared = situation.prepare();
        for fault in faults() {
            let mut rig = situation.rig(&prepared);
            // A push that waits would wait for ever.
            rig.manner.wait = false;
            rig.toggl.sandbox().faults.when(|_| true, fault.clone());
            let pushed = push(&mut rig, &situation.save, &mut Unwatched);
            rig.toggl.sandbox().faults.clear();
            rig.manner.wait = situation.args.contains(&"--wait");
            if pushed.report.end.is_none() && pushed.report.uncertain.is_empty() && !carries_out(&fault) {
                wrong.push(format!("{}, always {fault:?}: the run says that all is done", situation.name));
            }
            if let Err(why) = made_good(&mut rig, &situation) {
                wrong.push(format!("{}, always {fault:?}: {why}", situation.name));
            }
            if let Some(number) = against_quota(&rig) {
                wrong.push(format!("{}, always {fault:?}: {number} was against the quota", situation.name));
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
        .collect();
    let mut points = 0;
    for situation in situation::all().iter().filter(|situation| ["mixed", "lost sidecar"].contains(&situation.name)) {
        let prepared = situation.prepare();
        for fault in &broken {
            for request in 1..=situation.requests {
                points += 1;
                let at = format!("{}, request {request}, {fault:?}", situation.name);
                let stage = Stage::new(&situation.save, &prepared);
                stage.toggl.sandbox().faults.at(request, fault.clone());
                let status = stage.pilot(situation).env("CHUTE_TOGGL_TIMEOUT", "0.15").status().unwrap();
                assert!(matches!(status.code(), Some(0 | 4)), "{at}: {status}");
                stage.toggl.sandbox().faults.clear();
                assert_eq!(stage.made_good(situation, Duration::from_secs(10)), Ok(()), "{at}");
            }
        }
    }
    println!("{points} points");
}

/// A wrong address answers 404 to everything. That is not what became of the entries.
#[test]
fn a_run_at_a_wrong_address_takes_nothing_apart() {
    for situation in situation::all() {
        let prepared = situation.prepare();
        let mut rig = situation.rig(&prepared);
        rig.toggl.sandbox().faults.when(|_| true, Fault::status(404, false));
        let pushed = push(&mut rig, &situation.save, &mut Unwatched);
        assert!(pushed.report.end.is_some(), "{}", situation.name);
        assert!(pushed.report.rejected.is_empty(), "{}: {:?}", situation.name, pushed.report.rejected);
        rig.toggl.sandbox().faults.clear();
        assert_eq!(made_good(&mut rig, &situation), Ok(()), "{}", situation.name);
    }
}

/// Faults and kills at random, several runs in a row: what one run leaves is what the next is disturbed in.
#[test]
fn many_disturbed_runs_in_a_row_are_made_good() {
    let mut wrong = Vec::new();
    for situation in situation::all() {
        let prepared = situation.prepare();
        for seed in 0..40 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut rig = situation.rig(&prepared);
            rig.manner.wait = false;
            for save in [&situation.save, &situation.later, &situation.later] {
                let (kinds, mut fate) = (faults(), rng.fork());
                rig.toggl
                    .sandbox()
                    .faults
                    .by(move |_| (fate.u8(..3) == 0).then(|| fate.choice(&kinds).unwrap().clone()));
                let mut killer = Killer(rng.usize(1..80));
                match catch_unwind(AssertUnwindSafe(|| push(&mut rig, save, &mut killer))) {
                    Err(failed) if !failed.is::<Killed>() => resume_unwind(failed),
                    _ => {}
                }
                rig.toggl.sandbox().faults.clear();
                rig.clock.advance(rng.i64(0..20_000));
            }
            rig.manner.wait = situation.args.contains(&"--wait");
            if let Err(why) = made_good(&mut rig, &situation) {
                wrong.push(format!("{}, seed {seed}: {why}", situation.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ends the run at a step, as a kill does: nothing after it happens, not even the last save.
struct Killer(usize);

/// How such a run ends.
struct Killed;

impl Watch for Killer {
    fn event(&mut self, _: &Event<'_>) {
        self.0 -= 1;
        if self.0 == 0 {
            resume_unwind(Box::new(Killed));
        }
    }
}

/// The requests of a run that nothing disturbs. It sends what the plan says, and looks.
fn undisturbed(situation: &Situation, prepared: &Prepared) -> usize {
    let mut rig = situation.rig(prepared);
    let pushed = push(&mut rig, &situation.save, &mut Unwatched);
    assert!(is_done(&pushed), "{}", situation.name);
    let gone = rig.toggl.sandbox().log.iter().filter(|line| line.status == Some(404)).count();
    let used_up = rig.toggl.sandbox().log.iter().filter(|line| line.status == Some(402)).count();
    let looks = rig.toggl.sandbox().log.iter().filter(|line| line.target.starts_with("/me")).count();
    let changes = pushed.report.done.len();
    assert_eq!(rig.requests(), changes + gone + used_up + looks, "{}", situation.name);
    assert_eq!(used_up, 0, "{}", situation.name);
    rig.requests()
}

/// Pushes until there is nothing left to do; then Toggl must hold the truth.
fn made_good(rig: &mut Rig, situation: &Situation) -> Result<(), String> {
    // The disturbed run, then those after it; a run that was disturbed before finds the later save at once.
    let mut save = if rig.requests() == 0 { &situation.save } else { &situation.later };
    let mut ends = Vec::new();
    for delay in LATER.into_iter().chain([0]) {
        let pushed = push(rig, save, &mut Unwatched);
        if let Some(key) = pushed.report.unlistable.first().or(pushed.report.assumed.first()) {
            return Err(format!("{key} was left to a person"));
        }
        if let Some(refusal) = pushed.report.rejected.first() {
            return Err(format!("taken for a refusal: {refusal:?}"));
        }
        if is_done(&pushed) && std::ptr::eq(save, &raw const situation.later) {
            return situation.fault_in(&rig.toggl.sandbox(), &rig.disk);
        }
        ends.push(format!("{:?}", pushed.report.end));
        rig.clock.advance(delay * 1000);
        save = &situation.later;
    }
    Err(format!("still not done: {}", ends.join(", ")))
}

/// A request that was sent though an answer had told that the quota is used up. (A killed run may not have heard.)
fn against_quota(rig: &Rig) -> Option<usize> {
    let sandbox = rig.toggl.sandbox();
    let line = sandbox.log.iter().find(|line| line.quota_closed && line.quota_told && line.fault.is_none());
    line.map(|line| line.number)
}

fn push(rig: &mut Rig, save: &Save, watch: &mut dyn Watch) -> Pushed {
    let now = save.at + 20;
    if chute_toggl::clock::Clock::now(&rig.clock) < now {
        rig.clock.set(now);
    }
    rig.push_watched(&save.text, save.at, &utc(), watch)
}

fn is_done(pushed: &Pushed) -> bool {
    let report = &pushed.report;
    report.end.is_none() && report.uncertain.is_empty() && report.left.operations.is_empty()
}

fn carries_out(fault: &Fault) -> bool {
    match fault {
        Fault::Status { carried_out, .. } | Fault::Slow { carried_out, .. } => *carried_out,
        Fault::Unreachable | Fault::CutBefore | Fault::ResetBefore => false,
        _ => true,
    }
}
