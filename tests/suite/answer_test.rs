//! What an answer means for the records, and what is saved when.

use std::time::Duration;

use chute_kun::task::TaskState::{Active, Paused};
use chute_toggl::execute::{Event, Watch};
use chute_toggl::reconcile::plan::{HoldReason, OperationKind};
use chute_toggl::zone::Zone;

use crate::sandbox::SimClock;
use crate::support::in_process::{Pushed, User};
use crate::support::snapshot_builder::{TaskBuilder, snapshot, today};

/// 2026-05-11 12:00:00 UTC.
const NOON: i64 = 1_778_500_800;
/// The same day, 09:10.
const EARLY: i64 = NOON - 170 * 60;

/// A task of today, paused.
fn closed(title: &str, sessions: &[(u16, Option<u16>)]) -> TaskBuilder {
    today(title).planned(20_260_511).sessions(sessions).state(Paused)
}

/// Pushes it as saved now, a minute after the last push.
fn push(user: &mut User, tasks: &[TaskBuilder]) -> Pushed {
    push_watched(user, tasks, &mut chute_toggl::execute::Unwatched)
}

fn push_watched(user: &mut User, tasks: &[TaskBuilder], watch: &mut dyn Watch) -> Pushed {
    use chute_toggl::clock::Clock as _;
    user.clock.advance(60_000);
    let saved = user.clock.now_ms() / 1000 - 1;
    user.push_watched(&snapshot(tasks), saved, &Zone::named("UTC").unwrap(), watch)
}

fn kinds(pushed: &Pushed) -> Vec<OperationKind> {
    pushed.report.done.iter().map(|operation| operation.kind).collect()
}

const THREE: [(u16, Option<u16>); 3] = [(540, Some(550)), (560, Some(570)), (580, Some(590))];

#[test]
fn what_a_bulk_request_could_not_rename_is_tried_alone_and_refused_alone() {
    let mut user = User::at(NOON);
    // The one that cannot be renamed is the last that is asked for.
    let tasks = |title| [closed(title, &THREE[1..]), closed(title, &THREE[..1])];
    push(&mut user, &tasks("Draft"));
    let entries = user.toggl.sandbox().entries();
    let mut starts: Vec<i64> = entries.iter().map(|entry| entry.start).collect();
    starts.sort_unstable();
    user.toggl.sandbox().rules.locked_before = Some(starts[1]);
    let pushed = push(&mut user, &tasks("Report"));
    assert_eq!((pushed.report.end.as_ref(), kinds(&pushed)), (None, vec![OperationKind::Rename]));
    let renamed = &pushed.report.done[0];
    assert_eq!((renamed.sessions.len(), renamed.entries.len()), (2, 2), "what was done, and no more");
    assert_eq!(pushed.report.rejected.len(), 1);
    assert!(!renamed.sessions.contains(&pushed.report.rejected[0].session));
    for entry in user.toggl.sandbox().entries() {
        assert_eq!(entry.description, if entry.start == starts[0] { "Draft" } else { "Report" });
    }
    let lines = user.requests();
    let pushed = push(&mut user, &tasks("Report"));
    assert_eq!((user.requests(), pushed.report.left.held_for(HoldReason::Rejected).count()), (lines, 1));
}

/// Once each of them was taken to have the start and the stop of the first, and the next push told them to Toggl again.
#[test]
fn what_is_renamed_one_by_one_after_all_keeps_its_times() {
    let mut user = User::at(NOON);
    push(&mut user, &[closed("Draft", &THREE)]);
    user.toggl.sandbox().faults.next(crate::sandbox::Fault::status(400, false));
    let pushed = push(&mut user, &[closed("Report", &THREE)]);
    assert_eq!((pushed.report.end.as_ref(), kinds(&pushed)), (None, vec![OperationKind::Update; 3]));
    assert!(pushed.report.left.operations.is_empty());
    let before = user.requests();
    push(&mut user, &[closed("Report", &THREE)]);
    assert_eq!(user.requests(), before, "a second push sends nothing");
    for entry in user.toggl.sandbox().entries() {
        assert_eq!((entry.description.as_str(), entry.stop), ("Report", Some(entry.start + 600)));
    }
    // A halted one stays halted, and one that runs goes on.
    for state in [Paused, Active] {
        let mut user = User::at(NOON);
        let open = [(540, Some(550)), (560, None)];
        push(&mut user, &[closed("Draft", &open).state(Active)]);
        push(&mut user, &[closed("Draft", &open).state(state)]);
        let stops = |user: &User| -> Vec<Option<i64>> { user.toggl.sandbox().iter().map(|entry| entry.stop).collect() };
        let stopped = stops(&user);
        user.toggl.sandbox().faults.next(crate::sandbox::Fault::status(400, false));
        push(&mut user, &[closed("Report", &open).state(state)]);
        let before = user.requests();
        push(&mut user, &[closed("Report", &open).state(state)]);
        assert_eq!((user.requests(), stops(&user)), (before, stopped), "{state:?}");
        assert!(user.toggl.sandbox().entries().iter().all(|entry| entry.description == "Report"));
    }
}

