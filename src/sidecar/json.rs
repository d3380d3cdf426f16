//! The sidecar as text: JSON, one line a task and one line a session, in the order of the keys, so that one changed
//! record changes one line. What can be derived is not written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::marker::PhantomData;
use std::rc::Rc;
use std::str::FromStr;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::macros::date;
use time::{Date, OffsetDateTime};

use super::{
    Accepted, Archive, Category, Classification, Intent, LastSent, Minutes, Names, Place, Rejection, RejectsAll,
    Revision, Said, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord, VERSION, Waiting,
};
use crate::chute_kun::snapshot::KnownPast;
use crate::toggl::quota::Quota;
use crate::toggl::{AccountId, EntryId, WorkspaceId};
use crate::zone::is_on_every_clock;

/// The first day of any entry in Toggl.
const FIRST_DAY: Date = date!(2006 - 01 - 01);

/// Why a sidecar was not accepted. Nothing is ever written over such a file.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Another program version wrote it.
    #[error("it is of version {0}, and this program knows version {VERSION} only")]
    Version(u64),
    /// Not JSON, not this shape, or not consistent.
    #[error("{0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskLine<'a> {
    #[serde(borrow)]
    title: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    planned: Option<u32>,
    #[serde(default, skip_serializing_if = "is_general")]
    category: Category,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<EntryId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workspace: Option<WorkspaceId>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(with = "time::serde::rfc3339")]
    start: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    stop: Option<OffsetDateTime>,
    /// Written only where they cannot be read off the instants (a minute that the clock never showed).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minutes: Option<(u16, Option<u16>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    adopted: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    inferred: bool,
    #[serde(default, with = "iso_date", skip_serializing_if = "Option::is_none")]
    other_day: Option<Date>,
    #[serde(default, alias = "gone", skip_serializing_if = "is_false")]
    removed: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    assumed: bool,
    #[serde(default, alias = "holds", skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<Accepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intent: Option<Box<Intent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejected: Option<Box<Rejection>>,
}

/// What was last sent, where that is not what the session is now.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    #[serde(with = "time::serde::rfc3339")]
    start: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    stop: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "is_false")]
    halted: bool,
}

time::serde::format_description!(iso_date_format, Date, "[year]-[month]-[day]");
use iso_date_format::option as iso_date;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_general(category: &Category) -> bool {
    *category == Category::General
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    version: u64,
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    account: Option<AccountId>,
    #[serde(default)]
    workspace: Option<WorkspaceId>,
    #[serde(default)]
    rejects_all: Option<RejectsAll>,
    #[serde(default, alias = "taken", with = "time::serde::rfc3339::option")]
    last_snapshot_saved: Option<OffsetDateTime>,
    #[serde(default, borrow)]
    snapshot_digest: Option<Cow<'a, str>>,
    #[serde(default)]
    running: Option<SessionKey>,
    #[serde(default, borrow)]
    snapshot: Option<Cow<'a, str>>,
    #[serde(default, with = "iso_date")]
    scanned_from: Option<Date>,
    #[serde(default)]
    lost_until: Option<i64>,
    /// What old files have instead: everything was looked for.
    #[serde(default)]
    looked: bool,
    #[serde(default)]
    names: Names,
    #[serde(default)]
    quota: Quota,
    #[serde(default, borrow)]
    zone: Option<Cow<'a, str>>,
    #[serde(default)]
    waiting: Option<Waiting>,
    #[serde(default)]
    attention: Option<Said>,
    #[serde(borrow)]
    tasks: Pairs<TaskKey, TaskLine<'a>>,
    #[serde(borrow)]
    entries: Pairs<SessionKey, EntryLine<'a>>,
    #[serde(default, borrow)]
    archive: Option<ArchiveLines<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveLines<'a> {
    past: KnownPast,
    sessions: usize,
    last_day: u32,
    #[serde(borrow)]
    tasks: &'a RawValue,
    #[serde(borrow)]
    entries: &'a RawValue,
}

/// A JSON object as pairs in the order of the file: no map is built that is thrown away at once.
struct Pairs<K, V>(Vec<(K, V)>);

impl<'de, K: FromStr, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<K, V>(PhantomData<(K, V)>);
        impl<'de, K: FromStr, V: Deserialize<'de>> Visitor<'de> for InOrder<K, V> {
            type Value = Pairs<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let parsed = key.parse().map_err(|_| A::Error::custom(format!("`{key}` is not a key")))?;
                    pairs.push((parsed, map.next_value()?));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

