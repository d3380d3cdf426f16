//! What every command starts from: sidecar and snapshot, read and brought together.

use std::path::Path;

use super::{CommandError, Context};
use crate::chute_kun::reading::{self, ReadError, Stamp};
use crate::chute_kun::snapshot::blocks;
use crate::cli::{Common, Format};
use crate::clock::{Clock, Corrected};
use crate::exit::Exit;
use crate::output;
use crate::reconcile::ingest::{Depth, Ingested, ParseError, check_file_time, ingest, parse, save_instant};
use crate::reconcile::plan::Plan;
use crate::reconcile::recovery::Provenance;
use crate::settings::Settings;
use crate::sidecar::file::Store;
use crate::sidecar::file::{self, LoadError};
use crate::sidecar::{Digest, Revision, SavedLast, Sidecar};
use crate::toggl::{SendError, Sender, questions};
use crate::zone::Zone;

/// The snapshot, ingested into the sidecar.
#[derive(Debug)]
pub struct Input {
    /// The sidecar with the snapshot's sessions in it.
    pub sidecar: Sidecar,
    /// Save instant of the snapshot that was ingested before, unix seconds.
    pub last_snapshot_saved: Option<i64>,
    /// What ingesting it found out.
    pub ingested: Ingested,
    /// The digest of the sidecar's file; of nothing if there is none.
    pub saved: Digest,
    /// The bytes of the snapshot.
    pub snapshot: Vec<u8>,
    /// The stamp of the snapshot as it was read.
    pub stamp: Stamp,
    /// The zone in force.
    pub zone: Zone,
    /// Whether the sidecar is the one that this machine saved last.
    pub provenance: Provenance,
    /// When this snapshot, or the last that was ingested, was saved by its file's time, if that is later than now (unix
    /// seconds): then that clock or ours is wrong.
    pub ahead: Option<i64>,
    /// What the dates in the snapshot contradict, if our clock is right.
    contradiction: Option<CommandError>,
}

/// Seconds by which a file may be newer than now: file servers are seconds off.
const AHEAD: i64 = 300;

/// Drops the save instant of the last snapshot that was ingested if it lies in the future: none is recorded that is later than the
/// clock, so the clock was ahead then, and it says nothing.
pub(super) fn distrust_the_future(sidecar: &mut Sidecar, now: i64) {
    sidecar.last_snapshot_saved = sidecar.last_snapshot_saved.filter(|&saved| saved <= now);
}

/// The file that the sidecar was made from, if the snapshot at `place` is another one that has none of its sessions.
/// Ingested, all that was pushed would count as removed, and be doubled in part once the first file is back. The same file
/// may be begun anew, and a file with any of the sessions was moved or copied.
pub(super) fn other_list(sidecar: &Sidecar, ingested: &Ingested, place: &str) -> Option<String> {
    sidecar.snapshot.clone().filter(|of| ingested.knows_none && of != place)
}

/// Whether there is neither a sidecar nor a snapshot: nothing recorded yet, and no error. A snapshot that was named must
/// be there.
///
/// # Errors
/// What may not be looked at is not missing, and a file that was named and is missing is an error.
pub fn is_nothing_yet(settings: &Settings) -> Result<bool, CommandError> {
    let (path, sidecar) = (&settings.snapshot, &settings.sidecar);
    let has_snapshot = exists(path).map_err(|source| ReadError::Unreadable { path: path.clone(), source })?;
    if !has_snapshot && settings.snapshot_is_named {
        return Err(ReadError::Missing { path: path.clone() }.into());
    }
    let has_sidecar = exists(sidecar).map_err(|source| LoadError::Io { path: sidecar.clone(), source })?;
    Ok(!has_snapshot && !has_sidecar)
}

#[expect(clippy::disallowed_methods, reason = "where there is nothing yet, nothing is made")]
fn exists(path: &Path) -> std::io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
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
        Format::Json => context.print_json(&output::json::NothingRecorded::new(command))?,
        Format::Text => context.print(&output::message(&text(), &context.style(common)))?,
    }
    Ok(Exit::UpToDate)
}

