//! What counts as proof: no single answer makes an entry double, vanish or move, marks a session, or ends in a run that
//! is stuck.

use chute_toggl::clock::Clock as _;
use chute_toggl::execute::StopReason;
use chute_toggl::reconcile::plan::HoldReason;
use chute_toggl::reconcile::selection::NameOrId;
use chute_toggl::toggl::{AccountId, SendError, WorkspaceId};
use chute_toggl::zone::Zone;

use crate::sandbox::{Account, Call, DateHeader, Fault, InProcess, LogLine, Loss, Person, SandboxClock, WORKSPACE};
use crate::support::in_process::{Pushed, User, push_or_die};
use crate::support::snapshot_builder::{TaskBuilder, future, snapshot, today};

/// 2026-05-11 12:00:00 UTC.
const NOON: i64 = 1_778_500_800;
const DAY: i64 = 24 * 3600;
const OTHER: i64 = 4_200_043;
const ANOTHER_TOKEN: &str = "fedcba9876543210fedcba9876543210";

fn utc() -> Zone {
    Zone::named("UTC").unwrap()
}

/// Pushes these tasks as saved now, a minute after whatever was before.
fn push(user: &mut User, tasks: &[TaskBuilder]) -> Pushed {
    user.clock.advance(60_000);
    let saved = user.clock.now() - 5;
    user.push(&snapshot(tasks), saved, &utc())
}

/// A user who has pushed these.
fn pushed(tasks: &[TaskBuilder]) -> User {
    let mut user = User::at(NOON);
    assert_eq!(push(&mut user, tasks).report.end, None);
    user
}

/// Pushes until there is nothing left to do, and says how Toggl then is.
#[track_caller]
fn made_good(user: &mut User, tasks: &[TaskBuilder]) -> Vec<(String, Option<i64>)> {
    let is_done = (0..4).any(|_| {
        let report = push(user, tasks).report;
        user.clock.advance(10_000);
        report.end.is_none() && report.uncertain.is_empty() && report.left.operations.is_empty()
    });
    assert!(is_done, "stuck");
    assert!(user.sidecar().sessions().all(|(_, _, record)| record.rejected.is_none()), "marked for nothing");
    user.toggl.sandbox().assert_clean();
    held(user)
}

/// What Toggl holds: text and length.
fn held(user: &User) -> Vec<(String, Option<i64>)> {
    let sandbox = user.toggl.sandbox();
    let length = |start: i64, stop: Option<i64>| stop.map(|stop| stop - start);
    sandbox.entries().into_iter().map(|entry| (entry.description, length(entry.start, entry.stop))).collect()
}

fn count(user: &User, call: Call) -> usize {
    user.toggl.sandbox().count(call)
}

fn changes(line: &LogLine) -> bool {
    matches!(line.call, Some(Call::Update | Call::Stop | Call::Delete | Call::Bulk))
}

fn creates(line: &LogLine) -> bool {
    line.call == Some(Call::Create)
}

/// What is sent of each kind, beside a session that stays: before, and then.
fn each_change() -> Vec<(&'static str, Vec<TaskBuilder>, Vec<TaskBuilder>)> {
    let stays = || today("Stays").closed(500, 510);
    vec![
        ("rename", vec![stays(), today("Old").closed(540, 550)], vec![stays(), today("New").closed(540, 550)]),
        ("stop", vec![stays(), today("Work").open(540)], vec![stays(), today("Work").closed(540, 600)]),
        ("halt", vec![stays(), today("Work").open(540)], vec![stays(), future("Work").open(540)]),
        (
            "bulk",
            vec![stays(), today("Old").closed(540, 550).closed(560, 570)],
            vec![stays(), today("New").closed(540, 550).closed(560, 570)],
        ),
        ("delete", vec![stays(), today("Work").closed(540, 550)], vec![stays()]),
    ]
}

#[test]
fn one_404_does_not_forget_an_entry() {
    let words = [Fault::status(404, false), Fault::html(404, false), Fault::plain(404, false), Fault::bare(404, false)];
    for (name, before, after) in each_change() {
        let options = |user: &mut User| user.options.prune = (name == "delete").then_some(20);
        let mut undisturbed = pushed(&before);
        options(&mut undisturbed);
        let expected = made_good(&mut undisturbed, &after);
        let ids = |user: &User| user.toggl.sandbox().entries().iter().map(|entry| entry.id).collect::<Vec<_>>();
        for fault in &words {
            for times in 1..=2 {
                let mut user = pushed(&before);
                options(&mut user);
                let had = ids(&user);
                user.toggl.sandbox().faults.times(times, changes, fault.clone());
                assert_eq!(made_good(&mut user, &after).len(), expected.len(), "{name}, {fault:?}");
                assert!(ids(&user).iter().all(|id| had.contains(id)), "{name}, {fault:?}: made anew");
                assert_eq!(user.toggl.sandbox().running_id(), None, "{name}, {fault:?}: still running");
            }
        }
    }
}

