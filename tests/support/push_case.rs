//! Cases that a push can find, each with what Toggl must hold in the end, whatever goes wrong in between.
//!
//! All happen on one day in UTC. Minutes are of that day.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use chute_toggl::chute_kun::snapshot::{blocks, parse};
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::reconcile::plan::{Options, Reclassify, plan};
use chute_toggl::reconcile::selection::{NameOrId, Selection};
use chute_toggl::settings::file::parse as parse_settings;
use chute_toggl::sidecar::{SavedLast, Sidecar};
use chute_toggl::zone::Zone;

use super::in_process::User;
use super::snapshot_builder::{TaskBuilder, future, past, snapshot, today};
use crate::sandbox::{Sandbox, SandboxClock, WORKSPACE};

/// 2026-05-11T00:00:00Z.
const DAY: i64 = 1_778_457_600;

/// The lists lag by this: what looks for its entries too early does not find them.
pub const LAG_MS: i64 = 4000;

/// A push that will be disturbed.
pub struct PushCase {
    pub name: &'static str,
    /// The saves before, each pushed undisturbed, in this zone.
    before: Vec<Save>,
    zone_before: &'static str,
    /// What is settled was put into the sidecar's archive.
    is_archived: bool,
    /// What else happened to Toggl and the sidecar since.
    meddle: fn(&mut Sandbox, &mut Vec<u8>),
    /// What the disturbed push finds.
    pub save: Save,
    /// What the pushes after it find: life may have gone on.
    pub later: Save,
    /// Arguments after `push`.
    pub args: &'static [&'static str],
    /// The settings file of the disturbed push and those after it; empty: there is none.
    pub config: &'static str,
    /// Whether the settings name the workspace.
    pub names_workspace: bool,
    /// Requests that an undisturbed push sends.
    pub requests: usize,
}

/// A snapshot as it was saved.
#[derive(Clone)]
pub struct Save {
    /// When, in unix seconds.
    pub at: i64,
    pub text: String,
    /// What Toggl must hold when it is up to date.
    pub truth: Vec<Truth>,
}

/// An entry that must be there, once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Truth {
    description: String,
    start: i64,
    stop: Stop,
    project: Option<i64>,
    tags: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    Runs,
    At(i64),
    /// Stopped, no matter when.
    Anywhere,
}

/// The state before the disturbed push.
pub struct Prepared {
    toggl: Mutex<Sandbox>,
    pub sidecar: Vec<u8>,
}

impl Prepared {
    /// A Toggl in that state, on this clock.
    pub fn toggl(&self, clock: impl Into<SandboxClock>) -> Sandbox {
        self.toggl.lock().unwrap().twin(clock)
    }

    /// What this machine remembers of the sidecar.
    pub fn saved_last(&self) -> Option<SavedLast> {
        Sidecar::from_json(&self.sidecar).ok().map(|sidecar| sidecar.saved_last())
    }
}

impl PushCase {
    /// Plays what was before.
    pub fn prepare(&self) -> Prepared {
        let mut user = User::at(DAY);
        for save in &self.before {
            user.clock.set(save.at + 20);
            let pushed = user.push(&save.text, save.at, &Zone::named(self.zone_before).unwrap());
            assert!(pushed.report.end.is_none() && pushed.report.left.operations.is_empty(), "{}", self.name);
        }
        if self.is_archived {
            let text = &self.before.last().unwrap().text;
            let mut sidecar = user.sidecar();
            assert!(sidecar.archive(&blocks::split(text).unwrap()).unwrap(), "{}: nothing to archive", self.name);
            user.disk = sidecar.to_json().unwrap();
        }
        let mut toggl = user.toggl.sandbox().twin(user.clock.clone());
        (self.meddle)(&mut toggl, &mut user.disk);
        toggl.rules.lag_ms = LAG_MS;
        Prepared { toggl: Mutex::new(toggl), sidecar: user.disk }
    }

