//! What Toggl's answers say about entries, read leniently: fields come and go, and are written now so, now so.

use crate::zone::is_on_every_clock;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::verdict::{Changed, Me, Named};
use super::{AccountId, EntryId, WorkspaceId};

/// An entry as Toggl lists it, reduced to what a pusher needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeEntry {
    /// Toggl's id.
    pub id: EntryId,
    /// The workspace it is in.
    pub workspace: WorkspaceId,
    /// Its text; Toggl's `null` is the empty text.
    pub description: String,
    /// When it starts, to the second, with the offset that Toggl wrote (mostly UTC).
    pub start: OffsetDateTime,
    /// When it stops; `None` while it runs.
    pub stop: Option<OffsetDateTime>,
    /// Toggl's number of its project.
    pub project: Option<i64>,
    /// The names of its tags.
    pub tags: Vec<String>,
    /// Deleted in Toggl (such entries are listed only with `since`).
    pub deleted: bool,
}

/// What a bulk change did: it can do one part and refuse another, and takes nothing back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkAnswer {
    /// The ids of the entries that were changed.
    pub success: Vec<EntryId>,
    /// The ids of the others, each with Toggl's reason.
    pub failure: Vec<(EntryId, String)>,
}

/// Reads a list of entries; `null` is the empty one.
///
/// # Errors
/// A message for people, when it is no such list or when one entry lacks an id, a workspace or a start. It is not
/// left out then: what is not seen counts as not there, and would be created again.
pub fn parse_entries(body: &str) -> Result<Vec<TimeEntry>, String> {
    match serde_json::from_str(body) {
        Ok(Value::Array(entries)) => entries
            .iter()
            .map(|entry| read(entry).map_err(|lack| format!("Toggl's list has an entry with {lack}")))
            .collect(),
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(_) => Err("Toggl answered with something else than a list of entries".to_owned()),
        Err(e) => Err(format!("Toggl's list of entries cannot be read: {e}")),
    }
}

/// Reads one entry. `None` when something of it is missing.
#[must_use]
pub fn parse_entry(body: &str) -> Option<TimeEntry> {
    read(&serde_json::from_str(body).ok()?).ok()
}

/// Reads the answer to a create, an update or a stop. Without an id, a 200 is no success.
#[must_use]
pub fn parse_changed(body: &str) -> Option<Changed> {
    let entry: Value = serde_json::from_str(body).ok()?;
    let account = id(&entry, "user_id").or_else(|| id(&entry, "uid")).map(AccountId);
    Some(Changed { id: EntryId(id(&entry, "id")?), shown: read(&entry).ok(), account, contradicts: false })
}

/// Reads the answer to `GET /me`.
#[must_use]
pub fn parse_me(body: &str) -> Option<Me> {
    let me: Value = serde_json::from_str(body).ok().filter(Value::is_object)?;
    Some(Me {
        account: id(&me, "id").map(AccountId),
        email: me.get("email").and_then(Value::as_str).unwrap_or_default().to_owned(),
        workspace: id(&me, "default_workspace_id").or_else(|| id(&me, "default_wid")).map(WorkspaceId),
    })
}

