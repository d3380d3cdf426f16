//! No older sidecar, other list, file time or single entry that looks alike makes an entry double, vanish or move.

use chute_toggl::reconcile::recovery::Provenance;
use chute_toggl::sidecar::{Revision, SavedLast, Sidecar};
use chute_toggl::zone::Zone;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::sandbox::{Call, Entry, Fault, LogLine};
use crate::support::in_process::{Pushed, User, push_or_die};
use crate::support::snapshot_builder::{TaskBuilder, snapshot, today};
use crate::support::test_home::TestHome;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 3600;

/// A task of today that was planned for a day (`YYYYMMDD`), with sessions in minutes.
fn task(title: &str, planned: u32, sessions: &[(u16, Option<u16>)]) -> TaskBuilder {
    today(title).planned(planned).sessions(sessions)
}

/// The same, finished on a day in the minute in which its last session ended.
fn done(title: &str, day: u32, (start, end): (u16, u16)) -> TaskBuilder {
    task(title, day, &[(start, Some(end))]).done(day, end)
}

fn unix(at: OffsetDateTime) -> i64 {
    at.unix_timestamp()
}

/// Pushes what was saved at this instant, a few seconds later.
fn push(user: &mut User, saved: OffsetDateTime, tasks: &[TaskBuilder]) -> Pushed {
    user.clock.set(unix(saved) + 20);
    let pushed = user.push(&snapshot(tasks), unix(saved), &Zone::named("UTC").unwrap());
    assert_eq!(pushed.report.end, None);
    user.toggl.sandbox().assert_clean();
    pushed
}

/// Text, start and stop of every entry, in the order of the starts.
fn held(user: &User) -> Vec<(String, i64, Option<i64>)> {
    let mut held: Vec<_> = user
        .toggl
        .sandbox()
        .entries()
        .into_iter()
        .map(|Entry { description, start, stop, .. }| (description, start, stop))
        .collect();
    held.sort_by_key(|(_, start, _)| *start);
    held
}

fn requests(user: &User, path: &str) -> usize {
    user.toggl.sandbox().log.iter().filter(|line| line.target.starts_with(path)).count()
}

const SAVED: OffsetDateTime = datetime!(2026-05-12 18:00 UTC);
const TODAY: u32 = 20_260_512;

/// Once all that the copy did not hold was made again.
#[test]
fn an_older_sidecar_doubles_nothing() {
    let first = [task("Mail", TODAY, &[(540, Some(555))])];
    let mut second = first.to_vec();
    second.extend([task("Report", TODAY, &[(600, Some(660))]), task("Call", TODAY, &[(700, Some(710))])]);
    let mut user = User::at(unix(SAVED));
    push(&mut user, datetime!(2026-05-12 09:30 UTC), &first);
    let copy = user.disk.clone();
    push(&mut user, SAVED, &second);
    user.disk = copy;
    second.push(task("Tea", TODAY, &[(1090, Some(1095))]));
    let pushed = push(&mut user, SAVED + time::Duration::minutes(20), &second);
    assert_eq!((pushed.report.adopted.len(), pushed.report.done.len(), held(&user).len()), (2, 1, 4));
    let sent = user.requests();
    push(&mut user, SAVED + time::Duration::minutes(30), &second);
    assert_eq!(user.requests(), sent);
}

/// Nor when the list in which they are looked for is empty for once, or shows a part. Toggl is asked in another way as well.
#[test]
fn one_list_is_no_proof_after_a_loss() {
    for body in ["[]", "null", "part"] {
        for is_older in [true, false] {
            let tasks: Vec<_> = (0..4).map(|n| task("Mail", TODAY, &[(540 + n * 20, Some(555 + n * 20))])).collect();
            let mut user = User::at(unix(SAVED));
            push(&mut user, datetime!(2026-05-12 09:30 UTC), &tasks[..1]);
            let copy = user.disk.clone();
            push(&mut user, SAVED, &tasks);
            user.disk = if is_older { copy } else { Vec::new() };
            let lists = |line: &LogLine| line.call == Some(Call::List);
            let mut part = "[".to_owned();
            user.toggl.sandbox().entries()[1].push_json(&mut part, 0, 7);
            let body = if body == "part" { part + "]" } else { body.to_owned() };
            let wrong = Fault::Status { code: 200, body: body.clone(), carried_out: false };
            user.toggl.sandbox().faults.times(1, lists, wrong);
            push(&mut user, SAVED + time::Duration::minutes(20), &tasks);
            assert_eq!(held(&user).len(), 4, "{body} older: {is_older}");
        }
    }
}

