//! Settings: flags, variables and defaults, each checked with a message that names it.

pub mod file;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::chute_kun::location::{self, Environment, Located, Source};
use crate::cli::Common;
use crate::reconcile::selection::{NameOrId, Selection};
use crate::toggl::TAG_LIMIT;
use crate::toggl::base::{self, Base};
use crate::toggl::proxy;
use crate::toggl::token::{Secrets, Token, TokenError};
use crate::whole_file;
use crate::zone::Zone;

pub use file::{ConfigFile, Mistake};

/// A variable of the environment by name.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What a run is set to.
#[derive(Debug)]
pub struct Settings {
    /// Where the snapshot is, and what said so (`None`: `--snapshot`).
    pub snapshot: PathBuf,
    /// What decided where the snapshot is, if no flag did.
    pub snapshot_from: Option<Located>,
    /// Whether a flag or a variable names the snapshot itself: then it must be there.
    pub snapshot_is_named: bool,
    /// Where the sidecar is.
    pub sidecar: PathBuf,
    /// Toggl's API.
    pub api: Base,
    /// The proxy on the way to it.
    pub proxy: Option<ureq::Proxy>,
    /// The settings file.
    pub config: ConfigPlace,
    /// What is sent at all, and what new entries get: the settings file under the variables.
    pub selection: Selection,
    /// `TOGGL_SYNC_MODE` is `off`.
    pub is_off: bool,
    /// `CHUTE_TOGGL_PACE`.
    pub pace: Duration,
    /// `CHUTE_TOGGL_TIMEOUT`.
    pub timeout: Duration,
    /// `TZ`, if it is set.
    pub tz: Option<OsString>,
    /// What of `TOGGL_API_TOKEN` must not be seen.
    pub secrets: Secrets,
}

/// Where the settings file is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigPlace {
    /// Its path.
    pub path: PathBuf,
    /// The flag or variable that names it, if one does: it must be there then.
    pub named_by: Option<&'static str>,
    /// Whether there is one.
    pub exists: bool,
}

/// A setting that cannot be used. The display names it and says what it should be.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable or flag has a value that it cannot have.
    #[error("{name} {problem}")]
    Invalid {
        /// The variable or flag.
        name: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The settings file cannot be read.
    #[error("the settings file `{}` {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, or with what names it.
        problem: String,
    },
    /// The settings file has a mistake.
    #[error("the settings file `{}`, {mistake}", path.display())]
    Mistake {
        /// The file.
        path: PathBuf,
        /// Where, and what is wrong.
        mistake: Mistake,
    },
    /// There is no home folder to look in.
    #[error("there is no home folder: set HOME, or name {what}")]
    NoHome {
        /// What to name.
        what: &'static str,
    },
}

/// Why there is no token to send with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The variable is not set.
    #[error(
        "TOGGL_API_TOKEN is not set: copy the API token from the bottom of https://track.toggl.com/profile and export it"
    )]
    Missing,
    /// It is set to what is no token.
    #[error("TOGGL_API_TOKEN: {0}")]
    Unusable(#[from] TokenError),
}

impl Settings {
    /// Reads and checks all settings but the token, which only sending needs.
    ///
    /// # Errors
    /// [`SettingsError`] for the first that cannot be used.
    pub fn read(common: &Common, variable: Variable<'_>) -> Result<Settings, SettingsError> {
        let (config, file) = read_config(common, variable)?;
        Settings::under(config, file, common, variable)
    }

    /// The same with a settings file that says this.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn under(
        config: ConfigPlace,
        file: ConfigFile,
        common: &Common,
        variable: Variable<'_>,
    ) -> Result<Settings, SettingsError> {
        let located = match &common.snapshot {
            Some(_) => None,
            None => {
                Some(located(common, variable).ok_or(SettingsError::NoHome { what: "the snapshot with --snapshot" })?)
            }
        };
        let named_by = located.as_ref().map(|located| &located.from);
        let snapshot_is_named = matches!(named_by, None | Some(Source::Flag | Source::State));
        let api = api(common, variable)?;
        let proxy = proxy::find(api.host(), variable).map_err(|error| invalid(error.name, error.to_string()))?;
        let named = common.snapshot.clone().or_else(|| located.as_ref().map(|located| located.path.clone()));
        Ok(Settings {
            snapshot: named.unwrap_or_default(),
            snapshot_from: located,
            snapshot_is_named,
            sidecar: sidecar_path(common, variable)?,
            api,
            proxy,
            config,
            selection: selection(file, variable)?,
            is_off: is_off(variable)?,
            pace: seconds(variable, "CHUTE_TOGGL_PACE", 1.0, 0.0)?,
            timeout: seconds(variable, "CHUTE_TOGGL_TIMEOUT", 30.0, 0.001)?,
            tz: variable("TZ"),
            secrets: secrets(variable),
        })
    }
}

