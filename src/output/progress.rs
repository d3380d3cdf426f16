//! What a run under way shows on stderr: one line that is rewritten while it lasts, and with `-v` every request.
//!
//! The line is for people who wait, so it comes only when there is something to wait for, and leaves nothing behind.

use std::io::Write;
use std::time::Duration;

use crate::clock::Clock;
use crate::execute::{Event, Watch};
use crate::output::escape::{cut, escape, width};
use crate::output::words::{count, day, minute, moment_from, number, span};
use crate::reconcile::plan::Operation;
use crate::toggl::quota::{HOUR, PLANS};
use crate::toggl::{Answer, Bucket, Call, Failure};
use crate::zone::Zone;

/// A run that takes no longer shows no line.
const PATIENCE_MS: i64 = 1500;

/// The line is not rewritten more often.
const REDRAW_MS: i64 = 100;

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct Show {
    /// Columns of the terminal that stderr is; `None`, and so no line, if it is none or silence was asked for.
    pub columns: Option<usize>,
    /// Every request.
    pub requests: bool,
    /// Quota resets are slept through.
    pub waits: bool,
    /// Least time between two requests.
    pub pace: Duration,
}

/// Shows how far a run is. Dropped, it takes its line away.
pub struct Progress<'a> {
    err: &'a mut dyn Write,
    clock: &'a dyn Clock,
    zone: &'a Zone,
    show: Show,
    started_ms: i64,
    drawn_ms: i64,
    /// How many columns of the terminal are written on.
    drawn: usize,
    state: State,
    /// The session that requests are for.
    session: Option<String>,
}

/// What the line tells of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    done: usize,
    left: usize,
    /// Milliseconds slept for the quota.
    waited_ms: i64,
    /// Requests left in the workspace's bucket, and the unix second at which it is full again, if known.
    remaining: Option<i64>,
    resets_at: Option<i64>,
    /// The most that was ever left.
    most: i64,
    /// The unix second until which nothing is sent.
    until: Option<i64>,
}

impl<'a> Progress<'a> {
    /// Begins to measure.
    pub fn new(err: &'a mut dyn Write, clock: &'a dyn Clock, zone: &'a Zone, show: Show) -> Progress<'a> {
        let started_ms = clock.now_ms();
        Progress {
            err,
            clock,
            zone,
            show,
            started_ms,
            drawn_ms: i64::MIN,
            drawn: 0,
            state: State::default(),
            session: None,
        }
    }

    fn note_quota(&mut self, call: &Call, answer: &Answer) {
        if let (Some(quota), Bucket::Workspace) = (answer.quota, call.bucket()) {
            self.state.remaining = Some(quota.remaining);
            self.state.resets_at = quota.resets_in.map(|seconds| self.clock.now() + seconds.clamp(0, HOUR));
            self.state.most = self.state.most.max(quota.remaining);
        }
    }

    fn draw(&mut self) {
        let now_ms = self.clock.now_ms();
        let is_worth_it = self.state.until.is_some() || now_ms - self.started_ms >= PATIENCE_MS;
        let Some(columns) = self.show.columns.filter(|_| is_worth_it) else { return };
        if now_ms.saturating_sub(self.drawn_ms) < REDRAW_MS {
            return;
        }
        // A line that reaches the last column wraps, and could not be rewritten any more.
        let line = cut(&self.state.line(&self.show, now_ms, self.started_ms, self.zone), columns.saturating_sub(1));
        let drawn = width(&line);
        let rest = " ".repeat(self.drawn.saturating_sub(drawn));
        let _ = write!(self.err, "\r{line}{rest}");
        let _ = self.err.flush();
        self.drawn = drawn;
        self.drawn_ms = now_ms;
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            let _ = write!(self.err, "\r{}\r", " ".repeat(self.drawn));
            let _ = self.err.flush();
            self.drawn = 0;
            self.drawn_ms = i64::MIN;
        }
    }

    fn say(&mut self, line: &str) {
        if self.show.requests {
            self.clear();
            let session = self.session.as_ref().map_or_else(String::new, |session| format!("  {session}"));
            let _ = writeln!(self.err, "{}", escape(&format!("{line}{session}")));
        }
    }
}

