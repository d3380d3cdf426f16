//! One session: its record, why that day, what Toggl holds of it, what comes next, and what was sent.
//!
//! The document of `explain`:
//!
//! | field | value |
//! |---|---|
//! | `schema` | 1 |
//! | `command` | `"explain"` |
//! | `sessions` | the sessions that were meant: a list of *explained* |
//! | `exit` | the exit code |
//!
//! *explained*:
//!
//! | field | value |
//! |---|---|
//! | `key` | the session |
//! | `title` | the title of its task |
//! | `start`, `stop` | when it started and stopped; `stop` is null while it is open |
//! | `inferred` | whether the day is the likeliest of several |
//! | `accepted` | whether the times stay as Toggl has them, by `verify --accept` |
//! | `removed` | whether it is gone from Chute_kun |
//! | `entry` | what Toggl was last told: `id`, `workspace`, `description`, `start` and `stop`; else null |
//! | `next` | what a push would do: `"create"`, `"update"` and so on; null if nothing |
//! | `held` | why it is held back, as in *held*; null if it is not |
//! | `log` | the lines of the log about it, oldest first |

use serde::Serialize;
use time::OffsetDateTime;

use super::json::{SCHEMA, reason, rfc3339};
use super::layout::{Ink, Page};
use super::words::{day, hours, left_alone, meaning, minute, no_project, span};
use super::{Style, View, log::change};
use crate::exit::Exit;
use crate::reconcile::plan::HoldReason;
use crate::reconcile::selection::Selection;
use crate::sidecar::log::LogLine;
use crate::sidecar::{LastSent, SessionKey, SessionRecord, TaskRecord};

/// More sessions are only named.
const MOST_WHOLE: usize = 3;

/// A session with what is known of it.
struct Explained<'a> {
    key: SessionKey,
    task: &'a TaskRecord,
    record: &'a SessionRecord,
    next: Option<&'static str>,
    held: Option<HoldReason>,
    log: Vec<&'a LogLine>,
}

fn explained<'a>(view: &View<'a>, key: SessionKey, log: &'a [LogLine]) -> Option<Explained<'a>> {
    let (task, record) = view.sidecar.record(key)?;
    let next = view.plan.operations.iter().find(|operation| operation.sessions.contains(&key));
    Some(Explained {
        key,
        task,
        record,
        next: next.map(|operation| operation.kind.word()),
        held: view.plan.held.iter().find(|held| held.session == key).map(|held| held.why),
        log: log.iter().filter(|line| line.session == key).collect(),
    })
}

/// Each session whole, or their list if there are many.
#[must_use]
pub fn explanation_text(
    view: &View<'_>,
    selection: &Selection,
    sessions: &[SessionKey],
    log: &[LogLine],
    style: &Style,
) -> String {
    let mut page = Page::new(style);
    let all: Vec<Explained<'_>> = sessions.iter().filter_map(|&key| explained(view, key, log)).collect();
    if all.len() > MOST_WHOLE && !page.is_verbose() {
        for Explained { key, task, record, .. } in &all {
            page.cut_line(&format!("{key:<16}  {}", when(task, record)));
        }
        page.paragraph(0, "`chute-toggl explain KEY` explains one of them, `-v` all.");
        return page.finish();
    }
    for session in &all {
        page.gap();
        page.cut_line(&format!("{}, session {}", when(session.task, session.record), session.key));
        fact(&mut page, "Day", &why_that_day(session));
        fact(&mut page, "In Toggl", &held_by_toggl(session));
        fact(&mut page, "Now", &what_comes(view, selection, session));
        let mut heading = None;
        for line in &session.log {
            let sent = view.zone.date(line.at.unix_timestamp());
            if heading != Some(sent) {
                page.cut_line(&format!("  Sent on {}", day(sent)));
                heading = Some(sent);
            }
            change(&mut page, line, view.zone, sent);
        }
    }
    page.finish()
}

fn fact(page: &mut Page, name: &str, text: &str) {
    let name = format!("  {name:<8}  ");
    page.labelled(&[(Ink::Dim, &name)], name.len(), Ink::Plain, text);
}

