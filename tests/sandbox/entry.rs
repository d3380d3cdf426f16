//! A time entry as the server keeps it, and as it writes it out.

use std::fmt::Write as _;

use super::Required;
use super::instant::push_rfc3339;

/// A time entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id; needs more than 32 bits.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Its text.
    pub description: String,
    /// When it starts.
    pub start: i64,
    /// When it stops; `None` while it runs.
    pub stop: Option<i64>,
    /// Its project.
    pub project_id: Option<i64>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was last changed.
    pub at: i64,
    /// When it was deleted.
    pub deleted: Option<i64>,
}

impl Entry {
    /// Whether it is there and running.
    pub fn is_running(&self) -> bool {
        self.stop.is_none() && self.deleted.is_none()
    }

    /// The first demanded field that it does not have.
    pub fn unmet(&self, required: &[Required]) -> Option<Required> {
        required.iter().copied().find(|field| match field {
            Required::Description => self.description.trim().is_empty(),
            Required::Project => self.project_id.is_none(),
            Required::Tags => self.tags.is_empty(),
        })
    }

    /// Appends the entry as JSON. The real server is not consistent about `Z`, empty tags, empty texts and the
    /// duration of a running entry (only its sign counts); `shape` chooses, so that all its ways occur. `user` is the
    /// account's id.
    pub fn push_json(&self, out: &mut String, shape: u32, user: i64) {
        let z = shape.is_multiple_of(2);
        let odd_pair = (shape / 2) % 2 == 1;
        let _ = write!(out, r#"{{"id":{},"workspace_id":{},"user_id":{user},"#, self.id, self.workspace);
        let _ = match self.project_id {
            Some(project) => write!(out, r#""project_id":{project},"task_id":null,"billable":false,"description":"#),
            None => write!(out, r#""project_id":null,"task_id":null,"billable":false,"description":"#),
        };
        if self.description.is_empty() && odd_pair {
            out.push_str("null");
        } else {
            out.push_str(&serde_json::to_string(&self.description).expect("a text is JSON"));
        }
        out.push_str(r#","start":""#);
        push_rfc3339(out, self.start, z);
        let duration = match self.stop {
            Some(stop) => {
                out.push_str(r#"","stop":""#);
                push_rfc3339(out, stop, z);
                out.push('"');
                stop - self.start
            }
            None => {
                out.push_str(r#"","stop":null"#);
                [-1, -self.start, -self.start - 1][shape as usize % 3]
            }
        };
        let _ = write!(out, r#","duration":{duration},"duronly":true,"tag_ids":null,"tags":"#);
        if self.tags.is_empty() && odd_pair {
            out.push_str("null");
        } else {
            out.push_str(&serde_json::to_string(&self.tags).expect("texts are JSON"));
        }
        out.push_str(r#","at":""#);
        push_rfc3339(out, self.at, !z);
        match self.deleted {
            Some(deleted) => {
                out.push_str(r#"","server_deleted_at":""#);
                push_rfc3339(out, deleted, z);
                out.push_str("\"}");
            }
            None => out.push_str(r#"","server_deleted_at":null}"#),
        }
    }
}

/// An entry with as much of its past as a lagging read may still show.
#[derive(Debug, Clone)]
pub struct Stored {
    /// As it is.
    pub entry: Entry,
    /// When it became so.
    written_ms: i64,
    /// What it was before, and since when; kept only while reads lag.
    older: Vec<(i64, Entry)>,
}

impl Stored {
    /// A new entry.
    pub fn new(entry: Entry, now_ms: i64) -> Self {
        Self { entry, written_ms: now_ms, older: Vec::new() }
    }

    /// Replaces the entry.
    pub fn write(&mut self, entry: Entry, now_ms: i64, lag_ms: i64) {
        let before = std::mem::replace(&mut self.entry, entry);
        if lag_ms > 0 {
            self.older.push((self.written_ms, before));
        } else {
            self.older.clear();
        }
        self.written_ms = now_ms;
    }

    /// The entry as it was at `limit_ms`; `None` if it did not exist then.
    pub fn visible(&self, limit_ms: i64) -> Option<&Entry> {
        if self.written_ms <= limit_ms {
            return Some(&self.entry);
        }
        self.older.iter().rev().find(|(written_ms, _)| *written_ms <= limit_ms).map(|(_, entry)| entry)
    }
}