    /// What a push is asked for, as the arguments say it.
    pub fn options(&self) -> Options {
        let prune = self.args.contains(&"--prune").then_some(20);
        let workspace = self.names_workspace.then_some(NameOrId::Id(WORKSPACE));
        let selection = parse_settings(self.config).unwrap().selection();
        let reclassify = if self.args.contains(&"--reclassify") { Reclassify::Unseen } else { Reclassify::No };
        Options { prune, reclassify, ..Options::plain(Selection { workspace, ..selection }) }
    }

    /// A user in this case, before the push.
    pub fn user(&self, prepared: &Prepared) -> User {
        let mut user = User::at(self.save.at + 20);
        *user.toggl.sandbox() = prepared.toggl(user.clock.clone());
        user.disk.clone_from(&prepared.sidecar);
        user.remembered = prepared.saved_last();
        user.options = self.options();
        user.policy.wait = self.args.contains(&"--wait");
        user
    }

    /// What is wrong after the last push: doubled, missing, different, or not recorded.
    pub fn fault_in(&self, toggl: &Sandbox, sidecar: &[u8]) -> Result<(), String> {
        if let Some(violation) = toggl.violations.first() {
            return Err(violation.clone());
        }
        let mut truth = self.later.truth.clone();
        truth.sort();
        let entries = toggl.entries();
        let held: Vec<Truth> = (entries.iter())
            .map(|entry| Truth {
                description: entry.description.clone(),
                start: entry.start,
                stop: entry.stop.map_or(Stop::Runs, Stop::At),
                project: entry.project_id,
                tags: entry.tags.clone(),
            })
            .collect();
        let mut held: Vec<Truth> = (held.into_iter())
            .map(|held| {
                let halted = Truth { stop: Stop::Anywhere, ..held.clone() };
                if held.stop != Stop::Runs && truth.contains(&halted) { halted } else { held }
            })
            .collect();
        held.sort();
        if held != truth {
            let missing: Vec<&Truth> = truth.iter().filter(|entry| !held.contains(entry)).collect();
            let extra: Vec<&Truth> = held.iter().filter(|entry| !truth.contains(entry)).collect();
            let counts = (held.len(), truth.len());
            return Err(format!("{counts:?} entries (held, true); missing: {missing:?}; not true: {extra:?}"));
        }
        let Ok(mut sidecar) = Sidecar::from_json(sidecar) else { return Err("the sidecar is damaged".to_owned()) };
        if sidecar.unarchive().is_err() {
            return Err("the archive is damaged".to_owned());
        }
        let snapshot = parse(self.later.text.as_bytes()).unwrap();
        let ingested = ingest(&mut sidecar, &snapshot, self.later.at, &utc());
        let left = plan(&sidecar, &ingested, &self.options());
        if !left.operations.is_empty() || sidecar.has_open_intents() {
            return Err(format!("not recorded as done: {:?}", left.operations));
        }
        let recorded: Vec<i64> =
            sidecar.sessions().filter_map(|(_, _, record)| Some(record.last_sent.as_ref()?.id.0)).collect();
        let distinct: BTreeSet<i64> = recorded.iter().copied().collect();
        let there: BTreeSet<i64> = entries.iter().map(|entry| entry.id).collect();
        if distinct != there || recorded.len() != there.len() {
            return Err(format!("recorded are {recorded:?}, there are {there:?}"));
        }
        Ok(())
    }
}

pub fn utc() -> Zone {
    Zone::named("UTC").unwrap()
}

/// All of them.
pub fn all() -> Vec<PushCase> {
    vec![
        first_push(),
        mixed(),
        halt(),
        resume(),
        lost_sidecar(),
        gone_by_hand(),
        batch(),
        life_goes_on(),
        used_up(),
        rules(),
        reclassified(),
        taken_back(),
    ]
}

/// No sidecar, no workspace, and two sessions that nothing tells apart.
fn first_push() -> PushCase {
    let save = save(
        660,
        &[
            closed("Report", &[(540, 560), (600, 610)]),
            closed("Tea", &[(565, 565)]),
            closed("Tea", &[(565, 565)]),
            running("Work", &[(570, 590)], 650),
        ],
    );
    PushCase { names_workspace: false, requests: 8, ..case("first push", vec![], save) }
}