#[test]
fn an_entry_that_is_gone_from_toggl_is_made_anew_where_the_session_stands() {
    // Closed, running, and open without running: the last has no end yet and does not run.
    for (state, end, made) in [
        (Paused, Some(550), vec![OperationKind::Create]),
        (Active, None, vec![OperationKind::Start]),
        (Paused, None, vec![]),
    ] {
        let mut user = User::at(NOON);
        push(&mut user, &[closed("Draft", &[(540, None)]).state(Active)]);
        let id = user.toggl.sandbox().entries()[0].id;
        user.toggl.sandbox().remove(id);
        let task = [(540, end)];
        let pushed = push(&mut user, &[closed("Report", &task).state(state)]);
        assert_eq!((pushed.report.end.as_ref(), kinds(&pushed)), (None, made.clone()), "{state:?} {end:?}");
        let entries = user.toggl.sandbox().entries();
        assert_eq!(entries.len(), made.len());
        assert!(entries.iter().all(|entry| entry.description == "Report" && entry.stop.is_some() == end.is_some()));
        user.toggl.sandbox().assert_clean();
    }
    // A session that is gone as well is not made anew.
    let mut user = User::at(NOON);
    push(&mut user, &[closed("Draft", &[(540, None)]).state(Active)]);
    let id = user.toggl.sandbox().entries()[0].id;
    user.toggl.sandbox().remove(id);
    let pushed = push(&mut user, &[]);
    assert_eq!((pushed.report.end.as_ref(), kinds(&pushed)), (None, vec![]));
    assert_eq!(user.toggl.sandbox().entries().len(), 0);
}

#[test]
fn a_halt_and_a_refusal_of_the_same_session_do_not_hide_each_other() {
    let mut user = User::at(NOON);
    push(&mut user, &[closed("Draft", &[(540, None)]).state(Active)]);
    user.toggl.sandbox().rules.refusals.push(crate::sandbox::Refusal::bad("Report"));
    let open = closed("Report", &[(540, None)]);
    let pushed = push(&mut user, std::slice::from_ref(&open));
    assert_eq!((kinds(&pushed), pushed.report.rejected.len()), (vec![OperationKind::Halt], 1));
    // Halted, it is another request, which is refused as well; then no more.
    push(&mut user, std::slice::from_ref(&open));
    let before = user.requests();
    let pushed = push(&mut user, std::slice::from_ref(&open));
    assert_eq!((user.requests(), pushed.report.left.held_for(HoldReason::Rejected).count()), (before, 1));
    // What was itself refused, and is sent again when that is asked for, is refused no more.
    let mut user = User::at(NOON);
    push(&mut user, &[closed("Draft", &[(540, None)]).state(Active)]);
    let open = closed("Draft", &[(540, None)]);
    user.toggl.sandbox().faults.next(crate::sandbox::Fault::status(400, false));
    assert_eq!(push(&mut user, std::slice::from_ref(&open)).report.rejected.len(), 1);
    user.options.retry_rejected = true;
    assert_eq!(kinds(&push(&mut user, std::slice::from_ref(&open))), [OperationKind::Halt]);
    assert!(user.sidecar().sessions().all(|(_, _, record)| record.rejected.is_none()));
}

#[test]
fn a_push_that_makes_no_entry_asks_for_no_workspace() {
    // What is new after the first push lies after it.
    let mut user = User::at(EARLY);
    push(&mut user, &[closed("Draft", &THREE[..1])]);
    user.options.selection.workspace = None;
    let before = user.requests();
    assert_eq!(kinds(&push(&mut user, &[closed("Report", &THREE[..1])])), [OperationKind::Update]);
    assert_eq!(user.requests() - before, 1);
    user.clock.set(EARLY + 21 * 60);
    push(&mut user, &[closed("Report", &THREE[..2])]);
    assert_eq!(user.requests() - before, 3, "and one that makes one asks once");
    user.clock.set(EARLY + 41 * 60);
    push(&mut user, &[closed("Report", &THREE)]);
    assert_eq!(user.requests() - before, 4);
}

