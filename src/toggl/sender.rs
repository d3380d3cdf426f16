//! The sender: one request after the other, under the rules of quota, pace and backoff.
//!
//! It knows no session and no file. Where it would have to wait for long it says until when, so that its caller can save
//! what it knows before ([`Sender::turn`]); what passes in seconds it waits for itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use time::Date;

use super::quota::Quota;
use super::verdict::{self, Refusal, Reply, Verdict};
use super::{Answer, Bucket, Call, Failure, Transport, window};
use crate::clock::Clock;

/// How often a call is tried in all.
const TRIES: u32 = 4;
/// No wait between two tries is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// What the backoff starts from when there is no pace.
const SHORTEST: Duration = Duration::from_millis(50);

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct SendPolicy {
    /// Least time between two requests.
    pub pace: Duration,
    /// How long a request can take; no request is under way longer than this after its program died.
    pub timeout: Duration,
    /// Send no more requests than this.
    pub max_requests: Option<usize>,
    /// Wait for quota resets instead of ending.
    pub wait: bool,
}

/// Why nothing more is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The quota is used up; full again at this unix second.
    Quota(i64),
    /// Toggl kept answering 429.
    RateLimited,
    /// Toggl kept answering 5xx, or nothing, or something in between did, or it contradicted itself; what was last seen.
    Trouble(String),
    /// Toggl could not be reached; the reason.
    Offline(String),
    /// Toggl cannot be reached until the set-up of this machine is changed; how.
    SetUp(String),
    /// As many requests were sent as are allowed.
    MaxRequests,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The token is refused with this status.
    TokenRefused(u16),
    /// Toggl says that this version of its API is gone.
    CallGone,
    /// What answers knows no such calls, and never answered as Toggl does: a wrong address.
    NoSuchCall,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Toggl did it, and says this.
    Done(Reply),
    /// Toggl did not do it, and says why.
    Refused(Refusal),
    /// It may or may not have been done, and repeating it would not be harmless. The last instant (unix milliseconds) at
    /// which it can have been sent.
    Unknown(i64),
}

/// Whether it is a request's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// The bucket is full again at this unix second. Who waits with [`Sender::sleep_until_ms`] asks again then.
    WaitUntil(i64),
}

/// One request and what came of it, for whoever shows progress.
#[derive(Debug, Clone, Copy)]
pub enum Exchange<'a> {
    /// It is about to be sent.
    Sending(&'a Call),
    /// It was answered.
    Answered(&'a Call, &'a Answer),
    /// It was not.
    Failed(&'a Call, &'a Failure),
}

/// Is told of requests.
pub type Listener<'a> = &'a mut dyn FnMut(Exchange<'_>);

/// How often a call was tried.
#[derive(Debug, Default)]
pub struct Tries(u32);

/// See the [module](self).
pub struct Sender<'a> {
    transport: &'a mut dyn Transport,
    clock: &'a dyn Clock,
    interrupted: &'a AtomicBool,
    rng: fastrand::Rng,
    policy: SendPolicy,
    quota: Quota,
    requests: usize,
    skew: Option<i64>,
    has_spoken: bool,
}

