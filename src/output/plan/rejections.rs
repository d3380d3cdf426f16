//! What Toggl rejected: what it said, and what to do about it.

use super::sessions::list;
use crate::execute::RejectedSession;
use crate::output::View;
use crate::output::layout::Page;
use crate::output::words::{meaning, number};
use crate::reconcile::plan::HoldReason;
use crate::sidecar::SessionKey;

/// More different rejections are counted, unless all are asked for.
const MOST_GROUPS: usize = 10;

/// A session that Toggl rejected.
pub struct Rejected<'a> {
    session: SessionKey,
    status: u16,
    text: &'a str,
}

impl<'a> Rejected<'a> {
    /// As recorded by an earlier run.
    pub fn recorded(view: &View<'a>, session: SessionKey) -> Option<Rejected<'a>> {
        let rejected = view.sidecar.record(session)?.1.rejected.as_ref()?;
        Some(Rejected { session, status: rejected.status, text: &rejected.text })
    }

    /// In this run.
    pub fn now(rejected: &'a RejectedSession) -> Rejected<'a> {
        Rejected { session: rejected.session, status: rejected.status, text: &rejected.text }
    }
}

/// The rejected sessions; those that were rejected in the same words stand together.
pub fn rejections<'a>(page: &mut Page, view: &View<'_>, rejected: impl Iterator<Item = Rejected<'a>>) {
    let mut groups: Vec<((u16, &str), Vec<SessionKey>)> = Vec::new();
    let mut at = std::collections::HashMap::new();
    let mut n = 0;
    for Rejected { session, status, text } in rejected {
        n += 1;
        let group = *at.entry((status, text)).or_insert(groups.len());
        match groups.get_mut(group) {
            Some((_, sessions)) => sessions.push(session),
            None => groups.push(((status, text), vec![session])),
        }
    }
    if groups.is_empty() {
        return;
    }
    page.paragraph(0, &meaning(HoldReason::Rejected, n));
    let shown = if page.is_verbose() { groups.len() } else { MOST_GROUPS };
    for ((status, text), sessions) in groups.iter().take(shown) {
        let said = if text.is_empty() { "nothing".to_owned() } else { format!("\"{text}\"") };
        page.paragraph(2, &format!("Toggl said {said} ({status}). {}", what_to_do(*status, text)));
        list(page, view, sessions);
    }
    let left: usize = groups.iter().skip(shown).map(|(_, sessions)| sessions.len()).sum();
    if left > 0 {
        let left = number(left);
        page.paragraph(2, &format!("… and {left} more, for other reasons; `chute-toggl status -v` lists them."));
        page.gap();
    }
}

/// What puts an end to a rejection. Toggl's words are not fixed, so they are read for what they speak of.
pub fn what_to_do(status: u16, text: &str) -> &'static str {
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let speaks_of = |starts: &[&str]| words.clone().any(|word| starts.iter().any(|start| word.starts_with(start)));
    if speaks_of(&["lock"]) {
        "The period is locked: have it unlocked in Toggl, then run `chute-toggl push --retry-rejected`."
    } else if speaks_of(&["archiv", "inactive"]) || text.contains("not active") {
        "The project is archived: set another one in `config.toml` or `TOGGL_PROJECT_ID_DEFAULT`, or make it active \
         again in Toggl and run `chute-toggl push --retry-rejected`."
    } else if speaks_of(&["required", "requires", "mandatory", "missing", "blank", "empty"]) {
        "The workspace asks for that field: set it in `config.toml`, `TOGGL_PROJECT_ID_DEFAULT` or `TOGGL_TAGS_DEFAULT`, or \
         fill it in in Toggl where an entry is there already; then run `chute-toggl push --retry-rejected`."
    } else if text.contains("too long") || speaks_of(&["longer", "maximum", "exceed", "exceeds", "999"]) {
        "Correct the times of the session in Chute_kun: Toggl takes no entry of 1,000 hours or more."
    } else if status == 402 || speaks_of(&["premium", "upgrade"]) {
        "The plan of the workspace does not include that: leave out what it asks for, such as the default project or \
         tags, or run `chute-toggl push --retry-rejected` once it does."
    } else if status == 403 {
        "The owner of the token may not do that there: check `TOGGL_WORKSPACE_ID`, then run \
         `chute-toggl push --retry-rejected`."
    } else if words.any(|word| word == "project" || word == "projects") {
        "Check the project in `config.toml` or `TOGGL_PROJECT_ID_DEFAULT`, then run `chute-toggl push --retry-rejected`."
    } else {
        "Correct the session in Chute_kun; or, once the cause is removed in Toggl, run \
         `chute-toggl push --retry-rejected`."
    }
}
