//! The sidecar `toggl.json`, as values: what was recorded of every session, and what Toggl holds of it.
//!
//! The records of one task form a [`TaskRecord`]. A record's start and stop are the instants of the session as they were
//! determined when it was first seen; they are never recomputed while its minutes stay the same. Its [`LastSent`] is
//! what was last sent to Toggl. Where the two differ, something is to be done.

mod archive;
mod digest;
pub mod file;
mod json;
mod key;
pub mod log;
mod names;
mod waiting;

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

pub use archive::Archive;
pub use digest::Digest;
pub use json::FormatError;
pub use names::{Classification, Names, Resolution};
pub use waiting::{Said, Waiting};

pub use crate::chute_kun::snapshot::{Category, List};

use crate::toggl::quota::Quota;
use crate::toggl::{AccountId, EntryId, WorkspaceId, describes, description_of};
use crate::zone::Minute;

/// The version of the file format that this program reads and writes.
pub const VERSION: u64 = 1;

/// All that is remembered from one push to the next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sidecar {
    /// Which save of which sidecar it is.
    pub revision: Revision,
    /// The id of the Toggl account that the entries are in, once Toggl has named it.
    pub account: Option<AccountId>,
    /// Toggl's default workspace, once `GET /me` was asked for it.
    pub workspace: Option<WorkspaceId>,
    /// What Toggl said to all sessions alike, so that it was held to be about none of them.
    pub rejects_all: Option<RejectsAll>,
    /// Save instant of the last snapshot that was ingested (unix seconds): every session that is not recorded lies after
    /// it.
    pub last_snapshot_saved: Option<i64>,
    /// That snapshot's bytes, by their digest.
    pub snapshot_digest: Option<Digest>,
    /// The session that ran in that snapshot: a halt or resume of it, or of another, may have been sent since.
    pub running: Option<SessionKey>,
    /// The snapshot's file: absolute, links followed. What may stand there in its place is for whoever reads it to judge.
    pub snapshot: Option<String>,
    /// What the names in the settings were found to mean.
    pub names: Names,
    /// What is known of Toggl's quota, and when the last request was sent.
    pub quota: Quota,
    /// The day (UTC) from which sessions without an entry have been looked for in Toggl: what starts before it may be
    /// there, sent by way of a sidecar that was lost. `None`: none has been looked for.
    pub scanned_from: Option<Date>,
    /// This machine had saved a later one, which is lost, and with it the records of sessions up to this instant (unix
    /// seconds): they may be in Toggl on another day than they seem to be of. Until they were looked for.
    pub lost_until: Option<i64>,
    /// The name of the time zone of the last push, where it has one.
    pub zone: Option<String>,
    /// Since when something waits to be sent.
    pub waiting: Option<Waiting>,
    /// What needed attention when that was last said.
    pub attention: Option<Said>,
    /// The tasks with sessions that were ever seen, but for those in the archive.
    pub tasks: BTreeMap<TaskKey, TaskRecord>,
    /// Tasks of past that are settled, unread.
    pub archive: Option<Archive>,
}

/// Which save of which sidecar this is, in terraform's words: what says that a sidecar is the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Random, given once. Empty in a sidecar that was never saved.
    pub lineage: String,
    /// One more at each save.
    pub serial: u64,
}

/// What a machine remembers of the sidecar that it saved last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLast {
    /// Which save it was.
    #[serde(flatten)]
    pub revision: Revision,
    /// Save instant of the last snapshot that was ingested (unix seconds), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_snapshot_saved: Option<i64>,
}

/// `YMD/TASK`: the day of the task's first session and a number, given once and never recomputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    /// `YYYYMMDD` in the zone in force when the task was first seen.
    pub day: u32,
    /// The task's position when first seen, or the next number that was free on that day.
    pub number: u32,
}

/// `YMD/TASK/SESSION`: a task and the number of a session in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// The task.
    pub task: TaskKey,
    /// The session's position when first seen, or the next number that was free in the task.
    pub session: u32,
}

/// Where a task stood in the last snapshot. Evidence of identity, and weak: lists move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The list.
    pub list: List,
    /// The position in it, from 0.
    pub index: u32,
}

/// The records of one task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRecord {
    /// The title in the last snapshot that had the task, uncut.
    pub title: Rc<str>,
    /// Its category in that snapshot.
    pub category: Category,
    /// `planned_ymd` in that snapshot.
    pub planned: u32,
    /// Where the task stood in the last snapshot that was ingested; `None` when it was not there.
    pub place: Option<Place>,
    /// The sessions, by number. Never empty.
    pub sessions: Vec<SessionRecord>,
}