impl Sidecar {
    /// Reads the text of a sidecar.
    ///
    /// # Errors
    /// [`FormatError`]: another version, not JSON, an unknown field, or records that do not fit together.
    pub fn from_json(text: &[u8]) -> Result<Sidecar, FormatError> {
        let file: File<'_> = serde_json::from_slice(text).map_err(|error| version_or(text, &error))?;
        if file.version != VERSION {
            return Err(FormatError::Version(file.version));
        }
        let mut records = BTreeMap::new();
        insert(&mut records, file.tasks, file.entries)?;
        let damaged = |what: String| FormatError::Damaged(what);
        if let Some(workspace) = file.workspace.filter(|workspace| workspace.0 <= 0) {
            return Err(damaged(format!("the workspace {workspace} is none")));
        }
        let snapshot_digest = (file.snapshot_digest)
            .map(|digest| digest.parse().map_err(|()| damaged(format!("`{digest}` is not a digest"))))
            .transpose()?;
        Ok(Sidecar {
            revision: Revision { lineage: file.lineage, serial: file.serial },
            account: file.account,
            workspace: file.workspace,
            rejects_all: file.rejects_all,
            last_snapshot_saved: file.last_snapshot_saved.map(OffsetDateTime::unix_timestamp),
            snapshot_digest,
            running: file.running,
            snapshot: file.snapshot.map(Cow::into_owned),
            scanned_from: file.scanned_from.or(file.looked.then_some(FIRST_DAY)),
            names: file.names,
            lost_until: file.lost_until,
            quota: file.quota,
            zone: file.zone.map(Cow::into_owned),
            waiting: file.waiting,
            attention: file.attention,
            tasks: records,
            archive: file.archive.map(|lines| Archive {
                past: lines.past,
                sessions: lines.sessions,
                last_day: lines.last_day,
                tasks: lines.tasks.get().to_owned(),
                entries: lines.entries.get().to_owned(),
            }),
        })
    }

    /// The text of the sidecar: the same value gives the same bytes.
    ///
    /// # Errors
    /// An instant that RFC 3339 cannot say (a year past 9999).
    pub fn to_json(&self) -> std::io::Result<Vec<u8>> {
        let records: usize = self.tasks.values().map(|task| task.sessions.len()).sum();
        let archived = self.archive.as_ref().map_or(0, |archive| archive.tasks.len() + archive.entries.len());
        let mut out = Vec::with_capacity(1024 + self.tasks.len() * 80 + records * 200 + archived);
        self.write(&mut out)?;
        Ok(out)
    }

    fn write(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        self.write_head(out)?;
        out.extend_from_slice(b"\"tasks\": ");
        write_tasks(&self.tasks, out)?;
        out.extend_from_slice(b",\n\"entries\": ");
        write_entries(&self.tasks, out)?;
        if let Some(archive) = &self.archive {
            let past = serde_json::to_string(&archive.past)?;
            let Archive { sessions, last_day, tasks, entries, .. } = archive;
            write!(out, ",\n\"archive\": {{\n\"past\": {past},\n\"sessions\": {sessions},\n")?;
            write!(out, "\"last_day\": {last_day},\n\"tasks\": {tasks},\n\"entries\": {entries}\n}}")?;
        }
        out.extend_from_slice(b"\n}\n");
        Ok(())
    }

