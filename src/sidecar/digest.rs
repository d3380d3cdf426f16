//! A text, known again by its length and hash.

use std::fmt;
use std::hash::{DefaultHasher, Hasher as _};
use std::str::FromStr;

/// Length and hash of a text: enough to tell whether it is the same again. Another release of the standard library may hash
/// in another way; then it counts as another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    bytes: usize,
    hash: u64,
}

impl Digest {
    /// The digest of a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Digest {
        let mut hasher = DefaultHasher::new();
        hasher.write(text);
        Digest { bytes: text.len(), hash: hasher.finish() }
    }

    /// The length of the text.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.bytes
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:016x}", self.bytes, self.hash)
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (bytes, hash) = text.split_once('/').ok_or(())?;
        Ok(Digest { bytes: bytes.parse().map_err(drop)?, hash: u64::from_str_radix(hash, 16).map_err(drop)? })
    }
}
