//! What a run did, and from when and how to go on.

use std::collections::HashSet;

use super::View;
use super::layout::Page;
use super::marked;
use super::plan::rejections::{self, Rejected};
use super::plan::{held_back, operations, sessions, up_to_date};
use super::words::{by_number, count, day, meaning, moment_from, number};
use crate::execute::{LostWorkspace, Report, StopReason};
use crate::reconcile::plan::{HoldReason, Plan};
use crate::sidecar::SessionKey;
use crate::toggl::{Bucket, Named, Refusal, SendError, WorkspaceId};

/// After too many requests or a trouble of Toggl's: when it is worth trying again, in seconds.
const A_WHILE: i64 = 60;

pub fn report(page: &mut Page, view: &View<'_>, report: &Report) {
    if page.is_verbose() {
        operations::operations(page, view, &report.done);
    }
    found(page, view, report);
    rejections::rejections(page, view, report.rejected.iter().map(Rejected::now));
    uncertain(page, view, report);
    kept(page, view, report);
    if page.is_verbose() {
        // What was rejected and what is uncertain in this run stands above.
        held_back::all(page, view, &without(&report.left, report));
    } else {
        held_back::needing_attention(page, view, &report.left);
    }
    if let Some(marked) = marked::sent_with_a_mark(view, report) {
        page.paragraph(2, &marked);
    }
    known_rejections(page, report);
    summary(page, view, report);
    for LostWorkspace { workspace, reached } in &report.lost {
        page.paragraph(
            0,
            &format!(
                "The token does not reach the workspace {workspace} any more. To send new sessions to another one, set \
                 `TOGGL_WORKSPACE_ID` to one of {}.",
                names(reached)
            ),
        );
    }
    if let Some(end) = &report.end {
        page.paragraph(0, &ending(view, end));
    } else if !report.left.operations.is_empty() {
        page.paragraph(0, "Not everything could be sent; run `chute-toggl push` again at any time.");
    }
}

/// What was rejected by an earlier run, and is not listed again.
fn known_rejections(page: &mut Page, report: &Report) {
    let known = report.left.held_for(HoldReason::Rejected).count().saturating_sub(report.rejected.len());
    if known > 0 && !page.is_verbose() {
        page.paragraph(
            2,
            &by_number(
                known,
                "# session[|s] that Toggl rejected before [is|are] unchanged: `chute-toggl status` lists [it|them], and \
                 `chute-toggl push --acknowledge` puts an end to exit code 6 for [it|them].",
            ),
        );
    }
}

/// What was found in Toggl.
fn found(page: &mut Page, view: &View<'_>, report: &Report) {
    let adopted = report.adopted.len();
    if adopted > 0 {
        let text = "# session[|s] [was|were] in Toggl already and [was|were] adopted, not sent twice.";
        page.paragraph(0, &by_number(adopted, text));
        if page.is_verbose() {
            sessions::list(page, view, &report.adopted);
        }
    }
    match report.window_starts {
        Some(first) if report.assumed.is_empty() => page.paragraph(
            0,
            &format!("Toggl lists nothing before {}, so it is not known whether it has older sessions.", day(first)),
        ),
        first => {
            let n = report.assumed.len();
            if n > 0 {
                let before = first.map_or(String::new(), |first| format!(" (nothing before {})", day(first)));
                let text = format!(
                    "# session[|s] [is|are] not among what Toggl lists{before} and [is|are] assumed to be there as well. If \
                     [it is|they are] not, `chute-toggl push --send-unlisted` sends [it|them]."
                );
                page.paragraph(0, &by_number(n, &text));
            }
        }
    }
}

/// What was not reclassified.
fn kept(page: &mut Page, view: &View<'_>, report: &Report) {
    let n = report.set_by_hand.len();
    if n > 0 {
        let text = "# entr[y|ies] [has|have] another project or other tags in Toggl than were sent, and [keeps its|keep \
                    their]: set by hand.";
        page.paragraph(0, &by_number(n, text));
        if page.is_verbose() {
            sessions::list(page, view, &report.set_by_hand);
        }
    }
    let n = report.not_listed.len();
    if n > 0 {
        let text = "# entr[y|ies] [is|are] not among what Toggl lists, and [keeps|keep] project and tags: deleted there, or \
                    over three months old.";
        page.paragraph(0, &by_number(n, text));
    }
}