/// What happened, a letter each; after each answer so much time passes.
struct Course {
    events: String,
    clock: SimClock,
    pause_ms: i64,
    settled: Vec<(usize, usize)>,
}

impl Watch for Course {
    fn event(&mut self, event: &Event<'_>) {
        self.events.push(match event {
            Event::Begun(_) => return,
            Event::Saving => 's',
            Event::Saved => 'S',
            Event::Sending(_) => 'r',
            Event::Answered(..) | Event::Failed(..) => 'a',
            Event::Settled { done, left } => {
                self.settled.push((*done, *left));
                return;
            }
            Event::WaitingForQuota(_) => 'w',
        });
        if matches!(event, Event::Answered(..)) {
            self.clock.advance(self.pause_ms);
        }
    }
}

/// What happens when five sessions are created and one is edited, in a sidecar of about so many bytes.
fn course(bytes: usize, pause_ms: i64, pace: Duration) -> Course {
    let mut user = User::at(EARLY);
    let title = "x".repeat(bytes);
    let before = [(540, Some(545))];
    push(&mut user, &[closed(&title, &before)]);
    user.clock.set(NOON);
    user.policy.pace = pace;
    let after: Vec<(u16, Option<u16>)> = (0..5).map(|n| (550 + n * 10, Some(555 + n * 10))).collect();
    let tasks = [closed(&title, &[(540, Some(546))]), closed("New", &after)];
    let mut course = Course { events: String::new(), clock: user.clock.clone(), pause_ms, settled: Vec::new() };
    assert_eq!(push_watched(&mut user, &tasks, &mut course).report.end, None);
    // The second push sends nothing and writes nothing.
    let mut again = Course { events: String::new(), clock: user.clock.clone(), pause_ms, settled: Vec::new() };
    push_watched(&mut user, &tasks, &mut again);
    assert_eq!(again.events.replace("sS", ""), "");
    let saved = user.disk.clone();
    let mut idle = Course { events: String::new(), clock: user.clock.clone(), pause_ms, settled: Vec::new() };
    let zone = Zone::named("UTC").unwrap();
    user.push_watched(&snapshot(&tasks), user.sidecar().last_snapshot_saved.unwrap(), &zone, &mut idle);
    assert_eq!((idle.events.as_str(), user.disk == saved), ("", true));
    course
}

#[test]
fn a_small_sidecar_is_saved_for_every_request_and_a_large_one_for_many() {
    let second = Duration::from_secs(1);
    assert_eq!(course(10, 0, second).events, "sSra sSra sSra sSra sSra sSra sS".replace(' ', ""));
    // Four intents to a save of sixteen kilobytes. What was ingested is on disk before the first request.
    assert_eq!(course(13_000, 0, second).events, "sSra sSra ra ra ra sSra sS".replace(' ', ""));
    assert_eq!(course(13_000, 0, second).settled, [(1, 5), (2, 4), (3, 3), (4, 2), (5, 1), (6, 0)]);
}

#[test]
fn answers_to_what_is_harmless_to_repeat_are_saved_together_as_well() {
    let mut user = User::at(NOON);
    let title = "x".repeat(13_000);
    let sessions = |length: u16| -> Vec<(u16, Option<u16>)> {
        (0..6).map(|n| (540 + n * 10, Some(540 + n * 10 + length))).collect()
    };
    push(&mut user, &[closed("Draft", &sessions(5)), closed(&title, &THREE[..1])]);
    let mut course = Course { events: String::new(), clock: user.clock.clone(), pause_ms: 0, settled: Vec::new() };
    push_watched(&mut user, &[closed("Draft", &sessions(6)), closed(&title, &THREE[..1])], &mut course);
    assert_eq!(course.events, "sSra ra ra ra sSra ra sS".replace(' ', ""));
}

/// After ten minutes the intents on disk tell no more when the request can have been sent.
#[test]
fn an_intent_that_is_too_old_is_saved_anew_before_it_is_sent() {
    let second = Duration::from_secs(1);
    let fresh = course(13_000, 290_000, second).events;
    let stale = course(13_000, 610_000, second).events;
    assert_eq!(fresh, "sSra sSra ra ra sSra ra sS".replace(' ', ""));
    assert_eq!(stale, "sSra sSra sSra sSra sSra sSra sS".replace(' ', ""));
    // At a pace of minutes no more are covered than can be sent in time.
    assert_eq!(course(13_000, 0, Duration::from_secs(120)).events, "sSra sSra ra sSra ra sSra sS".replace(' ', ""));
}
