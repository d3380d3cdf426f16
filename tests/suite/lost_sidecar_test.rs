//! A sidecar that is lost in mid-life: the next push rebuilds it from what Toggl lists, and doubles nothing.
//!
//! What is guaranteed: a session whose title and minutes are as they were when it was pushed is found again, on
//! whichever day it was, if it started within the three months that Toggl lists. What was edited, renamed or first
//! worked on since is not known again by that. Around a move to another zone a few can be missed. Sessions too old to be
//! listed are taken to be in Toggl and are not sent, unless the file does not show that they are that old: a task that
//! was carried over for three months.

use std::collections::BTreeSet;

use chute_toggl::plan::Why;

use crate::lives::{Habits, Saved, live};
use crate::rig::Rig;

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
fn at_home_all_but_a_few_in_ten_thousand_are_found_again() {
    let figures = lose(80, Habits { moves: 0.0, ..Habits::of_days(14) });
    assert!(figures.doubled * 2000 <= figures.sessions, "{figures:?}");
    assert!(figures.changed * 2000 <= figures.sessions, "{figures:?}");
}

#[test]
fn after_many_moves_all_but_one_in_a_hundred_are_found_again() {
    let figures = lose(40, Habits { moves: 0.1, ..Habits::of_days(14) });
    assert!(figures.doubled * 100 <= figures.sessions, "{figures:?}");
    assert!(figures.changed * 500 <= figures.sessions, "{figures:?}");
}

/// Lives in which the sidecar is lost once, at some push, and which go on with the same file.
fn lose(lives: u64, habits: Habits) -> Figures {
    let mut figures = Figures::default();
    for seed in 0..lives {
        let mut rig = Rig::at(0);
        let mut left = fastrand::Rng::with_seed(!seed).usize(5..40);
        live(seed, habits, |saved| {
            rig.clock.set(saved.at + 3);
            if left > 0 {
                left -= 1;
                push(&mut rig, saved);
                if left == 0 || saved.last {
                    left = 0;
                    lose_now(&mut rig, saved, &mut figures);
                }
            }
        });
    }
    println!("{figures:?}");
    figures
}

fn push(rig: &mut Rig, saved: &Saved<'_>) {
    assert_eq!(rig.push(&saved.text(), saved.at, saved.zone).report.end, None);
    rig.toggl.sandbox().assert_clean();
}

fn lose_now(rig: &mut Rig, saved: &Saved<'_>, figures: &mut Figures) {
    let entries = |rig: &Rig| rig.toggl.sandbox().entries();
    let before = entries(rig);
    let requests = rig.requests();
    rig.clock.advance(600_000);
    rig.disk.clear();
    push(rig, saved);
    let after = entries(rig);
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
    figures.requests += rig.requests() - requests;
    let (sent, disk) = (rig.requests(), rig.disk.clone());
    push(rig, saved);
    assert!(rig.requests() == sent && rig.disk == disk, "the second push after the loss did something");
}

/// What started before Toggl's three months is not listed. Others of the same sidecar are, so it is there as well.
#[test]
fn what_is_too_old_to_be_listed_is_held_back() {
    let mut rig = Rig::at(0);
    live(4, Habits { calm: 8, moves: 0.0, ..Habits::of_days(150) }, |saved| {
        rig.clock.set(saved.at + 3);
        if !saved.last {
            return push(&mut rig, saved);
        }
        push(&mut rig, saved);
        let entries = rig.toggl.sandbox().entries().len();
        rig.disk.clear();
        rig.clock.advance(60_000);
        let pushed = rig.push(&saved.text(), saved.at, saved.zone);
        let assumed = pushed.report.left.held_for(Why::Assumed).count();
        let too_old = saved.sessions().filter(|session| session.start < saved.at - 93 * DAY).count();
        println!("{entries} entries, {too_old} sessions too old to be listed, {assumed} taken to be there");
        assert!(too_old > 20 && assumed >= too_old - 5, "{assumed} of {too_old}");
        let doubled = rig.toggl.sandbox().entries().len() - entries;
        assert!(doubled * 20 <= too_old, "{doubled} doubled");
    });
}
