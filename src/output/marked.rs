//! Sessions that a person should look at: the day is inferred, or something was left running.

use super::View;
use super::layout::{Ink, Page};
use super::plan::operations::LONG;
use super::plan::sessions;
use super::words::{by_number, count, hours, number};
use crate::execute::Report;
use crate::reconcile::plan::{Change, OperationKind};
use crate::sidecar::{SessionKey, SessionRecord};
use crate::toggl::window_start;

/// So many are named on one line.
const MOST_NAMED: usize = 3;

fn seconds(record: &SessionRecord) -> i64 {
    record.stop.map_or(0, |stop| (stop - record.start).whole_seconds())
}

/// Not one whose times a person has accepted.
pub fn is_long(record: &SessionRecord) -> bool {
    seconds(record) > LONG.whole_seconds() && !record.has_accepted_times()
}

fn is_marked(record: &SessionRecord) -> bool {
    !record.removed && (record.inferred || is_long(record))
}

/// All of them that have an entry which Toggl still lists: what is not sent yet is in the plan, with its marks, and what is
/// older can no longer be put right from there.
pub fn marked(view: &View<'_>) -> Vec<SessionKey> {
    let first_listed = window_start(view.now);
    let is_listed = |record: &SessionRecord| record.last_sent.is_some() && record.start.date() >= first_listed;
    (view.sidecar.sessions())
        .filter(|(_, _, record)| is_marked(record) && is_listed(record))
        .map(|(key, _, _)| key)
        .collect()
}

/// Those whose times a run sent.
fn sent(view: &View<'_>, report: &Report) -> Vec<SessionKey> {
    let is_to_be_named = |key: &SessionKey| view.sidecar.record(*key).is_some_and(|(_, record)| is_marked(record));
    let times = |change: &Change| matches!(change, Change::Start(_) | Change::Stop(_));
    (report.done.iter())
        .filter(|operation| match operation.kind {
            OperationKind::Create | OperationKind::Start | OperationKind::Stop | OperationKind::Resume => true,
            OperationKind::Update => operation.changes.iter().any(times),
            OperationKind::Rename | OperationKind::Reclassify | OperationKind::Halt | OperationKind::Delete => false,
        })
        .flat_map(|operation| operation.sessions.iter().copied())
        .filter(is_to_be_named)
        .collect()
}

/// One sentence that names what a run sent with a mark; `None` if it sent nothing of the kind.
pub fn sent_with_a_mark(view: &View<'_>, report: &Report) -> Option<String> {
    let sent = sent(view, report);
    if sent.is_empty() {
        return None;
    }
    let mut named: Vec<String> = (sent.iter().take(MOST_NAMED))
        .map(|&key| {
            let why = view.sidecar.record(key).map(|(_, record)| reasons(record)).unwrap_or_default();
            format!("{} ({why})", sessions::session(view, key))
        })
        .collect();
    if sent.len() > MOST_NAMED {
        named.push(format!("and {} more", number(sent.len() - MOST_NAMED)));
    }
    Some(format!(
        "Look at {}: {}. `chute-toggl status` says what to do.",
        count(sent.len(), "session"),
        named.join("; ")
    ))
}

fn reasons(record: &SessionRecord) -> String {
    let mut reasons = Vec::new();
    if record.inferred {
        reasons.push("the day is inferred".to_owned());
    }
    if is_long(record) {
        reasons.push(format!("{} h long", hours(seconds(record))));
    }
    reasons.join(", ")
}

/// Every one with what to do about it.
pub fn list(page: &mut Page, view: &View<'_>) {
    let marked = marked(view);
    let of = |is_so: fn(&SessionRecord) -> bool| -> Vec<SessionKey> {
        let is_so = |key: &&SessionKey| view.sidecar.record(**key).is_some_and(|(_, record)| is_so(record));
        marked.iter().filter(is_so).copied().collect()
    };
    let (inferred, long) = (of(|record| record.inferred), of(is_long));
    if !inferred.is_empty() {
        page.labelled(
            &[(Ink::Yellow, "~ ")],
            2,
            Ink::Plain,
            &format!(
                "The day of {} is the likeliest of several. Where it is wrong, move the entry to its day in Toggl, then run \
                 `chute-toggl verify --accept`:",
                count(inferred.len(), "session")
            ),
        );
        sessions::list(page, view, &inferred);
    }
    if !long.is_empty() {
        page.labelled(
            &[(Ink::Yellow, "! ")],
            2,
            Ink::Plain,
            &by_number(
                long.len(),
                "# session[|s] [is|are] longer than 16 hours. If something was left running, correct the end in Chute_kun, \
                 or in Toggl and then run `chute-toggl verify --accept`:",
            ),
        );
        sessions::list(page, view, &long);
    }
}
