//! `push`: brings Toggl into agreement with the snapshot, or shows what it would do.

use super::input::{self, Depth, Input};
use super::{Fault, World, print, showing, style};
use crate::agreement::Agreement;
use crate::cli::{Common, Format, PushArgs};
use crate::execute::{Edges, End, Manner, Report, execute};
use crate::exit::Exit;
use crate::intake::Intake;
use crate::plan::{Options, Plan, Why, plan};
use crate::progress::{Both, Progress};
use crate::settings::{self, Settings};
use crate::show::{self, json::SCHEMA};
use crate::store::SidecarFile;
use crate::toggl::http::Client;

/// Runs `push`.
///
/// # Errors
/// A [`Fault`], in which case nothing was sent.
pub fn push(args: &PushArgs, common: &Common, world: &mut World<'_>) -> Result<Exit, Fault> {
    let settings = Settings::read(common, world.variable)?;
    if settings.is_off {
        if !common.quiet {
            print(world.err, "chute-toggl: TOGGL_SYNC_MODE is `off`, so nothing is pushed");
        }
        return Ok(Exit::Agreed);
    }
    if args.dry_run { preview(args, common, &settings, world) } else { send(args, common, &settings, world) }
}

/// Shows the plan. Opens no socket, writes no file.
fn preview(args: &PushArgs, common: &Common, settings: &Settings, world: &mut World<'_>) -> Result<Exit, Fault> {
    let Some(input) = input::read(settings, world.clock, depth(args))? else {
        return nothing_yet("push", common, settings, world);
    };
    let plan = plan(&input.sidecar, &input.intake, &options(args, settings));
    let exit = match needs_attention(&plan, &input.intake) {
        _ if args.exit_code && !plan.operations.is_empty() => Exit::Pending,
        true => Exit::Attention,
        false => Exit::Agreed,
    };
    if !common.quiet || exit != Exit::Agreed {
        let view = input.view(&plan, settings, world.clock.now());
        let text = match common.format {
            Format::Json => show::plan_json(&view).to_string(),
            Format::Text => show::plan_text(&view, &style(common, world)),
        };
        print(world.out, text.trim_end());
    }
    Ok(exit)
}

fn send(args: &PushArgs, common: &Common, settings: &Settings, world: &mut World<'_>) -> Result<Exit, Fault> {
    let token = settings::token(world.variable)?;
    let is_plain = depth(args) == Depth::Changes;
    if is_plain
        && common.format == Format::Text
        && let Some(agreement) = Agreement::standing(settings)
    {
        if !common.quiet {
            print(world.out, &show::in_agreement(agreement.sessions));
        }
        return Ok(Exit::Agreed);
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
    let manner = Manner {
        workspace: settings.workspace,
        pace: settings.pace,
        timeout: settings.timeout,
        max_requests: args.max_requests,
        wait: args.wait,
    };
    let mut progress = Progress::new(world.err, world.clock, &input.zone, show);
    let edges = Edges {
        clock: world.clock,
        server: &mut Client::new(settings.api.clone(), &token, settings.timeout),
        store: &mut file,
        watch: &mut Both(world.watch, &mut progress),
        dice: fastrand::Rng::new(),
        interrupted: world.interrupted,
    };
    let report = execute(&mut input.sidecar, input.saved, &input.intake, &options, &manner, edges);
    drop(progress);
    let exit = outcome(&report, &input.intake);
    if is_plain && exit == Exit::Agreed {
        input.archive(&mut file);
        let agreement = Agreement::between(settings, input.stamp, report.left.agreed, world.clock.now());
        file.note(agreement.map(|agreement| agreement.to_json()));
    }
    if !common.quiet || exit != Exit::Agreed {
        let view = input.view(&planned, settings, world.clock.now());
        let text = match common.format {
            Format::Json => show::report_json(&view, &report, exit).to_string(),
            Format::Text => show::report_text(&view, &report, &style(common, world)),
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
    world: &mut World<'_>,
) -> Result<Exit, Fault> {
    match common.format {
        _ if common.quiet => {}
        Format::Json => {
            let document = serde_json::json!({"schema": SCHEMA, "command": command, "nothing_yet": true, "exit": 0});
            print(world.out, &document.to_string());
        }
        Format::Text => {
            let path = show::clean(&settings.snapshot.display().to_string());
            print(world.out, &format!("Nothing is recorded yet: there is no snapshot at `{path}`."));
        }
    }
    Ok(Exit::Agreed)
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

/// Whether something was left out that no later run will do by itself.
fn needs_attention(plan: &Plan, intake: &Intake) -> bool {
    let waits_for_a_person = |why: Why| matches!(why, Why::Rejected | Why::Reopened);
    plan.held.iter().any(|held| waits_for_a_person(held.why)) || plan.prune_refused.is_some() || !intake.odd.is_empty()
}

/// How a run ended, as an exit code.
pub(super) fn outcome(report: &Report, intake: &Intake) -> Exit {
    match &report.end {
        Some(end) => early(end),
        None if needs_attention(&report.left, intake)
            || !report.unlistable.is_empty()
            || !report.assumed.is_empty() =>
        {
            Exit::Attention
        }
        None if !report.uncertain.is_empty() || !report.left.operations.is_empty() => Exit::Unfinished,
        None => Exit::Agreed,
    }
}

/// What it means, as an exit code, that a run ended early.
pub(super) fn early(end: &End) -> Exit {
    match end {
        End::TokenRefused(_) => Exit::Token,
        End::Interrupted => Exit::Interrupted,
        End::CallGone | End::Save(_) => Exit::Failure,
        End::NoWorkspace(_) | End::NoSuchCall => Exit::Usage,
        End::Quota(_) | End::RateLimited | End::Trouble(_) | End::Offline(_) | End::MaxRequests => Exit::Unfinished,
    }
}

impl Input {
    pub(super) fn view<'a>(&'a self, plan: &'a Plan, settings: &Settings, now: i64) -> show::View<'a> {
        show::View {
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
