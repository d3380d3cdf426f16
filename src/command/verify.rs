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
use crate::execute::{Effects, Event, Report, StopReason, Watch, execute};
use crate::exit::Exit;
use crate::output::progress::{Both, Progress};
use crate::output::{self, Verdict};
use crate::reconcile::drift::{Comparison, compare, repair};
use crate::reconcile::ingest::Depth;
use crate::reconcile::plan::{Options, plan};
use crate::reconcile::recovery::LAG;
use crate::settings::{self, Settings};
use crate::sidecar::file::{SidecarFile, Store as _};
use crate::toggl::http::Client;
use crate::toggl::{Call, Outcome, Refusal, SendError, SendPolicy, Sender, questions};

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
    if input::is_nothing_yet(&settings)? {
        return input::nothing_recorded("verify", common, &settings, context);
    }
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
    let planned = plan(&before, &input.intake, &Options::plain(settings.selection.clone()));
    let zone = input.zone.clone();
    let mut progress = Progress::new(context.err, context.clock, &zone, progress);
    let mut client = Client::new(settings.api.clone(), &token, settings.timeout).through(settings.proxy.clone());
    let policy = SendPolicy { pace: settings.pace, timeout: settings.timeout, max_requests: None, wait: false };
    let quota = input.sidecar.quota.clone();
    let mut sender = Sender::new(&mut client, context.clock, context.interrupted, fastrand::Rng::new(), policy, quota);
    let mut watch = Both(context.watch, &mut progress);
    let compared = ask(&mut input, args.days, &settings, &mut sender, &mut watch);
    // What was learnt of the quota holds for the next push as well.
    input.sidecar.quota = sender.quota().clone();
    let report = match (&compared, &mut file) {
        (Ok((comparison, _)), Some(file)) if !comparison.finds_nothing() => {
            let effects = Effects { sender: &mut sender, store: file, watch: &mut watch };
            let report = mend(&mut input, comparison, &settings, effects);
            if outcome(&report, &input.intake) == Exit::UpToDate {
                input.archive(file);
            }
            Some(report)
        }
        (Err(_), Some(file)) => {
            input.sidecar.advance(|| sender.rng().u64(..));
            let text = input.sidecar.to_json().map_err(anyhow::Error::new)?;
            file.save(&text, &input.sidecar.revision).map_err(anyhow::Error::msg)?;
            None
        }
        _ => None,
    };
    let skew = sender.skew();
    drop(progress);
    drop(file);
    context.tell_skew(skew);

    let view = input.view(&planned, &settings, context.clock.now());
    let (comparison, days) = match compared {
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

/// Takes what was found into the records and pushes.
fn mend(input: &mut Input, comparison: &Comparison, settings: &Settings, effects: Effects<'_, '_>) -> Report {
    // What has not been looked for yet is by the push itself, as far back as Toggl goes, and it judges by what it finds
    // whether older sessions are there as well.
    let options = Options::plain(settings.selection.clone());
    if !plan(&input.sidecar, &input.intake, &options).looks_first {
        repair(&mut input.sidecar, comparison);
    }
    execute(&mut input.sidecar, input.saved, &input.intake, &options, effects)
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

/// The days (UTC) from so many days ago until now, as far as Toggl lists them whole from the day `floor` on.
fn days(back: u16, now: i64, floor: Date) -> RangeInclusive<Date> {
    let today = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    let first = today.checked_sub(time::Duration::days(i64::from(back))).unwrap_or(Date::MIN);
    // A day of margin: Toggl counts days in the zone of the user's profile.
    first.max(floor.saturating_add(time::Duration::DAY))..=today
}

/// Lists what Toggl has of so many days and compares, and says which days these were.
fn ask(
    input: &mut Input,
    back: u16,
    settings: &Settings,
    sender: &mut Sender<'_>,
    watch: &mut dyn Watch,
) -> Result<(Comparison, RangeInclusive<Date>), StopReason> {
    let last_write_ms = input.sidecar.quota.last_request_ms.unwrap_or(0);
    let asked_ms = sender.clock().now_ms();
    let workspace = workspace(settings, input);
    let mut ask = |sender: &mut Sender<'_>, call: &Call| -> Result<Outcome, SendError> {
        sender.ask(call, &mut |exchange| watch.event(&Event::from(exchange)))
    };
    let workspace = match workspace {
        Some(workspace) => Some(workspace),
        None => questions::me(&mut |call| ask(sender, call))?.workspace,
    };
    input.sidecar.workspace = input.sidecar.workspace.or(workspace.filter(|_| settings.selection.workspace.is_none()));
    let mut list = |sender: &mut Sender<'_>| -> Result<(Comparison, RangeInclusive<Date>), StopReason> {
        let mut floor = sender.first_listed();
        loop {
            let days = days(back, sender.clock().now(), floor);
            match questions::started(&mut |call| ask(sender, call), (*days.start(), *days.end()), floor)? {
                Ok(entries) => return Ok((compare(&input.sidecar, &entries, &days, workspace), days)),
                Err(Refusal { status, text }) => {
                    floor = sender.first_listed_after(floor, &text).ok_or_else(|| {
                        StopReason::Trouble(format!("Toggl would not list its entries (status {status}): {text}"))
                    })?;
                }
            }
        }
    };
    let compared = list(sender)?;
    // What was written a moment ago may not be listed yet. A clock that was set back is no reason to wait longer.
    let wait_ms = last_write_ms.saturating_add(LAG * 1000).saturating_sub(asked_ms).min(LAG * 1000);
    if wait_ms <= 0 || !compared.0.has_missing() {
        return Ok(compared);
    }
    sender.clock().sleep(Duration::from_millis(wait_ms.unsigned_abs()));
    list(sender)
}

/// The workspace to look in: the one that entries were made in, where nobody says which.
fn workspace(settings: &Settings, input: &Input) -> Option<i64> {
    let used =
        || input.sidecar.sessions().find_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.workspace));
    settings.selection.known_workspace(&input.sidecar).or_else(used)
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
