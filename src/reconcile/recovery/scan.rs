//! After a lost or an older sidecar: which of the sessions that it does not know to be in Toggl are there.

use time::{Date, Duration};

use super::adoption::{adopt_all, relink};
use super::window::{Days, day_of, midnight};
use crate::reconcile::ingest::Ingested;
use crate::reconcile::selection::Selection;
use crate::sidecar::{SessionKey, SessionRecord, Sidecar};
use crate::toggl::{TimeEntry, WorkspaceId};

/// Of so many sessions that were found at most one may be missing, for a sidecar to have been lost and nothing else.
const MOST_ARE_FOUND: usize = 4;

/// A look for sessions that may be in Toggl without the sidecar knowing.
#[derive(Debug)]
pub struct Scan {
    /// The sessions to look for.
    wanted: Vec<SessionKey>,
    /// The first day that Toggl lists.
    floor: Date,
    /// The days to list; `None` if Toggl lists none of them.
    pub days: Option<Days>,
    /// Whether sessions lie before what Toggl lists.
    pub is_cut: bool,
}

/// What a scan found out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Sessions whose entry was found.
    pub adopted: Vec<SessionKey>,
    /// Sessions that are not listed and taken to be there all the same.
    pub assumed: Vec<SessionKey>,
}

impl Scan {
    /// The sessions to look for before anything is made: those without an entry that start before the day from which such
    /// sessions have been looked for. What lies before `since` is looked for when it is not left alone any more.
    #[must_use]
    pub fn wanted(sidecar: &Sidecar, selection: &Selection) -> Vec<SessionKey> {
        Scan::unscanned(sidecar, selection).collect()
    }

    /// Whether there are such sessions: then Toggl is asked first what it holds.
    #[must_use]
    pub fn is_due(sidecar: &Sidecar, selection: &Selection) -> bool {
        Scan::unscanned(sidecar, selection).next().is_some()
    }

    fn unscanned(sidecar: &Sidecar, selection: &Selection) -> impl Iterator<Item = SessionKey> {
        let is_unscanned = move |start| sidecar.scanned_from.is_none_or(|from| day_of(start) < from);
        // In days of UTC, as what was looked for is noted: there it may be the day before.
        let since = selection.since.and_then(Date::previous_day);
        let is_asked_for = move |start| since.is_none_or(|since| day_of(start) >= since);
        let lacks_entry = |record: &SessionRecord| {
            record.last_sent.is_none() && record.intent.is_none() && !record.removed && !record.assumed
        };
        (sidecar.sessions())
            .filter(move |(_, _, record)| {
                lacks_entry(record) && is_unscanned(record.start) && is_asked_for(record.start)
            })
            .map(|(key, _, _)| key)
    }

    /// A scan for these sessions, where Toggl lists from the day `floor` on.
    #[must_use]
    pub fn of(sidecar: &Sidecar, wanted: Vec<SessionKey>, floor: Date) -> Scan {
        let starts = wanted.iter().filter_map(|&key| Some(sidecar.record(key)?.1.start));
        let days = Days::of(starts);
        let is_cut = days.is_some_and(|days| days.first < floor);
        // From the first day that there is: a session can be older than it seems without a sidecar.
        let days = days.filter(|days| days.last >= floor).map(|days| Days { first: floor, ..days });
        Scan { wanted, floor, days, is_cut }
    }

    /// The first day of these sessions: once all that can be found out has been, only those that seem to be older are looked
    /// for.
    #[must_use]
    pub fn from(&self, sidecar: &Sidecar) -> Option<Date> {
        self.wanted.iter().filter_map(|&key| Some(day_of(sidecar.record(key)?.1.start))).min()
    }

