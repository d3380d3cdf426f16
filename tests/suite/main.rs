<<<<<<< HEAD
mod zone_test;
=======
//! The tests, in one binary.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

mod chute_test;
mod reading_test;
mod snapshot_test;
>>>>>>> 321c1cd (Read the snapshot whole and parse it as Chute_kun does)
