//! Brings Toggl Track into agreement with the work sessions that Chute_kun recorded.

pub mod agreement;
pub mod chute;
pub mod cli;
pub mod clock;
pub mod command;
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
