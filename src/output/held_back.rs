//! What nothing is sent for, what it means and what to do about it.

use super::View;
use super::escape::clean;
use super::layout::Page;
use super::rejections::{Refused, refusals};
use super::sessions::{MOST_LINES, first, list, more};
use super::words::{by_number, count, meaning, number};
use crate::reconcile::ingest::InvalidSession;
use crate::reconcile::plan::{HoldReason, Plan};
use crate::sidecar::SessionKey;

/// The same for what is in order and can stay so for good.
const MOST_LINES_IN_ORDER: usize = 3;

/// The reasons in the order in which they are told: what wants a person comes last, where it is seen.
const ORDER: [HoldReason; 6] = [
    HoldReason::Open,
    HoldReason::Gone,
    HoldReason::Assumed,
    HoldReason::Uncertain,
    HoldReason::Reopened,
    HoldReason::Rejected,
];

/// How many are held back for each reason: `2 open, 1 refused`. Nothing if none is.
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
        HoldReason::Rejected => "refused",
        HoldReason::Uncertain => "uncertain",
        HoldReason::Assumed => "assumed",
        HoldReason::Gone => "gone",
    }
}

/// Everything that is held back, each reason with its sessions.
pub fn all(page: &mut Page, view: &View<'_>, plan: &Plan) {
    for why in ORDER {
        let sessions: Vec<SessionKey> = plan.held_for(why).collect();
        if why == HoldReason::Rejected {
            refusals(page, view, sessions.iter().filter_map(|&key| Refused::recorded(view, key)));
        } else if !sessions.is_empty() {
            let is_in_order = matches!(why, HoldReason::Open | HoldReason::Gone | HoldReason::Assumed);
            page.paragraph(0, &meaning(why, sessions.len()));
            first(page, view, &sessions, if is_in_order { MOST_LINES_IN_ORDER } else { MOST_LINES });
        }
    }
    odd(page, &view.intake.invalid);
    pruning(page, plan);
}

/// What only a person can put right, each with its sessions; not what Toggl refused.
pub fn for_a_person(page: &mut Page, view: &View<'_>, plan: &Plan) {
    let reopened: Vec<SessionKey> = plan.held_for(HoldReason::Reopened).collect();
    if !reopened.is_empty() {
        page.paragraph(0, &meaning(HoldReason::Reopened, reopened.len()));
        list(page, view, &reopened);
    }
    odd(page, &view.intake.invalid);
    pruning(page, plan);
}

fn odd(page: &mut Page, odd: &[InvalidSession]) {
    if odd.is_empty() {
        return;
    }
    let n = odd.len();
    page.paragraph(
        0,
        &format!(
            "{} cannot be what {} and {} left out. Correct the snapshot, with Chute_kun closed:",
            count(n, "session"),
            by_number(n, "it says", "they say"),
            by_number(n, "is", "are"),
        ),
    );
    let shown = if page.is_verbose() { n } else { MOST_LINES };
    for session in odd.iter().take(shown) {
        // People count from one.
        page.paragraph(
            4,
            &format!(
                "  {}, task {}, session {}: {} ({})",
                session.place.list,
                u64::from(session.place.index) + 1,
                session.session + 1,
                session.reason,
                clean(&session.title)
            ),
        );
    }
    more(page, n.saturating_sub(shown));
    page.gap();
}

fn pruning(page: &mut Page, plan: &Plan) {
    if let Some(n) = plan.prune_refused {
        page.paragraph(
            0,
            &format!(
                "Pruning would delete {}, more than `--max-delete` allows, so none is deleted. If that is what you \
                 want, use `--max-delete {n}`.",
                if n == 1 { "1 entry".to_owned() } else { format!("{} entries", number(n)) },
            ),
        );
        page.gap();
    }
}
