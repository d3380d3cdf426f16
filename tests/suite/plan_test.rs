//! The plan: what is sent for which change, in which order, in how many requests.

use std::fmt::Write as _;

use chute_toggl::reconcile::plan::{Change, Defaults, OperationKind, fingerprint};
use chute_toggl::zone::Zone;
use time::macros::date;

use crate::home::{Home, one_session};
use crate::rig::Rig;

/// 2026-05-11 09:00 UTC.
const NOW: i64 = 1_778_490_000;

fn utc() -> Zone {
    Zone::named("UTC").unwrap()
}

/// A task of one list with closed sessions, and an open one if `open`.
fn task(list: &str, title: &str, state: &str, closed: &[(u16, u16)], open: Option<u16>) -> String {
    let mut text = format!(
        "\n[[{list}]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = 0\nactual_carry_sec = 0\nstate = \"{state}\"\n\
         planned_ymd = 20260511\ncategory = \"Work\"\n"
    );
    for (start, end) in closed {
        write!(text, "\n[[{list}.sessions]]\nstart_min = {start}\nend_min = {end}\n").unwrap();
    }
    if let Some(start) = open {
        write!(text, "\n[[{list}.sessions]]\nstart_min = {start}\n").unwrap();
    }
    text
}

fn snapshot(tasks: &[String]) -> String {
    format!("version = 1\n{}", tasks.concat())
}

#[test]
fn the_present_comes_first_and_then_the_newest_day() {
    let mut rig = Rig::at(NOW);
    let running = task("today", "Running", "Active", &[], Some(500));
    let renamed = task("today", "Old name", "Paused", &[(100, 110)], None);
    let stopped = task("today", "Other", "Paused", &[(120, 130)], None);
    rig.push(&snapshot(&[running, renamed, stopped]), NOW - 60, &utc());

    // The running one was paused, another one is running, one was renamed, one edited, and there are two new ones, of
    // which one was worked on an hour before midnight.
    let paused = task("today", "Running", "Paused", &[(500, 550)], None);
    let renamed = task("today", "New name", "Paused", &[(100, 110)], None);
    let edited = task("today", "Other", "Paused", &[(120, 131)], None);
    let next = task("today", "Next", "Active", &[], Some(600));
    let new = task("today", "New", "Paused", &[(560, 570)], None);
    rig.clock.advance(2 * 3_600_000);
    let pushed = rig.push(&snapshot(&[paused, renamed, edited, next, new]), NOW + 7000, &utc());
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
    let log = rig.toggl.sandbox().log.clone();
    let methods: Vec<&str> = log[log.len() - 5..].iter().map(|line| line.method.as_str()).collect();
    assert_eq!(methods, ["PUT", "POST", "PUT", "PUT", "POST"]);
    rig.toggl.sandbox().assert_clean();
}

/// Only an entry that is to be halted has its start moved first: after the halt it would run again.
#[test]
fn the_edited_start_of_a_closed_session_waits_for_the_present() {
    let mut rig = Rig::at(NOW);
    let running = task("today", "Running", "Active", &[], Some(500));
    rig.push(&snapshot(&[running, task("today", "Other", "Paused", &[(120, 130)], None)]), NOW - 60, &utc());
    let stopped = task("today", "Running", "Paused", &[(500, 550)], None);
    let edited = task("today", "Other", "Paused", &[(119, 130)], None);
    let next = task("today", "Next", "Active", &[], Some(600));
    rig.clock.advance(2 * 3_600_000);
    let pushed = rig.push(&snapshot(&[stopped, edited, next]), NOW + 7000, &utc());
    let kinds: Vec<OperationKind> = pushed.planned.operations.iter().map(|operation| operation.kind).collect();
    assert_eq!(kinds, [OperationKind::Stop, OperationKind::Start, OperationKind::Update]);
}

