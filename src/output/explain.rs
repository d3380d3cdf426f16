//! One session: its record, why that day, what Toggl holds of it, what comes next, and what was sent.

use super::layout::{Ink, Page};
use super::words::{day, hours, left_alone, meaning, minute, no_project, span};
use super::{Style, View, log::change};
use crate::reconcile::plan::{HoldReason, OperationKind};
use crate::reconcile::selection::Selection;
use crate::sidecar::log::LogLine;
use crate::sidecar::{LastSent, SessionKey, SessionRecord, TaskRecord};

/// More sessions are only named.
const MOST_WHOLE: usize = 3;

/// A session with what is known of it.
pub(super) struct Explained<'a> {
    pub key: SessionKey,
    pub task: &'a TaskRecord,
    pub record: &'a SessionRecord,
    pub next: Option<OperationKind>,
    pub held: Option<HoldReason>,
    pub log: Vec<&'a LogLine>,
}

pub(super) fn explained<'a>(view: &View<'a>, key: SessionKey, log: &'a [LogLine]) -> Option<Explained<'a>> {
    let (task, record) = view.sidecar.record(key)?;
    let next = view.plan.operations.iter().find(|operation| operation.sessions.contains(&key));
    Some(Explained {
        key,
        task,
        record,
        next: next.map(|operation| operation.kind),
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
        (Some(next), _) => format!("the next push sends: {}.", next.word()),
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
