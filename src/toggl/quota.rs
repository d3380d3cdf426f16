//! Toggl's two quota buckets, as far as answers have told of them, and the pace of requests.
//!
//! Nothing here is asked for: the numbers come from the headers of answers that were wanted anyway, and from 402
//! answers. While a bucket is known to be empty no request that counts in it is sent, in this run or a later one.

use serde::{Deserialize, Serialize};

use crate::toggl::{Bucket, QuotaHeaders};

/// How long a bucket lasts: the hour starts with its first request.
pub const HOUR: i64 = 3600;

/// Toggl's plans, and the requests an hour that each allows in the workspace's bucket.
pub const PLANS: [(u16, &str); 3] = [(30, "Free"), (240, "Starter"), (600, "Premium")];

/// What is known of both buckets, and when the last request was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Calls that name a workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Level>,
    /// `/me…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Level>,
    /// When the last request was sent: unix milliseconds by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request_ms: Option<i64>,
}

/// The level of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Requests left, as last told, less those sent since; `None` when Toggl never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<i64>,
    /// When the bucket is full again: unix seconds by this machine's clock.
    pub resets_at: i64,
}

impl Quota {
    fn level(&self, bucket: Bucket) -> Option<Level> {
        match bucket {
            Bucket::Workspace => self.workspace,
            Bucket::User => self.user,
        }
    }

    fn set(&mut self, bucket: Bucket, level: Level) {
        match bucket {
            Bucket::Workspace => self.workspace = Some(level),
            Bucket::User => self.user = Some(level),
        }
    }

    /// The unix second at which the bucket is full again, while it is known to be empty.
    #[must_use]
    pub fn empty_until(&self, bucket: Bucket, now: i64) -> Option<i64> {
        let level = self.level(bucket)?;
        (level.remaining.is_some_and(|left| left <= 0) && now < level.resets_at).then_some(level.resets_at)
    }

    /// Requests known to be left in the bucket at `now`; `None` when nothing is known or the hour is over.
    #[must_use]
    pub fn remaining(&self, bucket: Bucket, now: i64) -> Option<i64> {
        let level = self.level(bucket)?;
        if now < level.resets_at { level.remaining } else { None }
    }

    /// Milliseconds to wait so that at least `pace_ms` lie between the last request and the next.
    /// A clock that was set back never makes the wait longer than the pace.
    #[must_use]
    pub fn pace_wait_ms(&self, pace_ms: i64, now_ms: i64) -> i64 {
        match self.last_request_ms {
            Some(last) => (last + pace_ms - now_ms).clamp(0, pace_ms),
            None => 0,
        }
    }

    /// Notes that a request is about to be sent.
    pub fn note_sent(&mut self, bucket: Bucket, now_ms: i64) {
        self.last_request_ms = Some(now_ms);
        let now = now_ms.div_euclid(1000);
        // Rounded up, or the hour would be over up to a second before Toggl's.
        let over = now_ms.saturating_add(999).div_euclid(1000).saturating_add(HOUR);
        let level = match self.level(bucket) {
            Some(level) if now < level.resets_at => Level { remaining: level.remaining.map(|left| left - 1), ..level },
            // A new hour starts with this request. How many it holds is for the answer to say.
            _ => Level { remaining: None, resets_at: over },
        };
        self.set(bucket, level);
    }

    /// Takes in the headers of an answer.
    pub fn note_headers(&mut self, bucket: Bucket, headers: QuotaHeaders, now: i64) {
        let assumed = self.level(bucket).map_or(now + HOUR, |level| level.resets_at);
        let resets_at = headers.resets_in.map_or(assumed, |seconds| now + seconds.clamp(0, HOUR));
        self.set(bucket, Level { remaining: Some(headers.remaining), resets_at });
    }

    /// Takes in a 402 that means the quota: the bucket is empty, whatever was believed.
    pub fn note_exhausted(&mut self, bucket: Bucket, resets_in: Option<i64>, now: i64) {
        let assumed = self.level(bucket).map_or(now + HOUR, |level| level.resets_at);
        let resets_at = resets_in.map_or(assumed, |seconds| now + seconds.clamp(0, HOUR)).max(now + 1);
        self.set(bucket, Level { remaining: Some(0), resets_at });
    }
}
