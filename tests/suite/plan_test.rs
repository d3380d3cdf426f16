//! The plan: what is sent for which change, in which order, in how many requests.

use chute_toggl::reconcile::plan::{Change, Operation, OperationKind, Wanted, fingerprint};
use chute_toggl::zone::Zone;
use time::macros::date;

use crate::support::in_process::User;
use crate::support::snapshot_builder::{TaskBuilder, past, snapshot, today};
use crate::support::test_home::{TestHome, one_session};

/// 2026-05-11 09:00 UTC.
const NOW: i64 = 1_778_490_000;

fn utc() -> Zone {
    Zone::named("UTC").unwrap()
}

/// A task of today that is paused.
fn closed(title: &str, sessions: &[(u16, u16)]) -> TaskBuilder {
    sessions.iter().fold(today(title).planned(20_260_511), |task, &(start, end)| task.closed(start, end))
}

fn running(title: &str, start: u16) -> TaskBuilder {
    today(title).planned(20_260_511).open(start)
}

#[test]
fn the_present_comes_first_and_then_the_newest_day() {
    let mut user = User::at(NOW);
    let active = running("Running", 500);
    let renamed = closed("Old name", &[(100, 110)]);
    let stopped = closed("Other", &[(120, 130)]);
    user.push(&snapshot(&[active, renamed, stopped]), NOW - 60, &utc());

    // The running one was paused, another one is running, one was renamed, one edited, and there are two new ones, of
    // which one was worked on an hour before midnight.
    let paused = closed("Running", &[(500, 550)]);
    let renamed = closed("New name", &[(100, 110)]);
    let edited = closed("Other", &[(120, 131)]);
    let next = running("Next", 600);
    let new = closed("New", &[(560, 570)]);
    user.clock.advance(2 * 3_600_000);
    let pushed = user.push(&snapshot(&[paused, renamed, edited, next, new]), NOW + 7000, &utc());
    let kinds: Vec<OperationKind> = pushed.planned.operations.iter().map(|operation| operation.kind).collect();
    assert_eq!(
        kinds,
        [
            OperationKind::Stop,
            OperationKind::Start,
            OperationKind::Update,
            OperationKind::Update,
            OperationKind::Create
        ]
    );
    let done: Vec<OperationKind> = pushed.report.done.iter().map(|operation| operation.kind).collect();
    assert_eq!(done, kinds, "what is planned is done, in that order");
    let log = user.toggl.sandbox().log.clone();
    let methods: Vec<&str> = log[log.len() - 5..].iter().map(|line| line.method.as_str()).collect();
    assert_eq!(methods, ["PUT", "POST", "PUT", "PUT", "POST"]);
    user.toggl.sandbox().assert_clean();
}

/// Only an entry that is to be halted has its start moved first: after the halt it would run again.
#[test]
fn the_edited_start_of_a_closed_session_waits_for_the_present() {
    let mut user = User::at(NOW);
    let active = running("Running", 500);
    user.push(&snapshot(&[active, closed("Other", &[(120, 130)])]), NOW - 60, &utc());
    let stopped = closed("Running", &[(500, 550)]);
    let edited = closed("Other", &[(119, 130)]);
    let next = running("Next", 600);
    user.clock.advance(2 * 3_600_000);
    let pushed = user.push(&snapshot(&[stopped, edited, next]), NOW + 7000, &utc());
    let kinds: Vec<OperationKind> = pushed.planned.operations.iter().map(|operation| operation.kind).collect();
    assert_eq!(kinds, [OperationKind::Stop, OperationKind::Start, OperationKind::Update]);
}

#[test]
fn of_new_sessions_the_newest_day_comes_first_and_in_it_the_earliest() {
    let mut user = User::at(NOW);
    // From this midnight on, and from before it.
    let evening = closed("Late", &[(1300, 1310), (1320, 1330)]);
    let morning = closed("Early", &[(20, 30), (40, 50)]);
    let pushed = user.push(&snapshot(&[evening, morning]), NOW - 60, &utc());
    let starts: Vec<(i64, u8)> = (pushed.report.done.iter())
        .map(|operation| (operation.start.unix_timestamp(), operation.start.minute()))
        .collect();
    let in_order = [(20, "Early"), (40, "Early"), (1300, "Late"), (1320, "Late")];
    assert_eq!(starts.iter().map(|&(_, minute)| minute).collect::<Vec<_>>(), in_order.map(|(at, _)| (at % 60) as u8));
    assert!(starts[2].0 < starts[0].0, "the evening was yesterday's");
}