/// A stop, a start, an edit by hand, a rename of three, a deletion and creates, two of them twins.
fn mixed() -> PushCase {
    let before = save(
        600,
        &[
            closed("Report", &[(540, 560)]),
            closed("Call", &[(500, 510), (515, 520), (525, 530)]),
            closed("Edit", &[(450, 460)]),
            running("Work", &[], 570),
            closed("Old", &[(480, 490)]),
        ],
    );
    let save = save(
        660,
        &[
            closed("Report", &[(540, 560), (605, 615)]),
            closed("Call Bob", &[(500, 510), (515, 520), (525, 530)]),
            closed("Edit", &[(450, 465)]),
            closed("Work", &[(570, 602)]),
            closed("Tea", &[(616, 616)]),
            closed("Tea", &[(616, 616)]),
            running("Next", &[], 640),
        ],
    );
    PushCase { args: &["--prune"], requests: 8, ..case("mixed", vec![before], save) }
}

/// The running task was postponed: its end is unknown.
fn halt() -> PushCase {
    let before = save(600, &[running("Work", &[], 570)]);
    let save = save(660, &[closed("Report", &[(610, 620)]), postponed("Work", 570)]);
    PushCase { requests: 2, ..case("halt", vec![before], save) }
}

/// It was brought back and goes on.
fn resume() -> PushCase {
    let before = vec![save(600, &[running("Work", &[], 570)]), save(660, &[postponed("Work", 570)])];
    let save = save(720, &[closed("Report", &[(670, 680)]), running("Work", &[], 570)]);
    PushCase { requests: 2, ..case("resume", before, save) }
}

/// Toggl has entries, the sidecar is gone, and more was done since.
fn lost_sidecar() -> PushCase {
    let before = save(
        600,
        &[
            closed("Report", &[(540, 560)]),
            closed("Tea", &[(565, 565)]),
            closed("Tea", &[(565, 565)]),
            running("Work", &[], 570),
        ],
    );
    let save = save(
        660,
        &[
            closed("Report", &[(540, 560), (605, 615)]),
            closed("Tea", &[(565, 565)]),
            closed("Tea", &[(565, 565)]),
            closed("Work", &[(570, 602)]),
            closed("Next", &[(620, 630)]),
        ],
    );
    let meddle = |_: &mut Sandbox, sidecar: &mut Vec<u8>| sidecar.clear();
    PushCase { meddle, requests: 4, ..case("lost sidecar", vec![before], save) }
}

/// Two entries were deleted in Toggl, and their sessions changed: one was edited, the other stopped.
fn gone_by_hand() -> PushCase {
    let before = save(600, &[closed("Edit", &[(540, 560)]), running("Work", &[], 570)]);
    let save = save(660, &[closed("Edit", &[(540, 563)]), closed("Work", &[(570, 602)])]);
    let meddle = |toggl: &mut Sandbox, _: &mut Vec<u8>| {
        let ids: Vec<i64> = toggl.entries().iter().map(|entry| entry.id).collect();
        ids.into_iter().for_each(|id| toggl.remove(id));
    };
    // The workspace is that of the entries, without asking. That they are gone is proven.
    PushCase { meddle, names_workspace: false, requests: 10, ..case("gone by hand", vec![before], save) }
}

/// A sidecar so large that one save covers several intents.
fn batch() -> PushCase {
    let many: Vec<(u16, u16)> = (0..110).map(|n| (400 + n, 401 + n)).collect();
    let before = save(600, &[closed("Many", &many)]);
    let new = [(602, 605), (606, 606), (610, 620), (621, 625), (630, 630), (640, 641), (642, 644)];
    let save = save(
        660,
        &[closed("Many", &[&many[..], &new].concat()), closed("Tea", &[(607, 608)]), closed("Tea", &[(607, 608)])],
    );
    PushCase { requests: 9, ..case("batch", vec![before], save) }
}

