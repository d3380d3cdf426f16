//! The calls that change entries.

use serde_json::Value;

use super::Entry;
use super::check::{Fields, bad};
use super::state::{Outcome, Refused, Sandbox};

const BULK_MAX: usize = 100;

const CREATE_FIELDS: &[&str] =
    &["created_with", "workspace_id", "description", "start", "stop", "duration", "project_id", "tags", "tag_ids"];
const UPDATE_FIELDS: &[&str] = CREATE_FIELDS;

impl Sandbox {
    pub(super) fn create(&mut self, workspace: i64, body: &str, now_ms: i64) -> Outcome {
        let fields = self.object(body, CREATE_FIELDS)?;
        if fields.get("created_with").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(self.breach("created_with must be provided and a valid string"));
        }
        match fields.get("workspace_id").map(Value::as_i64) {
            Some(Some(id)) if id == workspace => {}
            _ => return Err(self.breach("workspace_id must be an integer and the one in the path")),
        }
        let Some(start) = self.instant(&fields, "start")? else {
            return Err(self.breach("start must be provided"));
        };
        let stop = self.instant(&fields, "stop")?;
        let duration = self.integer(&fields, "duration")?;
        let stop = match (duration, stop) {
            (Some(duration), Some(stop)) if duration < 0 || stop != start.saturating_add(duration) => {
                return Err(self.breach("stop is not start + duration"));
            }
            (Some(duration), _) if duration < 0 => None,
            (Some(duration), _) => Some(start.saturating_add(duration)),
            // Accepted by the real server, but hardly what was meant: without both, the entry has no length.
            (None, stop) => {
                self.violate("a create without duration");
                Some(stop.unwrap_or(start))
            }
        };
        if stop.is_some_and(|stop| stop < start) {
            return Err(bad("stop must not be before start"));
        }
        let mut entry = Entry {
            id: 0,
            workspace,
            description: String::new(),
            start,
            stop,
            project_id: None,
            tags: Vec::new(),
            at: 0,
            deleted: None,
        };
        self.set_texts(&mut entry, &fields)?;
        self.inherit(&mut entry, &fields);
        self.check(&entry)?;
        if entry.is_running() {
            self.make_room(now_ms)?;
        }
        entry.id = self.new_id();
        Ok(self.keep(entry, now_ms))
    }

    pub(super) fn update(&mut self, workspace: i64, id: i64, body: &str, now_ms: i64) -> Outcome {
        let fields = self.object(body, UPDATE_FIELDS)?;
        let mut entry = self.live(workspace, id)?.clone();
        self.check_lock(entry.start)?;
        if fields.is_empty() {
            self.violate("an update of nothing");
        }
        if fields.get("workspace_id").is_some_and(|given| given.as_i64() != Some(workspace)) {
            return Err(self.breach("workspace_id must be an integer and the one in the path"));
        }
        let was_running = entry.is_running();
        self.set_times(&mut entry, &fields)?;
        self.set_texts(&mut entry, &fields)?;
        self.check(&entry)?;
        if entry.is_running() && !was_running {
            self.make_room(now_ms)?;
        }
        Ok(self.keep(entry, now_ms))
    }

    /// Start, stop and duration of an update. Only the combinations whose meaning is certain are let through.
    fn set_times(&mut self, entry: &mut Entry, fields: &Fields) -> Result<(), Refused> {
        let start = self.instant(fields, "start")?;
        let stop = self.instant(fields, "stop")?;
        let duration = self.integer(fields, "duration")?;
        let new_start = start.unwrap_or(entry.start);
        if stop.is_some_and(|stop| stop < new_start) {
            return Err(bad("stop must not be before start"));
        }
        entry.stop = match (entry.stop, start, stop, duration) {
            (stop, None, None, None) => stop,
            (None, _, None, Some(duration)) if duration < 0 => None,
            (Some(_), Some(_), None, Some(duration)) if duration < 0 => None,
            (Some(_), Some(start), None, Some(duration)) => Some(start.saturating_add(duration)),
            (_, _, Some(stop), Some(duration)) if duration >= 0 && stop == new_start.saturating_add(duration) => {
                Some(stop)
            }
            // Held against the start that the server has, which may have been changed there.
            (_, None, Some(_), Some(duration)) if duration >= 0 => return Err(bad("Stop and duration mismatch")),
            (_, _, Some(_), Some(_)) => return Err(self.breach("stop is not start + duration")),
            (None, Some(_), None, None) => {
                return Err(self.breach("the start of a running entry moves only with a negative duration"));
            }
            (None, _, _, _) => return Err(self.breach("a running entry is stopped with stop and duration")),
            (Some(_), None, None, Some(duration)) if duration < 0 => {
                return Err(self.breach("an entry is resumed with start and a negative duration"));
            }
            (Some(_), _, _, _) => return Err(self.breach("start, stop and duration leave the times open")),
        };
        entry.start = new_start;
        Ok(())
    }

    pub(super) fn bulk(&mut self, workspace: i64, ids: &[i64], body: &str, now_ms: i64) -> Outcome {
        if ids.len() > BULK_MAX {
            return Err(self.breach("Limit of 100 time entries exceeded"));
        }
        let Ok(Value::Array(operations)) = serde_json::from_str(body) else {
            return Err(self.breach("the body is no list of operations"));
        };
        let mut fields = Fields::new();
        for operation in &operations {
            let part = |name| operation.get(name).and_then(Value::as_str);
            let field = part("path").and_then(|path| path.strip_prefix('/'));
            match (part("op"), field, operation.get("value")) {
                (Some("replace"), Some(field @ ("description" | "tags" | "project_id")), Some(value)) => {
                    fields.insert(field.to_owned(), value.clone());
                }
                _ => return Err(self.breach("only replace of /description, /tags and /project_id is reliable")),
            }
        }
        if fields.is_empty() {
            return Err(self.breach("the body has no operation"));
        }
        let (mut success, mut failure) = (Vec::new(), Vec::new());
        for &id in ids {
            match self.bulk_one(workspace, id, &fields, now_ms) {
                Ok(()) => success.push(id),
                Err(Refused(_, message)) => failure.push(serde_json::json!({"id": id, "message": message})),
            }
        }
        Ok(serde_json::json!({"success": success, "failure": failure}).to_string())
    }

    fn bulk_one(&mut self, workspace: i64, id: i64, fields: &Fields, now_ms: i64) -> Result<(), Refused> {
        let mut entry = match self.entry(id) {
            Some(entry) if self.rules.bulk_revives && entry.workspace == workspace => entry.clone(),
            _ => self.live(workspace, id)?.clone(),
        };
        entry.deleted = None;
        self.set_texts(&mut entry, fields)?;
        self.check(&entry)?;
        if self.rules.bulk_failures.contains(&id) {
            return Err(bad("Time entry could not be changed"));
        }
        if entry.is_running() && self.running != Some(id) {
            self.displace(now_ms);
        }
        self.commit(entry, now_ms);
        Ok(())
    }

    pub(super) fn stop(&mut self, workspace: i64, id: i64, body: &str, now_ms: i64) -> Outcome {
        if !body.is_empty() {
            self.violate("a stop has no body");
        }
        let mut entry = self.live(workspace, id)?.clone();
        if entry.stop.is_some() {
            return Err(Refused(409, "Time entry already stopped".to_owned()));
        }
        entry.stop = Some(self.wall(now_ms).max(entry.start));
        self.check(&entry)?;
        Ok(self.keep(entry, now_ms))
    }

    pub(super) fn delete(&mut self, workspace: i64, id: i64, now_ms: i64) -> Outcome {
        let mut entry = self.live(workspace, id)?.clone();
        self.check_lock(entry.start)?;
        entry.deleted = Some(self.wall(now_ms));
        self.commit(entry, now_ms);
        Ok(String::new())
    }

    /// Keeps the entry and writes it out as the answer.
    fn keep(&mut self, entry: Entry, now_ms: i64) -> String {
        let id = entry.id;
        self.commit(entry, now_ms);
        let mut out = String::with_capacity(400);
        if let Some(stored) = self.entries.get(&id) {
            stored.entry.push_json(&mut out, self.shape, self.rules.person.id);
        }
        self.shape = self.shape.wrapping_add(1);
        out
    }

    /// Displaces the running entry; a running one that lacks a demanded field cannot be stopped.
    fn make_room(&mut self, now_ms: i64) -> Result<(), Refused> {
        if let Some(running) = self.running.and_then(|id| self.entry(id)) {
            self.check_required(running)?;
        }
        self.displace(now_ms);
        Ok(())
    }

    /// A start that leaves out project or tags gets those of the entry that runs.
    fn inherit(&self, entry: &mut Entry, fields: &Fields) {
        if !entry.is_running() && !self.rules.finished_inherits {
            return;
        }
        let running = self.running.and_then(|id| self.entry(id));
        let Some(running) = running.filter(|running| running.workspace == entry.workspace) else { return };
        if !fields.contains_key("project_id") {
            entry.project_id = running.project_id;
        }
        if fields.get("tags").is_none_or(Value::is_null) {
            entry.tags.clone_from(&running.tags);
        }
    }
}