/// Reads sidecar and snapshot. `None` if there is neither.
///
/// # Errors
/// A [`CommandError`] that names the file and what to do. A missing snapshot is one where a sidecar exists.
pub fn read(settings: &Settings, clock: &dyn Clock, depth: Depth) -> Result<Option<Input>, CommandError> {
    let zone = settings.zone()?;
    let loaded = file::load(&settings.sidecar)?;
    let mut reading = match reading::read_whole(&settings.snapshot, clock) {
        Err(ReadError::Missing { .. }) if loaded.is_none() && !settings.snapshot_is_named => return Ok(None),
        other => other?,
    };
    // A title that holds the token goes nowhere: neither into the sidecar, nor to Toggl, nor onto the screen.
    if settings.secrets.are_in(&reading.bytes) {
        reading.bytes = settings.secrets.hide(&String::from_utf8_lossy(&reading.bytes)).into_bytes();
    }
    let path = || settings.snapshot.display().to_string();
    let remembered = file::remembered(&settings.sidecar);
    let revision = loaded.as_ref().map(|(_, sidecar)| sidecar.revision.clone());
    let (saved, mut sidecar) =
        loaded.map_or((Digest::of(&[]), Sidecar::default()), |(text, sidecar)| (Digest::of(&text), sidecar));
    let provenance = provenance(settings, revision.as_ref(), saved, remembered.as_ref());
    provenance.apply(&mut sidecar, remembered.as_ref());
    let snapshot = parse(&mut sidecar, &reading.bytes, depth).map_err(|error| match error {
        ParseError::Snapshot(source) => CommandError::Snapshot { path: path(), source },
        ParseError::Archive(source) => LoadError::Format { path: settings.sidecar.clone(), source }.into(),
    })?;
    let last_snapshot_saved = sidecar.last_snapshot_saved;
    let ahead =
        Some(reading.modified).max(last_snapshot_saved).filter(|&saved| saved > clock.now().saturating_add(AHEAD));
    distrust_the_future(&mut sidecar, clock.now());
    let digest = Digest::of(&reading.bytes);
    let modified = save_instant(&sidecar, digest, reading.saved);
    let local = |instant: i64| output::day_and_minute(zone.at(instant));
    if let Some(last) = sidecar.last_snapshot_saved.filter(|&last| modified < last) {
        return Err(CommandError::Older { path: path(), saved: local(modified), last: local(last) });
    }
    let contradiction = check_file_time(&snapshot, modified, &zone).map_err(|source| CommandError::FileTime {
        path: path(),
        modified: local(modified),
        source,
    });
    // By a clock that may be wrong it is none yet.
    let contradiction = if ahead.is_some() { contradiction.err() } else { contradiction.map(|()| None)? };
    let ingested = ingest(&mut sidecar, &snapshot, modified, &zone);
    if let Some(of) = other_list(&sidecar, &ingested, &reading.place) {
        let sidecar = settings.sidecar.display().to_string();
        return Err(CommandError::AnotherList { path: path(), of, sidecar });
    }
    sidecar.snapshot = Some(reading.place);
    sidecar.snapshot_digest = Some(digest);
    let (snapshot, stamp) = (reading.bytes, reading.stamp);
    Ok(Some(Input {
        sidecar,
        last_snapshot_saved,
        ingested,
        saved,
        snapshot,
        stamp,
        zone,
        provenance,
        ahead,
        contradiction,
    }))
}

/// What is recorded, without the snapshot. `None` if nothing is.
///
/// # Errors
/// As [`read`], of the sidecar and the zone.
pub(super) fn recorded(settings: &Settings) -> Result<Option<Input>, CommandError> {
    let Some((text, mut sidecar)) = file::load(&settings.sidecar)? else { return Ok(None) };
    sidecar.unarchive().map_err(|source| LoadError::Format { path: settings.sidecar.clone(), source })?;
    Ok(Some(Input {
        last_snapshot_saved: sidecar.last_snapshot_saved,
        sidecar,
        ingested: Ingested::default(),
        saved: Digest::of(&text),
        snapshot: Vec::new(),
        stamp: Stamp::default(),
        zone: settings.zone()?,
        provenance: Provenance::Newest,
        ahead: None,
        contradiction: None,
    }))
}