/// A copy names an entry that was deleted in Toggl and made anew since: the new one is the session's.
#[test]
fn an_older_sidecar_finds_what_was_made_anew() {
    let tasks = |end: u16| [task("Mail", TODAY, &[(540, Some(end))]), task("Report", TODAY, &[(600, Some(660))])];
    let mut user = User::at(unix(SAVED));
    push(&mut user, datetime!(2026-05-12 09:30 UTC), &tasks(555)[..1]);
    let copy = user.disk.clone();
    let id = user.toggl.sandbox().entries()[0].id;
    user.toggl.sandbox().remove(id);
    push(&mut user, SAVED, &tasks(556));
    user.disk = copy;
    push(&mut user, SAVED + time::Duration::minutes(20), &tasks(557));
    assert_eq!(held(&user).len(), 2);
}

/// What the copy does not hold is dated anew, and may seem to be of another day, or be read by another clock.
#[test]
fn an_older_sidecar_moves_nothing() {
    for (zone, days) in [("UTC", 0), ("UTC", 2), ("Europe/Berlin", 0), ("Asia/Tokyo", 1)] {
        let first = [task("Mail", TODAY, &[(540, Some(555))])];
        let mut second = first.to_vec();
        second.push(task("Report", TODAY, &[(600, Some(660)), (700, Some(710))]));
        let mut user = User::at(unix(SAVED));
        push(&mut user, datetime!(2026-05-12 09:30 UTC), &first);
        let copy = user.disk.clone();
        push(&mut user, SAVED, &second);
        let before = held(&user);
        user.disk = copy;
        let saved = unix(SAVED) + days * DAY + 1200;
        user.clock.set(saved + 20);
        let report = user.push(&snapshot(&second), saved, &Zone::named(zone).unwrap()).report;
        assert_eq!((report.end, report.adopted.len()), (None, 2), "{zone}, {days}");
        assert_eq!(held(&user), before, "{zone}, {days}");
        assert!(user.sidecar().lost_until.is_none(), "looked for, and no more");
    }
}

/// A task was renamed since the copy was made: its entry has the title of then.
#[test]
fn an_older_sidecar_finds_what_was_renamed() {
    for end in [None, Some(660)] {
        let tasks = |title: &str, end| [task("Mail", TODAY, &[(540, Some(555))]), task(title, TODAY, &[(600, end)])];
        let mut user = User::at(unix(SAVED));
        push(&mut user, datetime!(2026-05-12 09:30 UTC), &tasks("", None)[..1]);
        let copy = user.disk.clone();
        push(&mut user, SAVED, &tasks("Draft", end));
        user.disk = copy;
        push(&mut user, SAVED + time::Duration::minutes(20), &tasks("Report", Some(660)));
        let titles: Vec<String> = held(&user).into_iter().map(|(title, ..)| title).collect();
        assert_eq!(titles, ["Mail", "Report"]);
    }
}

/// Of a sidecar that this machine knows nothing of one look tells whether it is the newest. On the one that saved it last
/// none is needed, nor where nothing is made.
#[test]
fn an_unknown_sidecar_is_proven_once_before_anything_is_made() {
    let mut tasks = vec![task("Mail", TODAY, &[(540, Some(555))])];
    let mut user = User::at(unix(SAVED));
    push(&mut user, datetime!(2026-05-12 09:30 UTC), &tasks);
    let looks = requests(&user, "/me/time_entries");
    user.remembered =
        Some(SavedLast { revision: Revision { lineage: "another".to_owned(), serial: 1 }, last_snapshot_saved: None });
    push(&mut user, datetime!(2026-05-12 09:40 UTC), &tasks);
    assert_eq!(requests(&user, "/me/time_entries"), looks, "nothing is to be made");
    for end in [610, 620] {
        tasks.push(task("Report", TODAY, &[(end - 10, Some(end))]));
        push(&mut user, datetime!(2026-05-12 00:00 UTC) + time::Duration::minutes(i64::from(end)), &tasks);
        assert_eq!(requests(&user, "/me/time_entries"), looks + 1, "one look");
    }
    assert_eq!(held(&user).len(), 3);
}

