//! A sidecar that is lost in mid-life: the next push rebuilds it from what Toggl lists, and doubles nothing.
//!
//! What is guaranteed: a session whose title and minutes are as they were when it was pushed is found again, on
//! whichever day it was, if it started within the three months that Toggl lists. What was edited, renamed or first
//! worked on since is not known again by that. Around a move to another zone a few can be missed. Sessions too old to be
//! listed are taken to be in Toggl and are not sent. So are those that were over a week before the latest one that is found
//! and are missing. Only what may have been worked on since the last push is sent, whatever it is. A session that says its
//! own day, ending with the finish of its task, is looked for on that day only: what says it wrongly is sent.

use std::collections::BTreeSet;

use chute_toggl::chute_kun::snapshot::parse;
use chute_toggl::clock::Clock as _;
use chute_toggl::execute::Report;
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::reconcile::plan::HoldReason;
use chute_toggl::sidecar::Sidecar;
use chute_toggl::zone::Zone;
use time::macros::{date, datetime};
use time::{Date, Duration};

use crate::lives::{Habits, Saved, live};
use crate::support::in_process::User;
use crate::support::snapshot_builder::{TaskBuilder, future, past, snapshot, today, ymd};

const DAY: i64 = 24 * 3600;

/// What was found after the loss, over many lives.
#[derive(Debug, Default)]
struct Figures {
    lives: usize,
    sessions: usize,
    /// Entries made again for sessions that had one.
    doubled: usize,
    /// Entries whose times or text are not those that they had before.
    changed: usize,
    requests: usize,
}

#[test]
fn at_home_all_but_one_in_two_thousand_are_found_again() {
    let figures = lose(80, Habits { moves: 0.0, ..Habits::of_days(14) });
    assert!(figures.doubled * 2000 <= figures.sessions, "{figures:?}");
    assert!(figures.changed * 2000 <= figures.sessions, "{figures:?}");
}

#[test]
fn after_many_moves_all_but_four_in_a_thousand_are_found_again() {
    let figures = lose(40, Habits { moves: 0.1, ..Habits::of_days(14) });
    assert!(figures.doubled * 250 <= figures.sessions, "{figures:?}");
    assert!(figures.changed * 1000 <= figures.sessions, "{figures:?}");
}

/// Lives in which the sidecar is lost once, at some push, and which go on with the same file.
fn lose(lives: u64, habits: Habits) -> Figures {
    let mut figures = Figures::default();
    for seed in 0..lives {
        let mut user = User::at(0);
        let mut left = fastrand::Rng::with_seed(!seed).usize(5..40);
        live(seed, habits, |saved| {
            user.clock.set(saved.at + 3);
            if left > 0 {
                left -= 1;
                push(&mut user, saved);
                if left == 0 || saved.last {
                    left = 0;
                    lose_now(&mut user, saved, &mut figures);
                }
            }
        });
    }
    println!("{figures:?}");
    figures
}

fn push(user: &mut User, saved: &Saved<'_>) {
    assert_eq!(user.push(&saved.text(), saved.at, saved.zone).report.end, None);
    user.toggl.sandbox().assert_clean();
}

fn lose_now(user: &mut User, saved: &Saved<'_>, figures: &mut Figures) {
    let entries = |user: &User| user.toggl.sandbox().entries();
    let before = entries(user);
    let requests = user.requests();
    user.clock.advance(600_000);
    user.disk.clear();
    push(user, saved);
    let after = entries(user);
    let ids: BTreeSet<i64> = before.iter().map(|entry| entry.id).collect();
    figures.lives += 1;
    figures.sessions += saved.sessions().count();
    figures.doubled += after.iter().filter(|entry| !ids.contains(&entry.id)).count();
    let is_same = |id: i64| {
        let times = |entries: &[crate::sandbox::Entry]| {
            entries.iter().find(|entry| entry.id == id).map(|e| (e.start, e.stop, e.description.clone()))
        };
        times(&before) == times(&after)
    };
    figures.changed += ids.iter().filter(|&&id| !is_same(id)).count();
    figures.requests += user.requests() - requests;
    let (sent, disk) = (user.requests(), user.disk.clone());
    push(user, saved);
    assert!(user.requests() == sent && user.disk == disk, "the second push after the loss did something");
}

