//! `log`: what was sent, newest last.

use super::selector::Selector;
use super::{CommandError, Context};
use crate::cli::{Common, Format, LogArgs};
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::sidecar::log;

/// Runs `log`. Opens no socket, writes no file.
///
/// # Errors
/// A [`CommandError`], if a setting cannot be used or the log cannot be read.
pub fn log(args: &LogArgs, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, context.variable)?;
    let zone = settings.zone()?;
    let today = zone.date(context.clock.now());
    let mut lines = log::read(&settings.sidecar).map_err(CommandError::Log)?;
    if !args.what.is_empty() {
        let selector = Selector::parse(&args.what, today);
        lines.retain(|line| {
            let values = line.new.as_ref().or(line.old.as_ref());
            values.is_some_and(|values| selector.means(line.session, &values.description, values.start.date()))
        });
    }
    if let Some(since) = args.since {
        lines.retain(|line| zone.date(line.at.unix_timestamp()) >= since.date(today));
    }
    if let Some(most) = args.last {
        lines.drain(..lines.len().saturating_sub(most));
    }
    match common.format {
        Format::Json if lines.is_empty() => {}
        Format::Json => context.print(&output::log_json(&lines))?,
        Format::Text => context.print(&output::log_text(&lines, &zone, &context.style(common)))?,
    }
    Ok(Exit::UpToDate)
}
