//! What nothing is sent for, what it means and what to do about it.

use super::rejections::{Rejected, rejections};
use super::sessions::{MOST_LINES, first, list, more};
use crate::output::View;
use crate::output::layout::Page;
use crate::output::words;
use crate::output::words::{by_number, entries, meaning, number};
use crate::reconcile::ingest::InvalidSession;
use crate::reconcile::plan::{HoldReason, Plan};
use crate::sidecar::SessionKey;

/// The same for what is in order and can stay so for good.
const MOST_LINES_IN_ORDER: usize = 3;

/// The reasons in the order in which they are shown: what needs attention comes last, where it is seen.
const ORDER: [HoldReason; 9] = [
    HoldReason::Open,
    HoldReason::Removed,
    HoldReason::Assumed,
    HoldReason::Acknowledged,
    HoldReason::Uncertain,
    HoldReason::Workspace,
    HoldReason::Reopened,
    HoldReason::NoProject,
    HoldReason::Rejected,
];

/// How many are held back for each reason: `2 open, 1 rejected`. Nothing if none is.
pub fn counts(plan: &Plan) -> String {
    let mut counts = Vec::new();
    for why in ORDER {
        let n = plan.held_for(why).count();
        if n > 0 {
            counts.push(format!("{} {}", number(n), adjective(why)));
        }
    }
    counts.join(", ")
}

fn adjective(why: HoldReason) -> &'static str {
    match why {
        HoldReason::Open => "open",
        HoldReason::Reopened => "reopened",
        HoldReason::Rejected => "rejected",
        HoldReason::Acknowledged => "acknowledged",
        HoldReason::Uncertain => "uncertain",
        HoldReason::Assumed => "assumed",
        HoldReason::Workspace => "in a workspace out of reach",
        HoldReason::Removed => "removed",
        HoldReason::NoProject => "without project",
    }
}

/// Everything that is held back, each reason with its sessions.
pub fn all(page: &mut Page, view: &View<'_>, plan: &Plan) {
    for why in ORDER {
        let sessions: Vec<SessionKey> = plan.held_for(why).collect();
        if why == HoldReason::Rejected {
            rejections(page, view, sessions.iter().filter_map(|&key| Rejected::recorded(view, key)));
        } else if !sessions.is_empty() {
            let is_in_order = !matches!(why, HoldReason::Uncertain | HoldReason::Reopened);
            page.paragraph(0, &meaning(why, sessions.len()));
            if why == HoldReason::NoProject {
                no_projects(page, plan);
            }
            first(page, view, &sessions, if is_in_order { MOST_LINES_IN_ORDER } else { MOST_LINES });
        }
    }
    invalid(page, &view.ingested.invalid);
    pruning(page, plan);
}

/// What needs attention, each with its sessions; not what Toggl rejected.
pub fn needing_attention(page: &mut Page, view: &View<'_>, plan: &Plan) {
    for why in [HoldReason::Workspace, HoldReason::Reopened] {
        let held: Vec<SessionKey> = plan.held_for(why).collect();
        if !held.is_empty() {
            page.paragraph(0, &meaning(why, held.len()));
            list(page, view, &held);
        }
    }
    let waiting: Vec<SessionKey> = plan.held_for(HoldReason::NoProject).collect();
    if !waiting.is_empty() {
        page.paragraph(0, &meaning(HoldReason::NoProject, waiting.len()));
        no_projects(page, plan);
        first(page, view, &waiting, MOST_LINES);
    }
    invalid(page, &view.ingested.invalid);
    pruning(page, plan);
}

/// Which names in the settings mean no project, and what to do.
fn no_projects(page: &mut Page, plan: &Plan) {
    for no_project in &plan.no_projects {
        page.paragraph(2, &words::no_project(no_project));
    }
}

/// How many sessions the settings leave alone for each reason: `12 before `since`, 3 too short`. Nothing if none is.
pub fn left_alone(plan: &Plan) -> String {
    let counts = plan.left_alone.iter().map(|(&why, &n)| format!("{} {}", number(n), words::left_alone(why)));
    counts.collect::<Vec<_>>().join(", ")
}

fn invalid(page: &mut Page, invalid: &[InvalidSession]) {
    if invalid.is_empty() {
        return;
    }
    let n = invalid.len();
    page.paragraph(
        0,
        &by_number(
            n,
            "# session[|s] [has|have] impossible times and [is|are] left out. Correct the snapshot while Chute_kun is \
             closed:",
        ),
    );
    let shown = if page.is_verbose() { n } else { MOST_LINES };
    for session in invalid.iter().take(shown) {
        // People count from one.
        page.paragraph(
            4,
            &format!(
                "  {}, task {}, session {}: {} ({})",
                session.place.list,
                u64::from(session.place.index) + 1,
                session.session + 1,
                session.reason,
                session.title
            ),
        );
    }
    more(page, n.saturating_sub(shown));
    page.gap();
}

fn pruning(page: &mut Page, plan: &Plan) {
    if let Some(n) = plan.too_many_to_prune {
        page.paragraph(
            0,
            &format!(
                "Pruning would delete {}, more than `--max-delete` allows, so none is deleted. If that is what you \
                 want, run it again with `--max-delete {n}`.",
                entries(n),
            ),
        );
        page.gap();
    }
}