    /// Takes in what was listed of the days.
    pub fn recover(
        self,
        sidecar: &mut Sidecar,
        ingested: &Ingested,
        listed: &[TimeEntry],
        workspace: WorkspaceId,
    ) -> Recovered {
        // What was over by then cannot be listed, whatever day it seems to be of.
        let begins = midnight(self.floor);
        let was_over = |key: &SessionKey| ingested.worked_until.get(&key.task).is_some_and(|&until| until <= begins);
        let (older, wanted): (Vec<SessionKey>, Vec<SessionKey>) = self.wanted.into_iter().partition(was_over);
        relink(sidecar, listed, self.days);
        let adopted = adopt_all(sidecar, &wanted, &ingested.pinned, listed, workspace);
        let mut assumed = Vec::new();
        if !adopted.is_empty() {
            // Sessions were found, so a sidecar was lost, and the ones too old to be listed are there as well, most
            // likely: sending them would double years of the log.
            assume(sidecar, &older, &mut assumed);
            let is_older = |sidecar: &Sidecar, key: SessionKey| {
                sidecar.record(key).is_some_and(|(_, record)| record.start.unix_timestamp() < begins)
            };
            let older: Vec<SessionKey> = wanted.iter().copied().filter(|&key| is_older(sidecar, key)).collect();
            assume(sidecar, &older, &mut assumed);
            let sent = sent_long_ago(sidecar, ingested, &wanted, &adopted, self.floor);
            assume(sidecar, &sent, &mut assumed);
            doubt(sidecar, &wanted);
        }
        Recovered { adopted, assumed }
    }
}

/// Takes those of these that were not found to be in Toggl. Not the open ones: what becomes of them is still to be sent.
fn assume(sidecar: &mut Sidecar, keys: &[SessionKey], assumed: &mut Vec<SessionKey>) {
    for &key in keys {
        let Some(record) = sidecar.record_mut(key) else { continue };
        if record.last_sent.is_none() && record.stop.is_some() {
            record.assumed = true;
            assumed.push(key);
        }
    }
}

/// What was over long before a session that was found was on record when the sidecar was lost, and in Toggl as well. If it
/// is not listed, it is older than it looks, or was changed in Toggl by hand. Sending it would double it.
///
/// Not so if the loss met a backlog, which was never sent. Its sessions are many, or all of the oldest days, or, after a
/// push that was cut short, of the latest.
fn sent_long_ago(
    sidecar: &Sidecar,
    ingested: &Ingested,
    wanted: &[SessionKey],
    adopted: &[SessionKey],
    floor: Date,
) -> Vec<SessionKey> {
    let start_of = |key: &SessionKey| Some(sidecar.record(*key)?.1.start.unix_timestamp());
    let starts = || adopted.iter().filter_map(start_of);
    let (Some(oldest), Some(latest)) = (starts().min(), starts().max()) else { return Vec::new() };
    let soon = midnight(floor.saturating_add(Duration::WEEK));
    let was_sent = |&key: &SessionKey| {
        let Some((task, record)) = sidecar.record(key) else { return false };
        let following = task.sessions.iter().find(|later| later.number > key.session && later.last_sent.is_some());
        let followed = following.map(|later| later.start.unix_timestamp());
        let until = followed.into_iter().chain(ingested.worked_until.get(&key.task).copied()).min();
        record.last_sent.is_none()
            && !record.assumed
            && record.stop.is_some()
            && oldest <= record.start.unix_timestamp().max(soon)
            && until.is_some_and(|until| until + Duration::WEEK.whole_seconds() <= latest)
    };
    let sent: Vec<SessionKey> = wanted.iter().copied().filter(was_sent).collect();
    if sent.len() * MOST_ARE_FOUND > adopted.len() { Vec::new() } else { sent }
}

/// What was not found was dated as on a first push, without what the sidecar knew: Toggl is no witness of its day.
fn doubt(sidecar: &mut Sidecar, wanted: &[SessionKey]) {
    for &key in wanted {
        if let Some(record) = sidecar.record_mut(key) {
            record.inferred |= record.last_sent.is_none();
        }
    }
}