    /// All but the records, one line a field.
    fn write_head(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let is_saved = !self.revision.lineage.is_empty();
        let saved = self.last_snapshot_saved.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let saved = saved.map(|at| at.format(&Rfc3339)).transpose().map_err(std::io::Error::other)?;
        let day = self.scanned_from.map(|day| day.format(&Iso8601::DATE)).transpose().map_err(std::io::Error::other)?;
        writeln!(out, "{{\n\"version\": {VERSION},")?;
        field(out, "lineage", is_saved.then_some(&self.revision.lineage))?;
        field(out, "serial", is_saved.then_some(self.revision.serial))?;
        field(out, "account", self.account)?;
        field(out, "workspace", self.workspace)?;
        field(out, "rejects_all", self.rejects_all.as_ref())?;
        field(out, "last_snapshot_saved", saved)?;
        field(out, "snapshot_digest", self.snapshot_digest.map(|digest| digest.to_string()))?;
        field(out, "running", self.running)?;
        field(out, "snapshot", self.snapshot.as_ref())?;
        field(out, "scanned_from", day)?;
        field(out, "names", Some(&self.names).filter(|names| !names.is_empty()))?;
        field(out, "lost_until", self.lost_until)?;
        field(out, "quota", Some(&self.quota))?;
        field(out, "zone", self.zone.as_ref())?;
        field(out, "waiting", self.waiting)?;
        field(out, "attention", self.attention.as_ref())
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: Option<impl Serialize>) -> std::io::Result<()> {
    let Some(value) = value else { return Ok(()) };
    writeln!(out, "\"{name}\": {},", serde_json::to_string(&value)?)
}

/// Reads the JSON objects of tasks and of their entries into the records.
///
/// # Errors
/// [`FormatError::Damaged`].
pub fn read_into(records: &mut BTreeMap<TaskKey, TaskRecord>, tasks: &str, entries: &str) -> Result<(), FormatError> {
    let damaged = |error: serde_json::Error| FormatError::Damaged(format!("in its archive, {error}"));
    insert(records, serde_json::from_str(tasks).map_err(damaged)?, serde_json::from_str(entries).map_err(damaged)?)
}

/// The JSON objects of the tasks and of their entries.
///
/// # Errors
/// As [`Sidecar::to_json`].
pub fn write_records(records: &BTreeMap<TaskKey, TaskRecord>) -> std::io::Result<(String, String)> {
    let (mut tasks, mut entries) = (Vec::new(), Vec::new());
    write_tasks(records, &mut tasks)?;
    write_entries(records, &mut entries)?;
    Ok((
        String::from_utf8(tasks).map_err(std::io::Error::other)?,
        String::from_utf8(entries).map_err(std::io::Error::other)?,
    ))
}

fn write_tasks(records: &BTreeMap<TaskKey, TaskRecord>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut before = "{";
    for (&key, task) in records {
        write!(out, "{before}\n\"{key}\": ")?;
        before = ",";
        let line = TaskLine {
            title: Cow::Borrowed(&task.title),
            planned: (task.planned != key.day).then_some(task.planned),
            category: task.category,
            place: task.place,
        };
        serde_json::to_writer(&mut *out, &line)?;
    }
    out.extend_from_slice(if records.is_empty() { b"{}" } else { b"\n}" });
    Ok(())
}

fn write_entries(records: &BTreeMap<TaskKey, TaskRecord>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut before = "{";
    for (&task_key, task) in records {
        for record in &task.sessions {
            let key = SessionKey { task: task_key, session: record.number };
            write!(out, "{before}\n\"{key}\": ")?;
            before = ",";
            serde_json::to_writer(&mut *out, &line(record))?;
        }
    }
    out.extend_from_slice(if records.is_empty() { b"{}" } else { b"\n}" });
    Ok(())
}

/// Puts tasks and entries together; none of either may lack the other.
fn insert(
    records: &mut BTreeMap<TaskKey, TaskRecord>,
    Pairs(mut tasks): Pairs<TaskKey, TaskLine<'_>>,
    Pairs(mut entries): Pairs<SessionKey, EntryLine<'_>>,
) -> Result<(), FormatError> {
    let damaged = |what: String| Err(FormatError::Damaged(what));
    // As they are written, both are in this order, and sorting is one look at each.
    tasks.sort_by_key(|(key, _)| *key);
    entries.sort_by_key(|(key, _)| key.task);
    let mut entries = entries.into_iter();
    let mut read: Vec<(TaskKey, TaskRecord)> = Vec::with_capacity(tasks.len());
    for (key, line) in tasks {
        if records.contains_key(&key) || read.last().is_some_and(|(last, _)| *last == key) {
            return damaged(format!("the task {key} is there twice"));
        }
        let sessions = entries.as_slice().iter().take_while(|(entry, _)| entry.task == key).count();
        let mut task = TaskRecord {
            title: line.title.into(),
            planned: line.planned.unwrap_or(key.day),
            category: line.category,
            place: line.place,
            sessions: Vec::with_capacity(sessions),
        };
        for (key, line) in entries.by_ref().take(sessions) {
            if task.sessions.last().is_some_and(|last| last.number >= key.session) {
                return damaged(format!("the entry {key} is there twice or out of order"));
            }
            let record = record(key, line, &task.title)?;
            let sent = record.last_sent.as_ref().map(|sent| (sent.start, sent.stop));
            let instants = [Some((record.start, record.stop)), sent].into_iter().flatten();
            if !instants.flat_map(|(start, stop)| [Some(start), stop]).flatten().all(is_on_every_clock) {
                return damaged(format!("the entry {key} is of a year that cannot be"));
            }
            task.sessions.push(record);
        }
        if let Some((entry, _)) = entries.as_slice().first().filter(|(entry, _)| entry.task < key) {
            return damaged(format!("the entry {entry} belongs to no task"));
        }
        if task.sessions.is_empty() {
            return damaged(format!("the task {key} has no entry"));
        }
        read.push((key, task));
    }
    if let Some((entry, _)) = entries.next() {
        return damaged(format!("the entry {entry} belongs to no task"));
    }
    records.append(&mut read.into_iter().collect());
    Ok(())
}

fn version_or(text: &[u8], error: &serde_json::Error) -> FormatError {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    match serde_json::from_slice::<Version>(text) {
        Ok(Version { version }) if version != VERSION => FormatError::Version(version),
        _ => FormatError::Damaged(error.to_string()),
    }
}

fn line(record: &SessionRecord) -> EntryLine<'_> {
    let entry = record.last_sent.as_ref();
    let classification = entry.and_then(|entry| entry.classification.as_deref());
    EntryLine {
        id: entry.map(|entry| entry.id),
        workspace: entry.map(|entry| entry.workspace),
        description: entry.map(|entry| Cow::Borrowed(&*entry.description)),
        start: record.start,
        stop: record.stop,
        minutes: (Minutes::shown_by(record.start, record.stop) != record.minutes)
            .then_some((record.minutes.start, record.minutes.end)),
        project: classification.and_then(|sent| sent.project),
        tags: classification.map(|sent| sent.tags.to_vec()).unwrap_or_default(),
        adopted: entry.is_some_and(|entry| entry.adopted),
        inferred: record.inferred,
        other_day: record.other_day.filter(|_| record.inferred),
        removed: record.removed,
        assumed: record.assumed,
        sent: entry.filter(|entry| !entry.same_times(record)).map(|entry| Sent {
            start: entry.start,
            stop: entry.stop,
            halted: entry.halted,
        }),
        accepted: entry.map(|entry| entry.accepted).filter(|accepted| *accepted != Accepted::default()),
        intent: record.intent.clone(),
        rejected: record.rejected.clone(),
    }
}

