//! What people and programs read.

mod cleaning;
mod documents;
mod outcomes;
mod previews;
mod standings;
mod tables;

use std::time::Duration;

use chute_toggl::intake::Intake;
use chute_toggl::plan::{Defaults, Options, Plan, plan};
use chute_toggl::quota::{Level, Quota};
use chute_toggl::show::{Style, View};
use chute_toggl::sidecar::{Entry, Intent, Minutes, Record, RecordKey, Rejection, Sidecar, Thread, ThreadKey};
use chute_toggl::zone::Zone;
use time::OffsetDateTime;
use time::macros::datetime;
use unicode_width::UnicodeWidthStr;

/// Monday 2026-05-11, 13:20 in Tokyo.
const NOW: OffsetDateTime = datetime!(2026-05-11 13:20 +9);

/// As on a narrow terminal without colour.
const PLAIN: Style = Style { color: false, columns: 80, verbose: false };
const VERBOSE: Style = Style { verbose: true, ..PLAIN };

/// Records, and all else that a view is made from.
struct Scene {
    sidecar: Sidecar,
    intake: Intake,
    options: Options,
    plan: Plan,
    zone: Zone,
    first_push: bool,
    asks_workspace: bool,
}

impl Scene {
    fn new() -> Scene {
        Scene {
            sidecar: Sidecar { taken: Some(NOW.unix_timestamp() - 60), looked: true, ..Sidecar::default() },
            intake: Intake::default(),
            options: Options::plain(Defaults::default()),
            plan: Plan::default(),
            zone: Zone::named("Asia/Tokyo").unwrap(),
            first_push: false,
            asks_workspace: false,
        }
    }

    /// A session of a task of its own, to be changed by `change`.
    fn with(mut self, title: &str, session: Record, change: impl FnOnce(&mut Record)) -> Scene {
        self.add(title, session, change);
        self
    }

    fn add(&mut self, title: &str, mut record: Record, change: impl FnOnce(&mut Record)) -> RecordKey {
        change(&mut record);
        let task = u32::try_from(self.sidecar.threads.len()).unwrap();
        let key = ThreadKey { day: 20_260_511, task };
        let thread = Thread { title: title.into(), planned: 20_260_511, place: None, records: vec![record] };
        self.sidecar.threads.insert(key, thread);
        RecordKey { thread: key, session: 0 }
    }

    fn quota(mut self, remaining: i64, resets_in: i64) -> Scene {
        let level = Level { remaining: Some(remaining), resets_at: NOW.unix_timestamp() + resets_in };
        self.sidecar.quota = Quota { workspace: Some(level), ..Quota::default() };
        self
    }

    fn planned(mut self) -> Scene {
        self.plan = plan(&self.sidecar, &self.intake, &self.options);
        self
    }

    fn view(&self) -> View<'_> {
        View {
            sidecar: &self.sidecar,
            intake: &self.intake,
            plan: &self.plan,
            now: NOW.unix_timestamp(),
            zone: &self.zone,
            pace: Duration::from_secs(1),
            first_push: self.first_push,
            asks_workspace: self.asks_workspace,
        }
    }

    fn text(&self) -> String {
        chute_toggl::show::plan_text(&self.view(), &PLAIN)
    }
}

/// A session that Toggl knows nothing of.
fn session(start: OffsetDateTime, stop: impl Into<Option<OffsetDateTime>>) -> Record {
    let stop = stop.into();
    Record::new(0, Minutes::shown_by(start, stop), start, stop)
}

/// Gives the session the entry that it should have, under this title.
fn told(title: &str) -> impl Fn(&mut Record) + use<> {
    let description = title.to_owned();
    move |record| {
        record.entry = Some(Entry {
            id: 7,
            workspace: 1,
            description: description.as_str().into(),
            start: record.start,
            stop: record.stop,
            halted: false,
        });
    }
}

/// Changes the entry of a session that was told.
fn entry(record: &mut Record) -> &mut Entry {
    record.entry.as_mut().unwrap()
}

fn intent() -> Box<Intent> {
    Box::new(Intent { since: NOW.unix_timestamp() - 600, start: NOW, description: "x".to_owned() })
}

fn rejection(status: u16, text: &str) -> Box<Rejection> {
    Box::new(Rejection { status, text: text.to_owned(), operation: String::new() })
}

/// No line is wider than the terminal.
#[track_caller]
fn assert_fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(line.width() <= columns, "{} columns: {line}", line.width());
    }
}
