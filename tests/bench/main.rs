//! The benchmark: `cargo bench`.
//!
//! Without arguments it times the parts of a push at 1,000 to 73,000 sessions (ten years at twenty a day), and
//! whole pushes as processes against a sandbox, each beside a reference: `toml::from_str` of the whole snapshot into
//! plain structs, and `chute-toggl --version`. The last column is the growth for ten times the sessions; a ratio from
//! one run on one machine says more than any one number.
//!
//! For peak memory and for other tools, `cargo bench --bench history -- prepare DIR SESSIONS` writes a snapshot, the
//! same a day later, and a sidecar that is up to date with the first, and `… -- reference FILE` is the reference as a process.
//! `… -- parts` times the parts only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

#[path = "../support/clock.rs"]
#[allow(dead_code)]
mod clock;
mod history;
mod parts;
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../support/snapshot_builder.rs"]
#[allow(dead_code)]
mod snapshot_builder;
mod whole;

use std::path::Path;

use history::History;

/// What is timed at.
const SIZES: [usize; 4] = [1_000, 7_300, 10_000, 73_000];

/// The two of them that the growth is between.
const GROWTH: (usize, usize) = (1, 3);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["prepare", folder, sessions] => History::of(sessions.parse().unwrap()).write(Path::new(folder)),
        ["reference", file] => println!("{} tasks", history::reference(&std::fs::read_to_string(file).unwrap())),
        ["part", folder, run] => parts::part(Path::new(folder), run),
        ["parts"] => parts::parts(&SIZES).print(),
        _ => {
            parts::parts(&SIZES).print();
            whole::pushes(&SIZES).print();
            whole::backfill(5_000);
        }
    }
}

/// A number for every row and every size.
pub struct Table {
    what: &'static str,
    rows: Vec<(String, [f64; SIZES.len()])>,
}

impl Table {
    pub fn new(what: &'static str) -> Table {
        Table { what, rows: Vec::new() }
    }

    /// The number of that row and size; infinite until it is set.
    pub fn cell(&mut self, row: &str, size: usize) -> &mut f64 {
        let at = self.rows.iter().position(|(name, _)| name == row).unwrap_or_else(|| {
            self.rows.push((row.to_owned(), [f64::INFINITY; SIZES.len()]));
            self.rows.len() - 1
        });
        &mut self.rows[at].1[size]
    }

    pub fn print(&self) {
        print!("{:<48}", self.what);
        SIZES.iter().for_each(|size| print!("{size:>10}"));
        println!("{:>10}", "growth");
        for (name, values) in &self.rows {
            print!("{name:<48}");
            values.iter().for_each(|value| print!("{value:>10.2}"));
            println!("{:>9.1}x", values[GROWTH.1] / values[GROWTH.0]);
        }
        println!();
    }
}
