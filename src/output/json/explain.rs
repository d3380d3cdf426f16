//! The document of `explain`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Entry, Timestamp, Version};
use crate::exit::Exit;
use crate::output::{View, explain};
use crate::reconcile::plan::{HoldReason, OperationKind};
use crate::sidecar::SessionKey;
use crate::sidecar::log::LogLine;

/// What is known of the sessions that were meant, by `explain`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explain<'a> {
    schema: Version,
    /// The command.
    #[schemars(extend("const" = "explain"))]
    command: &'static str,
    /// The sessions that were meant.
    sessions: Vec<ExplainedSession<'a>>,
    exit: Exit,
}

impl<'a> Explain<'a> {
    /// What is known of these sessions, with what the log says of them.
    #[must_use]
    pub fn new(view: &View<'a>, sessions: &[SessionKey], log: &'a [LogLine]) -> Explain<'a> {
        let sessions =
            sessions.iter().filter_map(|&key| explain::explained(view, key, log)).map(ExplainedSession::from);
        Explain { schema: Version::CURRENT, command: "explain", sessions: sessions.collect(), exit: Exit::UpToDate }
    }
}

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
struct ExplainedSession<'a> {
    key: SessionKey,
    /// The title of its task.
    title: &'a str,
    /// When it started.
    start: Timestamp,
    /// When it stopped; null while it is open.
    stop: Option<Timestamp>,
    /// Whether the day is the likeliest of several.
    inferred: bool,
    /// Whether the times stay as Toggl has them, by `verify --accept`.
    accepted: bool,
    /// Whether it is gone from Chute_kun.
    removed: bool,
    /// The entry as it was last sent; null if it has none.
    entry: Option<Entry<'a>>,
    /// What a push would do; null if nothing.
    next: Option<OperationKind>,
    /// Why it is held back; null if it is not.
    held: Option<HoldReason>,
    /// The lines of the log about it, oldest first.
    log: Vec<&'a LogLine>,
}

impl<'a> From<explain::Explained<'a>> for ExplainedSession<'a> {
    fn from(session: explain::Explained<'a>) -> ExplainedSession<'a> {
        let explain::Explained { key, task, record, next, held, log } = session;
        let sent = record.last_sent.as_ref();
        ExplainedSession {
            key,
            title: &task.title,
            start: record.start.into(),
            stop: record.stop.map(Timestamp::from),
            inferred: record.inferred,
            accepted: record.has_accepted_times(),
            removed: record.removed,
            entry: sent.map(|sent| Entry::new((sent.id, sent.workspace), &sent.description, sent.start, sent.stop)),
            next,
            held,
            log,
        }
    }
}
