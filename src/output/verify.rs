//! A comparison as text.

use std::ops::RangeInclusive;

use time::{Date, OffsetDateTime};

use super::layout::{Ink, Page};
use super::words::{by_number, count, day, entries, hours, local, minute, number, second, span};
use super::{Style, View, push};
use crate::execute::StopReason;
use crate::reconcile::drift::{Acceptance, Comparison, Difference, Finding};
use crate::sidecar::{LastSent, SessionKey, SessionRecord, Sidecar};
use crate::toggl::TimeEntry;

/// All that is shown of a comparison.
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
    /// What was accepted, if that was asked for.
    pub acceptance: Option<&'a Acceptance>,
}

/// The comparison, for people.
#[must_use]
pub fn comparison_text(verdict: &Verdict<'_>, style: &Style) -> String {
    let mut page = Page::new(style);
    let Comparison { compared, up_to_date, findings, .. } = verdict.comparison;
    for finding in findings {
        if let Some((task, record)) = verdict.sidecar.record(finding.session) {
            let (kind, ink) = match &finding.what {
                Difference::Missing { .. } => (finding.what.word(), Ink::Red),
                Difference::Doubled { .. } => (finding.what.word(), Ink::Yellow),
                _ if verdict.has_accepted(finding.session) => ("accepted", Ink::Green),
                what => (what.word(), Ink::Yellow),
            };
            let kind = format!("{kind:<9}");
            let session = format!("{} {} {}: {}", finding.session, when(record), task.title, detail(finding, record));
            page.labelled(&[(ink, &kind), (Ink::Plain, "  ")], kind.len() + 2, Ink::Plain, &session);
        }
    }
    page.gap();
    let since = day(*verdict.days.start());
    let cut = if verdict.is_cut { "; Toggl lists the last three months only" } else { "" };
    let (compared, same) = (entries(*compared), number(*up_to_date));
    page.paragraph(2, &format!("Compared {compared} since {since} with Toggl: {same} up to date{cut}."));
    if verdict.pending > 0 && !verdict.repairs {
        page.paragraph(2, &format!("Not counted: what the next push sends ({}).", count(verdict.pending, "request")));
    }
    if let Some(acceptance) = verdict.acceptance {
        accepted(&mut page, acceptance);
    }
    next(&mut page, verdict);
    page.finish()
}

/// So many sessions are named.
const MOST_NAMED: usize = 5;

fn accepted(page: &mut Page, acceptance: &Acceptance) {
    let Acceptance { accepted, left } = acceptance;
    if !accepted.is_empty() {
        let text = "Accepted: # session[|s] [stays as Toggl has it, until it changes|stay as Toggl has them, until they \
                    change] in Chute_kun.";
        page.paragraph(2, &by_number(accepted.len(), text));
    }
    if !left.is_empty() {
        let mut named: Vec<String> = left.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        if left.len() > MOST_NAMED {
            named.push(format!("and {} more", number(left.len() - MOST_NAMED)));
        }
        page.paragraph(
            2,
            &format!(
                "Not accepted: {}. Only a session that has ended can be, if its entry has ended as well and is among those \
                 compared.",
                named.join(", ")
            ),
        );
    }
}

/// What to do about it.
fn next(page: &mut Page, verdict: &Verdict<'_>) {
    let comparison = verdict.comparison;
    if verdict.repairs && comparison.finds_nothing() {
        page.paragraph(
            0,
            "Nothing is repaired, because not one of them is in Toggl. Check that TOGGL_API_TOKEN is that of the right \
             account. If Toggl was emptied on purpose, move the sidecar away and push.",
        );
        return;
    }
    let is_open = |finding: &&Finding| {
        !matches!(finding.what, Difference::Doubled { .. }) && !verdict.has_accepted(finding.session)
    };
    let open: Vec<&Finding> = comparison.findings.iter().filter(is_open).collect();
    if open.iter().any(|finding| matches!(finding.what, Difference::Edited { .. })) && verdict.acceptance.is_none() {
        page.paragraph(
            0,
            "Next, if you corrected it in Toggl: `chute-toggl verify --accept` keeps that until the session changes in \
             Chute_kun.",
        );
    }
    if !open.is_empty() && !verdict.repairs {
        page.paragraph(0, "Next: `chute-toggl verify --repair` sends again what Chute_kun recorded.");
    }
    if comparison.has_doubled() {
        page.paragraph(
            0,
            "`chute-toggl` never deletes doubled entries. Delete in Toggl those that are named after `also`, unless they \
             are yours.",
        );
    }
}

fn detail(finding: &Finding, record: &SessionRecord) -> String {
    match &finding.what {
        Difference::Missing { id } => format!("entry {id} is not in Toggl (deleted, or moved to another day)"),
        Difference::Edited { held } => format!("entry {} has {}", held.id, differences(record, held)),
        Difference::Running { held } => format!("entry {} runs in Toggl, but its session has ended", held.id),
        Difference::Doubled { id, others } => {
            let others: Vec<String> = others.iter().map(|id| id.to_string()).collect();
            format!("entry {id} is in Toggl also as {}", others.join(", "))
        }
        Difference::Adoptable { held, instead_of: None } => {
            format!("is in Toggl as entry {}, which the sidecar does not know", held.id)
        }
        Difference::Adoptable { held, instead_of: Some(id) } => {
            format!("entry {id} is not in Toggl, but its twin {} is", held.id)
        }
    }
}

/// What Toggl has otherwise than sent.
fn differences(record: &SessionRecord, held: &TimeEntry) -> String {
    let Some(LastSent { workspace, description, start, stop, .. }) = &record.last_sent else { return String::new() };
    let mut parts = Vec::new();
    if **description != *held.description {
        parts.push(format!("the text \"{}\"", held.description));
    }
    if (*start, *stop) != (held.start, held.stop) {
        parts.push(times(record, held));
    }
    if *workspace != held.workspace {
        parts.push(format!("the workspace {}", held.workspace));
    }
    parts.join(", ")
}

/// `Mon 2026-05-11 09:00-09:50, 0:50 h`, by the offset in force then.
fn when(record: &SessionRecord) -> String {
    let span = span(record.start, record.stop, minute);
    format!("{} {span}{}", day(record.start.date()), length(record.start, record.stop))
}

/// The times of an entry by the clock of its session: the day where it is another one, the seconds where the minutes are
/// the same.
fn times(record: &SessionRecord, held: &TimeEntry) -> String {
    let start = local(held.start, record.start.offset());
    let stop_offset = record.stop.unwrap_or(record.start).offset();
    let stop = held.stop.map(|stop| local(stop, stop_offset));
    let is_same_day = start.date() == record.start.date();
    let is_same = is_same_day && span(start, stop, minute) == span(record.start, record.stop, minute);
    let span = span(start, stop, if is_same { second } else { minute });
    let date = if is_same_day { String::new() } else { format!("{} ", day(start.date())) };
    format!("{date}{span}{}", length(start, stop))
}

/// `, 0:50 h`; nothing while it is open.
fn length(start: OffsetDateTime, stop: Option<OffsetDateTime>) -> String {
    stop.map_or_else(String::new, |stop| format!(", {} h", hours((stop - start).whole_seconds())))
}

impl Verdict<'_> {
    fn has_accepted(&self, session: SessionKey) -> bool {
        self.acceptance.is_some_and(|acceptance| acceptance.accepted.contains(&session))
    }
}

/// Why Toggl's entries are not known, for people, with what to do.
#[must_use]
pub fn not_compared(view: &View<'_>, end: &StopReason) -> String {
    format!("Nothing was compared. {}", push::ending(view, end))
}
