//! `status`: offline, what a push would do and what is left from former ones.

use super::input::{self, Depth};
use super::{CommandError, Context, print, style};
use crate::cli::{Common, Format};
use crate::exit::Exit;
use crate::output::{self, Status};
use crate::reconcile::plan::{Options, plan};
use crate::settings::Settings;

/// Runs `status`. Opens no socket, writes no file.
///
/// # Errors
/// A [`CommandError`], if a file or a setting cannot be used.
pub fn status(common: &Common, world: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, world.variable)?;
    let Some(input) = input::read(&settings, world.clock, Depth::Everything)? else {
        return super::push::nothing_yet("status", common, &settings, world);
    };
    let plan = plan(&input.sidecar, &input.intake, &Options::plain(settings.defaults.clone()));
    let status = Status {
        view: input.view(&plan, &settings, world.clock.now()),
        snapshot_path: &settings.snapshot,
        sidecar_path: &settings.sidecar,
        taken: input.taken,
    };
    if !common.quiet {
        let text = match common.format {
            Format::Json => output::status_json(&status).to_string(),
            Format::Text => output::status_text(&status, &style(common, world)),
        };
        print(world.out, text.trim_end());
    }
    Ok(Exit::UpToDate)
}
