//! What `doctor` found out, as text and as JSON.
//!
//! The document of `doctor`, to which checks and fields may be added:
//!
//! | field | value |
//! |---|---|
//! | `schema` | 1 |
//! | `command` | `"doctor"` |
//! | `checks` | what was looked at, in this order: a list of *check* |
//! | `next` | the single most useful next step, for people |
//! | `exit` | the exit code: that of the worst fault |
//!
//! *check*:
//!
//! | field | value |
//! |---|---|
//! | `check` | what was looked at, in a word or two |
//! | `state` | `"ok"`, `"note"` (not wrong, and worth knowing) or `"fault"` |
//! | `text` | what was seen, for people |
//! | `do` | for a fault what to do about it, for people; else null |
//! | `exit` | for a fault the exit code that stands for it; else null |

use serde_json::{Value, json};

use super::Style;
use super::escape::clean;
use super::json::SCHEMA;
use super::layout::{Ink, Page};
use crate::exit::Exit;
use crate::output::checkup::{Diagnosis, State};

/// One line a check, one more for what a fault asks for, and the next step.
#[must_use]
pub fn diagnosis_text(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut page = Page::new(style);
    let widest = diagnosis.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &diagnosis.checks {
        let mark = match check.state {
            State::Ok => page.paint(Ink::Green, "ok   "),
            State::Note => page.paint(Ink::Yellow, "note "),
            State::Fault(_) => page.paint(Ink::Red, "FAULT"),
        };
        page.line(&format!("{mark}  {:<widest$}  {}", check.name, clean(&check.text)));
        if let Some(todo) = &check.todo {
            page.line(&format!("       {:<widest$}  Do: {}", "", clean(todo)));
        }
    }
    page.gap();
    page.line(&format!("Next: {}.", clean(&diagnosis.next())));
    page.finish()
}

/// The same for programs.
#[must_use]
pub fn diagnosis_json(diagnosis: &Diagnosis) -> Value {
    let checks: Vec<Value> = (diagnosis.checks.iter())
        .map(|check| {
            let state = match check.state {
                State::Ok => "ok",
                State::Note => "note",
                State::Fault(_) => "fault",
            };
            json!({
                "check": check.name, "state": state, "text": check.text, "do": check.todo,
                "exit": check.exit().map(Exit::code),
            })
        })
        .collect();
    json!({
        "schema": SCHEMA, "command": "doctor", "checks": checks, "next": diagnosis.next(),
        "exit": diagnosis.exit().code(),
    })
}
