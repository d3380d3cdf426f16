//! The calls that change entries.

use serde_json::{Map, Value};

use super::instant;
use super::state::{Outcome, Refused, Sandbox};
use super::{Entry, Required};

/// The longest text, in characters.
const DESCRIPTION_MAX: usize = 3000;
const TAGS_MAX: usize = 50;
const BULK_MAX: usize = 100;
const DURATION_MAX: i64 = 999 * 3600;
/// 2006-01-01 and 2031-01-01: the years 2006 to 2030, in UTC.
const YEARS: std::ops::Range<i64> = 1_136_073_600..1_924_992_000;

const CREATE_FIELDS: &[&str] =
    &["created_with", "workspace_id", "description", "start", "stop", "duration", "project_id", "tags", "tag_ids"];
const UPDATE_FIELDS: &[&str] = CREATE_FIELDS;

type Fields = Map<String, Value>;

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
        if !self.rules.workspaces.contains(&workspace) {
            return Err(Refused(403, "User does not have access to this workspace".to_owned()));
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
                (Some("replace"), Some(field @ ("description" | "tags")), Some(value)) => {
                    fields.insert(field.to_owned(), value.clone());
                }
                _ => return Err(self.breach("only replace of /description and /tags is reliable")),
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
        let mut entry = self.live(workspace, id)?.clone();
        self.set_texts(&mut entry, fields)?;
        self.check(&entry)?;
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
        entry.stop = Some(now_ms.div_euclid(1000).max(entry.start));
        self.check(&entry)?;
        Ok(self.keep(entry, now_ms))
    }

    pub(super) fn delete(&mut self, workspace: i64, id: i64, now_ms: i64) -> Outcome {
        let mut entry = self.live(workspace, id)?.clone();
        self.check_lock(entry.start)?;
        entry.deleted = Some(now_ms.div_euclid(1000));
        self.commit(entry, now_ms);
        Ok(String::new())
    }

    /// Keeps the entry and writes it out as the answer.
    fn keep(&mut self, entry: Entry, now_ms: i64) -> String {
        let id = entry.id;
        self.commit(entry, now_ms);
        let mut out = String::with_capacity(400);
        if let Some(stored) = self.entries.get(&id) {
            stored.entry.push_json(&mut out, self.shape);
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

    /// Description, project and tags, as far as they are given.
    fn set_texts(&mut self, entry: &mut Entry, fields: &Fields) -> Result<(), Refused> {
        match fields.get("description") {
            None => {}
            Some(Value::String(text)) => entry.description.clone_from(text),
            Some(Value::Null) => entry.description.clear(),
            Some(_) => return Err(self.breach("description must be a string")),
        }
        match fields.get("tags") {
            None => {}
            Some(Value::Null) => entry.tags.clear(),
            Some(tags) => {
                match tags.as_array().map(|tags| tags.iter().map(Value::as_str).collect::<Option<Vec<_>>>()) {
                    Some(Some(tags)) => entry.tags = tags.into_iter().map(str::to_owned).collect(),
                    _ => return Err(self.breach("tags must be strings")),
                }
            }
        }
        if fields.contains_key("tag_ids") {
            return Err(self.breach("tag_ids must not be null, and need not be sent"));
        }
        match fields.get("project_id") {
            None => {}
            Some(Value::Null) => entry.project_id = None,
            Some(given) => {
                let Some(project) = given.as_i64() else { return Err(self.breach("project_id must be an integer")) };
                if self.rules.projects.as_ref().is_some_and(|projects| !projects.contains(&project)) {
                    return Err(bad("Project not found"));
                }
                if self.rules.archived_projects.contains(&project) {
                    return Err(bad("Project is archived"));
                }
                entry.project_id = Some(project);
            }
        }
        Ok(())
    }

    /// What every entry must keep to.
    fn check(&self, entry: &Entry) -> Result<(), Refused> {
        if entry.description.len() > DESCRIPTION_MAX && entry.description.chars().count() > DESCRIPTION_MAX {
            return Err(bad("Description must not be longer than 3000 characters"));
        }
        if entry.tags.len() > TAGS_MAX {
            return Err(bad("no more than 50 tags"));
        }
        if !YEARS.contains(&entry.start) || entry.stop.is_some_and(|stop| !YEARS.contains(&stop)) {
            return Err(bad("start and stop must be in the years 2006 to 2030"));
        }
        if entry.stop.is_some_and(|stop| stop - entry.start > DURATION_MAX) {
            return Err(bad("duration must not be longer than 999 hours"));
        }
        self.check_lock(entry.start)?;
        self.check_required(entry)?;
        match self.rules.refusals.iter().find(|refusal| refusal.description == entry.description) {
            Some(refusal) => Err(Refused(refusal.status, refusal.body.clone())),
            None => Ok(()),
        }
    }

    fn check_lock(&self, start: i64) -> Result<(), Refused> {
        match self.rules.locked_before {
            Some(locked) if start < locked => Err(bad("time entries of this period are locked")),
            _ => Ok(()),
        }
    }

    fn check_required(&self, entry: &Entry) -> Result<(), Refused> {
        match entry.unmet(&self.rules.required_fields) {
            Some(Required::Description) => Err(bad("Description is a required field in this workspace")),
            Some(Required::Project) => Err(bad("Project is a required field in this workspace")),
            Some(Required::Tags) => Err(bad("Tags are a required field in this workspace")),
            None => Ok(()),
        }
    }

    fn live(&self, workspace: i64, id: i64) -> Result<&Entry, Refused> {
        match self.entry(id) {
            Some(entry) if entry.workspace == workspace && entry.deleted.is_none() => Ok(entry),
            _ => Err(Refused(404, "Time entry not found".to_owned())),
        }
    }

    /// A refusal of something that no careful client sends.
    pub(super) fn breach(&mut self, what: &str) -> Refused {
        self.violate(what);
        bad(what)
    }

    fn object(&mut self, body: &str, known: &[&str]) -> Result<Fields, Refused> {
        let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
            return Err(self.breach("the body is no JSON object"));
        };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.violate(&format!("the field {name} is not known"));
        }
        Ok(fields)
    }

    /// A field with an instant; `null` counts as absent.
    fn instant(&mut self, fields: &Fields, name: &str) -> Result<Option<i64>, Refused> {
        match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_str().and_then(instant::parse) {
                Some(instant) => Ok(Some(instant)),
                None => Err(self.breach(&format!("{name} is not in RFC 3339"))),
            },
        }
    }

    /// A field with a whole number; `null` counts as absent.
    fn integer(&mut self, fields: &Fields, name: &str) -> Result<Option<i64>, Refused> {
        match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.breach(&format!("{name} is not a whole number"))),
            },
        }
    }
}

fn bad(text: &str) -> Refused {
    Refused(400, text.to_owned())
}