fn uncertain(page: &mut Page, view: &View<'_>, report: &Report) {
    let listable: Vec<_> = report.uncertain.iter().copied().filter(|key| !report.unlistable.contains(key)).collect();
    if !listable.is_empty() {
        page.paragraph(0, &meaning(HoldReason::Uncertain, listable.len()));
        sessions::list(page, view, &listable);
    }
    let n = report.unlistable.len();
    if n > 0 {
        let text = "# session[|s] may or may not be in Toggl, and [is|are] too old for Toggl to list. Look in Toggl: if [it \
                    is|they are] not there, `chute-toggl push --send-unlisted` sends [it|them]:";
        page.paragraph(0, &by_number(n, text));
        sessions::list(page, view, &report.unlistable);
    }
}

fn summary(page: &mut Page, view: &View<'_>, report: &Report) {
    let left = &report.left;
    let nothing_happened = report.done.is_empty()
        && report.end.is_none()
        && left.operations.is_empty()
        && report.rejected.is_empty()
        && report.uncertain.is_empty();
    if nothing_happened && !left.needs_attention(view.ingested) {
        let mut text = up_to_date(left.up_to_date, left.left_alone.values().sum());
        let acknowledged = left.held_for(HoldReason::Acknowledged).count();
        if acknowledged > 0 {
            text += &format!(" Held back: {} acknowledged.", number(acknowledged));
        }
        page.paragraph(2, &text);
        return;
    }
    let mut parts = vec![match report.done.is_empty() {
        true => "Nothing sent".to_owned(),
        false => format!("Sent: {}", operations::by_kind(&report.done)),
    }];
    if !left.operations.is_empty() {
        parts.push(format!("still to send: {}", operations::by_kind(&left.operations)));
    }
    parts.push(format!("{} up to date", number(left.up_to_date)));
    let held = held_back::counts(left);
    if !held.is_empty() {
        parts.push(format!("held back: {held}"));
    }
    let alone = held_back::left_alone(left);
    if !alone.is_empty() {
        parts.push(format!("left alone: {alone}"));
    }
    parts.push(count(report.requests, "request"));
    page.parts(&parts);
}

/// The plan less what stands above already.
fn without(plan: &Plan, report: &Report) -> Plan {
    let rejected: HashSet<SessionKey> = report.rejected.iter().map(|rejected| rejected.session).collect();
    let is_above = |why: HoldReason, key: SessionKey| match why {
        HoldReason::Rejected => rejected.contains(&key),
        HoldReason::Uncertain => true,
        _ => false,
    };
    Plan {
        held: plan.held.iter().filter(|held| !is_above(held.why, held.session)).cloned().collect(),
        no_projects: plan.no_projects.clone(),
        too_many_to_prune: plan.too_many_to_prune,
        ..Plan::default()
    }
}

