//! `config`: prints a commented example of the settings file, or writes it where there is none yet.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::{CommandError, Context};
use crate::cli::{Common, ConfigArgs};
use crate::exit::Exit;
use crate::settings::{SettingsError, config_place, file::EXAMPLE};

/// Runs `config`.
///
/// # Errors
/// A [`CommandError`] if the file is there already or cannot be written, or if the result cannot.
pub fn config(args: &ConfigArgs, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    if !args.write {
        return context.print(EXAMPLE).map(|()| Exit::UpToDate);
    }
    let place = config_place(common, context.variable)?;
    if place.exists {
        let problem = "is there already, and stays as it is".to_owned();
        return Err(SettingsError::Unreadable { path: place.path, problem }.into());
    }
    write(&place.path).with_context(|| format!("the settings file `{}` could not be written", place.path.display()))?;
    if !common.quiet {
        context.notice(&format!("wrote the settings file `{}`: all of it is commented out", place.path.display()));
    }
    Ok(Exit::UpToDate)
}

/// Puts the example there whole or not at all, and over nothing.
#[expect(clippy::disallowed_methods, reason = "the folder for settings need not exist yet")]
fn write(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(EXAMPLE.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}