impl Settings {
    /// The zone that `TZ` names, or the one of the system. Reading it takes longer than a push with nothing to do,
    /// so it is read only when dates are needed.
    ///
    /// # Errors
    /// [`SettingsError`] for a zone that does not exist: taking another one in its place would move every session.
    pub fn zone(&self) -> Result<Zone, SettingsError> {
        match &self.tz {
            Some(name) => {
                let name = name.to_str().ok_or_else(|| invalid("TZ", "is not UTF-8".to_owned()))?;
                Zone::named(name).map_err(|problem| invalid("TZ", format!("cannot be used: {problem}")))
            }
            None => Zone::system().map_err(|problem| invalid("TZ", format!("is not set, and {problem}"))),
        }
    }
}

/// The token, for whoever is about to send.
///
/// # Errors
/// [`NoToken`].
pub fn token(variable: Variable<'_>) -> Result<Token, NoToken> {
    let text = variable("TOGGL_API_TOKEN").ok_or(NoToken::Missing)?;
    let text = text.to_str().ok_or(NoToken::Unusable(TokenError::Character))?;
    match Token::parse(text) {
        Err(TokenError::Empty) => Err(NoToken::Missing),
        other => Ok(other?),
    }
}

/// What must not be seen of the token, whether it can be used or not.
pub fn secrets(variable: Variable<'_>) -> Secrets {
    variable("TOGGL_API_TOKEN").map_or_else(Secrets::default, |text| Secrets::of(&text.to_string_lossy()))
}

/// Where Chute_kun keeps its snapshot.
fn located(common: &Common, variable: Variable<'_>) -> Option<Located> {
    let folders = directories::BaseDirs::new();
    location::snapshot_path(&Environment {
        state_flag: common.chute_state.clone(),
        variable,
        read: &|path: &Path| whole_file::read(path, whole_file::TEXT).ok(),
        config_dir: folders.as_ref().map(|folders| folders.config_dir().to_owned()),
        data_dir: folders.as_ref().map(|folders| folders.data_dir().to_owned()),
    })
}

fn sidecar_path(common: &Common, variable: Variable<'_>) -> Result<PathBuf, SettingsError> {
    if let Some(path) = &common.sidecar {
        return Ok(path.clone());
    }
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set("CHUTE_TOGGL_SIDECAR") {
        return Ok(path);
    }
    let data = (set("XDG_DATA_HOME").filter(|path| path.is_absolute()))
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .or_else(|| directories::BaseDirs::new().map(|folders| folders.home_dir().join(".local/share")))
        .ok_or(SettingsError::NoHome { what: "the sidecar with --sidecar" })?;
    Ok(data.join("chute_kun/sync/toggl.json"))
}

fn api(common: &Common, variable: Variable<'_>) -> Result<Base, SettingsError> {
    let (name, value) = match &common.api_url {
        Some(url) => ("--api-url", Some(url.clone())),
        None => ("TOGGL_API_URL", text(variable, "TOGGL_API_URL")?),
    };
    base::parse(value.as_deref().unwrap_or(base::OFFICIAL))
        .map_err(|error| invalid(name, format!("cannot be used: {error}")))
}

fn is_off(variable: Variable<'_>) -> Result<bool, SettingsError> {
    match text(variable, "TOGGL_SYNC_MODE")?.as_deref() {
        None | Some("push") => Ok(false),
        Some("off") => Ok(true),
        Some(text) => Err(invalid("TOGGL_SYNC_MODE", format!("must be `push` or `off`, not {}", quoted(text)))),
    }
}