/// Until the next push the running task is stopped, a title and a start are edited, and more is done.
fn life_goes_on() -> PushCase {
    let before = save(600, &[closed("Report", &[(540, 560)])]);
    let disturbed = save(
        660,
        &[closed("Report", &[(540, 560), (605, 615)]), closed("Tea", &[(620, 625)]), running("Work", &[], 640)],
    );
    let later = save(
        720,
        &[
            closed("Report", &[(540, 560), (606, 615)]),
            closed("Green tea", &[(620, 625)]),
            closed("Work", &[(640, 670)]),
            closed("Next", &[(680, 690)]),
        ],
    );
    PushCase { later, requests: 3, ..case("life goes on", vec![before], disturbed) }
}

/// The quota is used up on the way, and the push waits.
fn used_up() -> PushCase {
    let save =
        save(660, &[closed("Report", &[(540, 560), (600, 610), (611, 612), (613, 614)]), running("Work", &[], 650)]);
    let meddle = |toggl: &mut Sandbox, _: &mut Vec<u8>| toggl.rules.workspace_total = 3;
    PushCase { meddle, args: &["--wait"], requests: 6, ..case("used up", vec![], save) }
}

/// The ids that the sandbox gives to the first projects.
const ACME: i64 = 210_000_001;
const INTERNAL: i64 = 210_000_002;

fn add_projects(toggl: &mut Sandbox) {
    assert_eq!([toggl.add_project(WORKSPACE, "ACME"), toggl.add_project(WORKSPACE, "Internal")], [ACME, INTERNAL]);
}

const RULES: &str = "tags = [\"chute\"]\n\
    [[rule]]\ntitle = \"ACME:\"\nproject = \"acme\"\n\
    [[rule]]\ntitle = \"Mail\"\nproject = \"Internal\"\ntags = []\n\
    [[rule]]\ntitle = \"private:\"\nskip = true\n";

fn with(task: Task, project: i64, tags: &'static [&'static str]) -> Task {
    Task { project: Some(project), tags, ..task }
}

/// A first push by rules: the names of projects are looked up, two sessions are left alone, one runs.
fn rules() -> PushCase {
    let told = [
        with(closed("ACME: logo", &[(540, 560), (600, 610)]), ACME, &["chute"]),
        with(closed("Mail", &[(565, 566)]), INTERNAL, &[]),
        with(running("ACME: site", &[], 650), ACME, &["chute"]),
    ];
    let mut save = save(660, &told);
    let private = past("private: tea").sessions(&[(500, Some(505)), (620, Some(622))]);
    let built = told.iter().map(Task::build).chain([private]);
    save.text = snapshot(built);
    let meddle = |toggl: &mut Sandbox, _: &mut Vec<u8>| add_projects(toggl);
    PushCase { config: RULES, meddle, requests: 6, ..case("rules", vec![], save) }
}

/// Entries that were sent without project get one, by two bulk requests and a single one; of one bulk request a part fails.
fn reclassified() -> PushCase {
    let tasks = [
        closed("ACME: logo", &[(530, 535), (540, 560)]),
        closed("ACME: site", &[(570, 571)]),
        closed("Mail", &[(565, 566), (567, 568)]),
        closed("Tea", &[(580, 581)]),
    ];
    let before = save(600, &tasks);
    let [logo, site, mail, tea] = tasks;
    let chute: &[&str] = &["chute"];
    let after =
        [with(logo, ACME, chute), with(site, ACME, chute), with(mail, INTERNAL, &[]), Task { tags: chute, ..tea }];
    let meddle = |toggl: &mut Sandbox, _: &mut Vec<u8>| {
        add_projects(toggl);
        let site = toggl.entries().iter().find(|entry| entry.description == "ACME: site").unwrap().id;
        toggl.rules.bulk_failures.insert(site);
    };
    let args = &["--reclassify"];
    let save = Save { at: before.at + 60, ..save(660, &after) };
    // The projects, the look, two in bulk, the one that failed, the single one.
    PushCase { config: RULES, meddle, args, requests: 6, ..case("reclassified", vec![before], save) }
}

