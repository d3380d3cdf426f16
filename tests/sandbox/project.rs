//! Projects and tags.

use serde_json::{Value, json};

use super::check::bad;
use super::route::parameters;
use super::state::{Outcome, Refused};
use super::{Entry, Sandbox};

const PAGE_MAX: usize = 200;
/// The length of a page of which nobody said how long it is.
const PAGE: usize = 151;

/// A project. Two may have one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: i64,
    pub workspace: i64,
    pub name: String,
    /// Not archived.
    pub active: bool,
}

impl Sandbox {
    /// Adds a project; from now on only such projects exist, and those in the rules. Returns its id.
    pub fn add_project(&mut self, workspace: i64, name: &str) -> i64 {
        let id = 210_000_001 + i64::try_from(self.projects.len()).expect("projects can be counted");
        self.projects.push(Project { id, workspace, name: name.to_owned(), active: true });
        id
    }

    /// Changes a project: its name, or whether it is active.
    ///
    /// # Panics
    /// If there is no such project.
    pub fn edit_project(&mut self, id: i64, change: impl FnOnce(&mut Project)) {
        change(self.projects.iter_mut().find(|project| project.id == id).expect("the project is there"));
    }

    /// Deletes a project. Its entries stay, without one.
    pub fn remove_project(&mut self, id: i64) {
        let now_ms = self.now_ms();
        // An emptied workspace must not become one in which every number is a project.
        self.rules.projects.get_or_insert_default().remove(&id);
        self.projects.retain(|project| project.id != id);
        let its: Vec<Entry> = self.iter().filter(|entry| entry.project_id == Some(id)).cloned().collect();
        for entry in its {
            self.commit(Entry { project_id: None, ..entry }, now_ms);
        }
    }

    /// The tags of a workspace, by name.
    pub fn tags(&self, workspace: i64) -> Vec<&str> {
        self.tags.iter().filter(|(its, _)| *its == workspace).map(|(_, name)| name.as_str()).collect()
    }

    /// A tag that is not known is made, without a word.
    pub(super) fn make_tags(&mut self, entry: &Entry) {
        self.tags.extend(entry.tags.iter().map(|name| (entry.workspace, name.clone())));
    }

    /// Whether an entry of this workspace may get this project.
    pub(super) fn check_project(&self, id: i64, workspace: i64) -> Result<(), Refused> {
        if self.rules.archived_projects.contains(&id) {
            return Err(bad("Project is archived"));
        }
        let in_rules = self.rules.projects.as_ref().map_or(self.projects.is_empty(), |known| known.contains(&id));
        match self.projects.iter().find(|project| project.id == id) {
            Some(project) if project.workspace != workspace => Err(bad("Project is not in this workspace")),
            Some(project) if !project.active => Err(bad("Project is archived")),
            None if !in_rules => Err(bad("Project not found")),
            _ => Ok(()),
        }
    }

    /// `GET /workspaces/{wid}/projects`: by name, a page at a time.
    pub(super) fn list_projects(&mut self, workspace: i64, query: &str) -> Outcome {
        let (mut active, mut per_page, mut page) = (None, PAGE, 1);
        for (name, value) in parameters(query) {
            match (name.as_str(), value.as_str(), value.parse()) {
                ("active", "both", _) => active = None,
                ("active", "true" | "false", _) => active = Some(value == "true"),
                ("per_page", _, Ok(number)) if (1..=PAGE_MAX).contains(&number) => per_page = number,
                ("page", _, Ok(number)) if number > 0 => page = number,
                _ => return Err(self.breach(&format!("the parameter {name}={value} is not known"))),
            }
        }
        if self.rules.projects_hidden {
            return Err(Refused(403, "Projects of this workspace are not for you".to_owned()));
        }
        let its = self.projects.iter().filter(|project| project.workspace == workspace);
        let mut found: Vec<&Project> = its.filter(|project| active.is_none_or(|is| is == project.active)).collect();
        found.sort_by_key(|project| (project.name.to_lowercase(), project.id));
        let rows = found.chunks(per_page).nth(page - 1).unwrap_or_default().iter().map(|project| {
            json!({
                "id": project.id, "workspace_id": project.workspace, "client_id": null, "name": project.name,
                "active": project.active, "is_private": false, "color": "#0b83d9", "at": "2026-01-05T08:00:00+00:00",
            })
        });
        Ok(Value::Array(rows.collect()).to_string())
    }
}
