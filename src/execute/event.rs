//! What happens while a plan is carried out, for whoever shows progress.

use crate::reconcile::plan::Operation;
use crate::toggl::{Answer, Call, Exchange, Failure};

/// A step of a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// An operation is begun; the requests that follow are for it, until it is settled.
    Begun(&'a Operation),
    /// The sidecar is about to be replaced.
    Saving,
    /// The sidecar was replaced.
    Saved,
    /// The call is about to be made.
    Sending(&'a Call),
    /// It was answered.
    Answered(&'a Call, &'a Answer),
    /// It was not.
    Failed(&'a Call, &'a Failure),
    /// An operation is done with, one way or the other; so many are left.
    Settled {
        /// Operations done with so far.
        done: usize,
        /// Operations still to be sent.
        left: usize,
    },
    /// Nothing is sent until then (unix seconds), for the quota.
    WaitingForQuota(i64),
}

impl<'a> From<Exchange<'a>> for Event<'a> {
    fn from(exchange: Exchange<'a>) -> Event<'a> {
        match exchange {
            Exchange::Sending(call) => Event::Sending(call),
            Exchange::Answered(call, answer) => Event::Answered(call, answer),
            Exchange::Failed(call, failure) => Event::Failed(call, failure),
        }
    }
}

/// Who is told of events.
pub trait Watch {
    /// Called before or after each step, in order.
    fn event(&mut self, event: &Event<'_>);
}

/// Nobody is told of the steps.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn event(&mut self, _: &Event<'_>) {}
}
