//! How often a session goes on a wrong day: people of many habits, who push at every quit, once a day, once a week, or for
//! the first time after weeks, beside what they truly did.
//!
//! `CHUTE_TOGGL_LIVES=20 cargo test --release --test suite which_day -- --nocapture` prints the whole table.
//! Without the variable it is a small one, which is held to its limits by every `cargo test`.

use std::collections::HashMap;

use chute_toggl::chute_kun::snapshot::parse;
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::Sidecar;

use crate::lives::worker::{BESIDE, GAPS, LATE, MOVED, MOVES, NIGHT, OWL, Quit, Style, WILD, WORK, work};
use crate::support::snapshot_builder::{snapshot, today};
use crate::support::test_home::TestHome;
use crate::support::truth::{place_of, records_by_place};

/// Which quits are pushed.
#[derive(Debug, Clone, Copy)]
enum Rhythm {
    EveryQuit,
    /// The last quit of every so manieth day.
    EveryDays(usize),
    /// Every other quit, by chance.
    Half,
    /// Once, after all days.
    Once,
}

/// What is lived, how it is pushed, and the most that may be wrong, wrong and unmarked, and marked in the small table, in
/// hundredths of a percent of the sessions.
struct Row {
    style: Style,
    rhythm: Rhythm,
    days: usize,
    limits: [usize; 3],
}

const fn row(style: Style, rhythm: Rhythm, days: usize, limits: [usize; 3]) -> Row {
    Row { style, rhythm, days, limits }
}

const ROWS: [Row; 28] = [
    row(WORK, Rhythm::EveryQuit, 28, [0, 0, 0]),
    row(WORK, Rhythm::EveryDays(1), 56, [0, 0, 110]),
    row(WORK, Rhythm::EveryDays(2), 56, [0, 0, 175]),
    row(WORK, Rhythm::EveryDays(7), 56, [45, 35, 120]),
    row(WORK, Rhythm::Half, 56, [0, 0, 75]),
    row(WORK, Rhythm::Once, 56, [55, 45, 230]),
    row(WORK, Rhythm::Once, 364, [115, 30, 315]),
    row(GAPS, Rhythm::EveryDays(1), 56, [0, 0, 10]),
    row(GAPS, Rhythm::EveryDays(7), 56, [165, 35, 555]),
    row(GAPS, Rhythm::Once, 56, [225, 60, 945]),
    row(OWL, Rhythm::EveryQuit, 28, [0, 0, 0]),
    row(OWL, Rhythm::EveryDays(7), 56, [10, 10, 30]),
    row(OWL, Rhythm::Once, 56, [50, 30, 85]),
    row(NIGHT, Rhythm::EveryDays(7), 56, [100, 50, 210]),
    row(NIGHT, Rhythm::Once, 56, [90, 60, 235]),
    row(LATE, Rhythm::EveryDays(1), 56, [0, 0, 150]),
    row(LATE, Rhythm::EveryDays(7), 56, [45, 10, 95]),
    row(LATE, Rhythm::Once, 56, [45, 10, 245]),
    row(MOVED, Rhythm::EveryDays(7), 56, [365, 105, 845]),
    row(MOVED, Rhythm::Once, 56, [460, 70, 1110]),
    row(BESIDE, Rhythm::EveryDays(7), 56, [90, 10, 1205]),
    row(BESIDE, Rhythm::Once, 56, [185, 20, 1300]),
    row(MOVES, Rhythm::EveryDays(1), 56, [0, 0, 360]),
    row(MOVES, Rhythm::EveryDays(7), 56, [640, 10, 1710]),
    row(WILD, Rhythm::EveryQuit, 28, [0, 0, 320]),
    row(WILD, Rhythm::EveryDays(1), 28, [0, 0, 320]),
    row(WILD, Rhythm::EveryDays(7), 56, [7850, 95, 9900]),
    row(WILD, Rhythm::Half, 56, [2095, 95, 4650]),
];

/// Lives in the small table.
const FEW: u64 = 2;

#[derive(Debug, Default)]
struct Figures {
    sessions: usize,
    wrong: usize,
    unmarked: usize,
    marked: usize,
}

