//! The document of `doctor`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Version;
use crate::exit::Exit;
use crate::output::doctor::{Check, Diagnosis};

/// What `doctor` found out. Checks may be added.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Doctor<'a> {
    schema: Version,
    /// The command.
    #[schemars(extend("const" = "doctor"))]
    command: &'static str,
    /// What was looked at, in this order.
    checks: &'a [Check],
    /// The single most useful next step, for people.
    next: String,
    /// The exit code: that of the worst fault.
    exit: Exit,
}

impl Doctor<'_> {
    /// The diagnosis.
    #[must_use]
    pub fn new(diagnosis: &Diagnosis) -> Doctor<'_> {
        Doctor {
            schema: Version::CURRENT,
            command: "doctor",
            checks: &diagnosis.checks,
            next: diagnosis.next(),
            exit: diagnosis.exit(),
        }
    }
}