/// A sidecar that is lost, and then an empty list or one with one new task, before the old list is back.
#[test]
fn a_list_that_is_back_after_a_loss_is_looked_for() {
    let old = [task("Mail", TODAY, &[(540, Some(555))]), task("Report", TODAY, &[(600, Some(660)), (700, None)])];
    for meanwhile in [vec![], vec![task("Garden", TODAY, &[(725, Some(730))])]] {
        for days in [0, 1] {
            let mut user = User::at(unix(SAVED));
            push(&mut user, datetime!(2026-05-12 12:00 UTC), &old);
            user.disk.clear();
            push(&mut user, datetime!(2026-05-12 12:20 UTC), &meanwhile);
            let mut back = old.to_vec();
            back[1] = task("Report", TODAY, &[(600, Some(660)), (700, Some(750))]);
            push(&mut user, SAVED + time::Duration::days(days), &back);
            assert_eq!(held(&user).len(), 3 + meanwhile.len(), "{days}: {:?}", held(&user));
        }
    }
}

/// An empty, an older or another list lies there for a push or two while life goes on, and then the right one is back.
#[test]
fn a_list_that_was_away_for_a_while_doubles_nothing() {
    let before = [
        task("Mail", TODAY, &[(540, Some(555))]),
        task("Report", TODAY, &[(600, Some(660)), (700, None)]),
        task("Call", TODAY, &[(670, Some(680))]),
    ];
    let after = [
        task("Mail", TODAY, &[(540, Some(555)), (800, Some(820))]),
        task("Report", TODAY, &[(600, Some(661)), (700, Some(760))]),
        task("Call", TODAY, &[(670, Some(680))]),
        task("Tea", TODAY, &[(830, Some(840))]),
    ];
    let lists = [vec![], before[..1].to_vec(), vec![task("Garden", TODAY, &[(721, Some(722))])]];
    for away in &lists {
        for pushes in [1, 2] {
            let mut user = User::at(unix(SAVED));
            push(&mut user, datetime!(2026-05-12 12:00 UTC), &before);
            for minutes in 0..pushes {
                push(&mut user, datetime!(2026-05-12 14:30 UTC) + time::Duration::minutes(minutes), away);
            }
            push(&mut user, SAVED, &after);
            let begins = unix(datetime!(2026-05-12 00:00 UTC));
            let minutes: Vec<_> = held(&user)
                .into_iter()
                .filter(|(title, ..)| title != "Garden")
                .map(|(title, start, stop)| {
                    (title, (start - begins) / MINUTE, stop.map(|stop| (stop - begins) / MINUTE))
                })
                .collect();
            let expected = [
                ("Mail", 540, 555),
                ("Report", 600, 661),
                ("Call", 670, 680),
                ("Report", 700, 760),
                ("Mail", 800, 820),
                ("Tea", 830, 840),
            ];
            assert_eq!(minutes, expected.map(|(title, start, stop)| (title.to_owned(), start, Some(stop))));
        }
    }
}

/// What got another title meanwhile, whether it has ended or not: nobody does two things in the same minutes.
#[test]
fn what_was_renamed_while_another_list_lay_there_keeps_its_entry() {
    for away in [vec![], vec![task("Garden", TODAY, &[(721, Some(722))])]] {
        for end in [None, Some(725)] {
            let mut user = User::at(unix(SAVED));
            let before = [task("Mail", TODAY, &[(540, Some(555))]), task("Report", TODAY, &[(700, None)])];
            push(&mut user, datetime!(2026-05-12 12:00 UTC), &before);
            push(&mut user, datetime!(2026-05-12 12:10 UTC), &away);
            push(&mut user, SAVED, &[task("Post", TODAY, &[(540, Some(555))]), task("Paper", TODAY, &[(700, end)])]);
            let titles: Vec<_> = held(&user).into_iter().map(|(title, ..)| title).filter(|it| it != "Garden").collect();
            assert_eq!(titles, ["Post", "Paper"]);
        }
    }
}

