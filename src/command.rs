//! The commands: each reads what it needs at the edges, lets the pure core decide, and prints.

pub mod doctor;
pub mod hook;
pub mod input;
pub mod push;
pub mod shortcut;
mod status;
pub mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::sync::atomic::AtomicBool;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::chute_kun::reading;
use crate::chute_kun::snapshot;
use crate::cli::{Cli, Color, Command, Common, Format};
use crate::clock::Clock;
use crate::execute::Watch;
use crate::exit::Exit;
use crate::output::Style;
use crate::output::json::SCHEMA;
use crate::output::progress::Show;
use crate::settings::{NoToken, Settings, SettingsError, Variable};
use crate::sidecar::file::{Disk, LoadError, LockError};

/// The world that a command runs in: everything it can see or touch beside files and Toggl.
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
    /// Whether `err` is a terminal.
    pub err_is_terminal: bool,
    /// Is told of every step of a push.
    pub watch: &'a mut dyn Watch,
}

/// A command that could not do its work. The display is a whole message for people, with what to do.
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
         saves it anew when it can read it, or restore it from a copy"
    )]
    Snapshot {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: snapshot::SnapshotError,
    },
    /// The snapshot was saved before the last one taken in.
    #[error(
        "the snapshot `{path}` was saved at {saved}, before the last one that was pushed ({taken}): it looks like an older copy. \
         Nothing was sent. If it is the right one, open Chute_kun and quit it with `q`, which saves it anew"
    )]
    Older {
        /// The file.
        path: String,
        /// Its save instant, local.
        saved: String,
        /// The save instant of the last snapshot taken in, local.
        taken: String,
    },
    /// The sidecar was made from another file, and this one has none of its sessions.
    #[error(
        "the snapshot `{path}` has none of the sessions that the sidecar `{sidecar}` knows, which was made from `{of}`: it \
         looks like another list. Nothing was sent. Give it a sidecar of its own with --sidecar or CHUTE_TOGGL_SIDECAR; or, \
         if it has taken the other's place, move that sidecar away"
    )]
    AnotherList {
        /// The file.
        path: String,
        /// The file that the sidecar was made from.
        of: String,
        /// The sidecar.
        sidecar: String,
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
            CommandError::Settings(_) => Exit::Usage,
            CommandError::Token(_) => Exit::Token,
            CommandError::Lock(LockError::Busy(_)) => Exit::Locked,
            CommandError::Lock(LockError::Io { .. }) | CommandError::Unexpected(_) => Exit::Failure,
            CommandError::Reading(reading::ReadError::Restless { .. }) => Exit::Unfinished,
            CommandError::Sidecar(_) | CommandError::Reading(_) | CommandError::Snapshot { .. } => Exit::Input,
            CommandError::Older { .. } | CommandError::AnotherList { .. } => Exit::Attention,
        }
    }
}

/// Runs the command that the arguments ask for, and says how it ended.
pub fn run(mut world: Context<'_>) -> Exit {
    let cli = match Cli::try_parse_from(&world.args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &mut world),
    };
    let result = match &cli.command {
        Command::Push(args) => push::push(args, &cli.common, &mut world),
        Command::Hook { shell } => {
            print(world.out, hook::hook(*shell).trim_end());
            Ok(Exit::UpToDate)
        }
        Command::Completions { shell } => {
            print(world.out, completions(*shell).trim_end());
            Ok(Exit::UpToDate)
        }
        Command::Status => status::status(&cli.common, &mut world),
        Command::Verify(args) => verify::verify(args, &cli.common, &mut world),
        Command::Doctor => doctor::doctor(&cli.common, &mut world),
    };
    match result {
        Ok(exit) => exit,
        Err(fault) => {
            let exit = fault.exit();
            if cli.common.format == Format::Json {
                let document = serde_json::json!({
                    "schema": SCHEMA, "error": fault.to_string(), "exit": exit.code(),
                });
                print(world.out, &document.to_string());
            }
            print(world.err, &format!("chute-toggl: {fault}"));
            exit
        }
    }
}

/// The completions for a shell.
fn completions(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chute-toggl", &mut text);
    // For bash, clap_complete 4.6 takes the hyphen of the name for the border of a command in one of two places, and so
    // completes no option of any command. Where it does not, there is nothing to replace.
    String::from_utf8_lossy(&text).replace("chute__subcmd__toggl", "chute__toggl")
}

/// Help and version go to stdout and are no error; a usage error goes to stderr.
fn usage(error: &clap::Error, world: &mut Context<'_>) -> Exit {
    let is_asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let text = error.render();
    if is_asked_for {
        print(world.out, text.to_string().trim_end());
        Exit::UpToDate
    } else {
        print(world.err, text.to_string().trim_end());
        Exit::Usage
    }
}

/// Prints a text and a newline. Whoever reads may have gone (`| head`): that changes nothing about the outcome.
pub(crate) fn print(to: &mut dyn Write, text: &str) {
    let _ = writeln!(to, "{text}");
    let _ = to.flush();
}

/// How text is printed: colour on a terminal, unless NO_COLOR is set or a flag says otherwise.
fn style(common: &Common, world: &Context<'_>) -> Style {
    let no_color = (world.variable)("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style {
        color: match common.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => world.out_columns.is_some() && !no_color,
        },
        columns: world.out_columns.unwrap_or(80),
        verbose: common.verbose,
    }
}

/// What a run shows on stderr while it lasts.
fn showing(common: &Common, settings: &Settings, waits: bool, world: &Context<'_>) -> Show {
    Show {
        line: world.err_is_terminal && !common.quiet,
        columns: world.out_columns.unwrap_or(80),
        requests: common.verbose,
        waits,
        pace: settings.pace,
    }
}
