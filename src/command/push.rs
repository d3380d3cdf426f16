//! `push`: brings Toggl into agreement with the snapshot, or shows what it would do.

use super::input::{self, Depth, Input};
use super::{CommandError, Context, print, showing, style};
use crate::cli::{Common, Format, PushArgs};
use crate::command::shortcut::UpToDate;
use crate::execute::{Effects, Report, SendPolicy, StopReason, execute};
use crate::exit::Exit;
use crate::output::progress::{Both, Progress};
use crate::output::{self, json::SCHEMA};
use crate::reconcile::ingest::Ingested;
use crate::reconcile::plan::{Options, Plan, plan};
use crate::settings::{self, Settings};
use crate::sidecar::file::SidecarFile;
use crate::toggl::http::Client;

/// Runs `push`.
///
/// # Errors
/// A [`CommandError`], in which case nothing was sent.
pub fn push(args: &PushArgs, common: &Common, world: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, world.variable)?;
    if settings.is_off {
        if !common.quiet {
            print(world.err, "chute-toggl: TOGGL_SYNC_MODE is `off`, so nothing is pushed");
        }
        return Ok(Exit::UpToDate);
    }
    if args.dry_run { preview(args, common, &settings, world) } else { send(args, common, &settings, world) }
}

/// Shows the plan. Opens no socket, writes no file.
fn preview(
    args: &PushArgs,
    common: &Common,
    settings: &Settings,
    world: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    let Some(input) = input::read(settings, world.clock, depth(args))? else {
        return nothing_yet("push", common, settings, world);
    };
    let plan = plan(&input.sidecar, &input.intake, &options(args, settings));
    let exit = match plan.needs_attention(&input.intake) {
        _ if args.exit_code && !plan.operations.is_empty() => Exit::Pending,
        true => Exit::Attention,
        false => Exit::UpToDate,
    };
    if !common.quiet || exit != Exit::UpToDate {
        let view = input.view(&plan, settings, world.clock.now());
        let text = match common.format {
            Format::Json => output::plan_json(&view).to_string(),
            Format::Text => output::plan_text(&view, &style(common, world)),
        };
        print(world.out, text.trim_end());
    }
    Ok(exit)
}

fn send(args: &PushArgs, common: &Common, settings: &Settings, world: &mut Context<'_>) -> Result<Exit, CommandError> {
    let token = settings::token(world.variable)?;
    let is_plain = depth(args) == Depth::Changes;
    if is_plain
        && common.format == Format::Text
        && let Some(agreement) = UpToDate::standing(settings)
    {
        if !common.quiet {
            print(world.out, &output::in_agreement(agreement.sessions));
        }
        return Ok(Exit::UpToDate);
    }
    if input::is_nothing_yet(settings) {
        // The lock lives in the sidecar's folder: where nothing was ever recorded, none is made.
        return nothing_yet("push", common, settings, world);
    }
    let show = showing(common, settings, args.wait, world);
    let mut file = SidecarFile::lock(&settings.sidecar, world.disk)?;
    // Read under the lock: another push may have been at work until now.
    let Some(mut input) = input::read(settings, world.clock, depth(args))? else {
        return nothing_yet("push", common, settings, world);
    };
    let options = options(args, settings);
    let planned = plan(&input.sidecar, &input.intake, &options);
    let manner = SendPolicy {
        workspace: settings.workspace,
        pace: settings.pace,
        timeout: settings.timeout,
        max_requests: args.max_requests,
        wait: args.wait,
    };
    let mut progress = Progress::new(world.err, world.clock, &input.zone, show);
    let edges = Effects {
        clock: world.clock,
        server: &mut Client::new(settings.api.clone(), &token, settings.timeout),
        store: &mut file,
        watch: &mut Both(world.watch, &mut progress),
        rng: fastrand::Rng::new(),
        interrupted: world.interrupted,
    };
    let report = execute(&mut input.sidecar, input.saved, &input.intake, &options, &manner, edges);
    drop(progress);
    let exit = outcome(&report, &input.intake);
    if is_plain && exit == Exit::UpToDate {
        input.archive(&mut file);
        let agreement = UpToDate::between(settings, input.stamp, report.left.up_to_date, world.clock.now());
        file.note(agreement.map(|agreement| agreement.to_json()));
    }
    if !common.quiet || exit != Exit::UpToDate {
        let view = input.view(&planned, settings, world.clock.now());
        let text = match common.format {
            Format::Json => output::report_json(&view, &report, exit).to_string(),
            Format::Text => output::report_text(&view, &report, &style(common, world)),
        };
        print(world.out, text.trim_end());
    }
    Ok(exit)
}

/// Neither a snapshot nor a sidecar: nothing recorded yet, which is no error.
pub(super) fn nothing_yet(
    command: &str,
    common: &Common,
    settings: &Settings,
    world: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    match common.format {
        _ if common.quiet => {}
        Format::Json => {
            let document = serde_json::json!({"schema": SCHEMA, "command": command, "nothing_yet": true, "exit": 0});
            print(world.out, &document.to_string());
        }
        Format::Text => {
            let path = output::clean(&settings.snapshot.display().to_string());
            print(world.out, &format!("Nothing is recorded yet: there is no snapshot at `{path}`."));
        }
    }
    Ok(Exit::UpToDate)
}

/// What the plan is asked for.
fn options(args: &PushArgs, settings: &Settings) -> Options {
    Options {
        since: args.since,
        until: args.until,
        prune: args.prune.then_some(args.max_delete),
        retry_rejected: args.retry_rejected,
        send_unlisted: args.send_unlisted,
        defaults: settings.defaults.clone(),
    }
}

/// A plain push looks at what has changed; one that is asked about what was left behind, at everything.
fn depth(args: &PushArgs) -> Depth {
    let is_ranged = args.since.is_some() || args.until.is_some();
    let is_plain = !is_ranged && !args.prune && !args.retry_rejected && !args.send_unlisted;
    if is_plain { Depth::Changes } else { Depth::Everything }
}

/// How a run ended, as an exit code.
pub(super) fn outcome(report: &Report, intake: &Ingested) -> Exit {
    match &report.end {
        Some(end) => early(end),
        None if report.left.needs_attention(intake) || !report.unlistable.is_empty() || !report.assumed.is_empty() => {
            Exit::Attention
        }
        None if !report.uncertain.is_empty() || !report.left.operations.is_empty() => Exit::Unfinished,
        None => Exit::UpToDate,
    }
}

/// What it means, as an exit code, that a run ended early.
pub(super) fn early(end: &StopReason) -> Exit {
    match end {
        StopReason::TokenRefused(_) => Exit::Token,
        StopReason::Interrupted => Exit::Interrupted,
        StopReason::CallGone | StopReason::Save(_) => Exit::Failure,
        StopReason::NoWorkspace(_) | StopReason::NoSuchCall => Exit::Usage,
        StopReason::Quota(_)
        | StopReason::RateLimited
        | StopReason::Trouble(_)
        | StopReason::Offline(_)
        | StopReason::MaxRequests => Exit::Unfinished,
    }
}

impl Input {
    pub(super) fn view<'a>(&'a self, plan: &'a Plan, settings: &Settings, now: i64) -> output::View<'a> {
        output::View {
            sidecar: &self.sidecar,
            intake: &self.intake,
            plan,
            now,
            zone: &self.zone,
            pace: settings.pace,
            first_push: self.is_first,
            asks_workspace: self.asks_workspace,
        }
    }
}
