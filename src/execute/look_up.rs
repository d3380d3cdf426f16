//! Looking at what Toggl holds, when what was sent is uncertain or the sidecar is new.

use std::collections::HashSet;
use std::time::Duration as StdDuration;

use time::{Date, Duration};

use super::gate::Reply;
use super::{Effects, Execution, SendPolicy, StopReason};
use crate::reconcile::ingest::Ingested;
use crate::reconcile::plan::{Defaults, Options};
use crate::reconcile::recovery::{Days, LAG, Recovered, SKEW, Scan, window_start};
use crate::sidecar::{Digest, Sidecar};
use crate::toggl::{Answer, Bucket, Method, Request, TimeEntry, entry};

/// The most entries that one answer lists, silently.
const CAP: usize = 1000;

/// Lists the entries that start on these days (UTC), and some of the day before and after, under the rules of quota,
/// pace and backoff that every request keeps to. The default workspace is asked for as well if `asks_workspace` and
/// nobody knows it. Sends questions only; what they teach of quota and workspace goes into `sidecar`, which is not
/// saved.
///
/// # Errors
/// The [`StopReason`] that a push would come to.
pub fn look(
    sidecar: &mut Sidecar,
    days: Days,
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
    run.list_days(days)
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

    /// Resolves every uncertain create and start: by what was changed in Toggl since, and by the days of those that are not
    /// among that. Only what neither shows was not carried out, once enough time has passed that no list can lag behind: a
    /// clock that was wrong when the intent was written, or is so now, hides a change, and no day.
    pub(super) fn resolve(&mut self) -> Result<(), StopReason> {
        if self.unresolved.within_reach().is_empty() {
            return Ok(());
        }
        // What cannot be asked need not be waited for.
        self.pass(Bucket::User)?;
        self.sleep_until_ms(self.unresolved.sent_by_ms() + LAG * 1000);
        let workspace = self.known_workspace()?;
        let changed = self.list_changed()?;
        let by_change = changed.as_ref().is_some_and(|changed| changed.len() < CAP);
        self.adopt(&changed.unwrap_or_default(), workspace);
        let floor = self.floor();
        if let Some(days) = self.unresolved.days(self.sidecar, floor) {
            let listed = self.list_days(days)?;
            self.adopt(&listed, workspace);
        }
        self.unresolved.absent(self.sidecar, floor, by_change, self.options.send_unlisted);
        self.save_if_changed()
    }

    /// What was changed in Toggl since the first of the uncertain was sent; `None` if Toggl does not list by change any
    /// more what is so old. A list that is full is not whole.
    fn list_changed(&mut self) -> Result<Option<Vec<TimeEntry>>, StopReason> {
        let since = self.unresolved.since(self.sidecar, self.edges.clock.now());
        let mut margin = SKEW;
        let answer = loop {
            let answer = self.get(format!("/me/time_entries?since={}", (since - margin).max(0)))?;
            // A look from a time that the server's clock puts elsewhere looks in the wrong place.
            if self.skew.abs() < margin || margin != SKEW {
                break answer;
            }
            margin = SKEW + self.skew.abs();
        };
        if answer.status == 400 { Ok(None) } else { entries(&answer).map(Some) }
    }

    fn adopt(&mut self, listed: &[TimeEntry], workspace: i64) {
        let adopted = self.unresolved.adopt(self.sidecar, listed, workspace);
        self.report.adopted.extend(adopted);
    }

    /// The workspace of entries, as set, as kept, or as Toggl says.
    fn known_workspace(&mut self) -> Result<i64, StopReason> {
        match self.manner.workspace.or(self.sidecar.workspace) {
            Some(workspace) => Ok(workspace),
            None => self.ask_workspace(),
        }
    }

    /// Looks for sessions that may be in Toggl already: one list for each thousand entries.
    pub(super) fn scan(&mut self) -> Result<(), StopReason> {
        let wanted = Scan::wanted(self.sidecar);
        if wanted.is_empty() {
            return Ok(());
        }
        let workspace = self.known_workspace()?;
        let floor = self.floor();
        let scan = Scan::of(self.sidecar, wanted, floor);
        self.report.window_starts = scan.is_cut.then_some(floor);
        let listed = scan.days.map(|days| self.list_days(days)).transpose()?;
        scan.note(self.sidecar);
        if let Some(listed) = listed {
            let Recovered { adopted, assumed } = scan.take_in(self.sidecar, self.intake, &listed, workspace);
            self.report.adopted.extend(adopted);
            self.report.assumed.extend(assumed);
        }
        self.save_if_changed()
    }

    /// All entries that start on these days (UTC), a thousand at a time from the newest. A list that is refused
    /// ends the run: what is not listed must not be taken for absent.
    fn list_days(&mut self, days: Days) -> Result<Vec<TimeEntry>, StopReason> {
        // A day more on both sides: days are counted in the zone of the user's profile.
        let from = days.first.checked_sub(Duration::DAY).unwrap_or(days.first).max(self.floor());
        let mut until = days.last.saturating_add(Duration::days(2));
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