#[test]
fn a_rename_of_many_entries_is_one_request_a_hundred() {
    let sessions: Vec<(u16, u16)> = (0..250).map(|n| (n * 2, n * 2 + 1)).collect();
    let mut user = User::at(NOW);
    user.push(&snapshot(&[closed("Old name", &sessions)]), NOW - 60, &utc());
    user.clock.advance(60_000);
    let before = user.requests();
    let renamed = snapshot(&[closed("New name", &sessions)]);
    let pushed = user.push(&renamed, NOW, &utc());
    assert_eq!((pushed.report.end, user.requests() - before), (None, 3));
    let sizes: Vec<usize> = pushed.planned.operations.iter().map(|operation| operation.sessions.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(user.toggl.sandbox().entries().iter().all(|entry| entry.description == "New name"));
}

#[test]
fn a_bulk_rename_that_fails_for_some_is_finished_one_by_one() {
    let sessions = [(100, 110), (120, 130), (140, 150)];
    let mut user = User::at(NOW);
    user.push(&snapshot(&[closed("Old name", &sessions)]), NOW - 60, &utc());
    let times = |user: &User| {
        let mut times: Vec<_> = user.toggl.sandbox().entries().iter().map(|entry| (entry.start, entry.stop)).collect();
        times.sort_unstable();
        times
    };
    let worked = times(&user);
    let gone = user.toggl.sandbox().entries()[1].id;
    user.toggl.sandbox().remove(gone);
    user.toggl.sandbox().rules.bulk_revives = false;
    user.clock.advance(60_000);
    let before = user.requests();
    let pushed = user.push(&snapshot(&[closed("New name", &sessions)]), NOW, &utc());
    // The bulk, the one that is not there, the three proofs of that, and that one made anew.
    assert_eq!((pushed.report.end, user.requests() - before), (None, 6));
    let entries = user.toggl.sandbox().entries();
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|entry| entry.description == "New name" && entry.id != gone));
    assert_eq!(times(&user), worked, "the new one has the times of its own session");
}

#[test]
fn a_bulk_rename_that_brings_an_entry_back_is_done() {
    let sessions = [(100, 110), (120, 130)];
    let mut user = User::at(NOW);
    user.push(&snapshot(&[closed("Old name", &sessions)]), NOW - 60, &utc());
    let deleted = user.toggl.sandbox().entries()[1].id;
    user.toggl.sandbox().remove(deleted);
    user.clock.advance(60_000);
    let before = user.requests();
    let pushed = user.push(&snapshot(&[closed("New name", &sessions)]), NOW, &utc());
    assert_eq!((pushed.report.end, user.requests() - before), (None, 1));
    let entries = user.toggl.sandbox().entries();
    assert_eq!((entries.len(), entries[1].id), (2, deleted));
    assert!(entries.iter().all(|entry| entry.description == "New name"));
}

#[test]
fn changes_of_one_session_are_one_request() {
    let mut user = User::at(NOW);
    user.push(&snapshot(&[running("Old name", 500)]), NOW - 60, &utc());
    user.clock.advance(600_000);
    let before = user.requests();
    let text = snapshot(&[closed("New name", &[(500, 545)])]);
    let pushed = user.push(&text, NOW + 500, &utc());
    assert_eq!(user.requests() - before, 1);
    let changes = &pushed.planned.operations[0].changes;
    assert!(matches!(changes[..], [Change::Title(_), Change::Stop(None)]), "{changes:?}");
    let entry = user.toggl.sandbox().entries()[0].clone();
    assert_eq!((entry.description.as_str(), entry.stop.map(|stop| stop - entry.start)), ("New name", Some(45 * 60)));
}

