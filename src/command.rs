//! The commands: each reads what it needs at the edges, lets the pure core decide, and prints.

mod completions;
mod config;
pub mod doctor;
mod explain;
pub mod hook;
pub mod input;
mod log;
pub mod push;
pub mod selector;
pub mod shortcut;
mod status;
pub mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::sync::atomic::AtomicBool;

use clap::FromArgMatches as _;
use clap::error::ErrorKind;
use serde::Serialize;

use crate::chute_kun::reading;
use crate::chute_kun::snapshot;
use crate::cli::{self, Cli, Color, Command, Common, Format};
use crate::clock::Clock;
use crate::execute::Watch;
use crate::exit::Exit;
use crate::output::progress::Show;
use crate::output::{self, Style};
use crate::reconcile::ingest::FileTimeError;
use crate::settings::{self, NoToken, Settings, SettingsError, Variable};
use crate::sidecar::file::{Disk, LoadError, LockError};
use crate::toggl::token::{Secrets, hide_lookalikes};

/// What a command runs in: everything it can see or touch beside files and Toggl.
pub struct Context<'a> {
    /// The arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The environment.
    pub variable: Variable<'a>,
    /// The time, and sleep.
    pub clock: &'a dyn Clock,
    /// Set by Ctrl-C and SIGTERM.
    pub interrupted: &'a AtomicBool,
    /// How files are replaced.
    pub disk: &'a mut dyn Disk,
    /// Where the result goes.
    pub out: &'a mut dyn Write,
    /// Where everything else goes.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal that `out` is, if it is one.
    pub out_columns: Option<usize>,
    /// Columns of the terminal that `err` is, if it is one.
    pub err_columns: Option<usize>,
    /// Hears of every step of a push.
    pub watch: &'a mut dyn Watch,
}

/// Why a command could not do its work. The display is a whole message for people on one line, with what to do. It is
/// escaped where it is printed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no token to send with.
    #[error(transparent)]
    Token(#[from] NoToken),
    /// The lock was not had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The sidecar was not read.
    #[error(transparent)]
    Sidecar(#[from] LoadError),
    /// The snapshot was not read.
    #[error(transparent)]
    Reading(#[from] reading::ReadError),
    /// The snapshot is not one.
    #[error(
        "the snapshot `{path}` cannot be used: {source}. Nothing was sent and nothing was changed. Open it in Chute_kun, which \
         saves it again if it can read it, or restore it from a copy"
    )]
    Snapshot {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: snapshot::SnapshotError,
    },
    /// The snapshot was saved before the last one that was ingested.
    #[error(
        "the snapshot `{path}` was saved on {saved}, before the last one that was pushed ({last}), so it looks like an older \
         copy. Nothing was sent. If it is the right one, open Chute_kun and quit it with `q`, which saves it again"
    )]
    Older {
        /// The file.
        path: String,
        /// When it was saved, local: `Fri 2026-11-20 00:00`.
        saved: String,
        /// When the last snapshot that was pushed was saved, likewise.
        last: String,
    },
    /// The snapshot was saved later than now.
    #[error(
        "the snapshot `{path}` was saved on {saved}, and by this machine's clock it is {now} now: one of the two is wrong, and \
         sessions would be dated wrongly. Toggl, which knows what time it is, could not be asked, so nothing was sent. Set the \
         clock, or run again when Toggl can be reached"
    )]
    Ahead {
        /// The file.
        path: String,
        /// When it, or the last that was pushed, was saved, local.
        saved: String,
        /// The time by this machine's clock, local.
        now: String,
    },
    /// The dates in the snapshot contradict the time of its file.
    #[error(
        "the time of modification of the snapshot `{path}`, {modified}, cannot be when it was saved: {source}. Sessions would be \
         dated wrongly, so nothing was sent. If it is a copy, give it the time of the original (`cp -p`, `touch -d`), or open \
         it in Chute_kun and quit with `q`, which saves it anew"
    )]
    FileTime {
        /// The file.
        path: String,
        /// Its time of modification, local.
        modified: String,
        /// What contradicts it.
        source: FileTimeError,
    },
    /// The sidecar was made from another file, and this one has none of its sessions.
    #[error(
        "the snapshot `{path}` has none of the sessions in the sidecar `{sidecar}`, which was made from `{of}`, so it looks \
         like another list. Nothing was sent. Give it a sidecar of its own with --sidecar or CHUTE_TOGGL_SIDECAR; or, if it \
         replaces the other list, move that sidecar away"
    )]
    AnotherList {
        /// The file.
        path: String,
        /// The file that the sidecar was made from.
        of: String,
        /// The sidecar.
        sidecar: String,
    },
    /// The result could not be written where it was to go. What was done is done.
    #[error("the result could not be written: {0}")]
    Output(std::io::Error),
    /// The log is there and cannot be read.
    #[error("{0}")]
    Log(String),
    /// No session is what was asked for.
    #[error(
        "no session is `{what}`: name one by its key (`20260511/0/0`), or by a day (YYYY-MM-DD, today, yesterday) and a part \
         of its title"
    )]
    NoSuchSession {
        /// What was asked for.
        what: String,
    },
    /// The days asked for end before they begin.
    #[error("--since {since} is after --until {until}: no day is both")]
    BackwardRange {
        /// The first day.
        since: time::Date,
        /// The last day.
        until: time::Date,
    },
    /// What nobody planned for.
    #[error("{0:#}")]
    Unexpected(#[from] anyhow::Error),
}

