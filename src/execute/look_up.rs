//! Looking at what Toggl holds, when what was sent is uncertain or the sidecar is new.

use std::collections::HashSet;
use std::time::Duration;

use time::Date;

use super::{Execution, StopReason};
use crate::reconcile::recovery::{Days, LAG, Recovered, SKEW, Scan, day_of, midnight};
use crate::sidecar::{LastSent, Sidecar};
use crate::toggl::{Bucket, Call, EntryId, LIST_CAP, Refusal, SendError, TimeEntry, WorkspaceId, questions};

impl Execution<'_, '_, '_> {
    /// The account's default workspace, kept for later runs.
    pub(super) fn ask_workspace(&mut self) -> Result<WorkspaceId, StopReason> {
        let me = self.ask_me()?;
        let none = || StopReason::NoWorkspace("the account has no default one".to_owned());
        let workspace = me.workspace.ok_or_else(none)?;
        self.sidecar.workspace = Some(workspace);
        Ok(workspace)
    }

    /// Resolves every uncertain create and start: by what was changed in Toggl since, and by the days of those that are not
    /// among that. Only what neither shows was not carried out, once enough time has passed that no list can lag behind: a
    /// clock that was wrong when the intent was written, or is so now, hides a change, and no day.
    pub(super) fn resolve(&mut self) -> Result<(), StopReason> {
        if self.unresolved.within_reach().is_empty() {
            return Ok(());
        }
        // What cannot be asked need not be waited for.
        self.wait_for_turn(Bucket::User)?;
        let lag = Duration::from_secs(LAG.unsigned_abs());
        self.effects.sender.sleep_until_ms(self.unresolved.sent_by_ms().saturating_add(LAG * 1000), lag);
        let workspace = self.known_workspace()?;
        let changed = self.list_changed()?;
        let by_change = changed.as_ref().is_some_and(|changed| changed.len() < LIST_CAP);
        let mut seen = changed.unwrap_or_default();
        self.adopt(&seen, workspace);
        let unresolved = self.unresolved.clone();
        let (floor, listed) = self.list_days(|sidecar, floor| unresolved.days(sidecar, floor))?;
        seen.extend(listed.unwrap_or_default());
        self.adopt(&seen, workspace);
        if by_change && self.unresolved.has_before(self.sidecar, floor) {
            // No day shows these, and a clock that was ahead when they were sent hides the change: as far back as there is.
            let call = Call::ChangedSince(midnight(floor.saturating_add(time::Duration::DAY)));
            seen.extend(questions::entries(&mut |call| self.ask(call), &call)?.unwrap_or_default());
            self.adopt(&seen, workspace);
        }
        self.hide(&seen, workspace)?;
        self.unresolved.absent(self.sidecar, floor, by_change, self.options.send_unlisted);
        self.save_if_changed()
    }

    /// What was changed in Toggl since the first of the uncertain was sent; `None` if Toggl does not list by change any
    /// more what is so old. A list that is full is not whole.
    fn list_changed(&mut self) -> Result<Option<Vec<TimeEntry>>, StopReason> {
        let since = self.unresolved.since(self.sidecar, self.effects.sender.clock().now());
        let mut margin = SKEW;
        loop {
            let call = Call::ChangedSince((since - margin).max(0));
            let listed = questions::entries(&mut |call| self.ask(call), &call)?;
            // A look from a time that the server's clock puts elsewhere looks in the wrong place.
            let skew = self.effects.sender.skew().unwrap_or(0).saturating_abs();
            if skew < margin || margin != SKEW {
                return Ok(listed.ok());
            }
            margin = skew.saturating_add(SKEW);
        }
    }

    /// Lists show nothing of a workspace that the token does not reach: what was sent there stays uncertain. One of which
    /// something was `seen` is reached.
    fn hide(&mut self, seen: &[TimeEntry], workspace: WorkspaceId) -> Result<(), StopReason> {
        for sent_to in self.unresolved.workspaces(self.sidecar, workspace) {
            if !is_seen(seen, sent_to) && !self.reaches(sent_to)? {
                self.unresolved.hide(self.sidecar, sent_to, workspace);
            }
        }
        Ok(())
    }

    fn adopt(&mut self, listed: &[TimeEntry], workspace: WorkspaceId) {
        let adopted = self.unresolved.adopt(self.sidecar, listed, workspace);
        self.report.adopted.extend(adopted);
        self.owned = None;
    }

    /// Looks for sessions that may be in Toggl already: one list for each thousand entries.
    pub(super) fn scan(&mut self) -> Result<(), StopReason> {
        let wanted = Scan::wanted(self.sidecar, &self.options.selection);
        let workspace = self.known_workspace()?;
        let (floor, mut listed) = self.list_days(|sidecar, floor| Scan::of(sidecar, wanted.clone(), floor).days)?;
        let scan = Scan::of(self.sidecar, wanted, floor);
        if let (Some(listed), Some(days)) = (&mut listed, scan.days)
            && (self.sidecar.lost_until.is_some() || self.lacks_what_was_sent(listed, days, workspace))
        {
            self.complete(listed, days, workspace)?;
        }
        self.report.window_starts = scan.is_cut.then_some(floor);
        self.unproven_scan = scan.from(self.sidecar);
        let is_reached = listed.as_ref().is_none_or(|listed| is_seen(listed, workspace));
        if let Some(listed) = listed {
            let Recovered { adopted, assumed } = scan.recover(self.sidecar, self.ingested, &listed, workspace);
            self.report.adopted.extend(adopted);
            self.report.assumed.extend(assumed);
        }
        if is_reached {
            self.note_scan();
        }
        self.save_if_changed()
    }

    /// Whether a list shows nothing of a workspace, though entries were sent there that start on these days.
    fn lacks_what_was_sent(&self, listed: &[TimeEntry], days: Days, workspace: WorkspaceId) -> bool {
        let lies_there =
            |sent: &LastSent| sent.workspace == workspace && (days.first..=days.last).contains(&day_of(sent.start));
        let sent = || self.sidecar.sessions().filter_map(|(.., record)| record.last_sent.as_ref());
        !is_seen(listed, workspace) && sent().any(lies_there)
    }

    /// Adds to the list of these days what Toggl shows if it is asked in another way: what one list does not show after a
    /// loss, or with nothing in it, is no proof that it is not there.
    fn complete(&mut self, listed: &mut Vec<TimeEntry>, days: Days, workspace: WorkspaceId) -> Result<(), StopReason> {
        let call = Call::ChangedSince(midnight(days.first.saturating_add(time::Duration::DAY)));
        let changed = questions::entries(&mut |call| self.ask(call), &call)?.unwrap_or_default();
        if changed.len() >= LIST_CAP && !is_seen(listed, workspace) {
            return Err(StopReason::Send(SendError::Trouble("Toggl contradicts itself".to_owned())));
        }
        let known: HashSet<EntryId> = listed.iter().map(|entry| entry.id).collect();
        listed.extend(changed.into_iter().filter(|entry| !known.contains(&entry.id)));
        Ok(())
    }

    /// The workspace that was looked in is reached, as the first new entry in it shows: what the list did not show is not there.
    pub(super) fn note_scan(&mut self) {
        if let Some(from) = self.unproven_scan.take() {
            let before = self.sidecar.scanned_from;
            self.sidecar.scanned_from = Some(before.map_or(from, |before| before.min(from)));
            self.sidecar.lost_until = None;
        }
    }

    /// All entries that start on the days that `days` names for the first day that Toggl lists; `None` if it names none.
    /// Which day that is says our clock or the server's, which the first answer tells: it is asked for by the one that puts it
    /// earlier, or at last by Toggl's refusal.
    pub(super) fn list_days(
        &mut self,
        days: impl Fn(&Sidecar, Date) -> Option<Days>,
    ) -> Result<(Date, Option<Vec<TimeEntry>>), StopReason> {
        if self.effects.sender.skew().is_none() && days(self.sidecar, self.effects.sender.first_listed()).is_none() {
            // Our clock alone is no reason not to look.
            if days(self.sidecar, Date::MIN).is_some() {
                self.ask_me()?;
            }
        }
        let mut floor = self.effects.sender.first_listed();
        let mut is_too_early = false;
        loop {
            let Some(Days { first, last }) = days(self.sidecar, floor) else { return Ok((floor, None)) };
            let listed = questions::started(&mut |call| self.ask(call), (first, last), floor)?;
            let Refusal { status, text } = match listed {
                Ok(listed) => {
                    let earlier = self.effects.sender.first_listed();
                    if is_too_early || earlier >= floor || days(self.sidecar, earlier) == Some(Days { first, last }) {
                        return Ok((floor, Some(listed)));
                    }
                    floor = earlier;
                    continue;
                }
                Err(refusal) => refusal,
            };
            is_too_early = true;
            floor = self.effects.sender.first_listed_after(floor, &text).ok_or_else(|| {
                StopReason::Send(SendError::Trouble(format!(
                    "Toggl would not list its entries (status {status}): {text}"
                )))
            })?;
        }
    }
}

fn is_seen(listed: &[TimeEntry], workspace: WorkspaceId) -> bool {
    listed.iter().any(|entry| entry.workspace == workspace)
}
