//! What `doctor` found out: one check after the other, what each fault asks of a person, and the one next step.

use crate::exit::Exit;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in a word or two.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen, for people.
    pub text: String,
    /// The one thing to do about it, for a fault.
    pub todo: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// Not wrong, and worth knowing.
    Note,
    /// Wrong, with the exit code that a push would end with, or that says what kind of fault it is.
    Fault(Exit),
}

impl Check {
    /// Something that is as it should be.
    pub fn ok(name: &'static str, text: impl Into<String>) -> Check {
        Check { name, state: State::Ok, text: text.into(), todo: None }
    }

    /// Something worth knowing.
    pub fn note(name: &'static str, text: impl Into<String>) -> Check {
        Check { name, state: State::Note, text: text.into(), todo: None }
    }

    /// Something that is wrong, and the one thing to do about it.
    pub fn fault(name: &'static str, exit: Exit, text: impl Into<String>, todo: impl Into<String>) -> Check {
        Check { name, state: State::Fault(exit), text: text.into(), todo: Some(todo.into()) }
    }

    /// The exit code of a fault.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        match self.state {
            State::Fault(exit) => Some(exit),
            State::Ok | State::Note => None,
        }
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
    /// Toggl agrees.
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

/// The kinds of faults, worst first: what stops every push before what stops this one, and that before what only
/// wants a look.
const WORST_FIRST: [Exit; 6] =
    [Exit::Failure, Exit::Token, Exit::Input, Exit::Usage, Exit::Unfinished, Exit::Attention];

impl Diagnosis {
    /// The worst fault, the first of its kind.
    fn worst(&self) -> Option<&Check> {
        WORST_FIRST.iter().find_map(|&exit| self.checks.iter().find(|check| check.exit() == Some(exit)))
    }

    /// The exit code: that of the worst fault.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.worst().and_then(Check::exit).unwrap_or(Exit::UpToDate)
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
            Stage::Pending(1) => "`chute-toggl push` sends the one change".to_owned(),
            Stage::Pending(requests) => format!("`chute-toggl push` sends what is new ({requests} requests)"),
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

/// How long ago, roughly: `3 h ago`.
#[must_use]
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".to_owned(),
        60..5400 => format!("{} min ago", seconds / 60),
        5400..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
