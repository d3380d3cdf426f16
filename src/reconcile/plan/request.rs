//! Operations as requests to Toggl.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Operation, OperationKind};
use crate::toggl::{Method, Request, description_of};

/// What new entries get beside their times and text. Entries that exist keep what they have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// `project_id`.
    pub project: Option<i64>,
    /// `tags`, by name.
    pub tags: Vec<String>,
}

impl Operation {
    /// The request that carries it out. New entries are made in `workspace`; others are where they are.
    #[must_use]
    pub fn request(&self, workspace: i64, defaults: &Defaults) -> Request {
        let (method, path, body) = match self.kind {
            OperationKind::Create | OperationKind::Start => (
                Method::Post,
                format!("/workspaces/{workspace}/time_entries"),
                Some(self.new_entry(workspace, defaults)),
            ),
            OperationKind::Stop | OperationKind::Update | OperationKind::Resume => {
                (Method::Put, self.path(""), Some(self.what_differs()))
            }
            OperationKind::Rename => (
                Method::Patch,
                self.path(""),
                Some(json!([{"op": "replace", "path": "/description", "value": description_of(&self.title)}])),
            ),
            OperationKind::Halt => (Method::Patch, self.path("/stop"), None),
            OperationKind::Delete => (Method::Delete, self.path(""), None),
        };
        Request { method, path, body }
    }

    fn path(&self, tail: &str) -> String {
        let workspace = self.entries.first().map_or(0, |entry| entry.workspace);
        let ids: Vec<String> = self.entries.iter().map(|entry| entry.id.to_string()).collect();
        format!("/workspaces/{workspace}/time_entries/{}{tail}", ids.join(","))
    }

    fn new_entry(&self, workspace: i64, defaults: &Defaults) -> Value {
        let mut body = json!({
            "created_with": "chute_kun",
            "workspace_id": workspace,
            "description": description_of(&self.title),
            "start": rfc3339(self.start),
            "duration": self.duration(),
        });
        if let Some(project) = defaults.project {
            body["project_id"] = json!(project);
        }
        if !defaults.tags.is_empty() {
            body["tags"] = json!(defaults.tags);
        }
        body
    }

    /// Only what is sent changes, so only what differs is sent.
    fn what_differs(&self) -> Value {
        use super::Change;
        let mut body = Map::new();
        let is_resume = self.kind == OperationKind::Resume;
        let moves_start = self.changes.iter().any(|change| matches!(change, Change::Start(_)));
        let moves_stop = self.changes.iter().any(|change| matches!(change, Change::Stop(_)));
        if self.changes.iter().any(|change| matches!(change, Change::Title(_))) {
            body.insert("description".into(), json!(description_of(&self.title)));
        }
        if moves_start || is_resume {
            body.insert("start".into(), json!(rfc3339(self.start)));
        }
        if moves_start || moves_stop || is_resume {
            // A stop is taken only together with its duration, and a running entry's start only with a negative one.
            body.insert("duration".into(), json!(self.duration()));
            if let Some(stop) = self.stop {
                body.insert("stop".into(), json!(rfc3339(stop)));
            }
        }
        Value::Object(body)
    }

    /// Seconds worked; -1 while the session is open.
    fn duration(&self) -> i64 {
        self.stop.map_or(-1, |stop| (stop - self.start).whole_seconds())
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Fails only past the year 9999, which Toggl refuses as well.
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// Names an operation by what it asks for, so that what was refused is known again. Two operations that ask for the
/// same have the same fingerprint, on any machine and in any version (FNV-1a, 64 bits).
#[must_use]
pub fn fingerprint(operation: &Operation, defaults: &Defaults) -> String {
    // What a request does not say, such as the stop of a halted entry that gets another title, tells none apart. Which
    // workspace it is for may not be known yet.
    let body = operation.request(0, defaults).body.unwrap_or_default();
    let hash = format!("{:?} {body}", operation.kind)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
