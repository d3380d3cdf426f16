//! What an operation asks for, as a name by which it is known again.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Change, Operation, OperationKind};
use crate::toggl::description_of;

/// Names an operation by what it asks for, so that what was rejected is known again. Two operations that ask for the
/// same have the same fingerprint, on any machine and in any version (FNV-1a, 64 bits).
#[must_use]
pub fn fingerprint(operation: &Operation) -> String {
    let wanted = wanted(operation);
    let hash = format!("{:?} {wanted}", operation.kind)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

/// What is asked for, in the words that fingerprints have always been made of; how it is sent is another matter. What is
/// not asked for, such as the stop of a halted entry that gets another title, tells no two operations apart, and neither
/// does the workspace, which may not be known yet.
fn wanted(operation: &Operation) -> Value {
    let mut wanted = Map::new();
    let mut ask = |name: &str, value: Value| wanted.insert(name.to_owned(), value);
    let has = |which: fn(&Change) -> bool| operation.changes.iter().any(which);
    let description = json!(description_of(&operation.title));
    match operation.kind {
        OperationKind::Create | OperationKind::Start => {
            ask("created_with", json!("chute_kun"));
            ask("workspace_id", json!(0));
            ask("description", description);
            ask("start", json!(rfc3339(operation.start)));
            ask("duration", json!(duration(operation)));
            operation.wanted.project_id.map(|project| ask("project_id", json!(project)));
            if !operation.wanted.tags.is_empty() {
                ask("tags", json!(&*operation.wanted.tags));
            }
        }
        OperationKind::Stop | OperationKind::Update | OperationKind::Resume => {
            let is_resume = operation.kind == OperationKind::Resume;
            let moves_start = is_resume || has(|change| matches!(change, Change::Start(_)));
            let moves_stop = has(|change| matches!(change, Change::Stop(_)));
            if has(|change| matches!(change, Change::Title(_))) {
                ask("description", description);
            }
            if moves_start {
                ask("start", json!(rfc3339(operation.start)));
            }
            if moves_start || moves_stop {
                ask("duration", json!(duration(operation)));
                operation.stop.map(|stop| ask("stop", json!(rfc3339(stop))));
            }
        }
        OperationKind::Reclassify => {
            ask("project_id", json!(operation.wanted.project_id));
            ask("tags", json!(&*operation.wanted.tags));
        }
        OperationKind::Rename => {
            return json!([{"op": "replace", "path": "/description", "value": description}]);
        }
        OperationKind::Halt | OperationKind::Delete => return Value::Null,
    }
    Value::Object(wanted)
}

/// Seconds worked; -1 while the session is open.
fn duration(operation: &Operation) -> i64 {
    operation.stop.map_or(-1, |stop| (stop - operation.start).whole_seconds())
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Fails only past the year 9999, which Toggl rejects as well.
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