/// That an entry may not be changed is asked once more: once, a single refusal left the session marked until a person came.
#[test]
fn one_403_to_a_change_marks_nothing() {
    for (name, before, after) in each_change() {
        let mut user = pushed(&before);
        user.options.prune = (name == "delete").then_some(20);
        user.toggl.sandbox().faults.times(1, changes, Fault::status(403, false));
        let expected = before.len() - usize::from(name == "delete");
        assert!(made_good(&mut user, &after).len() >= expected, "{name}");
        assert_eq!(user.toggl.sandbox().running_id(), None, "{name}: still running");
    }
}

/// A deletion is answered with nothing, or a word. Whatever else answers has deleted nothing that is known of.
#[test]
fn an_entry_is_deleted_when_toggl_says_so_and_no_other_answer() {
    for body in ["null", "{}", "[]", "{\"id\":1}", "0"] {
        let mut user = pushed(&[today("Stays").closed(500, 510), today("Work").closed(540, 550)]);
        user.options.prune = Some(20);
        let answer = Fault::Status { code: 200, body: body.to_owned(), carried_out: false };
        user.toggl.sandbox().faults.times(1, changes, answer);
        assert_eq!(made_good(&mut user, &[today("Stays").closed(500, 510)]).len(), 1, "{body}");
    }
}

/// That an entry had stopped already is looked at: once, a timer ran on of which Toggl had said so.
#[test]
fn one_409_to_a_halt_does_not_stop_a_timer() {
    let [_, _, (_, before, after), ..] = &each_change()[..] else { panic!() };
    let mut user = pushed(before);
    user.toggl.sandbox().faults.times(1, changes, Fault::status(409, false));
    made_good(&mut user, after);
    assert_eq!(user.toggl.sandbox().running_id(), None, "still running");
    // By hand, before: the stop that a person set is what is kept.
    let mut user = pushed(before);
    let running = user.toggl.sandbox().running_id().unwrap();
    user.toggl.sandbox().edit(running, |entry| entry.stop = Some(NOON - 60));
    made_good(&mut user, after);
    assert_eq!(user.toggl.sandbox().entry(running).unwrap().stop, Some(NOON - 60));
}

/// An answer that shows the entry as it was before is no answer to the change.
#[test]
fn a_stale_answer_does_not_settle_a_change() {
    for (name, before, after) in each_change().into_iter().filter(|(name, ..)| !["bulk", "delete"].contains(name)) {
        let expected = made_good(&mut pushed(&before), &after);
        let mut user = pushed(&before);
        let mut stale = String::new();
        user.toggl.sandbox().entries().last().unwrap().push_json(&mut stale, 0, 7);
        user.toggl.sandbox().faults.times(1, changes, Fault::Status { code: 200, body: stale, carried_out: false });
        // A halt stops at the second in which it arrives.
        let minutes = |held: Vec<(String, Option<i64>)>| {
            held.into_iter().map(|(text, length)| (text, length.map(|length| length / 60))).collect::<Vec<_>>()
        };
        assert_eq!(minutes(made_good(&mut user, &after)), minutes(expected), "{name}");
        assert_eq!(user.toggl.sandbox().running_id(), None, "{name}: still running");
    }
}

#[test]
fn what_is_proven_to_be_gone_is_made_anew_once() {
    for shows_deleted in [false, true] {
        let mut user = pushed(&[today("Old").closed(540, 550)]);
        let id = user.toggl.sandbox().entries()[0].id;
        user.toggl.sandbox().rules.deleted_by_id = shows_deleted;
        user.toggl.sandbox().remove(id);
        // The run ends between the proof and the new entry.
        user.policy.max_requests = Some(4);
        assert_eq!(
            push(&mut user, &[today("New").closed(540, 550)]).report.end,
            Some(StopReason::Send(SendError::MaxRequests))
        );
        user.policy.max_requests = None;
        assert_eq!(made_good(&mut user, &[today("New").closed(540, 550)]), [("New".to_owned(), Some(600))]);
    }
}

