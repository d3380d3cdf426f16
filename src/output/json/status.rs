//! The document of `status`.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::Plan;
use super::{Day, Session, Timestamp, Version};
use crate::output::{self, View, marked, status};
use crate::sidecar::SessionKey;

/// How things stand, by `status`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status<'a> {
    schema: Version,
    /// The command.
    #[schemars(extend("const" = "status"))]
    command: &'static str,
    #[serde(flatten)]
    plan: Plan<'a>,
    /// The snapshot's file.
    snapshot: Cow<'a, str>,
    /// When the snapshot was saved, or null.
    saved: Option<Timestamp>,
    /// The sidecar's file.
    sidecar: Cow<'a, str>,
    /// When the snapshot was saved that the last push read; null before the first push.
    last_snapshot_saved: Option<Timestamp>,
    /// When the last request was sent, or null.
    last_request: Option<Timestamp>,
    /// Number of sessions whose day is the likeliest of several.
    inferred: usize,
    /// Since when something could not be sent; null if nothing waits.
    waiting_since: Option<Timestamp>,
    /// Sessions to look at.
    marked: Vec<MarkedSession<'a>>,
}

impl<'a> Status<'a> {
    /// What `status` shows.
    #[must_use]
    pub fn new(status: &output::Status<'a>) -> Status<'a> {
        let view = &status.view;
        let at = |instant: Option<i64>| instant.map(|instant| view.zone.at(instant).into());
        Status {
            schema: Version::CURRENT,
            command: "status",
            plan: Plan::new(view, view.plan, view.requests()),
            snapshot: status.snapshot_path.to_string_lossy(),
            saved: at(view.sidecar.last_snapshot_saved),
            sidecar: status.sidecar_path.to_string_lossy(),
            last_snapshot_saved: at(status.last_snapshot_saved),
            last_request: at(view.sidecar.quota.last_request_ms.map(|ms| ms.div_euclid(1000))),
            inferred: status::inferred(view),
            waiting_since: at(view.sidecar.waiting.map(|waiting| waiting.since)),
            marked: marked::marked(view).into_iter().filter_map(|key| MarkedSession::new(view, key)).collect(),
        }
    }
}

/// A session to look at.
#[derive(Debug, Serialize, JsonSchema)]
struct MarkedSession<'a> {
    #[serde(flatten)]
    session: Session<'a>,
    /// Whether the day is the likeliest of several.
    inferred: bool,
    /// Whether it is longer than 16 hours.
    long: bool,
    /// If the day is inferred, the likeliest other one, or null.
    other_day: Option<Day>,
}

impl<'a> MarkedSession<'a> {
    fn new(view: &View<'a>, session: SessionKey) -> Option<MarkedSession<'a>> {
        let (task, record) = view.sidecar.record(session)?;
        Some(MarkedSession {
            session: Session::new(session, task, record),
            inferred: record.inferred,
            long: marked::is_long(record),
            other_day: record.other_day.filter(|_| record.inferred).map(Day::from),
        })
    }
}
