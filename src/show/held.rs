//! What nothing is sent for, what it means and what to do about it.

use super::View;
use super::clean::clean;
use super::page::Page;
use super::phrase::{by_number, count, day, minute, number, span};
use super::refusal::{Refused, refusals};
use crate::intake::OddSession;
use crate::plan::{Plan, Why};
use crate::sidecar::{List, RecordKey};

/// More sessions of one kind are counted, unless all are asked for.
const MOST_LINES: usize = 10;

/// The same for what is in order and can stay so for good.
const MOST_LINES_IN_ORDER: usize = 3;

/// The reasons in the order in which they are told: what wants a person comes last, where it is seen.
const ORDER: [Why; 6] = [Why::Open, Why::Gone, Why::Assumed, Why::Uncertain, Why::Reopened, Why::Rejected];

/// Whether a person must look.
pub fn wants_a_person(view: &View<'_>, plan: &Plan) -> bool {
    plan.prune_refused.is_some()
        || !view.intake.odd.is_empty()
        || !view.intake.reopened.is_empty()
        || plan.held.iter().any(|held| matches!(held.why, Why::Reopened | Why::Rejected))
}

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

fn adjective(why: Why) -> &'static str {
    match why {
        Why::Open => "open",
        Why::Reopened => "reopened",
        Why::Rejected => "refused",
        Why::Uncertain => "uncertain",
        Why::Assumed => "assumed",
        Why::Gone => "gone",
    }
}

/// Everything that is held back, each reason with its sessions.
pub fn all(page: &mut Page, view: &View<'_>, plan: &Plan) {
    for why in ORDER {
        let sessions: Vec<RecordKey> = match why {
            // One of them can have a change that is sent, and is to be looked at all the same.
            Why::Reopened => view.intake.reopened.clone(),
            _ => plan.held_for(why).collect(),
        };
        if why == Why::Rejected {
            refusals(page, view, sessions.iter().filter_map(|&key| Refused::recorded(view, key)));
        } else if !sessions.is_empty() {
            let is_in_order = matches!(why, Why::Open | Why::Gone | Why::Assumed);
            page.paragraph(0, &meaning(why, sessions.len()));
            first(page, view, &sessions, if is_in_order { MOST_LINES_IN_ORDER } else { MOST_LINES });
        }
    }
    odd(page, &view.intake.odd);
    pruning(page, plan);
}

/// What only a person can put right, each with its sessions; not what Toggl refused.
pub fn for_a_person(page: &mut Page, view: &View<'_>, plan: &Plan) {
    let reopened = &view.intake.reopened;
    if !reopened.is_empty() {
        page.paragraph(0, &meaning(Why::Reopened, reopened.len()));
        list(page, view, reopened);
    }
    odd(page, &view.intake.odd);
    pruning(page, plan);
}

/// The sessions, one a line, the first few unless all are asked for.
pub fn list(page: &mut Page, view: &View<'_>, sessions: &[RecordKey]) {
    first(page, view, sessions, MOST_LINES);
}

fn first(page: &mut Page, view: &View<'_>, sessions: &[RecordKey], most: usize) {
    let shown = if page.is_verbose() { sessions.len() } else { most };
    for &key in sessions.iter().take(shown) {
        page.cut_line(&format!("  {}", session(view, key)));
    }
    more(page, sessions.len().saturating_sub(shown));
    page.gap();
}

/// How many are not listed.
pub fn more(page: &mut Page, left: usize) {
    if left > 0 {
        page.line(&format!("  … and {} more; `-v` lists them.", number(left)));
    }
}

/// A session on one line: `Mon 2026-05-11 09:05-09:50  Title`.
pub fn session(view: &View<'_>, key: RecordKey) -> String {
    match view.sidecar.record(key) {
        Some((thread, record)) => format!(
            "{} {}  {}",
            day(record.start.date()),
            span(record.start, record.stop, minute),
            clean(&thread.title)
        ),
        None => key.to_string(),
    }
}

/// What it means for so many sessions, and what to do.
pub fn meaning(why: Why, n: usize) -> String {
    let sessions = count(n, "session");
    let is = by_number(n, "is", "are");
    match why {
        Why::Open => format!(
            "{sessions} {is} open and not running: there is nothing yet that Toggl could hold. {} sent once {}:",
            by_number(n, "It is", "They are"),
            by_number(n, "it ends or runs again", "they end or run again"),
        ),
        Why::Gone => format!(
            "{sessions} {is} gone from Chute_kun. {} in Toggl until `chute-toggl push --prune`:",
            by_number(n, "Its entry stays", "Their entries stay"),
        ),
        Why::Assumed => format!(
            "{sessions} {is} too old for Toggl to list and taken to be there already. If {} not, \
             `chute-toggl push --retry-rejected` sends {}:",
            by_number(n, "it is", "they are"),
            by_number(n, "it", "them"),
        ),
        Why::Uncertain => format!(
            "{sessions} may or may not be in Toggl: the answer to what was sent is not known. The next push looks \
             before it sends {} again:",
            by_number(n, "it", "them"),
        ),
        Why::Reopened => format!(
            "{sessions} had ended and {is} open again, which Chute_kun never does. Was the snapshot restored, cut or \
             edited? Toggl keeps the end that it has; put the snapshot right, or end {} again:",
            by_number(n, "the session", "the sessions"),
        ),
        Why::Rejected => format!("Toggl refused {sessions}:"),
    }
}

fn odd(page: &mut Page, odd: &[OddSession]) {
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
        let list = match session.place.list {
            List::Today => "today",
            List::Future => "future",
            List::Past => "past",
        };
        // People count from one.
        page.paragraph(
            4,
            &format!(
                "  {list}, task {}, session {}: {} ({})",
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