#[test]
fn at_a_wrong_address_nothing_is_forgotten() {
    for (name, before, after) in each_change() {
        let mut user = pushed(&before);
        user.options.prune = (name == "delete").then_some(20);
        let (toggl, kept) = (user.toggl.clone(), user.sidecar().tasks);
        user.toggl = toggl.clone().at_wrong_base();
        let report = push(&mut user, &after).report;
        assert_eq!(report.end, Some(StopReason::Send(SendError::NoSuchCall)), "{name}");
        assert!(report.done.is_empty() && report.rejected.is_empty(), "{name}");
        assert!(report.left.requests() > 0, "{name}: forgotten");
        assert_eq!(user.sidecar().sessions().count(), kept.values().map(|task| task.sessions.len()).sum::<usize>());
        user.toggl = toggl;
        let entries = held(&user).len();
        assert_eq!(made_good(&mut user, &after).len(), entries - usize::from(name == "delete"), "{name}");
    }
}

#[test]
fn an_entry_that_was_moved_to_another_workspace_is_followed() {
    for (name, before, after) in each_change() {
        let mut user = pushed(&before);
        user.options.prune = (name == "delete").then_some(20);
        user.toggl.sandbox().add_workspace(OTHER, "Elsewhere");
        let moved: Vec<i64> = {
            let sandbox = user.toggl.sandbox();
            sandbox.entries().iter().filter(|entry| entry.description != "Stays").map(|entry| entry.id).collect()
        };
        moved.iter().for_each(|&id| user.toggl.sandbox().move_entry(id, OTHER));
        let creates = count(&user, Call::Create);
        made_good(&mut user, &after);
        assert_eq!(count(&user, Call::Create), creates, "{name}: made anew");
        let sandbox = user.toggl.sandbox();
        for id in moved {
            let entry = sandbox.entry(id).unwrap();
            assert_eq!(entry.deleted.is_some(), name == "delete", "{name}");
            assert!(!entry.is_running() && entry.workspace == OTHER, "{name}: {entry:?}");
            assert!(name != "rename" && name != "bulk" || entry.description == "New", "{name}");
        }
    }
}

/// Whoever stands in between says nothing about what was done, in whatever words.
#[test]
fn refusals_that_are_none_mark_nothing_and_double_nothing() {
    let mut faults = Vec::new();
    for carried_out in [false, true] {
        for code in [301, 302, 303, 304, 307, 308, 405, 407, 408, 418, 421, 425, 426, 451, 499] {
            faults.extend([Fault::html(code, carried_out), Fault::plain(code, carried_out)]);
            faults.extend([Fault::bare(code, carried_out), Fault::status(code, carried_out)]);
        }
        for code in [400, 401, 402, 403, 404, 409, 410] {
            faults.push(Fault::html(code, carried_out));
        }
        faults.extend([Fault::plain(400, carried_out), Fault::bare(400, carried_out), Fault::plain(403, carried_out)]);
        // What was compressed, and nobody unpacked.
        faults.push(Fault::Status { code: 400, body: "\u{1f}\u{fffd}\u{8}".to_owned(), carried_out });
        for (code, name) in
            [(400, "Bad Request"), (401, "Unauthorized"), (403, "Forbidden."), (409, "conflict"), (410, "Gone")]
        {
            faults.push(Fault::Status { code, body: name.to_owned(), carried_out });
        }
    }
    let before = [today("Old").closed(540, 550), today("Run").open(560)];
    let after = [today("New").closed(540, 550), today("Run").closed(560, 570), today("More").closed(580, 590)];
    let expected = [("New".to_owned(), Some(600)), ("Run".to_owned(), Some(600)), ("More".to_owned(), Some(600))];
    for fault in faults {
        for (lasts, hits) in [(1, creates as fn(&LogLine) -> bool), (1, changes), (40, creates), (40, |_| true)] {
            let mut user = pushed(&before);
            user.toggl.sandbox().faults.times(lasts, hits, fault.clone());
            let report = push(&mut user, &after).report;
            assert!(report.rejected.is_empty(), "{fault:?}: {:?}", report.rejected);
            let is_of_the_setup = |end: &StopReason| {
                matches!(end, StopReason::Send(SendError::TokenRefused(_)) | StopReason::Send(SendError::CallGone))
            };
            assert!(!report.end.as_ref().is_some_and(is_of_the_setup), "{fault:?}: {:?}", report.end);
            user.toggl.sandbox().faults.clear();
            user.clock.advance(60_000);
            assert_eq!(made_good(&mut user, &after), expected, "{fault:?}");
        }
    }
}

