//! What a run did, and why it ended.

use schemars::JsonSchema;
use serde::Serialize;

use crate::reconcile::plan::{Operation, Plan};
use crate::sidecar::SessionKey;
use crate::toggl::{AccountId, Named, Refusal, SendError, WorkspaceId};

/// Why a run ended before its plan was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Nothing more is sent.
    Send(SendError),
    /// Neither Toggl nor the settings name a workspace.
    NoWorkspace(String),
    /// The workspace that is set is none of the account's.
    WrongWorkspace {
        /// The one that is set.
        workspace: WorkspaceId,
        /// The account's.
        theirs: Vec<Named<WorkspaceId>>,
    },
    /// The token is of another account than the one that the entries are in.
    OtherAccount {
        /// The id of the account that the entries are in.
        known: AccountId,
        /// The id of the token's account, with its e-mail address if it is known.
        token: String,
    },
    /// Toggl said the same to the first sessions of a kind, so it is about all of them; none is marked.
    RejectsAll {
        /// What it said.
        refusal: Refusal,
        /// The sessions that it said it to.
        sessions: Vec<SessionKey>,
    },
    /// The sidecar could not be saved.
    Save(String),
}

impl From<SendError> for StopReason {
    fn from(error: SendError) -> StopReason {
        StopReason::Send(error)
    }
}

/// A session that Toggl rejected in this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RejectedSession {
    /// The session.
    pub session: SessionKey,
    /// The HTTP status that Toggl answered.
    pub status: u16,
    /// What it said.
    pub text: String,
}

/// A workspace that the token does not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostWorkspace {
    /// Its id.
    pub workspace: WorkspaceId,
    /// The workspaces that the token reaches.
    pub reached: Vec<Named<WorkspaceId>>,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Operations that Toggl carried out, in order.
    pub done: Vec<Operation>,
    /// Sessions whose entry was found in Toggl.
    pub adopted: Vec<SessionKey>,
    /// Sessions that Toggl does not list, taken to be there because others of a lost sidecar were.
    pub assumed: Vec<SessionKey>,
    /// Sessions that Toggl rejected.
    pub rejected: Vec<RejectedSession>,
    /// Sessions of which it is still not known whether they were carried out.
    pub uncertain: Vec<SessionKey>,
    /// Of these, the ones too old for Toggl to list: only a person can find out.
    pub unlistable: Vec<SessionKey>,
    /// Workspaces in which something was to be done and that the token does not reach.
    pub lost: Vec<LostWorkspace>,
    /// Sessions whose entry keeps the project or the tags that a person set in Toggl.
    pub set_by_hand: Vec<SessionKey>,
    /// Sessions whose entry was to get another project or other tags, and that Toggl does not list.
    pub not_listed: Vec<SessionKey>,
    /// The first day (of the first look) that Toggl can list, if sessions lie before it.
    pub window_starts: Option<time::Date>,
    /// Seconds by which the server's clock is ahead of ours, if it said.
    pub skew: Option<i64>,
    /// Requests that were sent.
    pub requests: usize,
    /// Why it ended early, if it did.
    pub end: Option<StopReason>,
    /// The plan as it stands at the end: empty if all was done.
    pub left: Plan,
}
