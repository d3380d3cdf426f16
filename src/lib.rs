//! Brings Toggl Track into agreement with the work sessions that Chute_kun recorded.
//!
//! Data flows one way, and effects sit at the edges. A push is a pipeline:
//!
//! ```text
//! snapshot.toml --read--> snapshot --identity, instants--> intake --> sidecar --> plan --> execute --> Toggl
//!                                                                       ^                     |
//!                                                                       +------- answers -----+
//! ```
//!
//! 1. [`reading`] takes Chute_kun's file whole or not at all; [`mod@snapshot`] makes tasks and sessions of it.
//! 2. [`identity`] says which task is which that was seen before; [`instants`] says which day and hour its minutes mean,
//!    by the rules of [`zone`].
//! 3. [`intake`] puts both together: every session is a record of the [`sidecar`], beside what Toggl was last told of it.
//! 4. [`mod@plan`] is the difference, as a value: the same for `--dry-run`, `status` and `push`.
//! 5. [`mod@execute`] carries it out, within the [`quota`]. What may have been sent is on disk before it is sent, so that
//!    whatever ends the program, the next run can [`settle`] it by looking.
//!
//! Beside it [`verify`] compares what Toggl holds with what it was told, and [`doctor`] says what a check-up found.
//!
//! The core is pure: the same snapshot, sidecar, settings and zone give the same plan on any machine. The edges are few,
//! and the linter forbids files, clock, environment and network everywhere else: [`reading`] and [`store`] (files),
//! [`settings`] and [`chute`] (environment and where Chute_kun saves), [`clock`] (time and sleep), [`toggl::http`]
//! (network). [`mod@cli`] holds the command line as types; [`command`] has one module a command; [`show`] and [`progress`]
//! make text and JSON of values; [`agreement`] is the shortcut of a push with nothing to do; [`exit`] has the exit codes.

pub mod agreement;
pub mod chute;
pub mod cli;
pub mod clock;
pub mod command;
pub mod doctor;
pub mod execute;
pub mod exit;
pub mod identity;
pub mod instants;
pub mod intake;
pub mod plan;
pub mod progress;
pub mod quota;
pub mod reading;
pub mod settings;
pub mod settle;
pub mod show;
pub mod sidecar;
pub mod snapshot;
pub mod store;
pub mod toggl;
pub mod verify;
pub mod zone;
