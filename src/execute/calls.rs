//! Operations as calls of Toggl's API: the one place that a second time tracker would touch.

use crate::reconcile::plan::{Change, Operation, OperationKind};
use crate::toggl::{BulkChange, Call, EntryChange, EntryId, EntryRef, NewEntry, WorkspaceId, description_of};

/// The call that carries an operation out. New entries are made in `workspace`; others are where they are.
pub fn call(operation: &Operation, workspace: WorkspaceId) -> Call {
    let entry = operation.entries.first().copied().unwrap_or(EntryRef { id: EntryId(0), workspace });
    match operation.kind {
        OperationKind::Create | OperationKind::Start => Call::Create {
            workspace,
            entry: NewEntry {
                description: description_of(&operation.title),
                start: operation.start,
                stop: operation.stop,
                project: operation.wanted.project_id,
                tags: operation.wanted.tags.to_vec(),
            },
        },
        OperationKind::Stop | OperationKind::Update | OperationKind::Resume => {
            Call::Update { entry, change: change(operation) }
        }
        OperationKind::Reclassify => {
            let project = operation.changes_project().then_some(operation.wanted.project_id);
            let tags = operation.changes_tags().then(|| operation.wanted.tags.to_vec());
            match operation.entries.len() {
                ..=1 => Call::Update { entry, change: EntryChange { project, tags, ..EntryChange::default() } },
                _ => Call::Bulk {
                    workspace: entry.workspace,
                    ids: operation.entries.iter().map(|entry| entry.id).collect(),
                    change: BulkChange::Classification { project, tags },
                },
            }
        }
        OperationKind::Rename => Call::Bulk {
            workspace: entry.workspace,
            ids: operation.entries.iter().map(|entry| entry.id).collect(),
            change: BulkChange::Description(description_of(&operation.title)),
        },
        OperationKind::Halt => Call::Stop(entry),
        OperationKind::Delete => Call::Delete(entry),
    }
}

/// Only what is sent changes, so only what differs is sent; but start and stop go together.
fn change(operation: &Operation) -> EntryChange {
    let has = |which: fn(&Change) -> bool| operation.changes.iter().any(which);
    let moves = has(|change| matches!(change, Change::Start(_) | Change::Stop(_)));
    EntryChange {
        description: has(|change| matches!(change, Change::Title(_))).then(|| description_of(&operation.title)),
        times: (moves || operation.kind != OperationKind::Update).then_some((operation.start, operation.stop)),
        ..EntryChange::default()
    }
}