impl<'a> Sender<'a> {
    /// A sender that knows this of the quota. `interrupted` is set by Ctrl-C and SIGTERM; `rng` gives the jitter of the
    /// backoff.
    pub fn new(
        transport: &'a mut dyn Transport,
        clock: &'a dyn Clock,
        interrupted: &'a AtomicBool,
        rng: fastrand::Rng,
        policy: SendPolicy,
        quota: Quota,
    ) -> Sender<'a> {
        Sender { transport, clock, interrupted, rng, policy, quota, requests: 0, skew: None, has_spoken: false }
    }

    /// How it sends.
    #[must_use]
    pub fn policy(&self) -> &SendPolicy {
        &self.policy
    }

    /// The clock that it goes by.
    #[must_use]
    pub fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// The numbers drawn at random in this run.
    pub fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    /// What is known of the quota now, and when the last request was sent.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Requests that were sent so far.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests
    }

    /// Seconds by which the server's clock is ahead of ours, as its last answer showed.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        self.skew
    }

    /// Whether what answers has done something that it was asked, as Toggl does: it is Toggl.
    #[must_use]
    pub fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// The first day that Toggl lists, by the clock that puts it earlier. If that is too early Toggl refuses, which does
    /// no harm; what lies before a day that is too late would not be looked for.
    #[must_use]
    pub fn first_listed(&self) -> Date {
        let [ours, servers] = self.first_listed_by_clocks();
        ours.min(servers)
    }

    /// The first day that Toggl lists, for whoever was told that `refused` is too early: by the clock that puts it
    /// later, else as the refusal's `text` says. `None` if neither says a later one.
    #[must_use]
    pub fn first_listed_after(&self, refused: Date, text: &str) -> Option<Date> {
        let [ours, servers] = self.first_listed_by_clocks();
        let by_clock = Some(ours.max(servers)).filter(|&day| day > refused);
        by_clock.or_else(|| window::window_start_in(text, refused))
    }

    /// By our clock, and by the server's as far as it is known.
    fn first_listed_by_clocks(&self) -> [Date; 2] {
        let now = self.clock.now();
        [now, now.saturating_add(self.skew.unwrap_or(0))].map(window::window_start)
    }

    /// Waits until the next request may be sent, if that is a matter of seconds.
    ///
    /// # Errors
    /// Why none may be.
    pub fn turn(&mut self, bucket: Bucket) -> Result<Turn, SendError> {
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(SendError::Interrupted);
            }
            if self.policy.max_requests.is_some_and(|most| self.requests >= most) {
                return Err(SendError::MaxRequests);
            }
            if let Some(until) = self.quota.empty_until(bucket, self.clock.now()) {
                return if self.policy.wait { Ok(Turn::WaitUntil(until)) } else { Err(SendError::Quota(until)) };
            }
            let pace_ms = i64::try_from(self.policy.pace.as_millis()).unwrap_or(i64::MAX);
            let wait_ms = self.quota.pace_wait_ms(pace_ms, self.clock.now_ms());
            if wait_ms == 0 {
                return Ok(Turn::Now);
            }
            self.clock.sleep(Duration::from_millis(wait_ms.unsigned_abs()));
        }
    }

    /// Sleeps until this instant (unix milliseconds), or until the run is interrupted, but never longer than `most`: what
    /// lies further off was noted before the clock was set back.
    pub fn sleep_until_ms(&self, instant_ms: i64, most: Duration) {
        let wait_ms = instant_ms.saturating_sub(self.clock.now_ms());
        self.clock.sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)).min(most));
    }

    /// Makes a call that changes nothing, for whoever has nothing to save: an empty quota is not waited for.
    ///
    /// # Errors
    /// Why it has no answer.
    pub fn ask(&mut self, call: &Call, listener: Listener<'_>) -> Result<Outcome, SendError> {
        let mut tries = Tries::default();
        loop {
            if let Turn::WaitUntil(until) = self.turn(call.bucket())? {
                return Err(SendError::Quota(until));
            }
            if let Some(outcome) = self.attempt(call, &mut tries, listener)? {
                return Ok(outcome);
            }
        }
    }

    /// Tries a call once, whose [turn](Sender::turn) it is. Without an outcome it is to be tried again: it was not done, or
    /// repeating it is harmless.
    ///
    /// # Errors
    /// Why it is not to be tried again.
    pub fn attempt(
        &mut self,
        call: &Call,
        tries: &mut Tries,
        listener: Listener<'_>,
    ) -> Result<Option<Outcome>, SendError> {
        let bucket = call.bucket();
        self.quota.note_sent(bucket, self.clock.now_ms());
        self.requests += 1;
        tries.0 += 1;
        listener(Exchange::Sending(call));
        let result = self.transport.send(&call.request());
        match &result {
            Ok(answer) => listener(Exchange::Answered(call, answer)),
            Err(failure) => listener(Exchange::Failed(call, failure)),
        }
        let unknown = || Ok(Some(Outcome::Unknown(self.clock.now_ms())));
        let (wait, give_up) = match result {
            Ok(answer) => {
                self.note_headers(bucket, &answer);
                match verdict::read(call, &answer) {
                    Verdict::Done(reply) => {
                        self.has_spoken = true;
                        return Ok(Some(Outcome::Done(reply)));
                    }
                    Verdict::Refused(refusal) => return Ok(Some(Outcome::Refused(refusal))),
                    Verdict::QuotaUsedUp(resets_in) => {
                        self.quota.note_exhausted(bucket, resets_in, self.next_second());
                        return Ok(None);
                    }
                    Verdict::Gone => return Err(SendError::CallGone),
                    Verdict::TooFast => (answer.retry_after, SendError::RateLimited),
                    Verdict::Trouble(_) if !call.is_repeatable() => return unknown(),
                    Verdict::Trouble(_) if answer.status == 404 && !self.has_spoken => (None, SendError::NoSuchCall),
                    Verdict::Trouble(what) => (answer.retry_after, SendError::Trouble(what)),
                }
            }
            Err(Failure::SetUp(why)) => return Err(SendError::SetUp(why)),
            // Who cannot be reached at first will not be in a second; who could be is worth a try.
            Err(Failure::NotSent(why)) if !self.has_spoken => return Err(SendError::Offline(why)),
            Err(Failure::NotSent(why)) => (None, SendError::Offline(why)),
            Err(Failure::Unknown(why)) if call.is_repeatable() => (None, SendError::Trouble(why)),
            Err(Failure::Unknown(_)) => return unknown(),
        };
        if tries.0 == TRIES {
            return Err(give_up);
        }
        self.back_off(tries.0, wait);
        Ok(None)
    }

    /// Full jitter: anything up to the exponential bound, so that programs that failed together do not return
    /// together. What Toggl asks for is kept to.
    fn back_off(&mut self, tries: u32, asked: Option<i64>) {
        let base = self.policy.pace.max(SHORTEST);
        let bound = base.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST);
        let jitter = bound.mul_f64(self.rng.f64());
        let asked = Duration::from_secs(asked.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0));
        self.clock.sleep(jitter.max(asked.min(LONGEST)));
    }

    /// Now in unix seconds, rounded up: a quota that resets so many seconds from now has not done so a moment before.
    fn next_second(&self) -> i64 {
        self.clock.now_ms().saturating_add(999).div_euclid(1000)
    }

    fn note_headers(&mut self, bucket: Bucket, answer: &Answer) {
        if let Some(headers) = answer.quota {
            self.quota.note_headers(bucket, headers, self.next_second());
        }
        if let Some(date) = answer.date {
            self.skew = Some(date.saturating_sub(self.clock.now()));
        }
    }
}