#[test]
fn of_new_sessions_the_newest_day_comes_first_and_in_it_the_earliest() {
    let mut rig = Rig::at(NOW);
    // From this midnight on, and from before it.
    let evening = task("today", "Late", "Paused", &[(1300, 1310), (1320, 1330)], None);
    let morning = task("today", "Early", "Paused", &[(20, 30), (40, 50)], None);
    let pushed = rig.push(&snapshot(&[evening, morning]), NOW - 60, &utc());
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
    let mut rig = Rig::at(NOW);
    rig.push(&snapshot(&[task("today", "Old name", "Paused", &sessions, None)]), NOW - 60, &utc());
    rig.clock.advance(60_000);
    let before = rig.requests();
    let renamed = snapshot(&[task("today", "New name", "Paused", &sessions, None)]);
    let pushed = rig.push(&renamed, NOW, &utc());
    assert_eq!((pushed.report.end, rig.requests() - before), (None, 3));
    let sizes: Vec<usize> = pushed.planned.operations.iter().map(|operation| operation.sessions.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(rig.toggl.sandbox().entries().iter().all(|entry| entry.description == "New name"));
}

#[test]
fn a_bulk_rename_that_fails_for_some_is_finished_one_by_one() {
    let sessions = [(100, 110), (120, 130), (140, 150)];
    let mut rig = Rig::at(NOW);
    rig.push(&snapshot(&[task("today", "Old name", "Paused", &sessions, None)]), NOW - 60, &utc());
    let times = |rig: &Rig| {
        let mut times: Vec<_> = rig.toggl.sandbox().entries().iter().map(|entry| (entry.start, entry.stop)).collect();
        times.sort_unstable();
        times
    };
    let worked = times(&rig);
    let gone = rig.toggl.sandbox().entries()[1].id;
    rig.toggl.sandbox().remove(gone);
    rig.toggl.sandbox().rules.bulk_revives = false;
    rig.clock.advance(60_000);
    let before = rig.requests();
    let pushed = rig.push(&snapshot(&[task("today", "New name", "Paused", &sessions, None)]), NOW, &utc());
    // The bulk, the one that is not there, and that one made anew.
    assert_eq!((pushed.report.end, rig.requests() - before), (None, 3));
    let entries = rig.toggl.sandbox().entries();
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|entry| entry.description == "New name" && entry.id != gone));
    assert_eq!(times(&rig), worked, "the new one has the times of its own session");
}

#[test]
fn a_bulk_rename_that_brings_an_entry_back_is_done() {
    let sessions = [(100, 110), (120, 130)];
    let mut rig = Rig::at(NOW);
    rig.push(&snapshot(&[task("today", "Old name", "Paused", &sessions, None)]), NOW - 60, &utc());
    let deleted = rig.toggl.sandbox().entries()[1].id;
    rig.toggl.sandbox().remove(deleted);
    rig.clock.advance(60_000);
    let before = rig.requests();
    let pushed = rig.push(&snapshot(&[task("today", "New name", "Paused", &sessions, None)]), NOW, &utc());
    assert_eq!((pushed.report.end, rig.requests() - before), (None, 1));
    let entries = rig.toggl.sandbox().entries();
    assert_eq!((entries.len(), entries[1].id), (2, deleted));
    assert!(entries.iter().all(|entry| entry.description == "New name"));
}

#[test]
fn changes_of_one_session_are_one_request() {
    let mut rig = Rig::at(NOW);
    rig.push(&snapshot(&[task("today", "Old name", "Active", &[], Some(500))]), NOW - 60, &utc());
    rig.clock.advance(600_000);
    let before = rig.requests();
    let text = snapshot(&[task("today", "New name", "Paused", &[(500, 545)], None)]);
    let pushed = rig.push(&text, NOW + 500, &utc());
    assert_eq!(rig.requests() - before, 1);
    let changes = &pushed.planned.operations[0].changes;
    assert!(matches!(changes[..], [Change::Title(_), Change::Stop(None)]), "{changes:?}");
    let entry = rig.toggl.sandbox().entries()[0].clone();
    assert_eq!((entry.description.as_str(), entry.stop.map(|stop| stop - entry.start)), ("New name", Some(45 * 60)));
}

#[test]
fn days_that_were_not_asked_for_are_left_for_another_push() {
    let mut rig = Rig::at(NOW);
    let done = |title: &str, ymd: u32| {
        task("past", title, "Done", &[(600, 610)], None)
            .replace("planned_ymd = 20260511", &format!("finished_at_min = 610\nplanned_ymd = {ymd}\ndone_ymd = {ymd}"))
    };
    let text = snapshot(&[done("A", 20_260_506), done("B", 20_260_507), done("C", 20_260_508)]);
    rig.options.since = Some(date!(2026 - 05 - 07));
    rig.options.until = Some(date!(2026 - 05 - 07));
    rig.push(&text, NOW - 60, &utc());
    let titles = |rig: &Rig| {
        let mut titles: Vec<String> =
            rig.toggl.sandbox().entries().into_iter().map(|entry| entry.description).collect();
        titles.sort();
        titles
    };
    assert_eq!(titles(&rig), ["B"]);
    rig.options.since = None;
    rig.options.until = None;
    rig.push(&text, NOW - 60, &utc());
    assert_eq!(titles(&rig), ["A", "B", "C"]);
}

