//! What a run did, and how to go on.

use chute_toggl::execute::{RejectedSession, Report, StopReason};
use chute_toggl::output::report_text;
use chute_toggl::reconcile::plan::{Operation, OperationKind, Wanted};
use time::Duration as Span;

use super::*;

const MORNING: OffsetDateTime = datetime!(2026-05-11 09:05 +9);

fn operation(kind: OperationKind, title: &str, key: SessionKey) -> Operation {
    Operation {
        kind,
        sessions: vec![key],
        entries: Vec::new(),
        title: title.into(),
        start: MORNING,
        stop: Some(MORNING + Span::minutes(45)),
        changes: Vec::new(),
        inferred: false,
        other_day: None,
        wanted: Wanted::default(),
        left_alone: None,
    }
}

fn key(task: u32) -> SessionKey {
    SessionKey { task: TaskKey { day: 20_260_511, number: task }, session: 0 }
}

fn told_of(scene: &Scene, report: &Report) -> String {
    let text = report_text(&scene.view(), report, &PLAIN);
    assert_fits(&text, 80);
    text
}

/// The report with the breaks inside its paragraphs undone.
fn joined(scene: &Scene, report: &Report) -> String {
    told_of(scene, report).replace("\n  ", " ").replace('\n', " ").trim_end().to_owned()
}

#[test]
fn what_was_done_is_counted_and_listed_on_request() {
    let scene = Scene::new();
    let report = Report {
        done: vec![operation(OperationKind::Stop, "Mail", key(0)), operation(OperationKind::Create, "Report", key(1))],
        requests: 2,
        left: Plan { up_to_date: 412, ..Plan::default() },
        ..Report::default()
    };
    assert_eq!(told_of(&scene, &report), "Sent: stop 1, create 1; 412 up to date; 2 requests.\n");
    assert_eq!(
        report_text(&scene.view(), &report, &VERBOSE),
        "\
Mon 2026-05-11  1:30 h
  . stop    09:05-09:50  0:45  Mail    was running
  + create  09:05-09:50  0:45  Report  new

Sent: stop 1, create 1; 412 up to date; 2 requests.
"
    );
}

#[test]
fn up_to_date_is_one_line() {
    let report = Report { left: Plan { up_to_date: 412, ..Plan::default() }, ..Report::default() };
    assert_eq!(told_of(&Scene::new(), &report), "Up to date: 412 sessions.\n");
}

#[test]
fn what_was_found_in_toggl_is_told() {
    let scene = Scene::new().with("A", session(MORNING, MORNING), told("A"));
    let report = Report { adopted: vec![key(0)], requests: 1, ..Report::default() };
    let text = told_of(&scene, &report);
    assert!(text.starts_with("1 session was in Toggl already and was adopted, not sent twice.\n"), "{text}");
    let listed = report_text(&scene.view(), &report, &VERBOSE);
    assert!(listed.contains("  Mon 2026-05-11 09:05-09:05  A\n"), "{listed}");
    let window = Some(time::macros::date!(2026 - 02 - 12));
    let report = Report { adopted: vec![key(0)], assumed: vec![key(1), key(2)], window_starts: window, ..report };
    assert!(
        joined(&scene, &report).contains(
            "2 sessions are not among what Toggl lists (nothing before Thu 2026-02-12) and are assumed to be there as \
             well. If they are not, `chute-toggl push --send-unlisted` sends them."
        ),
        "{}",
        joined(&scene, &report)
    );
    let report = Report { window_starts: window, ..Report::default() };
    assert!(joined(&scene, &report).starts_with("Toggl lists nothing before Thu 2026-02-12, so it is not known"));
}

#[test]
fn every_refusal_says_what_to_do() {
    let table: &[(u16, &str, &str)] = &[
        (
            400,
            "Project is a required field in this workspace",
            "set it in `config.toml`, `TOGGL_PROJECT_ID_DEFAULT` or",
        ),
        (400, "Tags are a required field in this workspace", "`TOGGL_TAGS_DEFAULT`, or fill it in in Toggl"),
        (400, "Description is required", "The workspace asks for that field"),
        (400, "time entries of this period are locked", "The period is locked: have it unlocked in Toggl"),
        (400, "Project is archived", "The project is archived: set another one in `config.toml`"),
        (400, "Time entry is too long", "Toggl takes no entry of 1,000 hours or more"),
        (400, "duration exceeds 999 hours", "Toggl takes no entry of 1,000 hours or more"),
        (400, "Project not found", "Check the project in `config.toml`"),
        (402, "billable is a feature of another plan", "The plan of the workspace does not include that"),
        (403, "User cannot access the workspace", "check `TOGGL_WORKSPACE_ID`"),
        (400, "this entry is not acceptable", "Correct the session in Chute_kun; or"),
        (400, "the field has been blocked", "Correct the session in Chute_kun; or"),
        (418, "", "Toggl said nothing (418). Correct the session in Chute_kun"),
    ];
    let scene = Scene::new().with("Report", session(MORNING, MORNING), |_| {});
    for &(status, text, advice) in table {
        let refused = vec![RejectedSession { session: key(0), status, text: text.to_owned() }];
        let report = Report { rejected: refused, requests: 1, ..Report::default() };
        let told = joined(&scene, &report);
        assert!(told.starts_with("Toggl rejected 1 session: Toggl said "), "{told}");
        assert!(told.contains(text) && told.contains(&format!("({status})")), "{told}");
        assert!(told.contains(advice), "{told}");
        assert!(told.contains("Mon 2026-05-11 09:05-09:05  Report"), "{told}");
    }
}

