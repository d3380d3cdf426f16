//! `explain`: one session, its record, why that day, what was sent of it, and why it is held back.

use super::input;
use super::selector::Selector;
use super::{CommandError, Context};
use crate::cli::{Common, Format};
use crate::exit::Exit;
use crate::output;
use crate::reconcile::ingest::Depth;
use crate::reconcile::plan::{Options, plan};
use crate::settings::Settings;
use crate::sidecar::{SessionKey, log};

/// Runs `explain`. Opens no socket, writes no file.
///
/// # Errors
/// A [`CommandError`], if a file or a setting cannot be used, or if no session is meant.
pub fn explain(what: &[String], common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, context.variable)?;
    let read = match input::read(&settings, context.clock, Depth::Everything) {
        Err(held @ (CommandError::Older { .. } | CommandError::FileTime { .. } | CommandError::AnotherList { .. })) => {
            // What is recorded can be explained all the same.
            context.notice(&held.to_string());
            input::recorded(&settings)?
        }
        read => read?,
    };
    let Some(input) = read else {
        return input::nothing_recorded("explain", common, &settings, context);
    };
    let selector = Selector::parse(what, input.zone.date(context.clock.now()));
    let sessions: Vec<SessionKey> = (input.sidecar.sessions())
        .filter(|(key, task, record)| selector.means(*key, &task.title, record.start.date()))
        .map(|(key, _, _)| key)
        .collect();
    if sessions.is_empty() {
        return Err(CommandError::NoSuchSession { what: what.join(" ") });
    }
    let plan = plan(&input.sidecar, &input.ingested, &Options::plain(settings.selection.clone()));
    let view = input.view(&plan, &settings, context.clock.now());
    let log = log::read(&settings.sidecar).map_err(CommandError::Log)?;
    match common.format {
        Format::Json => context.print_json(&output::json::Explain::new(&view, &sessions, &log))?,
        Format::Text => {
            let style = context.style(common);
            context.print(&output::explanation_text(&view, &settings.selection, &sessions, &log, &style))?;
        }
    }
    Ok(Exit::UpToDate)
}
