//! What people and programs read: values in, text or one JSON document out. Nothing here prints, and nothing asks the
//! world: the same values give the same bytes.
//!
//! Text is for people and may change. JSON is for programs: each document is a type in [`mod@json`].
//!
//! Each file serves the command that it is named after; [`mod@plan`] is what `push --dry-run` and `status` show. They share
//! [`words`], [`layout`] and [`mod@escape`].

pub mod doctor;
mod escape;
mod explain;
pub mod json;
mod layout;
mod log;
mod marked;
mod plan;
pub mod progress;
mod push;
mod status;
mod verify;
mod words;

use std::path::Path;
use std::time::Duration;

use crate::execute::Report;
use crate::reconcile::ingest::Ingested;
use crate::reconcile::plan::Plan;
use crate::sidecar::Sidecar;
use crate::zone::Zone;

use layout::Page;

pub use doctor::diagnosis_text;
pub use escape::{escape, escape_json};
pub use explain::explanation_text;
pub use log::{log_json, log_text};
pub use plan::{far_back, no_sessions, up_to_date};
pub use verify::{Verdict, comparison_text, not_compared};
pub use words::ago;
pub(crate) use words::{by_number, clock_off, count, day_and_minute, moment_from, no_project, number};

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colour may be used. Nothing is said by colour alone.
    pub color: bool,
    /// How wide the terminal is; 80 when unknown.
    pub columns: usize,
    /// Every session and every detail, however many.
    pub verbose: bool,
}

/// All that a preview is made from.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The records, after the snapshot was ingested (and, for a report, after the run).
    pub sidecar: &'a Sidecar,
    /// What ingesting the snapshot found out.
    pub ingested: &'a Ingested,
    /// The plan; for a report, the plan as it was before the run.
    pub plan: &'a Plan,
    /// This machine's clock (for a report, after the run), unix seconds.
    pub now: i64,
    /// The zone in which times of today are shown. Sessions are shown by the offset in force when they were made.
    pub zone: &'a Zone,
    /// Least time between two requests.
    pub pace: Duration,
}

/// All that `status` is made from.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    /// What a push would do. What is rejected, uncertain, removed and assumed is among what its plan holds back, what is
    /// known of the quota and the time of the last request are in its sidecar.
    pub view: View<'a>,
    /// The snapshot's file.
    pub snapshot_path: &'a Path,
    /// The sidecar's file, which need not exist.
    pub sidecar_path: &'a Path,
    /// Save instant (unix seconds) of the snapshot that the last push ingested: the sidecar's own, before this
    /// snapshot was ingested. `None` if nothing was ever pushed.
    pub last_snapshot_saved: Option<i64>,
}

/// A message of a sentence or two, broken between words, all lines but the first indented.
#[must_use]
pub fn message(text: &str, style: &Style) -> String {
    Page::text(style, |page| page.paragraph(2, text))
}

/// One sentence that names what a run sent with a mark, if it did: said even where quiet is asked for.
#[must_use]
pub fn marked_text(view: &View<'_>, report: &Report, style: &Style) -> Option<String> {
    marked::sent_with_a_mark(view, report).map(|marked| message(&marked, style))
}

/// That something has waited to be sent since then (unix seconds).
#[must_use]
pub fn waiting_text(view: &View<'_>, since: i64, style: &Style) -> String {
    let since = words::moment(since, view.now, view.zone);
    message(&format!("Not everything could be sent since {since}."), style)
}

/// The plan, for people: what is sent by day, what is held back, and on the last line what it comes to.
#[must_use]
pub fn plan_text(view: &View<'_>, style: &Style) -> String {
    Page::text(style, |page| plan::plan(page, view))
}

/// What a run did, for people: what needs attention, what it came to, and how to go on.
#[must_use]
pub fn report_text(view: &View<'_>, report: &Report, style: &Style) -> String {
    Page::text(style, |page| push::report(page, view, report))
}

/// How things stand, for people: the files, the last push, the quota, and what a push would do.
#[must_use]
pub fn status_text(status: &Status<'_>, style: &Style) -> String {
    Page::text(style, |page| status::status(page, status))
}
