//! Project and tags of entries that are there already, brought into line with the settings.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{Change, Operation, Options, Wanted};
use crate::reconcile::selection::NameOrId;
use crate::sidecar::{Classification, SessionKey, SessionRecord, Sidecar, TaskRecord};
use crate::toggl::{EntryId, TimeEntry, WorkspaceId};

/// Whether that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reclassify {
    /// No: entries keep what they have.
    #[default]
    No,
    /// Yes. What a person has set in Toggl by hand is not known yet.
    Unseen,
    /// Yes, for these, as Toggl was seen to hold what was sent.
    Seen(BTreeMap<SessionKey, Fields>),
}

/// What of an entry is still as it was sent, so that it may be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields {
    /// Its project.
    pub project: bool,
    /// Its tags.
    pub tags: bool,
}

/// What a look at Toggl showed of entries that are to be reclassified.
#[derive(Debug, Default)]
pub struct Seen {
    /// Those that may be.
    pub fields: BTreeMap<SessionKey, Fields>,
    /// Those of which a person has set something by hand: that stays.
    pub by_hand: Vec<SessionKey>,
    /// Those that Toggl does not list: deleted there, which a bulk change would undo, or too old.
    pub not_listed: Vec<SessionKey>,
}

/// What entries must have in common to be changed by one request: the workspace, the project and the tags if they change,
/// and the rule that says so.
pub(super) type Target = (WorkspaceId, Option<Option<NameOrId>>, Option<Rc<[String]>>, Option<usize>);

pub(super) fn target(operation: &Operation) -> Target {
    let workspace = operation.entries.first().map_or(WorkspaceId(0), |entry| entry.workspace);
    let Wanted { project, tags, rule, .. } = &operation.wanted;
    (
        workspace,
        operation.changes_project().then(|| project.clone()),
        operation.changes_tags().then(|| Rc::clone(tags)),
        rule.map(|at| at.number),
    )
}

/// What of the project and the tags that were sent for a session is not what the settings want, and may be changed.
pub(super) fn changes(
    key: SessionKey,
    (task, record): (&TaskRecord, &SessionRecord),
    (sidecar, options): (&Sidecar, &Options),
) -> Vec<Change> {
    let may_change = match &options.reclassify {
        Reclassify::No => return Vec::new(),
        Reclassify::Unseen => Fields { project: true, tags: true },
        Reclassify::Seen(seen) => seen.get(&key).copied().unwrap_or_default(),
    };
    let Some(sent) = record.last_sent.as_ref().filter(|_| !record.removed && record.intent.is_none()) else {
        return Vec::new();
    };
    let selection = &options.selection;
    // A project of one workspace is none of another.
    if Some(sent.workspace) != selection.known_workspace(sidecar)
        || selection.excludes(task.category, &task.title, record.start).is_some()
    {
        return Vec::new();
    }
    let (wanted, before) = (Wanted::of(task, sidecar, options), sent.classified());
    let mut changes = Vec::new();
    // A project that is not there is said, whatever was seen.
    if wanted.is_unknown() || (may_change.project && wanted.project_id != before.project) {
        changes.push(Change::Project(before.project));
    }
    if may_change.tags && !same_tags(&wanted.tags, &before.tags) {
        changes.push(Change::Tags(before.tags));
    }
    changes
}

/// Compares what Toggl lists with what was sent and what is wanted now. What is as wanted already is recorded as sent: an
/// answer was lost.
pub fn see(sidecar: &mut Sidecar, options: &Options, candidates: &[SessionKey], listed: &[TimeEntry]) -> Seen {
    let there: HashMap<EntryId, &TimeEntry> =
        listed.iter().filter(|entry| !entry.deleted).map(|entry| (entry.id, entry)).collect();
    let mut seen = Seen::default();
    for &key in candidates {
        let Some((task, record)) = sidecar.record(key) else { continue };
        let Some(sent) = &record.last_sent else { continue };
        let Some(held) = there.get(&sent.id).filter(|held| held.workspace == sent.workspace) else {
            seen.not_listed.push(key);
            continue;
        };
        let (wanted, mut now) = (Wanted::of(task, sidecar, options), sent.classified());
        let mut fields = Fields::default();
        let mut is_by_hand = false;
        if wanted.project_id != now.project {
            fields.project = held.project == now.project;
            is_by_hand |= !fields.project && held.project != wanted.project_id;
            if held.project == wanted.project_id {
                now.project = held.project;
            }
        }
        if !same_tags(&wanted.tags, &now.tags) {
            fields.tags = same_tags(&held.tags, &now.tags);
            is_by_hand |= !fields.tags && !same_tags(&held.tags, &wanted.tags);
            if same_tags(&held.tags, &wanted.tags) {
                now.tags = Rc::clone(&wanted.tags);
            }
        }
        if fields != Fields::default() {
            seen.fields.insert(key, fields);
        }
        if is_by_hand {
            seen.by_hand.push(key);
        }
        if let Some(sent) = sidecar.record_mut(key).and_then(|record| record.last_sent.as_mut()) {
            sent.classification = now.kept();
        }
    }
    seen
}

impl Operation {
    /// What its entries have once it is done, which had `before`.
    #[must_use]
    pub fn classifies(&self, before: Classification) -> Classification {
        Classification {
            project: if self.changes_project() { self.wanted.project_id } else { before.project },
            tags: if self.changes_tags() { Rc::clone(&self.wanted.tags) } else { before.tags },
        }
    }

    /// Whether it gives entries that are there another project.
    #[must_use]
    pub fn changes_project(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::Project(_)))
    }

    /// Whether it gives entries that are there other tags.
    #[must_use]
    pub fn changes_tags(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::Tags(_)))
    }
}

/// Tags have no order.
fn same_tags(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|tag| other.contains(tag))
}
