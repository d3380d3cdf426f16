//! What every command starts from: sidecar and snapshot, read and brought together.

use std::path::Path;

use super::{CommandError, Context};
use crate::chute_kun::reading::{self, ReadError, Stamp};
use crate::chute_kun::snapshot::{self, blocks};
use crate::cli::{Common, Format};
use crate::clock::Clock;
use crate::execute::Digest;
use crate::exit::Exit;
use crate::output;
use crate::reconcile::ingest::{Ingested, ingest};
use crate::reconcile::plan::Plan;
use crate::settings::Settings;
use crate::sidecar::Sidecar;
use crate::sidecar::file::Store;
use crate::sidecar::file::{self, LoadError};
use crate::zone::Zone;

/// The snapshot, taken into the sidecar.
#[derive(Debug)]
pub struct Input {
    /// The sidecar with the snapshot's sessions in it.
    pub sidecar: Sidecar,
    /// Save instant of the snapshot that was taken in before, unix seconds.
    pub taken: Option<i64>,
    /// What taking it in found out.
    pub intake: Ingested,
    /// The digest of the sidecar's file; of nothing if there is none.
    pub saved: Digest,
    /// The bytes of the snapshot.
    pub snapshot: Vec<u8>,
    /// The stamp of the snapshot as it was read.
    pub stamp: Stamp,
    /// The zone in force.
    pub zone: Zone,
    /// Nothing was ever pushed: Toggl is asked first what it holds.
    pub is_first: bool,
    /// Neither settings nor sidecar name a workspace.
    pub asks_workspace: bool,
}

/// A clock may have been wrong by this much (seconds) before a save instant in the future is not believed.
const CLOCK_FAULT: i64 = 24 * 3600;

/// Drops the save instant of the last snapshot taken in if the clock was far ahead when it was recorded: it says
/// nothing then.
pub(super) fn distrust_the_future(sidecar: &mut Sidecar, now: i64) {
    sidecar.last_snapshot_saved = sidecar.last_snapshot_saved.filter(|&taken| taken <= now.saturating_add(CLOCK_FAULT));
}

/// The file that the sidecar was made from, if the snapshot at `place` is another one that has none of its sessions.
/// Taken in, all that was pushed would count as gone, and be doubled in part once the first file is back. The same file
/// may be begun anew, and a file with any of the sessions was moved or copied.
pub(super) fn other_list(sidecar: &Sidecar, intake: &Ingested, place: &str) -> Option<String> {
    sidecar.snapshot.clone().filter(|of| intake.knows_none && of != place)
}

/// Whether there is neither a sidecar nor a snapshot: nothing recorded yet, and no error.
#[must_use]
pub fn is_nothing_yet(settings: &Settings) -> bool {
    !exists(&settings.sidecar) && !exists(&settings.snapshot)
}

#[expect(clippy::disallowed_methods, reason = "where there is nothing yet, nothing is made")]
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Says that there is neither a snapshot nor a sidecar: nothing recorded yet, which is no error.
///
/// # Errors
/// If that cannot be written.
pub(super) fn nothing_recorded(
    command: &str,
    common: &Common,
    settings: &Settings,
    context: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    let text = || format!("Nothing is recorded yet: there is no snapshot at `{}`.", settings.snapshot.display());
    match common.format {
        _ if common.quiet => {}
        Format::Json => context.print_json(&output::json::nothing_recorded_json(command))?,
        Format::Text => context.print(&output::message(&text(), &context.style(common)))?,
    }
    Ok(Exit::UpToDate)
}

/// How much of a long history a command looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What has changed, and what is beside it.
    Changes,
    /// Every session ever.
    Everything,
}

/// Reads sidecar and snapshot. `None` if there is neither.
///
/// # Errors
/// A [`CommandError`] that names the file and what to do. A missing snapshot is one where a sidecar exists.
pub fn read(settings: &Settings, clock: &dyn Clock, depth: Depth) -> Result<Option<Input>, CommandError> {
    let zone = settings.zone()?;
    let loaded = file::load(&settings.sidecar)?;
    let reading = match reading::read_whole(&settings.snapshot, clock) {
        Err(ReadError::Missing { .. }) if loaded.is_none() => return Ok(None),
        other => other?,
    };
    let path = || settings.snapshot.display().to_string();
    let (saved, mut sidecar) =
        loaded.map_or((Digest::of(&[]), Sidecar::default()), |(text, sidecar)| (Digest::of(&text), sidecar));
    let looks_back = depth == Depth::Everything || !sidecar.looked || sidecar.has_open_intents();
    let known = sidecar.archive.as_ref().map(|archive| archive.past).filter(|_| !looks_back);
    let snapshot = snapshot::parse_unknown(&reading.bytes, known.as_ref())
        .map_err(|source| CommandError::Snapshot { path: path(), source })?;
    if snapshot.known_past == 0 {
        sidecar.unarchive().map_err(|source| LoadError::Format { path: settings.sidecar.clone(), source })?;
    }
    let is_first = !sidecar.looked;
    let taken = sidecar.last_snapshot_saved;
    distrust_the_future(&mut sidecar, clock.now());
    if let Some(taken) = sidecar.last_snapshot_saved.filter(|&taken| reading.saved < taken) {
        let local = |instant: i64| output::day_and_minute(zone.at(instant));
        return Err(CommandError::Older { path: path(), saved: local(reading.saved), last: local(taken) });
    }
    let intake = ingest(&mut sidecar, &snapshot, reading.saved, &zone);
    if let Some(of) = other_list(&sidecar, &intake, &reading.place) {
        let sidecar = settings.sidecar.display().to_string();
        return Err(CommandError::AnotherList { path: path(), of, sidecar });
    }
    sidecar.snapshot = Some(reading.place);
    let asks_workspace = settings.workspace.or(sidecar.workspace).is_none();
    let (snapshot, stamp) = (reading.bytes, reading.stamp);
    Ok(Some(Input { sidecar, taken, intake, saved, snapshot, stamp, zone, is_first, asks_workspace }))
}

impl Input {
    /// What is shown of it with this plan at this unix second.
    pub(super) fn view<'a>(&'a self, plan: &'a Plan, settings: &Settings, now: i64) -> output::View<'a> {
        output::View {
            sidecar: &self.sidecar,
            intake: &self.intake,
            plan,
            now,
            zone: &self.zone,
            pace: settings.pace,
            first_push: self.is_first,
            asks_workspace: self.asks_workspace,
        }
    }

    /// Puts what is settled into the archive, if that is worthwhile. The sidecar on disk says the same without it, at
    /// greater length, so a failure is passed over; it leaves the sidecar in memory unusable.
    pub fn archive(&mut self, store: &mut dyn Store) {
        let blocks = std::str::from_utf8(&self.snapshot).ok().and_then(blocks::split);
        let is_changed = blocks.is_some_and(|blocks| self.sidecar.archive(&blocks).unwrap_or(false));
        if is_changed && let Ok(text) = self.sidecar.to_json() {
            let _ = store.save(&text);
        }
    }
}