#[test]
fn pruning_deletes_what_is_gone_and_refuses_to_delete_many() {
    let tasks: Vec<String> =
        (0..23).map(|n| task("today", &format!("Task {n}"), "Paused", &[(n * 20, n * 20 + 10)], None)).collect();
    let mut rig = Rig::at(NOW);
    rig.push(&snapshot(&tasks), NOW - 60, &utc());
    rig.clock.advance(60_000);
    let left = snapshot(&tasks[..2]);
    let pushed = rig.push(&left, NOW, &utc());
    assert_eq!(pushed.report.requests, 0, "gone from the snapshot, not from Toggl");

    rig.options.prune = Some(20);
    let pushed = rig.push(&left, NOW, &utc());
    assert_eq!((pushed.report.requests, pushed.planned.prune_refused), (0, Some(21)));
    assert_eq!(rig.toggl.sandbox().entries().len(), 23, "none is deleted if they are too many");

    rig.options.prune = Some(21);
    let pushed = rig.push(&left, NOW, &utc());
    assert_eq!(pushed.report.requests, 21);
    assert_eq!(rig.toggl.sandbox().entries().len(), 2);
    assert_eq!(rig.sidecar().sessions().count(), 2);
    assert_eq!(rig.push(&left, NOW, &utc()).report.requests, 0);
}

#[test]
fn pruning_too_much_is_exit_6_on_the_real_binary() {
    let home = Home::with_work();
    home.run(&["push"]).exits(0);
    home.save("version = 1\ntoday = []\nfuture = []\npast = []\n");
    home.run(&["push", "--prune", "--max-delete", "0"]).exits(6).says("--max-delete");
    assert_eq!(home.toggl.sandbox().entries().len(), 1);
    home.run(&["push", "--prune"]).exits(0);
    assert_eq!(home.toggl.sandbox().entries().len(), 0);
}

#[test]
fn project_and_tags_go_on_new_entries_only() {
    let home =
        Home::with_work().with("TOGGL_PROJECT_ID_DEFAULT", "7").with("TOGGL_TAGS_DEFAULT", " deep work,, focus ");
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
    let home = Home::with_work().without("TOGGL_WORKSPACE_ID");
    home.run(&["push"]).exits(0);
    home.save(&one_session("Write report", 540, 601));
    home.run(&["push"]).exits(0);
    let sandbox = home.toggl.sandbox();
    assert_eq!(sandbox.log.iter().filter(|line| line.target == "/me").count(), 1);
}

#[test]
fn one_odd_session_is_left_out_and_the_others_go_on() {
    let home = Home::new();
    let odd = snapshot(&[task("today", "Odd", "Paused", &[(540, 550), (1500, 1510), (560, 570)], None)]);
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
    let home = Home::with_work();
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
    let home = Home::with_work();
    home.toggl.sandbox().rules.workspace_total = 1;
    home.save(&snapshot(&[task("today", "A", "Paused", &[(10, 20), (30, 40)], None)]).replace("20260511", "0"));
    home.run(&["push"]).exits(4).says("until");
    let sent = home.toggl.connections();
    home.run(&["push"]).exits(4);
    assert_eq!(home.toggl.connections(), sent, "no request while the quota is known to be empty");
    assert_eq!(home.toggl.sandbox().log.iter().filter(|line| line.status == Some(402)).count(), 0);
}

#[test]
fn a_server_that_is_not_there_is_exit_4_and_a_refused_token_is_exit_7() {
    let home = Home::with_work().with("TOGGL_API_URL", "http://127.0.0.1:1/api/v9");
    home.run(&["push"]).exits(4).says("reach");
    let home = Home::with_work().with("TOGGL_API_TOKEN", "ffffffffffffffffffffffffffffffff");
    home.run(&["push"]).exits(7).says("TOGGL_API_TOKEN");
    assert_eq!(home.toggl.sandbox().log.len(), 1, "and no further request");
}

/// It is kept in the sidecar: another program, or another version, must know it again.
#[test]
fn the_fingerprint_of_what_was_refused_is_the_same_for_ever() {
    let mut rig = Rig::at(NOW);
    let pushed = rig.push(&snapshot(&[task("today", "Tea", "Paused", &[(100, 110)], None)]), NOW - 60, &utc());
    let operation = &pushed.report.done[0];
    assert_eq!(fingerprint(operation, &Defaults::default()), "f012969708921d0b");
    let tagged = Defaults { tags: vec!["a".to_owned()], ..Defaults::default() };
    assert_ne!(fingerprint(operation, &tagged), fingerprint(operation, &Defaults::default()));
}

/// Once the dry run said 0: that the session is open again was passed over where it had a change to send as well.
#[test]
fn a_session_that_is_open_again_needs_attention_beside_its_other_changes() {
    let home = Home::with_work();
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
    let home = Home::with_work();
    home.toggl.sandbox().rules.refusals.push(crate::sandbox::Refusal::bad("Write report"));
    home.run(&["push"]).exits(6);
    home.run(&["push", "--retry-rejected"]).exits(6);
    home.run(&["push"]).exits(6);
}
