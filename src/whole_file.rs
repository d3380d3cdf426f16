//! Reading a file whole, if it is one and has an end: a pipe never ends, and a device fills the memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The largest text that people write or keep, in bytes.
pub const TEXT: u64 = 1 << 26;

/// The bytes of a regular file, following links.
///
/// # Errors
/// As for any file operation; what is no file, or has more than `limit` bytes.
#[expect(clippy::disallowed_methods, reason = "this is how files are read")]
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > limit {
        return Err(io::Error::other(format!("it has {} bytes, which cannot be right", metadata.len())));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