impl CommandError {
    /// The exit code that it means.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            CommandError::Settings(_) | CommandError::NoSuchSession { .. } | CommandError::BackwardRange { .. } => {
                Exit::Usage
            }
            CommandError::Token(_) => Exit::Token,
            CommandError::Lock(LockError::Busy(_)) => Exit::Locked,
            CommandError::Lock(LockError::Io { .. })
            | CommandError::Output(_)
            | CommandError::Log(_)
            | CommandError::Unexpected(_) => Exit::Failure,
            CommandError::Reading(reading::ReadError::Restless { .. }) | CommandError::Ahead { .. } => Exit::Unfinished,
            CommandError::Sidecar(_) | CommandError::Reading(_) | CommandError::Snapshot { .. } => Exit::Input,
            CommandError::Older { .. } | CommandError::FileTime { .. } | CommandError::AnotherList { .. } => {
                Exit::Attention
            }
        }
    }
}

/// Runs the command that the arguments ask for, and says how it ended.
pub fn run(mut context: Context<'_>) -> Exit {
    let read = cli::command().try_get_matches_from(&context.args).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match read {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &mut context),
    };
    let common = &cli.common;
    let result = match &cli.command {
        Command::Push(args) => push::push(args, common, &mut context),
        Command::Status => status::status(common, &mut context),
        Command::Verify(args) => verify::verify(args, common, &mut context),
        Command::Log(args) => log::log(args, common, &mut context),
        Command::Explain { what } => explain::explain(what, common, &mut context),
        Command::Doctor => doctor::doctor(common, &mut context),
        Command::Config(args) => config::config(args, common, &mut context),
        Command::Hook { shell } => context.print(&hook::hook(*shell)).map(|()| Exit::UpToDate),
        Command::Completions { shell } => context.print(&completions::completions(*shell)).map(|()| Exit::UpToDate),
    };
    result.unwrap_or_else(|error| {
        let (exit, error) = (error.exit(), hide_lookalikes(&error.to_string()));
        let is_said = !common.quiet || exit.breaks_silence();
        if common.format == Format::Json && is_said {
            // Whatever becomes of it, the error is on stderr as well, and the run has failed already.
            let _ = context.print_json(&output::json::Failure::new(&error, exit));
        }
        if is_said {
            context.notice(&error);
        }
        exit
    })
}

/// Help and version go to stdout and are no error; a usage error goes to stderr.
fn usage(error: &clap::Error, context: &mut Context<'_>) -> Exit {
    let mut text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayVersion && context.args.iter().any(|arg| arg == "-v" || arg == "--verbose") {
        text.push_str(cli::BUILD);
    }
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        match context.print(&text) {
            Ok(()) => Exit::UpToDate,
            Err(error) => {
                context.notice(&error.to_string());
                error.exit()
            }
        }
    } else {
        let text = hide_lookalikes(&context.secrets().hide(text.trim_end()));
        let lines: Vec<String> = text.lines().map(output::escape).collect();
        let _ = writeln!(context.err, "{}", lines.join("\n"));
        Exit::Usage
    }
}

impl Context<'_> {
    /// Prints a result: text that is escaped already. Whoever reads it may have gone (`| head`), which changes nothing
    /// about the outcome.
    ///
    /// # Errors
    /// [`CommandError::Output`] if it could not be written for any other reason.
    fn print(&mut self, text: &str) -> Result<(), CommandError> {
        let text = self.secrets().hide(text.trim_end());
        match writeln!(self.out, "{text}").and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
            _ => Ok(()),
        }
    }

    /// Prints a result as one JSON document on one line.
    ///
    /// # Errors
    /// As [`Context::print`].
    fn print_json(&mut self, document: &impl Serialize) -> Result<(), CommandError> {
        let document = serde_json::to_string(document).map_err(anyhow::Error::new)?;
        self.print(&output::escape_json(&document))
    }

    /// Says something beside the result.
    fn notice(&mut self, text: &str) {
        notice(self.err, self.err_columns, &settings::secrets(self.variable), text);
    }

    /// Says if this machine's clock is wrong, as Toggl's told in this run: sessions get their days from it. `skew` is by how
    /// many seconds Toggl's is ahead.
    fn tell_skew(&mut self, skew: Option<i64>) {
        if let Some(off) = skew.and_then(output::clock_off) {
            self.notice(&format!("{off}. Sessions get their days from it: set it right"));
        }
    }

    /// What of the token must not be seen, whatever a file, a variable or a server says.
    fn secrets(&self) -> Secrets {
        settings::secrets(self.variable)
    }

    /// How the result is printed: colour on a terminal, unless NO_COLOR is set or a flag says otherwise.
    fn style(&self, common: &Common) -> Style {
        let no_color = (self.variable)("NO_COLOR").is_some_and(|value| !value.is_empty());
        Style {
            color: match common.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => self.out_columns.is_some() && !no_color,
            },
            columns: self.out_columns.unwrap_or(80),
            verbose: common.verbose,
        }
    }

    /// What a run shows on stderr while it lasts.
    fn progress(&self, common: &Common, settings: &Settings, waits: bool) -> Show {
        Show {
            columns: self.err_columns.filter(|_| !common.quiet),
            requests: common.verbose,
            waits,
            pace: settings.pace,
        }
    }
}

/// Says something beside the result, on stderr: wrapped on a terminal of so many columns, on one line in a log. The token is
/// hidden in it.
fn notice(err: &mut dyn Write, columns: Option<usize>, secrets: &Secrets, text: &str) {
    let text = secrets.hide(&format!("chute-toggl: {text}"));
    let text = match columns {
        Some(columns) => output::message(&text, &Style { color: false, columns, verbose: false }),
        None => output::escape(&text),
    };
    let _ = writeln!(err, "{}", text.trim_end());
}
