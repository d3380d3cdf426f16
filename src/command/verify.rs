//! `verify`: compares what Toggl holds with what was pushed. With `--repair` it takes the difference into the records
//! and pushes; without, it sends questions only and writes nothing.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::json;
use time::{Date, OffsetDateTime};

use super::input::{self, Depth, Input};
use super::push::{early, nothing_yet, outcome};
use super::{CommandError, Context, print, showing, style};
use crate::cli::{Common, Format, VerifyArgs};
use crate::execute::{Effects, Report, SendPolicy, StopReason, execute, look};
use crate::exit::Exit;
use crate::output::json::SCHEMA;
use crate::output::progress::{Both, Progress};
use crate::output::{self, Verdict};
use crate::reconcile::drift::{Comparison, compare, repair};
use crate::reconcile::plan::{Options, plan};
use crate::reconcile::recovery::{Days, LAG, window_start};
use crate::settings::{self, Settings};
use crate::sidecar::file::SidecarFile;
use crate::sidecar::file::Store;
use crate::toggl::http::Client;

/// Runs `verify`.
///
/// # Errors
/// A [`CommandError`], in which case nothing was sent.
pub fn verify(args: &VerifyArgs, common: &Common, world: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, world.variable)?;
    if settings.is_off && args.repair {
        if !common.quiet {
            print(world.err, "chute-toggl: TOGGL_SYNC_MODE is `off`, so nothing is repaired");
        }
        return Ok(Exit::UpToDate);
    }
    let token = settings::token(world.variable)?;
    let mut client = Client::new(settings.api.clone(), &token, settings.timeout);
    if input::is_nothing_yet(&settings) {
        return nothing_yet("verify", common, &settings, world);
    }
    let show = showing(common, &settings, false, world);
    let days = days(args.days, world.clock.now());
    // Taken before the sidecar is read, so that no push changes it meanwhile.
    let mut file = match args.repair {
        true => Some(SidecarFile::lock(&settings.sidecar, world.disk)?),
        false => None,
    };
    let Some(mut input) = input::read(&settings, world.clock, Depth::Everything)? else {
        drop(file);
        return nothing_yet("verify", common, &settings, world);
    };
    let before = input.sidecar.clone();
    let planned = plan(&before, &input.intake, &Options::plain(settings.defaults.clone()));

    let zone = input.zone.clone();
    let mut nowhere = Nowhere;
    let mut progress = Progress::new(world.err, world.clock, &zone, show);
    let mut edges = Effects {
        clock: world.clock,
        server: &mut client,
        store: file.as_mut().map_or(&mut nowhere as &mut dyn Store, |file| file),
        watch: &mut Both(world.watch, &mut progress),
        rng: fastrand::Rng::new(),
        interrupted: world.interrupted,
    };
    let manner = manner(&settings, workspace(&settings, &input));
    let found = ask(&mut input, &days, &manner, &mut edges);
    let report = match &found {
        _ if !args.repair => None,
        Ok(comparison) if comparison.finds_nothing() => None,
        Ok(comparison) => Some(mend(&mut input, comparison, &settings, edges)),
        Err(_) => {
            // What was learnt of the quota holds for the next push as well.
            let text = input.sidecar.to_json().map_err(anyhow::Error::new)?;
            edges.store.save(&text).map_err(anyhow::Error::msg)?;
            None
        }
    };
    drop(progress);
    drop(file);

    let view = input.view(&planned, &settings, world.clock.now());
    let comparison = match found {
        Ok(comparison) => comparison,
        Err(end) => return Ok(not_compared(&view, &end, common, world)),
    };
    let exit = match &report {
        None if comparison.findings.is_empty() => Exit::UpToDate,
        None => Exit::Attention,
        Some(report) => match outcome(report, &input.intake) {
            Exit::UpToDate if comparison.has_doubled() => Exit::Attention,
            other => other,
        },
    };
    if !common.quiet || exit != Exit::UpToDate {
        let verdict = Verdict {
            sidecar: &before,
            comparison: &comparison,
            days: &days,
            is_cut: is_cut(&days, args.days),
            pending: planned.requests(),
            repairs: args.repair,
        };
        print_verdict(&verdict, report.as_ref().map(|report| (&view, report)), exit, common, world);
    }
    Ok(exit)
}

