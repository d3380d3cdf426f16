//! The source: where Chute_kun saves its snapshot, reading that file whole or not at all, and what it holds.
//!
//! Nothing here knows of Toggl or of what was sent before.

pub mod config;
pub mod location;
pub mod reading;
pub mod snapshot;