impl Watch for Progress<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Begun(operation) => self.session = Some(session(operation)),
            Event::Answered(call, answer) => {
                self.note_quota(call, answer);
                self.say(&answered(call, answer));
            }
            Event::Failed(call, failure) => self.say(&failed(call, failure)),
            Event::Settled { done, left } => {
                self.session = None;
                self.state.done = done;
                self.state.left = left;
            }
            Event::WaitingForQuota(until) => {
                let now_ms = self.clock.now_ms();
                self.state.until = Some(until);
                self.state.remaining = Some(0);
                self.state.resets_at = Some(until);
                // Whatever was drawn a moment ago, this will stand for long.
                self.drawn_ms = i64::MIN;
                self.draw();
                self.state.waited_ms += (until.saturating_mul(1000) - now_ms).max(0);
                return;
            }
            Event::Sending(_) => {
                if self.state.until.take().is_some() {
                    self.state.remaining = None;
                }
            }
            Event::Saving | Event::Saved => {}
        }
        self.draw();
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Which session an operation is for, or how many.
fn session(operation: &Operation) -> String {
    match operation.sessions.len() {
        1 => format!(
            "{} {}  {}",
            day(operation.start.date()),
            span(operation.start, operation.stop, minute),
            operation.title
        ),
        n => format!("{}  {}", count(n, "session"), operation.title),
    }
}

/// A request and its answer, on one line: no body and no header is in it.
#[must_use]
pub fn answered(call: &Call, answer: &Answer) -> String {
    let quota = answer.quota.map_or(String::new(), |quota| format!(" (quota {} left)", quota.remaining));
    format!("{} {} -> {}{quota}", call.method().as_str(), call.path(), answer.status)
}

/// A request that was not answered, on one line.
#[must_use]
pub fn failed(call: &Call, failure: &Failure) -> String {
    let (what, why) = match failure {
        Failure::NotSent(why) | Failure::SetUp(why) => ("not sent", why),
        Failure::Unknown(why) => ("no answer", why),
    };
    format!("{} {} -> {what}: {}", call.method().as_str(), call.path(), escape(why))
}

impl State {
    fn line(&self, show: &Show, now_ms: i64, started_ms: i64, zone: &Zone) -> String {
        let mut parts = Vec::new();
        match self.done + self.left {
            0 => parts.push("asking Toggl what it holds".to_owned()),
            all => parts.push(format!("{} of {} sent", number(self.done), number(all))),
        }
        let from = |at: i64| moment_from(at, now_ms.div_euclid(1000), zone);
        match (self.until, self.remaining) {
            (Some(until), _) => parts.push(format!("quota used up, goes on at {}", from(until))),
            (None, Some(remaining)) => {
                let remaining = usize::try_from(remaining).unwrap_or(0);
                parts.push(format!("{} left this hour", count(remaining, "request")));
            }
            (None, None) => {}
        }
        if let Some(at) = self.finished_at(show, now_ms, started_ms) {
            parts.push(format!("finished about {}", from(at)));
        }
        parts.join(", ")
    }

    /// The unix second at which nothing will be left, at the speed so far and with the quota as known; `None` if that
    /// cannot be told, or not in this run.
    fn finished_at(&self, show: &Show, now_ms: i64, started_ms: i64) -> Option<i64> {
        let (done, left) = (i64::try_from(self.done).ok()?, i64::try_from(self.left).ok()?);
        if done == 0 || left == 0 {
            return None;
        }
        let pace_ms = i64::try_from(show.pace.as_millis()).ok()?;
        let each_ms = ((now_ms - started_ms - self.waited_ms) / done).max(pace_ms);
        let remaining = self.remaining.map_or(left, |remaining| remaining.max(0));
        if remaining >= left {
            return Some((now_ms + left * each_ms).div_euclid(1000));
        }
        let resets_at = self.resets_at.filter(|_| show.waits)?;
        let plan = PLANS.into_iter().map(|(rate, _)| i64::from(rate)).find(|&rate| rate >= self.most);
        let hourly = plan.unwrap_or(self.most);
        let rest = left - remaining - 1;
        Some(resets_at + rest / hourly * HOUR + ((rest % hourly + 1) * each_ms).div_euclid(1000))
    }
}

/// Two that watch the same run.
pub struct Both<'a>(pub &'a mut dyn Watch, pub &'a mut dyn Watch);

impl Watch for Both<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }
}
