//! What is sent at all, and with which project and tags: the lines and rules of the settings file, decided for one
//! session after the other.
//!
//! Pure. The first rule that fits a session decides, and what it does not say comes from the lines above the rules.

use std::fmt;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::Serialize;
use time::{Date, OffsetDateTime};

use crate::chute_kun::snapshot::Category;
use crate::sidecar::Sidecar;
use crate::toggl::WorkspaceId;

/// A project or a workspace, as a person refers to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameOrId {
    /// By Toggl's number.
    Id(i64),
    /// By its name, which Toggl is asked about once.
    Name(Rc<str>),
}

impl fmt::Display for NameOrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameOrId::Id(id) => write!(f, "{id}"),
            NameOrId::Name(name) => write!(f, "`{name}`"),
        }
    }
}

/// The lines and rules of the settings file that concern sessions, with what the variables say in place of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Sessions that started before this day are left alone, by the offset in force then.
    pub since: Option<Date>,
    /// Sessions of fewer minutes are not sent.
    pub at_least_min: u32,
    /// Whether a session is sent while it runs. If not, it is sent once it is finished.
    pub running: bool,
    /// The workspace of new entries; `None`: the account's default.
    pub workspace: Option<NameOrId>,
    /// The project of new entries where no rule says another.
    pub project: Option<NameOrId>,
    /// The tags of new entries where no rule says others.
    pub tags: Rc<[String]>,
    /// In the order of the file: the first that fits decides.
    pub rules: Vec<Rule>,
}

impl Default for Selection {
    /// Everything is sent, without project and tags.
    fn default() -> Selection {
        Selection {
            since: None,
            at_least_min: 0,
            running: true,
            workspace: None,
            project: None,
            tags: Rc::default(),
            rules: Vec::new(),
        }
    }
}

/// A rule. Without a condition it fits every session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Which one it is, and where it stands.
    pub at: RuleAt,
    /// Condition: the category of the task.
    pub category: Option<Category>,
    /// Condition: the title begins with this, in the same case.
    pub title: Option<String>,
    /// The project of new entries, `Some(None)` for none; `None`: as the lines above the rules say.
    pub project: Option<Option<NameOrId>>,
    /// The tags of new entries; `None`: as the lines above the rules say.
    pub tags: Option<Rc<[String]>>,
    /// Such sessions are not sent.
    pub skip: bool,
}

/// Which rule, and where it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Rule")]
pub struct RuleAt {
    /// From 1, in the order of the file.
    pub number: usize,
    /// The line of the settings file at which it begins, from 1.
    pub line: usize,
}

impl fmt::Display for RuleAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}, line {}", self.number, self.line)
    }
}

/// Why the settings leave a session alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftAlone {
    /// It started before `since`.
    BeforeSince,
    /// The rule of this number says `skip`.
    Skipped(usize),
    /// It is shorter than `at_least_min`.
    TooShort,
    /// It runs, and only finished sessions are sent.
    Running,
}

/// What a new entry gets beside its times and text, as the settings say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The project; `None` for none.
    pub project: Option<&'a NameOrId>,
    /// The tags.
    pub tags: &'a Rc<[String]>,
    /// The rule that decided, if one fitted.
    pub rule: Option<RuleAt>,
}

impl Rule {
    /// Whether it decides about sessions of this task.
    #[must_use]
    pub fn fits(&self, category: Category, title: &str) -> bool {
        self.category.is_none_or(|wanted| wanted == category)
            && self.title.as_deref().is_none_or(|prefix| title.starts_with(prefix))
    }
}

impl Selection {
    /// The workspace of new entries, as far as it is known without asking Toggl.
    #[must_use]
    pub fn known_workspace(&self, sidecar: &Sidecar) -> Option<WorkspaceId> {
        match &self.workspace {
            Some(NameOrId::Id(id)) => Some(WorkspaceId(*id)),
            Some(NameOrId::Name(name)) => sidecar.names.workspaces.get(&**name).copied(),
            None => sidecar.workspace,
        }
    }

    /// The rule that decides about the sessions of a task: the first that fits.
    #[must_use]
    pub fn rule(&self, category: Category, title: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.fits(category, title))
    }

    /// Project and tags of a new entry for a session of this task.
    #[must_use]
    pub fn choice(&self, category: Category, title: &str) -> Choice<'_> {
        let rule = self.rule(category, title);
        let project = rule.and_then(|rule| rule.project.as_ref()).unwrap_or(&self.project);
        Choice {
            project: project.as_ref(),
            tags: rule.and_then(|rule| rule.tags.as_ref()).unwrap_or(&self.tags),
            rule: rule.map(|rule| rule.at),
        }
    }

    /// Whether sessions of this task that start then are out of its reach for good: before `since`, or skipped. What this
    /// program made for them goes when pruning is asked for.
    #[must_use]
    pub fn excludes(&self, category: Category, title: &str, start: OffsetDateTime) -> Option<LeftAlone> {
        if self.since.is_some_and(|since| start.date() < since) {
            return Some(LeftAlone::BeforeSince);
        }
        self.rule(category, title).filter(|rule| rule.skip).map(|rule| LeftAlone::Skipped(rule.at.number))
    }

    /// Whether no entry is made for a session of these times, though one would be for another of its task: too short, or
    /// not finished.
    #[must_use]
    pub fn postpones(&self, start: OffsetDateTime, stop: Option<OffsetDateTime>) -> Option<LeftAlone> {
        match stop {
            None => (!self.running).then_some(LeftAlone::Running),
            Some(stop) => {
                let is_short =
                    self.at_least_min > 0 && (stop - start).whole_seconds() < i64::from(self.at_least_min) * 60;
                is_short.then_some(LeftAlone::TooShort)
            }
        }
    }

    /// The names of projects that new entries can get, each once, with the first rule that says it.
    #[must_use]
    pub fn project_names(&self) -> Vec<(Rc<str>, Option<RuleAt>)> {
        let of_rules = self.rules.iter().filter(|rule| !rule.skip);
        let of_rules = of_rules.filter_map(|rule| Some((rule.project.as_ref()?.as_ref()?, Some(rule.at))));
        let mut names: Vec<(Rc<str>, Option<RuleAt>)> = Vec::new();
        for (named, at) in self.project.iter().map(|named| (named, None)).chain(of_rules) {
            if let NameOrId::Name(name) = named
                && names.iter().all(|(known, _)| known != name)
            {
                names.push((Rc::clone(name), at));
            }
        }
        names
    }
}
