//! Second observations: what one answer says of a token, a workspace or an entry is checked by asking something else.

use time::OffsetDateTime;

use super::{Execution, LostWorkspace, StopReason};
use crate::reconcile::plan::{Operation, OperationKind};
use crate::reconcile::recovery::{Days, day_of, relink};
use crate::sidecar::Sidecar;
use crate::toggl::questions::{self, Found};
use crate::toggl::{AccountId, EntryId, EntryRef, Me, Named, SendError, WorkspaceId};

/// Whether a token of this account, if that is known, is of the account that the entries are in.
///
/// # Errors
/// [`StopReason::OtherAccount`].
pub fn check_account(sidecar: &Sidecar, account: Option<AccountId>, email: &str) -> Result<(), StopReason> {
    match (sidecar.account, account) {
        (Some(known), Some(account)) if known != account => {
            let token = if email.is_empty() { account.to_string() } else { format!("{account}, {email}") };
            Err(StopReason::OtherAccount { known, token })
        }
        _ => Ok(()),
    }
}

impl Execution<'_, '_, '_> {
    /// Whose token it is: proves that it is accepted, and that it is the account that the entries are in.
    pub(super) fn ask_me(&mut self) -> Result<Me, StopReason> {
        let me = questions::me(&mut |call| self.ask(call))?;
        self.note_account(me.account, &me.email)?;
        Ok(me)
    }

    /// Notes that the token is of this account, if that is known.
    pub(super) fn note_account(&mut self, account: Option<AccountId>, email: &str) -> Result<(), StopReason> {
        self.sidecar.account = self.sidecar.account.or(account);
        check_account(self.sidecar, account, email)
    }

    /// Whether an operation is in a workspace that was found to be out of the token's reach.
    pub(super) fn is_lost(&self, operation: &Operation, workspace: WorkspaceId) -> bool {
        let workspace = operation.entries.first().map_or(workspace, |entry| entry.workspace);
        self.report.lost.iter().any(|lost| lost.workspace == workspace)
    }

    /// Whether the token reaches this workspace now: it may have been lost a moment ago. A workspace that it does not reach is
    /// noted.
    pub(super) fn reaches(&mut self, workspace: WorkspaceId) -> Result<bool, StopReason> {
        let reached = questions::workspaces(&mut |call| self.ask(call))?;
        if reached.iter().any(|named| named.id == workspace) {
            return Ok(true);
        }
        let selection = &self.options.selection;
        if selection.workspace.is_some() && selection.known_workspace(self.sidecar) == Some(workspace) {
            // Its name may mean another one by now.
            self.sidecar.names.workspaces.clear();
            return Err(StopReason::WrongWorkspace { workspace, theirs: reached });
        }
        self.lose(workspace, reached);
        Ok(false)
    }

    fn lose(&mut self, workspace: WorkspaceId, reached: Vec<Named<WorkspaceId>>) {
        if !self.report.lost.iter().any(|lost| lost.workspace == workspace) {
            self.report.lost.push(LostWorkspace { workspace, reached });
        }
    }

    /// Toggl does not know the entry of this operation. Whether it is gone says the question for it by its id, asked of a
    /// server that has answered as Toggl does, in a workspace that the token reaches; and the list of its day, as far back as
    /// there is one. Returns what is to be sent instead.
    pub(super) fn entry_missing(&mut self, mut operation: Operation) -> Result<Vec<Operation>, StopReason> {
        let Some(entry) = operation.entries.first().copied() else { return Ok(Vec::new()) };
        if !self.effects.sender.has_spoken() {
            self.ask_me()?;
        }
        match questions::entry(&mut |call| self.ask(call), entry.id)? {
            Found::There(found) if found.workspace != entry.workspace => {
                for &key in &operation.sessions {
                    if let Some(sent) = self.sidecar.record_mut(key).and_then(|record| record.last_sent.as_mut()) {
                        sent.workspace = found.workspace;
                    }
                }
                operation.entries[0].workspace = found.workspace;
                Ok(vec![operation])
            }
            Found::There(_) => self.contradicted(operation),
            Found::Hidden(_) if !self.reaches(entry.workspace)? => Ok(Vec::new()),
            Found::Hidden(_) => self.contradicted(operation),
            Found::Gone if self.is_listed(&operation, entry.id)? => self.contradicted(operation),
            Found::Gone if !self.reaches(entry.workspace)? => Ok(Vec::new()),
            Found::Gone => match self.twin(&operation) {
                Some(twin) => {
                    operation.entries[0] = twin;
                    Ok(vec![operation])
                }
                None => Ok(self.entry_gone(operation)),
            },
        }
    }

    /// Toggl says that an entry had stopped already. When it did says the entry; one that runs all the same is stopped once
    /// more.
    pub(super) fn stopped_before(&mut self, operation: Operation) -> Result<Vec<Operation>, StopReason> {
        let Some(entry) = operation.entries.first().copied() else { return Ok(Vec::new()) };
        match questions::entry(&mut |call| self.ask(call), entry.id)? {
            Found::There(found) if found.stop.is_none() => self.contradicted(operation),
            Found::There(found) => {
                self.halted(operation, found.stop);
                Ok(Vec::new())
            }
            Found::Gone | Found::Hidden(_) => self.entry_missing(operation),
        }
    }

    /// The entry that was made anew for the session of this operation, as a list showed: an older sidecar does not know it.
    fn twin(&self, operation: &Operation) -> Option<EntryRef> {
        let (_, record) = self.sidecar.record(*operation.sessions.first()?)?;
        let sent = record.last_sent.as_ref()?;
        let twin = EntryRef { id: sent.id, workspace: sent.workspace };
        (operation.entries.first() != Some(&twin)).then_some(twin)
    }

    /// Whether Toggl lists the entry of an operation among those of its day. One list, from that day until today, does for
    /// all that are asked for after it.
    fn is_listed(&mut self, operation: &Operation, id: EntryId) -> Result<bool, StopReason> {
        let session = operation.sessions.first().and_then(|&key| self.sidecar.record(key));
        let Some(sent) = session.and_then(|(_, record)| record.last_sent.as_ref()) else { return Ok(false) };
        let first = day_of(sent.start);
        if self.listed.as_ref().is_none_or(|(from, _)| first < *from) {
            let now = OffsetDateTime::from_unix_timestamp(self.effects.sender.clock().now()).ok();
            let last = now.map_or(first, day_of).max(first);
            let (_, listed) = self.list_days(|_, floor| (first >= floor).then_some(Days { first, last }))?;
            let listed = listed.unwrap_or_default();
            relink(self.sidecar, &listed, Some(Days { first, last }));
            self.owned = None;
            let there = listed.iter().filter(|entry| !entry.deleted);
            self.listed = Some((first, there.map(|entry| entry.id).collect()));
        }
        Ok(self.listed.as_ref().is_some_and(|(_, ids)| ids.contains(&id)))
    }

    /// Toggl says one thing and its opposite: it is asked once more, and then left for the next run.
    pub(super) fn contradicted(&mut self, operation: Operation) -> Result<Vec<Operation>, StopReason> {
        if self.doubt(&operation) {
            return Ok(vec![operation]);
        }
        Err(StopReason::Send(SendError::Trouble("Toggl contradicts itself".to_owned())))
    }

    /// Notes that an operation is asked for once more. False if it was before.
    pub(super) fn doubt(&mut self, operation: &Operation) -> bool {
        let before = self.doubted.len();
        self.doubted.extend(&operation.sessions);
        self.doubted.len() == before + operation.sessions.len()
    }

    /// The entry is gone from Toggl, which is proven. A session that stands gets a new one.
    fn entry_gone(&mut self, mut operation: Operation) -> Vec<Operation> {
        if operation.kind == OperationKind::Delete {
            operation.sessions.iter().for_each(|&key| self.deleted(key));
            self.report.done.push(operation);
            return Vec::new();
        }
        self.gone.extend(operation.entries.iter().map(|entry| entry.id));
        let mut is_present = false;
        for &key in &operation.sessions {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.last_sent = None;
                is_present = !record.removed;
            }
        }
        let is_running = operation.sessions.first().copied() == self.ingested.running;
        self.plans_again |= operation.wanted.is_unknown();
        operation.kind = if operation.stop.is_some() { OperationKind::Create } else { OperationKind::Start };
        operation.entries.clear();
        operation.changes.clear();
        // Made without its project, it would be in none: the next round of the plan looks it up.
        let can_be_made = !operation.wanted.is_unknown() && is_present && (operation.stop.is_some() || is_running);
        if can_be_made { vec![operation] } else { Vec::new() }
    }
}
