//! What programs read: one JSON document a command, each a type. The comments of their fields are what the schemas in
//! `fixtures/schemas` and chute-toggl-json(5) say of them; both are made from the types by the tests.
//!
//! Titles and other texts are as they were read; on output, what a terminal must not see is written as JSON's own escapes.
//! New fields, kinds and reasons may be added under the same `schema`; a program should pass over what it does not know.

mod doctor;
mod explain;
mod plan;
mod push;
mod status;
mod verify;

use schemars::JsonSchema;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use crate::exit::Exit;
use crate::sidecar::{SessionKey, SessionRecord, TaskRecord};
use crate::toggl::{EntryId, WorkspaceId};

pub use doctor::Doctor;
pub use explain::Explain;
pub use push::{DryRun, Push};
pub use status::Status;
pub use verify::Verify;

/// The version of the documents' format.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline, extend("const" = Version::CURRENT.0))]
struct Version(u64);

impl Version {
    const CURRENT: Version = Version(1);
}

/// There is neither a snapshot nor a sidecar: what `push`, `status`, `verify` and `explain` say then.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NothingRecorded<'a> {
    schema: Version,
    /// The command.
    command: &'a str,
    /// That it is so.
    #[schemars(extend("const" = true))]
    nothing_recorded: bool,
    exit: Exit,
}

impl NothingRecorded<'_> {
    /// What this command says.
    #[must_use]
    pub fn new(command: &str) -> NothingRecorded<'_> {
        NothingRecorded { schema: Version::CURRENT, command, nothing_recorded: true, exit: Exit::UpToDate }
    }
}

/// A command could not do its work at all. The error is on standard error as well.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Failure<'a> {
    schema: Version,
    /// The command, if it is `verify` that could not compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'static str>,
    /// What is wrong, for people.
    error: &'a str,
    exit: Exit,
}

impl Failure<'_> {
    /// That this went wrong.
    #[must_use]
    pub fn new(error: &str, exit: Exit) -> Failure<'_> {
        Failure { schema: Version::CURRENT, command: None, error, exit }
    }

    /// That `verify` could not compare, and why.
    #[must_use]
    pub fn not_compared(error: &str, exit: Exit) -> Failure<'_> {
        Failure { command: Some("verify"), ..Failure::new(error, exit) }
    }
}

/// What many say of a session.
#[derive(Debug, Serialize, JsonSchema)]
struct Session<'a> {
    session: SessionKey,
    /// Its title.
    title: &'a str,
    /// When it started.
    start: Timestamp,
    /// When it stopped; null while it is open.
    stop: Option<Timestamp>,
}

impl<'a> Session<'a> {
    fn new(session: SessionKey, task: &'a TaskRecord, record: &SessionRecord) -> Session<'a> {
        let stop = record.stop.map(Timestamp::from);
        Session { session, title: &task.title, start: record.start.into(), stop }
    }
}

/// An entry in Toggl.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry<'a> {
    /// Its id.
    id: EntryId,
    /// The workspace it is in.
    workspace: WorkspaceId,
    /// Its text.
    description: &'a str,
    /// When it starts.
    start: Timestamp,
    /// When it stops; null while it runs.
    stop: Option<Timestamp>,
}

impl<'a> Entry<'a> {
    fn new(
        (id, workspace): (EntryId, WorkspaceId),
        description: &'a str,
        start: OffsetDateTime,
        stop: Option<OffsetDateTime>,
    ) -> Self {
        Entry { id, workspace, description, start: start.into(), stop: stop.map(Timestamp::from) }
    }
}

/// An instant, as RFC 3339 with the offset in force then.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline, extend("format" = "date-time"))]
struct Timestamp(String);

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Timestamp {
        // Fails only past the year 9999, and for the offsets with seconds of the years before 1900.
        Timestamp(at.format(&Rfc3339).unwrap_or_else(|_| at.to_string()))
    }
}

/// A day, as `YYYY-MM-DD`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline, extend("format" = "date"))]
struct Day(String);

impl From<Date> for Day {
    fn from(day: Date) -> Day {
        Day(day.to_string())
    }
}
