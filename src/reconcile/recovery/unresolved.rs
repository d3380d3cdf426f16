//! After a lost answer: creates and starts of which it is not known whether they were carried out.

use std::collections::{BTreeMap, BTreeSet};

use time::{Date, OffsetDateTime};

use super::adopt;
use super::window::{Days, day_of};
use crate::sidecar::{SessionKey, Sidecar};
use crate::toggl::{TimeEntry, WorkspaceId};

/// Sessions with an intent whose outcome is not known.
#[derive(Debug, Clone, Default)]
pub struct Unresolved {
    /// With the last instant at which each can have been sent, in unix milliseconds by this machine's clock.
    sent_by_ms: BTreeMap<SessionKey, i64>,
    /// Those that Toggl does not list any more: only a person can look.
    out_of_reach: BTreeSet<SessionKey>,
    /// Those that were sent to a workspace that the token does not reach.
    hidden: BTreeSet<SessionKey>,
}

impl Unresolved {
    /// The intents that an earlier run left in the sidecar. Each can have been sent for `lifetime_ms` from its time on, and
    /// not after this run began.
    #[must_use]
    pub fn left_behind(sidecar: &Sidecar, lifetime_ms: i64, began_ms: i64) -> Unresolved {
        let intents = sidecar.sessions().filter_map(|(key, _, record)| Some((key, record.intent.as_ref()?.since)));
        let sent_by = |since: i64| since.saturating_mul(1000).saturating_add(lifetime_ms).min(began_ms);
        Unresolved { sent_by_ms: intents.map(|(key, since)| (key, sent_by(since))).collect(), ..Unresolved::default() }
    }

    /// Notes that these may have been carried out, and were sent at `sent_ms` (unix milliseconds) at the latest.
    pub fn insert(&mut self, keys: &[SessionKey], sent_ms: i64) {
        self.sent_by_ms.extend(keys.iter().map(|&key| (key, sent_ms)));
    }

    /// Notes that the outcome is known.
    pub fn remove(&mut self, keys: &[SessionKey]) {
        keys.iter().for_each(|key| {
            self.sent_by_ms.remove(key);
        });
    }

    /// Whether the outcome of this session is open.
    #[must_use]
    pub fn contains(&self, key: SessionKey) -> bool {
        self.sent_by_ms.contains_key(&key)
    }

    /// All of them, in the order of the keys.
    #[must_use]
    pub fn keys(&self) -> Vec<SessionKey> {
        self.sent_by_ms.keys().copied().collect()
    }

    /// Those that Toggl was found not to list any more.
    #[must_use]
    pub fn out_of_reach(&self) -> Vec<SessionKey> {
        self.out_of_reach.iter().copied().filter(|&key| self.contains(key)).collect()
    }

    /// Those that can be looked up.
    #[must_use]
    pub fn within_reach(&self) -> Vec<SessionKey> {
        let is_out_of_reach = |key: &SessionKey| self.out_of_reach.contains(key) || self.hidden.contains(key);
        self.sent_by_ms.keys().copied().filter(|key| !is_out_of_reach(key)).collect()
    }

    /// The workspaces that those were sent to which can be looked up: `workspace` where it is not known.
    #[must_use]
    pub fn workspaces(&self, sidecar: &Sidecar, workspace: WorkspaceId) -> BTreeSet<WorkspaceId> {
        self.within_reach().into_iter().map(|key| sent_to(sidecar, key).unwrap_or(workspace)).collect()
    }

    /// Notes that the token does not reach the workspace `hidden`. Sessions of which it is not known were sent to `workspace`.
    pub fn hide(&mut self, sidecar: &Sidecar, hidden: WorkspaceId, workspace: WorkspaceId) {
        let is_hidden = |key: &SessionKey| sent_to(sidecar, *key).unwrap_or(workspace) == hidden;
        self.hidden.extend(self.sent_by_ms.keys().copied().filter(is_hidden));
    }

    /// The last instant (unix milliseconds) at which any of them can have been sent.
    #[must_use]
    pub fn sent_by_ms(&self) -> i64 {
        self.sent_by_ms.values().copied().max().unwrap_or(0)
    }

    /// The unix second from which changes in Toggl are listed to find them, without a margin. An intent from the future was
    /// dated by a clock that has been set right since.
    #[must_use]
    pub fn since(&self, sidecar: &Sidecar, now: i64) -> i64 {
        let since = |key| Some(sidecar.record(key)?.1.intent.as_ref()?.since);
        self.within_reach().into_iter().filter_map(since).fold(now, i64::min)
    }

    /// The days on which they start, as far as Toggl lists them from `floor` on.
    #[must_use]
    pub fn days(&self, sidecar: &Sidecar, floor: Date) -> Option<Days> {
        Days::of(self.within_reach().into_iter().filter_map(|key| start_of(sidecar, key)))?.from(floor)
    }

    /// Whether there are such that no list of the days from `floor` on shows.
    #[must_use]
    pub fn has_before(&self, sidecar: &Sidecar, floor: Date) -> bool {
        self.within_reach().into_iter().any(|key| is_before(sidecar, key, floor))
    }

    /// Gives those that are listed their entries and says which these are. The others are still open.
    pub fn adopt(&mut self, sidecar: &mut Sidecar, listed: &[TimeEntry], workspace: WorkspaceId) -> Vec<SessionKey> {
        let adopted = adopt(sidecar, &self.within_reach(), listed, workspace);
        self.remove(&adopted);
        adopted
    }

    /// Nothing more can be listed: what is left was not carried out if it was looked for where it would be. That is so for
    /// starts after the day `floor`, on which a list in the zone of the user's profile can begin; and for all of them if
    /// `by_change` is the whole list of what was changed since they were sent. The others are out of reach, unless a
    /// person has looked for them.
    pub fn absent(&mut self, sidecar: &mut Sidecar, floor: Date, by_change: bool, person_has_looked: bool) {
        for key in self.within_reach() {
            let is_listed = by_change || !is_before(sidecar, key, floor);
            if !is_listed && !person_has_looked {
                self.out_of_reach.insert(key);
                continue;
            }
            self.sent_by_ms.remove(&key);
            if let Some(record) = sidecar.record_mut(key) {
                record.intent = None;
            }
        }
    }
}

/// Whether a list of days that begins with the day `floor` in the zone of the user's profile may lack it.
fn is_before(sidecar: &Sidecar, key: SessionKey, floor: Date) -> bool {
    start_of(sidecar, key).is_none_or(|start| day_of(start) <= floor)
}

fn sent_to(sidecar: &Sidecar, key: SessionKey) -> Option<WorkspaceId> {
    sidecar.record(key)?.1.intent.as_ref()?.workspace
}

fn start_of(sidecar: &Sidecar, key: SessionKey) -> Option<OffsetDateTime> {
    Some(sidecar.record(key)?.1.sought_start())
}
