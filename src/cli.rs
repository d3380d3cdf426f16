//! The command line, as types and nothing else: the completions and the man page are made from them.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use time::Date;
use time::macros::format_description;

/// Copies your Chute_kun work sessions to Toggl Track as time entries.
#[derive(Debug, Parser)]
#[command(name = "chute-toggl", version, propagate_version = false)]
#[command(max_term_width = 80)] // long lines are hard to read, and terminals are split
#[command(after_help = "`--help` lists the exit codes, `man chute-toggl` explains everything.", after_long_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// Commands that only print a text, which no option of every command changes.
pub const PRINTING: [&str; 2] = ["hook", "completions"];

/// The command line as it is read: where the options of every command change nothing, help does not list them.
#[must_use]
pub fn command() -> clap::Command {
    let common = Common::augment_args(clap::Command::default());
    let is_common = |arg: &clap::Arg| common.get_arguments().any(|known| known.get_id() == arg.get_id());
    let mut command = Cli::command();
    command.build();
    PRINTING.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |printing| {
            printing.mut_args(|arg| if is_common(&arg) { arg.hide(true) } else { arg })
        })
    })
}

/// What a report of a fault should say of the program.
pub const BUILD: &str = concat!(
    "commit  ",
    env!("CHUTE_TOGGL_COMMIT"),
    "\ntarget  ",
    env!("CHUTE_TOGGL_TARGET"),
    "\nAPI     Toggl Track v9"
);

const AFTER: &str = "\
Exit codes:
    0  up to date, or nothing to do
    1  unexpected failure
    2  wrong usage or settings
    3  --exit-code: there is something to send
    4  not finished yet, run again later: quota, rate limit, offline, --max-requests
    5  another push is running
    6  something needs your attention: Toggl rejected it, or it was held back
    7  token missing or refused
    8  snapshot or sidecar missing, damaged or of an unknown version
  130  interrupted; what was done is recorded

Begin with:
  chute-toggl doctor           check that everything is set up
  chute-toggl push --dry-run   show what would be sent
  chute-toggl push             send it

The token is read from TOGGL_API_TOKEN and from nowhere else. See
`man chute-toggl` for all variables, the files, the guarantees and the limits.";

/// Options that every command takes. A flag beats its variable.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// The file that Chute_kun saves [default: where Chute_kun saves it]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub snapshot: Option<PathBuf>,
    /// The record of what was sent so far [env: CHUTE_TOGGL_SIDECAR] [default: ~/.local/share/chute_kun/sync/toggl.json]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub sidecar: Option<PathBuf>,
    /// The address of Toggl's API [env: TOGGL_API_URL] [default: the official one]
    #[arg(long, global = true, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub api_url: Option<String>,
    /// What Chute_kun was started with as `--state`; its `state_path` beats it, as it does there. For the shell hook.
    #[arg(long, global = true, hide = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub chute_state: Option<PathBuf>,
    /// The settings file [env: CHUTE_TOGGL_CONFIG] [default: ~/.config/chute-toggl/config.toml]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// How to print the result
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
    /// Print only what needs attention
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print every session of a long plan, and each request
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Send to Toggl what it does not have yet
    #[command(after_long_help = "\
Examples:
  chute-toggl push --dry-run               show what would be sent
  chute-toggl push --since 2026-05-01      leave older sessions alone
  chute-toggl push --wait                  a long history, hour by hour
  chute-toggl push --prune --max-delete 3  also delete, but no more than three
  chute-toggl push --reclassify -n         which entries would get another project

A change takes one request. If nothing changed, nothing is sent.")]
    Push(PushArgs),
    /// Show what a push would do, offline
    #[command(after_long_help = "\
Needs no token. Shows the files, the last push, the quota as last known, what a
push would send, and what needs your attention.")]
    Status,
    /// Compare what Toggl has with what was sent; changes nothing by itself
    #[command(after_long_help = "\
Examples:
  chute-toggl verify --days 7              compare the last week
  chute-toggl verify --repair              send again what Chute_kun recorded
  chute-toggl verify --accept              keep what was corrected in Toggl
  chute-toggl verify --accept 20260511/0/0 only of this session; or of a task, or
                                           of a day and a part of the title

A comparison takes one or two requests. It never deletes anything.")]
    Verify(VerifyArgs),
    /// Show what was sent, newest last
    #[command(after_long_help = "\