/// What the file says, under the variables.
fn selection(file: ConfigFile, variable: Variable<'_>) -> Result<Selection, SettingsError> {
    let workspace = positive(variable, "TOGGL_WORKSPACE_ID", "the number in the address of the workspace's settings")?;
    let project = positive(variable, "TOGGL_PROJECT_ID_DEFAULT", "the number in the project's address")?;
    let tags = tags(variable)?;
    let selection = file.selection();
    Ok(Selection {
        workspace: workspace.map(NameOrId::Id).or(selection.workspace),
        project: project.map(NameOrId::Id).or(selection.project),
        tags: tags.unwrap_or(selection.tags),
        ..selection
    })
}

/// Where the settings file is: as the flag or the variable says, else in the folder for settings.
///
/// # Errors
/// [`SettingsError::NoHome`].
pub fn config_place(common: &Common, variable: Variable<'_>) -> Result<ConfigPlace, SettingsError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let place = |path: PathBuf, named_by| ConfigPlace { exists: exists(&path), path, named_by };
    if let Some(path) = &common.config {
        return Ok(place(path.clone(), Some("--config")));
    }
    if let Some(path) = set("CHUTE_TOGGL_CONFIG") {
        return Ok(place(path, Some("CHUTE_TOGGL_CONFIG")));
    }
    let folder = (set("XDG_CONFIG_HOME").filter(|path| path.is_absolute()))
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .or_else(|| directories::BaseDirs::new().map(|folders| folders.home_dir().join(".config")))
        .ok_or(SettingsError::NoHome { what: "the settings file with --config" })?;
    Ok(place(folder.join("chute-toggl/config.toml"), None))
}

#[expect(clippy::disallowed_methods, reason = "a settings file that is not there means the defaults")]
fn exists(path: &Path) -> bool {
    // Only "not found" is missing: what may not be looked at could say anything.
    !matches!(path.metadata(), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}

/// Reads the settings file, if there is one.
///
/// # Errors
/// [`SettingsError`], for a file that is named and not there, that cannot be read, or that has a mistake.
pub fn read_config(common: &Common, variable: Variable<'_>) -> Result<(ConfigPlace, ConfigFile), SettingsError> {
    let place = config_place(common, variable)?;
    let unreadable = |problem: String| SettingsError::Unreadable { path: place.path.clone(), problem };
    match place.named_by {
        Some(name) if !place.exists => return Err(unreadable(format!("is not there, though {name} names it"))),
        None if !place.exists => return Ok((place, ConfigFile::default())),
        _ => {}
    }
    let bytes = whole_file::read(&place.path, whole_file::TEXT)
        .map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("is not UTF-8".to_owned()))?;
    match file::parse(text) {
        Ok(file) => Ok((place, file)),
        Err(mistake) => Err(SettingsError::Mistake { path: place.path, mistake }),
    }
}

fn tags(variable: Variable<'_>) -> Result<Option<Rc<[String]>>, SettingsError> {
    let Some(text) = text(variable, "TOGGL_TAGS_DEFAULT")? else { return Ok(None) };
    let tags: Vec<String> = text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    if tags.len() > TAG_LIMIT {
        return Err(invalid("TOGGL_TAGS_DEFAULT", "names more than 50 tags, which Toggl does not take".to_owned()));
    }
    Ok(Some(tags.into()))
}

fn positive(variable: Variable<'_>, name: &'static str, what: &str) -> Result<Option<i64>, SettingsError> {
    let Some(text) = text(variable, name)? else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(invalid(name, format!("must be a whole number, {what}, not {}", quoted(&text)))),
    }
}

fn seconds(variable: Variable<'_>, name: &'static str, default: f64, least: f64) -> Result<Duration, SettingsError> {
    let Some(text) = text(variable, name)? else { return Ok(Duration::from_secs_f64(default)) };
    match text.parse::<f64>() {
        Ok(number) if (least..=3600.0).contains(&number) => Ok(Duration::from_secs_f64(number)),
        _ => Err(invalid(name, format!("must be a number of seconds from {least} to 3600, not {}", quoted(&text)))),
    }
}

/// A value inside a message, unless it may be the token in the wrong place.
fn quoted(text: &str) -> String {
    match Token::parse(text) {
        Ok(token) if !token.looks_odd() => "what looks like an API token".to_owned(),
        _ => format!("`{}`", text),
    }
}

/// The trimmed value of a variable; set to nothing is not set.
fn text(variable: Variable<'_>, name: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(value) = variable(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| invalid(name, "is not UTF-8".to_owned()))?;
    Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty()))
}

fn invalid(name: &'static str, problem: String) -> SettingsError {
    SettingsError::Invalid { name, problem }
}
