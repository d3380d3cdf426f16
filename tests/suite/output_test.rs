//! What people and programs read.

mod cleaning;
mod documents;
mod outcomes;
mod previews;
mod standings;
mod tables;

use std::time::Duration;

use chute_toggl::output::{Style, View};
use chute_toggl::reconcile::ingest::Ingested;
use chute_toggl::reconcile::plan::{Options, Plan, plan};
use chute_toggl::reconcile::selection::{NameOrId, Selection};
use chute_toggl::sidecar::{
    Category, Intent, LastSent, Minutes, Rejection, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord,
};
use chute_toggl::toggl::quota::{Level, Quota};
use chute_toggl::toggl::{EntryId, SendError, WorkspaceId};
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
    ingested: Ingested,
    options: Options,
    plan: Plan,
    zone: Zone,
}

impl Scene {
    fn new() -> Scene {
        Scene {
            sidecar: Sidecar {
                last_snapshot_saved: Some(NOW.unix_timestamp() - 60),
                scanned_from: Some(time::macros::date!(2006 - 01 - 01)),
                ..Sidecar::default()
            },
            ingested: Ingested::default(),
            options: Options::plain(Selection { workspace: Some(NameOrId::Id(7)), ..Selection::default() }),
            plan: Plan::default(),
            zone: Zone::named("Asia/Tokyo").unwrap(),
        }
    }

    /// A session of a task of its own, to be changed by `change`.
    fn with(mut self, title: &str, session: SessionRecord, change: impl FnOnce(&mut SessionRecord)) -> Scene {
        self.add(title, session, change);
        self
    }

    fn add(&mut self, title: &str, mut record: SessionRecord, change: impl FnOnce(&mut SessionRecord)) -> SessionKey {
        change(&mut record);
        let task = u32::try_from(self.sidecar.tasks.len()).unwrap();
        let key = TaskKey { day: 20_260_511, number: task };
        let task = TaskRecord {
            title: title.into(),
            planned: 20_260_511,
            category: Category::General,
            place: None,
            sessions: vec![record],
        };
        self.sidecar.tasks.insert(key, task);
        SessionKey { task: key, session: 0 }
    }

    fn quota(mut self, remaining: i64, resets_in: i64) -> Scene {
        let level = Level { remaining: Some(remaining), resets_at: NOW.unix_timestamp() + resets_in };
        self.sidecar.quota = Quota { workspace: Some(level), ..Quota::default() };
        self
    }

    fn planned(mut self) -> Scene {
        self.plan = plan(&self.sidecar, &self.ingested, &self.options);
        self
    }

    fn view(&self) -> View<'_> {
        View {
            sidecar: &self.sidecar,
            ingested: &self.ingested,
            plan: &self.plan,
            now: NOW.unix_timestamp(),
            zone: &self.zone,
            pace: Duration::from_secs(1),
        }
    }

    fn text(&self) -> String {
        chute_toggl::output::plan_text(&self.view(), &PLAIN)
    }
}

/// A session that Toggl knows nothing of.
fn session(start: OffsetDateTime, stop: impl Into<Option<OffsetDateTime>>) -> SessionRecord {
    let stop = stop.into();
    SessionRecord::new(0, Minutes::shown_by(start, stop), start, stop)
}

/// Gives the session the entry that it should have, under this title.
fn told(title: &str) -> impl Fn(&mut SessionRecord) + use<> {
    let description = title.to_owned();
    move |record| {
        record.last_sent =
            Some(LastSent::new(EntryId(7), WorkspaceId(1), description.as_str().into(), record.start, record.stop));
    }
}

/// Changes the entry of a session that was told.
fn entry(record: &mut SessionRecord) -> &mut LastSent {
    record.last_sent.as_mut().unwrap()
}

fn intent() -> Box<Intent> {
    Box::new(Intent {
        since: NOW.unix_timestamp() - 600,
        start: NOW,
        description: "x".to_owned(),
        workspace: None,
        project: None,
        tags: Vec::new(),
    })
}

fn rejection(status: u16, text: &str) -> Box<Rejection> {
    Box::new(Rejection { status, text: text.to_owned(), operation: String::new(), acknowledged: false })
}

/// No line is wider than the terminal.
#[track_caller]
fn assert_fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(line.width() <= columns, "{} columns: {line}", line.width());
    }
}
