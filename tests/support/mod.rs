//! A second user of the library: what the tests build on, and none of the tests.
//!
//! - [`snapshot_builder`]: what Chute_kun would have saved.
//! - [`test_home`]: a home with files, a fake Toggl behind a socket, and the program between.
//! - [`in_process`]: a user whose sidecar is in memory, who talks to the fake Toggl without a socket.
//! - [`crash`]: a process that dies at a chosen step; [`push_case`]: what such a push can find.
//! - [`clock`]: the system's, for the few who need it.
//! - [`schemas`]: what a JSON document has to be like.
//! - [`tools`]: what need not be installed.
//! - [`truth`]: what Toggl would have to hold of a life; [`damaged_snapshot`]: what Chute_kun reads and what it refuses.

pub mod clock;
pub mod crash;
pub mod damaged_snapshot;
pub mod in_process;
pub mod push_case;
pub mod schemas;
pub mod snapshot_builder;
pub mod test_home;
pub mod tools;
pub mod truth;
