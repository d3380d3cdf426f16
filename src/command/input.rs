//! What every command starts from: sidecar and snapshot, read and brought together.

use std::path::Path;

use time::format_description::well_known::Rfc3339;

use super::{Fault, World};
use crate::clock::Clock;
use crate::intake::{Intake, take_in};
use crate::reading::{self, ReadError, Stamp};
use crate::settings::Settings;
use crate::sidecar::Sidecar;
use crate::zone::Zone;
use crate::{snapshot, store};

/// The snapshot, taken into the sidecar.
#[derive(Debug)]
pub struct Input {
    /// The sidecar with the snapshot's sessions in it.
    pub sidecar: Sidecar,
    /// Save instant of the snapshot that was taken in before, unix seconds.
    pub taken: Option<i64>,
    /// What taking it in found out.
    pub intake: Intake,
    /// The bytes of the sidecar on disk; empty if there is none.
    pub saved: Vec<u8>,
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

/// Whether there is neither a sidecar nor a snapshot: nothing recorded yet, and no error.
#[must_use]
pub fn is_nothing_yet(settings: &Settings) -> bool {
    !exists(&settings.sidecar) && !exists(&settings.snapshot)
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Reads both for a command of `world`.
///
/// # Errors
/// As [`read_at`].
pub fn read(settings: &Settings, world: &World<'_>) -> Result<Option<Input>, Fault> {
    read_at(settings, world.clock)
}

/// Reads sidecar and snapshot. `None` if there is neither.
///
/// # Errors
/// A [`Fault`] that names the file and what to do. A missing snapshot is one where a sidecar exists.
pub fn read_at(settings: &Settings, clock: &dyn Clock) -> Result<Option<Input>, Fault> {
    let zone = settings.zone()?;
    let loaded = store::load(&settings.sidecar)?;
    let reading = match reading::read_whole(&settings.snapshot, clock) {
        Err(ReadError::Missing { .. }) if loaded.is_none() => return Ok(None),
        other => other?,
    };
    let path = || settings.snapshot.display().to_string();
    let snapshot = snapshot::parse(&reading.bytes).map_err(|source| Fault::Snapshot { path: path(), source })?;
    drop(reading.bytes);
    let (saved, mut sidecar) = loaded.unwrap_or_default();
    let is_first = !sidecar.looked;
    if let Some(taken) = sidecar.taken.filter(|&taken| reading.saved < taken) {
        if taken <= clock.now().saturating_add(CLOCK_FAULT) {
            let local = |instant: i64| zone.at(instant).format(&Rfc3339).unwrap_or_default();
            return Err(Fault::Older { path: path(), saved: local(reading.saved), taken: local(taken) });
        }
        // The clock was far ahead when that was recorded: it says nothing.
        sidecar.taken = None;
    }
    let taken = sidecar.taken;
    let intake = take_in(&mut sidecar, &snapshot, reading.saved, &zone);
    let asks_workspace = settings.workspace.or(sidecar.workspace).is_none();
    Ok(Some(Input { sidecar, taken, intake, saved, stamp: reading.stamp, zone, is_first, asks_workspace }))
}