#[test]
fn wrong_days_are_few_and_marked() {
    let lives: Option<u64> = std::env::var("CHUTE_TOGGL_LIVES").ok().map(|lives| lives.parse().unwrap());
    println!("{:<40}{:>9}{:>10}{:>10}{:>10}", "style, pushed", "sessions", "wrong %", "unmarked", "marked");
    for Row { style, rhythm, days, limits } in ROWS {
        let mut figures = Figures::default();
        for seed in 0..lives.unwrap_or(FEW) {
            live(seed, style, rhythm, days, &mut figures);
        }
        let Figures { sessions, wrong, unmarked, marked } = figures;
        let name = format!("{}, {}", style.name, rhythm.text(days));
        let percent = |count: usize| {
            let hundredths = count * 10_000 / sessions;
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        };
        println!("{name:<40}{sessions:>9}{:>10}{:>10}{:>10}", percent(wrong), percent(unmarked), percent(marked));
        if lives.is_none() {
            for (count, limit) in [wrong, unmarked, marked].into_iter().zip(limits) {
                assert!(count * 10_000 <= limit * sessions, "{name}: {figures:?}, and the limits are {limits:?}");
            }
        }
    }
}

impl Rhythm {
    fn text(self, days: usize) -> String {
        match self {
            Rhythm::EveryQuit => "every quit".to_owned(),
            Rhythm::EveryDays(1) => "every day".to_owned(),
            Rhythm::EveryDays(days) => format!("every {days} days"),
            Rhythm::Half => "half of the quits".to_owned(),
            Rhythm::Once => format!("once after {days} days"),
        }
    }

    fn takes(self, quit: &Quit<'_>, rng: &mut fastrand::Rng) -> bool {
        match self {
            Rhythm::EveryQuit => true,
            Rhythm::EveryDays(days) => quit.ends_day && quit.day.is_multiple_of(days),
            Rhythm::Half => rng.bool(),
            Rhythm::Once => quit.saved.last,
        }
    }
}

/// Lives a life and counts what is wrong after its last push.
fn live(seed: u64, style: Style, rhythm: Rhythm, days: usize, figures: &mut Figures) {
    let mut sidecar = Sidecar::default();
    let mut rng = fastrand::Rng::with_seed(!seed);
    work(seed, style, days, |quit| {
        if rhythm.takes(quit, &mut rng) || quit.saved.last {
            let snapshot = parse(quit.saved.text().as_bytes()).unwrap();
            ingest(&mut sidecar, &snapshot, quit.saved.at, quit.saved.zone);
        }
        if quit.saved.last {
            count(&sidecar, quit, figures);
        }
    });
}

/// Sessions of equal title and times are interchangeable.
fn count(sidecar: &Sidecar, quit: &Quit<'_>, figures: &mut Figures) {
    let records = records_by_place(sidecar);
    let mut recorded: HashMap<(String, i64, Option<i64>), Vec<bool>> = HashMap::new();
    let mut truth = Vec::new();
    for session in quit.saved.sessions().filter(|session| session.stop.is_some() || session.running) {
        let (_, record) = records[&place_of(&session)][session.session_index];
        let title = session.title.to_owned();
        let stop = record.stop.map(|stop| stop.unix_timestamp());
        recorded.entry((title.clone(), record.start.unix_timestamp(), stop)).or_default().push(record.inferred);
        truth.push((title, session.start, session.stop));
        figures.sessions += 1;
        figures.marked += usize::from(record.inferred);
    }
    for true_times in truth {
        if let Some(alike) = recorded.get_mut(&true_times) {
            alike.pop();
        }
    }
    let left: Vec<bool> = recorded.into_values().flatten().collect();
    figures.wrong += left.len();
    figures.unmarked += left.into_iter().filter(|is_marked| !is_marked).count();
}

#[test]
fn status_names_the_other_day_and_what_to_do() {
    let home = TestHome::new();
    // Planned for Friday and not done on Monday: it may have waited.
    home.save(&snapshot([&today("Draft").planned(20_260_508).closed(540, 550)]));
    home.run(&["push"]).exits(0);
    let ran = home.run(&["status"]).exits(0).says("`chute-toggl verify --accept`");
    assert!(ran.out.contains("  Fri 2026-05-08 09:00-09:10  Draft (or "), "{ran:?}");
    let marked = &home.run(&["status", "--format", "json"]).json()["marked"][0];
    assert!(marked["other_day"].as_str().is_some_and(|day| day.starts_with("2026-05-")), "{marked}");
}
