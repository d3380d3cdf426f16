//! How things stand: the files, the last push, the quota, and what a push would do.

use super::escape::clean;
use super::layout::Page;
use super::words::{count, moment, moment_from, number};
use super::{Status, View, plan};
use crate::toggl::Bucket;
use crate::toggl::quota::Level;

pub fn status(page: &mut Page, status: &Status<'_>) {
    let view = &status.view;
    let told = |at: i64| moment(at, view.now, view.zone);
    let saved = view.sidecar.last_snapshot_saved.map_or(String::new(), |at| format!(", saved {}", told(at)));
    page.line(&format!("Snapshot   {}{saved}", clean(&status.snapshot_path.to_string_lossy())));
    let none_yet = if status.taken.is_none() { " (none yet)" } else { "" };
    page.line(&format!("Sidecar    {}{none_yet}", clean(&status.sidecar_path.to_string_lossy())));
    let quota = &view.sidecar.quota;
    let push = match status.taken {
        Some(taken) => format!("took in what was saved {}", told(taken)),
        None => "never".to_owned(),
    };
    let request = quota.last_request_ms.map(|ms| format!("; last request {}", told(ms.div_euclid(1000))));
    page.line(&format!("Last push  {push}{}", request.unwrap_or_default()));
    page.line(&format!(
        "Quota      workspace: {}; user: {}",
        level(view, Bucket::Workspace, quota.workspace),
        level(view, Bucket::User, quota.user)
    ));
    let inferred = inferred(view);
    if inferred > 0 {
        page.line(&format!("Inferred   {}: the day is the likeliest of several", count(inferred, "session")));
    }
    page.gap();
    plan(page, view);
}

/// A bucket as last known.
fn level(view: &View<'_>, bucket: Bucket, level: Option<Level>) -> String {
    match (level, view.sidecar.quota.remaining(bucket, view.now)) {
        (Some(level), Some(left)) => {
            let left = match left {
                ..=0 => "none".to_owned(),
                left => number(left),
            };
            format!("{left} left until {}", moment_from(level.resets_at, view.now, view.zone))
        }
        (Some(level), None) if view.now >= level.resets_at => "full again".to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// Sessions whose day is not certain.
pub fn inferred(view: &View<'_>) -> usize {
    view.sidecar.sessions().filter(|(_, _, record)| record.inferred && !record.removed).count()
}