#[test]
fn one_id_in_the_answers_to_two_creates_is_the_entry_of_one() {
    for carried_out in [false, true] {
        let mut user = User::at(NOON);
        let tasks = [today("One").closed(540, 550), today("Two").closed(560, 580)];
        // The look, the first create, the second.
        user.toggl.sandbox().faults.at(3, Fault::Repeated { carried_out });
        push(&mut user, &tasks);
        let expected = [("One".to_owned(), Some(600)), ("Two".to_owned(), Some(1200))];
        assert_eq!(made_good(&mut user, &tasks), expected);
        let mut ids: Vec<i64> =
            user.sidecar().sessions().filter_map(|(_, _, record)| Some(record.last_sent.as_ref()?.id.0)).collect();
        ids.dedup();
        assert_eq!(ids.len(), 2);
    }
}

/// The first create is carried out and its answer lost; the second, from the same minute, gets the first one's.
#[test]
fn the_answer_to_another_create_is_told_by_its_times() {
    let mut user = User::at(NOON);
    let tasks = [today("Nothing").closed(540, 540), today("Work").closed(540, 580)];
    user.toggl.sandbox().faults.at(2, Fault::CutAfter);
    user.toggl.sandbox().faults.at(3, Fault::Repeated { carried_out: false });
    push(&mut user, &tasks);
    assert_eq!(made_good(&mut user, &tasks), [("Nothing".to_owned(), Some(0)), ("Work".to_owned(), Some(2400))]);
    let sidecar = user.sidecar();
    for (_, task, record) in sidecar.sessions() {
        let id = record.last_sent.as_ref().unwrap().id;
        assert_eq!(user.toggl.sandbox().entry(id.0).unwrap().description, *task.title);
    }
}

#[test]
fn an_intent_is_looked_for_where_it_was_sent() {
    let tasks = [today("First").closed(500, 510), today("Work").closed(540, 550)];
    let mut user = pushed(&tasks[..1]);
    user.toggl.sandbox().add_workspace(OTHER, "Elsewhere");
    user.clock.advance(60_000);
    let saved = user.clock.now() - 5;
    // Saved and sent; the answer is not heard.
    assert!(push_or_die(&mut user, &snapshot(&tasks), saved, &utc(), Some(4)).is_none());
    user.options.selection.workspace = Some(NameOrId::Id(OTHER));
    assert_eq!(made_good(&mut user, &tasks).len(), 2);
    assert_eq!(count(&user, Call::Create), 2);
}

#[test]
fn a_start_takes_nothing_over_from_a_timer_of_someones_own() {
    let mut user = pushed(&[]);
    {
        let mut sandbox = user.toggl.sandbox();
        let id = sandbox.insert("On the phone", NOON - 60, None);
        sandbox.edit(id, |entry| {
            (entry.project_id, entry.tags) = (Some(7), vec!["phone".to_owned()]);
        });
        sandbox.rules.finished_inherits = true;
    }
    push(&mut user, &[today("Work").open(540), today("Before").closed(500, 510)]);
    let sandbox = user.toggl.sandbox();
    for entry in sandbox.entries().iter().filter(|entry| entry.description != "On the phone") {
        assert_eq!((entry.project_id, entry.tags.len()), (None, 0), "{entry:?}");
    }
    assert_eq!(sandbox.entries().len(), 3);
}

#[test]
fn an_entry_whose_start_was_moved_in_toggl_is_stopped_all_the_same() {
    for moved in [-3600, -60, 60, 1200, 7200] {
        let mut user = pushed(&[today("Work").open(540)]);
        let id = user.toggl.sandbox().entries()[0].id;
        user.toggl.sandbox().edit(id, |entry| entry.start += moved);
        assert_eq!(made_good(&mut user, &[today("Work").closed(540, 600)]), [("Work".to_owned(), Some(3600))]);
        assert_eq!(user.toggl.sandbox().running_id(), None);
    }
}

