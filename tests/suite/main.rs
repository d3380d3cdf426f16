//! The tests, in one binary.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

mod agreement_test;
mod answer_test;
mod archive_test;
mod at_desk;
mod bad_input_test;
mod blocks_test;
mod changed_back_test;
mod chute_test;
mod clock_test;
mod commands_test;
mod comparison_test;
#[path = "../corpus/mod.rs"]
mod corpus;
mod corpus_test;
mod entry_test;
mod fault_test;
mod faulty_lives_test;
mod five_years_test;
mod halt_test;
mod home;
mod http_failure_test;
mod http_test;
mod identity_test;
mod instants_test;
mod intake_test;
mod kill_test;
#[path = "../lives/mod.rs"]
mod lives;
mod lives_test;
mod looking_test;
mod lost_sidecar_test;
mod move_test;
mod pilot;
mod plan_test;
mod process_test;
mod quota_test;
mod reading_test;
mod refusal_test;
mod replay_test;
mod retry_test;
mod rig;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod sandbox_test;
mod scale_test;
mod settle_test;
mod show_test;
mod sidecar_test;
mod situation;
mod snapshot_test;
mod store_test;
mod words_test;
mod zone_test;
