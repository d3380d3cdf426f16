//! What the names in the settings file were found to mean, so that Toggl is asked once.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::LastSent;
use crate::toggl::{Named, WorkspaceId};

/// What is known of names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Workspaces of the account, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workspaces: BTreeMap<String, WorkspaceId>,
    /// Projects by name, for each workspace by its number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<WorkspaceId, BTreeMap<String, Resolution<i64>>>,
}

/// What a name was found to mean when Toggl was asked last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Resolution<Id> {
    /// This one.
    Found(Id),
    /// One of these: all fit, so none is taken.
    Several(Vec<Named<Id>>),
    /// Nothing that can be seen with this token.
    Missing,
}

impl Names {
    /// Whether nothing was ever looked up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workspaces.is_empty() && self.projects.is_empty()
    }

    /// What the name of a project means in that workspace; `None`: not looked up yet.
    #[must_use]
    pub fn project(&self, workspace: WorkspaceId, name: &str) -> Option<&Resolution<i64>> {
        self.projects.get(&workspace)?.get(name)
    }

    /// Forgets the names that meant no project, or several: the next look may find one.
    pub fn forget_unresolved(&mut self) {
        for projects in self.projects.values_mut() {
            projects.retain(|_, resolution| matches!(resolution, Resolution::Found(_)));
        }
        self.projects.retain(|_, projects| !projects.is_empty());
    }
}

/// Project and tags of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Classification {
    /// Toggl's number of the project.
    pub project: Option<i64>,
    /// The names of the tags.
    pub tags: Rc<[String]>,
}

impl LastSent {
    /// Project and tags that were sent.
    #[must_use]
    pub fn classified(&self) -> Classification {
        self.classification.as_deref().cloned().unwrap_or_default()
    }
}

impl Classification {
    /// Neither project nor tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.project.is_none() && self.tags.is_empty()
    }

    /// As a record keeps it: nothing if there is nothing.
    #[must_use]
    pub fn kept(self) -> Option<Rc<Classification>> {
        (!self.is_empty()).then(|| Rc::new(self))
    }
}
