//! Copies the work sessions that Chute_kun recorded to Toggl Track as time entries.
//!
//! Data flows one way, and effects sit at the edges. A push is a pipeline:
//!
//! ```text
//! snapshot.toml --chute_kun--> tasks --reconcile--> records --plan--> operations --execute--> Toggl
//!                                        ^  (sidecar)                               |
//!                                        +---------------- answers -----------------+
//! ```
//!
//! | room | what it is for |
//! |---|---|
//! | [`chute_kun`] | the source: where its snapshot is, reading it whole, tasks and sessions |
//! | [`toggl`] | the target: requests and answers, the connection, the quota |
//! | [`sidecar`] | the state: what was recorded of every session and last sent of it, and its file |
//! | [`reconcile`] | the pure core: matching, dating, ingest, plan, recovery, drift |
//! | [`mod@execute`] | carrying out a plan: the intent on disk, the request, the answer, the save |
//! | [`output`] | values in, text or JSON out |
//! | [`command`] | one file a command |
//!
//! Beside them: [`mod@cli`] (the command line as types), [`settings`] (variables and flags), [`clock`], [`zone`], [`exit`].
//!
//! The core is pure: the same snapshot, sidecar, settings and zone give the same plan on any machine. The linter forbids
//! files, clock, environment and network outside the edges.
//!
//! Whatever may have been sent is on disk before it is sent, so that whatever ends the program, the next run can resolve
//! it by looking at what Toggl holds: nothing twice, nothing lost.

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
pub mod zone;