/// A push went too far back: what lies before `since` is taken back.
fn taken_back() -> PushCase {
    let tasks =
        [closed("Report", &[(540, 560), (600, 610)]), closed("Tea", &[(565, 565)]), closed("Tea", &[(565, 565)])];
    let before = save(620, &tasks);
    let save = Save { at: before.at + 60, truth: Vec::new(), ..before.clone() };
    PushCase { config: "since = 2026-05-12", args: &["--prune"], requests: 4, ..case("taken back", vec![before], save) }
}

/// Most of the sidecar is an archive, which is taken apart when something is uncertain.
pub fn long_history() -> PushCase {
    // One after the other, as one person works: a minute has two of them at most, which last no minute.
    let many = |first: u16| (first..first + 250).map(|minute| (minute, minute)).collect::<Vec<(u16, u16)>>();
    let past: Vec<Task> = [("A", 0), ("B", 0), ("C", 250), ("D", 250)]
        .map(|(title, first)| Task { list: past, ..closed(title, &many(first)) })
        .into();
    let before = save(600, &past);
    let new = [closed("Tea", &[(616, 616)]), closed("Tea", &[(616, 616)])];
    let save = save(660, &new.into_iter().chain(past).collect::<Vec<_>>());
    PushCase { is_archived: true, requests: 2, ..case("long history", vec![before], save) }
}

/// What was pushed in a zone that was wrong is dated anew, the running session as well.
pub fn wrong_zone() -> PushCase {
    let save = save(660, &[closed("Report", &[(540, 560), (600, 610)]), running("Work", &[], 640)]);
    let before = vec![save.clone()];
    PushCase {
        zone_before: "Asia/Tokyo",
        args: &["--redate", "Asia/Tokyo"],
        requests: 3,
        ..case("wrong zone", before, save)
    }
}

fn case(name: &'static str, before: Vec<Save>, save: Save) -> PushCase {
    PushCase {
        name,
        before,
        zone_before: "UTC",
        is_archived: false,
        meddle: |_, _| {},
        later: save.clone(),
        save,
        args: &[],
        config: "",
        names_workspace: true,
        requests: 0,
    }
}

/// A task as the truth has it, on this day.
#[derive(Clone)]
struct Task {
    title: &'static str,
    list: fn(&str) -> TaskBuilder,
    sessions: Vec<(u16, Option<u16>)>,
    /// Whether the session that is open runs.
    runs: bool,
    /// What its entries have beside their times and text.
    project: Option<i64>,
    tags: &'static [&'static str],
}

impl Task {
    fn build(&self) -> TaskBuilder {
        (self.list)(self.title).planned(20_260_511).sessions(&self.sessions)
    }
}

fn closed(title: &'static str, sessions: &[(u16, u16)]) -> Task {
    let sessions = sessions.iter().map(|&(start, end)| (start, Some(end))).collect();
    Task { title, list: today, sessions, runs: false, project: None, tags: &[] }
}

fn running(title: &'static str, before: &[(u16, u16)], start: u16) -> Task {
    let mut task = Task { runs: true, ..closed(title, before) };
    task.sessions.push((start, None));
    task
}

/// Its entry is there and was halted.
fn postponed(title: &'static str, start: u16) -> Task {
    Task { list: future, sessions: vec![(start, None)], ..closed(title, &[]) }
}

/// A snapshot that was saved within this minute.
fn save(minute: i64, tasks: &[Task]) -> Save {
    let built = tasks.iter().map(Task::build);
    let at = |minute: u16| DAY + i64::from(minute) * 60;
    let truth = tasks.iter().flat_map(|task| {
        task.sessions.iter().map(move |&(start, end)| {
            let open = if task.runs { Stop::Runs } else { Stop::Anywhere };
            let stop = end.map_or(open, |end| Stop::At(at(end)));
            let tags = task.tags.iter().map(|&tag| tag.to_owned()).collect();
            Truth { description: task.title.to_owned(), start: at(start), stop, project: task.project, tags }
        })
    });
    Save { at: DAY + minute * 60 + 30, text: snapshot(built), truth: truth.collect() }
}

/// What passes until the next push: nothing, or ten minutes.
pub const DELAYS: [Duration; 2] = [Duration::ZERO, Duration::from_secs(600)];
