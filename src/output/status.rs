//! How things stand: the files, the last push, the quota, and what a push would do.

use super::layout::{Ink, Page};
use super::words::{moment, moment_from, number};
use super::{Status, View, marked, plan};
use crate::toggl::Bucket;

pub fn status(page: &mut Page, status: &Status<'_>) {
    let view = &status.view;
    let at = |instant: i64| moment(instant, view.now, view.zone);
    let saved = view.sidecar.last_snapshot_saved.map_or(String::new(), |saved| format!(", saved {}", at(saved)));
    fact(page, "Snapshot", &format!("{}{saved}", status.snapshot_path.to_string_lossy()));
    let none_yet = if status.last_snapshot_saved.is_none() { " (none yet)" } else { "" };
    fact(page, "Sidecar", &format!("{}{none_yet}", status.sidecar_path.to_string_lossy()));
    let quota = &view.sidecar.quota;
    let push = match status.last_snapshot_saved {
        Some(saved) => format!("read the snapshot that was saved {}", at(saved)),
        None => "never".to_owned(),
    };
    let request = quota.last_request_ms.map(|ms| format!("; last request {}", at(ms.div_euclid(1000))));
    fact(page, "Last push", &format!("{push}{}", request.unwrap_or_default()));
    let [writing, reading] =
        [(Bucket::Workspace, quota.workspace), (Bucket::User, quota.user)].map(|(bucket, last)| {
            let is_over = last.is_some_and(|level| view.now >= level.resets_at);
            level(view, bucket).unwrap_or_else(|| if is_over { "full again" } else { "unknown" }.to_owned())
        });
    fact(page, "Quota", &format!("writing: {writing}; reading: {reading}"));
    if let Some(waiting) = view.sidecar.waiting {
        fact(page, "Waiting", &format!("not everything could be sent since {}", at(waiting.since)));
    }
    page.gap();
    marked::list(page, view);
    page.gap();
    plan::plan(page, view);
}

fn fact(page: &mut Page, name: &str, text: &str) {
    let name = format!("{name:<9}  ");
    page.labelled(&[(Ink::Plain, &name)], name.len(), Ink::Plain, text);
}

/// A bucket in this hour, as last known.
fn level(view: &View<'_>, bucket: Bucket) -> Option<String> {
    let level = view.sidecar.quota.level(bucket, view.now)?;
    let left = match level.remaining? {
        ..=0 => "none".to_owned(),
        left => number(left),
    };
    Some(format!("{left} left until {}", moment_from(level.resets_at, view.now, view.zone)))
}

/// Sessions whose day is not certain.
pub fn inferred(view: &View<'_>) -> usize {
    view.sidecar.sessions().filter(|(_, _, record)| record.inferred && !record.removed).count()
}
