//! The commands, as the real binary, in an environment of their own.

mod doctor;
mod hook;
mod progress;
mod stage;
mod verify;