#[test]
fn days_that_were_not_asked_for_are_left_for_another_push() {
    let mut user = User::at(NOW);
    let done = |title: &str, ymd: u32| past(title).planned(ymd).closed(600, 610).done(ymd, 610);
    let text = snapshot(&[done("A", 20_260_506), done("B", 20_260_507), done("C", 20_260_508)]);
    user.options.since = Some(date!(2026 - 05 - 07));
    user.options.until = Some(date!(2026 - 05 - 07));
    user.push(&text, NOW - 60, &utc());
    let titles = |user: &User| {
        let mut titles: Vec<String> =
            user.toggl.sandbox().entries().into_iter().map(|entry| entry.description).collect();
        titles.sort();
        titles
    };
    assert_eq!(titles(&user), ["B"]);
    user.options.since = None;
    user.options.until = None;
    user.push(&text, NOW - 60, &utc());
    assert_eq!(titles(&user), ["A", "B", "C"]);
}

#[test]
fn pruning_deletes_what_is_gone_and_refuses_to_delete_many() {
    let tasks: Vec<TaskBuilder> = (0..23).map(|n| closed(&format!("Task {n}"), &[(n * 20, n * 20 + 10)])).collect();
    let mut user = User::at(NOW);
    user.push(&snapshot(&tasks), NOW - 60, &utc());
    user.clock.advance(60_000);
    let left = snapshot(&tasks[..2]);
    let pushed = user.push(&left, NOW, &utc());
    assert_eq!(pushed.report.requests, 0, "gone from the snapshot, not from Toggl");

    user.options.prune = Some(20);
    let pushed = user.push(&left, NOW, &utc());
    assert_eq!((pushed.report.requests, pushed.planned.too_many_to_prune), (0, Some(21)));
    assert_eq!(user.toggl.sandbox().entries().len(), 23, "none is deleted if they are too many");

    user.options.prune = Some(21);
    let pushed = user.push(&left, NOW, &utc());
    assert_eq!(pushed.report.requests, 21);
    assert_eq!(user.toggl.sandbox().entries().len(), 2);
    assert_eq!(user.sidecar().sessions().count(), 2);
    assert_eq!(user.push(&left, NOW, &utc()).report.requests, 0);
}

#[test]
fn pruning_too_much_is_exit_6_on_the_real_binary() {
    let home = TestHome::with_binary();
    home.save(&one_session("Write report", 540, 600));
    home.run(&["push"]).exits(0);
    home.save(&snapshot([] as [TaskBuilder; 0]));
    home.run(&["push", "--prune", "--max-delete", "0"]).exits(6).says("--max-delete");
    assert_eq!(home.toggl.sandbox().entries().len(), 1);
    home.run(&["push", "--prune"]).exits(0);
    assert_eq!(home.toggl.sandbox().entries().len(), 0);
}

#[test]
fn project_and_tags_go_on_new_entries_only() {
    let home =
        TestHome::with_work().with("TOGGL_PROJECT_ID_DEFAULT", "7").with("TOGGL_TAGS_DEFAULT", " deep work,, focus ");
    home.run(&["push"]).exits(0);
    let entry = home.toggl.sandbox().entries()[0].clone();
    assert_eq!((entry.project_id, entry.tags), (Some(7), vec!["deep work".to_owned(), "focus".to_owned()]));
    let home = home.with("TOGGL_PROJECT_ID_DEFAULT", "8").with("TOGGL_TAGS_DEFAULT", "other");
    home.save(&one_session("Write report", 540, 601));
    home.run(&["push"]).exits(0);
    assert_eq!(home.toggl.sandbox().entries()[0].project_id, Some(7));
}

#[test]
fn the_workspace_is_asked_for_once() {
    let home = TestHome::with_work().without("TOGGL_WORKSPACE_ID");
    home.run(&["push"]).exits(0);
    home.save(&one_session("Write report", 540, 601));
    home.run(&["push"]).exits(0);
    let sandbox = home.toggl.sandbox();
    assert_eq!(sandbox.log.iter().filter(|line| line.target == "/me").count(), 1);
}

