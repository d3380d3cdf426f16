//! Looking at what Toggl holds, when what was sent is uncertain or the sidecar is new.

use std::collections::HashSet;
use std::time::Duration as StdDuration;

use time::{Date, Duration, OffsetDateTime};

use super::gate::Reply;
use super::{Digest, Effects, Execution, SendPolicy, StopReason};
use crate::reconcile::ingest::Ingested;
use crate::reconcile::plan::{Defaults, Options};
use crate::reconcile::recovery::{self, LAG, SKEW};
use crate::sidecar::{SessionKey, Sidecar};
use crate::toggl::{Answer, Bucket, Method, Request, TimeEntry, entry};

/// The most entries that one answer lists, silently.
const CAP: usize = 1000;

/// Of so many sessions that were found at most one may be missing, for a sidecar to have been lost and nothing else.
const MOST_ARE_FOUND: usize = 4;

/// Lists the entries that start on these days (UTC), and some of the day before and after, under the rules of quota,
/// pace and backoff that every request keeps to. The default workspace is asked for as well if `asks_workspace` and
/// nobody knows it. Sends questions only; what they teach of quota and workspace goes into `sidecar`, which is not
/// saved.
///
/// # Errors
/// The [`StopReason`] that a push would come to.
pub fn look(
    sidecar: &mut Sidecar,
    (first, last): (Date, Date),
    asks_workspace: bool,
    manner: &SendPolicy,
    mut edges: Effects<'_>,
) -> Result<Vec<TimeEntry>, StopReason> {
    let intake = Ingested::default();
    let options = Options::plain(Defaults::default());
    // Waiting for the quota would save first.
    let manner = SendPolicy { wait: false, ..manner.clone() };
    let mut run = Execution::new(sidecar, Digest::of(&[]), &intake, &options, &manner, edges.reborrow());
    if asks_workspace && manner.workspace.or(run.sidecar.workspace).is_none() {
        run.ask_workspace()?;
    }
    run.list_days(first, last)
}

/// The first day that Toggl lists for sure at this unix second: three calendar months back, and a day of margin for its
/// zone.
#[must_use]
pub fn window_start(now: i64) -> Date {
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    listed_from(now.date()).saturating_add(Duration::DAY)
}

