//! Looking up what the names in the settings mean: once, and again only for one that is not known.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Execution, StopReason};
use crate::reconcile::names;
use crate::reconcile::plan::{Operation, Plan};
use crate::reconcile::selection::NameOrId;
use crate::sidecar::Resolution;
use crate::toggl::{Named, WorkspaceId, questions};

impl Execution<'_, '_, '_> {
    /// The workspace of new entries: as set, as kept, or as Toggl says.
    pub(super) fn known_workspace(&mut self) -> Result<WorkspaceId, StopReason> {
        if let Some(workspace) = self.options.selection.known_workspace(self.sidecar) {
            return Ok(workspace);
        }
        let Some(NameOrId::Name(name)) = self.options.selection.workspace.clone() else { return self.ask_workspace() };
        let theirs = questions::workspaces(&mut |call| self.ask(call))?;
        let id = names::workspace(&name, &theirs).map_err(StopReason::NoWorkspace)?;
        self.sidecar.names.workspaces.insert(name.to_string(), id);
        Ok(id)
    }

    /// Looks up the projects that the plan names and that are not known. Says whether it did.
    pub(super) fn look_up_projects(&mut self, plan: &Plan) -> Result<bool, StopReason> {
        let unknown = |operation: &Operation| match &operation.wanted.project {
            Some(NameOrId::Name(name)) if operation.needs_project() => Some(Rc::clone(name)),
            _ => None,
        };
        let names: BTreeSet<Rc<str>> = plan.operations.iter().filter_map(unknown).collect();
        if names.is_empty() {
            return Ok(false);
        }
        let workspace = self.known_workspace()?;
        let Some(listed) = self.list_projects(workspace)? else { return Ok(false) };
        let known = self.sidecar.names.projects.entry(workspace).or_default();
        // The list says anew what the other names mean as well: a project may have been archived and made again.
        known.iter_mut().for_each(|(name, resolution)| *resolution = names::resolve(name, &listed));
        known.extend(names.into_iter().map(|name| (name.to_string(), names::resolve(&name, &listed))));
        self.has_listed_projects = true;
        Ok(true)
    }

    /// The active projects of a workspace. Who may not see the list sees nothing in it; `None` if the token does not reach the
    /// workspace.
    fn list_projects(&mut self, workspace: WorkspaceId) -> Result<Option<Vec<Named<i64>>>, StopReason> {
        match questions::projects(&mut |call| self.ask(call), workspace)? {
            Ok(projects) => Ok(Some(projects)),
            Err(_) => {
                self.ask_me()?;
                Ok(self.reaches(workspace)?.then(Vec::new))
            }
        }
    }

    /// Whether a rejection is about a project that was known by name and may have been archived since: then the name is
    /// looked up again, once, before a session is given up for it. Forgets what the name meant.
    pub(super) fn may_be_archived(&mut self, operation: &Operation, workspace: WorkspaceId, text: &str) -> bool {
        let is_about_project = text.to_lowercase().contains("project");
        match (&operation.wanted.project, operation.wanted.project_id) {
            (Some(NameOrId::Name(_)), Some(id))
                if operation.names_project(Some(id)) && is_about_project && !self.has_listed_projects =>
            {
                self.sidecar.names.projects.get_mut(&workspace).into_iter().for_each(|projects| {
                    projects.retain(|_, resolution| *resolution != Resolution::Found(id));
                });
                self.forgotten_project = Some(id);
                self.plans_again = true;
                true
            }
            _ => false,
        }
    }
}