/// What started before Toggl's three months is not listed. Others of the same sidecar are, so it is there as well.
#[test]
fn what_is_too_old_to_be_listed_is_held_back() {
    let mut user = User::at(0);
    live(4, Habits { calm: 8, moves: 0.0, ..Habits::of_days(150) }, |saved| {
        user.clock.set(saved.at + 3);
        if !saved.last {
            return push(&mut user, saved);
        }
        push(&mut user, saved);
        let entries = user.toggl.sandbox().entries().len();
        user.disk.clear();
        user.clock.advance(60_000);
        let pushed = user.push(&saved.text(), saved.at, saved.zone);
        let assumed = pushed.report.left.held_for(HoldReason::Assumed).count();
        let too_old = saved.sessions().filter(|session| session.start < saved.at - 93 * DAY).count();
        println!("{entries} entries, {too_old} sessions too old to be listed, {assumed} taken to be there");
        assert!(too_old > 20 && assumed >= too_old - 5, "{assumed} of {too_old}");
        let doubled = user.toggl.sandbox().entries().len() - entries;
        assert!(doubled * 20 <= too_old, "{doubled} doubled");
        // To send again what was refused is another matter. Only who asks for just this, having looked, gets it sent.
        user.options.retry_rejected = true;
        user.push(&saved.text(), saved.at, saved.zone);
        assert_eq!(user.toggl.sandbox().entries().len(), entries + doubled);
        user.options.send_unlisted = true;
        user.push(&saved.text(), saved.at, saved.zone);
        assert_eq!(user.toggl.sandbox().entries().len(), entries + doubled + assumed);
    });
}

/// Once such a session was taken to be in Toggl. It was not, and its end was held back without a word; now it is Toggl
/// that refuses what lasts longer than 999 hours, and the person is told.
#[test]
fn a_session_that_is_open_for_months_when_the_sidecar_is_lost_is_not_taken_to_be_in_toggl() {
    let zone = Zone::named("UTC").unwrap();
    // Postponed while it ran, before the first push: there is no entry.
    let open = future("Draft").planned(20_250_102).open(540);
    let email = today("Email").planned(20_250_501).closed(480, 490);
    let closed = today("Draft").planned(20_250_501).closed(540, 600);
    let start = datetime!(2025-01-01 12:00 UTC).unix_timestamp();
    let later = datetime!(2025-05-01 09:00 UTC).unix_timestamp();
    let mut user = User::at(start);
    let mut push = |tasks: &[&TaskBuilder], saved: i64, is_lost: bool| {
        if is_lost {
            user.disk.clear();
        }
        user.clock.set(saved.max(user.clock.now()) + 5);
        let report = user.push(&snapshot(tasks.iter().copied()), saved, &zone).report;
        assert_eq!(report.end, None);
        (report.done.len(), report.adopted.len(), report.assumed.len(), report.rejected.len())
    };
    assert_eq!(push(&[&open], start, false), (0, 0, 0, 0));
    assert_eq!(push(&[&email, &open], later, false), (1, 0, 0, 0));
    assert_eq!(push(&[&email, &open], later, true), (0, 1, 0, 0));
    assert_eq!(push(&[&email, &closed], later + 7200, false), (0, 0, 0, 1));
}

/// A task on which each session lasts half an hour.
fn worked(task: TaskBuilder, planned: u32, starts: &[u16]) -> TaskBuilder {
    starts.iter().fold(task.planned(planned), |task, start| task.closed(*start, start + 30))
}

/// A task of today that was finished on its day.
fn email(ymd: u32) -> TaskBuilder {
    worked(today("Email"), ymd, &[540]).done(ymd, 570)
}

/// Pushes made at ten in the evening, in UTC.
struct Evenings(User);