#[test]
fn a_token_that_is_reset_in_mid_run_marks_nothing() {
    for status in [401, 403] {
        let tasks: Vec<TaskBuilder> = (0..6).map(|n| today("Work").closed(500 + n * 10, 505 + n * 10)).collect();
        let mut user = User::at(NOON);
        user.toggl.sandbox().rules.token_status = status;
        user.policy.max_requests = Some(3);
        push(&mut user, &tasks);
        user.policy.max_requests = None;
        let (good, bad) = (user.toggl.clone(), user.toggl.clone().with_token(ANOTHER_TOKEN));
        user.toggl = bad;
        let before = user.requests();
        let report = push(&mut user, &tasks).report;
        assert_eq!((report.end, report.rejected.len()), (Some(StopReason::Send(SendError::TokenRefused(status))), 0));
        assert_eq!(user.requests() - before, 2, "and the question whose token it is");
        user.toggl = good;
        assert_eq!(made_good(&mut user, &tasks).len(), 6);
        // Said once, and no more.
        let mut user = pushed(&tasks[..3]);
        user.toggl.sandbox().faults.times(1, creates, Fault::bare(401, false));
        assert_eq!(made_good(&mut user, &tasks).len(), 6);
    }
}

#[test]
fn what_is_in_a_lost_workspace_is_held_back_and_the_rest_goes_on() {
    for loss in [Loss::Access, Loss::Deleted] {
        for (name, before, mut after) in each_change() {
            let mut user = pushed(&before);
            user.options.prune = (name == "delete").then_some(20);
            {
                let mut sandbox = user.toggl.sandbox();
                sandbox.add_workspace(OTHER, "Elsewhere");
                sandbox.lose_workspace(WORKSPACE, loss);
            }
            user.options.selection.workspace = Some(NameOrId::Id(OTHER));
            after.push(today("More").closed(700, 710));
            let at = format!("{loss:?}, {name}");
            for _ in 0..2 {
                let report = push(&mut user, &after).report;
                assert_eq!((report.end, report.rejected.len()), (None, 0), "{at}");
                assert_eq!(report.lost.len(), 1, "{at}");
                assert_eq!(
                    (report.lost[0].workspace, report.lost[0].reached[0].id),
                    (WorkspaceId(WORKSPACE), WorkspaceId(OTHER)),
                    "{at}"
                );
                assert!(report.left.held_for(HoldReason::Workspace).next().is_some(), "{at}");
                assert!(report.left.operations.is_empty(), "{at}");
            }
            assert_eq!(held(&user).iter().filter(|(title, _)| title == "More").count(), 1, "{at}");
            // It comes back, and all is as it should be.
            user.toggl.sandbox().add_workspace(WORKSPACE, "Back");
            made_good(&mut user, &after);
        }
    }
}

#[test]
fn a_kept_workspace_that_is_lost_is_named_and_nothing_is_marked() {
    for loss in [Loss::Access, Loss::Deleted] {
        let mut user = User::at(NOON);
        user.options.selection.workspace = None;
        push(&mut user, &[today("Work").closed(540, 550)]);
        user.toggl.sandbox().add_workspace(OTHER, "Elsewhere");
        user.toggl.sandbox().lose_workspace(WORKSPACE, loss);
        let more: Vec<TaskBuilder> = (0..9).map(|n| today("Work").closed(540 + n * 10, 550 + n * 10)).collect();
        let before = user.requests();
        let report = push(&mut user, &more).report;
        assert_eq!((report.end, report.rejected.len(), report.lost.len()), (None, 0, 1));
        assert_eq!(
            user.requests() - before,
            5,
            "the look for older sessions, and for what was changed, since nothing is listed; a create, whose token it is, and its workspaces"
        );
        user.options.selection.workspace = Some(NameOrId::Id(OTHER));
        assert_eq!(made_good(&mut user, &more).len(), 9);
    }
}

#[test]
fn a_workspace_that_is_set_wrong_is_found_out_at_the_first_answer() {
    let tasks: Vec<TaskBuilder> = (0..40).map(|n| today("Work").closed(300 + n * 10, 305 + n * 10)).collect();
    let mut user = User::at(NOON);
    user.options.selection.workspace = Some(NameOrId::Id(999));
    let report = push(&mut user, &tasks).report;
    let Some(StopReason::WrongWorkspace { workspace, theirs }) = report.end else { panic!("{:?}", report.end) };
    assert_eq!((workspace, theirs[0].id, report.rejected.len()), (WorkspaceId(999), WorkspaceId(WORKSPACE), 0));
    assert_eq!(user.requests(), 4, "the look, a create, whose token it is, and its workspaces");
    user.options.selection.workspace = Some(NameOrId::Id(WORKSPACE));
    assert_eq!(made_good(&mut user, &tasks).len(), 40);
}