/// Why the run ended early, what to do, and from when.
pub fn ending(view: &View<'_>, end: &StopReason) -> String {
    let from = |at: i64| moment_from(at, view.now, view.zone);
    let again = || match again_at(view, end) {
        Some(at) if at > view.now => format!("run again from {} on", from(at)),
        _ => "run again at any time".to_owned(),
    };
    match end {
        StopReason::Send(SendError::Quota(until)) => {
            format!("The quota is used up until {}; run again then, or let `chute-toggl push --wait` wait.", from(*until))
        }
        StopReason::Send(SendError::RateLimited) => {
            format!("Toggl says again and again that requests come too fast (429); {}.", again())
        }
        StopReason::Send(SendError::Trouble(what)) => format!("Toggl is in trouble ({}); {}.", quoted(what), again()),
        StopReason::Send(SendError::Offline(why)) => {
            format!("Toggl could not be reached ({}); run again as soon as it can be.", quoted(why))
        }
        StopReason::Send(SendError::SetUp(why)) => format!("Toggl cannot be reached as this machine is set up: {}.", quoted(why)),
        StopReason::Send(SendError::MaxRequests) => format!("The limit of `--max-requests` is reached; {}.", again()),
        StopReason::Send(SendError::Interrupted) => {
            "Interrupted. What was done is recorded; the next run goes on from there.".to_owned()
        }
        StopReason::Send(SendError::TokenRefused(status)) => format!(
            "Toggl refused the token ({status}). Set `TOGGL_API_TOKEN` to the API token at the bottom of \
             https://track.toggl.com/profile."
        ),
        StopReason::Send(SendError::CallGone) => "Toggl says that this version of its API is no longer there (410). Look for a newer `chute-toggl`.".to_owned(),
        StopReason::Send(SendError::NoSuchCall) => {
            "The address that the requests went to is not that of Toggl's API, or the workspace is not there (404). Check \
             that `TOGGL_API_URL` ends in `/api/v9` and that `TOGGL_WORKSPACE_ID` is the number of a workspace of yours."
                .to_owned()
        }
        StopReason::NoWorkspace(why) => {
            format!("No workspace is known ({}). Set `TOGGL_WORKSPACE_ID` to the number of yours.", quoted(why))
        }
        StopReason::WrongWorkspace { workspace, theirs } => format!(
            "The workspace {workspace} is none of this account's. Set `TOGGL_WORKSPACE_ID` to one of {}.",
            names(theirs)
        ),
        StopReason::OtherAccount { known, token } => format!(
            "The token is of another Toggl account ({token}) than the one that the entries are in ({known}). Nothing more was \
             sent. Set `TOGGL_API_TOKEN` to the token of that account, or give this one a sidecar of its own with \
             `--sidecar`."
        ),
        StopReason::RejectsAll { refusal: Refusal { status, text }, sessions } => {
            let said = if text.is_empty() { "nothing".to_owned() } else { format!("\"{text}\"") };
            format!(
                "Toggl rejected the first {} alike and said {said} ({status}), so it is about all of them. None is marked as \
                 rejected. {} If it says the same in an hour, it is taken to be about each session.",
                count(sessions.len(), "session"),
                rejections::what_to_do(*status, text),
            )
        }
        StopReason::Save(why) => format!(
            "The sidecar could not be saved ({}). Check that its folder can be written to and has room, then run again: \
             what was sent but not recorded is looked up in Toggl first.",
            quoted(why)
        ),
    }
}

/// Workspaces by name and number.
fn names(workspaces: &[Named<WorkspaceId>]) -> String {
    let name = |named: &Named<WorkspaceId>| match named.name.as_str() {
        "" => named.id.to_string(),
        name => format!("{} ({name})", named.id),
    };
    workspaces.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// A reason inside a sentence.
fn quoted(reason: &str) -> &str {
    reason.trim().trim_end_matches('.')
}

/// From when running again makes sense (unix seconds); `None` if that does not depend on the time.
pub fn again_at(view: &View<'_>, end: &StopReason) -> Option<i64> {
    match end {
        StopReason::Send(SendError::Quota(until)) => Some(*until),
        StopReason::Send(SendError::RateLimited | SendError::Trouble(_)) => Some(view.now + A_WHILE),
        StopReason::Send(SendError::MaxRequests) => view.sidecar.quota.empty_until(Bucket::Workspace, view.now),
        StopReason::Send(
            SendError::Offline(_)
            | SendError::SetUp(_)
            | SendError::Interrupted
            | SendError::TokenRefused(_)
            | SendError::CallGone
            | SendError::NoSuchCall,
        )
        | StopReason::NoWorkspace(_)
        | StopReason::WrongWorkspace { .. }
        | StopReason::OtherAccount { .. }
        | StopReason::RejectsAll { .. }
        | StopReason::Save(_) => None,
    }
}
