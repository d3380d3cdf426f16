//! The files: snapshot, sidecar, their folder and the lock.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{ago, config};
use crate::chute_kun::reading::{self, ReadError, Reading};
use crate::chute_kun::snapshot::{self, Snapshot};
use crate::command::Context;
use crate::command::input::{distrust_the_future, other_list};
use crate::exit::Exit;
use crate::output::doctor::{Check, Stage};
use crate::output::{by_number, count, number};
use crate::reconcile::ingest::{check_file_time, ingest, save_instant};
use crate::reconcile::plan::{HoldReason, Options, Plan, plan};
use crate::reconcile::recovery::Provenance;
use crate::settings::Settings;
use crate::sidecar::file::{self, Disk as _, LoadError, RealDisk};
use crate::sidecar::{Digest, Sidecar};
use crate::zone::Zone;

/// What the files tell for what follows.
pub struct Files {
    /// The sidecar as it is on disk; an empty one if there is none that can be used.
    pub sidecar: Sidecar,
    /// How far the user has come.
    pub stage: Stage,
}

/// Looks at the files.
pub fn check(settings: &Settings, zone: &Zone, context: &Context<'_>, checks: &mut Vec<Check>) -> Files {
    let snapshot = snapshot(settings, context, checks);
    let loaded = load(&settings.sidecar);
    let mut known = match &loaded {
        Ok(Some(sidecar)) => sidecar.clone(),
        _ => Sidecar::default(),
    };
    distrust_the_future(&mut known, context.clock.now());
    // Ingested on trial, which also works without a sidecar.
    let mut sidecar = known.clone();
    let ingested = snapshot.map(|(snapshot, Reading { bytes, saved, place, .. })| {
        let saved = save_instant(&known, Digest::of(&bytes), saved);
        if let Err(error) = check_file_time(&snapshot, saved, zone) {
            checks.push(Check::fault(
                "snapshot",
                Exit::Attention,
                format!("its time of modification cannot be when it was saved: {error}"),
                "if it is a copy, give it the time of the original (`cp -p`), or open it in Chute_kun and quit with `q`",
            ));
        }
        if known.last_snapshot_saved.is_some_and(|last| saved < last) {
            checks.push(Check::fault(
                "snapshot",
                Exit::Attention,
                "it was saved before the last one that was pushed, so it looks like an older copy",
                "if it is the right one, open Chute_kun and quit it with `q`, which saves it again",
            ));
        }
        let ingested = ingest(&mut sidecar, &snapshot, saved, zone);
        sessions(&snapshot, &ingested.invalid, checks);
        if let Some(of) = other_list(&known, &ingested, &place) {
            checks.push(Check::fault(
                "snapshot",
                Exit::Attention,
                format!("it has none of the sessions of `{of}`, which the sidecar was made from, so it looks like another list"),
                "give it a sidecar of its own with --sidecar, or move the sidecar away if the other list is no more",
            ));
        }
        ingested
    });
    sidecar_file(settings, &loaded, context, checks);
    let mut stage = Stage::New;
    if let (Some(ingested), true) = (ingested, loaded.is_ok()) {
        let plan = plan(&sidecar, &ingested, &Options::plain(settings.selection.clone()));
        let pushed = sidecar.sessions().filter(|(_, _, record)| record.last_sent.is_some()).count();
        config::rules(settings, &sidecar, &plan, checks);
        records(&plan, pushed, checks);
        stage = match plan.requests() {
            _ if pushed == 0 => Stage::New,
            0 => Stage::UpToDate,
            requests => Stage::Pending(requests),
        };
    }
    checks.push(folder(&settings.sidecar));
    checks.extend(lock(&settings.sidecar));
    Files { sidecar: known, stage }
}

/// The whole sidecar, its archive taken apart.
fn load(path: &Path) -> Result<Option<Sidecar>, LoadError> {
    let Some((_, mut sidecar)) = file::load(path)? else { return Ok(None) };
    sidecar.unarchive().map_err(|source| LoadError::Format { path: path.to_owned(), source })?;
    Ok(Some(sidecar))
}

