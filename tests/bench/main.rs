//! The benchmark: `cargo bench`.
//!
//! Without arguments it times the parts of a push at 1,000 to 73,000 sessions (ten years at twenty a day), and
//! whole pushes as processes against a sandbox, each beside a reference: `toml::from_str` of the whole snapshot into
//! plain structs, and `chute-toggl --version`. Times are medians; a ratio from one run on one machine says more than
//! any one number.
//!
//! For peak memory and for other tools, `cargo bench --bench history -- prepare DIR SESSIONS` writes a snapshot, the
//! same a day later, and a sidecar that agrees with the first, and `… -- reference FILE` is the reference as a process.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod history;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod whole;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use chute_toggl::intake::take_in;
use chute_toggl::plan::{Defaults, Options, plan};
use chute_toggl::sidecar::Sidecar;
use chute_toggl::snapshot;
use chute_toggl::zone::Zone;

use history::History;

/// What is timed at.
const SIZES: [usize; 4] = [1_000, 7_300, 10_000, 73_000];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["prepare", folder, sessions] => History::of(sessions.parse().unwrap()).write(Path::new(folder)),
        ["reference", file] => println!("{} tasks", history::reference(&std::fs::read_to_string(file).unwrap())),
        _ => {
            parts();
            whole::pushes(&SIZES);
            whole::backfill(5_000);
        }
    }
}

/// The parts of a push, in process, in milliseconds.
fn parts() {
    let zone = Zone::named("Asia/Tokyo").unwrap();
    let options =
        Options { since: None, until: None, prune: None, retry_rejected: false, defaults: Defaults::default() };
    whole::header("milliseconds, at so many sessions", &SIZES);
    let histories: Vec<History> = SIZES.iter().map(|&sessions| History::of(sessions)).collect();
    let row = |name: &str, work: &dyn Fn(&History) -> Duration| {
        print!("{name:<44}");
        for history in &histories {
            print!("{:>10.2}", median(|| work(history)).as_secs_f64() * 1000.0);
        }
        println!();
    };
    row("reference: toml::from_str of the whole", &|history| timed(|| history::reference(&history.first)));
    row("parse", &|history| timed(|| snapshot::parse(history.first.as_bytes()).unwrap()));
    row("identity and instants, all new", &|history| {
        let snapshot = snapshot::parse(history.first.as_bytes()).unwrap();
        timed(|| take_in(&mut Sidecar::default(), &snapshot, history.first_saved, &zone))
    });
    row("identity and instants, a day later", &|history| {
        let snapshot = snapshot::parse(history.second.as_bytes()).unwrap();
        let mut sidecar = history.agreed(&zone);
        timed(|| take_in(&mut sidecar, &snapshot, history.second_saved, &zone))
    });
    row("plan, all new", &|history| {
        let snapshot = snapshot::parse(history.first.as_bytes()).unwrap();
        let mut sidecar = Sidecar::default();
        let intake = take_in(&mut sidecar, &snapshot, history.first_saved, &zone);
        timed(|| plan(&sidecar, &intake, &options))
    });
    row("plan, in agreement", &|history| {
        let sidecar = history.agreed(&zone);
        timed(|| plan(&sidecar, &chute_toggl::intake::Intake::default(), &options))
    });
    row("sidecar, load", &|history| {
        let text = history.agreed(&zone).to_json().unwrap();
        timed(|| Sidecar::from_json(&text).unwrap())
    });
    row("sidecar, as text", &|history| {
        let sidecar = history.agreed(&zone);
        timed(|| sidecar.to_json().unwrap())
    });
    println!();
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    let result = black_box(work());
    let took = begin.elapsed();
    drop(result);
    took
}

/// The median of five runs.
fn median(run: impl Fn() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..5).map(|_| run()).collect();
    times.sort_unstable();
    times[times.len() / 2]
}
