//! The gate that every request passes: interrupts, limits, quota, pace; and what is repeated, when and how often.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Event, Execution, StopReason};
use crate::toggl::{Answer, Bucket, Failure, Method, Request, entry};

/// How often a request is tried in all.
const TRIES: u32 = 4;
/// No wait between two tries is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// What the backoff starts from when there is no pace.
const SHORTEST: Duration = Duration::from_millis(50);

/// What became of a request.
pub enum Reply {
    /// An answer that is neither a passing trouble nor the end of the run.
    Answer(Answer),
    /// It may or may not have been carried out, and repeating it would not be harmless. The last instant (unix
    /// milliseconds) at which it can have been sent.
    Unknown(i64),
}

impl Execution<'_> {
    /// Sends a request until it is answered for good, as often as that is harmless. Before every try that could make
    /// an entry, `intent` sees to it that the file on disk says so.
    pub(super) fn send(
        &mut self,
        request: &Request,
        intent: impl Fn(&mut Self) -> Result<(), StopReason>,
    ) -> Result<Reply, StopReason> {
        let bucket = request.bucket();
        let mut tries = 0;
        loop {
            self.pass(bucket)?;
            intent(self)?;
            let now_ms = self.edges.clock.now_ms();
            self.sidecar.quota.note_sent(bucket, now_ms);
            self.report.requests += 1;
            self.edges.watch.event(&Event::Sending(request));
            let outcome = self.edges.server.send(request);
            match &outcome {
                Ok(answer) => self.edges.watch.event(&Event::Answered(request, answer)),
                Err(failure) => self.edges.watch.event(&Event::Failed(request, failure)),
            }
            tries += 1;
            let (wait, give_up) = match outcome {
                Ok(answer) => {
                    self.take_in_headers(bucket, &answer);
                    match answer.status {
                        // 403 later in a run means that this entry is not ours.
                        401 => return Err(StopReason::TokenRefused(401)),
                        403 if !self.answered => return Err(StopReason::TokenRefused(403)),
                        402 if means_quota(&answer) => {
                            let resets_in = answer.quota.and_then(|quota| quota.resets_in).or(answer.retry_after);
                            self.sidecar.quota.note_exhausted(bucket, resets_in, self.next_second());
                            continue;
                        }
                        404 if !request.method.is_repeatable() => return Err(StopReason::NoSuchCall),
                        410 => return Err(StopReason::CallGone),
                        429 => (answer.retry_after, StopReason::RateLimited),
                        500.. if request.method.is_repeatable() => {
                            (answer.retry_after, StopReason::Trouble(format!("Toggl answered {}", answer.status)))
                        }
                        500.. => return Ok(Reply::Unknown(self.edges.clock.now_ms())),
                        200..=299 if request.method.is_repeatable() && !is_toggls(request, &answer) => {
                            (None, StopReason::Trouble("what answered did not answer as Toggl does".to_owned()))
                        }
                        _ => {
                            self.answered = true;
                            return Ok(Reply::Answer(answer));
                        }
                    }
                }
                Err(Failure::NotSent(why)) => (None, StopReason::Offline(why)),
                Err(Failure::Unknown(why)) if request.method.is_repeatable() => (None, StopReason::Trouble(why)),
                Err(Failure::Unknown(_)) => return Ok(Reply::Unknown(self.edges.clock.now_ms())),
            };
            if tries == TRIES {
                return Err(give_up);
            }
            self.back_off(tries, wait);
        }
    }

    /// Waits until the next request may be sent, or says why it may not.
    pub(super) fn pass(&mut self, bucket: Bucket) -> Result<(), StopReason> {
        loop {
            if self.edges.interrupted.load(Ordering::Relaxed) {
                return Err(StopReason::Interrupted);
            }
            if self.manner.max_requests.is_some_and(|most| self.report.requests >= most) {
                return Err(StopReason::MaxRequests);
            }
            let now = self.edges.clock.now();
            if let Some(until) = self.sidecar.quota.empty_until(bucket, now) {
                if !self.manner.wait {
                    return Err(StopReason::Quota(until));
                }
                self.wait_for_quota(until)?;
                continue;
            }
            let pace_ms = i64::try_from(self.manner.pace.as_millis()).unwrap_or(i64::MAX);
            let wait_ms = self.sidecar.quota.pace_wait_ms(pace_ms, self.edges.clock.now_ms());
            if wait_ms == 0 {
                return Ok(());
            }
            self.edges.clock.sleep(Duration::from_millis(wait_ms.unsigned_abs()));
        }
    }

    /// Sleeps until the bucket is full again. What is known is on disk before, since such a sleep is likely to be
    /// ended by something else.
    fn wait_for_quota(&mut self, until: i64) -> Result<(), StopReason> {
        self.drop_unsent_intents();
        self.save_if_changed()?;
        self.edges.watch.event(&Event::WaitingForQuota(until));
        let wait_ms = until.saturating_mul(1000) - self.edges.clock.now_ms();
        self.edges.clock.sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)));
        Ok(())
    }

    /// Full jitter: anything up to the exponential bound, so that programs that failed together do not return
    /// together. What Toggl asks for is kept to.
    fn back_off(&mut self, tries: u32, asked: Option<i64>) {
        let base = self.manner.pace.max(SHORTEST);
        let bound = base.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST);
        let jitter = bound.mul_f64(self.edges.rng.f64());
        let asked = Duration::from_secs(asked.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0));
        self.edges.clock.sleep(jitter.max(asked.min(LONGEST)));
    }

    /// Now in unix seconds, rounded up: a quota that resets so many seconds from now has not done so a moment before.
    fn next_second(&self) -> i64 {
        self.edges.clock.now_ms().saturating_add(999).div_euclid(1000)
    }

    fn take_in_headers(&mut self, bucket: Bucket, answer: &Answer) {
        let now = self.edges.clock.now();
        if let Some(headers) = answer.quota {
            self.sidecar.quota.note_headers(bucket, headers, self.next_second());
        }
        if let Some(date) = answer.date {
            self.skew = date - now;
        }
    }
}

/// Whether a 2xx says what was done, as Toggl's own does. A page of a proxy or half a body says nothing: taken for a
/// success it would lose a change, and taken for an empty list it would double the log.
fn is_toggls(request: &Request, answer: &Answer) -> bool {
    let body = &answer.body;
    match request.method {
        Method::Get if request.path.starts_with("/me/time_entries") => entry::parse_entries(body).is_ok(),
        Method::Patch if !request.path.ends_with("/stop") => entry::parse_bulk(body).is_some(),
        Method::Put | Method::Patch => entry::created_id(body).is_some(),
        Method::Get | Method::Delete | Method::Post => {
            body.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok()
        }
    }
}

/// 402 is the quota, or a feature that the plan does not pay for: that is about one entry only.
fn means_quota(answer: &Answer) -> bool {
    let text = entry::error_text(&answer.body).to_lowercase();
    let speaks_of_limit = text.contains("hourly limit") || text.contains("quota");
    answer.quota.map_or(speaks_of_limit, |quota| quota.remaining <= 0) || speaks_of_limit
}
