//! Copies your Chute_kun work sessions to Toggl Track as time entries.
//!
//! Data flows one way, and effects are at the edges:
//!
//! ```text
//! snapshot.toml --chute_kun--> tasks --ingest--> records --plan--> operations --execute--> Toggl
//!                                         ^ sidecar                                 |
//!                                         +---------------- answers ----------------+
//! ```
//!
//! | module | what it is for |
//! |---|---|
//! | [`chute_kun`] | the source: where its snapshot is, reading it whole, tasks and sessions |
//! | [`toggl`] | the target: requests and answers, the connection, the quota |
//! | [`sidecar`] | the state: what was recorded of every session and last sent of it, and its file |
//! | [`reconcile`] | the pure core: matching, dating, ingest, plan, recovery, drift |
//! | [`mod@execute`] | carrying out a plan: the intent on disk, the request, the answer, the save |
//! | [`output`] | values in, text or JSON out |
//! | [`command`] | one file a command |
//!
//! Beside them are [`mod@cli`] (the command line as types), [`settings`] (flags and variables), [`clock`], [`zone`],
//! [`whole_file`] and [`exit`].
//!
//! # Glossary
//!
//! | word | what it means everywhere: code, texts, JSON, sidecar, manual |
//! |---|---|
//! | snapshot | the file that Chute_kun saves when it is quit |
//! | task, session | Chute_kun's: a title, and the stretches of work on it, in minutes without dates |
//! | sidecar | the file of records beside the snapshot |
//! | record | what the sidecar holds of a task ([`sidecar::TaskRecord`]) or a session ([`sidecar::SessionRecord`]) |
//! | entry | Toggl's time entry; what was last sent for it is [`sidecar::LastSent`] |
//! | up to date | a session whose entry was sent as the session is |
//! | ingest | to bring a snapshot into the records: matching and dating |
//! | matching | which task of the snapshot is which record |
//! | dating | which instant a minute of the snapshot means; inferred where several days are possible |
//! | plan, operation | the difference between records and what was sent, as a value; one change of it |
//! | held back | not up to date, and nothing is sent: open, removed, assumed, uncertain, reopened or rejected |
//! | assumed | too old to be listed, and taken to be in Toggl because younger sessions are |
//! | uncertain | sent without an answer: an intent that is not resolved yet |
//! | rejected | refused by Toggl in its own words, and not sent again unchanged |
//! | removed | no longer in Chute_kun |
//! | intent | the note on disk that a create or start may have been sent |
//! | resolve | to find out what became of an intent by looking in Toggl |
//! | recovery | resolving intents, and finding entries again after a sidecar was lost |
//! | adopt | to take an entry that is in Toggl already as that of a session |
//! | drift | what Toggl has otherwise than it was sent (`verify`) |
//! | writing, reading | the two hourly quotas of Toggl: the workspace's and the user's |
//!
//! # What always holds
//!
//! The core is pure: the same snapshot, sidecar, settings and zone give the same plan on any machine. The linter forbids
//! files, clock, environment and network outside the edges.
//!
//! Whatever may have been sent is on disk before it is sent, so that whatever ends the program, the next run can resolve
//! it by looking at what Toggl has: nothing twice, nothing lost.

pub mod chute_kun;
pub mod cli;
pub mod clock;
pub mod command;
pub mod execute;
pub mod exit;
pub mod output;
pub mod reconcile;
pub mod settings;
pub mod sidecar;
pub mod toggl;
pub mod whole_file;
pub mod zone;
