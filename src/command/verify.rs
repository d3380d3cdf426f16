//! `verify`: compares what Toggl holds with what was sent. With `--repair` it takes the difference into the records
//! and pushes; without, it only reads and writes nothing.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::json;
use time::{Date, OffsetDateTime};

use super::input::{self, Input};
use super::push::{early, off, outcome};
use super::{CommandError, Context};
use crate::cli::{Common, Format, VerifyArgs};
use crate::execute::{Effects, Report, SendPolicy, StopReason, execute, look};
use crate::exit::Exit;
use crate::output::progress::{Both, Progress};
use crate::output::{self, Verdict};
use crate::reconcile::drift::{Comparison, compare, repair};
use crate::reconcile::ingest::Depth;
use crate::reconcile::plan::{Options, plan};
use crate::reconcile::recovery::{Days, LAG, window_start};
use crate::settings::{self, Settings};
use crate::sidecar::Revision;
use crate::sidecar::file::SidecarFile;
use crate::sidecar::file::Store;
use crate::toggl::http::Client;

/// Runs `verify`.
///
/// # Errors
/// A [`CommandError`], in which case nothing was sent, unless it is of the result's output.
pub fn verify(args: &VerifyArgs, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, context.variable)?;
    if settings.is_off && args.repair {
        return off("repaired", common, context);
    }
    let token = settings::token(context.variable)?;
    if input::is_nothing_yet(&settings) {
        return input::nothing_recorded("verify", common, &settings, context);
    }
    let days = days(args.days, context.clock.now());
    let progress = context.progress(common, &settings, false);
    // Taken before the sidecar is read, so that no push changes it meanwhile.
    let mut file = match args.repair {
        true => Some(SidecarFile::lock(&settings.sidecar, context.disk)?),
        false => None,
    };
    let Some(mut input) = input::read(&settings, context.clock, Depth::Everything)? else {
        drop(file);
        return input::nothing_recorded("verify", common, &settings, context);
    };
    let before = input.sidecar.clone();
    let planned = plan(&before, &input.intake, &Options::plain(settings.defaults.clone()));

    let zone = input.zone.clone();
    let mut nowhere = Nowhere;
    let mut progress = Progress::new(context.err, context.clock, &zone, progress);
    let effects = Effects {
        clock: context.clock,
        server: &mut Client::new(settings.api.clone(), &token, settings.timeout),
        store: file.as_mut().map_or(&mut nowhere as &mut dyn Store, |file| file),
        watch: &mut Both(context.watch, &mut progress),
        rng: fastrand::Rng::new(),
        interrupted: context.interrupted,
    };
    let compared = compare_and_repair(&mut input, &days, &settings, args.repair, effects)?;
    drop(progress);
    drop(file);

    let view = input.view(&planned, &settings, context.clock.now());
    let (comparison, report) = match compared {
        Ok(compared) => compared,
        Err(reason) => return not_compared(&view, &reason, common, context),
    };
    let exit = exit(&comparison, report.as_ref(), &input);
    let verdict = Verdict {
        sidecar: &before,
        comparison: &comparison,
        days: &days,
        is_cut: is_cut(&days, args.days),
        pending: planned.requests(),
        repairs: args.repair,
    };
    if !common.quiet || exit != Exit::UpToDate {
        print(&verdict, report.as_ref().map(|report| (&view, report)), exit, common, context)?;
    }
    Ok(exit)
}

/// Asks Toggl what it holds and compares; to repair, pushes what differs. The inner error is why nothing was compared.
fn compare_and_repair(
    input: &mut Input,
    days: &RangeInclusive<Date>,
    settings: &Settings,
    repairs: bool,
    mut effects: Effects<'_>,
) -> Result<Result<(Comparison, Option<Report>), StopReason>, CommandError> {
    let policy = policy(settings, workspace(settings, input));
    match ask(input, days, &policy, &mut effects) {
        Ok(comparison) if repairs && !comparison.finds_nothing() => {
            let report = mend(input, &comparison, settings, effects);
            Ok(Ok((comparison, Some(report))))
        }
        Ok(comparison) => Ok(Ok((comparison, None))),
        Err(reason) => {
            if repairs {
                // What was learnt of the quota holds for the next push as well.
                input.sidecar.advance(|| effects.rng.u64(..));
                let text = input.sidecar.to_json().map_err(anyhow::Error::new)?;
                effects.store.save(&text, &input.sidecar.revision).map_err(anyhow::Error::msg)?;
            }
            Ok(Err(reason))
        }
    }
}

