//! `config.toml`: each key with its type, and every mistake with its line and what would be right.
//!
//! The whole file is checked before anything is sent, and an unknown key is a mistake: a setting that is passed over in
//! silence would send what was not to be sent.

use std::rc::Rc;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use time::{Date, Month};
use toml::{Spanned, Value};

use crate::chute_kun::snapshot::Category;
use crate::reconcile::selection::{NameOrId, Rule, RuleAt, Selection};
use crate::toggl::TAG_LIMIT;

/// A commented example: the defaults, and what else can be said.
pub const EXAMPLE: &str = include_str!("example.toml");

/// What the file says; `None` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigFile {
    /// Sessions that started before this day are left alone.
    pub since: Option<Date>,
    /// The workspace of new entries.
    pub workspace: Option<NameOrId>,
    /// The project of new entries; `Some(None)`: none.
    pub project: Option<Option<NameOrId>>,
    /// The tags of new entries.
    pub tags: Option<Rc<[String]>>,
    /// Whether a session is sent while it runs.
    pub running: Option<bool>,
    /// Sessions of fewer minutes are not sent.
    pub at_least_min: Option<u32>,
    /// The rules, in their order.
    pub rules: Vec<Rule>,
}

impl ConfigFile {
    /// What it says, and the defaults where it says nothing.
    #[must_use]
    pub fn selection(self) -> Selection {
        let defaults = Selection::default();
        Selection {
            since: self.since,
            at_least_min: self.at_least_min.unwrap_or(defaults.at_least_min),
            running: self.running.unwrap_or(defaults.running),
            workspace: self.workspace,
            project: self.project.flatten(),
            tags: self.tags.unwrap_or_default(),
            rules: self.rules,
        }
    }
}

/// A mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Mistake {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong, for people. It never repeats a value that could be the token.
    pub reason: String,
}

/// Reads the text of the file.
///
/// # Errors
/// The first [`Mistake`].
pub fn parse(text: &str) -> Result<ConfigFile, Mistake> {
    let line_of = |at: usize| text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
    let written: Written = toml::from_str(text).map_err(|error| Mistake {
        line: error.span().map_or(1, |span| line_of(span.start)),
        // Only the message: the display of the error shows the line, which may hold anything.
        reason: match error.message() {
            // Every other value has a check of its own. The message would repeat the value.
            message if message.starts_with("invalid type") => "a rule begins with a line `[[rule]]`".to_owned(),
            message => message.to_owned(),
        },
    })?;
    let rules = written.rule.into_iter().zip(1..).map(|(rule, number)| {
        let at = RuleAt { number, line: line_of(rule.span().start) };
        let WrittenRule { category, title, project, tags, skip } = rule.into_inner();
        Rule {
            at,
            category: category.map(|category| category.0),
            title: title.map(|title| title.0),
            project: project.map(|project| project.0),
            tags: tags.map(|tags| tags.0),
            skip: skip.is_some_and(|skip| skip.0),
        }
    });
    Ok(ConfigFile {
        rules: rules.collect(),
        since: written.since.map(|since| since.0),
        workspace: written.workspace.map(|workspace| workspace.0),
        project: written.project.map(|project| project.0),
        tags: written.tags.map(|tags| tags.0),
        running: written.running.map(|running| running.0),
        at_least_min: written.at_least_min.map(|minutes| minutes.0),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    since: Option<Day>,
    #[serde(default)]
    workspace: Option<Workspace>,
    #[serde(default)]
    project: Option<Project>,
    #[serde(default)]
    tags: Option<Tags>,
    #[serde(default)]
    running: Option<Switch>,
    #[serde(default)]
    at_least_min: Option<MinuteCount>,
    #[serde(default)]
    rule: Vec<Spanned<WrittenRule>>,
    #[serde(default, rename = "token")]
    _token: Option<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    #[serde(default)]
    category: Option<CategoryName>,
    #[serde(default)]
    title: Option<Title>,
    #[serde(default)]
    project: Option<Project>,
    #[serde(default)]
    tags: Option<Tags>,
    #[serde(default)]
    skip: Option<Switch>,
}

/// A value with a check of its own, so that a mistake says in plain words what would be right.
macro_rules! checked {
    ($name:ident($value:ty), $check:expr) => {
        struct $name($value);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let check: fn(Value) -> Result<$value, String> = $check;
                check(Value::deserialize(deserializer)?).map($name).map_err(D::Error::custom)
            }
        }
    };
}

