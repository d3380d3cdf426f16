//! The snapshot task by task.
//!
//! A history of ten years is one file of nine megabytes. Parsed in one piece it takes 270 MB of memory; parsed one
//! task at a time, a few. And who knows a task's text from before need not parse it at all.
//!
//! [`split`] cuts the text before every line that is `[[today]]`, `[[future]]` or `[[past]]`. The lines
//! `[[today.sessions]]` and so on stay with their task. Why reading the pieces one by one is the same as reading the
//! whole:
//!
//! - A cut lies between two lines, outside any string: the scanner follows all four forms of strings, and comments,
//!   from the first byte on. A line inside a multi-line title is not mistaken for a header.
//! - A cut inside an array or an inline table leaves the piece before it without its end, and that piece does not
//!   parse. So if all pieces parse, the whole is the sequence of the statements in them.
//! - Every piece but the first begins with a header that is absolute and makes a new task. All other headers in it
//!   are of the sessions of that same list, hence of that task. So the keys in a piece belong to that task and cannot
//!   meet keys of another piece. Any other line that begins with `[`, or with a blank before whatever comes, is
//!   reason to give up.
//! - The keys before the first header belong to the document. They could meet the blocks only by naming one of the
//!   three lists; [`Blocks::inline`] gives up if they name one that has blocks.
//!
//! Giving up is no error: the whole is then read in one piece, which also finds the words and the place for what is
//! wrong with it.

use serde::Deserialize;

use super::written::VERSION;
use super::{KnownPast, List, Snapshot, Task};

/// The text of one task, its sessions included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The list that it is on.
    pub list: List,
    /// From the line of its header up to that of the next task. Equal texts are equal tasks.
    pub text: &'a str,
}

/// A snapshot cut into pieces that put together again are the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks<'a> {
    /// What stands before the first task: the version, and lists that are written inline because they are empty.
    pub preamble: &'a str,
    /// The tasks in the order of the file.
    pub blocks: Vec<Block<'a>>,
}

impl List {
    /// The header of a task on this list, with the end of its line.
    const fn task_header(self) -> &'static str {
        match self {
            List::Today => "[[today]]\n",
            List::Future => "[[future]]\n",
            List::Past => "[[past]]\n",
        }
    }

    /// The header of a session of such a task.
    const fn session_header(self) -> &'static str {
        match self {
            List::Today => "[[today.sessions]]\n",
            List::Future => "[[future.sessions]]\n",
            List::Past => "[[past.sessions]]\n",
        }
    }
}

/// Cuts a snapshot into its tasks without parsing them, or `None` if it is not written the way Chute_kun writes.
///
/// Of a text that is valid TOML the pieces are what they seem. Of one that is not, some piece does not parse.
#[must_use]
pub fn split(text: &str) -> Option<Blocks<'_>> {
    let bytes = text.as_bytes();
    let mut blocks: Vec<Block> = Vec::new();
    // Where the piece under way begins, and the list it is on unless it is the preamble.
    let mut start = 0;
    let mut list: Option<List> = None;
    let mut preamble = text;
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        match first {
            b'[' => {
                let line = &text[at..];
                if let Some(header) = list.map(List::session_header).filter(|header| line.starts_with(header)) {
                    at += header.len();
                    continue;
                }
                let next = [List::Past, List::Today, List::Future]
                    .into_iter()
                    .find(|list| line.starts_with(list.task_header()))?;
                match list.replace(next) {
                    Some(list) => blocks.push(Block { list, text: &text[start..at] }),
                    None => preamble = &text[..at],
                }
                start = at;
                at += next.task_header().len();
            }
            b' ' | b'\t' => return None,
            _ => at = line_end(bytes, at)?,
        }
    }
    if let Some(list) = list {
        blocks.push(Block { list, text: &text[start..] });
    }
    Some(Blocks { preamble, blocks })
}

/// The first byte after the newline that ends the line at `at`, multi-line strings included.
fn line_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'\n' => return Some(at + 1),
            quote @ (b'"' | b'\'') => at = string_end(bytes, at, quote)?,
            b'#' => return Some(at + bytes[at..].iter().position(|&byte| byte == b'\n')? + 1),
            _ => at += 1,
        }
    }
}

/// The first byte after the string that begins at `at` with this quote; `None` if it does not end.
fn string_end(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let multiline = bytes[at..].starts_with(&[quote; 3]);
    let mut at = at + if multiline { 3 } else { 1 };
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            b'\n' if !multiline => return None,
            byte if byte == quote && !multiline => return Some(at + 1),
            byte if byte == quote => {
                // Up to two quotes can be the last of the content before the three that end it.
                let run = bytes[at..].iter().take(5).take_while(|&&byte| byte == quote).count();
                at += run;
                if run >= 3 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// A document with one task on any of the lists.
#[derive(Deserialize)]
struct OneTask {
    #[serde(alias = "future", alias = "past")]
    today: [Task; 1],
}

/// The task of a block.
///
/// # Errors
/// When it is not valid; line and column then count from the start of the block.
pub fn task(block: &Block) -> Result<Task, toml::de::Error> {
    let OneTask { today: [task] } = toml::from_str(block.text)?;
    Ok(task)
}

/// What may stand before the first block.
#[derive(Deserialize)]
struct Preamble {
    version: u8,
    today: Option<Vec<Task>>,
    future: Option<Vec<Task>>,
    past: Option<Vec<Task>>,
}

impl Blocks<'_> {
    /// The lists that are written inline, all other lists empty: what the preamble says.
    ///
    /// `None` if it is not valid, if its version is not 1, or if a list is written both inline and as blocks.
    #[must_use]
    pub fn inline(&self) -> Option<Snapshot> {
        let Preamble { version, today, future, past } = toml::from_str(self.preamble).ok()?;
        let both = |inline: &Option<_>, list| inline.is_some() && self.blocks.iter().any(|block| block.list == list);
        if version != VERSION || both(&today, List::Today) || both(&future, List::Future) || both(&past, List::Past) {
            return None;
        }
        let list = Option::unwrap_or_default;
        Some(Snapshot { today: list(today), future: list(future), past: list(past), known_past: 0 })
    }
}

/// The snapshot, read task by task; `None` if that cannot be done, be it valid or not.
#[must_use]
pub fn read(text: &str) -> Option<Snapshot> {
    read_unknown(text, None)
}

/// The same, but the tasks of `known` are left out, if past still begins with them.
#[must_use]
pub fn read_unknown(text: &str, known: Option<&KnownPast>) -> Option<Snapshot> {
    let blocks = split(text)?;
    let mut snapshot = blocks.inline()?;
    let mut skip = known.filter(|known| known.begins(&blocks)).map_or(0, |known| known.tasks);
    snapshot.known_past = skip;
    for block in &blocks.blocks {
        if block.list == List::Past && skip > 0 {
            skip -= 1;
        } else {
            snapshot.list_mut(block.list).push(task(block).ok()?);
        }
    }
    Some(snapshot)
}

impl Snapshot {
    fn list_mut(&mut self, list: List) -> &mut Vec<Task> {
        match list {
            List::Today => &mut self.today,
            List::Future => &mut self.future,
            List::Past => &mut self.past,
        }
    }
}
