//! A comparison as text and as JSON. More fields and more kinds of findings may come.
//!
//! The document of `verify`:
//!
//! | field | value |
//! |---|---|
//! | `schema` | 1 |
//! | `command` | `"verify"` |
//! | `repair` | whether `--repair` was asked for |
//! | `from`, `to` | the first and the last day (UTC) that were compared |
//! | `compared` | number of sessions whose entry was looked for |
//! | `agreed` | number of these whose entry is as Toggl was told |
//! | `unsent` | number of sessions without an entry, of which Toggl has none either |
//! | `pending` | number of requests that the next push would send |
//! | `findings` | what differs: a list of *finding* |
//! | `push` | what `--repair` sent, as the document of a push; else null |
//! | `exit` | the exit code |
//!
//! *finding*:
//!
//! | field | value |
//! |---|---|
//! | `session` | the key of the session |
//! | `what` | `"missing"`, `"edited"`, `"running"`, `"doubled"` or `"adoptable"` |
//! | `title`, `start`, `stop` | of the session |
//! | `entry` | the id of its entry, or null if it has none |
//! | `held` | the entry as Toggl has it: `id`, `workspace`, `description`, `start` and `stop`; or null |
//! | `others` | the ids of its doubles, or null |

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use serde_json::{Value, json};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::json::{SCHEMA, rfc3339};
use super::{View, clean, push, words};
use crate::execute::StopReason;
use crate::reconcile::drift::{Comparison, Difference, Finding};
use crate::sidecar::{LastSent, SessionRecord, Sidecar};
use crate::toggl::TimeEntry;

/// All that is told of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    /// The records that were compared, before any repair.
    pub sidecar: &'a Sidecar,
    /// What was found.
    pub comparison: &'a Comparison,
    /// The days (UTC) that were compared.
    pub days: &'a RangeInclusive<Date>,
    /// Fewer days than asked for, because Toggl lists no more.
    pub is_cut: bool,
    /// Changes that the next push would send.
    pub pending: usize,
    /// The differences are being repaired, or were.
    pub repairs: bool,
}

/// The comparison, for people.
#[must_use]
pub fn comparison_text(verdict: &Verdict<'_>) -> String {
    let Comparison { compared, up_to_date, findings, .. } = verdict.comparison;
    let mut text = String::new();
    for finding in findings {
        if let Some((thread, record)) = verdict.sidecar.record(finding.session) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{:<9}  {}  {}: {}",
                finding.what.word(),
                when(record.start, record.stop),
                clean(&thread.title),
                detail(finding, record)
            );
        }
    }
    if !findings.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{compared} entries since {} compared with Toggl, {up_to_date} agree{}.",
        verdict.days.start(),
        if verdict.is_cut { " (Toggl lists three months, no more)" } else { "" }
    );
    if verdict.pending > 0 && !verdict.repairs {
        let _ = writeln!(text, "Not counted: what the next push sends ({} requests).", verdict.pending);
    }
    text.push_str(&next(verdict));
    text
}

/// What to do about it.
fn next(verdict: &Verdict<'_>) -> String {
    let comparison = verdict.comparison;
    let mut text = String::new();
    if verdict.repairs && comparison.finds_nothing() {
        text.push_str(
            "Nothing is repaired, since not one of them is there: check that TOGGL_API_TOKEN is of the right account. If \
             Toggl was emptied on purpose, move the sidecar away and push.\n",
        );
        return text;
    }
    let is_repairable = comparison.findings.iter().any(|finding| !matches!(finding.what, Difference::Doubled { .. }));
    if is_repairable && !verdict.repairs {
        text.push_str("Next: `chute-toggl verify --repair` tells Toggl again what Chute_kun recorded.\n");
    }
    if comparison.has_doubled() {
        text.push_str(
            "Doubled entries are never deleted by this program: delete in Toggl those named after `also`, if they are not \
             yours.\n",
        );
    }
    text
}

