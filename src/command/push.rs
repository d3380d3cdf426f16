//! `push`: brings Toggl into agreement with the snapshot, or shows what it would do.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use time::format_description::well_known::Rfc3339;

use super::{Fault, World, print, style};
use crate::cli::{Common, Format, PushArgs};
use crate::execute::{Edges, End, Manner, Report, execute};
use crate::exit::Exit;
use crate::intake::{Intake, take_in};
use crate::plan::{Options, Plan, Why, plan};
use crate::reading::{self, ReadError, Reading};
use crate::settings::{self, Settings};
use crate::show::{self, View};
use crate::sidecar::Sidecar;
use crate::snapshot;
use crate::store::{self, SidecarFile};
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
    let loaded = store::load(&settings.sidecar)?;
    let Some(reading) = read(settings, loaded.is_some(), world)? else { return nothing_yet(common, settings, world) };
    let state = State::new(loaded, &reading, settings, world)?;
    let options = options(args, settings);
    let plan = plan(&state.sidecar, &state.intake, &options);
    let exit = if args.exit_code && !plan.operations.is_empty() { Exit::Pending } else { attention(&plan, &state.intake) };
    if !common.quiet || exit != Exit::Agreed {
        let view = state.view(&plan, settings, world);
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
    // The lock lives in the sidecar's folder: where nothing was ever recorded, none is made.
    let loaded = store::load(&settings.sidecar)?;
    if loaded.is_none() && read(settings, false, world)?.is_none() {
        return nothing_yet(common, settings, world);
    }
    let mut file = SidecarFile::lock(&settings.sidecar, world.disk)?;
    // Only what is read under the lock counts: another push may have been at work until now.
    let loaded = store::load(&settings.sidecar)?;
    let reading = match read_snapshot(settings, loaded.is_some(), world.clock, world.interrupted)? {
        Some(reading) => reading,
        None => return Ok(Exit::Agreed),
    };
    let saved = loaded.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
    let mut state = State::of(loaded, &reading, settings, world.clock.now())?;
    let options = options(args, settings);
    let planned = plan(&state.sidecar, &state.intake, &options);
    let before = state.sidecar.clone();
    let manner = Manner {
        workspace: settings.workspace,
        pace: settings.pace,
        timeout: settings.timeout,
        max_requests: args.max_requests,
        wait: args.wait,
    };
    let mut server = Client::new(settings.api.clone(), &token, settings.timeout);
    let edges = Edges {
        clock: world.clock,
        server: &mut server,
        store: &mut file,
        watch: world.watch,
        dice: fastrand::Rng::new(),
        interrupted: world.interrupted,
    };
    let report = execute(&mut state.sidecar, &saved, &state.intake, &options, &manner, edges);
    let exit = outcome(&report, &state.intake);
    if !common.quiet || exit != Exit::Agreed {
        let shown = State { sidecar: before, ..state };
        let mut view = shown.view_at(&planned, settings, world.clock.now());
        view.quota = &state_quota(&report, &shown);
        let text = match common.format {
            Format::Json => show::report_json(&view, &report, exit).to_string(),
            Format::Text => show::report_text(&view, &report, &style(common, world)),
        };
        print(world.out, text.trim_end());
    }
    Ok(exit)
}