impl Execution<'_> {
    /// `GET /me` for the default workspace, kept for later runs.
    pub(super) fn ask_workspace(&mut self) -> Result<i64, StopReason> {
        let answer = self.get("/me".to_owned())?;
        let workspace = Some(&answer).filter(|answer| answer.status == 200);
        let workspace = workspace.and_then(|answer| entry::default_workspace(&answer.body)).ok_or_else(|| {
            StopReason::NoWorkspace(format!("Toggl named no default workspace (status {})", answer.status))
        })?;
        self.sidecar.workspace = Some(workspace);
        Ok(workspace)
    }

    /// Settles every uncertain create and start by one look: adopt what is there; what is absent was not carried out,
    /// once enough time has passed that the list cannot lag behind.
    pub(super) fn settle(&mut self) -> Result<(), StopReason> {
        let wanted = self.can_be_looked_up();
        if wanted.is_empty() {
            return Ok(());
        }
        let latest_ms = self.unsettled.values().copied().max().unwrap_or(0);
        // What cannot be asked need not be waited for.
        self.pass(Bucket::User)?;
        self.sleep_until_ms(latest_ms + LAG * 1000);
        let workspace = match self.manner.workspace.or(self.sidecar.workspace) {
            Some(workspace) => workspace,
            None => self.ask_workspace()?,
        };
        // An intent from the future was dated by a clock that has been set right since.
        let earliest = (wanted.iter())
            .filter_map(|&key| self.sidecar.record(key)?.1.intent.as_ref().map(|intent| intent.since))
            .chain([self.edges.clock.now()])
            .min()
            .unwrap_or(0);
        let mut margin = SKEW;
        let listed = loop {
            let answer = self.get(format!("/me/time_entries?since={}", (earliest - margin).max(0)))?;
            // A look from a time that the server's clock puts elsewhere looks in the wrong place.
            if self.skew.abs() >= margin && margin == SKEW {
                margin = SKEW + self.skew.abs();
                continue;
            }
            break answer;
        };
        if listed.status == 400 {
            // The intent is older than what Toggl lists by change. The day of the session may still be listed.
            return self.settle_by_day(&wanted, workspace);
        }
        let listed = entries(&listed)?;
        let adopted = recovery::adopt(self.sidecar, &wanted, &listed, workspace);
        self.adopted(adopted);
        if listed.len() >= CAP {
            let rest: Vec<SessionKey> = self.unsettled.keys().copied().collect();
            return self.settle_by_day(&rest, workspace);
        }
        self.absent(&wanted);
        self.save_if_changed()
    }

    /// What is uncertain, but for what this run found to be out of Toggl's reach.
    pub(super) fn can_be_looked_up(&self) -> Vec<SessionKey> {
        self.unsettled.keys().copied().filter(|key| !self.report.unlistable.contains(key)).collect()
    }

    /// Settles by the days of the sessions: for intents that a look by change cannot reach.
    fn settle_by_day(&mut self, wanted: &[SessionKey], workspace: i64) -> Result<(), StopReason> {
        let starts: Vec<OffsetDateTime> =
            wanted.iter().filter_map(|&key| Some(self.sidecar.record(key)?.1.sought_start())).collect();
        let floor = self.floor();
        let (Some(first), Some(last)) = (starts.iter().min(), starts.iter().max()) else { return Ok(()) };
        let (first, last) = (first.to_offset(time::UtcOffset::UTC).date(), last.to_offset(time::UtcOffset::UTC).date());
        if last >= floor {
            let listed = self.list_days(first.max(floor), last)?;
            let adopted = recovery::adopt(self.sidecar, wanted, &listed, workspace);
            self.adopted(adopted);
            let in_window: Vec<SessionKey> = (wanted.iter().copied())
                .filter(|&key| self.sidecar.record(key).is_some_and(|(_, record)| record.sought_start().date() > floor))
                .collect();
            self.absent(&in_window);
        }
        let left: Vec<SessionKey> = wanted.iter().copied().filter(|key| self.unsettled.contains_key(key)).collect();
        for key in left {
            if self.options.send_unlisted {
                self.unsettled.insert(key, 0);
                self.absent(&[key]);
            } else {
                self.report.unlistable.push(key);
            }
        }
        self.save_if_changed()
    }

    /// Without a sidecar the sessions may be in Toggl already: one look for each window of a thousand entries, once.
    pub(super) fn look_before_first_push(&mut self) -> Result<(), StopReason> {
        let wanted: Vec<SessionKey> = (self.sidecar.sessions())
            .filter(|(_, _, record)| record.last_sent.is_none() && record.intent.is_none() && !record.removed)
            .map(|(key, _, _)| key)
            .collect();
        if self.sidecar.looked {
            return Ok(());
        }
        if wanted.is_empty() {
            // Nothing to look for, and from now on the sidecar knows of every session before it is sent.
            self.sidecar.looked = true;
            return Ok(());
        }
        let workspace = match self.manner.workspace.or(self.sidecar.workspace) {
            Some(workspace) => workspace,
            None => self.ask_workspace()?,
        };
        let starts: Vec<Date> = (wanted.iter())
            .filter_map(|&key| Some(self.sidecar.record(key)?.1.start.to_offset(time::UtcOffset::UTC).date()))
            .collect();
        let floor = self.floor();
        let (first, last) = (starts.iter().min().copied(), starts.iter().max().copied());
        if first.is_some_and(|first| first < floor) {
            self.report.window_starts = Some(floor);
        }
        if let (Some(first), Some(last)) = (first, last.filter(|&last| last >= floor)) {
            // From the first day that there is: a session can be older than it seems without a sidecar.
            let listed = self.list_days(first.min(floor), last)?;
            // What was over by then cannot be listed, whatever day it seems to be of.
            let was_over =
                |key: &SessionKey| self.intake.over.get(&key.task).is_some_and(|&over| over <= midnight(floor));
            let (older, wanted): (Vec<SessionKey>, Vec<SessionKey>) = wanted.into_iter().partition(was_over);
            let adopted = recovery::adopt_all(self.sidecar, &wanted, &listed, workspace);
            if !adopted.is_empty() {
                self.assume(&older);
                self.assume_older(&wanted, floor);
                self.assume_sent(&wanted, &adopted, floor);
                self.doubt(&wanted);
            }
            self.adopted(adopted);
        }
        self.sidecar.looked = true;
        self.save_if_changed()
    }

    /// Sessions were found, so a sidecar was lost, and the ones too old to be listed are there as well, most likely:
    /// sending them would double years of the log. Not the open ones: what becomes of them is still to be told.
    fn assume_older(&mut self, wanted: &[SessionKey], floor: Date) {
        let begins = midnight(floor);
        let is_older = |key: &SessionKey| {
            self.sidecar.record(*key).is_some_and(|(_, record)| record.start.unix_timestamp() < begins)
        };
        let older: Vec<SessionKey> = wanted.iter().copied().filter(is_older).collect();
        self.assume(&older);
    }

    /// Takes the closed ones of these that were not found to be in Toggl.
    fn assume(&mut self, keys: &[SessionKey]) {
        for &key in keys {
            let Some(record) = self.sidecar.record_mut(key) else { continue };
            if record.last_sent.is_none() && record.stop.is_some() {
                record.assumed = true;
                self.report.assumed.push(key);
            }
        }
    }

    /// What was over long before a session that was found was on record when the sidecar was lost, and in Toggl as well.
    /// If it is not listed, it is older than it looks, or was changed in Toggl by hand. Sending it would double it.
    ///
    /// Not so if the loss met a backlog, which was never sent. Its sessions are many, or all of the oldest days, or,
    /// after a push that was cut short, of the latest.
    fn assume_sent(&mut self, wanted: &[SessionKey], adopted: &[SessionKey], floor: Date) {
        let start_of = |key: &SessionKey| Some(self.sidecar.record(*key)?.1.start.unix_timestamp());
        let starts = || adopted.iter().filter_map(start_of);
        let (Some(oldest), Some(latest)) = (starts().min(), starts().max()) else { return };
        let soon = midnight(floor.saturating_add(Duration::WEEK));
        let was_sent = |&key: &SessionKey| {
            let Some((thread, record)) = self.sidecar.record(key) else { return false };
            let following =
                thread.sessions.iter().find(|later| later.number > key.session && later.last_sent.is_some());
            let followed = following.map(|later| later.start.unix_timestamp());
            let over = followed.into_iter().chain(self.intake.over.get(&key.task).copied()).min();
            record.last_sent.is_none()
                && !record.assumed
                && record.stop.is_some()
                && oldest <= record.start.unix_timestamp().max(soon)
                && over.is_some_and(|over| over + Duration::WEEK.whole_seconds() <= latest)
        };
        let sent: Vec<SessionKey> = wanted.iter().copied().filter(was_sent).collect();
        if sent.len() * MOST_ARE_FOUND > adopted.len() {
            return;
        }
        self.assume(&sent);
    }

    /// What was not found was dated as on a first push, without what the sidecar knew: Toggl is no witness of its day.
    fn doubt(&mut self, wanted: &[SessionKey]) {
        for &key in wanted {
            if let Some(record) = self.sidecar.record_mut(key) {
                record.inferred |= record.last_sent.is_none();
            }
        }
    }

    /// All entries that start on these days (UTC), a thousand at a time from the newest. A list that is refused
    /// ends the run: what is not listed must not be taken for absent.
    fn list_days(&mut self, first: Date, last: Date) -> Result<Vec<TimeEntry>, StopReason> {
        // A day more on both sides: days are counted in the zone of the user's profile.
        let from = first.checked_sub(Duration::DAY).unwrap_or(first).max(self.floor());
        let mut until = last.saturating_add(Duration::days(2));
        let mut all: Vec<TimeEntry> = Vec::new();
        let mut ids = HashSet::new();
        loop {
            let answer = self.get(format!("/me/time_entries?start_date={from}&end_date={until}"))?;
            let page = entries(&answer)?;
            let is_full = page.len() >= CAP;
            let oldest = page.iter().map(|entry| entry.start).min();
            all.extend(page.into_iter().filter(|entry| ids.insert(entry.id)));
            let next = oldest.map(|start| start.to_offset(time::UtcOffset::UTC).date().saturating_add(Duration::DAY));
            let Some(next) = next.filter(|_| is_full) else { return Ok(all) };
            // At least a day further back each time: a day with more than a list holds does not hide those before it.
            until = next.min(until.saturating_sub(Duration::DAY));
            if until <= from {
                return Ok(all);
            }
        }
    }

    /// The first day that Toggl lists, by the server's clock.
    fn floor(&self) -> Date {
        window_start(self.edges.clock.now() + self.skew)
    }

    fn adopted(&mut self, adopted: Vec<SessionKey>) {
        adopted.iter().for_each(|key| {
            self.unsettled.remove(key);
        });
        self.report.adopted.extend(adopted);
    }

    /// These were looked for late enough and are not there: they were not carried out.
    fn absent(&mut self, keys: &[SessionKey]) {
        for key in keys {
            if self.unsettled.remove(key).is_some()
                && let Some(record) = self.sidecar.record_mut(*key)
            {
                record.intent = None;
            }
        }
    }

    fn sleep_until_ms(&self, instant_ms: i64) {
        let wait_ms = instant_ms - self.edges.clock.now_ms();
        self.edges.clock.sleep(StdDuration::from_millis(u64::try_from(wait_ms).unwrap_or(0)));
    }

    fn get(&mut self, path: String) -> Result<Answer, StopReason> {
        let request = Request { method: Method::Get, path, body: None };
        match self.send(&request, |_| Ok(()))? {
            Reply::Answer(answer) => Ok(answer),
            Reply::Unknown(_) => Err(StopReason::Trouble("Toggl did not answer a question".to_owned())),
        }
    }
}

