//! A faithful user's history, made from a number: twenty sessions a day in seven tasks, for as many days as it takes.

use std::path::Path;
use std::{fs, iter};

use chute_toggl::chute_kun::snapshot::parse;
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::file::{RealDisk, SidecarFile, Store as _};
use chute_toggl::sidecar::{LastSent, Sidecar};
use chute_toggl::toggl::{EntryId, WorkspaceId};
use chute_toggl::zone::Zone;
use serde::Deserialize;
use time::macros::datetime;

use crate::clock;
use crate::sandbox::WORKSPACE;
use crate::snapshot_builder::{self, TaskBuilder, past, snapshot, today};

/// Two snapshots of one history, a day apart.
pub struct History {
    /// Saved on the last [`EVENING`]: the last day's tasks are finished and still in today.
    pub first: String,
    /// Saved the next [`MORNING`]: they are swept to past, and one new session was worked.
    pub second: String,
}

/// The evening of the last day, in Asia/Tokyo.
pub const EVENING: i64 = datetime!(2026-10-31 23:00:05 +9).unix_timestamp();
/// When the next snapshot was saved.
pub const MORNING: i64 = EVENING + 11 * 3600;
const DAY: i64 = 24 * 3600;
const TASKS_A_DAY: usize = 7;
const SESSIONS_A_DAY: usize = 20;
const TITLES: [&str; 6] = ["Write docs", "Daily standup", "Design review", "掃除", "Email", "Deep work 🔥"];

impl History {
    /// A history of so many sessions.
    pub fn of(sessions: usize) -> History {
        let days = sessions.div_ceil(SESSIONS_A_DAY);
        let mut rng = fastrand::Rng::with_seed(10);
        let (mut before, mut evening, mut swept) = (Vec::new(), Vec::new(), Vec::new());
        for day in 0..days {
            let ago = i64::try_from(days - 1 - day).unwrap();
            // Nine hours on: the day in Tokyo.
            let ymd = snapshot_builder::ymd(EVENING - ago * DAY + 9 * 3600);
            before.append(&mut swept);
            evening = tasks_of_a_day(today, day, ymd, &mut rng.clone());
            swept = tasks_of_a_day(past, day, ymd, &mut rng);
        }
        let change = today("The small change").planned(20_261_101).closed(541, 556);
        let first = snapshot(evening.iter().chain(&before));
        let second = snapshot(iter::once(&change).chain(&before).chain(&swept));
        History { first, second }
    }

    /// The sidecar of somebody whose first snapshot is up to date.
    pub fn up_to_date(&self, zone: &Zone) -> Sidecar {
        let mut sidecar = Sidecar {
            scanned_from: Some(time::macros::date!(2006 - 01 - 01)),
            workspace: Some(WorkspaceId(WORKSPACE)),
            ..Sidecar::default()
        };
        ingest(&mut sidecar, &parse(self.first.as_bytes()).unwrap(), EVENING, zone);
        let mut id = 3_000_000_000;
        for task in sidecar.tasks.values_mut() {
            let description = task.description();
            for record in &mut task.sessions {
                id += 7;
                record.last_sent = Some(LastSent::new(
                    EntryId(id),
                    WorkspaceId(WORKSPACE),
                    description.clone(),
                    record.start,
                    record.stop,
                ));
            }
        }
        sidecar
    }

    /// Writes both snapshots and the sidecar that is up to date with the first.
    pub fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        save(&folder.join("first.toml"), self.first.as_bytes(), EVENING);
        save(&folder.join("second.toml"), self.second.as_bytes(), MORNING);
        let sidecar = self.up_to_date(&Zone::named("Asia/Tokyo").unwrap());
        let text = sidecar.to_json().unwrap();
        // As saved by this machine, which remembers it.
        let mut disk = RealDisk;
        let mut file = SidecarFile::lock(&folder.join("toggl.json"), &mut disk).unwrap();
        file.save(text.as_ref(), &sidecar.saved_last()).unwrap();
    }
}

/// Writes a file with that time of modification (unix seconds).
pub fn save(path: &Path, text: &[u8], saved: i64) {
    fs::write(path, text).unwrap();
    clock::set_modified(path, saved);
}

/// Done, in one of the lists.
fn tasks_of_a_day(list: fn(&str) -> TaskBuilder, day: usize, ymd: u32, rng: &mut fastrand::Rng) -> Vec<TaskBuilder> {
    let mut sessions: Vec<Vec<(u16, u16)>> = vec![Vec::new(); TASKS_A_DAY];
    for n in 0..SESSIONS_A_DAY {
        let start = 500 + u16::try_from(n).unwrap() * 40 + rng.u16(0..10);
        let task = if n < TASKS_A_DAY { n } else { rng.usize(0..TASKS_A_DAY) };
        sessions[task].push((start, start + 5 + rng.u16(0..25)));
    }
    (sessions.iter().enumerate())
        .map(|(task, sessions)| {
            let title = TITLES[(day + task) % TITLES.len()];
            let title = if rng.bool() { format!("{title} #{day}") } else { title.to_owned() };
            let (first, last) = (sessions[0].0, sessions[sessions.len() - 1].1);
            let task = sessions.iter().fold(list(&title).planned(ymd), |task, &(start, end)| task.closed(start, end));
            task.done(ymd, last).with(|task| {
                task.actual_min = sessions.iter().map(|(start, end)| end - start).sum();
                task.actual_carry_sec = rng.u16(0..60);
                task.started_at_min = Some(first);
            })
        })
        .collect()
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what a plain reader would hold")]
struct Plain {
    version: u8,
    #[serde(default)]
    today: Vec<PlainTask>,
    #[serde(default)]
    future: Vec<PlainTask>,
    #[serde(default)]
    past: Vec<PlainTask>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what a plain reader would hold")]
struct PlainTask {
    title: String,
    estimate_min: u16,
    actual_min: u16,
    #[serde(default)]
    started_at_min: Option<u16>,
    #[serde(default)]
    finished_at_min: Option<u16>,
    #[serde(default)]
    sessions: Vec<PlainSession>,
    state: String,
    #[serde(default)]
    planned_ymd: u32,
    #[serde(default)]
    done_ymd: Option<u32>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what a plain reader would hold")]
struct PlainSession {
    start_min: u16,
    #[serde(default)]
    end_min: Option<u16>,
}

/// The reference: the whole text into plain structs. Returns how many tasks there are.
pub fn reference(text: &str) -> usize {
    let plain: Plain = toml::from_str(text).unwrap();
    let tasks = plain.today.len() + plain.future.len() + plain.past.len();
    std::mem::forget(plain);
    tasks
}