/// What is known of one session. A long history has tens of thousands of them, each looked at several times a push: what
/// is rare is kept elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRecord {
    /// The session number of the key.
    pub number: u32,
    /// The minutes in the last snapshot that had the session.
    pub minutes: Minutes,
    /// When it started, with the offset in force then.
    pub start: OffsetDateTime,
    /// When it stopped, with the offset in force then; `None` while it is open.
    pub stop: Option<OffsetDateTime>,
    /// Another day is nearly as likely.
    pub inferred: bool,
    /// The likeliest other day of the start, or of the stop where the start is certain. Kept in the file only if the chosen
    /// one is inferred.
    pub other_day: Option<Date>,
    /// The session was not in the last snapshot that was ingested.
    pub removed: bool,
    /// Taken to be in Toggl, though nothing shows it: not listed when a lost sidecar was rebuilt, being too old.
    pub assumed: bool,
    /// What Toggl holds, as last sent and answered.
    pub last_sent: Option<LastSent>,
    /// A create or start that may have been sent and whose outcome is not known.
    pub intent: Option<Box<Intent>>,
    /// What Toggl rejected and would reject again.
    pub rejected: Option<Box<Rejection>>,
}

/// The two minutes of a session, as Chute_kun wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Minutes {
    /// Local minute of the start.
    pub start: Minute,
    /// Local minute of the end; `None` while open.
    pub end: Option<Minute>,
}

/// A time entry in Toggl, as it was last sent.
#[derive(Debug, Clone, PartialEq)]
pub struct LastSent {
    /// Toggl's id.
    pub id: EntryId,
    /// The workspace it is in.
    pub workspace: WorkspaceId,
    /// Its text: the title, cut to Toggl's limit. As a rule that is the task's title, held once for both.
    pub description: Rc<str>,
    /// Its start.
    pub start: OffsetDateTime,
    /// Its stop; `None` while it runs.
    pub stop: Option<OffsetDateTime>,
    /// It was halted while its session was open: its stop is the server's clock, and no fact.
    pub halted: bool,
    /// It was found in Toggl, and no request of this program is known that made it.
    pub adopted: bool,
    /// Project and tags that were sent; `None` if none were, or if it was adopted.
    pub classification: Option<Rc<Classification>>,
    /// What of it stands, whatever its session says.
    pub accepted: Accepted,
}

impl LastSent {
    /// An entry as it was just sent, neither halted, adopted nor corrected, without project and tags.
    #[must_use]
    pub fn new(
        id: EntryId,
        workspace: WorkspaceId,
        description: Rc<str>,
        start: OffsetDateTime,
        stop: Option<OffsetDateTime>,
    ) -> LastSent {
        LastSent {
            id,
            workspace,
            description,
            start,
            stop,
            halted: false,
            adopted: false,
            classification: None,
            accepted: Accepted::default(),
        }
    }
}

/// What of an entry a person corrected in Toggl and accepted: it stands until that side of its session changes in
/// Chute_kun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The text, until the title changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
    /// Start and stop, until a minute of the session changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub times: bool,
}

/// On disk before a create or start is sent: from then on the request may have been carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Unix seconds by this machine's clock, before the first request that the intent covers.
    pub since: i64,
    /// The start that was to be sent. The session's own may be edited before the outcome is known.
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    /// The description that was to be sent; likewise.
    pub description: String,
    /// The workspace that it was to be sent to; `None` in old files, which did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceId>,
    /// The project that was to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<i64>,
    /// The tags that were to be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// A rejection that repeating unchanged would only repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The HTTP status.
    pub status: u16,
    /// What Toggl said.
    pub text: String,
    /// Fingerprint of the operation that was rejected; a changed one is sent.
    pub operation: String,
    /// The person knows of it: it needs no attention any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledged: bool,
}

/// A rejection that met every session in a row. Met again an hour later it is believed of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectsAll {
    /// When it was met first: unix seconds by this machine's clock.
    pub since: i64,
    /// Whether it met new entries, and not changes of entries that are there.
    pub creates: bool,
    /// The HTTP status.
    pub status: u16,
    /// What Toggl said.
    pub text: String,
}

impl Sidecar {
    /// The task and record of a key.
    #[must_use]
    pub fn record(&self, key: SessionKey) -> Option<(&TaskRecord, &SessionRecord)> {
        let task = self.tasks.get(&key.task)?;
        let at = task.sessions.binary_search_by_key(&key.session, |record| record.number).ok()?;
        Some((task, task.sessions.get(at)?))
    }