/// The unix second at which the day begins in UTC.
fn midnight(day: Date) -> i64 {
    day.midnight().assume_utc().unix_timestamp()
}

/// The entries of a list.
fn entries(answer: &Answer) -> Result<Vec<TimeEntry>, StopReason> {
    if answer.status != 200 {
        let text = entry::error_text(&answer.body);
        return Err(StopReason::Trouble(format!(
            "Toggl would not list its entries (status {}): {text}",
            answer.status
        )));
    }
    entry::parse_entries(&answer.body)
        .map_err(|why| StopReason::Trouble(format!("Toggl's list of entries cannot be understood: {why}")))
}

/// The same day three months before. A day that the month does not have counts on into the next: 31 May gives 3 March.
/// Toggl may as well take the month's last day, which is earlier; asking for less than it lists is never refused.
fn listed_from(today: Date) -> Date {
    let (mut year, mut month) = (today.year(), today.month());
    for _ in 0..3 {
        month = month.previous();
        if month == time::Month::December {
            year -= 1;
        }
    }
    let first = Date::from_calendar_date(year, month, 1).unwrap_or(today);
    first.saturating_add(Duration::days(i64::from(today.day()) - 1))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::listed_from;

    #[test]
    fn three_months_back() {
        for (today, expected) in [
            (date!(2026 - 05 - 11), date!(2026 - 02 - 11)),
            (date!(2026 - 05 - 31), date!(2026 - 03 - 03)),
            (date!(2028 - 05 - 30), date!(2028 - 03 - 01)),
            (date!(2026 - 01 - 31), date!(2025 - 10 - 31)),
            (date!(2026 - 03 - 15), date!(2025 - 12 - 15)),
        ] {
            assert_eq!(listed_from(today), expected);
        }
    }
}