impl Evenings {
    fn push(&mut self, day: Date, tasks: &[TaskBuilder]) -> Report {
        let saved = day.with_hms(22, 0, 0).unwrap().assume_utc().unix_timestamp();
        self.0.clock.set(saved + 5);
        self.0.push(&snapshot(tasks), saved, &Zone::named("UTC").unwrap()).report
    }

    /// A task a day for so many days from a day on, each pushed on its day after what was there before.
    fn work(&mut self, from: Date, days: i64, before: &[TaskBuilder]) -> Vec<TaskBuilder> {
        let mut tasks = before.to_vec();
        for day in (0..days).map(|day| from + Duration::days(day)) {
            tasks.push(email(ymd(day.midnight().assume_utc().unix_timestamp())));
            assert_eq!(self.push(day, &tasks).end, None);
        }
        tasks
    }

    fn entries(&self) -> usize {
        self.0.toggl.sandbox().entries().len()
    }
}

/// Once such sessions were sent a second time: they seem to be of the day for which the task was planned at last, which
/// Toggl lists, and they are of a day which it does not list any more.
#[test]
fn what_was_postponed_past_the_three_months_is_not_sent_again_when_the_sidecar_is_lost() {
    let mut evenings = Evenings(User::at(0));
    // Worked on in January and postponed again and again.
    let draft = worked(today("Draft"), 20_250_105, &[600]);
    let plan = worked(today("Plan"), 20_250_105, &[630]);
    evenings.push(date!(2025 - 01 - 05), &[draft.clone(), plan.clone()]);
    let mut tasks = evenings.work(date!(2025 - 02 - 01), 60, &[draft, plan]);
    // Then one was gone on with, and the other just finished.
    tasks[0] = worked(today("Draft"), 20_250_415, &[600, 660]);
    tasks[1] = worked(today("Plan"), 20_250_415, &[630]).done(20_250_416, 700);
    let mut tasks = evenings.work(date!(2025 - 04 - 16), 10, &tasks);
    let entries = evenings.entries();
    evenings.0.disk.clear();
    tasks.push(worked(today("New"), 20_250_416, &[600, 660]));
    let report = evenings.push(date!(2025 - 04 - 27), &tasks);
    assert_eq!((report.end, report.assumed.len(), report.done.len()), (None, 2, 2), "{:?}", report.done);
    assert_eq!(evenings.entries(), entries + 2);
}

/// Once the open session took the entry of the closed one, which was then sent a second time.
#[test]
fn an_open_session_does_not_take_the_entry_of_a_closed_one_when_the_sidecar_is_lost() {
    let mut evenings = Evenings(User::at(0));
    let mut tasks = evenings.work(date!(2025 - 02 - 20), 9, &[]);
    tasks.insert(0, worked(today("Draft"), 20_250_301, &[600]));
    evenings.push(date!(2025 - 03 - 01), &tasks);
    tasks[0] = worked(past("Draft"), 20_250_303, &[600]).done(20_250_305, 700);
    // Postponed while it ran, before a push.
    tasks.push(future("Draft").planned(20_250_311).open(600));
    evenings.push(date!(2025 - 03 - 10), &tasks);
    let entries = evenings.entries();
    evenings.0.disk.clear();
    let report = evenings.push(date!(2025 - 03 - 10), &tasks);
    assert_eq!((report.end, report.adopted.len(), report.done.len()), (None, entries, 0), "{:?}", report.done);
}

/// The sessions of days that a push left for the next are no older than they look, and nobody has sent them.
#[test]
fn what_a_push_that_was_cut_short_left_out_is_sent_when_the_sidecar_is_lost() {
    let mut evenings = Evenings(User::at(0));
    let mut tasks = evenings.work(date!(2025 - 02 - 20), 20, &[]);
    let before = evenings.entries();
    tasks.extend([20_250_313, 20_250_314, 20_250_315].map(email));
    evenings.0.policy.max_requests = Some(1);
    evenings.push(date!(2025 - 03 - 15), &tasks);
    assert_eq!(evenings.entries(), before + 1);
    evenings.0.policy.max_requests = None;
    evenings.0.disk.clear();
    let report = evenings.push(date!(2025 - 03 - 15), &tasks);
    assert_eq!((report.adopted.len(), report.done.len(), report.assumed.len()), (before + 1, 2, 0));
    assert!(report.done.iter().all(|operation| operation.inferred), "their days are not marked");
}

