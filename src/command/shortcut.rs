//! The shortcut of a push that has nothing to do: three file stamps instead of reading years of history.
//!
//! A push that leaves everything up to date writes down, in the lock file, the stamps of the two files that it compared and
//! the settings that it compared them by. As long as all of these are the same, comparing them again would end the
//! same way, so the next push ends at once. What makes that safe:
//!
//! - A stamp has device, inode, size, and both times in nanoseconds. Restoring a file with its old time of modification
//!   changes the other one.
//! - A file can be written twice within one tick of the file system's clock and keep its stamp. So nothing is written
//!   down about a file that was changed less than [`TICKS`] ago: the push after the next does it.
//! - Only a push of everything writes it down, and only if it left nothing rejected, uncertain or held back.
//! - Every save of the sidecar changes its stamp, so the shortcut ends with the first thing that is recorded.
//! - The file is read without the lock; a torn or foreign text is not understood, and then everything is read.

use serde::{Deserialize, Serialize};

use crate::chute_kun::reading::{self, Stamp};
use crate::reconcile::plan::Plan;
use crate::settings::Settings;
use crate::sidecar::file::noted;

/// Seconds: longer than the coarsest clock of a file system ticks (two seconds, on FAT).
const TICKS: i64 = 3;

/// Two files that were compared and found up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpToDate {
    /// What they were compared by.
    settings: String,
    /// The snapshot as it was read.
    snapshot: Stamp,
    /// The sidecar as it was read or saved.
    sidecar: Stamp,
    /// How many sessions are up to date.
    pub sessions: usize,
    /// How many sessions the settings leave alone.
    pub left_alone: usize,
}

impl UpToDate {
    /// What is to be written down after a push of everything that found or left everything up to date. `None` while a file is so
    /// young that its stamp does not tell all changes. `now` is in unix seconds.
    #[must_use]
    pub fn between(settings: &Settings, snapshot: Stamp, plan: &Plan, now: i64) -> Option<UpToDate> {
        let sidecar = reading::stamp(&settings.sidecar).ok()?;
        let has_rested =
            |stamp: &Stamp| stamp.mtime_ns.max(stamp.ctime_ns) < (now - TICKS).saturating_mul(1_000_000_000);
        let settings = fingerprint(settings);
        [snapshot, sidecar].iter().all(has_rested).then_some(UpToDate {
            settings,
            snapshot,
            sidecar,
            sessions: plan.up_to_date,
            left_alone: plan.left_alone.values().sum(),
        })
    }

    /// What was written down last, if it still stands.
    #[must_use]
    pub fn standing(settings: &Settings) -> Option<UpToDate> {
        let written: UpToDate = serde_json::from_str(&noted(&settings.sidecar)?).ok()?;
        let stands = written.settings == fingerprint(settings)
            && reading::stamp(&settings.snapshot).is_ok_and(|stamp| stamp == written.snapshot)
            && reading::stamp(&settings.sidecar).is_ok_and(|stamp| stamp == written.sidecar);
        stands.then_some(written)
    }

    /// The text for the lock file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// All settings that the outcome can depend on, and the program's version.
fn fingerprint(settings: &Settings) -> String {
    let Settings { snapshot, api, selection, is_off, tz, .. } = settings;
    format!("{} {} {} {selection:?} {is_off} {tz:?}", env!("CARGO_PKG_VERSION"), snapshot.display(), api.url())
}
