//! The account's workspaces: their names, and what is left of those that were lost.

use serde_json::{Value, json};

use super::state::{Outcome, Refused};
use super::{Loss, Sandbox};

impl Sandbox {
    /// The account gets this workspace, for the first time or again.
    pub fn add_workspace(&mut self, id: i64, name: &str) {
        self.rules.lost_workspaces.remove(&id);
        self.rules.workspace_names.insert(id, name.to_owned());
        if !self.rules.workspaces.contains(&id) {
            self.rules.workspaces.push(id);
        }
    }

    /// The account has this workspace no more.
    pub fn lose_workspace(&mut self, id: i64, loss: Loss) {
        self.rules.workspaces.retain(|&known| known != id);
        self.rules.lost_workspaces.insert(id, loss);
    }

    /// What the workspace is called.
    pub fn workspace_name(&self, id: i64) -> String {
        self.rules.workspace_names.get(&id).cloned().unwrap_or_else(|| format!("Workspace {id}"))
    }

    pub(super) fn workspaces(&mut self) -> Outcome {
        let of = |&id: &i64| {
            json!({
                "id": id, "organization_id": self.rules.organization, "name": self.workspace_name(id),
                "premium": false, "admin": true, "role": "admin",
            })
        };
        Ok(Value::Array(self.rules.workspaces.iter().map(of).collect()).to_string())
    }

    /// Whether the account may do anything in this workspace.
    pub(super) fn enter_workspace(&self, id: i64) -> Result<(), Refused> {
        if self.rules.workspaces.contains(&id) {
            return Ok(());
        }
        Err(match self.rules.lost_workspaces.get(&id) {
            Some(Loss::Deleted) => Refused(404, "Workspace not found".to_owned()),
            Some(Loss::Access) | None => Refused(403, "User does not have access to this workspace".to_owned()),
        })
    }
}
