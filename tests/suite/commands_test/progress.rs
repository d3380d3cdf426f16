//! What a push shows while it lasts.

use std::time::Duration;

use chute_toggl::execute::{Event, Watch as _};
use chute_toggl::output::progress::{Progress, Show};
use chute_toggl::toggl::{self, Answer, Failure, NewEntry, QuotaHeaders};
use chute_toggl::zone::Zone;

use super::{home, save};
use crate::sandbox::{Call, SimClock};

/// 2026-05-11 09:00:00 UTC.
const NINE: i64 = 1_778_490_000;

const SHOW: Show = Show { columns: Some(80), requests: false, waits: true, pace: Duration::from_secs(1) };

/// What is written on the terminal while these events happen, each so many milliseconds after the one before.
fn written(show: Show, events: &[(i64, Event<'_>)]) -> String {
    let clock = SimClock::at(NINE);
    let zone = Zone::named("UTC").unwrap();
    let mut err = Vec::new();
    let mut progress = Progress::new(&mut err, &clock, &zone, show);
    for (ms, event) in events {
        clock.advance(*ms);
        progress.event(event);
    }
    drop(progress);
    String::from_utf8(err).unwrap()
}

/// What stands on the terminal at last, line by line, and the texts that stood there before.
fn lines(written: &str) -> Vec<String> {
    written.split(['\r', '\n']).map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn post() -> toggl::Call {
    let start = time::OffsetDateTime::UNIX_EPOCH;
    let entry = NewEntry { description: "Work".to_owned(), start, stop: None, project: None, tags: Vec::new() };
    toggl::Call::Create { workspace: toggl::WorkspaceId(1), entry }
}

fn ok(remaining: i64, resets_in: i64) -> Answer {
    Answer {
        status: 200,
        body: "secret body".to_owned(),
        quota: Some(QuotaHeaders { remaining, resets_in: Some(resets_in) }),
        retry_after: None,
        date: None,
    }
}

#[test]
fn a_push_that_is_over_soon_shows_nothing() {
    let settled = |done| Event::Settled { done, left: 2 - done };
    assert_eq!(written(SHOW, &[(400, settled(0)), (400, settled(1)), (600, settled(2))]), "");
}

#[test]
fn a_long_push_shows_one_line_and_takes_it_away() {
    let (request, answer) = (post(), ok(20, 1800));
    let events = [(1000, Event::Answered(&request, &answer)), (1000, Event::Settled { done: 1, left: 10 })];
    let text = written(SHOW, &events);
    assert_eq!(lines(&text), ["1 of 11 sent, 20 requests left this hour, finished about 09:01"]);
    assert!(text.ends_with(" \r") && !text.contains('\n'), "{text:?}");
}

#[test]
fn where_stderr_is_no_terminal_no_line_is_shown() {
    let show = Show { columns: None, ..SHOW };
    assert_eq!(written(show, &[(9000, Event::Settled { done: 1, left: 10 })]), "");
}

#[test]
fn a_wait_for_the_quota_says_until_when_and_when_it_will_all_be_done() {
    let (request, answer) = (post(), ok(0, 1800));
    // 100 are left at 30 an hour: 30, 30, 30 from 09:30, 10:30 and 11:30 on, and 10 more at 12:30.
    let events = [
        (1000, Event::Settled { done: 1, left: 100 }),
        (0, Event::Answered(&request, &answer)),
        (0, Event::WaitingForQuota(NINE + 1800)),
        (1800 * 1000, Event::Sending(&request)),
    ];
    let lines = lines(&written(SHOW, &events));
    assert_eq!(lines[0], "1 of 101 sent, quota used up, goes on at 09:30, finished about 12:31");
    assert!(!lines[1].contains("quota"), "{lines:?}");
    // Without --wait it will not be done in this run.
    let show = Show { waits: false, ..SHOW };
    let events = [(2000, Event::Answered(&request, &answer)), (200, Event::Settled { done: 1, left: 100 })];
    let text = written(show, &events);
    assert!(!text.contains("finished"), "{text}");
}

/// What is on the terminal at last when so many are done and left, after so many seconds.
fn foretold(seconds: i64, (done, left): (usize, usize), quota: Option<(i64, i64)>) -> String {
    let (request, answer) = (post(), quota.map(|(remaining, resets_in)| ok(remaining, resets_in)));
    let mut events = Vec::new();
    if let Some(answer) = &answer {
        events.push((0, Event::Answered(&request, answer)));
    }
    events.push((seconds * 1000, Event::Settled { done, left }));
    lines(&written(SHOW, &events)).pop().unwrap_or_default()
}

#[test]
fn the_end_is_foretold_from_the_speed_so_far_and_the_quota() {
    // A minute each so far, but never quicker than the pace.
    assert_eq!(foretold(600, (10, 20), None), "10 of 30 sent, finished about 09:30");
    assert_eq!(foretold(2, (100, 600), None), "100 of 700 sent, finished about 09:11");
    // As many as are left this hour; one more takes the next.
    assert_eq!(
        foretold(600, (10, 20), Some((20, 1800))),
        "10 of 30 sent, 20 requests left this hour, finished about 09:30"
    );
    assert_eq!(
        foretold(600, (10, 21), Some((20, 1800))),
        "10 of 31 sent, 20 requests left this hour, finished about 09:31"
    );
    assert_eq!(
        foretold(600, (10, 22), Some((20, 1800))),
        "10 of 32 sent, 20 requests left this hour, finished about 09:32"
    );
    // Thirty an hour from the reset on: the thirty-first of them comes an hour later.
    assert_eq!(
        foretold(600, (10, 50), Some((20, 1800))),
        "10 of 60 sent, 20 requests left this hour, finished about 10:00"
    );
    assert_eq!(
        foretold(600, (10, 51), Some((20, 1800))),
        "10 of 61 sent, 20 requests left this hour, finished about 10:31"
    );
    // Nothing can be said before the first, nor after the last.
    assert_eq!(foretold(600, (0, 20), None), "0 of 20 sent");
    assert_eq!(foretold(600, (20, 0), None), "20 of 20 sent");
}

/// An hour that was slept through says nothing of the speed.
#[test]
fn a_wait_for_the_quota_does_not_count_as_slowness() {
    let (request, none, full) = (post(), ok(0, 1800), ok(29, 3600));
    let events = [
        (600_000, Event::Settled { done: 10, left: 20 }),
        (0, Event::Answered(&request, &none)),
        (0, Event::WaitingForQuota(NINE + 1800)),
        (1_200_000, Event::Sending(&request)),
        (1000, Event::Answered(&request, &full)),
        (59_000, Event::Settled { done: 11, left: 19 }),
    ];
    let lines = lines(&written(SHOW, &events));
    assert_eq!(lines.last().unwrap(), "11 of 30 sent, 29 requests left this hour, finished about 09:50");
}

#[test]
fn the_line_is_not_drawn_anew_for_every_request() {
    let settled = |done| Event::Settled { done, left: 9 - done };
    let text = written(SHOW, &[(2000, settled(1)), (10, settled(2)), (10, settled(3)), (1000, settled(4))]);
    assert!(text.contains("1 of 9") && !text.contains("2 of 9") && !text.contains("3 of 9"), "{text:?}");
    assert!(text.contains("4 of 9"), "{text:?}");
}

#[test]
fn the_line_fits_the_terminal() {
    let text = written(Show { columns: Some(20), ..SHOW }, &[(2000, Event::Settled { done: 1, left: 10 })]);
    assert!(lines(&text).iter().all(|line| line.chars().count() < 20), "{text:?}");
}

#[test]
fn verbose_tells_of_each_request_and_of_no_body() {
    let (request, answer) = (post(), ok(25, 60));
    let failure = Failure::Unknown("cut\u{1b}[2J".to_owned());
    let show = Show { requests: true, ..SHOW };
    let events = [
        (0, Event::Answered(&request, &answer)),
        (2000, Event::Settled { done: 1, left: 1 }),
        (200, Event::Failed(&request, &failure)),
    ];
    let text = written(show, &events);
    assert!(text.starts_with("POST /workspaces/1/time_entries -> 200 (quota 25 left)\n"), "{text:?}");
    assert!(text.contains("POST /workspaces/1/time_entries -> no answer: cut\\u{1b}[2J\n"), "{text:?}");
    assert!(!text.contains("secret"), "{text:?}");
    // The line is taken away before anything else is written.
    let cleared =
        format!("\r{}\rPOST", " ".repeat("1 of 2 sent, 25 requests left this hour, finished about 09:01".len()));
    assert!(text.contains(&cleared), "{text:?}");
}

#[test]
fn a_verbose_push_names_its_requests_on_stderr_and_nothing_in_json() {
    let home = home();
    save(&home, &[("報告", -90, Some(-30))], 0);
    let ended = home.run(&["push", "-v", "--format", "json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.json()["schema"], 1);
    let requests: Vec<&str> = ended.err.lines().collect();
    assert_eq!(requests.len(), home.toggl.sandbox().log.len(), "{ended:?}");
    assert_eq!(requests[0], "GET /me -> 200 (quota 29 left)");
    assert!(requests[2].starts_with("POST /workspaces/4200042/time_entries -> 200 (quota "), "{requests:?}");
    assert!(requests[2].ends_with("  報告") && !requests[1].contains("報告"), "{requests:?}");
    assert!(!ended.err.contains('\r'), "{ended:?}");
    assert_eq!(home.toggl.sandbox().count(Call::Create), 1);
}
