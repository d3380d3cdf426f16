//! Where Chute_kun keeps its snapshot, by Chute_kun's own rules.
//!
//! They are followed to the letter, oddities included, because a file beside the one that Chute_kun writes is the wrong
//! file: it may exist, be years old, and parse. Nothing here touches the process or the disk; both come in as an
//! [`Environment`].

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::config;

/// What the place of the snapshot depends on.
pub struct Environment<'a> {
    /// What Chute_kun was started with as `--state`.
    pub state_flag: Option<PathBuf>,
    /// The value of a variable, if it is set.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The content of a file, if it can be read. Asked for Chute_kun's configuration only.
    pub read: &'a dyn Fn(&Path) -> Option<Vec<u8>>,
    /// The system's folder for configuration (`directories::BaseDirs::config_dir`): for want of the variables.
    pub config_dir: Option<PathBuf>,
    /// The system's folder for data (`directories::BaseDirs::data_dir`): for want of the variables.
    pub data_dir: Option<PathBuf>,
}

/// The place of the snapshot. Whether there is a file is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file. Relative if the variable that decided it was: Chute_kun then takes it from where it is started.
    pub path: PathBuf,
    /// What decided it.
    pub from: Source,
}

/// What decided the place of the snapshot. Its display completes "according to …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `state_path` in this configuration file of Chute_kun.
    Config(PathBuf),
    /// `--state` of Chute_kun.
    Flag,
    /// `$CHUTE_KUN_STATE`.
    State,
    /// `$XDG_DATA_HOME`.
    DataHome,
    /// `$HOME`.
    Home,
    /// The system's folder for data, because no variable is set.
    System,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Config(path) => write!(f, "`state_path` in {}", path.display()),
            Source::Flag => f.write_str("`chute --state`"),
            Source::State => f.write_str("$CHUTE_KUN_STATE"),
            Source::DataHome => f.write_str("$XDG_DATA_HOME"),
            Source::Home => f.write_str("$HOME"),
            Source::System => f.write_str("the system's folder for data"),
        }
    }
}

/// The snapshot that Chute_kun writes in this environment; `None` if there is no home folder at all, in which case
/// Chute_kun saves nothing.
///
/// The first of these decides: `state_path` in its configuration, its flag `--state`, `$CHUTE_KUN_STATE`, `$XDG_DATA_HOME`, `$HOME`, the
/// system's folder for data.
#[must_use]
pub fn snapshot_path(env: &Environment) -> Option<Located> {
    if let Some((config, state_path)) = env.state_path() {
        return Some(Located { path: state_path, from: Source::Config(config) });
    }
    if let Some(path) = env.state_flag.clone() {
        return Some(Located { path, from: Source::Flag });
    }
    if let Some(path) = env.unicode("CHUTE_KUN_STATE") {
        return Some(Located { path: path.into(), from: Source::State });
    }
    let (folder, from) = if let Some(data) = (env.variable)("XDG_DATA_HOME") {
        (PathBuf::from(data), Source::DataHome)
    } else if let Some(home) = (env.variable)("HOME") {
        (PathBuf::from(home).join(".local/share"), Source::Home)
    } else {
        (env.data_dir.clone()?, Source::System)
    };
    Some(Located { path: folder.join("chute_kun").join("snapshot.toml"), from })
}

impl Environment<'_> {
    /// A variable as Chute_kun reads most of them: one that is not Unicode counts as not set.
    fn unicode(&self, name: &str) -> Option<String> {
        (self.variable)(name)?.into_string().ok()
    }

    /// The configuration file in force, and the usable `state_path` in it.
    fn state_path(&self) -> Option<(PathBuf, PathBuf)> {
        if self.unicode("RUST_TEST_THREADS").is_some() || self.unicode("CHUTE_KUN_DISABLE_CONFIG").is_some() {
            return None;
        }
        // A configuration without `state_path` is in force as well and hides the next one; a faulty one does not.
        [self.unicode("CHUTE_KUN_CONFIG").map(PathBuf::from), self.config_path()].into_iter().flatten().find_map(
            |path| {
                let text = String::from_utf8((self.read)(&path)?).ok()?;
                let state_path = config::state_path(&text).ok()?;
                Some(state_path.and_then(|text| self.expand(&text)).map(|expanded| (path, expanded)))
            },
        )?
    }

    /// The configuration file for want of `$CHUTE_KUN_CONFIG`.
    fn config_path(&self) -> Option<PathBuf> {
        let home = || (self.variable)("HOME").filter(|home| cfg!(unix) && !home.is_empty());
        let folder = if let Some(config) = (self.variable)("XDG_CONFIG_HOME") {
            PathBuf::from(config)
        } else if let Some(home) = home() {
            PathBuf::from(home).join(".config")
        } else {
            self.config_dir.clone()?
        };
        Some(folder.join("chute_kun").join("config.toml"))
    }

    /// A `state_path` as Chute_kun expands it, or `None` where it ignores it.
    ///
    /// A leading `~` stands for the home folder, also in `~name`. Then each byte is taken for a character of its own,
    /// so that `é` becomes `Ã©`: that is where the file is. Only `${HOME}` and the three XDG folders are put in, whole
    /// and unchanged. The result must be absolute.
    fn expand(&self, text: &str) -> Option<PathBuf> {
        let from_home = match text.strip_prefix('~') {
            Some(rest) => {
                let mut path = PathBuf::from((self.variable)("HOME")?);
                path.push(rest.strip_prefix('/').unwrap_or(rest));
                path.to_string_lossy().into_owned()
            }
            None => text.to_owned(),
        };
        let mut expanded = String::new();
        let mut rest = from_home.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            let name = rest.strip_prefix(b"${").and_then(|name| {
                let end = name.iter().position(|&byte| byte == b'}')?;
                Some((&name[..end], &name[end + 1..]))
            });
            if let Some((name, after)) = name {
                let name = ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"]
                    .into_iter()
                    .find(|known| known.as_bytes() == name)?;
                expanded.push_str(&self.unicode(name)?);
                rest = after;
            } else {
                expanded.push(char::from(byte));
                rest = after;
            }
        }
        let path = PathBuf::from(expanded);
        path.is_absolute().then_some(path)
    }
}