checked!(Day(Date), |value| {
    let expected = "`since` must be a day without quotes, such as 2026-05-01";
    let date = match value {
        Value::Datetime(toml::value::Datetime { date: Some(date), time: None, offset: None }) => date,
        _ => return Err(expected.to_owned()),
    };
    let month = Month::try_from(date.month).map_err(|_| expected)?;
    Date::from_calendar_date(i32::from(date.year), month, date.day)
        .map_err(|_| "`since` is no day of the calendar".to_owned())
});

checked!(Workspace(NameOrId), |value| {
    named(value)?.ok_or_else(|| "`workspace` must be the name of a workspace, or its number without quotes".to_owned())
});

checked!(Project(Option<NameOrId>), named);

checked!(Switch(bool), |value| value.as_bool().ok_or_else(|| "this must be true or false, without quotes".to_owned()));

checked!(MinuteCount(u32), |value| {
    let minutes = value.as_integer().and_then(|minutes| u32::try_from(minutes).ok());
    minutes
        .filter(|&minutes| minutes <= 24 * 60)
        .ok_or_else(|| "`at_least_min` must be a number of minutes from 0 to 1440".to_owned())
});

checked!(Title(String), |value| text(value, "`title` must be the beginning of a title, in quotes"));

checked!(CategoryName(Category), |value| match value.as_str() {
    Some("General") => Ok(Category::General),
    Some("Work") => Ok(Category::Work),
    Some("Home") => Ok(Category::Home),
    Some("Hobby") => Ok(Category::Hobby),
    _ => Err("`category` must be one of Chute_kun's: \"General\", \"Work\", \"Home\" or \"Hobby\"".to_owned()),
});

checked!(Tags(Rc<[String]>), |value| {
    let expected = "`tags` must be a list of names, such as [\"client\", \"deep work\"]";
    let Value::Array(values) = value else { return Err(expected.to_owned()) };
    let mut tags: Vec<String> = Vec::new();
    for value in values {
        let tag = text(value, expected)?.trim().to_owned();
        if tag.is_empty() {
            return Err("a tag has no name".to_owned());
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > TAG_LIMIT {
        return Err(format!("these are more than {TAG_LIMIT} tags, which Toggl does not take"));
    }
    Ok(tags.into())
});

checked!(Token(()), |_| {
    Err("the token does not belong here: it is read from TOGGL_API_TOKEN and from nowhere else. Take it out of this file".to_owned())
});

/// A name or a number; the empty name is none.
fn named(value: Value) -> Result<Option<NameOrId>, String> {
    match value {
        Value::Integer(id) if id > 0 => Ok(Some(NameOrId::Id(id))),
        value => {
            let name = text(value, "this must be a name in quotes, or a number without quotes")?;
            Ok(Some(name.trim()).filter(|name| !name.is_empty()).map(|name| NameOrId::Name(Rc::from(name))))
        }
    }
}

/// A text that is not the token in the wrong place.
fn text(value: Value, expected: &str) -> Result<String, String> {
    let Value::String(text) = value else { return Err(expected.to_owned()) };
    let is_token =
        text.starts_with("toggl_sk_") || (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_token {
        return Err("this looks like a token, which is read from TOGGL_API_TOKEN and from nowhere else. Take it out of this file".to_owned());
    }
    Ok(text)
}