/// The input by Toggl's clock, where something was saved later than now by ours: one of the clocks is wrong, and by a wrong
/// one sessions would be dated wrongly for good.
///
/// # Errors
/// [`CommandError::Ahead`], if Toggl does not say what time it is; and as [`read`].
pub(super) fn by_the_right_clock(
    mut input: Input,
    settings: &Settings,
    depth: Depth,
    sender: &mut Sender<'_>,
) -> Result<Input, CommandError> {
    let Some(saved) = input.ahead else { return Ok(input) };
    // What it answers is for the push to find out; any answer has the time.
    let _: Result<_, SendError> = questions::me(&mut |call| sender.ask(call, &mut |_| {}));
    let Some(behind) = sender.skew() else {
        let local = |instant: i64| output::day_and_minute(input.zone.at(instant));
        let (saved, now) = (local(saved), local(sender.clock().now()));
        return Err(CommandError::Ahead { path: settings.snapshot.display().to_string(), saved, now });
    };
    if output::clock_off(behind).is_none() {
        return input.contradiction.take().map_or(Ok(input), Err);
    }
    let clock = Corrected { clock: sender.clock(), behind };
    let Some(mut again) = read(settings, &clock, depth)? else { return Ok(input) };
    again.sidecar.quota = sender.quota().clone();
    Ok(again)
}

/// Whether a sidecar with this revision and digest, if there is one, is the one that this machine saved last, which it
/// remembers by `remembered`.
fn provenance(
    settings: &Settings,
    revision: Option<&Revision>,
    digest: Digest,
    remembered: Option<&SavedLast>,
) -> Provenance {
    match Provenance::of(revision, remembered) {
        Provenance::Newest if !file::may_be_as_saved(&settings.sidecar, digest) => Provenance::Unknown,
        provenance => provenance,
    }
}

impl Input {
    /// Says if the sidecar is an older one, or is gone: it happened to somebody, and it is mended.
    pub(super) fn tell_provenance(&self, settings: &Settings, context: &mut Context<'_>) {
        let path = settings.sidecar.display();
        let what = match self.provenance {
            Provenance::Older => {
                format!(
                    "`{path}` is older than the one that this machine saved last: a copy that was restored, perhaps"
                )
            }
            Provenance::Lost => format!("`{path}` is gone, though this machine saved one"),
            Provenance::Newest | Provenance::Unknown => return,
        };
        context.notice(&format!(
            "the sidecar {what}. What it does not hold is looked up in Toggl before anything is made there"
        ));
    }

    /// Says that a file is newer than now, to whoever asks nobody what time it is.
    pub(super) fn tell_ahead(&self, context: &mut Context<'_>) {
        let Some(saved) = self.ahead else { return };
        let local = |instant: i64| output::day_and_minute(self.zone.at(instant));
        context.notice(&format!(
            "the snapshot was saved on {}, and by this machine's clock it is {} now: one of the two is wrong. A push asks Toggl \
             what time it is; until then days may be shown wrongly",
            local(saved),
            local(context.clock.now())
        ));
    }

    /// What is shown of it with this plan at this unix second.
    pub(super) fn view<'a>(&'a self, plan: &'a Plan, settings: &Settings, now: i64) -> output::View<'a> {
        output::View {
            sidecar: &self.sidecar,
            ingested: &self.ingested,
            plan,
            now,
            zone: &self.zone,
            pace: settings.pace,
        }
    }

    /// Puts what is settled into the archive, if that is worthwhile. The sidecar on disk says the same without it, at
    /// greater length, so a failure is passed over; it leaves the sidecar in memory unusable.
    pub fn archive(&mut self, store: &mut dyn Store) {
        let blocks = std::str::from_utf8(&self.snapshot).ok().and_then(blocks::split);
        let is_changed = blocks.is_some_and(|blocks| self.sidecar.archive(&blocks).unwrap_or(false));
        if is_changed {
            save_if_possible(&mut self.sidecar, store);
        }
    }
}

/// Saves what the next run can do without: a failure is passed over.
pub(super) fn save_if_possible(sidecar: &mut Sidecar, store: &mut dyn Store) {
    sidecar.advance(|| fastrand::u64(..));
    if let Ok(text) = sidecar.to_json() {
        let _ = store.save(&text, &sidecar.saved_last());
    }
}
