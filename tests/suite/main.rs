//! The tests, in one binary.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

mod accept_test;
mod answer_proof_test;
mod answer_test;
mod archive_test;
mod bad_input_test;
mod blocks_test;
mod changed_back_test;
mod clock_test;
mod commands_test;
mod config_file_test;
mod config_test;
mod connection_test;
#[path = "../corpus/mod.rs"]
mod corpus;
mod corpus_test;
mod dating_test;
mod docs_test;
mod drift_test;
mod entry_test;
mod fault_test;
mod faulty_lives_test;
mod five_years_test;
mod halt_test;
mod hostile_test;
mod house_test;
mod http_failure_test;
mod http_test;
mod ingest_test;
mod kill_test;
#[path = "../lives/mod.rs"]
mod lives;
mod lives_test;
mod location_test;
mod log_test;
mod look_up_test;
mod lost_sidecar_test;
mod matching_test;
mod move_test;
mod odd_file_test;
mod output_test;
mod plan_test;
mod process_test;
mod quiet_test;
mod quota_test;
mod reading_test;
mod reclassify_test;
mod recovery_test;
mod redate_test;
mod rejection_test;
mod replay_test;
mod restored_lives_test;
mod retry_test;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod sandbox_test;
mod scale_test;
mod schema_test;
mod secret_test;
mod selection_test;
mod shortcut_test;
mod sidecar_file_test;
mod sidecar_test;
mod snapshot_test;
mod state_proof_test;
#[path = "../support/mod.rs"]
mod support;
mod which_day_test;
mod width_test;
mod wrong_clock_test;
mod zone_test;
