//! `status`: offline, what a push would do and what is left from former ones.

use super::input;
use super::{CommandError, Context};
use crate::cli::{Common, Format};
use crate::exit::Exit;
use crate::output::{self, Status};
use crate::reconcile::ingest::Depth;
use crate::reconcile::plan::{Options, plan};
use crate::settings::Settings;

/// Runs `status`. Opens no socket, writes no file.
///
/// # Errors
/// A [`CommandError`], if a file or a setting cannot be used.
pub fn status(common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, context.variable)?;
    let Some(input) = input::read(&settings, context.clock, Depth::Everything)? else {
        return input::nothing_recorded("status", common, &settings, context);
    };
    input.tell_provenance(&settings, context);
    input.tell_ahead(context);
    let plan = plan(&input.sidecar, &input.ingested, &Options::plain(settings.selection.clone()));
    let status = Status {
        view: input.view(&plan, &settings, context.clock.now()),
        snapshot_path: &settings.snapshot,
        sidecar_path: &settings.sidecar,
        last_snapshot_saved: input.last_snapshot_saved,
    };
    match common.format {
        _ if common.quiet => {}
        Format::Json => context.print_json(&output::json::Status::new(&status))?,
        Format::Text => context.print(&output::status_text(&status, &context.style(common)))?,
    }
    Ok(Exit::UpToDate)
}