/// A session that ran when another list came, and has ended when the right one is back: nothing in its task is as it was.
#[test]
fn what_ended_while_another_list_lay_there_keeps_its_entry() {
    for away in [vec![], vec![task("Garden", TODAY, &[(721, Some(722))])]] {
        let mut user = User::at(unix(SAVED));
        push(&mut user, datetime!(2026-05-12 12:00 UTC), &[task("Report", TODAY, &[(700, None)])]);
        push(&mut user, datetime!(2026-05-12 12:10 UTC), &away);
        let back = [task("Mail", TODAY, &[(730, Some(735))]), task("Report", 20_260_511, &[(700, Some(725))])];
        push(&mut user, SAVED, &back);
        let reports = held(&user).into_iter().filter(|(title, ..)| title == "Report");
        let begins = unix(datetime!(2026-05-12 00:00 UTC));
        let minutes: Vec<_> = reports
            .map(|(_, start, stop)| ((start - begins) / MINUTE, stop.map(|stop| (stop - begins) / MINUTE)))
            .collect();
        assert_eq!(minutes, [(700, Some(725))]);
    }
}

/// Once the session took the entry of the 22nd, which then lay on the 24th.
#[test]
fn a_first_push_moves_no_entry_of_another_day() {
    let at = |day: i64, minute: i64| unix(datetime!(2026-05-22 00:00 UTC)) + day * DAY + minute * MINUTE;
    for session in [task("Mail", 20_260_524, &[(540, Some(555))]), done("Mail", 20_260_524, (540, 555))] {
        let mut user = User::at(at(2, 720));
        user.toggl.sandbox().insert("Mail", at(0, 540), Some(at(0, 555)));
        user.toggl.sandbox().insert("Report", at(2, 600), Some(at(2, 660)));
        let pushed = push(
            &mut user,
            datetime!(2026-05-24 12:00 UTC),
            &[session, task("Report", 20_260_524, &[(600, Some(660))])],
        );
        assert_eq!((pushed.report.adopted.len(), pushed.report.done.len()), (1, 1));
        let mail: Vec<i64> =
            held(&user).into_iter().filter(|(title, ..)| title == "Mail").map(|(_, start, _)| start).collect();
        assert_eq!(mail, [at(0, 540), at(2, 540)]);
    }
}

/// After a loss the entry of a deleted task is not that of a new one whose day its finish says.
#[test]
fn after_a_loss_a_session_whose_day_is_certain_is_not_swallowed() {
    let others: Vec<TaskBuilder> = (0..4).map(|n| done("Other", 20_260_510, (600 + n * 20, 610 + n * 20))).collect();
    let mut user = User::at(unix(SAVED));
    let before = [&[done("Mail", 20_260_510, (540, 555))], &others[..]].concat();
    push(&mut user, datetime!(2026-05-10 18:00 UTC), &before);
    user.disk.clear();
    let pushed = push(&mut user, SAVED, &[&others[..], &[done("Mail", TODAY, (540, 555))]].concat());
    assert_eq!((pushed.report.adopted.len(), pushed.report.done.len(), held(&user).len()), (4, 1, 6));
}

/// A file's time that is hours early: once what was finished was put a day before the day of its finish.
#[test]
fn a_finish_is_on_its_day_whatever_the_files_time() {
    for hours in [1, 3, 10, 13, 20, 23] {
        let home = TestHome::new().with("TZ", "UTC");
        let noon = unix(datetime!(2026-05-12 12:00 UTC));
        let push = |tasks: &[TaskBuilder], saved: i64| {
            home.clock().set(noon + 60);
            home.save_at(&snapshot(tasks), saved);
            home.run(&["push"]).exits(0);
        };
        push(&[done("First", 20_260_509, (540, 555))], noon - 2 * DAY);
        push(&[done("First", 20_260_509, (540, 555)), done("Mail", TODAY, (700, 720))], noon - hours * 3600);
        let entries = home.toggl.sandbox().entries();
        let mail = entries.iter().find(|entry| entry.description == "Mail").unwrap();
        assert_eq!(mail.stop, Some(noon), "{hours} h early");
    }
}