/// Once it took over the entry of a session that was half an hour longer, which had been deleted.
#[test]
fn a_session_takes_no_entry_of_another_length_when_the_sidecar_is_lost() {
    let mut evenings = Evenings(User::at(0));
    let mut tasks = evenings.work(date!(2025 - 02 - 20), 9, &[]);
    tasks.push(today("Draft").planned(20_250_301).closed(600, 660));
    evenings.push(date!(2025 - 03 - 01), &tasks);
    let entries = evenings.entries();
    // Deleted, and then another.
    tasks.pop();
    tasks.push(worked(today("Draft"), 20_250_302, &[600]).done(20_250_305, 700));
    evenings.0.disk.clear();
    let report = evenings.push(date!(2025 - 03 - 05), &tasks);
    assert_eq!((report.end, report.adopted.len(), report.done.len()), (None, entries - 1, 1));
}

/// Sessions that are taken over from Toggl can be out of order. Once the start that was edited was put after the session
/// before it, and so after its own stop, which Toggl refuses.
#[test]
fn an_edited_start_lies_before_its_own_stop_whatever_comes_before() {
    let zone = Zone::named("UTC").unwrap();
    let mut sidecar = Sidecar::default();
    let text = snapshot([worked(today("Draft"), 20_250_301, &[600, 660])]);
    let ingest = |sidecar: &mut Sidecar, text: &str, at: i64| {
        ingest(sidecar, &parse(text.as_bytes()).unwrap(), at, &zone);
    };
    ingest(&mut sidecar, &text, datetime!(2025-03-01 22:00 UTC).unix_timestamp());
    let first = &mut sidecar.tasks.values_mut().next().unwrap().sessions[0];
    first.start += Duration::days(60);
    first.stop = first.stop.map(|stop| stop + Duration::days(60));
    let edited = text.replacen("start_min = 660", "start_min = 665", 1);
    ingest(&mut sidecar, &edited, datetime!(2025-05-10 22:00 UTC).unix_timestamp());
    let second = &sidecar.tasks.values().next().unwrap().sessions[1];
    assert_eq!(second.start, datetime!(2025-03-01 11:05 UTC));
    assert_eq!(second.stop, Some(datetime!(2025-03-01 11:30 UTC)));
}

/// Once the entry was shortened by days: its start was known again, and its stop, after the night on which the clock was
/// turned, was thought to have been edited since.
#[test]
fn a_session_that_lasted_over_a_turned_clock_keeps_its_entry_when_the_sidecar_is_lost() {
    let zone = Zone::named("America/Los_Angeles").unwrap();
    let mut user = User::at(0);
    let email = |day: u32| worked(today("Email"), 20_240_300 + day, &[540]).done(20_240_300 + day, 570);
    let mut push = |tasks: &[TaskBuilder], day: u32, is_lost: bool| {
        let saved = datetime!(2024-03-01 20:00 UTC).unix_timestamp() + i64::from(day - 1) * DAY;
        user.clock.set(saved + 5);
        if is_lost {
            user.disk.clear();
        }
        let report = user.push(&snapshot(tasks), saved, &zone).report;
        (report.end, report.adopted.len(), report.done.len())
    };
    let mut tasks: Vec<TaskBuilder> = Vec::new();
    for day in [7, 8, 9] {
        tasks.push(email(day));
        assert_eq!(push(&tasks, day, false), (None, 0, 1));
    }
    tasks.push(today("Draft").planned(20_240_309).open(464));
    assert_eq!(push(&tasks, 9, false), (None, 0, 1));
    tasks[3] = today("Draft").planned(20_240_309).closed(464, 515);
    assert_eq!(push(&tasks, 10, false), (None, 0, 1));
    assert_eq!(push(&tasks, 10, true), (None, 4, 0));
}
