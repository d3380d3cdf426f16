//! Which project or workspace a name means.

use std::fmt::Display;

use crate::sidecar::Resolution;
use crate::toggl::{Named, WorkspaceId};

/// The one that is named so: exactly, or else without regard to case if only one fits. Two that fit are both named, and
/// neither is taken.
#[must_use]
pub fn resolve<Id: Copy>(name: &str, listed: &[Named<Id>]) -> Resolution<Id> {
    let lower = name.to_lowercase();
    let exact: Vec<&Named<Id>> = listed.iter().filter(|one| one.name == name).collect();
    let fitting = match exact[..] {
        [] => listed.iter().filter(|one| one.name.to_lowercase() == lower).collect(),
        _ => exact,
    };
    match fitting[..] {
        [] => Resolution::Missing,
        [one] => Resolution::Found(one.id),
        _ => Resolution::Several(fitting.into_iter().cloned().collect()),
    }
}

/// The workspace of this name among the account's.
///
/// # Errors
/// Why it is none, for people.
pub fn workspace(name: &str, theirs: &[Named<WorkspaceId>]) -> Result<WorkspaceId, String> {
    match resolve(name, theirs) {
        Resolution::Found(id) => Ok(id),
        Resolution::Several(fitting) => Err(format!("`{name}` could be any of {}", list(&fitting))),
        Resolution::Missing => Err(format!("the account has no workspace `{name}`, but {}", list(theirs))),
    }
}

/// These with their numbers, for people: `` `ACME` (12), `Acme` (13) ``.
#[must_use]
pub fn list<Id: Display>(named: &[Named<Id>]) -> String {
    let named: Vec<String> = named.iter().map(|one| format!("`{}` ({})", one.name, one.id)).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}
