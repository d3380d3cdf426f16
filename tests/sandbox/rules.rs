//! What a test can set about the server: its account, its plan, its moods.

use std::collections::{BTreeMap, BTreeSet};

use super::{Call, Person};

/// The token that a new sandbox knows.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The workspace that a new sandbox has.
pub const WORKSPACE: i64 = 4_200_042;

/// A bucket that no test empties.
pub const UNLIMITED: i64 = 1_000_000_000;

/// The settings of a sandbox. A new one has one workspace, no limit but the 30 requests an hour for `/me…`,
/// and refuses only what the real server always refuses.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The one token that is let in, beside those of further accounts.
    pub token: String,
    /// What a wrong token is answered: 401 or 403, with nothing.
    pub token_status: u16,
    /// Whose token it is.
    pub person: Person,
    /// The workspaces of the user; the first is the default one.
    pub workspaces: Vec<i64>,
    /// The names of workspaces; one that is not here is called after its number.
    pub workspace_names: BTreeMap<i64, String>,
    /// Workspaces that the user once had. What is in them can neither be seen nor changed.
    pub lost_workspaces: BTreeMap<i64, Loss>,
    /// The organization that the workspaces belong to; only `/me/quota` tells it.
    pub organization: i64,
    /// The projects that exist; `None`: every number is one.
    pub projects: Option<BTreeSet<i64>>,
    /// Projects to which no entry can be added any more.
    pub archived_projects: BTreeSet<i64>,
    /// The list of projects is refused.
    pub projects_hidden: bool,
    /// Entries that a bulk change leaves as they are, and says so.
    pub bulk_failures: BTreeSet<i64>,
    /// A bulk change of an entry that was deleted brings it back, as was seen of the real server; otherwise it fails.
    pub bulk_revives: bool,
    /// A finished entry that is made without project or tags gets those of the running one too; nobody knows.
    pub finished_inherits: bool,
    /// A deleted entry that is asked for by its id is answered with `server_deleted_at`, not 404; nobody knows.
    pub deleted_by_id: bool,
    /// What every entry must have. A running one without it can neither be stopped nor displaced.
    pub required_fields: Vec<Required>,
    /// Entries that start before this second cannot be made, changed or deleted.
    pub locked_before: Option<i64>,
    /// Entries that are refused for their text.
    pub refusals: Vec<Refusal>,
    /// Calls that are answered 410.
    pub gone: Vec<Call>,
    /// Requests an hour that name a workspace: 30, 240 or 600 by plan, or [`UNLIMITED`].
    pub workspace_total: i64,
    /// Requests an hour for `/me…`.
    pub user_total: i64,
    /// Whether answers carry the two quota headers.
    pub quota_headers: bool,
    /// The leaky bucket in front of everything, if there is one.
    pub rate: Option<Rate>,
    /// Lists, and the running entry, show the state of this long ago.
    pub lag_ms: i64,
    /// So many days less than three months are listed: how the real server counts its months is not known.
    pub days_not_listed: i64,
    /// How far the server's clock is ahead of the sandbox's. Its Date header, its "now" and the first day that can be
    /// listed go by it; hours of quota pass as ever.
    pub clock_ahead_ms: i64,
    /// What the Date header says.
    pub date_header: DateHeader,
    /// Refusals are written as JSON strings instead of plain text; the real server does both.
    pub errors_as_json: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            token: TOKEN.to_owned(),
            token_status: 403,
            person: Person::default(),
            workspaces: vec![WORKSPACE],
            workspace_names: BTreeMap::new(),
            lost_workspaces: BTreeMap::new(),
            organization: 77,
            projects: None,
            archived_projects: BTreeSet::new(),
            projects_hidden: false,
            bulk_failures: BTreeSet::new(),
            bulk_revives: true,
            finished_inherits: false,
            deleted_by_id: false,
            required_fields: Vec::new(),
            locked_before: None,
            refusals: Vec::new(),
            gone: Vec::new(),
            workspace_total: UNLIMITED,
            user_total: 30,
            quota_headers: true,
            rate: None,
            lag_ms: 0,
            days_not_listed: 0,
            clock_ahead_ms: 0,
            date_header: DateHeader::Clock,
            errors_as_json: false,
        }
    }
}

/// How a workspace was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The user's access was withdrawn: everything in it is 403.
    Access,
    /// It was deleted: everything in it is 404.
    Deleted,
}

/// What the Date header says, whatever the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateHeader {
    /// The server's clock.
    Clock,
    /// This second.
    At(i64),
    /// Nothing: there is none.
    Absent,
}

/// A field that a workspace can demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// A text that is not empty.
    Description,
    /// A project.
    Project,
    /// At least one tag.
    Tags,
}

/// An entry with exactly this text is refused, when it is made and when it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The entry's whole text.
    pub description: String,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub body: String,
}

impl Refusal {
    /// Refused as wrong (400).
    pub fn bad(description: &str) -> Self {
        Self { description: description.to_owned(), status: 400, body: "this entry is not acceptable".to_owned() }
    }

    /// Refused because the plan does not have the feature: 402, like a used-up quota.
    pub fn premium(description: &str) -> Self {
        let body = "Adding such an entry is a premium feature".to_owned();
        Self { description: description.to_owned(), status: 402, body }
    }
}

/// The leaky bucket for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run.
    pub per_second: i64,
    /// Requests that may come at once.
    pub burst: i64,
    /// The `Retry-After` of the 429, in seconds; the real server rarely sends one.
    pub retry_after: Option<i64>,
}