/// Takes what was found into the records and pushes.
fn mend(input: &mut Input, comparison: &Comparison, settings: &Settings, mut effects: Effects<'_>) -> Report {
    // What has not been looked for yet is by the push itself, as far back as Toggl goes, and it judges by what it finds
    // whether older sessions are there as well.
    if !input.is_first {
        repair(&mut input.sidecar, comparison);
    }
    let policy = policy(settings, settings.workspace);
    let options = Options::plain(settings.defaults.clone());
    let report = execute(&mut input.sidecar, input.saved, &input.intake, &options, &policy, effects.reborrow());
    if outcome(&report, &input.intake) == Exit::UpToDate {
        input.archive(effects.store);
    }
    report
}

fn exit(comparison: &Comparison, report: Option<&Report>, input: &Input) -> Exit {
    match report.map(|report| outcome(report, &input.intake)) {
        None if comparison.findings.is_empty() => Exit::UpToDate,
        None => Exit::Attention,
        Some(Exit::UpToDate) if comparison.has_doubled() => Exit::Attention,
        Some(other) => other,
    }
}

fn print(
    verdict: &Verdict<'_>,
    pushed: Option<(&output::View<'_>, &Report)>,
    exit: Exit,
    common: &Common,
    context: &mut Context<'_>,
) -> Result<(), CommandError> {
    let style = context.style(common);
    match common.format {
        Format::Json => {
            let mut document = output::comparison_json(verdict);
            document["exit"] = json!(exit.code());
            document["push"] = json!(pushed.map(|(view, report)| output::report_json(view, report, exit)));
            context.print_json(&document)
        }
        Format::Text => {
            let mut text = output::comparison_text(verdict, &style);
            if let Some((view, report)) = pushed {
                text.push('\n');
                text.push_str(&output::report_text(view, report, &style));
            }
            context.print(&text)
        }
    }
}

/// Whether there are fewer days than were asked for.
fn is_cut(days: &RangeInclusive<Date>, back: u16) -> bool {
    *days.end() - *days.start() < time::Duration::days(i64::from(back))
}

/// The days (UTC) from so many days ago until now, as far as Toggl lists them whole.
fn days(back: u16, now: i64) -> RangeInclusive<Date> {
    let today = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    let first = today.checked_sub(time::Duration::days(i64::from(back))).unwrap_or(Date::MIN);
    // A day of margin: Toggl counts days in the zone of the user's profile.
    first.max(window_start(now).saturating_add(time::Duration::DAY))..=today
}

/// Lists what Toggl has and compares.
fn ask(
    input: &mut Input,
    days: &RangeInclusive<Date>,
    policy: &SendPolicy,
    effects: &mut Effects<'_>,
) -> Result<Comparison, StopReason> {
    let last_write_ms = input.sidecar.quota.last_request_ms.unwrap_or(0);
    let asked_ms = effects.clock.now_ms();
    let comparison = ask_once(input, days, policy, effects)?;
    // What was written a moment ago may not be listed yet. A clock that was set back is no reason to wait longer.
    let wait_ms = (last_write_ms.saturating_add(LAG * 1000) - asked_ms).min(LAG * 1000);
    if wait_ms <= 0 || !comparison.has_missing() {
        return Ok(comparison);
    }
    effects.clock.sleep(Duration::from_millis(wait_ms.unsigned_abs()));
    ask_once(input, days, policy, effects)
}

fn ask_once(
    input: &mut Input,
    days: &RangeInclusive<Date>,
    policy: &SendPolicy,
    effects: &mut Effects<'_>,
) -> Result<Comparison, StopReason> {
    let span = Days { first: *days.start(), last: *days.end() };
    let entries = look(&mut input.sidecar, span, true, policy, effects.reborrow())?;
    let workspace = policy.workspace.or(input.sidecar.workspace);
    Ok(compare(&input.sidecar, &entries, days, workspace))
}

/// Where a command that writes nothing keeps its sidecar.
struct Nowhere;

impl Store for Nowhere {
    fn save(&mut self, _: &[u8], _: &Revision) -> Result<(), String> {
        Err("a command that only looks saves nothing".to_owned())
    }
}

/// The workspace to look in: the one that entries were made in, where nobody says which.
fn workspace(settings: &Settings, input: &Input) -> Option<i64> {
    let used =
        || input.sidecar.sessions().find_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.workspace));
    settings.workspace.or(input.sidecar.workspace).or_else(used)
}

fn policy(settings: &Settings, workspace: Option<i64>) -> SendPolicy {
    SendPolicy { workspace, pace: settings.pace, timeout: settings.timeout, max_requests: None, wait: false }
}

fn not_compared(
    view: &output::View<'_>,
    reason: &StopReason,
    common: &Common,
    context: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    let exit = early(reason);
    let text = output::not_compared(view, reason);
    match common.format {
        Format::Json => {
            let mut document = output::json::error_json(&text, exit);
            document["command"] = json!("verify");
            context.print_json(&document)?;
        }
        Format::Text => context.print(&output::message(&text, &context.style(common)))?,
    }
    Ok(exit)
}
