//! The exit codes that scripts rely on.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

/// How a run ended, as the exit code. The numbers are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "u8")]
#[schemars(inline)]
pub enum Exit {
    /// Up to date, or nothing to do.
    UpToDate = 0,
    /// Unexpected failure.
    Failure = 1,
    /// Wrong usage or settings.
    Usage = 2,
    /// `--exit-code`: there is something to send.
    Pending = 3,
    /// Not finished; a later run will: quota, rate limit, offline, `--max-requests`.
    Unfinished = 4,
    /// Another push is running.
    Locked = 5,
    /// Something needs attention: Toggl rejected it, or a guard held it back.
    Attention = 6,
    /// Token missing or refused.
    Token = 7,
    /// Snapshot or sidecar missing where it must exist, damaged, or of an unknown version.
    Input = 8,
    /// Interrupted; what was done is recorded.
    Interrupted = 130,
}

impl Exit {
    /// Whether it is said even where quiet is asked for: what a later run does by itself is not.
    #[must_use]
    pub fn breaks_silence(self) -> bool {
        matches!(self, Exit::Failure | Exit::Usage | Exit::Attention | Exit::Token | Exit::Input)
    }

    /// The number that the process exits with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> u8 {
        exit.code()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