/// Once the session was put a day earlier, and one that ran was a day long.
#[test]
fn a_file_time_a_little_before_the_last_minute_is_no_day_earlier() {
    let noon = datetime!(2026-05-12 12:00 UTC);
    let sessions = [
        done("Mail", TODAY, (700, 720)),
        task("Mail", TODAY, &[(700, Some(720))]),
        task("Mail", TODAY, &[(720, None)]),
    ];
    for minutes in [0, 4] {
        for (n, session) in sessions.iter().enumerate() {
            for has_pushed in [false, true] {
                let mut user = User::at(unix(SAVED));
                let mut tasks = vec![task("First", TODAY, &[(540, Some(555))])];
                if has_pushed {
                    push(&mut user, datetime!(2026-05-12 11:30 UTC), &tasks);
                }
                tasks.push(session.clone());
                push(&mut user, noon - time::Duration::minutes(minutes) - time::Duration::seconds(1), &tasks);
                let start = unix(noon) - if n == 2 { 0 } else { 20 * MINUTE };
                let entry = held(&user).pop().unwrap();
                assert_eq!((entry.1, entry.2), (start, (n != 2).then_some(unix(noon))), "{n} {minutes} {has_pushed}");
            }
        }
    }
    // Nothing says so of a task that was planned for the day before, and two days were not pushed.
    let mut user = User::at(unix(SAVED));
    push(&mut user, datetime!(2026-05-10 18:00 UTC), &[task("First", 20_260_510, &[(540, Some(555))])]);
    let tasks = [task("First", 20_260_510, &[(540, Some(555))]), task("Old", 20_260_511, &[(700, Some(720))])];
    push(&mut user, noon - time::Duration::minutes(3), &tasks);
    assert_eq!(held(&user).pop().unwrap().2, Some(unix(noon) - DAY));
}

/// The same bytes are the same snapshot: once an older time of the file was taken for an older copy.
#[test]
fn the_same_bytes_with_another_file_time_are_the_same_snapshot() {
    let tasks = [task("Mail", TODAY, &[(540, Some(555))])];
    let mut user = User::at(unix(SAVED));
    push(&mut user, SAVED, &tasks);
    let (sent, disk) = (user.requests(), user.disk.clone());
    for seconds in [-1, 1, -40 * DAY, 40 * DAY] {
        push(&mut user, SAVED + time::Duration::seconds(seconds), &tasks);
        assert!(user.requests() == sent && user.disk == disk, "{seconds}");
    }
}

/// Once the record counted as removed, and `--prune` deleted the entry of a session that is there.
#[test]
fn an_invalid_minute_keeps_its_record_and_nothing_is_pruned() {
    let sessions = [(540, Some(550)), (600, Some(610)), (700, Some(710))];
    for (at, invalid) in [
        (0, (1500, Some(550))),
        (1, (600, Some(1500))),
        (1, (1500, Some(1510))),
        (1, (600, None)),
        (2, (1700, Some(710))),
        (2, (700, Some(2000))),
    ] {
        for (others, moved) in [(0, false), (2, false), (2, true), (0, true)] {
            let slipped = if others == 0 { sessions[at..=at].to_vec() } else { sessions.to_vec() };
            let mut broken = slipped.clone();
            broken[if others == 0 { 0 } else { at }] = invalid;
            if others == 0 && invalid.1.is_none() {
                continue;
            }
            let mut user = User::at(unix(SAVED));
            user.options.prune = Some(20);
            let mail = task("Mail", TODAY, &[(450, Some(460))]);
            push(&mut user, SAVED, &[task("Report", TODAY, &slipped), mail.clone()]);
            let before = held(&user);
            let mut tasks = vec![task("Report", TODAY, &broken), mail.clone()];
            if moved {
                tasks.swap(0, 1);
            }
            push(&mut user, SAVED + time::Duration::minutes(1), &tasks);
            assert_eq!(held(&user), before, "{invalid:?} {others} {moved}");
            // Corrected, all is as it was.
            push(&mut user, SAVED + time::Duration::minutes(2), &[task("Report", TODAY, &slipped), mail]);
            assert_eq!(held(&user), before, "{invalid:?} {others} {moved}");
        }
    }
}