fn record(key: SessionKey, line: EntryLine<'_>, title: &Rc<str>) -> Result<SessionRecord, FormatError> {
    let entry = match (line.id, line.workspace, line.description) {
        (Some(id), Some(workspace), Some(description)) => {
            if id.0 <= 0 || workspace.0 <= 0 {
                return Err(FormatError::Damaged(format!("the entry {key} has an id or workspace that is none")));
            }
            let sent = line.sent.unwrap_or(Sent { start: line.start, stop: line.stop, halted: false });
            let Sent { start, stop, halted } = sent;
            let description = if *description == **title { Rc::clone(title) } else { description.into() };
            let classification = Classification { project: line.project, tags: line.tags.into() }.kept();
            let adopted = line.adopted;
            let accepted = line.accepted.unwrap_or_default();
            Some(LastSent { id, workspace, description, start, stop, halted, adopted, classification, accepted })
        }
        (None, None, None) if line.sent.is_none() && line.accepted.is_none() => None,
        _ => return Err(FormatError::Damaged(format!("the entry {key} lacks its id, workspace or description"))),
    };
    if let Some(intent) =
        line.intent.as_ref().filter(|intent| intent.since < 0 || intent.workspace.is_some_and(|id| id.0 <= 0))
    {
        let since = intent.since;
        return Err(FormatError::Damaged(format!(
            "the intent of {key} is of no time that can be ({since}) or no workspace"
        )));
    }
    let minutes = match line.minutes {
        Some((start, end)) => Minutes { start, end },
        None => Minutes::shown_by(line.start, line.stop),
    };
    Ok(SessionRecord {
        number: key.session,
        minutes,
        start: line.start,
        stop: line.stop,
        inferred: line.inferred,
        other_day: line.other_day,
        removed: line.removed,
        assumed: line.assumed,
        last_sent: entry,
        intent: line.intent,
        rejected: line.rejected,
    })
}

impl LastSent {
    /// Whether these very times of the session were sent.
    #[must_use]
    pub fn same_times(&self, record: &SessionRecord) -> bool {
        self.start == record.start && self.stop == record.stop && !self.halted
    }
}

impl Minutes {
    /// The minutes that a clock with the offsets of these instants showed.
    #[must_use]
    pub fn shown_by(start: OffsetDateTime, stop: Option<OffsetDateTime>) -> Minutes {
        let shown = |at: OffsetDateTime| u16::from(at.hour()) * 60 + u16::from(at.minute());
        Minutes { start: shown(start), end: stop.map(shown) }
    }
}
