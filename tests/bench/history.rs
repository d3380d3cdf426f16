//! A faithful user's history, made from a number: twenty sessions a day in seven tasks, for as many days as it takes.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use chute_toggl::chute_kun::snapshot;
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::{LastSent, Sidecar};
use chute_toggl::zone::Zone;
use serde::Deserialize;
use time::macros::datetime;

use crate::sandbox::WORKSPACE;

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
        let mut past = String::new();
        let mut today = String::new();
        let mut swept = String::new();
        for day in 0..days {
            let ago = i64::try_from(days - 1 - day).unwrap();
            let date = time::OffsetDateTime::from_unix_timestamp(EVENING - ago * DAY).unwrap();
            let date = date.to_offset(time::macros::offset!(+9)).date();
            let ymd = date.year() * 10_000 + i32::from(u8::from(date.month())) * 100 + i32::from(date.day());
            let tasks = tasks_of_a_day(day, ymd, &mut rng);
            for task in &tasks {
                if ago > 0 {
                    past.push_str(&task.replace("LIST", "past"));
                } else {
                    today.push_str(&task.replace("LIST", "today"));
                    swept.push_str(&task.replace("LIST", "past"));
                }
            }
        }
        let change = "\n[[today]]\ntitle = \"The small change\"\nestimate_min = 25\nactual_min = 15\nactual_carry_sec = 0\n\
                      started_at_min = 541\nstate = \"Paused\"\nplanned_ymd = 20261101\ncategory = \"General\"\n\n\
                      [[today.sessions]]\nstart_min = 541\nend_min = 556\n";
        History {
            first: format!("version = 1\nfuture = []\n{today}{past}"),
            second: format!("version = 1\nfuture = []\n{change}{past}{swept}"),
        }
    }

    /// The sidecar of somebody whose first snapshot is in agreement.
    pub fn agreed(&self, zone: &Zone) -> Sidecar {
        let mut sidecar = Sidecar { looked: true, workspace: Some(WORKSPACE), ..Sidecar::default() };
        ingest(&mut sidecar, &snapshot::parse(self.first.as_bytes()).unwrap(), EVENING, zone);
        let mut id = 3_000_000_000;
        for thread in sidecar.tasks.values_mut() {
            let description = thread.description();
            for record in &mut thread.sessions {
                id += 7;
                record.last_sent = Some(LastSent {
                    id,
                    workspace: WORKSPACE,
                    description: description.clone(),
                    start: record.start,
                    stop: record.stop,
                    halted: false,
                });
            }
        }
        sidecar
    }

    /// Writes both snapshots and the sidecar that agrees with the first.
    pub fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        save(&folder.join("first.toml"), self.first.as_bytes(), EVENING);
        save(&folder.join("second.toml"), self.second.as_bytes(), MORNING);
        let sidecar = self.agreed(&Zone::named("Asia/Tokyo").unwrap());
        fs::write(folder.join("toggl.json"), sidecar.to_json().unwrap()).unwrap();
    }
}

/// Writes a file with that time of modification (unix seconds).
pub fn save(path: &Path, text: &[u8], saved: i64) {
    fs::write(path, text).unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(saved.unsigned_abs());
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

fn tasks_of_a_day(day: usize, ymd: i32, rng: &mut fastrand::Rng) -> Vec<String> {
    let mut sessions: Vec<Vec<(usize, usize)>> = vec![Vec::new(); TASKS_A_DAY];
    for n in 0..SESSIONS_A_DAY {
        let start = 500 + n * 40 + rng.usize(0..10);
        let task = if n < TASKS_A_DAY { n } else { rng.usize(0..TASKS_A_DAY) };
        sessions[task].push((start, start + 5 + rng.usize(0..25)));
    }
    (sessions.iter().enumerate())
        .map(|(task, sessions)| {
            let total: usize = sessions.iter().map(|(start, end)| end - start).sum();
            let (first, last) = (sessions[0].0, sessions[sessions.len() - 1].1);
            let title = TITLES[(day + task) % TITLES.len()];
            let title = if rng.bool() { format!("{title} #{day}") } else { title.to_owned() };
            let mut text = format!(
                "\n[[LIST]]\ntitle = \"{title}\"\nestimate_min = 25\nactual_min = {total}\nactual_carry_sec = {}\n\
                 started_at_min = {first}\nfinished_at_min = {last}\nstate = \"Done\"\nplanned_ymd = {ymd}\n\
                 done_ymd = {ymd}\ncategory = \"General\"\n",
                rng.usize(0..60)
            );
            for (start, end) in sessions {
                text.push_str(&format!("\n[[LIST.sessions]]\nstart_min = {start}\nend_min = {end}\n"));
            }
            text
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
