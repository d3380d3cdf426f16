//! The pure core: from a snapshot and what was recorded before to the operations that are missing.
//!
//! [`matching`] says which task is which record, [`dating`] which instant a minute means, [`ingest`] takes both into the
//! records, [`mod@plan`] makes operations of the difference. [`recovery`] resolves what is uncertain from what Toggl
//! lists, and [`drift`] compares that with what was sent. No file, socket, clock or environment is asked here.

pub mod dating;
pub mod drift;
pub mod ingest;
pub mod matching;
pub mod names;
pub mod plan;
pub mod recovery;
pub mod redate;
pub mod selection;