/// Deleted by mistake, pushed, and restored with one edited minute: once all sessions of the task were doubled.
#[test]
fn a_task_that_returns_with_an_edited_minute_doubles_nothing() {
    let task = |end| task("Report", TODAY, &[(540, Some(550)), (600, Some(end)), (700, Some(710))]);
    let mut user = User::at(unix(SAVED));
    let mail = self::task("Mail", TODAY, &[(450, Some(460))]);
    push(&mut user, SAVED, &[mail.clone(), task(610)]);
    push(&mut user, SAVED + time::Duration::minutes(1), std::slice::from_ref(&mail));
    push(&mut user, SAVED + time::Duration::minutes(2), &[mail, task(620)]);
    assert_eq!(held(&user).len(), 4);
}

/// Once nothing was kept of it, and after a few such pushes sessions of days ago were dated as of today.
#[test]
fn a_first_push_that_dies_at_its_first_request_keeps_its_save_instant() {
    let mut user = User::at(unix(SAVED));
    let zone = Zone::named("UTC").unwrap();
    let mut tasks = Vec::new();
    for day in 0..3 {
        let saved = unix(SAVED) + day * DAY;
        tasks.push(task("Mail", 0, &[(540, Some(555))]));
        user.clock.set(saved + 5);
        // Saving, saved, sending.
        assert!(push_or_die(&mut user, &snapshot(&tasks), saved, &zone, Some(3)).is_none());
        assert_eq!(user.sidecar().last_snapshot_saved, Some(saved));
    }
    push(&mut user, SAVED + time::Duration::days(3), &tasks);
    let nine = unix(datetime!(2026-05-12 09:00 UTC));
    let starts: Vec<i64> = held(&user).iter().map(|(_, start, _)| *start).collect();
    assert_eq!(starts, [nine, nine + DAY, nine + 2 * DAY]);
}

/// Ids that are none and times that cannot be are damage, and nothing is sent by them.
#[test]
fn ids_and_times_that_cannot_be_are_refused() {
    let tasks = [task("Mail", TODAY, &[(540, Some(555))])];
    let mut user = User::at(unix(SAVED));
    push(&mut user, SAVED, &tasks);
    let text = String::from_utf8(user.disk.clone()).unwrap();
    let id = format!("\"id\":{}", user.toggl.sandbox().entries()[0].id);
    let workspace = format!("\"workspace\":{}", crate::sandbox::WORKSPACE);
    assert!(text.contains(&id) && text.contains(&workspace), "{text}");
    for (was, is) in [(&id, "\"id\":0"), (&id, "\"id\":-5"), (&workspace, "\"workspace\":0")] {
        assert!(Sidecar::from_json(text.replacen(was, is, 1).as_bytes()).is_err(), "{is}");
    }
    let intent = |since: i64| {
        let intent = format!(
            "\"start\":\"2026-05-12T09:00:00Z\",\"intent\":{{\"since\":{since},\"start\":\"2026-05-12T09:00:00Z\",\
             \"description\":\"Mail\"}}"
        );
        let start = text.find("\"id\"").unwrap();
        let end = start + text[start..].find('}').unwrap();
        Sidecar::from_json(format!("{}{intent}{}", &text[..start], &text[end..]).as_bytes())
    };
    assert!(intent(5).is_ok(), "{:?}", intent(5));
    assert!(intent(-1).is_err());
}

/// Two sidecars of different content never pass for one another: what is saved after a copy was put back gets no serial
/// that was given before.
#[test]
fn a_copy_goes_on_from_the_serial_that_was_saved_last() {
    let revision = |serial| Revision { lineage: "a".to_owned(), serial };
    let mut copy = Sidecar { revision: revision(2), ..Sidecar::default() };
    let last = SavedLast { revision: revision(5), last_snapshot_saved: None };
    Provenance::of(Some(&copy.revision), Some(&last)).apply(&mut copy, Some(&last));
    copy.advance(|| 0);
    for earlier in 1..=5 {
        let is = Provenance::of(Some(&revision(earlier)), Some(&copy.saved_last()));
        assert_eq!(is, Provenance::Older, "{earlier}, by {:?}", copy.revision);
    }
}
