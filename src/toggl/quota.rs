//! Toggl's two quota buckets, as far as answers have said, and the pace of requests.
//!
//! Nothing here is asked for: the numbers come from the headers of answers that were wanted anyway, and from 402
//! answers. While a bucket is known to be empty no request that counts in it is sent, in this run or a later one.

use serde::{Deserialize, Serialize};

use crate::toggl::{Bucket, QuotaHeaders};

/// How long a bucket lasts: the hour starts with its first request.
pub const HOUR: i64 = 3600;

/// Seconds by which an hour may seem longer: the server counts in its seconds and we in ours.
const ROUNDING: i64 = 60;

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
    /// Requests left, as Toggl last said, less those sent since; `None` when it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<i64>,
    /// When the bucket is full again: unix seconds by this machine's clock.
    pub resets_at: i64,
}

impl Quota {
    /// What is known of the hour of a bucket, while it lasts. One that ends later than an hour can was noted by a clock that
    /// was wrong, and nothing is known. `now` is in unix seconds.
    #[must_use]
    pub fn level(&self, bucket: Bucket, now: i64) -> Option<Level> {
        let level = match bucket {
            Bucket::Workspace => self.workspace,
            Bucket::User => self.user,
        };
        level.filter(|level| now < level.resets_at && level.resets_at <= now.saturating_add(HOUR + ROUNDING))
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
        let level = self.level(bucket, now)?;
        level.remaining.is_some_and(|left| left <= 0).then_some(level.resets_at)
    }

    /// Requests known to be left in the bucket at `now`; `None` when nothing is known or the hour is over.
    #[must_use]
    pub fn remaining(&self, bucket: Bucket, now: i64) -> Option<i64> {
        self.level(bucket, now)?.remaining
    }

    /// Milliseconds to wait so that at least `pace_ms` lie between the last request and the next. A request further in the
    /// future than that was noted by a clock that was wrong, and is not waited for.
    #[must_use]
    pub fn pace_wait_ms(&self, pace_ms: i64, now_ms: i64) -> i64 {
        match self.last_request_ms {
            Some(last) if last <= now_ms.saturating_add(pace_ms) => (last + pace_ms - now_ms).clamp(0, pace_ms),
            _ => 0,
        }
    }

    /// Notes that a request is about to be sent.
    pub fn note_sent(&mut self, bucket: Bucket, now_ms: i64) {
        self.last_request_ms = Some(now_ms);
        let now = now_ms.div_euclid(1000);
        // Rounded up, or the hour would be over up to a second before Toggl's.
        let over = now_ms.saturating_add(999).div_euclid(1000).saturating_add(HOUR);
        let level = match self.level(bucket, now) {
            Some(level) => Level { remaining: level.remaining.map(|left| left - 1), ..level },
            // A new hour starts with this request. How many it holds is for the answer to say.
            None => Level { remaining: None, resets_at: over },
        };
        self.set(bucket, level);
    }

    /// Takes in the headers of an answer.
    pub fn note_headers(&mut self, bucket: Bucket, headers: QuotaHeaders, now: i64) {
        let assumed = self.level(bucket, now).map_or(now + HOUR, |level| level.resets_at);
        let resets_at = headers.resets_in.map_or(assumed, |seconds| now + seconds.clamp(0, HOUR));
        self.set(bucket, Level { remaining: Some(headers.remaining), resets_at });
    }

    /// Takes in a 402 that means the quota: the bucket is empty, whatever was believed.
    pub fn note_exhausted(&mut self, bucket: Bucket, resets_in: Option<i64>, now: i64) {
        let assumed = self.level(bucket, now).map_or(now + HOUR, |level| level.resets_at);
        let resets_at = resets_in.map_or(assumed, |seconds| now + seconds.clamp(0, HOUR)).max(now + 1);
        self.set(bucket, Level { remaining: Some(0), resets_at });
    }
}
