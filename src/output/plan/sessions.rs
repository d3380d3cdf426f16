//! Sessions that are named but for which nothing is sent, one a line.

use crate::output::View;
use crate::output::layout::Page;
use crate::output::words::{day, minute, number, span};
use crate::sidecar::SessionKey;

/// More sessions of one kind are counted, unless all are asked for.
pub const MOST_LINES: usize = 10;

/// The sessions, one a line, the first few unless all are asked for.
pub fn list(page: &mut Page, view: &View<'_>, sessions: &[SessionKey]) {
    first(page, view, sessions, MOST_LINES);
}

/// The first few of them, unless all are asked for.
pub fn first(page: &mut Page, view: &View<'_>, sessions: &[SessionKey], most: usize) {
    let shown = if page.is_verbose() { sessions.len() } else { most };
    for &key in sessions.iter().take(shown) {
        page.cut_line(&format!("  {}{}", session(view, key), other_day(view, key)));
    }
    more(page, sessions.len().saturating_sub(shown));
    page.gap();
}

/// How many are not listed.
pub fn more(page: &mut Page, left: usize) {
    if left > 0 {
        page.cut_line(&format!("  … and {} more; `-v` lists them.", number(left)));
    }
}

/// A session on one line: `Mon 2026-05-11 09:05-09:50  Title`.
pub fn session(view: &View<'_>, key: SessionKey) -> String {
    match view.sidecar.record(key) {
        Some((task, record)) => {
            format!("{} {}  {}", day(record.start.date()), span(record.start, record.stop, minute), task.title)
        }
        None => key.to_string(),
    }
}

/// The likeliest other day of a session whose day is inferred.
fn other_day(view: &View<'_>, key: SessionKey) -> String {
    let record = view.sidecar.record(key).map(|(_, record)| record).filter(|record| record.inferred);
    let other = record.and_then(|record| record.other_day);
    other.map_or(String::new(), |other| format!(" (or {})", day(other)))
}
