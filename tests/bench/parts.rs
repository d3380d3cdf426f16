//! The parts of a push, each as a push runs it: once, in a process of its own, on what the part before it has just made.
//!
//! Run again and again in one process, the parts of a short history would be timed with all of it in the processor's
//! caches and with memory that the process already has, and those of a long one, which fits into neither, without. No
//! push has that advantage, and the growth would be one of the caches. What is taken out of memory again is not timed:
//! a process that ends leaves that to the system.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use chute_toggl::chute_kun::snapshot::{self, blocks};
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::reconcile::plan::{Options, plan};
use chute_toggl::reconcile::selection::Selection;
use chute_toggl::sidecar::Sidecar;
use chute_toggl::zone::Zone;

use crate::Table;
use crate::clock;
use crate::history::{self, History};

/// What one process does.
const RUNS: [&str; 4] = ["reference", "first", "later", "settled"];

/// Processes of each kind and size. The least time of them counts: whatever else the machine does only adds.
const ROUNDS: usize = 15;

/// Runs all parts at all sizes, in milliseconds of processor time.
pub fn parts(sizes: &[usize]) -> Table {
    let folders: Vec<_> = (sizes.iter())
        .map(|&size| {
            let folder = tempfile::tempdir().unwrap();
            History::of(size).write(folder.path());
            settle(folder.path());
            folder
        })
        .collect();
    let mut table = Table::new("parts, milliseconds, at so many sessions");
    for run in RUNS {
        for _ in 0..ROUNDS {
            for (at, folder) in folders.iter().enumerate() {
                let mut command = Command::new(std::env::current_exe().unwrap());
                let output = command.arg("part").arg(folder.path()).arg(run).output().unwrap();
                assert!(output.status.success(), "{run}: {output:?}");
                for line in String::from_utf8(output.stdout).unwrap().lines() {
                    let (name, ms) = line.split_once('\t').unwrap();
                    let least = table.cell(name, at);
                    *least = least.min(ms.parse().unwrap());
                }
            }
        }
    }
    table
}

/// What one of those processes does: its parts in their order, and a line for each of them.
pub fn part(folder: &Path, run: &str) {
    let zone = Zone::named("Asia/Tokyo").unwrap();
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (first, second) = (read("first.toml"), read("second.toml"));
    match run {
        "reference" => {
            let first = String::from_utf8(first).unwrap();
            timed("reference: toml::from_str of the whole", || history::reference(&first));
        }
        "first" => {
            let snapshot = timed("parse", || snapshot::parse(&first).unwrap());
            let mut sidecar = Sidecar::default();
            let ingested =
                timed("first push: identity and instants", || ingest(&mut sidecar, &snapshot, history::EVENING, &zone));
            let plan = timed("first push: plan", || plan(&sidecar, &ingested, &everything()));
            drop((snapshot, plan));
        }
        "later" | "settled" => {
            let (kind, file) = match run {
                "later" => ("all read", "toggl.json"),
                _ => ("history unread", "settled.json"),
            };
            let name = |part: &str| format!("a day later, {kind}: {part}");
            let text = read(file);
            let mut sidecar = timed(&name("sidecar, load"), || Sidecar::from_json(&text).unwrap());
            let known = sidecar.archive.as_ref().map(|archive| archive.past);
            let snapshot = timed(&name("parse"), || snapshot::parse_unknown(&second, known.as_ref()).unwrap());
            let ingested =
                timed(&name("identity and instants"), || ingest(&mut sidecar, &snapshot, history::MORNING, &zone));
            let plan = timed(&name("plan"), || plan(&sidecar, &ingested, &everything()));
            assert_eq!(plan.operations.len(), 1);
            let written = timed(&name("sidecar, as text"), || sidecar.to_json().unwrap());
            drop((snapshot, written));
        }
        other => panic!("{other} is none of {RUNS:?}"),
    }
}

/// Writes the sidecar as it is once the settled part of the history has been put into the archive.
fn settle(folder: &Path) {
    let mut sidecar = Sidecar::from_json(&fs::read(folder.join("toggl.json")).unwrap()).unwrap();
    let first = fs::read_to_string(folder.join("first.toml")).unwrap();
    sidecar.archive(&blocks::split(&first).unwrap()).unwrap();
    fs::write(folder.join("settled.json"), sidecar.to_json().unwrap()).unwrap();
}

fn everything() -> Options {
    Options::plain(Selection::default())
}

fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (wall, (busy, result)) = clock::timed(|| clock::busy(|| black_box(work())));
    let took = busy.map_or(wall, |busy| busy.min(wall));
    println!("{name}\t{}", took.as_secs_f64() * 1000.0);
    result
}
