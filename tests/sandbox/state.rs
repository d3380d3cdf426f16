//! The state of the server: its entries, and what else it remembers.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Stored;
use super::quota::{Leak, Window};
use super::{Account, Entry, Faults, LogLine, Outgoing, Project, Rules, SandboxClock};

/// Something that is done to the server between two requests.
type Act = Box<dyn FnOnce(&mut Sandbox) + Send>;

/// The server. Only requests and what a person in Toggl's own app could do change its entries.
pub struct Sandbox {
    /// What kind of server it is; may be changed at any time.
    pub rules: Rules,
    /// What will go wrong.
    pub faults: Faults,
    /// Every request, in order.
    pub log: Vec<LogLine>,
    /// What a careful client must never have done, each with the number of the request.
    pub violations: Vec<String>,
    /// Requests with a wrong token.
    pub tokens_refused: usize,
    pub(super) clock: SandboxClock,
    /// By id; deleted ones too.
    pub(super) entries: BTreeMap<i64, Stored>,
    /// The running entry; there is at most one.
    pub(super) running: Option<i64>,
    /// Counts the entries written out, to vary their form.
    pub(super) shape: u32,
    /// In all workspaces.
    pub(super) projects: Vec<Project>,
    /// Workspace and name.
    pub(super) tags: BTreeSet<(i64, String)>,
    /// The accounts beside the first.
    pub(super) others: Vec<Account>,
    next_id: i64,
    pub(super) windows: [Window; 2],
    pub(super) leak: Leak,
    /// The answer to the last create that was carried out.
    pub(super) last_created: Option<Outgoing>,
    /// Requests to let pass before it, and what is to be done.
    acts: Vec<(usize, Act)>,
}

/// A refusal: the status and the text.
pub(super) struct Refused(pub u16, pub String);

/// What a call answers: the body of a 200, or a refusal.
pub(super) type Outcome = Result<String, Refused>;

impl Sandbox {
    /// A server without entries, with the default [`Rules`].
    pub fn new(clock: impl Into<SandboxClock>) -> Self {
        Self {
            rules: Rules::default(),
            faults: Faults::default(),
            log: Vec::new(),
            violations: Vec::new(),
            tokens_refused: 0,
            clock: clock.into(),
            entries: BTreeMap::new(),
            running: None,
            shape: 0,
            projects: Vec::new(),
            tags: BTreeSet::new(),
            others: Vec::new(),
            // The first id that a double still holds but 32 bits do not, with room to spare.
            next_id: (1 << 33) + 1,
            windows: [Window::default(); 2],
            leak: Leak::default(),
            last_created: None,
            acts: Vec::new(),
        }
    }

    /// Another server in the same state, on this clock, with an empty log and nothing that will go wrong.
    pub fn twin(&self, clock: impl Into<SandboxClock>) -> Self {
        Self {
            rules: self.rules.clone(),
            entries: self.entries.clone(),
            running: self.running,
            shape: self.shape,
            projects: self.projects.clone(),
            tags: self.tags.clone(),
            others: self.others.clone(),
            next_id: self.next_id,
            windows: self.windows,
            leak: self.leak,
            last_created: self.last_created.clone(),
            ..Self::new(clock)
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, by the sandbox's clock.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Just before the `n`-th request from now, counted from 1, `act` happens: a person in Toggl's own app, who resets
    /// the token or loses a workspace while the client is at work.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn before_request(&mut self, n: usize, act: impl FnOnce(&mut Self) + Send + 'static) {
        assert!(n > 0, "the next request is number 1");
        self.acts.push((n - 1, Box::new(act)));
    }

    /// Nothing more is done before any request.
    pub fn forget_acts(&mut self) {
        self.acts.clear();
    }

    /// Does what is to be done before this request.
    pub(super) fn act(&mut self) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.acts).into_iter().partition(|(left, _)| *left == 0);
        self.acts = later.into_iter().map(|(left, act)| (left - 1, act)).collect();
        due.into_iter().for_each(|(_, act)| act(self));
    }

    /// The second that the server's clock shows at this instant of the sandbox's.
    pub(super) fn wall(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.rules.clock_ahead_ms).div_euclid(1000)
    }

    /// Writes down a breach of the contract by the request under way.
    pub(super) fn violate(&mut self, what: &str) {
        if let Some(line) = self.log.last() {
            self.violations.push(format!("#{} {} {}: {what}", line.number, line.method, line.target));
        }
    }

    pub(super) fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Keeps the entry as it now is.
    pub(super) fn commit(&mut self, mut entry: Entry, now_ms: i64) {
        entry.at = self.wall(now_ms);
        self.make_tags(&entry);
        if entry.is_running() {
            self.running = Some(entry.id);
        } else if self.running == Some(entry.id) {
            self.running = None;
        }
        match self.entries.get_mut(&entry.id) {
            Some(stored) => stored.write(entry, now_ms, self.rules.lag_ms),
            None => {
                self.entries.insert(entry.id, Stored::new(entry, now_ms));
            }
        }
    }

    /// Stops the running entry at the server's now, whatever the new one's start is.
    pub(super) fn displace(&mut self, now_ms: i64) {
        if let Some(mut entry) = self.running.and_then(|id| self.entry(id)).cloned() {
            entry.stop = Some(self.wall(now_ms).max(entry.start));
            self.commit(entry, now_ms);
        }
    }
}