/// Reads a list of workspaces or projects; `null` is the empty one. One without an id is no such list.
#[must_use]
pub fn parse_named<Id>(body: &str, as_id: impl Fn(i64) -> Id) -> Option<Vec<Named<Id>>> {
    let read = |named: &Value| {
        let name = named.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Named { id: as_id(id(named, "id")?), name })
    };
    match serde_json::from_str(body).ok()? {
        Value::Array(all) => all.iter().map(read).collect(),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Reads the answer to a bulk change. `None` when it names neither successes nor failures.
#[must_use]
pub fn parse_bulk(body: &str) -> Option<BulkAnswer> {
    let answer: Value = serde_json::from_str(body).ok()?;
    if answer.get("success").is_none() && answer.get("failure").is_none() {
        return None;
    }
    let list = |name| answer.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let failure = |entry: &Value| {
        let message = entry.get("message").and_then(Value::as_str).unwrap_or_default();
        Some((EntryId(id(entry, "id")?), message.to_owned()))
    };
    Some(BulkAnswer {
        success: list("success").iter().filter_map(Value::as_i64).map(EntryId).collect(),
        failure: list("failure").iter().filter_map(failure).collect(),
    })
}

/// An id of Toggl's: 64 bits, and never 0 or less.
fn id(object: &Value, field: &str) -> Option<i64> {
    object.get(field)?.as_i64().filter(|&id| id > 0)
}

/// One entry, or what it lacks.
fn read(entry: &Value) -> Result<TimeEntry, String> {
    let id_there = id(entry, "id").map(EntryId).ok_or("no id")?;
    let workspace = id(entry, "workspace_id").or_else(|| id(entry, "wid")).map(WorkspaceId);
    let workspace = workspace.ok_or_else(|| format!("no workspace (id {id_there})"))?;
    let start = instant(entry, "start").ok_or_else(|| format!("no start (id {id_there})"))?;
    Ok(TimeEntry {
        id: id_there,
        workspace,
        description: entry.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        start,
        stop: stop(entry, start),
        project: id(entry, "project_id"),
        tags: tags(entry),
        deleted: entry.get("server_deleted_at").is_some_and(|at| !at.is_null()),
    })
}

/// The names of the tags; Toggl's `null` is none.
fn tags(entry: &Value) -> Vec<String> {
    let tags = entry.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    tags.iter().filter_map(|tag| Some(tag.as_str()?.to_owned())).collect()
}

/// A running entry has a negative duration, -1 or minus its start; of that only the sign counts, but it counts more
/// than a stop that stands beside it.
fn stop(entry: &Value, start: OffsetDateTime) -> Option<OffsetDateTime> {
    match entry.get("duration").and_then(Value::as_i64) {
        Some(duration) if duration < 0 => None,
        Some(duration) => instant(entry, "stop").or_else(|| start.checked_add(Duration::seconds(duration))),
        None => instant(entry, "stop"),
    }
}

/// RFC 3339 with `Z` or an offset; fractions of a second are cut, as Toggl does.
fn instant(entry: &Value, field: &str) -> Option<OffsetDateTime> {
    let at = OffsetDateTime::parse(entry.get(field)?.as_str()?, &Rfc3339).ok()?;
    at.replace_nanosecond(0).ok().filter(|&at| is_on_every_clock(at))
}

/// The longest reason that is shown, in characters.
const LONGEST_REASON: usize = 200;

/// The reason in the body of a refusal, on one line. Toggl writes a JSON string, an object,
/// plain text, a page of HTML or nothing; nothing is the empty text.
#[must_use]
pub fn error_text(body: &str) -> String {
    let text = match serde_json::from_str::<Value>(body) {
        Ok(answer) => json_reason(&answer).unwrap_or_else(|| body.to_owned()),
        Err(_) if body.trim_start().starts_with('<') => html_reason(body),
        Err(_) => body.to_owned(),
    };
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.chars().count() > LONGEST_REASON {
        line = line.chars().take(LONGEST_REASON - 1).chain(['…']).collect();
    }
    line
}

/// The text of a JSON answer, wherever it keeps it; `None` when it keeps it nowhere that is known.
fn json_reason(answer: &Value) -> Option<String> {
    match answer {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => ["error_message", "message", "error", "errors", "description"]
            .iter()
            .filter_map(|&name| fields.get(name))
            .find_map(|value| json_reason(value).filter(|text| !text.is_empty())),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(json_reason).filter(|text| !text.is_empty()).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The title of a page, or else its text without the tags.
fn html_reason(page: &str) -> String {
    // Lower case of the same length, so that positions hold in both.
    let lower = page.to_ascii_lowercase();
    let between = |open: &str, close: &str| {
        let start = lower.find(open)?;
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find(close)?;
        Some(&page[start..end])
    };
    if let Some(title) = between("<title", "</title").filter(|title| !title.trim().is_empty()) {
        return title.to_owned();
    }
    let mut text = String::new();
    for part in page.split('<') {
        text.push_str(part.split_once('>').map_or("", |(_, after)| after));
        text.push(' ');
    }
    text
}
