//! What an entry must keep to, and how the fields of a request are read.

use serde_json::{Map, Value};

use super::instant;
use super::state::{Refused, Sandbox};
use super::{Entry, Required};

/// The longest text, in characters.
const DESCRIPTION_MAX: usize = 3000;
const TAGS_MAX: usize = 50;
const DURATION_MAX: i64 = 999 * 3600;
/// 2006-01-01 and 2031-01-01: the years 2006 to 2030, in UTC.
const YEARS: std::ops::Range<i64> = 1_136_073_600..1_924_992_000;

/// The fields of a request.
pub type Fields = Map<String, Value>;

impl Sandbox {
    /// Description, project and tags, as far as they are given.
    pub(super) fn set_texts(&mut self, entry: &mut Entry, fields: &Fields) -> Result<(), Refused> {
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
                self.check_project(project, entry.workspace)?;
                entry.project_id = Some(project);
            }
        }
        Ok(())
    }

    /// What every entry must keep to.
    pub(super) fn check(&self, entry: &Entry) -> Result<(), Refused> {
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

    pub(super) fn check_lock(&self, start: i64) -> Result<(), Refused> {
        match self.rules.locked_before {
            Some(locked) if start < locked => Err(bad("time entries of this period are locked")),
            _ => Ok(()),
        }
    }

    pub(super) fn check_required(&self, entry: &Entry) -> Result<(), Refused> {
        match entry.unmet(&self.rules.required_fields) {
            Some(Required::Description) => Err(bad("Description is a required field in this workspace")),
            Some(Required::Project) => Err(bad("Project is a required field in this workspace")),
            Some(Required::Tags) => Err(bad("Tags are a required field in this workspace")),
            None => Ok(()),
        }
    }

    pub(super) fn live(&self, workspace: i64, id: i64) -> Result<&Entry, Refused> {
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

    pub(super) fn object(&mut self, body: &str, known: &[&str]) -> Result<Fields, Refused> {
        let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
            return Err(self.breach("the body is no JSON object"));
        };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.violate(&format!("the field {name} is not known"));
        }
        Ok(fields)
    }

    /// A field with an instant; `null` counts as absent.
    pub(super) fn instant(&mut self, fields: &Fields, name: &str) -> Result<Option<i64>, Refused> {
        match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_str().and_then(instant::parse) {
                Some(instant) => Ok(Some(instant)),
                None => Err(self.breach(&format!("{name} is not in RFC 3339"))),
            },
        }
    }

    /// A field with a whole number; `null` counts as absent.
    pub(super) fn integer(&mut self, fields: &Fields, name: &str) -> Result<Option<i64>, Refused> {
        match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.breach(&format!("{name} is not a whole number"))),
            },
        }
    }
}

/// A refusal of what the request asks for.
pub fn bad(text: &str) -> Refused {
    Refused(400, text.to_owned())
}
