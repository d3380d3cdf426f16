//! How often the sidecar is saved, so that saving stays cheap at any size.
//!
//! One save puts a batch of intents on disk and the answers of the batch before. The batch grows with the file, so
//! that the bytes written stay near [`BYTES_A_REQUEST`] a request: a small file is saved for every request, one of a
//! megabyte for every [`MOST`]. That is safe at any batch size: a crash leaves intents for what was sent and for what
//! was not yet sent, and one look at Toggl tells them apart. What bounds the batch is that look: it lists at most a
//! thousand entries, and the intents of a batch must not be so old that nobody knows when the last can have been sent.

use std::time::Duration;

use crate::sidecar::Digest;

/// Bytes of sidecar written for each request, about.
const BYTES_A_REQUEST: usize = 4096;

/// Most intents that one save covers: a fraction of what one look can list.
const MOST: usize = 250;

/// How long an intent covers sending, from its save: after that it is saved anew with a new time. So a later run knows
/// the last instant at which the request can have been sent.
pub const LIFETIME_MS: i64 = 10 * 60 * 1000;

/// What is on disk, and how much has happened since.
#[derive(Debug)]
pub struct Saving {
    on_disk: Digest,
    unsaved: usize,
}

impl Saving {
    pub fn new(on_disk: Digest) -> Saving {
        Saving { on_disk, unsaved: 0 }
    }

    pub fn is_on_disk(&self, text: &[u8]) -> bool {
        self.on_disk == Digest::of(text)
    }

    /// Notes that this text was saved.
    pub fn note(&mut self, text: &[u8]) {
        self.on_disk = Digest::of(text);
        self.unsaved = 0;
    }

    /// Notes that an answer changed what is to be saved.
    pub fn note_answer(&mut self) {
        self.unsaved += 1;
    }

    /// Notes that a save must come before the next change in Toggl.
    pub fn make_due(&mut self) {
        self.unsaved = MOST;
    }

    /// Whether as many answers wait for a save as one save may cover.
    pub fn is_due(&self) -> bool {
        self.unsaved >= self.size()
    }

    /// How many intents the next save covers.
    pub fn batch(&self, pace: Duration) -> usize {
        let within_lifetime = u128::try_from(LIFETIME_MS / 2).unwrap_or(0) / pace.as_millis().max(1);
        self.size().min(usize::try_from(within_lifetime).unwrap_or(MOST)).max(1)
    }

    fn size(&self) -> usize {
        (self.on_disk.bytes() / BYTES_A_REQUEST).clamp(1, MOST)
    }
}
