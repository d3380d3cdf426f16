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
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    Archive, Intent, LastSent, Minutes, Place, Rejection, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord,
    VERSION,
};
use crate::chute_kun::snapshot::KnownPast;
use crate::toggl::quota::Quota;
use crate::zone::is_on_every_clock;

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workspace: Option<i64>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(with = "time::serde::rfc3339")]
    start: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    stop: Option<OffsetDateTime>,
    /// Written only where they cannot be read off the instants (a minute that the clock never showed).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minutes: Option<(u16, Option<u16>)>,
    #[serde(default, skip_serializing_if = "is_false")]
    inferred: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    gone: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    assumed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holds: Option<Holds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intent: Option<Box<Intent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejected: Option<Box<Rejection>>,
}

/// What Toggl was last told, where that is not what the session is now.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holds {
    #[serde(with = "time::serde::rfc3339")]
    start: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    stop: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "is_false")]
    halted: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    version: u64,
    #[serde(default)]
    workspace: Option<i64>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    taken: Option<OffsetDateTime>,
    #[serde(default, borrow)]
    running: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    snapshot: Option<Cow<'a, str>>,
    #[serde(default)]
    looked: bool,
    #[serde(default)]
    quota: Quota,
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
        let mut threads = BTreeMap::new();
        insert(&mut threads, file.tasks, file.entries)?;
        let running = file
            .running
            .map(|key| key.parse().map_err(|_| FormatError::Damaged(format!("what runs, `{key}`, is not a key"))));
        Ok(Sidecar {
            workspace: file.workspace,
            last_snapshot_saved: file.taken.map(OffsetDateTime::unix_timestamp),
            running: running.transpose()?,
            snapshot: file.snapshot.map(Cow::into_owned),
            looked: file.looked,
            quota: file.quota,
            tasks: threads,
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
        let records: usize = self.tasks.values().map(|thread| thread.sessions.len()).sum();
        let archived = self.archive.as_ref().map_or(0, |archive| archive.tasks.len() + archive.entries.len());
        let mut out = Vec::with_capacity(1024 + self.tasks.len() * 80 + records * 200 + archived);
        self.write(&mut out)?;
        Ok(out)
    }

    fn write(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        writeln!(out, "{{\n\"version\": {VERSION},")?;
        if let Some(workspace) = self.workspace {
            writeln!(out, "\"workspace\": {workspace},")?;
        }
        if let Some(taken) =
            self.last_snapshot_saved.and_then(|instant| OffsetDateTime::from_unix_timestamp(instant).ok())
        {
            writeln!(out, "\"taken\": \"{}\",", taken.format(&Rfc3339).map_err(std::io::Error::other)?)?;
        }
        if let Some(running) = self.running {
            writeln!(out, "\"running\": \"{running}\",")?;
        }
        if let Some(snapshot) = &self.snapshot {
            writeln!(out, "\"snapshot\": {},", serde_json::to_string(snapshot)?)?;
        }
        writeln!(out, "\"looked\": {},", self.looked)?;
        writeln!(out, "\"quota\": {},", serde_json::to_string(&self.quota)?)?;
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
}

/// Reads the JSON objects of tasks and of their entries into the threads.
///
/// # Errors
/// [`FormatError::Damaged`].
pub fn read_into(threads: &mut BTreeMap<TaskKey, TaskRecord>, tasks: &str, entries: &str) -> Result<(), FormatError> {
    let damaged = |error: serde_json::Error| FormatError::Damaged(format!("in its archive, {error}"));
    insert(threads, serde_json::from_str(tasks).map_err(damaged)?, serde_json::from_str(entries).map_err(damaged)?)
}

/// The JSON objects of the tasks and of their entries.
///
/// # Errors
/// As [`Sidecar::to_json`].
pub fn write_threads(threads: &BTreeMap<TaskKey, TaskRecord>) -> std::io::Result<(String, String)> {
    let (mut tasks, mut entries) = (Vec::new(), Vec::new());
    write_tasks(threads, &mut tasks)?;
    write_entries(threads, &mut entries)?;
    Ok((
        String::from_utf8(tasks).map_err(std::io::Error::other)?,
        String::from_utf8(entries).map_err(std::io::Error::other)?,
    ))
}

fn write_tasks(threads: &BTreeMap<TaskKey, TaskRecord>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut before = "{";
    for (&key, thread) in threads {
        write!(out, "{before}\n\"{key}\": ")?;
        before = ",";
        let line = TaskLine {
            title: Cow::Borrowed(&thread.title),
            planned: (thread.planned != key.day).then_some(thread.planned),
            place: thread.place,
        };
        serde_json::to_writer(&mut *out, &line)?;
    }
    out.extend_from_slice(if threads.is_empty() { b"{}" } else { b"\n}" });
    Ok(())
}

fn write_entries(threads: &BTreeMap<TaskKey, TaskRecord>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut before = "{";
    for (&thread_key, thread) in threads {
        for record in &thread.sessions {
            let key = SessionKey { task: thread_key, session: record.number };
            write!(out, "{before}\n\"{key}\": ")?;
            before = ",";
            serde_json::to_writer(&mut *out, &line(record))?;
        }
    }
    out.extend_from_slice(if threads.is_empty() { b"{}" } else { b"\n}" });
    Ok(())
}

/// Puts tasks and entries together; none of either may lack the other.
fn insert(
    threads: &mut BTreeMap<TaskKey, TaskRecord>,
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
        if threads.contains_key(&key) || read.last().is_some_and(|(last, _)| *last == key) {
            return damaged(format!("the task {key} is there twice"));
        }
        let sessions = entries.as_slice().iter().take_while(|(entry, _)| entry.task == key).count();
        let mut thread = TaskRecord {
            title: line.title.into(),
            planned: line.planned.unwrap_or(key.day),
            place: line.place,
            sessions: Vec::with_capacity(sessions),
        };
        for (key, line) in entries.by_ref().take(sessions) {
            if thread.sessions.last().is_some_and(|last| last.number >= key.session) {
                return damaged(format!("the entry {key} is there twice or out of order"));
            }
            let record = record(key, line, &thread.title)?;
            let sent = record.last_sent.as_ref().map(|sent| (sent.start, sent.stop));
            let instants = [Some((record.start, record.stop)), sent].into_iter().flatten();
            if !instants.flat_map(|(start, stop)| [Some(start), stop]).flatten().all(is_on_every_clock) {
                return damaged(format!("the entry {key} is of a year that cannot be"));
            }
            thread.sessions.push(record);
        }
        if let Some((entry, _)) = entries.as_slice().first().filter(|(entry, _)| entry.task < key) {
            return damaged(format!("the entry {entry} belongs to no task"));
        }
        if thread.sessions.is_empty() {
            return damaged(format!("the task {key} has no entry"));
        }
        read.push((key, thread));
    }
    if let Some((entry, _)) = entries.next() {
        return damaged(format!("the entry {entry} belongs to no task"));
    }
    threads.append(&mut read.into_iter().collect());
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
    EntryLine {
        id: entry.map(|entry| entry.id),
        workspace: entry.map(|entry| entry.workspace),
        description: entry.map(|entry| Cow::Borrowed(&*entry.description)),
        start: record.start,
        stop: record.stop,
        minutes: (Minutes::shown_by(record.start, record.stop) != record.minutes)
            .then_some((record.minutes.start, record.minutes.end)),
        inferred: record.inferred,
        gone: record.removed,
        assumed: record.assumed,
        holds: entry.filter(|entry| !entry.same_times(record)).map(|entry| Holds {
            start: entry.start,
            stop: entry.stop,
            halted: entry.halted,
        }),
        intent: record.intent.clone(),
        rejected: record.rejected.clone(),
    }
}

fn record(key: SessionKey, line: EntryLine<'_>, title: &Rc<str>) -> Result<SessionRecord, FormatError> {
    let entry = match (line.id, line.workspace, line.description) {
        (Some(id), Some(workspace), Some(description)) => {
            let holds = line.holds.unwrap_or(Holds { start: line.start, stop: line.stop, halted: false });
            let Holds { start, stop, halted } = holds;
            let description = if *description == **title { Rc::clone(title) } else { description.into() };
            Some(LastSent { id, workspace, description, start, stop, halted })
        }
        (None, None, None) if line.holds.is_none() => None,
        _ => return Err(FormatError::Damaged(format!("the entry {key} lacks its id, workspace or description"))),
    };
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
        removed: line.gone,
        assumed: line.assumed,
        last_sent: entry,
        intent: line.intent,
        rejected: line.rejected,
    })
}

impl LastSent {
    /// Whether Toggl was told these very times of the session.
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
