//! Snapshots sound and damaged, and Chute_kun's own reading of them.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use chute_kun::storage::SnapshotV1;
use chute_kun::task::{Category as TheirCategory, Task as TheirTask, TaskState};
use chute_toggl::chute_kun::snapshot::{Category, Session, Snapshot, State, Task, parse};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Every snapshot among the fixtures, sound or not, with its name.
pub static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let played = ["postpone_active", "titles_pasted_control_chars", "titles_unicode_quotes", "two_days_sweep"];
    let scenarios = played.iter().map(|name| fixtures.join("corpus").join(name));
    for folder in scenarios.chain([fixtures.join("invalid"), fixtures.join("readme")]) {
        for file in fs::read_dir(&folder).into_iter().flatten() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "toml") {
                files.push((file.display().to_string(), fs::read(&file).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50);
    files
});

fn task(theirs: TheirTask) -> Task {
    Task {
        title: theirs.title,
        actual_min: theirs.actual_min,
        finished_at_min: theirs.finished_at_min,
        sessions: theirs.sessions.iter().map(|s| Session { start_min: s.start_min, end_min: s.end_min }).collect(),
        state: match theirs.state {
            TaskState::Planned => State::Planned,
            TaskState::Active => State::Active,
            TaskState::Paused => State::Paused,
            TaskState::Done => State::Done,
        },
        planned_ymd: theirs.planned_ymd,
        done_ymd: theirs.done_ymd,
        category: match theirs.category {
            TheirCategory::General => Category::General,
            TheirCategory::Work => Category::Work,
            TheirCategory::Home => Category::Home,
            TheirCategory::Hobby => Category::Hobby,
        },
    }
}

/// What must come of it: Chute_kun's own reading, but for another version and a missing newline.
pub fn expected(bytes: &[u8]) -> Option<Snapshot> {
    let text = std::str::from_utf8(bytes).ok()?;
    let theirs: SnapshotV1 = toml::from_str(text).ok()?;
    if theirs.version != 1 || !text.ends_with('\n') {
        return None;
    }
    let list = |tasks: Vec<TheirTask>| tasks.into_iter().map(task).collect();
    Some(Snapshot { today: list(theirs.today), future: list(theirs.future), past: list(theirs.past), known_past: 0 })
}

/// Compares the two, and holds every message to a few short lines.
pub fn check(name: &str, bytes: &[u8]) {
    let ours = parse(bytes);
    if let Err(error) = &ours {
        let message = error.to_string();
        assert!(message.chars().count() < 400, "{name}: {message}");
    }
    if !bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start().starts_with(b"{") {
        assert_eq!(ours.as_ref().ok(), expected(bytes).as_ref(), "{name}: {ours:?}");
    }
}

/// Values for any key, right and wrong.
const VALUES: [&str; 33] = [
    "0",
    "1",
    "255",
    "256",
    "540",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "-1",
    "+5",
    "0x1F",
    "1_000",
    "1.0",
    "nan",
    "true",
    "\"a\"",
    "''",
    "\"Done\"",
    "\"done\"",
    "{Done={}}",
    "{Paused=1}",
    "\"Hobby\"",
    "2026-05-13",
    "[]",
    "{}",
    "[[540,570]]",
    "[[540]]",
    "[{start_min=1}]",
    "[{start_min=1,end_min=2,x=3}]",
    "[[\"t\",1,2,0,3,4,[],\"Done\"]]",
    "[[\"t\",1,2]]",
    "\"\"\"\n[[past]]\n\"\"\"",
];

const LINES: [&str; 18] = [
    "",
    "# note",
    "[[today]]",
    "[[past]]",
    "[[today.sessions]]",
    "[[past.sessions]]",
    "[past]",
    "[x]",
    " [[future]]",
    "[[today]] # x",
    "today = []",
    "version = 1",
    "today.x = 1",
    "sessions = []",
    "title = '''",
    "'''",
    "\"\"\"",
    "x = [",
];

/// A change to a file, by bytes or by lines.
#[derive(Debug, Clone)]
enum Damage {
    Byte(Index, u8),
    Insert(Index, &'static str),
    Remove(Index, usize),
    Cut(Index),
    Value(Index, &'static str),
    Drop(Index),
    Twice(Index, Index),
    Line(Index, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (
            at(),
            select(vec![
                "\"", "'", "\"\"\"", "'''", "[", "]", "\n", "\r", "#", "\\", "{", "=", ".", "\u{feff}", "é", " "
            ])
        )
            .prop_map(|(at, text)| Damage::Insert(at, text)),
        (at(), 1..40usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        at().prop_map(Damage::Cut),
        (at(), select(VALUES.to_vec())).prop_map(|(at, value)| Damage::Value(at, value)),
        at().prop_map(Damage::Drop),
        (at(), at()).prop_map(|(from, to)| Damage::Twice(from, to)),
        (at(), select(LINES.to_vec())).prop_map(|(at, line)| Damage::Line(at, line)),
    ]
}

/// A fixture with some of its tasks and one to three damages.
pub fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let file = any::<Index>().prop_map(|index| index.get(&FILES).1.clone());
    (file, prop::collection::vec(damage(), 1..4)).prop_map(|(mut bytes, damages)| {
        for damage in damages {
            bytes = apply(damage, bytes);
        }
        bytes
    })
}

fn apply(damage: Damage, mut bytes: Vec<u8>) -> Vec<u8> {
    let place = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return b"version = 1\n".to_vec();
    }
    match damage {
        Damage::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            return bytes;
        }
        Damage::Insert(at, text) => {
            let at = place(&at, &bytes);
            bytes.splice(at..at, text.bytes());
            return bytes;
        }
        Damage::Remove(at, length) => {
            let at = place(&at, &bytes);
            bytes.drain(at..bytes.len().min(at + length));
            return bytes;
        }
        Damage::Cut(at) => {
            bytes.truncate(place(&at, &bytes));
            return bytes;
        }
        Damage::Value(at, value) => {
            let line = at.index(lines.len());
            if let Some(equals) = lines[line].iter().position(|&byte| byte == b'=') {
                lines[line].truncate(equals + 1);
                lines[line].extend(format!(" {value}\n").bytes());
            }
        }
        Damage::Drop(at) => {
            lines.remove(at.index(lines.len()));
        }
        Damage::Twice(from, to) => {
            let line = lines[from.index(lines.len())].clone();
            lines.insert(to.index(lines.len() + 1), line);
        }
        Damage::Line(at, line) => lines.insert(at.index(lines.len() + 1), format!("{line}\n").into_bytes()),
    }
    lines.concat()
}
