//! What the settings make of a step: left alone, deleted, held back for its project, or sent with project and tags.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{HoldReason, Operation, OperationKind, Options, Step, fingerprint};
use crate::reconcile::selection::{NameOrId, RuleAt};
use crate::sidecar::{Classification, Resolution, SessionRecord, Sidecar, TaskRecord};
use crate::toggl::Named;

/// Project and tags that the settings want for an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The project, as the settings say it; `None` for none.
    pub project: Option<NameOrId>,
    /// Toggl's number of that project; `None` while its name is not looked up, or if there is none.
    pub project_id: Option<i64>,
    /// The names of the tags.
    pub tags: Rc<[String]>,
    /// The rule that decided, if one fitted.
    pub rule: Option<RuleAt>,
}

/// A project that Toggl does not have, or has several of that fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MissingProject")]
pub struct NoProject {
    /// The name in the settings.
    pub name: Rc<str>,
    /// The rule that says it; null: the line above the rules.
    pub rule: Option<RuleAt>,
    /// Those that fit, if they are several.
    pub fitting: Vec<Named<i64>>,
    /// Number of sessions that wait for it.
    pub sessions: usize,
}

impl Wanted {
    /// Whether the name of the project is still to be looked up.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.project.is_some() && self.project_id.is_none()
    }

    /// What is sent of it.
    #[must_use]
    pub fn classification(&self) -> Classification {
        Classification { project: self.project_id, tags: Rc::clone(&self.tags) }
    }

    /// Project and tags of a new entry for a session of this task, with the project's number as far as it is known.
    #[must_use]
    pub fn of(task: &TaskRecord, sidecar: &Sidecar, options: &Options) -> Wanted {
        let choice = options.selection.choice(task.category, &task.title);
        let project_id = match choice.project {
            Some(NameOrId::Id(id)) => Some(*id),
            Some(NameOrId::Name(name)) => match resolution(name, sidecar, options) {
                Some(Resolution::Found(id)) => Some(*id),
                _ => None,
            },
            None => None,
        };
        Wanted { project: choice.project.cloned(), project_id, tags: Rc::clone(choice.tags), rule: choice.rule }
    }

    /// Whether the name of the project was looked up, and means none.
    pub(super) fn has_no_project(&self, sidecar: &Sidecar, options: &Options) -> bool {
        match &self.project {
            Some(NameOrId::Name(name)) if self.project_id.is_none() => resolution(name, sidecar, options).is_some(),
            _ => false,
        }
    }
}

/// What was found out about the name of a project, in the workspace of new entries.
fn resolution<'a>(name: &str, sidecar: &'a Sidecar, options: &Options) -> Option<&'a Resolution<i64>> {
    sidecar.names.project(options.selection.known_workspace(sidecar)?, name)
}

/// Counts a session that is held back for its project.
pub(super) fn note_no_project(
    no_projects: &mut Vec<NoProject>,
    task: &TaskRecord,
    sidecar: &Sidecar,
    options: &Options,
) {
    let Wanted { project: Some(NameOrId::Name(name)), rule, .. } = Wanted::of(task, sidecar, options) else { return };
    if let Some(known) = no_projects.iter_mut().find(|known| known.name == name && known.rule == rule) {
        known.sessions += 1;
        return;
    }
    let fitting = match resolution(&name, sidecar, options) {
        Some(Resolution::Several(fitting)) => fitting.clone(),
        _ => Vec::new(),
    };
    no_projects.push(NoProject { name, rule, fitting, sessions: 1 });
}

/// Why an entry is not reclassified after all.
pub(super) fn reclassified(
    operation: &Operation,
    record: &SessionRecord,
    (sidecar, options): (&Sidecar, &Options),
) -> Option<HoldReason> {
    if operation.changes_project() && operation.wanted.has_no_project(sidecar, options) {
        return Some(HoldReason::NoProject);
    }
    let rejected = record.rejected.as_ref().filter(|_| !options.retry_rejected)?;
    (rejected.operation == fingerprint(operation)).then(|| HoldReason::rejected(rejected))
}

/// The step that is taken under the settings. `operation` makes one for the session.
pub(super) fn under_settings(
    step: Step,
    task: &TaskRecord,
    record: &SessionRecord,
    (sidecar, options): (&Sidecar, &Options),
    operation: impl FnOnce(OperationKind) -> Operation,
) -> Step {
    if record.removed || matches!(step, Step::UpToDate) && options.prune.is_none() {
        return step;
    }
    let selection = &options.selection;
    if let Some(why) = selection.excludes(task.category, &task.title, record.start) {
        let is_ours = record.last_sent.as_ref().is_some_and(|entry| !entry.adopted);
        return match step {
            Step::Hold(HoldReason::Uncertain) => step,
            _ if options.prune.is_some() && is_ours => {
                Step::Send(vec![Operation { left_alone: Some(why), ..operation(OperationKind::Delete) }])
            }
            Step::UpToDate | Step::Forgotten => step,
            // What runs in Toggl is not left to run for good.
            Step::Send(mut operations) => {
                operations.retain(|operation| matches!(operation.kind, OperationKind::Halt | OperationKind::Stop));
                if operations.is_empty() { Step::LeftAlone(why) } else { Step::Send(operations) }
            }
            Step::Hold(_) | Step::LeftAlone(_) => Step::LeftAlone(why),
        };
    }
    let Step::Send(operations) = &step else { return step };
    let makes = operations.iter().find(|operation| operation.kind.makes_an_entry());
    let is_resume = operations.iter().any(|operation| operation.kind == OperationKind::Resume);
    let postponed = selection.postpones(record.start, record.stop).filter(|_| makes.is_some() || is_resume);
    if let Some(why) = postponed {
        return Step::LeftAlone(why);
    }
    match makes {
        Some(makes) if makes.wanted.has_no_project(sidecar, options) => Step::Hold(HoldReason::NoProject),
        _ => step,
    }
}