#[test]
fn one_odd_session_is_left_out_and_the_others_go_on() {
    let home = TestHome::new();
    let odd = snapshot(&[closed("Odd", &[(540, 550), (1500, 1510), (560, 570)])]);
    home.save(&odd);
    home.run(&["push"]).exits(6).says("Odd");
    assert_eq!(home.toggl.sandbox().entries().len(), 2);
    let open_first = odd.replace("start_min = 1500\nend_min = 1510\n", "start_min = 555\n");
    home.save(&open_first);
    home.run(&["push"]).exits(6);
    assert_eq!(home.toggl.sandbox().entries().len(), 2);
}

#[test]
fn a_dry_run_opens_no_socket_writes_no_file_and_lists_what_push_does() {
    let home = TestHome::with_work();
    let files = home.files();
    let ran = home.run(&["push", "-n", "--exit-code", "--format", "json"]).exits(3);
    assert_eq!((home.toggl.connections(), home.files() == files), (0, true));
    let planned: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let ran = home.run(&["push", "--format", "json"]).exits(0);
    let done: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(planned["operations"], done["operations"]);
    assert_eq!(planned["requests"], done["requests"]);
    home.run(&["push", "-n", "--exit-code"]).exits(0);
}

#[test]
fn a_quota_that_is_used_up_is_exit_4_with_the_time_and_costs_nothing() {
    let home = TestHome::with_work();
    home.toggl.sandbox().rules.workspace_total = 1;
    home.save(&snapshot([today("A").closed(10, 20).closed(30, 40)]));
    home.run(&["push"]).exits(4).says("until");
    let sent = home.toggl.connections();
    home.run(&["push"]).exits(4);
    assert_eq!(home.toggl.connections(), sent, "no request while the quota is known to be empty");
    assert_eq!(home.toggl.sandbox().log.iter().filter(|line| line.status == Some(402)).count(), 0);
}

#[test]
fn a_server_that_is_not_there_is_exit_4_and_a_refused_token_is_exit_7() {
    let home = TestHome::with_work().with("TOGGL_API_URL", "http://127.0.0.1:1/api/v9");
    home.run(&["push"]).exits(4).says("reach");
    let home = TestHome::with_work().with("TOGGL_API_TOKEN", "ffffffffffffffffffffffffffffffff");
    home.run(&["push"]).exits(7).says("TOGGL_API_TOKEN");
    assert_eq!(home.toggl.sandbox().log.len(), 2, "and whose token it is, and no further request");
}

/// It is kept in the sidecar: another program, or another version, must know it again.
#[test]
fn the_fingerprint_of_what_was_refused_is_the_same_for_ever() {
    let mut user = User::at(NOW);
    let pushed = user.push(&snapshot(&[closed("Tea", &[(100, 110)])]), NOW - 60, &utc());
    let operation = &pushed.report.done[0];
    assert_eq!(fingerprint(operation), "f012969708921d0b");
    let wanted = Wanted { tags: ["a".to_owned()].into(), ..Wanted::default() };
    let tagged = Operation { wanted, ..operation.clone() };
    assert_ne!(fingerprint(&tagged), fingerprint(operation));
}

/// Once the dry run said 0: that the session is open again was passed over where it had a change to send as well.
#[test]
fn a_session_that_is_open_again_needs_attention_beside_its_other_changes() {
    let home = TestHome::with_work();
    home.run(&["push"]).exits(0);
    // The edit is not sent, and then the end is gone.
    home.save(&one_session("Write report", 540, 605));
    home.run(&["push", "--max-requests", "0"]).exits(4);
    home.save(&one_session("Write report", 540, 605).replacen("end_min = 605\n", "", 1));
    home.run(&["push", "-n"]).exits(6);
    home.run(&["push"]).exits(6).says("reopened");
    home.run(&["push", "-n"]).exits(6);
    let entry = home.toggl.sandbox().entries()[0].clone();
    assert_eq!(entry.stop.map(|stop| stop - entry.start), Some(65 * 60));
}

/// Once it was exit 4, "run again at any time".
#[test]
fn what_is_rejected_again_needs_attention() {
    let home = TestHome::with_work();
    home.toggl.sandbox().rules.refusals.push(crate::sandbox::Refusal::bad("Write report"));
    home.run(&["push"]).exits(6);
    home.run(&["push", "--retry-rejected"]).exits(6);
    home.run(&["push"]).exits(6);
}
