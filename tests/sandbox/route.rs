//! Which call a path and a verb mean.

/// The calls that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// `POST /workspaces/{wid}/time_entries`
    Create,
    /// `PUT /workspaces/{wid}/time_entries/{id}`
    Update,
    /// `PATCH /workspaces/{wid}/time_entries/{id,id,…}`
    Bulk,
    /// `PATCH /workspaces/{wid}/time_entries/{id}/stop`
    Stop,
    /// `DELETE /workspaces/{wid}/time_entries/{id}`
    Delete,
    /// `GET /me`
    Me,
    /// `GET /me/time_entries`
    List,
    /// `GET /me/time_entries/current`
    Current,
    /// `GET /me/time_entries/{id}`
    Entry,
    /// `GET /me/workspaces`
    Workspaces,
    /// `GET /workspaces/{wid}/projects`
    Projects,
    /// `GET /me/quota`
    Quota,
}

/// A call with what the path says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// The call.
    pub call: Call,
    /// The workspace in the path; 0 for `/me…`.
    pub workspace: i64,
    /// The entries in the path, in their order.
    pub ids: Vec<i64>,
    /// What follows the `?`.
    pub query: &'a str,
}

impl<'a> Route<'a> {
    /// Reads verb and path; `None` if there is no such call.
    pub fn find(method: &str, target: &'a str) -> Option<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut parts = path.strip_prefix('/')?.split('/');
        let first = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let (call, workspace, ids) = match (method, first, rest.as_slice()) {
            ("GET", "me", []) => (Call::Me, 0, Vec::new()),
            ("GET", "me", ["quota"]) => (Call::Quota, 0, Vec::new()),
            ("GET", "me", ["time_entries"]) => (Call::List, 0, Vec::new()),
            ("GET", "me", ["time_entries", "current"]) => (Call::Current, 0, Vec::new()),
            ("GET", "me", ["time_entries", id]) => (Call::Entry, 0, vec![id.parse().ok()?]),
            ("GET", "me", ["workspaces"]) => (Call::Workspaces, 0, Vec::new()),
            ("GET", "workspaces", [w, "projects"]) => (Call::Projects, w.parse().ok()?, Vec::new()),
            ("POST", "workspaces", [w, "time_entries"]) => (Call::Create, w.parse().ok()?, Vec::new()),
            ("PUT", "workspaces", [w, "time_entries", id]) => (Call::Update, w.parse().ok()?, vec![id.parse().ok()?]),
            ("DELETE", "workspaces", [w, "time_entries", id]) => {
                (Call::Delete, w.parse().ok()?, vec![id.parse().ok()?])
            }
            ("PATCH", "workspaces", [w, "time_entries", id, "stop"]) => {
                (Call::Stop, w.parse().ok()?, vec![id.parse().ok()?])
            }
            ("PATCH", "workspaces", [w, "time_entries", ids]) => {
                let ids: Result<Vec<i64>, _> = ids.split(',').map(str::parse).collect();
                (Call::Bulk, w.parse().ok()?, ids.ok()?)
            }
            _ => return None,
        };
        Some(Self { call, workspace, ids, query })
    }
}

/// The parameters of a query, decoded.
pub fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes percent encoding. A bare `+` is a blank here, so that an offset sent as it is does not pass.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
