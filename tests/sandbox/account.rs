//! Whose token a request carries. Each account has entries, a timer and a quota of its own; what is not its own
//! (rules, projects, the log) is one for all.

use std::collections::BTreeMap;
use std::mem::swap;

use super::Sandbox;
use super::entry::Stored;
use super::quota::Window;

/// What `GET /me` says about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account's id.
    pub id: i64,
    pub email: String,
    pub fullname: String,
    /// An IANA name.
    pub timezone: String,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            id: 9_000_001,
            email: "someone@example.com".to_owned(),
            fullname: "Someone".to_owned(),
            timezone: "Etc/UTC".to_owned(),
        }
    }
}

/// An account beside the first, which is in the [`Rules`](super::Rules).
#[derive(Debug, Clone)]
pub struct Account {
    token: String,
    person: Person,
    workspaces: Vec<i64>,
    entries: BTreeMap<i64, Stored>,
    running: Option<i64>,
    windows: [Window; 2],
}

impl Account {
    /// A person with this token, who has these workspaces; the first is the default one.
    pub fn new(token: &str, person: Person, workspaces: &[i64]) -> Self {
        Self {
            token: token.to_owned(),
            person,
            workspaces: workspaces.to_vec(),
            entries: BTreeMap::new(),
            running: None,
            windows: [Window::default(); 2],
        }
    }
}

impl Sandbox {
    /// Another account on the same server. Returns its number, from 1.
    pub fn add_account(&mut self, account: Account) -> usize {
        self.others.push(account);
        self.others.len()
    }

    /// Does something as if this account were the first: its token, entries and workspaces are then those of the
    /// sandbox. Number 0 is the first.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn as_account<T>(&mut self, number: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        self.swap_account(number);
        let done = act(self);
        self.swap_account(number);
        done
    }

    /// The account's token is a new one; the old one is let in no more.
    pub fn reset_token(&mut self, token: &str) {
        token.clone_into(&mut self.rules.token);
    }

    /// The number of the account that this header belongs to; 0 if to none.
    pub(super) fn account_of(&self, authorization: Option<&str>) -> usize {
        let is_its = |account: &Account| authorization == Some(basic_auth(&account.token).as_str());
        self.others.iter().position(is_its).map_or(0, |at| at + 1)
    }

    fn swap_account(&mut self, number: usize) {
        let Some(at) = number.checked_sub(1) else { return };
        let account = &mut self.others[at];
        swap(&mut self.rules.token, &mut account.token);
        swap(&mut self.rules.person, &mut account.person);
        swap(&mut self.rules.workspaces, &mut account.workspaces);
        swap(&mut self.entries, &mut account.entries);
        swap(&mut self.running, &mut account.running);
        swap(&mut self.windows, &mut account.windows);
    }
}

/// The `Authorization` header of a token.
pub fn basic_auth(token: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = "Basic ".to_owned();
    for three in format!("{token}:api_token").as_bytes().chunks(3) {
        let bits = three.iter().enumerate().fold(0, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= three.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}
