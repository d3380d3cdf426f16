//! What a plan comes to, on one line, and how long the quota makes it take.

pub(super) mod held_back;
pub(super) mod operations;
pub(super) mod rejections;
pub(super) mod sessions;

use std::path::Path;

use time::Date;

use super::View;
use super::layout::Page;
use super::words::{count, day, moment_from, number, roughly};
use crate::reconcile::plan::{OperationKind, Plan};
use crate::toggl::Bucket;
use crate::toggl::quota::{HOUR, PLANS};

impl View<'_> {
    /// How many requests a push would send, as far as can be known before.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.plan.requests() + self.plan.reading + usize::from(self.plan.looks_up_projects)
    }
}

/// The plan: what is sent by day, what is held back, and on the last line what it comes to.
pub fn plan(page: &mut Page, view: &View<'_>) {
    operations::operations(page, view, &view.plan.operations);
    held_back::all(page, view, view.plan);
    notes(page, view);
    line(page, view);
}

/// What has to be known before the plan is carried out.
fn notes(page: &mut Page, view: &View<'_>) {
    if view.plan.scans_first {
        page.paragraph(
            0,
            "This is the first push. It asks Toggl first which of these it already has, and adopts those instead of \
             sending them twice.",
        );
    }
    if view.plan.operations.iter().any(|operation| operation.kind == OperationKind::Reclassify) {
        page.paragraph(
            0,
            "Toggl is asked first which entries still have the project and the tags that were sent; what was set there by \
             hand stays.",
        );
    }
    if let Some(until) = empty_until(view) {
        let until = moment_from(until, view.now, view.zone);
        page.paragraph(0, &format!("The quota is used up until {until}; nothing is sent before that."));
    }
    estimate(page, view);
}

/// When the first request may be sent, if a bucket that is needed is empty.
fn empty_until(view: &View<'_>) -> Option<i64> {
    let quota = &view.sidecar.quota;
    let user = Some(Bucket::User).filter(|_| view.plan.reading > 0);
    let workspace = Some(Bucket::Workspace).filter(|_| view.plan.requests() > 0);
    [user, workspace].into_iter().flatten().filter_map(|bucket| quota.empty_until(bucket, view.now)).max()
}

/// How long a plan takes that one hour's quota is not enough for.
fn estimate(page: &mut Page, view: &View<'_>) {
    let requests = view.plan.requests();
    let left = left(view);
    if !exceeds_quota(view) {
        return;
    }
    // More left than a plan allows: it is not that plan.
    let plans = || {
        let plans = PLANS.into_iter().map(|(rate, plan)| (usize::from(rate), plan));
        plans.filter(|&(rate, _)| left.is_none_or(|left| left <= rate))
    };
    let hours: Vec<String> = (plans().enumerate())
        .map(|(at, (rate, plan))| {
            let hours = requests.div_ceil(rate);
            let hours = if at == 0 { count(hours, "hour") } else { number(hours) };
            let an_hour = if at == 0 { " an hour" } else { "" };
            format!("{hours} at {rate}{an_hour} ({plan})")
        })
        .collect();
    if !hours.is_empty() {
        page.paragraph(2, &format!("{}: {}.", count(requests, "request"), hours.join(", ")));
    }
    let (Some(left), Some((rate, _)), Some(level)) =
        (left, plans().next(), view.sidecar.quota.level(Bucket::Workspace, view.now))
    else {
        return;
    };
    // Further buckets are needed, one an hour from the next reset on.
    let rest = requests.saturating_sub(left);
    let resets = i64::try_from(rest.div_ceil(rate).saturating_sub(1)).unwrap_or(0);
    let in_the_last = u32::try_from(rest.saturating_sub(1) % rate).unwrap_or(0);
    let pacing = i64::try_from(view.pace.saturating_mul(in_the_last).as_secs()).unwrap_or(0);
    let done = level.resets_at.saturating_add(resets.saturating_mul(HOUR)).saturating_add(pacing);
    let all = match left {
        0 => "All can be sent".to_owned(),
        left => format!("{} can be sent now, and the rest", number(left)),
    };
    let done = moment_from(done, view.now, view.zone);
    page.paragraph(2, &format!("{all} by {done}, as the quota allows; `chute-toggl push --wait` waits for it."));
}

/// Requests that name a workspace and are known to be left in this hour.
fn left(view: &View<'_>) -> Option<usize> {
    let left = view.sidecar.quota.remaining(Bucket::Workspace, view.now)?;
    Some(usize::try_from(left).unwrap_or(0))
}

/// Whether the plan is more than one hour's quota, as known, else that of the smallest plan.
fn exceeds_quota(view: &View<'_>) -> bool {
    view.plan.requests() > left(view).unwrap_or(usize::from(PLANS[0].0))
}

/// A push that makes more entries than this says how far back they go.
const MANY: usize = 100;

/// How far back a first push of many sessions goes, and how to begin later. `None` for few.
#[must_use]
pub fn far_back(plan: &Plan, settings: &Path) -> Option<String> {
    let made = plan.operations.iter().filter(|operation| operation.kind.makes_an_entry());
    let first = made.clone().map(|operation| operation.start).min()?;
    let n = made.count();
    (n > MANY).then(|| {
        format!(
            "This first push makes {} entries, back to {}. To leave older sessions alone, set `since` in `{}`.",
            number(n),
            day(first.date()),
            settings.display()
        )
    })
}

/// What there is to say when there is nothing to do.
pub fn up_to_date(sessions: usize, left_alone: usize) -> String {
    let alone = match left_alone {
        0 => String::new(),
        n => format!("; left alone as set: {}", number(n)),
    };
    format!("Up to date: {}{alone}.", count(sessions, "session"))
}

/// What there is to say when no session started on the days that were asked about.
pub fn no_sessions(since: Option<Date>, until: Option<Date>) -> String {
    let from = since.map_or_else(String::new, |since| format!(" from {}", day(since)));
    let to = until.map_or_else(String::new, |until| format!(" until {}", day(until)));
    format!("No session started{from}{to}: nothing is to be done.")
}

/// `To send: stop 1, create 3; 412 up to date; 5 requests, about 4 s, 25 left.`, or that all is up to date.
fn line(page: &mut Page, view: &View<'_>) {
    let plan = view.plan;
    let held = held_back::counts(plan);
    let requests = view.requests();
    if requests == 0 && !plan.needs_attention(view.ingested) {
        page.paragraph(2, &up_to_date(plan.up_to_date, plan.left_alone.values().sum()));
        return;
    }
    let mut parts = vec![match plan.operations.is_empty() {
        true => "Nothing to send".to_owned(),
        false => format!("To send: {}", operations::by_kind(&plan.operations)),
    }];
    parts.push(format!("{} up to date", number(plan.up_to_date)));
    if !held.is_empty() {
        parts.push(format!("held back: {held}"));
    }
    let alone = held_back::left_alone(plan);
    if !alone.is_empty() {
        parts.push(format!("left alone: {alone}"));
    }
    if requests > 0 {
        let mut cost = vec![count(requests, "request")];
        let pauses = u32::try_from(requests - 1).unwrap_or(u32::MAX);
        let seconds = view.pace.saturating_mul(pauses).as_secs();
        cost.extend(roughly(seconds).filter(|_| !exceeds_quota(view)));
        cost.extend(left(view).map(|left| format!("{} left", number(left))));
        parts.push(cost.join(", "));
    }
    page.parts(&parts);
}
