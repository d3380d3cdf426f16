//! The document of `verify`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Day, Entry, Push, Session, Version};
use crate::execute::Report;
use crate::exit::Exit;
use crate::output::{Verdict, View};
use crate::reconcile::drift::{self, Difference};
use crate::sidecar::SessionKey;
use crate::toggl::EntryId;

/// What `verify` found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Verify<'a> {
    schema: Version,
    /// The command.
    #[schemars(extend("const" = "verify"))]
    command: &'static str,
    /// Whether `--repair` was asked for.
    repair: bool,
    /// Whether `--accept` was asked for.
    accept: bool,
    /// Sessions that stay as Toggl has them, because `--accept` was asked for.
    accepted: &'a [SessionKey],
    /// Sessions that were to be accepted and cannot be.
    not_accepted: &'a [SessionKey],
    /// The first day (UTC) that was compared.
    from: Day,
    /// The last day (UTC) that was compared.
    to: Day,
    /// Number of sessions whose entry was looked for.
    compared: usize,
    /// Number of these whose entry is as it was sent.
    up_to_date: usize,
    /// Number of sessions without an entry, of which Toggl has none either.
    unsent: usize,
    /// Number of requests that the next push would send.
    pending: usize,
    /// What differs.
    findings: Vec<Finding<'a>>,
    /// What `--repair` sent, as the document of a push; else null.
    push: Option<Push<'a>>,
    exit: Exit,
}

impl<'a> Verify<'a> {
    /// What was found, and what a repair sent.
    #[must_use]
    pub fn new(verdict: &Verdict<'a>, pushed: Option<(&View<'a>, &'a Report)>, exit: Exit) -> Verify<'a> {
        let comparison = verdict.comparison;
        let acceptance = verdict.acceptance;
        Verify {
            schema: Version::CURRENT,
            command: "verify",
            repair: verdict.repairs,
            accept: acceptance.is_some(),
            accepted: acceptance.map_or(&[], |acceptance| &acceptance.accepted),
            not_accepted: acceptance.map_or(&[], |acceptance| &acceptance.left),
            from: (*verdict.days.start()).into(),
            to: (*verdict.days.end()).into(),
            compared: comparison.compared,
            up_to_date: comparison.up_to_date,
            unsent: comparison.unsent,
            pending: verdict.pending,
            findings: comparison.findings.iter().filter_map(|finding| Finding::new(verdict, finding)).collect(),
            push: pushed.map(|(view, report)| Push::new(view, report, exit)),
            exit,
        }
    }
}

/// A session that Toggl has otherwise than it was sent.
#[derive(Debug, Serialize, JsonSchema)]
struct Finding<'a> {
    #[serde(flatten)]
    session: Session<'a>,
    /// How its entry differs.
    #[schemars(extend("enum" = Difference::WORDS))]
    kind: &'static str,
    /// The id of its entry, or null if it has none.
    entry: Option<EntryId>,
    /// The entry as Toggl has it, if it is there and differs, or could be adopted; else null.
    in_toggl: Option<Entry<'a>>,
    /// The ids of its doubles, or null.
    others: Option<&'a [EntryId]>,
}

impl<'a> Finding<'a> {
    fn new(verdict: &Verdict<'a>, finding: &'a drift::Finding) -> Option<Finding<'a>> {
        let (task, record) = verdict.sidecar.record(finding.session)?;
        let (entry, held, others) = match &finding.what {
            Difference::Missing { id } => (Some(*id), None, None),
            Difference::Edited { held } | Difference::Running { held } => (Some(held.id), Some(held), None),
            Difference::Doubled { id, others } => (Some(*id), None, Some(&**others)),
            Difference::Adoptable { held, instead_of } => (*instead_of, Some(held), None),
        };
        Some(Finding {
            session: Session::new(finding.session, task, record),
            kind: finding.what.word(),
            entry,
            in_toggl: held.map(|held| Entry::new((held.id, held.workspace), &held.description, held.start, held.stop)),
            others,
        })
    }
}