/// `Mon 2026-05-11 09:05-09:50 (0:45)  Write report`.
fn when(task: &TaskRecord, record: &SessionRecord) -> String {
    let length =
        record.stop.map_or_else(String::new, |stop| format!(" ({})", hours((stop - record.start).whole_seconds())));
    let span = span(record.start, record.stop, minute);
    format!("{} {span}{length}  {}", day(record.start.date()), task.title)
}

fn why_that_day(session: &Explained<'_>) -> String {
    if session.record.has_accepted_times() {
        return "accepted: you kept what Toggl has. It stays until the session changes in Chute_kun.".to_owned();
    }
    if session.record.inferred {
        return "inferred: its minutes fit more than one day between the saves of the snapshot, and this is the \
                likeliest. If it was another day, move the entry in Toggl and run `chute-toggl verify --accept`."
            .to_owned();
    }
    match session.record.last_sent.is_some() || !session.log.is_empty() {
        true => "certain: the only one that fitted when the session was first seen. It stays while its minutes in \
                 Chute_kun stay the same."
            .to_owned(),
        false => "certain: the only one on which its minutes fit between the saves of the snapshot.".to_owned(),
    }
}

fn held_by_toggl(session: &Explained<'_>) -> String {
    let Some(LastSent { id, workspace, description, start, stop, .. }) = &session.record.last_sent else {
        return match &session.record.rejected {
            Some(rejected) => format!("nothing. Toggl rejected it ({}): {}", rejected.status, rejected.text),
            None => "nothing that is known of.".to_owned(),
        };
    };
    let span = span(*start, *stop, minute);
    format!("entry {id} in workspace {workspace}: {} {span}, \"{}\".", day(start.date()), description)
}

fn what_comes(view: &View<'_>, selection: &Selection, session: &Explained<'_>) -> String {
    let Explained { task, record, .. } = session;
    match (session.next, session.held) {
        (Some(next), _) => format!("the next push sends: {next}."),
        (None, Some(HoldReason::NoProject)) => {
            let rule = selection.choice(task.category, &task.title).rule;
            let wanted = view.plan.no_projects.iter().find(|wanted| wanted.rule == rule || wanted.rule.is_none());
            format!("held back. {}", wanted.map(no_project).unwrap_or_default())
        }
        (None, Some(why)) => format!("held back. {}.", meaning(why, 1).trim_end_matches(':')),
        (None, None) => {
            let excluded = selection.excludes(task.category, &task.title, record.start);
            let why = excluded.or_else(|| selection.postpones(record.start, record.stop));
            match why.filter(|_| record.last_sent.is_none()) {
                Some(why) => format!("left alone, as the settings say: {}.", left_alone(why)),
                None => "nothing is to be done.".to_owned(),
            }
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u64,
    command: &'static str,
    sessions: Vec<Session<'a>>,
    exit: u8,
}

#[derive(Serialize)]
struct Session<'a> {
    key: SessionKey,
    title: &'a str,
    start: String,
    stop: Option<String>,
    inferred: bool,
    accepted: bool,
    removed: bool,
    entry: Option<Entry<'a>>,
    next: Option<&'static str>,
    held: Option<&'static str>,
    log: Vec<&'a LogLine>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: i64,
    workspace: i64,
    description: &'a str,
    start: String,
    stop: Option<String>,
}

/// The same for programs.
#[must_use]
pub fn explanation_json(view: &View<'_>, sessions: &[SessionKey], log: &[LogLine]) -> String {
    let instant = |at: Option<OffsetDateTime>| at.map(rfc3339);
    let sessions = sessions.iter().filter_map(|&key| explained(view, key, log)).map(|session| Session {
        key: session.key,
        title: &session.task.title,
        start: rfc3339(session.record.start),
        stop: instant(session.record.stop),
        inferred: session.record.inferred,
        accepted: session.record.has_accepted_times(),
        removed: session.record.removed,
        entry: session.record.last_sent.as_ref().map(|sent| Entry {
            id: sent.id,
            workspace: sent.workspace,
            description: &sent.description,
            start: rfc3339(sent.start),
            stop: instant(sent.stop),
        }),
        next: session.next,
        held: session.held.map(reason),
        log: session.log,
    });
    let document =
        Document { schema: SCHEMA, command: "explain", sessions: sessions.collect(), exit: Exit::UpToDate.code() };
    serde_json::to_string(&document).unwrap_or_default()
}
