//! What a test can see of the server's state, and change past all requests: another program of the same user, or
//! a person in Toggl's own app.

use chute_toggl::toggl::Bucket;

use super::exchange::index;
use super::{Call, Entry, Sandbox};

impl Sandbox {
    /// The live entries, earliest first.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.iter().filter(|entry| entry.deleted.is_none()).cloned().collect();
        entries.sort_by_key(|entry| (entry.start, entry.id));
        entries
    }

    /// All entries in the order of their ids, deleted ones too.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().map(|stored| &stored.entry)
    }

    /// One entry, also if it is deleted.
    pub fn entry(&self, id: i64) -> Option<&Entry> {
        self.entries.get(&id).map(|stored| &stored.entry)
    }

    /// The running entry.
    pub fn running_id(&self) -> Option<i64> {
        self.running
    }

    /// How often a call was made.
    pub fn count(&self, call: Call) -> usize {
        self.log.iter().filter(|line| line.call == Some(call)).count()
    }

    /// Fails with the list, if there are violations.
    ///
    /// # Panics
    /// If the client did something that it must never do.
    pub fn assert_clean(&self) {
        assert!(self.violations.is_empty(), "violations of the contract:\n{}", self.violations.join("\n"));
    }

    /// Adds an entry to the default workspace, as a person in Toggl's own app would. A running one
    /// displaces the running one. Returns its id.
    pub fn insert(&mut self, description: &str, start: i64, stop: Option<i64>) -> i64 {
        let now_ms = self.now_ms();
        let entry = Entry {
            id: self.new_id(),
            workspace: self.rules.workspaces[0],
            description: description.to_owned(),
            start,
            stop,
            project_id: None,
            tags: Vec::new(),
            at: 0,
            deleted: None,
        };
        let id = entry.id;
        if entry.is_running() {
            self.displace(now_ms);
        }
        self.commit(entry, now_ms);
        id
    }

    /// Changes an entry. One that is made running displaces the running one.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn edit(&mut self, id: i64, change: impl FnOnce(&mut Entry)) {
        let now_ms = self.now_ms();
        let mut entry = self.entry(id).expect("the entry is there").clone();
        change(&mut entry);
        if entry.is_running() && self.running != Some(id) {
            self.displace(now_ms);
        }
        self.commit(entry, now_ms);
    }

    /// Deletes an entry, if it is there.
    pub fn remove(&mut self, id: i64) {
        if self.entry(id).is_some_and(|entry| entry.deleted.is_none()) {
            let now = self.wall(self.now_ms());
            self.edit(id, |entry| entry.deleted = Some(now));
        }
    }

    /// Moves an entry to another workspace. Its project stays behind.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn move_entry(&mut self, id: i64, workspace: i64) {
        self.edit(id, |entry| {
            entry.workspace = workspace;
            entry.project_id = None;
        });
    }

    /// Other programs use up `requests` of a bucket.
    pub fn spend(&mut self, bucket: Bucket, requests: i64) {
        let (total, now_ms) = (self.total(bucket), self.now_ms());
        self.windows[index(bucket)].charge(requests, total, now_ms);
    }

    /// What is left in a bucket.
    pub fn remaining(&self, bucket: Bucket) -> i64 {
        self.windows[index(bucket)].headers(self.total(bucket), self.now_ms()).remaining
    }
}
