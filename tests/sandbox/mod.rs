//! A stateful stand-in for Toggl Track's API v9.
//!
//! It keeps time entries as the real server does, with its refusals, its quota and its oddities, and it is
//! strict: what a careful client must never do is written down in [`Sandbox::violations`]. Three shells share
//! the one state machine: [`InProcess`] for tests without sockets, [`Server`] for tests of the real binary and
//! for the demonstration, and [`Sandbox::handle`] for tests of the stand-in itself.
//!
//! Times are seconds since 1970-01-01T00:00:00Z unless the name ends in `_ms`.
#![allow(dead_code, unused_imports, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod account;
mod by_hand;
mod check;
mod clock;
mod connections;
mod entry;
mod exchange;
mod fault;
mod gateway;
mod in_process;
mod instant;
mod program;
mod project;
mod quota;
mod read;
mod route;
mod rules;
mod server;
mod state;
mod wire;
mod workspace;
mod write;

pub use account::{Account, Person};
pub use clock::{ClockFile, SandboxClock, SimClock};
pub use entry::Entry;
pub use fault::{Delivery, Fault, Faults};
pub use gateway::Page;
pub use in_process::InProcess;
pub use program::run_command;
pub use project::Project;
pub use route::Call;
pub use rules::{DateHeader, Loss, Rate, Refusal, Required, Rules, TOKEN, UNLIMITED, WORKSPACE};
pub use server::{Hook, Server};
pub use state::Sandbox;

use chute_toggl::toggl::{Bucket, QuotaHeaders};

/// Marks the target of a request that did not go below the base.
pub const OUTSIDE: &str = "outside the base: ";

/// A request as it reached the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The verb, in capitals.
    pub method: String,
    /// Path and query below the base `/api/v9`, or [`OUTSIDE`] and a path that is not below it.
    pub target: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The body; empty if there is none.
    pub body: String,
}

/// The server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The HTTP status.
    pub status: u16,
    /// The body; may be empty.
    pub body: String,
    /// The two quota headers.
    pub quota: Option<QuotaHeaders>,
    /// The `Retry-After` header, in seconds.
    pub retry_after: Option<i64>,
    /// The `Date` header.
    pub date: Option<i64>,
    /// The `Content-Type` header of an answer that is not Toggl's; `None`: what fits the body.
    pub content_type: Option<&'static str>,
    /// The `Location` header.
    pub location: Option<&'static str>,
}

/// One line of the request log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The number of the request since the sandbox was made, from 1.
    pub number: usize,
    /// When it came, by the sandbox's clock.
    pub at_ms: i64,
    /// The verb.
    pub method: String,
    /// Path and query below the base.
    pub target: String,
    /// The body as it came.
    pub body: String,
    /// What was asked for; `None` for a path or verb that does not exist.
    pub call: Option<Call>,
    /// Whose token it carried: 0 for the first account, also for a token that nobody has.
    pub account: usize,
    /// The bucket that it counts in.
    pub bucket: Bucket,
    /// It came while its bucket was empty.
    pub quota_closed: bool,
    /// An answer in the same hour had already told the client that the bucket is empty: with `quota_closed`, a
    /// request that must not be.
    pub quota_told: bool,
    /// The server did what was asked (for a read: it would have answered 200).
    pub carried_out: bool,
    /// The status of the answer; `None` if no whole answer was sent.
    pub status: Option<u16>,
    /// What was made to go wrong.
    pub fault: Option<Fault>,
}
