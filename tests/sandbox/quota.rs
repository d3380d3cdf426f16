//! The hourly buckets and the leaky bucket.

use chute_toggl::toggl::QuotaHeaders;

use super::Rate;

const HOUR_MS: i64 = 3_600_000;

/// One hourly bucket. Its hour starts with its first request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    opened_ms: Option<i64>,
    used: i64,
    told: bool,
}

impl Window {
    fn at(&self, now_ms: i64) -> Self {
        match self.opened_ms {
            Some(opened) if now_ms - opened < HOUR_MS => *self,
            _ => Self::default(),
        }
    }

    /// Whether a request at `now_ms` is one too many.
    pub fn is_closed(&self, total: i64, now_ms: i64) -> bool {
        self.at(now_ms).used >= total
    }

    /// Counts `requests`; more than the bucket holds only empties it.
    pub fn charge(&mut self, requests: i64, total: i64, now_ms: i64) {
        let mut window = self.at(now_ms);
        window.opened_ms.get_or_insert(now_ms);
        window.used = (window.used + requests).min(total);
        *self = window;
    }

    /// Notes that the client now knows the bucket to be empty.
    pub fn tell(&mut self, now_ms: i64) {
        *self = Self { told: true, ..self.at(now_ms) };
    }

    /// Whether the client was told, in this hour, that the bucket is empty.
    pub fn was_told(&self, now_ms: i64) -> bool {
        self.at(now_ms).told
    }

    /// What the headers say at `now_ms`.
    pub fn headers(&self, total: i64, now_ms: i64) -> QuotaHeaders {
        let window = self.at(now_ms);
        let left_ms = window.opened_ms.map_or(HOUR_MS, |opened| opened + HOUR_MS - now_ms);
        // Rounded up: who waits this long finds the bucket full.
        QuotaHeaders { remaining: total - window.used, resets_in: Some((left_ms + 999).div_euclid(1000)) }
    }
}

/// The state of a leaky bucket, in thousandths of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leak {
    filled: i64,
    at_ms: i64,
}

impl Leak {
    /// Lets one request in, or refuses it.
    pub fn admits(&mut self, rate: Rate, now_ms: i64) -> bool {
        let leaked = (now_ms - self.at_ms).max(0).saturating_mul(rate.per_second);
        self.filled = self.filled.saturating_sub(leaked).max(0);
        self.at_ms = now_ms;
        let fits = self.filled + 1000 <= rate.burst * 1000;
        if fits {
            self.filled += 1000;
        }
        fits
    }
}