Examples:
  chute-toggl log --since yesterday        what was sent since then
  chute-toggl log -n 20                    the last twenty changes
  chute-toggl log today report             of a day's sessions, by their title

With --format json, one line of JSON for each change.")]
    Log(LogArgs),
    /// Explain a session: its day, what was sent of it, what comes next
    #[command(after_long_help = "\
Examples:
  chute-toggl explain 20260511/0/0         a session by its key
  chute-toggl explain yesterday report     by its day and a part of its title")]
    Explain {
        /// A session's or task's key, or a day, and a part of the title
        #[arg(required = true, value_name = "WHAT")]
        what: Vec<String>,
    },
    /// Check settings, files, token, workspace, clock and quota
    #[command(after_long_help = "\
Says what is wrong with each and what to do about it. Changes nothing.")]
    Doctor,
    /// Print a commented example of the settings file
    #[command(after_long_help = "\
Examples:
  chute-toggl config                       show what can be set, and the defaults
  chute-toggl config --write               write it where the settings file belongs

It writes only a file that is not there yet.")]
    Config(ConfigArgs),
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
    /// With --dry-run: exit with 3 if there is something to send
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Only sessions that started on this day or later
    #[arg(long, value_name = "DAY")]
    pub since: Option<Day>,
    /// Only sessions that started on this day or earlier
    #[arg(long, value_name = "DAY")]
    pub until: Option<Day>,
    /// Send at most N requests, leave the rest for the next run
    #[arg(long, value_name = "N")]
    pub max_requests: Option<usize>,
    /// When the hourly quota is used up, wait for its reset and go on
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,
    /// Also delete the entries of sessions that were removed from Chute_kun
    #[arg(long)]
    pub prune: bool,
    /// With --prune: delete none if there are more than N
    #[arg(long, value_name = "N", requires = "prune", default_value_t = 20)]
    pub max_delete: usize,
    /// Also bring project and tags of entries already sent into line with the settings
    #[arg(long)]
    pub reclassify: bool,
    /// Send again what Toggl rejected, though it has not changed since
    #[arg(long)]
    pub retry_rejected: bool,
    /// Date anew, by the clock of the present time zone, what was recorded by that of ZONE, which was wrong
    #[arg(long, value_name = "ZONE")]
    pub redate: Option<String>,
    /// Count what Toggl rejected so far as known: no exit code 6 for it any more
    #[arg(long, conflicts_with = "dry_run")]
    pub acknowledge: bool,
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
    /// Adopt entries that match a session, and send again what differs; never deletes
    #[arg(long)]
    pub repair: bool,
    /// Keep what Toggl has of all that differs, or of these sessions, until they change in Chute_kun
    #[arg(long, value_name = "WHAT", num_args = 0.., conflicts_with = "repair")]
    pub accept: Option<Vec<String>>,
}

/// What `log` takes.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Only what this session's or task's key means, or a day, and a part of the title
    #[arg(value_name = "WHAT")]
    pub what: Vec<String>,
    /// Only what was sent on this day or later
    #[arg(long, value_name = "DAY")]
    pub since: Option<Day>,
    /// Only the last N changes
    #[arg(short = 'n', long, value_name = "N")]
    pub last: Option<usize>,
}

/// A day: `YYYY-MM-DD`, `today`, `yesterday`, or so many days ago, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// This one.
    Date(Date),
    /// So many days before today.
    Ago(u16),
}

impl Day {
    /// The date that it is when `today` is today.
    #[must_use]
    pub fn date(self, today: Date) -> Date {
        match self {
            Day::Date(date) => date,
            Day::Ago(days) => today.checked_sub(time::Duration::days(i64::from(days))).unwrap_or(Date::MIN),
        }
    }
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Day, String> {
        let ago = match text {
            "today" => Some(0),
            "yesterday" => Some(1),
            _ => text.strip_suffix('d').and_then(|days| days.parse().ok()),
        };
        let date = || Date::parse(text, format_description!("[year]-[month]-[day]")).ok().map(Day::Date);
        ago.map(Day::Ago).or_else(date).ok_or_else(|| {
            "a day is `YYYY-MM-DD`, for example 2026-05-11, or `today`, `yesterday` or, for seven days ago, `7d`"
                .to_owned()
        })
    }
}

/// What `config` takes.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Write it into the settings file, if there is none yet
    #[arg(long)]
    pub write: bool,
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