fn locked(tasks: usize) -> (User, Vec<TaskBuilder>) {
    let tasks: Vec<TaskBuilder> =
        (0..u16::try_from(tasks).unwrap()).map(|n| today("Work").closed(300 + n * 10, 305 + n * 10)).collect();
    let user = User::at(NOON);
    user.toggl.sandbox().rules.locked_before = Some(i64::MAX);
    (user, tasks)
}

#[test]
fn what_is_said_to_three_in_a_row_is_about_all_of_them() {
    let (mut user, tasks) = locked(10);
    for _ in 0..2 {
        let before = count(&user, Call::Create);
        let report = push(&mut user, &tasks).report;
        let Some(StopReason::RejectsAll { refusal, sessions }) = report.end else { panic!("{:?}", report.end) };
        assert_eq!((refusal.status, sessions.len(), report.rejected.len()), (400, 3, 0));
        assert_eq!(count(&user, Call::Create) - before, 3);
    }
    // The cause is removed: nothing is marked, and all is sent.
    let disk = user.disk.clone();
    user.toggl.sandbox().rules.locked_before = None;
    assert_eq!(made_good(&mut user, &tasks).len(), 10);
    assert_eq!(user.sidecar().rejects_all, None);
    // It is not: an hour later it is believed.
    user.disk = disk;
    let ids: Vec<i64> = user.toggl.sandbox().entries().iter().map(|entry| entry.id).collect();
    ids.into_iter().for_each(|id| user.toggl.sandbox().remove(id));
    user.toggl.sandbox().rules.locked_before = Some(i64::MAX);
    user.clock.advance(3_600_000);
    let report = push(&mut user, &tasks).report;
    assert_eq!((report.end, report.rejected.len()), (None, 10));
    let before = user.requests();
    push(&mut user, &tasks);
    assert_eq!(user.requests(), before, "not sent again unchanged");
}

#[test]
fn a_session_is_rejected_by_itself_among_others_that_are_accepted() {
    // Two that are rejected are marked, and so are three of which one before was accepted.
    let (mut user, tasks) = locked(2);
    assert_eq!(push(&mut user, &tasks).report.rejected.len(), 2);
    let (mut user, tasks) = locked(4);
    // The newest day comes first, and of a day the earliest.
    user.toggl.sandbox().rules.locked_before = None;
    push(&mut user, &tasks[..1]);
    user.toggl.sandbox().rules.refusals.push(crate::sandbox::Refusal::bad("Bad"));
    let bad: Vec<TaskBuilder> = (0..4).map(|n| today("Bad").closed(600 + n * 10, 605 + n * 10)).collect();
    let good = [tasks[0].clone(), today("Good").closed(590, 595)];
    let report = push(&mut user, &[&good[..], &bad].concat()).report;
    assert_eq!((report.end, report.rejected.len(), report.done.len()), (None, 4, 1));
}

#[test]
fn another_account_holds_everything_back() {
    let tasks = [today("One").closed(540, 550), today("Two").closed(560, 570)];
    let mut user = pushed(&tasks[..1]);
    assert_eq!(user.sidecar().account, Some(AccountId(Person::default().id)));
    let person = Person { id: 77, email: "other@example.com".to_owned(), ..Person::default() };
    user.toggl.sandbox().add_account(Account::new(ANOTHER_TOKEN, person, &[OTHER]));
    let first = user.toggl.clone();
    user.toggl = first.clone().with_token(ANOTHER_TOKEN);
    for _ in 0..2 {
        let report = push(&mut user, &tasks).report;
        let Some(StopReason::OtherAccount { known, token }) = report.end else { panic!("{:?}", report.end) };
        assert_eq!((known, report.rejected.len()), (AccountId(Person::default().id), 0));
        assert!(token.contains("77") && token.contains("other@example.com"), "{token}");
    }
    user.toggl = first;
    assert_eq!(made_good(&mut user, &tasks).len(), 2);
}

