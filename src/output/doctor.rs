//! What `doctor` found out: one check after the other, what to do about each fault, and the one next step.

use schemars::JsonSchema;
use serde::Serialize;

use super::Style;
use super::layout::{Ink, Page};
use super::words::count;
use crate::exit::Exit;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// What was looked at, in a word or two.
    #[serde(rename = "check")]
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen, for people.
    pub text: String,
    /// For a fault the one thing to do about it, for people; else null.
    #[serde(rename = "do")]
    pub todo: Option<String>,
    /// For a fault the exit code that a push would end with, or that says what kind of fault it is; else null.
    pub exit: Option<Exit>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Not wrong, and worth knowing.
    Note,
    /// Wrong.
    Fault,
}

impl Check {
    /// Something that is as it should be.
    pub fn ok(name: &'static str, text: impl Into<String>) -> Check {
        Check { name, state: State::Ok, text: text.into(), todo: None, exit: None }
    }

    /// Something worth knowing.
    pub fn note(name: &'static str, text: impl Into<String>) -> Check {
        Check { name, state: State::Note, text: text.into(), todo: None, exit: None }
    }

    /// Something that is wrong, and the one thing to do about it.
    pub fn fault(name: &'static str, exit: Exit, text: impl Into<String>, todo: impl Into<String>) -> Check {
        Check { name, state: State::Fault, text: text.into(), todo: Some(todo.into()), exit: Some(exit) }
    }
}

/// How far a user has come who has no faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `TOGGL_SYNC_MODE` is `off`.
    Off,
    /// Nothing is in Toggl yet.
    New,
    /// A push would send so many requests.
    Pending(usize),
    /// All is sent.
    UpToDate,
}

/// All checks, and where they leave the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// In the order in which they were made.
    pub checks: Vec<Check>,
    /// How far the user has come.
    pub stage: Stage,
    /// The user's shell, for the hook: `bash`, `zsh` or `fish`.
    pub shell: &'static str,
}

/// The kinds of faults, worst first: what stops every command before what stops every push, that before what stops this one,
/// and that before what only wants a look.
const WORST_FIRST: [Exit; 6] =
    [Exit::Failure, Exit::Usage, Exit::Token, Exit::Input, Exit::Unfinished, Exit::Attention];

impl Diagnosis {
    /// The worst fault, the first of its kind.
    fn worst(&self) -> Option<&Check> {
        WORST_FIRST.iter().find_map(|&exit| self.checks.iter().find(|check| check.exit == Some(exit)))
    }

    /// The exit code: that of the worst fault.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.worst().and_then(|check| check.exit).unwrap_or(Exit::UpToDate)
    }

    /// The single most useful next step.
    #[must_use]
    pub fn next(&self) -> String {
        if let Some(todo) = self.worst().and_then(|check| check.todo.clone()) {
            return todo;
        }
        match self.stage {
            Stage::Off => "unset TOGGL_SYNC_MODE when you want to push".to_owned(),
            Stage::New => {
                "see with `chute-toggl push --dry-run` what would be sent, and send it with `chute-toggl push`"
                    .to_owned()
            }
            Stage::Pending(requests) => {
                format!("`chute-toggl push` sends what is new ({})", count(requests, "request"))
            }
            Stage::UpToDate if self.shell == "fish" => {
                "let every `chute` be followed by a push: put `chute-toggl hook fish | source` into \
                 ~/.config/fish/config.fish, if it is not there"
                    .to_owned()
            }
            Stage::UpToDate => format!(
                "let every `chute` be followed by a push: put `eval \"$(chute-toggl hook {0})\"` into ~/.{0}rc, if it is not \
                 there",
                self.shell
            ),
        }
    }
}

/// One line a check, one more for what to do about a fault, and the next step.
#[must_use]
pub fn diagnosis_text(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut page = Page::new(style);
    let widest = diagnosis.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &diagnosis.checks {
        let (ink, mark) = match check.state {
            State::Ok => (Ink::Green, "ok   "),
            State::Note => (Ink::Yellow, "note "),
            State::Fault => (Ink::Red, "FAULT"),
        };
        let name = format!("  {:<widest$}  ", check.name);
        let indent = mark.len() + name.len();
        page.labelled(&[(ink, mark), (Ink::Plain, &name)], indent, Ink::Plain, &check.text);
        if let Some(todo) = &check.todo {
            page.paragraph(indent, &format!("{}Do: {todo}", " ".repeat(indent)));
        }
    }
    page.gap();
    page.paragraph(0, &format!("Next: {}.", diagnosis.next()));
    page.finish()
}
