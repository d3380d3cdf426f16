//! Toggl Track's API v9: what is asked and what is answered, as values.
//!
//! A [`Call`] says what is asked, [`mod@verdict`] reads what is answered, and a [`Sender`] sends one after the other.
//! [`Transport`] is the edge that carries them: the real one is [`http::Client`]; tests put a stateful stand-in of the
//! server in its place. Nothing here knows of sessions, plans or files.

pub mod base;
mod call;
pub mod entry;
pub mod http;
mod id;
pub mod proxy;
pub mod questions;
pub mod quota;
mod sender;
pub mod token;
mod verdict;
mod window;

use serde_json::Value;

pub use call::{BULK, BulkChange, Call, EntryChange, EntryRef, LIST_CAP, NewEntry, PROJECTS_A_PAGE};
pub use entry::{BulkAnswer, TimeEntry};
pub use id::{AccountId, EntryId, WorkspaceId};
pub use sender::{Exchange, Listener, Outcome, SendError, SendPolicy, Sender, Tries, Turn};
pub use token::Token;
pub use verdict::{Changed, Me, Named, Refusal, Reply};
pub use window::window_start;

/// The verbs that Toggl's API is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads; repeating it is harmless.
    Get,
    /// Creates; **repeating it makes a second entry**.
    Post,
    /// Sets; repeating it is harmless.
    Put,
    /// Sets (bulk) or stops; repeating it is harmless.
    Patch,
    /// Deletes; repeating it is harmless (404).
    Delete,
}

impl Method {
    /// The verb as it stands in the request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// The two buckets of Toggl's quota: one an hour for calls that name a workspace, one for `/me…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Calls that name a workspace; 30, 240 or 600 an hour, by plan.
    Workspace,
    /// `/me…`; 30 an hour on every plan.
    User,
}

/// One request, before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// Path and query below the base URL, with a leading `/`: `/workspaces/1/time_entries`.
    pub path: String,
    /// The JSON body, if the call has one.
    pub body: Option<Value>,
}

/// What the quota headers of an answer said about the bucket just used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaHeaders {
    /// `X-Toggl-Quota-Remaining`: requests left in this hour.
    pub remaining: i64,
    /// `X-Toggl-Quota-Resets-In`: seconds until the bucket is full again.
    pub resets_in: Option<i64>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The whole body, as text (bytes that are not UTF-8 replaced).
    pub body: String,
    /// The quota headers, if both the header and its number were there.
    pub quota: Option<QuotaHeaders>,
    /// `Retry-After` in seconds, if it was a number.
    pub retry_after: Option<i64>,
    /// The `Date` header, seconds since the epoch: the server's clock.
    pub date: Option<i64>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request did not leave this machine: refused, no such host, no route, no TLS, connect timeout.
    /// The text is for people.
    #[error("{0}")]
    NotSent(String),
    /// Likewise, and it cannot until the set-up of this machine is changed: the server's certificate is not trusted, or the
    /// proxy refuses. The text is for people and says what to do.
    #[error("{0}")]
    SetUp(String),
    /// The request was sent, wholly or in part; whether it was carried out is unknown. The text is for people.
    #[error("{0}")]
    Unknown(String),
}

/// Carries requests to a Toggl server.
pub trait Transport {
    /// Sends one request and waits for its answer. An answer of any status is `Ok`.
    ///
    /// # Errors
    /// [`Failure`], told apart by whether the request can have reached the server.
    fn send(&mut self, request: &Request) -> Result<Answer, Failure>;
}

/// Toggl's limit for the tags of an entry.
pub const TAG_LIMIT: usize = 50;

/// Toggl's limit for a description, in characters.
pub const DESCRIPTION_LIMIT: usize = 3000;

/// The description that a title becomes: itself, or cut to Toggl's limit with `…` at the end.
#[must_use]
pub fn description_of(title: &str) -> String {
    match title.char_indices().nth(DESCRIPTION_LIMIT) {
        None => title.to_owned(),
        Some(_) => {
            let kept = title.char_indices().nth(DESCRIPTION_LIMIT - 1).map_or(title.len(), |(at, _)| at);
            format!("{}…", &title[..kept])
        }
    }
}

/// Whether this is the description that the title becomes. Asked for every session of a long history, so nothing is
/// built for a title that is not cut, and nothing read if both are held at one place.
#[must_use]
pub fn describes(description: &str, title: &str) -> bool {
    if title.len() <= DESCRIPTION_LIMIT {
        std::ptr::eq(description, title) || description == title
    } else {
        description == description_of(title)
    }
}
