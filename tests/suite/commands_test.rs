//! The commands, as the real binary, in an environment of their own.

mod hook;
mod progress;
#[allow(dead_code)]
mod stage;
mod verify;
