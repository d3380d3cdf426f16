//! The command line, as types and nothing else: the completions and the man page are made from them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use time::Date;
use time::macros::format_description;

/// Bring Toggl Track into agreement with the work sessions that Chute_kun recorded.
#[derive(Debug, Parser)]
#[command(name = "chute-toggl", version, disable_help_subcommand = true, propagate_version = false)]
#[command(max_term_width = 80)] // long lines are hard to read, and terminals are split
#[command(after_help = "`--help` tells the exit codes, `man chute-toggl` everything.", after_long_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
}

const AFTER: &str = "\
Exit codes:
    0  in agreement, or nothing asked for
    1  unexpected failure
    2  wrong usage or settings
    3  --exit-code: something is to be done
    4  not finished yet: quota, rate limit, offline or --max-requests
    5  another push is running
    6  a person must look: Toggl refused something, or a guard held it back
    7  token missing or refused
    8  snapshot or sidecar missing where it must exist, damaged or unknown
  130  interrupted; what was done is recorded

Begin with:
  chute-toggl doctor           check that all is set up
  chute-toggl push --dry-run   show what would be sent
  chute-toggl push             send it

The token is read from TOGGL_API_TOKEN and from nowhere else. See
`man chute-toggl` for all variables, the files, the guarantees and the limits.";

/// Options that every command takes. A flag beats its variable.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Chute_kun's snapshot [default: where Chute_kun saves it]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub snapshot: Option<PathBuf>,
    /// What was pushed so far [env: CHUTE_TOGGL_SIDECAR] [default: ~/.local/share/chute_kun/sync/toggl.json]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub sidecar: Option<PathBuf>,
    /// Toggl's API [env: TOGGL_API_URL] [default: the official one]
    #[arg(long, global = true, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub api_url: Option<String>,
    /// How to print the result
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
    /// Print nothing unless the exit code is not 0
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print every session of a long plan, and each request
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Bring Toggl into agreement with the snapshot
    #[command(after_long_help = "\
Examples:
  chute-toggl push --dry-run               show what would be sent
  chute-toggl push --since 2026-05-01      leave older sessions alone
  chute-toggl push --wait                  a long history, hour by hour
  chute-toggl push --prune --max-delete 3  also delete, but no more than three

A change costs one request, agreement none.")]
    Push(PushArgs),
    /// Show what a push would do, offline
    #[command(after_long_help = "\
Needs no token. Shows the files, the last push, the quota as last known, what a
push would send, and what waits for a person.")]
    Status,
    /// Compare what Toggl holds with what was pushed; changes nothing without --repair
    #[command(after_long_help = "\
Examples:
  chute-toggl verify --days 7              compare the last week
  chute-toggl verify --repair              tell Toggl again what was recorded

A comparison costs one or two requests. It never deletes.")]
    Verify(VerifyArgs),
    /// Check settings, files, token, workspace, clock and quota
    #[command(after_long_help = "\
Says of each what is wrong and what to do about it, and changes nothing.")]
    Doctor,
    /// Print the shell function that runs a push after `chute` quits
    #[command(after_long_help = "\
In the start-up file of the shell:
  eval \"$(chute-toggl hook bash)\"         ~/.bashrc
  eval \"$(chute-toggl hook zsh)\"          ~/.zshrc
  chute-toggl hook fish | source           ~/.config/fish/config.fish")]
    Hook {
        /// The shell
        shell: HookShell,
    },
    /// Print the completions for a shell
    #[command(after_long_help = "\
For example:
  eval \"$(chute-toggl completions bash)\"  ~/.bashrc
  eval \"$(chute-toggl completions zsh)\"   ~/.zshrc, after compinit
  chute-toggl completions fish | source    ~/.config/fish/config.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What `push` takes.
#[derive(Debug, Clone, Args)]
pub struct PushArgs {
    /// Show the plan; send nothing, write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// With --dry-run: exit 3 when something is to be done
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Only sessions that started on this day or later
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub since: Option<Date>,
    /// Only sessions that started on this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub until: Option<Date>,
    /// Send at most N requests, leave the rest for the next run
    #[arg(long, value_name = "N")]
    pub max_requests: Option<usize>,
    /// When the hourly quota is used up, wait for its reset and go on
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,
    /// Also delete entries whose session is gone
    #[arg(long)]
    pub prune: bool,
    /// With --prune: delete none if there are more than N
    #[arg(long, value_name = "N", requires = "prune", default_value_t = 20)]
    pub max_delete: usize,
    /// Send again what Toggl refused and has not changed since
    #[arg(long)]
    pub retry_rejected: bool,
    /// Also send sessions that may be in Toggl but cannot be looked up there any more
    #[arg(long)]
    pub send_unlisted: bool,
}

/// What `verify` takes.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// How many days back to compare, within Toggl's three months
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=92))]
    pub days: u16,
    /// Adopt what is adoptable and push the local side again; never deletes
    #[arg(long)]
    pub repair: bool,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON document, for programs
    Json,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The shells that there is a hook for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the shells' own names")]
pub enum HookShell {
    Bash,
    Zsh,
    Fish,
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "a day is written YYYY-MM-DD, for example 2026-05-11".to_owned())
}