    /// The record of a key, to be changed.
    pub fn record_mut(&mut self, key: SessionKey) -> Option<&mut SessionRecord> {
        let task = self.tasks.get_mut(&key.task)?;
        let at = task.sessions.binary_search_by_key(&key.session, |record| record.number).ok()?;
        task.sessions.get_mut(at)
    }

    /// All records with their keys, in the order of the keys.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionKey, &TaskRecord, &SessionRecord)> {
        self.tasks.iter().flat_map(|(&key, task)| {
            task.sessions.iter().map(move |record| (SessionKey { task: key, session: record.number }, task, record))
        })
    }

    /// Takes a record out, and its task with the last of them.
    pub fn remove(&mut self, key: SessionKey) {
        if let Some(task) = self.tasks.get_mut(&key.task) {
            task.sessions.retain(|record| record.number != key.session);
            if task.sessions.is_empty() {
                self.tasks.remove(&key.task);
            }
        }
    }

    /// The next revision, for a save. `lineage` is asked for the number of a sidecar that was never saved.
    pub fn advance(&mut self, lineage: impl FnOnce() -> u64) {
        if self.revision.lineage.is_empty() {
            self.revision.lineage = format!("{:016x}", lineage());
        }
        self.revision.serial += 1;
    }

    /// What to remember of this sidecar once it is saved.
    #[must_use]
    pub fn saved_last(&self) -> SavedLast {
        SavedLast { revision: self.revision.clone(), last_snapshot_saved: self.last_snapshot_saved }
    }

    /// Whether a task has this key, archived or not.
    #[must_use]
    pub fn has_task(&self, key: TaskKey) -> bool {
        self.tasks.contains_key(&key) || self.archive.as_ref().is_some_and(|archive| archive.has(key))
    }

    /// The ids of all entries that are recorded, but for those of the archive: see [`Sidecar::has_archived_entry`].
    #[must_use]
    pub fn entry_ids(&self) -> HashSet<EntryId> {
        self.sessions().filter_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.id)).collect()
    }

    /// Whether an archived session has the entry with this id.
    #[must_use]
    pub fn has_archived_entry(&self, id: EntryId) -> bool {
        self.archive.as_ref().is_some_and(|archive| archive.owns(id))
    }

    /// How many sessions are archived: all of them are up to date.
    #[must_use]
    pub fn archived_sessions(&self) -> usize {
        self.archive.as_ref().map_or(0, |archive| archive.sessions)
    }

    /// Whether any create or start is still unaccounted for.
    #[must_use]
    pub fn has_open_intents(&self) -> bool {
        self.sessions().any(|(_, _, record)| record.intent.is_some())
    }

    /// Whether this is another account than the one that the entries are in, as far as both are known.
    #[must_use]
    pub fn is_other_account(&self, account: Option<AccountId>) -> bool {
        self.account.zip(account).is_some_and(|(known, account)| known != account)
    }

    /// Whether the next push has to know every session: it looks for them in Toggl before it makes any.
    #[must_use]
    pub fn needs_all(&self) -> bool {
        self.scanned_from.is_none() || self.has_open_intents()
    }
}

impl TaskRecord {
    /// The description that its title becomes: held once for both, unless it is cut.
    #[must_use]
    pub fn description(&self) -> Rc<str> {
        if describes(&self.title, &self.title) { Rc::clone(&self.title) } else { description_of(&self.title).into() }
    }
}

impl SessionRecord {
    /// A session that Toggl knows nothing of, and whose day is certain.
    #[must_use]
    pub fn new(number: u32, minutes: Minutes, start: OffsetDateTime, stop: Option<OffsetDateTime>) -> SessionRecord {
        SessionRecord {
            number,
            minutes,
            start,
            stop,
            inferred: false,
            other_day: None,
            removed: false,
            assumed: false,
            last_sent: None,
            intent: None,
            rejected: None,
        }
    }

    /// Start and stop that its entry is to have: the session's own, or those that were accepted from Toggl.
    #[must_use]
    pub fn wanted_times(&self) -> (OffsetDateTime, Option<OffsetDateTime>) {
        match &self.last_sent {
            Some(entry) if entry.accepted.times => (entry.start, entry.stop),
            _ => (self.start, self.stop),
        }
    }

    /// Whether a person has accepted the times that Toggl holds.
    #[must_use]
    pub fn has_accepted_times(&self) -> bool {
        self.last_sent.as_ref().is_some_and(|entry| entry.accepted.times)
    }

    /// The start by which its entry is known in Toggl while it is not known by its id: the one that was sent, even if
    /// the session was edited since.
    #[must_use]
    pub fn sought_start(&self) -> OffsetDateTime {
        self.intent.as_ref().map_or(self.start, |intent| intent.start)
    }
}
