//! Settings: flags, variables and defaults, each checked with a message that names it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::chute_kun::location::{self, Environment, Located, Source};
use crate::cli::Common;
use crate::reconcile::plan::Defaults;
use crate::toggl::base::{self, Base};
use crate::toggl::proxy;
use crate::toggl::token::{Secrets, Token, TokenError};
use crate::zone::Zone;

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
    /// `TOGGL_WORKSPACE_ID`.
    pub workspace: Option<i64>,
    /// `TOGGL_PROJECT_ID_DEFAULT` and `TOGGL_TAGS_DEFAULT`.
    pub defaults: Defaults,
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
            workspace: positive(
                variable,
                "TOGGL_WORKSPACE_ID",
                "the number in the address of the workspace's settings",
            )?,
            defaults: Defaults {
                project: positive(variable, "TOGGL_PROJECT_ID_DEFAULT", "the number in the project's address")?,
                tags: tags(variable)?,
            },
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
#[expect(clippy::disallowed_methods, reason = "Chute_kun's configuration says where its snapshot is")]
fn located(common: &Common, variable: Variable<'_>) -> Option<Located> {
    let folders = directories::BaseDirs::new();
    location::snapshot_path(&Environment {
        state_flag: common.chute_state.clone(),
        variable,
        read: &|path: &Path| std::fs::read(path).ok(),
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

fn tags(variable: Variable<'_>) -> Result<Vec<String>, SettingsError> {
    let text = text(variable, "TOGGL_TAGS_DEFAULT")?.unwrap_or_default();
    let tags: Vec<String> = text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    if tags.len() > 50 {
        return Err(invalid("TOGGL_TAGS_DEFAULT", "names more than 50 tags, which Toggl does not take".to_owned()));
    }
    Ok(tags)
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