#[test]
fn equal_refusals_stand_together_and_many_stay_short() {
    let mut scene = Scene::new();
    let mut refused = Vec::new();
    for at in 0..5000 {
        let session = scene.add("T", session(MORNING, MORNING), |_| {});
        refused.push(RejectedSession { session, status: 400, text: "Project is archived".to_owned() });
        refused.push(RejectedSession { session, status: 400, text: format!("odd {at}") });
    }
    let text = told_of(&scene, &Report { rejected: refused, ..Report::default() });
    assert!(text.contains("Toggl rejected 10,000 sessions:\n"), "{text}");
    assert_eq!(text.matches("Project is archived").count(), 1, "{text}");
    assert!(text.contains("  … and 4,990 more; `-v` lists them.\n"), "{text}");
    assert!(text.contains("… and 4,991 more, for other reasons; `chute-toggl status -v` lists them.\n"), "{text}");
    assert!(text.lines().count() < 80, "{text}");
}

#[test]
fn what_is_uncertain_says_who_looks() {
    let scene = Scene::new().with("A", session(MORNING, MORNING), |record| record.intent = Some(intent()));
    let report = Report { uncertain: vec![key(0)], requests: 1, ..Report::default() };
    let told = joined(&scene, &report);
    assert!(told.contains("1 session may or may not be in Toggl, because the answer"), "{told}");
    assert!(
        told.contains("The next push looks there before it sends it again: Mon 2026-05-11 09:05-09:05  A"),
        "{told}"
    );
    let report = Report { uncertain: vec![key(0)], unlistable: vec![key(0)], ..Report::default() };
    let told = joined(&scene, &report);
    assert!(told.contains("is too old for Toggl to list. Look in Toggl: if it is not there,"), "{told}");
    assert!(!told.contains("The next push looks"), "{told}");
}

#[test]
fn every_end_says_what_to_do_and_from_when() {
    let now = NOW.unix_timestamp();
    let table: Vec<(StopReason, &str)> = vec![
        (
            StopReason::Send(SendError::Quota(now + 2700)),
            "The quota is used up until 14:05; run again then, or let `chute-toggl push --wait` wait.",
        ),
        // A second past the minute is the next one: at 14:05 it would be too early.
        (
            StopReason::Send(SendError::Quota(now + 2701)),
            "The quota is used up until 14:06; run again then, or let `chute-toggl push --wait` wait.",
        ),
        (
            StopReason::Send(SendError::Quota(now + 11 * 3600)),
            "The quota is used up until Tue 2026-05-12 00:20; run again then, or let `chute-toggl push --wait` wait.",
        ),
        (
            StopReason::Send(SendError::RateLimited),
            "Toggl says again and again that requests come too fast (429); run again from 13:21 on.",
        ),
        (
            StopReason::Send(SendError::Trouble("Toggl answered 503".to_owned())),
            "Toggl is in trouble (Toggl answered 503); run again from 13:21 on.",
        ),
        (
            StopReason::Send(SendError::Offline("no such host.".to_owned())),
            "Toggl could not be reached (no such host); run again as soon as it can be.",
        ),
        (StopReason::Send(SendError::MaxRequests), "The limit of `--max-requests` is reached; run again at any time."),
        (
            StopReason::Send(SendError::Interrupted),
            "Interrupted. What was done is recorded; the next run goes on from there.",
        ),
        (
            StopReason::Send(SendError::TokenRefused(403)),
            "Toggl refused the token (403). Set `TOGGL_API_TOKEN` to the API token at the bottom of \
             https://track.toggl.com/profile.",
        ),
        (
            StopReason::Send(SendError::CallGone),
            "Toggl says that this version of its API is no longer there (410). Look for a newer `chute-toggl`.",
        ),
        (
            StopReason::NoWorkspace("Toggl named no default workspace (status 200)".to_owned()),
            "No workspace is known (Toggl named no default workspace (status 200)). Set `TOGGL_WORKSPACE_ID` to the \
             number of yours.",
        ),
        (
            StopReason::Save("No space left on device".to_owned()),
            "The sidecar could not be saved (No space left on device). Check that its folder can be written to and has \
             room, then run again: what was sent but not recorded is looked up in Toggl first.",
        ),
    ];
    let mut scene = Scene::new();
    let session = scene.add("A", session(MORNING, MORNING), |_| {});
    for (end, sentence) in table {
        let left = Plan { operations: vec![operation(OperationKind::Create, "A", session)], ..Plan::default() };
        let report = Report { end: Some(end), left, requests: 3, ..Report::default() };
        let expected = format!("Nothing sent; still to send: create 1; 0 up to date; 3 requests. {sentence}");
        assert_eq!(joined(&scene, &report), expected);
    }
    // More cannot be sent before the reset, whatever `--max-requests` says.
    let scene = Scene::new().quota(0, 2700);
    let report = Report { end: Some(StopReason::Send(SendError::MaxRequests)), ..Report::default() };
    assert!(joined(&scene, &report).ends_with("is reached; run again from 14:05 on."));
}

#[test]
fn what_was_refused_before_is_counted_only() {
    let scene = Scene::new().with("A", session(MORNING, MORNING), |r| r.rejected = Some(rejection(400, "no")));
    let held = vec![chute_toggl::reconcile::plan::Held {
        session: key(0),
        why: chute_toggl::reconcile::plan::HoldReason::Rejected,
    }];
    let report = Report { left: Plan { held, up_to_date: 2, ..Plan::default() }, ..Report::default() };
    assert_eq!(
        joined(&scene, &report),
        "1 session that Toggl rejected before is unchanged: `chute-toggl status` lists it, and `chute-toggl push \
         --acknowledge` puts an end to exit code 6 for it. Nothing sent; 2 up to date; held back: 1 rejected; 0 requests."
    );
    let all = report_text(&scene.view(), &report, &VERBOSE);
    assert!(all.contains("Toggl said \"no\" (400)."), "{all}");
}
