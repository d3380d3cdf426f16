//! What is asked of Toggl, and what the answers come to. Whoever asks makes the calls: a run that saves before it waits, or
//! a [`Sender`](super::Sender) alone.

use std::collections::HashSet;

use time::{Date, Duration, UtcOffset};

use super::sender::{Outcome, SendError};
use super::verdict::{Me, Named, Refusal, Reply};
use super::{Call, EntryId, LIST_CAP, PROJECTS_A_PAGE, TimeEntry, WorkspaceId};

/// Makes a call.
pub type Ask<'a, E> = &'a mut dyn FnMut(&Call) -> Result<Outcome, E>;

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    There(TimeEntry),
    /// It is not there, or it is deleted.
    Gone,
    /// Toggl does not show it.
    Hidden(Refusal),
}

/// Whose token it is. This is what proves that a token is accepted or refused.
///
/// # Errors
/// [`SendError::TokenRefused`] or [`SendError::NoSuchCall`] if that is what the answer says, and whatever ended the asking.
pub fn me<E: From<SendError>>(ask: Ask<'_, E>) -> Result<Me, E> {
    match ask(&Call::Me)? {
        Outcome::Done(Reply::Me(me)) => Ok(me),
        Outcome::Refused(Refusal { status: status @ (401 | 403), .. }) => Err(SendError::TokenRefused(status).into()),
        Outcome::Refused(Refusal { status: 404, .. }) => Err(SendError::NoSuchCall.into()),
        other => Err(unexpected(&other).into()),
    }
}

/// The account's workspaces.
///
/// # Errors
/// Whatever ended the asking.
pub fn workspaces<E: From<SendError>>(ask: Ask<'_, E>) -> Result<Vec<Named<WorkspaceId>>, E> {
    match ask(&Call::Workspaces)? {
        Outcome::Done(Reply::Workspaces(workspaces)) => Ok(workspaces),
        other => Err(unexpected(&other).into()),
    }
}

/// The active projects of a workspace, all pages, or why Toggl does not list them.
///
/// # Errors
/// Whatever ended the asking.
pub fn projects<E: From<SendError>>(
    ask: Ask<'_, E>,
    workspace: WorkspaceId,
) -> Result<Result<Vec<Named<i64>>, Refusal>, E> {
    let mut all: Vec<Named<i64>> = Vec::new();
    for page in 1.. {
        match ask(&Call::Projects { workspace, page })? {
            Outcome::Done(Reply::Projects(projects)) => {
                // Whoever does not know pages answers the same to each.
                let is_last = projects.len() < PROJECTS_A_PAGE || projects.last() == all.last();
                all.extend(projects);
                if is_last {
                    break;
                }
            }
            Outcome::Refused(refusal) => return Ok(Err(refusal)),
            other @ (Outcome::Done(_) | Outcome::Unknown(_)) => return Err(unexpected(&other).into()),
        }
    }
    Ok(Ok(all))
}

/// The entry with this id, in whatever workspace.
///
/// # Errors
/// Whatever ended the asking.
pub fn entry<E: From<SendError>>(ask: Ask<'_, E>, id: EntryId) -> Result<Found, E> {
    match ask(&Call::Entry(id))? {
        Outcome::Done(Reply::Entry(entry)) if entry.id == id && !entry.deleted => Ok(Found::There(entry)),
        Outcome::Done(Reply::Entry(entry)) if entry.id == id => Ok(Found::Gone),
        Outcome::Refused(Refusal { status: 404, .. }) => Ok(Found::Gone),
        Outcome::Refused(refusal) => Ok(Found::Hidden(refusal)),
        other => Err(unexpected(&other).into()),
    }
}

/// The entries of a list, or why Toggl does not list them.
///
/// # Errors
/// Whatever ended the asking; a token that is refused by this call and by the question whose it is.
pub fn entries<E: From<SendError>>(ask: Ask<'_, E>, call: &Call) -> Result<Result<Vec<TimeEntry>, Refusal>, E> {
    match ask(call)? {
        Outcome::Done(Reply::Entries(entries)) => Ok(Ok(entries)),
        Outcome::Refused(Refusal { status: 400, text }) => Ok(Err(Refusal { status: 400, text })),
        other => {
            if matches!(other, Outcome::Refused(Refusal { status: 401 | 403 | 404, .. })) {
                me(ask)?;
            }
            Err(unexpected(&other).into())
        }
    }
}

/// All entries that start on the days `first` to `last` (UTC), and some of the day before and after, none before the day
/// `floor`; a thousand at a time from the newest. Or why Toggl does not list them: what is not listed must not be taken
/// for absent.
///
/// # Errors
/// Whatever ended the asking.
pub fn started<E: From<SendError>>(
    ask: Ask<'_, E>,
    (first, last): (Date, Date),
    floor: Date,
) -> Result<Result<Vec<TimeEntry>, Refusal>, E> {
    // A day more on both sides: days are counted in the zone of the user's profile.
    let from = first.saturating_sub(Duration::DAY).max(floor);
    let mut until = last.saturating_add(Duration::days(2));
    let mut all: Vec<TimeEntry> = Vec::new();
    let mut ids = HashSet::new();
    loop {
        let page = match entries(ask, &Call::Started { from, until })? {
            Ok(page) => page,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let is_full = page.len() >= LIST_CAP;
        let oldest = page.iter().map(|entry| entry.start).min();
        all.extend(page.into_iter().filter(|entry| ids.insert(entry.id)));
        let next = oldest.map(|start| start.to_offset(UtcOffset::UTC).date().saturating_add(Duration::DAY));
        let Some(next) = next.filter(|_| is_full) else { return Ok(Ok(all)) };
        // At least a day further back each time: a day with more than a list holds does not hide those before it.
        until = next.min(until.saturating_sub(Duration::DAY));
        if until <= from {
            return Ok(Ok(all));
        }
    }
}

/// What is left when a question is not answered.
fn unexpected(outcome: &Outcome) -> SendError {
    SendError::Trouble(match outcome {
        Outcome::Refused(refusal) if refusal.text.is_empty() => {
            format!("Toggl would not answer a question (status {})", refusal.status)
        }
        Outcome::Refused(refusal) => {
            format!("Toggl would not answer a question (status {}): {}", refusal.status, refusal.text)
        }
        Outcome::Done(_) | Outcome::Unknown(_) => "Toggl did not answer a question".to_owned(),
    })
}
