//! The calls that are made of Toggl's API v9: paths, bodies and limits, which nobody else knows.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::{Bucket, EntryId, Method, Request, WorkspaceId};

/// How many entries one bulk request can change.
pub const BULK: usize = 100;

/// The most entries that one answer lists, silently.
pub const LIST_CAP: usize = 1000;

/// The most projects that one page holds.
pub const PROJECTS_A_PAGE: usize = 200;

/// Where an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[schemars(rename = "EntryId")]
pub struct EntryRef {
    /// Toggl's id.
    pub id: EntryId,
    /// The workspace it is in.
    pub workspace: WorkspaceId,
}

/// An entry to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Its text, at most [`super::DESCRIPTION_LIMIT`] characters.
    pub description: String,
    /// Its start, with the offset in force then.
    pub start: OffsetDateTime,
    /// Its stop; `None`: it runs, and Toggl ends the one that runs now.
    pub stop: Option<OffsetDateTime>,
    /// Its project; `None`: none. Left out, it would be the one of the entry that runs.
    pub project: Option<i64>,
    /// Its tags, by name; likewise.
    pub tags: Vec<String>,
}

/// What changes of one entry; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryChange {
    /// Its text.
    pub description: Option<String>,
    /// Start and stop, together: Toggl holds a stop against the start that it has. Without a stop the entry runs.
    pub times: Option<(OffsetDateTime, Option<OffsetDateTime>)>,
    /// Its project; `Some(None)`: none.
    pub project: Option<Option<i64>>,
    /// Its tags, by name.
    pub tags: Option<Vec<String>>,
}

/// What changes of many entries alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkChange {
    /// Their text.
    Description(String),
    /// Their project and their tags, as an [`EntryChange`] says them.
    Classification {
        /// Their project; `Some(None)`: none.
        project: Option<Option<i64>>,
        /// Their tags, by name.
        tags: Option<Vec<String>>,
    },
}

/// A call, with all that it says.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Makes an entry. Sent twice, it makes two.
    Create {
        /// Where.
        workspace: WorkspaceId,
        /// What.
        entry: NewEntry,
    },
    /// Changes one entry.
    Update {
        /// Which.
        entry: EntryRef,
        /// What.
        change: EntryChange,
    },
    /// Stops an entry now, by the server's clock.
    Stop(EntryRef),
    /// Changes up to [`BULK`] entries of one workspace. It can change some and fail others, and takes nothing back.
    Bulk {
        /// Where they are.
        workspace: WorkspaceId,
        /// Which.
        ids: Vec<EntryId>,
        /// What.
        change: BulkChange,
    },
    /// Deletes an entry.
    Delete(EntryRef),
    /// One entry by its id, in whatever workspace.
    Entry(EntryId),
    /// The entries that start on these days, in the zone of the user's profile: [`LIST_CAP`] at most, newest first.
    Started {
        /// The first day.
        from: Date,
        /// The day after the last.
        until: Date,
    },
    /// The entries that were changed at this unix second or later, deleted ones too: [`LIST_CAP`] at most.
    ChangedSince(i64),
    /// Whose token it is.
    Me,
    /// The account's workspaces.
    Workspaces,
    /// The active projects of a workspace, [`PROJECTS_A_PAGE`] at a time.
    Projects {
        /// The workspace.
        workspace: WorkspaceId,
        /// The page, from 1.
        page: usize,
    },
}

impl Call {
    /// The bucket that it is counted in.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        match self {
            Call::Entry(_) | Call::Started { .. } | Call::ChangedSince(_) | Call::Me | Call::Workspaces => Bucket::User,
            _ => Bucket::Workspace,
        }
    }

    /// Whether sending it twice leaves the server as sending it once would.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Call::Create { .. })
    }

    /// The verb.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Call::Create { .. } => Method::Post,
            Call::Update { .. } => Method::Put,
            Call::Stop(_) | Call::Bulk { .. } => Method::Patch,
            Call::Delete(_) => Method::Delete,
            _ => Method::Get,
        }
    }

    /// Path and query below the base.
    #[must_use]
    pub fn path(&self) -> String {
        let entries = |workspace: WorkspaceId, tail: &str| format!("/workspaces/{workspace}/time_entries{tail}");
        match self {
            Call::Create { workspace, .. } => entries(*workspace, ""),
            Call::Update { entry, .. } | Call::Delete(entry) => entries(entry.workspace, &format!("/{}", entry.id)),
            Call::Stop(entry) => entries(entry.workspace, &format!("/{}/stop", entry.id)),
            Call::Bulk { workspace, ids, .. } => {
                let ids: Vec<String> = ids.iter().map(EntryId::to_string).collect();
                entries(*workspace, &format!("/{}", ids.join(",")))
            }
            Call::Entry(id) => format!("/me/time_entries/{id}"),
            Call::Started { from, until } => format!("/me/time_entries?start_date={from}&end_date={until}"),
            Call::ChangedSince(since) => format!("/me/time_entries?since={since}"),
            Call::Me => "/me".to_owned(),
            Call::Workspaces => "/me/workspaces".to_owned(),
            Call::Projects { workspace, page } => {
                format!("/workspaces/{workspace}/projects?active=true&per_page={PROJECTS_A_PAGE}&page={page}")
            }
        }
    }

    /// The JSON body, if it has one.
    #[must_use]
    pub fn body(&self) -> Option<Value> {
        match self {
            Call::Create { workspace, entry } => Some(json!({
                "created_with": "chute_kun",
                "workspace_id": workspace,
                "description": entry.description,
                "start": rfc3339(entry.start),
                "duration": duration(entry.start, entry.stop),
                "project_id": entry.project,
                "tags": entry.tags,
            })),
            Call::Update { change, .. } => Some(Value::Object(change.fields())),
            Call::Bulk { change, .. } => {
                let replace = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
                Some(match change {
                    BulkChange::Description(text) => json!([replace("/description", json!(text))]),
                    BulkChange::Classification { project, tags } => {
                        let project = project.map(|project| replace("/project_id", json!(project)));
                        let tags = tags.as_ref().map(|tags| replace("/tags", json!(tags)));
                        project.into_iter().chain(tags).collect()
                    }
                })
            }
            _ => None,
        }
    }

    /// The request that makes it.
    #[must_use]
    pub fn request(&self) -> Request {
        Request { method: self.method(), path: self.path(), body: self.body() }
    }
}

impl EntryChange {
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if let Some(description) = &self.description {
            set("description", json!(description));
        }
        if let Some((start, stop)) = self.times {
            set("start", json!(rfc3339(start)));
            // A stop is taken only together with its duration, and a running entry's start only with a negative one.
            set("duration", json!(duration(start, stop)));
            stop.map(|stop| set("stop", json!(rfc3339(stop))));
        }
        if let Some(project) = self.project {
            set("project_id", json!(project));
        }
        if let Some(tags) = &self.tags {
            set("tags", json!(tags));
        }
        fields
    }
}

/// Seconds worked; -1 while the entry runs.
fn duration(start: OffsetDateTime, stop: Option<OffsetDateTime>) -> i64 {
    stop.map_or(-1, |stop| (stop - start).whole_seconds())
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Fails only past the year 9999, which Toggl refuses as well.
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
