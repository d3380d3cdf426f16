//! Whose word an answer is, and what it says: decided here and nowhere else.
//!
//! Toggl's own answers have the shape of the call; its refusals are JSON or a short plain line, with a status that it is
//! known to use. Whatever else comes (a redirect, a page, an unknown status) is of someone in between: nothing follows from
//! it, neither that something was done nor that it was not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use ureq::http::StatusCode;

use super::entry::{self, BulkAnswer, TimeEntry};
use super::token::hide_credentials;
use super::{AccountId, Answer, Call, EntryId, WorkspaceId};

/// What Toggl says when it does not do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What it says, on one line, without anything that may be a credential: some servers send the headers of a request
    /// back. May be empty.
    pub text: String,
}

/// What a call answers that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To a create, an update or a stop: the entry.
    Changed(Changed),
    /// To a bulk change: which entries were changed and which were not.
    Bulk(BulkAnswer),
    /// To the question for one entry.
    Entry(TimeEntry),
    /// To the question for entries.
    Entries(Vec<TimeEntry>),
    /// To the question whose token it is.
    Me(Me),
    /// To the question for workspaces.
    Workspaces(Vec<Named<WorkspaceId>>),
    /// To the question for projects: one page.
    Projects(Vec<Named<i64>>),
    /// To a deletion.
    Deleted,
}

/// An entry that was made or changed, as far as the answer must tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Toggl's id of it.
    pub id: EntryId,
    /// The entry as Toggl now has it, if it says.
    pub shown: Option<TimeEntry>,
    /// The id of the account that it is in, if it says.
    pub account: Option<AccountId>,
    /// It is shown otherwise than it was to be: the change may not have been made.
    pub contradicts: bool,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The account's id, if it says.
    pub account: Option<AccountId>,
    /// The e-mail address; may be empty.
    pub email: String,
    /// The account's default workspace, if it has one.
    pub workspace: Option<WorkspaceId>,
}

/// A workspace or a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "NameAndId")]
pub struct Named<Id> {
    /// Toggl's id.
    pub id: Id,
    /// Its name; may be empty.
    pub name: String,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Toggl did it.
    Done(Reply),
    /// Toggl did not do it, for a reason that lies in what was asked.
    Refused(Refusal),
    /// Toggl did not do it: the bucket is empty, for so many seconds if it says.
    QuotaUsedUp(Option<i64>),
    /// Toggl did not do it: too many requests at once.
    TooFast,
    /// Toggl does not know this version of its API any more.
    Gone,
    /// Nobody's word: it may or may not have been done. What was seen.
    Trouble(String),
}

/// Reads the answer to a call.
pub(super) fn read(call: &Call, answer: &Answer) -> Verdict {
    let is_toggls = is_a_refusal_of_toggls(answer);
    let refusal = || Refusal { status: answer.status, text: hide_credentials(&entry::error_text(&answer.body)) };
    match answer.status {
        200..=299 => reply(call, &answer.body)
            .map_or_else(|| Verdict::Trouble("what answered did not answer as Toggl does".to_owned()), Verdict::Done),
        402 if is_toggls && means_quota(answer) => {
            Verdict::QuotaUsedUp(answer.quota.and_then(|quota| quota.resets_in).or(answer.retry_after))
        }
        400..=404 | 409 if is_toggls => Verdict::Refused(refusal()),
        410 if is_toggls => Verdict::Gone,
        429 => Verdict::TooFast,
        500.. => Verdict::Trouble(format!("Toggl answered {}", answer.status)),
        status => Verdict::Trouble(format!("something else than Toggl answered {status}")),
    }
}

/// Whether a refusal is in Toggl's words: JSON, or a short line that is not just the name of its status. Without any words
/// it refuses tokens, and what is not there.
fn is_a_refusal_of_toggls(answer: &Answer) -> bool {
    let text = answer.body.trim();
    match serde_json::from_str(text) {
        Ok(Value::String(_) | Value::Object(_)) => true,
        Ok(_) => false,
        Err(_) if text.is_empty() => matches!(answer.status, 401..=404),
        Err(_) => {
            !text.starts_with('<')
                && !text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER)
                && text.len() <= LONGEST_LINE
                && !names_status(answer.status, text)
        }
    }
}

/// Whether a line is no more than the number or the name of its status, as web servers say it. Not so 404: that is how Toggl
/// says that it has no such call, and whatever it concerns is asked for once more.
fn names_status(status: u16, line: &str) -> bool {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let words = line.trim_end_matches(|c: char| !c.is_alphanumeric());
    status != 404 && (line.starts_with(&status.to_string()) || words.eq_ignore_ascii_case(name))
}

/// A line that is longer, in bytes, is no reason but a page.
const LONGEST_LINE: usize = 500;

/// 402 is the quota, or a feature that the plan does not pay for: that is about one entry only.
fn means_quota(answer: &Answer) -> bool {
    let text = entry::error_text(&answer.body).to_lowercase();
    answer.quota.is_some_and(|quota| quota.remaining <= 0) || text.contains("hourly limit") || text.contains("quota")
}

/// The answer to a change of the entry with this id, which may show what `is_otherwise` than it was to be.
fn changed(id: EntryId, body: &str, is_otherwise: impl Fn(&TimeEntry) -> bool) -> Option<Reply> {
    let changed = entry::parse_changed(body).filter(|changed| changed.id == id)?;
    let contradicts = changed.shown.as_ref().is_some_and(is_otherwise);
    Some(Reply::Changed(Changed { contradicts, ..changed }))
}

fn seconds(at: OffsetDateTime) -> i64 {
    at.unix_timestamp()
}

/// What Toggl says that did what it was asked, or nothing if that is not Toggl. A page of a proxy or half a body says
/// nothing: taken for a success it would lose a change, and taken for an empty list it would double the log. Nor does the
/// answer to another request.
fn reply(call: &Call, body: &str) -> Option<Reply> {
    match call {
        Call::Create { entry: asked, .. } => {
            let is_of_another = |made: &TimeEntry| {
                let stops = made.stop.zip(asked.stop);
                seconds(made.start) != seconds(asked.start)
                    || stops.is_some_and(|(made, asked)| seconds(made) != seconds(asked))
            };
            let made = entry::parse_changed(body)?;
            (!made.shown.as_ref().is_some_and(is_of_another)).then_some(Reply::Changed(made))
        }
        Call::Update { entry, change } => changed(entry.id, body, |shown| {
            let other_text = change.description.as_ref().is_some_and(|text| shown.description.trim() != text.trim());
            let other_times = change.times.is_some_and(|(start, stop)| {
                seconds(shown.start) != seconds(start) || shown.stop.map(seconds) != stop.map(seconds)
            });
            other_text || other_times
        }),
        Call::Stop(entry) => changed(entry.id, body, |shown| shown.stop.is_none()),
        Call::Bulk { .. } => entry::parse_bulk(body).map(Reply::Bulk),
        Call::Delete(_) => {
            let is_text = || serde_json::from_str::<String>(body).is_ok();
            (body.trim().is_empty() || is_text()).then_some(Reply::Deleted)
        }
        Call::Entry(_) => entry::parse_entry(body).map(Reply::Entry),
        Call::Started { .. } | Call::ChangedSince(_) => entry::parse_entries(body).ok().map(Reply::Entries),
        Call::Me => entry::parse_me(body).map(Reply::Me),
        Call::Workspaces => entry::parse_named(body, WorkspaceId).map(Reply::Workspaces),
        Call::Projects { .. } => entry::parse_named(body, |id| id).map(Reply::Projects),
    }
}
