//! Years of settled history, kept but not read.
//!
//! Nearly all of a long history is tasks of past whose sessions are all closed and up to date. Their records are kept
//! in a part of the sidecar of their own, as the text that they are, together with a hash of the snapshot's text that
//! they were made from. As long as past begins with that very text, none of them can need anything, so neither the
//! tasks nor their records are parsed: the records are copied from the old sidecar to the new one as they are. What
//! makes that safe:
//!
//! - A task goes into the archive only if all of it was sent: closed, nothing rejected, uncertain, gone or assumed.
//!   What was sent of such a session depends on the task's text alone, and the text is the same.
//! - The archive stands for the *first* tasks of past, and for all of them without a hole. So what is beside it in the
//!   snapshot is beside it in the sidecar, and identity has nothing to choose between.
//! - Whatever is not as it was (a task edited, deleted or restored, a hash that does not agree, a file that is not
//!   written the way Chute_kun writes) and whatever looks at old sessions (pruning, ranges of days, intents, looks,
//!   `verify`) takes the archive apart first: [`Sidecar::unarchive`]. Then all is as if there had never been one.

use std::collections::HashMap;

use super::json::{self, FormatError};
use super::{List, Sidecar, TaskKey};
use crate::chute_kun::snapshot::KnownPast;
use crate::chute_kun::snapshot::blocks::Blocks;
use crate::toggl::{EntryId, describes};

/// Settled tasks at the beginning of past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The tasks, by their text in the snapshot.
    pub past: KnownPast,
    /// How many sessions they have.
    pub sessions: usize,
    /// The latest day of their keys.
    pub last_day: u32,
    /// The JSON object of the tasks, as text.
    pub(super) tasks: String,
    /// The JSON object of the entries, as text.
    pub(super) entries: String,
}

/// An archive is made or made anew once this many records could go into it: making one costs as much as reading all.
const WORTHWHILE: usize = 1000;

impl Archive {
    /// Whether a task of the archive has this key.
    #[must_use]
    pub fn has(&self, key: TaskKey) -> bool {
        key.day <= self.last_day && self.tasks.contains(&format!("\"{key}\":"))
    }

    /// Whether an entry of the archive has this id.
    #[must_use]
    pub fn owns(&self, id: EntryId) -> bool {
        self.entries.contains(&format!("\"id\":{id},"))
    }
}

impl Sidecar {
    /// Takes the archive apart: its records are records like all others.
    ///
    /// # Errors
    /// [`FormatError`], if the archive is damaged.
    pub fn unarchive(&mut self) -> Result<(), FormatError> {
        if let Some(archive) = self.archive.take() {
            json::read_into(&mut self.tasks, &archive.tasks, &archive.entries)?;
        }
        Ok(())
    }

    /// Puts what is settled at the beginning of past into the archive, if that is worthwhile and the next push could leave
    /// it unread, and says whether it did.
    /// The sidecar must have ingested the snapshot of these blocks just now.
    ///
    /// # Errors
    /// [`FormatError`], if the archive that there was is damaged; [`std::io::Error`], if a record cannot be written.
    pub fn archive(&mut self, blocks: &Blocks<'_>) -> Result<bool, ArchiveError> {
        let known = self.archive.as_ref().map_or(0, |archive| archive.past.tasks);
        if self.needs_all()
            || self.settled(blocks, known).iter().map(|&(_, sessions)| sessions).sum::<usize>() < WORTHWHILE
        {
            return Ok(false);
        }
        self.unarchive()?;
        let settled = self.settled(blocks, 0);
        let tasks = settled.last().map_or(0, |&(index, _)| index + 1);
        let past = KnownPast::of(blocks, tasks);
        let is_settled = |place: Option<super::Place>| {
            place.is_some_and(|place| place.list == List::Past && (place.index as usize) < tasks)
        };
        let (archived, live) = std::mem::take(&mut self.tasks).into_iter().partition(|(_, t)| is_settled(t.place));
        self.tasks = live;
        let (tasks, entries) = json::write_records(&archived)?;
        self.archive = Some(Archive {
            past,
            sessions: archived.values().map(|task| task.sessions.len()).sum(),
            last_day: archived.keys().map(|key| key.day).max().unwrap_or(0),
            tasks,
            entries,
        });
        Ok(true)
    }

    /// The tasks of past from `first` on that are settled, up to the first that is not: index and number of sessions.
    fn settled(&self, blocks: &Blocks<'_>, first: usize) -> Vec<(usize, usize)> {
        let by_index: HashMap<usize, &super::TaskRecord> = (self.tasks.values())
            .filter_map(|task| Some((task.place.filter(|place| place.list == List::Past)?.index as usize, task)))
            .collect();
        let past = blocks.blocks.iter().filter(|block| block.list == List::Past);
        (past.enumerate().skip(first))
            .map_while(|(index, block)| match by_index.get(&index) {
                Some(task) => task.is_settled().then_some((index, task.sessions.len())),
                // Without a task only if it has no session: one that was left out must be reported again.
                None => (!block.text.contains("sessions]]")).then_some((index, 0)),
            })
            .collect()
    }
}

/// Why no archive could be made. The sidecar is to be read anew.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The archive that there was is damaged.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A record cannot be written.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

impl super::TaskRecord {
    /// Whether all of it was sent, and nothing about it can need anything as long as its task does not change.
    fn is_settled(&self) -> bool {
        self.sessions.iter().all(|record| {
            let is_sent = (record.last_sent.as_ref()).is_some_and(|entry| {
                (entry.start, entry.stop) == record.wanted_times()
                    && !entry.halted
                    && (entry.accepted.text || describes(&entry.description, &self.title))
            });
            is_sent && record.stop.is_some() && !record.removed && !record.assumed && record.rejected.is_none()
        })
    }
}