/// When a file was last changed; `None` if it is not there.
#[expect(clippy::disallowed_methods, reason = "the doctor looks at files")]
pub fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn snapshot(settings: &Settings, context: &Context<'_>, checks: &mut Vec<Check>) -> Option<(Snapshot, Reading)> {
    let reading = match reading::read_whole(&settings.snapshot, context.clock) {
        Ok(reading) => reading,
        Err(error) => {
            checks.push(unread(&error));
            return None;
        }
    };
    match snapshot::parse(&reading.bytes) {
        Ok(snapshot) => {
            checks.push(Check::ok("snapshot", format!("saved {}", ago(reading.saved, context))));
            Some((snapshot, reading))
        }
        Err(error) => {
            let todo = "open it in Chute_kun, which saves it again if it can read it, or restore it from a copy";
            checks.push(Check::fault("snapshot", Exit::Input, error.to_string(), todo));
            None
        }
    }
}

fn unread(error: &ReadError) -> Check {
    let exit = if matches!(error, ReadError::Restless { .. }) { Exit::Unfinished } else { Exit::Input };
    let (text, todo) = match error {
        ReadError::Missing { .. } => (
            "there is no such file".to_owned(),
            "quit Chute_kun once with `q`, which saves the snapshot, or name another file with --snapshot",
        ),
        ReadError::Unreadable { source, .. } => {
            (format!("it cannot be read: {source}"), "check the permissions of the snapshot and of its folders")
        }
        ReadError::NotAFile { .. } => ("it is not a file".to_owned(), "name the snapshot itself with --snapshot"),
        ReadError::TooLarge { size, .. } => (
            format!("it has {} bytes, far more than any snapshot", number(*size)),
            "name the right file with --snapshot",
        ),
        ReadError::Empty { .. } => (
            "it is empty: Chute_kun was stopped while it saved".to_owned(),
            "restore the snapshot from a copy, or start with an empty list by quitting Chute_kun with `q`",
        ),
        ReadError::Cut { .. } => (
            "its last line is not complete: it was cut short, or edited by hand".to_owned(),
            "restore the snapshot from a copy, or complete its last line",
        ),
        ReadError::Restless { .. } => {
            ("it keeps changing".to_owned(), "try again when Chute_kun has saved the snapshot")
        }
    };
    Check::fault("snapshot", exit, text, todo)
}

/// The sessions in the snapshot, and those that cannot be what they say.
fn sessions(snapshot: &Snapshot, invalid: &[crate::reconcile::ingest::InvalidSession], checks: &mut Vec<Check>) {
    let n: usize = snapshot.tasks().map(|(_, _, task)| task.sessions.len()).sum();
    checks.push(match invalid {
        [] => Check::ok("sessions", format!("{} in {}", number(n), count(snapshot.tasks().count(), "task"))),
        [first, ..] => Check::fault(
            "sessions",
            Exit::Attention,
            format!(
                "{} of {} are left out, the first in \"{}\" ({}, session {}): {}",
                number(invalid.len()),
                number(n),
                first.title,
                first.place,
                first.session,
                first.reason
            ),
            "correct these sessions in the snapshot while Chute_kun is not running",
        ),
    });
}

fn sidecar_file(
    settings: &Settings,
    loaded: &Result<Option<Sidecar>, LoadError>,
    context: &Context<'_>,
    checks: &mut Vec<Check>,
) {
    let path = settings.sidecar.display();
    match loaded {
        Ok(None) => checks.push(Check::ok("sidecar", format!("`{path}` is not there yet, because nothing was pushed"))),
        Ok(Some(sidecar)) => {
            let saved = sidecar.last_snapshot_saved.map_or("never".to_owned(), |saved| ago(saved, context));
            checks.push(Check::ok("sidecar", format!("`{path}`; the snapshot of the last push was saved {saved}")));
            checks.extend(provenance(settings, sidecar));
            checks.extend(permissions(&settings.sidecar));
        }
        Err(LoadError::Io { source, .. }) => checks.push(Check::fault(
            "sidecar",
            Exit::Input,
            format!("`{path}` cannot be read: {source}"),
            "check the permissions of the sidecar and of its folders",
        )),
        Err(LoadError::Format { source, .. }) => checks.push(Check::fault(
            "sidecar",
            Exit::Input,
            format!("`{path}` cannot be used: {source}"),
            "restore the sidecar from a copy, or move it away: the next push then looks up in Toggl what is there",
        )),
    }
}