/// Takes what was found into the records and pushes.
fn mend(input: &mut Input, comparison: &Comparison, settings: &Settings, mut edges: Effects<'_>) -> Report {
    // A sidecar that is new looks for everything itself, as far back as Toggl goes, and judges by what it finds whether
    // older sessions are there as well.
    if input.sidecar.looked {
        repair(&mut input.sidecar, comparison);
    }
    let manner = manner(settings, settings.workspace);
    let options = Options::plain(settings.defaults.clone());
    let report = execute(&mut input.sidecar, input.saved, &input.intake, &options, &manner, edges.reborrow());
    if outcome(&report, &input.intake) == Exit::UpToDate {
        input.archive(edges.store);
    }
    report
}

fn print_verdict(
    verdict: &Verdict<'_>,
    pushed: Option<(&output::View<'_>, &Report)>,
    exit: Exit,
    common: &Common,
    world: &mut Context<'_>,
) {
    match common.format {
        Format::Json => {
            let mut document = output::comparison_json(verdict);
            document["exit"] = json!(exit.code());
            document["push"] = json!(pushed.map(|(view, report)| output::report_json(view, report, exit)));
            print(world.out, &document.to_string());
        }
        Format::Text => {
            let mut text = output::comparison_text(verdict);
            if let Some((view, report)) = pushed {
                text.push('\n');
                text.push_str(&output::report_text(view, report, &style(common, world)));
            }
            print(world.out, text.trim_end());
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
    manner: &SendPolicy,
    edges: &mut Effects<'_>,
) -> Result<Comparison, StopReason> {
    let last_write_ms = input.sidecar.quota.last_request_ms.unwrap_or(0);
    let asked_ms = edges.clock.now_ms();
    let comparison = ask_once(input, days, manner, edges)?;
    // What was written a moment ago may not be listed yet. A clock that was set back is no reason to wait longer.
    let wait_ms = (last_write_ms.saturating_add(LAG * 1000) - asked_ms).min(LAG * 1000);
    if wait_ms <= 0 || !comparison.has_missing() {
        return Ok(comparison);
    }
    edges.clock.sleep(Duration::from_millis(wait_ms.unsigned_abs()));
    ask_once(input, days, manner, edges)
}

fn ask_once(
    input: &mut Input,
    days: &RangeInclusive<Date>,
    manner: &SendPolicy,
    edges: &mut Effects<'_>,
) -> Result<Comparison, StopReason> {
    let span = Days { first: *days.start(), last: *days.end() };
    let entries = look(&mut input.sidecar, span, true, manner, edges.reborrow())?;
    let workspace = manner.workspace.or(input.sidecar.workspace);
    Ok(compare(&input.sidecar, &entries, days, workspace))
}

/// Where a command that writes nothing keeps its sidecar.
struct Nowhere;

impl Store for Nowhere {
    fn save(&mut self, _: &[u8]) -> Result<(), String> {
        Err("a command that only looks saves nothing".to_owned())
    }
}

/// The workspace to look in: the one that entries were made in, where nobody says which.
fn workspace(settings: &Settings, input: &Input) -> Option<i64> {
    let used =
        || input.sidecar.sessions().find_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.workspace));
    settings.workspace.or(input.sidecar.workspace).or_else(used)
}

fn manner(settings: &Settings, workspace: Option<i64>) -> SendPolicy {
    SendPolicy { workspace, pace: settings.pace, timeout: settings.timeout, max_requests: None, wait: false }
}

fn not_compared(view: &output::View<'_>, end: &StopReason, common: &Common, world: &mut Context<'_>) -> Exit {
    let exit = early(end);
    let text = output::not_compared_text(view, end);
    match common.format {
        Format::Json => {
            let document = json!({"schema": SCHEMA, "command": "verify", "error": text, "exit": exit.code()});
            print(world.out, &document.to_string());
        }
        Format::Text => print(world.out, &text),
    }
    exit
}