/// Who works in the same workspace makes an entry before it is seen whose it is: it is no entry of the session's.
#[test]
fn an_entry_in_another_account_is_not_the_sessions() {
    let tasks = [today("One").closed(540, 550), today("Two").closed(560, 570)];
    let mut user = pushed(&tasks[..1]);
    let person = Person { id: 77, email: "other@example.com".to_owned(), ..Person::default() };
    user.toggl.sandbox().add_account(Account::new(ANOTHER_TOKEN, person, &[WORKSPACE]));
    let first = user.toggl.clone();
    user.toggl = first.clone().with_token(ANOTHER_TOKEN);
    assert!(matches!(push(&mut user, &tasks).report.end, Some(StopReason::OtherAccount { .. })));
    user.toggl = first;
    assert!(made_good(&mut user, &tasks).iter().any(|(title, _)| title == "Two"));
}

/// The look before the first push asks for what the server's clock allows, whatever ours says.
#[test]
fn a_first_look_is_made_by_any_clock() {
    let (minutes, days, years) = (300, 2 * DAY, 40 * 365 * DAY);
    for ahead in [minutes, days, 30 * DAY, years, -minutes, -days, -30 * DAY, -years] {
        for asks_me in [false, true] {
            let mut user = User::at(NOON);
            let clock = user.clock.clone();
            let server = SandboxClock::By(std::sync::Arc::new(move || clock.now_ms() + ahead * 1000));
            user.toggl = InProcess::new(server);
            // Entries are where the sessions are, as after a lost sidecar, by another clock or not.
            for start in [NOON - 3 * 3600, NOON - 2 * 3600] {
                user.toggl.sandbox().insert("Work", start, Some(start + 600));
            }
            user.options.selection.workspace = (!asks_me).then_some(NameOrId::Id(WORKSPACE));
            let report = push(&mut user, &[today("Work").closed(540, 550).closed(600, 610)]).report;
            let is_listed = ahead < 80 * DAY;
            assert_eq!(report.end, None, "{ahead}");
            assert_eq!(report.adopted.len(), if is_listed { 2 } else { 0 }, "{ahead}");
            assert_eq!(user.toggl.sandbox().count(Call::Create), if is_listed { 0 } else { 2 }, "{ahead}");
            assert_eq!(report.skew, Some(ahead));
            assert!(user.toggl.sandbox().count(Call::List) <= 2, "{ahead}");
        }
    }
}

#[test]
fn a_date_that_cannot_be_is_no_reason_to_skip_the_look() {
    // 9999-12-31, 1970-01-01, and none.
    for date in [DateHeader::At(253_402_214_400), DateHeader::At(0), DateHeader::Absent] {
        for workspace in [None, Some(WORKSPACE)] {
            let mut user = User::at(NOON);
            user.toggl.sandbox().rules.date_header = date;
            user.toggl.sandbox().insert("Work", NOON - 3 * 3600, Some(NOON - 3 * 3600 + 600));
            user.options.selection.workspace = workspace.map(NameOrId::Id);
            let report = push(&mut user, &[today("Work").closed(540, 550)]).report;
            assert_eq!((report.end, report.adopted.len()), (None, 1), "{date:?}");
        }
    }
}

#[test]
fn who_cannot_be_reached_at_first_is_not_tried_again() {
    let mut user = User::at(NOON);
    user.toggl.sandbox().faults.when(|_| true, Fault::Unreachable);
    let begin = user.clock.now_ms();
    let report = push(&mut user, &[today("Work").closed(540, 550)]).report;
    assert!(matches!(report.end, Some(StopReason::Send(SendError::Offline(_)))));
    assert_eq!((user.requests(), user.clock.now_ms() - begin), (1, 60_000), "the minute is the test's");
}

#[test]
fn the_plan_says_how_many_requests_a_push_sends() {
    let work = || today("Work").closed(540, 550).closed(560, 570);
    for (workspace, tasks) in
        [(None, vec![work()]), (Some(WORKSPACE), vec![work()]), (None, vec![]), (None, vec![future("Later").open(540)])]
    {
        let mut user = User::at(NOON);
        user.options.selection.workspace = workspace.map(NameOrId::Id);
        for _ in 0..2 {
            let pushed = push(&mut user, &tasks);
            assert_eq!(pushed.report.requests, pushed.planned.requests() + pushed.planned.reading);
        }
    }
    // What is uncertain is looked for, and only that.
    let mut user = User::at(NOON);
    let saved = user.clock.now() - 5;
    assert!(push_or_die(&mut user, &snapshot([work()]), saved, &utc(), Some(8)).is_none());
    let pushed = push(&mut user, &[work()]);
    assert!(pushed.planned.reading >= 1);
}
