//! JSON documents.

use serde_json::{Value, json};

use super::{Status, View};
use crate::execute::Report;
use crate::exit::Exit;

/// The plan, for programs.
#[must_use]
pub fn plan_json(view: &View<'_>) -> Value {
    json!({"schema": 1, "command": "push", "dry_run": true, "requests": view.plan.requests()})
}

/// What a run did, for programs.
#[must_use]
pub fn report_json(_view: &View<'_>, report: &Report, exit: Exit) -> Value {
    json!({"schema": 1, "command": "push", "dry_run": false, "requests": report.requests, "exit": exit.code()})
}

/// The state of things, for programs.
#[must_use]
pub fn status_json(status: &Status<'_>) -> Value {
    json!({"schema": 1, "command": "status", "requests": status.view.plan.requests()})
}
