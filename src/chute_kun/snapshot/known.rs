//! The beginning of past, known again by its text.
//!
//! Past only grows at its end, and Chute_kun writes a task that did not change in the same bytes. So a hash of the
//! first so many tasks tells that all of them are as they were, without parsing one.

use std::hash::{DefaultHasher, Hasher as _};

use serde::{Deserialize, Serialize};

use super::List;
use super::blocks::Blocks;

/// The first tasks of past, by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownPast {
    /// How many tasks.
    pub tasks: usize,
    /// Bytes of their text.
    pub bytes: usize,
    /// Hash of their text. Another release of the standard library may hash in another way; then everything is read
    /// once more, and that is all.
    pub hash: u64,
}

impl KnownPast {
    /// The first `tasks` tasks of past.
    #[must_use]
    pub fn of(blocks: &Blocks<'_>, tasks: usize) -> KnownPast {
        let mut hasher = DefaultHasher::new();
        let mut known = KnownPast { tasks: 0, bytes: 0, hash: 0 };
        for text in past(blocks).take(tasks) {
            hasher.write(text.as_bytes());
            known.tasks += 1;
            known.bytes += text.len();
        }
        known.hash = hasher.finish();
        known
    }

    /// Whether past begins with these very tasks.
    #[must_use]
    pub fn begins(&self, blocks: &Blocks<'_>) -> bool {
        // The lengths first: they are there already.
        let bytes: usize = past(blocks).take(self.tasks).map(str::len).sum();
        bytes == self.bytes && KnownPast::of(blocks, self.tasks) == *self
    }
}

/// The texts of the tasks of past, without the blank line that parts a task from the next: the last task of a file has
/// none, until another one follows.
fn past<'a>(blocks: &Blocks<'a>) -> impl Iterator<Item = &'a str> {
    blocks.blocks.iter().filter(|block| block.list == List::Past).map(|block| block.text.trim_end_matches('\n'))
}