fn detail(finding: &Finding, record: &SessionRecord) -> String {
    match &finding.what {
        Difference::Missing { id } => format!("entry {id} is not in Toggl (deleted, or moved to another day)"),
        Difference::Edited { held } => format!("entry {} has {}", held.id, differences(record, held)),
        Difference::Running { held } => format!("entry {} runs in Toggl, and was told to have stopped", held.id),
        Difference::Doubled { id, others } => {
            let others: Vec<String> = others.iter().map(i64::to_string).collect();
            format!("entry {id} is there also as {}", others.join(", "))
        }
        Difference::Adoptable { held, instead_of: None } => {
            format!("is there as entry {}, and not known to be", held.id)
        }
        Difference::Adoptable { held, instead_of: Some(id) } => {
            format!("entry {id} is not in Toggl, but its twin {} is", held.id)
        }
    }
}

/// What Toggl has otherwise than told.
fn differences(record: &SessionRecord, held: &TimeEntry) -> String {
    let Some(LastSent { workspace, description, start, stop, .. }) = &record.last_sent else { return String::new() };
    let local = |at: OffsetDateTime| minute(at.to_offset(record.start.offset()));
    let mut parts = Vec::new();
    if **description != *held.description {
        parts.push(format!("the text `{}`", clean(&held.description)));
    }
    if *start != held.start {
        parts.push(format!("the start {}", local(held.start)));
    }
    if *stop != held.stop {
        parts.push(held.stop.map_or("no stop".to_owned(), |stop| format!("the stop {}", local(stop))));
    }
    if *workspace != held.workspace {
        parts.push(format!("the workspace {}", held.workspace));
    }
    parts.join(", ")
}

/// `2026-05-11 09:00-09:50`, by the offset in force then.
fn when(start: OffsetDateTime, stop: Option<OffsetDateTime>) -> String {
    format!("{}-{}", minute(start), stop.map_or("     ".to_owned(), words::minute))
}

fn minute(at: OffsetDateTime) -> String {
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute]")).unwrap_or_else(|_| at.to_string())
}

/// Why Toggl's entries are not known, for people, with what to do.
#[must_use]
pub fn not_compared_text(view: &View<'_>, end: &StopReason) -> String {
    format!("Nothing was compared. {}", push::ending(view, end))
}

/// The comparison, for programs; whoever calls adds `push` and `exit`.
#[must_use]
pub fn comparison_json(verdict: &Verdict<'_>) -> Value {
    let comparison = verdict.comparison;
    let findings: Vec<Value> = (comparison.findings.iter())
        .filter_map(|finding| {
            let (thread, record) = verdict.sidecar.record(finding.session)?;
            let (entry, held, others) = match &finding.what {
                Difference::Missing { id } => (Some(*id), None, None),
                Difference::Edited { held } | Difference::Running { held } => (Some(held.id), Some(held), None),
                Difference::Doubled { id, others } => (Some(*id), None, Some(others)),
                Difference::Adoptable { held, instead_of } => (*instead_of, Some(held), None),
            };
            let held = held.map(|held| {
                json!({
                    "id": held.id, "workspace": held.workspace, "description": held.description,
                    "start": rfc3339(held.start), "stop": held.stop.map(rfc3339),
                })
            });
            Some(json!({
                "session": finding.session.to_string(), "what": finding.what.word(), "title": &*thread.title,
                "start": rfc3339(record.start), "stop": record.stop.map(rfc3339),
                "entry": entry, "held": held, "others": others,
            }))
        })
        .collect();
    json!({
        "schema": SCHEMA, "command": "verify", "repair": verdict.repairs,
        "from": verdict.days.start().to_string(), "to": verdict.days.end().to_string(),
        "compared": comparison.compared, "agreed": comparison.up_to_date, "unsent": comparison.unsent,
        "pending": verdict.pending, "findings": findings,
    })
}