/// Whether it is another sidecar than the one that this machine saved last.
fn provenance(settings: &Settings, sidecar: &Sidecar) -> Option<Check> {
    let looks = "what it does not hold is looked up in Toggl before the next push makes anything there";
    let serial = sidecar.revision.serial;
    let last = file::remembered(&settings.sidecar).filter(|_| serial > 0);
    match Provenance::of(Some(&sidecar.revision), last.as_ref()) {
        Provenance::Older => Some(Check::note(
            "sidecar",
            format!(
                "it is older than the one that this machine saved last (save {serial} of {}); {looks}",
                last?.revision.serial
            ),
        )),
        Provenance::Unknown if serial > 0 => {
            Some(Check::note("sidecar", format!("it is not the one that this machine saved last; {looks}")))
        }
        Provenance::Newest | Provenance::Lost | Provenance::Unknown => None,
    }
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the doctor looks at files")]
fn permissions(path: &Path) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        Check::fault(
            "sidecar",
            Exit::Input,
            format!("others can read or write it (mode {mode:03o})"),
            format!("chmod 600 `{}`", path.display()),
        )
    })
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<Check> {
    None
}

/// What is in Toggl, and what is not and why.
fn records(plan: &Plan, pushed: usize, checks: &mut Vec<Check>) {
    let held = |why| plan.held_for(why).count();
    checks.push(Check::ok("records", format!("{} sent, {} to send", number(pushed), number(plan.requests()))));
    if held(HoldReason::Uncertain) > 0 {
        let text =
            format!("{} may or may not be in Toggl; the next push looks first", number(held(HoldReason::Uncertain)));
        checks.push(Check::note("records", text));
    }
    if held(HoldReason::Rejected) > 0 {
        checks.push(Check::fault(
            "records",
            Exit::Attention,
            format!("{} rejected by Toggl", count(held(HoldReason::Rejected), "session")),
            "look with `chute-toggl status` why, then correct them, or send them again with `chute-toggl push --retry-rejected`",
        ));
    }
    if held(HoldReason::Reopened) > 0 {
        checks.push(Check::fault(
            "records",
            Exit::Attention,
            by_number(
                held(HoldReason::Reopened),
                "# session[|s] had ended and [is|are] open again, which Chute_kun never does",
            ),
            "look with `chute-toggl status` which, and correct them in the snapshot while Chute_kun is not running",
        ));
    }
}

/// Whether the sidecar's folder can be written to, or made. The file that tries it never has a name.
#[expect(clippy::disallowed_methods, reason = "the doctor looks at files")]
fn folder(sidecar: &Path) -> Check {
    let path = sidecar.canonicalize().unwrap_or_else(|_| sidecar.to_owned());
    let mut folder = path.parent().map(Path::to_owned).unwrap_or_default();
    while !folder.as_os_str().is_empty() && folder.symlink_metadata().is_err() {
        folder = folder.parent().map(Path::to_owned).unwrap_or_default();
    }
    if folder.as_os_str().is_empty() {
        folder = PathBuf::from(".");
    }
    match tempfile::tempfile_in(&folder) {
        Ok(_) if RealDisk.sync_folder(&folder).is_err() => Check::note(
            "folder",
            format!(
                "`{}` can be written to, but its file system does not make names durable: a power cut may bring the \
                 sidecar before the last one back",
                folder.display()
            ),
        ),
        Ok(_) => Check::ok("folder", format!("`{}` can be written to", folder.display())),
        Err(error) => Check::fault(
            "folder",
            Exit::Input,
            format!("`{}` cannot be written to: {error}", folder.display()),
            "check the permissions of that folder, or name another place for the sidecar with --sidecar",
        ),
    }
}

fn lock(sidecar: &Path) -> Option<Check> {
    file::is_locked(sidecar).then(|| Check::note("lock", "another push is running"))
}
